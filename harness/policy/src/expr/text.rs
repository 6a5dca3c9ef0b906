//! What a text must be like: `=exact`, `~contains`, `#glob`, `/regex/`.

use super::function;
use super::glob::Glob;
use crate::piece::Piece;
use model::Diagnostic;
use regex_lite::Regex;
use std::borrow::Cow;
use std::fmt;

/// A matcher of texts.
///
/// Without one of the four signs it is a glob where it has a `*`, `?` or `[`, and else the exact text. In all but
/// regular expressions `\` takes the meaning from the character after it. Globs and regular expressions see bytes that
/// are not UTF-8 as U+FFFD.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    /// As it was written.
    words: String,
    matcher: Matcher,
}

/// How globs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Notation {
    Plain,
    /// `(*T)` and `[...]` are themselves.
    Go,
}

#[derive(Debug, Clone)]
enum Matcher {
    Exact(Vec<u8>),
    Contains(Vec<u8>),
    Glob(Glob),
    Regex(Regex),
}

const HELP: &str =
    "write the exact text, a glob with `*` or `**`, `=exact`, `~contains`, `#glob` or `/regex/`";

impl Text {
    /// Reads a matcher.
    pub(super) fn read(piece: &Piece<'_>) -> Result<Text, Diagnostic> {
        Text::noted(piece, Notation::Plain)
    }

    /// Reads a matcher of names as Go writes them.
    pub(super) fn read_go(piece: &Piece<'_>) -> Result<Text, Diagnostic> {
        Text::noted(piece, Notation::Go)
    }

    fn noted(piece: &Piece<'_>, notation: Notation) -> Result<Text, Diagnostic> {
        let piece = trim(piece);
        let words = piece.text();
        let matcher = if words.is_empty() {
            return Err(piece.error("the text to match is missing").help(HELP));
        } else if let Some(exact) = words.strip_prefix('=') {
            Matcher::Exact(unescaped(exact))
        } else if let Some(part) = words.strip_prefix('~') {
            if part.is_empty() {
                return Err(piece
                    .error("every text contains the empty text")
                    .help("write a part after the `~`"));
            }
            Matcher::Contains(unescaped(part))
        } else if let Some(glob) = piece.strip_prefix("#") {
            Matcher::glob(&glob, notation)?
        } else if let Some(regex) = piece.strip_prefix("/").and_then(|rest| rest.strip_suffix("/")) {
            Matcher::Regex(regular(&regex)?)
        } else {
            Matcher::glob(&piece, notation)?
        };
        Ok(Text { words: words.to_owned(), matcher })
    }

    /// Whether the text is like that.
    pub(super) fn matches(&self, text: &[u8]) -> bool {
        let lossy = || String::from_utf8_lossy(text);
        match &self.matcher {
            Matcher::Exact(exact) => text == exact,
            Matcher::Contains(part) => text.windows(part.len()).any(|window| window == part),
            Matcher::Glob(glob) => glob.matches(&lossy()),
            Matcher::Regex(regex) => regex.is_match(&lossy()),
        }
    }

    /// The only text that it matches, if there is only one.
    pub(super) fn as_exact(&self) -> Option<Cow<'_, str>> {
        match &self.matcher {
            Matcher::Exact(exact) => Some(String::from_utf8_lossy(exact)),
            Matcher::Contains(_) | Matcher::Glob(_) | Matcher::Regex(_) => None,
        }
    }

    /// What every text begins with that it matches, where the matcher begins with it.
    pub(super) fn beginning(&self) -> Option<Cow<'_, str>> {
        match &self.matcher {
            Matcher::Exact(exact) => Some(String::from_utf8_lossy(exact)),
            Matcher::Glob(glob) => Some(Cow::Borrowed(glob.prefix())),
            Matcher::Contains(_) | Matcher::Regex(_) => None,
        }
    }

    /// The regular expression that it is, if it is one.
    pub(super) fn as_regex(&self) -> Option<&str> {
        match &self.matcher {
            Matcher::Regex(regex) => Some(regex.as_str()),
            Matcher::Exact(_) | Matcher::Contains(_) | Matcher::Glob(_) => None,
        }
    }
}

impl Matcher {
    fn glob(piece: &Piece<'_>, notation: Notation) -> Result<Matcher, Diagnostic> {
        let glob = match notation {
            Notation::Plain => Glob::read(piece.text()),
            Notation::Go => Glob::read(&function::escaped(piece.text())),
        };
        let glob = glob.map_err(|why| {
            piece
                .error(format!("`{}` is not a glob", piece.shown()))
                .label(why)
                .help("write `\\[` for the character itself, or `=` before a text that is no glob")
        })?;
        Ok(match glob.as_exact() {
            Some(exact) => Matcher::Exact(exact.as_bytes().to_vec()),
            None => Matcher::Glob(glob),
        })
    }
}

/// What stands between the slashes.
fn regular(piece: &Piece<'_>) -> Result<Regex, Diagnostic> {
    let mut expression = String::new();
    let mut chars = piece.text().chars();
    while let Some(c) = chars.next() {
        match c {
            '/' => {
                return Err(piece
                    .error("a `/` within a regular expression is written `\\/`")
                    .label("what begins and ends with `/` is a regular expression")
                    .help("for a folder leave the last `/` out, for what is in it write `/**` at the end"));
            }
            '\\' => match chars.next() {
                Some('/') => expression.push('/'),
                next => expression.extend(std::iter::once('\\').chain(next)),
            },
            c => expression.push(c),
        }
    }
    if expression.is_empty() {
        return Err(piece.error("the regular expression is empty").help(HELP));
    }
    Regex::new(&expression).map_err(|error| {
        let why: String = error.to_string().escape_debug().collect();
        piece
            .error(format!("`{}` is not a regular expression", piece.shown()))
            .label(why)
            .help("the syntax is that of the crate regex-lite; for the text itself write `=` before it")
    })
}

/// The same without white space around it; a blank after a `\` is kept.
fn trim<'a>(piece: &Piece<'a>) -> Piece<'a> {
    let trimmed = piece.trim();
    let backslashes = trimmed.text().len() - trimmed.text().trim_end_matches('\\').len();
    let start = piece.text().len() - piece.text().trim_start().len();
    let after = piece.text().get(start + trimmed.text().len()..).unwrap_or_default();
    match after.chars().next() {
        Some(blank) if backslashes % 2 == 1 => piece
            .strip_prefix(&piece.text()[..start])
            .and_then(|rest| rest.strip_suffix(&after[blank.len_utf8()..])),
        Some(_) | None => None,
    }
    .unwrap_or(trimmed)
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        plain.push(if c == '\\' { chars.next().unwrap_or(c) } else { c });
    }
    plain.into_bytes()
}

/// Texts are equal if they match alike, however they were written.
impl PartialEq for Text {
    fn eq(&self, other: &Text) -> bool {
        match (&self.matcher, &other.matcher) {
            (Matcher::Exact(a), Matcher::Exact(b)) | (Matcher::Contains(a), Matcher::Contains(b)) => a == b,
            (Matcher::Glob(a), Matcher::Glob(b)) => a == b,
            (Matcher::Regex(a), Matcher::Regex(b)) => a.as_str() == b.as_str(),
            (
                Matcher::Exact(_) | Matcher::Contains(_) | Matcher::Glob(_) | Matcher::Regex(_),
                Matcher::Exact(_) | Matcher::Contains(_) | Matcher::Glob(_) | Matcher::Regex(_),
            ) => false,
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Source;
    use std::sync::Arc;

    fn read(text: &str) -> Result<Text, Diagnostic> {
        let source = Arc::new(Source { name: "-e".into(), text: text.into() });
        Text::read(&Piece::of(&source, 0..text.len()))
    }

    #[test]
    fn the_first_character_says_how_texts_are_compared() {
        for (matcher, yes, no) in [
            ("/a/b", "/a/b", "/a/bc"),
            (" /a ", "/a", " /a "),
            (r" \ a\  ", " a ", "a"),
            ("=*", "*", "a"),
            ("~ecr", "secret", "screen"),
            ("#a*", "ab", "ba"),
            ("/*.log", "/x.log", "/x.logs"),
            (r"/^\/x[0-9]+$/", "/x12", "/xy"),
            (r"/a\(b/", "xa(bx", "ab"),
            (r"=a\)", "a)", r"a\)"),
            (r"a\*", "a*", "ab"),
            ("=", "", "a"),
            ("/", "/", "//"),
        ] {
            let text = read(matcher).expect(matcher);
            assert!(text.matches(yes.as_bytes()) && !text.matches(no.as_bytes()), "{matcher}");
            assert_eq!(read(&text.to_string()).as_ref(), Ok(&text));
        }
        assert!(read("/a.c/").expect("sound").matches(b"a\xffc"));
        assert_eq!(read("a"), read("=a"));
        assert_eq!(read("#a"), read("=a"));
        assert_ne!(read("~a"), read("=a"));
    }

    #[test]
    fn what_is_no_matcher_is_shown_with_advice() {
        for (text, at, advice) in [
            ("", 0..0, HELP),
            ("~", 0..1, "write a part after the `~`"),
            ("//", 1..1, HELP),
            (
                "/var/log/",
                1..8,
                "for a folder leave the last `/` out, for what is in it write `/**` at the end",
            ),
            (
                "/a[/",
                1..3,
                "the syntax is that of the crate regex-lite; for the text itself write `=` before it",
            ),
            ("a[b", 0..3, r"write `\[` for the character itself, or `=` before a text that is no glob"),
        ] {
            let mistake = read(text).expect_err(text);
            assert_eq!(mistake.place.map(|(_, span)| span), Some(at), "{text}");
            assert_eq!(mistake.help.as_deref(), Some(advice), "{text}");
        }
    }
}
