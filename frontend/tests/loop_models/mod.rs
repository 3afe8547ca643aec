//! The models of `tests/golden/control_flow.json` in Rust, and how their queries are answered in the interpreter.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::path::Path;

use pyroxene_frontend::{
    handlers::{condition, mask, scale, substitute},
    prelude::*,
    record,
};
use pyroxene_ir::{
    Graph,
    eval::eval,
    passes::{self, Query},
    text, verify,
};
use serde_json::Value;

/// NumPyro's numbers come from XLA, ours from the interpreter: they differ by a few ulp of `erf_inv` and by the order of
/// sums; a recurrence of eight steps and a quotient of densities make 1e-11 of 1e-12.
pub(crate) const TOLERANCE: f64 = 1e-11;

pub(crate) fn y() -> Tensor {
    Tensor::from([0.5, -0.3, 1.2, 0.8, 2.1])
}

pub(crate) fn w() -> Tensor {
    Tensor::from([0.1, -0.4, 0.9, 1.1, 0.2, -0.6, 0.3, 0.7, 0.5, -1.2, 0.4, 2.0]).reshape(&[4, 3])
}

pub(crate) fn seen() -> Tensor {
    Tensor::from(Array::from([true, false, true, true, false]))
}

pub(crate) fn zero() -> Tensor {
    Tensor::from(0.0)
}

pub(crate) fn walk(x: &Tensor, y: Option<Tensor>) -> (Tensor, (Tensor, Tensor)) {
    let x = sample("x", Normal::new(*x, 0.7));
    let y = sample("y", Normal::new(x, 1.0).obs(y));
    (x, (x, y))
}

pub(crate) fn state_space() {
    let tau = sample("tau", HalfNormal::new(1.0));
    let x0 = sample("x0", Normal::new(0.0, 1.0));
    let (last, path) = scan(x0, y(), |x, y| {
        let x = sample("x", Normal::new(*x * 0.9, tau));
        sample("y", Normal::new(x, 0.5).obs(*y));
        (x, x)
    });
    deterministic("range", path.max() - path.min());
    sample("after", Normal::new(last, 1.0));
}

pub(crate) fn length_only() {
    let (_, (x, y)) = Scan::times(4).run(zero(), |x, ()| walk(x, None));
    deterministic("sum", x.sum() + y.sum());
}

pub(crate) fn reverse() {
    let (last, _) = Scan::over(y()).reverse().run(zero(), |x, y| walk(x, Some(*y)));
    deterministic("first", last);
}

pub(crate) fn volatility() {
    scan(Tensor::from(1.0), y(), |h, y| {
        let h = sample("h", LogNormal::new(h.log() * 0.8, 0.3));
        let u = sample("u", Uniform::new(0.0, h));
        sample("y", Normal::new(u, h).obs(*y));
        (h, ())
    });
}

pub(crate) fn plates() {
    let sigma = sample("sigma", HalfCauchy::new(1.0));
    scan(Tensor::from([0.0; 3]), w(), |x, w| {
        plate("n", 3, |_| {
            let x = sample("x", Normal::new(*x, sigma));
            plate("m", 2, |_| sample("z", Exponential::new(x.exp())));
            sample("w", Normal::new(x, 1.0).obs(*w));
            (x, ())
        })
    });
}

pub(crate) fn masked_inside() {
    scan(zero(), (y(), seen()), |x, (y, seen)| {
        let x = sample("x", Normal::new(*x, 0.7));
        mask(*seen, || sample("y", Normal::new(x, 1.0).obs(*y)));
        (x, ())
    });
}

pub(crate) fn masked_outside() {
    mask(seen(), || scale(2.5, || scan(zero(), y(), |x, y| walk(x, Some(*y)))));
}

pub(crate) fn masked_plate() {
    scan(Tensor::from([0.0; 3]), (w(), w().greater(0.0)), |x, (w, seen)| {
        plate("n", 3, |_| {
            let x = sample("x", Normal::new(*x, 1.0));
            mask(*seen, || scale(0.5, || sample("w", StudentT::new(4.0, x, 1.5).obs(*w))));
            (x, ())
        })
    });
}

pub(crate) fn named_inside() {
    scan(zero(), y(), |x, _| {
        let x = sample("x", Normal::new(*x, 0.7));
        deterministic("square", x.square());
        factor("penalty", x.square() * -0.1);
        (x, ())
    });
}

pub(crate) fn events() {
    scan(Tensor::from([1.0 / 3.0; 3]), y(), |p, y| {
        let p = sample("p", Dirichlet::new(*p * 3.0 + 1.0));
        let v = sample("v", MultivariateNormal::from_covariance_matrix(*y * p, Tensor::eye(3)));
        (p, v)
    });
}

pub(crate) fn discrete() {
    let transitions = Tensor::from([0.7, 0.3, 0.2, 0.8]).reshape(&[2, 2]);
    scan(Tensor::from(0i64), y(), |z, y| {
        let z = sample("z", CategoricalProbs::new(transitions.take(*z)));
        sample("y", Normal::new(Tensor::from([-1.0, 1.0]).take(z), 1.0).obs(*y));
        (z, z)
    });
}

pub(crate) fn two_scans() {
    let a = sample("a", Normal::new(0.0, 1.0));
    let (last, _) = scan(a, y(), |x, y| walk(x, Some(*y)));
    Scan::times(3).run((last / 3.0).exp(), |c, ()| {
        let c = sample("c", Gamma::new(*c + 1.0, 2.0));
        sample("d", Normal::new(c, 1.0));
        (c, ())
    });
    sample("b", Normal::new(last, 1.0));
}

pub(crate) fn autoregressive() {
    scan(zero(), y(), |past, y| {
        let y = sample("y", Normal::new(*past * 0.6, 1.0).obs(*y));
        (y, ())
    });
}

pub(crate) fn conditioned() {
    condition([("y", y())], || Scan::times(5).run(zero(), |x, ()| walk(x, None)));
}

pub(crate) fn substituted() {
    substitute([("x", y() / 2.0)], || scan(zero(), y(), |x, y| walk(x, Some(*y))));
}

pub(crate) fn forecast() {
    condition([("y", y())], || Scan::times(8).run(zero(), |x, ()| walk(x, None)));
}

pub(crate) fn branches() {
    let k = sample("k", Normal::new(0.0, 1.0));
    let x = cond(
        k.greater(0.0),
        || sample("x", Normal::new(20.0, k.square() + 1.0)),
        || sample("x", Normal::new(k, 2.0)),
    );
    sample("y", Normal::new(x, 1.0).obs(3.0));
}

pub(crate) fn branches_with_plates() {
    let s = sample("s", HalfNormal::new(1.0));
    let one = |loc: Tensor| {
        let x = plate("n", 3, |_| {
            let x = sample("x", Normal::new(loc, s));
            sample("w", Normal::new(x, 1.0).obs(w().at(0)));
            x
        });
        deterministic("mean", x.mean());
        x.sum()
    };
    let t = cond(s.less(0.7), || one(Tensor::from(1.0)), || one(-s));
    sample("t", Normal::new(t, 1.0));
}

pub(crate) fn cond_in_scan() {
    scan(zero(), y(), |x, y| {
        let x = cond(
            x.greater(0.0),
            || sample("x", Normal::new(*x - 1.0, 0.5)),
            || sample("x", Normal::new(*x + 1.0, 0.8)),
        );
        sample("y", Normal::new(x, 1.0).obs(*y));
        (x, ())
    });
}

pub(crate) type Model = fn();

pub(crate) const MODELS: [(&str, Model); 19] = [
    ("state_space", state_space),
    ("length_only", length_only),
    ("reverse", reverse),
    ("volatility", volatility),
    ("plates", plates),
    ("masked_inside", masked_inside),
    ("masked_outside", masked_outside),
    ("masked_plate", masked_plate),
    ("named_inside", named_inside),
    ("events", events),
    ("discrete", discrete),
    ("two_scans", two_scans),
    ("autoregressive", autoregressive),
    ("conditioned", conditioned),
    ("substituted", substituted),
    ("forecast", forecast),
    ("branches", branches),
    ("branches_with_plates", branches_with_plates),
    ("cond_in_scan", cond_in_scan),
];

pub(crate) fn golden() -> anyhow::Result<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/control_flow.json");
    Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
}

pub(crate) fn list(v: &Value) -> &[Value] {
    v.as_array().map(Vec::as_slice).unwrap_or_default()
}

pub(crate) fn numbers(v: &Value) -> Vec<f64> {
    list(&v["values"]).iter().filter_map(|x| x.as_f64().or_else(|| x.as_bool().map(f64::from))).collect()
}

pub(crate) fn dims(v: &Value) -> Vec<usize> {
    list(&v["shape"]).iter().filter_map(Value::as_u64).map(|n| n as usize).collect()
}

pub(crate) fn close(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: found {found:?}, expected {expected:?}");
    for (x, y) in found.iter().zip(expected) {
        assert!(
            (x - y).abs() <= TOLERANCE * y.abs().max(1.0),
            "{what}: found {found:?}, expected {expected:?}"
        );
    }
}

/// The golden models with their Rust twins.
pub(crate) fn models() -> anyhow::Result<Vec<(Model, Value)>> {
    let golden = golden()?;
    let models = list(&golden["models"]);
    assert_eq!(models.len(), MODELS.len());
    let twin = |m: &Value| MODELS.iter().find(|(name, _)| m["name"] == *name).map(|(_, f)| (*f, m.clone()));
    models.iter().map(|m| twin(m).ok_or_else(|| anyhow::anyhow!("no model {}", m["name"]))).collect()
}

pub(crate) fn graph(f: fn()) -> anyhow::Result<Graph> {
    let graph = record(|| {
        f();
        Vec::new()
    })?;
    verify(&graph)?;
    assert_eq!(text::parse(&graph.to_string())?, graph, "the text form reads back");
    Ok(graph)
}

/// Evaluates a query, its values of sites being those of a golden trace.
pub(crate) fn answer(
    graph: &Graph,
    query: Query,
    sites: &Value,
    position: &[f64],
) -> anyhow::Result<Vec<Array>> {
    let pure = passes::run(graph, query, &mut |_, _| {})?;
    let mut args = Vec::new();
    for v in pure.inputs() {
        let name = pure.input_of(*v).map(|i| i.name.clone()).unwrap_or_default();
        let ty = pure.ty(*v);
        if name == "position" {
            args.push(Array::from(position));
            continue;
        }
        let site = list(sites).iter().find(|s| s["name"] == *name);
        let value = &site.ok_or_else(|| anyhow::anyhow!("no value of {name}"))?["value"];
        assert_eq!(dims(value), ty.dims.as_slice(), "{name}");
        let values = numbers(value);
        let array = match ty.dtype {
            DType::I64 => Array::from(values.iter().map(|x| *x as i64).collect::<Vec<_>>()),
            _ => Array::from(values),
        };
        args.push(array.reshape(ty.dims.iter().copied())?);
    }
    Ok(eval(&pure, &args)?)
}
