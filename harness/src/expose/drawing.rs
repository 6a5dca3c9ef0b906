//! The report, for people.

use super::effect::Effect;
use super::report::{Report, Tried};
use report::{Color, command_line, plain};
use std::fmt::Write as _;

/// No more is shown of a line.
const WIDTH: usize = 160;

/// Draws it.
pub(crate) fn human(report: &Report, color: Color) -> String {
    let mut text = String::new();
    let mut line = |words: String| {
        let _ = writeln!(text, "{words}");
    };
    let base = &report.base;
    line(format!("{}  with the switches of {}", command_line(&report.command), plain(&report.go)));
    let fired = match base.fired {
        1 => "1 fault fired".to_owned(),
        fired => format!("{fired} faults fired"),
    };
    let plain_verdict = base
        .without_faults
        .as_ref()
        .map_or(String::new(), |verdict| format!("; without the faults: {verdict}"));
    line(format!("  without a switch: {} in {} runs, {fired}{plain_verdict}", base.verdict, base.runs));
    match &base.names_cause {
        Some(said) => {
            line(format!("  the output names it already: {}", base.names.join(", ")));
            line(format!("    | {}", shown(said)));
        }
        None if base.cause_is_known => line(format!("  the output does not name the cause: {}", base.cause.join(", "))),
        None if base.cause.is_empty() => line("  nothing goes wrong, so there is nothing to expose".to_owned()),
        None => line("  no fault fired, so the cause is not known: a line that names an error or shows a stack has to do".to_owned()),
    }
    if base.flickering_lines > 0 {
        line(format!("  equal runs differ in {} lines, which count for nothing", base.flickering_lines));
    }
    for note in &report.notes {
        line(format!("  note: {note}"));
    }
    line(String::new());
    for effect in [Effect::Exposes, Effect::Changes, Effect::Fatal, Effect::Unknown] {
        for is_perturbation in [false, true] {
            for tried in report.of(effect).filter(|tried| tried.perturbs == is_perturbation) {
                row(tried, color, &mut line);
            }
        }
    }
    let (silent, talking): (Vec<&Tried>, Vec<&Tried>) =
        report.of(Effect::Inert).partition(|tried| tried.evidence == "no difference");
    for tried in talking {
        row(tried, color, &mut line);
    }
    if !silent.is_empty() {
        let names: Vec<&str> =
            silent.iter().map(|tried| tried.switch.trim_start_matches("GODEBUG=")).collect();
        let word = painted("inert   ", Effect::Inert, color);
        line(format!(
            "{word} no difference with these {}, of GODEBUG where no variable is named:",
            silent.len()
        ));
        wrapped(&names, &mut line);
    }
    line(String::new());
    let left = &report.left_out;
    if left.unlinked > 0 {
        line(format!(
            "{} were left out, for no package of the program reads them; --all tries them, too",
            left.unlinked
        ));
    }
    if !left.costly.is_empty() {
        let costly: Vec<String> = left
            .costly
            .iter()
            .filter(|(name, _)| !name.contains("cpu."))
            .map(|(name, why)| format!("{name} ({why})"))
            .collect();
        line(format!("left out for what they cost: {}", costly.join(", ")));
    }
    if !report.smallest.is_empty() {
        let set = if report.smallest.len() == 1 {
            "this one is enough"
        } else {
            "these are enough, and each is needed"
        };
        line(format!("{set}: {}", report.smallest.join(" ")));
        line(format!("  {}", report.repro));
    } else if base.names_cause.is_some() {
        line("no switch is needed".to_owned());
    } else {
        line(match base.cause.is_empty() {
            true => "there is nothing to expose".to_owned(),
            false => "no switch exposes the cause, and no set of those that come near".to_owned(),
        });
    }
    line(format!("{} switches, {} runs, {:.1} s", report.switches.len(), report.runs, report.wall_s));
    text
}

fn row(tried: &Tried, color: Color, line: &mut impl FnMut(String)) {
    let word = painted(&format!("{:8}", tried.effect), tried.effect, color);
    let what =
        if tried.names.is_empty() { String::new() } else { format!("  names {}", tried.names.join(", ")) };
    line(format!("{word} {}{}", tried.switch, shown(&what)));
    line(format!("           | {}", shown(&tried.evidence)));
}

fn shown(text: &str) -> String {
    let text = plain(text);
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn painted(word: &str, effect: Effect, color: Color) -> String {
    let code = match effect {
        Effect::Exposes => "1;32",
        Effect::Changes => "33",
        Effect::Fatal => "1;31",
        Effect::Unknown => "35",
        Effect::Inert => "2",
    };
    match color {
        Color::Always => format!("\x1b[{code}m{word}\x1b[0m"),
        Color::Never => word.to_owned(),
    }
}

fn wrapped(words: &[&str], line: &mut impl FnMut(String)) {
    let mut row = String::new();
    for word in words {
        if row.len() + word.len() > 110 && !row.is_empty() {
            line(format!("           {row}"));
            row.clear();
        }
        if !row.is_empty() {
            row.push(' ');
        }
        row.push_str(word);
    }
    line(format!("           {row}"));
}
