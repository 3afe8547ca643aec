//! What elementwise ops share: one type rule, one batch rule, and the derivative rules that follow from their partials.

use smallvec::SmallVec;

use super::{Batch, Cost, Cotangents, Hlo, Jvp, Op, Rules, Sample, Vjp};
use crate::{
    array::Array,
    error::TypeError,
    graph::{Graph, Val},
    types::{DType, Ty},
};

/// The element types an elementwise op accepts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Floating point.
    Float,
    /// Floating point and integers.
    Number,
    /// Floating point and signed integers.
    Signed,
    /// Integers.
    Integer,
    /// Integers and truth values.
    Bits,
    /// Every type.
    Any,
}

impl Class {
    pub(super) fn has(self, dtype: DType) -> bool {
        match self {
            Class::Float => dtype.is_float(),
            Class::Number => dtype != DType::Bool,
            Class::Signed => dtype.is_float() || matches!(dtype, DType::I32 | DType::I64),
            Class::Integer => dtype.is_integer(),
            Class::Bits => !dtype.is_float(),
            Class::Any => true,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Class::Float => "floating-point",
            Class::Number => "numeric",
            Class::Signed => "floating-point or signed integer",
            Class::Integer => "integer",
            Class::Bits => "integer or bool",
            Class::Any => "",
        }
    }
}

/// The derivative of an elementwise result by one operand, at the same element.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Partial {
    /// There is none: the operand or the result is not a real number, or the result is constant almost everywhere.
    None,
    /// One.
    One,
    /// Minus one.
    MinusOne,
    /// This value.
    Times(Val),
    /// There is one that nobody computes: to ask for it is an error, which says what is expected instead.
    Refused(&'static str),
}

/// One partial derivative for each operand.
pub type Partials = SmallVec<[Partial; 2]>;

/// An op that maps operands of equal type element by element; both derivative rules follow from `partials`.
pub trait Elementwise: Clone + Into<Op> + serde::Serialize + serde::de::DeserializeOwned {
    /// The name in the text form.
    const NAME: &'static str;
    /// The number of operands.
    const ARITY: usize;
    /// The element types accepted.
    const ACCEPTS: Class;
    /// What it costs at each element.
    const COST: Cost;

    /// The element type of the result.
    fn result(&self, operand: DType) -> DType;

    /// The reference semantics.
    fn eval(&self, args: &[&Array], ty: &Ty) -> Array;

    /// The partial derivatives, as values built from operands and result.
    ///
    /// # Errors
    /// When the rule builds an ill-typed node, which is a defect of the rule.
    fn partials(&self, g: &mut Graph, args: &[Val], out: Val) -> Result<Partials, TypeError>;

    /// How the op becomes HLO.
    fn hlo(&self) -> Hlo;

    /// Inputs for the table tests.
    fn samples() -> Vec<Sample>;
}

fn refused<T: Elementwise>(g: &Graph, args: &[Val], expected: &str) -> TypeError {
    let operands = args.iter().map(|v| g.ty(*v).clone()).collect();
    TypeError { op: T::NAME, operands, expected: expected.into() }
}

impl<T: Elementwise> Rules for T {
    const NAME: &'static str = T::NAME;
    const COST: Cost = T::COST;
    const ELEMENTWISE: bool = true;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        let fits = args.len() == T::ARITY
            && args.iter().all(|a| T::ACCEPTS.has(a.dtype))
            && args.windows(2).all(|w| w[0] == w[1]);
        if let (true, Some(first)) = (fits, args.first()) {
            return Ok(first.with_dtype(self.result(first.dtype)));
        }
        let number = if T::ARITY == 1 { "one operand" } else { "operands of one type" };
        let class = T::ACCEPTS.words();
        let expected = if class.is_empty() {
            format!("{} {number}", T::ARITY)
        } else {
            format!("{} {class} {number}", T::ARITY)
        };
        Err(TypeError { op: T::NAME, operands: args.to_vec(), expected })
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        Elementwise::eval(self, args, ty)
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let partials = self.partials(cx.graph, cx.args, cx.out)?;
        partials
            .into_iter()
            .zip(cx.wanted)
            .map(|(p, wanted)| match p {
                Partial::None => Ok(None),
                Partial::One => Ok(Some(cx.ct)),
                Partial::MinusOne => cx.graph.neg(cx.ct).map(Some),
                Partial::Times(d) => cx.graph.mul(cx.ct, d).map(Some),
                Partial::Refused(expected) if *wanted => Err(refused::<T>(cx.graph, cx.args, expected)),
                Partial::Refused(_) => Ok(None),
            })
            .collect()
    }

    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        let partials = self.partials(cx.graph, cx.args, cx.out)?;
        let mut sum = None;
        for (partial, tangent) in partials.into_iter().zip(cx.tangents) {
            let Some(t) = *tangent else { continue };
            let term = match partial {
                Partial::None => continue,
                Partial::One => t,
                Partial::MinusOne => cx.graph.neg(t)?,
                Partial::Times(d) => cx.graph.mul(t, d)?,
                Partial::Refused(expected) => return Err(refused::<T>(cx.graph, cx.args, expected)),
            };
            sum = Some(match sum {
                Some(before) => cx.graph.add(before, term)?,
                None => term,
            });
        }
        Ok(sum)
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        let axis = cx.common_axis();
        let args = cx.aligned(axis)?;
        Ok((cx.graph.push(self.clone(), &args)?, axis))
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Elementwise::hlo(self)
    }

    fn samples() -> Vec<Sample> {
        T::samples()
    }
}

/// Evaluates a function of one float; `f32` is computed in `f64` and rounded once.
pub(crate) fn float1(args: &[&Array], ty: &Ty, f: impl Fn(f64) -> f64) -> Array {
    Array::from_f64_iter(ty, args[0].to_f64_vec().into_iter().map(f))
}

/// Evaluates a function of one number: floats in `f64`, integers in `i128` wrapped to the result's width.
pub(crate) fn number1(
    args: &[&Array],
    ty: &Ty,
    float: impl Fn(f64) -> f64,
    int: impl Fn(i128) -> i128,
) -> Array {
    if args[0].dtype().is_float() { float1(args, ty, float) } else { bits1(args, ty, int) }
}

/// Evaluates a function of two numbers: floats in `f64`, integers in `i128` wrapped to the result's width.
pub(crate) fn number2(
    args: &[&Array],
    ty: &Ty,
    float: impl Fn(f64, f64) -> f64,
    int: impl Fn(i128, i128) -> i128,
) -> Array {
    if !args[0].dtype().is_float() {
        return bits2(args, ty, int);
    }
    let (x, y) = (args[0].to_f64_vec(), args[1].to_f64_vec());
    Array::from_f64_iter(ty, x.into_iter().zip(y).map(|(x, y)| float(x, y)))
}

/// Evaluates a function of one integer or truth value (0 or 1).
pub(crate) fn bits1(args: &[&Array], ty: &Ty, f: impl Fn(i128) -> i128) -> Array {
    Array::from_i128_iter(ty, args[0].to_i128_vec().into_iter().map(f))
}

/// Evaluates a function of two integers or truth values.
pub(crate) fn bits2(args: &[&Array], ty: &Ty, f: impl Fn(i128, i128) -> i128) -> Array {
    let (x, y) = (args[0].to_i128_vec(), args[1].to_i128_vec());
    Array::from_i128_iter(ty, x.into_iter().zip(y).map(|(x, y)| f(x, y)))
}
