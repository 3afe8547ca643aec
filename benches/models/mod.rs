//! The gallery's models that are measured: small and large, hierarchical and not.

use pyroxene::gallery::{Entry, GALLERY, find};

const MEASURED: [&str; 5] = [
    "eight_schools",
    "eight_schools_centered",
    "kidscore_momiq",
    "radon_variable_intercept_slope_noncentered",
    "wells_dist",
];

/// Each with the name it is shown under.
pub(crate) fn measured() -> impl Iterator<Item = (&'static str, &'static Entry)> {
    MEASURED.iter().map(|name| (*name, find(GALLERY, name).unwrap()))
}
