//! Which goroutine a thread runs.
//!
//! # Go
//! runtime/runtime2.go: a thread is an `m`, which knows its thread's number (`procid`), the goroutine that it runs (`curg`)
//! and the `m` made before it (`alllink`); runtime/proc.go: `allm` is the newest `m`, `allgs` has every goroutine. Stripped
//! executables do not say where these variables are; they are known by what they point to.

use super::image::Image;
use super::layout::G_M;
use super::memory::{Memory, Words, word_at};
use super::module::{Module, each_word};
use std::collections::{HashMap, HashSet};

/// How many threads are remembered, and followed in all chains (Go itself dies of more than 10,000).
const REMEMBERED: usize = 4096;
const CHAIN: usize = 10_000;

/// How many goroutines are looked through, and how many of them for a thread: then `allm` is looked for, which costs less.
/// The process's ration ends most searches before.
const GOROUTINES: u64 = 1 << 20;
const TRIED: usize = 1 << 15;

/// How many variables are kept that look like `allm`. Others look so for a while; all of them are followed.
const ROOTS: usize = 32;

/// Where the runtime's variables are, counted from where the file is loaded: the same in every process of the file.
#[derive(Debug, Default, Clone)]
pub(crate) struct Variables {
    allgs: Option<u64>,
    allm: Vec<u64>,
}

/// The threads of one process.
#[derive(Debug, Default)]
pub(crate) struct Threads {
    machines: HashMap<i32, u64>,
    /// The goroutines by their number, where they were last seen.
    pub(crate) goroutines: HashMap<u64, u64>,
}

/// What is needed to look around in a process.
pub(crate) struct Around<'a> {
    pub(crate) image: &'a Image,
    pub(crate) module: &'a Module,
    pub(crate) bias: u64,
    pub(crate) variables: &'a mut Variables,
    pub(crate) memory: &'a mut dyn Memory,
}

impl Threads {
    /// Looks for the `m` of a thread; nothing where the thread is none of Go's.
    pub(crate) fn search(&mut self, tid: i32, around: &mut Around<'_>) -> Option<u64> {
        if self.machines.len() >= REMEMBERED {
            self.machines.clear();
        }
        let known = !around.variables.allm.is_empty();
        if let Some(found) = self.by_machines(tid, around).or_else(|| self.by_goroutines(tid, around)) {
            return Some(found);
        }
        if known {
            return None;
        }
        around.find_allm();
        self.by_machines(tid, around)
    }

    /// Looks through all that were made.
    fn by_machines(&mut self, tid: i32, around: &mut Around<'_>) -> Option<u64> {
        let mut followed = HashSet::new();
        for variable in around.variables.allm.clone() {
            let newest = around.memory.word(variable.wrapping_add(around.bias));
            self.follow(newest.unwrap_or(0), &mut followed, around);
            let found = self.machines.get(&tid).copied();
            if let Some(found) = found.filter(|found| around.procid(*found) == Some(tid)) {
                return Some(found);
            }
        }
        None
    }

    /// Notes every `m` of a chain, up to one that was `followed` already: chains of several variables end in the same, and
    /// a damaged one goes in a circle.
    fn follow(&mut self, mut machine: u64, followed: &mut HashSet<u64>, around: &mut Around<'_>) {
        while machine != 0 && followed.len() < CHAIN && followed.insert(machine) {
            if self.machines.len() >= REMEMBERED * 4 {
                return;
            }
            let Some(procid) = around.procid(machine) else { return };
            // One that was remembered before was followed before; but what is newer may be in front of it. The newest may have no
            // thread yet.
            if procid > 0 {
                self.machines.insert(procid, machine);
            }
            let Some(next) = around.memory.word(machine.wrapping_add(around.image.layout.m_alllink)) else {
                return;
            };
            machine = next;
        }
    }

    /// Looks for a goroutine that runs on this thread.
    fn by_goroutines(&mut self, tid: i32, around: &mut Around<'_>) -> Option<u64> {
        let (mut found, mut tried) = (None, 0);
        around.each_goroutine(&mut |around, g| {
            tried += 1;
            let machine = around.memory.word(g.wrapping_add(G_M)).filter(|machine| *machine != 0);
            let is_it = machine.is_some_and(|machine| around.procid(machine) == Some(tid));
            if is_it {
                found = machine;
            }
            is_it || tried == TRIED
        });
        self.machines.extend(found.map(|machine| (tid, machine)));
        found
    }
}

impl Around<'_> {
    /// The number of an `m`'s thread; 0 before it has one.
    fn procid(&mut self, machine: u64) -> Option<i32> {
        let procid = self.memory.word(machine.checked_add(self.image.layout.m_procid)?)?;
        i32::try_from(procid).ok().filter(|procid| *procid >= 0)
    }

    /// Calls for every goroutine, until it is told to stop.
    pub(crate) fn each_goroutine(&mut self, visit: &mut dyn FnMut(&mut Around<'_>, u64) -> bool) {
        const CHUNK: usize = 512;
        let Some([list, count]) = self.allgs() else { return };
        let mut bytes = [0; CHUNK * 8];
        let mut done = 0;
        while done < count.min(GOROUTINES) {
            let Some(at) = list.checked_add(done * 8) else { return };
            let wanted = usize::try_from((count - done).min(CHUNK as u64)).unwrap_or(CHUNK) * 8;
            let got = self.memory.read(at, &mut bytes[..wanted]);
            for index in 0..got / 8 {
                if word_at(&bytes, index * 8).is_some_and(|g| g != 0 && visit(self, g)) {
                    return;
                }
            }
            if got < wanted {
                return;
            }
            done += CHUNK as u64;
        }
    }

    /// The list of all goroutines: where it begins, and how many there are.
    fn allgs(&mut self) -> Option<[u64; 2]> {
        if let Some(variable) = self.variables.allgs {
            return self.memory.words(variable.wrapping_add(self.bias));
        }
        let (module, image, bias) = (self.module, self.image, self.bias);
        let found = each_word(module, self.memory, |memory, address, bytes| {
            let [list, count, room] = [0, 8, 16].map(|at| word_at(bytes, at).unwrap_or(0));
            let is_slice = list % 8 == 0 && (1..=room).contains(&count) && room <= GOROUTINES;
            (is_slice && are_goroutines(image, list, count, memory)).then_some((address, [list, count]))
        });
        let (address, list) = found?;
        self.variables.allgs = Some(address.wrapping_sub(bias));
        Some(list)
    }

    /// Looks for variables that point to an `m`: its first word is its `g0`, which points back.
    fn find_allm(&mut self) {
        /// Go's heap begins here (runtime/malloc.go, `mallocinit`), and rarely grows beyond.
        const HEAP: std::ops::Range<u64> = 0xc0_0000_0000..0x100_0000_0000;
        let (module, layout, bias) = (self.module, self.image.layout, self.bias);
        let mut seen: HashMap<u64, bool> = HashMap::new();
        let mut roots = Vec::new();
        each_word(module, self.memory, |memory, address, bytes| -> Option<()> {
            let machine = word_at(bytes, 0)?;
            let is_near = machine.abs_diff(address) < 64 << 20;
            if machine % 8 != 0 || !(HEAP.contains(&machine) || is_near) || roots.len() >= ROOTS {
                return None;
            }
            let is_machine = *seen.entry(machine).or_insert_with(|| {
                let own = memory.word(machine).filter(|g0| *g0 != 0);
                let back = own.and_then(|g0| memory.word(g0.checked_add(G_M)?));
                let procid = memory.word(machine.saturating_add(layout.m_procid)).unwrap_or(0);
                back == Some(machine) && (0..1 << 31).contains(&procid)
            });
            if is_machine {
                roots.push(address.wrapping_sub(bias));
            }
            None
        });
        self.variables.allm = roots;
    }
}

/// Whether a list is that of all goroutines: the first of them has the number 1, and each looks like one.
fn are_goroutines(image: &Image, list: u64, count: u64, memory: &mut dyn Memory) -> bool {
    const TRIED: u64 = 8;
    let layout = &image.layout;
    (0..count.min(TRIED)).all(|index| {
        let g = list.checked_add(index * 8).and_then(|at| memory.word(at));
        let Some(g) = g.filter(|g| g % 8 == 0 && *g != 0) else { return false };
        let Some([low, high]) = memory.words(g) else { return false };
        let at = |offset: u64| g.checked_add(offset).unwrap_or(u64::MAX - 8);
        let goid = memory.word(at(layout.g_goid));
        // `_Gidle` to what further versions may add, with or without `_Gscan` (0x1000).
        let status = memory.word(at(layout.g_status)).map(|status| status & 0xffff_ffff);
        let is_sound = low <= high && status.is_some_and(|status| status & !0x1000 <= 15);
        is_sound
            && if index == 0 {
                goid == Some(1) && low < high
            } else {
                goid.is_some_and(|goid| goid < 1 << 48)
            }
    })
}
