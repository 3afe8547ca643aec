//! Parsing: text to a graph, rebuilt node by node so that every type is inferred again.

use std::{iter::Enumerate, str::FromStr, str::Lines, sync::Arc};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{cursor::Cursor, literal, print};
use crate::{
    graph::{Graph, Operands, Phase, Role, Val},
    ops::{self, Op},
    site::{Site, SiteKind},
    types::Ty,
};

/// The text is not a graph.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What was found and what was expected.
    pub message: String,
}

/// The graph this text prints.
///
/// # Errors
/// When the text does not follow the grammar of [`crate::text`], a pure node is ill-typed or repeated, a type annotated
/// is not the one inferred, or an operand is not defined above.
pub fn parse(text: &str) -> Result<Graph, ParseError> {
    let mut parser = Parser { lines: text.lines().enumerate(), last: 0 };
    let mut header = parser.next("`model {` or `pure {`")?;
    let graph = parser.graph(&mut header, 0)?;
    match parser.advance() {
        None => Ok(graph),
        Some(rest) => Err(rest.error("expected the end of the text after the closing `}`")),
    }
}

impl FromStr for Graph {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Graph, ParseError> {
        parse(text)
    }
}

/// No graph nests regions this deep, and recursion stays far from the end of the stack.
const MAX_DEPTH: usize = 32;

/// The most elements of a value, and the largest integer among an op's parameters: sums and products of sizes below it
/// do not overflow.
pub(super) const MAX_SIZE: u64 = 1 << 40;

struct Parser<'a> {
    lines: Enumerate<Lines<'a>>,
    last: usize,
}

impl<'a> Parser<'a> {
    /// The next line that holds more than a comment.
    fn advance(&mut self) -> Option<Cursor<'a>> {
        for (i, text) in self.lines.by_ref() {
            self.last = i + 1;
            let mut cursor = Cursor::new(text, i + 1);
            cursor.skip_space();
            if !cursor.at_end() {
                return Some(cursor);
            }
        }
        None
    }

    fn next(&mut self, expected: &str) -> Result<Cursor<'a>, ParseError> {
        let line = self.last + 1;
        self.advance().ok_or_else(|| ParseError {
            line,
            column: 1,
            message: format!("expected {expected}, found the end of the text"),
        })
    }

    /// A graph from its phase on; `header` is the rest of its first line.
    fn graph(&mut self, header: &mut Cursor<'a>, depth: usize) -> Result<Graph, ParseError> {
        if depth > MAX_DEPTH {
            return Err(header.error(format!("regions nest more than {MAX_DEPTH} deep")));
        }
        let start = *header;
        let phase = match header.word() {
            "model" => Phase::Model,
            "pure" => Phase::Pure,
            other => return Err(start.error(format!("expected `model` or `pure`, found `{other}`"))),
        };
        header.expect("{")?;
        header.end()?;
        let mut g = Graph::new(phase);
        let mut bodies: Vec<Arc<Graph>> = Vec::new();
        loop {
            let mut line = self.next("a node or `return`")?;
            if line.rest().starts_with('%') {
                node(&mut g, &mut line, &bodies)?;
            } else {
                let start = line;
                match line.word() {
                    "region" => self.region(&mut g, &mut line, depth)?,
                    "body" => self.body(&g, &mut bodies, &mut line, depth)?,
                    "return" => {
                        outputs(&mut g, &mut line)?;
                        if print::bodies(&g) != bodies {
                            return Err(start.error("bodies are numbered in the order of their first use"));
                        }
                        break;
                    }
                    other => {
                        let found = if other.is_empty() { line.rest() } else { other };
                        return Err(start.error(format!(
                            "expected a node, `region`, `body` or `return`, found `{found}`"
                        )));
                    }
                }
            }
        }
        g.set_loc(None);
        let mut close = self.next("`}`")?;
        close.expect("}")?;
        close.end()?;
        Ok(g)
    }

    fn region(&mut self, g: &mut Graph, line: &mut Cursor<'a>, depth: usize) -> Result<(), ParseError> {
        line.skip_space();
        let (expected, start) = (g.regions().len(), *line);
        let (found, region) = self.inner(g, "region", expected, line, depth)?;
        let id = g.add_region(Arc::new(region));
        if id.index() != expected {
            let message = format!("region {found} equals region {}: equal regions are one", id.index());
            return Err(start.error(message));
        }
        Ok(())
    }

    fn body(
        &mut self,
        g: &Graph,
        bodies: &mut Vec<Arc<Graph>>,
        line: &mut Cursor<'a>,
        depth: usize,
    ) -> Result<(), ParseError> {
        line.skip_space();
        let start = *line;
        let (found, body) = self.inner(g, "body", bodies.len(), line, depth)?;
        if let Some(first) = bodies.iter().position(|b| **b == body) {
            return Err(start.error(format!("body {found} equals body {first}: equal bodies are one")));
        }
        bodies.push(Arc::new(body));
        Ok(())
    }

    /// A graph inside `g`, with its number, which must be `expected`.
    fn inner(
        &mut self,
        g: &Graph,
        what: &str,
        expected: usize,
        line: &mut Cursor<'a>,
        depth: usize,
    ) -> Result<(usize, Graph), ParseError> {
        if !g.is_empty() {
            let plural = if what == "body" { "bodies" } else { "regions" };
            return Err(line.error(format!("{plural} come before the nodes")));
        }
        let start = *line;
        let found = line.number::<usize>(&format!("the {what}'s number"))?;
        if expected != found {
            let plural = if what == "body" { "bodies" } else { "regions" };
            let message =
                format!("expected {what} {expected}, found {found}: {plural} are numbered in order");
            return Err(start.error(message));
        }
        line.skip_space();
        Ok((found, self.graph(line, depth + 1)?))
    }
}

fn outputs(g: &mut Graph, line: &mut Cursor<'_>) -> Result<(), ParseError> {
    let mut outputs = Vec::new();
    line.skip_space();
    if !line.at_end() {
        outputs.push(line.value(g)?);
        while line.eat(",") {
            outputs.push(line.value(g)?);
        }
    }
    line.end()?;
    g.set_outputs(outputs);
    Ok(())
}

/// A node's right-hand side.
enum Rhs {
    Input(Role, String),
    Pure(Op, Operands),
    Part(usize, Val),
    Site(Site, Operands),
}

fn node(g: &mut Graph, line: &mut Cursor<'_>, bodies: &[Arc<Graph>]) -> Result<(), ParseError> {
    let start = *line;
    line.expect("%")?;
    let (expected, found) = (g.len(), line.number::<usize>("a value's number")?);
    if found != expected {
        return Err(
            start.error(format!("expected %{expected}, found %{found}: nodes are numbered in order from %0"))
        );
    }
    line.expect(":")?;
    line.skip_space();
    let at_type = *line;
    let mut tys = vec![line.ty()?];
    while line.eat(",") {
        line.skip_space();
        tys.push(line.ty()?);
    }
    line.expect("=")?;
    line.skip_space();
    let at_rhs = *line;
    let rhs = rhs(g, line, &tys[0], bodies)?;
    g.set_loc(line.place()?);
    line.end()?;
    let made = match rhs {
        Rhs::Input(role, name) => Ok(g.input(name, role, tys[0].clone())),
        Rhs::Site(Site { name, frames, kind: SiteKind::ControlFlow(flow) }, operands)
            if frames.is_empty() =>
        {
            g.push_control_flow(&name, flow, &operands)
        }
        Rhs::Site(site, operands) => Ok(g.push_site(site, tys[0].clone(), &operands)),
        Rhs::Pure(op, operands) => g.push(op, &operands),
        Rhs::Part(i, of) => g.part(of, i),
    };
    let v = made.map_err(|e| at_rhs.error(e.to_string()))?;
    if v.index() != expected {
        return Err(at_rhs.error(format!("%{expected} computes the same as {v}: equal pure nodes are one")));
    }
    if !g.node(v).results().eq(&tys) {
        let list = |tys: &mut dyn Iterator<Item = &Ty>| tys.map(Ty::to_string).collect::<Vec<_>>().join(", ");
        let (annotated, inferred) = (list(&mut tys.iter()), list(&mut g.node(v).results()));
        return Err(at_type.error(format!("annotated {annotated}, inferred {inferred}")));
    }
    Ok(())
}

fn rhs(g: &Graph, line: &mut Cursor<'_>, ty: &Ty, bodies: &[Arc<Graph>]) -> Result<Rhs, ParseError> {
    let start = *line;
    match line.word() {
        "input" => {
            line.skip_space();
            let at_role = *line;
            let word = line.word();
            let role = Role::ALL.into_iter().find(|r| r.name() == word);
            let known = Role::ALL.map(Role::name).join(", ");
            let role =
                role.ok_or_else(|| at_role.error(format!("expected a role ({known}), found `{word}`")))?;
            Ok(Rhs::Input(role, line.string()?))
        }
        "constant" => {
            line.skip_space();
            let at_literal = *line;
            let value = literal::read(ty, &line.literals()?).map_err(|m| at_literal.error(m))?;
            Ok(Rhs::Pure(ops::Constant(value).into(), Operands::new()))
        }
        "part" => {
            line.skip_space();
            let i = line.number("the result's number, from 1")?;
            Ok(Rhs::Part(i, line.value(g)?))
        }
        kind @ ("sample" | "param" | "deterministic" | "plate" | "mutable" | "key" | "check"
        | "control_flow") => {
            let name = line.string()?;
            let operands = line.operands(g)?;
            let at = *line;
            let site = site(kind, name, line.json()?).map_err(|m| at.error(m))?;
            Ok(Rhs::Site(site, operands))
        }
        name => {
            let info = Op::ALL.iter().find(|info| info.name == name);
            let info = info.ok_or_else(|| start.error(unknown_op(name, start.rest())))?;
            let operands = line.operands(g)?;
            let regions = line.bodies(bodies)?;
            let at = *line;
            let given = line.json()?;
            if let Some(n) = too_large(&given) {
                return Err(
                    at.error(format!("{n} is too large for a parameter of an op; the limit is {MAX_SIZE}"))
                );
            }
            let op = (info.parse)(given.clone(), regions)
                .map_err(|e| at.error(format!("parameters of `{name}`: {e}")))?;
            same(&given, op.attributes()).map_err(|m| at.error(format!("parameters of `{name}`: {m}")))?;
            Ok(Rhs::Pure(op, operands))
        }
    }
}

fn unknown_op(name: &str, rest: &str) -> String {
    if name.is_empty() {
        return format!("expected an op or a site, found `{rest}`");
    }
    let close = Op::ALL.iter().map(|i| i.name).find(|n| n.contains(name) || name.contains(n));
    let hint = close.map(|n| format!("; is it `{n}`?")).unwrap_or_default();
    format!("`{name}` is not an op or a site{hint}")
}

/// Refuses parameters that the reader skipped over: what is read must be what was written.
fn same(given: &Value, read: Result<Value, serde_json::Error>) -> Result<(), String> {
    let read = read.map_err(|e| e.to_string())?;
    if read == *given { Ok(()) } else { Err(format!("expected {read}, found {given}")) }
}

fn too_large(value: &Value) -> Option<u64> {
    match value {
        Value::Number(n) => n.as_u64().filter(|n| *n > MAX_SIZE),
        Value::Array(items) => items.iter().find_map(too_large),
        Value::Object(fields) => fields.values().find_map(too_large),
        _ => None,
    }
}

fn site(kind: &str, name: String, given: Value) -> Result<Site, String> {
    fn read<T: DeserializeOwned>(value: Value) -> Result<T, String> {
        serde_json::from_value(value).map_err(|e| e.to_string())
    }
    let mut fields = given.clone();
    let frames = match &mut fields {
        Value::Object(object) => object.shift_remove("frames"),
        _ => None,
    };
    let frames = frames.map_or(Ok(Vec::new()), read)?;
    let kind = match kind {
        "sample" => SiteKind::Sample(read(fields)?),
        "param" => SiteKind::Param(read(fields)?),
        "plate" => SiteKind::Plate(read(fields)?),
        "mutable" => SiteKind::Mutable(read(fields)?),
        "key" => SiteKind::Key(read(fields)?),
        "check" => SiteKind::Check(read(fields)?),
        "control_flow" => SiteKind::ControlFlow(read(fields)?),
        _ => SiteKind::Deterministic,
    };
    let site = Site { name, frames, kind };
    same(&given, print::payload(&site)).map_err(|m| format!("payload of `{}`: {m}", site.name))?;
    Ok(site)
}
