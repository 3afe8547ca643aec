//! Every public function has a test: those of tensors a golden row, which checks values, derivatives and batches too, or a
//! reason why not; the others a use in a test of their kind.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, fs, path::PathBuf};

fn here(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The Rust sources in a directory, by name.
fn sources(dir: &str) -> BTreeMap<String, String> {
    let entries = fs::read_dir(here(dir)).unwrap_or_else(|e| panic!("{dir}: {e}"));
    let paths = entries.map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "rs"));
    paths.map(|p| (p.file_name().unwrap().to_string_lossy().into(), fs::read_to_string(p).unwrap())).collect()
}

/// The first word of a line, if it is a name in lower case that something follows.
fn first_word(line: &str) -> Option<&str> {
    let end = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    let word = &line[..end];
    word.starts_with(|c: char| c.is_ascii_lowercase()).then_some(word)
}

/// The public functions of a source: `pub fn NAME`, and the documented rows `NAME …` of macros that make them.
fn functions(source: &str) -> Vec<String> {
    const WORDS: [&str; 11] =
        ["pub", "fn", "type", "let", "impl", "mod", "enum", "struct", "trait", "const", "macro_rules"];
    let mut found = Vec::new();
    let mut documented = false;
    for line in source.lines().map(str::trim) {
        let name = match line.strip_prefix("pub fn ") {
            Some(rest) => first_word(rest),
            None if documented => {
                first_word(line).filter(|word| !WORDS.contains(word) && line[word.len()..].starts_with(' '))
            }
            None => None,
        };
        found.extend(name.map(String::from));
        documented = line.starts_with("///");
    }
    found
}

/// Whether a text uses a name, as a function or a method.
fn uses(text: &str, name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(name)
        .any(|(at, _)| !text[..at].ends_with(word) && !text[at + name.len()..].starts_with(word))
}

/// The rows between the start of a table and its end.
fn table<'a>(source: &'a str, start: &str) -> &'a str {
    let from = source.find(start).unwrap_or_else(|| panic!("no `{start}`"));
    &source[from..from + source[from..].find("\n];").unwrap()]
}

/// Functions of tensors without a golden row: why, and the test that has them.
const WITHOUT_ROW: &[(&str, &str, &str)] = &[
    ("all_axis", "of truth values", "shapes.rs"),
    ("all_rightmost", "of truth values", "shapes.rs"),
    ("any_axis", "of truth values", "shapes.rs"),
    ("any", "of truth values", "shapes.rs"),
    ("arange", "takes no tensor", "shapes.rs"),
    ("betainc", "a second derivative by its last argument alone", "special.rs"),
    ("bincount", "of integers", "shapes.rs"),
    ("bitcast", "of bits", "shapes.rs"),
    ("convert", "changes the type", "shapes.rs"),
    ("count_leading_zeros", "of bits", "shapes.rs"),
    ("equal", "a truth value", "shapes.rs"),
    ("eye", "takes no tensor", "shapes.rs"),
    ("eye_of", "takes no tensor", "shapes.rs"),
    ("full", "takes no tensor", "shapes.rs"),
    ("gammainc", "a second derivative by its last argument alone", "special.rs"),
    ("gammaincc", "a second derivative by its last argument alone", "special.rs"),
    ("greater_equal", "a truth value", "shapes.rs"),
    ("iota", "takes no tensor", "shapes.rs"),
    ("is_finite", "a truth value", "shapes.rs"),
    ("is_inf", "a truth value", "shapes.rs"),
    ("is_nan", "a truth value", "shapes.rs"),
    ("less", "a truth value", "shapes.rs"),
    ("less_equal", "a truth value", "shapes.rs"),
    ("nextafter", "of bits", "shapes.rs"),
    ("not_equal", "a truth value", "shapes.rs"),
    ("one_hot", "of integers", "shapes.rs"),
    ("ones", "takes no tensor", "shapes.rs"),
    ("popcount", "of bits", "shapes.rs"),
    ("slice", "names a range of positions", "shapes.rs"),
    ("tri", "takes no tensor", "shapes.rs"),
    ("zeros", "takes no tensor", "shapes.rs"),
    ("zeta", "a derivative by its last argument alone", "special.rs"),
];

#[test]
fn every_function_of_tensors_has_a_golden_row_or_a_reason() {
    let tests = sources("tests");
    let tables: Vec<&str> = [
        ("shapes.rs", "const FUNCTIONS"),
        ("linalg.rs", "const FUNCTIONS"),
        ("functions.rs", "const FUNCTIONS"),
        ("special.rs", "const UNARY"),
    ]
    .map(|(file, start)| table(&tests[file], start))
    .into();
    let mut known = Vec::new();
    for (file, source) in sources("src/tensor") {
        for name in functions(&source) {
            let row = tables.iter().any(|t| uses(t, &name));
            let reason = WITHOUT_ROW.iter().find(|(n, _, _)| *n == name);
            match (row, reason) {
                (false, None) => panic!("src/tensor/{file}: `{name}` has no golden row"),
                (true, Some(_)) => panic!("`{name}` has a golden row: take it off the list"),
                (false, Some((_, _, test))) => assert!(uses(&tests[*test], &name), "{test} lacks `{name}`"),
                (true, None) => {}
            }
            known.push(name);
        }
    }
    for (name, _, _) in WITHOUT_ROW {
        assert!(known.iter().any(|n| n == name), "there is no `{name}`: take it off the list");
    }
    assert!(known.len() > 150, "the scan found {} functions", known.len());
}

#[test]
fn draws_and_functions_of_functions_are_used_by_tests_of_their_kind() {
    let tests = sources("tests");
    let of_kind = |starts: &[&str]| -> String {
        let kind = tests.iter().filter(|(name, _)| starts.iter().any(|s| name.starts_with(s)));
        kind.map(|(_, text)| text.as_str()).collect()
    };
    for (dir, starts, least) in [
        ("src/random", &["random"][..], 30),
        ("src/autodiff", &["autodiff"], 10),
        ("src/control", &["autodiff", "control", "programs"], 8),
    ] {
        let text = of_kind(starts);
        let mut count = 0;
        for (file, source) in sources(dir) {
            for name in functions(&source) {
                assert!(uses(&text, &name), "{dir}/{file}: no test of `{name}`");
                count += 1;
            }
        }
        assert!(count >= least, "the scan of {dir} found {count} functions");
    }
}
