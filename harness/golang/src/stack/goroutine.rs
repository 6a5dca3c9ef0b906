//! A goroutine, read from its `g`.

use super::layout::{G_M, G_STACK_HI, Layout};
use super::memory::{Memory, word_at};
use super::program::View;
use super::unwind::Stack;

/// How much of a `g` is read: up to the last field that counts.
pub(crate) const SIZE: usize = 320;

/// What a `g` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct G {
    pub(crate) stack: Stack,
    pub(crate) goid: u64,
    /// The goroutine that started it; nothing before Go 1.21.
    pub(crate) parent: Option<u64>,
    /// What the `go` statement that started it returns to.
    pub(crate) gopc: u64,
    /// The first instruction of its function.
    pub(crate) startpc: u64,
    pub(crate) machine: u64,
}

impl G {
    /// Reads it.
    pub(crate) fn read(address: u64, layout: &Layout, memory: &mut dyn Memory) -> Option<G> {
        let mut bytes = [0; SIZE];
        let got = memory.read(address, &mut bytes);
        G::of(address, &bytes[..got], layout)
    }

    /// From its bytes.
    pub(crate) fn of(address: u64, bytes: &[u8], layout: &Layout) -> Option<G> {
        let at = |offset: u64| usize::try_from(offset).ok().and_then(|offset| word_at(bytes, offset));
        Some(G {
            stack: Stack {
                g: address,
                low: at(0)?,
                high: at(G_STACK_HI)?,
                syscall_sp: at(layout.g_syscallsp)?,
                syscall_pc: at(layout.g_syscallsp + 8)?,
            },
            goid: at(layout.g_goid)?,
            parent: match layout.g_parent {
                Some(offset) => Some(at(offset)?),
                None => None,
            },
            gopc: at(layout.g_gopc)?,
            startpc: at(layout.g_startpc)?,
            machine: at(G_M)?,
        })
    }

    /// Whether all of it makes sense: where a version was never compared, an offset may be another field's by now.
    pub(crate) fn is_sound(&self, view: &View<'_>) -> bool {
        /// No program has made so many goroutines, and Go's heap begins above it (`0xc0_0000_0000`).
        const MANY: u64 = 1 << 39;
        let Stack { low, high, syscall_sp, syscall_pc, .. } = self.stack;
        let is_code = |pc: u64| view.module.offset(pc).is_some();
        let begins = |pc: u64| {
            let at = view.module.offset(pc)?;
            view.image.table.find(at).map(|function| function.entry == at)
        };
        let is_number = |goid: u64| goid < MANY && !is_code(goid);
        // The first goroutine, and those for threads that C has made, were started by no `go` statement.
        let is_started = (self.goid == 1 || self.gopc == 0 || is_code(self.gopc))
            && (self.startpc == 0 || begins(self.startpc) == Some(true));
        let is_entered = syscall_sp == 0 || ((low..high).contains(&syscall_sp) && is_code(syscall_pc));
        low < high
            && self.goid > 0
            && is_number(self.goid)
            && self.parent.is_none_or(is_number)
            && is_started
            && is_entered
    }
}
