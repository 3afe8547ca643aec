//! A graph with a derivative of its own.

use std::sync::Arc;

use super::{
    batching::End,
    closed::{
        batch_ty, batched, chosen, closed, inputs, outputs, reached, run, takes, tangents, with_batch_at,
    },
    *,
};
use crate::{
    passes::{jvp, pullback},
    types::DType,
};

/// How the derivative of a [`Call`] is found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Derivative {
    /// `derivative(arguments…, tangents of the float ones…) → tangents of the float results`, linear in the tangents, from
    /// which both derivatives follow (JAX's `custom_jvp`).
    Jvp,
    /// `derivative(arguments…, cotangents of the float results…) → cotangents of the float arguments`; reverse only (JAX's
    /// `custom_vjp`).
    Vjp,
    /// Rules of the ops inside; for the reverse one everything inside is computed again rather than kept (JAX's
    /// `checkpoint`).
    Recompute,
}

/// `call(arguments…, captures…)`: the body's results, whose derivatives are found otherwise than by its ops alone.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Call {
    /// How derivatives are found.
    pub rule: Derivative,
    /// The number of arguments that a derivative of one's own is by; the other operands are constants to it.
    pub arguments: usize,
    /// What is computed.
    #[serde(skip)]
    pub body: Arc<Graph>,
    /// The derivative, in the form that the rule says; empty where everything is computed again.
    #[serde(skip)]
    pub derivative: Arc<Graph>,
}

fn floats<'a>(tys: impl Iterator<Item = &'a Ty>) -> Vec<bool> {
    tys.map(|ty| ty.dtype.is_float()).collect()
}

impl Call {
    /// Which operands the derivative is by.
    fn by(&self) -> Vec<bool> {
        let mut by = floats(inputs(&self.body));
        by.iter_mut().skip(self.arguments).for_each(|by| *by = false);
        by
    }

    /// The derivative's types of inputs and outputs, as the rule asks for them.
    fn signature(&self) -> (Vec<Ty>, Vec<Ty>) {
        let arguments: Vec<Ty> = inputs(&self.body).cloned().collect();
        let of_arguments = arguments.iter().zip(self.by()).filter(|(_, by)| *by).map(|(ty, _)| ty.clone());
        let of_results = outputs(&self.body).filter(|ty| ty.dtype.is_float()).cloned();
        match self.rule {
            Derivative::Jvp => {
                (arguments.iter().cloned().chain(of_arguments).collect(), of_results.collect())
            }
            Derivative::Vjp => {
                (arguments.iter().cloned().chain(of_results).collect(), of_arguments.collect())
            }
            Derivative::Recompute => (Vec::new(), Vec::new()),
        }
    }

    fn refuse(&self, g: &Graph, args: &[Val], expected: &str) -> TypeError {
        let operands = args.iter().map(|v| g.ty(*v).clone()).collect();
        TypeError { op: Self::OP, operands, expected: expected.into() }
    }

    /// Cotangents of the operands that the derivative is by, from those of the float results, zeros included.
    fn own_vjp(&self, g: &mut Graph, args: &[Val], cts: &[Val]) -> Result<Vec<Val>, TypeError> {
        if self.rule == Derivative::Vjp {
            return g.inline(&self.derivative, &[args, cts].concat());
        }
        // The transpose of a map linear in the tangents is the same wherever it is taken.
        let along = &self.derivative.inputs()[args.len()..];
        let back = pullback(&self.derivative, along, &vec![true; cts.len()])?;
        let zeros = along
            .iter()
            .map(|v| g.full(self.derivative.ty(*v), 0.0))
            .collect::<Result<Vec<Val>, TypeError>>()?;
        g.inline(&back, &[args, &zeros, cts].concat())
    }

    fn recomputed_vjp(&self, cx: MultiVjp<'_>) -> Result<Cotangents, TypeError> {
        let on: Vec<bool> = floats(inputs(&self.body))
            .iter()
            .zip(cx.wanted)
            .map(|(float, wanted)| *float && *wanted)
            .collect();
        let seeded: Vec<bool> = cx.cts.iter().map(Option::is_some).collect();
        let back = pullback(&self.body, &chosen(self.body.inputs(), &on), &seeded)?;
        // Behind a fence no compiler finds that this has been computed before.
        let fenced = cx.args.iter().map(|v| cx.graph.push(Barrier, &[*v]));
        let mut operands = fenced.collect::<Result<Vec<Val>, TypeError>>()?;
        operands.extend(cx.cts.iter().flatten());
        let mut results = cx.graph.inline(&back, &operands)?.into_iter();
        Ok(on.iter().map(|on| if *on { results.next() } else { None }).collect())
    }
}

impl MultiRules for Call {
    const OP: &'static str = "call";
    const COST: Cost = Cost::Dear;

    fn infer(&self, args: &[Ty]) -> Result<Tys, TypeError> {
        let results: Tys = outputs(&self.body).cloned().collect();
        let (from, to) = self.signature();
        let derivative = takes(&self.derivative, &from) && outputs(&self.derivative).eq(&to);
        if takes(&self.body, args) && self.arguments <= args.len() && !results.is_empty() && derivative {
            return Ok(results);
        }
        let found =
            (inputs(&self.derivative).collect::<Vec<_>>(), outputs(&self.derivative).collect::<Vec<_>>());
        Err(TypeError {
            op: Self::OP,
            operands: args.to_vec(),
            expected: format!(
                "a body that takes the operands and a derivative from {from:?} to {to:?}, found one from {:?} to {:?}",
                found.0, found.1
            ),
        })
    }

    fn regions(&self) -> Vec<Arc<Graph>> {
        vec![self.body.clone(), self.derivative.clone()]
    }

    fn with_regions(&self, regions: Vec<Arc<Graph>>) -> Call {
        let mut regions = regions.into_iter();
        let mut next = || regions.next().unwrap_or_default();
        Call { body: next(), derivative: next(), ..self.clone() }
    }

    fn eval(&self, args: &[&Array], _tys: &[Ty]) -> Vec<Array> {
        run(&self.body, &args.iter().map(|x| (*x).clone()).collect::<Vec<_>>())
    }

    fn saving(&self) -> Option<Op> {
        None
    }

    fn vjp(&self, cx: MultiVjp<'_>) -> Result<Cotangents, TypeError> {
        if self.rule == Derivative::Recompute {
            return self.recomputed_vjp(cx);
        }
        let captured = cx.wanted.iter().zip(inputs(&self.body)).skip(self.arguments);
        if captured.into_iter().any(|(wanted, ty)| *wanted && ty.dtype.is_float()) {
            return Err(self.refuse(cx.graph, cx.args, CAPTURED));
        }
        let on = floats(outputs(&self.body));
        let cts = tangents(cx.graph, cx.outs, cx.cts, &on)?;
        let mut results = self.own_vjp(cx.graph, cx.args, &cts)?.into_iter();
        Ok(self.by().iter().map(|on| if *on { results.next() } else { None }).collect())
    }

    fn jvp(&self, cx: MultiJvp<'_>) -> Result<(Operands, Tangents), TypeError> {
        let results = cx.graph.push_all(self.clone(), cx.args)?;
        let on = match self.rule {
            Derivative::Vjp => return Err(self.refuse(cx.graph, cx.args, REVERSE_ONLY)),
            Derivative::Jvp if cx.tangents[self.arguments..].iter().any(Option::is_some) => {
                return Err(self.refuse(cx.graph, cx.args, CAPTURED));
            }
            Derivative::Jvp => self.by(),
            Derivative::Recompute => cx.tangents.iter().map(Option::is_some).collect(),
        };
        let along = tangents(cx.graph, cx.args, cx.tangents, &on)?;
        let operands = [cx.args, &along].concat();
        let (moves, moved) = match self.rule {
            Derivative::Recompute => {
                let moves = reached(&self.body, &on);
                let mut both = jvp(&self.body, &chosen(self.body.inputs(), &on))?;
                both.set_outputs(chosen(&both.outputs()[results.len()..], &moves));
                let (arguments, body) = (operands.len(), Arc::new(both));
                let moved = if body.outputs().is_empty() {
                    Operands::new()
                } else {
                    cx.graph.push_all(Call { arguments, body, ..self.clone() }, &operands)?
                };
                (moves, moved)
            }
            _ => (floats(outputs(&self.body)), cx.graph.inline(&self.derivative, &operands)?.into()),
        };
        let mut moved = moved.into_iter();
        Ok((results, moves.iter().map(|on| if *on { moved.next() } else { None }).collect()))
    }

    fn batch(&self, cx: Batch<'_>) -> Result<Batched, TypeError> {
        let (end, size) = (End::Front, cx.size);
        let all = |region: &Arc<Graph>| -> Result<Arc<Graph>, TypeError> {
            let (over, held) = batched(region, &vec![true; region.inputs().len()], end, size)?;
            closed(inputs(region).map(|ty| batch_ty(ty, end, size)), |g, x| {
                let results = g.inline(&over, x)?;
                results
                    .into_iter()
                    .zip(&held)
                    .map(|(v, axis)| with_batch_at(g, v, *axis, end, size))
                    .collect()
            })
        };
        let op = Call { body: all(&self.body)?, derivative: all(&self.derivative)?, ..self.clone() };
        let operands =
            cx.args.iter().zip(cx.axes).map(|(x, axis)| with_batch_at(cx.graph, *x, *axis, end, size));
        let operands = operands.collect::<Result<Vec<Val>, TypeError>>()?;
        Ok(cx.graph.push_all(op, &operands)?.into_iter().map(|v| (v, Some(0))).collect())
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::ExpandOp(|op, g, args| match op {
            Op::Call(call) => Ok(g.inline(&call.body, args)?.into()),
            _ => Err(TypeError { op: Self::OP, operands: Vec::new(), expected: "a call".into() }),
        })
    }

    fn samples() -> Vec<Sample> {
        samples().unwrap_or_default()
    }
}

const CAPTURED: &str = "derivatives by its arguments alone: a value that the function takes from outside depends on what \
                        the derivative is by; make it an argument";

const REVERSE_ONLY: &str = "reverse derivatives alone (`grad`, `vjp`, `jacrev`), since it has a reverse rule of its own: \
                            give it a forward one, from which both follow";

/// `sin(x) y` with each kind of derivative, beside an integer that has none.
fn samples() -> Result<Vec<Sample>, TypeError> {
    let (x, int) = (Ty::new(DType::F64, [2]), Ty::scalar(DType::I64));
    let arguments = || [x.clone(), x.clone(), int.clone()];
    let body = closed(arguments(), |g, v| {
        let sine = g.push(Sin, &[v[0]])?;
        Ok(vec![g.mul(sine, v[1])?, g.add(v[2], v[2])?])
    })?;
    let slopes = |g: &mut Graph, v: &[Val]| -> Result<[Val; 2], TypeError> {
        let cosine = g.push(Cos, &[v[0]])?;
        Ok([g.mul(cosine, v[1])?, g.push(Sin, &[v[0]])?])
    };
    let forward = closed(arguments().into_iter().chain([x.clone(), x.clone()]), |g, v| {
        let [by_x, by_y] = slopes(g, v)?;
        let (a, b) = (g.mul(by_x, v[3])?, g.mul(by_y, v[4])?);
        Ok(vec![g.add(a, b)?])
    })?;
    let back = closed(arguments().into_iter().chain([x.clone()]), |g, v| {
        let [by_x, by_y] = slopes(g, v)?;
        Ok(vec![g.mul(by_x, v[3])?, g.mul(by_y, v[3])?])
    })?;
    let call = |rule, derivative: &Arc<Graph>| Call {
        rule,
        arguments: 3,
        body: body.clone(),
        derivative: derivative.clone(),
    };
    let args = || [Array::from([0.4, -1.3]), Array::from([2.0, 0.7]), Array::scalar(3i64)];
    Ok(vec![
        Sample::smooth(call(Derivative::Jvp, &forward), args()),
        Sample::smooth(call(Derivative::Recompute, &Arc::default()), args()),
        // Its forward rule is an error: `frontend`'s tests hold its reverse one to differences.
        Sample::values(call(Derivative::Vjp, &back), args()),
    ])
}
