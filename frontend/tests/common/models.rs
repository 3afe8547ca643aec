//! Random models, made by dice, and queries of them in the interpreter.
#![allow(dead_code, reason = "each test file uses its part")]

use std::cell::Cell;

use pyroxene_frontend::{Program, distributions, prelude::*, primitives::Statement};
use pyroxene_ir::{eval::eval, passes::Query};

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere.
pub(crate) struct Dice(Cell<u64>);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(Cell::new(seed))
    }

    fn roll(&self) -> u64 {
        self.0.set(self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15));
        let z = self.0.get();
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&self, n: u64) -> u64 {
        self.roll() % n
    }

    /// Uniform on (−1, 1).
    pub(crate) fn real(&self) -> f64 {
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

/// The random model of a seed.
pub(crate) fn run(seed: u64) {
    let dice = Dice::new(seed);
    Recipe { dice: &dice, sites: 2 + dice.below(4) }.run();
}

/// A query of the program in the interpreter.
pub(crate) fn interpret(program: &Program, query: Query, args: &[Array]) -> anyhow::Result<Vec<Array>> {
    Ok(eval(&program.resolve(query, &mut |_, _| {})?, args)?)
}

/// The values of the latent sites at `u`, one array each.
pub(crate) fn constrained(program: &Program, u: &[f64]) -> anyhow::Result<Vec<Array>> {
    let all = interpret(program, Query::Constrain, &[Array::from(u)])?;
    let outputs = program.outputs();
    Ok(all.into_iter().zip(outputs).filter(|(_, o)| o.is_sample).map(|(v, _)| v).collect())
}
