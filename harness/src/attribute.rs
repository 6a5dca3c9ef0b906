//! Who made a call: what is known of a tracee, put together with what is known of Go.

use crate::exit::{Failure, chain};
use golang::{Known, Process, Program, Registers, Support};
use kernel::Whereabouts;
use model::{Call, Caller, Callers, Tgid, Tid};
use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// How many executables and processes are remembered.
const PROGRAMS: usize = 32;
const PROCESSES: usize = 1024;

/// How many places are remembered from which a program that is not Go's makes calls: libraries have a few.
const PLACES: usize = 32;

/// Finds out who made calls.
#[derive(Debug, Default)]
pub(crate) struct Attributor {
    whereabouts: Whereabouts,
    /// The executables that were seen; nothing where one is no Go program.
    programs: Vec<(FileId, Option<Program>)>,
    processes: HashMap<Tgid, Executing>,
    /// The last call of a program that is not Go's: mostly the next one is made from there too, and costs nothing.
    stranger: Option<(Tgid, u64)>,
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
        .help(format!("call paths are verified for Go {}; {ADVICE}", verified()))
    }

    /// For the user, where none does.
    pub(crate) fn warning(&self) -> String {
        format!(
            "warning: the report has no call sites of `{}`: {} (verified are those of Go {})\n",
            self.program.display(),
            self.reason,
            verified()
        )
    }
}

/// The versions of Go for which call paths are verified, for people.
fn verified() -> String {
    Support::verified().join(", ")
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

impl FileId {
    fn of(about: &Metadata) -> FileId {
        FileId {
            device: about.dev(),
            inode: about.ino(),
            size: about.size(),
            changed: (about.mtime(), about.mtime_nsec()),
        }
    }
}

/// What a process executes.
#[derive(Debug)]
enum Executing {
    /// A Go program, by its place among the programs.
    Go(usize, Box<Process>),
    /// Another, or nothing that can be read.
    Other(Stranger),
}

/// An executable that is no Go program.
#[derive(Debug)]
struct Stranger {
    file: Option<FileId>,
    /// Where it was seen to make calls: while it makes them from there it need not be looked at again.
    places: Vec<u64>,
}

impl Stranger {
    /// Whether a thread that made this call executes it still.
    fn still_makes(&mut self, call: &Call) -> bool {
        if self.places.contains(&call.pc) {
            return true;
        }
        if self.file != executing(call.tid) {
            return false;
        }
        if self.places.len() >= PLACES {
            self.places.clear();
        }
        self.places.push(call.pc);
        true
    }
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
        if self.stranger == Some((process, call.pc)) {
            return None;
        }
        // An execve(2) makes a process another one, and a number is given to another process one day: what is known of it
        // is tried, and looked up again if it fails.
        for _ in 0..2 {
            let known = match self.processes.get_mut(&process) {
                Some(Executing::Go(place, known)) => {
                    let program = self.programs.get_mut(*place).and_then(|(_, program)| program.as_mut())?;
                    ask(known, program, call, process, &mut self.whereabouts)
                }
                Some(Executing::Other(stranger)) => {
                    if stranger.still_makes(call) {
                        self.stranger = Some((process, call.pc));
                        return None;
                    }
                    Ok(Known::Changed)
                }
                None => Ok(Known::Changed),
            };
            match known {
                Ok(Known::Caller(caller)) => return Some(caller),
                Ok(Known::Changed) => self.look(process, call.tid),
                Err(error) => {
                    if executing(call.tid).is_some() {
                        self.refuse(executable(call.tid), &error);
                    }
                    return None;
                }
            }
        }
        None
    }
}

/// Asks what is known of a process of a Go program.
fn ask(
    known: &mut Process,
    program: &mut Program,
    call: &Call,
    process: Tgid,
    whereabouts: &mut Whereabouts,
) -> Result<Known, golang::Error> {
    let mut registers = || {
        let spot = whereabouts.of(call.tid)?;
        Some(Registers { pc: spot.pc, sp: spot.sp })
    };
    let is_first = call.tid.0 == process.0;
    known.caller(program, call.tid.0, is_first, call.pc, &mut registers, &mut TraceeMemory(call.tid))
}

impl Attributor {
    /// Looks what a process executes, by one of its threads: its first may be over while others go on.
    fn look(&mut self, process: Tgid, thread: Tid) {
        self.stranger = None;
        if self.processes.len() >= PROCESSES {
            self.processes.clear();
        }
        let place = self.program(thread);
        let program = place.and_then(|place| Some((place, self.programs.get(place)?.1.as_ref()?)));
        let executing = match (program, kernel::origin(thread)) {
            (Some((place, program)), Some(origin)) => {
                Executing::Go(place, Box::new(Process::new(program, origin.headers, origin.random)))
            }
            _ => Executing::Other(Stranger { file: executing(thread), places: Vec::new() }),
        };
        self.processes.insert(process, executing);
    }

    /// Reads an executable before it is launched, so that what cannot be told is refused, and the first call waits less.
    pub(crate) fn prepare(&mut self, program: &Path) {
        if let Ok(file) = File::open(program) {
            self.read(&file, || program.to_owned());
        }
    }

    /// The executable of a thread, read if it is new.
    fn program(&mut self, thread: Tid) -> Option<usize> {
        let file = File::open(format!("/proc/{thread}/exe")).ok()?;
        self.read(&file, || executable(thread))
    }

    fn read(&mut self, file: &File, path: impl FnOnce() -> PathBuf) -> Option<usize> {
        let id = FileId::of(&file.metadata().ok()?);
        if let Some(known) = self.programs.iter().position(|(known, _)| *known == id) {
            return Some(known);
        }
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
        self.programs.push((id, program));
        Some(self.programs.len() - 1)
    }

    fn refuse(&mut self, program: PathBuf, error: &golang::Error) {
        self.refusal.get_or_insert(Refusal { program, reason: chain(error) });
    }

    /// A Go program whose callers cannot be told, if there was one.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }
}

/// What a thread executes; nothing where it has no memory any more. What was read of its memory says nothing then.
///
/// # Kernel
/// `do_exit` in kernel/exit.c gives up a thread's memory before anybody is told of its end; from then on neither
/// process_vm_readv(2) nor `/proc/TID/exe` knows of any. Test: `a_death_at_the_first_look_is_no_unknown_go`.
fn executing(thread: Tid) -> Option<FileId> {
    std::fs::metadata(format!("/proc/{thread}/exe")).ok().map(|about| FileId::of(&about))
}

/// The path of what a thread executes.
fn executable(thread: Tid) -> PathBuf {
    std::fs::read_link(format!("/proc/{thread}/exe")).unwrap_or_default()
}
