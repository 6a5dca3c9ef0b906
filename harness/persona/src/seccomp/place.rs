//! Mistakes in a profile, as many as a person reads.

use model::{Diagnostic, Source};
use std::ops::Range;
use std::sync::Arc;

/// How long a profile may be: the longest known has some 20 KiB.
pub(super) const LONGEST: usize = 256 << 10;
/// How many mistakes are told.
const MOST: usize = 16;

const HELP: &str = "a profile is JSON as Docker and the OCI runtime specification describe it (config-linux, Seccomp), or \
                    lines of a unit such as `SystemCallFilter=~@mount`, as in systemd.exec(5)";

/// The mistakes of one profile.
#[derive(Debug)]
pub(super) struct Mistakes {
    source: Arc<Source>,
    list: Vec<Diagnostic>,
}

impl Mistakes {
    pub(super) fn new(source: &Arc<Source>) -> Mistakes {
        Mistakes { source: Arc::clone(source), list: Vec::new() }
    }

    /// A mistake in these bytes.
    pub(super) fn push(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.push_with_help(span, message, HELP);
    }

    /// The same with advice.
    pub(super) fn push_with_help(&mut self, span: Range<usize>, message: impl Into<String>, help: &str) {
        let mistake = Diagnostic::error(&self.source, span, message);
        if !self.is_news(&mistake.message) {
            return;
        }
        self.list.push(mistake.help(help));
    }

    /// A mistake where this stands first.
    pub(super) fn at(&mut self, words: &str, message: impl Into<String>) {
        self.at_with_help(words, message, HELP);
    }

    /// The same with advice.
    pub(super) fn at_with_help(&mut self, words: &str, message: impl Into<String>, help: &str) {
        let message = message.into();
        if !self.is_news(&message) {
            return;
        }
        let start = self.source.text.find(words).filter(|_| !words.is_empty());
        self.push_with_help(start.map_or(0..0, |start| start..start + words.len()), message, help);
    }

    fn is_news(&self, message: &str) -> bool {
        self.list.len() < MOST && self.list.iter().all(|one| one.message != message)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn into_list(self) -> Vec<Diagnostic> {
        self.list
    }
}

/// Words of a profile as a message shows them.
pub(super) fn shown(words: &str) -> String {
    let mut short: String = words.chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if words.chars().nth(40).is_some() {
        short.push('…');
    }
    short
}
