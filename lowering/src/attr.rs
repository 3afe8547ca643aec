//! Attributes of HLO rules in the fields and words of XLA's messages.

use pyroxene_ir::{
    DType,
    ops::{Comparison, GatherDims, ScatterDims, TriangularSolve},
};

use crate::{
    proto::{
        DotDimensionNumbers, GatherDimensionNumbers, PaddingConfig, PaddingConfigDimension,
        ScatterDimensionNumbers, SliceDimensions, TransposeA, TriangularSolveOptions,
    },
    shape::ints,
};

/// The direction of a compare.
pub(crate) fn direction(direction: Comparison) -> &'static str {
    match direction {
        Comparison::Eq => "EQ",
        Comparison::Ne => "NE",
        Comparison::Lt => "LT",
        Comparison::Le => "LE",
        Comparison::Gt => "GT",
        Comparison::Ge => "GE",
    }
}

/// How a compare reads operands of this type.
pub(crate) fn comparison_type(dtype: DType) -> &'static str {
    match dtype {
        DType::F32 | DType::F64 => "FLOAT",
        DType::I32 | DType::I64 => "SIGNED",
        DType::Bool | DType::U32 | DType::U64 => "UNSIGNED",
    }
}

/// The range of a slice along one dimension.
pub(crate) fn slice(range: &[usize; 3]) -> SliceDimensions {
    let [start, limit, stride] = range.map(|x| x as i64);
    SliceDimensions { start, limit, stride }
}

/// The amounts of a pad.
pub(crate) fn padding(amounts: &[[usize; 3]]) -> PaddingConfig {
    let dimension = |[low, high, interior]: &[usize; 3]| PaddingConfigDimension {
        edge_padding_low: *low as i64,
        edge_padding_high: *high as i64,
        interior_padding: *interior as i64,
    };
    PaddingConfig { dimensions: amounts.iter().map(dimension).collect() }
}

/// The dimension numbers of a gather.
pub(crate) fn gather(dims: &GatherDims) -> GatherDimensionNumbers {
    GatherDimensionNumbers {
        offset_dims: ints(&dims.offset_dims),
        collapsed_slice_dims: ints(&dims.collapsed_slice_dims),
        start_index_map: ints(&dims.start_index_map),
        index_vector_dim: dims.index_vector_dim as i64,
    }
}

/// The dimension numbers of a scatter.
pub(crate) fn scatter(dims: &ScatterDims) -> ScatterDimensionNumbers {
    ScatterDimensionNumbers {
        update_window_dims: ints(&dims.update_window_dims),
        inserted_window_dims: ints(&dims.inserted_window_dims),
        scatter_dims_to_operand_dims: ints(&dims.scatter_dims_to_operand_dims),
        index_vector_dim: dims.index_vector_dim as i64,
    }
}

/// The dimension numbers of a dot.
pub(crate) fn dot(contract: &[[usize; 2]], batch: &[[usize; 2]]) -> DotDimensionNumbers {
    let side = |pairs: &[[usize; 2]], side: usize| pairs.iter().map(|p| p[side] as i64).collect();
    DotDimensionNumbers {
        lhs_contracting_dimensions: side(contract, 0),
        rhs_contracting_dimensions: side(contract, 1),
        lhs_batch_dimensions: side(batch, 0),
        rhs_batch_dimensions: side(batch, 1),
    }
}

/// The options of a triangular-solve.
pub(crate) fn triangular_solve(op: &TriangularSolve) -> TriangularSolveOptions {
    TriangularSolveOptions {
        left_side: op.left,
        lower: op.lower,
        unit_diagonal: op.unit_diagonal,
        transpose_a: if op.transpose { TransposeA::Transpose } else { TransposeA::NoTranspose }.into(),
    }
}
