//! Globs over paths: `*` stays within a folder, `**` does not.

/// A glob, ready to match.
///
/// `*` is any text without `/`, `**` any text, `**/` after a `/` or at the start any number of whole folders (none too),
/// `?` one character but `/`, `[a-z]` and `[!a-z]` one character of (or not of) a set but `/`, `\` takes the meaning from
/// the character after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob {
    /// What the text begins with, up to the first wildcard.
    prefix: String,
    rest: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Char(char),
    /// `?`.
    One,
    Set {
        ranges: Vec<(char, char)>,
        is_negated: bool,
    },
    /// `*`.
    Star,
    /// `**`.
    Stars,
    /// `**/`: may be left out, together with the token that follows.
    Folders,
    /// What `Folders` are: text that ends with `/`. Always follows it.
    Inside,
}

impl Glob {
    /// The glob, or what is wrong with it.
    pub(super) fn read(text: &str) -> Result<Glob, &'static str> {
        let mut glob = Glob { prefix: String::new(), rest: Vec::new() };
        let mut chars = text.chars().peekable();
        let mut before = None;
        while let Some(c) = chars.next() {
            match c {
                '*' if chars.peek() == Some(&'*') => {
                    while chars.next_if_eq(&'*').is_some() {}
                    if matches!(before, None | Some('/')) && chars.next_if_eq(&'/').is_some() {
                        glob.rest.extend([Token::Folders, Token::Inside]);
                        before = Some('/');
                        continue;
                    }
                    glob.rest.push(Token::Stars);
                }
                '*' => glob.rest.push(Token::Star),
                '?' => glob.rest.push(Token::One),
                '[' => glob.rest.push(set(&mut chars)?),
                '\\' => glob.literal(chars.next().unwrap_or('\\')),
                c => glob.literal(c),
            }
            before = Some(c);
        }
        Ok(glob)
    }

    fn literal(&mut self, c: char) {
        if self.rest.is_empty() { self.prefix.push(c) } else { self.rest.push(Token::Char(c)) }
    }

    /// What every text begins with that it matches, up to the first wildcard.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The only text that it matches, if there is only one.
    pub(super) fn as_exact(&self) -> Option<&str> {
        self.rest.is_empty().then_some(&self.prefix)
    }

    /// Whether it matches the whole text. Takes time in proportion to the lengths of both, whatever they are.
    pub(super) fn matches(&self, text: &str) -> bool {
        let Some(text) = text.strip_prefix(self.prefix.as_str()) else { return false };
        // Whether the text so far leads to the place before each token.
        let mut places = vec![false; self.rest.len() + 1];
        self.enter(&mut places, 0);
        let mut next = vec![false; places.len()];
        for c in text.chars() {
            next.fill(false);
            for (at, token) in self.rest.iter().enumerate().filter(|(at, _)| places[*at]) {
                match token {
                    Token::Char(expected) if *expected == c => self.enter(&mut next, at + 1),
                    Token::One if c != '/' => self.enter(&mut next, at + 1),
                    Token::Set { ranges, is_negated } if c != '/' => {
                        let is_member = ranges.iter().any(|(from, to)| (*from..=*to).contains(&c));
                        if is_member != *is_negated {
                            self.enter(&mut next, at + 1);
                        }
                    }
                    Token::Star if c != '/' => self.enter(&mut next, at),
                    // Whatever follows, a `**` at the end takes it.
                    Token::Stars if at + 1 == self.rest.len() => return true,
                    Token::Stars => self.enter(&mut next, at),
                    Token::Inside => {
                        next[at] = true;
                        if c == '/' {
                            self.enter(&mut next, at + 1);
                        }
                    }
                    Token::Char(_) | Token::One | Token::Set { .. } | Token::Star | Token::Folders => {}
                }
            }
            if !next.contains(&true) {
                return false;
            }
            std::mem::swap(&mut places, &mut next);
        }
        places[self.rest.len()]
    }

    /// Marks a place, and those that can be reached from it without a character.
    fn enter(&self, places: &mut [bool], mut at: usize) {
        loop {
            if std::mem::replace(&mut places[at], true) {
                return;
            }
            match self.rest.get(at) {
                Some(Token::Star | Token::Stars) => at += 1,
                Some(Token::Folders) => {
                    places[at + 1] = true;
                    at += 2;
                }
                Some(Token::Char(_) | Token::One | Token::Set { .. } | Token::Inside) | None => return,
            }
        }
    }
}

/// What follows a `[`.
fn set(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Token, &'static str> {
    const OPEN: &str = "the set that `[` begins has no end";
    let is_negated = chars.next_if(|c| matches!(c, '!' | '^')).is_some();
    let mut ranges = Vec::new();
    loop {
        let from = match chars.next().ok_or(OPEN)? {
            // As in sh(1), a `]` at the start is a member.
            ']' if !ranges.is_empty() => return Ok(Token::Set { ranges, is_negated }),
            '\\' => chars.next().ok_or(OPEN)?,
            c => c,
        };
        let mut ahead = chars.clone();
        let is_range = ahead.next() == Some('-') && ahead.next().is_some_and(|c| c != ']');
        let to = if is_range {
            chars.next();
            match chars.next().ok_or(OPEN)? {
                '\\' => chars.next().ok_or(OPEN)?,
                c => c,
            }
        } else {
            from
        };
        if to < from {
            return Err("a range in the set ends before it begins");
        }
        ranges.push((from, to));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn globs_match_as_their_documentation_says() {
        for (glob, yes, no) in [
            ("/var/*", &["/var/a", "/var/"][..], &["/var", "/var/a/b"][..]),
            ("/var/**", &["/var/a", "/var/a/b"], &["/var", "/varr/a"]),
            ("/a/**/b", &["/a/b", "/a/x/b", "/a/x/y/b"], &["/a/xb", "/ab", "/a/b/c"]),
            ("**/b", &["b", "/b", "/a/b"], &["/ab"]),
            ("a**b", &["ab", "a/b", "axb"], &["a/", "b"]),
            ("/a?c", &["/abc", "/aµc"], &["/a/c", "/ac"]),
            ("[a-c]", &["b"], &["d", "-", "/"]),
            ("[!a-c]", &["d"], &["a", "/", ""]),
            ("[]a-]", &["]", "a", "-"], &["b"]),
            (r"\*[\]]", &["*]"], &["a]"]),
            ("***", &["", "/a/b"], &[]),
        ] {
            let glob = Glob::read(glob).expect(glob);
            yes.iter().for_each(|text| assert!(glob.matches(text), "{glob:?} {text}"));
            no.iter().for_each(|text| assert!(!glob.matches(text), "{glob:?} {text}"));
        }
        for wrong in ["[", "[a", "[]", r"[\", "[z-a]", "[a-"] {
            assert!(Glob::read(wrong).is_err(), "{wrong}");
        }
    }

    /// By trying every way, from the definition.
    fn naive(tokens: &[Token], text: &[char]) -> bool {
        let Some((token, rest)) = tokens.split_first() else { return text.is_empty() };
        let ends = |fits: &dyn Fn(&[char]) -> bool, rest: &[Token]| {
            (0..=text.len()).any(|end| fits(&text[..end]) && naive(rest, &text[end..]))
        };
        match token {
            Token::Star => ends(&|part| !part.contains(&'/'), rest),
            Token::Stars => ends(&|_| true, rest),
            Token::Folders => ends(&|part| matches!(part.last(), None | Some('/')), &rest[1..]),
            Token::Inside => unreachable!("it follows Folders"),
            Token::Char(c) => text.first() == Some(c) && naive(rest, &text[1..]),
            Token::One => text.first().is_some_and(|c| *c != '/') && naive(rest, &text[1..]),
            Token::Set { ranges, is_negated } => {
                let fits = |c: char| ranges.iter().any(|(from, to)| *from <= c && c <= *to) != *is_negated;
                text.first().is_some_and(|c| *c != '/' && fits(*c)) && naive(rest, &text[1..])
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]
        #[test]
        fn globs_agree_with_a_naive_matcher(glob in r"([ab/]|\*|\*\*|\?|\[a\]|\[!a\]|/\*\*/){0,7}", text in "[ab/]{0,8}") {
            let glob = Glob::read(&glob).expect("sound");
            let mut tokens: Vec<Token> = glob.prefix.chars().map(Token::Char).collect();
            tokens.extend(glob.rest.iter().cloned());
            prop_assert_eq!(glob.matches(&text), naive(&tokens, &text.chars().collect::<Vec<_>>()), "{:?}", glob);
        }
    }

    #[test]
    fn hostile_globs_take_no_time() {
        let glob = Glob::read(&"*a**".repeat(500)).expect("sound");
        assert!(!glob.matches(&"a".repeat(400)));
    }
}
