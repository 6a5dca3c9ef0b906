//! The values of a rule's keys, one function each: what `-e` and the plan file have in common.

use crate::delay::LONGEST;
use crate::effect::Failure;
use crate::piece::Piece;
use crate::{Rate, When, set, tables};
use model::{Diagnostic, Errno, Signal, Sysno, Victim, nearest};
use std::time::Duration;

/// The units of a delay with their length in nanoseconds; longer suffixes first, for `ms` ends in `s`.
const UNITS: [(&str, u128); 6] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
];

/// How many characters a rule's name may have.
pub(crate) const LONGEST_NAME: usize = 80;

/// An error by name or number.
pub(crate) fn errno(piece: &Piece<'_>) -> Result<Errno, Diagnostic> {
    let text = piece.text();
    // strace 6.1 takes names in any case.
    text.to_ascii_uppercase().parse().map_err(|_| {
        let unknown = |help: String| piece.error(format!("there is no error `{}`", piece.shown())).help(help);
        if text.is_empty() {
            return piece
                .error("the error is missing")
                .help("write a name or a number, such as `error=ENOSPC`");
        }
        if let Ok(number) = text.parse::<i128>() {
            let label = if number == 0 { "0 means success" } else { "no system call can return this number" };
            let help = if number == 0 {
                "errors are 1 to 4095; to make a call succeed without executing it, use `retval=0`"
            } else {
                "errors are 1 to 4095, or names such as ENOSPC"
            };
            return unknown(help.to_owned()).label(label);
        }
        if duration(piece).is_ok() {
            return unknown("this is a length of time; for a delay, use `delay_enter`".to_owned());
        }
        match nearest(text, Errno::all().filter_map(Errno::name)) {
            Some(name) => unknown(format!("did you mean `{name}`?")),
            None => unknown("errors are named as in errno(3), such as ENOSPC, or by number".to_owned()),
        }
    })
}

/// An error, or the word for "any that the manual page names".
pub(crate) fn failure(piece: &Piece<'_>) -> Result<Failure, Diagnostic> {
    if piece.text() == "legal" { Ok(Failure::Legal) } else { errno(piece).map(Failure::With) }
}

/// A signal by name or number.
pub(crate) fn signal(piece: &Piece<'_>) -> Result<Signal, Diagnostic> {
    piece.text().to_ascii_uppercase().parse().map_err(|_| {
        let mistake = piece.error(format!("there is no signal `{}`", piece.shown()));
        match nearest(piece.text(), Signal::names()) {
            Some(name) => mistake.help(format!("did you mean `{name}`?")),
            None => mistake.help(
                "signals are named as in signal(7), such as SIGUSR1 or SIGRTMIN+3, or numbered from 1 to 64",
            ),
        }
    })
}

/// One system call.
pub(crate) fn sysno(piece: &Piece<'_>) -> Result<Sysno, Diagnostic> {
    set::one(piece)
}

/// The persona that a rule is a part of.
pub(crate) fn persona(piece: &Piece<'_>) -> Result<String, Diagnostic> {
    match piece.text() {
        "" => Err(piece
            .error("the persona is missing")
            .help("name it as --persona does, such as `kernel=4.19`")),
        name => Ok(name.to_owned()),
    }
}

/// How many bytes are transferred at most.
pub(crate) fn short(piece: &Piece<'_>) -> Result<u64, Diagnostic> {
    whole(piece.text()).filter(|bytes| *bytes > 0).ok_or_else(|| {
        let mistake = piece.error(format!("`{}` is not a number of bytes", piece.shown()));
        match piece.text() {
            "0" => mistake
                .help("a transfer of nothing means the end of the file; for that, use `lie=0` or `retval=0`"),
            _ => mistake.help("write how many bytes are transferred at most, such as `short=1`"),
        }
    })
}

/// Who ends.
pub(crate) fn victim(piece: &Piece<'_>) -> Result<Victim, Diagnostic> {
    match piece.text() {
        "thread" => Ok(Victim::Thread),
        "process" => Ok(Victim::Process),
        "trap" => Ok(Victim::Trapped),
        _ => Err(piece.error(format!("`{}` is nobody to end", piece.shown())).help(
            "write `thread` (it vanishes), `process` (it dies of SIGSYS) or `trap` (the thread gets a SIGSYS that it may handle), as seccomp's actions do",
        )),
    }
}

/// The path of a file.
pub(crate) fn path(piece: &Piece<'_>) -> Result<String, Diagnostic> {
    match piece.text() {
        "" => Err(piece.error("the file is missing").help("name the file whose content is given instead")),
        path => Ok(path.to_owned()),
    }
}

/// What an argument becomes: a number (negative ones as 64 bits) or a constant such as `O_RDONLY`, or several with `|`.
pub(crate) fn argument(piece: &Piece<'_>) -> Result<u64, Diagnostic> {
    piece.split('|').iter().map(|part| flag(&part.trim())).try_fold(0, |all, one| Ok(all | one?))
}

fn flag(piece: &Piece<'_>) -> Result<u64, Diagnostic> {
    let text = piece.text();
    let number = match (text.strip_prefix("0x"), text.strip_prefix('-')) {
        (Some(digits), _) => u64::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+')),
        (None, Some(digits)) => whole(digits)
            .and_then(|number| i64::try_from(number).ok())
            .map(|number| (-number).cast_unsigned()),
        // As C writes it, and as conditions read it.
        (None, None) => match text.strip_prefix('0').filter(|digits| !digits.is_empty()) {
            Some(digits) => u64::from_str_radix(digits, 8).ok().filter(|_| !digits.starts_with('+')),
            None => whole(text),
        },
    };
    number.or_else(|| tables::constant(text)).ok_or_else(|| {
        let mistake = piece.error(format!("`{}` is not a number", piece.shown()));
        match nearest(text, tables::names()) {
            Some(name) => mistake.help(format!("did you mean `{name}`?")),
            None => mistake.help("write a number, `0x` for hexadecimal, or a constant such as O_NONBLOCK; several are joined by `|`"),
        }
    })
}

/// A whole number without a sign.
pub(crate) fn whole(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

/// A result, as strace reads it: decimal, `0x` hexadecimal or `0` octal, and up to 64 bits, which may be those of a
/// negative number. From -4095 to -1 it is an error.
pub(crate) fn retval(piece: &Piece<'_>) -> Result<i64, Diagnostic> {
    let text = piece.text();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let hexadecimal = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    let (digits, radix) = match (hexadecimal, digits.strip_prefix('0')) {
        (Some(digits), _) => (digits, 16),
        (None, Some(octal)) if !octal.is_empty() => (octal, 8),
        (None, _) => (digits, 10),
    };
    let wrong = |label: &str| {
        piece
            .error(format!("`{}` cannot be a return value", piece.shown()))
            .label(label)
            .help("give a whole number of at most 64 bits; `0x` for hexadecimal is understood")
    };
    let plain = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match u128::from_str_radix(digits, radix) {
        Ok(value) if plain => u64::try_from(value)
            .map(|value| value.cast_signed().wrapping_mul(sign))
            .map_err(|_| wrong("this is too large")),
        Ok(_) | Err(_) => Err(wrong("this is not a whole number")),
    }
}

/// A delay: microseconds, or a decimal number with its unit.
pub(crate) fn duration(piece: &Piece<'_>) -> Result<Duration, Diagnostic> {
    const HELP: &str = "write a number and ns, us, ms or s, such as `5ms`; a bare number is microseconds";
    let text = piece.text();
    let wrong =
        |label: &str| piece.error(format!("`{}` is not a delay", piece.shown())).label(label).help(HELP);
    let (number, unit) = UNITS
        .iter()
        .find_map(|(suffix, length)| text.strip_suffix(suffix).map(|number| (number.trim_end(), *length)))
        .unwrap_or((text, 1_000));
    let number = number.strip_prefix('+').unwrap_or(number);
    if number.starts_with('-') {
        return Err(wrong("a delay cannot be negative"));
    }
    if number.contains(['e', 'E']) {
        // strace 6.1 reads these as strtod(3) does; a float is exact enough for a delay.
        let plain = number.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
        let nanos = number.parse::<f64>().ok().filter(|_| plain).map(|number| number * unit as f64);
        let nanos = nanos.ok_or_else(|| wrong("this is not a number with a unit"))?;
        return Duration::try_from_secs_f64(nanos / 1e9)
            .ok()
            .filter(|delay| *delay <= LONGEST)
            .ok_or_else(|| wrong("the longest delay is one hour"))
            .and_then(|delay| {
                if delay.is_zero() { Err(wrong("a delay of nothing does nothing")) } else { Ok(delay) }
            });
    }
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return Err(wrong("this is not a number with a unit"));
    }
    let too_long = || wrong("the longest delay is one hour");
    let nanos = |part: &str| part.parse::<u128>().ok().and_then(|n| n.checked_mul(unit)).ok_or_else(too_long);
    let mut total = if whole.is_empty() { 0 } else { nanos(whole)? };
    let fraction = fraction.trim_end_matches('0');
    if !fraction.is_empty() {
        // With more than nine digits even seconds end up below a nanosecond.
        let scale = 10_u128.pow(u32::try_from(fraction.len()).unwrap_or(u32::MAX).min(10));
        let scaled = if fraction.len() > 9 { 1 } else { nanos(fraction)? };
        if scaled % scale != 0 {
            return Err(wrong("this is finer than a nanosecond"));
        }
        total = total.checked_add(scaled / scale).ok_or_else(too_long)?;
    }
    let delay = u64::try_from(total).map(Duration::from_nanos).map_err(|_| too_long())?;
    if delay > LONGEST {
        return Err(too_long());
    }
    if delay.is_zero() {
        return Err(wrong("a delay of nothing does nothing"));
    }
    Ok(delay)
}

/// Which occurrences: strace's `first[..last][+[step]]`.
pub(crate) fn when(piece: &Piece<'_>) -> Result<When, Diagnostic> {
    let wrong = |part: &Piece<'_>, label: &str| {
        part.error(format!("`{}` does not say when", piece.shown())).label(label).help(
            "write `3` (the third call), `3+` (from the third on), `3+2` (the third, fifth, …), `3..9` or `3..9+2`",
        )
    };
    let number = |part: &Piece<'_>| {
        part.text()
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| part.text().parse::<u64>().ok())
            .flatten()
            .ok_or_else(|| wrong(part, "a whole number is expected here"))
    };
    // strace 6.1 reads its numbers by strtoll(3), which takes a sign.
    let piece = &piece.strip_prefix("+").unwrap_or_else(|| piece.clone());
    let (range, step) = match piece.split_once("+") {
        Some((range, step)) => {
            let bare = step.strip_prefix("+").filter(|bare| !bare.text().is_empty());
            (range, Some(bare.unwrap_or(step)))
        }
        None => (piece.clone(), None),
    };
    let (first, last) = match range.split_once("..") {
        Some((first, last)) => (first, Some(last)),
        None => (range, None),
    };
    let from = number(&first)?;
    if from == 0 {
        return Err(wrong(&first, "calls are counted from 1"));
    }
    let every = match &step {
        Some(step) if !step.text().is_empty() => number(step)?,
        Some(_) | None => 1,
    };
    let until = match (&last, &step) {
        (Some(last), _) => Some(number(last)?),
        (None, Some(_)) => None,
        (None, None) => Some(from),
    };
    When::new(from, until, every).ok_or_else(|| match (step, last) {
        (Some(step), _) if every == 0 => wrong(&step, "the step must be at least 1"),
        (_, Some(last)) => wrong(&last, "the range ends before it begins"),
        (_, None) => wrong(piece, "no call is meant"),
    })
}

/// A chance: a number above 0 up to 1, or per cent.
pub(crate) fn rate(piece: &Piece<'_>) -> Result<Rate, Diagnostic> {
    let wrong = |label: &str| {
        piece
            .error(format!("`{}` is not a rate", piece.shown()))
            .label(label)
            .help("write the share of calls to hit, such as `0.05` or `5%`; more than 0, at most 1 (100%)")
    };
    let (number, whole) = match piece.strip_suffix("%") {
        Some(number) => (number, 100.0),
        None => (piece.clone(), 1.0),
    };
    // Rust reads words such as `inf` and `nan`, and a `+`, as numbers too; nobody means them here.
    let plain = number.text().bytes().all(|byte| byte.is_ascii_digit() || b".eE-".contains(&byte));
    let share =
        number.text().parse::<f64>().ok().filter(|_| plain).ok_or_else(|| wrong("this is not a number"))?;
    Rate::new(share / whole).ok_or_else(|| match share {
        share if share > whole => wrong("more than every call cannot be hit"),
        share if share < 0.0 => wrong("a rate cannot be negative"),
        _ => wrong("a rule that never hits does nothing"),
    })
}

/// A rule's name: short, and without anything that has a meaning in `-e`, a terminal or a file name.
pub(crate) fn name(piece: &Piece<'_>) -> Result<String, Diagnostic> {
    let text = piece.text();
    let wrong = |message: String| piece.error(message).help("use letters, digits, `-`, `_`, `.` and `/`");
    if text.is_empty() {
        return Err(wrong("the name is empty".to_owned()));
    }
    if text.chars().count() > LONGEST_NAME {
        return Err(wrong(format!("the name is longer than {LONGEST_NAME} characters")));
    }
    match text.chars().find(|c| !c.is_alphanumeric() && !"-_./".contains(*c)) {
        Some(c) => Err(wrong(format!("a name cannot contain `{}`", c.escape_debug()))),
        None => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Source;
    use std::fmt::Debug;
    use std::sync::Arc;

    /// The value, or the words beside its place.
    fn read<T>(text: &str, parse: fn(&Piece<'_>) -> Result<T, Diagnostic>) -> Result<T, String> {
        let source = Arc::new(Source { name: "-e".into(), text: text.into() });
        parse(&Piece::of(&source, 0..text.len())).map_err(|mistake| {
            assert!(mistake.is_error() && mistake.help.is_some(), "{mistake:?}");
            if mistake.label.is_empty() { mistake.help.unwrap_or_default() } else { mistake.label }
        })
    }

    fn check<T: PartialEq + Debug>(
        parse: fn(&Piece<'_>) -> Result<T, Diagnostic>,
        cases: impl IntoIterator<Item = (&'static str, Result<T, &'static str>)>,
    ) {
        for (text, expect) in cases {
            assert_eq!(read(text, parse), expect.map_err(str::to_owned), "{text:?}");
        }
    }

    #[test]
    fn delays_are_microseconds_unless_they_say_otherwise() {
        let ns = Duration::from_nanos;
        check(
            duration,
            [
                ("5", Ok(ns(5_000))),
                ("5us", Ok(ns(5_000))),
                ("5\u{b5}s", Ok(ns(5_000))),
                ("5\u{3bc}s", Ok(ns(5_000))),
                ("1.5ms", Ok(ns(1_500_000))),
                ("0.000000001s", Ok(ns(1))),
                (".5s", Ok(ns(500_000_000))),
                ("2.s", Ok(ns(2_000_000_000))),
                ("1.50000000000000000000s", Ok(ns(1_500_000_000))),
                ("7 ms", Ok(ns(7_000_000))),
                ("3600s", Ok(LONGEST)),
                ("3600.000000001s", Err("the longest delay is one hour")),
                ("99999999999999999999999999999999999999999s", Err("the longest delay is one hour")),
                ("0.1ns", Err("this is finer than a nanosecond")),
                ("0.00000000000000000001s", Err("this is finer than a nanosecond")),
                ("-5ms", Err("a delay cannot be negative")),
                ("0", Err("a delay of nothing does nothing")),
                ("NaN", Err("this is not a number with a unit")),
                ("1e3", Ok(Duration::from_millis(1))),
                ("5min", Err("this is not a number with a unit")),
                ("ms", Err("this is not a number with a unit")),
                (".", Err("this is not a number with a unit")),
                ("", Err("this is not a number with a unit")),
            ],
        );
    }

    #[test]
    fn when_is_read_as_strace_reads_it() {
        let when_of = |first, last, step| Ok(When::new(first, last, step).expect("sound"));
        check(
            when,
            [
                ("3", when_of(3, Some(3), 1)),
                ("3+", when_of(3, None, 1)),
                ("3+2", when_of(3, None, 2)),
                ("3..9", when_of(3, Some(9), 1)),
                ("3..9+", when_of(3, Some(9), 1)),
                ("3..9+2", when_of(3, Some(9), 2)),
                ("0", Err("calls are counted from 1")),
                ("3+0", Err("the step must be at least 1")),
                ("9..3", Err("the range ends before it begins")),
                ("", Err("a whole number is expected here")),
                ("+2", Ok(When::new(2, Some(2), 1).expect("sound"))),
                ("3..", Err("a whole number is expected here")),
                ("3++", Err("a whole number is expected here")),
                ("-3", Err("a whole number is expected here")),
                ("99999999999999999999", Err("a whole number is expected here")),
            ],
        );
    }

    #[test]
    fn a_mistake_in_when_is_shown_at_the_wrong_number() {
        let source = Arc::new(Source { name: "-e".into(), text: "3..9+x".into() });
        let mistake = when(&Piece::of(&source, 0..6)).expect_err("x is no number");
        assert_eq!(mistake.place.map(|(_, span)| span), Some(5..6));
    }

    #[test]
    fn rates_are_shares_or_per_cent() {
        let share = |share| Ok(Rate::new(share).expect("sound"));
        check(
            rate,
            [
                ("0.05", share(0.05)),
                ("5%", share(0.05)),
                ("1", share(1.0)),
                ("100%", share(1.0)),
                ("1e-3", share(0.001)),
                ("0", Err("a rule that never hits does nothing")),
                ("1.5", Err("more than every call cannot be hit")),
                ("-0.5", Err("a rate cannot be negative")),
                ("nan", Err("this is not a number")),
                ("inf", Err("this is not a number")),
                ("%", Err("this is not a number")),
            ],
        );
    }

    #[test]
    fn errors_are_names_or_numbers() {
        check(
            errno,
            [
                ("ENOSPC", Ok(Errno::ENOSPC)),
                ("28", Ok(Errno::ENOSPC)),
                ("EWOULDBLOCK", Ok(Errno::EAGAIN)),
                ("enospc", Ok(Errno::ENOSPC)),
                ("ENOSPACE", Err("did you mean `ENOSPC`?")),
                ("0", Err("0 means success")),
                ("4096", Err("no system call can return this number")),
                ("-28", Err("no system call can return this number")),
                ("80ms", Err("this is a length of time; for a delay, use `delay_enter`")),
                ("", Err("write a name or a number, such as `error=ENOSPC`")),
            ],
        );
    }

    #[test]
    fn return_values_have_64_bits() {
        check(
            retval,
            [
                ("0", Ok(0)),
                ("0x10", Ok(16)),
                ("9223372036854775807", Ok(i64::MAX)),
                ("18446744073709551615", Ok(-1)),
                ("18446744073709551616", Err("this is too large")),
                ("-28", Ok(-28)),
                ("010", Ok(8)),
                ("08", Err("this is not a whole number")),
                ("+-8", Err("this is not a whole number")),
                ("many", Err("this is not a whole number")),
                ("", Err("this is not a whole number")),
            ],
        );
    }

    #[test]
    fn names_have_no_meaning_elsewhere() {
        for good in ["disk-full", "Ä_1.b/c"] {
            assert_eq!(read(good, name).as_deref(), Ok(good));
        }
        for bad in ["", "a b", "a:b", "a\n", "\u{1b}[31m", &"x".repeat(81)] {
            assert!(read(bad, name).is_err(), "{bad:?}");
        }
    }
}
