//! Keys, bits and draws against JAX's (`tests/golden/threefry.json`), in the interpreter.
#![allow(clippy::panic, reason = "a test that cannot go on says why")]

mod common;

use common::{Within, array, assert_close, dims, dtype, evaluate, golden, list, number, numbers, seed, text};
use pyroxene_frontend::{
    Array, DType, Tensor,
    random::{self, Key},
};
use serde_json::Value;

fn words(value: &Value) -> Vec<u64> {
    list(value).iter().map(|x| x.as_u64().unwrap_or_else(|| panic!("a word, found {x}"))).collect()
}

fn unsigned(array: &Array) -> Vec<u64> {
    match array.dtype() {
        DType::U32 => array.as_slice::<u32>().map(|x| x.iter().copied().map(u64::from).collect()),
        _ => array.as_slice::<u64>().map(<[u64]>::to_vec),
    }
    .unwrap_or_else(|| panic!("words, found {array:?}"))
}

/// Records one tensor a case and hands each value with its case to `check`.
fn each(cases: &[Value], draw: impl Fn(&Value) -> Tensor, check: impl Fn(&Value, &Array)) {
    assert!(!cases.is_empty());
    let found = evaluate(|| cases.iter().map(&draw).collect());
    for (case, found) in cases.iter().zip(&found) {
        check(case, found);
    }
}

#[test]
fn keys_splits_and_folds_are_jax_s() {
    let golden = golden("threefry");
    each(
        list(&golden["keys"]),
        |case| Key::new(seed(&case["seed"])).data(),
        |case, found| {
            assert_eq!(unsigned(found), words(&case["key_data"]), "{}", case["seed"]);
        },
    );
    let splits = |case: &Value| {
        let key = Key::new(seed(&case["seed"]));
        let (two, three, five) = (key.split::<2>(), key.split::<3>(), key.split::<5>());
        let keys: Vec<Tensor> = [&two[..], &three[..], &five[..]].concat().iter().map(|k| k.data()).collect();
        Tensor::concatenate(&keys)
    };
    each(list(&golden["keys"]), splits, |case, found| {
        let expected =
            ["2", "3", "5"].map(|n| list(&case["split"][n]).iter().flat_map(words).collect::<Vec<u64>>());
        assert_eq!(unsigned(found), expected.concat(), "{}", case["seed"]);
    });
    let folds = |case: &Value| {
        let key = Key::new(seed(&case["seed"]));
        let data = list(&case["fold_in"]).iter().map(|f| f["data"].as_i64().unwrap_or_else(|| panic!("{f}")));
        Tensor::concatenate(&data.map(|d| key.fold_in(d).data()).collect::<Vec<_>>())
    };
    each(list(&golden["keys"]), folds, |case, found| {
        let expected: Vec<u64> = list(&case["fold_in"]).iter().flat_map(|f| words(&f["key"])).collect();
        assert_eq!(unsigned(found), expected, "{}", case["seed"]);
    });
}

#[test]
fn bits_are_jax_s() {
    let draw = |case: &Value| {
        random::bits(Key::new(seed(&case["seed"])), &dims(&case["shape"]), dtype(&case["dtype"]))
    };
    each(list(&golden("threefry")["bits"]), draw, |case, found| {
        assert_eq!(unsigned(found), words(&case["values"]), "{case}");
        assert_eq!(found.dims(), dims(&case["shape"]), "{case}");
    });
}

#[test]
fn uniforms_are_jax_s() {
    let draw = |case: &Value| {
        let key = Key::new(seed(&case["seed"]));
        let (low, high) = (number(&case["minval"]), number(&case["maxval"]));
        random::uniform(key, &dims(&case["shape"]), dtype(&case["dtype"]), low, high)
    };
    each(list(&golden("threefry")["uniform"]), draw, |case, found| {
        let (low, high) = (number(&case["minval"]), number(&case["maxval"]));
        // `f (b − a) + a` is exact or rounded once where b − a is 1 or 2; elsewhere XLA may fuse the two roundings.
        let exact = high - low == 1.0 || low == -high || high == 1.0;
        let epsilon = if found.dtype() == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let abs = if exact { 0.0 } else { epsilon * low.abs().max(high.abs()) };
        assert_close(case, &found.to_f64_vec(), &numbers(&case["values"]), Within { rel: 0.0, abs });
        assert_eq!(found.dtype(), dtype(&case["dtype"]), "{case}");
    });
}

#[test]
fn normal_exponential_and_cauchy_draws_are_jax_s() {
    let golden = golden("threefry");
    // Laplace draws are in the file for the distribution that has none here yet.
    let covered = ["normal", "exponential", "cauchy"];
    let cases: Vec<Value> =
        list(&golden["draws"]).iter().filter(|c| covered.contains(&text(&c["kind"]))).cloned().collect();
    assert_eq!(cases.len(), 3 * 2 * 3 * 3, "kinds, element types, seeds, shapes");
    let draw = |case: &Value| {
        let (key, dims, dtype) = (Key::new(seed(&case["seed"])), dims(&case["shape"]), dtype(&case["dtype"]));
        match text(&case["kind"]) {
            "normal" => random::normal(key, &dims, dtype),
            "exponential" => random::exponential(key, &dims, dtype),
            _ => random::cauchy(key, &dims, dtype),
        }
    };
    each(&cases, draw, |case, found| {
        // JAX's own distance from the exact value, recorded beside the data in units in the last place; the f64 ones
        // are XLA's inaccurate `log-plus-one`. The same again for us.
        let kind = format!("{}_{}", text(&case["kind"]), text(&case["dtype"]));
        let ulps = number(&golden["jax_max_error_ulp_against_mpmath"][&kind]);
        let epsilon = if found.dtype() == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let within = Within { rel: 2.0 * (ulps + 1.0) * epsilon, abs: 0.0 };
        assert_close(case, &found.to_f64_vec(), &numbers(&case["values"]), within);
    });
}

#[test]
fn bernoulli_draws_are_jax_s() {
    let draw = |case: &Value| {
        random::bernoulli(Key::new(seed(&case["seed"])), number(&case["p"]), &dims(&case["shape"]))
    };
    each(list(&golden("threefry")["bernoulli"]), draw, |case, found| {
        let expected: Vec<bool> = list(&case["values"]).iter().map(|x| x == &Value::Bool(true)).collect();
        assert_eq!(found.as_slice(), Some(&expected[..]), "{case}");
    });
}

#[test]
fn uniform_bounds_broadcast_and_the_lower_one_is_kept() {
    let golden = serde_json::json!({ "shape": [2, 1], "values": [-1.0, 5.0] });
    let found = evaluate(|| {
        let low = Tensor::from(array(&golden));
        let high = Tensor::from([-1.0, 6.0, 7.0]).maximum(low);
        vec![random::uniform(Key::new(3), &[1000, 2, 3], DType::F64, low, high)]
    });
    let draws = found[0].to_f64_vec();
    for draw in draws.chunks_exact(6) {
        assert_eq!(draw[0], -1.0);
        assert_eq!(draw[3], 5.0);
        assert!((-1.0..6.0).contains(&draw[1]) && (5.0..7.0).contains(&draw[5]), "{draw:?}");
    }
}
