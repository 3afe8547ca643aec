//! What differs from NumPyro by decision, or cannot be compared: model, aspect and reason.

/// `dim` and `subsample_size` are set after `Plate::new`.
const DECLARED: &str = "NumPyro declares a plate where it is made, ours where it is first entered";

/// Its density is the same.
const BROADCAST: &str = "an observed value has its site's dimensions";

/// The value is a literal.
const REFUSED: &str = "a literal observed outside the support is an error of the model";

/// In NumPyro's table masks have widened it.
const UNMASKED: &str = "the table shows the distribution as it was stated";

/// A choice is one operation; NumPyro puts the site's value in its place.
const CHOICE: &str = "what comes out of a choice depends on what decides it";

/// Values of sites are tensors.
const WEIGHTS: &str = "each weight is a parameter of its own; NumPyro's is one tree";

/// NumPyro draws anew at each reading until an optimiser holds the parameter.
const SAME: &str = "read again, a parameter is the same value";

/// Aspects are those of `check`; `twin` where the model has none, `recording` where ours must end in an error.
pub(crate) const APART: &[(&str, &str, &str)] = &[
    (
        "outer_product_of_columns",
        "recording",
        "a column observed against a row is the mistake of numpyro#1230: NumPyro scores all pairs in silence",
    ),
    ("observation_broadcast_to_the_plate", "sites", BROADCAST),
    ("observation_broadcast_to_the_plate", "values", BROADCAST),
    ("subsample_size_one_axis", "sites", BROADCAST),
    ("subsample_size_one_axis", "values", BROADCAST),
    ("crossed", "names", DECLARED),
    ("overlapping_plates", "names", DECLARED),
    (
        "intervene_in_plate",
        "sites",
        "NumPyro's two halves of a split site share their list of plates, and each adds its own",
    ),
    ("mask_nested", "sites", BROADCAST),
    ("mask_nested", "values", "one expansion to all masks at once; NumPyro expands for each in turn"),
    ("scale_composes", "sites", BROADCAST),
    ("scale_composes", "values", BROADCAST),
    ("composed", "sites", BROADCAST),
    ("composed", "values", BROADCAST),
    (
        "discrete_distributions",
        "values",
        "NumPyro's own binomial sampler; ours is JAX's, as all draws of `random` are",
    ),
    ("observation_broadcast_to_the_plate", "shapes", BROADCAST),
    ("subsample_size_one_axis", "shapes", BROADCAST),
    ("scale_composes", "shapes", BROADCAST),
    ("crossed", "shapes", DECLARED),
    ("overlapping_plates", "shapes", DECLARED),
    ("mask_nested", "shapes", UNMASKED),
    ("mask_events", "shapes", UNMASKED),
    ("composed", "shapes", UNMASKED),
    ("reparam_scaled_and_masked", "shapes", UNMASKED),
    ("delta", "dependencies", "ours sees through Delta; NumPyro loses what its value is made of"),
    ("out_of_the_support", "dependencies", REFUSED),
    ("out_of_the_support", "relations", REFUSED),
    ("out_of_the_support", "warnings", REFUSED),
    ("cond_conditioned", "dependencies", CHOICE),
    ("cond_with_operand", "relations", CHOICE),
    ("explicit", "relations", "ours says what is transformed: TransformedNormal"),
    ("improper_param", "relations", "ours says what is transformed: TransformedExponential"),
    ("hidden_sites_take_keys", "relations", "a plate under `block` is listed under another name, empty"),
    ("block_expose", "relations", "a plate under `block` is listed under another name, empty"),
    ("replayed_but_for_data", "relations", "a plate under `block` is listed under another name, empty"),
    ("subsample_replayed", "relations", "a plate under `block` is listed under another name, empty"),
    ("module_dense", "names", WEIGHTS),
    ("module_dense", "shapes", WEIGHTS),
    ("module_dense", "relations", WEIGHTS),
    ("module_after_a_site", "names", WEIGHTS),
    ("module_after_a_site", "shapes", WEIGHTS),
    ("module_after_a_site", "relations", WEIGHTS),
    ("module_twice", "names", WEIGHTS),
    ("module_twice", "shapes", WEIGHTS),
    ("module_twice", "relations", WEIGHTS),
    ("module_twice", "sites", SAME),
    ("module_twice", "values", SAME),
];
