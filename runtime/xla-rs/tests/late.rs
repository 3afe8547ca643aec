//! A plugin in use before this backend could set XLA's options, in a process of its own.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use pyroxene_runtime::default_backend;
use pyroxene_xla_rs::XlaBackend;

#[test]
fn plugin_that_loses_nan_is_refused() {
    let pjrt = default_backend().unwrap();
    let path = pjrt.platform().plugin.clone().unwrap();
    let error = XlaBackend::plugin(&path, "of the test").map(|_| ()).unwrap_err().to_string();
    let expected = format!(
        "the PJRT plugin `{}` makes no client: a minimum with NaN failed with FailedPrecondition: XLA loses NaN",
        path.display()
    );
    assert!(
        error.starts_with(&expected) && error.contains("call `register` of this backend before"),
        "{error}"
    );
    // The library that is linked has not been in use.
    XlaBackend::cpu().unwrap();
}
