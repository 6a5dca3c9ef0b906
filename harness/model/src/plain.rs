//! Foreign text, made harmless: nothing a target prints may move the cursor or end an XML attribute.

use std::fmt::Write;

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
}
