//! `plate_stack`: nested plates of one prefix.

use std::ops::Index;

use pyroxene_ir::Loc;

use super::{Plate, site_error};
use crate::trace::ErrorKind;

/// Plates for several dimensions, to be entered at once or one by one; see [`plate_stack`].
#[derive(Clone, Debug)]
pub struct PlateStack(Vec<Plate>);

/// Plates of the given sizes, the last at `rightmost_dim` and each other to the left of the next (NumPyro's
/// `plate_stack`): the sizes stand in the order of the value's dimensions. As in NumPyro the plate that stands `i` places
/// from the right is named `PREFIX_i` and lies at dim `rightmost_dim − i`.
///
/// `rightmost_dim` is thus the place of the *last* size: with −1 the sizes `[20, 30, 40]` give values of dimensions
/// `[20, 30, 40]`, with −3 they leave two dimensions free on the right, `[20, 30, 40, 1, 1]`.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*, primitives::plate_stack};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = || sample("x", Normal::new(0.0, 1.0));
/// let at_once = eval(|| handlers::seed(0, || plate_stack("data", &[20, 30, 40], -1).run(x)))?;
/// assert_eq!(at_once.dims(), [20, 30, 40]);
/// let to_the_left = eval(|| handlers::seed(0, || {
///     let plates = plate_stack("data", &[20, 30, 40], -3);
///     plates[0].run(|_| plates[1].run(|_| plates[2].run(|_| x())))
/// }))?;
/// assert_eq!(to_the_left.dims(), [20, 30, 40, 1, 1]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// Recorded with the caller's line: a `rightmost_dim` that is not negative.
#[track_caller]
pub fn plate_stack(prefix: &str, sizes: &[usize], rightmost_dim: isize) -> PlateStack {
    if rightmost_dim >= 0 {
        let found = format!("rightmost_dim {rightmost_dim} of a plate_stack");
        let help = "plates count from the right: -1 is the last dimension".into();
        site_error(prefix, &Loc::caller(), ErrorKind::Usage { found, help });
    }
    let right = rightmost_dim.min(-1);
    let mut plates = Vec::with_capacity(sizes.len());
    for (place, size) in sizes.iter().enumerate() {
        let i = sizes.len() - 1 - place;
        plates.push(Plate::new(&format!("{prefix}_{i}"), *size).dim(right - i as isize));
    }
    PlateStack(plates)
}

impl PlateStack {
    /// Runs `f` inside all the plates, the last outermost (as NumPyro enters them).
    #[track_caller]
    pub fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        fn enter<R>(plates: &[Plate], f: Box<dyn FnOnce() -> R + '_>) -> R {
            match plates {
                [] => f(),
                [rest @ .., last] => last.run(|_| enter(rest, f)),
            }
        }
        enter(&self.0, Box::new(f))
    }

    /// The plates, in the order of the sizes.
    pub fn plates(&self) -> &[Plate] {
        &self.0
    }
}

impl Index<usize> for PlateStack {
    type Output = Plate;

    fn index(&self, i: usize) -> &Plate {
        &self.0[i]
    }
}
