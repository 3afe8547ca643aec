//! Initialisers of weights, equal to those of `jax.nn.initializers` for the same key.

use std::rc::Rc;

use pyroxene_ir::{DType, Loc};

use crate::{
    random::{self, Key},
    tensor::Tensor,
    trace::{ErrorKind, fail},
};

type Init = dyn Fn(Key, &[usize], DType) -> Tensor;

/// What makes weights of a shape and an element type from a key.
///
/// ```
/// use pyroxene_frontend::{eval, nn::initializers, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let w = eval(|| initializers::he_normal().init(Key::new(0), &[3, 5], DType::F64))?;
/// assert_eq!(w.dims(), [3, 5]);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Initializer(Rc<Init>);

impl Initializer {
    /// By a function of a key, a shape and an element type.
    pub fn new(init: impl Fn(Key, &[usize], DType) -> Tensor + 'static) -> Initializer {
        Initializer(Rc::new(init))
    }

    /// Fresh weights.
    pub fn init(&self, key: impl Into<Key>, shape: &[usize], dtype: DType) -> Tensor {
        (self.0)(key.into(), shape, dtype)
    }
}

/// `value` everywhere.
pub fn constant(value: f64) -> Initializer {
    Initializer::new(move |_, shape, dtype| Tensor::from(value).convert(dtype).broadcast_to(shape))
}

/// Zeros.
pub fn zeros() -> Initializer {
    constant(0.0)
}

/// Ones.
pub fn ones() -> Initializer {
    constant(1.0)
}

/// Normal with standard deviation `stddev`; JAX's default is 0.01.
pub fn normal(stddev: f64) -> Initializer {
    Initializer::new(move |key, shape, dtype| random::normal(key, shape, dtype) * stddev)
}

/// Uniform from 0 to `scale`; JAX's default is 0.01.
pub fn uniform(scale: f64) -> Initializer {
    Initializer::new(move |key, shape, dtype| random::uniform(key, shape, dtype, 0.0, 1.0) * scale)
}

/// Which size of a layer the variance is divided by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fan {
    /// The number of inputs.
    In,
    /// The number of outputs.
    Out,
    /// The mean of both.
    Avg,
    /// The geometric mean of both.
    GeoAvg,
}

/// How the weights are distributed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// Normal, without what lies beyond two standard deviations.
    TruncatedNormal,
    /// Normal.
    Normal,
    /// Uniform around zero.
    Uniform,
}

/// Weights of mean zero and variance `scale / n`, where `fan` says what `n` is. The last dimension is the outputs', the
/// one before it the inputs'; others count as the receptive field of a convolution.
///
/// # Errors
/// Recorded, with this line, when weights of less than two dimensions are made.
#[track_caller]
pub fn variance_scaling(scale: f64, fan: Fan, distribution: Shape) -> Initializer {
    let loc = Loc::caller();
    Initializer::new(move |key, shape, dtype| {
        let [.., inputs, outputs] = *shape else {
            let found =
                format!("an initialiser by the sizes of a layer cannot make weights of shape {shape:?}");
            let help = "use it for two or more dimensions, and `normal` or `zeros` for a vector".into();
            return fail(ErrorKind::Usage { found, help }, loc.clone());
        };
        let field = shape[..shape.len() - 2].iter().product::<usize>() as f64;
        let (fan_in, fan_out) = (inputs as f64 * field, outputs as f64 * field);
        let variance = scale
            / match fan {
                Fan::In => fan_in,
                Fan::Out => fan_out,
                Fan::Avg => (fan_in + fan_out) / 2.0,
                Fan::GeoAvg => (fan_in * fan_out).sqrt(),
            };
        match distribution {
            // The standard deviation of a standard normal between −2 and 2.
            Shape::TruncatedNormal => {
                random::truncated_normal(key, -2.0, 2.0, shape, dtype)
                    * (variance.sqrt() / 0.879_625_661_034_239_8)
            }
            Shape::Normal => random::normal(key, shape, dtype) * variance.sqrt(),
            Shape::Uniform => random::uniform(key, shape, dtype, -1.0, 1.0) * (3.0 * variance).sqrt(),
        }
    })
}

macro_rules! scaled { ($($(#[$doc:meta])* $name:ident: $scale:literal, $fan:ident, $shape:ident;)*) => { $(
    $(#[$doc])*
    #[track_caller]
    pub fn $name() -> Initializer {
        variance_scaling($scale, Fan::$fan, Shape::$shape)
    }
)* } }

scaled! {
    /// Truncated normal, of variance one by the mean of inputs and outputs (Glorot and Bengio 2010).
    glorot_normal: 1.0, Avg, TruncatedNormal;
    /// Uniform, of variance one by the mean of inputs and outputs (Glorot and Bengio 2010).
    glorot_uniform: 1.0, Avg, Uniform;
    /// Truncated normal, of variance one by the inputs (LeCun et al. 1998).
    lecun_normal: 1.0, In, TruncatedNormal;
    /// Uniform, of variance one by the inputs (LeCun et al. 1998).
    lecun_uniform: 1.0, In, Uniform;
    /// Truncated normal, of variance two by the inputs (He et al. 2015).
    he_normal: 2.0, In, TruncatedNormal;
    /// Uniform, of variance two by the inputs (He et al. 2015).
    he_uniform: 2.0, In, Uniform;
}
