//! Party identification of voters in 1980: the model of 1972 on other data, from posteriordb.

pub use super::nes1972::{Data, model};

super::entry!(
    "nes1980-nes",
    ["nes1980"],
    "party identification of voters in 1980, the same model",
    "nes1980.json"
);
