//! Likely mistakes of a recorded model, as far as the environment asks for them.

use pyroxene_ir::passes::{self, Lint, LintKind};
use pyroxene_runtime::options::Validate;

use super::{error::Error, pipeline, recorded::Program};

impl Program {
    /// What is likely a mistake in the model, in program order: batch dimensions that no plate covers (NumPyro's
    /// `_validate_model`), factors that a plate counts more than once, several interventions on one site. The variable
    /// `PYROXENE_VALIDATE` decides how much: `off` nothing, `loose` (the default) all but missing plates of sites that
    /// stand in none, `strict` and `error` everything.
    ///
    /// ```
    /// use pyroxene_frontend::{Program, Spec, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let program = Program::trace(
    ///     |x: &Tensor| plate("i", 3, |_| drop(sample("y", Normal::new(x.expand_dims(-1), 1.0).obs(*x)))),
    ///     &spec(&Array::from([0.5, -1.0, 2.0])),
    /// )?;
    /// let said = program.warnings()?[0].to_string();
    /// assert!(said.contains("site `y`: no plate covers the batch dimension -2 of size 3"), "{said}");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When an environment variable has the wrong form.
    pub fn warnings(&self) -> Result<Vec<Lint>, Error> {
        Ok(at(self, pipeline::options()?.validate))
    }

    /// Tells of likely mistakes, or fails with them.
    pub(super) fn warn(&self) -> Result<(), Error> {
        let level = pipeline::options()?.validate;
        let found = at(self, level);
        if level == Validate::Error && !found.is_empty() {
            return Err(Error::Lints(found));
        }
        for lint in found {
            pyroxene_runtime::notice(&format!("warning: {lint}"));
        }
        Ok(())
    }
}

fn at(program: &Program, level: Validate) -> Vec<Lint> {
    let told = |lint: &Lint| match level {
        Validate::Off => false,
        Validate::Loose => !lint.plates.is_empty() || !matches!(lint.kind, LintKind::MissingPlate { .. }),
        Validate::Strict | Validate::Error => true,
    };
    passes::lints(program.graph()).into_iter().filter(told).collect()
}
