//! Drawings for terminals.

use crate::matrix::Line;
use crate::tone::Tone;
use crate::{Axis, Campaign, Change, Comparison, Matrix, Record, Side};
use anstyle::Style;
use model::{Civil, plain};
use std::fmt::Write as _;

/// Whether a drawing may hold colour codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// Plain text: files, pipes, `NO_COLOR`.
    Never,
    /// ANSI colour codes: terminals.
    Always,
}

/// How wide a drawing gets, in characters. Columns beyond it go to a further block of rows.
const WIDTH: usize = 110;

/// How much of a row's name is shown, and of a column's.
const NAME: usize = 44;
const HEAD: usize = 28;

/// A cell in which nothing was tried.
const NOTHING: &str = "·";

/// Draws a matrix, and below it how many there are of each verdict. A single row is told with its evidence.
pub fn matrix(matrix: &Matrix<'_>, color: Color) -> String {
    let grid = matrix.grid();
    let name = |line: &Line<'_>| {
        let detail = line.detail.iter().map(|detail| format!("  {}", plain(detail)));
        clip(&std::iter::once(plain(&line.name)).chain(detail).collect::<String>(), NAME)
    };
    let names: Vec<String> = grid.lines.iter().map(name).collect();
    let width = names.iter().map(|name| length(name)).max().unwrap_or(0);
    let columns: Vec<(String, usize)> = grid
        .columns
        .iter()
        .enumerate()
        .map(|(place, column)| {
            let name = clip(&plain(column), HEAD);
            let cells = grid.lines.iter().filter_map(|line| line.cells[place]);
            let widest = cells.map(|record| length(&plain(&record.verdict))).max().unwrap_or(0);
            let width = widest.max(length(&name));
            (name, width)
        })
        .collect();
    let mut text = String::new();
    for block in blocks(width, &columns) {
        let mut line = " ".repeat(width);
        for (name, width) in &columns[block.clone()] {
            let _ = write!(line, "  {}", pad(name, *width));
        }
        let _ = writeln!(text, "{}", color.paint(Style::new().bold(), line.trim_end()));
        for (row, name) in grid.lines.iter().zip(&names) {
            let cells = &row.cells[block.clone()];
            if cells.iter().all(Option::is_none) {
                continue;
            }
            let mut line = pad(name, width);
            for (cell, (_, width)) in cells.iter().zip(&columns[block.clone()]) {
                let (word, style) = match cell {
                    Some(record) => (plain(&record.verdict), Tone::of(&record.verdict).style()),
                    None => (NOTHING.to_owned(), Style::new().dimmed()),
                };
                let rest = " ".repeat(width.saturating_sub(length(&word)));
                let _ = write!(line, "  {}{rest}", color.paint(style, &word));
            }
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text.push('\n');
    }
    if let [row] = &matrix.rows[..] {
        // Of many switches, those that make no difference would hide the others.
        let is_told =
            |record: &&&Record| matrix.axis == Axis::Toolchain || Tone::of(&record.verdict) != Tone::Quiet;
        row.cells.iter().flatten().filter(is_told).for_each(|record| told(&mut text, record, color));
    }
    text += &footer(matrix);
    text
}

/// What a matrix is made of, in some lines.
fn footer(matrix: &Matrix<'_>) -> String {
    let counts: Vec<String> =
        matrix.counts().iter().map(|(word, count)| format!("{count} {}", plain(word))).collect();
    let mut text = format!("{}: {}\n", matrix.size(), counts.join(", "));
    let hosts: Vec<String> = matrix.hosts().into_iter().map(plain).collect();
    if hosts.len() > 1 {
        let _ =
            writeln!(text, "the newest of {} hosts ({}); --host shows one", hosts.len(), hosts.join(", "));
    }
    if matrix.left_out > 0 {
        let _ = writeln!(
            text,
            "not shown: {} on switches; --switches shows them",
            count(matrix.left_out, "record")
        );
    }
    text
}

/// One verdict with all that shows it.
fn told(text: &mut String, record: &Record, color: Color) {
    let _ = writeln!(text, "{}  {}", verdict(record, color), place(record));
    for line in record.told() {
        let _ = writeln!(text, "   | {}", plain(line));
    }
    if !record.repro.is_empty() {
        let _ = writeln!(text, "   reproduce: {}", plain(&record.repro));
    }
    text.push('\n');
}

/// Draws what differs: each old verdict and the new one, with both evidences.
pub fn changed(comparison: &Comparison<'_>, records: &[Record], color: Color) -> String {
    let changed = &comparison.changed;
    let mut text = format!("{} → {}\n\n", side(&comparison.old, records), side(&comparison.new, records));
    for Change { old, new } in &changed.changes {
        let mut name = plain(&new.scenario);
        for detail in [&new.persona, &new.switch].into_iter().flatten() {
            let _ = write!(name, "  {}", plain(detail));
        }
        let _ = writeln!(text, "{}", color.paint(Style::new().bold(), &name));
        let _ = writeln!(text, "  {} → {}", verdict(old, color), verdict(new, color));
        for (when, record) in [("was", old), ("now", new)] {
            let _ = writeln!(text, "  {when}: {}", place(record));
            for line in record.told() {
                let _ = writeln!(text, "   | {}", plain(line));
            }
        }
        if !new.repro.is_empty() {
            let _ = writeln!(text, "  reproduce: {}", plain(&new.repro));
        }
        text.push('\n');
    }
    let _ = writeln!(
        text,
        "{} of {} changed; only on the old side: {}, only on the new side: {}",
        changed.changes.len(),
        count(changed.compared, "verdict"),
        changed.only_old,
        changed.only_new
    );
    text
}

/// Draws a line for each campaign, the newest last.
pub fn campaigns(campaigns: &[Campaign]) -> String {
    let width = campaigns.iter().map(|campaign| length(&plain(&campaign.campaign))).max().unwrap_or(0);
    let mut text = String::new();
    for campaign in campaigns {
        let verdicts: Vec<String> =
            campaign.verdicts.iter().map(|(word, count)| format!("{count} {}", plain(word))).collect();
        let _ = writeln!(
            text,
            "{}  {}  {}, {}{}: {}",
            pad(&plain(&campaign.campaign), width),
            Civil::from_unix_ms(campaign.at_unix_ms),
            plain(&campaign.host),
            plain(&campaign.kernel),
            campaign.go.iter().map(|go| format!(", {}", plain(go))).collect::<String>(),
            verdicts.join(", "),
        );
    }
    text
}

/// A side with when it was, and where.
pub(crate) fn side(side: &Side, records: &[Record]) -> String {
    let newest = side.records(records).into_iter().max_by_key(|record| record.at_unix_ms);
    let about = newest.map(|record| {
        let when = Civil::from_unix_ms(record.at_unix_ms);
        match side {
            Side::Campaign(_) => format!(" ({when}, {}, {})", record.host, record.kernel),
            Side::Host(_) => format!(" (up to {when}, {})", record.kernel),
        }
    });
    plain(&format!("{side}{}", about.unwrap_or_default()))
}

/// Where and when a verdict was come to.
pub(crate) fn place(record: &Record) -> String {
    let go = record.go.as_deref().unwrap_or("no Go");
    let when = Civil::from_unix_ms(record.at_unix_ms);
    plain(&format!("{go}, {when}, {}, kernel {}, {:.1} s", record.host, record.kernel, record.wall_s))
}

fn verdict(record: &Record, color: Color) -> String {
    color.paint(Tone::of(&record.verdict).style(), &plain(&record.verdict))
}

/// Which columns go together so that none is too far to the right.
fn blocks(name: usize, columns: &[(String, usize)]) -> Vec<std::ops::Range<usize>> {
    let mut blocks = Vec::new();
    let (mut start, mut end) = (0, name);
    for (place, (_, width)) in columns.iter().enumerate() {
        end += 2 + width;
        if end > WIDTH && place > start {
            blocks.push(start..place);
            (start, end) = (place, name + 2 + width);
        }
    }
    blocks.push(start..columns.len());
    blocks
}

fn clip(text: &str, limit: usize) -> String {
    if length(text) <= limit {
        return text.to_owned();
    }
    text.chars().take(limit - 1).chain(['…']).collect()
}

fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(length(text))))
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// A number with the noun it counts.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

impl Color {
    fn paint(self, style: Style, text: &str) -> String {
        match self {
            Color::Never => text.to_owned(),
            Color::Always => format!("{style}{text}{style:#}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Filter;
    use crate::record::sample;

    fn draw(records: &[Record], color: Color) -> String {
        matrix(&Matrix::of(records, Axis::Toolchain, &Filter::default()), color)
    }

    #[test]
    fn a_matrix_has_aligned_columns_and_counts() {
        let records = [
            sample("a", "long-scenario", "go1.26.8", "reproduced"),
            sample("a", "long-scenario", "go1.9", "refuted"),
            sample("a", "s", "go1.26.8", "partly"),
        ];
        let expect = "               go1.9    go1.26.8\n\
                      long-scenario  refuted  reproduced\n\
                      s              ·        partly\n\
                      \n\
                      2 scenarios, 2 toolchains: 1 reproduced, 1 refuted, 1 partly\n";
        assert_eq!(draw(&records, Color::Never), expect);
        assert!(draw(&records, Color::Always).contains("\u{1b}[1m\u{1b}[31mreproduced\u{1b}[0m"));
    }

    #[test]
    fn a_single_row_is_told_with_its_evidence() {
        let record = Record { reason: Some("because".to_owned()), ..sample("a", "s", "go1.26.8", "partly") };
        let text = draw(&[record], Color::Never);
        for part in [
            "partly  go1.26.8, 2026-11-20 20:02, alpha, kernel 6.18.44, 0.5 s",
            "   | because\n   | s on go1.26.8 is partly",
            "   reproduce: duress scenario run s",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }

    #[test]
    fn switches_that_make_no_difference_are_in_the_matrix_and_not_told() {
        let records = ["inert", "exposes"].map(|verdict| Record {
            switch: Some(format!("{verdict}=1")),
            ..sample("a", "s", "go1.26.8", verdict)
        });
        let text = matrix(&Matrix::of(&records, Axis::Switch, &Filter::default()), Color::Never);
        assert!(
            text.contains("\ninert=1    inert\n") && text.contains("| s on go1.26.8 is exposes"),
            "{text}"
        );
        assert!(!text.contains("is inert"), "{text}");
    }

    #[test]
    fn columns_that_do_not_fit_go_to_further_blocks() {
        let records: Vec<Record> = (0..40)
            .map(|number| {
                sample("a", if number < 39 { "s" } else { "t" }, &format!("go1.26.{number}"), "exposes")
            })
            .collect();
        let text = draw(&records, Color::Never);
        assert!(text.lines().all(|line| length(line) <= WIDTH), "{text}");
        for number in 0..40 {
            let name = format!("go1.26.{number}");
            assert_eq!(text.split_whitespace().filter(|word| *word == name).count(), 1, "{text}");
        }
        assert_eq!(text.matches("exposes").count(), 41, "40 cells and the footer: {text}");
    }

    #[test]
    fn nothing_a_terminal_obeys_gets_through() {
        let evil = "a\u{1b}[2Jb";
        let record = Record {
            scenario: evil.to_owned(),
            host: evil.to_owned(),
            kernel: evil.to_owned(),
            go: Some(evil.to_owned()),
            persona: Some(evil.to_owned()),
            verdict: evil.to_owned(),
            reason: Some(evil.to_owned()),
            evidence: vec![evil.to_owned()],
            repro: evil.to_owned(),
            ..sample(evil, "", "", "")
        };
        let other = Record { verdict: "partly".to_owned(), campaign: "b".to_owned(), ..record.clone() };
        let records = [record, other];
        let comparison = Comparison::newest(&records).expect("there are two");
        let drawn = [
            draw(&records, Color::Never),
            changed(&comparison, &records, Color::Never),
            campaigns(&crate::campaigns(&records)),
        ];
        assert_eq!(comparison.changed.changes.len(), 1);
        for text in drawn {
            assert!(text.contains("a\\u{1b}[2Jb") && !text.contains('\u{1b}'), "{text}");
        }
    }

    #[test]
    fn a_change_is_told_with_both_evidences_and_both_sides() {
        let old = sample("a", "s", "go1.26.8", "refuted");
        let new =
            Record { at_unix_ms: old.at_unix_ms + 60_000, ..sample("b", "s", "go1.26.8", "reproduced") };
        let records = [old, new];
        let comparison = Comparison::newest(&records).expect("there are two");
        let text = changed(&comparison, &records, Color::Never);
        for part in [
            "campaign a (2026-11-20 20:02, alpha, 6.18.44) → campaign b (2026-11-20 20:03, alpha, 6.18.44)",
            "s\n  refuted → reproduced\n",
            "  was: go1.26.8, 2026-11-20 20:02, alpha, kernel 6.18.44, 0.5 s\n   | s on go1.26.8 is refuted",
            "  now: go1.26.8, 2026-11-20 20:03, alpha, kernel 6.18.44, 0.5 s\n   | s on go1.26.8 is reproduced",
            "  reproduce: duress scenario run s",
            "1 of 1 verdict changed; only on the old side: 0, only on the new side: 0",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }
}
