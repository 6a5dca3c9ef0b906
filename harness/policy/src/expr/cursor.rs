//! A place in a piece of text that moves on as the text is read.

use crate::piece::Piece;
use std::ops::Range;

/// Reads a piece from its start to its end.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    piece: Piece<'a>,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(piece: &Piece<'a>) -> Cursor<'a> {
        Cursor { piece: piece.clone(), at: 0 }
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'a str {
        &self.piece.text()[self.at..]
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Moves on by a number of bytes that ends at a character.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    pub(super) fn skip_blanks(&mut self) {
        self.at = self.piece.text().len() - self.rest().trim_start().len();
    }

    /// Moves past this text, if it comes next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let comes = self.rest().starts_with(text);
        if comes {
            self.skip(text.len());
        }
        comes
    }

    /// Moves past all characters of a kind.
    pub(super) fn take(&mut self, is_member: impl Fn(char) -> bool) -> Piece<'a> {
        let rest = self.rest();
        let length = rest.find(|c| !is_member(c)).unwrap_or(rest.len());
        self.skip(length);
        self.cut(self.at - length..self.at)
    }

    pub(super) fn finish(&mut self) {
        self.at = self.piece.text().len();
    }

    /// The part between two places that have been read.
    pub(super) fn cut(&self, part: Range<usize>) -> Piece<'a> {
        let text = self.piece.text();
        self.piece
            .strip_prefix(&text[..part.start])
            .and_then(|rest| rest.strip_suffix(&text[part.end..]))
            .expect("a text begins and ends with its own parts")
    }

    /// The character that comes next, or the end.
    pub(super) fn here(&self) -> Piece<'a> {
        self.cut(self.at..self.at + self.peek().map_or(0, char::len_utf8))
    }

    /// The length of what comes before the `)` that closes a `(` just read. Balanced ones belong to it, and those after
    /// a `\` are not counted.
    pub(super) fn up_to_closing(&self) -> Option<usize> {
        let mut open = 0_usize;
        let mut chars = self.rest().char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => {
                    chars.next();
                }
                '(' => open += 1,
                ')' if open == 0 => return Some(at),
                ')' => open -= 1,
                _ => {}
            }
        }
        None
    }
}
