//! What a test needs and a host may lack.

#![expect(clippy::disallowed_methods, reason = "asking programs what they are means starting them")]

use std::io::Write;
use std::process::Command;
use std::sync::OnceLock;

/// What a test needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The right to trace a process that is no descendant.
    Attach,
    /// A Go toolchain.
    Go,
    /// A kernel that lets duress interpose.
    Notify,
    /// A host that lets duress trace.
    Trace,
    /// A C compiler.
    C,
    /// A C compiler and cgo, for `go test -race`.
    Race,
    /// The superuser.
    Root,
    /// unshare(1), and the right to mount.
    Mount,
    /// strace(1).
    Strace,
    /// runc(8), the runtime of Docker's containers.
    Runc,
}

/// Whether the host has all of these. Where it lacks one, says so on standard error, or fails if it is required.
pub fn has(needs: &[Need]) -> bool {
    for need in needs {
        let (name, is_there) = match need {
            Need::Go => ("go", succeeds("go", &["version"])),
            Need::Notify => ("notify", doctor_says("notify")),
            Need::Trace => ("trace", doctor_says("trace")),
            Need::Attach => ("attach", can_attach()),
            Need::C => ("c", succeeds("cc", &["--version"])),
            Need::Race => ("race", succeeds("go", &["version"]) && succeeds("cc", &["--version"])),
            Need::Root => ("root", nix::unistd::geteuid().is_root()),
            Need::Mount => ("mount", succeeds("unshare", &["--mount", "true"])),
            Need::Runc => ("runc", succeeds("runc", &["--version"])),
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
fn doctor_says(key: &str) -> bool {
    static ANSWER: OnceLock<serde_json::Value> = OnceLock::new();
    let diagnosis = ANSWER.get_or_init(|| {
        let output = Command::new(crate::duress_path()).args(["doctor", "--format", "json"]).output();
        serde_json::from_slice(&output.expect("duress starts").stdout).expect("a diagnosis is JSON")
    });
    diagnosis[key] == true
}

/// Yama's first level forbids it to all but root; a kernel without Yama does not.
fn can_attach() -> bool {
    let scope = std::fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope");
    let scope = scope.map_or(0, |text| text.trim().parse().unwrap_or(3));
    scope == 0 || scope < 3 && nix::unistd::geteuid().is_root()
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// Says that a test is skipped, past the test harness, which would swallow it; whoever runs the tests counts these lines.
pub fn skipped(why: &str) {
    // Where nobody can be told, nobody counts.
    let _ = std::io::stderr().write_all(format!("skipped: {why}\n").as_bytes());
}
