//! A process of a Go program: who made the call that one of its threads sleeps in.

use super::goroutine::{G, SIZE};
use super::layout::{MODULE_MINPC, Support};
use super::memory::{Memory, Ration, Words};
use super::module::{Found, Module};
use super::program::{Program, View};
use super::sites::foreign;
use super::symbols::{Place, Quick};
use super::test_name;
use super::threads::{Around, Threads};
use super::unwind::{WINDOW, Walk, Window};
use crate::Error;
use model::{Caller, Goroutine, Site};
use std::collections::HashMap;
use std::sync::Arc;

/// How many goroutines are remembered.
const REMEMBERED: usize = 4 << 10;

/// How many calls a process may make before its data is in order: the dynamic loader makes some dozens.
const EARLY: u32 = 1000;

/// How many goroutines up it is asked for the test that started them all.
const ANCESTORS: usize = 16;

/// Where a sleeping thread is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registers {
    /// The program counter.
    pub pc: u64,
    /// The stack pointer.
    pub sp: u64,
}

/// What tells one execution of a program from the next in the same process: bytes that the kernel draws at random.
///
/// # Go
/// runtime/rand.go, `randinit`, writes others over them, as random, before `main` (since 1.22); then the process is taken for
/// another one, once.
type Mark = [u8; 16];

/// A process that executes a program.
#[derive(Debug)]
pub struct Process {
    bias: u64,
    /// Where the bytes are that are drawn for each execve(2), and which they are.
    random: u64,
    mark: Option<Mark>,
    module: Option<Module>,
    /// How many calls were made before its data was in order.
    early: u32,
    threads: Threads,
    ration: Ration,
    /// What each thread was when it was last asked about: mostly it is the same again, and is read in one go.
    last: HashMap<i32, Last, Quick>,
    goroutines: HashMap<u64, Arc<Goroutine>, Quick>,
    window: Window,
    path: Vec<Place>,
}

/// What a thread was the last time: its `m`, the goroutine that it ran, and the piece of its stack that was read.
#[derive(Debug, Clone, Copy)]
struct Last {
    machine: u64,
    g: u64,
    start: u64,
    size: usize,
}

/// What one look says of a thread.
enum Glance {
    /// The process executes something else than it did.
    Changed,
    /// It was not asked about before, or is another thread by now.
    Unknown,
    /// It runs this goroutine, or none.
    Running(Option<G>),
}

/// What is known of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Who made it.
    Caller(Caller),
    /// Nothing: the process executes another program than this by now (execve(2)), or its thread is gone.
    Changed,
}

impl Process {
    /// A process of a program whose program headers and random bytes are at these addresses (`AT_PHDR` and `AT_RANDOM` of
    /// getauxval(3)).
    pub fn new(program: &Program, headers: u64, random: u64) -> Process {
        Process {
            bias: program.image.bias(headers),
            random,
            mark: None,
            module: None,
            early: 0,
            threads: Threads::default(),
            ration: Ration::new(),
            last: HashMap::default(),
            goroutines: HashMap::default(),
            window: Window::new(),
            path: Vec::new(),
        }
    }

    /// Who made the call that this thread sleeps in, behind the instruction at `pc`. `registers` says where the thread is, if it
    /// must be asked; `is_first` that it is the first thread of its process.
    ///
    /// # Errors
    /// [`Error::GoUnreadable`] where the runtime is not as it is in the versions that were compared: nothing is
    /// guessed then.
    pub fn caller(
        &mut self,
        program: &mut Program,
        tid: i32,
        is_first: bool,
        pc: u64,
        registers: &mut dyn FnMut() -> Option<Registers>,
        memory: &mut dyn Memory,
    ) -> Result<Known, Error> {
        self.ration.renew();
        let Some(module) = self.module(program, memory)? else {
            // The dynamic loader is at work, or the process is another one by now.
            let site = Site { frames: vec![foreign()], is_whole: false };
            return Ok(Known::Caller(Caller { site: Arc::new(site), goroutine: None }));
        };
        let mut asked = None;
        let g = match self.glance(program, &module, tid, memory) {
            Glance::Changed => return Ok(Known::Changed),
            Glance::Running(g) => g,
            Glance::Unknown => {
                asked = registers();
                let sp = asked.map_or(0, |registers| registers.sp);
                self.search(program, &module, tid, is_first, sp, memory)
            }
        };
        let step = module.offset(pc).and_then(|at| program.symbols.step(&program.image, at));
        let is_entered = step.is_some_and(|step| step.is_system_call);
        let start = match g.filter(|g| is_entered && g.stack.syscall_sp != 0) {
            // The goroutine says itself where it entered the call: the thread need not be asked.
            Some(g) => Registers { pc: g.stack.syscall_pc, sp: g.stack.syscall_sp },
            None => match asked.or_else(registers) {
                Some(registers) => registers,
                None => return Ok(Known::Changed),
            },
        };
        self.look(tid, g.as_ref(), start.sp, memory);
        let mut walk = Walk {
            image: &program.image,
            module: &module,
            symbols: &mut program.symbols,
            window: &mut self.window,
            memory,
            stack: g.map(|g| g.stack),
        };
        let is_whole = walk.follow(start.pc, start.sp, &mut self.path);
        self.check(program, &module, g.as_ref(), is_whole)?;
        let site = program.sites.site(&program.image, &self.path, is_whole, module.gofunc, memory);
        let goroutine = g.map(|g| self.goroutine(program, &module, &g, &site, memory));
        Ok(Known::Caller(Caller { site, goroutine }))
    }

    /// Has the piece of the stack that begins here, if it was not read with the rest.
    fn look(&mut self, tid: i32, g: Option<&G>, sp: u64, memory: &mut dyn Memory) {
        // rawVforkSyscall takes its return address off the stack before it calls the kernel.
        let start = sp.saturating_sub(16);
        let room = g.filter(|g| g.stack.holds(sp)).map_or(WINDOW as u64, |g| g.stack.high - start);
        let size = usize::try_from(room).unwrap_or(WINDOW).min(WINDOW);
        if self.window.start != start || self.window.bytes.len() < size {
            self.window.read(start, size, memory);
        }
        if let (Some(last), Some(_)) = (self.last.get_mut(&tid), g) {
            (last.start, last.size) = (start, size);
        }
    }

    /// Sees with one look whether the process is what it was, and what a thread runs that was asked about before; with it,
    /// the goroutine and its stack, if they are what they were the last time.
    fn glance(&mut self, program: &Program, module: &Module, tid: i32, memory: &mut dyn Memory) -> Glance {
        let layout = &program.image.layout;
        self.window.bytes.clear();
        let Some(last) = self.last.get(&tid).copied() else {
            return if self.is_current(program, module, memory) { Glance::Unknown } else { Glance::Changed };
        };
        let (mut code, mut mark) = ([0; 32], Mark::default());
        let (mut procid, mut curg, mut bytes) = ([0; 8], [0; 8], [0; SIZE]);
        self.window.start = last.start;
        self.window.bytes.resize(last.size, 0);
        let at = |offset: u64| last.machine.wrapping_add(offset);
        let is_read = memory.gather(&mut [
            (module.address + MODULE_MINPC, &mut code),
            (self.random, &mut mark),
            (at(layout.m_procid), &mut procid),
            (at(layout.m_curg), &mut curg),
            (last.g, &mut bytes),
            (last.start, &mut self.window.bytes),
        ]);
        let is_same = is_read && u64::from_le_bytes(procid) == u64::try_from(tid).unwrap_or(0);
        if !is_same || self.mark != Some(mark) || !module.is_at(&program.image, &code) {
            self.last.remove(&tid);
            self.window.bytes.clear();
            return if self.is_current(program, module, memory) { Glance::Unknown } else { Glance::Changed };
        }
        match u64::from_le_bytes(curg) {
            0 => Glance::Running(None),
            curg if curg == last.g => Glance::Running(G::of(curg, &bytes, layout)),
            curg => {
                self.last.insert(tid, Last { g: curg, ..last });
                Glance::Running(G::read(curg, layout, memory))
            }
        }
    }

    /// Whether the process executes what it did, and has done so since.
    fn is_current(&mut self, program: &Program, module: &Module, memory: &mut dyn Memory) -> bool {
        let (mut code, mut mark) = ([0; 32], Mark::default());
        let is_read =
            memory.gather(&mut [(module.address + MODULE_MINPC, &mut code), (self.random, &mut mark)]);
        is_read && module.is_at(&program.image, &code) && *self.mark.get_or_insert(mark) == mark
    }

    /// Refuses what makes no sense, where the layout is only taken for the right one.
    fn check(&self, program: &Program, module: &Module, g: Option<&G>, is_whole: bool) -> Result<(), Error> {
        if program.image.support == Support::Verified {
            return Ok(());
        }
        let view = View { image: &program.image, module };
        let is_sound = match g {
            Some(g) => g.is_sound(&view),
            // A path that ends where goroutines begin is one's, and it should have been found.
            None => {
                let outermost = self.path.last().filter(|_| is_whole);
                let function = outermost.and_then(|place| view.image.table.find(place.at));
                let name = function.map(|function| view.image.table.name_at(view.image.table.name(function)));
                name != Some(b"runtime.goexit")
            }
        };
        if is_sound {
            return Ok(());
        }
        let reason = "goroutines, or threads, are not as they were in the versions that were compared";
        Err(Error::GoUnreadable { version: program.image.version.to_string(), reason: reason.to_owned() })
    }

    fn module(&mut self, program: &mut Program, memory: &mut dyn Memory) -> Result<Option<Module>, Error> {
        if self.module.is_none() {
            match Module::find(&program.image, self.bias, program.module, &mut self.ration, memory)? {
                Found::NotYet => {
                    self.early += 1;
                    if self.early > EARLY {
                        return Err(Error::GoUnreadable {
                            version: program.image.version.to_string(),
                            reason: "the runtime's table of itself cannot be found".to_owned(),
                        });
                    }
                    return Ok(None);
                }
                Found::Module(module) => {
                    program.module = Some(module.address.wrapping_sub(self.bias));
                    self.module = Some(module);
                }
            }
        }
        Ok(self.module)
    }

    /// The goroutine of a thread that was not asked about before.
    fn search(
        &mut self,
        program: &mut Program,
        module: &Module,
        tid: i32,
        is_first: bool,
        sp: u64,
        memory: &mut dyn Memory,
    ) -> Option<G> {
        let layout = program.image.layout;
        let mut around = Around {
            image: &program.image,
            module,
            bias: self.bias,
            variables: &mut program.variables,
            memory: &mut self.ration.of(memory),
        };
        if let Some(machine) = self.threads.search(tid, &mut around) {
            let curg = around.memory.word(machine.wrapping_add(layout.m_curg)).filter(|curg| *curg != 0);
            if self.last.len() >= REMEMBERED {
                self.last.clear();
            }
            // Of a thread that runs no goroutine now, the one that it ran last is not known; any will do to be read in vain.
            self.last.insert(tid, Last { machine, g: curg.unwrap_or(machine), start: machine, size: 0 });
            return G::read(curg?, &layout, around.memory);
        }
        if !is_first {
            return None;
        }
        // Between vfork(2) and execve(2) a process is a thread that Go knows nothing of, on a goroutine's stack.
        let mut found = None;
        around.each_goroutine(&mut |around, g| {
            found = G::read(g, &layout, around.memory).filter(|g| g.stack.holds(sp));
            found.is_some()
        });
        found
    }

    fn goroutine(
        &mut self,
        program: &mut Program,
        module: &Module,
        g: &G,
        site: &Site,
        memory: &mut dyn Memory,
    ) -> Arc<Goroutine> {
        if let Some(known) = self.goroutines.get(&g.goid) {
            return Arc::clone(known);
        }
        if self.goroutines.len() >= REMEMBERED {
            self.goroutines.clear();
        }
        // The first was started by no `go` statement.
        let creator = match module.offset(g.gopc) {
            Some(at) if g.goid != 1 => {
                program.sites.innermost(&program.image, Place { at, is_exact: false }, module.gofunc, memory)
            }
            Some(_) | None => None,
        };
        let entry = match module.offset(g.startpc) {
            Some(at) if g.startpc != 0 => {
                program.sites.innermost(&program.image, Place { at, is_exact: true }, module.gofunc, memory)
            }
            Some(_) | None => None,
        };
        let test =
            if program.image.names.is_test { self.test(program, module, g, site, memory) } else { None };
        let known = Arc::new(Goroutine { id: g.goid, parent: g.parent, creator, entry, test });
        self.goroutines.insert(g.goid, Arc::clone(&known));
        known
    }

    /// The test that a goroutine belongs to: what the test runner says of it or of one of those that started it; else what
    /// the functions on the way are called.
    fn test(
        &mut self,
        program: &mut Program,
        module: &Module,
        g: &G,
        site: &Site,
        memory: &mut dyn Memory,
    ) -> Option<String> {
        let mut creators = Vec::new();
        let mut next = Some(*g);
        for _ in 0..ANCESTORS {
            let Some(g) = next else { break };
            let view = View { image: &program.image, module };
            if let Some(name) = test_name::of_runner(&view, &g, memory) {
                return Some(name);
            }
            creators.extend(module.offset(g.gopc).and_then(|at| {
                program.sites.innermost(&program.image, Place { at, is_exact: false }, module.gofunc, memory)
            }));
            let Some(parent) = g.parent.filter(|parent| *parent != 0) else { break };
            if let Some(known) = self.goroutines.get(&parent)
                && let Some(test) = &known.test
            {
                return Some(test.clone());
            }
            next = self.by_number(program, module, parent, memory);
        }
        let by_creator =
            creators.iter().find_map(|creator| test_name::in_function(&creator.function, &creator.file));
        by_creator.or_else(|| test_name::in_site(site)).map(str::to_owned)
    }

    /// The goroutine with this number, if it lives.
    fn by_number(
        &mut self,
        program: &mut Program,
        module: &Module,
        goid: u64,
        memory: &mut dyn Memory,
    ) -> Option<G> {
        let layout = program.image.layout;
        let is_it = |address: u64, memory: &mut dyn Memory| {
            G::read(address, &layout, memory).filter(|g| g.goid == goid)
        };
        if let Some(address) = self.threads.goroutines.get(&goid)
            && let Some(g) = is_it(*address, memory)
        {
            return Some(g);
        }
        let mut around = Around {
            image: &program.image,
            module,
            bias: self.bias,
            variables: &mut program.variables,
            memory: &mut self.ration.of(memory),
        };
        let mut found = None;
        let seen = &mut self.threads.goroutines;
        seen.clear();
        around.each_goroutine(&mut |around, address| {
            let g = G::read(address, &layout, around.memory);
            seen.extend(g.filter(|_| seen.len() < REMEMBERED).map(|g| (g.goid, address)));
            found = g.filter(|g| g.goid == goid);
            found.is_some()
        });
        found
    }
}

#[cfg(test)]
#[path = "process_tests.rs"]
mod tests;
