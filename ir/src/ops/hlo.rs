//! HLO rules as data: what `lowering` needs to know of an op, so that a new op does not touch that crate.

use std::sync::Arc;

use super::{Op, TriangularSolve};
use crate::{
    array::Array,
    error::TypeError,
    graph::{Graph, Operands, Val},
};

/// How an op becomes HLO.
#[derive(Clone, Debug)]
pub enum Hlo {
    /// The instruction of this opcode over the same operands.
    Native(&'static str),
    /// The same with attributes.
    WithAttrs(&'static str, Vec<HloAttr>),
    /// No instruction: `legalize` replaces the op by what this builds from its operands.
    Expand(fn(&mut Graph, &[Val]) -> Result<Val, TypeError>),
    /// The same for an op with parameters or several results: it builds all of them.
    ExpandOp(fn(&Op, &mut Graph, &[Val]) -> Result<Operands, TypeError>),
}

impl Hlo {
    /// An instruction with one attribute.
    pub fn with(opcode: &'static str, attr: HloAttr) -> Hlo {
        Hlo::WithAttrs(opcode, vec![attr])
    }
}

/// An attribute of an HLO instruction. Sizes are in elements, dimensions count from the outermost.
#[derive(Clone, PartialEq, Debug)]
pub enum HloAttr {
    /// `dimensions={..}`: of a broadcast, transpose, reduce, concatenate or iota.
    Dimensions(Vec<usize>),
    /// The value of a constant.
    Literal(Array),
    /// The direction of a compare.
    Comparison(Comparison),
    /// `slice={[start:limit:stride], ..}`, one triple for each dimension.
    Slice(Vec<[usize; 3]>),
    /// `padding=low_high_interior`, one triple for each dimension; the padding value is zero, which lowering adds as an
    /// operand.
    ZeroPadding(Vec<[usize; 3]>),
    /// The body of a reduce or scatter: the named binary opcode over two scalars of the operand's type. A reduce
    /// starts from the second field, converted to that type, which lowering adds as an operand.
    Combine(&'static str, Option<f64>),
    /// The body of a scatter that keeps nothing of what was there: it returns the update.
    Overwrite,
    /// The condition and the body of a while. The operands become one tuple, which the condition and the body take; the
    /// first ones, which the body does not return, stay as they are.
    Loop {
        /// Takes all operands, returns whether to go on.
        cond: Arc<Graph>,
        /// Takes all operands, returns the last ones anew.
        body: Arc<Graph>,
    },
    /// The branches of a conditional: each takes all operands after the first, which says the branch.
    Branches(Vec<Arc<Graph>>),
    /// A call of this graph on all operands. As a kernel it becomes one function of machine code on devices that can.
    Call {
        /// Takes all operands, returns the results.
        body: Arc<Graph>,
        /// Whether it becomes one function.
        kernel: bool,
    },
    /// The sizes of a dynamic slice.
    SliceSizes(Vec<usize>),
    /// A stable sort along a dimension. The comparator takes, for each operand in turn, an element of the left place and
    /// one of the right, and returns whether the left comes first.
    Sort {
        /// The dimension sorted along.
        axis: usize,
        /// From `2n` scalars to a truth value.
        comparator: Arc<Graph>,
    },
    /// Dimension numbers of a gather.
    Gather(GatherDims),
    /// Dimension numbers of a scatter.
    Scatter(ScatterDims),
    /// The pairs of dimensions that a dot contracts, and those it pairs as a batch: left operand's, right operand's.
    Dot(Vec<[usize; 2]>, Vec<[usize; 2]>),
    /// The name of a computation that every device's compiler knows beside the opcodes.
    CustomCall(&'static str),
    /// A cholesky of lower triangles.
    Cholesky,
    /// The options of a triangular-solve.
    TriangularSolve(TriangularSolve),
}

/// The direction of a comparison. NaN compares unequal to everything and is not ordered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less than.
    Lt,
    /// Less than or equal.
    Le,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Ge,
}

/// `GatherDimensionNumbers` of XLA with its slice sizes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GatherDims {
    /// `offset_dims`.
    pub offset_dims: Vec<usize>,
    /// `collapsed_slice_dims`.
    pub collapsed_slice_dims: Vec<usize>,
    /// `start_index_map`.
    pub start_index_map: Vec<usize>,
    /// `index_vector_dim`.
    pub index_vector_dim: usize,
    /// `slice_sizes`.
    pub slice_sizes: Vec<usize>,
}

/// `ScatterDimensionNumbers` of XLA.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScatterDims {
    /// `update_window_dims`.
    pub update_window_dims: Vec<usize>,
    /// `inserted_window_dims`.
    pub inserted_window_dims: Vec<usize>,
    /// `scatter_dims_to_operand_dims`.
    pub scatter_dims_to_operand_dims: Vec<usize>,
    /// `index_vector_dim`.
    pub index_vector_dim: usize,
}
