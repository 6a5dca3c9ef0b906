//! The house's own rules, as tests: who may import whom, where unsafe may stand, how long a file may be.

use e2e::root;
use std::fs;
use std::path::{Path, PathBuf};

/// What may import what, as `harness/ARCHITECTURE.md` has it; only crates of the house are named.
const ARROWS: &[(&str, &[&str])] = &[
    ("harness/model", &[]),
    ("shim", &[]),
    ("harness/persona", &["model"]),
    ("harness/policy", &["model"]),
    ("harness/golang", &["model"]),
    ("harness/journal", &["model"]),
    ("harness/kernel", &["model", "shim"]),
    ("harness/report", &["model", "journal"]),
    ("harness/results", &["model"]),
    ("harness", &["golang", "journal", "kernel", "model", "persona", "policy", "report", "results", "shim"]),
    ("tests", &["journal", "model"]),
    ("benches", &["golang", "journal", "kernel", "model", "policy"]),
];

/// Outside crates that only some may import, because of what they can do.
const GUESTS: &[(&str, &[&str])] = &[
    ("libc", &["shim", "harness/kernel", "harness", "benches"]),
    ("nix", &["harness/kernel", "harness", "tests", "benches"]),
    ("seccompiler", &["harness/kernel"]),
    ("goblin", &["harness/golang"]),
    ("rusqlite", &["harness/results"]),
];

const HOUSE: &[&str] =
    &["model", "persona", "policy", "kernel", "golang", "journal", "report", "results", "shim"];

/// The only places where unsafe code may stand.
const UNSAFE: &[&str] = &["harness/kernel/src/sys/", "shim/src/sys.rs", "benches/src/sys.rs"];

/// Longer files must say at their top why.
const LONGEST: usize = 600;

fn manifest(dir: &str) -> Option<toml::Table> {
    let text = fs::read_to_string(root().join(dir).join("Cargo.toml")).ok()?;
    Some(text.parse().expect("a manifest is TOML"))
}

fn dependencies(dir: &str) -> Vec<String> {
    let Some(manifest) = manifest(dir) else { return Vec::new() };
    let table = manifest.get("dependencies").and_then(toml::Value::as_table);
    table.into_iter().flat_map(toml::Table::keys).cloned().collect()
}

/// Every Rust file of the house that is not a generated or downloaded one.
fn sources() -> Vec<PathBuf> {
    fn collect(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).expect("a folder of the checkout").flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            if path.is_dir() && name != "target" && name != ".git" {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    collect(root(), &mut found);
    found.sort();
    assert!(found.len() > 50, "only {} source files were found", found.len());
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

#[test]
fn arrows_point_one_way() {
    let members = manifest("").expect("the workspace has a manifest")["workspace"]["members"].clone();
    for member in members.as_array().expect("members are a list") {
        let member = member.as_str().expect("a member is a path");
        let (_, allowed) = ARROWS
            .iter()
            .find(|(dir, _)| *dir == member)
            .unwrap_or_else(|| panic!("{member} is not in the table"));
        for dependency in dependencies(member) {
            if HOUSE.contains(&dependency.as_str()) {
                assert!(allowed.contains(&dependency.as_str()), "{member} must not import {dependency}");
            }
            if let Some((_, hosts)) = GUESTS.iter().find(|(guest, _)| *guest == dependency) {
                assert!(hosts.contains(&member), "{member} must not import {dependency}");
            }
        }
    }
}

#[test]
fn the_shim_needs_libc_and_nothing_else() {
    assert_eq!(dependencies("shim"), ["libc"]);
}

#[test]
fn unsafe_stands_where_it_is_allowed_and_nowhere_else() {
    for path in sources() {
        let name = shown(&path);
        if UNSAFE.iter().any(|allowed| name.starts_with(allowed)) || name == "tests/tidy.rs" {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source file is text");
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let has_unsafe =
                code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe");
            assert!(!has_unsafe, "{name}:{}: unsafe code may not stand here", number + 1);
        }
    }
}

#[test]
fn files_are_short_or_say_why_not() {
    for path in sources() {
        let text = fs::read_to_string(&path).expect("a source file is text");
        let code = text.lines().take_while(|line| *line != "#[cfg(test)]" && *line != "mod tests {").count();
        let says_why = text.lines().take(20).any(|line| line.contains("Longer than the rest:"));
        let is_table = shown(&path).contains("table");
        assert!(code <= LONGEST || says_why || is_table, "{}: {code} lines of code", shown(&path));
    }
}

#[test]
fn no_file_is_called_after_nothing() {
    for path in sources() {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        assert!(
            !["utils", "util", "helpers", "common", "misc", "imp"].contains(&stem.as_str()),
            "{}",
            shown(&path)
        );
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for path in sources() {
        let text = fs::read_to_string(&path).expect("a source file is text");
        assert!(
            text.starts_with("//!"),
            "{} does not begin with a line that says what it is for",
            shown(&path)
        );
    }
}

#[test]
fn lints_are_expected_with_a_reason_never_allowed() {
    for path in sources().iter().filter(|path| !path.ends_with("tidy.rs")) {
        let text = fs::read_to_string(path).expect("a source file is text");
        for forbidden in ["#[allow(", "#![allow(", "#[ignore"] {
            assert!(!text.contains(forbidden), "{}: {forbidden}", shown(path));
        }
    }
}

#[test]
fn every_dependency_has_its_reason_beside_it() {
    let text = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace has a manifest");
    let list = text.split("[workspace.dependencies]").nth(1).expect("dependencies are listed");
    let list = list.split("\n[").next().unwrap_or_default();
    for line in list.lines().filter(|line| line.contains('=') && !line.contains("path =")) {
        assert!(line.contains('#'), "no reason beside: {line}");
    }
}

#[test]
fn the_default_build_stays_lean() {
    let lock: toml::Table = fs::read_to_string(root().join("Cargo.lock"))
        .expect("Cargo.lock is committed")
        .parse()
        .expect("Cargo.lock is TOML");
    let packages = lock["package"].as_array().expect("packages are a list");
    let needs = |name: &str| -> Vec<String> {
        let found = packages.iter().find(|package| package["name"].as_str() == Some(name));
        let list = found.and_then(|package| package.get("dependencies")).and_then(toml::Value::as_array);
        let name_of = |value: &toml::Value| {
            value.as_str().unwrap_or_default().split(' ').next().unwrap_or_default().to_owned()
        };
        list.into_iter().flatten().map(name_of).collect()
    };
    // An upper bound: the lock names dependencies of other platforms and of tests, too.
    let only_for_tests = ["proptest", "criterion", "tempfile"];
    let (mut open, mut seen) = (vec!["duress".to_owned()], Vec::<String>::new());
    while let Some(name) = open.pop() {
        if !seen.contains(&name) && !only_for_tests.contains(&name.as_str()) {
            open.extend(needs(&name));
            seen.push(name);
        }
    }
    assert!(seen.len() > 10, "the lock was not understood: {seen:?}");
    assert!(seen.len() < 120, "{} crates: {seen:?}", seen.len());
}
