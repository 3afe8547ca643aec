//! Writing at integer positions.

use smallvec::smallvec;

use super::{
    scatter_add::{batched, fits, read, scatter, spread, writes},
    take::inside,
    *,
};
use crate::types::{DType, Dims};

/// How a [`Scatter`] joins an update with what is there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Combine {
    /// The update alone. Where several meet one of them stays: on the CPU the last.
    Set,
    /// The product.
    Mul,
    /// The smaller, NaN if either is.
    Min,
    /// The larger, NaN if either is.
    Max,
}

/// `scatter(x, index, updates)`: `x` with each slice of `updates` written at its integer position along `axis`.
/// Positions outside are ignored. Sums are [`ScatterAdd`]'s.
///
/// Ties of extremes share the derivative evenly. Of products the second derivative by the updates is exact where no
/// factor is zero.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Scatter {
    /// The dimension written along.
    pub axis: usize,
    /// How an update joins what is there.
    pub by: Combine,
}

/// The derivatives of a scatter's elements: by the same element of `x`, and by each update of the element it goes to.
struct Partials {
    by_x: Val,
    by_updates: Val,
}

impl Scatter {
    /// The derivatives where elements are joined.
    fn partials(&self, g: &mut Graph, args: &[Val], out: Val) -> Result<Partials, TypeError> {
        if self.by == Combine::Mul { self.cofactors(g, args) } else { self.shares(g, args, out) }
    }

    fn push(&self, g: &mut Graph, by: Combine, args: [Val; 3]) -> Result<Val, TypeError> {
        g.push(Scatter { axis: self.axis, by }, &args)
    }

    /// Which updates are still there in the end, where each is set.
    fn survivors(&self, g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
        let (x, index, updates) = (args[0], args[1], args[2]);
        let (n, of_index) = (g.ty(x).dims[self.axis], g.ty(index).clone());
        // The number of the update that each position holds in the end.
        let line = Dims::from_slice(&[of_index.len()]);
        let number = g.push(Iota { dtype: DType::I64, dims: line, axis: 0 }, &[])?;
        let number = g.reshape(number, &of_index.dims)?;
        let none = g.full(&Ty::new(DType::I64, [n]), -1.0)?;
        let last = g.push(Scatter { axis: 0, by: Combine::Set }, &[none, index, number])?;
        let last = read(g, last, index, number, 0)?;
        let inside = inside(g, index, n)?;
        let stays = g.eq(last, number)?;
        let stays = g.and(stays, inside)?;
        spread(g, stays, updates, self.axis)
    }

    /// The product of all other factors, told from the product of those that are not zero and the number of zeros.
    fn cofactors(&self, g: &mut Graph, args: &[Val]) -> Result<Partials, TypeError> {
        let (x, index, updates) = (args[0], args[1], args[2]);
        let ones = g.full_like(x, 1.0)?;
        let by_x = self.push(g, Combine::Mul, [ones, index, updates])?;
        let (x_zero, x_factor) = without_zeros(g, x)?;
        let (zero, factor) = without_zeros(g, updates)?;
        let product = self.push(g, Combine::Mul, [x_factor, index, factor])?;
        let zeros = g.push(ScatterAdd { axis: self.axis }, &[x_zero, index, zero])?;
        let product = read(g, product, index, updates, self.axis)?;
        let zeros = read(g, zeros, index, updates, self.axis)?;
        let others = g.div(product, factor)?;
        let none = g.full_like(updates, 0.0)?;
        let alone = g.eq(zeros, zero)?;
        Ok(Partials { by_x, by_updates: g.select(alone, others, none)? })
    }

    /// An even share for each element that attains the extreme.
    fn shares(&self, g: &mut Graph, args: &[Val], out: Val) -> Result<Partials, TypeError> {
        let (x, index, updates) = (args[0], args[1], args[2]);
        let dtype = g.ty(x).dtype;
        let there = g.eq(x, out)?;
        let there = g.convert(there, dtype)?;
        let extreme = read(g, out, index, updates, self.axis)?;
        let attains = g.eq(updates, extreme)?;
        let attains = g.convert(attains, dtype)?;
        let ties = g.push(ScatterAdd { axis: self.axis }, &[there, index, attains])?;
        let ties_of_updates = read(g, ties, index, updates, self.axis)?;
        // An update that goes nowhere has no ties; its weight is never used, but must not be NaN.
        let one = g.full_like(updates, 1.0)?;
        let ties_of_updates = g.max(ties_of_updates, one)?;
        Ok(Partials { by_x: g.div(there, ties)?, by_updates: g.div(attains, ties_of_updates)? })
    }
}

/// Which elements are zero, as numbers, and the elements with ones in their place.
fn without_zeros(g: &mut Graph, x: Val) -> Result<(Val, Val), TypeError> {
    let dtype = g.ty(x).dtype;
    let (zero, one) = (g.full_like(x, 0.0)?, g.full_like(x, 1.0)?);
    let is_zero = g.eq(x, zero)?;
    let factor = g.select(is_zero, one, x)?;
    Ok((g.convert(is_zero, dtype)?, factor))
}

impl Rules for Scatter {
    const NAME: &'static str = "scatter";
    const COST: Cost = Cost::Dear;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        let class = if self.by == Combine::Set { Class::Any } else { Class::Number };
        match args {
            [x, ..] if fits(args, self.axis) && class.has(x.dtype) => Ok(x.clone()),
            _ => Err(TypeError {
                op: Self::NAME,
                operands: args.to_vec(),
                expected: format!(
                    "a tensor, integers, and updates as a take along {} gives them; numbers unless they are set",
                    self.axis
                ),
            }),
        }
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        if ty.dtype.is_float() {
            let mut x = args[0].to_f64_vec();
            for (p, u) in writes(args, self.axis, args[2].to_f64_vec()) {
                x[p] = match self.by {
                    Combine::Set => u,
                    Combine::Mul => x[p] * u,
                    _ if x[p].is_nan() || u.is_nan() => f64::NAN,
                    Combine::Min => x[p].min(u),
                    Combine::Max => x[p].max(u),
                };
            }
            Array::from_f64_iter(ty, x.into_iter())
        } else {
            let mut x = args[0].to_i128_vec();
            // Products wrap to 64 bits in between, which keeps those below.
            let wrap =
                |x: i128| if ty.dtype == DType::U64 { i128::from(x as u64) } else { i128::from(x as i64) };
            for (p, u) in writes(args, self.axis, args[2].to_i128_vec()) {
                x[p] = match self.by {
                    Combine::Set => u,
                    Combine::Mul => wrap(x[p].wrapping_mul(u)),
                    Combine::Min => x[p].min(u),
                    Combine::Max => x[p].max(u),
                };
            }
            Array::from_i128_iter(ty, x.into_iter())
        }
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let (g, index, updates) = (cx.graph, cx.args[1], cx.args[2]);
        if self.by == Combine::Set {
            let zeros = g.full_like(updates, 0.0)?;
            let by_x = g.push(self.clone(), &[cx.ct, index, zeros])?;
            let (stays, ct) = (self.survivors(g, cx.args)?, read(g, cx.ct, index, updates, self.axis)?);
            return Ok(smallvec![Some(by_x), None, Some(g.select(stays, ct, zeros)?)]);
        }
        let Partials { by_x, by_updates } = self.partials(g, cx.args, cx.out)?;
        let ct = read(g, cx.ct, index, updates, self.axis)?;
        Ok(smallvec![Some(g.mul(cx.ct, by_x)?), None, Some(g.mul(ct, by_updates)?)])
    }

    fn jvp(&self, mut cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        let index = cx.args[1];
        if cx.tangents[0].is_none() && cx.tangents[2].is_none() {
            return Ok(None);
        }
        if self.by == Combine::Set {
            let (x, updates) = (cx.tangent(0)?, cx.tangent(2)?);
            return cx.graph.push(self.clone(), &[x, index, updates]).map(Some);
        }
        let g = cx.graph;
        let Partials { by_x, by_updates } = self.partials(g, cx.args, cx.out)?;
        let moved = match cx.tangents[0] {
            Some(t) => g.mul(t, by_x)?,
            None => g.full_like(cx.out, 0.0)?,
        };
        let Some(t) = cx.tangents[2] else { return Ok(Some(moved)) };
        let t = g.mul(t, by_updates)?;
        g.push(ScatterAdd { axis: self.axis }, &[moved, index, t]).map(Some)
    }

    fn batch(&self, cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        batched(cx, self.axis, |axis| Scatter { axis, by: self.by })
    }

    fn hlo(&self, args: &[Ty]) -> Hlo {
        let body = match self.by {
            Combine::Set => HloAttr::Overwrite,
            Combine::Mul => HloAttr::Combine("multiply", None),
            Combine::Min => HloAttr::Combine("minimum", None),
            Combine::Max => HloAttr::Combine("maximum", None),
        };
        scatter(args, self.axis, body)
    }

    fn samples() -> Vec<Sample> {
        [Combine::Set, Combine::Mul, Combine::Min, Combine::Max].into_iter().flat_map(samples).collect()
    }
}

/// Unique and repeated positions, rows and columns, positions outside, every element type, nothing at all.
fn samples(by: Combine) -> Vec<Sample> {
    let op = |axis: usize| Scatter { axis, by };
    let x = Array::from([0.5, 1.5, 2.5, 3.5, 4.5, 5.5]);
    let matrix = x.reshape([2, 3]).unwrap_or_else(|_| x.clone());
    let updates = Array::from([1.7, 2.7, -3.0, 4.0]);
    let square = updates.reshape([2, 2]).unwrap_or_else(|_| updates.clone());
    let index = Array::from([2i64, 0, 0, 1]);
    let none = Array::from(Vec::<f64>::new());
    let mut out = vec![
        Sample::smooth(op(0), [x.clone(), index.clone(), updates]),
        Sample::smooth(op(1), [matrix.clone(), Array::from([2i32, 1]), square.clone()]),
        Sample::smooth(op(1), [matrix, Array::from([2u64, 2]), square]),
        Sample::smooth(op(0), [x.clone(), Array::from([-3i64, 1, 99]), Array::from([1.0, 2.0, 3.0])]),
        Sample::smooth(op(0), [none.clone(), Array::from([0i64]), Array::from([1.0])]),
        Sample::values(op(0), [x.clone(), Array::from(Vec::<i64>::new()), none]),
        Sample::values(op(0), [x, Array::from([0i64, 1]), Array::from([f64::NAN, f64::INFINITY])]),
        Sample::values(op(0), [Array::from([2.0f32, 3.0]), Array::from([1i64]), Array::from([0.1f32])]),
        Sample::values(op(0), [Array::from([i32::MAX, 3]), Array::from([0i64]), Array::from([-2i32])]),
        Sample::values(op(0), [Array::from([u64::MAX, 3]), Array::from([0i64]), Array::from([5u64])]),
    ];
    if by == Combine::Set {
        out.push(Sample::values(
            op(0),
            [Array::from([true, false]), Array::scalar(0i64), Array::scalar(false)],
        ));
    }
    out
}
