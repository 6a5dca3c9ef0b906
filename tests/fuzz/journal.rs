//! Any bytes as a journal: as they are, or (with an odd first byte) as the entries of one that is sound so far.
//!
//! `cargo +nightly fuzz run --fuzz-dir tests/fuzz journal`

#![no_main]

use journal::{Attribution, FORMAT, Header, Mode, Reader, RuleHead, Writer};
use model::RunId;
use report::folded::Value;
use report::{Color, Summary};
use std::path::Path;

fn header() -> Header {
    let rule = |name: &str| RuleHead {
        name: name.into(),
        spec: "write:error=ENOSPC".into(),
        errors: vec![("ENOSPC".into(), "no space left on device".into())],
        is_quiet: false,
        is_racy: true,
        persona: None,
        counts_by_site: false,
    };
    Header {
        format: FORMAT,
        duress: "0.1.0".into(),
        run: RunId("2026-01-01T00-00-00-fuzz".into()),
        command: vec!["go".into(), "test".into()],
        cwd: "/".into(),
        mode: Mode::GoTest,
        whole_tree: false,
        plan: "rule = []\n".into(),
        rules: vec![rule("a"), rule("b")],
        personas: Vec::new(),
        watch: vec!["fsync".into()],
        seed: 7,
        attribution: Attribution::All,
        timeout_s: None,
        replay_of: None,
        go: None,
        kernel: "6.1".into(),
        mechanism: "notify".into(),
        started_unix_ms: 0,
    }
}

/// A journal with these entries: a byte that says how long one is, then itself.
fn framed(mut entries: &[u8]) -> Vec<u8> {
    let writer = Writer::create(Vec::new(), &header()).expect("memory takes everything");
    let mut journal = writer.into_store();
    while let Some((length, rest)) = entries.split_first() {
        let (payload, rest) = rest.split_at(rest.len().min(usize::from(*length)));
        journal.extend(u32::try_from(payload.len()).expect("at most 255").to_le_bytes());
        journal.extend(crc32fast::hash(payload).to_le_bytes());
        journal.extend(payload);
        entries = rest;
    }
    journal
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let journal = match input.split_first() {
        Some((first, entries)) if first % 2 == 1 => framed(entries),
        _ => input.to_vec(),
    };
    let Ok(mut reader) = Reader::open(journal.as_slice()) else { return };
    let summary = Summary::read(&mut reader, Path::new("/run")).expect("memory can be read");
    let drawn = report::human::draw(&summary, Color::Never);
    assert!(drawn.chars().all(|c| c == '\n' || !c.is_control()), "{drawn:?}");
    let _ = (report::json::draw(&summary, 0), report::junit::draw(&summary));
    let drawn = report::sites::draw(&summary, Color::Never);
    assert!(drawn.chars().all(|c| c == '\n' || !c.is_control()), "{drawn:?}");
    let _ = (
        report::sites::json(&summary),
        report::folded::draw(&summary, Value::Calls),
        report::pprof::draw(&summary),
    );
    let again = || Reader::open(journal.as_slice()).expect("it could be opened before");
    assert_eq!(
        report::diverge(&mut again(), &mut again()).expect("memory can be read"),
        [],
        "a run differs from itself"
    );
});
