//! A persona as the user wrote it: `NAME` or `NAME=VALUE`.

use model::{Diagnostic, Source};
use std::ops::Range;
use std::sync::Arc;

/// One `--persona`, or one line of a preset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    source: Arc<Source>,
    name: Range<usize>,
    value: Option<Range<usize>>,
}

impl Word {
    /// The word in the place of a `--persona`'s argument.
    pub fn new(text: &str) -> Word {
        let source = Arc::new(Source { name: "--persona".to_owned(), text: text.to_owned() });
        match text.find('=') {
            Some(at) => Word { source, name: 0..at, value: Some(at + 1..text.len()) },
            None => Word { source, name: 0..text.len(), value: None },
        }
    }

    /// All of it.
    pub fn text(&self) -> &str {
        &self.source.text
    }

    /// What stands before the `=`.
    pub fn name(&self) -> &str {
        &self.source.text[self.name.clone()]
    }

    /// What stands behind it; none without one.
    pub fn value(&self) -> Option<&str> {
        self.value.clone().map(|span| &self.source.text[span])
    }

    /// A mistake in the value, or in the name where there is none.
    pub fn error(&self, message: impl Into<String>) -> Diagnostic {
        let span = self.value.clone().filter(|span| !span.is_empty()).unwrap_or(self.name.clone());
        Diagnostic::error(&self.source, span, message)
    }

    /// A mistake in this part of the value, which must be a slice of it.
    pub fn error_in(&self, part: &str, message: impl Into<String>) -> Diagnostic {
        let start = part.as_ptr().addr().wrapping_sub(self.source.text.as_ptr().addr());
        let span = start..start.wrapping_add(part.len());
        match self.source.text.get(span.clone()) {
            Some(_) if !part.is_empty() => Diagnostic::error(&self.source, span, message),
            _ => self.error(message),
        }
    }

    /// A mistake in the name.
    pub fn error_in_name(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(&self.source, self.name.clone(), message)
    }
}
