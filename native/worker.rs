//! A worker and its loops: draw an id, take the lock, check, insert, release.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::clocks;
use crate::ids::{IdSet, Ids};
use crate::waits::Waits;

/// How long a worker loops, and how much of it is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A fixed number of operations; of every turn of `every` the first is timed.
    Fixed { operations: usize, every: usize },
    /// As many turns as begin within a time.
    Timed { duration: Duration, every: usize },
    /// As in the article: as many operations as begin within a time, with a clock call before
    /// each and two around every taking of the lock.
    Article { duration: Duration },
}

/// What a worker did in a round.
pub struct Tally {
    pub begin: Instant,
    pub end: Instant,
    pub cpu: Option<Duration>,
    pub operations: u64,
    pub inserts: u64,
}

impl Tally {
    /// How long it looped.
    pub fn elapsed(&self) -> Duration {
        self.end - self.begin
    }
}

pub struct Worker<'a> {
    ids: Ids,
    set: &'a Mutex<IdSet>,
    operations: u64,
    inserts: u64,
    waits: Waits,
}

impl<'a> Worker<'a> {
    pub fn new(ids: Ids, set: &'a Mutex<IdSet>) -> Self {
        Self {
            ids,
            set,
            operations: 0,
            inserts: 0,
            waits: Waits::default(),
        }
    }

    /// Runs the loop of `form` and tells what was done.
    pub fn run(mut self, form: Form) -> (Tally, Waits) {
        // The CPU's clock is a system call, the other one is not: it stands outside.
        let cpu = clocks::thread_cpu();
        let begin = Instant::now();
        match form {
            Form::Fixed { operations, every } => {
                for _ in 0..operations / every {
                    self.turn(every);
                }
            }
            Form::Timed { duration, every } => {
                let end = begin + duration;
                while Instant::now() < end {
                    self.turn(every);
                }
            }
            Form::Article { duration } => {
                let end = begin + duration;
                while Instant::now() < end {
                    self.timed();
                }
            }
        }
        let end = Instant::now();
        let tally = Tally {
            begin,
            end,
            cpu: clocks::thread_cpu().zip(cpu).map(|(now, then)| now - then),
            operations: self.operations,
            inserts: self.inserts,
        };
        (tally, self.waits)
    }

    fn turn(&mut self, every: usize) {
        self.timed();
        for _ in 1..every {
            self.untimed();
        }
    }

    fn timed(&mut self) {
        let id = self.ids.draw();
        let asked = Instant::now();
        let set = self.lock();
        let waited = asked.elapsed();
        self.insert(set, id);
        self.waits.add(waited);
    }

    fn untimed(&mut self) {
        let id = self.ids.draw();
        let set = self.lock();
        self.insert(set, id);
    }

    fn lock(&self) -> MutexGuard<'a, IdSet> {
        // Whose lock was broken by a panic goes on: the panic is told at the end of the round.
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // Two look-ups, as in Python's `if id not in set: set.add(id)`, though `insert` alone would
    // tell: the pattern is what is compared.
    fn insert(&mut self, mut set: MutexGuard<'_, IdSet>, id: u64) {
        if !set.contains(&id) {
            set.insert(id);
            self.inserts += 1;
        }
        self.operations += 1;
    }
}
