"""What the engines' programs share: the command line, data, models, draws, and one line of JSON as the result.

A program is run as `PROGRAM TASK --model NAME --data FILE ...`, one task a process. Every import but the standard
library's and NumPy's happens inside a task, so that its time counts.
"""

import argparse
import importlib.util
import json
import pathlib
import time

import numpy as np

# Of every engine's NUTS; all else is as the engine has it.
TARGET_ACCEPT = 0.8
MAX_DEPTH = 10
# How many chains run at a time.
CORES = 2

MODELS = pathlib.Path(__file__).resolve().parents[2] / "models"


def main(tasks):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=tasks)
    for name in ("model", "data", "points", "out", "method"):
        parser.add_argument(f"--{name}")
    for name, default in {"seed": 0, "chains": 4, "warmup": 1000, "draws": 1000, "depth": 4}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    for name in ("started", "seconds"):
        parser.add_argument(f"--{name}", type=float, default=1.0)
    parser.add_argument("--precision", default="f64")
    arguments = parser.parse_args()
    print(json.dumps(tasks[arguments.task](arguments)), flush=True)


def data(arguments):
    with np.load(arguments.data) as file:
        return {name: file[name] for name in file.files}


def load(path):
    """The module of a file, under a name of its own: a model's file may be called as the engine is."""
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def model(arguments, engine):
    return load(MODELS / arguments.model / f"{engine}.py").model


def sites(arguments, values):
    """The latent sites' shapes, in the order of the Stan program's parameters."""
    return load(MODELS / arguments.model / "data.py").sites(values)


def points(arguments):
    """Unconstrained coordinates by site, at each of which the engines are held to each other."""
    read = json.loads(pathlib.Path(arguments.points).read_text())
    return [{name: np.array(value) for name, value in point.items()} for point in read]


def by_site(names, point, vector):
    """A vector along the sites, divided as `point` has them."""
    return dict(zip(names, np.split(vector, np.cumsum([np.size(point[name]) for name in names])[:-1])))


def checked(values, gradients):
    """Log densities and their gradients by site at the points."""
    listed = [{name: np.ravel(g).tolist() for name, g in gradient.items()} for gradient in gradients]
    return {"log_densities": [float(v) for v in values], "gradients": listed}


def write_draws(arguments, draws):
    """Draws by site, `[chain, draw, ...]`."""
    for name, values in draws.items():
        np.save(pathlib.Path(arguments.out) / f"{name}.npy", np.asarray(values, float))


class Clock:
    """Wall and processor time since it was made: the time of all the process's threads."""

    def __init__(self):
        self.wall, self.processor = time.perf_counter(), time.process_time()

    def wall_s(self):
        return time.perf_counter() - self.wall

    def processor_s(self):
        return time.process_time() - self.processor


def sampling(threads_s, threads):
    """The time of the kept transitions, from the sum of what the threads that made them took."""
    return {"sampling_s": threads_s / threads, "threads_s": threads_s, "threads": threads}


def since(started):
    """The seconds since the harness started this process."""
    return time.time() - started


def shortest_call(seconds, call):
    """The shortest time of `call` among as many as fit in `seconds`, in rounds long enough for the clock."""
    call()
    start = time.perf_counter()
    call()
    calls = max(1, int(np.ceil(1e-3 / max(time.perf_counter() - start, 1e-9))))
    least, start = np.inf, time.perf_counter()
    while time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        for _ in range(calls):
            call()
        least = min(least, (time.perf_counter() - begin) / calls)
    return least
