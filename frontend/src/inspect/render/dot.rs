//! DOT: a picture for Graphviz, styled as NumPyro's `render_model` styles it.

use std::fmt::Write;

use super::{
    picture::{Look, Picture, Shape},
    text::dot,
};

pub(super) fn write(picture: &Picture, distributions: bool) -> String {
    let mut out = String::from("digraph {\n");
    plate(picture, None, 1, &mut out);
    for (from, to) in &picture.edges {
        let (from, to) = (dot(&picture.shapes[*from].name), dot(&picture.shapes[*to].name));
        line(&mut out, 1, &format!("{from} -> {to}"));
    }
    let notes: Vec<String> = picture.shapes.iter().filter_map(note).collect();
    if distributions && !notes.is_empty() {
        let label = notes.concat();
        line(&mut out, 1, &format!("distribution_description_node [label=\"{label}\" shape=plaintext]"));
    }
    out.push_str("}\n");
    out
}

/// The content of a plate, or what is in none: its shapes, then the plates inside.
fn plate(picture: &Picture, inside: Option<usize>, depth: usize, out: &mut String) {
    for shape in picture.shapes.iter().filter(|s| s.plate == inside) {
        let (style, fill, form) = match shape.look {
            Look::Latent => ("filled", "white", "ellipse"),
            Look::Observed => ("filled", "grey", "ellipse"),
            Look::Deterministic => ("\"filled,dashed\"", "white", "ellipse"),
            Look::Param => ("filled", "white", "plain"),
        };
        let name = dot(&shape.name);
        line(out, depth, &format!("{name} [label={name} fillcolor={fill} shape={form} style={style}]"));
    }
    for (i, child) in picture.plates.iter().enumerate().filter(|(_, p)| p.inside == inside) {
        let name = dot(&format!("cluster_{}", child.name));
        line(out, depth, &format!("subgraph {name} {{"));
        line(out, depth + 1, &format!("label={} labeljust=r labelloc=b", dot(&child.label)));
        plate(picture, Some(i), depth + 1, out);
        line(out, depth, "}");
    }
}

/// A line of the legend, set to the left.
fn note(shape: &Shape) -> Option<String> {
    let text = dot(&format!("{} {}", shape.name, shape.note.as_ref()?));
    Some(format!("{}\\l", text.trim_matches('"')))
}

fn line(out: &mut String, depth: usize, text: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{}{text}", "\t".repeat(depth));
}
