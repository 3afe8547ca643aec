//! Voters' party identification in 1972 regressed on ideology and demography (Gelman and Hill 2007), from posteriordb.

use super::shared::{flat_positive, linear_regression};
use crate::prelude::*;

super::entry!(
    "nes1972-nes",
    ["nes1972", "nes"],
    "party identification of voters in 1972 on ideology and demography",
    "nes1972.json"
);

/// One voter each: `[1330]` in 1972, `[701]` in 1980, `[476]` in 2000.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// Party identification, from 1 (strong Democrat) to 7 (strong Republican); `f64`.
    #[tree(float)]
    pub partyid7: L,
    /// Ideology; `f64`.
    #[tree(float)]
    pub real_ideo: L,
    /// Race, a code; `f64`.
    #[tree(float)]
    pub race_adj: L,
    /// Age group, a category from 1 to 4; `i64`.
    pub age_discrete: L,
    /// Education, a code; `f64`.
    #[tree(float)]
    pub educ1: L,
    /// Gender, a code; `f64`.
    #[tree(float)]
    pub gender: L,
    /// Income group; `f64`.
    #[tree(float)]
    pub income: L,
}

/// The model; `beta` and `sigma` are latent, both flat.
pub fn model(d: &Data) {
    let aged = |group: i64| d.age_discrete.equal(group).convert(d.partyid7.dtype());
    let columns = [d.real_ideo, d.race_adj, aged(2), aged(3), aged(4), d.educ1, d.gender, d.income];
    linear_regression("partyid7", d.partyid7, &columns, flat_positive());
}
