//! Tracing back: which node of a recorded program each node of the resolved graph comes from.

use super::{PassError, Query, Settings, at};
use crate::graph::{Graph, Kind, Loc, Val};

/// A program's graph after the passes, before special functions are expanded, that knows where each node comes from.
#[derive(Clone, Debug)]
pub struct TracedBack {
    /// The pure graph. The locations of its nodes say nothing of the user's source: see [`TracedBack::origin`].
    pub graph: Graph,
}

/// The file of locations that stand for nodes: no path begins so.
const NODE: &str = "\0";

/// Runs the passes up to `legalize` on a recorded program.
///
/// Every pass keeps the locations of what it rewrites. So the program goes through them with the numbers of its nodes
/// in place of the user's lines, which several sites can share.
///
/// # Errors
/// The first pass's error.
pub fn trace_back(program: &Graph, query: Query) -> Result<TracedBack, PassError> {
    let mut graph = Graph::with_regions_of(program, program.phase());
    for v in program.vals() {
        let node = program.node(v);
        let line = v.index() as u32;
        graph.set_loc(Some(Loc { file: NODE.into(), line, column: 0 }));
        match &node.kind {
            Kind::Input(input) => graph.input(input.name.clone(), input.role, node.ty.clone()),
            Kind::Pure(op) => {
                graph.push(op.clone(), &program.operands(v)).map_err(at("trace_back", node, None))?
            }
            Kind::Part(i) => {
                let of = program.operands(v)[0];
                graph.part(of, *i as usize).map_err(at("trace_back", node, None))?
            }
            Kind::Site(site) => graph.push_site_like((**site).clone(), node, &program.operands(v)),
        };
    }
    graph.set_loc(None);
    graph.set_outputs(program.outputs().iter().copied());
    for pass in Settings::default().passes(query).take_while(|p| p.name() != "legalize") {
        graph = pass.run(&graph, query).map_err(|error| placed(error, program))?;
    }
    Ok(TracedBack { graph })
}

/// The node of the program that a location stands for.
fn node(loc: &Loc) -> Option<Val> {
    (loc.file == NODE).then(|| Val::from_index(loc.line as usize))
}

/// The error with the user's line.
fn placed(mut error: PassError, program: &Graph) -> PassError {
    if let PassError::Type { loc, .. } | PassError::Site { loc, .. } = &mut error {
        *loc = loc.as_ref().and_then(node).and_then(|v| program.node(v).loc.clone());
    }
    error
}

impl TracedBack {
    /// The node of the program that `v` comes from: a site, where a site's distribution asked for it.
    pub fn origin(&self, v: Val) -> Option<Val> {
        self.graph.node(v).loc.as_ref().and_then(node)
    }
}
