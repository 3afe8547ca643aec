//! Sample quantiles with linear interpolation, for tail ESS, folding and the summary's intervals.

/// The quantile of `values` at probability `p` in `[0, 1]`: linear interpolation between order statistics (type 7
/// of Hyndman and Fan 1996, numpy's default). NaN when there are no values, one is NaN, or `p` is outside `[0, 1]`.
///
/// ```
/// assert_eq!(pyroxene_inference::diagnostics::quantile(&[3.0, 1.0, 2.0, 4.0], 0.5), 2.5);
/// ```
pub fn quantile(values: &[f64], p: f64) -> f64 {
    quantile_of_sorted(&sorted(values), p)
}

/// The median, as the mean of the two middle values when their number is even.
pub(super) fn median(values: &[f64]) -> f64 {
    let values = sorted(values);
    let n = values.len();
    match (values.get(n.wrapping_sub(1) / 2), values.get(n / 2)) {
        (Some(low), Some(high)) if n.is_multiple_of(2) => (low + high) / 2.0,
        (_, Some(middle)) => *middle,
        _ => f64::NAN,
    }
}

/// The values in ascending order, NaNs (of either sign) last.
pub(crate) fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values: Vec<f64> = values.iter().map(|v| if v.is_nan() { f64::NAN } else { *v }).collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// As [`quantile`], of values that [`sorted`] has ordered.
pub(crate) fn quantile_of_sorted(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.last() else { return f64::NAN };
    if last.is_nan() || !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    let position = (sorted.len() - 1) as f64 * p;
    let index = position.floor() as usize;
    let (low, high) = (sorted[index], *sorted.get(index + 1).unwrap_or(last));
    let weight = position - position.floor();
    // From the nearer end, as numpy does: `draw <= quantile` must not turn on a different rounding.
    if weight < 0.5 { low + (high - low) * weight } else { high - (high - low) * (1.0 - weight) }
}
