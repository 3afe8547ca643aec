//! Random well-typed graphs over the whole op table, made of small numbers, so that proptest can shrink them.
#![allow(dead_code, clippy::unwrap_used, reason = "each test binary uses its own part")]

mod bodies;
pub(crate) mod checks;
pub(crate) mod noise;
mod steps;

use std::sync::LazyLock;

use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed},
};
use pyroxene_ir::{
    Array, DType, Dims, Graph, Op, Phase, Role, Ty, Val,
    ops::{self, Derivative},
};

use noise::{exact, needs_exact};

/// Few cases from a fixed seed, so that every run is the same; `PROPTEST_CASES` and `PROPTEST_RNG_SEED` ask for more and
/// for others.
pub(crate) fn config(cases: u32) -> Config {
    let given = Config::default();
    let set = |name| std::env::var_os(name).is_some();
    Config {
        cases: if set("PROPTEST_CASES") { given.cases } else { cases },
        rng_seed: if set("PROPTEST_RNG_SEED") { given.rng_seed } else { RngSeed::Fixed(0) },
        failure_persistence: None,
        max_shrink_iters: 4000,
        ..given
    }
}

/// What graphs may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    /// Infinities, NaN, and numbers at the ends of the range.
    pub(crate) extremes: bool,
    /// Ops without forward or without reverse derivative.
    pub(crate) one_way: bool,
    /// Special functions and linear algebra, which are many nodes each once they are expanded.
    pub(crate) expanded: bool,
}

impl Scope {
    pub(crate) const ALL: Scope = Scope { extremes: true, one_way: true, expanded: true };
    pub(crate) const TAME: Scope = Scope { extremes: false, ..Scope::ALL };
}

type Step = [u16; 8];

/// What a random graph is made from.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    steps: Vec<Step>,
    /// The steps of bodies of loops and branches, which take some of these.
    inner: Vec<Step>,
}

pub(crate) fn recipes(steps: usize) -> impl Strategy<Value = Recipe> {
    let step = any::<Step>();
    let inner = prop::collection::vec(step, 1..5);
    (prop::collection::vec(step, 1..steps), inner).prop_map(|(steps, inner)| Recipe { steps, inner })
}

/// A graph that returns all of its values, and arguments for it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) graph: Graph,
    pub(crate) args: Vec<Array>,
}

impl Recipe {
    pub(crate) fn case(&self, scope: Scope) -> Case {
        let mut maker = Maker::new(scope, &self.inner, 0);
        maker.input(&mut Choices::new([3, 0, 1, 2, 5, 6, 7, 8]));
        for step in &self.steps {
            let mut c = Choices::new(*step);
            let kind = c.below(STEPS.len());
            // A step that finds no operands leaves the graph as it is.
            let _ = STEPS[kind](&mut maker, &mut c);
        }
        maker.graph.set_outputs(maker.graph.vals());
        Case { graph: maker.graph, args: maker.args }
    }
}

/// The choices of one step, in order; smaller ones are simpler.
struct Choices {
    from: Step,
    at: usize,
}

impl Choices {
    fn new(from: Step) -> Choices {
        Choices { from, at: 0 }
    }

    fn below(&mut self, n: usize) -> usize {
        let (round, i) = (self.at / self.from.len(), self.at % self.from.len());
        self.at += 1;
        (usize::from(self.from[i]) >> round) % n.max(1)
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 1
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

/// Shapes with nothing, one and a few elements.
const SHAPES: [&[usize]; 11] =
    [&[], &[3], &[2, 3], &[1], &[0], &[3, 3], &[4], &[2, 1, 3], &[2, 0], &[1, 1], &[2, 2, 2]];

const DTYPES: [DType; 9] = [
    DType::F64,
    DType::F64,
    DType::F32,
    DType::I64,
    DType::I32,
    DType::Bool,
    DType::U32,
    DType::U64,
    DType::F64,
];

/// No value is larger than this.
const MOST: usize = 64;

/// Ops that map operands of one type to a result of its dimensions, with their numbers of operands.
static ELEMENTWISE: LazyLock<Vec<(Op, usize)>> = LazyLock::new(|| {
    let mut found: Vec<(Op, usize)> = Vec::new();
    for sample in Op::ALL.iter().flat_map(|info| (info.samples)()) {
        let maps = |dims: &[usize]| {
            let tys: Vec<Ty> = sample.args.iter().map(|x| x.ty().with_dims(dims.iter().copied())).collect();
            !tys.is_empty()
                && tys.iter().all(|ty| *ty == tys[0])
                && sample.op.infer(&tys).is_ok_and(|out| out.len() == 1 && out[0].dims == tys[0].dims)
        };
        let entry = (sample.op.clone(), sample.args.len());
        if maps(&[]) && maps(&[5]) && maps(&[2, 3]) && !found.contains(&entry) {
            found.push(entry);
        }
    }
    found
});

static SAMPLES: LazyLock<Vec<ops::Sample>> =
    LazyLock::new(|| Op::ALL.iter().flat_map(|info| (info.samples)()).collect());

/// Whether HLO lacks the op.
fn expands(op: &Op, tys: &[Ty]) -> bool {
    matches!(op.hlo(tys), ops::Hlo::Expand(_) | ops::Hlo::ExpandOp(_))
}

/// A graph under construction.
struct Maker<'a> {
    scope: Scope,
    inner: &'a [Step],
    depth: usize,
    graph: Graph,
    args: Vec<Array>,
    /// Whether each value has the same bits in whatever way it is computed.
    exact: Vec<bool>,
}

type MakeStep = fn(&mut Maker<'_>, &mut Choices) -> Option<()>;

/// Every kind of step; frequent ones appear more than once.
const STEPS: &[MakeStep] = &[
    |m, c| m.input(c),
    |m, c| m.arithmetic(c),
    |m, c| m.arithmetic(c),
    |m, c| m.arithmetic(c),
    |m, c| m.elementwise(c),
    |m, c| m.elementwise(c),
    |m, c| m.sample(c),
    |m, c| m.sample(c),
    |m, c| m.sample(c),
    |m, c| m.input(c),
    |m, c| m.convert(c),
    |m, c| m.compare(c),
    |m, c| m.select(c),
    |m, c| m.reshape(c),
    |m, c| m.broadcast(c),
    |m, c| m.transpose(c),
    |m, c| m.slice(c),
    |m, c| m.pad(c),
    |m, c| m.concatenate(c),
    |m, c| m.dynamic_slice(c),
    |m, c| m.dynamic_update_slice(c),
    |m, c| m.take(c),
    |m, c| m.scatter(c),
    |m, c| m.scatter(c),
    |m, c| m.reduce(c),
    |m, c| m.reduce(c),
    |m, c| m.cumulate(c),
    |m, c| m.sort(c),
    |m, c| m.dot(c),
    |m, c| m.scan(c),
    |m, c| m.scan(c),
    |m, c| m.switch(c),
    |m, c| m.while_loop(c),
    |m, c| m.call(c),
];

impl<'a> Maker<'a> {
    fn new(scope: Scope, inner: &'a [Step], depth: usize) -> Maker<'a> {
        let graph = Graph::new(Phase::Pure);
        Maker { scope, inner, depth, graph, args: Vec::new(), exact: Vec::new() }
    }

    fn ty(&self, v: Val) -> Ty {
        self.graph.ty(v).clone()
    }

    fn is_exact(&self, v: Val) -> bool {
        self.exact[v.index()]
    }

    /// Adds a node over these operands, unless it does not fit, is too large, or would make a difference of a rounding
    /// a large one.
    fn push_all(&mut self, op: impl Into<Op>, operands: &[Val]) -> Option<Vec<Val>> {
        let op = op.into();
        let tys: Vec<Ty> = operands.iter().map(|v| self.ty(*v)).collect();
        let results = op.infer(&tys).ok()?;
        let rounded = operands.iter().any(|v| !self.is_exact(*v));
        let large = results.iter().any(|ty| ty.len() > MOST || ty.rank() > 4);
        let left_out = !self.scope.expanded && expands(&op, &tys) && op.regions().is_empty();
        if large || left_out || (rounded && needs_exact(&op)) {
            return None;
        }
        let found = self.graph.push_all(op.clone(), operands).unwrap();
        for v in self.graph.vals().skip(self.exact.len()) {
            let keeps = exact(&op, &tys) && !rounded;
            self.exact.push(keeps || !self.graph.ty(v).dtype.is_float());
        }
        Some(found.to_vec())
    }

    fn push(&mut self, op: impl Into<Op>, operands: &[Val]) -> Option<Val> {
        self.push_all(op, operands).map(|all| all[0])
    }

    /// A value that `fits`, if there is one.
    fn pick(&mut self, c: &mut Choices, fits: impl Fn(&Maker<'_>, Val) -> bool) -> Option<Val> {
        let all: Vec<Val> = self.graph.vals().filter(|v| fits(self, *v)).collect();
        // The last ones first: long chains.
        (!all.is_empty()).then(|| all[all.len() - 1 - c.below(all.len())])
    }

    fn any(&mut self, c: &mut Choices) -> Option<Val> {
        self.pick(c, |_, _| true)
    }

    fn array(&self, ty: &Ty, c: &mut Choices) -> Array {
        let (salt, kind) = (c.below(97), c.below(4));
        let special = [f64::NAN, f64::INFINITY, -0.0, f64::NEG_INFINITY, 1e300, 1e-310, 0.0, -1e-20];
        let whole = [i128::from(i64::MIN), -1, i128::from(i32::MAX), 0, 1, i128::from(u64::MAX), 7];
        let number = |i: usize| {
            if kind == 3 && self.scope.extremes {
                special[(i + salt) % special.len()]
            } else {
                ((i * 7 + salt * 3) % 23) as f64 * 0.17 - 1.3
            }
        };
        let integer =
            |i: usize| if kind == 3 { whole[(i + salt) % 7] } else { ((i * 5 + salt) % 9) as i128 - 3 };
        let dims = ty.dims.iter().copied();
        let n = ty.len();
        match ty.dtype {
            DType::F64 => Array::new(dims, (0..n).map(number).collect::<Vec<f64>>()),
            DType::F32 => Array::new(dims, (0..n).map(|i| number(i) as f32).collect::<Vec<_>>()),
            DType::I32 => Array::new(dims, (0..n).map(|i| integer(i) as i32).collect::<Vec<_>>()),
            DType::I64 => Array::new(dims, (0..n).map(|i| integer(i) as i64).collect::<Vec<_>>()),
            DType::U32 => Array::new(dims, (0..n).map(|i| integer(i) as u32).collect::<Vec<_>>()),
            DType::U64 => Array::new(dims, (0..n).map(|i| integer(i) as u64).collect::<Vec<_>>()),
            DType::Bool => Array::new(dims, (0..n).map(|i| (i + salt) % 3 == 0).collect::<Vec<_>>()),
        }
        .unwrap()
    }

    fn constant(&mut self, x: Array) -> Option<Val> {
        self.push(ops::Constant(x), &[])
    }

    fn new_input(&mut self, ty: &Ty, exact: bool) -> Val {
        let name = format!("x{}", self.graph.inputs().len());
        let v = self.graph.input(name, Role::Argument, ty.clone());
        self.exact.push(exact || !ty.dtype.is_float());
        v
    }

    /// An input, or inside of bodies a constant.
    fn input(&mut self, c: &mut Choices) -> Option<()> {
        let ty = Ty::new(c.of(&DTYPES), c.of(&SHAPES).iter().copied());
        let x = self.array(&ty, c);
        if self.depth > 0 || c.below(3) == 2 {
            return self.constant(x).map(|_| ());
        }
        self.new_input(&ty, true);
        self.args.push(x);
        Some(())
    }

    /// A value of type `ty` made of `v`.
    fn fit(&mut self, v: Val, ty: &Ty) -> Option<Val> {
        let from = self.ty(v);
        let mut v = v;
        if from.dtype != ty.dtype {
            v = self.push(ops::Convert { dtype: ty.dtype }, &[v])?;
        }
        if from.dims == ty.dims {
            return Some(v);
        }
        let n = from.len();
        v = self.push(ops::Reshape { dims: Dims::from_slice(&[n]) }, &[v])?;
        if n > ty.len() {
            v = self.push(ops::Slice::along(&[n], 0, n - ty.len(), n), &[v])?;
        } else if n < ty.len() {
            v = self.push(ops::Pad::new(Dims::from_slice(&[0]), Dims::from_slice(&[ty.len() - n])), &[v])?;
        }
        self.push(ops::Reshape { dims: ty.dims.clone() }, &[v])
    }

    fn near(&mut self, v: Val, x: &Array) -> Option<Val> {
        if !x.dtype().is_float() {
            return None;
        }
        let v = self.fit(v, &x.ty())?;
        let (v, scale) = (self.push(ops::Tanh, &[v])?, self.constant(Array::filled(&x.ty(), 0.01))?);
        let (by, at) = (self.push(ops::Mul, &[v, scale])?, self.constant(x.clone())?);
        self.push(ops::Add, &[at, by])
    }
}

/// Whether an op has not both derivatives.
fn one_way(op: &Op) -> bool {
    match op {
        Op::While(_) | Op::Householder(_) | Op::HouseholderProduct(_) | Op::Qr(_) => true,
        Op::Call(call) => call.rule == Derivative::Vjp,
        _ => false,
    }
}

/// Numbers whose sums and products stay far from the ends of the range.
fn tame(x: f64) -> bool {
    x == 0.0 || (1e-6..1e6).contains(&x.abs())
}
