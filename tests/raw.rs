//! A C program that makes exactly the system calls it is told: `raw.c` says how they are written.

#![expect(clippy::disallowed_methods, reason = "building a program means starting a compiler")]

use crate::{Duress, Outcome, duress_path, root};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The program's path; built once. What it says is read by [`crate::Made`].
///
/// # Panics
/// Where it cannot be built.
pub fn raw() -> &'static str {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let path = PATH.get_or_init(|| {
        let path = duress_path().with_file_name("e2e-raw");
        // Moved there in one step: it may be running, for another's tests.
        let fresh = path.with_extension(std::process::id().to_string());
        let source = root().join("tests/raw.c");
        let build = Command::new("cc").args(["-O1", "-pthread", "-o"]).arg(&fresh).arg(source).output();
        let build = build.expect("cc is there");
        assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stderr));
        std::fs::rename(&fresh, &path).expect("both are in one folder");
        path
    });
    path.to_str().expect("the checkout's path is text")
}

/// Makes these calls in this folder, under these rules; other flags of `duress run` may come with them. Half a minute is its limit.
pub fn run_raw(folder: &Path, flags: &[&str], rules: &[&str], words: &[&str]) -> Outcome {
    let rules: Vec<&str> = rules.iter().flat_map(|rule| ["-e", rule]).collect();
    let line = ["run", "--format", "json", "--timeout", "30s"];
    Duress::new(folder, [&line[..], flags, &rules, &["--", raw()], words].concat()).run()
}

/// What the program read, call by call.
pub fn read_by(outcome: &Outcome) -> Vec<String> {
    let lines = outcome.stdout.lines().chain(outcome.stderr.lines());
    lines.filter_map(|line| line.strip_prefix("data ")).map(str::to_owned).collect()
}
