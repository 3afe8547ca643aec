//! The standard normal quantile, for rank normalisation.

/// The standard normal quantile (inverse CDF) of `p`: −∞ at 0, ∞ at 1, NaN outside `[0, 1]`.
///
/// Wichura (1988), "Algorithm AS 241: the percentage points of the normal distribution", PPND16; relative accuracy
/// about 1e-16.
pub(super) fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * ratio(&CENTER, r);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    if tail <= 0.0 {
        return if tail == 0.0 { f64::INFINITY.copysign(q) } else { f64::NAN };
    }
    let r = (-tail.ln()).sqrt();
    let x = if r <= 5.0 { ratio(&TAIL, r - 1.6) } else { ratio(&FAR_TAIL, r - 5.0) };
    x.copysign(q)
}

/// Coefficients of a rational function: numerator and denominator, highest power first.
type Coefficients = [[f64; 8]; 2];

fn ratio([numerator, denominator]: &Coefficients, x: f64) -> f64 {
    let horner = |c: &[f64; 8]| c.iter().fold(0.0, |sum, c| sum * x + c);
    horner(numerator) / horner(denominator)
}

#[rustfmt::skip]
const CENTER: Coefficients = [
    [
        2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987,
        13731.69376550946, 1971.5909503065513, 133.14166789178438, 3.3871328727963665,
    ],
    [
        5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597,
        5394.196021424751, 687.1870074920579, 42.31333070160091, 1.0,
    ],
];

#[rustfmt::skip]
const TAIL: Coefficients = [
    [
        0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684,
        3.6478483247632045, 5.769497221460691, 4.630337846156546, 1.4234371107496835,
    ],
    [
        1.0507500716444169e-09, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008,
        0.6897673349851, 1.6763848301838038, 2.053191626637759, 1.0,
    ],
];

#[rustfmt::skip]
const FAR_TAIL: Coefficients = [
    [
        2.0103343992922881e-07, 2.7115555687434876e-05, 0.0012426609473880784, 0.026532189526576124,
        0.29656057182850487, 1.7848265399172913, 5.463784911164114, 6.657904643501103,
    ],
    [
        2.0442631033899397e-15, 1.421511758316446e-07, 1.8463183175100548e-05, 0.0007868691311456133,
        0.014875361290850615, 0.1369298809227358, 0.599832206555888, 1.0,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Golden {
        p: Vec<f64>,
        quantile: Vec<f64>,
    }

    #[test]
    fn equals_mpmath_from_the_center_to_the_far_tails() -> serde_json::Result<()> {
        let golden: Golden = serde_json::from_str(include_str!("../../tests/golden/normal_quantile.json"))?;
        assert!(golden.p.len() > 100);
        for (p, expected) in golden.p.into_iter().zip(golden.quantile) {
            // The algorithm's 1e-16 and a few roundings.
            let found = normal_quantile(p);
            assert!((found - expected).abs() <= 1e-15 * expected.abs(), "{p}: {found} for {expected}");
        }
        Ok(())
    }

    #[test]
    fn ends_of_the_unit_interval() {
        assert_eq!([normal_quantile(0.0), normal_quantile(1.0)], [f64::NEG_INFINITY, f64::INFINITY]);
        assert_eq!(normal_quantile(0.5), 0.0);
        assert!([-0.1, 1.1, f64::NAN].into_iter().all(|p| normal_quantile(p).is_nan()));
    }
}
