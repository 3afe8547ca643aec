//! The model that a subcommand runs: its name on the command line, and its data.

use std::{io::Write, path::PathBuf};

use super::error::Failure;
use crate::{
    data::DataFile,
    gallery::{self, Entry, Problem},
};

#[derive(clap::Args)]
pub(super) struct ModelArgs {
    /// The model
    model: String,
    /// Data for the model: a file .json, .npz or .csv, whose fields have the names in the model's structure
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
}

impl ModelArgs {
    /// The entry that is named, with the data given.
    pub(super) fn problem<'a>(&self, models: &'a [Entry]) -> Result<(&'a Entry, Box<dyn Problem>), Failure> {
        let entry = find(models, &self.model)?;
        let file = self.data.as_deref().map(DataFile::open).transpose()?;
        let problem = (entry.problem)(file.as_ref())?;
        if let (Some(path), [_, ..]) = (&self.data, problem.unread()) {
            let fields = problem.unread().join(", ");
            // Nobody may be listening there.
            let _ = writeln!(std::io::stderr(), "note: {}: the model does not read {fields}", path.display());
        }
        Ok((entry, problem))
    }
}

/// The model of this name, or an error with the nearest one.
fn find<'a>(models: &'a [Entry], name: &str) -> Result<&'a Entry, Failure> {
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
