//! `duress results`: what is kept over time, drawn, compared, exchanged between hosts; and what bad luck does to it.

use e2e::{Duress, Need, Outcome, duress_path, has, root};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A home of duress, and files beside it.
struct Home {
    dir: TempDir,
}

impl Home {
    fn new() -> Home {
        Home { dir: tempfile::Builder::new().prefix("duress-results-").tempdir().expect("a scratch folder") }
    }

    fn of(records: &[Value]) -> Home {
        let home = Home::new();
        home.import(&home.json("records.json", records)).expect_code(0);
        home
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    fn database(&self) -> PathBuf {
        self.path().join("results.sqlite")
    }

    fn json(&self, name: &str, records: &[Value]) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, json!(records).to_string()).expect("there is room");
        path
    }

    fn command(&self, flags: &[&str]) -> Duress {
        let words = ["results"].iter().chain(flags);
        Duress::new(root(), words).env("DURESS_HOME", self.path())
    }

    fn results(&self, flags: &[&str]) -> Outcome {
        self.command(flags).run()
    }

    fn import(&self, file: &Path) -> Outcome {
        self.results(&["--import", file.to_str().expect("a plain path")])
    }

    fn count(&self) -> usize {
        let outcome = self.results(&["--format", "json"]);
        outcome.expect_code(0).json().as_array().expect("an array").len()
    }
}

/// A record; `at` is in hours since some day in 2026.
fn record(campaign: &str, at: u64, scenario: &str, go: &str, verdict: &str) -> Value {
    json!({
        "campaign": campaign, "at_unix_ms": 1_795_000_000_000_u64 + at * 3_600_000, "host": "alpha", "kernel": "6.18.44",
        "go": go, "scenario": scenario, "switch": null, "persona": null, "verdict": verdict, "reason": null,
        "evidence": [format!("{scenario} is {verdict} in {campaign}")], "fired": 3, "wall_s": 1.25, "duress": "0.1.0",
        "repro": format!("duress scenario run {scenario}"),
    })
}

fn with(mut record: Value, key: &str, value: &str) -> Value {
    record[key] = json!(value);
    record
}

/// Two campaigns on one host, one on another, and one verdict on a switch.
fn history() -> Vec<Value> {
    vec![
        record("20261101-aa", 1, "disk", "go1.26.8", "refuted"),
        record("20261101-aa", 1, "disk", "go1.9", "refuted"),
        record("20261101-aa", 1, "net", "go1.26.8", "partly"),
        record("20261102-bb", 2, "disk", "go1.26.8", "reproduced"),
        record("20261102-bb", 2, "disk", "go1.9", "refuted"),
        with(record("20261103-cc", 3, "net", "go1.26.8", "reproduced"), "host", "beta"),
        with(record("20261103-cc", 3, "net", "go1.26.8", "exposes"), "switch", "GODEBUG=netdns=go+2"),
    ]
}

#[test]
fn without_records_it_says_so_and_how_to_get_them() {
    let home = Home::new();
    home.results(&[]).expect_code(0).expect_stdout(&[
        "no verdict was recorded",
        "duress scenario run --all",
        "--import",
    ]);
    home.results(&["--changed"]).expect_code(0).expect_stdout(&["no verdict was recorded"]);
    assert_eq!(home.results(&["--format", "json"]).expect_code(0).json(), json!([]));
    assert!(!home.path().exists(), "looking makes nothing");
}

#[test]
fn the_matrix_has_the_newest_verdict_of_each_cell() {
    let outcome = Home::of(&history()).results(&[]);
    outcome.expect_code(0);
    let lines: Vec<Vec<&str>> =
        outcome.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        lines[..3],
        [vec!["go1.9", "go1.26.8"], vec!["disk", "refuted", "reproduced"], vec!["net", "·", "reproduced"]],
        "{outcome:?}"
    );
    outcome.expect_stdout(&[
        "2 scenarios, 2 toolchains: 2 reproduced, 1 refuted",
        "2 hosts (alpha, beta)",
        "1 record on switches",
    ]);
    assert!(!outcome.stdout.contains('\u{1b}'), "no terminal, no colour");
}

#[test]
fn filters_pick_and_slips_are_told() {
    let home = Home::of(&history());
    let check = |flags: &[&str], expect: usize| {
        let found = home.results(&[&["--format", "json"], flags].concat());
        assert_eq!(found.expect_code(0).json().as_array().map(Vec::len), Some(expect), "{flags:?}");
    };
    check(&[], 7);
    check(&["--scenario", "d*"], 4);
    check(&["--go", "1.26"], 5);
    check(&["--switch", "netdns"], 1);
    check(&["--verdict", "reproduced"], 2);
    check(&["--host", "beta"], 1);
    check(&["--kernel", "6.18"], 7);
    check(&["--campaign", "20261102"], 2);
    check(&["--campaign", "last~2"], 3);
    check(&["--persona", "nofile"], 0);
    check(&["--scenario", "net", "--host", "alpha"], 2);
    // The newest counts: partly is over.
    home.results(&["--verdict", "partly"]).expect_code(0).expect_stdout(&["none of 7 records"]);
    home.results(&["--scenario", "dusk"]).expect_code(0).expect_stdout(&["did you mean --scenario disk?"]);
    home.results(&["--verdict", "reproduce"]).expect_code(2).expect_stderr(&["did you mean `reproduced`?"]);
    home.results(&["--campaign", "2026110"]).expect_code(2).expect_stderr(&["or others", "more of the name"]);
    home.results(&["--since", "soon"]).expect_code(2);
    // One of far in the future is not older than a day, one of 1970 is.
    let young = record("young", 1_000_000, "clock", "go1.26.8", "refuted");
    let mut old = record("old", 0, "clock", "go1.26.8", "refuted");
    old["at_unix_ms"] = json!(1_000);
    home.import(&home.json("clock.json", &[young, old])).expect_code(0);
    check(&["--scenario", "clock"], 2);
    check(&["--since", "1d", "--scenario", "clock"], 1);
}

#[test]
fn switches_are_columns_where_they_are_asked_for() {
    let home = Home::of(&history());
    home.results(&["--switches"]).expect_code(0).expect_stdout(&[
        "GODEBUG=netdns=go+2",
        "exposes",
        "1 exposes",
    ]);
}

#[test]
fn what_changed_is_told_with_both_evidences_and_by_the_exit_code() {
    let home = Home::of(&history());
    // The newest campaign shares `net` with the first one only.
    home.results(&["--changed"]).expect_code(1).expect_stdout(&[
        "campaign 20261101-aa",
        "→ campaign 20261103-cc",
        "net\n  partly → reproduced",
        "| net is partly in 20261101-aa",
        "| net is reproduced in 20261103-cc",
        "1 of 1 verdict changed; only on the old side: 2, only on the new side: 1",
    ]);
    let named = home.results(&["--changed", "20261101..last~1", "--format", "json"]);
    let json = named.expect_code(1).json();
    assert_eq!((&json["old"]["campaign"], &json["compared"]), (&json!("20261101-aa"), &json!(2)));
    assert_eq!(json["changed"].as_array().map(Vec::len), Some(1), "{named:?}");
    assert_eq!(json["changed"][0]["old"]["verdict"], "refuted");
    assert_eq!(json["changed"][0]["new"]["evidence"], json!(["disk is reproduced in 20261102-bb"]));
    home.results(&["--changed", "last..last"]).expect_code(0).expect_stdout(&["0 of 2 verdicts changed"]);
    home.results(&["--changed", "alpha..beta"]).expect_code(1).expect_stdout(&["host alpha", "host beta"]);
    home.results(&["--changed", "alpha..beta", "--verdict", "refuted"]).expect_code(0);
    for (sides, told) in [
        ("alhpa..beta", "did you mean `alpha`?"),
        ("2026..last", "or others"),
        ("last", "A..B"),
        ("last~9..last", "there are 3"),
        ("20261102..20261103", "nothing in common"),
    ] {
        home.results(&["--changed", sides]).expect_code(2).expect_stderr(&[told]);
    }
    // The first time there is nothing to compare with, and that is no failure.
    let first = Home::of(&history()[..3]);
    first.results(&["--changed"]).expect_code(0).expect_stdout(&["nothing to compare"]);
}

#[test]
fn campaigns_are_listed_oldest_first() {
    let home = Home::of(&history());
    let list = home.results(&["--list", "--format", "json"]).expect_code(0).json();
    let names: Vec<&str> =
        list.as_array().expect("an array").iter().filter_map(|one| one["campaign"].as_str()).collect();
    assert_eq!(names, ["20261101-aa", "20261102-bb", "20261103-cc"]);
    assert_eq!(list[0]["verdicts"], json!({"refuted": 2, "partly": 1}));
    home.results(&["--list"]).expect_code(0).expect_stdout(&[
        "20261102-bb",
        "go1.9, go1.26.8",
        "1 reproduced",
    ]);
    home.results(&["--list", "--format", "html"]).expect_code(2);
}

#[test]
fn records_go_from_host_to_host_as_json_and_as_the_database() {
    let home = Home::of(&history());
    let printed = home.results(&["--format", "json"]);
    let json = Home::new();
    json.import(&json.json("in.json", printed.json().as_array().expect("an array"))).expect_code(0);
    assert_eq!(json.results(&["--format", "json"]).stdout, printed.stdout);
    let database = Home::new();
    for _ in 0..2 {
        database.import(&home.database()).expect_code(0).expect_stdout(&["7 records of 3 campaigns"]);
    }
    assert_eq!(database.results(&["--format", "json"]).stdout, printed.stdout);
    let keys: Vec<String> = printed.json()[0].as_object().expect("an object").keys().cloned().collect();
    let csv = home.results(&["--format", "csv"]);
    let head: Vec<&str> = csv.expect_code(0).stdout.lines().next().unwrap_or_default().split(',').collect();
    assert!(head.len() == 15 && keys.iter().all(|key| head.contains(&key.as_str())), "{head:?}");
}

#[test]
fn the_page_is_whole_and_harmless() {
    let mut records = history();
    records.push(record("x", 4, "<script>alert(1)</script>", "go1.26.8", "partly"));
    let page = Home::of(&records).results(&["--format", "html"]);
    page.expect_code(0).expect_stdout(&["<!doctype html>", "<summary>reproduced</summary>", "</html>"]);
    assert_eq!(page.stdout.matches("<script").count(), 1, "only ours");
    assert!(!page.stdout.contains("http") && !page.stdout.contains("src="), "nothing from elsewhere");
}

#[test]
fn a_file_that_holds_no_records_is_refused_and_nothing_of_it_kept() {
    let home = Home::of(&history());
    let file = home.dir.path().join("in");
    let half = [record("new", 1, "disk", "go1.26.8", "refuted"), json!({"campaign": "new"})];
    for (bytes, told) in [
        (json!(half).to_string().into_bytes(), "missing field"),
        (b"garbage".to_vec(), "expected value"),
        (fs::read(home.database()).expect("it is there")[..5_000].to_vec(), "damaged"),
    ] {
        fs::write(&file, bytes).expect("there is room");
        let outcome = home.import(&file);
        assert!(matches!(outcome.code, Some(2 | 3)), "{outcome:?}");
        outcome.expect_stderr(&[told, "help: "]);
    }
    // It takes in all of a file, and draws nothing.
    home.results(&["--import", "x", "--host", "alpha"])
        .expect_code(2)
        .expect_stderr(&["cannot be used with"]);
    home.import(&home.dir.path().join("missing")).expect_code(2).expect_stderr(&["No such file"]);
    assert_eq!(home.count(), 7);
}

#[test]
fn two_processes_that_write_at_once_lose_nothing() {
    let home = Home::new();
    let files: Vec<PathBuf> = ["one", "two"]
        .iter()
        .flat_map(|name| (0..10).map(move |part| (name, part)))
        .map(|(name, part)| {
            let records: Vec<Value> = (0..20)
                .map(|number| record(name, 1, &format!("s{part}-{number}"), "go1.26.8", "refuted"))
                .collect();
            home.json(&format!("{name}-{part}.json"), &records)
        })
        .collect();
    // Ten appends each, one after the other; both find no database.
    let started: Vec<_> = files
        .chunks(10)
        .map(|files| {
            let flags: Vec<&str> =
                files.iter().flat_map(|file| ["--import", file.to_str().expect("plain")]).collect();
            home.command(&flags).start()
        })
        .collect();
    for one in started {
        one.finish().expect_code(0);
    }
    assert_eq!(home.count(), 400);
}

#[test]
fn a_folder_that_cannot_be_written_is_told_and_can_still_be_read() {
    let home = Home::of(&history());
    let more = home.json("more.json", &history()[..1]);
    let writable = |writable: bool| {
        let mode = if writable { 0o755 } else { 0o555 };
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        fs::set_permissions(home.path(), permissions).expect("it is ours");
    };
    // Root may write where nobody may, unless it gives that up.
    let bounded = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"];
    let under = |duress: Duress| if has(&[Need::Root]) { duress.under(&bounded) } else { duress };
    writable(false);
    let file = more.to_str().expect("a plain path");
    let written = under(home.command(&["--import", file])).run();
    let read = under(home.command(&["--scenario", "disk"])).run();
    let other =
        Duress::new(root(), ["results", "--import", file]).env("DURESS_HOME", home.path().join("deeper"));
    let made = under(other).run();
    writable(true);
    written.expect_code(3).expect_stderr(&["cannot write the results database", "set DURESS_HOME"]);
    made.expect_code(3).expect_stderr(&["cannot make the folder", "Permission denied", "set DURESS_HOME"]);
    read.expect_code(0).expect_stdout(&["reproduced"]);
    assert_eq!(home.count(), 7);
}

#[test]
fn garbage_and_stumps_are_told_and_left_as_they_are() {
    let home = Home::of(&history());
    let whole = fs::read(home.database()).expect("it is there");
    let more = home.json("more.json", &history()[..1]);
    for bytes in [&b"not a database at all"[..], &whole[..whole.len() - 4_096]] {
        fs::write(home.database(), bytes).expect("there is room");
        for outcome in [home.results(&[]), home.import(&more)] {
            outcome
                .expect_code(3)
                .expect_stderr(&["is no results database, or a damaged one", "move it away"]);
        }
        assert_eq!(fs::read(home.database()).expect("it is there"), bytes);
    }
}

#[test]
fn a_newer_schema_is_told_and_left_as_it_is() {
    let home = Home::of(&history());
    let mut bytes = fs::read(home.database()).expect("it is there");
    // SQLite, "Database File Format", 1.3: the user version is the big-endian number at byte 60.
    bytes[63] += 1;
    fs::write(home.database(), &bytes).expect("there is room");
    let more = home.json("more.json", &history()[..1]);
    for outcome in [home.results(&[]), home.import(&more)] {
        outcome
            .expect_code(3)
            .expect_stderr(&["has schema 2; this duress knows those up to 1", "update duress"]);
    }
    assert_eq!(fs::read(home.database()).expect("it is there"), bytes);
}

/// A full disk, by what duress does for a living.
#[test]
fn a_full_disk_is_told_and_keeps_what_was_there() {
    if !has(&[Need::Notify]) {
        return;
    }
    let home = Home::of(&history());
    let more = home.json("more.json", &[record("new", 9, "disk", "go1.26.8", "refuted")]);
    let fault = "pwrite64:error=ENOSPC:where=path(**/results.sqlite-wal)";
    let words =
        ["run", "-e", fault, "--", duress_path().to_str().expect("a plain path"), "results", "--import"];
    let outcome = Duress::new(root(), words.iter().copied().chain([more.to_str().expect("a plain path")]))
        .env("DURESS_HOME", home.path())
        .run();
    outcome.expect_stdout(&["no room for the results database"]);
    assert_eq!(home.count(), 7);
    home.import(&more).expect_code(0);
    assert_eq!(home.count(), 8);
}
