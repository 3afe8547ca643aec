//! Handlers and plates against NumPyro: draws, densities and shapes of `tests/golden/numpyro_handlers.json`.
#![allow(clippy::panic, reason = "golden data and conversions stop a test")]

mod common;

use common::{
    dims, golden, list, numbers,
    sites::{Model, Sites, check, close, density, find},
};
use indexmap::IndexMap;
use pyroxene_frontend::{
    handlers::{
        block, condition, do_, expose, hide, mask, replay, scale, scope, seed, substitute, trace, uncondition,
    },
    prelude::*,
    primitives::Plate,
};

fn three() {
    let a = sample("a", Normal::new(0.0, 1.0));
    let b = sample("b", Normal::new(a, 0.5));
    let c = sample("c", HalfNormal::new(2.0).expand(&[2]));
    deterministic("d", a + b * c);
}

fn three_observed() {
    let a = sample("a", Normal::new(0.0, 1.0));
    let b = sample("b", Normal::new(a, 0.5).obs(0.75));
    let c = sample("c", HalfNormal::new(2.0).expand(&[2]));
    deterministic("d", a + b * c);
}

fn three_inner() {
    let a = sample("a", Normal::new(0.0, 1.0));
    let b = scale(2.5, || sample("b", Normal::new(a, 0.5)));
    mask(Array::from([true, false]), || sample("c", HalfNormal::new(2.0).expand(&[2])));
    mask(Array::from([false, true]), || scale(0.5, || sample("e", Normal::new(b, 1.0))));
    factor("f", -a.square());
}

fn on() -> Tensor {
    Tensor::from(Array::from([true, false]))
}

fn off() -> Tensor {
    Tensor::from(Array::from([false, true]))
}

fn with_key() {
    sample("a", Normal::new(0.0, 1.0));
    let noise = prng_key().map(|key| random::normal(key, &[], DType::F64));
    sample("b", Normal::new(noise.unwrap_or(Tensor::from(f64::NAN)), 0.5));
    let c = sample("c", Normal::new(0.0, 1.0).rng_key(9));
    sample("e", Normal::new(c, 1.0));
}

/// What a trace that the golden file calls `recorded` has seen, hidden from those around.
fn recorded() -> Sites {
    block(|| trace(|| seed(5, three))).1
}

const A: [(&str, f64); 1] = [("a", 1.0)];
const A2: [(&str, f64); 1] = [("a", 2.0)];
const B: [(&str, f64); 1] = [("b", -2.0)];

fn c() -> Tensor {
    Tensor::from([0.25, 1.5])
}

/// The programs of the golden file that use the handlers there are, under the file's own notation.
fn programs() -> Vec<(&'static str, Model)> {
    macro_rules! list { ($($name:literal => $body:expr),* $(,)?) => {
        vec![$(($name, Box::new(|| { $body; }) as Model)),*]
    } }
    list! {
        "seed(three, 3)" => seed(3, three),
        "seed(three_observed, 3)" => seed(3, three_observed),
        "seed(three_inner, 3)" => seed(3, three_inner),
        "seed(seed(three, 3), 4)" => seed(4, || seed(3, three)),
        "seed(substitute(three, {'a': 1.0}), 3)" => seed(3, || substitute(A, three)),
        "substitute(seed(three, 3), {'a': 1.0})" => substitute(A, || seed(3, three)),
        "seed(substitute(three, {'a': 1.0, 'b': -2.0}), 3)" =>
            seed(3, || substitute([("a", 1.0), ("b", -2.0)], three)),
        "substitute(seed(three, 3), {'b': -2.0, 'c': c})" =>
            substitute([("b", Tensor::from(-2.0)), ("c", c())], || seed(3, three)),
        "seed(condition(three, {'b': -2.0}), 3)" => seed(3, || condition(B, three)),
        "condition(seed(three, 3), {'b': -2.0})" => condition(B, || seed(3, three)),
        "seed(condition(substitute(three, {'a': 1.0}), {'b': -2.0}), 3)" =>
            seed(3, || condition(B, || substitute(A, three))),
        "condition(seed(substitute(three, {'a': 1.0}), 3), {'b': -2.0})" =>
            condition(B, || seed(3, || substitute(A, three))),
        "substitute(seed(condition(three, {'b': -2.0}), 3), {'a': 1.0})" =>
            substitute(A, || seed(3, || condition(B, three))),
        "seed(substitute(substitute(three, {'a': 1.0}), {'a': 2.0}), 3)" =>
            seed(3, || substitute(A2, || substitute(A, three))),
        "seed(condition(condition(three, {'a': 1.0}), {'a': 2.0}), 3)" =>
            seed(3, || condition(A2, || condition(A, three))),
        "seed(substitute(condition(three, {'a': 1.0}), {'a': 2.0}), 3)" =>
            seed(3, || substitute(A2, || condition(A, three))),
        "seed(condition(substitute(three, {'a': 1.0}), {'a': 2.0}), 3)" =>
            seed(3, || condition(A2, || substitute(A, three))),
        "seed(substitute(three, {'d': c}), 3)" => seed(3, || substitute([("d", c())], three)),
        "seed(block(three, hide=['b']), 3)" => seed(3, || hide(["b"], three)),
        "block(seed(three, 3), hide=['b'])" => hide(["b"], || seed(3, three)),
        "seed(block(three, expose=['a']), 3)" => seed(3, || expose(["a"], three)),
        "substitute(seed(block(three, hide=['b']), 3), {'b': -2.0, 'a': 1.0})" =>
            substitute([("b", -2.0), ("a", 1.0)], || seed(3, || hide(["b"], three))),
        "seed(block(substitute(three, {'b': -2.0}), hide=['b']), 3)" =>
            seed(3, || hide(["b"], || substitute(B, three))),
        "seed(scale(three, scale=0.5), 3)" => seed(3, || scale(0.5, three)),
        "scale(seed(three, 3), scale=0.5)" => scale(0.5, || seed(3, three)),
        "seed(scale(scale(three_observed, scale=0.5), scale=3.0), 3)" =>
            seed(3, || scale(3.0, || scale(0.5, three_observed))),
        "seed(mask(three, mask=False), 3)" => seed(3, || mask(false, three)),
        "seed(mask(three_observed, mask=False), 3)" => seed(3, || mask(false, three_observed)),
        "seed(mask(three, mask=jnp.array([True, False])), 3)" => seed(3, || mask(on(), three)),
        "seed(mask(mask(three, mask=jnp.array([True, False])), mask=jnp.array([False, True])), 3)" =>
            seed(3, || mask(off(), || mask(on(), three))),
        "seed(scale(mask(three_inner, mask=True), scale=0.5), 3)" =>
            seed(3, || scale(0.5, || mask(true, three_inner))),
        "seed(with_key, 3)" => seed(3, with_key),
        "seed(uncondition(three_observed), 3)" => seed(3, || uncondition(three_observed)),
        "uncondition(seed(three_observed, 3))" => uncondition(|| seed(3, three_observed)),
        "seed(replay(three, trace=recorded), 3)" => seed(3, || replay(&recorded(), three)),
        "replay(seed(three, 3), trace=recorded)" => replay(&recorded(), || seed(3, three)),
        "seed(replay(three_observed, trace=recorded), 3)" => seed(3, || replay(&recorded(), three_observed)),
        "seed(do(three, {'b': -2.0}), 3)" => seed(3, || do_(B, three)),
        "do(seed(three, 3), {'b': -2.0})" => do_(B, || seed(3, three)),
        "seed(scope(three, prefix='m'), 3)" => seed(3, || scope("m", three)),
        "seed(scope(scope(three, prefix='m'), prefix='n'), 3)" => seed(3, || scope("n", || scope("m", three))),
        "seed(substitute(scope(three, prefix='m'), {'m/a': 1.0}), 3)" =>
            seed(3, || substitute([("m/a", 1.0)], || scope("m", three))),
        "seed(scope(substitute(three, {'a': 1.0}), prefix='m'), 3)" =>
            seed(3, || scope("m", || substitute(A, three))),
    }
}

#[test]
fn nested_handlers_draw_and_score_as_numpyro_does() -> anyhow::Result<()> {
    let golden = golden("numpyro_handlers");
    let cases = &golden["handlers"]["cases"];
    let programs = programs();
    for (name, program) in &programs {
        check(name, program, find(cases, "handlers", name)?)?;
    }
    // A case of the file that nothing runs must be added above.
    let left: Vec<&str> = list(cases)
        .iter()
        .filter_map(|c| c["handlers"].as_str())
        .filter(|h| programs.iter().all(|(n, _)| n != h))
        .collect();
    assert_eq!(left, Vec::<&str>::new());
    Ok(())
}

fn plates() -> Vec<(&'static str, fn())> {
    vec![
        ("nested_auto", || {
            plate("i", 3, |_| {
                sample("x", Normal::new(0.0, 1.0));
                plate("j", 2, |_| sample("y", Normal::new(0.0, 1.0)));
            })
        }),
        ("nested_explicit", || {
            Plate::new("i", 3).dim(-2).run(|_| {
                sample("x", Normal::new(0.0, 1.0));
                Plate::new("j", 2).dim(-1).run(|_| sample("y", Normal::new([0.0, 1.0], 1.0)));
            })
        }),
        ("outer_explicit_inner_auto", || {
            let draw = || plate("j", 2, |_| plate("k", 4, |_| sample("x", HalfNormal::new(1.0))));
            Plate::new("i", 3).dim(-2).run(|_| draw());
        }),
        ("gap", || {
            Plate::new("i", 3).dim(-3).run(|_| {
                sample("x", Normal::new(0.0, 1.0));
                plate("j", 2, |_| sample("y", Normal::new(0.0, 1.0)));
            })
        }),
        ("sequential", || {
            let x = plate("i", 3, |_| sample("x", Normal::new(0.0, 1.0)));
            let y = plate("j", 2, |_| sample("y", Normal::new(0.0, 1.0)));
            sample("z", Normal::new(x.sum() + y.sum(), 1.0));
        }),
        ("crossed", || {
            let (rows, columns) = (Plate::new("rows", 3).dim(-2), Plate::new("columns", 2).dim(-1));
            let a = rows.run(|_| sample("a", Normal::new(0.0, 1.0)));
            let b = columns.run(|_| sample("b", Normal::new(0.0, 1.0)));
            rows.run(|_| columns.run(|_| sample("y", Normal::new(a + b, 1.0))));
        }),
        ("events", || {
            plate("i", 3, |_| {
                sample("x", Normal::new(Tensor::full(&[4], 0.0), 1.0).to_event(1));
                plate("j", 2, |_| sample("y", Normal::new(Tensor::full(&[3, 4], 0.0), 1.0).to_event(1)));
            })
        }),
        ("observed_in_plate", || {
            let mu = sample("mu", Normal::new(0.0, 1.0));
            plate("i", 3, |index| {
                sample("y", Normal::new(mu, 1.0).obs([0.5, -1.0, 2.0]));
                deterministic("d", mu * 2.0);
                deterministic("index", index);
                factor("f", -0.5);
            });
            sample("w", Normal::new(0.0, 1.0));
        }),
        ("scaled_and_masked", || {
            plate("i", 3, |_| {
                scale(2.0, || {
                    mask(Array::from([true, true, false]), || {
                        sample("x", Normal::new(0.0, 1.0));
                        sample("y", Normal::new(1.0, 1.0).obs([0.5, -1.0, 2.0]));
                    })
                })
            })
        }),
    ]
}

#[test]
fn plates_have_numpyros_shapes_draws_and_densities() -> anyhow::Result<()> {
    let golden = golden("numpyro_handlers");
    for (name, program) in plates() {
        let case = find(&golden["plates"], "name", name)?;
        let key = case["seed"].as_u64().unwrap_or_default();
        check(name, || seed(key, program), case)?;
    }
    Ok(())
}

#[test]
fn log_densities_of_recorded_programs_equal_numpyros() -> anyhow::Result<()> {
    let golden = golden("numpyro_handlers");
    let mut values = IndexMap::new();
    for (name, v) in golden["log_density"]["values"].as_object().into_iter().flatten() {
        values.insert(name.clone(), Array::from(numbers(&v["values"])).reshape(dims(&v["shape"]))?);
    }
    let programs: Vec<(&str, fn())> = vec![
        ("three", three),
        ("three_inner", three_inner),
        ("scale(three, scale=0.5)", || scale(0.5, three)),
        ("mask(three, mask=False)", || mask(false, three)),
    ];
    for (name, program) in programs {
        let case = find(&golden["log_density"]["cases"], "model", name)?;
        close(&[density(program, &values)?], &[case["log_density"].as_f64().unwrap_or(f64::NAN)], name);
    }
    Ok(())
}

#[test]
fn a_block_around_all_leaves_nothing_to_score() -> anyhow::Result<()> {
    assert_eq!(density(|| seed(0, || block(three)), &IndexMap::new())?, 0.0);
    Ok(())
}
