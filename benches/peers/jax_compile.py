"""From a NumPyro model to an executable of its potential and gradient, for comparison with benches/compile.rs.

Prints one line of JSON a case: the milliseconds of tracing and lowering, and of XLA's compilation, in each round, with
JAX's caches cleared before, and the potential at a fixed position. `--table DIRECTORY` reads such lines of both
programs (pyroxene.N, jax.N), holds the potentials to each other and prints the comparison.
"""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import argparse
import json
import pathlib
import time

DATA = pathlib.Path(__file__).parents[2] / "src" / "gallery" / "data"
STEPS = 10_000


def read(name):
    return json.loads((DATA / name).read_text())


def cases():
    """Name, function of the position, dimension, and whether the gradient is asked for."""
    import jax
    import jax.numpy as jnp
    import numpy as np
    import numpyro
    import numpyro.distributions as dist
    from eight_schools import SIGMA, Y
    from eight_schools import model as eight_schools
    from numpyro.infer.util import potential_energy

    def of(model, args, sites):
        """The potential as a function of one vector, the sites' coordinates one after another."""

        def potential(x):
            values, start = {}, 0
            for name, shape in sites:
                n = int(np.prod(shape))
                values[name] = x[start : start + n].reshape(shape)
                start += n
            return potential_energy(model, args, {}, values)

        return potential, sum(int(np.prod(shape)) for _, shape in sites)

    def blr(x, y):
        with numpyro.plate("column", x.shape[1]):
            beta = numpyro.sample("beta", dist.Normal(0.0, 10.0))
        sigma = numpyro.sample("sigma", dist.HalfNormal(10.0))
        with numpyro.plate("row", len(y)):
            numpyro.sample("y", dist.Normal(x @ beta, sigma), obs=y)

    def ark(y, order):
        alpha = numpyro.sample("alpha", dist.Normal(0.0, 10.0))
        with numpyro.plate("lag", order):
            beta = numpyro.sample("beta", dist.Normal(0.0, 10.0))
        sigma = numpyro.sample("sigma", dist.HalfCauchy(2.5))
        lagged = jnp.stack([y[order - k : len(y) - k] for k in range(1, order + 1)], 1)
        with numpyro.plate("time", len(y) - order):
            numpyro.sample("y", dist.Normal(alpha + lagged @ beta, sigma), obs=y[order:])

    def momiq(kid, mom):
        beta = numpyro.sample("beta", dist.ImproperUniform(dist.constraints.real, (2,), ()))
        sigma = numpyro.sample("sigma", dist.HalfCauchy(2.5))
        with numpyro.plate("child", len(kid)):
            numpyro.sample("kid_score", dist.Normal(beta[0] + beta[1] * mom, sigma), obs=kid)

    def mixture(y):
        mu = numpyro.sample("mu", dist.ImproperUniform(dist.constraints.ordered_vector, (), (2,)))
        with numpyro.plate("component", 2):
            numpyro.factor("mu_prior", dist.Normal(0.0, 2.0).log_prob(mu))
            sigma = numpyro.sample("sigma", dist.HalfNormal(2.0))
        theta = numpyro.sample("theta", dist.Beta(5.0, 5.0))
        weights = dist.CategoricalProbs(jnp.stack([theta, 1 - theta]))
        with numpyro.plate("draw", len(y)):
            numpyro.sample("y", dist.MixtureSameFamily(weights, dist.Normal(mu, sigma)), obs=y)

    def recurrence(xs):
        a = numpyro.sample("a", dist.Normal(0.0, 1.0))

        def step(c, x):
            c = jnp.tanh(c * a + x)
            return c, c

        last, every = jax.lax.scan(step, 0.1, xs)
        numpyro.factor("sum", last + every.sum())

    floats = lambda values: np.asarray(values, float)
    schools = [("theta_trans", (8,)), ("mu", ()), ("tau", ())]
    yield "eight_schools", *of(eight_schools, (SIGMA, Y), schools), True
    d = read("sblrc.json")
    yield "blr", *of(blr, (floats(d["X"]), floats(d["y"])), [("beta", (5,)), ("sigma", ())]), True
    d = read("arK.json")
    sites = [("alpha", ()), ("beta", (d["K"],)), ("sigma", ())]
    yield "arK", *of(ark, (floats(d["y"]), d["K"]), sites), True
    d = read("kidiq.json")
    args = (floats(d["kid_score"]), floats(d["mom_iq"]))
    yield "kidscore_momiq", *of(momiq, args, [("beta", (2,)), ("sigma", ())]), True
    d = read("low_dim_gauss_mix.json")
    sites = [("mu", (2,)), ("sigma", (2,)), ("theta", ())]
    yield "low_dim_gauss_mix", *of(mixture, (floats(d["y"]),), sites), True
    xs = np.sin(np.arange(STEPS) * 0.1)
    yield "recurrence", *of(recurrence, (xs,), [("a", ())]), False
    yield "recurrence_gradient", *of(recurrence, (xs,), [("a", ())]), True


def measure(rounds):
    import jax
    import numpy as np

    jax.config.update("jax_enable_x64", True)
    jax.jit(lambda x: x + 1)(1.0)
    for name, potential, n, gradient in cases():
        x = 0.1 + 0.05 * (np.arange(n) % 7) - 0.15 * (np.arange(n) % 3)
        front, xla = [], []
        for _ in range(rounds):
            jax.clear_caches()
            start = time.perf_counter()
            lowered = jax.jit(jax.value_and_grad(potential) if gradient else potential).lower(x)
            middle = time.perf_counter()
            compiled = lowered.compile()
            front.append((middle - start) * 1e3)
            xla.append((time.perf_counter() - middle) * 1e3)
        value = compiled(x)
        value = float(value[0] if gradient else value)
        print(json.dumps({"case": name, "front_ms": front, "xla_ms": xla, "potential": value}))


def table(directory):
    import jax
    import numpyro

    results = {"pyroxene": {}, "jax": {}}
    for path in sorted(pathlib.Path(directory).iterdir()):
        for line in path.read_text().splitlines():
            row = json.loads(line)
            known = results[path.name.split(".")[0]].setdefault(row["case"], {"front": [], "both": []})
            known["front"] += row["front_ms"]
            known["both"] += [a + b for a, b in zip(row["front_ms"], row["xla_ms"])]
            known["potential"] = row["potential"]
    print(f"JAX {jax.__version__}, NumPyro {numpyro.__version__}, {os.cpu_count()} cores; milliseconds, shortest of 15")
    print("| case | Pyroxene: trace to HLO | and compiled | JAX: trace to HLO | and compiled | JAX / Pyroxene |")
    print("| --- | --- | --- | --- | --- | --- |")
    for case, ours in results["pyroxene"].items():
        theirs = results["jax"][case]
        gap = abs(ours["potential"] - theirs["potential"])
        assert gap <= 1e-9 * max(1.0, abs(theirs["potential"])), (case, ours["potential"], theirs["potential"])
        numbers = [min(ours["front"]), min(ours["both"]), min(theirs["front"]), min(theirs["both"])]
        cells = " | ".join(f"{n:.1f}" for n in numbers)
        print(f"| {case} | {cells} | {numbers[3] / numbers[1]:.2f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--table")
    arguments = parser.parse_args()
    table(arguments.table) if arguments.table else measure(arguments.rounds)


if __name__ == "__main__":
    main()
