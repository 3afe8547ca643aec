//! Steps that add one op each, with operands and attributes that fit.

use pyroxene_ir::{
    Array, DType, Dims, Op, Ty, Val,
    ops::{self, Combine, Comparison, Reduction},
};

use super::{Choices, DTYPES, ELEMENTWISE, Maker, SAMPLES, SHAPES, noise::needs_exact, one_way, tame};

impl Maker<'_> {
    pub(super) fn arithmetic(&mut self, c: &mut Choices) -> Option<()> {
        let ops: [Op; 12] = [
            ops::Add.into(),
            ops::Mul.into(),
            ops::Sub.into(),
            ops::Div.into(),
            ops::Max.into(),
            ops::Min.into(),
            ops::Neg.into(),
            ops::Exp.into(),
            ops::Log.into(),
            ops::Tanh.into(),
            ops::Sqrt.into(),
            ops::Log1p.into(),
        ];
        let i = c.below(ops.len());
        self.map(c, &ops[i], if i < 6 { 2 } else { 1 })
    }

    pub(super) fn elementwise(&mut self, c: &mut Choices) -> Option<()> {
        let (op, arity) = &ELEMENTWISE[c.below(ELEMENTWISE.len())];
        self.map(c, op, *arity)
    }

    fn map(&mut self, c: &mut Choices, op: &Op, arity: usize) -> Option<()> {
        let strict = needs_exact(op);
        let first =
            self.pick(c, |m, v| op.infer(&vec![m.ty(v); arity]).is_ok() && (!strict || m.is_exact(v)))?;
        let ty = self.ty(first);
        let mut operands = vec![first];
        while operands.len() < arity {
            operands.push(self.pick(c, |m, v| m.ty(v) == ty && (!strict || m.is_exact(v)))?);
        }
        // XLA takes an integer divided by itself for one, zero included.
        let itself = arity == 2 && operands[0] == operands[1] && !ty.dtype.is_float();
        if itself && matches!(op, Op::Div(_) | Op::Rem(_)) {
            return None;
        }
        self.push(op.clone(), &operands).map(|_| ())
    }

    /// An op with the attributes and operand types of one of its samples: each operand another value made to fit, a value
    /// near the sample's, or the sample's itself.
    pub(super) fn sample(&mut self, c: &mut Choices) -> Option<()> {
        let sample = SAMPLES[c.below(SAMPLES.len())].clone();
        let whole = matches!(sample.op, Op::While(_));
        if (!self.scope.one_way && one_way(&sample.op))
            || (!self.scope.extremes && sample.args.iter().any(|x| !x.to_f64_vec().iter().all(|x| tame(*x))))
        {
            return None;
        }
        let mut operands = Vec::new();
        for arg in &sample.args {
            let how = if whole { 2 } else { c.below(3) };
            let from = self.any(c)?;
            let made = match how {
                0 => self.fit(from, &arg.ty()),
                1 => self.near(from, arg),
                _ => None,
            };
            let made = made.filter(|v| self.is_exact(*v) || !needs_exact(&sample.op));
            operands.push(match made {
                Some(v) => v,
                None => self.constant(arg.clone())?,
            });
        }
        self.push_all(sample.op, &operands).map(|_| ())
    }

    pub(super) fn convert(&mut self, c: &mut Choices) -> Option<()> {
        let (v, dtype) = (self.any(c)?, c.of(&DTYPES));
        self.push(ops::Convert { dtype }, &[v]).map(|_| ())
    }

    pub(super) fn compare(&mut self, c: &mut Choices) -> Option<()> {
        use Comparison::*;
        let by = c.of(&[Lt, Eq, Ne, Ge, Gt, Le]);
        self.map(c, &ops::Compare(by).into(), 2)
    }

    pub(super) fn select(&mut self, c: &mut Choices) -> Option<()> {
        let x = self.any(c)?;
        let ty = self.ty(x);
        let y = self.pick(c, |m, v| m.ty(v) == ty)?;
        let on = self.pick(c, |m, v| m.ty(v).dtype == DType::Bool);
        let on = match on {
            Some(on) => self.fit(on, &ty.with_dtype(DType::Bool))?,
            None => {
                let on = self.array(&ty.with_dtype(DType::Bool), c);
                self.constant(on)?
            }
        };
        self.push(ops::Select, &[on, x, y]).map(|_| ())
    }

    pub(super) fn reshape(&mut self, c: &mut Choices) -> Option<()> {
        let v = self.any(c)?;
        let n = self.ty(v).len();
        let all: [&[usize]; 5] = [&[n], &[1, n], &[n, 1], &[2, n / 2], &[n / 3, 3]];
        self.push(ops::Reshape { dims: Dims::from_slice(c.of(&all)) }, &[v]).map(|_| ())
    }

    pub(super) fn broadcast(&mut self, c: &mut Choices) -> Option<()> {
        let v = self.any(c)?;
        let mut dims = self.ty(v).dims;
        let mut map: Dims = (0..dims.len()).collect();
        let at = c.below(dims.len() + 1);
        dims.insert(at, c.of(&[2, 1, 0, 3]));
        map.iter_mut().filter(|i| **i >= at).for_each(|i| *i += 1);
        self.push(ops::Broadcast { dims, map }, &[v]).map(|_| ())
    }

    pub(super) fn transpose(&mut self, c: &mut Choices) -> Option<()> {
        let v = self.pick(c, |m, v| m.ty(v).rank() > 0)?;
        let rank = self.ty(v).rank();
        let mut permutation: Dims = (0..rank).collect();
        permutation.rotate_left(c.below(rank));
        if c.flip() {
            permutation.swap(0, rank - 1);
        }
        self.push(ops::Transpose { permutation }, &[v])?;
        let axes = (0..rank).filter(|_| c.flip()).collect();
        self.push(ops::Reverse { axes }, &[v]).map(|_| ())
    }

    pub(super) fn slice(&mut self, c: &mut Choices) -> Option<()> {
        let v = self.pick(c, |m, v| m.ty(v).rank() > 0)?;
        let dims = self.ty(v).dims;
        let start: Dims = dims.iter().map(|d| c.below(d + 1)).collect();
        let limit = dims.iter().zip(&start).map(|(d, s)| d - c.below(d - s + 1)).collect();
        let stride = dims.iter().map(|_| 1 + c.below(3)).collect();
        self.push(ops::Slice { start, limit, stride }, &[v]).map(|_| ())
    }

    pub(super) fn pad(&mut self, c: &mut Choices) -> Option<()> {
        let v = self.any(c)?;
        let rank = self.ty(v).rank();
        let mut some = || (0..rank).map(|_| c.below(3)).collect();
        let (low, high, interior) = (some(), some(), some());
        self.push(ops::Pad { low, high, interior }, &[v]).map(|_| ())
    }

    pub(super) fn concatenate(&mut self, c: &mut Choices) -> Option<()> {
        let first = self.pick(c, |m, v| m.ty(v).rank() > 0)?;
        let ty = self.ty(first);
        let axis = c.below(ty.rank());
        let fits = |m: &Maker<'_>, v: Val| {
            let mut other = m.ty(v);
            other.rank() == ty.rank() && {
                other.dims[axis] = ty.dims[axis];
                other == ty
            }
        };
        let mut parts = vec![first];
        for _ in 0..c.below(3) {
            parts.push(self.pick(c, fits)?);
        }
        self.push(ops::Concatenate { axis }, &parts).map(|_| ())
    }

    /// Scalar positions, one for each dimension, some of them outside.
    fn positions(&mut self, c: &mut Choices, rank: usize) -> Option<Vec<Val>> {
        let dtype = c.of(&[DType::I64, DType::I32, DType::U32, DType::U64]);
        let mut found = Vec::new();
        for _ in 0..rank {
            let known = self.pick(c, |m, v| m.ty(v) == Ty::scalar(dtype)).filter(|_| c.flip());
            let x = Array::scalar(c.below(5) as i64 - 1).convert(dtype);
            found.push(match known {
                Some(v) => v,
                None => self.constant(x)?,
            });
        }
        Some(found)
    }

    pub(super) fn dynamic_slice(&mut self, c: &mut Choices) -> Option<()> {
        let v = self.any(c)?;
        let dims = self.ty(v).dims;
        let sizes = dims.iter().map(|d| d - c.below(d + 1)).collect();
        let at = self.positions(c, dims.len())?;
        self.push(ops::DynamicSlice { sizes }, &[&[v], &at[..]].concat()).map(|_| ())
    }

    pub(super) fn dynamic_update_slice(&mut self, c: &mut Choices) -> Option<()> {
        let x = self.any(c)?;
        let ty = self.ty(x);
        let update = self.pick(c, |m, v| {
            let other = m.ty(v);
            other.dtype == ty.dtype
                && other.rank() == ty.rank()
                && other.dims.iter().zip(&ty.dims).all(|(a, b)| a <= b)
        })?;
        let at = self.positions(c, ty.rank())?;
        self.push(ops::DynamicUpdateSlice, &[&[x, update], &at[..]].concat()).map(|_| ())
    }

    /// Integer positions of up to two dimensions, some of them outside.
    fn index(&mut self, c: &mut Choices) -> Option<Val> {
        let fits = |m: &Maker<'_>, v: Val| {
            let ty = m.ty(v);
            ty.dtype.is_integer() && ty.rank() < 3
        };
        if let Some(v) = self.pick(c, fits).filter(|_| c.flip()) {
            return Some(v);
        }
        let ty = Ty::new(
            c.of(&[DType::I64, DType::I32, DType::U32, DType::U64]),
            c.of(&SHAPES[..5]).iter().copied(),
        );
        let x = self.array(&ty, c);
        self.constant(x)
    }

    pub(super) fn take(&mut self, c: &mut Choices) -> Option<()> {
        let v = self.pick(c, |m, v| m.ty(v).rank() > 0)?;
        let axis = c.below(self.ty(v).rank());
        let index = self.index(c)?;
        self.push(ops::Take { axis }, &[v, index]).map(|_| ())
    }

    pub(super) fn scatter(&mut self, c: &mut Choices) -> Option<()> {
        let x = self.pick(c, |m, v| m.ty(v).rank() > 0)?;
        let (ty, index) = (self.ty(x), self.index(c)?);
        let axis = c.below(ty.rank());
        let of_index = self.ty(index).dims;
        let dims: Dims = [&ty.dims[..axis], &of_index, &ty.dims[axis + 1..]].concat().into();
        let ty = Ty { dims, ..ty };
        let update = self.pick(c, |m, v| m.ty(v).dtype == ty.dtype)?;
        let update = self.fit(update, &ty)?;
        let by =
            c.of(&[None, Some(Combine::Set), Some(Combine::Max), Some(Combine::Mul), Some(Combine::Min)]);
        match by {
            Some(by) => self.push(ops::Scatter { axis, by }, &[x, index, update]),
            None => self.push(ops::ScatterAdd { axis }, &[x, index, update]),
        }
        .map(|_| ())
    }

    pub(super) fn reduce(&mut self, c: &mut Choices) -> Option<()> {
        let v = self.any(c)?;
        let axes: Dims = (0..self.ty(v).rank()).filter(|_| c.below(3) < 2).collect();
        let op: Op = match c.below(5) {
            0 => ops::ReduceSum { axes }.into(),
            1 => ops::ReduceMax { axes }.into(),
            2 => ops::ReduceProd { axes }.into(),
            3 => ops::ReduceMin { axes }.into(),
            _ => ops::ReduceAnd { axes }.into(),
        };
        self.push(op, &[v]).map(|_| ())
    }

    pub(super) fn cumulate(&mut self, c: &mut Choices) -> Option<()> {
        let v = self.pick(c, |m, v| m.ty(v).rank() > 0)?;
        let (axis, reverse) = (c.below(self.ty(v).rank()), c.flip());
        use Reduction::*;
        let by = c.of(&[Sum, Prod, Max, Min, LogSumExp]);
        self.push(ops::Cumulate { axis, reverse, by }, &[v])?;
        let ty = self.ty(v);
        let other = self.pick(c, |m, v| m.ty(v) == ty)?;
        self.push(ops::LinearRecurrence { axis, reverse }, &[v, other]).map(|_| ())
    }

    pub(super) fn sort(&mut self, c: &mut Choices) -> Option<()> {
        let v = self.pick(c, |m, v| m.ty(v).rank() > 0 && m.is_exact(v))?;
        let dims = self.ty(v).dims;
        let other = self.pick(c, |m, v| m.ty(v).dims == dims && m.is_exact(v))?;
        let axis = c.below(dims.len());
        let (descending, positions, keys) = (c.flip(), c.flip(), 1 + c.below(2));
        self.push_all(ops::Sort { axis, keys, descending, positions }, &[v, other]).map(|_| ())
    }

    pub(super) fn dot(&mut self, c: &mut Choices) -> Option<()> {
        let x = self.pick(c, |m, v| m.ty(v).rank() > 0)?;
        let ty = self.ty(x);
        let y = self.pick(c, |m, v| m.ty(v).dtype == ty.dtype && m.ty(v).rank() > 0)?;
        let other = self.ty(y);
        let (mut contract, mut batch) = (Vec::new(), Vec::new());
        let mut free: Vec<usize> = (0..other.rank()).collect();
        for (i, d) in ty.dims.iter().enumerate() {
            let partner = free.iter().position(|j| other.dims[*j] == *d).filter(|_| c.below(4) > 0);
            let Some(partner) = partner else { continue };
            let pair = [i, free.remove(partner)];
            if c.flip() { &mut batch } else { &mut contract }.push(pair);
        }
        self.push(ops::DotGeneral::new(&contract, &batch), &[x, y]).map(|_| ())
    }
}
