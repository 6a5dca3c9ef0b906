//! Which goroutines: by number, by what they run, or none at all.

use super::function::Function;
use super::numbers::Numbers;
use crate::piece::Piece;
use model::{Caller, Diagnostic};
use std::fmt;

/// A matcher of goroutines. What begins with a digit are numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Goroutines {
    /// Those with these numbers, within their process.
    Numbered(Numbers),
    /// A thread that runs none: the runtime acts for itself.
    None,
    /// Those that such a function started, or that run such a function.
    Of(Function),
}

const NONE: &str = "none";

impl Goroutines {
    /// Reads a matcher.
    pub(super) fn read(argument: &Piece<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Goroutines> {
        let words = argument.text().trim();
        if words == NONE {
            return Some(Goroutines::None);
        }
        if words.starts_with(|c: char| c.is_ascii_digit()) {
            return Numbers::read(argument, 1, u64::MAX, diagnostics).map(Goroutines::Numbered);
        }
        Function::read(argument, diagnostics).map(Goroutines::Of)
    }

    /// Whether the caller is one of them.
    pub(super) fn are_of(&self, caller: &Caller) -> bool {
        let goroutine = caller.goroutine.as_deref();
        match self {
            Goroutines::Numbered(numbers) => goroutine.is_some_and(|it| numbers.contains(it.id)),
            Goroutines::None => goroutine.is_none(),
            Goroutines::Of(function) => {
                goroutine.is_some_and(|it| it.creator.iter().chain(&it.entry).any(|frame| function.is(frame)))
            }
        }
    }
}

impl fmt::Display for Goroutines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Goroutines::Numbered(numbers) => write!(f, "{numbers}"),
            Goroutines::None => f.write_str(NONE),
            Goroutines::Of(function) => write!(f, "{function}"),
        }
    }
}
