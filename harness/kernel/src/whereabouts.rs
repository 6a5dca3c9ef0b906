//! Where a sleeping thread is: its instruction, its stack, its process's beginning.

use model::Tid;
use std::collections::HashMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::time::Duration;

/// How many threads' files are kept open.
const KEPT: usize = 128;

/// Where sleeping threads are. Files of `/proc` are kept open: opening one costs twice as much as reading it.
#[derive(Debug, Default)]
pub struct Whereabouts {
    files: HashMap<Tid, File>,
}

/// A sleeping thread's program counter and stack pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// The instruction that it returns to.
    pub pc: u64,
    /// Its stack pointer.
    pub sp: u64,
}

impl Whereabouts {
    /// Where a thread sleeps; nothing where it does not, or is gone.
    ///
    /// # Kernel
    /// proc_pid_syscall(5): number, six arguments, stack pointer and program counter, or `running`. A thread that sleeps in
    /// a notification may still be on its way to sleep when the notification is received, for as long as other threads want
    /// its CPU (some milliseconds each); it is looked again, and left the CPU. Its call is told without its caller, and
    /// counted as nobody's, only where that takes a second.
    /// Test: `signals_that_preempt_change_no_count_where_all_callers_are_asked`.
    pub fn of(&mut self, tid: Tid) -> Option<Spot> {
        const YIELDS: usize = 50;
        const SLEEPS: usize = 10_000;
        const SLEEP: Duration = Duration::from_micros(100);
        for look in 0..YIELDS + SLEEPS {
            let mut line = [0; 256];
            let got = self.read(tid, &mut line)?;
            let line = std::str::from_utf8(&line[..got]).ok()?;
            if line.trim_end() == "running" {
                if look < YIELDS {
                    std::thread::yield_now()
                } else {
                    std::thread::sleep(SLEEP)
                }
                continue;
            }
            let mut words = line.split_ascii_whitespace().rev();
            let mut word = || u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok();
            return Some(Spot { pc: word()?, sp: word()? });
        }
        None
    }

    fn read(&mut self, tid: Tid, line: &mut [u8]) -> Option<usize> {
        // A kept file is that of its thread, not of another with the same number: reading it fails when that one is gone.
        if let Some(file) = self.files.get(&tid)
            && let Ok(got) = file.read_at(line, 0)
        {
            return Some(got);
        }
        if self.files.len() >= KEPT {
            self.files.clear();
        }
        let file = File::open(format!("/proc/{tid}/syscall")).ok()?;
        let got = file.read_at(line, 0).ok();
        self.files.insert(tid, file);
        got
    }
}

/// What an execve(2) gave a process: it has other ones after the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Where its program headers are.
    pub headers: u64,
    /// Where 16 random bytes are.
    pub random: u64,
}

/// What a thread's process began with: `AT_PHDR` and `AT_RANDOM` of getauxval(3). Nothing where the thread is gone.
pub fn origin(thread: Tid) -> Option<Origin> {
    const AT_PHDR: u64 = 3;
    const AT_RANDOM: u64 = 25;
    let bytes = fs::read(format!("/proc/{thread}/auxv")).ok()?;
    let word = |bytes: &[u8]| bytes.try_into().ok().map(u64::from_ne_bytes);
    let value = |wanted: u64| {
        bytes.chunks_exact(16).find_map(|pair| {
            let (kind, value) = pair.split_at(8);
            word(value).filter(|_| word(kind) == Some(wanted))
        })
    };
    Some(Origin { headers: value(AT_PHDR)?, random: value(AT_RANDOM)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::process::{Child, Command, Stdio};

    struct Waiting(Child);

    impl Drop for Waiting {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a test needs a process that nothing else happens to")]
    fn waiting() -> Waiting {
        Waiting(Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("cat runs"))
    }

    #[test]
    fn a_sleeping_thread_is_where_its_stack_and_code_are() {
        let mut cat = waiting();
        let tid = Tid(i32::try_from(cat.0.id()).expect("small"));
        let stdin = cat.0.stdin.as_mut().expect("a pipe");
        // It has begun when it has answered.
        stdin.write_all(b"x").expect("it reads");
        let mut answer = [0];
        std::io::Read::read_exact(cat.0.stdout.as_mut().expect("a pipe"), &mut answer).expect("it answers");
        let spot = Whereabouts::default().of(tid).expect("it sleeps");
        let maps = fs::read_to_string(format!("/proc/{tid}/maps")).expect("it lives");
        let holds = |line: &str, address: u64| {
            let (low, high) = line.split(' ').next()?.split_once('-')?;
            let number = |text| u64::from_str_radix(text, 16).ok();
            Some((number(low)?..number(high)?).contains(&address))
        };
        let found = |address| maps.lines().find(|line| holds(line, address) == Some(true));
        assert!(found(spot.sp).is_some_and(|line| line.ends_with("[stack]")), "{spot:?}\n{maps}");
        assert!(found(spot.pc).is_some_and(|line| line.contains("r-xp")), "{spot:?}\n{maps}");
        let Origin { headers, random } = origin(tid).expect("it lives");
        assert!(found(headers).is_some_and(|line| line.contains("cat")), "{headers:#x}\n{maps}");
        assert!(found(random).is_some_and(|line| line.ends_with("[stack]")), "{random:#x}\n{maps}");
    }

    #[test]
    fn a_thread_that_is_gone_is_nowhere() {
        let mut whereabouts = Whereabouts::default();
        assert_eq!(whereabouts.of(Tid(i32::MAX)), None);
        assert_eq!(origin(Tid(i32::MAX)), None);
    }

    #[test]
    fn a_kept_file_is_not_taken_for_that_of_another_thread() {
        let mut whereabouts = Whereabouts::default();
        let cat = waiting();
        let tid = Tid(i32::try_from(cat.0.id()).expect("small"));
        let _ = whereabouts.of(tid);
        drop(cat);
        assert_eq!(whereabouts.of(tid), None);
    }
}
