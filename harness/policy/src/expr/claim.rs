//! What is claimed of a number: `== 3`, `& O_CREAT`, `& O_ACCMODE == O_WRONLY`.

use super::cursor::Cursor;
use super::value::Value;
use model::Diagnostic;
use std::fmt;

/// A comparison with a constant; of some bits only, where there is a mask.
///
/// All comparisons are unsigned, for that is what the kernel's filter can do.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    mask: Option<Value>,
    pub(super) op: Op,
    /// None is zero, unwritten: `& MASK` is `& MASK != 0`.
    value: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl Op {
    /// Every comparison; a longer one before the one that it begins with.
    const ALL: [(&str, Op); 6] =
        [("==", Op::Eq), ("!=", Op::Ne), ("<=", Op::Le), ("<", Op::Lt), (">=", Op::Ge), (">", Op::Gt)];

    fn sign(self) -> &'static str {
        Op::ALL.iter().find(|(_, op)| *op == self).map_or("", |(sign, _)| sign)
    }
}

const HELP: &str = "write `== 3`, `!= 0`, `< 8`, `<= 7`, `> 0`, `>= 1`, `& O_CREAT` (any of these bits) or \
                    `& O_ACCMODE == O_WRONLY`";
const NEGATIVE: &str =
    "ask for a negative `int` with `>= 0x80000000`, for a negative `long` with `>= 0x8000000000000000`";

impl Claim {
    /// Reads a comparison; leaves what follows it.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Claim, Diagnostic> {
        cursor.skip_blanks();
        let start = cursor.at();
        if cursor.rest().starts_with("&&") {
            let sign = cursor.cut(start..start + 2);
            return Err(sign.error("`&&` joins conditions").help("for bits write one: `& O_CREAT`"));
        }
        if cursor.eat("&") {
            return Claim::masked(cursor, start);
        }
        let Some((_, op)) = Op::ALL.into_iter().find(|(sign, _)| cursor.eat(sign)) else {
            let here = cursor.here();
            let help = if here.text() == "=" { "write `==` for equal" } else { HELP };
            return Err(here.error("a comparison is missing").help(help));
        };
        let value = Value::read(cursor)?;
        let whole = cursor.cut(start..cursor.at());
        match op {
            Op::Lt | Op::Le | Op::Gt | Op::Ge if value.is_negative => Err(whole
                .error("comparisons are unsigned, as those of the kernel's filter are")
                .label("this stands for a very large number")
                .help(NEGATIVE)),
            Op::Lt if value.number == 0 => {
                Err(whole.error("nothing is less than 0").label("comparisons are unsigned").help(NEGATIVE))
            }
            Op::Ge if value.number == 0 => {
                Err(whole.error("everything is at least 0").label("comparisons are unsigned").help(NEGATIVE))
            }
            op => Ok(Claim { mask: None, op, value: Some(value) }),
        }
    }

    /// Reads what follows `&`.
    fn masked(cursor: &mut Cursor<'_>, start: usize) -> Result<Claim, Diagnostic> {
        let mask = Value::read(cursor)?;
        if mask.number == 0 {
            let whole = cursor.cut(start..cursor.at());
            return Err(whole
                .error("0 has no bits that could be set")
                .help("to compare with 0, write `== 0`"));
        }
        let after = cursor.rest().trim_start();
        if after.starts_with(['<', '>']) {
            cursor.skip_blanks();
            let mistake = cursor.here().error("bits can only be compared for equality");
            return Err(mistake.help("write `& MASK == VALUE` or `& MASK != VALUE`"));
        }
        let Some((sign, op)) = Op::ALL.into_iter().find(|(sign, _)| after.starts_with(sign)) else {
            return Ok(Claim { mask: Some(mask), op: Op::Ne, value: None });
        };
        cursor.skip_blanks();
        cursor.eat(sign);
        let value = Value::read(cursor)?;
        if value.number & !mask.number != 0 {
            let when = if op == Op::Eq { "never" } else { "always" };
            return Err(cursor
                .cut(start..cursor.at())
                .error(format!("this {when} holds"))
                .label(format!("{:#x} has bits that {:#x} has not", value.number, mask.number))
                .help("in `& MASK == VALUE` the VALUE must be within the MASK"));
        }
        Ok(Claim { mask: Some(mask), op, value: Some(value) })
    }

    /// The bits that are looked at, of those that there are.
    pub(super) fn mask(&self, bits: u64) -> u64 {
        self.mask.as_ref().map_or(u64::MAX, |mask| mask.number) & bits
    }

    /// What they are compared with. A negative number is as wide as the bits are.
    pub(super) fn value(&self, bits: u64) -> u64 {
        let width = if bits <= u64::from(u32::MAX) { u64::from(u32::MAX) } else { u64::MAX };
        self.value.as_ref().map_or(0, |value| value.number) & width
    }

    /// Whether it holds for a number of which these bits count.
    pub(super) fn holds(&self, number: u64, bits: u64) -> bool {
        let (number, value) = (number & self.mask(bits), self.value(bits));
        match self.op {
            Op::Eq => number == value,
            Op::Ne => number != value,
            Op::Lt => number < value,
            Op::Le => number <= value,
            Op::Gt => number > value,
            Op::Ge => number >= value,
        }
    }

    /// Whether it holds for no number of these bits.
    pub(super) fn is_hopeless(&self, bits: u64) -> bool {
        let (most, value) = (self.mask(bits), self.value(bits));
        match self.op {
            Op::Eq => value & !most != 0,
            Op::Ne => most == 0 && value == 0,
            Op::Lt => value == 0,
            Op::Le => false,
            Op::Gt => most <= value,
            Op::Ge => most < value,
        }
    }

    /// The number in it that 32 bits cannot hold, signed or unsigned.
    pub(super) fn too_wide(&self) -> Option<&Value> {
        self.mask.iter().chain(&self.value).find(|value| !value.fits_narrow())
    }
}

/// Claims are equal if they mean the same: `& 1` and `& 1 != 0` do.
impl PartialEq for Claim {
    fn eq(&self, other: &Claim) -> bool {
        let meaning = |claim: &Claim| (claim.mask(u64::MAX), claim.op, claim.value(u64::MAX));
        meaning(self) == meaning(other)
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(mask) = &self.mask {
            write!(f, "& {}", mask.words)?;
        }
        match &self.value {
            Some(value) => {
                let blank = if self.mask.is_some() { " " } else { "" };
                write!(f, "{blank}{} {}", self.op.sign(), value.words)
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::piece::Piece;
    use model::Source;
    use std::ops::Range;
    use std::sync::Arc;

    const INT: u64 = u32::MAX as u64;

    fn read(text: &str) -> Result<Claim, (Range<usize>, String)> {
        let source = Arc::new(Source { name: "-e".into(), text: text.into() });
        Claim::read(&mut Cursor::new(&Piece::of(&source, 0..text.len())))
            .map_err(|mistake| (mistake.place.expect("a place").1, mistake.message))
    }

    #[test]
    fn claims_hold_as_in_c_but_unsigned() {
        for (text, bits, yes, no) in [
            ("== -1", INT, 0xdead_beef_ffff_ffff, 0xffff_ffff_ffff_fffe),
            ("== -1", u64::MAX, u64::MAX, INT),
            ("!= 3", u64::MAX, 1 << 32 | 3, 3),
            ("< 8", INT, 7 | 1 << 40, 8),
            ("<= 8", u64::MAX, 8, 9),
            ("> 0x7fffffff", INT, 0x8000_0000, 0x7fff_ffff),
            (">= 1", INT, 1, 1 << 32),
            ("& 6", u64::MAX, 2, 9),
            ("& 6 == 4", u64::MAX, 13, 6),
            ("& 6 != 4", u64::MAX, 6, 13),
            ("& 6 == 0", u64::MAX, 9, 2),
            ("== 1", 1, 3, 2),
        ] {
            let claim = read(text).expect(text);
            assert!(claim.holds(yes, bits) && !claim.holds(no, bits), "{text}");
            assert!(!claim.is_hopeless(bits), "{text}");
            assert_eq!(read(&claim.to_string()).as_ref(), Ok(&claim));
        }
        assert_eq!(read("& 6"), read("&6 != 0"));
        assert_eq!(read("== O_CREAT"), read("== 0100"));
        for (text, bits) in [("== 2", 1), ("> 1", 1), (">= 2", 1), ("& 2", 1), ("== 0x11", 0xffff_ff00)] {
            assert!(read(text).expect(text).is_hopeless(bits), "{text}");
        }
    }

    #[test]
    fn what_is_no_claim_is_shown() {
        for (text, at, message) in [
            ("= 3", 0..1, "a comparison is missing"),
            ("", 0..0, "a comparison is missing"),
            ("&& 3", 0..2, "`&&` joins conditions"),
            ("< 0", 0..3, "nothing is less than 0"),
            (">= 0", 0..4, "everything is at least 0"),
            (">  -5", 0..5, "comparisons are unsigned, as those of the kernel's filter are"),
            ("& 0", 0..3, "0 has no bits that could be set"),
            ("& 1 == 2", 0..8, "this never holds"),
            ("& 1 != 2", 0..8, "this always holds"),
            ("& 1 < 2", 4..5, "bits can only be compared for equality"),
            ("==", 2..2, "a value is missing"),
        ] {
            assert_eq!(read(text), Err((at, message.to_owned())), "{text}");
        }
    }
}
