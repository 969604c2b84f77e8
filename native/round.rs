//! A round: workers are made, park, are let go together, and meet again when all have done.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::clocks;
use crate::failure::Failure;
use crate::gate::Gate;
use crate::ids::{Content, IdSet, Ids};
use crate::memory;
use crate::waits::{Summary, Waits};
use crate::worker::{Form, Tally, Worker};

/// What all rounds of a run have in common.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub form: Form,
    pub workers: usize,
    pub id_space: u64,
}

struct Shared {
    set: Mutex<IdSet>,
    start: Gate,
    done: Gate,
}

/// What is known of a round when it is over.
pub struct Round {
    pub tallies: Vec<Tally>,
    pub waits: Summary,
    /// What the round added to its set.
    pub added: Content,
    /// CPU time of the whole process between the two gates.
    pub cpu: Option<Duration>,
    /// Bytes of the whole process with every id in and nothing freed.
    pub pss: Option<u64>,
    /// From before the first worker is made until the last is gone; looking at memory is not in.
    pub wall: Duration,
}

impl Round {
    /// Runs one round on `set`; fails if a worker cannot be made, or panics.
    pub fn run(plan: Plan, set: IdSet) -> Result<Self, Failure> {
        let before = Content::of(&set);
        let shared = Arc::new(Shared {
            set: Mutex::new(set),
            start: Gate::new(plan.workers),
            done: Gate::new(plan.workers),
        });
        let begin = Instant::now();
        let workers = (0..plan.workers)
            .map(|index| spawn(index, plan, Arc::clone(&shared)))
            .collect::<Result<Vec<_>, _>>()?;
        shared.start.wait_for_all();
        let cpu_before = clocks::process_cpu();
        shared.start.open();
        shared.done.wait_for_all();
        let cpu = clocks::process_cpu().zip(cpu_before);
        let looked = Instant::now();
        let pss = memory::pss();
        let looking = looked.elapsed();
        shared.done.open();
        // A worker hands on its own panic; one of the thread itself would be no other.
        let ends: Vec<_> = workers
            .into_iter()
            .map(|worker| worker.join().and_then(|end| end))
            .collect();
        let wall = begin.elapsed() - looking;
        let done = ends
            .into_iter()
            .enumerate()
            .map(|(index, end)| end.map_err(|panic| panicked(index, panic.as_ref())))
            .collect::<Result<Vec<_>, _>>()?;
        let (tallies, waits): (Vec<_>, Vec<_>) = done.into_iter().unzip();
        let operations = tallies.iter().map(|tally: &Tally| tally.operations).sum();
        let after = Content::of(&shared.set.lock().expect("no worker has failed"));
        Ok(Self {
            tallies,
            waits: Summary::of(&waits, operations),
            added: Content {
                ids: after.ids - before.ids,
                sum: after.sum.wrapping_sub(before.sum),
            },
            cpu: cpu.map(|(now, then)| now - then),
            pss,
            wall,
        })
    }

    /// Seconds from the first worker's begin to the last one's end, by their own clocks.
    pub fn window(&self) -> f64 {
        let begin = self.tallies.iter().map(|tally| tally.begin).min();
        let end = self.tallies.iter().map(|tally| tally.end).max();
        end.zip(begin)
            .map_or(f64::NAN, |(end, begin)| (end - begin).as_secs_f64())
    }

    /// Seconds of the window per operation of all workers together.
    pub fn op(&self) -> f64 {
        self.window() / self.operations() as f64
    }

    /// CPU seconds of the process per operation.
    pub fn cpu_per_operation(&self) -> Option<f64> {
        self.cpu
            .map(|cpu| cpu.as_secs_f64() / self.operations() as f64)
    }

    pub fn operations(&self) -> u64 {
        self.tallies.iter().map(|tally| tally.operations).sum()
    }

    pub fn inserts(&self) -> u64 {
        self.tallies.iter().map(|tally| tally.inserts).sum()
    }

    /// The slowest worker's time over the fastest's.
    pub fn fairness_of_times(&self) -> f64 {
        spread(self.tallies.iter().map(|t| t.elapsed().as_secs_f64()))
    }

    /// The most operations of a worker over the least.
    pub fn fairness_of_operations(&self) -> f64 {
        spread(self.tallies.iter().map(|tally| tally.operations as f64))
    }

    /// The share of their time that the workers were on a CPU.
    pub fn on_cpu(&self) -> Option<f64> {
        let elapsed: Duration = self.tallies.iter().map(Tally::elapsed).sum();
        let cpu: Option<Duration> = self.tallies.iter().map(|tally| tally.cpu).sum();
        cpu.map(|cpu| cpu.as_secs_f64() / elapsed.as_secs_f64())
    }
}

fn spread(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = values.clone().fold(f64::NEG_INFINITY, f64::max);
    most / values.fold(f64::INFINITY, f64::min)
}

type End = thread::Result<(Tally, Waits)>;

fn spawn(
    index: usize,
    plan: Plan,
    shared: Arc<Shared>,
) -> Result<thread::JoinHandle<End>, Failure> {
    let work = move || {
        let ids = Ids::of_worker(index, plan.id_space);
        let worker = panic::catch_unwind(|| Worker::new(ids, plan.form, &shared.set));
        shared.start.pass();
        let end = worker
            .and_then(|worker| panic::catch_unwind(AssertUnwindSafe(|| worker.run(plan.form))));
        // Whoever has failed comes here too, or the others would wait for ever.
        shared.done.pass();
        end
    };
    thread::Builder::new()
        .name(format!("worker {index}"))
        .spawn(work)
        // Those that are parked already end with the process.
        .map_err(|error| Failure::worker(index, &error.to_string()))
}

fn panicked(index: usize, panic: &(dyn Any + Send)) -> Failure {
    let words = panic
        .downcast_ref::<&str>()
        .map(|words| (*words).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    Failure::worker(
        index,
        &words.unwrap_or_else(|| "a panic without words".to_owned()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(form: Form, id_space: u64) -> Plan {
        Plan {
            form,
            workers: 3,
            id_space,
        }
    }

    const FIXED: Form = Form::Fixed {
        operations: 640,
        every: 64,
    };

    #[test]
    fn a_fixed_round_does_what_was_asked() {
        let round = Round::run(plan(FIXED, 1_000_000), IdSet::default()).unwrap();
        assert_eq!(round.operations(), 3 * 640);
        assert_eq!(round.inserts(), round.added.ids);
        assert!(round.tallies.iter().all(|tally| tally.operations == 640));
        assert!(round.window() > 0.0 && round.window() <= round.wall.as_secs_f64());
        assert!(round.fairness_of_times() >= 1.0);
        assert_eq!(round.fairness_of_operations(), 1.0);
    }

    #[test]
    fn what_was_in_the_set_is_not_added() {
        let set: IdSet = (0..500).collect();
        let round = Round::run(plan(FIXED, 1000), set).unwrap();
        assert_eq!(round.inserts(), round.added.ids);
        assert!(round.added.ids <= 500);
    }

    #[test]
    fn a_time_boxed_round_lasts_as_long_as_it_was_told() {
        let duration = Duration::from_millis(30);
        for form in [
            Form::Timed {
                duration,
                every: 64,
            },
            Form::Article { duration },
        ] {
            let round = Round::run(plan(form, 1_000_000), IdSet::default()).unwrap();
            assert!(round.tallies.iter().all(|t| t.elapsed() >= duration));
            assert!(round.tallies.iter().all(|tally| tally.operations > 0));
            assert_eq!(round.inserts(), round.added.ids);
        }
    }

    #[test]
    fn a_panic_of_a_worker_ends_the_round_with_its_words() {
        let failure = Round::run(plan(FIXED, 0), IdSet::default()).err().unwrap();
        assert_eq!(failure.code(), 4);
        assert!(failure.to_string().contains("Worker 0"));
        assert!(failure.to_string().contains("divisor of zero"));
    }
}
