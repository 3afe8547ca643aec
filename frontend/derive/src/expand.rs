//! From the tokens of a struct to its implementation of `Tree`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Data, DeriveInput, Error, Fields, GenericParam, Generics, Ident, Path, Result, TypeParam, TypeParamBound,
    WherePredicate, parse_quote, spanned::Spanned,
};

use crate::field::{TreeField, mentions};

/// Packages that cannot name the facade since it depends on them.
const BELOW_THE_FACADE: [&str; 2] = ["pyroxene-frontend", "pyroxene-inference"];

/// The implementation of `Tree` for the struct `input`, compiled in the package named `package`.
///
/// # Errors
/// When `input` is no struct generic over one type of leaves, or a field or attribute does not fit.
pub(crate) fn tree(input: TokenStream, package: &str) -> Result<TokenStream> {
    let input: DeriveInput = syn::parse2(input)?;
    let fields = fields(&input)?;
    let leaf = leaf(&input)?.ident.clone();
    let krate = crate_path(&input, package)?;
    let fields: Vec<TreeField> =
        fields.iter().enumerate().map(|(i, f)| TreeField::read(i, f, &leaf)).collect::<Result<_>>()?;

    let name = &input.ident;
    let mut generics = input.generics.clone();
    for param in generics.type_params_mut() {
        // Whatever the struct itself asks of its leaves, a tree's are all types that can be leaves.
        param.bounds = parse_quote!(#krate::Leaf);
    }
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let mapped = with_leaves(&input.generics, quote!(__M));
    let visits = fields.iter().map(|f| visit(f, &leaf, &krate));
    let maps = fields.iter().map(|f| map(f, &leaf, &krate));
    let reads = fields.iter().map(|f| read(f, &leaf, &krate));
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics #krate::Tree<#leaf> for #name #ty_generics #where_clause {
            type With<__M: #krate::Leaf> = #name #mapped;

            #[allow(unused_variables)]
            fn visit<'__tree>(
                &'__tree self,
                __path: &mut #krate::Path,
                __f: &mut dyn ::core::ops::FnMut(&#krate::Path, #krate::Visit<'__tree, #leaf>),
            ) {
                #(#visits)*
            }

            #[allow(unused_variables)]
            fn try_map<__M: #krate::Leaf, __E>(
                &self,
                __path: &mut #krate::Path,
                __f: &mut dyn ::core::ops::FnMut(
                    &#krate::Path,
                    &#leaf,
                ) -> ::core::result::Result<__M, __E>,
            ) -> ::core::result::Result<#name #mapped, __E> {
                ::core::result::Result::Ok(#name { #(#maps),* })
            }

            #[allow(unused_variables)]
            fn read(
                __path: &mut #krate::Path,
                __source: &mut dyn #krate::Source<#leaf>,
            ) -> ::core::result::Result<Self, #krate::SourceError> {
                ::core::result::Result::Ok(#name { #(#reads),* })
            }
        }
    })
}

/// The struct's fields; a tree cannot be anything else.
fn fields(input: &DeriveInput) -> Result<&Fields> {
    match &input.data {
        Data::Struct(data) => Ok(&data.fields),
        Data::Enum(data) => Err(Error::new(
            data.enum_token.span(),
            "`Tree` cannot be derived for an enum, whose leaves depend on its value; help: make it a struct, with \
             `Option` for what may be absent or a `#[tree(static)]` field for the choice",
        )),
        Data::Union(data) => Err(Error::new(
            data.union_token.span(),
            "`Tree` cannot be derived for a union; help: make it a struct",
        )),
    }
}

/// The parameter that stands for the leaves.
fn leaf(input: &DeriveInput) -> Result<&TypeParam> {
    let name = &input.ident;
    let params: Vec<&TypeParam> = input.generics.type_params().collect();
    match params[..] {
        [leaf] => only_leaf_bounds(&input.generics, leaf).map(|()| leaf),
        [] => Err(Error::new_spanned(
            name,
            format!(
                "a `Tree` has one type parameter, that of its leaves, and `{name}` has none; help: \
                 `struct {name}<L: Leaf = Tensor>`, with `L` for each array"
            ),
        )),
        [_, second, ..] => Err(Error::new_spanned(
            second,
            format!(
                "a `Tree` has one type parameter, that of its leaves, and `{name}` has {}; help: make the others \
                 concrete types",
                params.len()
            ),
        )),
    }
}

/// A tree must exist for all leaves, so a bound that some of them lack is refused here, where it can be named.
fn only_leaf_bounds(generics: &Generics, leaf: &TypeParam) -> Result<()> {
    let fits = |bound: &TypeParamBound| match bound {
        TypeParamBound::Trait(bound) => bound
            .path
            .segments
            .last()
            .is_some_and(|s| ["Leaf", "Tree", "Clone", "Sized"].iter().any(|name| s.ident == name)),
        TypeParamBound::Lifetime(lifetime) => lifetime.ident == "static",
        _ => false,
    };
    let refuse = |at: &dyn ToTokens| {
        let found = format!("the leaves `{}` of a `Tree` can only be bound by `Leaf`", leaf.ident);
        Err(Error::new_spanned(at, format!("{found}; help: remove this bound")))
    };
    if let Some(bound) = leaf.bounds.iter().find(|b| !fits(b)) {
        return refuse(bound);
    }
    for predicate in generics.where_clause.iter().flat_map(|w| &w.predicates) {
        if !mentions(predicate.to_token_stream(), &leaf.ident) {
            continue;
        }
        match predicate {
            WherePredicate::Type(p) if p.bounds.iter().all(fits) => {}
            _ => return refuse(predicate),
        }
    }
    Ok(())
}

/// The path of the crate that holds `Tree`: the one given, or the facade, or ours where the facade lies above.
fn crate_path(input: &DeriveInput, package: &str) -> Result<Path> {
    let mut given: Option<Path> = None;
    for attribute in input.attrs.iter().filter(|a| a.path().is_ident("tree")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("crate") {
                let help = "the one there is is `#[tree(crate = \"path\")]`";
                return Err(meta.error(format!("unknown attribute of a struct; help: {help}")));
            }
            given = Some(meta.value()?.parse::<syn::LitStr>()?.parse_with(Path::parse_mod_style)?);
            Ok(())
        })?;
    }
    Ok(match given {
        Some(path) => path,
        None if BELOW_THE_FACADE.contains(&package) => parse_quote!(::pyroxene_frontend),
        None => parse_quote!(::pyroxene),
    })
}

/// The struct's arguments with `leaves` in the place of its type parameter.
fn with_leaves(generics: &Generics, leaves: TokenStream) -> TokenStream {
    let args = generics.params.iter().map(|param| match param {
        GenericParam::Type(_) => leaves.clone(),
        GenericParam::Lifetime(p) => p.lifetime.to_token_stream(),
        GenericParam::Const(p) => p.ident.to_token_stream(),
    });
    quote!(<#(#args),*>)
}

fn visit(field: &TreeField, leaf: &Ident, krate: &Path) -> TokenStream {
    let TreeField { member, name, ty, is_static, .. } = field;
    // The type's span: an error about a field that is no tree, or a static one without `Debug`, points there.
    let body = if *is_static {
        quote_spanned!(ty.span()=> __f(__path, #krate::Visit::Static(::std::format!("{:?}", &self.#member))))
    } else {
        quote_spanned!(ty.span()=> <#ty as #krate::Tree<#leaf>>::visit(&self.#member, __path, __f))
    };
    quote!(__path.within(#name, |__path| #body);)
}

fn map(field: &TreeField, leaf: &Ident, krate: &Path) -> TokenStream {
    let TreeField { member, name, ty, is_static, .. } = field;
    if *is_static {
        let value = quote_spanned!(ty.span()=> <#ty as ::core::clone::Clone>::clone(&self.#member));
        return quote!(#member: #value);
    }
    let value = quote_spanned!(ty.span()=> <#ty as #krate::Tree<#leaf>>::try_map(&self.#member, __path, __f));
    quote!(#member: __path.within(#name, |__path| #value)?)
}

fn read(field: &TreeField, leaf: &Ident, krate: &Path) -> TokenStream {
    let TreeField { member, name, ty, is_static, is_float } = field;
    let value = if *is_static {
        quote_spanned!(ty.span()=> <#ty as #krate::Static>::read_from(__path, __source))
    } else if *is_float {
        quote_spanned!(ty.span()=> <#ty as #krate::Tree<#leaf>>::read(__path, &mut #krate::Floats(__source)))
    } else {
        quote_spanned!(ty.span()=> <#ty as #krate::Tree<#leaf>>::read(__path, __source))
    };
    quote!(#member: __path.within(#name, |__path| #value)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use quote::quote;

    use super::*;

    fn message(input: TokenStream) -> String {
        tree(input, "someone").expect_err("an error").to_string()
    }

    fn code(input: TokenStream, package: &str) -> String {
        tree(input, package).expect("an implementation").to_string()
    }

    #[test]
    fn every_wrong_input_is_named() {
        let cases = [
            (
                quote!(
                    enum E<L> {
                        A(L),
                    }
                ),
                "for an enum",
            ),
            (quote!(union U<L: Copy> { a: L }), "for a union"),
            (
                quote!(
                    struct S {
                        x: Tensor,
                    }
                ),
                "`S` has none",
            ),
            (
                quote!(
                    struct S;
                ),
                "`S` has none",
            ),
            (
                quote!(
                    struct S<'a, const N: usize> {
                        x: [&'a str; N],
                    }
                ),
                "`S` has none",
            ),
            (
                quote!(
                    struct S<L, T> {
                        x: L,
                        y: T,
                    }
                ),
                "`S` has 2",
            ),
            (
                quote!(
                    struct S<L: Leaf> {
                        x: L,
                        n: usize,
                    }
                ),
                "field `n` holds no leaf `L`",
            ),
            (
                quote!(
                    struct S<L: Leaf>(L, String);
                ),
                "field `1` holds no leaf `L`",
            ),
            (
                quote!(
                    struct S<L: Leaf> {
                        #[tree(static)]
                        x: Vec<L>,
                    }
                ),
                "field `x` is static but its type mentions",
            ),
            (
                quote!(
                    struct S<L: Leaf> {
                        #[tree(fixed)]
                        x: L,
                    }
                ),
                "unknown attribute of a field",
            ),
            (
                quote!(
                    #[tree(krate = "a")]
                    struct S<L: Leaf> {
                        x: L,
                    }
                ),
                "unknown attribute of a struct",
            ),
            (
                quote!(
                    struct S<L: Leaf + Debug> {
                        x: L,
                    }
                ),
                "can only be bound by `Leaf`",
            ),
            (
                quote!(
                    struct S<L>
                    where
                        Vec<L>: Debug,
                    {
                        x: L,
                    }
                ),
                "can only be bound by `Leaf`",
            ),
        ];
        for (input, expected) in cases {
            let source = input.to_string();
            let found = message(input);
            assert!(found.contains(expected), "{source}: expected `{expected}`, found `{found}`");
        }
    }

    #[test]
    fn the_crate_is_the_facade_unless_it_lies_above_or_is_named() {
        let plain = || {
            quote!(
                struct S<L: Leaf = Tensor> {
                    x: L,
                }
            )
        };
        assert!(code(plain(), "someone").contains(":: pyroxene :: Tree"));
        assert!(code(plain(), "pyroxene").contains(":: pyroxene :: Tree"));
        assert!(code(plain(), "pyroxene-of-theirs").contains(":: pyroxene :: Tree"));
        assert!(code(plain(), "pyroxene-inference").contains(":: pyroxene_frontend :: Tree"));
        let named = quote!(
            #[tree(crate = "my::own")]
            struct S<L: Leaf = Tensor> {
                x: L,
            }
        );
        assert!(
            code(named, "pyroxene-frontend")
                .contains("impl < L : my :: own :: Leaf > my :: own :: Tree < L >")
        );
    }

    #[test]
    fn other_parameters_are_kept_and_defaults_dropped() {
        let input = quote! {
            struct S<'a, X = Tensor, const N: usize = 2> where X: Leaf { x: Vec<X>, #[tree(static)] r#type: &'a [u8; N] }
        };
        let code = code(input, "someone");
        assert!(code.contains("impl < 'a , X : :: pyroxene :: Leaf , const N : usize >"), "{code}");
        assert!(code.contains("S < 'a , X , N > where X : Leaf"), "{code}");
        assert!(code.contains("= S < 'a , __M , N >"), "{code}");
        assert!(code.contains("within (\"type\""), "{code}");
    }
}
