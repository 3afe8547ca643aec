//! Categories, permutations, choices and what is made of several draws, against JAX's (`tests/golden/random.json`).
#![allow(clippy::panic, reason = "a test that cannot go on says why")]

mod common;

use common::{Within, assert_close, dims, dtype, evaluate, golden, list, number, seed, text, typed};
use pyroxene_frontend::{
    Array, DType, Tensor, jit,
    primitives::subsample_fn,
    random::{self, Key, Population},
};
use pyroxene_ir::threefry::key_from_seed;
use serde_json::Value;

/// The draw of a case.
fn draw(case: &Value, key: Key) -> Tensor {
    let params: Vec<(&str, Tensor)> = list(&case["params"])
        .iter()
        .map(|p| (text(&p[0]), Tensor::from(typed(dtype(&p[1]), &p[2], &p[3]))))
        .collect();
    let param = |name: &str| params.iter().find(|p| p.0 == name).map(|p| p.1);
    let needed = |name: &str| param(name).unwrap_or_else(|| panic!("`{name}` of {case}"));
    let count = |name: &str| number(&case[name]) as usize;
    let (axis, t) = (case["axis"].as_i64().unwrap_or_default() as isize, dtype(&case["dtype"]));
    let asked = case["asked"].as_array().map(|_| dims(&case["asked"]));
    let population = || match param("x") {
        Some(x) => Population::from(x),
        None => Population::from(count("n")),
    };
    match text(&case["draw"]) {
        "categorical" => random::categorical(key, needed("logits"), axis, asked.as_deref()),
        "choice" => {
            let replace = case["replace"] == true;
            random::choice(key, population(), &asked.unwrap_or_default(), replace, param("p"), axis)
        }
        "multinomial" => random::multinomial(key, needed("n"), needed("p"), asked.as_deref(), t),
        "orthogonal" => random::orthogonal(key, count("n"), &asked.unwrap_or_default(), t, count("m")),
        "permutation" => random::permutation(key, population(), axis, case["independent"] == true),
        name => panic!("no draw `{name}`"),
    }
}

fn compare(case: &Value, found: &Array) {
    let t = dtype(&case["dtype"]);
    let expected = typed(t, &case["shape"], &case["values"]);
    assert_eq!(found.ty(), expected.ty(), "{case}");
    // The rotations of a factorisation round.
    let epsilon = if t == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    let abs = if case["draw"] == "orthogonal" { 16.0 * epsilon } else { 0.0 };
    assert_close(case, &found.to_f64_vec(), &expected.to_f64_vec(), Within { rel: 0.0, abs });
}

#[test]
fn selections_are_jax_s() {
    let golden = golden("random");
    let cases = list(&golden["selections"]);
    assert!(cases.len() > 70);
    let found = evaluate(|| cases.iter().map(|c| draw(c, Key::new(seed(&c["seed"])))).collect());
    cases.iter().zip(&found).for_each(|(case, found)| compare(case, found));
}

#[test]
fn compiled_selections_are_jax_s() -> anyhow::Result<()> {
    let golden = golden("random");
    let chosen = |c: &&Value| {
        let large = c["draw"] == "permutation" && c["n"] == 2000;
        let line = c["draw"] == "categorical" && c["params"][0][2] == serde_json::json!([4]);
        (large || line || c["draw"] == "choice" && c["params"] != serde_json::json!([]))
            && c["dtype"] == "i64"
    };
    let cases: Vec<&Value> = list(&golden["selections"]).iter().filter(chosen).collect();
    assert!(cases.len() > 10);
    // One key for each seed, as an input, so that nothing is computed while compiling.
    let mut seeds: Vec<u64> = cases.iter().map(|c| seed(&c["seed"])).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let all = jit(|keys: &Vec<Tensor>| {
        let key = |c: &Value| Key::from(keys[seeds.binary_search(&seed(&c["seed"])).unwrap_or_default()]);
        cases.iter().map(|c| draw(c, key(c))).collect::<Vec<Tensor>>()
    });
    let found = all.call(&seeds.iter().map(|s| key_from_seed(*s)).collect())?;
    cases.iter().zip(&found).for_each(|(case, found)| compare(case, found));
    Ok(())
}

/// Every order of four equally often.
#[test]
fn permutations_are_uniform() {
    let rounds = 4800;
    let found = evaluate(|| {
        let lines = Tensor::arange(4).broadcast_to(&[rounds, 4]);
        vec![random::permutation(Key::new(11), lines, 1, true)]
    });
    let mut counts = std::collections::BTreeMap::new();
    for order in found[0].to_f64_vec().chunks_exact(4) {
        *counts.entry(format!("{order:?}")).or_insert(0.0) += 1.0;
    }
    assert_eq!(counts.len(), 24);
    let mean = rounds as f64 / 24.0;
    let statistic: f64 = counts.values().map(|n: &f64| (n - mean).powi(2) / mean).sum();
    // Of the chi-square distribution with 23 degrees of freedom, exceeded once in 100 000 times.
    assert!(statistic < 63.97, "{statistic}");
}

/// A small subsample of many elements is found without the elements, and is what the exchanges of a shuffle leave at the
/// end, also where these come to one place more than once, as among so few elements they often do.
#[test]
fn a_subsample_is_the_end_of_a_shuffle() -> Result<(), pyroxene_frontend::Error> {
    const SIZE: usize = 12;
    const N: usize = 3;
    let keys = || Key::new(7).split_shape(&[40]);
    let drawn = pyroxene_frontend::eval(|| {
        pyroxene_frontend::vmap(|key: &Tensor| subsample_fn(SIZE, N, Key::from(*key)))(&keys())
    })?;
    let partners = pyroxene_frontend::eval(|| {
        pyroxene_frontend::vmap(|key: &Tensor| {
            let below = |(i, key): (usize, Key)| random::randint(key, &[1], 0, (SIZE - i) as i64, DType::I64);
            let own: Vec<Tensor> = Key::from(*key).split::<N>().into_iter().enumerate().map(below).collect();
            Tensor::concatenate(&own)
        })(&keys())
    })?;
    let (drawn, partners) = (drawn.to_f64_vec(), partners.to_f64_vec());
    for (drawn, partners) in drawn.chunks(N).zip(partners.chunks(N)) {
        let mut all: Vec<f64> = (0..SIZE).map(|i| i as f64).collect();
        partners.iter().enumerate().for_each(|(i, j)| all.swap(SIZE - 1 - i, *j as usize));
        assert_eq!(drawn, &all[SIZE - N..]);
    }
    Ok(())
}
