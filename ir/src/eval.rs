//! The reference interpreter: evaluates a pure graph node by node, the oracle of every op, pass and expansion.

use std::collections::BTreeMap;

use crate::{
    array::Array,
    graph::{Graph, Kind, Val},
    types::Ty,
};

/// A graph could not be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// The number of arguments is not the number of inputs.
    #[error("the graph has {expected} inputs, found {found} arguments")]
    Arity {
        /// Inputs of the graph.
        expected: usize,
        /// Arguments given.
        found: usize,
    },
    /// An argument has another type than its input.
    #[error("input `{name}`: expected {expected}, found {found}")]
    Argument {
        /// The input's name.
        name: String,
        /// Its type.
        expected: Ty,
        /// The argument's type.
        found: Ty,
    },
    /// The graph still holds a site.
    #[error("site `{name}` has no value: evaluate a graph after `resolve_sites`")]
    Site {
        /// The site's name.
        name: String,
    },
}

/// The values of a graph's outputs for these arguments, one for each input in order.
///
/// ```
/// use pyroxene_ir::{Array, DType, Graph, Phase, Role, Ty, eval::eval};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut g = Graph::new(Phase::Pure);
/// let x = g.input("x", Role::Argument, Ty::new(DType::F64, [2]));
/// let y = g.mul(x, x)?;
/// g.set_outputs([y]);
/// assert_eq!(eval(&g, &[Array::from([2.0, 3.0])])?, [Array::from([4.0, 9.0])]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// When arguments do not fit the inputs, or the graph holds sites.
pub fn eval(graph: &Graph, args: &[Array]) -> Result<Vec<Array>, EvalError> {
    let values = walk(graph, args, &graph.reachable(graph.outputs()))?;
    Ok(graph.outputs().iter().map(|v| values[v.index()].clone()).collect())
}

/// The values of all nodes, in order.
///
/// # Errors
/// As [`eval`].
pub fn eval_all(graph: &Graph, args: &[Array]) -> Result<Vec<Array>, EvalError> {
    walk(graph, args, &vec![true; graph.len()])
}

/// The values of the nodes that are `wanted`, and of all inputs; the others are left empty.
pub(crate) fn walk(graph: &Graph, args: &[Array], wanted: &[bool]) -> Result<Vec<Array>, EvalError> {
    if args.len() != graph.inputs().len() {
        return Err(EvalError::Arity { expected: graph.inputs().len(), found: args.len() });
    }
    let mut next = args.iter();
    let mut values: Vec<Array> = Vec::with_capacity(graph.len());
    // The second and later results of nodes that have them.
    let mut further: BTreeMap<Val, Vec<Array>> = BTreeMap::new();
    for v in graph.vals() {
        let node = graph.node(v);
        let value = match &node.kind {
            Kind::Input(input) => {
                let arg = next.next().cloned().unwrap_or_else(|| Array::zeros(&node.ty));
                if arg.ty() != node.ty {
                    let (name, expected) = (input.name.clone(), node.ty.clone());
                    return Err(EvalError::Argument { name, expected, found: arg.ty() });
                }
                arg
            }
            _ if !wanted[v.index()] => Array::from(Vec::<f64>::new()),
            Kind::Pure(op) => {
                let operands = graph.operands(v);
                let operands: Vec<&Array> = operands.iter().map(|o| &values[o.index()]).collect();
                let tys: Vec<Ty> = node.results().cloned().collect();
                let mut results = op.eval(&operands, &tys).into_iter();
                let first = results.next();
                if results.len() > 0 {
                    further.insert(v, results.collect::<Vec<_>>());
                }
                first.unwrap_or_else(|| Array::zeros(&node.ty))
            }
            Kind::Part(i) => {
                let of = graph.operands(v)[0];
                let part = further.get(&of).and_then(|rest| rest.get(*i as usize - 1));
                part.cloned().unwrap_or_else(|| Array::zeros(&node.ty))
            }
            Kind::Site(site) => return Err(EvalError::Site { name: site.name.clone() }),
        };
        values.push(value);
    }
    Ok(values)
}
