//! A process of a Go program: who made the call that one of its threads sleeps in.

use super::goroutine::{G, SIZE};
use super::image::Image;
use super::layout::{MODULE_MINPC, Support};
use super::memory::{Memory, Ration, word_at};
use super::module::{Found, Module};
use super::symbols::{Place, Quick, Symbols, innermost};
use super::test_name;
use super::threads::{Around, Threads, Variables};
use super::unwind::{WINDOW, Walk, Window};
use crate::Error;
use model::{Caller, Goroutine, Site};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;

/// How many goroutines are remembered.
const REMEMBERED: usize = 16 << 10;

/// How many goroutines up it is asked for the test that started them all.
const ANCESTORS: usize = 16;

/// An executable, and what was learned of it from its processes.
#[derive(Debug)]
pub struct Program {
    /// What the file says.
    pub image: Image,
    symbols: Symbols,
    variables: Variables,
    module: Option<u64>,
}

/// Where a sleeping thread is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registers {
    /// The program counter.
    pub pc: u64,
    /// The stack pointer.
    pub sp: u64,
}

/// A process that executes a program.
#[derive(Debug)]
pub struct Process {
    bias: u64,
    module: Option<Module>,
    threads: Threads,
    ration: Ration,
    /// The goroutine that each thread ran when it was last asked about, and where its stack was.
    last: HashMap<i32, Last, Quick>,
    goroutines: HashMap<u64, Arc<Goroutine>, Quick>,
    window: Window,
    path: Vec<Place>,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    g: u64,
}

/// A program in a process, for those who only look.
pub(crate) struct View<'a> {
    pub(crate) image: &'a Image,
    pub(crate) module: &'a Module,
}

impl View<'_> {
    /// The name of the function that an instruction belongs to.
    pub(crate) fn function_name(&self, pc: u64) -> Option<&[u8]> {
        let function = self.image.table.find(self.module.offset(pc)?)?;
        Some(self.image.table.name_at(self.image.table.name(function)))
    }
}

impl Program {
    /// Reads an executable by way of `read_at`, which behaves like `std::os::unix::fs::FileExt::read_at`.
    ///
    /// # Errors
    /// Those of [`Image::read`].
    pub fn read(read_at: impl FnMut(u64, &mut [u8]) -> io::Result<usize>) -> Result<Program, Error> {
        Ok(Program {
            image: Image::read(read_at)?,
            symbols: Symbols::new(),
            variables: Variables::default(),
            module: None,
        })
    }

    /// How well its Go version is known.
    pub fn support(&self) -> Support {
        self.image.support
    }
}

impl Process {
    /// A process of a program whose program headers are at this address (`AT_PHDR` of getauxval(3)).
    pub fn new(program: &Program, headers: u64) -> Process {
        Process {
            bias: program.image.bias(headers),
            module: None,
            threads: Threads::default(),
            ration: Ration::new(),
            last: HashMap::default(),
            goroutines: HashMap::default(),
            window: Window::new(),
            path: Vec::new(),
        }
    }

    /// Whether the process executes this program still, and not another since an execve(2).
    pub fn is_current(&self, program: &Program, memory: &mut dyn Memory) -> bool {
        let Some(module) = &self.module else { return false };
        let mut bytes = [0; 32];
        let got = memory.read(module.address + MODULE_MINPC, &mut bytes);
        let words = [0, 8, 16, 24].map(|at| word_at(&bytes[..got], at).unwrap_or(0));
        module.is_at(&program.image, self.bias, words)
    }

    /// Who made the call that this thread sleeps in. `is_first` says that it is the first thread of its process.
    ///
    /// # Errors
    /// [`Error::GoUnreadable`] where the runtime is not as it is in the versions that were compared: nothing is
    /// guessed then.
    pub fn caller(
        &mut self,
        program: &mut Program,
        tid: i32,
        is_first: bool,
        registers: Registers,
        memory: &mut dyn Memory,
    ) -> Result<Caller, Error> {
        self.ration.renew();
        let Some(module) = self.module(program, memory)? else {
            // The dynamic loader is at work.
            return Ok(Caller { site: foreign(), goroutine: None });
        };
        let g = self.running(program, &module, tid, is_first, registers.sp, memory);
        let start = registers.sp.saturating_sub(16);
        let room = match &g {
            Some(g) if g.stack.holds(registers.sp) => usize::try_from(g.stack.high - start).unwrap_or(WINDOW),
            _ => WINDOW,
        };
        self.window.read(start, room.min(WINDOW), memory);
        let mut walk = Walk {
            image: &program.image,
            module: &module,
            symbols: &mut program.symbols,
            window: &mut self.window,
            memory,
            stack: g.map(|g| g.stack),
        };
        let is_whole = walk.follow(registers.pc, registers.sp, &mut self.path);
        let site = program.symbols.site(&program.image, &self.path, is_whole, module.gofunc, memory);
        let goroutine = g.map(|g| self.goroutine(program, &module, &g, &site, memory));
        Ok(Caller { site, goroutine })
    }

    fn module(&mut self, program: &mut Program, memory: &mut dyn Memory) -> Result<Option<Module>, Error> {
        if self.module.is_none() {
            match Module::find(&program.image, self.bias, program.module, &mut self.ration, memory)? {
                Found::NotYet => return Ok(None),
                Found::Module(module) => {
                    program.module = Some(module.address.wrapping_sub(self.bias));
                    self.module = Some(module);
                }
            }
        }
        Ok(self.module)
    }

    /// The goroutine that a thread runs.
    fn running(
        &mut self,
        program: &mut Program,
        module: &Module,
        tid: i32,
        is_first: bool,
        sp: u64,
        memory: &mut dyn Memory,
    ) -> Option<G> {
        let layout = program.image.layout;
        let remembered = self.threads.remembered(tid);
        if let Some(machine) = remembered
            && let Some(g) = self.of_machine(program, machine, tid, memory)
        {
            return g;
        }
        let mut around = Around {
            image: &program.image,
            module,
            bias: self.bias,
            variables: &mut program.variables,
            memory: &mut self.ration.of(memory),
        };
        if let Some(machine) = self.threads.search(tid, &mut around) {
            return self.of_machine(program, machine, tid, memory).flatten();
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

    /// The goroutine that an `m` runs, if it is still this thread's: in one reading, for it is mostly the same as last time.
    fn of_machine(
        &mut self,
        program: &Program,
        machine: u64,
        tid: i32,
        memory: &mut dyn Memory,
    ) -> Option<Option<G>> {
        let layout = &program.image.layout;
        let mut procid = [0; 8];
        let mut curg = [0; 8];
        let mut bytes = [0; SIZE];
        let last = self.last.get(&tid).map_or(0, |last| last.g);
        let at = |offset: u64| machine.wrapping_add(offset);
        let is_read = last != 0
            && memory.gather(&mut [
                (at(layout.m_procid), &mut procid),
                (at(layout.m_curg), &mut curg),
                (last, &mut bytes),
            ]);
        if !is_read
            && !memory.gather(&mut [(at(layout.m_procid), &mut procid), (at(layout.m_curg), &mut curg)])
        {
            return None;
        }
        if u64::from_le_bytes(procid) != u64::try_from(tid).ok()? {
            return None;
        }
        match u64::from_le_bytes(curg) {
            0 => Some(None),
            curg if is_read && curg == last => Some(G::of(curg, &bytes, layout)),
            curg => {
                if self.last.len() >= REMEMBERED {
                    self.last.clear();
                }
                self.last.insert(tid, Last { g: curg });
                Some(G::read(curg, layout, memory))
            }
        }
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
        let creator = match module.offset(g.gopc) {
            Some(at) if g.gopc != 0 => {
                innermost(&program.image, Place { at, is_exact: false }, module.gofunc, memory)
            }
            Some(_) | None => None,
        };
        let entry = match module.offset(g.startpc) {
            Some(at) if g.startpc != 0 => {
                innermost(&program.image, Place { at, is_exact: true }, module.gofunc, memory)
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
            if let Some(name) = test_name::of_runner(&view, &g.stack, memory) {
                return Some(name);
            }
            creators
                .extend(view.function_name(g.gopc).map(|name| String::from_utf8_lossy(name).into_owned()));
            let Some(parent) = g.parent.filter(|parent| *parent != 0) else { break };
            if let Some(known) = self.goroutines.get(&parent)
                && let Some(test) = &known.test
            {
                return Some(test.clone());
            }
            next = self.by_number(program, module, parent, memory);
        }
        let by_creator = creators.iter().find_map(|creator| test_name::in_function(creator));
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

/// A call path of which nothing is Go's.
fn foreign() -> Arc<Site> {
    let frame = model::Frame {
        function: "<C>".to_owned(),
        file: String::new(),
        line: 0,
        code: model::Code::Foreign,
        is_shown: true,
    };
    Arc::new(Site { frames: vec![frame], is_whole: false })
}
