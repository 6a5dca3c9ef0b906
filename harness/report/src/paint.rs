//! Colours, where they are wanted.

use crate::Verdict;
use anstyle::{AnsiColor, Style};

/// Whether a drawing may hold colour codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// Plain text: files, pipes, `NO_COLOR`.
    Never,
    /// ANSI colour codes: terminals.
    Always,
}

/// What stands beside the point.
pub(crate) const DIM: Style = Style::new().dimmed();
/// What leads a section.
pub(crate) const BOLD: Style = Style::new().bold();
/// What is bad.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// What deserves a second look.
pub(crate) const DOUBT: Style = AnsiColor::Yellow.on_default().bold();
/// What is good.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();

impl Color {
    /// The text in this style, if colour is wanted.
    pub(crate) fn paint(self, style: Style, text: &str) -> String {
        match self {
            Color::Never => text.to_owned(),
            Color::Always => format!("{style}{text}{style:#}"),
        }
    }
}

/// The style of a verdict's word.
pub(crate) fn style_of(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Unaffected | Verdict::Survived => GOOD,
        Verdict::Vacuous => DOUBT,
        Verdict::Failed | Verdict::Crashed | Verdict::Hung | Verdict::Silent => BAD,
    }
}
