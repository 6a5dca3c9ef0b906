//! A piece of a text that the user wrote, which knows where it stands.

use model::{Diagnostic, Source};
use std::ops::Range;
use std::sync::Arc;

/// Some words and the place they were written at.
#[derive(Debug, Clone)]
pub(crate) struct Piece<'a> {
    source: &'a Arc<Source>,
    text: &'a str,
    place: Place,
}

/// Where a piece stands in its source.
#[derive(Debug, Clone)]
enum Place {
    /// The source has the very words, from this byte on: parts of the piece have places of their own.
    From(usize),
    /// The words were written differently (with escapes, as a number): every part is at the whole's place.
    Within(Range<usize>),
}

impl<'a> Piece<'a> {
    /// These bytes of the source; nothing where the range does not fit the text.
    pub(crate) fn of(source: &'a Arc<Source>, span: Range<usize>) -> Piece<'a> {
        match source.text.get(span.clone()) {
            Some(text) => Piece { source, text, place: Place::From(span.start) },
            None => Piece { source, text: "", place: Place::Within(0..source.text.len()) },
        }
    }

    /// What these bytes of the source mean, where that may differ from what they are.
    pub(crate) fn meaning(source: &'a Arc<Source>, span: Range<usize>, text: &'a str) -> Piece<'a> {
        let verbatim = source.text.get(span.clone()).and_then(|raw| raw.find(text));
        let place = match verbatim {
            Some(offset) if !text.is_empty() => Place::From(span.start + offset),
            Some(_) | None => Place::Within(span),
        };
        Piece { source, text, place }
    }

    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// The words for a message: nothing in them moves the cursor or starts a line.
    pub(crate) fn shown(&self) -> String {
        self.text.escape_debug().to_string()
    }

    pub(crate) fn source(&self) -> &'a Arc<Source> {
        self.source
    }

    pub(crate) fn span(&self) -> Range<usize> {
        match &self.place {
            Place::From(start) => *start..start + self.text.len(),
            Place::Within(whole) => whole.clone(),
        }
    }

    /// The part from `start` to `end`, which are character boundaries of the text.
    fn part(&self, start: usize, end: usize) -> Piece<'a> {
        let place = match &self.place {
            Place::From(from) => Place::From(from + start),
            Place::Within(whole) => Place::Within(whole.clone()),
        };
        Piece { source: self.source, text: &self.text[start..end], place }
    }

    /// The parts between the separators, at least one.
    pub(crate) fn split(&self, separator: char) -> Vec<Piece<'a>> {
        let mut parts = Vec::new();
        let mut start = 0;
        for part in self.text.split(separator) {
            parts.push(self.part(start, start + part.len()));
            start += part.len() + separator.len_utf8();
        }
        parts
    }

    /// What stands before and after the first separator.
    pub(crate) fn split_once(&self, separator: &str) -> Option<(Piece<'a>, Piece<'a>)> {
        let at = self.text.find(separator)?;
        Some((self.part(0, at), self.part(at + separator.len(), self.text.len())))
    }

    /// What follows the prefix.
    pub(crate) fn strip_prefix(&self, prefix: &str) -> Option<Piece<'a>> {
        let rest = self.text.strip_prefix(prefix)?;
        Some(self.part(self.text.len() - rest.len(), self.text.len()))
    }

    /// What precedes the suffix.
    pub(crate) fn strip_suffix(&self, suffix: &str) -> Option<Piece<'a>> {
        let rest = self.text.strip_suffix(suffix)?;
        Some(self.part(0, rest.len()))
    }

    /// The same without white space around it.
    pub(crate) fn trim(&self) -> Piece<'a> {
        let start = self.text.len() - self.text.trim_start().len();
        self.part(start, start + self.text.trim().len())
    }

    pub(crate) fn error(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(self.source, self.span(), message)
    }

    pub(crate) fn warning(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::warning(self.source, self.span(), message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Arc<Source> {
        Arc::new(Source { name: "plan.toml".into(), text: text.into() })
    }

    #[test]
    fn parts_stand_where_they_were_written() {
        let source = source("µ = 'read, wirte'");
        let whole = Piece::meaning(&source, 5..18, "read, wirte");
        let words: Vec<_> = whole.split(',').iter().map(Piece::trim).map(|word| word.span()).collect();
        assert_eq!(words, [6..10, 12..17]);
        assert_eq!(&source.text[12..17], "wirte");
    }

    #[test]
    fn words_written_with_escapes_stand_at_the_whole() {
        let source = source(r#"calls = "re\u0061d,write""#);
        let whole = Piece::meaning(&source, 8..25, "read,write");
        assert_eq!(whole.split(',').iter().map(Piece::span).collect::<Vec<_>>(), [8..25, 8..25]);
    }

    #[test]
    fn a_place_outside_the_text_is_an_empty_piece() {
        let source = source("µ");
        for span in [1..2, 0..9, 7..9] {
            assert_eq!(Piece::of(&source, span).text(), "");
        }
    }
}
