//! Diagnostics against ArviZ's, on the draws of `golden/diagnostics.json` (made by `golden/make_diagnostics.py`).

use pyroxene_inference::{
    Posterior, SiteSpec,
    diagnostics::{bfmi, ess_bulk, ess_mean, ess_quantile, ess_tail, mcse_mean, mcse_sd, quantile, rhat},
};
use serde_json::Value;

/// Both sides sum thousands of doubles in nearly the same order, ArviZ's autocovariance through an FFT.
const TOLERANCE: f64 = 1e-10;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn golden() -> Result<Value> {
    Ok(serde_json::from_str(include_str!("golden/diagnostics.json"))?)
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    value[key].as_array().ok_or_else(|| format!("no list {key}").into())
}

/// A number, or one of the strings that stand for what JSON lacks.
fn number(value: &Value) -> Result<f64> {
    match value {
        Value::String(text) => Ok(text.parse()?),
        value => value.as_f64().ok_or_else(|| format!("{value} is no number").into()),
    }
}

fn numbers(value: &Value) -> Result<Vec<f64>> {
    value.as_array().ok_or("no list")?.iter().map(number).collect()
}

fn agree(found: f64, expected: f64) -> bool {
    found == expected
        || (found.is_nan() && expected.is_nan())
        || (found - expected).abs() <= TOLERANCE * expected.abs()
}

#[test]
fn every_number_equals_arviz() -> Result<()> {
    let golden = golden()?;
    let mut wrong = vec![];
    let cases = list(&golden, "cases")?;
    assert_eq!(cases.len(), 38);
    for case in cases {
        let chains = case["chains"].as_array().ok_or("no chains")?;
        let chains = chains.iter().map(numbers).collect::<Result<Vec<Vec<f64>>>>()?;
        let found = [
            ("rhat", rhat(&chains)),
            ("ess_bulk", ess_bulk(&chains)),
            ("ess_tail", ess_tail(&chains)),
            ("ess_mean", ess_mean(&chains)),
            ("ess_quantile_0.11", ess_quantile(&chains, 0.11)),
            ("ess_quantile_0.5", ess_quantile(&chains, 0.5)),
            ("mcse_mean", mcse_mean(&chains)),
            ("mcse_sd", mcse_sd(&chains)),
        ];
        for (key, found) in found {
            let expected = number(&case["expected"][key])?;
            // Stuck chains have no variance within: their R-hat is infinite, or a ratio to a rounding error.
            let both_huge = key == "rhat" && found > 1e12 && expected > 1e12;
            if !agree(found, expected) && !both_huge {
                wrong.push(format!("{} {key}: {found:?}, ArviZ has {expected:?}", case["name"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn summary_rows_equal_arviz() -> Result<()> {
    for case in list(&golden()?, "cases")? {
        let mut posterior = Posterior::new([SiteSpec::new("x", [])], [])?;
        for draws in case["chains"].as_array().ok_or("no chains")? {
            let mut chain = posterior.chain();
            let draws = numbers(draws)?;
            chain.extend(draws.len(), &[draws], &[[0.0; 0]; 0])?;
            posterior.push_chain(chain)?;
        }
        let summary = posterior.summary();
        let row = summary.row("x").ok_or("no row")?;
        let found = [
            ("mean", row.mean),
            ("sd", row.sd),
            ("ess_bulk", row.ess_bulk),
            ("ess_tail", row.ess_tail),
            ("mcse_mean", row.mcse_mean),
            ("mcse_sd", row.mcse_sd),
        ];
        for (key, found) in found {
            let expected = number(&case["expected"][key])?;
            assert!(agree(found, expected), "{} {key}: {found} for {expected}", case["name"]);
        }
        // The interval's ends interpolate by a weight that rounds: a shift of 1e-13 of the range.
        for (key, found) in [("eti89_lb", row.eti89_lb), ("eti89_ub", row.eti89_ub)] {
            let expected = number(&case["expected"][key])?;
            let close = agree(found, expected) || (found - expected).abs() <= 1e-12 * row.sd;
            // The golden file leaves the interval of infinite draws out.
            assert!(close || expected.is_nan(), "{} {key}: {found} for {expected}", case["name"]);
        }
    }
    Ok(())
}

#[test]
fn bfmi_equals_arviz() -> Result<()> {
    let golden = golden()?;
    let cases = list(&golden, "bfmi")?;
    assert_eq!(cases.len(), 3);
    for case in cases {
        let (found, expected) = (bfmi(&numbers(&case["energy"])?), number(&case["bfmi"])?);
        assert!(agree(found, expected), "{found} for {expected}");
    }
    assert!(bfmi(&[]).is_nan() && bfmi(&[1.0]).is_nan());
    Ok(())
}

#[test]
fn chains_of_different_lengths_and_no_chains_have_no_diagnostics() {
    let ragged = [vec![1.0, 2.0, 3.0, 4.0, 5.0], vec![1.0, 2.0, 3.0, 4.0]];
    let none: [Vec<f64>; 0] = [];
    for chains in [&ragged[..], &none[..], &[vec![], vec![]]] {
        let all = [rhat(chains), ess_bulk(chains), ess_tail(chains), ess_mean(chains), mcse_mean(chains)];
        assert!(all.iter().all(|v| v.is_nan()), "{all:?}");
    }
}

#[test]
fn quantiles_at_the_ends_and_outside() {
    let values = [2.0, -1.0, 5.0];
    assert_eq!([quantile(&values, 0.0), quantile(&values, 0.5), quantile(&values, 1.0)], [-1.0, 2.0, 5.0]);
    assert!(quantile(&values, 1.5).is_nan() && quantile(&[], 0.5).is_nan());
    assert!(quantile(&[1.0, -f64::NAN], 0.0).is_nan());
}
