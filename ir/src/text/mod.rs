//! The text form of graphs: dumps, filetests, bug reports and saved programs; what it prints it parses.
//!
//! ```text
//! graph   = phase "{" region* body* node* return "}"      phase = "model" | "pure"
//! region  = "region" number graph                         of sites, numbered from 0
//! body    = "body" number graph                           inside ops, numbered from 0 in the order of their first use
//! node    = value ":" types "=" rhs [ "@" place ]         numbered from 0, operands first
//! types   = type { "," type }                             one for each result
//! rhs     = "input" role string
//!         | "constant" ( literal | "[" literals "]" )     row-major; the type says the dimensions
//!         | op value* [ "body" number* ] [ json ]         the op's bodies and parameters, where it has any
//!         | "part" number value                           a further result of a node: 1 is the second
//!         | site string value* [ json ]                   site = sample param deterministic plate mutable key check
//!                                                         control_flow
//! return  = "return" [ value { "," value } ]
//! place   = file ":" line ":" column                      the file in quotes where it is not one plain word
//! ```
//!
//! One line holds one node, and `;` starts a comment. `parse(print(g))` equals `g`, source places included, for both
//! phases. The parser refuses what a [`Graph`] cannot hold (an ill-typed or repeated pure node, an operand that comes
//! later); what it can hold but should not is left to [`crate::verify()`].
//!
//! ```
//! use pyroxene_ir::text::parse;
//! # fn main() -> Result<(), pyroxene_ir::text::ParseError> {
//! let text = r#"pure {
//!   %0: f64[8] = input data "sigma"
//!   %1: f64[8] = mul %0 %0 @ src/model.rs:12:5
//!   %2: f64[] = reduce_sum %1 {"axes":[0]}
//!   return %2
//! }
//! "#;
//! assert_eq!(parse(text)?.to_string(), text);
//! # Ok(()) }
//! ```

mod cursor;
mod literal;
mod parse;
mod print;

pub use parse::{ParseError, parse};
pub(crate) use print::bodies;
pub use print::{node, print};

#[cfg(doc)]
use crate::graph::Graph;
