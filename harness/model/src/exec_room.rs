//! The room that execve(2) has for arguments and environment: the kernel's rule, to the byte.
//!
//! # Kernel
//! `fs/exec.c`. All strings (the path of the file, the environment, the arguments, each with its NUL) and a pointer for each
//! argument and variable share a quarter of the soft stack limit, at least 128 KiB (`ARG_MAX`), at most 6 MiB (three quarters of
//! `_STK_LIM`; the pointers count since 4.12, the cap is there since 4.13, the sum is exact and not by whole pages since 5.0). An empty argument list
//! counts as one empty argument (5.18). No argument or variable is longer than 32 pages (`MAX_ARG_STRLEN`). A script's first
//! line adds strings when the first reckoning is over: the script's path takes the place of `argv[0]`, and the interpreter and its
//! argument come before it (`fs/binfmt_script.c`); these are held against what is left. With a stack of less than 128 KiB the strings
//! must also fit in the stack itself, by whole pages.
//! Test: `the_rule_and_the_kernel_agree` in `kernel/src/exec_probe.rs`.

/// `ARG_MAX` of `include/uapi/linux/limits.h`: there is always room for so much.
pub const ROOM_FLOOR: u64 = 128 << 10;

/// Three quarters of `_STK_LIM` (8 MiB): there never is more.
pub const ROOM_CAP: u64 = 6 << 20;

/// What a kernel and a process give to the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExecLimits {
    /// The soft `RLIMIT_STACK` in bytes; none where it is unlimited.
    pub stack: Option<u64>,
    /// Bytes of a page.
    pub page: u64,
    /// Bytes of a pointer.
    pub pointer: u64,
}

/// One execve(2), by the lengths of its strings without their NULs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExecStrings {
    /// The path of the file.
    pub path: u64,
    /// The arguments, `argv[0]` first.
    pub arguments: Vec<u64>,
    /// The variables, each with its name.
    pub variables: Vec<u64>,
    /// Where the file is a script, what its first line asks for; where that is a script too, what follows.
    pub interpreters: Vec<Interpreter>,
}

/// What the first line of a script asks for, by lengths without NULs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interpreter {
    /// The path.
    pub path: u64,
    /// The argument, if there is one.
    pub argument: Option<u64>,
}

/// What the kernel says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecRoom {
    /// It fits.
    Fits,
    /// This string is too long for any stack.
    TooLong {
        /// Which one.
        string: ExecString,
        /// Its bytes, NUL included.
        bytes: u64,
    },
    /// All together are too big.
    TooBig {
        /// Bytes of all strings and pointers.
        bytes: u64,
        /// The room that there is.
        room: u64,
    },
    /// The strings do not fit in the stack itself.
    TooBigForStack {
        /// Bytes of all strings, and the word above them.
        bytes: u64,
        /// The room that there is.
        room: u64,
    },
}

/// One of the strings of an execve(2), by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecString {
    /// An argument.
    Argument(usize),
    /// A variable.
    Variable(usize),
}

impl ExecLimits {
    /// The longest string, NUL included (`MAX_ARG_STRLEN`).
    pub const fn longest_string(self) -> u64 {
        32 * self.page
    }

    /// The room for all strings and pointers together.
    pub fn room(self) -> u64 {
        self.stack.map_or(ROOM_CAP, |stack| (stack / 4).clamp(ROOM_FLOOR, ROOM_CAP))
    }

    /// The room that the stack itself has for the strings, and a word.
    fn stack_room(self) -> u64 {
        self.stack.map_or(u64::MAX, |stack| (stack / self.page * self.page).max(self.page))
    }

    /// What the kernel says of these strings.
    ///
    /// Where more than one thing is wrong, it is the one that the kernel finds first: it copies variables and then arguments, the
    /// last one of each first.
    pub fn judge(self, strings: &ExecStrings) -> ExecRoom {
        let room = self.room();
        let pointers = (strings.arguments.len().max(1) + strings.variables.len()) as u64 * self.pointer;
        let total = pointers + strings.bytes();
        let too_big = ExecRoom::TooBig { bytes: total, room };
        if room <= pointers {
            return too_big;
        }
        let mut copied = strings.path + 1;
        let last_first = strings.last_first();
        for (string, length) in last_first {
            if length + 1 > self.longest_string() {
                return ExecRoom::TooLong { string, bytes: length + 1 };
            }
            copied += length + 1;
            if pointers + copied > room {
                return too_big;
            }
            if copied + self.pointer > self.stack_room() {
                return self.no_stack(strings.bytes());
            }
        }
        // An empty argument list gets an empty argument.
        let first = strings.arguments.first().copied().unwrap_or(0);
        let (mut most, mut replaced, mut script) = (strings.bytes(), first, strings.path);
        let mut now = most;
        for interpreter in &strings.interpreters {
            let added =
                script + 1 + interpreter.argument.map_or(0, |length| length + 1) + interpreter.path + 1;
            now = now - (replaced + 1) + added;
            most = most.max(now);
            (replaced, script) = (interpreter.path, interpreter.path);
        }
        if pointers + most > room {
            return ExecRoom::TooBig { bytes: pointers + most, room };
        }
        if most + self.pointer > self.stack_room() { self.no_stack(most) } else { ExecRoom::Fits }
    }

    fn no_stack(self, strings: u64) -> ExecRoom {
        ExecRoom::TooBigForStack { bytes: strings + self.pointer, room: self.stack_room() }
    }
}

impl ExecStrings {
    /// Bytes of all strings that are handed over, NULs included, without what a script adds.
    pub fn bytes(&self) -> u64 {
        let of = |lengths: &[u64]| lengths.iter().map(|length| length + 1).sum::<u64>();
        let empty_argument = u64::from(self.arguments.is_empty());
        self.path + 1 + of(&self.variables) + of(&self.arguments) + empty_argument
    }

    /// Variables and then arguments, in the order in which the kernel copies them.
    fn last_first(&self) -> impl Iterator<Item = (ExecString, u64)> {
        let variables = self.variables.iter().enumerate().rev();
        let arguments = self.arguments.iter().enumerate().rev();
        variables
            .map(|(place, length)| (ExecString::Variable(place), *length))
            .chain(arguments.map(|(place, length)| (ExecString::Argument(place), *length)))
    }
}

impl ExecRoom {
    /// Whether the program starts.
    pub fn fits(self) -> bool {
        self == ExecRoom::Fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn limits(stack: Option<u64>) -> ExecLimits {
        ExecLimits { stack, page: 4096, pointer: 8 }
    }

    /// `/bin/true` with one argument of one byte, and these variables.
    fn strings(variables: &[u64]) -> ExecStrings {
        ExecStrings { path: 9, arguments: vec![1], variables: variables.to_vec(), interpreters: Vec::new() }
    }

    #[test]
    fn the_room_is_a_quarter_of_the_stack_within_bounds() {
        let check = |stack, room| assert_eq!(limits(stack).room(), room, "{stack:?}");
        check(Some(8 * MIB), 2 * MIB);
        check(Some(MIB), 256 << 10);
        check(Some(600_001), 150_000);
        check(Some(512 << 10), 128 << 10);
        check(Some(4096), 128 << 10);
        check(Some(24 * MIB), 6 * MIB);
        check(Some(25 * MIB), 6 * MIB);
        check(None, 6 * MIB);
    }

    #[test]
    fn a_string_has_32_pages_with_its_nul() {
        let check = |length, expect| assert_eq!(limits(None).judge(&strings(&[length])), expect, "{length}");
        check(131_071, ExecRoom::Fits);
        check(131_072, ExecRoom::TooLong { string: ExecString::Variable(0), bytes: 131_073 });
    }

    #[test]
    fn strings_and_pointers_share_the_room_to_the_byte() {
        // 10 for the path, 2 for the argument, 8 for its pointer; 9 for each variable's NUL and pointer.
        let check = |stack, variables: &[u64], expect| {
            assert_eq!(limits(stack).judge(&strings(variables)), expect, "{stack:?} {variables:?}");
        };
        let room = 256 << 10;
        check(Some(MIB), &[100_000, 100_000, 62_144 - 20 - 27], ExecRoom::Fits);
        check(Some(MIB), &[100_000, 100_000, 62_144 - 20 - 26], ExecRoom::TooBig { bytes: room + 1, room });
    }

    #[test]
    fn an_empty_argument_list_is_one_empty_argument() {
        let mut none = strings(&[100_000, 30_000]);
        none.arguments.clear();
        let mut one = none.clone();
        one.arguments.push(0);
        assert_eq!(none.bytes(), one.bytes());
        assert_eq!(limits(None).judge(&none), limits(None).judge(&one));
    }

    #[test]
    fn a_script_adds_its_path_and_its_interpreter() {
        // As measured with `#!/bin/sh -e` in `./s.sh` and an argument of one byte: 16 bytes less.
        let script = |last: u64| ExecStrings {
            path: 6,
            interpreters: vec![Interpreter { path: 7, argument: Some(2) }],
            ..strings(&[100_000, 100_000, last])
        };
        let fits = 62_144 - 17 - 27 - 16;
        assert_eq!(limits(Some(MIB)).judge(&script(fits)), ExecRoom::Fits);
        let room = 256 << 10;
        assert_eq!(limits(Some(MIB)).judge(&script(fits + 1)), ExecRoom::TooBig { bytes: room + 1, room });
    }

    #[test]
    fn a_small_stack_is_a_limit_of_its_own_by_whole_pages() {
        // As measured: 65,536 bytes of stack hold 65,516 of a variable with its NUL, 12 of others, and a word.
        let check = |stack, bytes: u64, expect| {
            assert_eq!(limits(Some(stack)).judge(&strings(&[bytes - 1])), expect, "{stack} {bytes}");
        };
        check(65_536, 65_516, ExecRoom::Fits);
        check(65_536, 65_517, ExecRoom::TooBigForStack { bytes: 65_537, room: 65_536 });
        check(1024, 4076, ExecRoom::Fits);
        check(1024, 4077, ExecRoom::TooBigForStack { bytes: 4097, room: 4096 });
    }
}
