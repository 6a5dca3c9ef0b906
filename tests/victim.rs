//! A Go program that does to its supervisor what a target can do: `victim.go` says what.

use crate::Module;
use std::path::PathBuf;
use std::sync::OnceLock;

/// The program's path; built once.
///
/// # Panics
/// Where it cannot be built.
pub fn victim() -> &'static str {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let path =
        PATH.get_or_init(|| Module::new(&[("main.go", include_str!("victim.go"))]).program("e2e-victim"));
    path.to_str().expect("the checkout's path is text")
}
