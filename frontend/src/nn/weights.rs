//! Trees of weights.

use pyroxene_ir::Loc;

use crate::{
    tensor::Tensor,
    trace::{ErrorKind, fail},
};

/// The weights of a layer: a tensor, or weights under names (a pytree of JAX's).
///
/// ```
/// use pyroxene_frontend::{eval, nn, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// eval(|| {
///     let (_, weights) = nn::serial([nn::dense(2), nn::relu(), nn::dense(1)]).init(Key::new(0), &[3]);
///     let paths: Vec<String> = weights.leaves().into_iter().map(|(path, _)| path).collect();
///     assert_eq!(paths, ["0.W", "0.b", "2.W", "2.b"]);
///     weights.leaf("0.W")
/// })?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub enum Weights {
    /// One tensor.
    Leaf(Tensor),
    /// Weights under names, in an order of their own; none for a layer that has no weights.
    Node(Vec<(String, Weights)>),
}

impl From<Tensor> for Weights {
    fn from(leaf: Tensor) -> Weights {
        Weights::Leaf(leaf)
    }
}

impl Weights {
    /// No weights.
    pub fn none() -> Weights {
        Weights::Node(Vec::new())
    }

    /// Weights under names.
    pub fn named<N: Into<String>, W: Into<Weights>>(children: impl IntoIterator<Item = (N, W)>) -> Weights {
        Weights::Node(children.into_iter().map(|(name, child)| (name.into(), child.into())).collect())
    }

    /// The weights under a name; none if there are none.
    pub fn child(&self, name: &str) -> Weights {
        let Weights::Node(children) = self else { return Weights::none() };
        children.iter().find(|(n, _)| n == name).map(|(_, child)| child.clone()).unwrap_or_else(Weights::none)
    }

    /// The tensor at a path.
    ///
    /// # Errors
    /// Recorded, with this line, when there is none.
    #[track_caller]
    pub fn leaf(&self, path: &str) -> Tensor {
        match path.split('.').fold(self.clone(), |weights, name| weights.child(name)) {
            Weights::Leaf(leaf) => leaf,
            Weights::Node(_) => {
                let known: Vec<String> = self.leaves().into_iter().map(|(path, _)| path).collect();
                let found = format!("there is no weight `{path}`");
                let help = format!("the weights are {}", known.join(", "));
                fail(ErrorKind::Usage { found, help }, Loc::caller())
            }
        }
    }

    /// All tensors with their paths, names joined by dots, in order.
    pub fn leaves(&self) -> Vec<(String, Tensor)> {
        let mut leaves = Vec::new();
        self.map(&mut |path, leaf| {
            leaves.push((path.to_string(), leaf));
            leaf
        });
        leaves
    }

    /// The same tree with other tensors: `f` gets each path and tensor, in order.
    pub fn map(&self, f: &mut dyn FnMut(&str, Tensor) -> Tensor) -> Weights {
        self.map_below("", f)
    }

    fn map_below(&self, path: &str, f: &mut dyn FnMut(&str, Tensor) -> Tensor) -> Weights {
        match self {
            Weights::Leaf(leaf) => Weights::Leaf(f(path, *leaf)),
            Weights::Node(children) => {
                let below = |name: &str| if path.is_empty() { name.into() } else { format!("{path}.{name}") };
                let mapped =
                    children.iter().map(|(name, child)| (name.clone(), child.map_below(&below(name), f)));
                Weights::Node(mapped.collect())
            }
        }
    }
}
