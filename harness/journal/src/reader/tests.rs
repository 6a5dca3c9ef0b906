//! What was written is read, and whatever became of the file is survived.

use super::*;
use crate::frame::seal;
use crate::{Attribution, CallerNumbers, Mode, RuleHead, Stream, Writer};
use model::{
    CallSeq, Code, Content, Decision, Ending, Errno, Execution, Fault, ForcedResult, Frame, Goroutine,
    GoroutineNumber, Nanos, Outcome, Poke, RuleId, RunId, Signal, Site, SiteNumber, SubjectId, Symptom,
    Sysno, TestResult, Tgid, Tid, Victim,
};
use proptest::prelude::*;
use std::borrow::Cow;
use std::time::Duration;

fn header() -> Header {
    Header {
        format: FORMAT,
        duress: "0.1.0".into(),
        run: RunId("20261120-200512-7f3a".into()),
        command: vec!["go".into(), "test".into(), "a \"b\"\n\u{0}".into()],
        cwd: "/home/u".into(),
        mode: Mode::GoTest,
        whole_tree: false,
        plan: "[[rule]]\n".into(),
        rules: vec![RuleHead {
            name: "r".into(),
            spec: "s".into(),
            errors: vec![("EIO".into(), "io".into())],
            is_quiet: false,
            is_racy: true,
            persona: None,
            counts_by_site: true,
        }],
        personas: Vec::new(),
        watch: vec!["openat".into()],
        seed: u64::MAX,
        attribution: Attribution::All,
        timeout_s: Some(2.5),
        replay_of: Some(RunId("before".into())),
        go: Some("go1.26.8".into()),
        kernel: "6.18.44".into(),
        mechanism: "notify".into(),
        started_unix_ms: 1_795_204_000_000,
    }
}

fn text() -> impl Strategy<Value = Cow<'static, str>> {
    any::<String>().prop_map(Cow::Owned)
}

fn at() -> impl Strategy<Value = Nanos> {
    any::<u64>().prop_map(Nanos)
}

fn subject() -> impl Strategy<Value = SubjectId> {
    any::<u32>().prop_map(SubjectId)
}

fn errno() -> impl Strategy<Value = Errno> {
    (1..4096_i32).prop_map(|raw| Errno::from_raw(raw).unwrap())
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![any::<i32>().prop_map(Ending::Exited), any::<i32>().prop_map(Ending::Signaled)]
}

fn fault() -> impl Strategy<Value = Fault> {
    let result = prop_oneof![
        errno().prop_map(|errno| Some(ForcedResult::Error(errno))),
        any::<i64>().prop_map(|value| Some(ForcedResult::Value(value))),
        any::<i64>().prop_map(|more| Some(ForcedResult::More(more))),
        Just(Some(ForcedResult::Interrupted)),
        Just(Some(ForcedResult::NotReady)),
        Just(None),
    ];
    let execution = prop_oneof![
        Just(Execution::AsMade),
        Just(Execution::Skipped),
        any::<u32>().prop_map(|number| Execution::Other(Sysno(number))),
        proptest::collection::vec(any::<(u8, u64)>(), 0..3).prop_map(Execution::Changed),
        Just(Execution::Killed(Victim::Thread)),
        any::<String>().prop_map(|text| Execution::Content(Content::Text(text))),
    ];
    let poke = (any::<u8>(), any::<Vec<u8>>()).prop_map(|(arg, bytes)| Poke { arg, bytes });
    let pokes = proptest::collection::vec(poke, 0..3);
    let signal = proptest::option::of((1..=64).prop_map(|raw| Signal::from_raw(raw).unwrap()));
    (any::<u64>(), signal, pokes.clone(), execution, result, pokes, any::<u64>()).prop_map(
        |(enter, signal, poke_enter, execution, result, poke_exit, exit)| Fault {
            delay_enter: Duration::from_nanos(enter),
            signal,
            poke_enter,
            execution,
            result,
            poke_exit,
            delay_exit: Duration::from_nanos(exit),
        },
    )
}

fn decision() -> impl Strategy<Value = Decision> {
    let inject = (any::<u32>(), any::<u64>(), fault());
    prop_oneof![
        Just(Decision::Pass),
        inject.prop_map(|(rule, occurrence, fault)| Decision::Inject {
            rule: RuleId(rule),
            occurrence,
            fault
        }),
    ]
}

/// How many variants [`Entry`] has. [`variant`] does not compile when one is added, and then this is to be raised and
/// [`entry_of`] to be extended.
const VARIANTS: u8 = 16;

fn variant(entry: &Entry<'_>) -> u8 {
    match entry {
        Entry::Subject { .. } => 0,
        Entry::Decided { .. } => 1,
        Entry::Settled { .. } => 2,
        Entry::SubjectEnded { .. } => 3,
        Entry::Test { .. } => 4,
        Entry::TestStarted { .. } => 5,
        Entry::Output { .. } => 6,
        Entry::Symptom { .. } => 7,
        Entry::TimedOut { .. } => 8,
        Entry::Interrupted { .. } => 9,
        Entry::CommandEnded { .. } => 10,
        Entry::Stragglers { .. } => 11,
        Entry::Aborted { .. } => 12,
        Entry::Closed { .. } => 13,
        Entry::Site { .. } => 14,
        Entry::Goroutine { .. } => 15,
    }
}

fn caller() -> impl Strategy<Value = Option<CallerNumbers>> {
    let numbers = (any::<u32>(), prop::option::of(any::<u32>())).prop_map(|(site, goroutine)| {
        CallerNumbers { site: SiteNumber(site), goroutine: goroutine.map(GoroutineNumber) }
    });
    prop::option::of(numbers)
}

fn frame() -> impl Strategy<Value = Frame> {
    (any::<String>(), any::<String>(), any::<u32>(), any::<bool>()).prop_map(
        |(function, file, line, is_shown)| Frame {
            function: function.into(),
            file: file.into(),
            line,
            code: Code::User,
            is_shown,
        },
    )
}

fn entry_of(variant: u8) -> BoxedStrategy<Entry<'static>> {
    let maybe = || prop::option::of(text());
    let seq = || any::<u64>().prop_map(CallSeq);
    match variant {
        0 => (subject(), text(), any::<i32>(), text(), maybe(), at())
            .prop_map(|(subject, key, pid, program, go, at)| Entry::Subject {
                subject,
                key,
                pid: Tgid(pid),
                program,
                go,
                at,
            })
            .boxed(),
        1 => {
            let args = prop::collection::vec(any::<u64>(), 0..7);
            let matched = prop::collection::vec(any::<u32>().prop_map(RuleId), 0..4);
            let who = (subject(), seq(), any::<Option<i32>>(), any::<i32>());
            (who, any::<u32>(), args, matched, decision(), caller(), at())
                .prop_map(|((subject, seq, pid, tid), sysno, args, matched, decision, caller, at)| {
                    Entry::Decided {
                        subject,
                        seq,
                        pid: pid.map(Tgid),
                        tid: Tid(tid),
                        sysno: Sysno(sysno),
                        args: args.into(),
                        matched: matched.into(),
                        decision,
                        caller,
                        at,
                    }
                })
                .boxed()
        }
        2 => {
            let outcome = prop_oneof![
                Just(Outcome::Passed),
                Just(Outcome::Injected),
                Just(Outcome::Vanished),
                errno().prop_map(Outcome::Refused),
            ];
            (subject(), seq(), outcome, at())
                .prop_map(|(subject, seq, outcome, at)| Entry::Settled { subject, seq, outcome, at })
                .boxed()
        }
        3 => (subject(), prop::option::of(ending()), at())
            .prop_map(|(subject, ending, at)| Entry::SubjectEnded { subject, ending, at })
            .boxed(),
        4 => {
            let result = prop::sample::select(vec![TestResult::Pass, TestResult::Fail, TestResult::Skip]);
            (text(), maybe(), result, -1e9..1e9_f64, at())
                .prop_map(|(package, test, result, elapsed_s, at)| Entry::Test {
                    package,
                    test,
                    result,
                    elapsed_s,
                    at,
                })
                .boxed()
        }
        5 => (text(), text(), at())
            .prop_map(|(package, test, at)| Entry::TestStarted { package, test, at })
            .boxed(),
        6 => {
            let stream = prop::sample::select(vec![Stream::Stdout, Stream::Stderr]);
            (stream, maybe(), maybe(), text(), at())
                .prop_map(|(stream, package, test, text, at)| Entry::Output {
                    stream,
                    package,
                    test,
                    text,
                    at,
                })
                .boxed()
        }
        7 => {
            let symptom = prop::sample::select(vec![Symptom::Panic, Symptom::TestTimeout, Symptom::Message]);
            (symptom, maybe(), maybe(), text(), at())
                .prop_map(|(symptom, package, test, line, at)| Entry::Symptom {
                    symptom,
                    package,
                    test,
                    line,
                    at,
                })
                .boxed()
        }
        8 => (prop::collection::vec(subject(), 0..4), at())
            .prop_map(|(subjects, at)| Entry::TimedOut { subjects: subjects.into(), at })
            .boxed(),
        9 => (any::<i32>(), at()).prop_map(|(signal, at)| Entry::Interrupted { signal, at }).boxed(),
        10 => (ending(), at()).prop_map(|(ending, at)| Entry::CommandEnded { ending, at }).boxed(),
        11 => (any::<u32>(), at()).prop_map(|(count, at)| Entry::Stragglers { count, at }).boxed(),
        12 => (text(), prop::option::of(errno()), at())
            .prop_map(|(reason, errno, at)| Entry::Aborted { reason, errno, at })
            .boxed(),
        13 => at().prop_map(|at| Entry::Closed { at }).boxed(),
        14 => (any::<u32>(), prop::collection::vec(frame(), 0..4), any::<bool>(), at())
            .prop_map(|(number, frames, is_whole, at)| Entry::Site {
                number: SiteNumber(number),
                site: Cow::Owned(Site { frames, is_whole }),
                at,
            })
            .boxed(),
        _ => {
            let frame = || prop::option::of(frame());
            let test = prop::option::of(any::<String>());
            (any::<u32>(), subject(), any::<u64>(), any::<Option<u64>>(), frame(), frame(), test, at())
                .prop_map(|(number, subject, id, parent, creator, entry, test, at)| Entry::Goroutine {
                    number: GoroutineNumber(number),
                    subject,
                    goroutine: Cow::Owned(Goroutine { id, parent, creator, entry, test }),
                    at,
                })
                .boxed()
        }
    }
}

/// One entry of every variant, in order.
fn one_of_each() -> impl Strategy<Value = Vec<Entry<'static>>> {
    (0..VARIANTS).map(entry_of).collect::<Vec<_>>()
}

fn any_entries() -> impl Strategy<Value = Vec<Entry<'static>>> {
    prop::collection::vec((0..VARIANTS).prop_flat_map(entry_of), 0..12)
}

/// The journal, and where each of its records ends; the first is the header.
fn write(entries: &[Entry<'_>]) -> (Vec<u8>, Vec<usize>) {
    let mut writer = Writer::create(Vec::new(), &header()).unwrap();
    let mut ends = vec![writer.store_mut().len()];
    for entry in entries {
        writer.append(entry).unwrap();
        ends.push(writer.store_mut().len());
    }
    (writer.into_store(), ends)
}

/// All entries, and the reader they came from.
fn read(bytes: &[u8]) -> (Vec<Entry<'static>>, Reader<&[u8]>) {
    let mut reader = Reader::open(bytes).unwrap();
    let mut entries = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        entries.push(entry);
    }
    assert_eq!(reader.next_entry().unwrap(), None, "the end stays the end");
    (entries, reader)
}

/// A record that holds this payload, with a right checksum.
fn record(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0; PREFIX];
    frame.extend_from_slice(payload);
    seal(&mut frame);
    frame
}

proptest! {
    #[test]
    fn entries_read_back_as_written(each in one_of_each(), more in any_entries()) {
        prop_assert_eq!(each.iter().map(variant).collect::<Vec<_>>(), (0..VARIANTS).collect::<Vec<_>>());
        let written = [each, more].concat();
        let (bytes, _) = write(&written);
        let (entries, reader) = read(&bytes);
        prop_assert_eq!(&entries, &written);
        prop_assert_eq!(reader.header(), &header());
        prop_assert_eq!(reader.damage(), &[]);
    }

    #[test]
    fn damaged_bytes_never_panic_and_spare_what_is_before_them(
        written in any_entries(),
        blows in prop::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 1..4),
    ) {
        let (mut bytes, ends) = write(&written);
        let length = bytes.len();
        let first = blows.iter().map(|(at, _)| at.index(length)).min().unwrap_or(0);
        for (at, blow) in &blows {
            bytes[at.index(length)] ^= blow;
        }
        if first < ends[0] {
            // Two blows may undo each other, so the header may be as it was.
            if let Ok(mut reader) = Reader::open(&bytes[..]) {
                while reader.next_entry().unwrap().is_some() {}
            }
        } else {
            let (entries, reader) = read(&bytes);
            let spared = ends.iter().filter(|end| **end <= first).count() - 1;
            prop_assert!(entries.len() >= spared);
            prop_assert_eq!(&entries[..spared], &written[..spared]);
            prop_assert!(entries == written || !reader.damage().is_empty() || entries.len() < written.len());
            prop_assert!(reader.payload.capacity() <= 4 * length + 64);
        }
    }

    #[test]
    fn any_bytes_are_survived(junk in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Reader::open(&junk[..]).is_err());
        let (mut bytes, _) = write(&[]);
        bytes.extend_from_slice(&junk);
        read(&bytes);
        let (mut bytes, _) = write(&[]);
        bytes.extend_from_slice(&record(&[&[0], &junk[..]].concat()));
        read(&bytes);
    }
}

proptest! {
    // Each case reads the journal once for every byte of it.
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn a_journal_cut_anywhere_gives_every_whole_entry(written in one_of_each()) {
        let (bytes, ends) = write(&written);
        for cut in 0..bytes.len() {
            let cut_bytes = &bytes[..cut];
            if cut < ends[0] {
                let error = Reader::open(cut_bytes).unwrap_err();
                prop_assert!(matches!(error, Error::NotAJournal | Error::Header { .. }), "{cut}: {error}");
                continue;
            }
            let whole = ends.iter().filter(|end| **end <= cut).count() - 1;
            let (entries, reader) = read(cut_bytes);
            prop_assert_eq!(&entries, &written[..whole], "cut at {}", cut);
            if ends.contains(&cut) {
                prop_assert_eq!(reader.damage(), &[]);
            } else if cut - ends[whole] >= PREFIX {
                let torn = Damage { offset: ends[whole] as u64, reason: "the file ends within an entry".into() };
                prop_assert_eq!(reader.damage(), &[torn]);
            }
        }
    }
}

#[test]
fn a_tail_of_zeros_is_no_damage() {
    let written = [Entry::Closed { at: Nanos(1) }];
    for zeros in (0..20).chain([4096, 1 << 20]) {
        let (mut bytes, _) = write(&written);
        bytes.resize(bytes.len() + zeros, 0);
        let (entries, reader) = read(&bytes);
        assert_eq!(
            (entries.as_slice(), reader.damage()),
            (written.as_slice(), [].as_slice()),
            "{zeros} zeros"
        );
    }
}

#[test]
fn an_entry_that_is_damaged_is_skipped_and_noted() {
    let written: Vec<Entry<'static>> = (1..4).map(|at| Entry::Closed { at: Nanos(at) }).collect();
    let (mut bytes, ends) = write(&written);
    bytes[ends[1] + PREFIX + 1] ^= 1;
    let (entries, reader) = read(&bytes);
    assert_eq!(entries, [written[0].clone(), written[2].clone()]);
    let place = u64::try_from(ends[1]).unwrap();
    assert_eq!(reader.damage(), [Damage { offset: place, reason: "an entry with a wrong checksum".into() }]);
}

#[test]
fn an_entry_of_an_unknown_kind_is_skipped_and_noted() {
    let (mut bytes, _) = write(&[]);
    bytes.extend_from_slice(&record(&[200, 1, 2, 3]));
    bytes.extend_from_slice(&record(&[13, 7]));
    let (entries, reader) = read(&bytes);
    assert_eq!(entries, [Entry::Closed { at: Nanos(7) }]);
    assert_eq!(reader.damage().len(), 1);
}

#[test]
fn a_length_is_not_trusted_with_memory() {
    let (mut bytes, ends) = write(&[]);
    bytes.extend_from_slice(&u32::try_from(MAX_PAYLOAD).unwrap().to_le_bytes());
    bytes.extend_from_slice(b"crc!a few bytes");
    let (entries, reader) = read(&bytes);
    let torn = Damage { offset: ends[0] as u64, reason: "the file ends within an entry".into() };
    assert_eq!((entries, reader.damage()), (vec![], [torn].as_slice()));
    assert!(reader.payload.capacity() < 64 << 10, "{}", reader.payload.capacity());
}

#[test]
fn damage_without_end_is_noted_a_hundred_times() {
    let (mut bytes, _) = write(&[]);
    for _ in 0..500 {
        bytes.extend_from_slice(&record(&[200]));
    }
    assert_eq!(read(&bytes).1.damage().len(), 100);
}

#[test]
fn a_newer_format_is_refused_by_name() {
    let payload = br#"{"format":99,"duress":"7.0.0","what":"a header of another shape"}"#;
    let bytes = [MAGIC, &record(payload)].concat();
    let error = Reader::open(&bytes[..]).unwrap_err();
    assert!(matches!(&error, Error::TooNew { found: 99, known: FORMAT, by } if by == "7.0.0"), "{error:?}");
    let text = "the journal has format 99, newer than this duress reads (3); duress 7.0.0 wrote it";
    assert_eq!(error.to_string(), text);
}

#[test]
fn what_is_no_journal_is_refused_as_such() {
    let check = |bytes: &[u8], expect: &str| {
        assert_eq!(Reader::open(bytes).unwrap_err().to_string(), expect);
    };
    check(b"", "this is no journal of duress");
    check(b"duress-journal", "this is no journal of duress");
    check(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0", "this is no journal of duress");
    check(MAGIC, "the journal's header is damaged: it was never written whole");
    check(
        &[MAGIC, &record(b"{}")].concat(),
        "the journal's header is damaged: missing field `format` at line 1 column 2",
    );
}

#[test]
fn what_cannot_be_read_back_is_not_written() {
    let huge = "x".repeat(MAX_PAYLOAD);
    let mut writer = Writer::create(Vec::new(), &header()).unwrap();
    let output = |text| Entry::Aborted { reason: Cow::Borrowed(text), errno: None, at: Nanos(1) };
    assert!(matches!(writer.append(&output(&huge)), Err(Error::Append(_))));
    writer.append(&output("small")).unwrap();
    assert_eq!(read(&writer.into_store()).0, [output("small")]);

    let too_long = Header { plan: huge, ..header() };
    assert!(matches!(Writer::create(Vec::new(), &too_long), Err(Error::Append(_))));
}
