//! The search: to the byte, first by what the kernel's rule says, then by what the kernel says, then by whole runs.

use super::arm::{Arm, Keep, Scratch, Stopped};
use super::judge::{Conduct, judge};
use super::report::{Found, Inside, Limit, Limits, Model, Report, Size};
use super::shape::{LEAST, Shape};
use crate::clock::Clock;
use crate::commands::say;
use crate::exit::{Failure, chain};
use kernel::{Answer, ExecTry, ProbeError};
use model::{Errno, ExecLimits, ExecRoom, Interpreter, ROOM_CAP, ROOM_FLOOR};
use shim::padding::{Kind, Launch, PLACE, Padding};
use std::ffi::{CString, OsStr};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

/// Of a script, the kernel reads so much to find its interpreter (`BINPRM_BUF_SIZE`, since 5.1), and follows so many.
const FIRST_LINE: u64 = 256;
const SCRIPTS: usize = 5;

/// No kernel has room for more, in bytes.
const BEYOND: u64 = ROOM_CAP + 4096;

/// What a program of `go test` may take more than the last time: a random number is three times in its path and its arguments.
const RANDOM: u64 = 32;

/// A file whose place in the kernel's reckoning another may take: a program of `go test` is gone when its run is over.
const STAND_IN: &str = "bin/true";

/// What is to be searched.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) command: Vec<String>,
    pub(crate) kind: Kind,
    pub(crate) shapes: Vec<Shape>,
    /// The soft limit of the stack; the user's own where none is given.
    pub(crate) stack: Option<u64>,
    /// Only this size, in bytes.
    pub(crate) at: Option<u64>,
    pub(crate) timeout: Duration,
    pub(crate) budget: Duration,
    /// Whether somebody wants to be told how far it is.
    pub(crate) tells: bool,
}

/// Searches.
pub(crate) fn search(wanted: &Wanted) -> Result<Report, Stopped> {
    let clock = Clock::start();
    let limits = limits(wanted.stack)?;
    if wanted.kind == Kind::Arguments && !wanted.command.iter().any(|word| word == PLACE) {
        return Err(Failure::yours(format!("no argument of the command is `{PLACE}`"))
            .help(format!("put `{PLACE}` where arguments are to be added: `-- ./program {PLACE}`"))
            .into());
    }
    let scratch = Scratch::make()?;
    let mut search = Search { wanted, limits, clock, scratch, probes: 0, runs: 0, complete: true };
    search.tell("as it is");
    let baseline = search.arm(&search.none(), wanted.timeout, Keep::No)?;
    if baseline.summary.is_timed_out {
        return Err(Failure::yours("the command does not end within the time limit, with nothing added")
            .help("give it more time with --timeout")
            .into());
    }
    if baseline.too_big > 0 {
        return Err(Failure::yours("an execve in the command fails with E2BIG, with nothing added")
            .help("give it more room: --stack 64MiB")
            .into());
    }
    let launch = Subject::of(&baseline, limits)?;
    let mut shapes = Vec::new();
    for shape in &wanted.shapes {
        shapes.push(search.shape(*shape, &launch, &baseline)?);
    }
    search.tell("");
    let own = launch.attempt(&search.none()).strings(Vec::new());
    Ok(Report {
        command: wanted.command.clone(),
        kernel: baseline.summary.header.kernel.clone(),
        strings: match wanted.kind {
            Kind::Variables => "variables",
            Kind::Arguments => "arguments",
        },
        limits: Limits {
            stack: limits.stack,
            total: limits.room(),
            string: limits.longest_string(),
            own: own.bytes() + limits.pointer * (own.arguments.len() + own.variables.len()) as u64,
        },
        shapes,
        probes: search.probes,
        runs: search.runs,
        wall_s: clock.now().as_duration().as_secs_f64(),
        complete: search.complete,
    })
}

/// The limits that hold for the command.
fn limits(stack: Option<u64>) -> Result<ExecLimits, Failure> {
    let (own, hard) = kernel::exec_limits().map_err(|error| Failure::theirs(chain(&error)))?;
    let Some(stack) = stack else { return Ok(own) };
    if let Some(hard) = hard.filter(|hard| *hard < stack) {
        return Err(Failure::theirs(format!("the stack limit cannot be raised above {hard} bytes here"))
            .help("ask for less with --stack, or raise the hard limit (`ulimit -Hs`) as the superuser"));
    }
    Ok(ExecLimits { stack: (stack != u64::MAX).then_some(stack), ..own })
}

/// What is started: by the kernel's reckoning, the one of a run's launches that has the least room.
struct Subject {
    launch: Launch,
    /// Its path is not the same in every run.
    is_random: bool,
    interpreters: Vec<Interpreter>,
}

impl Subject {
    fn of(baseline: &Arm, limits: ExecLimits) -> Result<Subject, Failure> {
        let own = |launch: &Launch| {
            let strings = attempt(launch.clone()).strings(Vec::new());
            strings.bytes() + limits.pointer * (strings.arguments.len() + strings.variables.len()) as u64
        };
        let launch = baseline.launches.iter().max_by_key(|launch| own(launch)).cloned();
        let mut launch = launch.ok_or_else(|| {
            Failure::yours("the command started nothing that could be searched")
                .help("under `go test`, a package without tests starts nothing")
        })?;
        // The tests of a package are removed when they have run; only the length of their path counts.
        let is_random = !Path::new(OsStr::from_bytes(launch.path.as_bytes())).exists();
        if is_random {
            let length = launch.path.as_bytes().len();
            launch.path = CString::new(format!("{STAND_IN:/>length$}")).expect("no zero is in it");
        }
        let interpreters = interpreters(&launch.path);
        Ok(Subject { launch, is_random, interpreters })
    }

    fn attempt(&self, padding: &Padding) -> ExecTry {
        let mut launch = self.launch.clone();
        padding.apply(&mut launch);
        attempt(launch)
    }
}

fn attempt(launch: Launch) -> ExecTry {
    ExecTry { path: launch.path, arguments: launch.arguments, variables: launch.variables }
}

/// What the first lines of scripts ask for.
///
/// # Kernel
/// `load_script` in `fs/binfmt_script.c`: the interpreter ends at the first blank, and everything behind it is one argument.
fn interpreters(path: &CString) -> Vec<Interpreter> {
    let mut found = Vec::new();
    let mut path = path.as_bytes().to_vec();
    while found.len() < SCRIPTS {
        let mut first = Vec::new();
        let file = std::fs::File::open(OsStr::from_bytes(&path));
        if file.and_then(|file| file.take(FIRST_LINE).read_to_end(&mut first)).is_err() {
            break;
        }
        let line = first.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let Some(line) = line.strip_prefix(b"#!") else { break };
        let line = String::from_utf8_lossy(line).trim_matches([' ', '\t']).to_owned();
        let (interpreter, argument) = match line.split_once([' ', '\t']) {
            Some((interpreter, argument)) => (interpreter, Some(argument.trim_start_matches([' ', '\t']))),
            None => (&*line, None),
        };
        found.push(Interpreter {
            path: interpreter.len() as u64,
            argument: argument.map(|argument| argument.len() as u64),
        });
        path = interpreter.as_bytes().to_vec();
    }
    found
}

struct Search<'w> {
    wanted: &'w Wanted,
    limits: ExecLimits,
    clock: Clock,
    scratch: Scratch,
    probes: u64,
    runs: u64,
    complete: bool,
}

impl Search<'_> {
    fn none(&self) -> Padding {
        Padding { kind: self.wanted.kind, stack: self.wanted.stack, strings: Vec::new() }
    }

    fn padding(&self, shape: Shape, bytes: u64) -> Padding {
        Padding { strings: shape.strings(bytes, self.wanted.kind), ..self.none() }
    }

    fn arm(&mut self, padding: &Padding, timeout: Duration, keep: Keep) -> Result<Arm, Stopped> {
        self.runs += 1;
        Arm::run(&self.wanted.command, padding, timeout, keep, &self.scratch)
    }

    /// Says how far the search is; nothing ends it.
    fn tell(&self, what: &str) {
        if self.wanted.tells {
            say(&if what.is_empty() { "\r\x1b[K".to_owned() } else { format!("\r\x1b[K{what} …") });
        }
    }

    fn shape(&mut self, shape: Shape, subject: &Subject, baseline: &Arm) -> Result<Found, Stopped> {
        self.tell(&format!("{shape}: how much the command starts with"));
        let rule = |bytes| {
            let mut strings = subject.attempt(&self.none()).strings(subject.interpreters.clone());
            match self.wanted.kind {
                Kind::Variables => strings.variables.extend(shape.lengths(bytes)),
                Kind::Arguments => {
                    strings =
                        subject.attempt(&self.padding(shape, bytes)).strings(subject.interpreters.clone());
                }
            }
            self.limits.judge(&strings)
        };
        let predicted = rule(LEAST).fits().then(|| narrow(LEAST, BEYOND, |bytes| rule(bytes).fits()).0);
        let limit = self.limit(rule(predicted.map_or(LEAST, |bytes| bytes + 1)));
        let (starts, fails, error) = self.by_the_kernel(shape, subject, predicted)?;
        let mut found = Found {
            shape,
            starts: starts.map(|bytes| size(shape, bytes)),
            fails: size(shape, fails),
            error,
            limit,
            model: Model { agrees: starts == predicted, starts: predicted },
            inside: None,
            verdict: Conduct::Unaffected,
            evidence: String::new(),
            run: None,
            repro: self.repro(shape, self.wanted.at.unwrap_or(fails)),
        };
        let Some(starts) = starts else { return Ok(found) };
        if let Some(at) = self.wanted.at {
            if at > starts {
                found.evidence = format!("the command does not start with {at} bytes added");
                return Ok(found);
            }
            self.decide(shape, subject, baseline, (None, at), &mut found)?;
            return Ok(found);
        }
        let full = self.wanted.timeout;
        // A run that hangs behind a failed execve need not hang for long. One that only is slow gets its time, and the next as well.
        let mut quick = full.min((baseline.wall * 5).max(Duration::from_secs(1)));
        let mut differs = |search: &mut Self, bytes| -> Result<bool, Stopped> {
            search.tell(&format!("{shape}: the command with {bytes} bytes (run {})", search.runs + 1));
            let padding = search.padding(shape, bytes);
            let mut arm = search.arm(&padding, quick, Keep::No)?;
            if arm.summary.is_timed_out && arm.too_big == 0 && quick < full {
                arm = search.arm(&padding, full, Keep::No)?;
                quick = full.min(quick.max(arm.wall * 5));
            }
            Ok(arm.differs(baseline))
        };
        let starts = if subject.is_random { starts.saturating_sub(RANDOM).max(LEAST) } else { starts };
        if !differs(self, starts)? {
            found.evidence = "nothing inside of it fails".to_owned();
            return Ok(found);
        }
        // What the command starts needs a little more room than itself, mostly: the limit is near.
        let (mut works, mut bad) = (None, starts);
        let mut next = starts.saturating_sub(4096).max(LEAST);
        while works.is_none_or(|works| works + 1 < bad) && bad > LEAST {
            if self.clock.now().as_duration() > self.wanted.budget {
                self.complete = false;
                break;
            }
            if differs(self, next)? {
                bad = next;
            } else {
                works = Some(next);
            }
            next = works.unwrap_or(LEAST).midpoint(bad).max(LEAST);
            if works.is_none() && next == bad {
                break;
            }
        }
        self.decide(shape, subject, baseline, (works, bad), &mut found)?;
        Ok(found)
    }

    /// Asks the kernel at what the rule says, and looks elsewhere only where they do not agree.
    fn by_the_kernel(
        &mut self,
        shape: Shape,
        subject: &Subject,
        predicted: Option<u64>,
    ) -> Result<(Option<u64>, u64, String), Failure> {
        let mut error = String::new();
        let mut starts = |search: &mut Self, bytes| -> Result<bool, Failure> {
            search.probes += 1;
            let answer = subject.attempt(&search.padding(shape, bytes)).ask(search.limits.stack);
            match answer.map_err(|error| unanswered(&error))? {
                Answer::Starts => return Ok(true),
                Answer::Kills => error = "killed".to_owned(),
                Answer::Fails(Errno::E2BIG) => error = "E2BIG".to_owned(),
                Answer::Fails(other) => {
                    let words = other.description().unwrap_or("an error without a name");
                    return Err(Failure::yours(format!("the command cannot be started: {words}")));
                }
            }
            Ok(false)
        };
        let (mut low, mut high) = match predicted {
            Some(bytes) => match (starts(self, bytes)?, starts(self, bytes + 1)?) {
                (true, false) => return Ok((Some(bytes), bytes + 1, error)),
                (true, true) => (bytes + 1, BEYOND),
                (false, _) => (LEAST, bytes),
            },
            None => (LEAST, BEYOND),
        };
        if !starts(self, low)? {
            return Ok((None, low, error));
        }
        while low + 1 < high {
            let middle = low.midpoint(high);
            if starts(self, middle)? {
                low = middle;
            } else {
                high = middle;
            }
        }
        starts(self, high)?;
        Ok((Some(low), high, error))
    }

    /// Runs the command once more where it fails, keeps that run, and judges it.
    fn decide(
        &mut self,
        shape: Shape,
        subject: &Subject,
        baseline: &Arm,
        (works, fails): (Option<u64>, u64),
        found: &mut Found,
    ) -> Result<(), Stopped> {
        self.tell(&format!("{shape}: what the command does with {fails} bytes"));
        let arm = self.arm(&self.padding(shape, fails), self.wanted.timeout, Keep::Yes)?;
        found.run = Some(arm.summary.header.run.0.clone());
        found.repro = self.repro(shape, fails);
        if !arm.differs(baseline) {
            found.evidence = format!("with {fails} bytes, nothing inside of it fails");
            return Ok(());
        }
        (found.verdict, found.evidence) = judge(&arm, baseline);
        let first = arm.first_too_big();
        let caller = first.and_then(|fired| fired.caller.as_ref());
        let cwd = &arm.summary.header.cwd;
        found.inside = Some(Inside {
            works: works.map(|bytes| size(shape, bytes)),
            fails: size(shape, fails),
            exact: works.is_some_and(|works| works + 1 == fails) || works.is_none() && fails == LEAST,
            calls: arm.too_big,
            limit: (arm.too_big > 0).then(|| self.limit_inside(shape, subject, fails)),
            site: caller.map(|caller| report::caller_line(caller, cwd)),
            path: caller
                .map(|caller| caller.path().iter().map(|frame| frame.name().into_owned()).collect())
                .unwrap_or_default(),
            test: caller.and_then(|caller| caller.test()).map(str::to_owned),
        });
        Ok(())
    }

    /// The limit that a call inside of the command met: the one that its own strings are nearest to.
    fn limit_inside(&self, shape: Shape, subject: &Subject, bytes: u64) -> Limit {
        let strings = subject.attempt(&self.padding(shape, bytes)).strings(Vec::new());
        let pointers = (strings.arguments.len() + strings.variables.len()) as u64 * self.limits.pointer;
        let room = self.limits.room().saturating_sub(strings.bytes() + pointers);
        let string = self.limits.longest_string().saturating_sub(bytes);
        let is_one = matches!(shape, Shape::One | Shape::Name);
        if is_one && string < room {
            let string = model::ExecString::Variable(0);
            return self.limit(ExecRoom::TooLong { string, bytes: 0 });
        }
        self.limit(ExecRoom::TooBig { bytes: 0, room: self.limits.room() })
    }

    /// The name of a limit, and the rule in words.
    fn limit(&self, room: ExecRoom) -> Limit {
        let (total, pages) = (grouped(self.limits.room()), self.limits.longest_string() / self.limits.page);
        match room {
            ExecRoom::TooLong { .. } => Limit {
                name: "MAX_ARG_STRLEN",
                rule: format!(
                    "one string: {} bytes with its NUL ({pages} pages), whatever the stack",
                    grouped(self.limits.longest_string())
                ),
            },
            ExecRoom::TooBig { .. } | ExecRoom::Fits => match self.limits.stack {
                Some(stack) if stack / 4 < ROOM_FLOOR => Limit {
                    name: "ARG_MAX",
                    rule: format!(
                        "all strings and pointers: at least {total} bytes, however small the stack (here {})",
                        grouped(stack)
                    ),
                },
                Some(stack) if stack / 4 <= ROOM_CAP => Limit {
                    name: "RLIMIT_STACK / 4",
                    rule: format!(
                        "all strings and pointers: a quarter of the stack limit ({}): {total} bytes",
                        grouped(stack)
                    ),
                },
                stack => Limit {
                    name: "_STK_LIM / 4 * 3",
                    rule: format!(
                        "all strings and pointers: never more than {total} bytes (three quarters of 8 MiB); the stack limit is {}",
                        stack.map_or("unlimited".to_owned(), grouped)
                    ),
                },
            },
            ExecRoom::TooBigForStack { room, .. } => Limit {
                name: "RLIMIT_STACK",
                rule: format!(
                    "the strings do not fit in the stack itself: {} bytes in whole pages",
                    grouped(room)
                ),
            },
        }
    }

    fn repro(&self, shape: Shape, bytes: u64) -> String {
        let mut words = vec!["duress".to_owned(), "fuzz".to_owned(), "env".to_owned()];
        match self.wanted.stack {
            Some(u64::MAX) => words.extend(["--stack".to_owned(), "unlimited".to_owned()]),
            Some(stack) => words.extend(["--stack".to_owned(), stack.to_string()]),
            None => {}
        }
        if self.wanted.kind == Kind::Arguments {
            words.push("--args".to_owned());
        }
        words.extend(["--shapes".to_owned(), shape.to_string(), "--at".to_owned(), bytes.to_string()]);
        words.push("--".to_owned());
        words.extend(self.wanted.command.iter().cloned());
        report::command_line(&words)
    }
}

fn unanswered(error: &ProbeError) -> Failure {
    let failure = Failure::theirs(format!("cannot ask the kernel: {}", chain(error)));
    match error {
        ProbeError::Untraceable => failure.help("`duress doctor` says what stands in the way of ptrace"),
        ProbeError::Start(_) | ProbeError::Stack => failure,
    }
}

fn size(shape: Shape, bytes: u64) -> Size {
    Size { bytes, strings: shape.count(bytes) }
}

/// The last of these numbers for which something holds, and the next; it holds for the first, and not for the last.
fn narrow(mut low: u64, mut high: u64, holds: impl Fn(u64) -> bool) -> (u64, u64) {
    while low + 1 < high {
        let middle = low.midpoint(high);
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low, high)
}

/// A number as people read it: `131,072`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        let check = |number, expect| assert_eq!(grouped(number), expect);
        check(0, "0");
        check(999, "999");
        check(131_072, "131,072");
        check(2_097_152, "2,097,152");
    }

    #[test]
    fn a_search_ends_at_the_last_that_holds() {
        for last in [16, 17, 1000, 99_998] {
            assert_eq!(narrow(16, 100_000, |number| number <= last), (last, last + 1));
        }
    }

    #[test]
    fn a_first_line_is_read_as_the_kernel_does() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let check = |line: &str, expect: &[(u64, Option<u64>)]| {
            let path = folder.path().join("script");
            std::fs::write(&path, line).expect("a scratch file");
            let path = CString::new(path.as_os_str().as_bytes()).expect("no zero is in it");
            let found: Vec<_> = interpreters(&path).iter().map(|one| (one.path, one.argument)).collect();
            assert_eq!(found, expect, "{line}");
        };
        check("#!/bin/none -e\n", &[(9, Some(2))]);
        check("#! /bin/none  -e  -u \nrest", &[(9, Some(6))]);
        check("#!/bin/none\n", &[(9, None)]);
        check("\x7fELF", &[]);
    }
}
