//! Several processes and one database: nothing is lost where two write at once, or where one is killed.

#![expect(clippy::disallowed_methods, reason = "these tests are about processes")]

use duress_results as results;
use results::{Filter, Record, Store};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Told to a child: the database, its campaign, and how many records it is to append, each by itself.
const ORDER: [&str; 3] = ["RESULTS_TEST_PATH", "RESULTS_TEST_CAMPAIGN", "RESULTS_TEST_COUNT"];

fn record(campaign: &str, number: usize) -> Record {
    Record {
        campaign: campaign.to_owned(),
        at_unix_ms: 1_795_204_923_000,
        host: "alpha".to_owned(),
        kernel: "6.18.44".to_owned(),
        go: Some("go1.26.8".to_owned()),
        scenario: number.to_string(),
        switch: None,
        persona: None,
        verdict: "refuted".to_owned(),
        reason: None,
        evidence: vec!["evidence ".repeat(50)],
        fired: 1,
        wall_s: 0.5,
        duress: "0.1.0".to_owned(),
        repro: "true".to_owned(),
    }
}

/// What a child does: it says each number once the append of that record has returned. Without an order it does nothing.
#[test]
fn child() {
    let [Ok(path), Ok(campaign), Ok(count)] = ORDER.map(std::env::var) else { return };
    let count: usize = count.parse().expect("a number");
    let mut said = std::fs::File::options().write(true).open("/dev/fd/1").expect("standard output");
    for number in 0..count {
        let mut store = Store::open(Path::new(&path)).expect("it can be opened");
        store.append(&[record(&campaign, number)]).expect("it can be written");
        // On a line of its own, whatever the test runner prints; in one piece, for it may be the last word.
        said.write_all(format!("\nkept {number}\n").as_bytes()).expect("somebody listens");
    }
}

fn start(path: &Path, campaign: &str, count: usize) -> Child {
    let this = std::env::current_exe().expect("this test binary has a path");
    let mut command = Command::new(this);
    command.args(["child", "--exact", "--nocapture"]).stdout(Stdio::piped());
    let values = [path.to_str().expect("a plain path").to_owned(), campaign.to_owned(), count.to_string()];
    command.envs(ORDER.into_iter().zip(values)).spawn().expect("it starts")
}

fn found(path: &Path) -> BTreeSet<(String, usize)> {
    let store = Store::open(path).expect("it can be opened");
    let records = store.select(&Filter::default()).expect("it can be read");
    records.iter().map(|one| (one.campaign.clone(), one.scenario.parse().expect("a number"))).collect()
}

#[test]
fn all_is_kept_of_two_processes_that_write_at_once() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    // Both find no database and make it.
    let path = folder.path().join("state/results.sqlite");
    let writers = ["one", "two"].map(|campaign| start(&path, campaign, 200));
    for writer in writers {
        let output = writer.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{output:?}");
    }
    let expect = ["one", "two"].iter().flat_map(|name| (0..200).map(|number| ((*name).to_owned(), number)));
    assert_eq!(found(&path), expect.collect());
}

#[test]
fn what_was_appended_survives_the_end_of_its_writer() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("results.sqlite");
    let mut expect = BTreeSet::new();
    // Killed at another moment each time, with a second one that goes on.
    for round in 0..8 {
        let campaign = format!("killed-{round}");
        let other = start(&path, &format!("other-{round}"), 20);
        let mut writer = start(&path, &campaign, 1_000_000);
        let said = BufReader::new(writer.stdout.take().expect("it is piped"));
        let mut kept = said.lines().map_while(Result::ok).filter_map(|line| {
            line.strip_prefix("kept ").map(|number| number.parse::<usize>().expect("a number"))
        });
        expect.extend(kept.by_ref().take(1 + 7 * round).map(|number| (campaign.clone(), number)));
        writer.kill().expect("it runs");
        // What it said before it was gone counts, too.
        expect.extend(kept.map(|number| (campaign.clone(), number)));
        assert!(!writer.wait().expect("it ends").success());
        assert!(other.wait_with_output().expect("it ends").status.success());
        expect.extend((0..20).map(|number| (format!("other-{round}"), number)));
        let mut there = found(&path);
        // The one that it was at may be there or not.
        let last = (campaign.clone(), expect.iter().filter(|(name, _)| *name == campaign).count());
        if !expect.contains(&last) && there.contains(&last) {
            expect.insert(last);
        }
        assert_eq!(there.len(), expect.len(), "round {round}");
        there.retain(|one| !expect.contains(one));
        assert!(there.is_empty(), "round {round}: {there:?}");
    }
}
