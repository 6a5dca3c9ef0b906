//! What a test binary that runs by itself says with `-test.v`, as the events that `go test -json` would have made of it.

use crate::{Action, Event};

/// Reads standard output of one test binary.
///
/// # Go
/// testing/testing.go of go1.19 to go1.27: framing lines (`=== RUN   `, `=== PAUSE `, `=== CONT  `, `=== NAME  ` since go1.20)
/// name the test that what follows belongs to; a report line (`--- PASS: TestX (0.00s)`) is indented by four spaces a
/// level of subtests; `PASS` or `FAIL` alone is the end. With `-test.v=test2json` (since go1.20) a SYN byte stands before them.
#[derive(Debug)]
pub struct TestText {
    package: String,
    test: Option<String>,
}

/// Marks a framing line that package testing itself wrote.
const MARK: char = '\x16';

impl TestText {
    /// A reader of the output of this package's tests.
    pub fn new(package: String) -> TestText {
        TestText { package, test: None }
    }

    /// The events of the next line, with its line end if it has one. The first is the output itself.
    pub fn line(&mut self, text: &str) -> Vec<Event> {
        let line = text.trim_end_matches(['\n', '\r']).trim_start_matches(MARK);
        let mut events = Vec::new();
        if let Some((verb, name)) = framing(line) {
            self.test = Some(name.to_owned());
            if verb == "RUN" {
                events.push(self.event(Action::Run));
            }
            events.insert(0, self.output(text));
            if verb == "PAUSE" {
                self.test = None;
            }
            return events;
        }
        if let Some((action, name, elapsed_s)) = report(line) {
            self.test = Some(name.to_owned());
            events.push(self.output(text));
            events.push(Event { elapsed_s, ..self.event(action) });
            // What follows a report belongs to nobody until the next framing line.
            self.test = None;
            return events;
        }
        let end = match line {
            "PASS" => Some(Action::Pass),
            "FAIL" => Some(Action::Fail),
            _ => None,
        };
        if end.is_some() {
            self.test = None;
        }
        events.push(self.output(text));
        events.extend(end.map(|action| self.event(action)));
        events
    }

    fn output(&self, text: &str) -> Event {
        Event { output: Some(text.trim_start_matches(MARK).to_owned()), ..self.event(Action::Output) }
    }

    fn event(&self, action: Action) -> Event {
        Event {
            action,
            package: Some(self.package.clone()),
            import_path: None,
            test: self.test.clone(),
            output: None,
            elapsed_s: None,
            failed_build: None,
        }
    }
}

/// `=== RUN   TestX`.
fn framing(line: &str) -> Option<(&str, &str)> {
    let (verb, name) = line.strip_prefix("=== ")?.split_once(' ')?;
    let name = name.trim_start();
    let is_known = matches!(verb, "RUN" | "PAUSE" | "CONT" | "NAME");
    (is_known && !name.is_empty() && !name.contains(char::is_whitespace)).then_some((verb, name))
}

/// `--- PASS: TestX (0.00s)`, and how long it took, in seconds.
fn report(line: &str) -> Option<(Action, &str, Option<f64>)> {
    let rest = line.trim_start_matches("    ").strip_prefix("--- ")?;
    let (word, rest) = rest.split_once(": ")?;
    let action = match word {
        "PASS" => Action::Pass,
        "FAIL" => Action::Fail,
        "SKIP" => Action::Skip,
        _ => return None,
    };
    let (name, elapsed) = rest.split_once(" (")?;
    let elapsed = elapsed.strip_suffix("s)")?.parse().ok()?;
    Some((action, name, Some(elapsed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(Action, Option<String>)> {
        let mut reader = TestText::new("p".to_owned());
        let events: Vec<Event> = text.split_inclusive('\n').flat_map(|line| reader.line(line)).collect();
        let said: String = events.iter().filter_map(|event| event.output.clone()).collect();
        assert_eq!(said, text.replace(MARK, ""), "nothing of the output is lost");
        assert!(events.iter().all(|event| event.package.as_deref() == Some("p")));
        events
            .into_iter()
            .filter(|event| event.action != Action::Output)
            .map(|event| (event.action, event.test))
            .collect()
    }

    #[test]
    fn tests_and_subtests_are_followed_to_their_end() {
        let text = "=== RUN   TestA\n=== RUN   TestA/x\n    a_test.go:3: no\n--- FAIL: TestA (0.10s)\n    --- FAIL: TestA/x (0.00s)\n\
                    === RUN   TestB\n=== PAUSE TestB\n=== CONT  TestB\n--- PASS: TestB (1.00s)\n=== RUN   TestC\n--- SKIP: TestC (0.00s)\nFAIL\n";
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(
            read(text),
            [
                (Action::Run, some("TestA")),
                (Action::Run, some("TestA/x")),
                (Action::Fail, some("TestA")),
                (Action::Fail, some("TestA/x")),
                (Action::Run, some("TestB")),
                (Action::Pass, some("TestB")),
                (Action::Run, some("TestC")),
                (Action::Skip, some("TestC")),
                (Action::Fail, None),
            ]
        );
        assert_eq!(read(&text.replace("\n===", "\n\x16===").replace("\n---", "\n\x16---")), read(text));
    }

    #[test]
    fn text_that_only_looks_like_package_testings_is_text() {
        for text in [
            "=== RUN   \n",
            "=== RUN two words\n",
            "--- PASS: soon\n",
            "---- \n",
            "PASSED\n",
            "  FAIL\n",
            "=== \n",
        ] {
            assert_eq!(read(text), [], "{text}");
        }
    }

    #[test]
    fn what_a_test_logs_is_its_own() {
        let mut reader = TestText::new("p".to_owned());
        reader.line("=== RUN   TestA\n");
        let [event] = &reader.line("    a_test.go:3: text\n")[..] else { panic!("one event") };
        assert_eq!(event.test.as_deref(), Some("TestA"));
    }
}
