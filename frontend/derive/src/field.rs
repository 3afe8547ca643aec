//! A field of the struct as the generated code sees it: its place, its type, and whether it is static.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Error, Field, Ident, Index, LitStr, Member, Result, Type};

/// What is known about one field.
pub(crate) struct TreeField {
    /// How the struct's value names it.
    pub(crate) member: Member,
    /// Its place in messages and keys.
    pub(crate) name: String,
    /// Its type.
    pub(crate) ty: Type,
    /// Whether `#[tree(static)]` stands on it.
    pub(crate) is_static: bool,
    /// Whether `#[tree(float)]` stands on it.
    pub(crate) is_float: bool,
}

impl TreeField {
    /// Reads field `index`, and refuses one whose type and attribute contradict each other.
    pub(crate) fn read(index: usize, field: &Field, leaf: &Ident) -> Result<TreeField> {
        let (member, name) = match &field.ident {
            Some(ident) => {
                let name = ident.to_string();
                (Member::Named(ident.clone()), name.strip_prefix("r#").unwrap_or(&name).to_string())
            }
            None => (Member::Unnamed(Index::from(index)), index.to_string()),
        };
        let Attributes { is_static, is_float, name: given } = attributes(field)?;
        let name = given.unwrap_or(name);
        let has_leaves = mentions(field.ty.to_token_stream(), leaf);
        if is_static && has_leaves {
            let found = format!("field `{name}` is static but its type mentions the leaves `{leaf}`");
            let help = "remove `#[tree(static)]`, or keep leaves in a field of their own";
            return Err(Error::new_spanned(&field.ty, format!("{found}; help: {help}")));
        }
        if is_static && is_float {
            let found = format!("field `{name}` is both static and float");
            let help = "only leaves are made floats: remove one of the two";
            return Err(Error::new_spanned(&field.ty, format!("{found}; help: {help}")));
        }
        if !is_static && !has_leaves && !is_unit(&field.ty) {
            let found = format!("field `{name}` holds no leaf `{leaf}`");
            let help = "mark it `#[tree(static)]` to make it part of a compilation's key";
            return Err(Error::new_spanned(&field.ty, format!("{found}; help: {help}")));
        }
        Ok(TreeField { member, name, ty: field.ty.clone(), is_static, is_float })
    }
}

#[derive(Default)]
struct Attributes {
    is_static: bool,
    is_float: bool,
    name: Option<String>,
}

fn attributes(field: &Field) -> Result<Attributes> {
    let mut found = Attributes::default();
    for attribute in field.attrs.iter().filter(|a| a.path().is_ident("tree")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("static") {
                found.is_static = true;
            } else if meta.path.is_ident("float") {
                found.is_float = true;
            } else if meta.path.is_ident("name") {
                found.name = Some(meta.value()?.parse::<LitStr>()?.value());
            } else {
                let help = "there are `#[tree(static)]`, `#[tree(float)]` and `#[tree(name = \"N\")]`";
                return Err(meta.error(format!("unknown attribute of a field; help: {help}")));
            }
            Ok(())
        })?;
    }
    Ok(found)
}

/// Whether `name` stands anywhere in `tokens`.
pub(crate) fn mentions(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

fn is_unit(ty: &Type) -> bool {
    matches!(ty, Type::Tuple(tuple) if tuple.elems.is_empty())
}
