//! Automatic guides: families of distributions that are made from a model, one file each.
//!
//! Names of parameters, defaults and draws are those of `numpyro.infer.autoguide`.

mod continuous;
mod family;
mod init;
mod options;
mod plates;
mod posterior;
mod prototype;

macro_rules! guides { ($($file:ident: $Name:ident;)*) => { $(
    mod $file;
    pub use $file::$Name;
    family::guide!($Name);
)* } }

guides! {
    auto_delta: AutoDelta;
    auto_diagonal_normal: AutoDiagonalNormal;
    auto_laplace_approximation: AutoLaplaceApproximation;
    auto_low_rank_multivariate_normal: AutoLowRankMultivariateNormal;
    auto_multivariate_normal: AutoMultivariateNormal;
    auto_normal: AutoNormal;
}

pub use family::AutoGuide;
