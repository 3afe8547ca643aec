//! Formulas written as formulas: numbers with operators that record nodes, for expansions and derivative rules.

use std::{cell::RefCell, ops as std_ops};

use smallvec::SmallVec;

use super::*;
use crate::{
    eval::eval,
    graph::{Phase, Role},
    types::DType,
};

/// The graph under construction, and the first refusal of a type rule, after which nothing more is recorded.
struct Sheet {
    graph: RefCell<Graph>,
    error: RefCell<Option<TypeError>>,
}

/// A value of a formula.
#[derive(Clone, Copy)]
pub(crate) struct Num<'s> {
    sheet: &'s Sheet,
    v: Val,
}

/// What may stand beside a [`Num`]: another one, or a literal of its type.
pub(crate) trait Term<'s> {
    fn beside(self, n: Num<'s>) -> Num<'s>;
}

impl<'s> Term<'s> for Num<'s> {
    fn beside(self, _n: Num<'s>) -> Num<'s> {
        self
    }
}

impl<'s> Term<'s> for f64 {
    fn beside(self, n: Num<'s>) -> Num<'s> {
        n.build(|g| g.full_like(n.v, self))
    }
}

/// Records `f` of the operands in `g`.
pub(crate) fn formula<const N: usize>(
    g: &mut Graph,
    args: &[Val],
    f: impl for<'s> FnOnce([Num<'s>; N]) -> Num<'s>,
) -> Result<Val, TypeError> {
    formulas(g, args, |x| [f(x)]).map(|[v]| v)
}

/// Records the several results of `f` of the operands in `g`.
pub(crate) fn formulas<const N: usize, const M: usize>(
    g: &mut Graph,
    args: &[Val],
    f: impl for<'s> FnOnce([Num<'s>; N]) -> [Num<'s>; M],
) -> Result<[Val; M], TypeError> {
    let wrong = |g: &Graph| {
        let operands = args.iter().map(|v| g.ty(*v).clone()).collect();
        TypeError { op: "formula", operands, expected: format!("{N} operands") }
    };
    let Ok(_) = <[Val; N]>::try_from(args) else { return Err(wrong(g)) };
    let results = record(g, args, |x| {
        let Ok(x) = <[Num<'_>; N]>::try_from(x) else { return Vec::new() };
        f(x).to_vec()
    })?;
    <[Val; M]>::try_from(results).map_err(|_| wrong(g))
}

/// Records what `f` makes of any number of operands.
pub(super) fn record(
    g: &mut Graph,
    args: &[Val],
    f: impl for<'s> FnOnce(&[Num<'s>]) -> Vec<Num<'s>>,
) -> Result<Vec<Val>, TypeError> {
    let empty = Graph::new(g.phase());
    let sheet = Sheet { graph: RefCell::new(std::mem::replace(g, empty)), error: RefCell::new(None) };
    let args: Vec<Num<'_>> = args.iter().map(|v| Num { sheet: &sheet, v: *v }).collect();
    let results = f(&args).into_iter().map(|n| n.v).collect();
    *g = sheet.graph.into_inner();
    sheet.error.into_inner().map_or(Ok(results), Err)
}

/// The reference semantics of an op that has no other: its expansion in doubles, rounded once.
pub(crate) fn eval_in_doubles(
    expand: fn(&mut Graph, &[Val]) -> Result<Val, TypeError>,
    args: &[&Array],
    ty: &Ty,
) -> Array {
    let wide: Vec<Array> = args.iter().map(|x| x.convert(DType::F64)).collect();
    let mut g = Graph::new(Phase::Pure);
    let inputs: SmallVec<[Val; 4]> = wide.iter().map(|x| g.input("x", Role::Argument, x.ty())).collect();
    let value = expand(&mut g, &inputs).ok().and_then(|out| {
        g.set_outputs([out]);
        eval(&g, &wide).ok()?.pop()
    });
    // An expansion that is ill typed has no value; table tests would show it.
    value.map_or_else(|| Array::filled(ty, f64::NAN), |x| x.convert(ty.dtype))
}

/// The same for an op of several results.
pub(crate) fn eval_all_in_doubles(
    expand: impl FnOnce(&mut Graph, &[Val]) -> Result<Operands, TypeError>,
    args: &[&Array],
    tys: &[Ty],
) -> Vec<Array> {
    let wide: Vec<Array> = args.iter().map(|x| x.convert(DType::F64)).collect();
    let mut g = Graph::new(Phase::Pure);
    let inputs: SmallVec<[Val; 4]> = wide.iter().map(|x| g.input("x", Role::Argument, x.ty())).collect();
    let values = expand(&mut g, &inputs).ok().and_then(|outputs| {
        g.set_outputs(outputs);
        eval(&g, &wide).ok()
    });
    let narrow = |(x, ty): (Array, &Ty)| x.convert(ty.dtype);
    // As above.
    let none = || tys.iter().map(|ty| Array::filled(ty, f64::NAN)).collect();
    values.map_or_else(none, |values| values.into_iter().zip(tys).map(narrow).collect())
}

impl<'s> Num<'s> {
    fn build(self, f: impl FnOnce(&mut Graph) -> Result<Val, TypeError>) -> Num<'s> {
        if self.sheet.error.borrow().is_some() {
            return self;
        }
        let made = f(&mut self.sheet.graph.borrow_mut());
        match made {
            Ok(v) => Num { v, ..self },
            Err(e) => {
                *self.sheet.error.borrow_mut() = Some(e);
                self
            }
        }
    }

    /// The result of an elementwise op on this value and others.
    pub(crate) fn op<const N: usize>(self, op: impl Into<Op>, others: [Num<'s>; N]) -> Num<'s> {
        let operands: SmallVec<[Val; 4]> = std::iter::once(self).chain(others).map(|n| n.v).collect();
        self.build(|g| g.push(op, &operands))
    }

    /// The relative distance of neighbouring numbers.
    pub(super) fn epsilon(self) -> f64 {
        if self.dtype() == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON }
    }

    pub(crate) fn dtype(self) -> DType {
        self.sheet.graph.borrow().ty(self.v).dtype
    }

    /// The literal `x` in this value's type.
    pub(crate) fn literal(self, x: f64) -> Num<'s> {
        x.beside(self)
    }

    pub(crate) fn less(self, other: impl Term<'s>) -> Num<'s> {
        self.op(Compare(Comparison::Lt), [other.beside(self)])
    }

    pub(crate) fn greater(self, other: impl Term<'s>) -> Num<'s> {
        self.op(Compare(Comparison::Gt), [other.beside(self)])
    }

    pub(crate) fn equal(self, other: impl Term<'s>) -> Num<'s> {
        self.op(Compare(Comparison::Eq), [other.beside(self)])
    }

    /// Where this truth value holds `yes`, else `no`.
    pub(crate) fn select(self, yes: Num<'s>, no: impl Term<'s>) -> Num<'s> {
        self.op(Select, [yes, no.beside(yes)])
    }

    pub(crate) fn max(self, other: impl Term<'s>) -> Num<'s> {
        self.op(Max, [other.beside(self)])
    }

    pub(crate) fn min(self, other: impl Term<'s>) -> Num<'s> {
        self.op(Min, [other.beside(self)])
    }

    pub(crate) fn square(self) -> Num<'s> {
        self * self
    }

    /// `Σ cᵢ xⁱ`, coefficients from the highest power to the lowest.
    pub(crate) fn polynomial(self, coefficients: &[f64]) -> Num<'s> {
        let Some((first, rest)) = coefficients.split_first() else { return self.literal(0.0) };
        rest.iter().fold(self.literal(*first), |p, c| p * self + *c)
    }
}

macro_rules! functions { ($($name:ident $Op:ident),*) => {
    impl<'s> Num<'s> { $(
        pub(crate) fn $name(self) -> Num<'s> { self.op($Op, []) }
    )* }
} }
functions!(
    abs Abs, exp Exp, log Log, log1p Log1p, sqrt Sqrt, floor Floor, round Round, sin Sin, cos Cos
);

macro_rules! binary { ($($Trait:ident $method:ident $Op:ident),*) => { $(
    impl<'s, T: Term<'s>> std_ops::$Trait<T> for Num<'s> {
        type Output = Num<'s>;
        fn $method(self, other: T) -> Num<'s> { self.op($Op, [other.beside(self)]) }
    }
)* } }
binary!(Add add Add, Sub sub Sub, Mul mul Mul, Div div Div, BitAnd bitand And, BitOr bitor Or);

macro_rules! literal_first { ($($Trait:ident $method:ident),*) => { $(
    impl<'s> std_ops::$Trait<Num<'s>> for f64 {
        type Output = Num<'s>;
        fn $method(self, other: Num<'s>) -> Num<'s> { std_ops::$Trait::$method(self.beside(other), other) }
    }
)* } }
literal_first!(Add add, Sub sub, Mul mul, Div div);

impl<'s> std_ops::Neg for Num<'s> {
    type Output = Num<'s>;
    fn neg(self) -> Num<'s> {
        self.op(Neg, [])
    }
}

impl<'s> std_ops::Not for Num<'s> {
    type Output = Num<'s>;
    fn not(self) -> Num<'s> {
        self.op(Not, [])
    }
}
