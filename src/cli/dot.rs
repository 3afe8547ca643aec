//! A graph for Graphviz: sites as ellipses, observed ones grey, deterministic ones dashed, everything else as boxes.

use std::io::{self, Write};

use petgraph::{
    dot::{Config, Dot},
    graph::NodeIndex,
};

use crate::ir::{Graph, Kind, SiteKind, Val, text};

pub(super) fn write(graph: &Graph, out: &mut dyn Write) -> io::Result<()> {
    let dag = graph.as_petgraph();
    let vals: Vec<Val> = graph.vals().collect();
    let node = |_, (index, _): (NodeIndex, _)| {
        vals.get(index.index()).map_or_else(String::new, |v| style(graph, *v))
    };
    let config = [Config::EdgeNoLabel, Config::NodeNoLabel];
    write!(out, "{:?}", Dot::with_attr_getters(dag, &config, &|_, _| String::new(), &node))
}

fn style(graph: &Graph, v: Val) -> String {
    let line = text::node(graph, v);
    // The places of lines would make every node as wide as a path.
    let line = line.split_once(" @ ").map_or(&*line, |(before, _)| before);
    let (label, shape) = match &graph.node(v).kind {
        Kind::Site(site) => {
            let look = match &site.kind {
                SiteKind::Sample(s) if s.source.is_observed() => {
                    "shape=ellipse, style=filled, fillcolor=grey"
                }
                SiteKind::Deterministic => "shape=ellipse, style=dashed",
                _ => "shape=ellipse",
            };
            let what = match &site.kind {
                SiteKind::Sample(s) => s.distribution.clone(),
                _ => graph.ty(v).to_string(),
            };
            (format!("{}: {what}", site.name), look)
        }
        _ => (line.trim().to_owned(), "shape=box"),
    };
    format!("label=\"{}\", {shape}", label.replace('\\', "\\\\").replace('"', "\\\""))
}
