//! The summary as one JSON object. Its keys are stable: adding is free, renaming breaks users.

use crate::{Caller, Fired, Summary, place};
use journal::Mode;
use model::Frame;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Run<'a> {
    run: &'a str,
    dir: String,
    command: &'a [String],
    verdict: String,
    exit_code: i32,
    seed: u64,
    go: Option<&'a str>,
    kernel: &'a str,
    mechanism: &'a str,
    wall_s: f64,
    complete: bool,
    timed_out: bool,
    interrupted: Option<i32>,
    aborted: Option<&'a str>,
    command_ending: Option<String>,
    stragglers: u32,
    duress: &'a str,
    mode: &'static str,
    cwd: &'a str,
    started_unix_ms: u64,
    replay_of: Option<&'a str>,
    journal: String,
    personas: &'a [String],
    faults: Counts,
    rules: Vec<Rule<'a>>,
    calls: &'a BTreeMap<String, u64>,
    tests: Vec<Test<'a>>,
    tests_unfinished: u64,
    fired: Vec<Fault<'a>>,
    fired_omitted: u64,
    findings: Vec<Finding<'a>>,
    findings_omitted: u64,
    subjects: Vec<Subject<'a>>,
    damage: Vec<Damage<'a>>,
}

#[derive(Serialize)]
struct Counts {
    matched: u64,
    fired: u64,
    vanished: u64,
    undelivered: u64,
}

#[derive(Serialize)]
struct Rule<'a> {
    name: &'a str,
    spec: &'a str,
    quiet: bool,
    racy: bool,
    persona: Option<&'a str>,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Serialize)]
struct Test<'a> {
    package: &'a str,
    test: &'a str,
    result: String,
    elapsed_s: Option<f64>,
}

#[derive(Serialize)]
struct Fault<'a> {
    seq: u64,
    rule: &'a str,
    occurrence: u64,
    syscall: String,
    outcome: &'a str,
    pid: Option<i32>,
    tid: i32,
    subject: u32,
    at_s: f64,
    // Null, or empty, where it is not known who made the call.
    goroutine: Option<u64>,
    test: Option<&'a str>,
    site: Vec<Cow<'a, str>>,
    line: Option<String>,
    created_by: Option<Creator<'a>>,
    frames: Vec<Step<'a>>,
}

/// One function of a call path, and the line in it.
#[derive(Serialize)]
pub(crate) struct Step<'a> {
    function: Cow<'a, str>,
    file: &'a str,
    line: u32,
}

/// What started a goroutine.
#[derive(Serialize)]
struct Creator<'a> {
    #[serde(flatten)]
    step: Step<'a>,
    goroutine: Option<u64>,
}

#[derive(Serialize)]
struct Finding<'a> {
    kind: String,
    message: &'a str,
    evidence: &'a str,
    package: Option<&'a str>,
    test: Option<&'a str>,
    met_by: &'a [String],
    repro: &'a str,
}

#[derive(Serialize)]
struct Subject<'a> {
    subject: u32,
    key: &'a str,
    pid: i32,
    program: &'a str,
    go: Option<&'a str>,
    ending: Option<String>,
    began_s: f64,
    ended_s: Option<f64>,
}

#[derive(Serialize)]
struct Damage<'a> {
    offset: u64,
    reason: &'a str,
}

/// Draws a summary as one line of JSON, with a line end. The exit code is the application's to say.
pub fn draw(summary: &Summary, exit_code: i32) -> String {
    let header = &summary.header;
    let run = Run {
        run: &header.run.0,
        dir: summary.dir.display().to_string(),
        command: &header.command,
        verdict: summary.verdict.to_string(),
        exit_code,
        seed: header.seed,
        go: header.go.as_deref(),
        kernel: &header.kernel,
        mechanism: &header.mechanism,
        wall_s: seconds(summary.wall),
        complete: summary.is_complete,
        timed_out: summary.is_timed_out,
        interrupted: summary.interrupted,
        aborted: summary.aborted.as_deref(),
        command_ending: summary.command_ending.map(|ending| ending.to_string()),
        stragglers: summary.stragglers,
        duress: &header.duress,
        mode: match header.mode {
            Mode::GoTest => "go-test",
            Mode::GoRun => "go-run",
            Mode::Program => "program",
            Mode::Attached => "attached",
        },
        cwd: &header.cwd,
        started_unix_ms: header.started_unix_ms,
        replay_of: header.replay_of.as_ref().map(|run| run.0.as_str()),
        journal: summary.journal().display().to_string(),
        personas: &header.personas,
        faults: counts(summary.faults),
        rules: summary
            .rules
            .iter()
            .map(|rule| Rule {
                name: &rule.name,
                spec: &rule.spec,
                quiet: rule.is_quiet,
                racy: rule.is_racy,
                persona: rule.persona.as_deref(),
                counts: counts(rule.faults),
            })
            .collect(),
        calls: &summary.calls,
        tests: summary.tests.iter().map(test).collect(),
        tests_unfinished: summary.tests_unfinished,
        fired: summary.fired.iter().map(|fired| fault(fired, &header.cwd)).collect(),
        fired_omitted: summary.fired_omitted,
        findings: summary.findings.iter().map(finding).collect(),
        findings_omitted: summary.findings_omitted,
        subjects: summary.subjects.iter().map(subject).collect(),
        damage: summary.damage.iter().map(|d| Damage { offset: d.offset, reason: &d.reason }).collect(),
    };
    let mut text = serde_json::to_string(&run).expect("its maps have string keys and its numbers are finite");
    text.push('\n');
    text
}

fn counts(faults: crate::Faults) -> Counts {
    let crate::Faults { matched, fired, vanished, undelivered } = faults;
    Counts { matched, fired, vanished, undelivered }
}

fn test(report: &crate::TestReport) -> Test<'_> {
    Test {
        package: &report.package,
        test: &report.test,
        result: report.result.to_string(),
        elapsed_s: report.elapsed.map(seconds),
    }
}

fn fault<'a>(fired: &'a Fired, cwd: &str) -> Fault<'a> {
    let caller = fired.caller.as_ref();
    let path = caller.map_or(Vec::new(), Caller::path);
    let goroutine = caller.and_then(Caller::goroutine);
    let creator = goroutine.and_then(|goroutine| Some((goroutine, goroutine.creator.as_ref()?)));
    Fault {
        seq: fired.seq.0,
        rule: &fired.rule,
        occurrence: fired.occurrence,
        syscall: fired.sysno.to_string(),
        outcome: &fired.outcome,
        pid: fired.pid.map(|pid| pid.0),
        tid: fired.tid.0,
        subject: fired.subject.0,
        at_s: seconds(fired.at.as_duration()),
        goroutine: goroutine.map(|goroutine| goroutine.id),
        test: caller.and_then(Caller::test),
        site: path.iter().map(|frame| frame.name()).collect(),
        line: caller.and_then(|caller| place::line(place::lead(caller.site.as_deref()?)?, cwd)),
        created_by: creator
            .map(|(goroutine, frame)| Creator { step: step(frame), goroutine: goroutine.parent }),
        frames: path.into_iter().map(step).collect(),
    }
}

/// A frame as JSON has it.
pub(crate) fn step(frame: &Frame) -> Step<'_> {
    Step { function: frame.name(), file: &frame.file, line: frame.line }
}

fn finding(finding: &crate::Finding) -> Finding<'_> {
    Finding {
        kind: finding.kind.to_string(),
        message: &finding.message,
        evidence: &finding.evidence,
        package: finding.package.as_deref(),
        test: finding.test.as_deref(),
        met_by: &finding.met_by,
        repro: &finding.repro,
    }
}

fn subject(subject: &crate::SubjectReport) -> Subject<'_> {
    Subject {
        subject: subject.subject.0,
        key: &subject.key,
        pid: subject.pid.0,
        program: &subject.program,
        go: subject.go.as_deref(),
        ending: subject.ending.map(|ending| ending.to_string()),
        began_s: seconds(subject.began.as_duration()),
        ended_s: subject.ended.map(|at| seconds(at.as_duration())),
    }
}

/// Seconds with microseconds: more is noise.
pub(crate) fn seconds(time: std::time::Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e6
}
