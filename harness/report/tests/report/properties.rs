//! Whatever a journal holds, it is folded and drawn without a panic, and the drawings can be read.

use crate::journals::{Run, read};
use duress_report::{Color, Summary, diagnostics, folded, human, json, junit, pprof, sites};
use journal::{CallerNumbers, Entry, Reader, Stream};
use model::{
    CallSeq, Code, Decision, Diagnostic, Ending, Errno, Execution, Fault, ForcedResult, Frame, Goroutine,
    GoroutineNumber, Outcome, RuleId, Site, SiteNumber, Source, SubjectId, Symptom, Sysno, TestResult, Tgid,
    Tid,
};
use proptest::prelude::*;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// Names that collide, nest and hide control characters.
fn name() -> impl Strategy<Value = Cow<'static, str>> {
    prop_oneof![
        4 => Just("TestA"),
        4 => Just("TestA/b"),
        2 => Just("TestA/b/c"),
        1 => Just("example.com/x"),
        1 => Just("\u{1b}[2J\u{0}\u{202e}<&\"'>\u{ffff}"),
        1 => Just(""),
    ]
    .prop_map(Cow::Borrowed)
}

fn line() -> impl Strategy<Value = Cow<'static, str>> {
    prop_oneof![
        Just("WARNING: DATA RACE\n".to_owned()),
        Just("panic: no space left on device\n\n====\n".to_owned()),
        Just("exit status 3\n".to_owned()),
        any::<String>(),
    ]
    .prop_map(Cow::Owned)
}

fn fault() -> impl Strategy<Value = Fault> {
    let result = prop_oneof![
        Just(None),
        (1..4096_i32).prop_map(|raw| Errno::from_raw(raw).map(ForcedResult::Error)),
        any::<i64>().prop_map(|value| Some(ForcedResult::Value(value))),
    ];
    let execution = prop_oneof![Just(Execution::AsMade), Just(Execution::Skipped)];
    (result, execution, any::<u64>()).prop_map(|(result, execution, ns)| Fault {
        delay_enter: Duration::from_nanos(ns),
        execution,
        result,
        ..Fault::default()
    })
}

fn decision() -> impl Strategy<Value = Decision> {
    let inject = (0..4_u32, any::<u64>(), fault());
    prop_oneof![
        Just(Decision::Pass),
        inject.prop_map(|(rule, occurrence, fault)| Decision::Inject {
            rule: RuleId(rule),
            occurrence,
            fault
        }),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Passed),
        Just(Outcome::Injected),
        Just(Outcome::Vanished),
        Just(Outcome::Refused(Errno::EPERM)),
    ]
}

fn symptom() -> impl Strategy<Value = Symptom> {
    prop::sample::select(vec![
        Symptom::Panic,
        Symptom::Fatal,
        Symptom::Signal,
        Symptom::Race,
        Symptom::TestTimeout,
        Symptom::Build,
        Symptom::Message,
    ])
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![(0..4).prop_map(Ending::Exited), any::<i32>().prop_map(Ending::Signaled)]
}

/// Numbers that are named, that are not, and absurd ones.
fn number() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0..3_u32, 1 => any::<u32>()]
}

fn caller() -> impl Strategy<Value = Option<CallerNumbers>> {
    let numbers = (number(), prop::option::of(number()));
    prop::option::of(numbers.prop_map(|(site, goroutine)| CallerNumbers {
        site: SiteNumber(site),
        goroutine: goroutine.map(GoroutineNumber),
    }))
}

fn frame() -> impl Strategy<Value = Frame> {
    let code = prop::sample::select(vec![Code::User, Code::Dependency, Code::Standard, Code::Foreign]);
    let text = || prop_oneof![name().prop_map(Cow::into_owned), "[;% \\n/\\[\\.a]{0,9}", any::<String>()];
    (text(), text(), any::<u32>(), code, any::<bool>()).prop_map(|(function, file, line, code, is_shown)| {
        Frame { function: function.into(), file: file.into(), line, code, is_shown }
    })
}

fn goroutine() -> impl Strategy<Value = Goroutine> {
    let maybe = || prop::option::of(frame());
    let test = prop::option::of(name().prop_map(Cow::into_owned));
    (any::<u64>(), any::<Option<u64>>(), maybe(), maybe(), test)
        .prop_map(|(id, parent, creator, entry, test)| Goroutine { id, parent, creator, entry, test })
}

fn call() -> impl Strategy<Value = Entry<'static>> {
    let rules = prop::collection::vec((0..4_u32).prop_map(RuleId), 0..3);
    let who = (0..3_u32, any::<Option<i32>>(), 0..3_i32, caller());
    (who, 0..9_u64, prop_oneof![0..4_u16, any::<u16>()], rules, decision(), any::<u64>()).prop_map(
        |((subject, pid, tid, caller), seq, sysno, matched, decision, at)| Entry::Decided {
            subject: SubjectId(subject),
            seq: CallSeq(seq),
            pid: pid.map(Tgid),
            tid: Tid(tid),
            sysno: Sysno(u32::from(sysno)),
            args: Cow::Borrowed(&[]),
            matched: Cow::Owned(matched),
            decision,
            caller,
            at: model::Nanos(at),
        },
    )
}

fn entry() -> impl Strategy<Value = Entry<'static>> {
    let nanos = || any::<u64>().prop_map(model::Nanos);
    let subject = || (0..3_u32).prop_map(SubjectId);
    let maybe = || prop::option::of(name());
    let result = prop::sample::select(vec![TestResult::Pass, TestResult::Fail, TestResult::Skip]);
    prop_oneof![
        (subject(), name(), nanos()).prop_map(|(subject, key, at)| Entry::Subject {
            subject,
            key,
            pid: Tgid(1),
            program: "p".into(),
            go: None,
            at,
        }),
        call(),
        call(),
        call(),
        (number(), prop::collection::vec(frame(), 0..6), any::<bool>(), nanos()).prop_map(
            |(number, frames, is_whole, at)| Entry::Site {
                number: SiteNumber(number),
                site: Cow::Owned(Site { frames, is_whole }),
                at,
            }
        ),
        (number(), subject(), goroutine(), nanos()).prop_map(|(number, subject, goroutine, at)| {
            Entry::Goroutine {
                number: GoroutineNumber(number),
                subject,
                goroutine: Cow::Owned(goroutine),
                at,
            }
        }),
        (subject(), 0..9_u64, outcome(), nanos()).prop_map(|(subject, seq, outcome, at)| Entry::Settled {
            subject,
            seq: CallSeq(seq),
            outcome,
            at
        }),
        (subject(), prop::option::of(ending()), nanos())
            .prop_map(|(subject, ending, at)| Entry::SubjectEnded { subject, ending, at }),
        (name(), maybe(), result, any::<f64>(), nanos()).prop_map(
            |(package, test, result, elapsed_s, at)| Entry::Test { package, test, result, elapsed_s, at }
        ),
        (name(), name(), nanos()).prop_map(|(package, test, at)| Entry::TestStarted { package, test, at }),
        (maybe(), maybe(), line(), nanos()).prop_map(|(package, test, text, at)| Entry::Output {
            stream: Stream::Stderr,
            package,
            test,
            text,
            at,
        }),
        (symptom(), maybe(), maybe(), line(), nanos()).prop_map(|(symptom, package, test, line, at)| {
            Entry::Symptom { symptom, package, test, line, at }
        }),
        (prop::collection::vec(subject(), 0..3), nanos())
            .prop_map(|(subjects, at)| Entry::TimedOut { subjects: Cow::Owned(subjects), at }),
        (any::<i32>(), nanos()).prop_map(|(signal, at)| Entry::Interrupted { signal, at }),
        (ending(), nanos()).prop_map(|(ending, at)| Entry::CommandEnded { ending, at }),
        (any::<u32>(), nanos()).prop_map(|(count, at)| Entry::Stragglers { count, at }),
        (line(), nanos()).prop_map(|(reason, at)| Entry::Aborted { reason, errno: None, at }),
        nanos().prop_map(|at| Entry::Closed { at }),
    ]
}

fn consistent(summary: &Summary) -> Result<(), TestCaseError> {
    let profiled = summary.profile.total();
    prop_assert_eq!(profiled.faults, summary.faults.fired);
    prop_assert!(profiled.calls >= profiled.faults && profiled.faults >= profiled.errors);
    let decided = summary.fired.len() as u64 + summary.fired_omitted;
    let faults = summary.faults;
    prop_assert_eq!(decided, faults.fired + faults.vanished + faults.undelivered);
    prop_assert_eq!(summary.verdict.is_finding(), !summary.findings.is_empty());
    for finding in &summary.findings {
        prop_assert!(finding.kind.verdict().is_finding());
    }
    Ok(())
}

/// Whether each tag that is opened is closed, in order, and no character is one that XML forbids.
fn well_formed(xml: &str) -> Result<(), TestCaseError> {
    prop_assert!(xml.chars().all(|c| c == '\n' || !c.is_control()), "control character: {xml:?}");
    let has_non_characters = xml.contains(['\u{fffe}', '\u{ffff}']);
    prop_assert!(!has_non_characters);
    let mut open = Vec::new();
    for tag in xml.split('<').skip(1) {
        let (tag, text) = tag.split_once('>').ok_or_else(|| TestCaseError::fail("a tag without an end"))?;
        prop_assert!(!text.contains("]]>"));
        match tag.as_bytes() {
            [b'?', ..] | [.., b'/'] => {}
            [b'/', ..] => prop_assert_eq!(open.pop(), Some(&tag[1..])),
            _ => open.push(tag.split(' ').next().unwrap_or(tag)),
        }
    }
    prop_assert!(open.is_empty());
    Ok(())
}

/// The drawings of call paths are well formed, and none loses a call.
fn paths(summary: &Summary) -> Result<(), TestCaseError> {
    let total = summary.profile.total();
    let mut calls = 0;
    for line in folded::draw(summary, folded::Value::Calls).lines() {
        let (stack, count) = line.split_once(' ').ok_or_else(|| TestCaseError::fail("no count"))?;
        prop_assert!(stack.split(';').all(|frame| !frame.is_empty()), "{:?}", line);
        prop_assert!(stack.chars().all(|c| !c.is_whitespace() && !c.is_control()), "{:?}", line);
        calls += count.parse::<u64>().unwrap();
    }
    prop_assert_eq!(calls, total.calls);
    let table = sites::draw(summary, Color::Never);
    prop_assert!(table.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", table);
    let value: serde_json::Value = serde_json::from_str(&sites::json(summary)).unwrap();
    let rows = value["sites"].as_array().unwrap();
    prop_assert_eq!(rows.iter().map(|row| row["faults"].as_u64().unwrap()).sum::<u64>(), total.faults);
    prop_assert!(!pprof::draw(summary).is_empty());
    Ok(())
}

fn all_drawings(summary: &Summary) -> Result<(), TestCaseError> {
    consistent(summary)?;
    let text = human::draw(summary, Color::Never);
    prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    human::draw(summary, Color::Always);
    paths(summary)?;
    let value: serde_json::Value = serde_json::from_str(&json::draw(summary, 1)).unwrap();
    prop_assert_eq!(&value["verdict"], &summary.verdict.to_string());
    well_formed(&junit::draw(summary))
}

proptest! {
    #[test]
    fn any_entries_are_folded_and_drawn(entries in prop::collection::vec(entry(), 0..60), is_program: bool) {
        let mut run = if is_program { Run::program() } else { Run::go_test() };
        run = run.rule("\u{1b}[31m", "a\nb", &[Errno::EINTR]);
        run.entries.extend(entries);
        all_drawings(&run.summary())?;
    }

    #[test]
    fn two_runs_of_any_entries_are_compared_and_one_does_not_differ_from_itself(
        old in prop::collection::vec(entry(), 0..40),
        new in prop::collection::vec(entry(), 0..40),
    ) {
        let (mut then, mut now) = (Run::go_test(), Run::go_test());
        then.entries.extend(old);
        now.entries.extend(new);
        let (then, now) = (then.bytes(), now.bytes());
        let open = |bytes| Reader::open(bytes).unwrap();
        for found in duress_report::diverge(&mut open(&then[..]), &mut open(&now[..])).unwrap() {
            prop_assert!(found.to_string().chars().all(|c| !c.is_control()));
        }
        prop_assert_eq!(duress_report::diverge(&mut open(&then[..]), &mut open(&then[..])).unwrap(), vec![]);
    }

    #[test]
    fn a_damaged_journal_is_drawn(entries in prop::collection::vec(entry(), 0..20), at: prop::sample::Index, byte: u8) {
        let mut run = Run::go_test();
        let header = run.bytes().len();
        run.entries.extend(entries);
        let mut bytes = run.bytes();
        let at = at.index(bytes.len());
        prop_assume!(at >= header);
        bytes[at] = byte;
        all_drawings(&read(&bytes))?;
    }

    #[test]
    fn any_span_of_any_text_is_drawn(text: String, label: String, start in 0..80_usize, length in 0..80_usize) {
        let source = Arc::new(Source { name: "\u{1b}plan.toml".into(), text });
        let diagnostic = Diagnostic::error(&source, start..start + length, "no\u{7}").label(label).help("\u{0}");
        let drawn = diagnostics::draw(&[diagnostic], Color::Never);
        prop_assert!(drawn.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", drawn);
    }
}
