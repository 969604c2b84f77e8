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
}
