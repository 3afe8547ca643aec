//! What differs from NumPyro by decision, or cannot be compared: model, aspect and reason.

/// `dim` and `subsample_size` are set after `Plate::new`.
const DECLARED: &str = "NumPyro declares a plate where it is made, ours where it is first entered";

/// Aspects are those of `check`; `twin` where the model has none, `recording` where ours must end in an error.
pub(crate) const APART: &[(&str, &str, &str)] = &[
    (
        "outer_product_of_columns",
        "recording",
        "a column observed against a row is the mistake of numpyro#1230: NumPyro scores all pairs in silence",
    ),
    ("observation_broadcast_to_the_plate", "sites", "an observed value has its site's dimensions"),
    ("observation_broadcast_to_the_plate", "values", "an observed value has its site's dimensions"),
    ("subsample_size_one_axis", "sites", "an observed value has its site's dimensions"),
    ("subsample_size_one_axis", "values", "an observed value has its site's dimensions"),
    ("crossed", "names", DECLARED),
    ("overlapping_plates", "names", DECLARED),
    ("module_dense", "twin", "needs `module`, which is to come"),
    ("module_after_a_site", "twin", "needs `module`, which is to come"),
    ("module_twice", "twin", "needs `module`, which is to come"),
    ("module_with_priors", "twin", "needs `scope`, which is to come"),
    ("scan_replayed", "twin", "needs `replay`, which is to come"),
    ("subsample_replayed", "twin", "needs `replay`, which is to come"),
    ("given_inside_and_outside", "twin", "needs `scope`, which is to come"),
    (
        "discrete_distributions",
        "values",
        "NumPyro's own binomial sampler; ours is JAX's, as all draws of `random` are",
    ),
];
