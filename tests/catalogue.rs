//! The whole catalogue, on real Go: every claim and every known failure comes out as it is recorded.
//!
//! A binary of its own: it takes minutes, and some of its scenarios want the machine for themselves. `DURESS_GO_VERSIONS=all`
//! fetches further versions of Go and tries there what is recorded by release.

#![expect(clippy::disallowed_methods, reason = "asks tests/toolchains.sh for toolchains")]

use e2e::{Duress, Need, Outcome, has, root, skipped};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

const NEEDS: &[Need] = &[Need::Go, Need::Notify];

/// Scenarios that want to be alone are alone among those of one duress only.
static MACHINE: Mutex<()> = Mutex::new(());

/// A scenario's file.
struct File {
    id: String,
    table: toml::Table,
}

impl File {
    fn all() -> Vec<File> {
        let folders = fs::read_dir(root().join("scenarios")).expect("a checkout has scenarios").flatten();
        let mut files: Vec<File> = folders
            .filter_map(|folder| {
                let text = fs::read_to_string(folder.path().join("scenario.toml")).ok()?;
                let id = folder.file_name().to_string_lossy().into_owned();
                Some(File { id, table: text.parse().expect("it is TOML") })
            })
            .collect();
        files.sort_by_key(|file| (file.source(), file.id.clone()));
        files
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.table.get(key).and_then(toml::Value::as_str)
    }

    /// Known failures behind the documents, scenarios of our own last.
    fn source(&self) -> (u8, String) {
        match (self.text("document"), self.text("failure")) {
            (Some(document), _) => (0, format!("{document} {}", self.text("section").unwrap_or_default())),
            (None, Some(failure)) => (1, failure.to_owned()),
            (None, None) => (2, String::new()),
        }
    }

    /// What is recorded, in words.
    fn seen(&self) -> String {
        if let Some(reason) = self.table.get("not-here").and_then(|not_here| not_here.get("reason")) {
            return format!("not tried: {}", reason.as_str().unwrap_or_default());
        }
        match self.table.get("expected") {
            Some(toml::Value::String(word)) if word == "partly" => self.parts(),
            Some(toml::Value::String(word)) => word.clone(),
            Some(toml::Value::Table(by_release)) => {
                let parts = by_release
                    .iter()
                    .map(|(range, word)| format!("Go {range}: {}", word.as_str().unwrap_or_default()));
                parts.collect::<Vec<_>>().join("; ")
            }
            _ => panic!("{} does not say what was seen", self.id),
        }
    }

    /// Which parts of a partly true claim are true, by the names of their arms.
    fn parts(&self) -> String {
        let arms = self.table.get("arm").and_then(toml::Value::as_array);
        let mut by_word: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for arm in arms.into_iter().flatten() {
            let word = match arm.get("expected") {
                Some(toml::Value::String(word)) => word.clone(),
                Some(_) => "by release".to_owned(),
                None => continue,
            };
            by_word.entry(word).or_default().push(arm["name"].as_str().unwrap_or_default());
        }
        let parts = by_word.iter().map(|(word, names)| format!("{word}: {}", names.join(" · ")));
        format!("partly. {}", parts.collect::<Vec<_>>().join("; ")).replace('|', "\\|")
    }

    /// Whether what is recorded hangs on the release of Go.
    fn is_by_release(&self) -> bool {
        let arms = self.table.get("arm").and_then(toml::Value::as_array);
        let is_bounded = |arm: &toml::Value| arm.get("go").is_some();
        self.table.get("expected").is_some_and(toml::Value::is_table)
            || self.table.contains_key("go")
            || arms.is_some_and(|arms| arms.iter().any(is_bounded))
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

#[test]
fn every_claim_has_an_entry_with_its_id() {
    let files = File::all();
    let claims = include_str!("claims.txt").lines().filter(|line| !line.starts_with('#'));
    let mut missing = Vec::new();
    for claim in claims {
        let (document, id) = claim.split_once(' ').expect("a document and an id");
        if !files.iter().any(|file| file.id == id && file.text("document") == Some(document)) {
            missing.push(id);
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

/// `UPDATE=1 cargo test -p e2e --test catalogue` writes it anew.
#[test]
fn the_table_for_readers_says_what_is_recorded() {
    let mut table = String::from(include_str!("catalogue.md"));
    for file in File::all() {
        let source = match (file.text("document"), file.text("section"), file.text("failure")) {
            (Some(document), section, _) => {
                format!("{} {}", document.split('_').next().unwrap_or(document), section.unwrap_or_default())
            }
            (None, _, Some(failure)) => {
                let reports = file.table.get("reports").and_then(toml::Value::as_array);
                let reports = reports.into_iter().flatten().filter_map(toml::Value::as_str);
                format!("{failure} {}", reports.take(2).collect::<Vec<_>>().join(", "))
            }
            (None, _, None) => "ours".to_owned(),
        };
        assert!(
            file.text("expected") != Some("partly") || file.parts() != "partly. ",
            "{}: which part?",
            file.id
        );
        let claim = file.text("claim").unwrap_or_default().replace('|', "\\|");
        let id = &file.id;
        table.push_str(&format!(
            "| [{id}]({id}/scenario.toml) | {} | {claim} | {} |\n",
            source.trim(),
            file.seen()
        ));
    }
    let path = root().join("scenarios/README.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &table).expect("the checkout can be written");
    }
    let written = fs::read_to_string(&path).expect("scenarios/README.md is there");
    assert!(written == table, "scenarios/README.md is out of date; UPDATE=1 writes it anew");
}

#[test]
fn the_catalogue_comes_out_as_it_is_recorded() {
    if !has(NEEDS) {
        return;
    }
    let _alone = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let outcome = Duress::new(root(), ["scenario", "run", "--all", "--check", "--format", "json"]).run();
    let results = judged(&outcome);
    let decided = |is_meant: &dyn Fn(&File) -> bool| -> usize {
        let files = File::all();
        let is_decided = |id: &str| results.get(id).is_some_and(|one| one["verdict"] != "skipped");
        files.iter().filter(|file| is_meant(file) && is_decided(&file.id)).count()
    };
    let claims = decided(&|file| file.text("document").is_some());
    let failures = decided(&|file| file.text("failure").is_some());
    // Where something is missing, they are skipped with their reason; here most have what they need.
    if has(&[Need::Race, Need::Root, Need::Strace]) {
        assert!(claims >= 80, "only {claims} claims were tried: {outcome:?}");
        assert!(failures >= 40, "only {failures} known failures were tried: {outcome:?}");
    }
}

/// The results by id, after a look at each: what was decided has its evidence.
#[track_caller]
fn judged(outcome: &Outcome) -> BTreeMap<String, Value> {
    let wrong = outcome
        .stderr
        .lines()
        .filter(|line| line.contains("otherwise than recorded") || line.contains("could not be tried"));
    let wrong: Vec<&str> = wrong.collect();
    assert!(wrong.is_empty() && outcome.code == Some(0), "{wrong:?}\n{outcome:?}");
    let mut results = BTreeMap::new();
    for one in outcome.json().as_array().expect("a list") {
        match text(&one["verdict"]) {
            // That a claim is about other releases is nothing that is missing here.
            "skipped" if text(&one["reason"]).starts_with("it is about Go") => {}
            "skipped" => skipped(&format!("scenario {}: {}", text(&one["id"]), text(&one["reason"]))),
            _ => {
                let evidence = one["evidence"].as_array().expect("a list");
                assert!(!evidence.is_empty(), "{one} has no evidence");
            }
        }
        results.insert(text(&one["id"]).to_owned(), one.clone());
    }
    results
}

#[test]
fn what_is_recorded_by_release_comes_out_so_with_other_releases() {
    if !has(NEEDS) {
        return;
    }
    let mut script = Command::new(root().join("tests/toolchains.sh"));
    if std::env::var_os("DURESS_GO_VERSIONS").is_none_or(|which| which != "all") {
        script.arg("--cached");
    }
    let output = script.args(["1.21", "1.23", "1.24", "1.25", "1.27"]).output().expect("the script starts");
    let mut toolchains: Vec<PathBuf> = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        match (line.strip_prefix("skipped: "), line.split_once(' ')) {
            (Some(why), _) => skipped(why),
            (None, Some((_, folder))) => toolchains.push(folder.into()),
            (None, None) => panic!("what does `{line}` mean?"),
        }
    }
    let files = File::all();
    let ids: Vec<&str> =
        files.iter().filter(|file| file.is_by_release()).map(|file| file.id.as_str()).collect();
    if ids.is_empty() || toolchains.is_empty() {
        skipped("no further version of Go is here; tests/toolchains.sh fetches some");
        return;
    }
    let words: Vec<String> = toolchains.iter().map(|folder| folder.display().to_string()).collect();
    let go = words.join(",");
    let arguments = [&["scenario", "run", "--check", "--format", "json", "--go", &go], &ids[..]].concat();
    let _alone = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let outcome = Duress::new(root(), arguments).run();
    judged(&outcome);
}
