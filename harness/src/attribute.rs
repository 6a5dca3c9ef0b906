//! Who made a call: what is known of a tracee, put together with what is known of Go.

use crate::exit::{Failure, chain};
use golang::{Process, Program, Registers, Support};
use kernel::Whereabouts;
use model::{Call, Caller, Callers, Tgid, Tid};
use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// How many executables and processes are remembered.
const PROGRAMS: usize = 32;
const PROCESSES: usize = 1024;

/// Finds out who made calls.
#[derive(Debug, Default)]
pub(crate) struct Attributor {
    whereabouts: Whereabouts,
    programs: HashMap<FileId, Option<Program>>,
    processes: HashMap<Tgid, Known>,
    /// A Go program whose call paths cannot be read: its path, and why.
    refusal: Option<Refusal>,
}

/// Why the callers of a program cannot be told.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    /// The path of its executable.
    pub(crate) program: PathBuf,
    /// Why, in words.
    pub(crate) reason: String,
}

impl Refusal {
    /// For the user, where a rule depends on it.
    pub(crate) fn failure(&self) -> Failure {
        Failure::theirs(format!(
            "cannot tell who makes the calls of `{}`: {}",
            self.program.display(),
            self.reason
        ))
        .help(format!("call paths are verified for Go {}; {ADVICE}", Support::verified()))
    }

    /// For the user, where none does.
    pub(crate) fn warning(&self) -> String {
        format!(
            "warning: the report has no call sites of `{}`: {} (verified are those of Go {})\n",
            self.program.display(),
            self.reason,
            Support::verified()
        )
    }
}

const ADVICE: &str = "build with one of these (`GOTOOLCHAIN=go1.27.3 go test …`), or leave site, caller, test, \
                      goroutine, pkg and `--sites all` out";

/// What makes an executable the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct FileId {
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

/// A process and what it executes; nothing where that is no Go program.
#[derive(Debug)]
struct Known {
    program: Option<(FileId, Process)>,
}

/// The memory of a tracee.
struct TraceeMemory(Tid);

impl golang::Memory for TraceeMemory {
    fn read(&mut self, address: u64, buffer: &mut [u8]) -> usize {
        kernel::read(self.0, address, buffer)
    }

    fn gather(&mut self, parts: &mut [(u64, &mut [u8])]) -> bool {
        kernel::gather(self.0, parts)
    }
}

impl Callers for Attributor {
    fn caller(&mut self, call: &Call, process: Tgid) -> Option<Caller> {
        let mut memory = TraceeMemory(call.tid);
        // An execve(2) makes a process another one, and a number is given to another process one day.
        let is_known = self.processes.get(&process).is_some_and(|known| match &known.program {
            Some((file, known)) => {
                let program = self.programs.get(file).and_then(Option::as_ref);
                program.is_some_and(|program| known.is_current(program, &mut memory))
            }
            None => false,
        });
        if !is_known {
            self.look(process);
        }
        let (file, known) = self.processes.get_mut(&process)?.program.as_mut()?;
        let program = self.programs.get_mut(file)?.as_mut()?;
        let spot = self.whereabouts.of(call.tid)?;
        let registers = Registers { pc: spot.pc, sp: spot.sp };
        let is_first = call.tid.0 == process.0;
        match known.caller(program, call.tid.0, is_first, registers, &mut memory) {
            Ok(caller) => Some(caller),
            Err(error) => {
                self.refuse(executable(process), &error);
                None
            }
        }
    }
}

impl Attributor {
    /// Looks what a process executes.
    fn look(&mut self, process: Tgid) {
        if self.processes.len() >= PROCESSES {
            self.processes.clear();
        }
        let program = self.program(process).and_then(|file| {
            let program = self.programs.get(&file)?.as_ref()?;
            Some((file, Process::new(program, kernel::program_headers(process)?)))
        });
        self.processes.insert(process, Known { program });
    }

    /// Reads an executable before it is launched, so that what cannot be told is refused, and the first call waits less.
    pub(crate) fn prepare(&mut self, program: &Path) {
        if let Ok(file) = File::open(program) {
            self.read(&file, || program.to_owned());
        }
    }

    /// The executable of a process, read if it is new; nothing where it is no Go program.
    fn program(&mut self, process: Tgid) -> Option<FileId> {
        let file = File::open(format!("/proc/{process}/exe")).ok()?;
        self.read(&file, || executable(process))
    }

    fn read(&mut self, file: &File, path: impl FnOnce() -> PathBuf) -> Option<FileId> {
        let about = file.metadata().ok()?;
        let id = FileId {
            device: about.dev(),
            inode: about.ino(),
            size: about.size(),
            changed: (about.mtime(), about.mtime_nsec()),
        };
        if !self.programs.contains_key(&id) {
            if self.programs.len() >= PROGRAMS {
                self.programs.clear();
                self.processes.clear();
            }
            let program = match Program::read(|offset, buffer| file.read_at(buffer, offset)) {
                Ok(program) => Some(program),
                Err(golang::Error::NotGo { .. } | golang::Error::NotElf { .. }) => None,
                Err(error) => {
                    self.refuse(path(), &error);
                    None
                }
            };
            self.programs.insert(id, program);
        }
        Some(id)
    }

    fn refuse(&mut self, program: PathBuf, error: &golang::Error) {
        self.refusal.get_or_insert(Refusal { program, reason: chain(error) });
    }

    /// A Go program whose callers cannot be told, if there was one.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }
}

/// The path of what a process executes.
fn executable(process: Tgid) -> PathBuf {
    std::fs::read_link(format!("/proc/{process}/exe")).unwrap_or_default()
}
