//! Parsing: text to a graph, rebuilt node by node so that every type is inferred again.

use std::{borrow::Cow, iter::Enumerate, str::FromStr, str::Lines, sync::Arc};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{literal, print};
use crate::{
    graph::{Graph, Loc, Operands, Phase, Role, Val},
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
const MAX_SIZE: u64 = 1 << 40;

struct Parser<'a> {
    lines: Enumerate<Lines<'a>>,
    last: usize,
}

impl<'a> Parser<'a> {
    /// The next line that holds more than a comment.
    fn advance(&mut self) -> Option<Cursor<'a>> {
        for (i, text) in self.lines.by_ref() {
            self.last = i + 1;
            let mut cursor = Cursor { text, at: 0, line: i + 1 };
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
        kind @ ("sample" | "param" | "deterministic" | "plate" | "check") => {
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
        "check" => SiteKind::Check(read(fields)?),
        _ => SiteKind::Deterministic,
    };
    let site = Site { name, frames, kind };
    same(&given, print::payload(&site)).map_err(|m| format!("payload of `{}`: {m}", site.name))?;
    Ok(site)
}

/// A place in one line.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn error(&self, message: impl Into<String>) -> ParseError {
        let column = self.text[..self.at].chars().count() + 1;
        ParseError { line: self.line, column, message: message.into() }
    }

    /// Takes the characters up to the first that is not `wanted`.
    fn take(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn skip_space(&mut self) {
        self.take(char::is_whitespace);
    }

    /// Whether only a comment is left.
    fn at_end(&self) -> bool {
        self.rest().is_empty() || self.rest().starts_with(';')
    }

    fn found(&self) -> String {
        if self.at_end() { "the end of the line".into() } else { format!("`{}`", self.rest()) }
    }

    fn end(&mut self) -> Result<(), ParseError> {
        self.skip_space();
        if self.at_end() {
            Ok(())
        } else {
            Err(self.error(format!("expected the end of the line, found {}", self.found())))
        }
    }

    fn eat(&mut self, token: &str) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn expect(&mut self, token: &str) -> Result<(), ParseError> {
        if self.eat(token) {
            Ok(())
        } else {
            Err(self.error(format!("expected `{token}`, found {}", self.found())))
        }
    }

    fn word(&mut self) -> &'a str {
        self.take(|c| c.is_ascii_alphanumeric() || c == '_')
    }

    fn number<T: FromStr>(&mut self, what: &str) -> Result<T, ParseError> {
        let start = *self;
        let digits = self.take(|c| c.is_ascii_digit());
        digits.parse().map_err(|_| start.error(format!("expected {what}, found {}", start.found())))
    }

    /// A type whose size in bytes fits in memory's address space.
    fn ty(&mut self) -> Result<Ty, ParseError> {
        let start = *self;
        let end = self.rest().find(']').map_or(self.rest().len(), |i| i + 1);
        self.at += end;
        let text = &self.text[start.at..self.at];
        let ty: Ty = text.parse().map_err(|e: crate::types::ParseTyError| start.error(e.to_string()))?;
        // Zero counts as one, so that no partial product overflows either.
        let size = ty.dims.iter().try_fold(1u64, |n, d| n.checked_mul((*d).max(1) as u64));
        match size {
            Some(n) if n <= MAX_SIZE => Ok(ty),
            _ => Err(start.error(format!("{ty} is too large; the limit is {MAX_SIZE} elements"))),
        }
    }

    /// A value defined above.
    fn value(&mut self, g: &Graph) -> Result<Val, ParseError> {
        self.skip_space();
        let start = *self;
        self.expect("%")?;
        let i: usize = self.number("a value's number")?;
        if i < g.len() {
            Ok(Val::from_index(i))
        } else {
            Err(start.error(format!("%{i} is not defined above")))
        }
    }

    fn operands(&mut self, g: &Graph) -> Result<Operands, ParseError> {
        let mut operands = Operands::new();
        loop {
            self.skip_space();
            if !self.rest().starts_with('%') {
                return Ok(operands);
            }
            operands.push(self.value(g)?);
        }
    }

    /// The numbered bodies after the word `body`, if it follows.
    fn bodies(&mut self, known: &[Arc<Graph>]) -> Result<Vec<Arc<Graph>>, ParseError> {
        let mut out = Vec::new();
        if !self.eat("body") {
            return Ok(out);
        }
        loop {
            self.skip_space();
            let start = *self;
            if !self.rest().starts_with(|c: char| c.is_ascii_digit()) {
                return Ok(out);
            }
            let i: usize = self.number("a body's number")?;
            let body = known.get(i).ok_or_else(|| start.error(format!("body {i} is not defined above")))?;
            out.push(body.clone());
        }
    }

    /// A JSON value, or `null` where the node ends before one.
    fn json(&mut self) -> Result<Value, ParseError> {
        self.skip_space();
        if self.at_end() || self.rest().starts_with('@') {
            return Ok(Value::Null);
        }
        let mut values = serde_json::Deserializer::from_str(self.rest()).into_iter::<Value>();
        let value = values
            .next()
            .unwrap_or(Ok(Value::Null))
            .map_err(|e| self.error(format!("expected JSON: {e}")))?;
        self.at += values.byte_offset();
        Ok(value)
    }

    fn string(&mut self) -> Result<String, ParseError> {
        self.skip_space();
        let start = *self;
        match self.json()? {
            Value::String(text) => Ok(text),
            _ => Err(start.error(format!("expected a name in quotes, found {}", start.found()))),
        }
    }

    /// One bare literal, or those of a list in brackets.
    fn literals(&mut self) -> Result<Vec<&'a str>, ParseError> {
        let part = |c: char| !c.is_whitespace() && !",];@".contains(c);
        if !self.eat("[") {
            return Ok(vec![self.take(part)]);
        }
        let mut literals = Vec::new();
        if self.eat("]") {
            return Ok(literals);
        }
        loop {
            self.skip_space();
            literals.push(self.take(part));
            if self.eat("]") {
                return Ok(literals);
            }
            self.expect(",")?;
        }
    }

    /// The source place, if one follows.
    fn place(&mut self) -> Result<Option<Loc>, ParseError> {
        if !self.eat("@") {
            return Ok(None);
        }
        self.skip_space();
        let file = if self.rest().starts_with('"') {
            self.string()?
        } else {
            self.take(print::is_plain).to_string()
        };
        self.expect(":")?;
        let line = self.number("a line")?;
        self.expect(":")?;
        let column = self.number("a column")?;
        Ok(Some(Loc { file: Cow::Owned(file), line, column }))
    }
}
