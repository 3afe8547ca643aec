//! Elementwise functions of tensors: those that are ops, arithmetic, and what concerns the bits of numbers.

use pyroxene_ir::{Array, DType, Loc, Op, ops};

use super::Tensor;
use crate::trace::{self, apply, composed, type_of};

macro_rules! float_functions { ($($(#[$doc:meta])* $name:ident $Op:ident),* $(,)?) => {
    impl Tensor { $(
        $(#[$doc])*
        #[track_caller]
        pub fn $name(self) -> Tensor {
            let loc = Loc::caller();
            apply(ops::$Op, &[self.as_float(loc.clone())], loc)
        }
    )* }
} }
float_functions! {
    /// `eˣ`, element by element.
    exp Exp,
    /// `eˣ − 1`, accurate near zero.
    expm1 Expm1,
    /// `ln x`.
    log Log,
    /// `ln(1 + x)`, accurate near zero.
    log1p Log1p,
    /// `ln(1 + x²)`, accurate near zero, and also where the square overflows.
    log1p_square Log1pSquare,
    /// `√x`.
    sqrt Sqrt,
    /// `tan x`, radians.
    tan Tan,
    /// `1 / (1 + e⁻ˣ)`, the inverse logit (JAX's `expit`).
    logistic Logistic,
    /// `ln(1 + eˣ)`.
    softplus Softplus,
    /// The inverse error function on (−1, 1).
    erf_inv ErfInv,
    /// Whether each element is neither infinite nor NaN.
    is_finite IsFinite,
    /// The largest integer not above `x`, as a float.
    floor Floor,
    /// The smallest integer not below `x`, as a float.
    ceil Ceil,
    /// The nearest integer, the even one of two.
    round Round,
    /// The nearest integer, of two the one farther from zero (`jax.lax.round`'s default).
    ///
    /// ```
    /// use pyroxene_frontend::{eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = eval(|| Tensor::from([-2.5, 0.5, 0.49999999999999994]).round_away())?;
    /// assert_eq!(x.to_f64_vec(), [-3.0, 1.0, 0.0]);
    /// # Ok(()) }
    /// ```
    round_away RoundAway,
    /// `sin x`, radians.
    sin Sin,
    /// `cos x`, radians.
    cos Cos,
    /// `tanh x`.
    tanh Tanh,
    /// `1 / √x`.
    rsqrt Rsqrt,
    /// `∛x`, odd in `x`.
    cbrt Cbrt,
    /// The error function.
    erf Erf,
    /// `1 − erf x`, with all digits where it is small.
    erfc Erfc,
    /// `e^x² erfc(x)`, which neither under- nor overflows for positive `x`.
    erfcx Erfcx,
    /// `ln Φ(x)`, the log of the normal distribution function, with all digits in both tails.
    log_ndtr LogNdtr,
    /// `Φ⁻¹(p)`, the normal quantile function.
    ndtri Ndtri,
    /// `ln |Γ(x)|`.
    lgamma Lgamma,
    /// `ψ(x)`, the derivative of `lgamma`.
    digamma Digamma,
    /// `e^−|x| I₀(x)`, the scaled modified Bessel function of order zero.
    i0e I0e,
    /// `e^−|x| I₁(x)`, the scaled modified Bessel function of order one.
    i1e I1e,
    /// `I₀(x)`, the modified Bessel function of order zero.
    i0 I0,
    /// `I₁(x)`, the modified Bessel function of order one.
    i1 I1,
}

/// An elementwise op on two floats, after promotion and broadcasting; integers become floats.
fn float_binary(op: impl Into<Op>, x: Tensor, y: Tensor, loc: Loc) -> Tensor {
    let op = op.into();
    let Some(both) = trace::promote(op.name(), &[x, y], &loc) else { return Tensor::POISON };
    let both: Vec<Tensor> = both.iter().map(|t| t.as_float(loc.clone())).collect();
    Tensor::elementwise(op, &both, loc)
}

macro_rules! float_functions_of_two { ($($(#[$doc:meta])* $name:ident $Op:ident),* $(,)?) => {
    impl Tensor { $(
        $(#[$doc])*
        #[track_caller]
        pub fn $name(self, other: impl Into<Tensor>) -> Tensor {
            float_binary(ops::$Op, self, other.into(), Loc::caller())
        }
    )* }
} }
float_functions_of_two! {
    /// `xʸ`; negative bases take integer exponents. Derivatives are finite where the true ones are.
    pow Pow,
    /// The angle of the point `(x, y)` in [−π, π]: `y.atan2(x)`.
    atan2 Atan2,
    /// `ln(eˣ + eʸ)`, without overflow.
    logaddexp LogAddExp,
    /// Hurwitz's zeta function `ζ(s, q) = Σₖ (q + k)⁻ˢ` for `s > 1`, `q > 0`: `s.zeta(q)`. It has no derivative by `s`.
    zeta Zeta,
    /// `P(a, x) = ∫₀ˣ tᵃ⁻¹ e⁻ᵗ dt / Γ(a)`, the regularised lower incomplete gamma function, for `a > 0` and `x ≥ 0`, NaN
    /// outside (`jax.scipy.special.gammainc`): `a.gammainc(x)`. By `a` it has a first derivative alone.
    gammainc Gammainc,
    /// `1 − P(a, x)` with all digits where it is small, the regularised upper incomplete gamma function
    /// (`jax.scipy.special.gammaincc`): `a.gammaincc(x)`. By `a` it has a first derivative alone.
    gammaincc Gammaincc,
}

impl Tensor {
    /// `|x|`, element by element.
    #[track_caller]
    pub fn abs(self) -> Tensor {
        apply(ops::Abs, &[self], Loc::caller())
    }

    /// −1, 0 or 1.
    #[track_caller]
    pub fn sign(self) -> Tensor {
        apply(ops::Sign, &[self], Loc::caller())
    }

    /// `x²`.
    #[track_caller]
    pub fn square(self) -> Tensor {
        apply(ops::Mul, &[self, self], Loc::caller())
    }

    /// The elements in another element type.
    #[track_caller]
    pub fn convert(self, dtype: DType) -> Tensor {
        if type_of(self).is_some_and(|ty| ty.dtype == dtype) {
            return self.definite();
        }
        apply(ops::Convert { dtype }, &[self], Loc::caller())
    }

    /// The bits read as another element type of the same width.
    #[track_caller]
    pub fn bitcast(self, dtype: DType) -> Tensor {
        apply(ops::Bitcast { dtype }, &[self], Loc::caller())
    }

    /// `xⁿ` by repeated multiplication, for any base.
    #[track_caller]
    pub fn powi(self, n: i32) -> Tensor {
        composed(Loc::caller(), || {
            let (mut power, mut square, mut left) = (None, self, n.unsigned_abs());
            while left > 0 {
                if !left.is_multiple_of(2) {
                    power = Some(match power {
                        None => square,
                        Some(p) => square * p,
                    });
                }
                left /= 2;
                if left > 0 {
                    square = square.square();
                }
            }
            match power {
                None => trace::constant(Array::filled(&self.ty(), 1.0), self.is_weak(), Loc::caller()),
                Some(p) if n < 0 => p.reciprocal(),
                Some(p) => p,
            }
        })
    }

    /// `1 / x`.
    #[track_caller]
    pub fn reciprocal(self) -> Tensor {
        composed(Loc::caller(), || 1.0 / self)
    }

    /// `2ˣ`.
    #[track_caller]
    pub fn exp2(self) -> Tensor {
        composed(Loc::caller(), || Tensor::from(2.0).pow(self))
    }

    /// `log₂ x`.
    #[track_caller]
    pub fn log2(self) -> Tensor {
        composed(Loc::caller(), || self.log() / std::f64::consts::LN_2)
    }

    /// `log₁₀ x`.
    #[track_caller]
    pub fn log10(self) -> Tensor {
        composed(Loc::caller(), || self.log() / std::f64::consts::LN_10)
    }

    /// `ln(p / (1 − p))`, the inverse of `logistic`.
    #[track_caller]
    pub fn logit(self) -> Tensor {
        composed(Loc::caller(), || self.log() - (-self).log1p())
    }

    /// The nearest integer towards zero, as a float.
    #[track_caller]
    pub fn trunc(self) -> Tensor {
        composed(Loc::caller(), || self.less(0.0).select(self.ceil(), self.floor()))
    }

    /// The largest integer not above `x / y`, for integers and floats (NumPy's `floor_divide`).
    #[track_caller]
    pub fn floor_divide(self, y: impl Into<Tensor>) -> Tensor {
        let y = y.into();
        composed(Loc::caller(), || {
            let quotient = self / y;
            if quotient.dtype().is_float() {
                return quotient.floor();
            }
            // Integer division cuts towards zero.
            let below = (self % y).not_equal(0i64) & self.less(0i64).not_equal(y.less(0i64));
            quotient - below.convert(quotient.dtype())
        })
    }

    /// `x − y ⌊x / y⌋`, which has the sign of `y` (NumPy's `remainder`; `%` has the sign of `x`).
    #[track_caller]
    pub fn remainder(self, y: impl Into<Tensor>) -> Tensor {
        let y = y.into();
        composed(Loc::caller(), || {
            let rest = self % y;
            let other_side = rest.not_equal(0i64) & rest.less(0i64).not_equal(y.less(0i64));
            other_side.select(rest + y, rest)
        })
    }

    /// `|x|` with the sign of `y`, which may be a zero's.
    #[track_caller]
    pub fn copysign(self, y: impl Into<Tensor>) -> Tensor {
        let (y, loc) = (y.into(), Loc::caller());
        composed(loc.clone(), || {
            let y = y.as_float(loc);
            let size = self.abs();
            y.bits().less(0i64).select(-size, size)
        })
    }

    /// The bits of floats as signed integers.
    fn bits(self) -> Tensor {
        self.bitcast(if self.dtype() == DType::F32 { DType::I32 } else { DType::I64 })
    }

    /// The neighbour of `x` among the numbers of its type on the side of `y`. It has no derivative.
    #[track_caller]
    pub fn nextafter(self, y: impl Into<Tensor>) -> Tensor {
        let (y, loc) = (y.into(), Loc::caller());
        composed(loc.clone(), || {
            let Some(both) = trace::promote("nextafter", &[self.as_float(loc.clone()), y], &loc) else {
                return Tensor::POISON;
            };
            let [x, y] = [both[0], both[1]];
            // Integers in the order of the floats, neighbours one apart: those of negative floats mirrored.
            let least = if x.dtype() == DType::F32 { i64::from(i32::MIN) } else { i64::MIN };
            let mirrored = |bits: Tensor| bits.less(0i64).select(least - bits, bits);
            let (from, to) = (mirrored(x.bits()), mirrored(y.bits()));
            let step = from.less(to).convert(from.dtype()) - from.greater(to).convert(from.dtype());
            let next = mirrored(from + step).bitcast(x.dtype());
            (x.is_nan() | y.is_nan()).select(f64::NAN, next)
        })
    }

    /// Whether each element is infinite.
    #[track_caller]
    pub fn is_inf(self) -> Tensor {
        composed(Loc::caller(), || self.abs().equal(f64::INFINITY))
    }

    /// Numbers in the place of NaN (zero) and infinities (the largest and least finite ones), with derivative zero there.
    #[track_caller]
    pub fn nan_to_num(self) -> Tensor {
        composed(Loc::caller(), || {
            let largest = if self.dtype() == DType::F32 { f64::from(f32::MAX) } else { f64::MAX };
            let below = self.less(0.0).select(-largest, largest);
            self.is_finite().select(self, self.is_nan().select(0.0, below))
        })
    }

    /// Whether each element is NaN.
    #[track_caller]
    pub fn is_nan(self) -> Tensor {
        composed(Loc::caller(), || self.not_equal(self))
    }

    /// The value, through which no derivative flows.
    #[track_caller]
    pub fn stop_gradient(self) -> Tensor {
        apply(ops::StopGradient, &[self], Loc::caller())
    }

    /// The number of ones among an integer's bits.
    #[track_caller]
    pub fn popcount(self) -> Tensor {
        apply(ops::Popcount, &[self], Loc::caller())
    }

    /// The number of zeros above an integer's highest one; of zero, all its bits.
    #[track_caller]
    pub fn count_leading_zeros(self) -> Tensor {
        apply(ops::CountLeadingZeros, &[self], Loc::caller())
    }

    /// The value moved into `[low, high]`; NaN stays.
    #[track_caller]
    pub fn clamp(self, low: impl Into<Tensor>, high: impl Into<Tensor>) -> Tensor {
        composed(Loc::caller(), || self.maximum(low).minimum(high))
    }
}
