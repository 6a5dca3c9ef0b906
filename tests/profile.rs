//! Call paths for other tools: what `duress show` writes, the tools read.

#![expect(clippy::disallowed_methods, reason = "these tests are about other programs")]

use e2e::{Duress, Module, Need, duress_path, has};
use journal::{Attribution, CallerNumbers, Entry, FORMAT, Header, Mode, RuleHead, Writer};
use model::{
    CallSeq, Code, Decision, Errno, Fault, ForcedResult, Frame, Goroutine, GoroutineNumber, Nanos, RuleId,
    RunId, Site, SiteNumber, SubjectId, Sysno, Tgid, Tid,
};
use std::borrow::Cow;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

fn header(attribution: Attribution) -> Header {
    Header {
        format: FORMAT,
        duress: "0.1.0".into(),
        run: RunId("20261120-200512-7f3a".into()),
        command: vec!["go".into(), "test".into()],
        cwd: "/src".into(),
        mode: Mode::GoTest,
        whole_tree: false,
        plan: String::new(),
        rules: vec![RuleHead {
            name: "slow".into(),
            spec: "write:error=ENOSPC:delay_enter=20ms".into(),
            errors: vec![],
            is_quiet: false,
            is_racy: false,
            persona: None,
            counts_by_site: false,
        }],
        personas: Vec::new(),
        watch: vec![],
        seed: 1,
        attribution,
        timeout_s: None,
        replay_of: None,
        go: None,
        kernel: "6.18".into(),
        mechanism: "notify".into(),
        started_unix_ms: 1_795_204_000_000,
    }
}

fn frame(function: &str, file: &str, code: Code) -> Frame {
    Frame { function: function.into(), file: file.into(), line: 31, code, is_shown: true }
}

fn call(seq: u64, decision: Decision, caller: Option<CallerNumbers>) -> Entry<'static> {
    Entry::Decided {
        subject: SubjectId(1),
        seq: CallSeq(seq),
        pid: Some(Tgid(1)),
        tid: Tid(1),
        sysno: Sysno::write,
        args: Cow::Borrowed(&[]),
        matched: Cow::Borrowed(&[RuleId(0)]),
        decision,
        caller,
        at: Nanos(3_000_000 + seq),
    }
}

/// Two faults of 20 ms at `(*Log).Append`, one call that passed at a site of hostile names.
fn entries() -> Vec<Entry<'static>> {
    let at = Nanos(2_000_000);
    let site = |number, frames| {
        let site = Cow::Owned(Site { frames, is_whole: true });
        Entry::Site { number: SiteNumber(number), site, at }
    };
    let append = vec![
        frame("os.(*File).Write", "/go/os/file.go", Code::Standard),
        frame("example.com/store.(*Log).Append", "/src/store/log.go", Code::User),
    ];
    let hostile =
        vec![frame("x.a b;\n\u{1b}[31m", "/src/\u{0};x.go", Code::User), frame("", "", Code::Foreign)];
    let goroutine =
        Goroutine { id: 34, parent: None, creator: None, entry: None, test: Some("TestLog/append".into()) };
    let fault =
        Fault { delay_enter: Duration::from_millis(20), ..Fault::forced(ForcedResult::Error(Errno::ENOSPC)) };
    let hit = |occurrence| Decision::Inject { rule: RuleId(0), occurrence, fault: fault.clone() };
    let by = |site, goroutine: Option<u32>| {
        Some(CallerNumbers { site: SiteNumber(site), goroutine: goroutine.map(GoroutineNumber) })
    };
    vec![
        Entry::Subject {
            subject: SubjectId(1),
            key: "example.com/store".into(),
            pid: Tgid(1),
            program: "/tmp/store.test".into(),
            go: None,
            at,
        },
        site(0, append),
        site(1, hostile),
        Entry::Goroutine {
            number: GoroutineNumber(0),
            subject: SubjectId(1),
            goroutine: Cow::Owned(goroutine),
            at,
        },
        call(1, hit(1), by(0, Some(0))),
        call(2, hit(2), by(0, Some(0))),
        call(3, Decision::Pass, by(1, None)),
        Entry::Closed { at: Nanos(9_000_000) },
    ]
}

/// A folder with the journal of a run.
fn recorded(header: &Header, entries: &[Entry<'_>]) -> Module {
    let folder = Module::new(&[]);
    let mut writer = Writer::create(Vec::new(), header).expect("a header can be written");
    for entry in entries {
        writer.append(entry).expect("an entry can be written");
    }
    fs::write(folder.join("journal.duress"), writer.into_store()).expect("our own folder");
    folder
}

fn show(run: &Path, flags: &[&str]) -> e2e::Outcome {
    Duress::new(run, [&["show", "."], flags].concat()).run()
}

#[test]
fn go_tool_pprof_reads_the_profile() {
    if !has(&[Need::Go]) {
        return;
    }
    let run = recorded(&header(Attribution::All), &entries());
    let profile = Command::new(duress_path())
        .args(["show", ".", "--pprof"])
        .current_dir(run.path())
        .stderr(Stdio::inherit())
        .output()
        .expect("duress starts");
    assert!(profile.status.success());
    let path = run.join("faults.pb.gz");
    fs::write(&path, profile.stdout).expect("our own folder");
    let pprof = |flags: &[&str]| {
        let output = Command::new("go")
            .args(["tool", "pprof"])
            .args(flags)
            .arg(&path)
            .env("PPROF_TMPDIR", run.path())
            .output()
            .expect("go starts");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{flags:?}\n{out}\n{err}");
        out.into_owned()
    };
    let holds = |text: &str, parts: &[&str]| {
        for part in parts {
            assert!(text.contains(part), "no `{part}` in\n{text}");
        }
    };
    let delay = pprof(&["-top", "-sample_index=delay"]);
    holds(&delay, &["Type: delay", "Showing nodes accounting for 40ms, 100% of 40ms total"]);
    holds(&delay, &["40ms   100%   100%       40ms   100%  os.(*File).Write", "store.(*Log).Append"]);
    holds(&pprof(&["-top"]), &["Type: faults", "accounting for 2, 100% of 2 total"]);
    holds(&pprof(&["-top", "-lines", "-sample_index=calls"]), &["3 total", "/src/store/log.go:31"]);
    let tags = pprof(&["-tags", "-sample_index=calls"]);
    holds(&tags, &["TestLog/append", "write", "slow", "goroutine: Total", "34", "example.com/store"]);
    holds(&pprof(&["-top", "-tagfocus=test=TestLog"]), &["accounting for 2, 100% of 2 total"]);
    holds(&pprof(&["-raw"]), &["duress run 20261120-200512-7f3a", "Duration: "]);
}

#[test]
fn stacks_are_folded_and_sites_told() {
    let run = recorded(&header(Attribution::All), &entries());
    let stack = "TestLog/append;example.com/store.(*Log).Append;os.(*File).Write;[write]";
    let outcome = show(run.path(), &["--folded"]);
    let hostile = "?;x.a_b:\\u{a}\\u{1b}[31m;[write]";
    assert_eq!(outcome.expect_code(0).stdout, format!("{hostile} 1\n{stack} 2\n"));
    assert_eq!(show(run.path(), &["--folded", "--value", "latency"]).stdout, format!("{stack} 40000\n"));
    let outcome = show(run.path(), &["--site"]);
    outcome
        .expect_code(0)
        .expect_stdout(&["store.(*Log).Append (store/log.go:31) → os.(*File).Write", "40.0ms"]);
    let json = show(run.path(), &["--site", "--format", "json"]).json();
    assert_eq!(json["sites"][0]["line"], "store/log.go:31");
    show(run.path(), &["--site", "--format", "junit"]).expect_code(2).expect_stderr(&["no JUnit"]);
}

#[test]
fn a_run_without_sites_says_so() {
    let never = recorded(&header(Attribution::Never), &[call(1, Decision::Pass, None)]);
    for flag in ["--site", "--folded", "--pprof"] {
        show(never.path(), &[flag]).expect_code(2).expect_stderr(&["knows no sites", "`--sites fired`"]);
    }
    let unhit = recorded(&header(Attribution::Fired), &[call(1, Decision::Pass, None)]);
    show(unhit.path(), &["--folded"]).expect_code(0).expect_stderr(&["no fault hit a call"]);
}

#[test]
fn one_drawing_at_a_time() {
    let run = recorded(&header(Attribution::All), &entries());
    show(run.path(), &["--site", "--folded"]).expect_code(2).expect_stderr(&["cannot be used with"]);
    show(run.path(), &["--value", "calls"]).expect_code(2).expect_stderr(&["--folded"]);
}
