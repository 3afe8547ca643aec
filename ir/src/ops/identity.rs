//! Ops that return their operand, each for another reason.

/// The rules of an op without parameters that returns its operand, of this name and opcode.
macro_rules! identity {
    ($Op:ident $name:literal $opcode:literal) => {
        impl Elementwise for $Op {
            const NAME: &'static str = $name;
            const ARITY: usize = 1;
            const ACCEPTS: Class = Class::Any;
            const COST: Cost = Cost::Arithmetic;

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
                Hlo::Native($opcode)
            }

            fn samples() -> Vec<Sample> {
                [
                    Sample::floats($Op, &[&[1.5, -2.0]]),
                    Sample::integers($Op, &[&[0, 3]]),
                    vec![Sample::values($Op, [Array::from([true, false])])],
                ]
                .concat()
            }
        }
    };
}

pub(super) use identity;
