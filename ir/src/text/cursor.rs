//! A place in one line of the text form, and the tokens that may follow it.

use std::{borrow::Cow, str::FromStr, sync::Arc};

use serde_json::Value;

use super::{
    parse::{MAX_SIZE, ParseError},
    print,
};
use crate::{
    graph::{Graph, Loc, Operands, Val},
    types::Ty,
};

/// A place in one line.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Cursor<'a> {
    /// The start of a line, numbered from 1.
    pub(super) fn new(text: &'a str, line: usize) -> Cursor<'a> {
        Cursor { text, at: 0, line }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn error(&self, message: impl Into<String>) -> ParseError {
        let column = self.text[..self.at].chars().count() + 1;
        ParseError { line: self.line, column, message: message.into() }
    }

    /// Takes the characters up to the first that is not `wanted`.
    pub(super) fn take(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    pub(super) fn skip_space(&mut self) {
        self.take(char::is_whitespace);
    }

    /// Whether only a comment is left.
    pub(super) fn at_end(&self) -> bool {
        self.rest().is_empty() || self.rest().starts_with(';')
    }

    pub(super) fn found(&self) -> String {
        if self.at_end() { "the end of the line".into() } else { format!("`{}`", self.rest()) }
    }

    pub(super) fn end(&mut self) -> Result<(), ParseError> {
        self.skip_space();
        if self.at_end() {
            Ok(())
        } else {
            Err(self.error(format!("expected the end of the line, found {}", self.found())))
        }
    }

    pub(super) fn eat(&mut self, token: &str) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    pub(super) fn expect(&mut self, token: &str) -> Result<(), ParseError> {
        if self.eat(token) {
            Ok(())
        } else {
            Err(self.error(format!("expected `{token}`, found {}", self.found())))
        }
    }

    pub(super) fn word(&mut self) -> &'a str {
        self.take(|c| c.is_ascii_alphanumeric() || c == '_')
    }

    pub(super) fn number<T: FromStr>(&mut self, what: &str) -> Result<T, ParseError> {
        let start = *self;
        let digits = self.take(|c| c.is_ascii_digit());
        digits.parse().map_err(|_| start.error(format!("expected {what}, found {}", start.found())))
    }

    /// A type whose size in bytes fits in memory's address space.
    pub(super) fn ty(&mut self) -> Result<Ty, ParseError> {
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
    pub(super) fn value(&mut self, g: &Graph) -> Result<Val, ParseError> {
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

    pub(super) fn operands(&mut self, g: &Graph) -> Result<Operands, ParseError> {
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
    pub(super) fn bodies(&mut self, known: &[Arc<Graph>]) -> Result<Vec<Arc<Graph>>, ParseError> {
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
    pub(super) fn json(&mut self) -> Result<Value, ParseError> {
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

    pub(super) fn string(&mut self) -> Result<String, ParseError> {
        self.skip_space();
        let start = *self;
        match self.json()? {
            Value::String(text) => Ok(text),
            _ => Err(start.error(format!("expected a name in quotes, found {}", start.found()))),
        }
    }

    /// One bare literal, or those of a list in brackets.
    pub(super) fn literals(&mut self) -> Result<Vec<&'a str>, ParseError> {
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
    pub(super) fn place(&mut self) -> Result<Option<Loc>, ParseError> {
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
