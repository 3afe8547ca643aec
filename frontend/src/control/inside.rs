//! Functions given to control flow that call primitives: recorded under what the handlers around give the sites inside.

use std::{cell::RefCell, rc::Rc};

use pyroxene_ir::{Graph, Loc, Phase, Role, SampleSite, SiteKind, Ty, TypeError, Val};

use crate::{
    closure::{Closed, Tensors, leaves, tensors, with_leaves},
    handlers::{Given, GivenKind, Handler, Message, SiteType},
    primitives::draw_hidden,
    tensor::Tensor,
    trace::{self, Body, Captures, ErrorKind, TraceError, report},
};

/// A primitive inside, when it had its value.
#[derive(Clone)]
pub(super) struct Declared {
    pub(super) message: Message,
    /// The names of the distribution's parameters.
    pub(super) names: Vec<&'static str>,
}

/// A recorded function and its primitives that are to be seen from outside, in program order.
pub(super) struct Recorded {
    pub(super) body: Body,
    pub(super) declared: Vec<Declared>,
}

/// What surrounds the function.
pub(super) struct Around<'a> {
    pub(super) name: &'static str,
    pub(super) loc: &'a Loc,
    /// What handlers give the sites inside, innermost first.
    pub(super) given: &'a [Given],
    /// Of a loop: the number of iterations, and the numbers 0, 1, … of theirs.
    pub(super) steps: Option<(usize, Tensor)>,
}

impl Around<'_> {
    /// Records `f` on symbols of the types `tys`, one for each leaf of `args`; `None` if that failed, which is reported.
    pub(super) fn record<I: Tensors, O: Tensors>(
        &self,
        args: &I,
        tys: &[Ty],
        captures: &mut Captures,
        f: impl FnOnce(&I) -> O,
    ) -> Option<(Closed<O>, Recorded)> {
        let declared = Rc::new(Collector::default());
        let values = Values { given: self.given.to_vec(), steps: self.steps, name: self.name };
        let handlers: Vec<Rc<dyn Handler>> = vec![declared.clone(), Rc::new(values), Rc::new(Reserve)];
        let paths: Vec<String> = leaves(args).into_iter().map(|(path, _)| path).collect();
        let inputs: Vec<(&str, Ty)> = paths.iter().map(String::as_str).zip(tys.iter().cloned()).collect();
        let mut shape = None;
        let body = trace::body(self.name, self.loc, &inputs, captures, handlers, |symbols| {
            let result = f(&with_leaves(args, symbols));
            let outputs = tensors(&result);
            shape = Some(result);
            outputs
        })?;
        // The trees of carries and slices are made from the graph's outputs.
        let closed = Closed { graph: body.graph.clone(), shape: shape? };
        Some((closed, Recorded { body, declared: declared.0.take() }))
    }
}

impl Recorded {
    /// Whether the function calls no primitive.
    pub(super) fn is_pure(&self) -> bool {
        self.body.graph.sites().next().is_none()
    }

    /// The node of a declared site, with its payload where it is a sample site.
    pub(super) fn site(&self, declared: &Declared) -> Option<(Val, Option<&SampleSite>)> {
        let v = declared.message.value?.val();
        match &self.body.graph.site(v)?.kind {
            SiteKind::Sample(sample) => Some((v, Some(sample))),
            _ => Some((v, None)),
        }
    }

    /// What a declared site reads that is seen from outside: its value, mask, scale and captures.
    pub(super) fn reads(&self, declared: &Declared) -> Option<Vec<Val>> {
        let (v, sample) = self.site(declared)?;
        let Some(sample) = sample else { return Some(vec![v]) };
        let (slots, operands) = (sample.slots(), self.body.graph.operands(v));
        let read = [slots.mask, slots.scale].into_iter().flatten().chain(slots.captures..operands.len());
        Some(std::iter::once(v).chain(read.map(|slot| operands[slot])).collect())
    }

    /// The function's graph with inputs of these types, each an input of the recorded one or one that it does not read,
    /// and with these outputs.
    pub(super) fn rewired(&self, inputs: &[(Ty, Option<Val>)], outputs: &[Val]) -> Result<Graph, TypeError> {
        let graph = &self.body.graph;
        let mut out = Graph::with_regions_of(graph, Phase::Model);
        let mut map = vec![Val::from_index(0); graph.len()];
        for (ty, of) in inputs {
            let v = out.input("x", Role::Argument, ty.clone());
            if let Some(of) = of {
                map[of.index()] = v;
            }
        }
        for v in graph.vals().filter(|v| graph.input_of(*v).is_none()) {
            let operands: Vec<Val> = graph.operands(v).iter().map(|o| map[o.index()]).collect();
            map[v.index()] = out.copy_node(graph, v, &operands)?;
        }
        out.set_outputs(outputs.iter().map(|v| map[v.index()]));
        Ok(out)
    }
}

/// Collects the primitives as they look from outside the function.
#[derive(Default)]
struct Collector(RefCell<Vec<Declared>>);

impl Handler for Collector {
    fn process(&self, _message: &mut Message) {}

    fn postprocess(&self, message: &mut Message) {
        let seen = message.kind.is_sample() || message.kind == SiteType::Deterministic;
        if seen && !message.hidden {
            let params = message.distribution.as_ref().map(|d| d.params()).unwrap_or_default();
            let names = params.iter().map(|p| p.name).collect();
            self.0.borrow_mut().push(Declared { message: message.clone(), names });
        }
    }
}

/// Reserves a split of the control flow's key for each site that has no value by now, as `seed` does.
struct Reserve;

impl Handler for Reserve {
    fn process(&self, message: &mut Message) {
        message.reserved |= message.wants_key();
    }

    fn seeds(&self) -> bool {
        true
    }
}

/// Gives the sites inside what handlers around give (NumPyro's `substitute_stack`): in a loop the slice of each iteration.
struct Values {
    given: Vec<Given>,
    steps: Option<(usize, Tensor)>,
    name: &'static str,
}

impl Handler for Values {
    fn process(&self, message: &mut Message) {
        match message.kind {
            SiteType::ControlFlow => {
                let step = if self.given.is_empty() { None } else { self.step() };
                let further = self.given.iter().map(|given| {
                    let values = given.values.clone();
                    let at_step = move |m: &Message| {
                        let value = values(m)?;
                        Some(step.map_or(value, |i| value.take_axis(i, 0)))
                    };
                    Given { kind: given.kind, values: Rc::new(at_step) }
                });
                message.given.extend(further);
            }
            // What stands for a site further inside has been given its value there.
            _ if message.within.is_some() => {}
            kind if kind.is_sample() => self.given.iter().for_each(|given| self.give(given, message)),
            SiteType::Deterministic if self.steps.is_none() => {
                let substituted = self.given.iter().filter(|g| g.kind == GivenKind::Substitute);
                message.value = substituted.filter_map(|g| (g.values)(message)).next_back().or(message.value);
            }
            _ => {}
        }
    }
}

impl Values {
    /// The number of the iteration.
    fn step(&self) -> Option<Tensor> {
        trace::slice_of(self.steps?.1)
    }

    fn give(&self, given: &Given, message: &mut Message) {
        if given.kind == GivenKind::Replay && message.is_observed {
            return;
        }
        let Some(value) = (given.values)(message) else { return };
        if self.put(value, message).is_some() {
            message.is_observed |= given.kind == GivenKind::Condition;
        }
    }

    /// Puts the value of this iteration; `None` after a reported error.
    fn put(&self, value: Tensor, message: &mut Message) -> Option<()> {
        let Some((length, _)) = self.steps else {
            message.value = Some(value);
            return Some(());
        };
        let d = message.distribution.clone()?;
        let plates = message.frames.iter().map(|f| f.dim.unsigned_abs()).max().unwrap_or(0);
        let batch = message.sample_shape.len() + d.batch_shape()?.len();
        let rank = batch.max(plates) + d.event_shape().len();
        let dims = value.dims();
        let n = dims.first().copied().unwrap_or(0);
        if value.is_poison() || dims.len() == rank {
            message.value = Some(value);
        } else if dims.len() != rank + 1 || n > length {
            let found =
                format!("{}: the value given from outside has shape {:?}", self.name, dims.as_slice());
            let help = format!(
                "give a value for each of the {length} iterations along the first dimension, or for the first of them, \
                 each of {rank} dimensions"
            );
            let (loc, site) = (message.loc.clone(), Some(message.name.clone()));
            report(TraceError { loc, site, during: None, kind: ErrorKind::Usage { found, help } });
            return None;
        } else if n == length {
            message.value = trace::slice_of(value).or_else(|| Some(value.take_axis(self.step()?, 0)));
        } else if n > 0 {
            // The first iterations are given, the others draw.
            let i = self.step()?;
            let drawn = draw_hidden(message)?;
            let known = value.take_axis(i.minimum(n as i64 - 1), 0);
            message.value = Some(i.less(n as i64).select(known, drawn));
        }
        Some(())
    }
}
