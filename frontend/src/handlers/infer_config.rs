//! `infer_config`: hints to inference from outside the model.

use std::rc::Rc;

use pyroxene_ir::Hint;

use super::{Handler, Message, run};

struct InferConfig<F>(F);

/// Runs `f` with the hints to inference that `config` has for a sample site added to its own (NumPyro's `infer_config`).
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*, Hint};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// eval(|| handlers::seed(0, || {
///     let config = |site: &handlers::Message| match site.name.as_str() {
///         "z" => vec![("is_auxiliary", Hint::Bool(true))],
///         _ => vec![],
///     };
///     let model = || sample("z", Normal::new(0.0, 1.0));
///     let (z, sites) = handlers::trace(|| handlers::infer_config(config, model));
///     assert_eq!(sites["z"].infer["is_auxiliary"], Hint::Bool(true));
///     z
/// }))?;
/// # Ok(()) }
/// ```
pub fn infer_config<N: Into<String>, I: IntoIterator<Item = (N, Hint)>, R>(
    config: impl Fn(&Message) -> I + 'static,
    f: impl FnOnce() -> R,
) -> R {
    let config = move |message: &mut Message| {
        let hints: Vec<(String, Hint)> =
            config(message).into_iter().map(|(n, hint)| (n.into(), hint)).collect();
        message.infer.extend(hints);
    };
    run(Rc::new(InferConfig(config)), f)
}

impl<F: Fn(&mut Message)> Handler for InferConfig<F> {
    fn process(&self, message: &mut Message) {
        if message.kind.is_sample() {
            (self.0)(message);
        }
    }
}
