//! A fence that no compiler moves or merges computation across.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// The operand itself, computed before anything that reads it (JAX's `optimization_barrier`).
///
/// XLA fuses a value into each of its users. Where a chain of steps uses each value twice, as random bits do, code and
/// compile time double at each step; a barrier now and then ends that.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Barrier;

impl Elementwise for Barrier {
    const NAME: &'static str = "barrier";
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
        Hlo::Native("opt-barrier")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Barrier, &[&[1.5, -2.0]]),
            Sample::integers(Barrier, &[&[0, 3]]),
            vec![Sample::values(Barrier, [Array::from([true, false])])],
        ]
        .concat()
    }
}
