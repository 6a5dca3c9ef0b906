//! A gate before which a thread waits without a system call.
//!
//! The filtered thread must not make one, and spinning takes a CPU from the very processes that it waits for: on two
//! CPUs a launch took 2 to 3 ms longer. So it reads a page that userfaultfd(2) holds back, and sleeps in the page fault until
//! the other thread puts the page there.

use crate::sys::HeldPage;
use std::hint;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// A gate between two threads: one waits before it, the other opens it.
pub(crate) struct Gate {
    /// None where the kernel refuses: `CONFIG_USERFAULTFD` is off, or a profile forbids it. Then the waiting spins.
    page: Option<HeldPage>,
    is_open: AtomicBool,
}

impl Gate {
    /// A closed gate. To be made before the filter is put on.
    pub(crate) fn closed() -> Gate {
        Gate { page: HeldPage::new(), is_open: AtomicBool::new(false) }
    }

    /// Waits until the gate is opened, without a system call.
    pub(crate) fn pass(&self) {
        if let Some(page) = &self.page {
            page.touch();
        }
        while !self.is_open.load(Ordering::Acquire) {
            hint::spin_loop();
        }
    }

    /// Waits a while for somebody to stand before the gate; makes system calls.
    pub(crate) fn await_somebody(&self) {
        match &self.page {
            Some(page) => page.await_touch(),
            None => thread::yield_now(),
        }
    }

    /// Opens the gate.
    pub(crate) fn open(&self) {
        self.is_open.store(true, Ordering::Release);
        if let Some(page) = &self.page {
            page.release();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicU32;

    fn check(gate: Gate) {
        let (gate, passed) = (Arc::new(gate), Arc::new(AtomicU32::new(0)));
        let waiting = {
            let (gate, passed) = (Arc::clone(&gate), Arc::clone(&passed));
            thread::spawn(move || {
                gate.pass();
                passed.store(1, Ordering::Release);
            })
        };
        gate.await_somebody();
        assert_eq!(passed.load(Ordering::Acquire), 0, "a closed gate lets nobody pass");
        gate.open();
        waiting.join().unwrap();
        gate.pass();
    }

    #[test]
    fn a_gate_holds_until_it_is_opened() {
        check(Gate::closed());
        check(Gate { page: None, is_open: AtomicBool::new(false) });
    }
}
