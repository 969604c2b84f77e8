//! The scenario's part of ftbench's measurement: metrics, invariants, notes.

use crate::json::Json;
use crate::memory;
use crate::options::{FormName, Options};
use crate::round::Round;
use crate::samples::percentile;

/// Returns the document of a run; `checked` says what held, `clock` is what one call costs.
pub fn document(options: &Options, rounds: &[Round], checked: &str, clock: f64) -> Json {
    let invariant = Json::Object(vec![
        ("name", "distinct".to_owned().into()),
        ("checked", checked.to_owned().into()),
    ]);
    Json::Object(vec![
        ("metrics", metrics(options, rounds)),
        ("invariants", Json::List(vec![invariant])),
        ("notes", notes(options, rounds, clock)),
    ])
}

fn metrics(options: &Options, rounds: &[Round]) -> Json {
    let fairness = match options.form {
        FormName::Fixed => Round::fairness_of_times,
        FormName::Timed | FormName::Article => Round::fairness_of_operations,
    };
    // Later rounds also weigh what the allocator keeps of the earlier ones.
    let first = &rounds[..rounds.len().min(1)];
    let found = [
        metric("op", "seconds", rounds, |round| Some(round.op())),
        metric("lock_wait", "seconds", rounds, |round| {
            Some(round.waits.mean)
        }),
        metric("lock_wait_p50", "seconds", rounds, |round| {
            Some(round.waits.p50)
        }),
        metric("lock_wait_p99", "seconds", rounds, |round| {
            Some(round.waits.p99)
        }),
        metric("lock_wait_max", "seconds", rounds, |round| {
            Some(round.waits.most)
        }),
        metric("fairness", "ratio", rounds, |round| Some(fairness(round))),
        metric("cpu", "seconds", rounds, Round::cpu_per_operation),
        metric("pss", "bytes", first, |round| {
            round.pss.map(|bytes| bytes as f64)
        }),
    ];
    Json::Object(found.into_iter().flatten().collect())
}

/// Returns a metric with a sample per round, `None` where the system does not tell one.
fn metric(
    name: &'static str,
    unit: &str,
    rounds: &[Round],
    of: impl Fn(&Round) -> Option<f64>,
) -> Option<(&'static str, Json)> {
    let samples = rounds.iter().map(|round| of(round).map(Json::Real));
    let samples = Json::List(samples.collect::<Option<_>>()?);
    let unit = Json::Text(unit.to_owned());
    Some((
        name,
        Json::Object(vec![("unit", unit), ("samples", samples)]),
    ))
}

/// `operations`, `inserts` and `distinct` are of one round, the last.
fn notes(options: &Options, rounds: &[Round], clock: f64) -> Json {
    let mut notes: Vec<(&str, Json)> = vec![("rounds", (rounds.len() as u64).into())];
    if let Some(last) = rounds.last() {
        notes.push(("operations", last.operations().into()));
        notes.push(("inserts", last.inserts().into()));
        notes.push(("distinct", last.added.ids.into()));
        if options.form != FormName::Fixed {
            notes.push(("attempts", last.operations().into()));
            notes.push(("wall", last.wall.as_secs_f64().into()));
        }
    }
    notes.push(("every", (options.timed_every() as u64).into()));
    notes.push(("hash", options.hashing().name().to_owned().into()));
    notes.push(("clock", clock.into()));
    let on_cpu: Option<Vec<f64>> = rounds.iter().map(Round::on_cpu).collect();
    if let Some(shares) = on_cpu {
        notes.push(("on_cpu", percentile(&shares, 50.0).into()));
    }
    if let Some(bytes) = memory::peak_rss() {
        notes.push(("peak_rss", bytes.into()));
    }
    Json::Object(notes)
}
