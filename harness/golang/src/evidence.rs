//! Single lines that mean something when a Go program ends badly.
//!
//! # Go
//! runtime/panic.go, runtime/signal_unix.go, runtime/traceback.go of go1.19 to go1.26.

use model::Symptom;

/// What a line at the left margin may begin. Whether it does, the lines after it tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// A panic or a fatal error: goroutines follow.
    Goroutines(Symptom),
    /// A signal that the runtime caught: registers follow.
    Registers,
    /// SIGQUIT: somebody asked for the goroutines. Registers follow; it is no crash.
    Asked,
    /// What `go test` and `go run` say about a process that ended: the package's end follows.
    ProcessEnd(Symptom),
    /// Certain by itself.
    Certain(Symptom),
}

/// What this line may begin.
pub(crate) fn opening(line: &str) -> Option<Opening> {
    if line.starts_with("panic: test timed out after ") {
        return Some(Opening::Goroutines(Symptom::TestTimeout));
    }
    if line.starts_with("panic: ") {
        return Some(Opening::Goroutines(Symptom::Panic));
    }
    if line.starts_with("fatal error: ") {
        return Some(Opening::Goroutines(Symptom::Fatal));
    }
    if LAST_WORDS_OF_THE_RUNTIME.contains(&line) {
        return Some(Opening::Certain(Symptom::Fatal));
    }
    if line.starts_with("*** Test killed") {
        return Some(Opening::ProcessEnd(Symptom::TestTimeout));
    }
    if line.starts_with("signal: ") {
        return Some(Opening::ProcessEnd(Symptom::Signal));
    }
    let (name, description) = line.split_once(": ")?;
    let is_signal = name.len() > 3 && name.starts_with("SIG") && name.bytes().all(|b| b.is_ascii_uppercase());
    match (is_signal && !description.is_empty(), name) {
        (false, _) => None,
        (true, "SIGQUIT") => Some(Opening::Asked),
        (true, _) => Some(Opening::Registers),
    }
}

/// The runtime writes these by hand and aborts; nothing else may follow.
const LAST_WORDS_OF_THE_RUNTIME: &[&str] = &[
    "fatal: morestack on g0",
    "fatal: morestack on gsignal",
    "fatal: recursive switchToCrashStack",
    "fatal: concurrent switchToCrashStack",
    "fatal: bad g in signal handler",
    "fatal: systemstack called from unexpected goroutine",
];

/// `goroutine 7 [running]:`, `goroutine 7 gp=0x… m=0 mp=0x… [running]:`, `runtime stack:`.
pub(crate) fn begins_a_stack(line: &str) -> bool {
    let is_goroutine = line.strip_prefix("goroutine ").is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_digit()) && rest.contains(" [") && rest.ends_with("]:")
    });
    is_goroutine || line == "runtime stack:"
}

/// `PC=0x408fee m=0 sigcode=0`: follows a signal.
pub(crate) fn is_registers(line: &str) -> bool {
    line.starts_with("PC=0x")
}

/// What the runtime says right before it gives up, more telling than the `fatal error` after it.
///
/// `futexwakeup` (runtime/os_linux.go) is followed by a deliberate SIGSEGV, `unexpected fault address`
/// (runtime/signal_unix.go) by `fatal error: fault`.
pub(crate) fn is_note(line: &str) -> bool {
    ["runtime: ", "runtime/cgo: ", "futexwakeup addr=", "unexpected fault address "]
        .iter()
        .any(|lead| line.starts_with(lead))
}

/// `2026/11/20 20:24:44 text`: a line of package log with its usual flags, such as log.Fatal leaves.
pub(crate) fn is_of_package_log(line: &str) -> bool {
    let pattern = "####/##/## ##:##:##";
    line.len() > pattern.len()
        && line.bytes().zip(pattern.bytes()).all(|(byte, expected)| match expected {
            b'#' => byte.is_ascii_digit(),
            other => byte == other,
        })
}

/// `exit status 2`, as `go run` and `go test` print it.
pub(crate) fn is_exit_status(line: &str) -> bool {
    line.strip_prefix("exit status ")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
}

/// `x.go:3:28: undefined: y`, as the compiler prints it.
pub(crate) fn is_of_compiler(line: &str) -> bool {
    line.split_once(".go:").is_some_and(|(file, rest)| {
        !file.contains(' ') && rest.starts_with(|c: char| c.is_ascii_digit()) && rest.contains(": ")
    })
}

/// Whether a log entry (`a_test.go:3: text`) speaks of something gone wrong. t.Log and t.Error look the same in the output, so of several lines
/// of a failed test this chooses the one to show; where none does, the last is shown: t.Fatal ends a test.
pub(crate) fn names_a_failure(line: &str) -> bool {
    let text = line.split_once(": ").map_or(line, |(_, text)| text).to_lowercase();
    [
        "err",
        "fail",
        "want",
        "expect",
        "cannot",
        "can't",
        "could not",
        "unable",
        "denied",
        "refused",
        "timed out",
    ]
    .iter()
    .any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::{Opening, begins_a_stack, is_of_compiler, is_of_package_log, opening};
    use model::Symptom;

    #[test]
    fn openings_are_told_by_their_first_words() {
        let check = |line: &str, expect: Option<Opening>| assert_eq!(opening(line), expect, "{line}");
        check("panic: boom", Some(Opening::Goroutines(Symptom::Panic)));
        check("panic: test timed out after 1s", Some(Opening::Goroutines(Symptom::TestTimeout)));
        check("fatal error: newosproc", Some(Opening::Goroutines(Symptom::Fatal)));
        check("fatal: morestack on g0", Some(Opening::Certain(Symptom::Fatal)));
        check("fatal: repository not found", None);
        check("SIGSEGV: segmentation violation", Some(Opening::Registers));
        check("SIGQUIT: quit", Some(Opening::Asked));
        check("signal: killed", Some(Opening::ProcessEnd(Symptom::Signal)));
        check("SIGNIFICANT: yes", Some(Opening::Registers)); // The next line will tell.
        check("Sigh: no", None);
        check("    panic: quoted", None);
        check("", None);
    }

    #[test]
    fn stacks_compilers_and_logs_have_a_shape() {
        for line in
            ["goroutine 7 [running]:", "goroutine 7 gp=0xc1 m=0 mp=0x6d [chan receive]:", "runtime stack:"]
        {
            assert!(begins_a_stack(line), "{line}");
        }
        for line in ["goroutine 7 is stuck", "goroutine x [running]:", "  goroutine 7 [running]:"] {
            assert!(!begins_a_stack(line), "{line}");
        }
        assert!(is_of_compiler("../bad.go:2:15: undefined: x"));
        assert!(!is_of_compiler("see bad.go:2:15: undefined: x"));
        assert!(is_of_package_log("2026/11/20 20:24:44 bad"));
        assert!(!is_of_package_log("2026/11/20 20:24:44"));
    }
}
