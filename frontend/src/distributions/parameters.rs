//! A distribution's parameters, declared once: the fields, `new`, and the list that masks and checks read.

use pyroxene_ir::Loc;

use crate::{
    tensor::Tensor,
    trace::{DEFAULT_FLOAT, weak_integer},
};

/// Declares a distribution of tensors: its doc, its name, the doc of `new`, and each parameter with its constraint.
macro_rules! parameters { (
    $(#[$doc:meta])* $Name:ident
    $(#[$new:meta])* ($($p:ident: $constraint:ident),+ $(,)?)
) => {
    $(#[$doc])*
    #[derive(Clone, Copy, Debug)]
    pub struct $Name { $($p: $crate::tensor::Tensor),+ }

    impl $Name {
        $(#[$new])*
        #[track_caller]
        pub fn new($($p: impl Into<$crate::tensor::Tensor>),+) -> $Name {
            let [$($p),+] = $crate::distributions::parameters::reals([$($p.into()),+]);
            $Name { $($p),+ }
        }

        fn listed(&self) -> Vec<$crate::distributions::Param> {
            use $crate::{constraints, distributions::Param};
            vec![$(Param::new(stringify!($p), self.$p, constraints::$constraint())),+]
        }

        fn of(values: &[$crate::tensor::Tensor]) -> Option<$Name> {
            let [$($p),+] = *values else { return None };
            Some($Name { $($p),+ })
        }
    }
} }

/// The name and the parameters of a distribution declared by [`parameters!`], in its `impl Distribution`.
macro_rules! described {
    ($Name:ident) => {
        fn name(&self) -> String {
            stringify!($Name).into()
        }

        fn params(&self) -> Vec<$crate::distributions::Param> {
            self.listed()
        }

        fn with_params(
            &self,
            values: &[$crate::tensor::Tensor],
        ) -> Option<std::rc::Rc<dyn $crate::distributions::Distribution>> {
            Some(std::rc::Rc::new($Name::of(values)?))
        }
    };
}

/// The methods of a distribution that is another one in other parameters, which this method of its own makes.
macro_rules! as_another {
    ($another:ident) => {
        fn support(&self) -> $crate::constraints::Support {
            self.$another().support()
        }

        fn log_prob(&self, value: $crate::tensor::Tensor) -> $crate::tensor::Tensor {
            self.$another().log_prob(value)
        }

        fn sample(&self, key: $crate::random::Key, sample_shape: &[usize]) -> Option<$crate::tensor::Tensor> {
            self.$another().sample(key, sample_shape)
        }

        fn mean(&self) -> Option<$crate::tensor::Tensor> {
            self.$another().mean()
        }

        fn variance(&self) -> Option<$crate::tensor::Tensor> {
            self.$another().variance()
        }

        fn cdf(&self, value: $crate::tensor::Tensor) -> Option<$crate::tensor::Tensor> {
            self.$another().cdf(value)
        }

        fn icdf(&self, q: $crate::tensor::Tensor) -> Option<$crate::tensor::Tensor> {
            self.$another().icdf(q)
        }
    };
}

pub(super) use {as_another, described, parameters};

/// Parameters that are real numbers: an integer stands for the float of its value, of the others' element type.
#[track_caller]
pub(super) fn reals<const N: usize>(params: [Tensor; N]) -> [Tensor; N] {
    let floats = params.iter().filter(|p| !p.is_weak() && !p.is_poison()).map(|p| p.dtype());
    let dtype = floats.filter(|d| d.is_float()).max_by_key(|d| d.size()).unwrap_or(DEFAULT_FLOAT);
    let loc = Loc::caller();
    params.map(|p| match weak_integer(p) {
        Some(x) => Tensor::from(x as f64),
        None if p.dtype().is_float() => p,
        None => crate::trace::composed(loc.clone(), || p.convert(dtype)),
    })
}
