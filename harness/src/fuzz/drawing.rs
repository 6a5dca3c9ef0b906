//! The report of a search, for people.

use super::report::{Found, Report, Size};
use super::search::grouped;
use report::{Color, command_line, plain};
use std::fmt::Write as _;

/// Draws it.
pub(crate) fn human(report: &Report, color: Color) -> String {
    let mut text = String::new();
    let mut line = |words: String| {
        let _ = writeln!(text, "{words}");
    };
    let limits = &report.limits;
    let stack = limits.stack.map_or("unlimited".to_owned(), |bytes| format!("{} bytes", grouped(bytes)));
    line(format!(
        "{}  on kernel {}, stack limit {stack}",
        command_line(&report.command),
        plain(&report.kernel)
    ));
    line(format!(
        "  room for {} bytes in all, of which the command itself takes {}; {} in one string",
        grouped(limits.total),
        grouped(limits.own),
        grouped(limits.string)
    ));
    for found in &report.shapes {
        line(String::new());
        shape(found, report.strings, color, &mut line);
    }
    line(String::new());
    line(format!(
        "  execve tried {} times, the command run {} times, {:.1} s{}",
        report.probes,
        report.runs,
        report.wall_s,
        if report.complete { "" } else { "; the budget was used up: give more with --budget" }
    ));
    text
}

fn shape(found: &Found, strings: &str, color: Color, line: &mut impl FnMut(String)) {
    let verdict = format!("{:10}", found.verdict.to_string());
    let verdict = match (color, found.verdict.is_finding()) {
        (Color::Never, _) => verdict,
        (Color::Always, true) => format!("\x1b[1;31m{verdict}\x1b[0m"),
        (Color::Always, false) => format!("\x1b[1;32m{verdict}\x1b[0m"),
    };
    line(format!("{verdict} {}: {}", found.shape, meaning(found, strings)));
    let starts =
        found.starts.map_or("with nothing added".to_owned(), |size| format!("up to {}", words(size)));
    line(format!(
        "  starts {starts}; {} is {}",
        words(found.fails),
        if found.error == "killed" { "killed at its start" } else { &found.error }
    ));
    line(format!("    {}: {}", found.limit.name, found.limit.rule));
    match (found.model.agrees, found.model.starts) {
        (true, _) => line("    the rule and the kernel agree to the byte".to_owned()),
        (false, Some(bytes)) => {
            line(format!("    the rule does not agree: it says {} bytes; please report it", grouped(bytes)));
        }
        (false, None) => line("    the rule does not agree: it says none; please report it".to_owned()),
    }
    if let Some(inside) = &found.inside {
        let works =
            inside.works.map_or("none that was tried".to_owned(), |size| format!("up to {}", words(size)));
        let what = match inside.calls {
            0 => "the command does otherwise".to_owned(),
            1 => "an execve in it fails (E2BIG)".to_owned(),
            calls => format!("{calls} calls of execve in it fail (E2BIG)"),
        };
        line(format!("  works {works}; with {} {what}", words(inside.fails)));
        if !inside.exact {
            line("    in between was not searched".to_owned());
        }
        match &inside.limit {
            Some(limit) if limit.name == found.limit.name => {
                line(
                    "    the same limit: what is started there needs more than the command itself".to_owned(),
                );
            }
            Some(limit) => line(format!("    {}: {}", limit.name, limit.rule)),
            None => {}
        }
        if let Some(site) = &inside.site {
            line(format!("    {}", plain(site)));
        }
    }
    if !found.evidence.is_empty() {
        line(format!("    | {}", plain(&found.evidence)));
    }
    if let Some(run) = &found.run {
        line(format!("    look: duress show {}", plain(run)));
    }
    line(format!("    reproduce: {}", found.repro));
}

fn meaning(found: &Found, strings: &str) -> &'static str {
    use super::Shape;
    match (found.shape, strings) {
        (Shape::One, "arguments") => "one long argument",
        (Shape::One, _) => "one variable with a long value",
        (Shape::Name, _) => "one variable with a long name",
        (Shape::Many, "arguments") => "arguments of up to 64 KiB",
        (Shape::Many, _) => "variables of up to 64 KiB",
        (Shape::Tiny, "arguments") => "arguments of 8 bytes",
        (Shape::Tiny, _) => "variables of 8 bytes",
    }
}

fn words(size: Size) -> String {
    match size.strings {
        1 => format!("{} bytes", grouped(size.bytes)),
        strings => format!("{} bytes in {} strings", grouped(size.bytes), grouped(strings)),
    }
}
