//! Layers one after another.

use pyroxene_ir::Dims;

use super::{Layer, Weights};
use crate::random::Key;

/// The layers one after another (stax's `serial`): the weights of each stand under its number, and each gets a split of
/// the key.
///
/// ```
/// use pyroxene_frontend::{eval, nn, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let net = || nn::serial([nn::dense(8), nn::relu(), nn::dense(1)]);
/// let y = eval(|| net().apply(&net().init(Key::new(0), &[10, 3]).1, Tensor::full(&[10, 3], 1.0)))?;
/// assert_eq!(y.dims(), [10, 1]);
/// # Ok(()) }
/// ```
pub fn serial(layers: impl IntoIterator<Item = Layer>) -> Layer {
    let layers: Vec<Layer> = layers.into_iter().collect();
    let applied = layers.clone();
    let init = move |mut key: Key, input: &[usize]| {
        let mut dims: Dims = input.iter().copied().collect();
        let mut weights = Vec::with_capacity(layers.len());
        for (i, layer) in layers.iter().enumerate() {
            let [next, own] = key.split();
            key = next;
            let (output, own) = layer.init(own, &dims);
            dims = output;
            weights.push((i.to_string(), own));
        }
        (dims, Weights::named(weights))
    };
    Layer::new(init, move |weights, x, key| {
        let keys = key.map(|key| key.split_shape(&[applied.len()]));
        applied.iter().enumerate().fold(x, |x, (i, layer)| {
            let key = keys.map(|keys| Key::from(keys.at(i as isize)));
            layer.call(&weights.child(&i.to_string()), x, key)
        })
    })
}
