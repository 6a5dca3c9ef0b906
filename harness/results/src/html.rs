//! Drawings for browsers: one page that needs nothing beside it.

use crate::human::{count, place, side};
use crate::tone::{Tone, meaning};
use crate::{Axis, Comparison, Matrix, Record};
use model::{Civil, plain};
use std::fmt::Write as _;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// A page with the matrix, a legend, and each verdict's evidence behind it.
pub fn matrix(matrix: &Matrix<'_>) -> String {
    let mut about = footline(matrix);
    about += "<ul class=\"legend\">";
    for (word, count) in matrix.counts() {
        let _ = write!(about, "<li>{} {} ({count})</li>", chip(word), meaning(word));
    }
    about += "</ul>";
    let grid = matrix.grid();
    let mut table = format!("<thead><tr><th scope=\"col\">{}</th>", grid.corner);
    for column in &grid.columns {
        let _ = write!(table, "<th scope=\"col\">{}</th>", escape(column));
    }
    table += "</tr></thead>\n<tbody>\n";
    for line in &grid.lines {
        let _ = write!(table, "<tr><th scope=\"row\">{}", escape(&line.name));
        if let Some(detail) = &line.detail {
            let _ = write!(table, "<small>{}</small>", escape(detail));
        }
        table += "</th>";
        for cell in &line.cells {
            match cell {
                Some(record) => verdict(&mut table, record, Evidence::Folded),
                None => table += "<td class=\"empty\" title=\"not tried\">·</td>",
            }
        }
        table += "</tr>\n";
    }
    page("duress results", &about, &table)
}

/// A page with what differs between two sides; without them, one that says so.
pub fn changed(comparison: Option<&Comparison<'_>>, records: &[Record]) -> String {
    let title = "duress results: what changed";
    let Some(comparison) = comparison else {
        return page(title, "<p>Nothing to compare.</p>", "<tbody>");
    };
    let changed = &comparison.changed;
    let about = format!(
        "<p>{} → {}</p><p>{} of {} changed; only on the old side: {}, only on the new side: {}.</p>",
        escape(&side(&comparison.old, records)),
        escape(&side(&comparison.new, records)),
        changed.changes.len(),
        count(changed.compared, "verdict"),
        changed.only_old,
        changed.only_new
    );
    let head = ["scenario", "was", "now"].map(|name| format!("<th scope=\"col\">{name}</th>")).concat();
    let mut table = format!("<thead><tr>{head}</tr></thead>\n<tbody>\n");
    for change in &changed.changes {
        let _ = write!(table, "<tr><th scope=\"row\">{}", escape(&change.new.scenario));
        let go = match (&change.old.go, &change.new.go) {
            (Some(old), Some(new)) if old != new => Some(format!("{old} → {new}")),
            (_, new) => new.clone(),
        };
        for detail in [&go, &change.new.persona, &change.new.switch].into_iter().flatten() {
            let _ = write!(table, "<small>{}</small>", escape(detail));
        }
        table += "</th>";
        verdict(&mut table, change.old, Evidence::Shown);
        verdict(&mut table, change.new, Evidence::Shown);
        table += "</tr>\n";
    }
    page(title, &about, &table)
}

fn footline(matrix: &Matrix<'_>) -> String {
    let mut text = format!("<p>{}", matrix.size());
    let hosts: Vec<String> = matrix.hosts().into_iter().map(escape).collect();
    let newest = matrix.records().map(|record| record.at_unix_ms).max();
    if let Some(newest) = newest {
        let _ = write!(
            text,
            "; the newest of each cell, up to {} UTC, on {}",
            Civil::from_unix_ms(newest),
            hosts.join(", ")
        );
    }
    if matrix.left_out > 0 && matrix.axis == Axis::Toolchain {
        let _ = write!(text, "; without {} on switches", count(matrix.left_out, "record"));
    }
    text + ".</p>"
}

/// Whether evidence is to be seen at once, or once its verdict is clicked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Evidence {
    Folded,
    Shown,
}

/// A cell: the word, and all that shows it behind that.
fn verdict(table: &mut String, record: &Record, evidence: Evidence) {
    let open = match evidence {
        Evidence::Folded => "",
        Evidence::Shown => " open",
    };
    let _ = write!(
        table,
        "<td class=\"{}\"><details{open}><summary>{}</summary>",
        Tone::of(&record.verdict).class(),
        escape(&record.verdict)
    );
    if let Some(reason) = &record.reason {
        let _ = write!(table, "<p>{}</p>", lines(reason));
    }
    if !record.evidence.is_empty() {
        let _ = write!(table, "<pre>{}</pre>", lines(&record.evidence.join("\n")));
    }
    let _ = write!(table, "<p>{}, {} fired</p>", escape(&place(record)), count_faults(record.fired));
    if !record.repro.is_empty() {
        let _ = write!(table, "<p>reproduce: <code>{}</code></p>", escape(&record.repro));
    }
    let _ = write!(table, "<p>campaign {}</p></details></td>", escape(&record.campaign));
}

fn count_faults(fired: u64) -> String {
    if fired == 1 { "1 fault".to_owned() } else { format!("{fired} faults") }
}

fn chip(word: &str) -> String {
    format!("<span class=\"chip {}\">{}</span>", Tone::of(word).class(), escape(word))
}

fn page(title: &str, about: &str, table: &str) -> String {
    // The box stays hidden where scripts do not run.
    let filter = "<label hidden>Show rows with <input id=\"filter\" type=\"search\" \
                  placeholder=\"scenario, verdict, words of the evidence\"><span id=\"shown\"></span></label>";
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n{about}\n{filter}\n</header>\n\
         <div class=\"sheet\" tabindex=\"0\"><table>\n{table}</tbody>\n</table></div>\n\
         <script>\n{SCRIPT}</script>\n</body>\n</html>\n"
    )
}

/// Foreign text of several lines.
fn lines(text: &str) -> String {
    text.lines().map(escape).collect::<Vec<_>>().join("\n")
}

/// Foreign text of one line, as text or within quotes.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            '\'' => safe += "&#39;",
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sample;
    use crate::{Filter, VERDICTS};

    fn draw(records: &[Record]) -> String {
        matrix(&Matrix::of(records, Axis::Toolchain, &Filter::default()))
    }

    #[test]
    fn every_cell_says_its_verdict_in_words_and_has_its_evidence() {
        let records: Vec<Record> = VERDICTS
            .iter()
            .map(|verdict| sample("a", &format!("on-{verdict}"), "go1.26.8", verdict))
            .collect();
        let page = draw(&records);
        for verdict in VERDICTS {
            assert!(page.contains(&format!("<summary>{verdict}</summary>")), "{page}");
            assert!(page.contains(&format!("<pre>on-{verdict} on go1.26.8 is {verdict}</pre>")), "{page}");
            assert!(page.contains(&format!("{verdict}</span> {} (1)</li>", meaning(verdict))), "{page}");
        }
        assert!(page.contains("<td class=\"bad\"><details><summary>reproduced"), "{page}");
        assert!(page.contains("duress scenario run on-partly"), "{page}");
    }

    #[test]
    fn it_needs_nothing_from_elsewhere() {
        let page = draw(&[sample("a", "s", "go1.26.8", "partly")]);
        for outside in ["http:", "https:", "//cdn", "src=", "href=", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}\n{page}");
        }
    }

    #[test]
    fn nothing_a_browser_obeys_gets_through() {
        let evil = "<script>alert('x')</script>\"onload=x&amp;\u{202e}";
        let record = Record {
            host: evil.to_owned(),
            kernel: evil.to_owned(),
            go: Some(evil.to_owned()),
            persona: Some(evil.to_owned()),
            reason: Some(evil.to_owned()),
            evidence: vec![evil.to_owned()],
            repro: evil.to_owned(),
            ..sample(evil, evil, "", evil)
        };
        let other = Record { verdict: format!("{evil}2"), campaign: "b".to_owned(), ..record.clone() };
        let records = [record, other];
        let comparison = Comparison::newest(&records).expect("there are two");
        for page in [draw(&records[..1]), changed(Some(&comparison), &records)] {
            assert_eq!(page.matches("<script").count(), 1, "only ours: {page}");
            assert!(
                !page.contains("\"onload") && !page.contains("'x'") && !page.contains('\u{202e}'),
                "{page}"
            );
            assert!(
                page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;onload=x&amp;amp;"),
                "{page}"
            );
        }
    }

    #[test]
    fn a_change_shows_both_verdicts_and_their_evidence_at_once() {
        let records = [sample("a", "s", "go1.1", "partly"), sample("b", "s", "go1.2", "refuted")];
        let page = changed(Comparison::newest(&records).as_ref(), &records);
        let (old, new) =
            (page.find("<details open><summary>partly"), page.find("<details open><summary>refuted"));
        assert!(page.contains("<small>go1.1 → go1.2</small>"), "{page}");
        assert!(old.is_some() && old < new, "{page}");
        assert!(changed(None, &[]).contains("Nothing to compare"));
    }
}
