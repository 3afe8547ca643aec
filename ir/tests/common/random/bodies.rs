//! Loops, branches and calls over random bodies.

use std::sync::Arc;

use pyroxene_ir::{
    Array, DType, Graph, Phase, Role, Ty, Val,
    ops::{self, Derivative},
    passes::{jvp, pullback},
};

use super::{Choices, Maker, STEPS, one_way};

impl Maker<'_> {
    /// A body over inputs of these types; it returns values of the types `results`, and then `more` of its last values.
    fn body(&self, c: &mut Choices, inputs: &[Ty], results: &[Ty], more: usize) -> Option<Arc<Graph>> {
        if self.depth > 1 {
            return None;
        }
        let mut maker = Maker::new(self.scope, self.inner, self.depth + 1);
        for ty in inputs {
            maker.new_input(ty, false);
        }
        let (first, n) = (c.below(self.inner.len()), 1 + c.below(3));
        for step in self.inner.iter().cycle().skip(first).take(n) {
            let mut c = Choices::new(*step);
            let kind = c.below(STEPS.len());
            let _ = STEPS[kind](&mut maker, &mut c);
        }
        let mut outputs = Vec::new();
        for ty in results {
            outputs.push(maker.result(c, ty)?);
        }
        for _ in 0..more {
            outputs.push(maker.any(c)?);
        }
        maker.graph.set_outputs(outputs);
        Some(Arc::new(maker.graph))
    }

    /// A value of this type: one that has it, or one made to fit.
    fn result(&mut self, c: &mut Choices, ty: &Ty) -> Option<Val> {
        if c.flip()
            && let Some(v) = self.pick(c, |m, v| m.ty(v) == *ty)
        {
            return Some(v);
        }
        let made = self.any(c).and_then(|v| self.fit(v, ty));
        made.or_else(|| self.pick(c, |m, v| m.ty(v) == *ty)).or_else(|| self.constant(Array::zeros(ty)))
    }

    fn tys(&self, operands: &[Val]) -> Vec<Ty> {
        operands.iter().map(|v| self.ty(*v)).collect()
    }

    pub(super) fn scan(&mut self, c: &mut Choices) -> Option<()> {
        let (constant, carry) = (self.any(c)?, self.any(c)?);
        let mut operands = vec![constant, carry];
        let mut inputs = self.tys(&operands);
        let xs = self.pick(c, |m, v| m.ty(v).rank() > 0).filter(|_| c.below(3) > 0);
        let length = match xs {
            Some(v) => {
                let ty = self.ty(v);
                inputs.push(ty.with_dims(ty.dims[1..].iter().copied()));
                operands.push(v);
                ty.dims[0]
            }
            None => c.below(4),
        };
        let ys = 1 + c.below(2);
        let body = self.body(c, &inputs, &inputs[1..2], ys)?;
        let scan = ops::Scan { consts: 1, carries: 1, length, reverse: c.flip(), saves: false, body };
        self.push_all(scan, &operands).map(|_| ())
    }

    pub(super) fn switch(&mut self, c: &mut Choices) -> Option<()> {
        let operands = [self.any(c)?, self.any(c)?];
        let inputs = self.tys(&operands);
        let first = self.body(c, &inputs, &inputs[..1], 1)?;
        let results: Vec<Ty> = first.outputs().iter().map(|v| first.ty(*v).clone()).collect();
        let mut branches = vec![first];
        for _ in 0..c.below(3) {
            branches.push(self.body(c, &inputs, &results, 0)?);
        }
        let known = self.pick(c, |m, v| m.ty(v) == Ty::scalar(DType::I32)).filter(|_| c.flip());
        let index = match known {
            Some(v) => v,
            None => self.constant(Array::scalar(c.below(5) as i32 - 1))?,
        };
        self.push_all(ops::Switch { branches }, &[index, operands[0], operands[1]]).map(|_| ())
    }

    /// A loop that counts to a constant, or until a sum of integers is large.
    pub(super) fn while_loop(&mut self, c: &mut Choices) -> Option<()> {
        let scalar = Ty::scalar(DType::I64);
        let (constant, carry) = (self.any(c)?, self.any(c)?);
        let count = self.constant(Array::scalar(0i64))?;
        let operands = [constant, count, carry];
        let inputs = self.tys(&operands);
        let inner = self.body(c, &inputs, &inputs[2..], 0)?;
        let limit = c.below(4) as f64;
        let closed = |f: &dyn Fn(&mut Graph, &[Val]) -> Vec<Val>| {
            let mut g = Graph::new(Phase::Pure);
            let args: Vec<Val> = inputs.iter().map(|ty| g.input("x", Role::Argument, ty.clone())).collect();
            let outputs = f(&mut g, &args);
            g.set_outputs(outputs);
            Arc::new(g)
        };
        let cond = closed(&|g, x| {
            let limit = g.full(&scalar, limit).unwrap();
            vec![g.lt(x[1], limit).unwrap()]
        });
        let body = closed(&|g, x| {
            let one = g.full(&scalar, 1.0).unwrap();
            let next = g.inline(&inner, x).unwrap()[0];
            vec![g.add(x[1], one).unwrap(), next]
        });
        if !self.scope.one_way {
            return None;
        }
        self.push_all(ops::While { cond, body }, &operands).map(|_| ())
    }

    pub(super) fn call(&mut self, c: &mut Choices) -> Option<()> {
        let operands = [self.any(c)?, self.any(c)?];
        let inputs = self.tys(&operands);
        let body = self.body(c, &inputs, &[], 2)?;
        let floats = |list: &[Val]| -> Vec<Val> {
            list.iter().copied().filter(|v| body.ty(*v).dtype.is_float()).collect()
        };
        let by = floats(body.inputs());
        let rule = c.of(&[Derivative::Recompute, Derivative::Jvp, Derivative::Vjp]);
        let derivative = match rule {
            Derivative::Recompute => Graph::default(),
            Derivative::Jvp => {
                let mut both = jvp(&body, &by).ok()?;
                let n = body.outputs().len();
                let on: Vec<bool> = body.outputs().iter().map(|v| body.ty(*v).dtype.is_float()).collect();
                let moved = both.outputs()[n..].to_vec();
                both.set_outputs(moved.into_iter().zip(on).filter(|(_, on)| *on).map(|(v, _)| v));
                both
            }
            Derivative::Vjp => {
                let on: Vec<bool> = body.outputs().iter().map(|v| body.ty(*v).dtype.is_float()).collect();
                pullback(&body, &by, &on).ok()?
            }
        };
        let call = ops::Call { rule, arguments: 2, body, derivative: Arc::new(derivative) };
        if !self.scope.one_way && one_way(&call.clone().into()) {
            return None;
        }
        self.push_all(call, &operands).map(|_| ())
    }
}
