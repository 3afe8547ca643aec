"""One run in a process of its own: its result, its time, and the most memory it had."""

import dataclasses
import json
import os
import re
import signal
import subprocess
import tempfile
import time


# Of what a run that failed wrote to its standard error, this much of the end is kept.
KEPT_LINES = 40
KEPT_CHARACTERS = 6000


@dataclasses.dataclass
class Run:
    """`result` is the JSON of the last line printed; without one, `failure` says why, and `account` is the end of what
    the process wrote to its standard error."""

    result: dict
    failure: str
    account: list
    wall_s: float
    cpu_s: float
    peak_bytes: int


def run(command, environment, timeout_s):
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.monotonic()
        started = repr(time.time())
        process = subprocess.Popen(
            [*map(str, command), "--started", started],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        try:
            status, usage, late = wait(process.pid, start + timeout_s)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        # It has been waited for; without this, subprocess would wait again.
        process.returncode = status
        wall_s = time.monotonic() - start
        out.seek(0)
        err.seek(0)
        lines = out.read().splitlines()
        account = err.read()[-KEPT_CHARACTERS:].splitlines()[-KEPT_LINES:]
    result, failure = {}, ""
    if late:
        failure = f"no result in {timeout_s:.0f} s"
    elif status != 0:
        failure = f"status {status}: {reason(account)}"
    else:
        try:
            result = json.loads(lines[-1])
        except (IndexError, ValueError):
            failure = "no JSON in its last line"
    # Kilobytes on Linux.
    peak = usage.ru_maxrss * 1024
    return Run(result, failure, account if failure else [], wall_s, usage.ru_utime + usage.ru_stime, peak)


def reason(account):
    """The line that says what went wrong: JAX writes a note after the exception's, Rust the message after its place."""
    lines = [line.strip() for line in account if line.strip() and not line.startswith("note:")]
    # What is thrown while the interpreter ends comes of the failure.
    raised = [line for line in lines if re.match(r"(\w+\.)*\w*(Error|Exception|Interrupt|Exit)(:|$)", line)]
    panics = [" ".join(lines[i : i + 2]) for i, line in enumerate(lines) if "panicked at" in line]
    named = [line for line in raised if "PanicException" not in line] or panics or raised
    return (named or lines or ["no message"])[-1]


def wait(pid, deadline):
    """Waits for a child by `wait4`, which tells its peak memory; kills its session when it is late."""
    late = False
    while True:
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status), usage, late
        if not late and time.monotonic() > deadline:
            os.killpg(pid, signal.SIGKILL)
            late = True
        time.sleep(0.005)
