//! How long the lock was waited for: what is sampled, and what is always timed.
//!
//! As in Python: a lock is first asked whether it is free.  If it is not, the wait is timed, always:
//! long waits are few, and a sample of the operations would miss most of what they add up to.  If
//! it is, the first operation of each turn tells what taking a free lock took.

use std::time::Duration;

use crate::samples::{percentile, weighted_percentile, Weighted};

/// How many times of one kind a worker keeps at most; even, see `keep`.
const KEPT: usize = 1 << 14;

/// Times of one worker: all are counted and summed, and some, evenly spaced, are kept.
///
/// Bounded, since a long round would otherwise weigh its instrument beside its set.  The memory
/// is reserved before the clock starts, and not touched before it is needed.
pub struct Times {
    count: u64,
    total: Duration,
    most: Duration,
    /// In nanoseconds: every `stride`th, beginning with the first.
    kept: Vec<u64>,
    stride: usize,
}

impl Default for Times {
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

impl Times {
    pub fn add(&mut self, time: Duration) {
        // A stride is a power of two.
        if self.count & (self.stride as u64 - 1) == 0 {
            self.keep(time.as_nanos() as u64);
        }
        self.count += 1;
        self.total += time;
        self.most = self.most.max(time);
    }

    #[cfg(test)]
    pub fn count(&self) -> u64 {
        self.count
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

    /// The kept ones in seconds; together they stand for all.
    fn weighted(&self) -> impl Iterator<Item = Weighted> + '_ {
        let weight = self.count as f64 / self.kept.len() as f64;
        let seconds = self
            .kept
            .iter()
            .map(|nanoseconds| *nanoseconds as f64 * 1e-9);
        seconds.map(move |seconds| (seconds, weight))
    }
}

fn every(kept: &[u64], step: usize) -> Vec<u64> {
    kept.iter().copied().step_by(step).collect()
}

/// The waits of one worker.
#[derive(Default)]
pub struct Waits {
    /// For a lock that was not free; in the article's form, which does not ask, for any.
    pub all: Times,
    /// For a lock that was free: those of the first operation of each turn.
    pub sampled: Times,
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
    /// Of the `operations` that found the lock free, the median of the sampled ones stands for all: a
    /// longer one had lost its core, not waited.
    pub fn of(workers: &[Waits], operations: u64) -> Self {
        let all = || workers.iter().map(|waits| &waits.all);
        let sampled = || workers.iter().map(|waits| &waits.sampled);
        let (all_count, all_total) = sums(all());
        let mut kept: Vec<Weighted> = all().flat_map(Times::weighted).collect();
        let samples: Vec<f64> = sampled()
            .flat_map(Times::weighted)
            .map(|(seconds, _)| seconds)
            .collect();
        let mut total = all_total;
        if !samples.is_empty() {
            let (free, quick) = (operations as f64 - all_count, percentile(&samples, 50.0));
            kept.push((quick, free));
            total += quick * free;
        }
        let most = kept.iter().map(|(seconds, _)| *seconds);
        let longest = all().map(|times| times.most).max().unwrap_or_default();
        Self {
            mean: total / operations as f64,
            p50: weighted_percentile(&kept, 50.0),
            p99: weighted_percentile(&kept, 99.0),
            most: most.fold(longest.as_secs_f64(), f64::max),
        }
    }
}

/// Returns how many there are, and the sum of their seconds.
fn sums<'a>(times: impl Iterator<Item = &'a Times>) -> (f64, f64) {
    times.fold((0.0, 0.0), |(count, seconds), each| {
        (
            count + each.count as f64,
            seconds + each.total.as_secs_f64(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Times of 0, 1, 2, … nanoseconds.
    fn rising(count: u64) -> Times {
        let mut times = Times::default();
        (0..count).for_each(|time| times.add(Duration::from_nanos(time)));
        times
    }

    fn times(nanoseconds: &[u64]) -> Times {
        let mut times = Times::default();
        for each in nanoseconds {
            times.add(Duration::from_nanos(*each));
        }
        times
    }

    fn near(found: f64, nanoseconds: f64) -> bool {
        (found - nanoseconds * 1e-9).abs() < 1e-15
    }

    #[test]
    fn all_are_kept_as_long_as_there_is_room() {
        let times = rising(KEPT as u64);
        assert_eq!(times.kept, (0..KEPT as u64).collect::<Vec<_>>());
        assert_eq!(times.stride, 1);
    }

    #[test]
    fn then_every_second_and_every_fourth_evenly() {
        for (rounds, stride) in [(2, 2), (3, 4), (4, 4)] {
            let times = rising(KEPT as u64 * rounds);
            let expected = (0..KEPT as u64 * rounds).step_by(stride);
            assert_eq!(times.kept, expected.collect::<Vec<_>>());
            assert_eq!(times.stride, stride);
        }
    }

    #[test]
    fn memory_stays_where_it_is() {
        assert_eq!(rising(KEPT as u64 * 5).kept.capacity(), KEPT);
    }

    #[test]
    fn the_median_of_the_sampled_ones_stands_for_all_that_found_the_lock_free() {
        // Four operations: one waited, of the three that did not two were timed.
        let one = Waits {
            all: times(&[560]),
            sampled: times(&[10]),
        };
        let other = Waits {
            all: times(&[]),
            sampled: times(&[20]),
        };
        let summary = Summary::of(&[one, other], 4);
        assert!(near(summary.mean, (560.0 + 3.0 * 15.0) / 4.0));
        assert!(near(summary.p50, 15.0));
        assert!(near(summary.p99, 560.0));
        assert!(near(summary.most, 560.0));
    }

    #[test]
    fn waits_that_are_all_timed_stand_for_themselves() {
        let count = KEPT as u64 * 4;
        let waits = Waits {
            all: rising(count),
            sampled: Times::default(),
        };
        let summary = Summary::of(&[waits], count);
        assert!((summary.mean - (count - 1) as f64 / 2.0 * 1e-9).abs() < 1e-12);
        assert!(near(summary.most, (count - 1) as f64));
    }

    #[test]
    fn a_sampled_one_may_be_the_longest() {
        let waits = Waits {
            all: times(&[50]),
            sampled: times(&[70]),
        };
        assert!(near(Summary::of(&[waits], 65).most, 70.0));
    }

    #[test]
    fn workers_count_by_their_waits() {
        let waits = |wait: u64, count: usize| Waits {
            all: times(&vec![wait; count]),
            sampled: Times::default(),
        };
        // One in four waits is short; among the kept ones it is more than every second.
        let workers = [waits(30, KEPT * 3), waits(10, KEPT)];
        assert!(near(Summary::of(&workers, KEPT as u64 * 4).p50, 30.0));
    }
}
