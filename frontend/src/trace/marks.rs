//! Marks: what a trace remembers about single values, so that misuse of a subsample has a name.

use std::collections::BTreeMap;

use pyroxene_ir::{Ty, Val};

use crate::tensor::Tensor;

/// What is known about values of a trace beside their types.
#[derive(Default)]
pub(crate) struct Marks {
    /// The plate whose subsample a value lists.
    indices: BTreeMap<(u32, Val), String>,
    /// The plates whose subsample a value has been reduced to.
    subsampled: BTreeMap<(u32, Val), Vec<String>>,
    /// The types of mutable state.
    pub(crate) states: BTreeMap<String, Ty>,
}

fn place(tensor: Tensor) -> (u32, Val) {
    (tensor.generation(), tensor.val())
}

impl Marks {
    /// Notes that a value lists the subsample of a plate.
    pub(crate) fn mark_indices(&mut self, indices: Tensor, plate: &str) {
        self.indices.insert(place(indices), plate.to_string());
    }

    /// The plate whose subsample the value lists.
    pub(crate) fn plate_of(&self, indices: Tensor) -> Option<&str> {
        self.indices.get(&place(indices)).map(String::as_str)
    }

    /// Notes that `part` is what belongs to the subsample of a plate, taken from `whole`.
    pub(crate) fn mark_subsampled(&mut self, part: Tensor, whole: Tensor, plate: &str) {
        let mut plates = self.subsampled.get(&place(whole)).cloned().unwrap_or_default();
        plates.push(plate.to_string());
        self.subsampled.insert(place(part), plates);
    }

    /// Whether the value has been reduced to the subsample of the plate.
    pub(crate) fn is_subsampled(&self, tensor: Tensor, plate: &str) -> bool {
        self.subsampled.get(&place(tensor)).is_some_and(|plates| plates.iter().any(|p| p == plate))
    }
}
