//! The models that are compared with other engines; each has a folder with its data and the same model in every engine.

use pyroxene::gallery::Entry;

#[path = "eight_schools/pyroxene.rs"]
mod eight_schools;
#[path = "gp/pyroxene.rs"]
mod gp;
#[path = "horseshoe/pyroxene.rs"]
mod horseshoe;
#[path = "irt_2pl/pyroxene.rs"]
mod irt_2pl;
#[path = "logistic/pyroxene.rs"]
mod logistic;
#[path = "radon/pyroxene.rs"]
mod radon;
#[path = "stochastic_volatility/pyroxene.rs"]
mod stochastic_volatility;

pub(crate) const MODELS: &[Entry] = pyroxene::models![
    eight_schools::model as "eight_schools",
    gp::model as "gp",
    horseshoe::model as "horseshoe",
    irt_2pl::model as "irt_2pl",
    logistic::model as "logistic",
    radon::model as "radon",
    stochastic_volatility::model as "stochastic_volatility",
];
