//! Sample inputs of ops for the table tests.

use super::Op;
use crate::array::Array;

/// One case of the table tests: an op and operands it accepts.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The op.
    pub op: Op,
    /// Its operands.
    pub args: Vec<Array>,
    /// Whether the derivative exists at these operands and can be told from differences of nearby values.
    pub smooth: bool,
}

impl Sample {
    /// A case whose derivative is checked against finite differences in every `f64` operand.
    pub fn smooth(op: impl Into<Op>, args: impl IntoIterator<Item = Array>) -> Sample {
        Sample { op: op.into(), args: args.into_iter().collect(), smooth: true }
    }

    /// A case for values only: extremes, kinks, or an op without derivative.
    pub fn values(op: impl Into<Op>, args: impl IntoIterator<Item = Array>) -> Sample {
        Sample { op: op.into(), args: args.into_iter().collect(), smooth: false }
    }

    /// Vectors of doubles as smooth `f64` operands, and the same rounded to `f32`.
    pub fn floats(op: impl Into<Op> + Clone, args: &[&[f64]]) -> Vec<Sample> {
        let single = |x: &&[f64]| Array::from(x.iter().map(|x| *x as f32).collect::<Vec<f32>>());
        vec![
            Sample::smooth(op.clone(), args.iter().map(|x| Array::from(*x))),
            Sample::values(op, args.iter().map(single)),
        ]
    }

    /// Vectors of doubles as `f64` operands, and the same rounded to `f32`, for values only.
    pub fn extremes(op: impl Into<Op> + Clone, args: &[&[f64]]) -> Vec<Sample> {
        let mut cases = Sample::floats(op, args);
        for case in &mut cases {
            case.smooth = false;
        }
        cases
    }

    /// Vectors of integers as operands of every integer type that holds them all.
    pub fn integers(op: impl Into<Op> + Clone, args: &[&[i64]]) -> Vec<Sample> {
        fn all<T: TryFrom<i64>>(args: &[&[i64]]) -> Option<Vec<Vec<T>>> {
            args.iter().map(|x| x.iter().map(|i| T::try_from(*i).ok()).collect()).collect()
        }
        fn case<T: crate::array::Element + TryFrom<i64>>(op: impl Into<Op>, args: &[&[i64]]) -> Option<Sample>
        where
            Array: From<Vec<T>>,
        {
            all::<T>(args).map(|vs| Sample::values(op, vs.into_iter().map(Array::from)))
        }
        [
            case::<i32>(op.clone(), args),
            case::<i64>(op.clone(), args),
            case::<u32>(op.clone(), args),
            case::<u64>(op, args),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
