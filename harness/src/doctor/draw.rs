//! A diagnosis for people.

use super::check::{Check, State};
use super::diagnosis::Diagnosis;
use report::Color;
use std::fmt::Write as _;

/// So many details of a check are shown; `--format json` has all.
const SHOWN: usize = 12;

pub(crate) fn human(diagnosis: &Diagnosis, color: Color) -> String {
    let mut text = format!("duress {}\n\n", env!("CARGO_PKG_VERSION"));
    for check in &diagnosis.checks {
        of_check(check, color, &mut text);
    }
    if let Some(audit) = &diagnosis.binary {
        text.push('\n');
        for check in &audit.checks {
            of_check(check, color, &mut text);
        }
    }
    if !diagnosis.gates.is_empty() {
        text.push('\n');
    }
    for gate in &diagnosis.gates {
        let word = if gate.passed { painted("ok", "32", color) } else { painted("no", "31", color) };
        let _ = write!(text, " {word} {:20} {}", gate.gate, printable(&gate.reason));
        if let Some(help) = &gate.help {
            let _ = write!(text, "; help: {help}");
        }
        text.push('\n');
    }
    let _ = writeln!(text, "\n{}", conclusion(diagnosis));
    text
}

fn conclusion(diagnosis: &Diagnosis) -> String {
    let failed = diagnosis.gates.iter().filter(|gate| !gate.passed).count();
    let job = match (&diagnosis.binary, diagnosis.main_job) {
        (Some(audit), _) if audit.runs => "Nothing keeps the executable from running here.",
        (Some(_), _) => "The executable cannot run here; see `no` above.",
        (None, Some(true)) => "The main job works here: duress run -e SPEC -- go test ./...",
        (None, Some(false)) => "The main job cannot run here; see `no` above.",
        (None, None) => {
            "Whether the main job works is not known: files do not tell what their kernel allows."
        }
    };
    match (diagnosis.gates.len(), failed) {
        (0, _) => job.to_owned(),
        (all, 0) => format!("{job}\nAll gates passed: {all} of {all}."),
        (all, _) => format!("{job}\nGates failed: {failed} of {all}."),
    }
}

fn of_check(check: &Check, color: Color, text: &mut String) {
    let word = match check.state {
        State::Ok => painted("ok", "32", color),
        State::Limited => painted("limited", "33", color),
        State::No => painted("no", "31", color),
        State::Unknown => painted("unknown", "36", color),
    };
    let _ = writeln!(text, " {word} {:20} {}", check.name, printable(&check.found));
    let mut below = |line: &str| {
        let _ = writeln!(text, " {:8} {:20} {line}", "", "");
    };
    below(&printable(&check.meaning));
    for detail in check.details.iter().take(SHOWN) {
        below(&format!("- {}", printable(detail)));
    }
    if check.details.len() > SHOWN {
        below(&format!("- and {} more", check.details.len() - SHOWN));
    }
    if let Some(help) = &check.help {
        below(&format!("help: {}", printable(help)));
    }
}

fn painted(word: &str, code: &str, color: Color) -> String {
    let padded = format!("{word:8}");
    match color {
        Color::Always => format!("\x1b[{code}m{padded}\x1b[0m"),
        Color::Never => padded,
    }
}

/// Foreign text on one line, without what a terminal would take for orders.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}
