//! One process, one file at a time; what several processes do is in `tests/processes.rs`.

use super::*;
use crate::record::sample;
use std::slice::from_ref;
use tempfile::TempDir;

fn scratch() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("state/results.sqlite");
    (folder, path)
}

fn all(store: &Store) -> Vec<Record> {
    store.select(&Filter::default()).expect("it can be read")
}

#[test]
fn records_come_back_as_they_were_oldest_first() {
    let (_folder, path) = scratch();
    let full = Record {
        switch: Some("GODEBUG=netdns=go+2".to_owned()),
        persona: Some("nofile=64".to_owned()),
        reason: Some("two\nlines".to_owned()),
        evidence: vec!["\"quoted\"".to_owned(), "\u{1b}[31m".to_owned(), String::new()],
        fired: 1 << 60,
        wall_s: 0.1 + 0.2,
        at_unix_ms: 2,
        ..sample("a", "s", "go1.26.8", "partly")
    };
    let bare = Record { go: None, evidence: Vec::new(), at_unix_ms: 1, ..sample("b", "s", "", "skipped") };
    Store::open(&path).expect("it is made").append(&[full.clone(), bare.clone()]).expect("there is room");
    let store = Store::open(&path).expect("it is there");
    assert_eq!(all(&store), [bare, full.clone()]);
    let since =
        |since_unix_ms| store.select(&Filter { since_unix_ms, ..Filter::default() }).expect("it can be read");
    assert_eq!(since(Some(2)), [full]);
    let partly = Filter { verdict: Some("partly".to_owned()), ..Filter::default() };
    assert_eq!(store.select(&partly).expect("it can be read").len(), 1);
}

#[test]
fn the_same_record_replaces_and_every_part_of_its_identity_counts() {
    let (_folder, path) = scratch();
    let mut store = Store::open(&path).expect("it is made");
    let first = sample("a", "s", "go1.26.8", "refuted");
    let again = Record { verdict: "reproduced".to_owned(), at_unix_ms: 9, ..first.clone() };
    store.append(from_ref(&first)).expect("there is room");
    store.append(from_ref(&again)).expect("there is room");
    assert_eq!(all(&store), from_ref(&again));
    // Two without a toolchain are the same; an empty text is none.
    let bare = Record { go: None, ..first.clone() };
    store.append(&[bare.clone(), Record { go: Some(String::new()), ..bare }]).expect("there is room");
    assert_eq!(all(&store).len(), 2);
    let others = [
        Record { campaign: "b".to_owned(), ..first.clone() },
        Record { host: "beta".to_owned(), ..first.clone() },
        Record { scenario: "t".to_owned(), ..first.clone() },
        Record { go: Some("go1.9".to_owned()), ..first.clone() },
        Record { switch: Some("x=1".to_owned()), ..first.clone() },
        Record { persona: Some("x=1".to_owned()), ..first },
    ];
    store.append(&others).expect("there is room");
    assert_eq!(all(&store).len(), 8);
}

#[test]
fn numbers_that_sqlite_cannot_hold_are_bounded() {
    let (_folder, path) = scratch();
    let mut store = Store::open(&path).expect("it is made");
    let record = Record { fired: u64::MAX, wall_s: f64::NAN, ..sample("a", "s", "go1", "partly") };
    store.append(&[record]).expect("there is room");
    let found = all(&store).remove(0);
    assert_eq!((found.fired, found.wall_s.to_bits()), (u64::MAX >> 1, 0));
}

#[test]
fn appends_are_logged_and_on_the_disk_when_they_return() {
    let (_folder, path) = scratch();
    // A loss of power cannot be tried here; that SQLite is told can. 2 is FULL.
    for _ in ["made", "opened again"] {
        let store = Store::open(&path).expect("it is made");
        let ask = |what: &str| {
            store
                .connection
                .query_row(what, [], |row| row.get::<_, rusqlite::types::Value>(0))
                .expect("a value")
        };
        assert_eq!(ask("PRAGMA journal_mode"), "wal".to_owned().into());
        assert_eq!(ask("PRAGMA synchronous"), 2_i64.into());
    }
}

#[test]
fn a_writer_waits_longer_than_sqlite_does_at_once() {
    let (_folder, path) = scratch();
    let mut store = Store::open(&path).expect("it is made");
    let other = Store::open(&path).expect("it is there");
    other.connection.execute_batch("BEGIN IMMEDIATE").expect("nobody writes");
    let other = thread::spawn(move || {
        // Not to synchronise: it has to take longer than one turn.
        thread::sleep(TURN + TURN / 4);
        other.connection.execute_batch("COMMIT").expect("it was begun");
    });
    store.append(&[sample("a", "s", "go1", "partly")]).expect("it waits");
    other.join().expect("it ends");
    assert_eq!(all(&store).len(), 1);
}

#[test]
fn an_append_that_has_no_room_leaves_everything_as_it_was() {
    let (_folder, path) = scratch();
    let mut store = Store::open(&path).expect("it is made");
    store.append(&[sample("a", "s", "go1", "partly")]).expect("there is room");
    let pages: i64 = store.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).expect("a number");
    store.connection.pragma_update(None, "max_page_count", pages + 2).expect("it can be set");
    let many: Vec<Record> = (0..2_000).map(|n| sample("b", &format!("s{n}"), "go1", "partly")).collect();
    let error = store.append(&many).expect_err("there is no room");
    assert!(matches!(error, Error::Full { .. }), "{error:?}");
    assert!(error.help().contains("make room"));
    assert_eq!(all(&store).len(), 1);
    store.append(&[sample("c", "s", "go1", "partly")]).expect("so much room is left");
    assert_eq!(all(&store).len(), 2);
}

#[test]
fn a_file_of_something_else_is_refused_and_left_as_it_is() {
    let (folder, _) = scratch();
    let path = folder.path().join("other.sqlite");
    let other = Connection::open(&path).expect("it is made");
    other.execute_batch("CREATE TABLE recipes (name TEXT)").expect("there is room");
    drop(other);
    let before = fs::read(&path).expect("it is there");
    for error in [Store::open(&path).err(), Store::open_existing(&path).err()] {
        assert!(matches!(error, Some(Error::Foreign { .. })), "{error:?}");
    }
    assert_eq!(fs::read(&path).expect("it is there"), before);
}

#[test]
fn a_newer_schema_is_refused_and_left_as_it_is() {
    let (_folder, path) = scratch();
    let store = Store::open(&path).expect("it is made");
    store.connection.pragma_update(None, "user_version", SCHEMA + 1).expect("it can be set");
    drop(store);
    let before = fs::read(&path).expect("it is there");
    for error in [Store::open(&path).err(), Store::open_existing(&path).err()] {
        let error = error.expect("it is newer");
        assert!(matches!(error, Error::Newer { found: 2, known: 1, .. }), "{error:?}");
        assert!(error.to_string().contains("schema 2") && error.help().contains("update duress"));
    }
    assert_eq!(fs::read(&path).expect("it is there"), before);
}

#[test]
fn garbage_and_stumps_are_refused_and_left_as_they_are() {
    let (folder, path) = scratch();
    let mut store = Store::open(&path).expect("it is made");
    let many: Vec<Record> = (0..500).map(|n| sample("b", &format!("s{n}"), "go1", "partly")).collect();
    store.append(&many).expect("there is room");
    drop(store);
    let whole = fs::read(&path).expect("it is there");
    let bad = folder.path().join("bad.sqlite");
    let garbage: Vec<u8> = (0..8_192_u32).map(|n| u8::try_from(n * 31 % 251).unwrap_or(0)).collect();
    for bytes in [&garbage[..], &whole[..whole.len() / 2], &whole[..5_000], &whole[..60], b"xy"] {
        fs::write(&bad, bytes).expect("there is room");
        let used = Store::open(&bad).and_then(|mut store| store.append(&many[..1]));
        let error = used.expect_err("it is damaged");
        assert!(matches!(error, Error::Damaged { .. }), "{} bytes: {error:?}", bytes.len());
        assert!(Store::open_existing(&bad).is_err(), "{} bytes", bytes.len());
        assert_eq!(fs::read(&bad).expect("it is there"), bytes, "{} bytes", bytes.len());
    }
}

#[test]
fn nothing_yet_is_no_database_and_reading_makes_none() {
    let (folder, path) = scratch();
    assert!(Store::open_existing(&path).expect("that is no error").is_none());
    assert!(!path.exists());
    // What a process leaves that is killed before it wrote anything.
    let empty = folder.path().join("empty.sqlite");
    fs::write(&empty, b"").expect("there is room");
    assert!(Store::open_existing(&empty).expect("that is no error").is_none());
    Store::open(&empty)
        .expect("it is as good as new")
        .append(&[sample("a", "s", "go1", "partly")])
        .expect("room");
}

#[test]
fn what_cannot_be_opened_is_told_as_that() {
    let (folder, _) = scratch();
    let error = Store::open(folder.path()).expect_err("it is a folder");
    assert!(matches!(error, Error::Unwritable { .. }), "{error:?}");
    let below = folder.path().join("file/results.sqlite");
    fs::write(folder.path().join("file"), "").expect("there is room");
    let error = Store::open(&below).expect_err("a file is no folder");
    assert!(matches!(error, Error::MakeFolder { .. }), "{error:?}");
}

#[test]
fn a_name_that_looks_like_a_uri_is_a_path() {
    let (folder, _) = scratch();
    let path = folder.path().join("file:a?b#c%20d.sqlite");
    Store::open(&path)
        .expect("it is made")
        .append(&[sample("a", "s", "go1", "partly")])
        .expect("there is room");
    assert!(path.is_file());
    let uri = immutable(&path);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let store = Store::connect(&path, Path::new(&uri), flags).expect("it is found");
    assert_eq!(all(&store).len(), 1);
}

#[test]
fn imports_take_databases_and_json_and_nothing_else() {
    let (folder, path) = scratch();
    let there = folder.path().join("there.sqlite");
    let records = [sample("a", "s", "go1", "partly"), sample("b", "s", "go1", "refuted")];
    Store::open(&there).expect("it is made").append(&records).expect("there is room");
    let json = folder.path().join("there.json");
    let more = [sample("c", "s", "go1", "partly")];
    fs::write(&json, crate::json::records(&more)).expect("there is room");
    let mut store = Store::open(&path).expect("it is made");
    for _ in 0..2 {
        let imported = store.import(&there).expect("it is ours");
        assert_eq!((imported.records, imported.campaigns), (2, 2));
    }
    assert_eq!(store.import(&json).expect("it is ours").records, 1);
    assert_eq!(all(&store).len(), 3);
    let refused = |text: &str, words: &str| {
        fs::write(&json, text).expect("there is room");
        let mut store = Store::open(&path).expect("it is there");
        let error = store.import(&json).expect_err(text);
        let Error::NoRecords { source, .. } = &error else { panic!("{error:?}") };
        assert!(source.to_string().contains(words), "{source}");
        assert_eq!(all(&store).len(), 3);
    };
    refused("no JSON", "expected");
    refused("[{\"campaign\": \"a\"}]", "missing field");
    refused(
        &crate::json::records(&[records[0].clone(), sample("", "s", "go1", "partly")]),
        "record 2 has an empty `campaign`",
    );
    let missing = store.import(&folder.path().join("missing")).expect_err("it is not there");
    assert!(matches!(missing, Error::Unreadable { .. }), "{missing:?}");
}
