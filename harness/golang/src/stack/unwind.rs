//! The walk up a sleeping thread's stack.
//!
//! # Go
//! runtime/traceback.go, `unwinder`: the same rules, from outside.

use super::image::Image;
use super::layout::{G_SCHED_PC, G_SCHED_SP};
use super::memory::{Memory, Words, word_at};
use super::module::Module;
use super::symbols::{FOREIGN, Place, Special, Symbols};

/// How many functions are followed: deeper stacks are cut.
const DEEPEST: usize = 1024;

/// How much of a stack is read at once. Most are not as deep, and what is left of a goroutine's is known.
pub(crate) const WINDOW: usize = 8 << 10;

/// The goroutine that a thread runs, as far as the walk needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stack {
    /// The address of its `g`.
    pub(crate) g: u64,
    pub(crate) low: u64,
    pub(crate) high: u64,
    /// Where it entered the system call or the C function that it is in; 0 where it did not.
    pub(crate) syscall_sp: u64,
    pub(crate) syscall_pc: u64,
}

impl Stack {
    pub(crate) fn holds(&self, sp: u64) -> bool {
        (self.low..self.high).contains(&sp)
    }
}

/// A piece of a stack that was read.
#[derive(Debug)]
pub(crate) struct Window {
    pub(crate) start: u64,
    pub(crate) bytes: Vec<u8>,
}

impl Window {
    pub(crate) fn new() -> Window {
        Window { start: 0, bytes: Vec::new() }
    }

    /// The word at an address; reads more of the stack if it must.
    fn word(&mut self, address: u64, memory: &mut dyn Memory) -> Option<u64> {
        let at = |window: &Window| usize::try_from(address.checked_sub(window.start)?).ok();
        if let Some(word) = at(self).and_then(|at| word_at(&self.bytes, at)) {
            return Some(word);
        }
        self.read(address, WINDOW, memory);
        word_at(&self.bytes, 0)
    }

    /// Reads so much from an address on, as far as it can be read.
    pub(crate) fn read(&mut self, address: u64, size: usize, memory: &mut dyn Memory) {
        self.start = address;
        self.bytes.resize(size, 0);
        let got = memory.read(address, &mut self.bytes);
        self.bytes.truncate(got);
    }
}

/// A walk: where it is, and where it has been.
pub(crate) struct Walk<'w> {
    pub(crate) image: &'w Image,
    pub(crate) module: &'w Module,
    pub(crate) symbols: &'w mut Symbols,
    pub(crate) window: &'w mut Window,
    pub(crate) memory: &'w mut dyn Memory,
    /// The goroutine; none on a thread that runs none.
    pub(crate) stack: Option<Stack>,
}

impl Walk<'_> {
    /// Follows the stack from here; says whether it came to its end. `path` gets the instructions, innermost first.
    pub(crate) fn follow(&mut self, mut pc: u64, mut sp: u64, path: &mut Vec<Place>) -> bool {
        path.clear();
        let mut is_exact = false;
        // Each of these can be done once: a stack that claims otherwise leads in a circle.
        let (mut has_hopped, mut was_foreign, mut signals) = (false, false, 0);
        while path.len() < DEEPEST {
            let found = self.module.offset(pc).and_then(|at| Some((at, self.symbols.step(self.image, at)?)));
            let Some((at, step)) = found else {
                // C, or the vDSO: the goroutine says where it left Go.
                let Some(stack) = self.stack.filter(|stack| !was_foreign && !stack.holds(sp)) else {
                    if path.is_empty() {
                        path.push(Place { at: FOREIGN, is_exact: true });
                    }
                    return false;
                };
                was_foreign = true;
                path.push(Place { at: FOREIGN, is_exact: true });
                let Some((next_pc, next_sp)) = self.left_go(&stack) else { return false };
                (pc, sp, is_exact) = (next_pc, next_sp, false);
                has_hopped = true;
                continue;
            };
            if step.special == Special::MoreStack {
                // It returns by way of the goroutine's saved state.
                let Some(stack) = self.stack.filter(|_| !has_hopped) else { return false };
                let Some((saved_pc, saved_sp)) = self.saved(&stack) else { return false };
                (pc, sp, is_exact, has_hopped) = (saved_pc, saved_sp, false, true);
                continue;
            }
            path.push(Place { at, is_exact });
            match step.special {
                Special::Top => return true,
                Special::SpWrite if path.len() > 1 => return false,
                Special::SignalTrampoline => {
                    let Some((next_pc, next_sp)) =
                        step.sp_delta.and_then(|delta| self.interrupted(frame_end(sp, delta)?))
                    else {
                        return false;
                    };
                    signals += 1;
                    if signals > 4 {
                        return false;
                    }
                    (pc, sp, is_exact) = (next_pc, next_sp, true);
                    continue;
                }
                Special::SystemStack => {
                    if let Some(stack) = self.stack.filter(|stack| !stack.holds(sp) && !has_hopped) {
                        let Some((_, saved_sp)) = self.saved(&stack) else { return false };
                        (sp, has_hopped) = (saved_sp, true);
                    }
                }
                Special::None | Special::SpWrite | Special::Injected | Special::MoreStack => {}
            }
            let Some(end) = step.sp_delta.and_then(|delta| frame_end(sp, delta)) else { return false };
            let Some(back) = end.checked_sub(8).and_then(|at| self.window.word(at, self.memory)) else {
                return false;
            };
            if back == 0 || end <= sp && back == pc {
                return false;
            }
            is_exact = step.special == Special::Injected;
            (pc, sp) = (back, end);
        }
        false
    }

    /// Where the goroutine left Go's code for C.
    fn left_go(&mut self, stack: &Stack) -> Option<(u64, u64)> {
        if stack.syscall_sp != 0 {
            return Some((stack.syscall_pc, stack.syscall_sp));
        }
        self.saved(stack)
    }

    /// What the scheduler saved of the goroutine (`g.sched`): instruction and stack pointer.
    fn saved(&mut self, stack: &Stack) -> Option<(u64, u64)> {
        const _: () = assert!(G_SCHED_PC == G_SCHED_SP + 8);
        let [sp, pc] = self.memory.words(stack.g.checked_add(G_SCHED_SP)?)?;
        (stack.holds(sp) && pc != 0).then_some((pc, sp))
    }

    /// What a signal interrupted: the kernel's frame begins here.
    ///
    /// # Kernel
    /// `struct rt_sigframe` (arch/x86/include/asm/sigframe.h) behind its return address: `ucontext`, of which 40 bytes come
    /// before the registers (`struct sigcontext_64`): rsp is the 16th, rip the 17th.
    fn interrupted(&mut self, frame: u64) -> Option<(u64, u64)> {
        let [sp, pc] = self.memory.words(frame.checked_add(40 + 15 * 8)?)?;
        Some((pc, sp))
    }
}

/// Where a function's frame ends: behind its return address.
fn frame_end(sp: u64, delta: i32) -> Option<u64> {
    sp.checked_add_signed(i64::from(delta))?.checked_add(8)
}
