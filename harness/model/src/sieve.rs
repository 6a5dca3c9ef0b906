//! Conditions on the six argument registers: all that the kernel's filter can look at.

use std::fmt;

/// A condition on a call's arguments, as a list of alternatives: it holds if every test of one of them does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sieve(Vec<Vec<ArgTest>>);

/// One comparison of an argument with a constant; unsigned, as the filter's are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ArgTest {
    /// Which argument, 0 to 5.
    pub arg: u8,
    /// How much of it counts.
    pub width: Width,
    /// The comparison.
    pub op: ArgOp,
    /// What it is compared with; of a narrow argument the lower half.
    pub value: u64,
}

/// How much of a register an argument fills.
///
/// # Kernel
/// The upper half of the register of an `int` argument is garbage that the kernel ignores, and so must we.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Width {
    /// The lower 32 bits.
    Narrow,
    /// All 64.
    Wide,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ArgOp {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// Equal in these bits.
    Masked(u64),
}

impl Sieve {
    /// No condition: every call passes.
    pub fn always() -> Sieve {
        Sieve(vec![Vec::new()])
    }

    /// No call passes.
    pub fn never() -> Sieve {
        Sieve(Vec::new())
    }

    /// Calls for which every test of one of these alternatives holds.
    pub fn of(alternatives: Vec<Vec<ArgTest>>) -> Sieve {
        if alternatives.iter().any(Vec::is_empty) { Sieve::always() } else { Sieve(alternatives) }
    }

    /// Whether every call passes, whatever its arguments.
    pub fn is_always(&self) -> bool {
        self.0.iter().any(Vec::is_empty)
    }

    /// Whether no call can pass.
    pub fn is_never(&self) -> bool {
        self.0.is_empty()
    }

    /// The alternatives; an empty one always holds.
    pub fn alternatives(&self) -> &[Vec<ArgTest>] {
        &self.0
    }

    /// Lets through what either lets through.
    pub fn or(&mut self, other: Sieve) {
        if self.is_always() || other.is_always() {
            *self = Sieve::always();
            return;
        }
        for alternative in other.0 {
            if !self.0.contains(&alternative) {
                self.0.push(alternative);
            }
        }
    }

    /// Whether a call with these arguments passes.
    pub fn passes(&self, args: &[u64; 6]) -> bool {
        self.0.iter().any(|tests| tests.iter().all(|test| test.holds(args)))
    }
}

impl ArgTest {
    /// Whether it holds for these arguments.
    pub fn holds(&self, args: &[u64; 6]) -> bool {
        let whole = |value: u64| match self.width {
            Width::Narrow => value & u64::from(u32::MAX),
            Width::Wide => value,
        };
        let Some(arg) = args.get(usize::from(self.arg)).copied().map(whole) else { return false };
        let value = whole(self.value);
        match self.op {
            ArgOp::Eq => arg == value,
            ArgOp::Ne => arg != value,
            ArgOp::Lt => arg < value,
            ArgOp::Le => arg <= value,
            ArgOp::Gt => arg > value,
            ArgOp::Ge => arg >= value,
            ArgOp::Masked(mask) => arg & whole(mask) == value & whole(mask),
        }
    }
}

impl fmt::Display for Sieve {
    /// As people read it: `arg(1) == 3 or arg(3) & 0x40 == 0x40`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_always() {
            return f.write_str("always");
        }
        if self.is_never() {
            return f.write_str("never");
        }
        let alternatives =
            self.0.iter().map(|tests| tests.iter().map(ArgTest::to_string).collect::<Vec<_>>().join(" and "));
        f.write_str(&alternatives.collect::<Vec<_>>().join(" or "))
    }
}

impl fmt::Display for ArgTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arg = self.arg + 1;
        let op = match self.op {
            ArgOp::Eq => "==",
            ArgOp::Ne => "!=",
            ArgOp::Lt => "<",
            ArgOp::Le => "<=",
            ArgOp::Gt => ">",
            ArgOp::Ge => ">=",
            ArgOp::Masked(mask) => return write!(f, "arg({arg}) & {mask:#x} == {:#x}", self.value),
        };
        write!(f, "arg({arg}) {op} {}", self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(op: ArgOp, value: u64, width: Width) -> ArgTest {
        ArgTest { arg: 1, width, op, value }
    }

    #[test]
    fn a_narrow_argument_is_its_lower_half() {
        let args = [0, 0xdead_beef_ffff_ff9c, 0, 0, 0, 0];
        let at_fdcwd = (-100_i64).cast_unsigned();
        assert!(test(ArgOp::Eq, at_fdcwd, Width::Narrow).holds(&args));
        assert!(!test(ArgOp::Eq, at_fdcwd, Width::Wide).holds(&args));
        assert!(test(ArgOp::Masked(0xf0), 0x90, Width::Narrow).holds(&args));
    }

    #[test]
    fn one_alternative_is_enough_and_none_is_never() {
        let args = [0, 7, 0, 0, 0, 0];
        let (seven, eight) = (test(ArgOp::Eq, 7, Width::Wide), test(ArgOp::Ge, 8, Width::Wide));
        let mut sieve = Sieve::of(vec![vec![seven, eight]]);
        assert!(!sieve.passes(&args));
        sieve.or(Sieve::of(vec![vec![seven]]));
        assert!(sieve.passes(&args));
        assert!(!Sieve::never().passes(&args) && Sieve::always().passes(&args));
        sieve.or(Sieve::always());
        assert!(sieve.is_always());
        assert!(Sieve::of(vec![vec![seven], Vec::new()]).is_always());
    }
}
