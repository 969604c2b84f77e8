//! The native limit of ftbench's scenario `shared_set`: threads, one set, one lock, no Python.
//!
//! It says how fast the pattern can go on a machine, so that what an interpreter adds can be told
//! apart from what the lock and the memory cost anyway.  Standard library only; the ids, the
//! shape of the loop, the forms and the JSON are those of the scenario in Python.

mod clocks;
mod document;
mod failure;
mod gate;
mod ids;
mod json;
mod measure;
mod memory;
mod options;
mod round;
mod samples;
mod waits;
mod worker;

use std::env;
use std::io::{self, Write};
use std::process::{self, ExitCode};
use std::thread;
use std::time::Duration;

use failure::{Failure, DEADLINE_CODE};
use ids::Ids;
use options::{Request, HELP};

fn main() -> ExitCode {
    match Request::parse(env::args().skip(1))
        .and_then(answer)
        .and_then(print)
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("shared_set: {failure}");
            failure.code().into()
        }
    }
}

fn answer(request: Request) -> Result<String, Failure> {
    match request {
        Request::Help => Ok(HELP.to_owned()),
        Request::Ids {
            index,
            id_space,
            count,
        } => Ok(Ids::of_worker(index, id_space)
            .take(count)
            .map(|id| format!("{id}\n"))
            .collect()),
        Request::Measure(options) => {
            end_after(options.deadline)?;
            measure::measure(&options).map(|document| document.text() + "\n")
        }
    }
}

/// Ends the process when the deadline has passed, whatever its threads wait for.
fn end_after(deadline: Duration) -> Result<(), Failure> {
    let end = move || {
        thread::sleep(deadline);
        eprintln!("shared_set: Not done within {deadline:?}; it was ended.");
        process::exit(DEADLINE_CODE);
    };
    thread::Builder::new()
        .spawn(end)
        .map(|_| ())
        .map_err(|error| Failure::Worker(format!("No thread can be made: {error}.")))
}

fn print(text: String) -> Result<(), Failure> {
    io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| Failure::Wrong(format!("The result cannot be printed: {error}.")))
}
