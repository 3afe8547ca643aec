//! What a command can fail with: each displays as the one message the user sees.

use std::io;

use crate::{
    gallery::{self, Entry, FieldError},
    inference,
    runtime::{self, options::OptionError},
};

/// A command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("unknown model `{name}`{}; `pyroxene gallery` lists the models", suggestion(.nearest))]
    UnknownModel { name: String, nearest: Option<&'static str> },
    #[error("--at: coordinate {index} is `{found}`, expected a number such as 0.5 or -1e-3")]
    Coordinate { index: usize, found: String },
    #[error(
        "--at: found {found} coordinates, expected {expected} for {model}: {sites}, in this order, separated by commas"
    )]
    Coordinates { model: &'static str, found: usize, expected: usize, sites: String },
    #[error("--pass {pass}: no such pass ran; those that did are {ran}")]
    Pass { pass: String, ran: String },
    #[error("--pass goes with --emit ir")]
    PassWithoutGraph,
    #[error("--out {}: {}; nothing was sampled", .0.path.display(), .0.source)]
    Out(inference::ExportError),
    #[error("{count} of the checks above failed")]
    Unhealthy { count: usize },
    #[error(transparent)]
    Field(#[from] FieldError),
    #[error(transparent)]
    Program(#[from] crate::Error),
    #[error(transparent)]
    Runtime(#[from] runtime::Error),
    #[error(transparent)]
    Option(#[from] OptionError),
    #[error(transparent)]
    Sampling(#[from] inference::Error),
    #[error(transparent)]
    Export(#[from] inference::ExportError),
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
}

fn suggestion(nearest: &Option<&'static str>) -> String {
    nearest.map(|n| format!(", did you mean `{n}`?")).unwrap_or_default()
}

/// The model of this name, or an error with the nearest one.
pub(super) fn find<'a>(models: &'a [Entry], name: &str) -> Result<&'a Entry, Failure> {
    gallery::find(models, name).ok_or_else(|| {
        let names = models.iter().flat_map(Entry::names);
        let nearest = names.map(|n| (distance(name, n), n)).min_by_key(|(d, n)| (*d, n.len()));
        // A third of the letters wrong is still a slip; more is another word.
        let nearest = nearest.filter(|(d, n)| *d <= n.len() / 3).map(|(_, n)| n);
        Failure::UnknownModel { name: name.to_owned(), nearest }
    })
}

/// Levenshtein's distance: the fewest letters to insert, delete or replace.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::GALLERY;

    #[test]
    fn distances() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("wells", "wells"), 0);
    }

    #[test]
    fn nearest_names_are_suggested() {
        let nearest = |name| match find(GALLERY, name) {
            Err(Failure::UnknownModel { nearest, .. }) => nearest,
            _ => Some("found"),
        };
        assert_eq!(nearest("eight_school"), Some("eight_schools"));
        assert_eq!(nearest("kidq"), Some("kidiq"));
        assert_eq!(nearest("radon_mm"), Some("radon_mn"));
        assert_eq!(nearest("something_else"), None);
        assert_eq!(nearest("wells"), Some("found"));
    }
}
