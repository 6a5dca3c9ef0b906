//! Numbers as people write them in conditions: `64`, `0x40`, `0100`, `-1`, `O_CREAT|O_EXCL`.

use super::cursor::Cursor;
use crate::piece::Piece;
use crate::tables;
use model::{Diagnostic, nearest};

/// A number, and the words for it.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    pub(super) number: u64,
    /// As it was written, without blanks.
    pub(super) words: String,
    /// Whether a `-` was written.
    pub(super) is_negative: bool,
}

/// Numbers are equal whatever they were written with.
impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        self.number == other.number
    }
}

impl Value {
    /// Reads terms joined with `|`. A `|` that no term follows is left for whoever reads on.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Value, Diagnostic> {
        let mut value = Value { number: 0, words: String::new(), is_negative: false };
        loop {
            cursor.skip_blanks();
            value.term(cursor)?;
            let rest = cursor.rest().trim_start();
            let Some(next) = rest.strip_prefix('|').map(str::trim_start) else { return Ok(value) };
            if !next
                .starts_with(|c: char| c.is_ascii_digit() || c.is_ascii_uppercase() || matches!(c, '-' | '_'))
            {
                return Ok(value);
            }
            cursor.skip(cursor.rest().len() - next.len());
            value.words.push('|');
        }
    }

    fn term(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Diagnostic> {
        let start = cursor.at();
        let is_negative = cursor.eat("-");
        cursor.take(|c| c.is_alphanumeric() || c == '_');
        let term = cursor.cut(start..cursor.at());
        let digits = term.text().trim_start_matches('-');
        let number = if digits.starts_with(|c: char| c.is_ascii_digit()) {
            literal(digits, is_negative).ok_or_else(|| {
                let why = "write a number of at most 64 bits: `64`, `0x40`, `0100` (octal) or `-1`";
                term.error(format!("`{}` is not a number", term.shown())).help(why)
            })?
        } else if is_negative || digits.is_empty() {
            return Err(cursor.here().error("a value is missing").help(
                "write a number (`64`, `0x40`, `0100`, `-1`) or names for numbers, such as `O_CREAT|O_EXCL`",
            ));
        } else {
            tables::constant(digits).ok_or_else(|| unknown(&term))?
        };
        self.number |= number;
        self.words.push_str(term.text());
        self.is_negative |= is_negative;
        Ok(())
    }

    /// Whether it is a number of 32 bits, signed or unsigned.
    pub(super) fn fits_narrow(&self) -> bool {
        u32::try_from(self.number).is_ok() || i32::try_from(self.number.cast_signed()).is_ok()
    }
}

/// A number as C writes it.
fn literal(digits: &str, is_negative: bool) -> Option<u64> {
    let (digits, radix) = match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if digits.len() > 1 && digits.starts_with('0') => (&digits[1..], 8),
        None => (digits, 10),
    };
    let number = u64::from_str_radix(digits, radix).ok()?;
    let least = 1 << 63;
    match is_negative {
        false => Some(number),
        true => (number <= least).then(|| number.wrapping_neg()),
    }
}

fn unknown(term: &Piece<'_>) -> Diagnostic {
    let mistake = term.error(format!("there is no constant `{}`", term.shown()));
    match nearest(term.text(), tables::names()) {
        Some(name) => mistake.help(format!("did you mean `{name}`?")),
        None => mistake.help("constants are named as in the manual pages; a number will do as well"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Source;
    use std::sync::Arc;

    fn read(text: &str) -> Result<(u64, &str), (std::ops::Range<usize>, String)> {
        let source = Arc::new(Source { name: "-e".into(), text: text.into() });
        let mut cursor = Cursor::new(&Piece::of(&source, 0..text.len()));
        match Value::read(&mut cursor) {
            Ok(value) => Ok((value.number, &text[cursor.at()..])),
            Err(mistake) => Err((mistake.place.expect("a place").1, mistake.help.expect("advice"))),
        }
    }

    #[test]
    fn values_are_numbers_as_c_writes_them_and_constants() {
        for (text, number, rest) in [
            ("64", 64, ""),
            ("0", 0, ""),
            ("0x40 ", 64, " "),
            ("0100", 64, ""),
            ("-1", u64::MAX, ""),
            ("-9223372036854775808", 1 << 63, ""),
            ("18446744073709551615", u64::MAX, ""),
            ("O_CREAT|O_EXCL", 0o300, ""),
            ("O_CREAT | 1 & x", 0o101, " & x"),
            ("O_CREAT | path(x)", 0o100, " | path(x)"),
            ("O_CREAT || O_EXCL", 0o100, " || O_EXCL"),
            ("AT_FDCWD)", (-100_i64).cast_unsigned(), ")"),
        ] {
            assert_eq!(read(text), Ok((number, rest)), "{text}");
        }
    }

    #[test]
    fn what_is_no_value_is_shown_with_advice() {
        for (text, at, advice) in [
            ("O_CRAET", 0..7, "did you mean `O_CREAT`?"),
            ("1|O_CRAET", 2..9, "did you mean `O_CREAT`?"),
            ("08", 0..2, "write a number of at most 64 bits: `64`, `0x40`, `0100` (octal) or `-1`"),
            (
                "18446744073709551616",
                0..20,
                "write a number of at most 64 bits: `64`, `0x40`, `0100` (octal) or `-1`",
            ),
        ] {
            assert_eq!(read(text), Err((at, advice.to_owned())), "{text}");
        }
        assert_eq!(read("").map_err(|(at, _)| at), Err(0..0));
        assert_eq!(read("- 1").map_err(|(at, _)| at), Err(1..2));
        assert_eq!(read("1|0x").map_err(|(at, _)| at), Err(2..4));
    }

    #[test]
    fn constants_begin_so_that_they_cannot_be_taken_for_predicates() {
        for name in tables::names() {
            assert!(name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_'), "{name}");
        }
    }
}
