//! Does a line of output name a cause?
//!
//! A target that ends wrongly owes its user a reason. A line is one if it names an error that the plan forces, or holds
//! one of [`CAUSE_WORDS`]. Lines that go test itself prints say only *that* something failed and never count.

use journal::RuleHead;

/// Words that make a line a reason, looked for anywhere in it and in any letter case (`PathError`, `Failed to …`).
pub(crate) const CAUSE_WORDS: &[&str] = &[
    "error",
    "fail",
    "cannot",
    "can't",
    "could not",
    "couldn't",
    "unable",
    "denied",
    "refused",
    "panic",
    "fatal",
    "abort",
    "killed",
    "invalid",
    "missing",
    "no such",
    "no space",
    "not found",
    "not permitted",
    "not supported",
    "not implemented",
    "out of memory",
    "too many",
    "timed out",
    "timeout",
    "deadline exceeded",
];

/// No more of a line than this is searched, in bytes: a target may print megabytes without a line end.
const SEARCHED: usize = 16 << 10;

/// A line in lower case, ready to be searched for several things.
pub(crate) struct Line(String);

impl Line {
    /// The line as it is searched.
    pub(crate) fn new(line: &str) -> Line {
        let mut end = line.len().min(SEARCHED);
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        Line(line[..end].to_lowercase())
    }

    /// Whether it holds one of the [`CAUSE_WORDS`].
    pub(crate) fn has_cause_word(&self) -> bool {
        CAUSE_WORDS.iter().any(|word| self.0.contains(word))
    }

    /// Whether it names one of these errors.
    pub(crate) fn names(&self, errors: &ErrorNames) -> bool {
        errors.0.iter().any(|(name, words)| {
            (!words.is_empty() && self.0.contains(words.as_str())) || self.has_word(name)
        })
    }

    /// Whether it holds this as a whole word: `EIO` is not in `VEIOU`.
    fn has_word(&self, word: &str) -> bool {
        let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        !word.is_empty()
            && self.0.match_indices(word).any(|(at, _)| {
                is_edge(self.0[..at].chars().next_back()) && is_edge(self.0[at + word.len()..].chars().next())
            })
    }
}

/// The errors that a rule forces, as output would name them, in lower case.
#[derive(Debug, Default)]
pub(crate) struct ErrorNames(Vec<(String, String)>);

impl ErrorNames {
    /// The errors of this rule.
    pub(crate) fn of(rule: &RuleHead) -> ErrorNames {
        ErrorNames(
            rule.errors.iter().map(|(name, words)| (name.to_lowercase(), words.to_lowercase())).collect(),
        )
    }
}

/// Whether go test printed this line about a test, not the test about itself.
///
/// # Go
/// `cmd/internal/test2json/test2json.go` (updates, reports, bigPass, bigFail), `cmd/go/internal/test/test.go` (ok, FAIL
/// and `?` lines, "exit status"), `testing/testing.go` (`coverage:`, "no tests to run"); Go 1.26.
pub(crate) fn is_go_tests_own(line: &str) -> bool {
    // Since Go 1.20 `-test.v=test2json` marks framing lines with a leading ^V.
    let line = line.trim().trim_start_matches('\u{16}');
    let is_exit =
        || line.strip_prefix("exit status ").is_some_and(|code| code.chars().all(|c| c.is_ascii_digit()));
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| line.starts_with(prefix));
    matches!(line, "" | "FAIL" | "PASS" | "ok")
        || starts(&["FAIL\t", "FAIL ", "ok \t", "ok  \t", "ok\t", "?   \t", "coverage: "])
        || starts(&["=== RUN", "=== PAUSE", "=== CONT", "=== NAME", "testing: warning: no tests to run"])
        || starts(&["--- FAIL: ", "--- PASS: ", "--- SKIP: ", "--- BENCH: "])
        || is_exit()
}

/// The line that goes furthest in saying why, found as output passes by.
#[derive(Debug, Default)]
pub(crate) struct Cause {
    /// The first line that names an error the plan forces.
    named: Option<String>,
    /// The last line with a cause word: programs log as they go, and the reason they stop comes last.
    worded: Option<String>,
}

impl Cause {
    /// Looks at one line.
    pub(crate) fn look(&mut self, line: &str, searched: &Line, errors: &[ErrorNames]) {
        if self.named.is_some() {
            return;
        }
        if errors.iter().any(|errors| searched.names(errors)) {
            self.named = Some(crate::text::clip(line));
        } else if searched.has_cause_word() {
            self.worded = Some(crate::text::clip(line));
        }
    }

    /// The line that names the cause, if one does.
    pub(crate) fn line(&self) -> Option<&str> {
        self.named.as_deref().or(self.worded.as_deref())
    }

    /// Whether the cause it knows is an error that the plan forces.
    pub(crate) fn is_named(&self) -> bool {
        self.named.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_named_by_its_name_or_its_words() {
        let rule = RuleHead {
            name: "r".into(),
            spec: String::new(),
            errors: vec![("EIO".into(), "input/output error".into())],
            is_quiet: false,
            is_racy: false,
            persona: None,
            counts_by_site: false,
        };
        let errors = ErrorNames::of(&rule);
        let check = |line: &str, expect: bool| assert_eq!(Line::new(line).names(&errors), expect, "{line}");
        check("read /x: Input/output Error", true);
        check("got EIO.", true);
        check("syscall.eio", true);
        check("VEIOU", false);
        check("EIO_COUNT=3", false);
        check("éEIO", false);
        check("no space left on device", false);
    }

    #[test]
    fn lines_of_go_test_itself_are_no_reasons() {
        let check = |line: &str, expect: bool| assert_eq!(is_go_tests_own(line), expect, "{line:?}");
        check("FAIL\n", true);
        check("FAIL\texample.com/x\t0.1s\n", true);
        check("exit status 3\n", true);
        check("ok  \texample.com/x\t0.1s\n", true);
        check("    --- FAIL: TestX/error (0.00s)\n", true);
        check("\u{16}=== RUN   TestFailure\n", true);
        check("exit status unknown, disk on fire", false);
        check("failed to open the store", false);
        check("ok, but the disk is full", false);
    }

    #[test]
    fn an_injected_error_is_a_better_cause_than_a_later_word() {
        let rule = RuleHead {
            name: "r".into(),
            spec: String::new(),
            errors: vec![("ENOSPC".into(), "no space left on device".into())],
            is_quiet: false,
            is_racy: false,
            persona: None,
            counts_by_site: false,
        };
        let errors = [ErrorNames::of(&rule)];
        let mut cause = Cause::default();
        let check = |cause: &mut Cause, line: &str, expect: Option<&str>| {
            cause.look(line, &Line::new(line), &errors);
            assert_eq!(cause.line(), expect);
        };
        check(&mut cause, "starting", None);
        check(&mut cause, "error: one", Some("error: one"));
        check(&mut cause, "Cannot go on", Some("Cannot go on"));
        check(&mut cause, "write: No space left on device", Some("write: No space left on device"));
        check(&mut cause, "fatal: giving up", Some("write: No space left on device"));
    }
}
