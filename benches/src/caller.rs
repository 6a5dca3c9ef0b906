//! The Go program that is measured: it calls the kernel from the bottom of a stack of known depth.

#![expect(clippy::disallowed_methods, reason = "Go builds the programs that are measured")]

use crate::process::{self, Memory};
use crate::programs::has;
use crate::tracee::Task;
use crate::{Error, Programs};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// How a Go program calls the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// `syscall.Syscall`: by way of `entersyscall`, as all of Go's library does for what may block.
    Syscall,
    /// `syscall.RawSyscall`: the scheduler is not told.
    RawSyscall,
}

/// Whether calls are made from the same stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stacks {
    /// All of them are.
    Same,
    /// Each is made from another, as far as there are others.
    Different,
}

/// From where a Go program calls the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depths {
    /// How it calls.
    pub via: Via,
    /// How many functions the call path has, one more or less: those that were inlined and Go's own count.
    pub frames: usize,
    /// How many goroutines there are; all of them call, or all but one wait.
    pub goroutines: usize,
    /// What is different from one call to the next.
    pub stacks: Stacks,
}

impl Depths {
    /// One goroutine that calls from so far down, always from the same stack.
    pub fn new(via: Via, frames: usize) -> Depths {
        Depths { via, frames, goroutines: 1, stacks: Stacks::Same }
    }

    /// How it is shown.
    pub fn name(self) -> String {
        let via = match self.via {
            Via::Syscall => "syscall.Syscall",
            Via::RawSyscall => "syscall.RawSyscall",
        };
        let others = match (self.goroutines, self.stacks) {
            (1, Stacks::Same) => String::new(),
            (1, Stacks::Different) => ", each time others".to_owned(),
            (many, _) => format!(", {many} goroutines"),
        };
        format!("{via}, {} frames{others}", self.frames)
    }

    /// The words behind `call` or `sleep`.
    ///
    /// # Go
    /// `main.left` and `main.right` are one frame more than the depth that they are told. Around them are the exported
    /// function and the closure that calls it; and where the goroutine began, its function and `runtime.goexit`.
    /// `RawSyscall` shows what it calls, too: nothing is said to the scheduler, so the path begins in the assembly.
    /// [`crate::unwinding`] checks whether it adds up.
    fn arguments(self) -> [OsString; 3] {
        let others = match self.via {
            Via::Syscall => 5,
            Via::RawSyscall => 7,
        };
        let via = match self.via {
            Via::Syscall => "syscall",
            Via::RawSyscall => "raw",
        };
        let depth = self.frames.saturating_sub(others).to_string();
        [via.into(), depth.into(), self.goroutines.to_string().into()]
    }

    /// The words that make the program sleep.
    pub(crate) fn sleeping(self) -> Vec<OsString> {
        [OsString::from("sleep")].into_iter().chain(self.arguments()).collect()
    }

    /// The words that make it work on a task and leave its times.
    fn calling(self, task: &Task, result: &Path) -> Vec<OsString> {
        let stacks = match self.stacks {
            Stacks::Same => "same",
            Stacks::Different => "different",
        };
        let numbers = [task.calls, task.parts].map(|number| number.to_string().into());
        let words = [OsString::from("call")].into_iter().chain(self.arguments());
        words.chain([stacks.into()]).chain(numbers).chain([result.into()]).collect()
    }
}

/// The program, built twice, and the test binary of a large package; in a scratch folder that goes with them.
#[derive(Debug)]
pub(crate) struct GoPrograms {
    dir: TempDir,
}

/// As released: neither symbols nor DWARF.
const STRIPPED: &str = "-ldflags=-s -w";

impl GoPrograms {
    /// Builds the program.
    ///
    /// # Errors
    /// [`Error::Needs`] where there is no Go; it cannot be built.
    pub(crate) fn build() -> Result<GoPrograms, Error> {
        has("go", "version")?;
        let dir = tempfile::Builder::new()
            .prefix("duress-benches-")
            .tempdir()
            .map_err(Error::file("make a scratch folder"))?;
        let programs = GoPrograms { dir };
        go(["build".as_ref(), STRIPPED.as_ref(), "-o".as_ref(), programs.caller().as_os_str()])?;
        Ok(programs)
    }

    /// The program without symbols.
    pub(crate) fn caller(&self) -> PathBuf {
        self.dir.path().join("caller")
    }

    /// The program with symbols, without which some tools cannot read its stacks.
    ///
    /// # Errors
    /// It cannot be built.
    pub(crate) fn caller_with_symbols(&self) -> Result<PathBuf, Error> {
        let path = self.dir.path().join("caller.symbols");
        go(["build".as_ref(), "-o".as_ref(), path.as_os_str()])?;
        Ok(path)
    }

    /// The test binary of net/http, without symbols.
    ///
    /// # Errors
    /// It cannot be built.
    pub(crate) fn large(&self) -> Result<PathBuf, Error> {
        let path = self.dir.path().join("http.test");
        go([
            "test".as_ref(),
            "-c".as_ref(),
            STRIPPED.as_ref(),
            "-o".as_ref(),
            path.as_os_str(),
            "net/http".as_ref(),
        ])?;
        Ok(path)
    }

    /// The program by itself.
    pub(crate) fn native(&self, depths: Depths, task: &Task, result: &Path) -> Command {
        let mut command = Command::new(self.caller());
        command.args(depths.calling(task, result));
        command
    }

    /// The program under duress, with these options.
    pub(crate) fn duress(
        &self,
        programs: &Programs,
        options: impl IntoIterator<Item = impl AsRef<OsStr>>,
        depths: Depths,
        task: &Task,
        result: &Path,
    ) -> Command {
        let mut command = programs.duress_run(options);
        command.arg(self.caller()).args(depths.calling(task, result));
        command
    }
}

/// The words that make a program of these work, behind a tool's own; where it is elsewhere.
pub(crate) fn under(
    mut tool: Command,
    program: &Path,
    depths: Depths,
    task: &Task,
    result: &Path,
) -> Command {
    tool.arg(program).args(depths.calling(task, result));
    tool
}

fn go<'w>(words: impl IntoIterator<Item = &'w OsStr>) -> Result<(), Error> {
    let mut command = Command::new("go");
    command.args(words).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/caller"));
    // One linker, Go's own, wherever there is a C compiler and wherever not.
    command.env_remove("GOFLAGS").env("CGO_ENABLED", "0");
    process::run(&mut command, Memory::Unwatched).map(drop)
}
