//! Passes: graph in, graph out. [`PIPELINE`] is the road from a recorded model to pure tensor arithmetic.

mod batch;
mod bijections;
mod blocked;
mod checks;
mod control_flow;
mod dependencies;
mod estimate;
mod give;
mod initial;
mod intervene;
mod jvp;
mod known;
mod lints;
mod manager;
mod many;
mod missing_plates;
mod observed;
mod out_of_loops;
mod pins;
mod provenance;
mod query;
mod relations;
mod row_loops;
mod segment_layout;
mod segment_terms;
mod states;
mod trace_back;
mod traced;
mod weigh;

pub use batch::batch;
pub use bijections::{Bijection, Excerpt, bijections};
pub use blocked::blocked;
pub use checks::{Check, Checks, checks};
pub use dependencies::{Dependencies, DependencyMap, dependencies};
pub use estimate::{PLATE_KEY, key_plates, stop_draws};
pub use give::{give, uncondition};
pub use hoist_data::{Split, split};
pub use initial::{Initial, initial};
pub use intervene::intervene;
pub use jvp::jvp;
pub use known::SiteValues;
pub use lints::{Lint, LintKind, lints};
pub use manager::{Need, OneKernel, Outcome, SettingError, Settings, Step};
pub use many::{Many, many};
pub use missing_plates::{MissingPlate, missing_plates};
pub use observed::observed;
pub use pins::{Pins, pins};
pub use query::{Coordinates, Query, QueryOutput, layout, outputs, outputs_of};
pub use relations::{Relations, relations};
pub use stable_rewrites::{REWRITES, Rewrite};
pub use states::states;
pub use trace_back::{TracedBack, trace_back};
pub use traced::{Part, Traced, give_params, replay, traced};
pub use vjp::{influences, pullback, value_and_grad};
pub use weigh::{Weight, weigh};

use crate::{
    error::TypeError,
    graph::{Graph, Loc, Node, Operands, Val},
    ops::Op,
    verify::VerifyErrors,
};

/// A transformation of a whole graph. It reads one graph and builds another.
pub trait Pass: Sync {
    /// The name in dumps, filetests and messages.
    fn name(&self) -> &'static str;

    /// Whether the pass has something to do for this query.
    fn applies(&self, query: Query) -> bool;

    /// Whether it can be left out.
    fn need(&self) -> Need;

    /// Whether there is something to change: if not, the manager spares itself a copy of the graph.
    fn finds(&self, _graph: &Graph) -> bool {
        true
    }

    /// The new graph.
    ///
    /// # Errors
    /// When the graph cannot answer the query; the error names the site and the user's line.
    fn run(&self, graph: &Graph, query: Query) -> Result<Graph, PassError>;
}

macro_rules! passes { ($($module:ident :: $Pass:ident),* $(,)?) => {
    $(mod $module; pub use $module::$Pass;)*

    /// Every pass between recording and lowering, in order.
    pub const PIPELINE: &[&dyn Pass] = &[$(&$Pass),*];
} }

passes! {
    resolve_plates::ResolvePlates,
    resolve_masks::ResolveMasks,
    resolve_sites::ResolveSites,
    drop_constants::DropConstants,
    stable_rewrites::StableRewrites,
    inverse_gradients::InverseGradients,
    vjp::Vjp,
    fold::Fold,
    few_buckets::FewBuckets,
    segment_rows::SegmentRows,
    row_blocks::RowBlocks,
    column_major::ColumnMajor,
    hoist_data::HoistData,
    fuse_logp::FuseLogp,
    shared_logs::SharedLogs,
    legalize::Legalize,
    shared_exps::SharedExps,
    dce::Dce,
}

/// A pass could not do its work.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PassError {
    /// A rule built an ill-typed node.
    #[error("{}{pass}: {source}", place(loc, site))]
    Type {
        /// The pass.
        pass: &'static str,
        /// The site being worked on.
        site: Option<String>,
        /// The user's line.
        loc: Option<Loc>,
        /// What did not fit.
        source: Box<TypeError>,
    },
    /// A site cannot take part in the query.
    #[error("{}{found}; help: {help}", place(loc, &Some(site.clone())))]
    Site {
        /// The site.
        site: String,
        /// The user's line.
        loc: Option<Loc>,
        /// What is wrong.
        found: String,
        /// What to do about it.
        help: String,
    },
    /// The result of a pass breaks an invariant: a defect of the pass.
    #[error("after {pass}: {errors}")]
    Invalid {
        /// The pass.
        pass: &'static str,
        /// The broken invariants.
        errors: VerifyErrors,
    },
}

impl From<PassError> for TypeError {
    /// For rules of ops that work on the graphs inside them: what did not fit, without where.
    fn from(error: PassError) -> TypeError {
        match error {
            PassError::Type { source, .. } => *source,
            other => TypeError { op: "region", operands: Vec::new(), expected: other.to_string() },
        }
    }
}

fn place(loc: &Option<Loc>, site: &Option<String>) -> String {
    let at = loc.as_ref().map(|l| format!("{l}: ")).unwrap_or_default();
    match site {
        Some(site) => format!("{at}site `{site}`: "),
        None => at,
    }
}

/// Runs every pass that applies, under default [`Settings`]; `observe` sees each pass's name and result.
///
/// # Errors
/// The first pass's error.
pub fn run(graph: &Graph, query: Query, observe: &mut dyn FnMut(&str, &Graph)) -> Result<Graph, PassError> {
    Settings::default().run(graph, query, &mut |step| observe(step.pass, step.graph))
}

/// Rebuilds `from` into `to`: `f` makes the new value of each node from its mapped operands. Outputs are mapped too.
fn rebuild(
    from: &Graph,
    to: &mut Graph,
    mut f: impl FnMut(&mut Graph, Val, &Node, &[Val]) -> Result<Val, PassError>,
) -> Result<Vec<Val>, PassError> {
    let mut map: Vec<Val> = Vec::with_capacity(from.len());
    for v in from.vals() {
        let node = from.node(v);
        let operands: Operands = from.operands(v).iter().map(|o| map[o.index()]).collect();
        to.set_loc(node.loc.clone());
        let new = f(to, v, node, &operands)?;
        map.push(new);
    }
    to.set_loc(None);
    to.set_outputs(from.outputs().iter().map(|v| map[v.index()]));
    Ok(map)
}

/// Rebuilds a graph, and through `run` the closed graphs inside its ops: `f` makes the new value of a node from those of
/// its operands and those of all before it, or nothing where the node stays as it is.
fn rewrite(
    graph: &Graph,
    pass: &'static str,
    run: fn(&Graph) -> Result<Graph, PassError>,
    mut f: impl FnMut(&mut Graph, Val, &[Val], &[Val]) -> Result<Option<Val>, TypeError>,
) -> Result<Graph, PassError> {
    let mut out = Graph::with_regions_of(graph, graph.phase());
    let mut map: Vec<Val> = Vec::with_capacity(graph.len());
    rebuild(graph, &mut out, |out, v, node, operands| {
        let made = f(out, v, operands, &map).map_err(at(pass, node, None))?;
        let new = made.map_or_else(|| copy_through(out, graph, v, operands, pass, run), Ok)?;
        map.push(new);
        Ok(new)
    })?;
    Ok(out)
}

/// Copies a node over new operands, the closed graphs inside its op through `run`.
fn copy_through(
    out: &mut Graph,
    graph: &Graph,
    v: Val,
    operands: &[Val],
    pass: &'static str,
    run: fn(&Graph) -> Result<Graph, PassError>,
) -> Result<Val, PassError> {
    let site = graph.site(v).map(|site| site.name.as_str());
    out.copy_node_through(graph, v, operands, run, at(pass, graph.node(v), site))
}

/// Whether `finds` holds of a node of the graph, or of one of the closed graphs inside its ops.
fn any_node(graph: &Graph, finds: &dyn Fn(&Graph, Val) -> bool) -> bool {
    any_graph(graph, &|graph| graph.vals().any(|v| finds(graph, v)))
}

/// Whether `finds` holds of the graph, or of one of the closed graphs inside its ops.
fn any_graph(graph: &Graph, finds: &dyn Fn(&Graph) -> bool) -> bool {
    let inside = |op: &Op| op.regions().iter().any(|region| any_graph(region, finds));
    finds(graph) || graph.vals().any(|v| graph.op(v).is_some_and(inside))
}

/// Turns a type error into a pass's, at a node.
fn at<'a>(pass: &'static str, node: &'a Node, site: Option<&'a str>) -> impl Fn(TypeError) -> PassError + 'a {
    move |source| PassError::Type {
        pass,
        site: site.map(str::to_string),
        loc: node.loc.clone(),
        source: Box::new(source),
    }
}
