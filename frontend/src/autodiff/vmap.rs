//! Functions over batches.

use pyroxene_ir::{Loc, Ty, passes, shape};

use crate::{
    closure::{
        Tensors, close, graft, leaves, refuse, tensors, types, with_leaves, without_value, wrong_leaf,
    },
    tensor::Tensor,
    trace::{Captures, ErrorKind, fail},
};

/// The function `f` over a batch: every leaf of the argument holds one along its first dimension, and so does every leaf
/// of the result (JAX's `vmap`). For other dimensions see [`Vmap`].
///
/// Values that `f` takes from outside are shared by all members.
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let draws = pyroxene_frontend::eval(|| {
///     let keys = Key::new(0).split_shape(&[5]);
///     vmap(|key: &Tensor| random::normal(Key::from(*key), &[3], DType::F64))(&keys)
/// })?;
/// assert_eq!(draws.dims(), [5, 3]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// Recorded with the caller's line: a leaf that is a scalar, leaves whose batches differ in size.
#[track_caller]
pub fn vmap<I: Tensors, O: Tensors, F: Fn(&I) -> O>(f: F) -> impl Fn(&I) -> O {
    let over = Vmap::new();
    let loc = Loc::caller();
    move |x: &I| over.apply(&f, x, loc.clone())
}

/// Which dimensions a batch runs over.
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // The rows of a matrix, each plus the same vector; the batch comes last in the result.
/// let sums = pyroxene_frontend::eval(|| {
///     let x = Tensor::from([1.0, 2.0, 3.0, 4.0]).reshape(&[2, 2]);
///     let plus = |(row, y): &(Tensor, Tensor)| *row + *y;
///     Vmap::new().in_axes(&[Some(0), None]).out_axis(-1).of(plus)(&(x, Tensor::from([10.0, 20.0])))
/// })?;
/// assert_eq!(sums.to_f64_vec(), [11.0, 13.0, 22.0, 24.0]);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Vmap {
    in_axes: Option<Vec<Option<isize>>>,
    out_axis: isize,
}

impl Vmap {
    /// The first dimension of everything.
    pub fn new() -> Vmap {
        Vmap::default()
    }

    /// For each leaf of the argument the dimension of the batch, from the back if negative; `None`: shared by all.
    #[must_use]
    pub fn in_axes(mut self, axes: &[Option<isize>]) -> Vmap {
        self.in_axes = Some(axes.to_vec());
        self
    }

    /// The dimension of the batch in every leaf of the result, from the back if negative.
    #[must_use]
    pub fn out_axis(mut self, axis: isize) -> Vmap {
        self.out_axis = axis;
        self
    }

    /// The function over a batch along these dimensions; see [`vmap`].
    #[track_caller]
    pub fn of<I: Tensors, O: Tensors, F: Fn(&I) -> O>(self, f: F) -> impl Fn(&I) -> O {
        let loc = Loc::caller();
        move |x: &I| self.apply(&f, x, loc.clone())
    }

    fn apply<I: Tensors, O: Tensors>(&self, f: &dyn Fn(&I) -> O, x: &I, loc: Loc) -> O {
        let args = tensors(x);
        let mut captures = Captures::default();
        let members = types(&args).and_then(|tys| self.members(x, &tys, &loc));
        let closed = members.and_then(|(axes, tys, size)| {
            Some((axes, size, close("vmap", &loc, x, &tys, &mut captures, f)?))
        });
        let Some((mut axes, size, closed)) = closed else {
            return without_value(f, x);
        };
        let captured = captures.tensors();
        axes.resize(args.len() + captured.len(), None);
        let batched = passes::batch(&closed.graph, &axes, size).map_err(|e| refuse(e, &loc));
        let placed: Option<Vec<Tensor>> = batched.ok().and_then(|(graph, held)| {
            let results = graft("vmap", &graph, &[args, captured].concat(), &loc);
            results.into_iter().zip(held).map(|(t, axis)| self.place(t, axis, size, &loc)).collect()
        });
        with_leaves(&closed.shape, &placed.unwrap_or_default())
    }

    /// The dimension of the batch in each leaf, the type of one member's leaf, and the size of the batch.
    fn members<I: Tensors>(
        &self,
        x: &I,
        tys: &[Ty],
        loc: &Loc,
    ) -> Option<(Vec<Option<usize>>, Vec<Ty>, usize)> {
        let given = self.in_axes.clone().unwrap_or_else(|| vec![Some(0); tys.len()]);
        if given.len() != tys.len() {
            let found = format!("vmap: {} axes for {} leaves", given.len(), tys.len());
            fail(
                ErrorKind::Usage { found, help: "give one for each leaf of the argument".into() },
                loc.clone(),
            );
            return None;
        }
        let (mut axes, mut members, mut size) = (Vec::new(), Vec::new(), None);
        for ((ty, axis), (path, _)) in tys.iter().zip(given).zip(leaves(x)) {
            let Some(axis) = axis else {
                axes.push(None);
                members.push(ty.clone());
                continue;
            };
            let Some(resolved) = shape::axis(axis, ty.rank()) else {
                fail(ErrorKind::Axis { op: "vmap", axis, dims: ty.dims.to_vec() }, loc.clone());
                return None;
            };
            let mut member = ty.clone();
            let n = member.dims.remove(resolved);
            if *size.get_or_insert(n) != n {
                let help = format!("the batch has {} members in leaves before", size.unwrap_or(0));
                wrong_leaf("vmap", &path, format!("{ty}, with {n} members along {axis}"), &help, loc);
                return None;
            }
            axes.push(Some(resolved));
            members.push(member);
        }
        let Some(size) = size else {
            let found = "vmap: no leaf holds a batch".to_string();
            fail(ErrorKind::Usage { found, help: "give an axis for at least one leaf".into() }, loc.clone());
            return None;
        };
        Some((axes, members, size))
    }

    /// A result with the batch where it should be.
    fn place(&self, t: Tensor, axis: Option<usize>, size: usize, loc: &Loc) -> Option<Tensor> {
        let rank = crate::trace::type_of(t)?.rank() + usize::from(axis.is_none());
        let Some(to) = shape::axis(self.out_axis, rank) else {
            let dims = t.dims().to_vec();
            fail(ErrorKind::Axis { op: "vmap", axis: self.out_axis, dims }, loc.clone());
            return None;
        };
        Some(crate::trace::build("vmap", &[t], loc.clone(), |g, v| match axis {
            Some(from) => g.move_axis(v[0], from, to),
            None => g.repeat_along(v[0], to, size),
        }))
    }
}
