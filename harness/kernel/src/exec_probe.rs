//! Asks the kernel whether a program can be started with these strings, without running any of it.

use crate::sys::SysError;
use crate::sys::exec::{self, Tried};
use model::{Errno, ExecLimits, ExecStrings, Interpreter};
use std::ffi::{CStr, CString};

/// One execve(2), as it is to be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecTry {
    /// The path of the file.
    pub path: CString,
    /// The arguments, `argv[0]` first.
    pub arguments: Vec<CString>,
    /// The variables, as `NAME=VALUE`.
    pub variables: Vec<CString>,
}

/// Why the kernel cannot be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// The kernel refuses what it takes to ask.
    #[error("cannot start a process to try execve in")]
    Start(#[source] SysError),
    /// Nobody may trace here, not even one's own child.
    #[error("a process may not be traced by the one that started it")]
    Untraceable,
    /// The stack limit cannot be set.
    #[error("the stack limit cannot be set")]
    Stack,
}

/// What the kernel says of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The program would run.
    Starts,
    /// execve(2) fails.
    Fails(Errno),
    /// The kernel kills the process when it is too late for an error.
    Kills,
}

impl ExecTry {
    /// Its lengths, for the rule.
    pub fn strings(&self, interpreters: Vec<Interpreter>) -> ExecStrings {
        let lengths = |strings: &[CString]| strings.iter().map(|string| length(string)).collect();
        ExecStrings {
            path: length(&self.path),
            arguments: lengths(&self.arguments),
            variables: lengths(&self.variables),
            interpreters,
        }
    }

    /// Asks the kernel, with this soft limit of the stack.
    ///
    /// # Errors
    /// [`ProbeError`].
    pub fn ask(&self, stack: Option<u64>) -> Result<Answer, ProbeError> {
        let stack = stack.unwrap_or(u64::MAX);
        match exec::attempt(&self.path, &self.arguments, &self.variables, stack).map_err(ProbeError::Start)? {
            Tried::Started => Ok(Answer::Starts),
            Tried::Killed => Ok(Answer::Kills),
            Tried::Failed(errno) => {
                Ok(Answer::Fails(Errno::from_raw(errno).expect("execve fails with an error number")))
            }
            Tried::Untraceable => Err(ProbeError::Untraceable),
            Tried::NoLimit => Err(ProbeError::Stack),
        }
    }
}

fn length(string: &CStr) -> u64 {
    string.count_bytes() as u64
}

/// The limits of this process, and the hard limit that its stack cannot be raised above.
///
/// # Errors
/// [`ProbeError::Start`] where the kernel does not tell.
pub fn limits() -> Result<(ExecLimits, Option<u64>), ProbeError> {
    let (soft, hard) = exec::stack_limits().map_err(ProbeError::Start)?;
    let pointer = size_of::<usize>() as u64;
    Ok((ExecLimits { stack: soft, page: exec::page_bytes(), pointer }, hard))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::ExecRoom;
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    /// How many random environments are compared, by each of two threads: it is the kernel that takes the time.
    const CASES: u32 = 5_000;

    fn words(lengths: &[u64], fill: u8) -> Vec<CString> {
        let word = |length: &u64| CString::new(vec![fill; usize::try_from(*length).expect("it is short")]);
        lengths.iter().map(|length| word(length).expect("no zero is in it")).collect()
    }

    /// Arguments and variables by length, and how far from its limit the last variable brings them, in bytes.
    #[derive(Debug, Clone)]
    struct Case {
        stack: Option<u64>,
        arguments: Vec<u64>,
        variables: Vec<u64>,
        aim: Option<i64>,
        is_script: bool,
    }

    fn cases() -> impl Strategy<Value = Case> {
        let stack = prop_oneof![
            4 => (128_u64 << 10..1 << 20).prop_map(Some),
            1 => Just(Some(512 << 10)),
            1 => Just(Some(1 << 20)),
            // With less, the kernel kills what it started when there is no room for the program's own needs.
            2 => (4_u64 << 10..128 << 10).prop_map(Some),
        ];
        let length =
            prop_oneof![4 => 0_u64..40, 3 => 0_u64..6000, 1 => 60_000_u64..70_000, 1 => 131_060_u64..131_080];
        let arguments = prop::collection::vec(length.clone(), 0..8);
        let variables = prop_oneof![
            4 => prop::collection::vec(length, 0..24),
            1 => (0_u64..4, 0_usize..9000).prop_map(|(length, count)| vec![length; count]),
        ];
        let aim = prop_oneof![1 => Just(None), 4 => (-4_i64..=4).prop_map(Some), 1 => (-5000_i64..5000).prop_map(Some)];
        (stack, arguments, variables, aim, prop::bool::weighted(0.2)).prop_map(
            |(stack, arguments, variables, aim, is_script)| Case {
                stack,
                arguments,
                variables,
                aim,
                is_script,
            },
        )
    }

    /// Fills what room is left with variables, to `aim` bytes beyond the limit of all together.
    fn fill(mut case: Case, path: u64, limits: ExecLimits) -> Case {
        let Some(aim) = case.aim else { return case };
        let room = limits.room().min(case.stack.unwrap_or(u64::MAX)).saturating_add_signed(aim);
        loop {
            let strings = ExecStrings {
                path,
                arguments: case.arguments.clone(),
                variables: case.variables.clone(),
                interpreters: Vec::new(),
            };
            // A stack that is itself the limit has no pointers yet, but a word above the strings.
            let pointers = if room < limits.room() - 5_000 {
                (8, 0)
            } else {
                ((case.arguments.len().max(1) + case.variables.len()) as u64 * 8, 8)
            };
            let taken = strings.bytes() + pointers.0 + pointers.1 + 1;
            let Some(left) = room.checked_sub(taken) else { return case };
            case.variables.push(left.min(100_000));
        }
    }

    /// Compares the two with the file `plain`, or with the script.
    fn compare(plain: &CStr, script: &CStr) {
        let (own, _) = limits().expect("the kernel tells");
        let mut runner =
            TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
        let counts = std::cell::Cell::new((0, 0));
        let compared = runner.run(&cases(), |case| {
            let limits = ExecLimits { stack: case.stack, ..own };
            let (path, interpreters) = if case.is_script {
                (script, vec![Interpreter { path: 7, argument: Some(2) }])
            } else {
                (plain, Vec::new())
            };
            let case = fill(case, length(path), limits);
            let attempt = ExecTry {
                path: path.to_owned(),
                arguments: words(&case.arguments, b'a'),
                variables: words(&case.variables, b'v'),
            };
            let room = limits.judge(&attempt.strings(interpreters));
            let answer = attempt.ask(case.stack).expect("the kernel can be asked");
            let (fit, failed) = counts.get();
            counts.set(if room.fits() { (fit + 1, failed) } else { (fit, failed + 1) });
            let agree = match answer {
                Answer::Starts => room == ExecRoom::Fits,
                // Beyond the rule: the new program's stack had no room for the rest.
                Answer::Kills => room == ExecRoom::Fits && case.stack.is_some_and(|stack| stack < 256 << 10),
                Answer::Fails(errno) => room != ExecRoom::Fits && errno == Errno::E2BIG,
            };
            prop_assert!(agree, "the rule says {room:?}, the kernel {answer:?}");
            Ok(())
        });
        compared.expect("the rule is the kernel's");
        let (fit, failed) = counts.get();
        assert!(fit > CASES / 10 && failed > CASES / 10, "{fit} fit, {failed} did not");
    }

    #[test]
    fn the_rule_and_the_kernel_agree() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let script = folder.path().join("script");
        std::fs::write(&script, "#!/bin/sh -e\n").expect("a scratch file");
        std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).expect("a scratch file");
        let path = |path: &Path| CString::new(path.as_os_str().as_bytes()).expect("a path has no zero");
        let (plain, script) = (path(Path::new("/bin/true")), path(&script));
        // Another test's child may have been forked while the script was open for writing: then it is busy (ETXTBSY) for as long
        // as that child lives.
        let attempt = ExecTry { path: script.clone(), arguments: Vec::new(), variables: Vec::new() };
        while attempt.ask(None) != Ok(Answer::Starts) {
            std::thread::yield_now();
        }
        std::thread::scope(|scope| {
            scope.spawn(|| compare(&plain, &script));
            scope.spawn(|| compare(&plain, &script));
        });
    }
}
