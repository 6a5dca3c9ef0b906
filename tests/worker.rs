//! A Go program that does what programs do, and does it right: `worker.go` says what.

use crate::{Duress, Module, Outcome};
use std::path::PathBuf;
use std::sync::OnceLock;

/// The program's path; built once.
///
/// # Panics
/// Where it cannot be built.
pub fn worker() -> &'static str {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let path =
        PATH.get_or_init(|| Module::new(&[("main.go", include_str!("worker.go"))]).program("e2e-worker"));
    path.to_str().expect("the checkout's path is text")
}

/// Lets it do this under these rules; other flags of `duress run` may come with them. Half a minute is its limit, unless
/// they say another.
pub fn run_worker(flags: &[&str], rules: &[&str], words: &[&str]) -> Outcome {
    let limit: &[&str] = if flags.contains(&"--timeout") { &[] } else { &["--timeout", "30s"] };
    let rules: Vec<&str> = rules.iter().flat_map(|rule| ["-e", rule]).collect();
    let line = [&["run", "--format", "json"], limit, flags, &rules, &["--", worker()], words].concat();
    Duress::new(&std::env::temp_dir(), line).run()
}
