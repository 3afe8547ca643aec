//! Networks against JAX and NumPyro: initialisers, activations, dropout, `module` and `random_module`, by
//! `tests/golden/numpyro_networks.json`.
#![allow(clippy::panic, reason = "golden data and conversions stop a test")]

mod common;

use common::{Within, array, assert_close, errors, evaluate, golden, gradient, sites::run};
use pyroxene_frontend::{
    handlers::{Prior, SiteType, seed, substitute},
    nn::{self, Layer, Weights, activations, initializers},
    prelude::*,
};
use serde_json::Value;

/// Normal and truncated normal draws by the interpreter's `erf_inv` instead of XLA's, and products in another order.
const DRAWN: Within = Within { rel: 2e-14, abs: 1e-16 };
/// The same after a few layers: sums of up to five terms that may cancel.
const COMPUTED: Within = Within { rel: 1e-12, abs: 1e-13 };

type Function = fn(Tensor) -> Tensor;

fn x() -> Tensor {
    Tensor::from(array(&golden("numpyro_networks")["x"]))
}

fn net() -> Layer {
    let layers = [nn::dense(5), nn::relu(), nn::dense(4), nn::tanh(), nn::dense(2), nn::softplus()];
    nn::serial(layers)
}

fn holds(name: &str, found: &Array, expected: &Value, within: Within) {
    let expected = array(expected);
    assert_eq!(found.dims(), expected.dims(), "{name}");
    assert_close(name, &found.to_f64_vec(), &expected.to_f64_vec(), within);
}

#[test]
fn initialisers_equal_jaxs() {
    use initializers::{Fan, Shape, variance_scaling};
    let golden = golden("numpyro_networks");
    let cases = golden["initializers"].as_object().cloned().unwrap_or_default();
    let dims: Vec<Vec<usize>> = cases.values().map(|v| array(v).dims().to_vec()).collect();
    let found = evaluate(|| {
        let make = |name: &str| match name {
            "glorot_normal" => initializers::glorot_normal(),
            "glorot_uniform" => initializers::glorot_uniform(),
            "lecun_normal" => initializers::lecun_normal(),
            "lecun_uniform" => initializers::lecun_uniform(),
            "he_normal" | "he_normal, receptive field" => initializers::he_normal(),
            "he_uniform" => initializers::he_uniform(),
            "variance_scaling fan_geo_avg normal" => variance_scaling(2.0, Fan::GeoAvg, Shape::Normal),
            "variance_scaling fan_out uniform" => variance_scaling(0.5, Fan::Out, Shape::Uniform),
            "normal" => initializers::normal(0.01),
            "uniform" => initializers::uniform(0.01),
            "ones" => initializers::ones(),
            "zeros" => initializers::zeros(),
            _ => panic!("no initialiser {name}"),
        };
        cases.keys().zip(&dims).map(|(name, dims)| make(name).init(Key::new(7), dims, DType::F64)).collect()
    });
    assert_eq!(found.len(), 13);
    for ((name, expected), found) in cases.iter().zip(&found) {
        holds(name, found, expected, DRAWN);
    }
}

#[test]
fn activations_and_their_slopes_equal_jaxs() {
    let golden = &golden("numpyro_networks")["activations"];
    let functions: [(&str, Function); 8] = [
        ("relu", activations::relu),
        ("sigmoid", activations::sigmoid),
        ("softplus", activations::softplus),
        ("elu", |x| activations::elu(x, 1.0)),
        ("selu", activations::selu),
        ("leaky_relu", |x| activations::leaky_relu(x, 0.01)),
        ("gelu", activations::gelu),
        ("tanh", Tensor::tanh),
    ];
    for (name, f) in functions {
        let (value, slopes) = gradient(|| {
            let x = common::variable(&array(&golden["x"]));
            (f(x), vec![x])
        });
        holds(name, &value, &golden[name]["value"], COMPUTED);
        holds(name, &slopes[0], &golden[name]["slope"], COMPUTED);
    }
}

#[test]
fn layers_and_dropout_equal_staxs() {
    let found = evaluate(|| {
        let net = nn::serial([nn::dense(3), nn::dropout(0.75, true), nn::flatten()]);
        let (dims, weights) = net.init(7, &[4, 3]);
        assert_eq!(dims.as_slice(), [4, 3]);
        let off = nn::serial([nn::dense(3), nn::dropout(0.75, false)]);
        vec![net.apply_with(8, &weights, x()), off.apply(&weights, x())]
    });
    let kept = array(&golden("numpyro_networks")["dropout"]);
    assert_close("dropout", &found[0].to_f64_vec(), &kept.to_f64_vec(), COMPUTED);
    let pairs = found[0].to_f64_vec().into_iter().zip(found[1].to_f64_vec());
    assert!(pairs.clone().any(|(a, _)| a == 0.0));
    for (dropped, whole) in pairs {
        assert!(dropped == 0.0 || (dropped - whole / 0.75).abs() < 1e-14, "{dropped} {whole}");
    }
    let soft = evaluate(|| {
        let weights = Weights::none();
        let y = x();
        vec![
            nn::softmax().apply(&weights, y).sum_axis(-1),
            nn::log_softmax().apply(&weights, y).exp().sum_axis(-1),
            nn::identity().apply(&weights, y) - y,
            nn::exp().apply(&weights, y) - y.exp(),
        ]
    });
    assert_close("softmax", &soft[0].to_f64_vec(), &[1.0; 4], COMPUTED);
    assert_close("log_softmax", &soft[1].to_f64_vec(), &[1.0; 4], COMPUTED);
    assert!(soft[2].to_f64_vec().iter().chain(&soft[3].to_f64_vec()).all(|d| *d == 0.0));
}

#[test]
fn a_modules_weights_and_draws_equal_numpyros() -> anyhow::Result<()> {
    let golden = &golden("numpyro_networks")["module"];
    let model = || {
        let a = sample("a", Normal::new(0.0, 1.0));
        let y = module("net", net(), &[4, 3])(x() * a);
        sample("y", Normal::new(y.at((.., 0)), y.at((.., 1))).to_event(1))
    };
    let (sites, values) = run(|| {
        seed(3, model);
    })?;
    let expected = golden["weights"].as_object().cloned().unwrap_or_default();
    let mut paths: Vec<String> = expected.keys().map(|path| format!("net$params/{path}")).collect();
    paths.insert(0, "a".into());
    paths.push("y".into());
    assert!(sites.keys().eq(&paths), "{:?}", sites.keys());
    for (name, value) in sites.keys().zip(&values) {
        let expected = match name.strip_prefix("net$params/") {
            Some(path) => &expected[path],
            None => &golden[name.as_str()],
        };
        let within = if name == "y" { COMPUTED } else { DRAWN };
        holds(name, value, expected, within);
    }
    // With all weights given no key is taken: what is drawn afterwards takes the second split.
    let (_, given) = run(|| {
        let weights: Vec<(String, Tensor)> = paths[1..paths.len() - 1]
            .iter()
            .zip(&values[1..])
            .map(|(name, value)| (name.clone(), Tensor::from(value.clone())))
            .collect();
        seed(3, || substitute(weights, model));
    })?;
    let (_, plain) = run(|| {
        seed(3, || {
            let a = sample("a", Normal::new(0.0, 1.0));
            let net = net();
            let y = net.apply(&weights_of(&paths, &values), x() * a);
            sample("y", Normal::new(y.at((.., 0)), y.at((.., 1))).to_event(1))
        });
    })?;
    assert_eq!(given.last(), plain.last());
    Ok(())
}

/// The tree of the net's weights.
fn weights_of(paths: &[String], values: &[Array]) -> Weights {
    let (_, tree) = net().init(0, &[4, 3]);
    tree.map(&mut |path, _| {
        let at = paths.iter().position(|p| p.ends_with(path)).unwrap_or_else(|| panic!("{path}"));
        Tensor::from(values[at].clone())
    })
}

#[test]
fn a_random_modules_weights_equal_numpyros() -> anyhow::Result<()> {
    let golden = &golden("numpyro_networks")["random_module"];
    let (sites, values) = run(|| {
        seed(3, || {
            let net = random_module("net", net(), Normal::new(0.0, 0.5), &[4, 3]);
            deterministic("out", net(x()))
        });
    })?;
    let names = golden.as_object().cloned().unwrap_or_default();
    assert!(sites.keys().eq(names.keys()), "{:?}", sites.keys());
    for (name, value) in sites.keys().zip(&values) {
        holds(name, value, &golden[name.as_str()], if name == "out" { COMPUTED } else { DRAWN });
    }
    let (sites, _) = run(|| {
        let prior = Prior::new()
            .with("0.W", Normal::new(0.0, 1.0))
            .with("2.b", Normal::new([0.0; 4], 1.0).to_event(1));
        seed(3, || random_module("net", net(), prior, &[4, 3])(x()));
    })?;
    let random: Vec<&str> =
        sites.iter().filter(|(_, s)| s.kind == SiteType::Sample).map(|(n, _)| n.as_str()).collect();
    assert_eq!(random, ["net/0.W", "net/2.b"]);
    assert_eq!(sites.len(), 6);
    Ok(())
}

#[test]
fn wrong_networks_are_named_with_their_line() {
    let cases: Vec<(&str, fn())> = vec![
        ("site `net`: the module's weights are drawn, and there is no random key", || {
            module("net", nn::dense(2), &[3]);
        }),
        ("dense(2) needs an input with dimensions, found a scalar", || {
            seed(0, || module("net", nn::dense(2), &[]));
        }),
        ("there is no weight `w`; help: the weights are W, b", || {
            seed(0, || {
                let net = module("net", nn::dense(2), &[3]);
                net.weights().leaf("w")
            });
        }),
        ("dropout draws, and there is no key; help: apply the network with one", || {
            seed(0, || module("net", nn::dropout(0.5, true), &[3])(Tensor::from([1.0, 2.0, 3.0])));
        }),
        ("dropout keeps a share between 0 and 1, found 0", || {
            nn::dropout(0.0, true);
        }),
        ("an initialiser by the sizes of a layer cannot make weights of shape [3]", || {
            initializers::glorot_normal().init(Key::new(0), &[3], DType::F64);
        }),
        ("site `net/b`: the prior Normal.to_event(2) has 2 event dimensions, the weight 1", || {
            let prior = Prior::new().with("b", Normal::new([[0.0, 0.0]], 1.0).to_event(2));
            seed(0, || random_module("net", nn::dense(2), prior, &[3]));
        }),
        ("dot", || {
            seed(0, || module("net", nn::dense(2), &[3])(Tensor::from([1.0, 2.0])));
        }),
    ];
    for (expected, wrong) in cases {
        let found = errors(|| {
            wrong();
            vec![]
        });
        assert!(
            found.first().is_some_and(|e| e.contains(expected)),
            "found {found:?}, expected `{expected}`"
        );
    }
}
