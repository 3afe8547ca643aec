//! A graph that a compiler keeps apart from what is around it.

use std::sync::Arc;

use super::{
    closed::{chosen, closed, inputs, outputs, reached, run, takes, tangents},
    *,
};
use crate::{
    passes::{batch, jvp, pullback},
    types::{DType, Ty},
};

/// `fence(operands…)`: the body's results, computed where they stand and not merged with what is around.
///
/// Compilers fuse a value into each of its users. Inside a large program on CPUs it pays to keep a gradient or a block of
/// random numbers together: the code around gets shorter, and so does the time to compile it. `lowering` makes fences of
/// its own for what is to become one kernel.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Fence {
    /// Whether the body becomes one function of machine code, where the device's compiler can do that.
    pub kernel: bool,
    /// What is computed.
    #[serde(skip)]
    pub body: Arc<Graph>,
}

impl Fence {
    fn around(&self, body: Graph) -> Fence {
        Fence { body: Arc::new(body), ..self.clone() }
    }
}

impl MultiRules for Fence {
    const OP: &'static str = "fence";
    const COST: Cost = Cost::Dear;

    fn infer(&self, args: &[Ty]) -> Result<Tys, TypeError> {
        let results: Tys = outputs(&self.body).cloned().collect();
        if takes(&self.body, args) && !results.is_empty() {
            return Ok(results);
        }
        let found = inputs(&self.body).collect::<Vec<_>>();
        Err(TypeError {
            op: Self::OP,
            operands: args.to_vec(),
            expected: format!("a body with results that takes the operands, found one from {found:?}"),
        })
    }

    fn regions(&self) -> Vec<Arc<Graph>> {
        vec![self.body.clone()]
    }

    fn with_regions(&self, regions: Vec<Arc<Graph>>) -> Fence {
        Fence { body: regions.into_iter().next().unwrap_or_default(), ..self.clone() }
    }

    fn eval(&self, args: &[&Array], _tys: &[Ty]) -> Vec<Array> {
        run(&self.body, &args.iter().map(|x| (*x).clone()).collect::<Vec<_>>())
    }

    fn saving(&self) -> Option<Op> {
        None
    }

    fn vjp(&self, cx: MultiVjp<'_>) -> Result<Cotangents, TypeError> {
        let float = |(ty, wanted): (&Ty, &bool)| *wanted && ty.dtype.is_float();
        let on: Vec<bool> = inputs(&self.body).zip(cx.wanted).map(float).collect();
        if !on.contains(&true) {
            return Ok(cx.args.iter().map(|_| None).collect());
        }
        let seeded: Vec<bool> = cx.cts.iter().map(Option::is_some).collect();
        // Nothing of the inside is kept: what is behind a fence is small, and computed again.
        let back = pullback(&self.body, &chosen(self.body.inputs(), &on), &seeded)?;
        let operands: Vec<Val> = cx.args.iter().chain(cx.cts.iter().flatten()).copied().collect();
        let mut results = cx.graph.push_all(self.around(back), &operands)?.into_iter();
        Ok(on.iter().map(|on| if *on { results.next() } else { None }).collect())
    }

    fn jvp(&self, cx: MultiJvp<'_>) -> Result<(Operands, Tangents), TypeError> {
        let on: Vec<bool> = cx.tangents.iter().map(Option::is_some).collect();
        let along = tangents(cx.graph, cx.args, cx.tangents, &on)?;
        let moves = reached(&self.body, &on);
        let mut both = jvp(&self.body, &chosen(self.body.inputs(), &on))?;
        let (values, moved) = both.outputs().split_at(moves.len());
        let wanted = [values, &chosen(moved, &moves)].concat();
        both.set_outputs(wanted);
        let results = cx.graph.push_all(self.around(both), &[cx.args, &along].concat())?;
        let (values, moved) = results.split_at(moves.len());
        let mut moved = moved.iter().copied();
        let along = moves.iter().map(|on| if *on { moved.next() } else { None }).collect();
        Ok((Operands::from_slice(values), along))
    }

    fn batch(&self, cx: Batch<'_>) -> Result<Batched, TypeError> {
        let (over, held) = batch(&self.body, cx.axes, cx.size)?;
        let results = cx.graph.push_all(self.around(over), cx.args)?;
        Ok(results.into_iter().zip(held).collect())
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::with("call", HloAttr::Call { body: self.body.clone(), kernel: self.kernel })
    }

    fn samples() -> Vec<Sample> {
        // sin(x) y, and twice an integer that has no derivative.
        let (x, int) = (Ty::new(DType::F64, [2]), Ty::scalar(DType::I64));
        let body = closed([x.clone(), x, int], |g, v| {
            let sine = g.push(Sin, &[v[0]])?;
            Ok(vec![g.mul(sine, v[1])?, g.add(v[2], v[2])?])
        });
        let args = || [Array::from([0.4, -1.3]), Array::from([2.0, 0.7]), Array::scalar(3i64)];
        let sample = |body: &Arc<Graph>, kernel| Sample::smooth(Fence { kernel, body: body.clone() }, args());
        body.map(|body| vec![sample(&body, false), sample(&body, true)]).unwrap_or_default()
    }
}
