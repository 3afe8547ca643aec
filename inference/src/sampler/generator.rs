//! The random numbers of a sampler in the graph: one stream for each transition, from a key and a counter.

use pyroxene_frontend::{
    DType, Tensor, optimization_barrier,
    random::{self, Key},
};

use super::normals::{self, unit};

/// Where the numbers inside an in-graph sampler come from. All are counted, not chained, so draws do not depend on how
/// many transitions are made at a time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
#[non_exhaustive]
pub enum Generator {
    /// Squares (Widynski 2020, arXiv:2004.06278, `squares64`): a hash of a 64-bit counter in five rounds of one
    /// multiplication. A few nanoseconds a number, where threefry takes thirty; it passes BigCrush and PractRand.
    /// Normal numbers are made in pairs (Box and Muller 1958).
    #[default]
    Squares,
    /// JAX's threefry-2x32 (Salmon et al. 2011), by the functions of [`random`](pyroxene_frontend::random).
    Threefry,
}

/// The random numbers of one transition.
pub(super) struct Stream {
    float: DType,
    source: Source,
}

enum Source {
    /// Key and the counter's value for the first normal number, for the bits, and for the first leaf.
    Squares { key: Tensor, start: Tensor, bits: Tensor, first_leaf: Tensor },
    /// Keys for the normals, for the directions and for the leaves.
    Threefry([Key; 3]),
}

impl Generator {
    /// A chain's key (`u32[2]`) as streams take it: made once for all transitions.
    pub(super) fn prepared(self, key: Tensor) -> Tensor {
        match self {
            Generator::Squares => {
                let words = key.convert(DType::U64);
                ((words.at(0..1) << 32) | words.at(1..2)).at(0)
            }
            Generator::Threefry => key,
        }
    }

    /// The stream of transition number `count` (`i64[]`) under a key that is [prepared](Generator::prepared), with up to
    /// `normals` normal numbers and `uniforms` uniform ones of element type `float`.
    pub(super) fn stream(
        self,
        key: Tensor,
        count: Tensor,
        float: DType,
        [normals, uniforms]: [usize; 2],
    ) -> Stream {
        let count = count.convert(DType::U64);
        let source = match self {
            Generator::Squares => {
                let leaves = 2 * padded(normals.div_ceil(2)) + 1;
                let start = count * (leaves + uniforms).next_multiple_of(4);
                Source::Squares { key, start, bits: start + (leaves - 1), first_leaf: start + leaves }
            }
            Generator::Threefry => {
                let own = Key::from(key).fold_in(count >> 32).fold_in(count);
                Source::Threefry([0i64, 1, 2].map(|purpose| own.fold_in(purpose)))
            }
        };
        Stream { float, source }
    }
}

/// Vectors of numbers are made a little longer, for whole registers.
fn padded(n: usize) -> usize {
    n.next_multiple_of(4)
}

/// Barriers keep XLA from computing numbers anew wherever they are read: without them the code of a number stands in each of
/// the selections that it decides.
impl Stream {
    /// Standard normal numbers: all first ones of pairs, then the second ones.
    pub(super) fn normals(&self, n: usize) -> Tensor {
        match &self.source {
            Source::Squares { key, start, .. } => {
                let pairs = n.div_ceil(2);
                let width = padded(pairs) as isize;
                let counters = *start + Tensor::iota(DType::U64, &[2 * padded(pairs)], 0);
                let words = optimization_barrier(squares(*key, counters));
                let words = [words.at(0..width), words.at(width..2 * width)];
                let [first, second] = normals::pairs(words, self.float);
                let first = first.at(0..pairs as isize);
                optimization_barrier(match n - pairs {
                    // Of a vector without elements XLA makes no part of a kernel.
                    0 => first,
                    rest => Tensor::concatenate(&[first, second.at(0..rest as isize)]),
                })
            }
            Source::Threefry([key, ..]) => {
                optimization_barrier(random::normal(*key, &[padded(n)], self.float)).at(0..n as isize)
            }
        }
    }

    /// 32 random bits, `u32[]`.
    pub(super) fn bits(&self) -> Tensor {
        match &self.source {
            Source::Squares { key, bits, .. } => (squares(*key, *bits) >> 32).convert(DType::U32),
            Source::Threefry([_, key, _]) => random::bits(*key, &[], DType::U32),
        }
    }

    /// The uniform number of [0, 1) at a place, an integer below the number of uniform ones.
    pub(super) fn uniform(&self, place: Tensor) -> Tensor {
        let place = place.convert(DType::U64);
        optimization_barrier(match &self.source {
            Source::Squares { key, first_leaf, .. } => unit(squares(*key, *first_leaf + place), self.float),
            Source::Threefry([_, _, key]) => {
                // The derived key is two words of random bits.
                let words = key.fold_in(place).data().convert(DType::U64);
                unit((words.at(0) << 32) | words.at(1), self.float)
            }
        })
    }
}

/// Widynski's `squares64` of counters under a key, `u64[]`.
pub(super) fn squares(key: Tensor, counter: Tensor) -> Tensor {
    let swap = |x: Tensor| (x >> 32) | (x << 32);
    let y = counter * key;
    let z = y + key;
    let x = swap(y * y + y);
    let x = swap(x * x + z);
    let x = swap(x * x + y);
    let last = x * x + z;
    let x = swap(last);
    last ^ ((x * x + y) >> 32)
}

/// A key for a chain (`u32[2]`) from 64 random bits. Squares wants keys without structure: the digits of each half are
/// made different from each other and from zero, and the key odd, as its author's program does.
pub(crate) fn key(mut bits: u64) -> [u32; 2] {
    let mut half = || {
        let mut digits: Vec<u32> = (1..16).collect();
        (0..8).fold(0u32, |key, place| {
            // The last digit is one of the odd ones left.
            let choices: Vec<usize> =
                (0..digits.len()).filter(|i| place < 7 || digits[*i] % 2 == 1).collect();
            let choice = choices[(bits % choices.len() as u64) as usize];
            // SplitMix64's step: fresh bits for every digit.
            bits = bits.wrapping_add(0x9E37_79B9_7F4A_7C15);
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            bits ^= bits >> 31;
            (key << 4) | digits.remove(choice)
        })
    };
    [half(), half()]
}
