//! Where threads park until they are let through together.

use std::sync::{Condvar, Mutex, MutexGuard};

#[derive(Default)]
struct State {
    parked: usize,
    open: bool,
}

/// As many threads as are expected park here; one more waits for them, and opens.
///
/// A `Barrier` cannot stand here: between "all are parked" and "go" clocks are read.
pub struct Gate {
    expected: usize,
    state: Mutex<State>,
    complete: Condvar,
    opened: Condvar,
}

impl Gate {
    pub fn new(expected: usize) -> Self {
        Self {
            expected,
            state: Mutex::default(),
            complete: Condvar::new(),
            opened: Condvar::new(),
        }
    }

    /// Parks until the gate is open.
    pub fn pass(&self) {
        let mut state = self.state();
        state.parked += 1;
        if state.parked == self.expected {
            self.complete.notify_one();
        }
        let waited = self.opened.wait_while(state, |state| !state.open);
        drop(waited.expect(NEVER));
    }

    /// Waits until all are parked.
    pub fn wait_for_all(&self) {
        let missing = |state: &mut State| state.parked < self.expected;
        let waited = self.complete.wait_while(self.state(), missing);
        drop(waited.expect(NEVER));
    }

    /// Lets everybody through.
    pub fn open(&self) {
        self.state().open = true;
        self.opened.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect(NEVER)
    }
}

const NEVER: &str = "nothing panics while it holds a gate";

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::Arc;
    use std::thread;

    #[test]
    fn nobody_passes_before_it_is_opened_and_all_do_afterwards() {
        let gate = Arc::new(Gate::new(3));
        let passed = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let (gate, passed) = (Arc::clone(&gate), Arc::clone(&passed));
                thread::spawn(move || {
                    gate.pass();
                    passed.fetch_add(1, Ordering::SeqCst);
                })
            })
            .collect();
        gate.wait_for_all();
        assert_eq!(passed.load(Ordering::SeqCst), 0);
        gate.open();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(passed.load(Ordering::SeqCst), 3);
    }
}
