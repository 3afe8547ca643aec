//! The mark of a value that is computed once, where data are bound.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// The operand itself. The pass `hoist_data` puts it where a program is cut in two: what comes before runs once for the
/// data, what comes after at every call.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Prepare;

impl Elementwise for Prepare {
    const NAME: &'static str = "prepare";
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Any;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], _ty: &Ty) -> Array {
        args[0].clone()
    }

    fn partials(&self, _g: &mut Graph, _args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::One])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("copy")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Prepare, &[&[1.5, -2.0]]),
            Sample::integers(Prepare, &[&[0, 3]]),
            vec![Sample::values(Prepare, [Array::from([true, false])])],
        ]
        .concat()
    }
}
