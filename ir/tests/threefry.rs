//! Threefry against JAX's keys, splits, bits and uniforms, bit for bit.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{fs, path::Path};

use pyroxene_ir::{Array, DType, Graph, Phase, Role, Ty, TypeError, Val, eval::eval, threefry};
use serde_json::Value;

fn golden() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/threefry.json");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// Seeds are recorded as JAX's signed 64-bit integers.
fn key(seed: &Value) -> Array {
    threefry::key_from_seed(seed.as_i64().unwrap() as u64)
}

/// What a function of the key evaluates to.
fn run(key: &Array, body: impl FnOnce(&mut Graph, Val) -> Result<Val, TypeError>) -> Array {
    let mut g = Graph::new(Phase::Pure);
    let k = g.input("key", Role::Key, Ty::new(DType::U32, [2]));
    let out = body(&mut g, k).unwrap();
    g.set_outputs([out]);
    eval(&g, std::slice::from_ref(key)).unwrap().remove(0)
}

fn words(array: &Array) -> Vec<u32> {
    array.as_slice::<u32>().unwrap().to_vec()
}

/// The integers in nested lists, in order.
fn integers(value: &Value) -> Vec<u64> {
    match value {
        Value::Array(items) => items.iter().flat_map(integers).collect(),
        _ => vec![value.as_u64().unwrap()],
    }
}

fn u32s(value: &Value) -> Vec<u32> {
    integers(value).into_iter().map(|x| u32::try_from(x).unwrap()).collect()
}

fn dims(case: &Value) -> Vec<usize> {
    integers(&case["shape"]).into_iter().map(|d| d as usize).collect()
}

#[test]
fn keys_splits_and_folds_equal_jax() {
    for case in golden()["keys"].as_array().unwrap() {
        let key = key(&case["seed"]);
        assert_eq!(words(&key), u32s(&case["key_data"]), "seed {}", case["seed"]);
        for (n, expected) in case["split"].as_object().unwrap() {
            let n: usize = n.parse().unwrap();
            assert_eq!(words(&run(&key, |g, k| threefry::split(g, k, &[n]))), u32s(expected), "split {n}");
        }
        for fold in case["fold_in"].as_array().unwrap() {
            let data = Array::scalar(u32::try_from(fold["data"].as_u64().unwrap()).unwrap());
            let folded = run(&key, |g, k| {
                let data = g.constant(data)?;
                threefry::fold_in(g, k, data)
            });
            assert_eq!(words(&folded), u32s(&fold["key"]), "fold_in {}", fold["data"]);
        }
        let pair = run(&key, |g, k| threefry::split_pair(g, k).map(|[_, second]| second));
        assert_eq!(words(&pair), u32s(&case["split"]["2"])[2..]);
    }
}

type OfKeys = fn(&mut Graph, Val, &Ty) -> Result<Val, TypeError>;

#[test]
fn an_array_of_keys_draws_under_each() {
    let rows = [[1u32, 2], [3, 4], [5, 6]];
    let keys = Array::new([3, 2], rows.concat()).unwrap();
    let ty = Ty::new(DType::U64, [2, 2]);
    let functions: [OfKeys; 4] = [
        |g, k, ty| threefry::bits(g, k, ty),
        |g, k, ty| threefry::split(g, k, &ty.dims),
        |g, k, _| threefry::split_pair(g, k).map(|[_, second]| second),
        |g, k, _| {
            let data = g.constant(Array::scalar(9u32))?;
            threefry::fold_in(g, k, data)
        },
    ];
    for f in functions {
        let each: Vec<Array> = rows.iter().map(|row| run(&Array::from(*row), |g, k| f(g, k, &ty))).collect();
        let mut g = Graph::new(Phase::Pure);
        let k = g.input("keys", Role::Key, keys.ty());
        let out = f(&mut g, k, &ty).unwrap();
        g.set_outputs([out]);
        let all = eval(&g, std::slice::from_ref(&keys)).unwrap().remove(0);
        assert_eq!(all.dims(), [&[3], each[0].dims()].concat());
        let bytes: Vec<u8> = each.iter().flat_map(|x| x.as_bytes().to_vec()).collect();
        assert_eq!(all.as_bytes(), bytes);
    }
}

#[test]
fn bits_equal_jax() {
    let golden = golden();
    let mut seen = [0; 2];
    for case in golden["bits"].as_array().unwrap() {
        let dtype: DType = case["dtype"].as_str().unwrap().parse().unwrap();
        let bits = run(&key(&case["seed"]), |g, k| threefry::bits(g, k, &Ty::new(dtype, dims(case))));
        let expected = integers(&case["values"]);
        match dtype {
            DType::U32 => assert_eq!(words(&bits), u32s(&case["values"]), "{case}"),
            _ => assert_eq!(bits.as_slice::<u64>().unwrap(), expected, "{case}"),
        }
        seen[usize::from(dtype == DType::U64)] += 1;
    }
    assert!(seen.iter().all(|n| *n > 0), "cases of both widths: {seen:?}");
}

#[test]
fn unit_uniforms_equal_jax() {
    let golden = golden();
    let mut seen = 0;
    let unit = |c: &&Value| c["minval"] == 0.0 && c["maxval"] == 1.0;
    for case in golden["uniform"].as_array().unwrap().iter().filter(unit) {
        let dtype: DType = case["dtype"].as_str().unwrap().parse().unwrap();
        let drawn =
            run(&key(&case["seed"]), |g, k| threefry::unit_uniform(g, k, &Ty::new(dtype, dims(case))));
        let expected: Vec<f64> =
            case["values"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
        assert_eq!(drawn.dtype(), dtype);
        assert_eq!(drawn.to_f64_vec(), expected, "{case}");
        seen += 1;
    }
    assert!(seen >= 6, "{seen} cases");
}
