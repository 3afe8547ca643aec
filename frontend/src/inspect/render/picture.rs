//! Pictures: the nodes, plates and edges of a drawing, from a model's relations.

use std::collections::BTreeMap;

use pyroxene_ir::passes::Relations;

/// How a node looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Look {
    Latent,
    Observed,
    Deterministic,
    Param,
}

/// A random variable, a deterministic value or a parameter.
pub(super) struct Shape {
    pub(super) name: String,
    pub(super) look: Look,
    /// `~ Normal`, `∈ positive`: what a legend says of it.
    pub(super) note: Option<String>,
    /// The innermost plate around it.
    pub(super) plate: Option<usize>,
}

/// A plate.
pub(super) struct PlateBox {
    /// A name of its own, of clones too.
    pub(super) name: String,
    /// Name and size.
    pub(super) label: String,
    /// The plate around it.
    pub(super) inside: Option<usize>,
}

/// What is drawn. A plate comes after the one around it, and edges run from earlier shapes to later ones.
pub(super) struct Picture {
    pub(super) shapes: Vec<Shape>,
    pub(super) plates: Vec<PlateBox>,
    pub(super) edges: Vec<(usize, usize)>,
}

impl Picture {
    /// `sizes` says of each plate what stands in brackets after its name.
    pub(super) fn of(relations: &Relations, sizes: &BTreeMap<String, String>, params: bool) -> Picture {
        let shapes = shapes(relations, params);
        let mut plates: Vec<(&String, &Vec<String>)> =
            relations.plate_sample.iter().filter(|(_, members)| !members.is_empty()).collect();
        // The larger are outside; of equals, the one declared first.
        plates.sort_by_key(|(_, members)| std::cmp::Reverse(members.len()));
        let innermost = |name: &str, among: usize| {
            plates[..among].iter().rposition(|(_, members)| members.iter().any(|m| m == name))
        };
        let plate = |(i, (name, members)): (usize, &(&String, &Vec<String>))| {
            let label = name.split("__CLONE").next().unwrap_or(name);
            let size = sizes.get(label).map(|size| format!(" ({size})")).unwrap_or_default();
            let inside = members.first().and_then(|member| innermost(member, i));
            PlateBox { name: name.to_string(), label: format!("{label}{size}"), inside }
        };
        let boxes = plates.iter().enumerate().map(plate).collect();
        let with_plate = |shape: Shape| Shape { plate: innermost(&shape.name, plates.len()), ..shape };
        let shapes: Vec<Shape> = shapes.into_iter().map(with_plate).collect();
        let edges = edges(relations, &shapes);
        Picture { shapes, plates: boxes, edges }
    }
}

/// Parameters first, since nothing comes before them; then sites in program order.
fn shapes(relations: &Relations, params: bool) -> Vec<Shape> {
    let constraints = relations.param_constraint.iter().filter(|_| params);
    let params = constraints.map(|(name, constraint)| {
        let note = Some(format!("∈ {constraint}"));
        Shape { name: name.clone(), look: Look::Param, note, plate: None }
    });
    let sites = relations.sample_dist.iter().map(|(name, distribution)| {
        let look = match &**distribution {
            "Deterministic" => Look::Deterministic,
            _ if relations.observed.contains(name) => Look::Observed,
            _ => Look::Latent,
        };
        Shape { name: name.clone(), look, note: Some(format!("~ {distribution}")), plate: None }
    });
    params.chain(sites).collect()
}

fn edges(relations: &Relations, shapes: &[Shape]) -> Vec<(usize, usize)> {
    let position = |name: &String| shapes.iter().position(|s| s.name == *name);
    let read = relations.sample_sample.iter().chain(&relations.sample_param);
    let pairs = read.flat_map(|(to, from)| from.iter().map(move |f| (position(f), position(to))));
    // Parameters that are not drawn have no position.
    let mut edges: Vec<(usize, usize)> =
        pairs.filter_map(|(f, t)| Some((f?, t?))).filter(|(f, t)| f < t).collect();
    edges.sort_unstable();
    edges.dedup();
    edges
}
