//! Fewer results and arguments for programs that run often: each is a buffer to hand over, a result one to make and to free too.

use pyroxene_ir::{DType, Dims, Graph, Operands, Role, Ty, TypeError, Val, ops};

use crate::{rebuilt::rebuilt, slices::line};

/// Copying more elements costs as much as a buffer.
const MOST: usize = 4096;

/// A graph whose only output has the elements of all outputs of `graph`, one output after the other, each row-major; `None`
/// where there is nothing to gain: a single output, outputs of different element types, empty or large ones.
///
/// # Errors
/// Never in practice: the outputs have been in the graph.
pub fn packed(graph: &Graph) -> Result<Option<Graph>, TypeError> {
    let outputs = graph.outputs();
    let tys: Vec<_> = outputs.iter().map(|v| graph.ty(*v)).collect();
    let is_one = tys.len() < 2 || tys.iter().any(|ty| ty.dtype != tys[0].dtype || ty.is_empty());
    if is_one || tys.iter().fold(0, |n: usize, ty| n.saturating_add(ty.len())) > MOST {
        return Ok(None);
    }
    let mut out = graph.clone();
    let flat =
        outputs.iter().map(|v| out.reshape(*v, &[graph.ty(*v).len()])).collect::<Result<Vec<_>, _>>()?;
    let whole = out.push(ops::Concatenate { axis: 0 }, &flat)?;
    out.set_outputs([whole]);
    Ok(Some(out))
}

/// The graph without the data that nothing reads, as where only what is prepared from them is read, and which of the inputs
/// are left; `None` where all are.
///
/// # Errors
/// Never in practice: what is built is what was in the graph.
pub fn read_inputs(graph: &Graph) -> Result<Option<(Graph, Vec<usize>)>, TypeError> {
    let live = graph.reachable(graph.outputs());
    let is_data = |v: Val| graph.input_of(v).is_some_and(|input| input.role == Role::Data);
    let is_left = |v: Val| live[v.index()] || !is_data(v);
    let left: Vec<usize> = (0..graph.inputs().len()).filter(|i| is_left(graph.inputs()[*i])).collect();
    if left.len() == graph.inputs().len() {
        return Ok(None);
    }
    let mut out = Graph::with_regions_of(graph, graph.phase());
    let mut map: Vec<Option<Val>> = Vec::with_capacity(graph.len());
    for v in graph.vals() {
        let operands: Option<Operands> = graph.operands(v).iter().map(|o| map[o.index()]).collect();
        map.push(match operands {
            Some(operands) if is_left(v) => Some(out.copy_node(graph, v, &operands)?),
            _ => None,
        });
    }
    let outputs: Vec<Val> = graph.outputs().iter().filter_map(|v| map[v.index()]).collect();
    out.set_outputs(outputs);
    Ok(Some((out, left)))
}

/// A part of a bundle has no more elements: what reads it may copy it, which costs as much as an argument.
const MOST_IN_BUNDLE: usize = 512;

/// The bytes of which the beginnings of a bundle's parts are multiples.
const ALIGN: usize = 64;

/// For each input of a graph the place of the input of another that it is in, and the element with which it begins there.
pub type Places = Vec<(usize, usize)>;

/// A graph whose small data of one element type are parts of one vector, and for each input before the place of what it is in
/// and the element with which it begins there; `None` where no two are of one type.
///
/// # Errors
/// Never in practice: what is built is what was in the graph.
pub fn bundled(graph: &Graph) -> Result<Option<(Graph, Places)>, TypeError> {
    let is_part = |v: &Val| {
        let is_data = graph.input_of(*v).is_some_and(|i| matches!(i.role, Role::Data | Role::Prepared));
        is_data && (1..=MOST_IN_BUNDLE).contains(&graph.ty(*v).len())
    };
    let parts: Vec<Val> = graph.inputs().iter().copied().filter(is_part).collect();
    let beside = |v: Val| parts.iter().copied().filter(move |o| graph.ty(*o).dtype == graph.ty(v).dtype);
    let in_bundle = |v: Val| parts.contains(&v) && beside(v).count() > 1;
    // The elements of a part with what is left free behind it.
    let room = |v: Val| graph.ty(v).len().next_multiple_of(ALIGN / graph.ty(v).dtype.size());
    let start = |v: Val| beside(v).take_while(|o| *o != v).map(room).sum::<usize>();
    let mut out = Graph::with_regions_of(graph, graph.phase());
    let mut map: Vec<Val> = Vec::with_capacity(graph.len());
    let (mut bundles, mut places): (Vec<(DType, Val)>, _) = (Vec::new(), Vec::new());
    for v in graph.vals() {
        let operands: Operands = graph.operands(v).iter().map(|o| map[o.index()]).collect();
        let Ty { dtype, dims } = graph.ty(v);
        let new = match graph.input_of(v) {
            Some(_) if in_bundle(v) => {
                let known = bundles.iter().find(|(of, _)| of == dtype).map(|(_, bundle)| *bundle);
                let bundle = known.unwrap_or_else(|| {
                    let ty = Ty::new(*dtype, [beside(v).map(room).sum()]);
                    let bundle = out.input(format!("data.{dtype}"), Role::Prepared, ty);
                    bundles.push((*dtype, bundle));
                    bundle
                });
                let (from, to) = (start(v), start(v) + graph.ty(v).len());
                let part = line(&mut out, bundle, from, to)?;
                places.push((bundle, from));
                out.reshape(part, dims)?
            }
            input => {
                let new = out.copy_node(graph, v, &operands)?;
                places.extend(input.map(|_| (new, 0)));
                new
            }
        };
        map.push(new);
    }
    out.set_outputs(graph.outputs().iter().map(|v| map[v.index()]));
    let index = |v: Val| out.inputs().iter().position(|o| *o == v).unwrap_or(0);
    let places = places.into_iter().map(|(v, from)| (index(v), from)).collect();
    Ok((!bundles.is_empty()).then_some((out, places)))
}

/// The graph with its position in a vector as long as the only output, so that this can take its memory, and the place of the
/// position among the inputs; `None` where the output is no longer vector of that element type.
///
/// # Errors
/// Never in practice: what is built is what was in the graph.
pub fn with_room(graph: &Graph) -> Result<Option<(Graph, usize)>, TypeError> {
    let is_position = |v: &Val| graph.input_of(*v).is_some_and(|input| input.role == Role::Position);
    let (Some(index), [output]) = (graph.inputs().iter().position(is_position), graph.outputs()) else {
        return Ok(None);
    };
    let position = graph.inputs()[index];
    let (given, room) = (graph.ty(position), graph.ty(*output));
    let fits = matches!((&given.dims[..], &room.dims[..]), ([given], [room]) if given <= room);
    if !fits || given.dtype != room.dtype || given.is_empty() {
        return Ok(None);
    }
    let out = rebuilt(graph, |out, v, operands, _| match graph.input_of(v) {
        Some(input) if v == position => {
            let whole = out.input(&input.name, input.role, room.clone());
            let (start, limit) = (Dims::from_slice(&[0]), given.dims.clone());
            out.push(ops::Slice::new(start, limit), &[whole])
        }
        _ => out.copy_node(graph, v, operands),
    })?;
    Ok(Some((out, index)))
}
