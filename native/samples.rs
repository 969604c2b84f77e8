//! Arithmetic on samples.

/// The `percent` percentile, linearly interpolated as in `ftbench.probe.samples`; NaN of none.
pub fn percentile(samples: &[f64], percent: f64) -> f64 {
    let mut ordered = samples.to_vec();
    ordered.sort_by(f64::total_cmp);
    if ordered.is_empty() {
        return f64::NAN;
    }
    let last = ordered.len() - 1;
    let place = last as f64 * percent / 100.0;
    let low = place as usize;
    let high = (low + 1).min(last);
    ordered[low] + (ordered[high] - ordered[low]) * (place - low as f64)
}

/// A value, and how many such values it stands for.
pub type Weighted = (f64, f64);

/// The least value that `percent` of the weight does not exceed, as in `ftbench.probe.samples`;
/// NaN of none.
pub fn weighted_percentile(weighted: &[Weighted], percent: f64) -> f64 {
    let mut ordered = weighted.to_vec();
    ordered.sort_by(|one, other| one.0.total_cmp(&other.0));
    let all: f64 = ordered.iter().map(|(_, weight)| weight).sum();
    let wanted = all * percent / 100.0;
    let mut passed = 0.0;
    let reached = ordered.iter().find(|(_, weight)| {
        passed += weight;
        passed >= wanted
    });
    reached
        .or(ordered.last())
        .map_or(f64::NAN, |(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_interpolates_between_its_neighbours() {
        let samples = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(percentile(&samples, 0.0), 1.0);
        assert_eq!(percentile(&samples, 50.0), 2.5);
        assert!((percentile(&samples, 99.0) - 3.97).abs() < 1e-12);
        assert_eq!(percentile(&samples, 100.0), 4.0);
        assert_eq!(percentile(&[7.0], 99.0), 7.0);
    }

    #[test]
    fn a_weight_counts_as_so_many_values() {
        let weighted = [(3.0, 1.0), (1.0, 2.5), (2.0, 1.5)];
        for (percent, expected) in [
            (0.0, 1.0),
            (50.0, 1.0),
            (51.0, 2.0),
            (80.0, 2.0),
            (81.0, 3.0),
        ] {
            assert_eq!(weighted_percentile(&weighted, percent), expected);
        }
        assert_eq!(weighted_percentile(&[(7.0, 0.1)], 99.0), 7.0);
        assert!(weighted_percentile(&[], 50.0).is_nan());
    }
}
