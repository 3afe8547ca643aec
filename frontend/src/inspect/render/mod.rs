//! Drawings of models: random variables as ellipses, plates as boxes; as DOT, or as SVG without Graphviz.

mod dot;
mod layers;
mod order;
mod picture;
mod place;
mod route;
mod svg;
#[cfg(test)]
mod tests;
mod text;

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use picture::Picture;
use pyroxene_ir::{
    CondIndepStackFrame, Graph,
    passes::{Relations, relations},
};

use super::sites::plates;

/// The drawing of a model (what NumPyro's `render_model` gives): arrows run from what is read to what reads it. Observed
/// sites are grey, deterministic ones dashed; plates are boxes that say their size.
///
/// ```
/// use pyroxene_frontend::{inspect::render_model, prelude::*};
///
/// fn model(y: &Tensor) {
///     let mu = sample("mu", Normal::new(0.0, 5.0));
///     plate("data", y.dim(0), |_| sample("y", Normal::new(mu, 1.0).obs(*y)));
/// }
///
/// # fn main() -> Result<(), pyroxene_frontend::Error> {
/// let drawing = render_model(model, &Array::from([0.5, 1.5]))?;
/// assert!(drawing.to_dot().contains("\"mu\" -> \"y\""));
/// assert!(drawing.distributions(true).to_svg().contains("y ~ Normal"));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Drawing {
    relations: Relations,
    /// What to say of each plate's size.
    sizes: BTreeMap<String, String>,
    distributions: bool,
    params: bool,
}

impl Drawing {
    /// The drawing of a recorded program.
    pub(super) fn of(graph: &Graph) -> Drawing {
        let size = |frame: CondIndepStackFrame| match (frame.size, frame.full_size) {
            (size, full) if size == full => (frame.name, size.to_string()),
            (size, full) => (frame.name, format!("{size} of {full}")),
        };
        let sizes = plates(graph).into_iter().map(size).collect();
        Drawing { relations: relations(graph), sizes, distributions: false, params: false }
    }

    /// The same with, or without, a legend of each site's distribution.
    #[must_use]
    pub fn distributions(self, distributions: bool) -> Drawing {
        Drawing { distributions, ..self }
    }

    /// The same with, or without, parameters.
    #[must_use]
    pub fn params(self, params: bool) -> Drawing {
        Drawing { params, ..self }
    }

    fn picture(&self) -> Picture {
        Picture::of(&self.relations, &self.sizes, self.params)
    }

    /// For Graphviz.
    pub fn to_dot(&self) -> String {
        dot::write(&self.picture(), self.distributions)
    }

    /// A drawing that a browser shows. The layout is layered (Sugiyama et al., 1981): arrows run downwards, names never
    /// overlap, and arrows go around boxes that they do not enter, wherever there is a way.
    pub fn to_svg(&self) -> String {
        svg::write(&self.picture(), self.distributions)
    }

    /// Writes a file: `.svg`, or `.dot` or `.gv` for Graphviz.
    ///
    /// # Errors
    /// When the name ends in something else, or the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), SaveError> {
        let path = path.as_ref();
        let text = match path.extension().and_then(|e| e.to_str()) {
            Some("svg") => self.to_svg(),
            Some("dot" | "gv") => self.to_dot(),
            _ => return Err(SaveError::Format { path: path.to_owned() }),
        };
        std::fs::write(path, text).map_err(|source| SaveError::Io { path: path.to_owned(), source })
    }
}

/// A drawing could not be saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// The file's name does not say a known format.
    #[error("{}: the name decides the format; help: end it in .svg, or in .dot for Graphviz", path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}
