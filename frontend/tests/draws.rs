//! Prior draws on the device: equal to the interpreter's, and compiled in a time that grows with the model's size.

use pyroxene_frontend::{Model, prelude::*};
use pyroxene_ir::{eval::eval, passes::Query, threefry::key_from_seed};

/// Each site draws under a key split from the one before and reads the sites so far: the shape in which fusing random
/// bits from end to end would take XLA for ever.
fn chain(_: &()) {
    let mut scale = Tensor::from(1.0);
    for i in 0..4 {
        let loc = sample(&format!("normal{i}"), Normal::new(0.0, scale));
        scale = sample(&format!("rate{i}"), Exponential::new(loc.softplus() + 0.5)) + 0.1;
        sample(&format!("cauchy{i}"), Cauchy::new(loc, scale));
    }
    plate("rows", 5, |_| sample("uniform", Uniform::new(0.0, scale)));
}

#[test]
fn draws_of_a_long_chain_equal_the_interpreters() -> anyhow::Result<()> {
    let bound = Model::new(chain).bind(&())?;
    let graph = bound.program().resolve(Query::Draws, &mut |_, _| {})?;
    let expected = eval(&graph, &[key_from_seed(7)])?;
    let found = bound.draws(7)?;
    assert_eq!(found.len(), 13);
    for ((x, y), site) in found.iter().zip(&expected).zip(bound.outputs()) {
        for (x, y) in x.to_f64_vec().iter().zip(y.to_f64_vec()) {
            // XLA's log1p and tan are off by up to 5e-14, and later sites read earlier ones.
            assert!((x - y).abs() <= 1e-11 * y.abs().max(1.0), "{}: {x} against {y}", site.name);
        }
    }
    Ok(())
}
