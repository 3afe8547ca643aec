//! Validation and inspection of whole models: what they gather, and how they say it.

use pyroxene_frontend::{
    inspect::{inspect_fn, validate_model},
    prelude::*,
    primitives::Param,
};

use crate::models::{discrete_obs, eight_schools};

#[test]
fn validation_gathers_everything() {
    fn model(d: &(Tensor, Tensor)) {
        let (y, unread) = d;
        let _ = unread;
        let scale = param("scale", Param::new(-1.0).constraint(constraints::positive()));
        let x = sample("x", Normal::new(0.0, scale));
        sample("x", Normal::new(x, 1.0));
        plate("p", 3, |_| sample("z", Normal::new(*y, 1.0)));
    }
    let data = (Array::from([0.5, 1.5]), Array::from(1.0));
    let found = validate_model(model, &data);
    let errors: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors.len(), 4, "{errors:#?}");
    assert!(errors[0].contains("site `x`: the name is already used at "), "{errors:#?}");
    assert!(errors[1].contains("inside the plate `p`: found shape [2], expected size 3 or 1"), "{errors:#?}");
    assert!(errors[2].contains("param `scale`: ") && errors[2].contains("found -1"), "{errors:#?}");
    assert!(found.errors.iter().all(|d| d.loc.as_ref().is_some_and(|l| l.file.ends_with("validation.rs"))));
    assert!(!found.is_valid);
    assert!(found.sites.keys().eq(["scale", "x", "p"]), "{:?}", found.sites.keys());
    assert_eq!((found.plate_stack[0].name.as_str(), found.plate_stack[0].dim), ("p", -1));
    assert!(found.dependencies.prior_dependencies.contains_key("x"));
    assert!(found.to_string().starts_with("error: "), "{found}");
}

#[test]
fn validation_reads_data_and_warns() {
    fn model(d: &(Tensor, Tensor)) {
        let rate = sample("rate", Exponential::new(1.0));
        let k = sample("k", Poisson::new(rate));
        plate("data", 3, |_| {
            factor("penalty", -rate);
            factor("spread", (-rate).broadcast_to(&[3]));
            sample("y", Exponential::new(rate + k).obs(d.0));
        });
    }
    let good = (Array::from([0.5, 1.5, 2.5]), Array::from(1.0));
    let found = validate_model(model, &good);
    assert!(found.is_valid, "{found}");
    let warnings: Vec<String> = found.warnings.iter().map(ToString::to_string).collect();
    for (warning, parts) in warnings.iter().zip([
        ["site `k`", "no potential for HMC and NUTS", "help: "],
        ["site `penalty`", "along the plate `data` and counts 3 times, once", "help: "],
        ["data `1`", "is read by no site", "help: "],
    ]) {
        assert!(parts.iter().all(|part| warning.contains(part)), "{warning}");
    }
    assert_eq!(warnings.len(), 3, "{warnings:#?}");

    let bad = (Array::from([0.5, -1.5, 2.5]), Array::from(1.0));
    let found = validate_model(model, &bad);
    let errors: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert!(
        errors[0].contains("site `y`: value: expected a positive number, found -1.5 at index [1]"),
        "{errors:#?}"
    );
    assert_eq!(found.sites.len(), 6);
}

#[test]
fn a_model_that_is_fine_is_said_to_be() {
    let found = validate_model(|_: &()| eight_schools(), &());
    assert_eq!((found.is_valid, found.to_string()), (true, "valid: 5 sites, 1 plates".into()));
}

#[test]
fn inspection_says_shapes_and_types() -> anyhow::Result<()> {
    let info = inspect_fn(|_: &()| discrete_obs(), &())?;
    let kinds: Vec<&str> = info.sites.values().map(|s| s.kind.name()).collect();
    assert_eq!(kinds, ["sample", "sample", "sample", "plate", "sample", "sample"]);
    assert_eq!((info.shapes["d"].as_slice(), info.dtypes["e"]), (&[2, 3][..], DType::I64));
    assert_eq!(info.sites["d"].distribution.as_deref(), Some("Dirichlet"));
    assert!(info.to_string().ends_with("e: sample i64[2] ~ CategoricalLogits, observed"), "{info}");
    assert_eq!(info.sites["e"].plates, info.plates);
    Ok(())
}
