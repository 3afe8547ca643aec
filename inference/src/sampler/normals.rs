//! Pairs of normal numbers from random bits, by arithmetic alone: the numbers of the sampler's generator.

use pyroxene_frontend::{Array, DType, Tensor, optimization_barrier};

/// A kind of floats: their layout, and the terms that their digits take.
struct Float {
    dtype: DType,
    /// An unsigned integer of the same width.
    word: DType,
    width: i32,
    /// The stored digits of the significand.
    digits: i32,
    bias: u64,
    /// The bits of √½.
    root_half: u64,
    /// `−2 ln m = s (c₀ + c₁ s² + …)` with `s = (m − 1) / (m + 1)` and m from √½ to √2, highest power first.
    log: &'static [f64],
    /// `√2 sin(π t / 2) = t (c₀ + c₁ t² + …)` for |t| ≤ ½, highest power first.
    sine: &'static [f64],
}

/// Coefficients by interpolation at Chebyshev's points in 60 digits. What is left out is below 2e-17.
static F64: Float = Float {
    dtype: DType::F64,
    word: DType::U64,
    width: 64,
    digits: 52,
    bias: 1023,
    root_half: 0x3fe6_a09e_667f_3bcd,
    log: &[
        -0.2961942072131055,
        -0.3062505629672838,
        -0.36367263360458657,
        -0.44444394113452096,
        -0.5714285752128336,
        -0.7999999999860468,
        -1.333333333333353,
        -4.0,
    ],
    sine: &[
        7.967585563362772e-8,
        -5.089250235931372e-6,
        0.00022689805134235255,
        -0.006621000189652891,
        0.1127023928582841,
        -0.9135311874994271,
        2.221441469079183,
    ],
};

/// The same for single precision: what is left out is below 3e-8.
static F32: Float = Float {
    dtype: DType::F32,
    word: DType::U32,
    width: 32,
    digits: 23,
    bias: 127,
    root_half: 0x3f35_04f3,
    log: &[-0.5984877943992615, -0.7994970083236694, -1.333336353302002, -4.0],
    sine: &[-0.006508421618491411, 0.11268484592437744, -0.9135302901268005, 2.2214415073394775],
};

/// Two vectors of independent standard normal numbers (`float[n]`) from two of random words (`u64[n]`), to three epsilons of the
/// pair's length: `± √(−2 ln u) (cos θ, sin θ)` with u of (0, 1) and θ of [−π/2, π/2) (Box and Muller 1958). XLA's logarithm,
/// cosine and sine of doubles call the C library for one number after the other; this goes by whole registers, and is half of
/// the code that the inverse error function takes.
///
/// Barriers are around what is read twice and is not cheap.
pub(super) fn pairs([lengths, angles]: [Tensor; 2], float: DType) -> [Tensor; 2] {
    let float = Float::of(float);
    let bits = float.word(lengths);
    // The middle of each interval: neither end is met.
    let u = float.one_to_two(bits) + (0.5f64.powi(float.digits + 1) - 1.0);
    // The lowest bit is none of u's: a sign.
    let length = float.minus_two_log(u).sqrt().bitcast(float.word) | (bits << (float.width - 1));
    let length = optimization_barrier(length.bitcast(float.dtype));
    // With s = √2 sin(θ/2), cos θ = 1 − s² and sin θ = s √(2 − s²).
    let t = float.one_to_two(float.word(angles)) - 1.5;
    let sine = optimization_barrier(polynomial(t * t, float.sine) * t);
    let square = sine * sine;
    [length * (1.0 - square), length * sine * (2.0 - square).sqrt()]
}

/// Numbers of [0, 1) from the upper bits of 64 (`u64`).
pub(super) fn unit(bits: Tensor, float: DType) -> Tensor {
    let float = Float::of(float);
    float.one_to_two(float.word(bits)) - 1.0
}

impl Float {
    fn of(dtype: DType) -> &'static Float {
        if dtype == DType::F32 { &F32 } else { &F64 }
    }

    /// The upper bits of 64.
    fn word(&self, bits: Tensor) -> Tensor {
        if self.width < 64 { (bits >> (64 - self.width)).convert(self.word) } else { bits }
    }

    fn constant(&self, word: u64) -> Tensor {
        Tensor::from(Array::scalar(word)).convert(self.word)
    }

    /// The bits of 1.
    fn one(&self) -> u64 {
        self.bias << self.digits
    }

    /// Numbers of [1, 2) from the upper bits of a word.
    fn one_to_two(&self, word: Tensor) -> Tensor {
        ((word >> (self.width - self.digits)) | self.constant(self.one())).bitcast(self.dtype)
    }

    /// `−2 ln x` of positive normal numbers, to two epsilons of it.
    fn minus_two_log(&self, x: Tensor) -> Tensor {
        // x = 2ᵏ m with m from √½ to √2: what is added makes k the exponent.
        let high = x.bitcast(self.word) + self.constant(self.one() - self.root_half);
        // As last digits of 2 to the number of digits, an integer is a float.
        let tag = self.bias + self.digits as u64;
        let tagged = (high >> self.digits) | self.constant(tag << self.digits);
        let k = tagged.bitcast(self.dtype) - (2f64.powi(self.digits) + self.bias as f64);
        let m = (high & self.constant((1 << self.digits) - 1)) + self.constant(self.root_half);
        let m = m.bitcast(self.dtype);
        let s = (m - 1.0) / (m + 1.0);
        k * (-2.0 * std::f64::consts::LN_2) + polynomial(s * s, self.log) * s
    }
}

/// A polynomial, highest power first.
fn polynomial(x: Tensor, coefficients: &[f64]) -> Tensor {
    let mut terms = coefficients.iter().map(|c| Tensor::from(*c).convert(x.dtype()));
    let highest = terms.next().unwrap_or(x);
    terms.fold(highest, |sum, c| sum * x + c)
}
