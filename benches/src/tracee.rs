//! The program that is measured: a loop of one trivial system call, which times itself.

use crate::process::{self, Account, Memory};
use crate::sys::{BareFilter, Trivial};
use crate::{Error, Series};
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

/// What a tracee is to do.
#[derive(Debug, Clone, Copy)]
pub struct Task {
    /// The call it makes.
    pub call: Trivial,
    /// How often.
    pub calls: u64,
    /// In how many equal parts it is timed.
    pub parts: u64,
    /// The filter that it puts on itself first.
    pub filter: Option<BareFilter>,
}

impl Task {
    /// So many calls, timed in a hundred parts, without a filter of its own.
    ///
    /// Parts are short, so that whatever else the machine does falls into few of them and not into the middle one.
    pub fn new(call: Trivial, calls: u64) -> Task {
        Task { call, calls, parts: 100, filter: None }
    }

    /// The words behind the tracee's name; it leaves its times in `result`.
    pub fn arguments(&self, result: &Path) -> Vec<OsString> {
        let filter = match self.filter {
            Some(BareFilter::Allowing) => "allowing",
            Some(BareFilter::Refusing) => "refusing",
            None => "none",
        };
        let (calls, parts) = (self.calls.to_string(), self.parts.to_string());
        vec![self.call.name().into(), calls.into(), parts.into(), filter.into(), result.into()]
    }

    /// Reads what [`Task::arguments`] wrote.
    pub fn parse(mut words: impl Iterator<Item = OsString>) -> Option<(Task, OsString)> {
        let name = words.next()?;
        let call = Trivial::ALL.into_iter().find(|call| name == call.name())?;
        let mut number = || words.next()?.to_str()?.parse::<u64>().ok().filter(|number| *number > 0);
        let (calls, parts) = (number()?, number()?);
        let filter = match words.next()?.to_str()? {
            "allowing" => Some(BareFilter::Allowing),
            "refusing" => Some(BareFilter::Refusing),
            "none" => None,
            _ => return None,
        };
        Some((Task { call, calls, parts, filter }, words.next()?))
    }
}

/// What a tracee found.
#[derive(Debug)]
pub struct Times {
    /// Nanoseconds a call, part by part.
    pub parts: Vec<f64>,
    /// How many calls failed, as [`crate::sys::fails`] has it.
    pub failed: u64,
}

impl Times {
    /// The text that a tracee leaves.
    pub fn render(&self) -> String {
        let parts: String = self.parts.iter().map(|part| format!("{part}\n")).collect();
        format!("{}\n{parts}", self.failed)
    }

    fn parse(text: &str) -> Option<Times> {
        let (failed, parts) = text.split_once('\n')?;
        let parts = parts.lines().map(|line| line.parse().ok()).collect::<Option<Vec<f64>>>()?;
        Some(Times { parts, failed: failed.parse().ok()? })
    }

    /// Nanoseconds a call: the middle one of the parts.
    pub(crate) fn typical(&self) -> f64 {
        self.parts.iter().copied().collect::<Series>().median()
    }
}

/// What the calls are to end in; anything else means that something else was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// Every call fails.
    Failing,
    /// No call fails.
    Succeeding,
}

/// Runs a program that, at last, runs a tracee on `task`; `build` is told where the tracee leaves its times.
///
/// # Errors
/// It fails, or its calls did not end as they should.
pub(crate) fn run(
    task: &Task,
    ends: Ends,
    memory: Memory,
    build: impl FnOnce(&Path) -> Command,
) -> Result<(Times, Account), Error> {
    let scratch = tempfile::NamedTempFile::new().map_err(Error::file("make a scratch file"))?;
    let mut command = build(scratch.path());
    let account = process::run(&mut command, memory)?;
    let text = std::fs::read_to_string(scratch.path()).map_err(Error::file("read a tracee's times"))?;
    let wrong = |what: String| Error::Wrong { line: process::line_of(&command), what };
    let times = Times::parse(&text).ok_or_else(|| wrong(format!("it left no times but `{text}`")))?;
    let expected = match ends {
        Ends::Failing => task.calls,
        Ends::Succeeding => 0,
    };
    if times.failed != expected {
        return Err(wrong(format!("{} calls of {} failed, not {expected}", times.failed, task.calls)));
    }
    Ok((times, account))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_and_times_read_back_as_written() {
        let filters = [None, Some(BareFilter::Allowing), Some(BareFilter::Refusing)];
        for (call, filter) in Trivial::ALL.into_iter().flat_map(|call| filters.map(|filter| (call, filter))) {
            let task = Task { call, calls: 20, parts: 4, filter };
            let (read, result) = Task::parse(task.arguments(Path::new("/tmp/x")).into_iter()).unwrap();
            assert_eq!(format!("{read:?} {result:?}"), format!("{task:?} \"/tmp/x\""));
        }
        let times = Times::parse(&Times { parts: vec![1.5, 2.25, 9.0], failed: 7 }.render()).unwrap();
        assert_eq!((times.failed, times.parts.len()), (7, 3));
        assert!((times.typical() - 2.25).abs() < 1e-9);
        assert!(Times::parse("").is_none());
    }
}
