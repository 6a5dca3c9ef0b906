//! A Go process that sleeps in a system call, and who looks at its stack from outside, as duress does.

#![expect(clippy::disallowed_methods, reason = "what sleeps is started here")]

use crate::Error;
use crate::caller::Depths;
use golang::{Known, Memory, Process, Program, Registers};
use kernel::Whereabouts;
use model::{Caller, Tgid, Tid};
use nix::fcntl::{FcntlArg, fcntl};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, PipeReader, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

/// A process with a thread that sleeps. It ends with this.
#[derive(Debug)]
pub struct Sleeper {
    program: PathBuf,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<PipeReader>,
    tid: Tid,
    /// The instruction that it sleeps behind, which is the same each time.
    pc: u64,
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        // It is gone by now or soon; there is nobody to tell where it is not.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Sleeper {
    /// The program of `caller.rs`, which sleeps so far down in a read(2).
    ///
    /// # Errors
    /// It cannot be started, or does not sleep.
    pub fn deep(program: &Path, depths: Depths) -> Result<Sleeper, Error> {
        let mut command = Command::new(program);
        command.args(depths.sleeping());
        let mut sleeper = Sleeper::start(program, command)?;
        let number = sleeper.line()?;
        let tid = number.trim_end().parse().map_err(|_| failed("read a thread's number", number))?;
        sleeper.tid = Tid(tid);
        sleeper.wait_for("0 0x0 ")?;
        Ok(sleeper)
    }

    /// A test binary, which sleeps in a write(2) because nobody reads the list of its tests. It must have many.
    ///
    /// # Errors
    /// It cannot be started, or does not sleep.
    pub fn listing(program: &Path) -> Result<Sleeper, Error> {
        let mut command = Command::new(program);
        command.args(["-test.list", "."]);
        let mut sleeper = Sleeper::start(program, command)?;
        sleeper.wait_for("1 0x1 ")?;
        Ok(sleeper)
    }

    fn start(program: &Path, mut command: Command) -> Result<Sleeper, Error> {
        let (reader, writer) = std::io::pipe().map_err(Error::file("make a pipe"))?;
        let page = FcntlArg::F_SETPIPE_SZ(4096);
        fcntl(&writer, page).map_err(|errno| Error::file("make a pipe smaller")(errno.into()))?;
        let line = crate::process::line_of(&command);
        command.stdin(Stdio::piped()).stdout(writer);
        // Go: a goroutine that its scheduler takes for busy (RawSyscall) is sent SIGURG every 10 ms (runtime/proc.go,
        // `retake`): its thread would not sleep but get up and lie down again.
        command.env("GODEBUG", "asyncpreemptoff=1");
        let mut child = command.spawn().map_err(|source| Error::Start { line, source })?;
        let tid = Tid(child.id().cast_signed());
        let stdin = child.stdin.take();
        Ok(Sleeper { program: program.to_owned(), child, stdin, stdout: BufReader::new(reader), tid, pc: 0 })
    }

    /// Its number.
    pub fn process(&self) -> Tgid {
        Tgid(self.child.id().cast_signed())
    }

    /// The number of the thread that sleeps.
    pub fn thread(&self) -> Tid {
        self.tid
    }

    /// What it executes.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Has the one that sleeps deep down wake up, and sleep again on another stack.
    ///
    /// # Errors
    /// It is gone.
    pub fn turn_over(&mut self) -> Result<(), Error> {
        if let Some(stdin) = &mut self.stdin {
            stdin.write_all(b".").map_err(Error::file("wake a sleeping process"))?;
        }
        self.line().map(drop)
    }

    fn line(&mut self) -> Result<String, Error> {
        let mut line = String::new();
        self.stdout.read_line(&mut line).map_err(Error::file("read what a process says"))?;
        Ok(line)
    }

    /// Waits until one of its threads sleeps in a system call whose `/proc/TID/syscall` begins like this.
    fn wait_for(&mut self, beginning: &str) -> Result<(), Error> {
        const LOOKS: u32 = 10_000;
        for _ in 0..LOOKS {
            let tasks =
                fs::read_dir(format!("/proc/{}/task", self.process())).into_iter().flatten().flatten();
            let mut sleeping = tasks.filter_map(|task| {
                let line = fs::read_to_string(task.path().join("syscall")).ok()?;
                let pc = line.strip_prefix(beginning)?.trim_end().rsplit_once(" 0x")?.1;
                Some((task.file_name().to_str()?.parse().ok()?, u64::from_str_radix(pc, 16).ok()?))
            });
            if let Some((tid, pc)) = sleeping.next() {
                (self.tid, self.pc) = (Tid(tid), pc);
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Err(failed("wait for a process to sleep", format!("`{}` does not", self.program.display())))
    }
}

/// The memory of a sleeping thread's process.
#[derive(Debug)]
pub struct Live(pub Tid);

impl Memory for Live {
    fn read(&mut self, address: u64, buffer: &mut [u8]) -> usize {
        kernel::read(self.0, address, buffer)
    }

    fn gather(&mut self, parts: &mut [(u64, &mut [u8])]) -> bool {
        kernel::gather(self.0, parts)
    }
}

/// Who looks, and what is kept for it.
#[derive(Debug)]
pub struct Onlooker {
    program: Program,
    process: Process,
    whereabouts: Whereabouts,
}

impl Onlooker {
    /// Reads the executable, and where the process has it.
    ///
    /// # Errors
    /// Call paths of this executable cannot be read.
    pub fn of(sleeper: &Sleeper) -> Result<Onlooker, Error> {
        Onlooker::with(Onlooker::program(sleeper.program())?, sleeper)
    }

    /// Likewise, of an executable that was read before.
    ///
    /// # Errors
    /// The process is gone.
    pub fn with(program: Program, sleeper: &Sleeper) -> Result<Onlooker, Error> {
        let origin = kernel::origin(Tid(sleeper.process().0))
            .ok_or_else(|| failed("find the program headers of a process", "it is gone"))?;
        let process = Process::new(&program, origin.headers, origin.random);
        Ok(Onlooker { program, process, whereabouts: Whereabouts::default() })
    }

    /// Reads an executable.
    ///
    /// # Errors
    /// Call paths of it cannot be read.
    pub fn program(path: &Path) -> Result<Program, Error> {
        let file = File::open(path).map_err(Error::file("open an executable"))?;
        Program::read(|offset, buffer| file.read_at(buffer, offset))
            .map_err(|error| failed("read a Go program", error))
    }

    /// What was learned of the executable, for the next process of it.
    pub fn into_program(self) -> Program {
        self.program
    }

    /// Who made the call, as duress finds it out.
    ///
    /// # Errors
    /// It cannot be told.
    pub fn attribute(&mut self, sleeper: &Sleeper) -> Result<Caller, Error> {
        let Onlooker { program, process, whereabouts } = self;
        let mut registers = || registers(whereabouts, sleeper.tid);
        caller(process, program, sleeper, sleeper.pc, &mut registers, &mut Live(sleeper.tid))
    }

    /// Where the thread sleeps; if it does not yet, this waits for it.
    ///
    /// # Errors
    /// It is gone.
    pub fn registers(&mut self, sleeper: &Sleeper) -> Result<Registers, Error> {
        registers(&mut self.whereabouts, sleeper.tid)
            .ok_or_else(|| failed("find where a thread sleeps", "it is gone"))
    }

    /// Who made the call of a thread that sleeps here, with this memory.
    ///
    /// # Errors
    /// It cannot be told.
    pub fn caller(
        &mut self,
        sleeper: &Sleeper,
        registers: Registers,
        memory: &mut dyn Memory,
    ) -> Result<Caller, Error> {
        let Onlooker { program, process, .. } = self;
        caller(process, program, sleeper, registers.pc, &mut || Some(registers), memory)
    }
}

fn registers(whereabouts: &mut Whereabouts, tid: Tid) -> Option<Registers> {
    /// A thread that was woken for something waits for its turn before it sleeps again, on a busy machine for long.
    const LOOKS: u32 = 100;
    let mut looks = (0..LOOKS).map(|look| {
        if look > 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        whereabouts.of(tid)
    });
    looks.find_map(|spot| spot.map(|spot| Registers { pc: spot.pc, sp: spot.sp }))
}

fn caller(
    process: &mut Process,
    program: &mut Program,
    sleeper: &Sleeper,
    pc: u64,
    registers: &mut dyn FnMut() -> Option<Registers>,
    memory: &mut dyn Memory,
) -> Result<Caller, Error> {
    const WHAT: &str = "tell who made a call";
    let tid = sleeper.tid.0;
    let is_first = tid == sleeper.process().0;
    match process.caller(program, tid, is_first, pc, registers, memory) {
        Ok(Known::Caller(caller)) => Ok(caller),
        Ok(Known::Changed) => Err(failed(WHAT, "its process is another one by now")),
        Err(error) => Err(failed(WHAT, error)),
    }
}

fn failed(what: &'static str, reason: impl ToString) -> Error {
    Error::Go { what, reason: reason.to_string() }
}
