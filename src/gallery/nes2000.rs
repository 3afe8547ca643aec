//! Party identification of voters in 2000: the model of 1972 on other data, from posteriordb.

pub use super::nes1972::{Data, model};

super::entry!(
    "nes2000-nes",
    ["nes2000"],
    "party identification of voters in 2000, the same model",
    "nes2000.json"
);
