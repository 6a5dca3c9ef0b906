//! Foreign text, made harmless: nothing a target prints may move the cursor or end an XML attribute.

use std::fmt::Write;

/// How much of one foreign line is kept, in characters.
const LIMIT: usize = 400;

/// The beginning of a foreign line, without its line end.
pub(crate) fn clip(line: &str) -> String {
    let line = line.trim_end_matches(['\n', '\r']);
    match line.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// The text with everything escaped that a terminal obeys instead of showing, or that XML forbids.
///
/// A tab becomes a space. Line ends are escaped as well: what may have several lines is drawn line by line.
pub fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => safe.push(' '),
            c if is_unsafe(c) => {
                // Writing to a String cannot fail.
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    safe
}

/// Control characters, the invisible ones that reorder a line (Unicode UAX #9), and the two non-characters that XML 1.0
/// leaves out of `Char`.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// A command as one would type it: words that a shell would split are quoted.
pub fn command_line(words: &[String]) -> String {
    let is_bare = |c: char| c.is_alphanumeric() || "-_./=,:@%+^".contains(c);
    let typed = words.iter().map(|word| {
        if !word.is_empty() && word.chars().all(is_bare) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    });
    plain(&typed.collect::<Vec<_>>().join(" "))
}

/// A number with the noun it counts: `1 fault`, `2 faults`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_terminal_obeys_gets_through() {
        let check = |text: &str, expect: &str| assert_eq!(plain(text), expect);
        check("open /tmp/x: no space", "open /tmp/x: no space");
        check("\u{1b}[31mred\u{1b}[0m", "\\u{1b}[31mred\\u{1b}[0m");
        check("a\tb\r\nc\u{0}", "a b\\u{d}\\u{a}c\\u{0}");
        check("\u{9b}2J\u{202e}evil\u{ffff}", "\\u{9b}2J\\u{202e}evil\\u{ffff}");
        check("naïve 日本", "naïve 日本");
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        assert_eq!(clip("short\r\n"), "short");
        assert_eq!(clip(&"é".repeat(LIMIT)), "é".repeat(LIMIT));
        assert_eq!(clip(&"é".repeat(LIMIT + 1)), format!("{}…", "é".repeat(LIMIT)));
    }

    #[test]
    fn words_that_a_shell_would_split_are_quoted() {
        let words = ["go", "test", "-run", "A|B", "", "it's"].map(String::from);
        assert_eq!(command_line(&words), r"go test -run 'A|B' '' 'it'\''s'");
    }
}
