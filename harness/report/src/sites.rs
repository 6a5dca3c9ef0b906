//! Calls by call path: which places of the target were hit, and how hard.

use crate::json::{Step, seconds, step};
use crate::paint::{BOLD, DIM};
use crate::profile::{Sample, Tally};
use crate::text::{clip, command_line, count, plain};
use crate::{Caller, Color, Summary, place};
use journal::Attribution;
use model::SiteNumber;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// How wide the head line is, in columns.
const WIDTH: usize = 78;
/// How many sites a person is shown.
const SITES: usize = 20;
/// How many frames of one.
const FRAMES: usize = 12;
/// How many tests of one.
const TESTS: usize = 5;

/// All calls of one site key.
#[derive(Debug, Default)]
struct Row<'a> {
    tally: Tally,
    tests: BTreeSet<&'a str>,
    syscalls: BTreeMap<String, u64>,
    /// How many calls each variant (other lines, other hidden frames) made, and a caller of it.
    variants: BTreeMap<Option<SiteNumber>, (u64, Option<Caller>)>,
}

impl<'a> Row<'a> {
    fn add(&mut self, sample: Sample<'a>) {
        self.tally.add(sample.tally);
        self.tests.extend(sample.test);
        *self.syscalls.entry(sample.sysno.to_string()).or_default() += sample.tally.calls;
        let (calls, caller) = self.variants.entry(sample.site).or_default();
        *calls += sample.tally.calls;
        caller.get_or_insert(sample.caller);
    }

    /// A caller of the commonest variant.
    fn caller(&self) -> Option<&Caller> {
        let commonest = self.variants.values().max_by_key(|(calls, _)| *calls);
        commonest.and_then(|(_, caller)| caller.as_ref())
    }
}

/// The rows, those with most faults first, then those with most calls. What no site is known of is one row without a key.
fn rows(summary: &Summary) -> Vec<(Option<u64>, Row<'_>)> {
    // A key is made of all names of a path: once a site is enough.
    let mut keys: BTreeMap<SiteNumber, u64> = BTreeMap::new();
    let mut rows: BTreeMap<Option<u64>, Row<'_>> = BTreeMap::new();
    for sample in summary.profile.samples() {
        let site = sample.site.zip(sample.caller.site.as_ref());
        let key = site.map(|(number, site)| *keys.entry(number).or_insert_with(|| site.key().0));
        rows.entry(key).or_default().add(sample);
    }
    let mut rows: Vec<(Option<u64>, Row<'_>)> = rows.into_iter().collect();
    rows.sort_by_key(|(_, row)| Reverse((row.tally.faults, row.tally.calls)));
    rows
}

/// Which calls the counts are about, in words.
fn scope(attribution: Attribution) -> &'static str {
    match attribution {
        Attribution::Never => "no call's site was asked for, but where a rule did",
        Attribution::Fired => "calls that no rule hits are not in it",
        Attribution::All => "all trapped calls are in it",
    }
}

/// Draws the sites as a table for people.
pub fn draw(summary: &Summary, color: Color) -> String {
    let (rows, header) = (rows(summary), &summary.header);
    let mut lines = Vec::new();
    let title = "── duress sites ";
    let rule = format!("{title}{}", "─".repeat(WIDTH - title.chars().count()));
    lines.push(color.paint(DIM, &rule));
    lines.push(format!(" {}  {}", command_line(&header.command), color.paint(DIM, &plain(&header.run.0))));
    let total = summary.profile.total();
    lines.push(format!(
        " {}, {} in {}; {}",
        count(rows.iter().filter(|(key, _)| key.is_some()).count() as u64, "site"),
        count(total.faults, "fault"),
        count(total.calls, "call"),
        scope(header.attribution),
    ));
    if !rows.is_empty() {
        lines.push(String::new());
        lines.push(color.paint(DIM, " faults   calls     held"));
    }
    for (_, row) in rows.iter().take(SITES) {
        lines.extend(drawn(row, &header.cwd, color));
    }
    if rows.len() > SITES {
        let run = plain(&header.run.0);
        lines.push(format!(" … and {} more: duress show {run} --site --format json", rows.len() - SITES));
    }
    if summary.profile.omitted.calls > 0 {
        let calls = count(summary.profile.omitted.calls, "call");
        lines.push(format!(" {calls} beside these: too many sites, goroutines and tests to tell them apart"));
    }
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn drawn(row: &Row<'_>, cwd: &str, color: Color) -> Vec<String> {
    const MARGIN: &str = "                            ";
    let caller = row.caller();
    let site = caller.and_then(|caller| caller.site.as_deref());
    let name = site.map_or("an unknown place".to_owned(), |site| plain(&clip(&place::trail(site, cwd))));
    let tally = &row.tally;
    let held = if tally.latency.is_zero() { "-".to_owned() } else { format!("{:.1?}", tally.latency) };
    let mut lines =
        vec![format!(" {:>6}  {:>6}  {held:>7}   {}", tally.faults, tally.calls, color.paint(BOLD, &name))];
    let mut syscalls: Vec<(&String, &u64)> = row.syscalls.iter().collect();
    syscalls.sort_by_key(|(_, calls)| Reverse(**calls));
    let syscalls: Vec<String> = syscalls.iter().map(|(name, calls)| format!("{name} {calls}")).collect();
    lines.push(format!("{MARGIN}{}", plain(&clip(&syscalls.join(", ")))));
    if !row.tests.is_empty() {
        let mut tests = row.tests.iter().take(TESTS).copied().collect::<Vec<_>>().join(", ");
        if row.tests.len() > TESTS {
            tests = format!("{tests} and {} more", row.tests.len() - TESTS);
        }
        lines.push(format!("{MARGIN}in {}", plain(&clip(&tests))));
    }
    let path = caller.map_or(Vec::new(), Caller::path);
    let frames = path.iter().take(FRAMES).map(|frame| plain(&clip(&place::located(frame, cwd))));
    lines.extend(frames.map(|frame| color.paint(DIM, &format!("{MARGIN}  {frame}"))));
    if path.len() > FRAMES {
        lines.push(color.paint(DIM, &format!("{MARGIN}  … {} more", path.len() - FRAMES)));
    }
    lines
}

#[derive(Serialize)]
struct Sites<'a> {
    run: &'a str,
    attribution: &'static str,
    calls: u64,
    faults: u64,
    latency_s: f64,
    sites: Vec<Site<'a>>,
    /// Calls that were too many to be told apart.
    calls_omitted: u64,
}

#[derive(Serialize)]
struct Site<'a> {
    /// The same in every run and build with the same functions; null for what no site is known of.
    key: Option<String>,
    calls: u64,
    faults: u64,
    latency_s: f64,
    tests: &'a BTreeSet<&'a str>,
    syscalls: &'a BTreeMap<String, u64>,
    site: Vec<std::borrow::Cow<'a, str>>,
    line: Option<String>,
    frames: Vec<Step<'a>>,
}

/// Draws the sites as one line of JSON, with a line end.
pub fn json(summary: &Summary) -> String {
    let (rows, total, header) = (rows(summary), summary.profile.total(), &summary.header);
    let sites = rows.iter().map(|(key, row)| site(*key, row, &header.cwd)).collect();
    let sites = Sites {
        run: &header.run.0,
        attribution: match header.attribution {
            Attribution::Never => "never",
            Attribution::Fired => "fired",
            Attribution::All => "all",
        },
        calls: total.calls,
        faults: total.faults,
        latency_s: seconds(total.latency),
        sites,
        calls_omitted: summary.profile.omitted.calls,
    };
    let mut text =
        serde_json::to_string(&sites).expect("its maps have string keys and its numbers are finite");
    text.push('\n');
    text
}

fn site<'a>(key: Option<u64>, row: &'a Row<'a>, cwd: &str) -> Site<'a> {
    let caller = row.caller();
    let path = caller.map_or(Vec::new(), Caller::path);
    let lead = caller.and_then(|caller| caller.site.as_deref()).and_then(place::lead);
    Site {
        key: key.map(|key| format!("{key:016x}")),
        calls: row.tally.calls,
        faults: row.tally.faults,
        latency_s: seconds(row.tally.latency),
        tests: &row.tests,
        syscalls: &row.syscalls,
        site: path.iter().map(|frame| frame.name()).collect(),
        line: lead.and_then(|frame| place::line(frame, cwd)),
        frames: path.into_iter().map(step).collect(),
    }
}
