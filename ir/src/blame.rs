//! Blame: where in a graph a NaN or an infinity arises that reaches an output.

use crate::{
    array::Array,
    eval::{EvalError, walk},
    graph::{Graph, Kind, Operands, Val},
    shape,
    types::Ty,
};

/// The node whose value is the first that is not finite on the way to an output.
#[derive(Clone, PartialEq, Debug)]
pub struct Blame {
    /// The node: an input, or an op that makes something else of finite operands.
    pub val: Val,
    /// The index of its first element that is not finite.
    pub index: Vec<usize>,
    /// That element.
    pub found: f64,
    /// How many of its elements are not finite.
    pub count: usize,
    /// The elements of the operands at that index, where the op works element by element; else none.
    pub operands: Vec<f64>,
}

/// Finds the origin of what is not finite in the outputs numbered `outputs`, in program order the first if there are
/// several; none if these outputs are finite.
///
/// What does not reach the outputs is not blamed: a NaN that a select leaves aside, an infinity that an exponential
/// makes zero of. An operand that is not finite counts as a cause if the op's result is not finite either once all
/// other such operands are replaced by numbers.
///
/// ```
/// use pyroxene_ir::{Array, Graph, Phase, Role, Ty, DType, blame::blame};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut g = Graph::new(Phase::Pure);
/// let x = g.input("x", Role::Argument, Ty::new(DType::F64, [2]));
/// let root = g.sqrt(x)?;
/// let total = g.sum_all(root)?;
/// g.set_outputs([total]);
/// let found = blame(&g, &[Array::from([4.0, -1.0])], &[0])?.ok_or("all is finite")?;
/// assert_eq!((found.val, found.index, found.operands), (root, vec![1], vec![-1.0]));
/// # Ok(()) }
/// ```
///
/// # Errors
/// As [`eval`](crate::eval::eval).
pub fn blame(graph: &Graph, args: &[Array], outputs: &[usize]) -> Result<Option<Blame>, EvalError> {
    let roots: Vec<Val> = outputs.iter().filter_map(|i| graph.outputs().get(*i).copied()).collect();
    let values = walk(graph, args, &graph.reachable(&roots))?;
    let mut marked = vec![false; graph.len()];
    roots.iter().for_each(|v| marked[v.index()] = first(&values[v.index()]).is_some());
    let mut origin = None;
    for v in graph.vals().rev().filter(|v| graph.site(*v).is_none()) {
        if marked[v.index()] {
            let causes = causes(graph, v, &values);
            if causes.is_empty() {
                origin = results(graph, v).find(|r| first(&values[r.index()]).is_some());
            }
            causes.iter().for_each(|c| marked[c.index()] = true);
        }
    }
    Ok(origin.and_then(|v| describe(graph, v, &values)))
}

/// The first element that is not finite.
fn first(x: &Array) -> Option<usize> {
    if x.dtype().is_float() { x.to_f64_vec().iter().position(|x| !x.is_finite()) } else { None }
}

/// The values that stand for the results of a node, as far as there are any.
fn results(graph: &Graph, v: Val) -> impl Iterator<Item = Val> {
    (0..=graph.node(v).rest.len()).filter_map(move |i| graph.part_of(v, i))
}

/// The operands that make a result of `v` other than finite.
fn causes(graph: &Graph, v: Val, values: &[Array]) -> Operands {
    if let Kind::Part(_) = graph.node(v).kind {
        return graph.operands(v);
    }
    let Some(op) = graph.op(v) else { return Operands::new() };
    let operands = graph.operands(v);
    let suspects: Operands =
        operands.iter().copied().filter(|o| first(&values[o.index()]).is_some()).collect();
    let causes = |suspect: &Val| {
        let tamed: Vec<Array> = operands
            .iter()
            .map(|o| &values[o.index()])
            .zip(&operands)
            .map(|(x, o)| if o == suspect { x.clone() } else { tame(x) })
            .collect();
        let tys: Vec<Ty> = graph.node(v).results().cloned().collect();
        op.eval(&tamed.iter().collect::<Vec<_>>(), &tys).iter().any(|x| first(x).is_some())
    };
    suspects.into_iter().filter(causes).collect()
}

/// The array with a number inside the domain of every function in place of what is not finite.
fn tame(x: &Array) -> Array {
    if first(x).is_none() {
        return x.clone();
    }
    let tamed = x.to_f64_vec().into_iter().map(|x| if x.is_finite() { x } else { 0.5 });
    Array::from_f64_iter(&x.ty(), tamed)
}

fn describe(graph: &Graph, v: Val, values: &[Array]) -> Option<Blame> {
    let value = &values[v.index()];
    let at = first(value)?;
    let numbers = value.to_f64_vec();
    let operands = graph.operands(v);
    let alike = operands.iter().all(|o| graph.ty(*o).dims == value.ty().dims);
    let element = |o: &Val| values[o.index()].to_f64_vec().get(at).copied();
    Some(Blame {
        val: v,
        index: shape::unravel(at, value.dims()).to_vec(),
        found: numbers[at],
        count: numbers.iter().filter(|x| !x.is_finite()).count(),
        operands: if alike { operands.iter().filter_map(element).collect() } else { Vec::new() },
    })
}
