//! Loops whose end is found while they run.

use std::sync::Arc;

use super::{
    batching::End,
    closed::{
        batch_ty, batched, chosen, closed, common_end, inputs, outputs, run, spread, takes, tangents,
        with_batch_at,
    },
    *,
};
use crate::{
    passes::jvp,
    types::{DType, Dims},
};

/// `while_loop(consts…, carries…)`: while `cond(consts, carries)` holds, the carries become `body(consts, carries)`; the last
/// carries are the results. As many operands are carries as the body has outputs.
///
/// Forward derivatives only: the reverse would need the values of each iteration, whose number is not known.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct While {
    /// Takes all operands, returns one truth value.
    #[serde(skip)]
    pub cond: Arc<Graph>,
    /// Takes all operands, returns the carries.
    #[serde(skip)]
    pub body: Arc<Graph>,
}

impl While {
    /// The number of operands that do not change.
    fn consts(&self) -> usize {
        self.body.inputs().len() - self.body.outputs().len()
    }

    /// Which operands hold a batch in some iteration; and whether the condition does.
    fn spread_batch(&self, axes: &[Option<usize>], cx: (End, usize)) -> Result<(Vec<bool>, bool), TypeError> {
        let (end, size) = cx;
        let mut on: Vec<bool> = axes.iter().map(Option::is_some).collect();
        loop {
            let before = on.clone();
            let (_, held) = batched(&self.body, &on, end, size)?;
            let (_, ends) = batched(&self.cond, &on, end, size)?;
            let each = ends[0].is_some();
            for (i, held) in held.iter().enumerate() {
                // Members that end at different times need a value of each carry each.
                on[self.consts() + i] |= each || held.is_some();
            }
            if on == before {
                return Ok((on, each));
            }
        }
    }
}

impl MultiRules for While {
    const OP: &'static str = "while_loop";
    const COST: Cost = Cost::Dear;

    fn infer(&self, args: &[Ty]) -> Result<Tys, TypeError> {
        let results: Tys = outputs(&self.body).cloned().collect();
        let condition = outputs(&self.cond).eq([&Ty::scalar(DType::Bool)]);
        let loops = !results.is_empty() && args.ends_with(&results);
        if condition && loops && takes(&self.cond, args) && takes(&self.body, args) {
            return Ok(results);
        }
        Err(TypeError {
            op: Self::OP,
            operands: args.to_vec(),
            expected: format!(
                "a condition that takes the operands and returns bool[], and a body that takes them and returns the \
                 last ones; found a condition from {:?} to {:?} and a body from {:?} to {results:?}",
                inputs(&self.cond).collect::<Vec<_>>(),
                outputs(&self.cond).collect::<Vec<_>>(),
                inputs(&self.body).collect::<Vec<_>>(),
            ),
        })
    }

    fn regions(&self) -> Vec<Arc<Graph>> {
        vec![self.cond.clone(), self.body.clone()]
    }

    fn with_regions(&self, regions: Vec<Arc<Graph>>) -> While {
        let mut regions = regions.into_iter();
        let mut next = || regions.next().unwrap_or_default();
        While { cond: next(), body: next() }
    }

    fn eval(&self, args: &[&Array], _tys: &[Ty]) -> Vec<Array> {
        let mut all: Vec<Array> = args.iter().map(|x| (*x).clone()).collect();
        let consts = self.consts();
        while run(&self.cond, &all).iter().all(|go| go.to_i128_vec() == [1]) {
            let next = run(&self.body, &all);
            all.splice(consts.., next);
        }
        all.split_off(consts)
    }

    fn saving(&self) -> Option<Op> {
        None
    }

    fn vjp(&self, cx: MultiVjp<'_>) -> Result<Cotangents, TypeError> {
        let operands = cx.args.iter().map(|v| cx.graph.ty(*v).clone()).collect();
        let expected = "no reverse derivative through it, for the number of its iterations is not known: use `scan` or \
                        a `fori_loop` with fixed bounds, forward mode (`jvp`, `jacfwd`), or `stop_gradient`";
        Err(TypeError { op: Self::OP, operands, expected: expected.into() })
    }

    fn jvp(&self, cx: MultiJvp<'_>) -> Result<(Operands, Tangents), TypeError> {
        let (consts, carries) = (self.consts(), self.body.outputs().len());
        let mut on: Vec<bool> = cx.tangents.iter().map(Option::is_some).collect();
        spread(&self.body, &mut on, consts, carries);
        let along = tangents(cx.graph, cx.args, cx.tangents, &on)?;
        let split = on[..consts].iter().filter(|on| **on).count();
        let operands: Vec<Val> =
            [&cx.args[..consts], &along[..split], &cx.args[consts..], &along[split..]].concat();
        let tys: Vec<Ty> = operands.iter().map(|v| cx.graph.ty(*v).clone()).collect();
        // From operands in the new order to values, then tangents.
        let apart = |x: &[Val]| {
            let (c, rest) = x.split_at(consts);
            let (ct, rest) = rest.split_at(split);
            let (y, yt) = rest.split_at(carries);
            ([c, y].concat(), [ct, yt].concat())
        };
        let derivative = jvp(&self.body, &chosen(self.body.inputs(), &on))?;
        let body = closed(tys.iter().cloned(), |g, x| {
            let (values, moved) = apart(x);
            let results = g.inline(&derivative, &[values, moved].concat())?;
            let (values, moved) = results.split_at(carries);
            Ok([values, &chosen(moved, &on[consts..])].concat())
        })?;
        let cond = closed(tys.iter().cloned(), |g, x| g.inline(&self.cond, &apart(x).0))?;
        let results = cx.graph.push_all(While { cond, body }, &operands)?;
        let (values, moved) = results.split_at(carries);
        let mut moved = moved.iter().copied();
        let along = on[consts..].iter().map(|on| if *on { moved.next() } else { None }).collect();
        Ok((Operands::from_slice(values), along))
    }

    fn batch(&self, cx: Batch<'_>) -> Result<Batched, TypeError> {
        let (end, size, consts) = (common_end(&cx), cx.size, self.consts());
        let (on, each) = self.spread_batch(cx.axes, (end, size))?;
        let (body, held) = batched(&self.body, &on, end, size)?;
        let (cond, _) = batched(&self.cond, &on, end, size)?;
        let held_at = |i: usize, ty: &Ty| if on[i] { batch_ty(ty, end, size) } else { ty.clone() };
        let tys: Vec<Ty> = inputs(&self.body).enumerate().map(|(i, ty)| held_at(i, ty)).collect();
        let step = closed(tys.iter().cloned(), |g, x| {
            let mut next = g.inline(&body, x)?;
            for (i, next) in next.iter_mut().enumerate() {
                if on[consts + i] {
                    *next = with_batch_at(g, *next, held[i], end, size)?;
                }
            }
            if each {
                // A member that is done keeps its values while others go on.
                let go = g.inline(&cond, x)?[0];
                for (next, before) in next.iter_mut().zip(&x[consts..]) {
                    let dims = g.ty(*before).dims.clone();
                    let map = Dims::from_slice(&[end.axis(dims.len() - 1)]);
                    let go = g.push(Broadcast { dims, map }, &[go])?;
                    *next = g.select(go, *next, *before)?;
                }
            }
            Ok(next)
        })?;
        let cond = closed(tys.iter().cloned(), |g, x| {
            let go = g.inline(&cond, x)?[0];
            if !each {
                return Ok(vec![go]);
            }
            let done = g.not(go)?;
            let done = g.push(ReduceAnd { axes: Dims::from_slice(&[0]) }, &[done])?;
            Ok(vec![g.not(done)?])
        })?;
        let operands = (0..cx.args.len())
            .map(|i| {
                if on[i] {
                    with_batch_at(cx.graph, cx.args[i], cx.axes[i], end, size)
                } else {
                    Ok(cx.args[i])
                }
            })
            .collect::<Result<Vec<Val>, TypeError>>()?;
        let results = cx.graph.push_all(While { cond, body: step }, &operands)?;
        let axis = |(i, v): (usize, Val)| (v, on[consts + i].then(|| end.axis(cx.graph.ty(v).rank() - 1)));
        Ok(results.into_iter().enumerate().map(axis).collect())
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::with("while", HloAttr::Loop { cond: self.cond.clone(), body: self.body.clone() })
    }

    fn samples() -> Vec<Sample> {
        // The power xⁿ and the number of factors, for a limit on the result: n depends on the values.
        let power = || -> Result<While, TypeError> {
            let tys = [Ty::scalar(DType::F64), Ty::scalar(DType::F64), Ty::scalar(DType::I64)];
            let cond = closed(tys.clone(), |g, x| {
                let limit = g.full(&Ty::scalar(DType::F64), 100.0)?;
                Ok(vec![g.lt(x[1], limit)?])
            })?;
            let body = closed(tys, |g, x| {
                let one = g.full(&Ty::scalar(DType::I64), 1.0)?;
                Ok(vec![g.mul(x[1], x[0])?, g.add(x[2], one)?])
            })?;
            Ok(While { cond, body })
        };
        let args = [Array::scalar(1.7), Array::scalar(2.0), Array::scalar(0i64)];
        power().map(|op| Sample::values(op, args)).into_iter().collect()
    }
}
