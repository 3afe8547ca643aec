//! Printing: a graph as text, one line a node, regions first.

use std::{
    fmt::{self, Write},
    sync::Arc,
};

use serde_json::Value;

use super::literal;
use crate::{
    graph::{Graph, Kind, Loc, Phase, Role, Val},
    ops::Op,
    site::{Site, SiteKind},
};

/// The graph's text.
pub fn print(graph: &Graph) -> String {
    graph.to_string()
}

/// The text line of the node that makes `v`, without indentation and source place.
pub fn node(graph: &Graph, v: Val) -> String {
    let mut line = String::new();
    // Writing to a String cannot fail.
    let _ = write_node(&mut line, graph, v, &bodies(graph));
    line
}

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_graph(f, self, "", 0)
    }
}

impl Phase {
    /// The word in the text form.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Model => "model",
            Phase::Pure => "pure",
        }
    }
}

impl Role {
    /// Every role, in order.
    pub const ALL: [Role; 6] =
        [Role::Data, Role::Prepared, Role::Argument, Role::Site, Role::Position, Role::Key];

    /// The word in the text form.
    pub fn name(self) -> &'static str {
        match self {
            Role::Data => "data",
            Role::Argument => "argument",
            Role::Prepared => "prepared",
            Role::Site => "site",
            Role::Position => "position",
            Role::Key => "key",
        }
    }
}

fn write_graph(f: &mut impl Write, g: &Graph, label: &str, depth: usize) -> fmt::Result {
    let indent = 2 * depth;
    writeln!(f, "{:indent$}{label}{} {{", "", g.phase().name())?;
    let bodies = bodies(g);
    for (i, region) in g.regions().iter().enumerate() {
        write_graph(f, region, &format!("region {i} "), depth + 1)?;
    }
    for (i, body) in bodies.iter().enumerate() {
        write_graph(f, body, &format!("body {i} "), depth + 1)?;
    }
    let inner = indent + 2;
    for v in g.vals() {
        write!(f, "{:inner$}", "")?;
        write_node(f, g, v, &bodies)?;
        g.node(v).loc.as_ref().map_or(Ok(()), |loc| write_loc(f, loc))?;
        f.write_char('\n')?;
    }
    write!(f, "{:inner$}return", "")?;
    for (i, v) in g.outputs().iter().enumerate() {
        write!(f, "{} {v}", if i == 0 { "" } else { "," })?;
    }
    writeln!(f, "\n{:indent$}}}", "")
}

/// The graphs inside ops, each once, in the order of their first use.
pub(crate) fn bodies(g: &Graph) -> Vec<Arc<Graph>> {
    let mut out: Vec<Arc<Graph>> = Vec::new();
    for region in g.vals().filter_map(|v| g.op(v)).flat_map(Op::regions) {
        if !out.contains(&region) {
            out.push(region);
        }
    }
    out
}

fn write_node(f: &mut impl Write, g: &Graph, v: Val, bodies: &[Arc<Graph>]) -> fmt::Result {
    let node = g.node(v);
    write!(f, "{v}: ")?;
    for (i, ty) in node.results().enumerate() {
        write!(f, "{}{ty}", if i == 0 { "" } else { ", " })?;
    }
    f.write_str(" = ")?;
    match &node.kind {
        Kind::Input(input) => write!(f, "input {} {}", input.role.name(), quoted(&input.name)),
        Kind::Pure(Op::Constant(c)) => {
            f.write_str("constant ")?;
            literal::write(f, &c.0)
        }
        Kind::Pure(op) => {
            f.write_str(op.name())?;
            write_operands(f, g, v)?;
            let regions = op.regions();
            if !regions.is_empty() {
                f.write_str(" body")?;
            }
            for region in regions {
                let i = bodies.iter().position(|b| *b == region).ok_or(fmt::Error)?;
                write!(f, " {i}")?;
            }
            write_json(f, &op.attributes().map_err(|_| fmt::Error)?)
        }
        Kind::Part(i) => {
            write!(f, "part {i}")?;
            write_operands(f, g, v)
        }
        Kind::Site(site) => {
            write!(f, "{} {}", site.kind.name(), quoted(&site.name))?;
            write_operands(f, g, v)?;
            write_json(f, &payload(site).map_err(|_| fmt::Error)?)
        }
    }
}

fn write_operands(f: &mut impl Write, g: &Graph, v: Val) -> fmt::Result {
    g.operands(v).iter().try_for_each(|o| write!(f, " {o}"))
}

fn write_json(f: &mut impl Write, value: &Value) -> fmt::Result {
    if value.is_null() { Ok(()) } else { write!(f, " {value}") }
}

/// What a site carries besides its name and kind, as one object; `null` where that is nothing.
pub(super) fn payload(site: &Site) -> Result<Value, serde_json::Error> {
    let fields = match &site.kind {
        SiteKind::Sample(s) => serde_json::to_value(s),
        SiteKind::Param(p) => serde_json::to_value(p),
        SiteKind::Deterministic => Ok(Value::Null),
        SiteKind::Plate(p) => serde_json::to_value(p),
        SiteKind::Mutable(m) => serde_json::to_value(m),
        SiteKind::Key(k) => serde_json::to_value(k),
        SiteKind::Check(c) => serde_json::to_value(c),
        SiteKind::ControlFlow(c) => serde_json::to_value(c),
    }?;
    if site.frames.is_empty() {
        return Ok(fields);
    }
    let mut object = match fields {
        Value::Object(object) => object,
        _ => serde_json::Map::new(),
    };
    object.insert("frames".into(), serde_json::to_value(&site.frames)?);
    Ok(Value::Object(object))
}

fn write_loc(f: &mut impl Write, loc: &Loc) -> fmt::Result {
    let plain = !loc.file.is_empty() && loc.file.chars().all(is_plain);
    let file = if plain { loc.file.to_string() } else { quoted(&loc.file) };
    write!(f, " @ {file}:{}:{}", loc.line, loc.column)
}

/// Whether a file name needs no quotes for this character.
pub(super) fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-./\\+~<>".contains(c)
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
