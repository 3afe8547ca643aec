//! Random models: XLA against the reference interpreter, gradients against finite differences, and the potential
//! against the log density with the Jacobian's determinant taken by finite differences too.

use std::cell::Cell;

use pyroxene_frontend::{Bound, Model, Program, distributions, prelude::*, primitives::Statement};
use pyroxene_ir::{
    eval::eval,
    passes::{Query, layout},
};

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere.
struct Dice(Cell<u64>);

impl Dice {
    fn roll(&self) -> u64 {
        self.0.set(self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15));
        let z = self.0.get();
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&self, n: u64) -> u64 {
        self.roll() % n
    }

    /// Uniform on (−1, 1).
    fn real(&self) -> f64 {
        (self.roll() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// The plates of a model, outermost first.
const PLATES: [(&str, usize); 2] = [("rows", 3), ("columns", 2)];

/// A model made by dice: sites under plates, masks and scales, whose parameters are functions of earlier sites.
struct Recipe<'a> {
    dice: &'a Dice,
    sites: u64,
}

impl Recipe<'_> {
    /// A number that depends on the sites so far, as many of them as `pool` has.
    fn real(&self, pool: &[Tensor]) -> Tensor {
        let base = Tensor::from(self.dice.real());
        match pool.len() as u64 {
            0 => base,
            n => base + pool[self.dice.below(n) as usize] * self.dice.real() * 0.5,
        }
    }

    fn positive(&self, pool: &[Tensor]) -> Tensor {
        let x = self.real(pool);
        if self.dice.below(2) == 0 { (x * 0.5).exp() } else { x.softplus() + 0.3 }
    }

    /// A statement, latent or observed.
    fn statement(&self, pool: &[Tensor], observed: bool) -> Statement {
        let y = self.dice.real();
        let (a, b) = (self.real(pool), self.positive(pool));
        let kind = if observed { self.dice.below(9) } else { self.dice.below(6) };
        let obs = |s: Statement, y: f64| if observed { s.obs(y) } else { s };
        match kind {
            0 => obs(Normal::new(a, b).into(), y),
            1 => obs(Cauchy::new(a, b).into(), y),
            2 => obs(HalfCauchy::new(b).into(), y.abs() + 0.1),
            3 => obs(HalfNormal::new(b).into(), y.abs() + 0.1),
            4 => obs(Exponential::new(b).into(), y.abs() + 0.1),
            // Bounds of latent sites may move; an observed value has to lie inside.
            5 if observed => Uniform::new(-2.0 - b, 2.0 + b).obs(y),
            5 => Uniform::new(a, a + b).into(),
            6 => distributions::BernoulliLogits::new(a).obs(self.dice.below(2) as i64),
            7 => distributions::BernoulliProbs::new(a.logistic()).obs(self.dice.below(2) as i64),
            _ => Normal::new(Tensor::full(&[2], 0.0) + a.sum(), 0.7).to_event(1).obs([y, -y]),
        }
    }

    fn site(&self, i: u64, pool: &[Tensor]) -> Option<Tensor> {
        let observed = i > 0 && self.dice.below(3) == 0;
        let name = format!("site{i}");
        let plain = || sample(&name, self.statement(pool, observed));
        let value = match self.dice.below(4) {
            0 => handlers::scale(self.dice.real().abs() + 0.5, plain),
            1 => {
                let on = Tensor::from(self.dice.below(3) > 0);
                handlers::mask(on, plain)
            }
            _ => plain(),
        };
        (!observed).then_some(value)
    }

    fn run(&self) {
        let mut pool = Vec::new();
        for i in 0..self.sites {
            // Sites outside plates see those outside only; inside, those of the plates around too.
            match self.dice.below(3) {
                0 => {
                    let shared: Vec<Tensor> =
                        pool.iter().copied().filter(|t: &Tensor| t.rank() == 0).collect();
                    pool.extend(self.site(i, &shared));
                }
                1 => {
                    let inside =
                        |_| self.site(i, &pool.iter().copied().filter(|t| t.rank() < 2).collect::<Vec<_>>());
                    let name = format!("plate{i}");
                    pool.extend(plate(&name, PLATES[1].1, inside));
                }
                _ => {
                    let both = |_| {
                        plate(&format!("inner{i}"), PLATES[0].1, |_| {
                            let scalars: Vec<Tensor> =
                                pool.iter().copied().filter(|t| t.rank() == 0).collect();
                            self.site(i, &scalars)
                        })
                    };
                    let value = plate(&format!("outer{i}"), PLATES[1].1, both);
                    pool.extend(value.map(|v| v.sum_axis(0)).filter(|v| v.rank() == 1));
                }
            }
        }
        let shared: Vec<Tensor> = pool.iter().copied().filter(|t: &Tensor| t.rank() == 0).collect();
        if let Some(x) = shared.first() {
            factor("factor", x.square() * -0.1);
            deterministic("twice", *x * 2.0);
        }
    }
}

/// A query of the program in the interpreter.
fn interpret(program: &Program, query: Query, args: &[Array]) -> anyhow::Result<Vec<Array>> {
    Ok(eval(&program.resolve(query, &mut |_, _| {})?, args)?)
}

fn potential(program: &Program, u: &[f64]) -> anyhow::Result<f64> {
    Ok(interpret(program, Query::Potential, &[Array::from(u)])?[0].to_f64_vec()[0])
}

/// The values of the latent sites at `u`, one array each.
fn constrained(program: &Program, u: &[f64]) -> anyhow::Result<Vec<Array>> {
    let all = interpret(program, Query::Constrain, &[Array::from(u)])?;
    let outputs = program.outputs();
    Ok(all.into_iter().zip(outputs).filter(|(_, o)| o.is_sample).map(|(v, _)| v).collect())
}

fn flat(values: &[Array]) -> Vec<f64> {
    values.iter().flat_map(Array::to_f64_vec).collect()
}

/// The central difference of `f` along coordinate `i`, with the step that balances truncation against rounding.
fn difference<T>(
    u: &[f64],
    i: usize,
    f: impl Fn(&[f64]) -> anyhow::Result<T>,
) -> anyhow::Result<(T, T, f64)> {
    let step = 6e-6 * u[i].abs().max(1.0);
    let shifted = |by: f64| {
        let mut at = u.to_vec();
        at[i] += by;
        f(&at)
    };
    Ok((shifted(step)?, shifted(-step)?, 2.0 * step))
}

fn close(what: &str, seed: u64, found: f64, expected: f64, rel: f64) {
    let bound = rel * expected.abs().max(1.0);
    assert!((found - expected).abs() <= bound, "{what} of model {seed}: found {found}, expected {expected}");
}

fn check(seed: u64) -> anyhow::Result<()> {
    let model = Model::new(move |_: &()| {
        let dice = Dice(Cell::new(seed));
        Recipe { dice: &dice, sites: 2 + dice.below(4) }.run();
    });
    let program = model.trace(&())?;
    let dimension: usize = layout(program.graph()).iter().map(|c| c.unconstrained.len()).sum();
    let dice = Dice(Cell::new(!seed));
    let u: Vec<f64> = (0..dimension).map(|_| dice.real() * 1.5).collect();
    let bound: Bound = model.bind(&())?;

    // XLA and the interpreter order sums differently and round functions differently, by a few ulp each.
    let (value, gradient) = bound.potential_and_gradient(&u)?;
    let both = interpret(&program, Query::PotentialAndGradient, &[Array::from(u.as_slice())])?;
    close("the potential", seed, value, both[0].to_f64_vec()[0], 1e-12);
    for (x, y) in gradient.iter().zip(both[1].to_f64_vec()) {
        close("the gradient", seed, *x, y, 1e-11);
    }

    // Central differences: step² of truncation and ε/step of rounding, both about 1e-10 of the value's size.
    let mut log_det = 0.0;
    for i in 0..dimension {
        let (up, down, width) = difference(&u, i, |at| potential(&program, at))?;
        close("the slope", seed, gradient[i], (up - down) / width, 1e-6);
        // Supports depend on earlier sites alone, so the Jacobian is triangular.
        let (up, down, width) = difference(&u, i, |at| Ok(flat(&constrained(&program, at)?)))?;
        log_det += ((up[i] - down[i]) / width).abs().ln();
    }
    let values = constrained(&program, &u)?;
    let log_density = interpret(&program, Query::LogDensity, &values)?[0].to_f64_vec()[0];
    close("the density with the Jacobian", seed, -value, log_density + log_det, 1e-7);
    let back = interpret(&program, Query::Unconstrain, &values)?[0].to_f64_vec();
    for (x, y) in back.iter().zip(&u) {
        close("the position found again", seed, *x, *y, 1e-9);
    }
    Ok(())
}

#[test]
fn random_models_agree_with_the_interpreter_and_with_differences() -> anyhow::Result<()> {
    (0..12).try_for_each(check)
}
