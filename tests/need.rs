//! What a test needs and a host may lack.

#![expect(clippy::disallowed_methods, reason = "asking programs what they are means starting them")]

use std::io::Write;
use std::process::Command;
use std::sync::OnceLock;

/// What a test needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A Go toolchain.
    Go,
    /// A kernel that lets duress interpose.
    Notify,
    /// A C compiler and cgo, for `go test -race`.
    Race,
    /// The superuser.
    Root,
    /// unshare(1), and the right to mount.
    Mount,
    /// strace(1).
    Strace,
}

/// Whether the host has all of these. Where it lacks one, says so on standard error, or fails if it is required.
pub fn has(needs: &[Need]) -> bool {
    for need in needs {
        let (name, is_there) = match need {
            Need::Go => ("go", succeeds("go", &["version"])),
            Need::Notify => ("notify", can_interpose()),
            Need::Race => ("race", succeeds("go", &["version"]) && succeeds("cc", &["--version"])),
            Need::Root => ("root", nix::unistd::geteuid().is_root()),
            Need::Mount => ("mount", succeeds("unshare", &["--mount", "true"])),
            Need::Strace => ("strace", succeeds("strace", &["-V"])),
        };
        if !is_there {
            let required = std::env::var("DURESS_REQUIRE").unwrap_or_default();
            assert!(
                !required.split(',').any(|one| one == name),
                "this test needs {name}, and it is required"
            );
            skipped(&format!("needs {name}"));
            return false;
        }
    }
    true
}

/// What duress itself says; asked once.
fn can_interpose() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        let output = Command::new(crate::duress_path()).args(["doctor", "--format", "json"]).output();
        let diagnosis: serde_json::Value =
            serde_json::from_slice(&output.expect("duress starts").stdout).expect("a diagnosis is JSON");
        diagnosis["notify"] == true
    })
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// Says that a test is skipped, past the test harness, which would swallow it; whoever runs the tests counts these lines.
pub fn skipped(why: &str) {
    // Where nobody can be told, nobody counts.
    let _ = std::io::stderr().write_all(format!("skipped: {why}\n").as_bytes());
}
