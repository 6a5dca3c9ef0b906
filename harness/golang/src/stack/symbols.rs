//! What the walk up a stack needs to know of instructions; what was looked up is kept.

use super::image::Image;
use super::pclntab::{Function, TextOffset};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// How many instructions are remembered for an executable.
const PLACES: usize = 7_000;

/// What stands for all code that is not Go's in a call path.
pub(crate) const FOREIGN: TextOffset = TextOffset::MAX;

/// How the walk goes on from a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Special {
    /// As from any other.
    None,
    /// The last of its stack.
    Top,
    /// It writes the stack pointer: what is above cannot be found.
    SpWrite,
    /// `runtime.systemstack`: the caller is on the goroutine's own stack.
    SystemStack,
    /// `runtime.morestack`: likewise.
    MoreStack,
    /// `runtime.sigtramp`: the kernel's signal frame follows.
    SignalTrampoline,
    /// `runtime.asyncPreempt`, `runtime.sigpanic`, `runtime.debugCallV2`: what it seems to return to was interrupted, and did
    /// not call.
    Injected,
}

/// What the walk needs to know of an instruction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// How far the stack pointer is below the return address; nothing where no table says so.
    pub(crate) sp_delta: Option<i32>,
    pub(crate) special: Special,
    /// It is one of the two instructions by which Go's library calls the kernel, behind `entersyscall`.
    pub(crate) is_system_call: bool,
}

/// The instructions of an executable that were looked up.
#[derive(Debug, Default)]
pub(crate) struct Symbols {
    steps: HashMap<TextOffset, Option<Step>, Quick>,
}

/// Keys are addresses or hashes already: one multiplication spreads them.
#[derive(Debug, Default)]
pub(crate) struct Spread(u64);

pub(crate) type Quick = BuildHasherDefault<Spread>;

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        // The odd number nearest to 2^64 divided by the golden ratio. The table takes its place from the high bits, too.
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 32;
    }
}

impl Symbols {
    /// What the walk needs to know of an instruction; nothing where it belongs to no function.
    pub(crate) fn step(&mut self, image: &Image, at: TextOffset) -> Option<Step> {
        if let Some(known) = self.steps.get(&at) {
            return *known;
        }
        if self.steps.len() >= PLACES {
            self.steps.clear();
        }
        let step = look(image, at);
        self.steps.insert(at, step);
        step
    }
}

/// An instruction of a call path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) at: TextOffset,
    /// Whether this very instruction was interrupted. Otherwise it is what a call returns to, and the call is before it.
    pub(crate) is_exact: bool,
}

impl Place {
    /// The instruction that was going on, of the function that this belongs to. A state that the scheduler saved may
    /// be a function's very beginning, where nothing called.
    pub(super) fn within(self, function: Function) -> TextOffset {
        if self.is_exact || self.at <= function.entry { self.at } else { self.at - 1 }
    }
}

fn look(image: &Image, at: TextOffset) -> Option<Step> {
    let table = &image.table;
    let function = table.find(at)?;
    let name = table.name_at(table.name(function));
    let special = match name {
        b"runtime.systemstack" => Special::SystemStack,
        b"runtime.morestack" => Special::MoreStack,
        b"runtime.sigtramp" => Special::SignalTrampoline,
        b"runtime.asyncPreempt" | b"runtime.sigpanic" | b"runtime.debugCallV2" => Special::Injected,
        _ if table.is_top(function) => Special::Top,
        // It switches stacks with care: both can be walked (runtime/traceback.go, `resolveInternal`).
        _ if table.writes_sp(function) && name != b"runtime.cgocallback" => Special::SpWrite,
        _ => Special::None,
    };
    let is_system_call = name.ends_with(b"/syscall.Syscall6") || name.ends_with(b"/syscall/linux.Syscall6");
    Some(Step { sp_delta: table.sp_delta(function, at), special, is_system_call })
}
