//! Special functions that are no single op of one or two operands, and logarithms that keep their digits.

use pyroxene_ir::{Loc, ops};

use super::Tensor;
use crate::trace::{self, build, composed};

impl Tensor {
    /// `−ln(1 + e⁻ˣ)`, the log of the logistic function.
    #[track_caller]
    pub fn log_sigmoid(self) -> Tensor {
        composed(Loc::caller(), || -(-self).softplus())
    }

    /// `ln(eˣ − eʸ)` for `x ≥ y`; −∞ where they are equal.
    #[track_caller]
    pub fn logsubexp(self, other: impl Into<Tensor>) -> Tensor {
        composed(Loc::caller(), || {
            let other = other.into();
            let d = other.equal(f64::NEG_INFINITY).select(f64::NEG_INFINITY, other - self);
            self + d.log1mexp()
        })
    }

    /// `ln(1 − eˣ)` for `x ≤ 0`, by `expm1` near zero and `log1p` elsewhere (Mächler 2012).
    #[track_caller]
    pub fn log1mexp(self) -> Tensor {
        composed(Loc::caller(), || {
            let near = self.greater(-std::f64::consts::LN_2);
            let small = (-near.select(self, -1.0).expm1()).log();
            let large = (-near.select(-1.0, self).exp()).log1p();
            near.select(small, large)
        })
    }

    /// `x ln y`, zero where `x` is zero unless `y` is NaN.
    #[track_caller]
    pub fn xlogy(self, y: impl Into<Tensor>) -> Tensor {
        composed(Loc::caller(), || {
            let y = y.into();
            // Inside the logarithm's domain zero times it is zero, with the right derivatives, and nothing is replaced.
            let outside = y.less_equal(0.0) | y.equal(f64::INFINITY);
            self * (self.equal(0.0) & outside).select(1.0, y).log()
        })
    }

    /// `x ln(1 + y)`, zero where `x` is zero unless `y` is NaN.
    #[track_caller]
    pub fn xlog1py(self, y: impl Into<Tensor>) -> Tensor {
        composed(Loc::caller(), || {
            let y = y.into();
            let outside = y.less_equal(-1.0) | y.equal(f64::INFINITY);
            self * (self.equal(0.0) & outside).select(0.0, y).log1p()
        })
    }

    /// `√(x² + y²)`, without over- or underflow; its derivative at the origin is zero.
    #[track_caller]
    pub fn hypot(self, other: impl Into<Tensor>) -> Tensor {
        composed(Loc::caller(), || {
            let other = other.into();
            let scale = self.abs().maximum(other.abs()).stop_gradient();
            // Zero, infinity and NaN are their own norm, as the sum of moduli is.
            let plain = scale.equal(0.0) | !scale.is_finite();
            let unit = plain.select(1.0, scale);
            let sum = (self / unit).square() + (other / unit).square();
            plain.select(scale, scale * plain.select(1.0, sum).sqrt())
        })
    }

    /// `Φ(x)`, the normal distribution function.
    #[track_caller]
    pub fn ndtr(self) -> Tensor {
        composed(Loc::caller(), || 0.5 * (-std::f64::consts::FRAC_1_SQRT_2 * self).erfc())
    }

    /// `I_x(a, b) = ∫₀ˣ tᵃ⁻¹ (1 − t)ᵇ⁻¹ dt / B(a, b)`, the regularised incomplete beta function, for `a, b > 0` and
    /// `0 ≤ x ≤ 1`, NaN outside (`jax.scipy.special.betainc`): `a.betainc(b, x)`. It has derivatives by all three; to
    /// ask for a second one by `a` or `b` is an error.
    ///
    /// ```
    /// use pyroxene_frontend::{eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let p = eval(|| Tensor::from([2.0]).betainc(1.0, 0.5))?;
    /// assert!((p.to_f64_vec()[0] - 0.25).abs() < 1e-15);
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn betainc(self, b: impl Into<Tensor>, x: impl Into<Tensor>) -> Tensor {
        let (all, loc) = ([self, b.into(), x.into()], Loc::caller());
        let Some(all) = trace::promote("betainc", &all, &loc) else { return Tensor::POISON };
        let all: Vec<Tensor> = all.iter().map(|t| t.as_float(loc.clone())).collect();
        Tensor::elementwise(ops::Betainc, &all, loc)
    }

    /// `ψ⁽ⁿ⁾(x)`, the derivative of order `n` of `digamma`.
    #[track_caller]
    pub fn polygamma(self, n: u32) -> Tensor {
        let loc = Loc::caller();
        if n == 0 {
            return self.digamma();
        }
        build("polygamma", &[self.as_float(loc.clone())], loc, |g, v| ops::polygamma(g, n, v[0]))
    }
}
