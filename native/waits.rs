//! How long the lock was waited for.

use std::time::Duration;

use crate::samples::percentile;

/// How many waits of a worker are kept at most; even, see `thin`.
const KEPT: usize = 1 << 14;

/// The waits of one worker: all are counted and summed, and some, evenly spaced, are kept.
///
/// Bounded, since a long round would otherwise weigh its instrument beside its set.  The memory
/// is reserved before the clock starts, and not touched before it is needed.
pub struct Waits {
    count: u64,
    total: Duration,
    most: Duration,
    /// In nanoseconds: every `stride`th, beginning with the first.
    kept: Vec<u64>,
    stride: usize,
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            count: 0,
            total: Duration::ZERO,
            most: Duration::ZERO,
            kept: Vec::with_capacity(KEPT),
            stride: 1,
        }
    }
}

impl Waits {
    pub fn add(&mut self, wait: Duration) {
        // A stride is a power of two.
        if self.count & (self.stride as u64 - 1) == 0 {
            self.keep(wait.as_nanos() as u64);
        }
        self.count += 1;
        self.total += wait;
        self.most = self.most.max(wait);
    }

    fn keep(&mut self, nanoseconds: u64) {
        if self.kept.len() == KEPT {
            // The one that comes is the `KEPT`th, an even one: its place is right.
            self.kept = every(&self.kept, 2);
            self.kept.reserve_exact(KEPT - self.kept.len());
            self.stride *= 2;
        }
        self.kept.push(nanoseconds);
    }
}

fn every(kept: &[u64], step: usize) -> Vec<u64> {
    kept.iter().copied().step_by(step).collect()
}

/// The waits of all workers of a round, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    pub mean: f64,
    pub p50: f64,
    pub p99: f64,
    pub most: f64,
}

impl Summary {
    /// Every worker counts by its waits: where one kept fewer of them, all are thinned as much.
    pub fn of(all: &[Waits]) -> Self {
        let stride = all.iter().map(|waits| waits.stride).max().unwrap_or(1);
        let mut kept: Vec<u64> = Vec::new();
        for waits in all {
            kept.extend(waits.kept.iter().step_by(stride / waits.stride));
        }
        let seconds: Vec<f64> = kept.iter().map(|wait| *wait as f64 * 1e-9).collect();
        let count: u64 = all.iter().map(|waits| waits.count).sum();
        let total: Duration = all.iter().map(|waits| waits.total).sum();
        let most = all.iter().map(|waits| waits.most).max();
        Self {
            mean: total.as_secs_f64() / count as f64,
            p50: percentile(&seconds, 50.0),
            p99: percentile(&seconds, 99.0),
            most: most.unwrap_or_default().as_secs_f64(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waits of 0, 1, 2, … nanoseconds.
    fn rising(count: u64) -> Waits {
        let mut waits = Waits::default();
        (0..count).for_each(|wait| waits.add(Duration::from_nanos(wait)));
        waits
    }

    #[test]
    fn all_are_kept_as_long_as_there_is_room() {
        let waits = rising(KEPT as u64);
        assert_eq!(waits.kept, (0..KEPT as u64).collect::<Vec<_>>());
        assert_eq!(waits.stride, 1);
    }

    #[test]
    fn then_every_second_and_every_fourth_evenly() {
        for (times, stride) in [(2, 2), (3, 4), (4, 4)] {
            let waits = rising(KEPT as u64 * times);
            let expected = (0..KEPT as u64 * times).step_by(stride);
            assert_eq!(waits.kept, expected.collect::<Vec<_>>());
            assert_eq!(waits.stride, stride);
        }
    }

    #[test]
    fn memory_stays_where_it_is() {
        assert_eq!(rising(KEPT as u64 * 5).kept.capacity(), KEPT);
    }

    #[test]
    fn mean_and_most_are_of_all() {
        let count = KEPT as u64 * 4;
        let summary = Summary::of(&[rising(count)]);
        assert!((summary.mean - (count - 1) as f64 / 2.0 * 1e-9).abs() < 1e-12);
        assert!((summary.most - (count - 1) as f64 * 1e-9).abs() < 1e-12);
    }

    #[test]
    fn workers_count_by_their_waits() {
        let mut long = Waits::default();
        (0..KEPT * 3).for_each(|_| long.add(Duration::from_nanos(30)));
        let mut short = Waits::default();
        (0..KEPT).for_each(|_| short.add(Duration::from_nanos(10)));
        // One in four waits is short; unthinned, it would be more than every second.
        assert!((Summary::of(&[long, short]).p50 - 30e-9).abs() < 1e-15);
    }
}
