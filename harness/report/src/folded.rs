//! Folded stacks: one line for each call path, as flamegraph.pl, inferno and speedscope read them.
//!
//! `TestSave;example.com/x.Save;os.Rename;[renameat] 3`: the test, the path from the outside in, the system call.

use crate::Summary;
use crate::profile::{Sample, Tally};
use crate::text::plain;
use journal::Attribution;
use std::collections::BTreeMap;

/// What the numbers behind stacks count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// Calls.
    Calls,
    /// Faults that reached their caller.
    Faults,
    /// How long faults held their callers, in microseconds.
    Latency,
}

impl Value {
    /// What a run knows most of: all its calls, or its faults only.
    pub fn of(attribution: Attribution) -> Value {
        match attribution {
            Attribution::All => Value::Calls,
            Attribution::Never | Attribution::Fired => Value::Faults,
        }
    }

    fn in_tally(self, tally: &Tally) -> u64 {
        match self {
            Value::Calls => tally.calls,
            Value::Faults => tally.faults,
            Value::Latency => u64::try_from(tally.latency.as_micros()).unwrap_or(u64::MAX),
        }
    }
}

/// Draws the stacks, sorted; those that count nothing are left out.
pub fn draw(summary: &Summary, value: Value) -> String {
    let mut stacks: BTreeMap<String, u64> = BTreeMap::new();
    for sample in summary.profile.samples() {
        let number = value.in_tally(&sample.tally);
        if number > 0 {
            let count = stacks.entry(stack(&sample)).or_default();
            *count = count.saturating_add(number);
        }
    }
    stacks.iter().map(|(stack, count)| format!("{stack} {count}\n")).collect()
}

fn stack(sample: &Sample<'_>) -> String {
    let path = sample.caller.path();
    let mut frames: Vec<String> = sample.test.map(frame).into_iter().collect();
    if path.is_empty() {
        frames.push("unknown".to_owned());
    }
    frames.extend(path.iter().rev().map(|step| frame(&step.name())));
    frames.push(frame(&format!("[{}]", sample.sysno)));
    frames.join(";")
}

/// A name in which nothing ends a frame, a stack or a line.
fn frame(name: &str) -> String {
    let plain: String = plain(name)
        .chars()
        .map(|c| match c {
            ';' => ':',
            c if c.is_whitespace() => '_',
            c => c,
        })
        .collect();
    if plain.is_empty() { "?".to_owned() } else { plain }
}
