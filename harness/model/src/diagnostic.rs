//! What is wrong with what the user wrote, and where.

use std::ops::Range;
use std::sync::Arc;

/// A text that the user wrote: a plan file, or one `-e` argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// A path, or the flag it came with (`-e`).
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The text cannot be used.
    Error,
    /// The text can be used, but probably does not say what is meant.
    Warning,
}

/// One mistake: what, where, why, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub message: String,
    /// The text it is in, and the bytes it is about; none when it is about no text.
    pub place: Option<(Arc<Source>, Range<usize>)>,
    /// What stands at the place, said beside it; may be empty.
    pub label: String,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at these bytes of this text.
    pub fn error(source: &Arc<Source>, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            message: message.into(),
            place: Some((Arc::clone(source), span)),
            label: String::new(),
            help: None,
        }
    }

    /// A warning at these bytes of this text.
    pub fn warning(source: &Arc<Source>, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(source, span, message) }
    }

    /// The same with words beside the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Diagnostic {
        self.label = label.into();
        self
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Whether it keeps the text from being used.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
