//! The closed list of ops. An op is one file here and one line below; everything the compiler knows about it is there.

mod batching;
pub(crate) mod blocked;
mod closed;
mod coefficients;
mod elementwise;
mod extremes;
pub(crate) mod forms;
mod formula;
mod gamma_parts;
mod hlo;
mod identity;
mod incomplete_beta;
mod incomplete_beta_slopes;
mod incomplete_gamma;
mod iteration;
mod matrix;
mod multi;
mod running;
mod sample;
mod tangents;

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use smallvec::SmallVec;

pub use call::Derivative;
pub use closed::closed;
pub use cumulate::Reduction;
pub use digamma::polygamma;
pub use elementwise::{Class, Elementwise, Partial, Partials};
pub(crate) use elementwise::{bits1, bits2, float1, number1, number2};
use formula::eval_in_doubles;
pub(crate) use formula::{Num, formula, formulas};
pub use hlo::{Comparison, GatherDims, Hlo, HloAttr, ScatterDims};
pub use multi::{Batched, MultiJvp, MultiRules, MultiVjp, Tangents, Tys};
pub use sample::Sample;
pub use scatter::Combine;
pub(crate) use take::clamped;
pub use take::unclamped;

use crate::{
    array::Array,
    error::TypeError,
    graph::{Graph, Operands, Val},
    types::Ty,
};

/// One derivative for each operand; `None` where the operand has none (integers, truth values, indices).
pub type Cotangents = SmallVec<[Option<Val>; 4]>;

/// What a reverse rule sees: the graph it extends, and the values around the op.
pub struct Vjp<'a> {
    /// The graph under construction: forward values first, then adjoints.
    pub graph: &'a mut Graph,
    /// The operands.
    pub args: &'a [Val],
    /// The result.
    pub out: Val,
    /// The derivative of the final scalar by the result.
    pub ct: Val,
    /// Which operands' derivatives are of use.
    pub wanted: &'a [bool],
}

/// What a forward rule sees: the graph it extends, and the values around the op.
pub struct Jvp<'a> {
    /// The graph under construction: values and tangents.
    pub graph: &'a mut Graph,
    /// The operands.
    pub args: &'a [Val],
    /// The result.
    pub out: Val,
    /// The tangent of each operand; `None` is zero. One at least is there.
    pub tangents: &'a [Option<Val>],
}

/// What a batch rule sees: operands of which some hold a batch.
pub struct Batch<'a> {
    /// The graph under construction.
    pub graph: &'a mut Graph,
    /// The operands.
    pub args: &'a [Val],
    /// The dimension of each operand that runs over the batch; `None` where all of the batch share the operand. One at
    /// least is there.
    pub axes: &'a [Option<usize>],
    /// The size of the batch.
    pub size: usize,
}

/// Everything the compiler knows about an op of one result and without regions; the others have [`MultiRules`]. There
/// are no default rules, so rustc names what is missing.
pub trait Rules: Clone + Into<Op> + Serialize + DeserializeOwned {
    /// The name in the text form.
    const NAME: &'static str;

    /// What it costs beside reading its operands and writing its result.
    const COST: Cost;

    /// Whether each element of the result comes of the operands' elements at the same position.
    const ELEMENTWISE: bool = false;

    /// The type rule: the result's type from the operands'.
    ///
    /// # Errors
    /// When the operands do not fit; the error says what was expected.
    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError>;

    /// The reference semantics, on operands that passed the type rule, with its result type.
    fn eval(&self, args: &[&Array], ty: &Ty) -> Array;

    /// The reverse rule: how the result's derivative flows to the operands.
    ///
    /// # Errors
    /// When the rule builds an ill-typed node, which is a defect of the rule.
    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError>;

    /// The forward rule: the tangent of the result from those of the operands; `None` is zero.
    ///
    /// # Errors
    /// When the rule builds an ill-typed node, which is a defect of the rule.
    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError>;

    /// The batch rule: the op on every member of the batch at once, and the dimension of the result that runs over it.
    ///
    /// # Errors
    /// When the rule builds an ill-typed node, which is a defect of the rule.
    fn batch(&self, cx: Batch<'_>) -> Result<(Val, usize), TypeError>;

    /// How the op becomes HLO over operands of these types.
    fn hlo(&self, args: &[Ty]) -> Hlo;

    /// Inputs for the table tests: XLA against the interpreter, derivatives against differences.
    fn samples() -> Vec<Sample>;
}

/// What an op costs, beside the memory that it reads and writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cost {
    /// Nothing, and the result says nothing new: a change of shape or type.
    Shape,
    /// Nothing that counts: arithmetic, comparisons, copies.
    Arithmetic,
    /// A few of those for each element: what compilers make of an exponential, a logarithm or a root.
    Light,
    /// One step after the other over what it reads: reductions and gathers.
    Reads,
    /// Dozens for each element that it reads or writes, or more: special functions, products of matrices, loops.
    Dear,
}

/// An op as a row of the table: what tests and the parser need without a value of it.
pub struct OpInfo {
    /// The name in the text form.
    pub name: &'static str,
    /// Inputs for the table tests.
    pub samples: fn() -> Vec<Sample>,
    /// The op from its attributes in the text form.
    pub(crate) parse: fn(serde_json::Value, Vec<Arc<Graph>>) -> Result<Op, serde_json::Error>,
}

impl fmt::Debug for OpInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

macro_rules! ops { ($($module:ident :: $Op:ident),* $(,)?) => {
    $(mod $module; pub use $module::$Op;)*

    /// A pure function of tensors.
    #[derive(Clone, PartialEq, Eq, Hash, Debug)]
    #[allow(missing_docs, reason = "each variant holds the op of its name, documented there")]
    pub enum Op { $($Op($Op)),* }

    $(impl From<$Op> for Op { fn from(op: $Op) -> Op { Op::$Op(op) } })*

    impl Op {
        /// Every op.
        pub const ALL: &[OpInfo] = &[$(OpInfo {
            name: <$Op as MultiRules>::OP,
            samples: <$Op as MultiRules>::samples,
            parse: |attributes, regions| {
                let op = serde_json::from_value::<$Op>(attributes)?;
                Ok(Op::$Op(MultiRules::with_regions(&op, regions)))
            },
        }),*];

        /// The name in the text form.
        pub fn name(&self) -> &'static str {
            match self { $(Op::$Op(_) => <$Op as MultiRules>::OP),* }
        }

        /// What it costs; see [`MultiRules::COST`].
        pub fn cost(&self) -> Cost {
            match self { $(Op::$Op(_) => <$Op as MultiRules>::COST),* }
        }

        /// Whether each element of the result comes of the operands' elements at the same position.
        pub fn is_elementwise(&self) -> bool {
            match self { $(Op::$Op(_) => <$Op as MultiRules>::ELEMENTWISE),* }
        }

        /// The results' types; see [`MultiRules::infer`].
        ///
        /// # Errors
        /// When the operands do not fit.
        pub fn infer(&self, args: &[Ty]) -> Result<Tys, TypeError> {
            match self { $(Op::$Op(op) => MultiRules::infer(op, args)),* }
        }

        /// The closed graphs inside; see [`MultiRules::regions`].
        pub fn regions(&self) -> Vec<Arc<Graph>> {
            match self { $(Op::$Op(op) => MultiRules::regions(op)),* }
        }

        /// The op with other closed graphs inside, as many as it has.
        #[must_use]
        pub fn with_regions(&self, regions: Vec<Arc<Graph>>) -> Op {
            match self { $(Op::$Op(op) => Op::$Op(MultiRules::with_regions(op, regions))),* }
        }

        /// The op with each closed graph inside it run through `f`.
        ///
        /// # Errors
        /// The first of `f`.
        pub fn map_regions<E>(&self, mut f: impl FnMut(&Graph) -> Result<Graph, E>) -> Result<Op, E> {
            let regions = self.regions();
            if regions.is_empty() {
                return Ok(self.clone());
            }
            let mapped = regions.iter().map(|region| f(region).map(Arc::new)).collect::<Result<_, E>>()?;
            Ok(self.with_regions(mapped))
        }

        /// The reference semantics; see [`MultiRules::eval`].
        pub fn eval(&self, args: &[&Array], tys: &[Ty]) -> Vec<Array> {
            match self { $(Op::$Op(op) => MultiRules::eval(op, args, tys)),* }
        }

        /// What to run in the op's place where its derivative is wanted; see [`MultiRules::saving`].
        pub(crate) fn saving(&self) -> Option<Op> {
            match self { $(Op::$Op(op) => MultiRules::saving(op)),* }
        }

        /// The reverse rule; see [`MultiRules::vjp`].
        ///
        /// # Errors
        /// When the op has no reverse derivative.
        pub fn vjp(&self, cx: MultiVjp<'_>) -> Result<Cotangents, TypeError> {
            match self { $(Op::$Op(op) => MultiRules::vjp(op, cx)),* }
        }

        /// The forward rule; see [`MultiRules::jvp`].
        ///
        /// # Errors
        /// When the op has no forward derivative.
        pub fn jvp(&self, cx: MultiJvp<'_>) -> Result<(Operands, Tangents), TypeError> {
            match self { $(Op::$Op(op) => MultiRules::jvp(op, cx)),* }
        }

        /// The batch rule; see [`MultiRules::batch`].
        ///
        /// # Errors
        /// When the rule builds an ill-typed node.
        pub fn batch(&self, cx: Batch<'_>) -> Result<Batched, TypeError> {
            match self { $(Op::$Op(op) => MultiRules::batch(op, cx)),* }
        }

        /// How the op becomes HLO; see [`MultiRules::hlo`].
        pub fn hlo(&self, args: &[Ty]) -> Hlo {
            match self { $(Op::$Op(op) => MultiRules::hlo(op, args)),* }
        }

        /// The op's parameters in the text form; `null` where it has none.
        pub(crate) fn attributes(&self) -> Result<serde_json::Value, serde_json::Error> {
            match self { $(Op::$Op(op) => serde_json::to_value(op)),* }
        }
    }
} }

ops! {
    abs::Abs,
    add::Add,
    and::And,
    atan2::Atan2,
    barrier::Barrier,
    betainc::Betainc,
    betainc_grad_a::BetaincGradA,
    betainc_grad_b::BetaincGradB,
    betainc_grad_x::BetaincGradX,
    bitcast::Bitcast,
    broadcast::Broadcast,
    call::Call,
    cbrt::Cbrt,
    ceil::Ceil,
    cholesky::Cholesky,
    compare::Compare,
    concatenate::Concatenate,
    constant::Constant,
    convert::Convert,
    cos::Cos,
    count_leading_zeros::CountLeadingZeros,
    cumulate::Cumulate,
    digamma::Digamma,
    div::Div,
    dot_general::DotGeneral,
    dynamic_slice::DynamicSlice,
    dynamic_update_slice::DynamicUpdateSlice,
    eigh::Eigh,
    erf::Erf,
    erf_inv::ErfInv,
    erfc::Erfc,
    erfcx::Erfcx,
    exp::Exp,
    expm1::Expm1,
    fence::Fence,
    floor::Floor,
    gammainc::Gammainc,
    gammainc_grad_a::GammaincGradA,
    gammaincc::Gammaincc,
    householder::Householder,
    householder_product::HouseholderProduct,
    i0::I0,
    i0e::I0e,
    i1::I1,
    i1e::I1e,
    iota::Iota,
    is_finite::IsFinite,
    lgamma::Lgamma,
    linear_recurrence::LinearRecurrence,
    log1p::Log1p,
    log1p_square::Log1pSquare,
    log::Log,
    log_add_exp::LogAddExp,
    log_ndtr::LogNdtr,
    logistic::Logistic,
    max::Max,
    min::Min,
    mul::Mul,
    ndtri::Ndtri,
    neg::Neg,
    not::Not,
    or::Or,
    pad::Pad,
    popcount::Popcount,
    pow::Pow,
    prepare::Prepare,
    qr::Qr,
    reduce_and::ReduceAnd,
    reduce_max::ReduceMax,
    reduce_min::ReduceMin,
    reduce_prod::ReduceProd,
    reduce_sum::ReduceSum,
    rem::Rem,
    reshape::Reshape,
    reverse::Reverse,
    round::Round,
    round_away::RoundAway,
    rsqrt::Rsqrt,
    scan::Scan,
    scatter::Scatter,
    scatter_add::ScatterAdd,
    select::Select,
    shift_left::ShiftLeft,
    shift_right::ShiftRight,
    sign::Sign,
    sin::Sin,
    slice::Slice,
    slogdet::Slogdet,
    softplus::Softplus,
    solve::Solve,
    sort::Sort,
    sqrt::Sqrt,
    stop_gradient::StopGradient,
    sub::Sub,
    switch::Switch,
    take::Take,
    tan::Tan,
    tanh::Tanh,
    transpose::Transpose,
    triangular_solve::TriangularSolve,
    while_loop::While,
    xor::Xor,
    zeta::Zeta,
}
