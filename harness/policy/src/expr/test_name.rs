//! Which tests: `TestServer` and its subtests.

use super::text::Text;
use crate::piece::Piece;
use model::Diagnostic;
use std::fmt;

/// A matcher of tests. A subtest is like that if it is itself, or if a test that it is a subtest of is: `TestServer` is
/// also `TestServer/reuse`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TestName(Text);

/// What the names of tests begin with.
///
/// # Go
/// cmd/go/internal/test/test.go, `isTest`, and cmd/go/internal/load/test.go, `testFuncs`.
const KINDS: [&str; 4] = ["Test", "Benchmark", "Fuzz", "Example"];

impl TestName {
    /// Reads a matcher; warns about one that no test is like.
    pub(super) fn read(argument: &Piece<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<TestName> {
        let text = Text::read(argument).map_err(|mistake| diagnostics.push(mistake)).ok()?;
        let is_dubious = text.beginning().is_some_and(|beginning| {
            let can_go_on = text.as_exact().is_none();
            !KINDS
                .iter()
                .any(|kind| beginning.starts_with(kind) || can_go_on && kind.starts_with(beginning.as_ref()))
        });
        if is_dubious {
            let written = argument.trim();
            diagnostics.push(
                written
                    .warning(format!("no test is written `{}`", written.shown()))
                    .label("tests are compared as a whole, with the tests that they are in before them")
                    .help("write it like `TestServer`, `TestServer/reuse` or `*/reuse`; names begin with Test, Benchmark, Fuzz or Example"),
            );
        }
        Some(TestName(text))
    }

    /// Whether it is such a test, or a subtest of one.
    pub(super) fn is(&self, test: &str) -> bool {
        let outer = test.match_indices('/').map(|(slash, _)| &test[..slash]);
        outer.chain([test]).any(|name| self.0.matches(name.as_bytes()))
    }
}

impl fmt::Display for TestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Source;
    use std::sync::Arc;

    fn read(text: &str) -> (TestName, Vec<String>) {
        let source = Arc::new(Source { name: "-e".into(), text: text.into() });
        let mut found = Vec::new();
        let test = TestName::read(&Piece::of(&source, 0..text.len()), &mut found).expect(text);
        assert!(found.iter().all(|one| !one.is_error() && one.help.is_some()));
        (test, found.into_iter().map(|one| one.message).collect())
    }

    #[test]
    fn a_test_holds_for_its_subtests() {
        for (pattern, yes, no) in [
            ("TestServer", &["TestServer", "TestServer/reuse", "TestServer/a/b"][..], &["TestServers"][..]),
            (
                "TestServer/reuse",
                &["TestServer/reuse", "TestServer/reuse/x"],
                &["TestServer", "TestServer/reused"],
            ),
            ("TestS*", &["TestServer/reuse", "TestS"], &["Test"]),
            ("*/reuse", &["TestServer/reuse", "TestX/reuse/a"], &["TestServer/a/reuse"]),
            ("**/reuse", &["TestServer/a/reuse"], &["TestServer/reuses"]),
            ("/^Test(A|B)$/", &["TestA/x", "TestB"], &["TestAB"]),
        ] {
            let (test, found) = read(pattern);
            assert_eq!(found, [""; 0], "{pattern}");
            yes.iter().for_each(|name| assert!(test.is(name), "{pattern} {name}"));
            no.iter().for_each(|name| assert!(!test.is(name), "{pattern} {name}"));
        }
    }

    #[test]
    fn what_is_no_name_of_a_test_is_warned_about() {
        for dubious in ["reuse", "=reuse", "Tes", "server*", "x/TestA"] {
            assert_eq!(read(dubious).1, [format!("no test is written `{dubious}`")]);
        }
        for sound in ["Te*", "T?st", "[TF]*", "~reuse", "/reuse/", "FuzzX", "=ExampleX/a", "Benchmark*"] {
            assert_eq!(read(sound).1, [""; 0], "{sound}");
        }
    }
}
