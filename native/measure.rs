//! A run: its rounds, and the check of what they did.

use std::time::Instant;

use crate::clocks;
use crate::document::document;
use crate::failure::Failure;
use crate::ids::{Content, Ids};
use crate::json::Json;
use crate::options::{FormName, Options};
use crate::round::Round;

/// Runs all rounds and returns the document; fails if the set does not hold what it should.
pub fn measure(options: &Options) -> Result<Json, Failure> {
    let clock = clocks::cost();
    let rounds = match options.form {
        FormName::Fixed => fixed(options)?,
        FormName::Timed => vec![one(options)?],
        FormName::Article => {
            one(options)?; // the article's warm-up, of the same length
            vec![one(options)?]
        }
    };
    let checked = check(options, &rounds)?;
    Ok(document(options, &rounds, &checked, clock))
}

fn one(options: &Options) -> Result<Round, Failure> {
    Round::run(options.plan(), options.set())
}

/// Rounds until there are enough and the time is over, or there are as many as there may be.
fn fixed(options: &Options) -> Result<Vec<Round>, Failure> {
    let begin = Instant::now();
    let mut rounds = Vec::new();
    while rounds.len() < options.least_rounds
        || (rounds.len() < options.most_rounds && begin.elapsed() < options.seconds)
    {
        rounds.push(one(options)?);
    }
    Ok(rounds)
}

/// Returns what was checked: inserts are distinct ids, and of fixed work those of a serial twin.
fn check(options: &Options, rounds: &[Round]) -> Result<String, Failure> {
    for round in rounds {
        if round.tallies.iter().any(|tally| tally.operations == 0) {
            return Err(Failure::Wrong(
                "A worker came to no operation in its time: nothing is recorded. A longer \
                 --duration helps."
                    .to_owned(),
            ));
        }
        if round.inserts() != round.added.ids {
            return Err(Failure::Wrong(format!(
                "{} inserts, but {} distinct ids: nothing is recorded.",
                round.inserts(),
                round.added.ids
            )));
        }
    }
    let inserts: u64 = rounds.iter().map(Round::inserts).sum();
    let mut checked = format!("{inserts} inserts are as many distinct ids in the set");
    if options.form == FormName::Fixed {
        // Afterwards: what it frees would otherwise be weighed with the first round.
        let twin = serial_twin(options);
        if rounds.iter().any(|round| round.added != twin) {
            return Err(Failure::Wrong(
                "A round's ids are not those of the serial twin: nothing is recorded.".to_owned(),
            ));
        }
        checked += ", those of the serial twin";
    }
    Ok(checked)
}

/// Returns what a round of fixed work adds when one thread does it all.
fn serial_twin(options: &Options) -> Content {
    let mut set = options.set();
    let before = Content::of(&set);
    for index in 0..options.workers {
        let ids = Ids::of_worker(index, options.id_space);
        set.extend(ids.take(options.operations));
    }
    let after = Content::of(&set);
    Content {
        ids: after.ids - before.ids,
        sum: after.sum.wrapping_sub(before.sum),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: fn() -> Options = || Options {
        operations: 640,
        workers: 2,
        id_space: 1000,
        least_rounds: 2,
        most_rounds: 3,
        ..Options::default()
    };

    #[test]
    fn rounds_do_the_work_of_the_serial_twin() {
        let options = SMALL();
        let rounds = fixed(&options).unwrap();
        assert_eq!(rounds.len(), 2);
        assert!(check(&options, &rounds).is_ok());
    }

    #[test]
    fn rounds_go_on_while_there_is_time_and_no_longer_than_they_may() {
        let seconds = std::time::Duration::from_secs(3600);
        let options = Options { seconds, ..SMALL() };
        assert_eq!(fixed(&options).unwrap().len(), 3);
    }

    #[test]
    fn a_lost_insert_is_no_measurement() {
        let options = SMALL();
        let mut rounds = fixed(&options).unwrap();
        rounds[1].tallies[0].inserts -= 1;
        let failure = check(&options, &rounds).unwrap_err();
        assert_eq!(failure.code(), 1);
        assert!(failure.to_string().contains("distinct ids"));
    }

    #[test]
    fn a_worker_that_did_nothing_is_no_measurement() {
        let options = SMALL();
        let mut rounds = fixed(&options).unwrap();
        rounds[0].tallies[1].operations = 0;
        let failure = check(&options, &rounds).unwrap_err();
        assert!(failure.to_string().contains("no operation"));
    }

    #[test]
    fn ids_that_are_not_the_twins_are_no_measurement() {
        let options = SMALL();
        let mut rounds = fixed(&options).unwrap();
        rounds[0].added.sum += 1;
        let failure = check(&options, &rounds).unwrap_err();
        assert!(failure.to_string().contains("serial twin"));
    }
}
