//! The rules of ops in general, with several results or with closed graphs inside; an op of one result has them for free.

use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};
use smallvec::{SmallVec, smallvec};

use super::{Batch, Cost, Cotangents, Hlo, Jvp, Op, Rules, Sample, Vjp};
use crate::{
    array::Array,
    error::TypeError,
    graph::{Graph, Operands, Val},
    types::Ty,
};

/// The types of an op's results.
pub type Tys = SmallVec<[Ty; 1]>;

/// The tangent of each result; `None` is zero.
pub type Tangents = SmallVec<[Option<Val>; 2]>;

/// Each result on a batch, and the dimension that runs over the batch; `None` where all members share the result.
pub type Batched = SmallVec<[(Val, Option<usize>); 2]>;

/// What a reverse rule sees: the graph it extends, and the values around the op.
pub struct MultiVjp<'a> {
    /// The graph under construction: forward values first, then adjoints.
    pub graph: &'a mut Graph,
    /// The operands.
    pub args: &'a [Val],
    /// Which operands' derivatives are of use.
    pub wanted: &'a [bool],
    /// The results.
    pub outs: &'a [Val],
    /// The derivative of the final scalar by each result; `None` is zero. One at least is there.
    pub cts: &'a [Option<Val>],
}

/// What a forward rule sees: the graph it extends, and the operands. It builds the op's results too.
pub struct MultiJvp<'a> {
    /// The graph under construction: values and tangents.
    pub graph: &'a mut Graph,
    /// The operands.
    pub args: &'a [Val],
    /// The tangent of each operand; `None` is zero. One at least is there.
    pub tangents: &'a [Option<Val>],
}

/// Everything the compiler knows about one op, of whatever kind. There are no default rules.
pub trait MultiRules: Clone + Into<Op> + Serialize + DeserializeOwned {
    /// The name in the text form.
    const OP: &'static str;

    /// What it costs beside reading its operands and writing its results.
    const COST: Cost;

    /// Whether each element of the one result comes of the operands' elements at the same position.
    const ELEMENTWISE: bool = false;

    /// The type rule: the results' types from the operands'; at least one.
    ///
    /// # Errors
    /// When the operands do not fit; the error says what was expected.
    fn infer(&self, args: &[Ty]) -> Result<Tys, TypeError>;

    /// The closed pure graphs inside, in a fixed order.
    fn regions(&self) -> Vec<Arc<Graph>>;

    /// The op with other graphs inside; the type rule refuses what does not fit.
    fn with_regions(&self, regions: Vec<Arc<Graph>>) -> Self;

    /// The reference semantics, on operands that passed the type rule, with its result types.
    fn eval(&self, args: &[&Array], tys: &[Ty]) -> Vec<Array>;

    /// What to run in this op's place where its reverse derivative is wanted: an op of the same first results, followed
    /// by what the reverse rule needs of the inside. `None`: the op itself.
    fn saving(&self) -> Option<Op>;

    /// The reverse rule: how the results' derivatives flow to the operands.
    ///
    /// # Errors
    /// When the op has no reverse derivative; the error says what to use instead.
    fn vjp(&self, cx: MultiVjp<'_>) -> Result<Cotangents, TypeError>;

    /// The forward rule: the results, and their tangents from those of the operands.
    ///
    /// # Errors
    /// When the op has no forward derivative; the error says what to use instead.
    fn jvp(&self, cx: MultiJvp<'_>) -> Result<(Operands, Tangents), TypeError>;

    /// The batch rule: the op on every member of the batch at once.
    ///
    /// # Errors
    /// When the rule builds an ill-typed node, which is a defect of the rule.
    fn batch(&self, cx: Batch<'_>) -> Result<Batched, TypeError>;

    /// How the op becomes HLO over operands of these types.
    fn hlo(&self, args: &[Ty]) -> Hlo;

    /// Inputs for the table tests: XLA against the interpreter, derivatives against differences.
    fn samples() -> Vec<Sample>;
}

impl<T: Rules> MultiRules for T {
    const OP: &'static str = T::NAME;
    const COST: Cost = T::COST;
    const ELEMENTWISE: bool = T::ELEMENTWISE;

    fn infer(&self, args: &[Ty]) -> Result<Tys, TypeError> {
        Ok(smallvec![Rules::infer(self, args)?])
    }

    fn regions(&self) -> Vec<Arc<Graph>> {
        Vec::new()
    }

    fn with_regions(&self, _regions: Vec<Arc<Graph>>) -> T {
        self.clone()
    }

    fn eval(&self, args: &[&Array], tys: &[Ty]) -> Vec<Array> {
        vec![Rules::eval(self, args, &tys[0])]
    }

    fn saving(&self) -> Option<Op> {
        None
    }

    fn vjp(&self, cx: MultiVjp<'_>) -> Result<Cotangents, TypeError> {
        match cx.cts[0] {
            Some(ct) => {
                let (args, out, wanted) = (cx.args, cx.outs[0], cx.wanted);
                Rules::vjp(self, Vjp { graph: cx.graph, args, out, ct, wanted })
            }
            None => Ok(cx.args.iter().map(|_| None).collect()),
        }
    }

    fn jvp(&self, cx: MultiJvp<'_>) -> Result<(Operands, Tangents), TypeError> {
        let out = cx.graph.push(self.clone(), cx.args)?;
        let cx = Jvp { graph: cx.graph, args: cx.args, out, tangents: cx.tangents };
        Ok((smallvec![out], smallvec![Rules::jvp(self, cx)?]))
    }

    fn batch(&self, cx: Batch<'_>) -> Result<Batched, TypeError> {
        let (v, axis) = Rules::batch(self, cx)?;
        Ok(smallvec![(v, Some(axis))])
    }

    fn hlo(&self, args: &[Ty]) -> Hlo {
        Rules::hlo(self, args)
    }

    fn samples() -> Vec<Sample> {
        <T as Rules>::samples()
    }
}
