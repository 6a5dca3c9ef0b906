//! The lines of `go test -json`.

use serde::Deserialize;

/// One line of `go test -json`.
///
/// # Go
/// `go doc test2json` for tests; `go help buildjson` (since go1.24) for `build-output` and `build-fail`.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What happened.
    pub action: Action,
    /// The import path of the package under test; none for build events.
    pub package: Option<String>,
    /// The package being built, in build events: `example.com/x [example.com/x.test]`.
    pub import_path: Option<String>,
    /// The test, subtest, example or benchmark; none for the package as a whole.
    pub test: Option<String>,
    /// A piece of output, in output events: usually a line with its end, but long lines come in pieces.
    pub output: Option<String>,
    /// How long it took, in seconds.
    pub elapsed_s: Option<f64>,
    /// In the `fail` event of a package that could not be built: the package at fault (an [`Event::import_path`]).
    pub failed_build: Option<String>,
}

/// What an [`Event`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A test binary is about to run (since go1.20).
    Start,
    /// A test began.
    Run,
    /// A parallel test waits.
    Pause,
    /// A parallel test goes on.
    Cont,
    /// The test or package passed.
    Pass,
    /// A benchmark printed its log and did not fail.
    Bench,
    /// The test or package failed.
    Fail,
    /// It printed something.
    Output,
    /// The test skipped itself, or the package has no tests.
    Skip,
    /// The compiler printed something.
    BuildOutput,
    /// A build failed.
    BuildFail,
    /// Something that a newer Go says.
    Other(String),
}

/// The longest line that is looked at, in bytes. test2json cuts output at 1,024 bytes a line.
const LONGEST: usize = 16 << 20;

impl Event {
    /// The event that a line of standard output stands for, or nothing if it is no event.
    pub fn parse(line: &str) -> Option<Event> {
        let line = line.trim();
        if !line.starts_with('{') || line.len() > LONGEST {
            return None;
        }
        let raw: Raw = serde_json::from_str(line).ok()?;
        let action = Action::parse(raw.action);
        Some(Event {
            action,
            package: raw.package,
            import_path: raw.import_path,
            test: raw.test,
            output: raw.output,
            elapsed_s: raw.elapsed,
            failed_build: raw.failed_build,
        })
    }
}

impl Action {
    fn parse(word: String) -> Action {
        match word.as_str() {
            "start" => Action::Start,
            "run" => Action::Run,
            "pause" => Action::Pause,
            "cont" => Action::Cont,
            "pass" => Action::Pass,
            "bench" => Action::Bench,
            "fail" => Action::Fail,
            "output" => Action::Output,
            "skip" => Action::Skip,
            "build-output" => Action::BuildOutput,
            "build-fail" => Action::BuildFail,
            _ => Action::Other(word),
        }
    }
}

/// The keys that count. Others (`Time`, `Key`, `Path`, …) are ignored, as are those of a newer Go.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Raw {
    action: String,
    package: Option<String>,
    import_path: Option<String>,
    test: Option<String>,
    output: Option<String>,
    elapsed: Option<f64>,
    failed_build: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::{Action, Event};
    use proptest::prelude::*;

    #[test]
    fn events_are_read_and_everything_else_is_none() {
        let check = |line: &str, expect: Option<(Action, Option<&str>)>| {
            let found = Event::parse(line);
            let seen = found.as_ref().map(|event| (event.action.clone(), event.output.as_deref()));
            assert_eq!(seen, expect, "{line}");
        };
        check(
            r#"{"Time":"x","Action":"output","Package":"p","Output":"a\n"}"#,
            Some((Action::Output, Some("a\n"))),
        );
        check(r#"{"ImportPath":"p","Action":"build-fail"}"#, Some((Action::BuildFail, None)));
        check(r#"{"Action":"attr","Key":"k","Value":["new"]}"#, Some((Action::Other("attr".into()), None)));
        check("  {\"Action\":\"start\"}\r\n", Some((Action::Start, None)));
        check("# example.com/x", None);
        check(r#"{"level":"info"}"#, None);
        check(r#"{"Action":7}"#, None);
        check(r#"{"Action":"run","Elapsed":"soon"}"#, None);
        check(r#"{"Action":"run""#, None);
        check("[1]", None);
        check("", None);
    }

    #[test]
    fn every_key_arrives() {
        let line =
            r#"{"Action":"fail","Package":"p","Test":"T/s","Elapsed":0.25,"FailedBuild":"p [p.test]"}"#;
        let event = Event::parse(line).expect("an event");
        assert_eq!(
            (event.package.as_deref(), event.test.as_deref(), event.elapsed_s, event.failed_build.as_deref()),
            (Some("p"), Some("T/s"), Some(0.25), Some("p [p.test]"))
        );
    }

    proptest! {
        #[test]
        fn no_line_panics(line in "\\{?\"?(Action)?[\":{}\\[\\],a-z0-9\\\\]{0,40}") {
            let _ = Event::parse(&line);
        }
    }

    #[test]
    fn deep_nesting_is_no_event() {
        let line = format!("{{\"Action\":\"run\",\"X\":{}", "[".repeat(100_000));
        assert_eq!(Event::parse(&line), None);
    }
}
