//! The command line.

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use crate::failure::Failure;
use crate::ids::{Fill, Hashing, IdSet};
use crate::round::Plan;
use crate::worker::Form;

pub const HELP: &str = "\
Usage: shared_set [OPTION VALUE]...

Threads draw ids, and each does so under one lock: is the id in the set? if not, insert it.
Prints one JSON document: metrics (lower is better), invariants, notes.

  --form fixed|timed|article  fixed work, a time box, the article's time box  (fixed)
  --workers N                 threads, 1 to 256                               (8)
  --fill cold|grown           an empty set, or one of 180 000 ids             (cold)
  --operations N              fixed: of each worker, a multiple of --every    (8000)
  --duration MS               timed, article: how long each worker loops      (5000)
  --id-space N                ids are below N                                 (10000000)
  --every N                   fixed, timed: one in N times a free lock too    (64)
  --least-rounds N            fixed: at least so many rounds                  (10)
  --most-rounds N             fixed: at most so many                          (10)
  --seconds S                 fixed: no further rounds after so long          (0)
  --deadline S                end everything after so long, with code 5       (60)
  --ids N                     print the first N ids of a worker, and no more
  --index I                   ... of this worker                              (0)
  --help                      print this

Exit codes: 0 measured, 1 wrong result, 2 usage, 4 a worker failed, 5 the deadline passed.
";

/// What is asked for.
#[derive(Debug, PartialEq)]
pub enum Request {
    Measure(Options),
    Ids {
        index: usize,
        id_space: u64,
        count: usize,
    },
    Help,
}

/// What to measure, and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    pub form: FormName,
    pub workers: usize,
    pub fill: Fill,
    pub operations: usize,
    pub duration: Duration,
    pub id_space: u64,
    pub every: usize,
    pub least_rounds: usize,
    pub most_rounds: usize,
    pub seconds: Duration,
    pub deadline: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormName {
    Fixed,
    Timed,
    Article,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            form: FormName::Fixed,
            workers: 8,
            fill: Fill::Cold,
            operations: 8_000,
            duration: Duration::from_millis(5000),
            id_space: 10_000_000,
            every: 64,
            least_rounds: 10,
            most_rounds: 10,
            seconds: Duration::ZERO,
            deadline: Duration::from_secs(60),
        }
    }
}

impl Options {
    /// Returns in how many operations one is timed even where the lock is free.
    pub fn timed_every(&self) -> usize {
        match self.form {
            FormName::Fixed | FormName::Timed => self.every,
            FormName::Article => 1,
        }
    }

    /// Returns a new set for a round.
    pub fn set(&self) -> IdSet {
        let more = self.workers * self.operations;
        self.fill
            .make(self.hashing(), self.workers, self.id_space, more)
    }

    pub fn hashing(&self) -> Hashing {
        match self.form {
            FormName::Fixed | FormName::Timed => Hashing::Tagged,
            FormName::Article => Hashing::Plain,
        }
    }

    pub fn plan(&self) -> Plan {
        Plan {
            form: match self.form {
                FormName::Fixed => Form::Fixed {
                    operations: self.operations,
                    every: self.every,
                },
                FormName::Timed => Form::Timed {
                    duration: self.duration,
                    every: self.every,
                },
                FormName::Article => Form::Article {
                    duration: self.duration,
                },
            },
            workers: self.workers,
            id_space: self.id_space,
        }
    }
}

const DAY: u64 = 86_400;
const MANY: usize = 1_000_000_000;

impl Request {
    /// Reads the command line, without the program's name.
    pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Self, Failure> {
        let mut options = Options::default();
        let mut index = 0;
        let mut ids = None;
        let mut words = words.into_iter();
        while let Some(name) = words.next() {
            if name == "--help" {
                return Ok(Self::Help);
            }
            let mut value = || {
                let missing = || Failure::Usage(format!("{name} needs a value."));
                words.next().ok_or_else(missing)
            };
            match name.as_str() {
                "--form" => options.form = choice(&name, &value()?, &FORMS)?,
                "--workers" => options.workers = number(&name, &value()?, 1..=256)?,
                "--fill" => options.fill = choice(&name, &value()?, &FILLS)?,
                "--operations" => {
                    options.operations = number(&name, &value()?, 1..=MANY)?;
                }
                "--duration" => {
                    let milliseconds = number(&name, &value()?, 1..=DAY * 1000)?;
                    options.duration = Duration::from_millis(milliseconds);
                }
                "--id-space" => options.id_space = number(&name, &value()?, 1..=u64::MAX)?,
                "--every" => options.every = number(&name, &value()?, 1..=MANY)?,
                "--least-rounds" => options.least_rounds = number(&name, &value()?, 1..=MANY)?,
                "--most-rounds" => options.most_rounds = number(&name, &value()?, 1..=MANY)?,
                "--seconds" => options.seconds = seconds(&name, &value()?)?,
                "--deadline" => options.deadline = seconds(&name, &value()?)?,
                "--ids" => ids = Some(number(&name, &value()?, 0..=MANY)?),
                "--index" => index = number(&name, &value()?, 0..=MANY)?,
                _ => {
                    return Err(Failure::Usage(format!(
                        "{name} is no option; --help lists all."
                    )))
                }
            }
        }
        if let Some(count) = ids {
            return Ok(Self::Ids {
                index,
                id_space: options.id_space,
                count,
            });
        }
        if options.form == FormName::Fixed && options.operations % options.every != 0 {
            return Err(Failure::Usage(format!(
                "--operations must be a multiple of --every, which {} is not of {}.",
                options.operations, options.every
            )));
        }
        Ok(Self::Measure(options))
    }
}

const FORMS: [(&str, FormName); 3] = [
    ("fixed", FormName::Fixed),
    ("timed", FormName::Timed),
    ("article", FormName::Article),
];
const FILLS: [(&str, Fill); 2] = [("cold", Fill::Cold), ("grown", Fill::Grown)];

fn choice<T: Copy>(name: &str, value: &str, choices: &[(&str, T)]) -> Result<T, Failure> {
    let found = choices.iter().find(|(word, _)| *word == value);
    found.map(|(_, meant)| *meant).ok_or_else(|| {
        let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        Failure::Usage(format!(
            "{name} must be one of {}, not {value:?}.",
            words.join(", ")
        ))
    })
}

fn number<T>(name: &str, value: &str, range: RangeInclusive<T>) -> Result<T, Failure>
where
    T: FromStr + PartialOrd + std::fmt::Display,
{
    let number = value.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| {
        Failure::Usage(format!(
            "{name} must be a whole number from {} to {}, not {value:?}.",
            range.start(),
            range.end()
        ))
    })
}

fn seconds(name: &str, value: &str) -> Result<Duration, Failure> {
    let number: Option<f64> = value.parse().ok();
    number
        .filter(|seconds| (0.0..=DAY as f64).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| {
            Failure::Usage(format!(
                "{name} must be seconds from 0 to {DAY}, not {value:?}."
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Request, Failure> {
        Request::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn without_options_it_is_the_tracked_form() {
        assert_eq!(parse(""), Ok(Request::Measure(Options::default())));
    }

    #[test]
    fn every_option_is_read() {
        let expected = Options {
            form: FormName::Timed,
            workers: 3,
            fill: Fill::Grown,
            operations: 70,
            duration: Duration::from_millis(20),
            id_space: 99,
            every: 7,
            least_rounds: 2,
            most_rounds: 4,
            seconds: Duration::from_millis(250),
            deadline: Duration::from_secs(9),
        };
        let line = "--form timed --workers 3 --fill grown --operations 70 --duration 20 \
            --id-space 99 --every 7 --least-rounds 2 --most-rounds 4 --seconds 0.25 --deadline 9";
        assert_eq!(parse(line), Ok(Request::Measure(expected)));
    }

    #[test]
    fn a_bad_value_is_told_with_what_may_be_there() {
        for (line, words) in [
            ("--form fast", "one of fixed, timed, article"),
            ("--fill warm", "one of cold, grown"),
            ("--workers 0", "from 1 to 256"),
            ("--workers 2.5", "a whole number"),
            ("--workers", "needs a value"),
            ("--id-space 0", "from 1 to"),
            ("--deadline nan", "from 0 to 86400"),
            ("--seconds -1", "from 0 to 86400"),
            ("--operations 100", "a multiple of --every"),
            ("--wokers 8", "--help lists all"),
        ] {
            let failure = parse(line).unwrap_err();
            assert_eq!(failure.code(), 2);
            assert!(failure.to_string().contains(words), "{line}: {failure}");
        }
    }
}
