//! What `go test` would have printed if it had not been asked for `-json`.
//!
//! Packages come in the order in which go starts them, as without `-json`: the first unfinished one is printed as it
//! goes (with `-v`, or without a list of packages), the others wait for their turn.
//!
//! Known differences from `go test` itself:
//! - `exit status 3` of a test binary that printed only what `go test` hides is missing: with `-json` go does not say it
//!   (go1.26; runTestActor.Act in cmd/go/internal/test/test.go).
//! - What t.Output writes is taken for the test's own text, unless it looks like a log line.
//! - The name of a benchmark and its figures stand on one line, even if the benchmark printed something in between.
//! - Output of a passing test in a package that streams appears when the test prints it, not before its summary.

use crate::held::{Held, LIMIT};
use crate::testlines::{self, Line, Reported};
use crate::{Action, Event};
use std::collections::{HashMap, VecDeque};

/// How `go test` was asked to print. [`crate::GoCommand::style`] tells it from the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// `-v`: every test is shown as it goes.
    pub verbose: bool,
    /// The user's own `-json`: lines are passed on untouched.
    pub raw_json: bool,
    /// What passing packages print is shown too: no package list, `-bench`, `-fuzz`.
    pub passing_output: bool,
    /// A last line `FAIL` is printed where a package failed: with a package list and without `-fuzz`.
    pub final_fail: bool,
}

/// Something to print now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Print {
    /// On standard output.
    Stdout(String),
    /// On standard error: what the compiler says.
    Stderr(String),
}

/// Turns the lines of `go test -json` back into what `go test` prints.
#[derive(Debug)]
pub struct Console {
    style: Style,
    order: VecDeque<String>,
    packages: HashMap<String, Package>,
    has_failed: bool,
}

impl Console {
    /// A console that prints in this style.
    pub fn new(style: Style) -> Console {
        Console { style, order: VecDeque::new(), packages: HashMap::new(), has_failed: false }
    }

    /// Takes the next line of go's standard output, without its line end, and what [`Event::parse`] made of it.
    pub fn feed(&mut self, line: &str, event: Option<&Event>) -> Option<Print> {
        let Some(event) = event.filter(|_| !self.style.raw_json) else {
            return Some(Print::Stdout(format!("{line}\n")));
        };
        if event.action == Action::BuildOutput {
            return event.output.clone().map(Print::Stderr);
        }
        let name = event.package.as_ref()?;
        if !self.packages.contains_key(name) {
            self.order.push_back(name.clone());
            self.packages.insert(name.clone(), Package::default());
        }
        let package = self.packages.get_mut(name)?;
        package.take(event, name, self.style);
        self.has_failed |= package.end == Some(End::Failed);
        let text = self.advance();
        (!text.is_empty()).then_some(Print::Stdout(text))
    }

    /// The text that is left once go has ended: that of packages that never came to an end, and the last `FAIL`.
    pub fn finish(&mut self) -> String {
        let mut text = String::new();
        for name in std::mem::take(&mut self.order) {
            if let Some(mut package) = self.packages.remove(&name) {
                text.push_str(&package.text(self.style));
            }
        }
        if self.style.final_fail && self.has_failed && !self.style.raw_json {
            text.push_str("FAIL\n");
        }
        text
    }

    /// The text whose turn it is.
    fn advance(&mut self) -> String {
        let mut text = String::new();
        while let Some(name) = self.order.front() {
            let Some(package) = self.packages.get_mut(name) else { break };
            if package.end.is_none() {
                if self.style.verbose || self.style.passing_output {
                    text.push_str(&package.out.take());
                }
                break;
            }
            text.push_str(&package.text(self.style));
            self.packages.remove(name);
            self.order.pop_front();
        }
        text
    }
}

/// A package whose text is not printed yet.
#[derive(Debug, Default)]
struct Package {
    out: Held,
    /// The lines that `go test` prints of a passing package.
    summary: String,
    /// For each running test, what will stand below its report line: its log lines (not with `-v`, which prints them
    /// at once) and the reports of its subtests.
    below: HashMap<String, String>,
    below_bytes: usize,
    left_out: usize,
    /// The kind of the last line, and whether it still lacks its end.
    last: Option<(Line, bool)>,
    /// The test that the last framing line named (`chattyPrinter.lastName` in testing.go).
    named: Option<String>,
    end: Option<End>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Passed,
    Failed,
}

impl Package {
    fn take(&mut self, event: &Event, name: &str, style: Style) {
        match (&event.action, &event.test) {
            (Action::Output, test) => {
                if let Some(text) = &event.output {
                    self.print(text, test.as_deref(), name, style);
                }
            }
            (Action::Run, Some(test)) => {
                self.below.entry(test.clone()).or_default();
            }
            (Action::Pass | Action::Skip | Action::Fail | Action::Bench, Some(test)) => self.forget(test),
            (Action::Pass | Action::Skip, None) => self.end = Some(End::Passed),
            (Action::Fail, None) => self.end = Some(End::Failed),
            (Action::Start | Action::Run | Action::Pause | Action::Cont | Action::Bench, _) => {}
            (Action::BuildOutput | Action::BuildFail | Action::Other(_), _) => {}
        }
    }

    fn print(&mut self, text: &str, test: Option<&str>, name: &str, style: Style) {
        let line = match self.last {
            // A long line comes in pieces; its beginning says what it is. Framing lines begin anew in any case.
            Some((before, true)) => match testlines::classify(text, test, before) {
                framing @ (Line::Frame | Line::Report { .. }) => framing,
                Line::Log | Line::LogMore | Line::Text | Line::BenchmarkName | Line::BenchmarkResult => {
                    before
                }
            },
            Some((before, false)) => testlines::classify(text, test, before),
            None => testlines::classify(text, test, Line::Text),
        };
        let is_new = !self.last.is_some_and(|(_, is_open)| is_open);
        self.last = Some((line, !text.ends_with('\n')));
        let Some(test) = test else {
            if is_new && testlines::is_summary(text, name) {
                self.summary.push_str(text);
            }
            return self.out.push(text);
        };
        match (line, style.verbose) {
            (Line::Report { is_late: true, .. } | Line::Text, true) => self.out.push(text),
            (Line::Text, false) => self.out.push(text),
            // `-json` announces a benchmark in both ways, `-v` only by its name.
            (Line::Frame, true) if testlines::is_benchmark(test) => {}
            (Line::Frame, true) => {
                self.named = Some(test.to_owned());
                self.out.push(text);
            }
            (Line::Frame | Line::BenchmarkName, false) => {}
            (Line::BenchmarkName, true) => self.out.push(text),
            (Line::Log, true) => {
                let is_elsewhere = self.named.as_deref().is_some_and(|named| named != test);
                if is_new && is_elsewhere && !testlines::is_benchmark(test) {
                    self.out.push(&format!("=== NAME  {test}\n"));
                }
                self.named = Some(test.to_owned());
                self.out.push(text);
            }
            (Line::LogMore, true) => self.out.push(text),
            (Line::Log | Line::LogMore, false) => self.put_below(test, text),
            (Line::BenchmarkResult, _) => {
                self.out.push(text);
                let log = self.below.get_mut(test).map(std::mem::take).unwrap_or_default();
                if !log.is_empty() {
                    let full = text.split(['\t', ' ']).next().unwrap_or(test);
                    self.out.push(&format!("--- BENCH: {full}\n{log}"));
                }
            }
            (Line::Report { result, is_late }, is_verbose) => {
                let is_shown = is_verbose || matches!(result, Reported::Fail | Reported::Bench);
                let below = self.below.get_mut(test).map(std::mem::take).unwrap_or_default();
                match (is_shown, self.parent(test)) {
                    (false, _) => {}
                    (true, Some(parent)) if !is_late => {
                        self.put_below(&parent, &indented(text));
                        self.put_below(&parent, &indented(&below));
                    }
                    (true, Some(_)) => {
                        let depth = (text.len() - text.trim_start_matches("    ").len()) / 4;
                        self.out.push(text);
                        self.out.push(&(0..depth).fold(below, |text, _| indented(&text)));
                    }
                    (true, None) => {
                        self.named = Some(test.to_owned());
                        self.out.push(text);
                        self.out.push(&below);
                    }
                }
            }
        }
    }

    /// The test that this one is a part of. Names of subtests may contain slashes themselves, so it is looked for.
    fn parent(&self, test: &str) -> Option<String> {
        if testlines::is_benchmark(test) {
            return None;
        }
        let mut shorter = test;
        while let Some((head, _)) = shorter.rsplit_once('/') {
            if self.below.contains_key(head) {
                return Some(head.to_owned());
            }
            shorter = head;
        }
        None
    }

    fn put_below(&mut self, test: &str, text: &str) {
        if self.below_bytes + text.len() > LIMIT {
            self.left_out += text.len();
            return;
        }
        self.below_bytes += text.len();
        self.below.entry(test.to_owned()).or_default().push_str(text);
    }

    fn forget(&mut self, test: &str) {
        self.below.remove(test);
        if self.below.is_empty() {
            self.below_bytes = 0;
        }
    }

    fn text(&mut self, style: Style) -> String {
        if self.end == Some(End::Passed) && !style.verbose && !style.passing_output {
            return std::mem::take(&mut self.summary);
        }
        if self.left_out > 0 {
            self.out.push(&format!("… {} bytes of log lines left out …\n", self.left_out));
            self.left_out = 0;
        }
        self.out.take()
    }
}

fn indented(text: &str) -> String {
    text.split_inclusive('\n').map(|line| format!("    {line}")).collect()
}

#[cfg(test)]
#[path = "console_tests.rs"]
mod tests;
