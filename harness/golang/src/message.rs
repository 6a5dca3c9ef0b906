//! Which log entry of a failed test says why it failed.

use crate::crash::quoted;
use crate::evidence;
use crate::testlines::Line;

/// How many log entries of one test are remembered: the first so many, and the last.
const ENTRIES: usize = 16;

/// The log entries of a running test.
#[derive(Debug, Default)]
pub(crate) struct Log {
    first: Vec<String>,
    last: Option<String>,
    /// Whether the last entry's text is still to come, as testify's is.
    needs_text: Option<NeedsText>,
    /// Whether a subtest failed; then this test's last words are not about its own failure.
    pub(crate) has_failed_part: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NeedsText {
    /// The entry's first line was empty: any text will do, that behind `Error:` is best.
    Any,
    /// testify's `Error:      \tReceived unexpected error:` is followed by the error itself.
    Next,
}

impl Log {
    pub(crate) fn push(&mut self, line: &str, kind: Line) {
        let line = line.trim();
        if kind == Line::Log {
            if let Some(entry) = self.last.take().filter(|_| self.first.len() < ENTRIES) {
                self.first.push(entry);
            }
            let is_empty = line.ends_with(':') && line.contains(".go:") && !line.contains(": ");
            self.needs_text = is_empty.then_some(NeedsText::Any);
            self.last = Some(quoted(line));
            return;
        }
        let (Some(needs), Some(entry)) = (self.needs_text, &mut self.last) else { return };
        let error = line.strip_prefix("Error:").map(str::trim);
        match (needs, error) {
            (NeedsText::Any, Some(error)) => {
                entry.push(' ');
                entry.push_str(error);
                self.needs_text = error.ends_with(':').then_some(NeedsText::Next);
            }
            // testify: the place of the assertion, and its further lines, say nothing about the failure.
            (NeedsText::Any, None) if is_place(line) => {}
            (NeedsText::Any | NeedsText::Next, _) => {
                entry.push(' ');
                entry.push_str(line);
                self.needs_text = None;
            }
        }
        *entry = quoted(entry);
    }

    /// The entry that says why the test failed, as far as that can be told.
    pub(crate) fn telling(&self) -> Option<&str> {
        let mut entries = self.first.iter().chain(&self.last);
        let named = entries.find(|entry| evidence::names_a_failure(entry));
        named.or(self.last.as_ref().filter(|_| !self.has_failed_part)).map(String::as_str)
    }
}

/// `Error Trace:\t/home/me/x_test.go:12`, and the further places below it.
fn is_place(line: &str) -> bool {
    line.is_empty() || line.starts_with("Error Trace:") || (line.starts_with('/') && line.contains(".go:"))
}
