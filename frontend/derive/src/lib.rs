//! `#[derive(Tree)]`: writes the walk over a data structure's leaves, which tracing, binding and cache keys go through.

mod expand;
mod field;

use proc_macro::TokenStream;

/// Writes `Tree` for a struct that is generic over its leaves.
///
/// The struct has exactly one type parameter, that of its leaves, under any name; lifetimes and constants may stand
/// beside it. Each field is one of
///
/// - a tree of such leaves: `L`, `Option<L>`, `Vec<L>`, a tuple, another derived struct, or a nesting of these;
/// - marked `#[tree(static)]`: any type that is `Static` (numbers, strings, lists of them, and types of your own that
///   say so) and does not mention the leaves. Its printed value is part of the key of a compilation, so a change of it
///   compiles anew.
///
/// Leaves are visited in the order of declaration, and a field's name (or its number in a tuple struct) is its place,
/// in files of data as in messages; `#[tree(name = "N")]` gives it another. `#[tree(float)]` on a field has
/// its leaves read from files as floats, also where the file has whole numbers only.
///
/// The generated code names the crate `pyroxene`; `#[tree(crate = "path::to::it")]` on the struct names another one.
///
/// ```text
/// #[derive(Tree)]
/// struct Schools<L: Leaf = Tensor> { sigma: L, y: Option<L>, #[tree(static)] degree: usize }
/// ```
///
/// The page of the trait `Tree` has an example that compiles.
#[proc_macro_derive(Tree, attributes(tree))]
pub fn derive_tree(input: TokenStream) -> TokenStream {
    // Cargo names the package being compiled: ours that lie below the facade cannot go through it.
    let package = std::env::var("CARGO_PKG_NAME").unwrap_or_default();
    expand::tree(input.into(), &package).unwrap_or_else(syn::Error::into_compile_error).into()
}
