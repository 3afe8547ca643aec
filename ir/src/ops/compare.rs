//! Comparison.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// Compares element by element; NaN is unequal to everything and in no order.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Compare(
    /// The direction.
    pub Comparison,
);

impl Compare {
    fn holds<T: PartialOrd>(&self, x: T, y: T) -> bool {
        match self.0 {
            Comparison::Eq => x == y,
            Comparison::Ne => x != y,
            Comparison::Lt => x < y,
            Comparison::Le => x <= y,
            Comparison::Gt => x > y,
            Comparison::Ge => x >= y,
        }
    }
}

impl Elementwise for Compare {
    const NAME: &'static str = "compare";
    const COST: Cost = Cost::Arithmetic;
    const ARITY: usize = 2;
    const ACCEPTS: Class = Class::Any;

    fn result(&self, _operand: DType) -> DType {
        DType::Bool
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        if args[0].dtype().is_float() {
            let (x, y) = (args[0].to_f64_vec(), args[1].to_f64_vec());
            Array::from_i128_iter(ty, x.into_iter().zip(y).map(|(x, y)| i128::from(self.holds(x, y))))
        } else {
            bits2(args, ty, |x, y| i128::from(self.holds(x, y)))
        }
    }

    fn partials(&self, _g: &mut Graph, _args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::None, Partial::None])
    }

    fn hlo(&self) -> Hlo {
        Hlo::with("compare", HloAttr::Comparison(self.0))
    }

    fn samples() -> Vec<Sample> {
        use Comparison::*;
        [Eq, Ne, Lt, Le, Gt, Ge]
            .into_iter()
            .flat_map(|c| {
                let mut cases =
                    Sample::extremes(Compare(c), &[&[1.0, 2.0, 2.0, f64::NAN], &[2.0, 1.0, 2.0, 0.0]]);
                cases.extend(Sample::integers(Compare(c), &[&[1, 2, 2], &[2, 1, 2]]));
                cases
            })
            .collect()
    }
}
