//! Gradients by the inverse: log determinants and quadratic forms of a positive definite matrix, as normal densities have
//! them.

use std::collections::BTreeMap;

use super::{Need, Pass, PassError, Query, any_graph, rewrite};
use crate::{
    graph::{Graph, Val},
    ops::{Op, TriangularSolve, forms},
};

/// Takes the derivatives of `Σ ln Lᵢᵢ` and of `|L⁻¹ b|²`, where `L` is the Cholesky factor of a matrix `A` and of use for
/// nothing else, by `A⁻¹ / 2` and `−A⁻¹ b bᵀ A⁻¹`.
///
/// The factor's own derivative (Murray 2016) is four times the work: a product of matrices and two triangular systems with a
/// matrix on the right, of which all but this cancels. `A⁻¹` comes from `L⁻¹`, whose columns are solved for by substitution;
/// its error is that of any gradient: up to the condition of `A` times a rounding. Values stay as they are.
pub struct InverseGradients;

const NAME: &str = "inverse_gradients";

impl Pass for InverseGradients {
    fn name(&self) -> &'static str {
        NAME
    }

    fn applies(&self, query: Query) -> bool {
        matches!(query, Query::LogDensity | Query::Potential | Query::PotentialAndGradient)
    }

    fn need(&self) -> Need {
        Need::Optional
    }

    fn finds(&self, graph: &Graph) -> bool {
        any_graph(graph, &|graph| !forms_of(graph).is_empty())
    }

    fn run(&self, graph: &Graph, _query: Query) -> Result<Graph, PassError> {
        run(graph)
    }
}

fn run(graph: &Graph) -> Result<Graph, PassError> {
    let found = forms_of(graph);
    rewrite(graph, NAME, run, |out, v, _, map| {
        let Some(form) = found.get(&v) else { return Ok(None) };
        let matrix = map[form.matrix.index()];
        match form.vector {
            None => forms::log_determinant(out, matrix).map(Some),
            Some(vector) => forms::quadratic_form(out, matrix, map[vector.index()]).map(Some),
        }
    })
}

/// A sum that is a form of the matrix: of the logarithms of its factor's diagonal, or of the squares of what solves the
/// system with this vector.
#[derive(Clone, Copy)]
struct Form {
    matrix: Val,
    vector: Option<Val>,
}

/// The sums to replace.
fn forms_of(graph: &Graph) -> BTreeMap<Val, Form> {
    let is_factor = |v: &Val| matches!(graph.op(*v), Some(Op::Cholesky(_)));
    if !graph.vals().any(|v| is_factor(&v)) {
        return BTreeMap::new();
    }
    let users = Users::of(graph);
    let factors = graph.vals().filter(|v| is_factor(v));
    factors.filter_map(|factor| users.forms(factor)).flatten().collect()
}

/// Which live nodes read each value.
struct Users<'a> {
    graph: &'a Graph,
    of: Vec<Vec<Val>>,
    is_output: Vec<bool>,
}

impl Users<'_> {
    fn of(graph: &Graph) -> Users<'_> {
        let live = graph.reachable(graph.outputs());
        let (mut of, mut is_output) = (vec![Vec::new(); graph.len()], vec![false; graph.len()]);
        for v in graph.vals().filter(|v| live[v.index()]) {
            graph.operands(v).iter().for_each(|o| of[o.index()].push(v));
        }
        graph.outputs().iter().for_each(|v| is_output[v.index()] = true);
        Users { graph, of, is_output }
    }

    /// The users of a value that is no output.
    fn inner(&self, v: Val) -> Option<&[Val]> {
        (!self.is_output[v.index()]).then(|| self.of[v.index()].as_slice())
    }

    /// All forms that read a factor; none where something else reads it, or where its matrix is not made symmetric.
    fn forms(&self, factor: Val) -> Option<Vec<(Val, Form)>> {
        let matrix = symmetrised(self.graph, self.graph.operands(factor)[0])?;
        let mut forms = Vec::new();
        for user in self.inner(factor)? {
            match self.graph.op(*user)? {
                Op::TriangularSolve(op) => {
                    let right = self.graph.operands(*user)[1];
                    let column = self.graph.ty(right).dims.last() == Some(&1);
                    if *op != TriangularSolve::LOWER || right == factor || !column {
                        return None;
                    }
                    let form = Form { matrix, vector: Some(right) };
                    forms.extend(self.squares(*user)?.into_iter().map(|sum| (sum, form)));
                }
                _ => {
                    let form = Form { matrix, vector: None };
                    forms.extend(self.logs(*user, factor)?.into_iter().map(|sum| (sum, form)));
                }
            }
        }
        Some(forms)
    }

    /// The sums of squares that a solution is read by, where nothing else reads it.
    fn squares(&self, x: Val) -> Option<Vec<Val>> {
        let mut sums = Vec::new();
        for user in self.inner(x)? {
            let operands = self.graph.operands(*user);
            match self.graph.op(*user)? {
                Op::Reshape(_) if self.is_vector_of(*user, x) => sums.extend(self.squares(*user)?),
                Op::Mul(_) if operands[0] == operands[1] => sums.extend(self.sums(*user)?),
                _ => return None,
            }
        }
        Some(sums)
    }

    /// Whether a value is the column `x` without its last dimension.
    fn is_vector_of(&self, v: Val, x: Val) -> bool {
        let dims = &self.graph.ty(x).dims;
        self.graph.ty(v).dims[..] == dims[..dims.len() - 1]
    }

    /// The sums over the last dimension of a value of vectors, where nothing else reads it.
    fn sums(&self, vectors: Val) -> Option<Vec<Val>> {
        let last = self.graph.ty(vectors).rank().checked_sub(1)?;
        let is_sum = |v: &Val| match self.graph.op(*v) {
            Some(Op::ReduceSum(sum)) => sum.axes.as_slice() == [last],
            _ => false,
        };
        let users = self.inner(vectors)?;
        users.iter().all(is_sum).then(|| users.to_vec())
    }

    /// The sums of logarithms of the diagonal of a factor that `v` is on the way to.
    fn logs(&self, v: Val, factor: Val) -> Option<Vec<Val>> {
        let dims = &self.graph.ty(factor).dims;
        let n = *dims.last()?;
        let is_whole = self.graph.ty(v).len() == self.graph.ty(factor).len();
        let on = |f: &dyn Fn(Val) -> Option<Vec<Val>>| -> Option<Vec<Val>> {
            let found = self.inner(v)?.iter().map(|user| f(*user)).collect::<Option<Vec<_>>>()?;
            Some(found.into_iter().flatten().collect())
        };
        match self.graph.op(v)? {
            Op::Slice(_) | Op::Reshape(_) if is_whole => on(&|user| self.logs(user, factor)),
            Op::Slice(slice) => {
                let flat = self.graph.ty(self.graph.operands(v)[0]).dims.clone();
                let last = flat.len() - 1;
                let is_diagonal = flat[last] == n * n
                    && flat.len() + 1 == dims.len()
                    && slice.start.iter().all(|start| *start == 0)
                    && slice.limit == flat
                    && slice.stride[last] == n + 1
                    && slice.stride[..last].iter().all(|stride| *stride == 1);
                if is_diagonal { on(&|user| self.logs(user, factor)) } else { None }
            }
            Op::Abs(_) if !is_whole || n == 1 => on(&|user| self.logs(user, factor)),
            Op::Log(_) if !is_whole || n == 1 => self.sums(v),
            _ => None,
        }
    }
}

/// The `B` of `(B + Bᵀ) / 2`.
fn symmetrised(graph: &Graph, v: Val) -> Option<Val> {
    let Some(Op::Mul(_)) = graph.op(v) else { return None };
    let [sum, half] = <[Val; 2]>::try_from(graph.operands(v).as_slice()).ok()?;
    let Some(Op::Add(_)) = graph.op(sum) else { return None };
    let [b, transposed] = <[Val; 2]>::try_from(graph.operands(sum).as_slice()).ok()?;
    let Some(Op::Transpose(transpose)) = graph.op(transposed) else { return None };
    let rank = graph.ty(b).rank();
    let mut swapped: Vec<usize> = (0..rank).collect();
    swapped.swap(rank.checked_sub(2)?, rank - 1);
    let halves = super::blocked::number(graph, half) == Some(0.5);
    let same = graph.operands(transposed)[0] == b && transpose.permutation.as_slice() == swapped.as_slice();
    (halves && same).then_some(b)
}
