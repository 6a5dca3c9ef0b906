//! Wildcards over names: `*` is any text, `?` any character.

/// Whether all of the text is as the pattern says.
///
/// Unlike globs over paths, `*` does not stop at a slash: command lines are matched, too.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last `*` is, and up to where it reaches. Only the last one ever has to give way.
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                None => return false,
                Some((at, reach)) => {
                    star = Some((at, reach + 1));
                    (p, t) = (at + 1, reach + 1);
                }
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn all_of_the_text_has_to_fit() {
        let check = |pattern: &str, text: &str, expect: bool| {
            assert_eq!(matches(pattern, text), expect, "{pattern} on {text}");
        };
        check("e2big-blocks", "e2big-blocks", true);
        check("e2big", "e2big-blocks", false);
        check("e2big*", "e2big-blocks", true);
        check("*blocks", "e2big-blocks", true);
        check("*big*ock*", "e2big-blocks", true);
        check("e?big-*", "e2big-blocks", true);
        check("e?big", "ebig", false);
        check("go test *", "go test ./...", true);
        check("*a*b", "aXbXa", false);
        check("", "", true);
        check("*", "", true);
        check("", "x", false);
        // Linear in practice: one star gives way at a time.
        check(&"*a".repeat(50), &"a".repeat(5_000), true);
        check(&format!("{}b", "*a".repeat(50)), &"a".repeat(5_000), false);
    }
}
