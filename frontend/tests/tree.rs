//! `#[derive(Tree)]` on every form of struct: places, static fields, presence, mapping, spec.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use pyroxene_frontend::{
    Array, DType, Leaf, Path, Source, SourceError, Spec, Static, Tensor, Tree, Ty, Visit, spec, tree::Value,
};

#[derive(Tree, Clone)]
struct Schools<L: Leaf = Tensor> {
    sigma: L,
    y: Option<L>,
    #[tree(static)]
    r#type: &'static str,
}

#[derive(Tree)]
struct Layer<W: Leaf>(W, #[tree(static)] f64, Option<Vec<W>>);

#[derive(Tree)]
struct Net<'a, L = Tensor, const N: usize = 1>
where
    L: Leaf,
{
    layers: Vec<Layer<L>>,
    pair: (L, Schools<L>),
    nothing: (),
    #[tree(static)]
    names: &'a [&'static str; N],
}

#[derive(Tree)]
#[tree(crate = "renamed")]
struct Named<M: Leaf> {
    __f: M,
}

// The name under which another crate might know this one.
mod renamed {
    pub(crate) use pyroxene_frontend::{Leaf, Path, Source, SourceError, Tree, Visit};
}

fn places<T: Tree<Array>>(tree: &T) -> Vec<String> {
    let mut out = Vec::new();
    tree.visit(&mut Path::default(), &mut |path, visit| {
        out.push(match visit {
            Visit::Leaf(array) => format!("{path}: {}", array.ty()),
            Visit::Static(value) => format!("{path} = {value}"),
            Visit::Absent => format!("{path} absent"),
        });
    });
    out
}

fn schools() -> Schools<Array> {
    Schools { sigma: Array::from([15.0, 10.0]), y: None, r#type: "eight" }
}

#[test]
fn fields_are_visited_in_order_under_their_names() {
    assert_eq!(places(&schools()), ["sigma: f64[2]", "y absent", "type = \"eight\""]);
    let y = Some(Array::from([1i64, 2, 3]));
    assert_eq!(places(&Schools { y, ..schools() })[1], "y: i64[3]");
}

#[test]
fn trees_nest() {
    let net = Net {
        layers: vec![
            Layer(Array::from([1.0f32]), 0.5, None),
            Layer(Array::from(true), 1.5, Some(vec![Array::from(1u32), Array::from(2u32)])),
        ],
        pair: (Array::from(1.0), schools()),
        nothing: (),
        names: &["a", "b"],
    };
    let expected = [
        "layers.0.0: f32[1]",
        "layers.0.1 = 0.5",
        "layers.0.2 absent",
        "layers.1.0: bool[]",
        "layers.1.1 = 1.5",
        "layers.1.2.0: u32[]",
        "layers.1.2.1: u32[]",
        "pair.0: f64[]",
        "pair.1.sigma: f64[2]",
        "pair.1.y absent",
        "pair.1.type = \"eight\"",
        "names = [\"a\", \"b\"]",
    ];
    assert_eq!(places(&net), expected);
    let types: Net<'_, Spec, 2> = spec(&net);
    assert_eq!(types.layers[1].2.as_ref().map(Vec::len), Some(2));
    assert_eq!(types.layers[0].1, 0.5);
    assert_eq!(types.pair.1.sigma, Spec(Ty::new(DType::F64, [2])));
    assert_eq!(types.names, &["a", "b"]);
    assert!(types.pair.1.y.is_none());
}

#[test]
fn mapping_stops_at_the_first_error_and_names_its_place() {
    let data = Schools { y: Some(Array::from([1.0])), ..schools() };
    let mut seen = 0;
    let result: Result<Schools<Spec>, String> =
        data.try_map(&mut Path::default(), &mut |path, array: &Array| {
            seen += 1;
            if path.to_string() == "y" { Err(format!("no {path}")) } else { Ok(Spec(array.ty())) }
        });
    assert_eq!(result.err().as_deref(), Some("no y"));
    assert_eq!(seen, 2);
}

#[test]
fn the_crate_can_be_renamed() {
    assert_eq!(places(&Named { __f: Array::from(1.0) }), ["__f: f64[]"]);
}

/// Hands out arrays of one number, and counts what it is asked for.
#[derive(Default)]
struct Asked(Vec<String>);

impl Source<Array> for Asked {
    fn leaf(&mut self, path: &Path) -> Result<Array, SourceError> {
        self.0.push(format!("{path}"));
        Ok(Array::from(1i64))
    }

    fn float(&mut self, path: &Path) -> Result<Array, SourceError> {
        self.0.push(format!("{path} float"));
        Ok(Array::from(1.0))
    }

    fn value(&mut self, path: &Path) -> Result<Value, SourceError> {
        self.0.push(format!("{path} static"));
        Ok(Value::from(3))
    }

    fn has(&mut self, path: &Path) -> bool {
        path.names().last().is_some_and(|name| name != "absent")
    }

    fn len(&mut self, _: &Path) -> Result<usize, SourceError> {
        Ok(2)
    }
}

#[derive(Tree)]
struct Parts<L: Leaf> {
    #[tree(name = "W")]
    w: Vec<L>,
    #[tree(float)]
    pair: (Option<L>, L),
    absent: Option<L>,
    #[tree(static)]
    n: usize,
}

#[test]
fn a_tree_is_read_by_the_places_that_a_walk_names() {
    let mut asked = Asked::default();
    let parts = <Parts<Array> as Tree<Array>>::read(&mut Path::default(), &mut asked).unwrap();
    assert_eq!(asked.0, ["W.0", "W.1", "pair.0 float", "pair.1 float", "n static"]);
    assert_eq!(
        places(&parts),
        ["W.0: i64[]", "W.1: i64[]", "pair.0: f64[]", "pair.1: f64[]", "absent absent", "n = 3"]
    );
    assert_eq!((parts.w.len(), parts.n), (2, 3));
}

#[derive(Clone, Debug)]
enum Link {
    Log,
}

impl Static for Link {}

#[derive(Tree)]
struct Linked<L: Leaf> {
    y: L,
    #[tree(static)]
    link: Link,
}

#[test]
fn static_fields_of_other_types_are_refused_by_name() {
    let error =
        <Linked<Array> as Tree<Array>>::read(&mut Path::default(), &mut Asked::default()).err().unwrap();
    let expected = "field `link`: expected nothing: no file can hold this field, found the number 3";
    assert_eq!(error.to_string(), expected);
    assert_eq!(places(&Linked { y: Array::from(1.0), link: Link::Log })[1], "link = Log");
}
