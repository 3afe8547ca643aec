//! Hyperbolic and inverse trigonometric functions, composed of ops with care at zero and infinity.

use pyroxene_ir::Loc;

use super::Tensor;
use crate::trace::composed;

impl Tensor {
    /// `sinh x`.
    #[track_caller]
    pub fn sinh(self) -> Tensor {
        composed(Loc::caller(), || {
            let near = self.abs().less(1.0);
            let e = near.select(self, 0.0).expm1();
            let (up, down) = ((self * 0.5).exp(), (self * -0.5).exp());
            // Squares of half exponentials overflow no earlier than the result.
            near.select(0.5 * (e + e / (e + 1.0)), up * (0.5 * up) - down * (0.5 * down))
        })
    }

    /// `cosh x`.
    #[track_caller]
    pub fn cosh(self) -> Tensor {
        composed(Loc::caller(), || {
            let near = self.abs().less(1.0);
            // Near zero in a form whose derivative keeps its digits.
            let e = near.select(self, 0.0).expm1();
            let (up, down) = ((self * 0.5).exp(), (self * -0.5).exp());
            near.select(1.0 + 0.5 * e * e / (e + 1.0), up * (0.5 * up) + down * (0.5 * down))
        })
    }

    /// The angle in [−π/2, π/2] whose sine is `x`; NaN outside [−1, 1].
    #[track_caller]
    pub fn asin(self) -> Tensor {
        composed(Loc::caller(), || self.atan2(self.opposite()))
    }

    /// `√(1 − x²)`, as two roots: the slope of one root of the product is zero times infinity at ±1.
    fn opposite(self) -> Tensor {
        (1.0 - self).sqrt() * (1.0 + self).sqrt()
    }

    /// The angle in [0, π] whose cosine is `x`; NaN outside [−1, 1].
    #[track_caller]
    pub fn acos(self) -> Tensor {
        composed(Loc::caller(), || self.opposite().atan2(self))
    }

    /// The angle in [−π/2, π/2] whose tangent is `x`.
    #[track_caller]
    pub fn atan(self) -> Tensor {
        composed(Loc::caller(), || self.atan2(1.0))
    }

    /// The inverse of `sinh`.
    #[track_caller]
    pub fn asinh(self) -> Tensor {
        composed(Loc::caller(), || {
            // By selection, not by sign and modulus, whose derivative at zero is zero.
            let negative = self.less(0.0);
            let distance = negative.select(-self, self);
            let far = distance.greater(1e8);
            let near = far.select(1.0, distance);
            let square = near.square();
            let small = (near + square / (1.0 + (1.0 + square).sqrt())).log1p();
            let large = far.select(distance, 1.0).log() + std::f64::consts::LN_2;
            let value = far.select(large, small);
            negative.select(-value, value)
        })
    }

    /// The inverse of `cosh` on [1, ∞); NaN below 1.
    #[track_caller]
    pub fn acosh(self) -> Tensor {
        composed(Loc::caller(), || {
            let far = self.greater(1e8);
            let above = far.select(1.0, self) - 1.0;
            // Two roots, as in `opposite`.
            let small = (above + above.sqrt() * (above + 2.0).sqrt()).log1p();
            let large = far.select(self, 1.0).log() + std::f64::consts::LN_2;
            far.select(large, small)
        })
    }

    /// The inverse of `tanh` on (−1, 1), infinite at ±1.
    #[track_caller]
    pub fn atanh(self) -> Tensor {
        composed(Loc::caller(), || 0.5 * (self.log1p() - (-self).log1p()))
    }
}
