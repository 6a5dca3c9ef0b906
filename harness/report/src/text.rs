//! Foreign text, cut and quoted for people; `model::plain` makes it harmless.

pub use model::plain;

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
