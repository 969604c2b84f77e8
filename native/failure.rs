//! Why a run ends without a measurement, with the exit codes of ftbench.

use std::fmt;

/// A deadline that has passed, see `main`: whoever waits cannot return one.
pub const DEADLINE_CODE: i32 = 5;

#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// The request makes no sense.
    Usage(String),
    /// A worker could not be made, or panicked.
    Worker(String),
    /// What was measured is not right, or could not be told.
    Wrong(String),
}

impl Failure {
    pub fn worker(index: usize, words: &str) -> Self {
        Self::Worker(format!("Worker {index} failed: {words}."))
    }

    pub fn code(&self) -> u8 {
        match self {
            Self::Wrong(_) => 1,
            Self::Usage(_) => 2,
            Self::Worker(_) => 4,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Usage(words) | Self::Worker(words) | Self::Wrong(words)) = self;
        out.write_str(words)
    }
}
