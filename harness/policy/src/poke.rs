//! `@arg1=68656c6c6f,@arg2=…`: bytes to write where arguments point, as strace writes them.

use crate::piece::Piece;
use model::{Diagnostic, Poke};
use std::fmt::Write as _;

/// Reads what strace's `poke_enter` and `poke_exit` take.
///
/// strace(1): "@argN=DATAN,@argM=DATAM…", with N from 1 and the data in hexadecimal.
pub(crate) fn read(piece: &Piece<'_>) -> Result<Vec<Poke>, Diagnostic> {
    let mut pokes: Vec<Poke> = Vec::new();
    // strace 6.1 skips parts without anything in them.
    let parts: Vec<Piece<'_>> = piece.split(',').iter().map(Piece::trim).collect();
    let has_words = parts.iter().any(|part| !part.text().is_empty());
    for part in parts.iter().filter(|part| !has_words || !part.text().is_empty()) {
        let poke = one(part)?;
        if pokes.iter().any(|earlier| earlier.arg == poke.arg) {
            return Err(part
                .error(format!("argument {} is given twice", poke.arg + 1))
                .help("write all its bytes at once"));
        }
        pokes.push(poke);
    }
    Ok(pokes)
}

fn one(piece: &Piece<'_>) -> Result<Poke, Diagnostic> {
    const HELP: &str =
        "write which argument points to the memory and the bytes in hexadecimal: `@arg2=68656c6c6f`";
    let wrong = |label: &str| {
        piece.error(format!("`{}` does not say what to write", piece.shown())).label(label).help(HELP)
    };
    let (arg, data) = piece
        .strip_prefix("@arg")
        .and_then(|rest| rest.split_once("="))
        .ok_or_else(|| wrong("`@argN=BYTES` is expected"))?;
    let arg = argument(arg.text()).ok_or_else(|| wrong("arguments are numbered from 1 to 6"))?;
    let digits = data.text();
    if digits.is_empty() || digits.len() % 2 == 1 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong("a byte is two hexadecimal digits"));
    }
    let bytes =
        (0..digits.len()).step_by(2).filter_map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok());
    Ok(Poke { arg, bytes: bytes.collect() })
}

/// An argument by its number from 1, as a place from 0.
pub(crate) fn argument(text: &str) -> Option<u8> {
    text.parse().ok().filter(|number| (1..=6).contains(number)).map(|number: u8| number - 1)
}

/// The same text again.
pub(crate) fn written(pokes: &[Poke]) -> String {
    let one = |poke: &Poke| {
        let mut text = format!("@arg{}=", poke.arg + 1);
        for byte in &poke.bytes {
            let _ = write!(text, "{byte:02x}");
        }
        text
    };
    pokes.iter().map(one).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Source;
    use std::sync::Arc;

    fn check(text: &str, expect: Result<&str, &str>) {
        let source = Arc::new(Source { name: "-e".into(), text: text.into() });
        let read = read(&Piece::of(&source, 0..text.len()));
        let found = read.map(|pokes| written(&pokes)).map_err(|mistake| mistake.label);
        assert_eq!(found.as_deref().map_err(String::as_str), expect, "{text}");
    }

    #[test]
    fn what_is_written_reads_back() {
        check("@arg1=00ff", Ok("@arg1=00ff"));
        check("@arg6=Aa, @arg2=41", Ok("@arg6=aa,@arg2=41"));
        check("@arg7=00", Err("arguments are numbered from 1 to 6"));
        check("@arg0=00", Err("arguments are numbered from 1 to 6"));
        check("@arg1=0", Err("a byte is two hexadecimal digits"));
        check("@arg1=", Err("a byte is two hexadecimal digits"));
        check("@arg1=\u{e9}x", Err("a byte is two hexadecimal digits"));
        check("arg1=00", Err("`@argN=BYTES` is expected"));
        check("", Err("`@argN=BYTES` is expected"));
        check("@arg1=00,@arg1=01", Err(""));
        check(",@arg1=00,,", Ok("@arg1=00"));
    }
}
