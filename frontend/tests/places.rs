//! Functions composed of others blame the line that calls them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use pyroxene_frontend::{prelude::*, record};

#[test]
fn nodes_and_errors_of_composed_functions_carry_the_callers_line() {
    let graph = record(|| vec![Tensor::from([0.5]).asinh().hypot(2.0)]).unwrap();
    let here = line!() - 1;
    for v in graph.vals() {
        let loc = graph.node(v).loc.clone().unwrap();
        assert_eq!((loc.file.ends_with("places.rs"), loc.line), (true, here), "{v}: {loc}");
    }
    let errors = record(|| {
        let wrong = Tensor::from([0.5, 1.5]).hypot(Tensor::from([1.0, 2.0, 3.0]));
        vec![wrong]
    });
    let errors = errors.err().unwrap().0;
    assert_eq!(errors[0].loc.line, line!() - 4, "{}", errors[0]);
    assert!(errors[0].loc.file.ends_with("places.rs"), "{}", errors[0]);
}
