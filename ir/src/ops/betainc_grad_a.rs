//! The derivative of the regularised incomplete beta function by its first parameter.

use smallvec::smallvec;

use super::{incomplete_beta_slopes::slope_rules, *};
use crate::types::DType;

/// `∂I_x(a, b)/∂a` for `a, b > 0` and `0 ≤ x ≤ 1`; NaN outside.
///
/// Its own derivative is by `x` alone; to ask for a second one by a parameter is an error.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct BetaincGradA;

slope_rules!(BetaincGradA "betainc_grad_a" slope_a 0);
