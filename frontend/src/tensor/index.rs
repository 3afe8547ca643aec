//! What an index is made of: positions, ranges with steps, new axes, an ellipsis, integer arrays, and tuples of these.

use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use pyroxene_ir::Array;

use super::Tensor;

/// One item of an index.
#[derive(Clone, Debug)]
pub enum Item {
    /// A position, counted from the end when negative; its dimension disappears.
    At(isize),
    /// Positions from `start` to `end` in steps; bounds beyond the dimension are moved into it, as NumPy does.
    Range {
        /// The lowest position; by default the first.
        start: Option<isize>,
        /// The position before which it ends; by default all are included.
        end: Option<isize>,
        /// The distance of neighbours, not zero; negative to read the range backwards.
        step: isize,
    },
    /// A new dimension of size one.
    NewAxis,
    /// As many full ranges as the other items leave.
    Ellipsis,
    /// Positions, one after another.
    List(Vec<isize>),
    /// Positions in an array of integers, whose dimensions replace the one indexed.
    Array(Tensor),
}

/// A new dimension of size one in an index (NumPy's `newaxis`).
#[derive(Clone, Copy, Debug)]
pub struct NewAxis;

/// As many full ranges in an index as its other items leave (NumPy's `...`).
#[derive(Clone, Copy, Debug)]
pub struct Ellipsis;

/// Every `step`-th position of a range in an index; with a negative step from its last position back to its first. Ranges
/// go up as always in Rust: NumPy's `4:0:-2` is `step(1..5, -2)`.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*, step};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// assert_eq!(eval(|| Tensor::arange(7).at(step(1.., 2)))?, Array::from([1i64, 3, 5]));
/// assert_eq!(eval(|| Tensor::arange(3).at(step(.., -1)))?, Array::from([2i64, 1, 0]));
/// assert_eq!(eval(|| Tensor::arange(7).at(step(1..5, -2)))?, Array::from([4i64, 2]));
/// # Ok(()) }
/// ```
pub fn step(range: impl IndexItem, step: isize) -> Item {
    match range.item() {
        Item::Range { start, end, .. } => Item::Range { start, end, step },
        other => other,
    }
}

/// The positions from `start` to `end`, exclusive, in an index: what the range `start..end` is, for literals that clippy
/// takes for a mistake there, such as 1 and −1.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*, slice, step};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// assert_eq!(eval(|| Tensor::arange(5).at(slice(1, -1)))?, Array::from([1i64, 2, 3]));
/// assert_eq!(eval(|| Tensor::arange(5).at(step(slice(1, -1), 2)))?, Array::from([1i64, 3]));
/// # Ok(()) }
/// ```
pub fn slice(start: isize, end: isize) -> Item {
    Item::Range { start: Some(start), end: Some(end), step: 1 }
}

mod sealed {
    pub trait Sealed {}
}

/// What can be an item of an index: integers, ranges, [`step`], [`NewAxis`], [`Ellipsis`], arrays of integers.
pub trait IndexItem: sealed::Sealed {
    /// The item.
    fn item(self) -> Item;
}

/// What can index a tensor: an item, or a tuple of items, one for each dimension.
pub trait Index {
    /// The items, in order.
    fn items(self) -> Vec<Item>;
}

impl<T: IndexItem> Index for T {
    fn items(self) -> Vec<Item> {
        vec![self.item()]
    }
}

impl Index for Vec<Item> {
    fn items(self) -> Vec<Item> {
        self
    }
}

impl Index for () {
    fn items(self) -> Vec<Item> {
        Vec::new()
    }
}

macro_rules! tuples { ($(($($T:ident $t:ident),*))*) => { $(
    impl<$($T: IndexItem),*> Index for ($($T,)*) {
        fn items(self) -> Vec<Item> {
            let ($($t,)*) = self;
            vec![$($t.item()),*]
        }
    }
)* } }
tuples! { (A a) (A a, B b) (A a, B b, C c) (A a, B b, C c, D d) (A a, B b, C c, D d, E e) (A a, B b, C c, D d, E e, F f) }

macro_rules! items { ($($t:ty: $this:pat => $item:expr),* $(,)?) => { $(
    impl sealed::Sealed for $t {}
    impl IndexItem for $t {
        fn item(self) -> Item {
            let $this = self;
            $item
        }
    }
)* } }
items! {
    Item: item => item,
    NewAxis: NewAxis => Item::NewAxis,
    Ellipsis: Ellipsis => Item::Ellipsis,
    RangeFull: _ => Item::Range { start: None, end: None, step: 1 },
    Tensor: index => Item::Array(index),
    Array: index => Item::Array(Tensor::from(index)),
    &Array: index => Item::Array(Tensor::from(index.clone())),
}

/// A position from an integer of any type; one that is no `isize` is outside every dimension.
fn position<T: TryInto<isize>>(x: T) -> isize {
    x.try_into().unwrap_or(isize::MAX)
}

/// The end of a range that includes `x`.
fn beyond<T: TryInto<isize>>(x: T) -> Option<isize> {
    // After the last position counted from the end there is none to name.
    position(x).checked_add(1).filter(|end| *end != 0)
}

macro_rules! integer_items { ($($t:ty),*) => { $(
    items! {
        $t: i => Item::At(position(i)),
        Range<$t>: r => Item::Range { start: Some(position(r.start)), end: Some(position(r.end)), step: 1 },
        RangeFrom<$t>: r => Item::Range { start: Some(position(r.start)), end: None, step: 1 },
        RangeTo<$t>: r => Item::Range { start: None, end: Some(position(r.end)), step: 1 },
        RangeInclusive<$t>: r => {
            let (start, end) = r.into_inner();
            Item::Range { start: Some(position(start)), end: beyond(end), step: 1 }
        },
        RangeToInclusive<$t>: r => Item::Range { start: None, end: beyond(r.end), step: 1 },
        Vec<$t>: list => Item::List(list.into_iter().map(position).collect()),
        &[$t]: list => Item::List(list.iter().copied().map(position).collect()),
    }
    impl<const N: usize> sealed::Sealed for [$t; N] {}
    impl<const N: usize> IndexItem for [$t; N] {
        fn item(self) -> Item { Item::List(self.into_iter().map(position).collect()) }
    }
)* } }
integer_items!(i32, i64, isize, usize);
