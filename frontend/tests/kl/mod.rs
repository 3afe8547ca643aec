//! Kullback–Leibler divergences against NumPyro's, and against integrals by mpmath (`tests/golden/numpyro_kl.json`).

use std::rc::Rc;

use pyroxene_frontend::{Array, Tensor, distributions::*};
use serde_json::Value;

use crate::common::{Within, array, assert_close, build::build, dims, evaluate, golden, list, numbers, text};

/// The distribution of a record, wrapped as it says.
fn built(record: &Value) -> Rc<dyn Distribution> {
    let params: Vec<Option<Array>> =
        list(&record["params"]).iter().map(|p| (!p.is_null()).then(|| array(p))).collect();
    let tensors: Vec<Option<Tensor>> = params.iter().map(|p| p.clone().map(Tensor::from)).collect();
    let name = text(&record["dist"]);
    let mut d = build(name, &tensors, &params).unwrap_or_else(|| panic!("{name}"));
    if let Some(shape) = record.get("expand") {
        d = Rc::new(d.expand(&dims(shape)));
    }
    if let Some(n) = record.get("to_event") {
        d = Rc::new(d.to_event(n.as_u64().unwrap_or_else(|| panic!("{n}")) as usize));
    }
    if let Some(mask) = record.get("mask") {
        let on: Vec<bool> = list(&mask["values"]).iter().map(|x| x == &Value::Bool(true)).collect();
        d = Rc::new(d.mask(Tensor::from(Array::from(on))));
    }
    d
}

fn what(case: &Value) -> String {
    format!("{} | {}", case["p"], case["q"])
}

#[test]
fn divergences_are_those_of_numpyro_and_of_their_definition() {
    let file = golden("numpyro_kl");
    let cases = list(&file["cases"]);
    let found = evaluate(|| {
        let kl = |case: &Value| kl_divergence(&built(&case["p"]), &built(&case["q"]));
        cases.iter().map(|case| kl(case).unwrap_or_else(|| panic!("no formula: {}", what(case)))).collect()
    });
    for (case, found) in cases.iter().zip(found) {
        assert_eq!(found.dims(), dims(&case["numpyro"]["shape"]), "{}", what(case));
        let found = found.to_f64_vec();
        let shapes = ["Beta", "BetaProportion", "Kumaraswamy"].contains(&text(&case["p"]["dist"]));
        // Terms of the order of ten, and of the squared distance for normals; JAX's `betaln` has an error of 1e-6, which
        // is why there are integrals too.
        let within = Within { rel: 1e-12, abs: if shapes { 5e-6 } else { 1e-13 } };
        assert_close(what(case), &found, &numbers(&case["numpyro"]["values"]), within);
        if !case["exact"].is_null() {
            let within = Within { rel: 1e-12, abs: 1e-13 };
            assert_close(what(case), &found, &numbers(&case["exact"]["values"]), within);
        }
    }
}

#[test]
fn pairs_without_a_formula_are_those_of_numpyro() {
    for case in list(&golden("numpyro_kl")["not_offered"]) {
        evaluate(|| {
            let none = kl_divergence(&built(&case["p"]), &built(&case["q"])).is_none();
            assert!(none, "{}", what(case));
            vec![Tensor::from(0.0)]
        });
    }
}

#[test]
fn slopes_of_divergences_are_finite_at_masked_and_impossible_elements() {
    let (value, slopes) = crate::common::gradient(|| {
        let probs = crate::common::variable(&Array::from([0.0, 0.25, 0.75]));
        let kl = kl_divergence(&CategoricalProbs::new(probs), &CategoricalProbs::new([0.5, 0.25, 0.25]));
        (kl.unwrap_or(Tensor::from(f64::NAN)), vec![probs])
    });
    assert!((value.to_f64_vec()[0] - 0.75 * 3f64.ln()).abs() < 1e-15);
    let expected = [0.0, 1.0, 1.0 + 3f64.ln()];
    assert_close("slopes", &slopes[0].to_f64_vec(), &expected, Within { rel: 1e-15, abs: 0.0 });
}
