//! Words and quotes as `cmd/internal/quoted` reads and writes them: GOFLAGS and the value of `-exec`.

use crate::Error;

/// The words of a quoted list, or nothing where a quote is not closed (then go itself refuses it).
///
/// # Go
/// cmd/internal/quoted.Split (go1.26): a word may be wrapped in single or double quotes; nothing inside is unescaped,
/// and a quote within a word does not count.
pub(crate) fn split(text: &str) -> Option<Vec<&str>> {
    let mut words = Vec::new();
    let mut rest = text.trim_start_matches(is_space);
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '\'' | '"' => rest[1..].split_once(first)?,
            _ => rest.split_at(rest.find(is_space).unwrap_or(rest.len())),
        };
        words.push(word);
        rest = after.trim_start_matches(is_space);
    }
    Some(words)
}

/// A list that [`split`] reads back as these words.
///
/// # Errors
/// [`Error::Unquotable`] for a word with both kinds of quotes: Go has no way to write it.
pub(crate) fn join<S: AsRef<str>>(words: &[S]) -> Result<String, Error> {
    let quoted = words.iter().map(|word| {
        let word = word.as_ref();
        let needs_quotes = word.is_empty() || word.contains(is_space) || word.contains(['\'', '"']);
        match (needs_quotes, word.contains('\''), word.contains('"')) {
            (false, _, _) => Ok(word.to_owned()),
            (true, false, _) => Ok(format!("'{word}'")),
            (true, true, false) => Ok(format!("\"{word}\"")),
            (true, true, true) => Err(Error::Unquotable { word: word.to_owned() }),
        }
    });
    Ok(quoted.collect::<Result<Vec<_>, _>>()?.join(" "))
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use super::{join, split};
    use proptest::prelude::*;

    #[test]
    fn words_are_split_as_go_splits_them() {
        // Truth: cmd/internal/quoted/quoted_test.go of go1.26, and the rules in its comments.
        let check = |text: &str, expect: Option<&[&str]>| {
            assert_eq!(split(text).as_deref(), expect, "{text:?}");
        };
        check("", Some(&[]));
        check("  \t", Some(&[]));
        check("abc", Some(&["abc"]));
        check("  abc  def ", Some(&["abc", "def"]));
        check("-tags=a '-ldflags=-X main.v=1'", Some(&["-tags=a", "-ldflags=-X main.v=1"]));
        check("abc\"def", Some(&["abc\"def"]));
        check("'a\"b'c \"d\"", Some(&["a\"b", "c", "d"]));
        check("'' x", Some(&["", "x"]));
        check("'open", None);
        check("a \"", None);
    }

    #[test]
    fn a_word_with_both_quotes_cannot_be_written() {
        assert!(join(&["it's \"so\""]).is_err());
    }

    proptest! {
        #[test]
        fn what_is_joined_is_split_back(words in proptest::collection::vec("[a '\t=é-]{0,6}|[a \"=é-]{0,6}", 0..5)) {
            let joined = join(&words).expect("no word has both quotes");
            let back = split(&joined).expect("quotes are closed");
            prop_assert_eq!(back, words);
        }
    }
}
