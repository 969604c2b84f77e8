//! A worker and its loops: take the lock, check, insert, release; the ids are drawn beforehand.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use crate::clocks;
use crate::ids::{IdSet, Ids};
use crate::waits::Waits;

/// How long a worker loops, and how much of it is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A fixed number of operations; of every turn of `every` the first is timed, and of the
    /// others those that find the lock taken.
    Fixed { operations: usize, every: usize },
    /// As many turns as begin within a time.
    Timed { duration: Duration, every: usize },
    /// As in the article: as many operations as begin within a time, with a clock call before
    /// each and two around every taking of the lock; each draws its id.
    Article { duration: Duration },
}

/// Ids drawn for a second of a time box, and at most, as in Python.
const CYCLE: usize = 1 << 20;

impl Form {
    /// How many ids are drawn before a round.
    fn drawn(self) -> usize {
        match self {
            Self::Fixed { operations, .. } => operations,
            Self::Timed { duration, .. } => {
                CYCLE.min((duration.as_secs_f64() * CYCLE as f64) as usize + 1)
            }
            Self::Article { .. } => 0,
        }
    }
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
    drawn: Vec<u64>,
    next: usize,
    set: &'a Mutex<IdSet>,
    operations: u64,
    inserts: u64,
    waits: Waits,
}

impl<'a> Worker<'a> {
    /// Draws the ids of a round in this form.
    pub fn new(mut ids: Ids, form: Form, set: &'a Mutex<IdSet>) -> Self {
        let drawn = ids.by_ref().take(form.drawn()).collect();
        Self {
            ids,
            drawn,
            next: 0,
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
                    self.as_in_the_article();
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
        self.first();
        for _ in 1..every {
            self.another();
        }
    }

    /// Returns the next of the ids that are drawn; after the last the first comes again.
    fn id(&mut self) -> u64 {
        let id = self.drawn[self.next];
        self.next += 1;
        if self.next == self.drawn.len() {
            self.next = 0;
        }
        id
    }

    /// Asks whether the lock is free, and tells how long either took.
    fn first(&mut self) {
        let id = self.id();
        let asked = Instant::now();
        if let Some(set) = self.try_lock() {
            let took = asked.elapsed();
            self.insert(set, id);
            self.waits.sampled.add(took);
        } else {
            self.insert_late(id, asked);
        }
    }

    /// Asks whether the lock is free, and tells how long it took if it was not.
    fn another(&mut self) {
        let id = self.id();
        if let Some(set) = self.try_lock() {
            self.insert(set, id);
        } else {
            self.insert_late(id, Instant::now());
        }
    }

    fn as_in_the_article(&mut self) {
        let id = self.ids.draw();
        self.insert_late(id, Instant::now());
    }

    fn insert_late(&mut self, id: u64, asked: Instant) {
        let set = self.lock();
        let waited = asked.elapsed();
        self.insert(set, id);
        self.waits.all.add(waited);
    }

    /// `None` if another worker has it.
    fn try_lock(&self) -> Option<MutexGuard<'a, IdSet>> {
        match self.set.try_lock() {
            Ok(set) => Some(set),
            Err(TryLockError::Poisoned(broken)) => Some(broken.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;

    const FIXED: Form = Form::Fixed {
        operations: 640,
        every: 64,
    };

    fn worker(set: &Mutex<IdSet>) -> Worker<'_> {
        Worker::new(Ids::of_worker(0, 1_000_000), FIXED, set)
    }

    #[test]
    fn ids_are_drawn_beforehand_and_come_again() {
        let set = Mutex::new(IdSet::default());
        let mut worker = worker(&set);
        let expected: Vec<_> = Ids::of_worker(0, 1_000_000).take(640).collect();
        for _ in 0..2 {
            assert_eq!((0..640).map(|_| worker.id()).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn a_time_box_draws_a_cycle_and_the_article_nothing() {
        let [short, long] = [20, 60_000].map(Duration::from_millis);
        let timed = |duration| {
            Form::Timed {
                duration,
                every: 64,
            }
            .drawn()
        };
        assert_eq!((timed(short), timed(long)), (20_972, CYCLE));
        assert_eq!(Form::Article { duration: long }.drawn(), 0);
    }

    /// Has `operation` done while another thread holds the lock, again until it was waited for.
    fn waited(operation: fn(&mut Worker)) -> Waits {
        let set = Mutex::new(IdSet::default());
        let (taken, is_taken) = mpsc::channel();
        for _ in 0..100 {
            let mut worker = worker(&set);
            thread::scope(|scope| {
                scope.spawn(|| {
                    let _held = set.lock().unwrap();
                    taken.send(()).unwrap();
                    thread::sleep(Duration::from_millis(5));
                });
                is_taken.recv().unwrap();
                operation(&mut worker);
            });
            assert_eq!(worker.operations, 1);
            if worker.waits.all.count() > 0 {
                return worker.waits;
            }
        }
        panic!("no wait was told");
    }

    #[test]
    fn a_wait_for_a_lock_that_is_taken_is_timed_always() {
        let operations: [fn(&mut Worker); 3] = [
            |worker| worker.first(),
            |worker| worker.another(),
            |worker| worker.as_in_the_article(),
        ];
        for operation in operations {
            let waits = waited(operation);
            assert_eq!((waits.all.count(), waits.sampled.count()), (1, 0));
        }
    }

    #[test]
    fn of_a_lock_that_is_free_the_first_of_each_turn_is_timed() {
        let set = Mutex::new(IdSet::default());
        let (tally, waits) = worker(&set).run(FIXED);
        assert_eq!(tally.operations, 640);
        assert_eq!((waits.all.count(), waits.sampled.count()), (0, 10));
    }

    #[test]
    fn the_article_times_all_alike() {
        let duration = Duration::from_millis(5);
        let set = Mutex::new(IdSet::default());
        let (tally, waits) = worker(&set).run(Form::Article { duration });
        assert_eq!(
            (waits.all.count(), waits.sampled.count()),
            (tally.operations, 0)
        );
    }
}
