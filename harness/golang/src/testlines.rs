//! What a piece of a test's output is: a line of package testing, a log line, or the test's own text.
//!
//! # Go
//! testing.go, benchmark.go and cmd/internal/test2json of go1.19 to go1.26. Under `-json` the lines of package testing
//! carry the name that test2json puts into the event, which tells them from text that only looks like them.

/// What a piece of output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// `=== RUN   TestA` and the like.
    Frame,
    /// `--- FAIL: TestA (0.00s)`; `is_late` if it stands indented behind its parent's, as before go1.20.
    Report { result: Reported, is_late: bool },
    /// `    a_test.go:3: text`: t.Log, t.Error, t.Fatal, t.Skip.
    Log,
    /// A further line of the same: eight spaces.
    LogMore,
    /// The name that a benchmark prints before it runs.
    BenchmarkName,
    /// The figures of a benchmark.
    BenchmarkResult,
    /// Anything else.
    Text,
}

/// The word of a report line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reported {
    Pass,
    Fail,
    Skip,
    Bench,
}

/// What a piece of output of this test is, after a line of kind `before`. The piece begins a line.
pub(crate) fn classify(text: &str, test: Option<&str>, before: Line) -> Line {
    let Some(test) = test else { return Line::Text };
    if let Some(frame) = text.strip_prefix("=== ") {
        let words = frame.trim_start_matches(|c: char| c.is_ascii_uppercase());
        if words.len() < frame.len() && names(words.trim_start_matches(' '), test) {
            return Line::Frame;
        }
    }
    let unindented = text.trim_start_matches("    ");
    for (word, result) in REPORTS {
        if unindented.strip_prefix(word).is_some_and(|rest| names(rest, test)) {
            return Line::Report { result: *result, is_late: unindented.len() < text.len() };
        }
    }
    if is_benchmark(test) {
        if text.trim_end() == test {
            return Line::BenchmarkName;
        }
        if text.starts_with(test) && text.contains('\t') && text.contains(" ns/op") {
            return Line::BenchmarkResult;
        }
    }
    match before {
        _ if is_log(text) => Line::Log,
        Line::Log | Line::LogMore if text.starts_with("        ") => Line::LogMore,
        Line::Log | Line::LogMore | Line::Frame | Line::Report { .. } => Line::Text,
        Line::BenchmarkName | Line::BenchmarkResult | Line::Text => Line::Text,
    }
}

/// Whether this is a benchmark (or a part of one), by its name.
pub(crate) fn is_benchmark(test: &str) -> bool {
    test.starts_with("Benchmark")
}

/// Whether a line is the last that `go test` prints of this package: `ok`, `?`, or its coverage without tests.
pub(crate) fn is_summary(text: &str, package: &str) -> bool {
    ["ok  \t", "?   \t", "\t"].into_iter().any(|lead| {
        text.strip_prefix(lead)
            .and_then(|rest| rest.strip_prefix(package))
            .is_some_and(|rest| rest.starts_with('\t'))
    })
}

const REPORTS: &[(&str, Reported)] = &[
    ("--- PASS: ", Reported::Pass),
    ("--- FAIL: ", Reported::Fail),
    ("--- SKIP: ", Reported::Skip),
    ("--- BENCH: ", Reported::Bench),
];

/// Whether the text begins with exactly this test's name.
fn names(text: &str, test: &str) -> bool {
    text.strip_prefix(test).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\n', '\r']))
}

/// `    file.go:12: `; with `-fullpath` the whole path stands there.
fn is_log(text: &str) -> bool {
    let Some(line) = text.strip_prefix("    ").filter(|line| !line.starts_with([' ', '\t'])) else {
        return false;
    };
    let Some((file, rest)) = line.split_once(".go:") else { return false };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    (file.starts_with('/') || !file.contains(' ')) && digits > 0 && rest[digits..].starts_with(':')
}

#[cfg(test)]
mod tests {
    use super::{Line, Reported, classify};

    #[test]
    fn lines_of_package_testing_are_told_from_the_tests_own() {
        let check = |text: &str, before: Line, expect: Line| {
            assert_eq!(classify(text, Some("TestA/s"), before), expect, "{text:?}");
        };
        let report = |result, is_late| Line::Report { result, is_late };
        check("=== RUN   TestA/s\n", Line::Text, Line::Frame);
        check("=== ATTR  TestA/s key value\n", Line::Text, Line::Frame);
        check("=== RUN   TestB\n", Line::Text, Line::Text);
        check("=== TestA/s\n", Line::Text, Line::Text);
        check("--- FAIL: TestA/s (0.00s)\n", Line::Text, report(Reported::Fail, false));
        check("    --- PASS: TestA/s (0.00s)\n", Line::Text, report(Reported::Pass, true));
        check("--- FAIL: TestA/sub (0.00s)\n", Line::Text, Line::Text);
        check("    a_test.go:12: boom\n", Line::Text, Line::Log);
        check("    /home/me/my dir/a_test.go:12: boom\n", Line::Text, Line::Log);
        check("    see a_test.go:12: boom\n", Line::Text, Line::Text);
        check("    a_test.go: boom\n", Line::Text, Line::Text);
        check("        more\n", Line::Log, Line::LogMore);
        check("        more\n", Line::Text, Line::Text);
        check("panic: x\n", Line::Log, Line::Text);
    }

    #[test]
    fn benchmarks_have_lines_of_their_own() {
        let check = |text: &str, expect: Line| {
            assert_eq!(classify(text, Some("BenchmarkX/y=1"), Line::Text), expect, "{text:?}");
        };
        check("BenchmarkX/y=1\n", Line::BenchmarkName);
        check("BenchmarkX/y=1-2   \t      10\t        64.70 ns/op\n", Line::BenchmarkResult);
        check("--- FAIL: BenchmarkX/y=1\n", Line::Report { result: Reported::Fail, is_late: false });
        check("BenchmarkX/y=10\n", Line::Text);
    }
}
