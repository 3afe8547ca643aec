"""Virtual environments, one for each list in `requirements/`, made once in a cache directory and used from then on."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

REQUIREMENTS = pathlib.Path(__file__).parent / "requirements"


def cache():
    """Where environments, data and compiled programs are kept: outside the repository."""
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("PYROXENE_PEERS_DIR") or pathlib.Path(base) / "pyroxene" / "peers")


def make(name):
    """The interpreter of the environment `name`, and why there is none."""
    listed = REQUIREMENTS / f"{name}.txt"
    digest = hashlib.sha256(listed.read_bytes() + sys.version.encode()).hexdigest()[:8]
    directory = cache() / f"{name}-{digest}"
    python = directory / "bin" / "python"
    if (directory / "complete").exists():
        return python, None
    print(f"compare: installing {name} into {directory}", file=sys.stderr, flush=True)
    shutil.rmtree(directory, ignore_errors=True)
    directory.parent.mkdir(parents=True, exist_ok=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", listed]
    for command in ([sys.executable, "-m", "venv", directory], pip):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            lines = done.stdout.strip().splitlines() or [f"exit status {done.returncode}"]
            return None, f"cannot be installed: {lines[-1]}"
    (directory / "complete").touch()
    return python, None


def versions(python, name):
    """The versions that are installed of what the list names."""
    packages = [line.partition("==")[0] for line in (REQUIREMENTS / f"{name}.txt").read_text().split()]
    code = "import importlib.metadata as m, sys; print(*(f'{p} {m.version(p)}' for p in sys.argv[1:]), sep=', ')"
    return subprocess.run([python, "-c", code, *packages], stdout=subprocess.PIPE, text=True).stdout.strip()
