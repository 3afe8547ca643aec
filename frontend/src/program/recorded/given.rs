//! Handlers on a recorded program: values, interventions, masks and scales given to its sites without a rerun.

use pyroxene_ir::{
    Graph,
    passes::{self, Query, Weight},
};

use super::{PinnedProgram, Program, Timings};
use crate::program::error::Error;

impl Program {
    /// The same program with the named sample sites observed: their values become parameters of every query
    /// ([`Bound::given`](super::Bound::given) sets them). The model does not run again, and another value compiles
    /// nothing. Where the sites' transforms depend on no latent value, as for fixed supports, the first value compiles
    /// nothing either: queries run the executables of this program.
    ///
    /// # Errors
    /// When a name is no sample site.
    pub fn condition(&self, names: &[&str]) -> Result<Program, Error> {
        self.give(names, true)
    }

    /// The same program with the named sample sites set by parameters that do not count as data.
    ///
    /// # Errors
    /// When a name is no sample site.
    pub fn substitute(&self, names: &[&str]) -> Result<Program, Error> {
        self.give(names, false)
    }

    /// The same program with the named params set by parameters of every query, which come among the values of sites; their
    /// initial values play no part.
    ///
    /// # Errors
    /// When a node cannot be copied.
    pub fn substitute_params(&self, names: &[&str]) -> Result<Program, Error> {
        Ok(self.with_graph(passes::give_params(&self.inner.graph, Some(names))?))
    }

    /// The same program under interventions (NumPyro's `do`): what follows the named sample sites reads the values of hidden
    /// sites `NAME__CF` instead, which are parameters of every query ([`Bound::given`](super::Bound::given) sets them).
    /// The sites themselves keep their densities and draws, and nobody reads them. The model does not run again, and
    /// another value compiles nothing.
    ///
    /// ```
    /// use pyroxene_frontend::{Model, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let model = Model::new(|(): &()| {
    ///     let x = sample("x", Normal::new(0.0, 1.0));
    ///     sample("y", Normal::new(x * 2.0, 1.0));
    /// });
    /// let intervened = model.trace(&())?.do_(&["x"])?;
    /// let sites = intervened.graph().sites().filter(|(_, site)| site.name.starts_with('x'));
    /// assert!(sites.map(|(_, site)| site.name.as_str()).eq(["x", "x__CF"]));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When a name is no sample site.
    pub fn do_(&self, names: &[&str]) -> Result<Program, Error> {
        Ok(self.with_graph(passes::intervene(&self.inner.graph, names)?))
    }

    /// The same program with masks on the named sample sites, as the innermost `mask` handler would put them: truth values
    /// of the dimensions of each site's batch, which are parameters of every query, `NAME/mask`. The model does not run
    /// again, and another mask compiles nothing.
    ///
    /// # Errors
    /// When a name is no sample site, or the site has such a mask already.
    pub fn mask(&self, names: &[&str]) -> Result<Program, Error> {
        Ok(self.with_graph(passes::weigh(&self.inner.graph, Some(names), Weight::Mask)?))
    }

    /// The same program with one truth value for all sample sites, `mask`; else as [`Program::mask`].
    ///
    /// # Errors
    /// When the program has such a mask already.
    pub fn mask_all(&self) -> Result<Program, Error> {
        Ok(self.with_graph(passes::weigh(&self.inner.graph, None, Weight::Mask)?))
    }

    /// The same program with positive factors of the log densities of the named sample sites, as the innermost `scale`
    /// handler would put them: of the dimensions of each site's batch, parameters of every query, `NAME/scale`. They
    /// weigh observations; see [`Program::mask`] for leaving some out.
    ///
    /// # Errors
    /// As [`Program::mask`].
    pub fn scale(&self, names: &[&str]) -> Result<Program, Error> {
        Ok(self.with_graph(passes::weigh(&self.inner.graph, Some(names), Weight::Scale)?))
    }

    /// The same program with one positive factor of the whole log density, `scale`; else as [`Program::scale`].
    ///
    /// # Errors
    /// When the program has such a scale already.
    pub fn scale_all(&self) -> Result<Program, Error> {
        Ok(self.with_graph(passes::weigh(&self.inner.graph, None, Weight::Scale)?))
    }

    /// The same program, in whose draws no derivative passes through sites without
    /// [`has_rsample`](crate::distributions::Distribution::has_rsample): what estimates of gradients by scores need.
    ///
    /// # Errors
    /// None but those of an inconsistent program.
    pub fn stop_draws(&self) -> Result<Program, Error> {
        Ok(self.with_graph(passes::stop_draws(&self.inner.graph)?))
    }

    /// The same program, whose plates that subsample take the splits of a key of their own, `plate key` among the
    /// parameters of every query, so that several runs can share their subsamples.
    ///
    /// # Errors
    /// None but those of an inconsistent program.
    pub fn key_plates(&self) -> Result<Program, Error> {
        Ok(self.with_graph(passes::key_plates(&self.inner.graph)?))
    }

    /// The same program with another graph, which compiles its own executables.
    fn with_graph(&self, graph: Graph) -> Program {
        let timings = Timings { trace: self.timings().trace, ..Timings::default() };
        Program::new(graph, None, self.inner.leaves.clone(), timings, self.inner.settings.clone())
    }

    fn give(&self, names: &[&str], observed: bool) -> Result<Program, Error> {
        let graph = passes::give(&self.inner.graph, names, observed)?;
        let whole = self.graph_for(Query::Potential);
        let mut pins = passes::pins(&graph)?;
        let latent = passes::layout(whole);
        pins.keep(|name| latent.iter().any(|c| c.name == name));
        let others: Vec<&str> =
            names.iter().copied().filter(|n| !pins.names.iter().any(|p| p == n)).collect();
        let pinned = if pins.names.is_empty() {
            None
        } else {
            Some(PinnedProgram { graph: passes::give(whole, &others, observed)?, pins })
        };
        let timings = Timings { trace: self.timings().trace, ..Timings::default() };
        Ok(Program::new(graph, pinned, self.inner.leaves.clone(), timings, self.inner.settings.clone()))
    }
}
