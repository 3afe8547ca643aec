//! A choice between graphs.

use std::sync::Arc;

use super::{
    batching::End,
    closed::{
        batch_ty, batched, chosen, closed, common_end, inputs, outputs, reached, run, takes, tangents,
        with_batch_at,
    },
    *,
};
use crate::{
    passes::{jvp, pullback},
    types::{DType, Dims},
};

/// `switch(index, operands…)`: branch number `index` of the operands (JAX's `switch`; of two branches its `cond`). An index
/// outside takes the last branch, as in XLA.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Switch {
    /// At least one; each takes all operands but the index, and all return the same types.
    #[serde(skip)]
    pub branches: Vec<Arc<Graph>>,
}

impl Switch {
    fn tys(&self) -> Vec<Ty> {
        self.branches.first().map(|b| inputs(b).cloned().collect()).unwrap_or_default()
    }

    /// The same choice between other graphs, made of these.
    fn with(&self, f: impl FnMut(&Arc<Graph>) -> Result<Arc<Graph>, TypeError>) -> Result<Switch, TypeError> {
        Ok(Switch { branches: self.branches.iter().map(f).collect::<Result<_, _>>()? })
    }

    /// All branches on a batch whose members choose for themselves.
    fn batch_of_choices(&self, cx: Batch<'_>, on: &[bool], end: End) -> Result<Batched, TypeError> {
        let size = cx.size;
        let operands = aligned(cx.graph, (&cx.args[1..], &cx.axes[1..]), end, size)?;
        let axis = cx.axes[0];
        let index = with_batch_at(cx.graph, cx.args[0], axis, End::Front, size)?;
        let mut results: Vec<Val> = Vec::new();
        for (i, branch) in self.branches.iter().enumerate().rev() {
            let (branch, held) = batched(branch, on, end, size)?;
            let found = cx.graph.inline(&branch, &operands)?;
            for (k, v) in found.into_iter().enumerate() {
                let v = with_batch_at(cx.graph, v, held[k], end, size)?;
                let Some(before) = results.get(k).copied() else {
                    results.push(v);
                    continue;
                };
                let g = &mut *cx.graph;
                let number = g.full_like(index, i as f64)?;
                let here = g.eq(index, number)?;
                let dims = g.ty(v).dims.clone();
                let map = Dims::from_slice(&[end.axis(dims.len() - 1)]);
                let here = g.push(Broadcast { dims, map }, &[here])?;
                results[k] = g.select(here, v, before)?;
            }
        }
        let axis = |v: Val| (v, Some(end.axis(cx.graph.ty(v).rank() - 1)));
        Ok(results.into_iter().map(axis).collect())
    }
}

/// Operands that hold a batch with it at `end`, the others as they are.
fn aligned(
    g: &mut Graph,
    (args, axes): (&[Val], &[Option<usize>]),
    end: End,
    size: usize,
) -> Result<Vec<Val>, TypeError> {
    let place = |(x, axis): (&Val, &Option<usize>)| match axis {
        Some(_) => with_batch_at(g, *x, *axis, end, size),
        None => Ok(*x),
    };
    args.iter().zip(axes).map(place).collect()
}

impl MultiRules for Switch {
    const OP: &'static str = "switch";
    const COST: Cost = Cost::Dear;

    fn infer(&self, args: &[Ty]) -> Result<Tys, TypeError> {
        let found =
            |b: &Graph| (inputs(b).cloned().collect::<Vec<_>>(), outputs(b).cloned().collect::<Vec<_>>());
        if let ([index, operands @ ..], Some(first)) = (args, self.branches.first()) {
            let results: Tys = outputs(first).cloned().collect();
            let fits = |b: &Arc<Graph>| takes(b, operands) && outputs(b).eq(&results);
            if *index == Ty::scalar(DType::I32) && !results.is_empty() && self.branches.iter().all(fits) {
                return Ok(results);
            }
        }
        Err(TypeError {
            op: Self::OP,
            operands: args.to_vec(),
            expected: format!(
                "an index i32[], and branches that take the other operands and return the same types, at least one; \
                 found branches from and to {:?}",
                self.branches.iter().map(|b| found(b)).collect::<Vec<_>>()
            ),
        })
    }

    fn regions(&self) -> Vec<Arc<Graph>> {
        self.branches.clone()
    }

    fn with_regions(&self, branches: Vec<Arc<Graph>>) -> Switch {
        Switch { branches }
    }

    fn eval(&self, args: &[&Array], _tys: &[Ty]) -> Vec<Array> {
        let index = usize::try_from(args[0].to_i128_vec()[0]).unwrap_or(usize::MAX);
        let operands: Vec<Array> = args[1..].iter().map(|x| (*x).clone()).collect();
        run(&self.branches[index.min(self.branches.len() - 1)], &operands)
    }

    fn saving(&self) -> Option<Op> {
        None
    }

    fn vjp(&self, cx: MultiVjp<'_>) -> Result<Cotangents, TypeError> {
        let tys = self.tys();
        let on: Vec<bool> =
            tys.iter().zip(&cx.wanted[1..]).map(|(ty, on)| *on && ty.dtype.is_float()).collect();
        let seeded: Vec<bool> = cx.cts.iter().map(Option::is_some).collect();
        let cts: Vec<Val> = cx.cts.iter().flatten().copied().collect();
        if !on.contains(&true) {
            return Ok(cx.args.iter().map(|_| None).collect());
        }
        let all = tys.iter().cloned().chain(cts.iter().map(|v| cx.graph.ty(*v).clone()));
        let all: Vec<Ty> = all.collect();
        let back = self.with(|b| {
            let back = pullback(b, &chosen(b.inputs(), &on), &seeded)?;
            closed(all.iter().cloned(), |g, x| g.inline(&back, x))
        })?;
        let operands = [cx.args, &cts].concat();
        let mut results = cx.graph.push_all(back, &operands)?.into_iter();
        let by = on.iter().map(|on| if *on { results.next() } else { None });
        Ok(std::iter::once(None).chain(by).collect())
    }

    fn jvp(&self, cx: MultiJvp<'_>) -> Result<(Operands, Tangents), TypeError> {
        let on: Vec<bool> = cx.tangents[1..].iter().map(Option::is_some).collect();
        let along = tangents(cx.graph, &cx.args[1..], &cx.tangents[1..], &on)?;
        let mut moves: Vec<bool> = Vec::new();
        for branch in &self.branches {
            let reached = reached(branch, &on);
            moves.resize(reached.len(), false);
            moves.iter_mut().zip(reached).for_each(|(m, r)| *m |= r);
        }
        let operands = [cx.args, &along].concat();
        let all: Vec<Ty> = operands[1..].iter().map(|v| cx.graph.ty(*v).clone()).collect();
        let both = self.with(|b| {
            let derivative = jvp(b, &chosen(b.inputs(), &on))?;
            closed(all.iter().cloned(), |g, x| {
                let results = g.inline(&derivative, x)?;
                let (values, moved) = results.split_at(moves.len());
                Ok([values, &chosen(moved, &moves)].concat())
            })
        })?;
        let results = cx.graph.push_all(both, &operands)?;
        let (values, moved) = results.split_at(moves.len());
        let mut moved = moved.iter().copied();
        let along = moves.iter().map(|on| if *on { moved.next() } else { None }).collect();
        Ok((Operands::from_slice(values), along))
    }

    fn batch(&self, cx: Batch<'_>) -> Result<Batched, TypeError> {
        let (end, size) = (
            common_end(&Batch { graph: cx.graph, args: &cx.args[1..], axes: &cx.axes[1..], size: cx.size }),
            cx.size,
        );
        let on: Vec<bool> = cx.axes[1..].iter().map(Option::is_some).collect();
        if cx.axes[0].is_some() {
            return self.batch_of_choices(cx, &on, end);
        }
        let branches: Vec<(Graph, Vec<Option<usize>>)> =
            self.branches.iter().map(|b| batched(b, &on, end, size)).collect::<Result<_, _>>()?;
        let results = branches[0].1.len();
        let held: Vec<bool> =
            (0..results).map(|k| branches.iter().any(|(_, held)| held[k].is_some())).collect();
        let operands = aligned(cx.graph, (&cx.args[1..], &cx.axes[1..]), end, size)?;
        let tys: Vec<Ty> = self
            .tys()
            .iter()
            .zip(&on)
            .map(|(ty, on)| if *on { batch_ty(ty, end, size) } else { ty.clone() })
            .collect();
        let branches = branches.iter().map(|(branch, axes)| {
            closed(tys.iter().cloned(), |g, x| {
                let found = g.inline(branch, x)?;
                let place = |(k, v): (usize, Val)| {
                    if held[k] { with_batch_at(g, v, axes[k], end, size) } else { Ok(v) }
                };
                found.into_iter().enumerate().map(place).collect()
            })
        });
        let op = Switch { branches: branches.collect::<Result<_, _>>()? };
        let operands = [&cx.args[..1], &operands].concat();
        let results = cx.graph.push_all(op, &operands)?;
        let axis = |(k, v): (usize, Val)| (v, held[k].then(|| end.axis(cx.graph.ty(v).rank() - 1)));
        Ok(results.into_iter().enumerate().map(axis).collect())
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::with("conditional", HloAttr::Branches(self.branches.clone()))
    }

    fn samples() -> Vec<Sample> {
        // sin(x) y and the sum; x + y and 3; 2x and y's sum: outputs depend on different operands.
        let branches = || -> Result<Vec<Arc<Graph>>, TypeError> {
            let (x, y) = (Ty::scalar(DType::F64), Ty::new(DType::F64, [2]));
            let tys = || [x.clone(), y.clone()];
            Ok(vec![
                closed(tys(), |g, v| {
                    let (s, wide) = (g.push(Sin, &[v[0]])?, y.dims.clone());
                    let s = g.broadcast_to(s, &wide)?;
                    Ok(vec![g.mul(s, v[1])?, g.sum_all(v[1])?])
                })?,
                closed(tys(), |g, v| {
                    let wide = g.broadcast_to(v[0], &y.dims)?;
                    Ok(vec![g.add(wide, v[1])?, g.full(&x, 3.0)?])
                })?,
                closed(tys(), |g, v| {
                    let (double, square) = (g.add(v[0], v[0])?, g.mul(v[1], v[1])?);
                    Ok(vec![g.broadcast_to(double, &y.dims)?, g.sum_all(square)?])
                })?,
            ])
        };
        let at = |i: i32| [Array::scalar(i), Array::scalar(0.7), Array::from([1.5, -2.0])];
        let cases = branches().map(|branches| {
            let op = Switch { branches };
            [0, 1, 2]
                .map(|i| Sample::smooth(op.clone(), at(i)))
                .into_iter()
                .chain([-1, 7].map(|i| Sample::values(op.clone(), at(i))))
                .collect::<Vec<_>>()
        });
        cases.unwrap_or_default()
    }
}
