//! BFGS: a search along directions that learn the inverse Hessian.

use pyroxene_frontend::{Leaf, Tensor, Tree, value_and_grad, while_loop};

use super::line_search::{Start, line_search};

/// The settings of a BFGS search (`jax.scipy.optimize.minimize(method="BFGS")`).
///
/// ```
/// use pyroxene_inference::optim::{Bfgs, Minimize};
/// let optimizer = Minimize::new(Bfgs::default().maxiter(500).gtol(1e-8));
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Bfgs {
    maxiter: Option<usize>,
    norm: f64,
    gtol: f64,
    line_search_maxiter: usize,
}

impl Default for Bfgs {
    /// JAX's defaults.
    fn default() -> Bfgs {
        Bfgs { maxiter: None, norm: f64::INFINITY, gtol: 1e-5, line_search_maxiter: 10 }
    }
}

impl Bfgs {
    /// The most iterations. Default 200 for each coordinate.
    #[must_use]
    pub fn maxiter(mut self, n: usize) -> Bfgs {
        self.maxiter = Some(n);
        self
    }

    /// The order of the gradient's norm that is held to `gtol`. Default infinity: the largest element.
    #[must_use]
    pub fn norm(mut self, order: f64) -> Bfgs {
        self.norm = order;
        self
    }

    /// The gradient's norm below which the search ends. Default 1e-5.
    #[must_use]
    pub fn gtol(mut self, gtol: f64) -> Bfgs {
        self.gtol = gtol;
        self
    }

    /// The most step sizes tried in a line search before it zooms in. Default 10.
    #[must_use]
    pub fn line_search_maxiter(mut self, n: usize) -> Bfgs {
        self.line_search_maxiter = n;
        self
    }

    fn converged(&self, gradient: Tensor) -> Tensor {
        gradient.vector_norm(self.norm, -1).less(self.gtol)
    }
}

/// What a search has found (`jax.scipy.optimize.OptimizeResults`).
#[derive(Tree, Clone, Debug)]
pub struct OptimizeResults<L: Leaf = Tensor> {
    /// Where the search ended.
    pub x: L,
    /// Whether the gradient there is below `gtol`.
    pub success: L,
    /// 0: converged; 1: the most iterations; 3: a line search failed; 5: one took its most steps.
    pub status: L,
    /// The value at `x`.
    pub fun: L,
    /// The gradient at `x`.
    pub jac: L,
    /// The estimate of the inverse Hessian at `x`.
    pub hess_inv: L,
    /// The number of evaluations of the function, as of its gradient.
    pub nfev: L,
    /// The number of iterations.
    pub nit: L,
}

/// The state of a search between two iterations.
#[derive(Tree, Clone)]
struct Search<L: Leaf = Tensor> {
    converged: L,
    failed: L,
    iterations: L,
    evaluations: L,
    x: L,
    f: L,
    g: L,
    inverse_hessian: L,
    f_before: L,
    line_search_status: L,
}

/// Searches a minimum of a differentiable function of a vector by BFGS (`jax.scipy.optimize.minimize`; Nocedal and Wright,
/// *Numerical Optimization*, algorithms 6.1, 3.5 and 3.6), the whole search in the graph.
///
/// Where JAX's search succeeds, this one takes the same steps. JAX's gives up, with status 3, at the first line search
/// whose bracket is turned round, as on Rosenbrock's function; this one goes on, as SciPy's.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// use pyroxene_inference::optim::{Bfgs, minimize};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = eval(|| {
///     let start = Tensor::from(Array::from([3.0, 1.0]));
///     minimize(|x| (x - Tensor::from([1.0, 2.0])).square().sum(), start, &Bfgs::default()).x
/// })?;
/// assert!(x.to_f64_vec().iter().zip([1.0, 2.0]).all(|(x, at)| (x - at).abs() < 1e-9));
/// # Ok(()) }
/// ```
///
/// # Errors
/// Recorded with the caller's line: a start that is no vector of floats, a function that does not return one float.
#[track_caller]
pub fn minimize(fun: impl Fn(Tensor) -> Tensor, x0: Tensor, method: &Bfgs) -> OptimizeResults {
    let fun: &dyn Fn(Tensor) -> Tensor = &fun;
    let n = x0.dim(-1);
    let most = method.maxiter.unwrap_or(200 * n);
    let (f, g) = value_and_grad(|x: &Tensor| fun(*x))(&x0);
    let start = Search {
        converged: method.converged(g),
        failed: false.into(),
        iterations: 0i64.into(),
        evaluations: 1i64.into(),
        x: x0,
        f,
        g,
        inverse_hessian: Tensor::eye(n).convert(x0.dtype()),
        f_before: f + g.norm() / 2.0,
        line_search_status: 0i64.into(),
    };
    let end = while_loop(
        start,
        |s| !s.converged & !s.failed & s.iterations.less(most),
        |s| iteration(fun, s, method),
    );
    let no_end = end.failed.select(end.line_search_status + 2i64, -1i64);
    let status = end.converged.select(0i64, end.iterations.equal(most).select(1i64, no_end));
    OptimizeResults {
        x: end.x,
        success: end.converged & !end.failed,
        status,
        fun: end.f,
        jac: end.g,
        hess_inv: end.inverse_hessian,
        nfev: end.evaluations,
        nit: end.iterations,
    }
}

/// A line search, and what it teaches about the Hessian.
fn iteration(fun: &dyn Fn(Tensor) -> Tensor, s: &Search, method: &Bfgs) -> Search {
    let direction = -s.inverse_hessian.matmul(s.g);
    let start = Start { x: s.x, f: s.f, g: s.g, f_before: s.f_before };
    let found = line_search(fun, &start, direction, method.line_search_maxiter);
    let step = found.a * direction;
    Search {
        converged: method.converged(found.g),
        failed: found.failed,
        iterations: s.iterations + 1i64,
        evaluations: s.evaluations + found.evaluations,
        x: s.x + step,
        f: found.f,
        g: found.g,
        inverse_hessian: updated(s.inverse_hessian, step, found.g - s.g),
        f_before: s.f,
        line_search_status: found.status,
    }
}

/// The inverse Hessian after a step that changed the gradient by `y` (equation 6.17); as it was where `y · step` is zero.
fn updated(inverse_hessian: Tensor, step: Tensor, y: Tensor) -> Tensor {
    let rho = y.dot(step).reciprocal();
    let identity = Tensor::eye(step.dim(0)).convert(step.dtype());
    let w = identity - rho * step.outer(y);
    let next = w.matmul(inverse_hessian).matmul(w.matrix_transpose()) + rho * step.outer(step);
    rho.is_finite().select(next, inverse_hessian)
}
