//! Which line of a target's output names the cause of its end.
//!
//! A line counts only in the place where Go prints it: at the left margin, outside of log lines, and with what Go prints
//! after it. `panic:` and `fatal error:` need a goroutine (`goroutine 7 [`, `runtime stack:`) within the next
//! [`PATIENCE`] lines at the left margin, or the process's end right after them (GOTRACEBACK=none); `SIGSEGV: …` needs
//! the registers; `signal: killed` needs the end of the package or of the stream. A test that merely prints such words
//! and goes on is not taken for a crash; one that also prints a forged goroutine header is.
//!
//! A SIGQUIT dump is no crash but an answer to somebody who asked (`go test -timeout`'s second stage, or duress): it is
//! recognised so that nothing in it is taken for something else, and is not reported.
//!
//! After a crash or a dump the rest of that package's output is its stacks, and is not searched further.

use crate::evidence::{self, Opening};
use crate::message::Log;
use crate::testlines::{self, Line};
use crate::{Action, Event};
use model::Symptom;
use std::collections::{HashMap, HashSet};

/// How many lines at the left margin may stand between a panic and its goroutines.
const PATIENCE: usize = 64;
/// The longest line that is kept, in bytes; the rest of a longer one counts as a line of its own.
const LONGEST: usize = 64 << 10;
/// How much of a decisive line is reported, in characters.
const QUOTED: usize = 2000;
/// How many running tests with log entries, and how many failed builds, are remembered.
const REMEMBERED: usize = 10_000;

/// A line that names a cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which kind.
    pub symptom: Symptom,
    /// The package under test, where known.
    pub package: Option<String>,
    /// The test that was running, where known.
    pub test: Option<String>,
    /// The decisive line without indentation and line end. What the runtime said right before a fatal error stands
    /// before it: `runtime: failed to create new OS thread (have 2 already; errno=11); fatal error: newosproc`.
    pub line: String,
}

/// Reads the output of one stream and reports what names a cause. For standard output and standard error of a command
/// that is no `go test -json`, use one each.
#[derive(Debug, Default)]
pub struct Recogniser {
    packages: HashMap<String, Watch>,
    plain: Watch,
    /// The first line the compiler printed, by the package it built.
    builds: HashMap<String, String>,
}

impl Recogniser {
    /// One that has read nothing.
    pub fn new() -> Recogniser {
        Recogniser::default()
    }

    /// Takes the next event of `go test -json`.
    pub fn event(&mut self, event: &Event) -> Vec<Finding> {
        if event.action == Action::BuildOutput {
            self.note_build(event);
            return Vec::new();
        }
        let Some(package) = &event.package else { return Vec::new() };
        let watch = self.packages.entry(package.clone()).or_default();
        watch.package = Some(package.clone());
        match (&event.action, &event.test) {
            (Action::Output, test) => {
                watch.text(event.output.as_deref().unwrap_or_default(), test.as_deref())
            }
            (Action::Fail, Some(test)) => watch.test_failed(test).into_iter().collect(),
            (Action::Pass | Action::Skip, Some(test)) => {
                watch.logs.remove(test);
                Vec::new()
            }
            (Action::Fail, None) => {
                let mut findings = watch.finish();
                findings.extend(watch.build_failed(event.failed_build.as_ref(), &self.builds));
                self.packages.remove(package);
                findings
            }
            (Action::Pass | Action::Skip, None) => {
                self.packages.remove(package);
                Vec::new()
            }
            (Action::Start | Action::Run | Action::Pause | Action::Cont | Action::Bench, _) => Vec::new(),
            (Action::BuildOutput | Action::BuildFail | Action::Other(_), _) => Vec::new(),
        }
    }

    /// Takes the next line of other output: a program's own, `go run`'s, the compiler's.
    pub fn line(&mut self, line: &str) -> Vec<Finding> {
        let line = line.strip_suffix('\n').unwrap_or(line);
        self.plain.text(&format!("{line}\n"), None)
    }

    /// What the end of the stream makes certain.
    pub fn finish(&mut self) -> Vec<Finding> {
        let mut findings = self.plain.finish();
        let mut packages: Vec<(String, Watch)> = self.packages.drain().collect();
        packages.sort_by(|a, b| a.0.cmp(&b.0));
        findings.extend(packages.into_iter().flat_map(|(_, mut watch)| watch.finish()));
        findings
    }

    fn note_build(&mut self, event: &Event) {
        let (Some(path), Some(text)) = (&event.import_path, &event.output) else { return };
        let is_telling = !text.starts_with("# ") && !text.trim().is_empty();
        if is_telling && !self.builds.contains_key(path) && self.builds.len() < REMEMBERED {
            self.builds.insert(path.clone(), quoted(text));
        }
    }
}

/// What is known about one package's output, or about a stream that has no packages.
#[derive(Debug, Default)]
struct Watch {
    package: Option<String>,
    /// The beginning of a line whose end has not come yet, and whose it is.
    open: String,
    open_test: Option<String>,
    last: Option<Line>,
    /// The line before, where it matters: `====…` before a race, `# pkg` before the compiler.
    previous: String,
    /// What the runtime said right before.
    note: Option<String>,
    pending: Option<Pending>,
    /// A crash or a dump is being printed.
    is_over: bool,
    /// Package testing came to its own end: `PASS` or `FAIL` stood there.
    is_summed_up: bool,
    /// The last line of text, if package log wrote it.
    last_words: Option<Finding>,
    raced: HashSet<Option<String>>,
    logs: HashMap<String, Log>,
    /// The `FAIL\tpkg [build failed]` line.
    build_failed: Option<String>,
}

#[derive(Debug)]
struct Pending {
    finding: Finding,
    waits_for: WaitsFor,
    /// Lines at the left margin since.
    lines: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WaitsFor {
    Goroutines,
    Registers { is_crash: bool },
    ProcessEnd,
}

impl Watch {
    /// Takes a piece of output, which may be a part of a line.
    fn text(&mut self, text: &str, test: Option<&str>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for piece in text.split_inclusive('\n') {
            // Framing lines begin anew even where the test's own text had no line end.
            let is_same_test = self.open_test.as_deref() == test;
            if !self.open.is_empty() && (!is_same_test || self.kind(piece, test) != Line::Text) {
                findings.extend(self.end_line());
            }
            self.open_test = test.map(str::to_owned);
            self.open.push_str(piece);
            if piece.ends_with('\n') || self.open.len() > LONGEST {
                findings.extend(self.end_line());
            }
        }
        findings
    }

    fn kind(&self, text: &str, test: Option<&str>) -> Line {
        testlines::classify(text, test, self.last.unwrap_or(Line::Text))
    }

    fn end_line(&mut self) -> Option<Finding> {
        let (line, test) = (std::mem::take(&mut self.open), self.open_test.take());
        let line = line.trim_end_matches(['\n', '\r']);
        let kind = self.kind(line, test.as_deref());
        self.last = Some(kind);
        match (kind, &test) {
            (Line::Log | Line::LogMore, Some(test)) => {
                if self.logs.len() < REMEMBERED || self.logs.contains_key(test) {
                    self.logs.entry(test.clone()).or_default().push(line, kind);
                }
                None
            }
            (Line::Frame | Line::Report { .. } | Line::Log | Line::LogMore, _) => None,
            (Line::BenchmarkName | Line::BenchmarkResult, _) => None,
            (Line::Text, _) => self.line(line, test),
        }
    }

    /// Takes a whole line that is not package testing's.
    fn line(&mut self, line: &str, test: Option<String>) -> Option<Finding> {
        let found = |symptom, line: &str, package: &Option<String>| Finding {
            symptom,
            package: package.clone(),
            test: test.clone(),
            line: quoted(line),
        };
        let previous = std::mem::replace(&mut self.previous, line.chars().take(200).collect());
        if let Some(finding) = self.resolve(line) {
            return Some(finding);
        }
        if line == "WARNING: DATA RACE" && previous.starts_with("=====") && self.raced.insert(test.clone()) {
            return Some(found(Symptom::Race, line, &self.package));
        }
        if self.package.is_none() && previous.starts_with("# ") && evidence::is_of_compiler(line) {
            return Some(found(Symptom::Build, line, &None));
        }
        if self.package.is_some() && test.is_none() {
            if matches!(line, "PASS" | "FAIL") {
                (self.is_summed_up, self.pending, self.last_words) = (true, None, None);
                return None;
            }
            if line.starts_with("FAIL\t") {
                if line.ends_with("failed]") {
                    self.build_failed = Some(line.to_owned());
                }
                return self.process_ended();
            }
        }
        if evidence::is_exit_status(line) {
            if self.package.is_some() {
                return None;
            }
            let finding = self.process_ended();
            // The same stream may carry the next process's output.
            (self.is_over, self.is_summed_up) = (false, false);
            return finding;
        }
        let opening = evidence::opening(line);
        let note = if evidence::is_note(line) {
            Some(self.note.take().unwrap_or_else(|| line.to_owned()))
        } else {
            None
        };
        let before = std::mem::replace(&mut self.note, note);
        if self.is_over && opening != Some(Opening::ProcessEnd(Symptom::TestTimeout)) {
            return None;
        }
        let whole = before.map_or_else(|| line.to_owned(), |note| format!("{note}; {line}"));
        let mut wait = |symptom, waits_for, line: &str, package: &Option<String>| {
            self.pending = Some(Pending { finding: found(symptom, line, package), waits_for, lines: 0 });
        };
        match opening {
            Some(Opening::Certain(symptom)) => {
                self.is_over = true;
                return Some(found(symptom, &whole, &self.package));
            }
            Some(Opening::Goroutines(symptom)) => wait(symptom, WaitsFor::Goroutines, &whole, &self.package),
            Some(Opening::Registers) => {
                wait(Symptom::Signal, WaitsFor::Registers { is_crash: true }, &whole, &self.package);
            }
            Some(Opening::Asked) => {
                wait(Symptom::Signal, WaitsFor::Registers { is_crash: false }, line, &self.package);
            }
            Some(Opening::ProcessEnd(symptom)) => wait(symptom, WaitsFor::ProcessEnd, line, &self.package),
            None => {}
        }
        if evidence::is_of_package_log(line) {
            self.last_words = Some(found(Symptom::Message, line, &self.package));
        } else if !line.trim().is_empty() {
            self.last_words = None;
        }
        None
    }

    /// Whether this line makes the pending one certain.
    fn resolve(&mut self, line: &str) -> Option<Finding> {
        let mut pending = self.pending.take()?;
        match pending.waits_for {
            WaitsFor::Goroutines if evidence::begins_a_stack(line) => {
                self.is_over = true;
                return Some(pending.finding);
            }
            WaitsFor::Registers { is_crash } if evidence::is_registers(line) => {
                self.is_over = true;
                return is_crash.then_some(pending.finding);
            }
            WaitsFor::Registers { .. } => return None,
            // Lines of go itself about the same end may come between.
            WaitsFor::ProcessEnd if line.starts_with("FAIL\t") || line.starts_with("signal: ") => {}
            WaitsFor::ProcessEnd if evidence::is_exit_status(line) => {}
            WaitsFor::ProcessEnd => return None,
            WaitsFor::Goroutines => {
                let is_end = evidence::is_exit_status(line) || line.starts_with("FAIL\t");
                // Further lines of a panic's text and its `[signal …` line are part of it.
                let is_margin = !line.is_empty() && !line.starts_with(['\t', '[']) && !is_end;
                pending.lines += usize::from(is_margin);
                if pending.lines > PATIENCE {
                    return None;
                }
            }
        }
        self.pending = Some(pending);
        None
    }

    /// The process is gone: `FAIL\tpkg`, `exit status 1`, or the end of the stream.
    fn process_ended(&mut self) -> Option<Finding> {
        let certain = self.pending.take().filter(|pending| match pending.waits_for {
            WaitsFor::Goroutines => pending.lines == 0,
            WaitsFor::ProcessEnd => true,
            WaitsFor::Registers { .. } => false,
        });
        let last_words = self.last_words.take().filter(|_| !self.is_over && !self.is_summed_up);
        let finding = certain.map(|pending| pending.finding).or(last_words);
        self.is_over |= finding.is_some();
        finding
    }

    fn test_failed(&mut self, test: &str) -> Option<Finding> {
        let log = self.logs.remove(test);
        let mut parent = test;
        while let Some((head, _)) = parent.rsplit_once('/') {
            if let Some(log) = self.logs.get_mut(head) {
                log.has_failed_part = true;
            }
            parent = head;
        }
        let log = log.filter(|_| !self.is_over)?;
        let line = log.telling()?;
        let (package, test) = (self.package.clone(), Some(test.to_owned()));
        Some(Finding { symptom: Symptom::Message, package, test, line: quoted(line) })
    }

    fn build_failed(&mut self, failed: Option<&String>, builds: &HashMap<String, String>) -> Option<Finding> {
        let said = failed.and_then(|path| builds.get(path)).cloned();
        let line = match (failed, said, self.build_failed.take()) {
            (_, Some(said), _) => said,
            (_, None, Some(line)) => line,
            (Some(path), None, None) => format!("cannot build {path}"),
            (None, None, None) => return None,
        };
        Some(Finding { symptom: Symptom::Build, package: self.package.clone(), test: None, line })
    }

    fn finish(&mut self) -> Vec<Finding> {
        let mut findings: Vec<Finding> =
            if self.open.is_empty() { Vec::new() } else { self.end_line().into_iter().collect() };
        // The end of the stream is the end of the process; a package's last lines have said so before. What package log
        // wrote last means something only next to a failure.
        self.last_words = None;
        findings.extend(self.process_ended());
        findings
    }
}

/// A line as it is reported: not indented, not endless.
pub(crate) fn quoted(line: &str) -> String {
    line.trim().chars().take(QUOTED).collect()
}

#[cfg(test)]
#[path = "crash_tests.rs"]
mod tests;
