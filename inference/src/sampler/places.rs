//! Places for vectors of one length, which are read and written by numbers known only at run time.
//!
//! One chain writes in place. Of many in lockstep each writes elsewhere, which would be a scatter: there all places are gone
//! through.

use pyroxene_frontend::prelude::*;

/// The places.
#[derive(Clone, Copy)]
pub(super) struct Places {
    /// One after the other in a long vector: a dimension of its own would make XLA copy them one number at a time. Of many
    /// chains a row each.
    pub(super) all: Tensor,
    /// The length of one.
    pub(super) width: usize,
}

impl Places {
    /// Room for so many of a length; `lockstep` where many chains are one program.
    pub(super) fn room([count, width]: [usize; 2], float: DType, lockstep: bool) -> Tensor {
        let dims = if lockstep { vec![count, width] } else { vec![count * width] };
        Tensor::zeros(&dims).convert(float)
    }

    /// Vectors in as many places.
    pub(super) fn of(vectors: &[Tensor], lockstep: bool) -> Places {
        let all = if lockstep { Tensor::stack(vectors) } else { Tensor::concatenate(vectors) };
        Places { all, width: vectors.first().map_or(0, |v| v.dim(0)) }
    }

    pub(super) fn lockstep(self) -> bool {
        self.all.rank() == 2
    }

    /// `n` elements of a place, from its element `k` on.
    pub(super) fn read(self, place: Tensor, k: usize, n: usize) -> Tensor {
        if self.lockstep() {
            let start = [place.convert(DType::I64), Tensor::from(k as i64)];
            return self.all.dynamic_slice(&start, &[1, n]).reshape(&[n]);
        }
        self.all.dynamic_slice(&[self.start(place, k)], &[n])
    }

    /// The places with these parts in one, one after the other from its first element on.
    pub(super) fn write(self, place: Tensor, parts: &[Tensor]) -> Places {
        if self.lockstep() {
            return Places { all: self.written(place, parts), ..self };
        }
        let mut k = 0;
        let write = |all: Tensor, part: &Tensor| {
            let start = self.start(place, k);
            k += part.dim(0);
            all.dynamic_update_slice(*part, &[start])
        };
        Places { all: parts.iter().fold(self.all, write), ..self }
    }

    /// The rows with one of these parts in one.
    fn written(self, place: Tensor, parts: &[Tensor]) -> Tensor {
        let rest = self.width - parts.iter().map(|part| part.dim(0)).sum::<usize>();
        let mut parts = parts.to_vec();
        if rest > 0 {
            parts.push(Tensor::zeros(&[rest]).convert(self.all.dtype()));
        }
        let here = Tensor::iota(DType::I32, &[self.all.dim(0), 1], 0).equal(place);
        here.select(Tensor::concatenate(&parts), self.all)
    }

    /// Where element `k` of a place is.
    fn start(self, place: Tensor, k: usize) -> Tensor {
        (place * self.width + k).convert(DType::I64)
    }
}
