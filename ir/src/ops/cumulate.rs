//! Running reductions.

use smallvec::smallvec;

use super::{running::Direction, *};
use crate::types::DType;

/// What a running reduction combines by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reduction {
    /// The sum; integers wrap.
    Sum,
    /// The product; integers wrap.
    Prod,
    /// The largest, NaN once one is; ties share the derivative evenly between the element and those before.
    Max,
    /// The smallest, NaN once one is; ties share the derivative evenly between the element and those before.
    Min,
    /// The logarithm of the sum of exponentials, without overflow; of floats.
    LogSumExp,
}

/// The reduction of all elements up to each along `axis` (JAX's `cumsum`, `cumprod`, `cummax`, `cummin`, `cumlogsumexp`).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Cumulate {
    /// The dimension it runs along.
    pub axis: usize,
    /// Whether it runs from the last position to the first.
    pub reverse: bool,
    /// What combines elements.
    pub by: Reduction,
}

/// The derivatives of each result, for those after the first by the result before and by its own element.
struct Partials {
    by_before: Val,
    by_own: Val,
}

impl Cumulate {
    fn direction(&self) -> Direction {
        Direction { axis: self.axis, reverse: self.reverse }
    }

    /// The derivatives of the step `yₖ = f(yₖ₋₁, xₖ)`; of the first, which is its own element, zero and one.
    fn partials(&self, g: &mut Graph, x: Val, out: Val) -> Result<Partials, TypeError> {
        let along = self.direction();
        let [own, _] = along.later_and_earlier(g, x)?;
        let [now, before] = along.later_and_earlier(g, out)?;
        let (by_before, by_own) = match self.by {
            Reduction::Sum => (g.full_like(own, 1.0)?, g.full_like(own, 1.0)?),
            Reduction::Prod => (own, before),
            Reduction::Max => (max::share(g, before, own)?, max::share(g, own, before)?),
            Reduction::Min => (max::share(g, own, before)?, max::share(g, before, own)?),
            Reduction::LogSumExp => (part_of(g, before, now)?, part_of(g, own, now)?),
        };
        let first = g.ty(x).clone();
        let mut first = first.with_dims(first.dims.iter().copied());
        first.dims[self.axis] = first.dims[self.axis].min(1);
        let (zero, one) = (g.full(&first, 0.0)?, g.full(&first, 1.0)?);
        Ok(Partials { by_before: along.join(g, zero, by_before)?, by_own: along.join(g, one, by_own)? })
    }
}

/// `e^(x − y)` for `x ≤ y`; zero where `y` is −∞.
fn part_of(g: &mut Graph, x: Val, y: Val) -> Result<Val, TypeError> {
    formula(g, &[x, y], |[x, y]| {
        let nothing = y.equal(y.literal(f64::NEG_INFINITY));
        (x - nothing.select(y.literal(0.0), y)).exp()
    })
}

fn log_add_exp(x: f64, y: f64) -> f64 {
    if x == y && x.is_infinite() {
        return x;
    }
    let (larger, distance) = if x > y || x.is_nan() { (x, y - x) } else { (y, x - y) };
    larger + distance.exp().ln_1p()
}

impl Rules for Cumulate {
    const NAME: &'static str = "cumulate";
    const COST: Cost = Cost::Dear;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        let class = if self.by == Reduction::LogSumExp { Class::Float } else { Class::Number };
        match args {
            [x] if class.has(x.dtype) && self.axis < x.rank() => Ok(x.clone()),
            _ => Err(TypeError {
                op: Self::NAME,
                operands: args.to_vec(),
                expected: format!(
                    "one numeric operand, of floats for logsumexp, with a dimension {}",
                    self.axis
                ),
            }),
        }
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let along = self.direction();
        if ty.dtype.is_float() {
            let mut y = args[0].to_f64_vec();
            along.each_pair(&ty.dims, |before, at| {
                let (b, x) = (y[before], y[at]);
                y[at] = match self.by {
                    Reduction::Sum => b + x,
                    Reduction::Prod => b * x,
                    Reduction::LogSumExp => log_add_exp(b, x),
                    _ if b.is_nan() || x.is_nan() => f64::NAN,
                    Reduction::Max => b.max(x),
                    Reduction::Min => b.min(x),
                };
            });
            return Array::from_f64_iter(ty, y.into_iter());
        }
        let mut y = args[0].to_i128_vec();
        // 64 bits of a sum or product decide those below, but extremes need the value itself.
        let wrap = |x: i128| {
            let wrapped = Array::from_i128_iter(&Ty::scalar(ty.dtype), std::iter::once(x));
            wrapped.to_i128_vec()[0]
        };
        along.each_pair(&ty.dims, |before, at| {
            let (b, x) = (y[before], y[at]);
            y[at] = match self.by {
                Reduction::Sum | Reduction::LogSumExp => wrap(b + x),
                Reduction::Prod => wrap(b.wrapping_mul(x)),
                Reduction::Max => b.max(x),
                Reduction::Min => b.min(x),
            };
        });
        Array::from_i128_iter(ty, y.into_iter())
    }

    /// With the step's derivatives `a` by the result before and `b` by the own element: `bₖ sₖ`, where
    /// `sₖ = ctₖ + aₖ₊₁ sₖ₊₁`.
    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let (g, along, reverse) = (cx.graph, self.direction(), !self.reverse);
        if self.by == Reduction::Sum {
            return Ok(smallvec![Some(g.push(Cumulate { reverse, ..self.clone() }, &[cx.ct])?)]);
        }
        let Partials { by_before, by_own } = self.partials(g, cx.args[0], cx.out)?;
        let next = along.shifted(g, by_before, -1)?;
        let s = g.push(LinearRecurrence { axis: self.axis, reverse }, &[next, cx.ct])?;
        Ok(smallvec![Some(g.mul(by_own, s)?)])
    }

    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        let (g, Some(t)) = (cx.graph, cx.tangents[0]) else { return Ok(None) };
        if self.by == Reduction::Sum {
            return g.push(self.clone(), &[t]).map(Some);
        }
        let Partials { by_before, by_own } = self.partials(g, cx.args[0], cx.out)?;
        let moved = g.mul(by_own, t)?;
        g.push(LinearRecurrence { axis: self.axis, reverse: self.reverse }, &[by_before, moved]).map(Some)
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        let axis = self.axis + usize::from(self.axis >= cx.common_axis());
        cx.in_place(Cumulate { axis, ..self.clone() })
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::ExpandOp(expand)
    }

    fn samples() -> Vec<Sample> {
        use Reduction::*;
        [Sum, Prod, Max, Min, LogSumExp].into_iter().flat_map(samples).collect()
    }
}

/// Both directions, lines and columns, short and long, every element type, extremes, nothing.
fn samples(by: Reduction) -> Vec<Sample> {
    let op = |axis, reverse| Cumulate { axis, reverse, by };
    let x = Array::from([0.5, -1.0, 2.0, 0.7, 3.0, -2.0, 0.1, 1.2]);
    let matrix = x.reshape([4, 2]).unwrap_or_else(|_| x.clone());
    let long = Array::from((0..50).map(|i| 1.0 + 0.5 * (0.3 * f64::from(i)).sin()).collect::<Vec<_>>());
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    // Rows that divide the line, rows of rows, and lines of a prime length.
    let wave = |n: usize| (0..n).map(|i| 1.0 + 0.4 * (0.7 * i as f64).cos()).collect::<Vec<_>>();
    let lines = Array::from(wave(2 * 29)).reshape([2, 29]).unwrap_or_else(|_| x.clone());
    let mut out = vec![
        Sample::values(op(0, true), [Array::from(wave(90))]),
        Sample::values(op(1, false), [lines.clone()]),
        Sample::values(op(1, true), [lines]),
        Sample::smooth(op(0, false), [x.clone()]),
        Sample::smooth(op(0, true), [matrix.clone()]),
        Sample::smooth(op(1, false), [matrix]),
        Sample::values(op(0, true), [long.clone()]),
        Sample::values(op(0, false), [long.convert(DType::F32)]),
        Sample::values(op(0, false), [Array::from([-inf, -inf, 1.0, inf])]),
        Sample::values(op(0, true), [Array::from([1.0, nan, 2.0, 1e300])]),
        Sample::values(op(0, false), [Array::from(Vec::<f64>::new())]),
    ];
    if by != LOG {
        out.extend([
            Sample::values(op(0, false), [Array::from([i32::MAX, 3, -4])]),
            Sample::values(op(0, true), [Array::from([i64::MIN, 3, i64::MAX, 2])]),
            Sample::values(op(0, false), [Array::from([u32::MAX, 3, 7])]),
            Sample::values(op(0, false), [Array::from([u64::MAX, 3, 7])]),
        ]);
    }
    if by == Reduction::Prod {
        out.push(Sample::smooth(op(0, false), [Array::from([2.0, 0.0, 3.0, 0.0, -1.5])]));
    }
    out
}

const LOG: Reduction = Reduction::LogSumExp;

fn expand(op: &Op, g: &mut Graph, args: &[Val]) -> Result<Operands, TypeError> {
    let Op::Cumulate(op) = op else {
        return Err(TypeError { op: "cumulate", operands: Vec::new(), expected: "itself".into() });
    };
    let combine = |g: &mut Graph, x: Val, y: Val| match op.by {
        Reduction::Sum => g.add(x, y),
        Reduction::Prod => g.mul(x, y),
        Reduction::Max => g.max(x, y),
        Reduction::Min => g.push(Min, &[x, y]),
        Reduction::LogSumExp => g.push(LogAddExp, &[x, y]),
    };
    let along = op.direction();
    if along.is_short(g, args[0]) {
        return Ok(along
            .by_doubling(g, [args[0]], |g, [x], [y]| Ok([combine(g, x, y)?]))?
            .into_iter()
            .collect());
    }
    let start = match op.by {
        Reduction::Sum => 0.0,
        Reduction::Prod => 1.0,
        Reduction::Max | Reduction::LogSumExp => f64::NEG_INFINITY,
        Reduction::Min => f64::INFINITY,
    };
    // Products and exponentials over- and underflow between blocks where they do not along the line.
    let blocks = matches!(op.by, Reduction::Sum | Reduction::Max | Reduction::Min);
    if blocks && along.is_narrow(g, args[0]) {
        return Ok(smallvec![along.by_rows(g, args[0], start, &combine)?]);
    }
    Ok(smallvec![along.by_scan(g, start, args, |g, y, x| combine(g, y, x[0]))?])
}
