//! A system call as the supervisor sees it.

use crate::{Sysno, Tid};

/// One trapped system call: who asks for what. Its thread sleeps until it is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The thread that made it.
    pub tid: Tid,
    /// Which call.
    pub sysno: Sysno,
    /// The six argument registers, as they were; pointers are the tracee's.
    pub args: [u64; 6],
    /// The instruction behind the one that made it (the program counter that it returns to).
    pub pc: u64,
}
