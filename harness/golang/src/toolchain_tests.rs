//! Tests of finding the toolchain.

use super::Toolchain;
use crate::{Error, Version};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const ANSWER: &str = r#"{"GOVERSION":"@VERSION","GOROOT":"/r","GOFLAGS":"-v","CGO_ENABLED":"1","CC":"@CC -m64","GOOS":"linux","GOARCH":"amd64"}"#;

/// A folder with a `go` that is this shell script.
fn with_go(script: &str, mode: u32) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let file = dir.path().join("go");
    fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("writable");
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("ours");
    dir
}

fn find_in(dir: &Path) -> Result<Toolchain, Error> {
    let path = OsString::from(format!("{}:/usr/bin:/bin", dir.display()));
    Toolchain::find("go", dir, &[("PATH".into(), path)])
}

fn answering(version: &str, cc: &str) -> Result<Toolchain, Error> {
    let answer = ANSWER.replace("@VERSION", version).replace("@CC", cc);
    find_in(with_go(&format!("echo '{answer}'"), 0o755).path())
}

#[test]
fn the_real_toolchain_is_found() {
    match Toolchain::find("go", Path::new("/"), &[("GOFLAGS".into(), "'-ldflags=-s -w'".into())]) {
        Err(Error::GoMissing { .. }) => skip(),
        found => {
            let found = found.expect("go works");
            assert!(found.goroot.join("src").is_dir(), "{found:?}");
            assert_eq!(found.goflags, "'-ldflags=-s -w'");
        }
    }
}

fn skip() {
    let _ = std::io::Write::write_all(&mut std::io::stderr(), b"skipped: needs go\n");
}

#[test]
fn a_missing_go_is_told_from_one_that_cannot_start() {
    let empty = tempfile::tempdir().expect("a scratch folder");
    let found = Toolchain::find("go", empty.path(), &[("PATH".into(), empty.path().into())]);
    let message = found.expect_err("nothing is there").to_string();
    assert!(message.contains("cannot find `go`") && message.contains("https://go.dev/dl"), "{message}");
    let gone = Toolchain::find("/nowhere/bin/go", empty.path(), &[]);
    assert!(matches!(gone, Err(Error::GoMissing { .. })), "{gone:?}");

    let locked = with_go("", 0o644);
    let program = locked.path().join("go");
    let found = Toolchain::find(program.to_str().expect("UTF-8"), locked.path(), &[]);
    assert!(matches!(found, Err(Error::StartGo { .. })), "{found:?}");
}

#[test]
fn what_go_complains_about_is_passed_on() {
    let complaining = with_go("echo 'go: parsing $GOFLAGS: non-flag' >&2; exit 1", 0o755);
    let message = find_in(complaining.path()).expect_err("it exits with 1").to_string();
    assert!(message.contains("parsing $GOFLAGS") && message.contains("exit status: 1"), "{message}");
    let babbling = with_go("echo hello", 0o755);
    assert!(matches!(find_in(babbling.path()), Err(Error::GoEnvAnswer { .. })));
}

#[test]
fn old_versions_are_refused_and_unknown_ones_are_not() {
    let message = answering("go1.18.10", "cc").expect_err("too old").to_string();
    assert!(message.contains("go1.18.10 is too old") && message.contains("go1.19"), "{message}");
    for version in ["go1.19", "go1.26.8", "devel go1.28-abc", "go1.26.8 X:noswissmap"] {
        let found = answering(version, "cc").unwrap_or_else(|error| panic!("{version}: {error}"));
        assert_eq!((found.version, found.goflags.as_str()), (Version::parse(version), "-v"));
    }
}

#[test]
fn race_needs_cgo_and_a_compiler() {
    let here = answering("go1.26.8", "sh").expect("found");
    assert!(here.race_problem().is_none(), "{:?}", here.race_problem());
    let message = Toolchain { has_cgo: false, ..here }.race_problem().expect("no cgo").to_string();
    assert!(message.contains("CGO_ENABLED=1"), "{message}");
    for cc in ["no-such-cc", "/no/such/cc"] {
        let found = answering("go1.26.8", cc).expect("found");
        let message = found.race_problem().expect("no compiler").to_string();
        assert!(message.contains(cc) && message.contains("install gcc"), "{message}");
    }
}
