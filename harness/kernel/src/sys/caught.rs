//! What a program sees of its signals and registers; for tests of the mechanism that plays with both.

use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

/// What a signal handler saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caught {
    pub(crate) signal: i64,
    pub(crate) errno: i64,
    pub(crate) code: i64,
    /// The 16 bytes that follow, as four numbers: sender and user, or address, number and architecture.
    pub(crate) rest: [i64; 4],
    /// The result register, which the handler's return would restore.
    pub(crate) result: i64,
}

static COUNT: AtomicUsize = AtomicUsize::new(0);
static LAST: [AtomicI64; 8] = [const { AtomicI64::new(0) }; 8];

extern "C" fn note(_: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: with SA_SIGINFO the second argument is a siginfo_t of the kernel's, which begins with 32 bytes of numbers.
    let words = unsafe { info.cast::<[i32; 8]>().read() };
    for (place, word) in [0, 1, 2, 4, 5, 6, 7].into_iter().enumerate() {
        LAST[place].store(words[word].into(), Ordering::SeqCst);
    }
    // SAFETY: with SA_SIGINFO the third argument is a ucontext_t of the kernel's.
    let registers = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    LAST[7].store(registers[usize::try_from(libc::REG_RAX).expect("it is 13")], Ordering::SeqCst);
    COUNT.fetch_add(1, Ordering::SeqCst);
}

/// Catches a signal, with these `SA_*` flags.
pub(crate) fn catch(signal: i32, flags: i32) {
    // SAFETY: all bytes zero is a valid sigaction, with an empty mask.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = note as extern "C" fn(_, _, _) as usize;
    action.sa_flags = libc::SA_SIGINFO | flags;
    // SAFETY: `action` is initialised, its handler only writes to atomics, and the old one is not asked for.
    unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) };
}

/// How many signals were caught, and the last of them.
pub(crate) fn caught() -> (usize, Caught) {
    let last = |place: usize| LAST[place].load(Ordering::SeqCst);
    let caught = Caught {
        signal: last(0),
        errno: last(1),
        code: last(2),
        rest: [3, 4, 5, 6].map(last),
        result: last(7),
    };
    (COUNT.load(Ordering::SeqCst), caught)
}

/// Reads, and gives the result and what the argument registers are behind the call.
pub(crate) fn read_with_registers(fd: i32, buffer: &mut [u8]) -> (i64, [u64; 6]) {
    let (base, length) = (buffer.as_mut_ptr() as u64, buffer.len() as u64);
    let (mut a, mut b, mut c) = (u64::from(fd.cast_unsigned()), base, length);
    let (mut d, mut e, mut f) = (44_u64, 55_u64, 66_u64);
    let mut result = libc::SYS_read;
    // SAFETY: read(2) writes at most `length` bytes to `buffer`, which is exclusively ours; registers that the kernel changes
    // are named.
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") result, inlateout("rdi") a, inlateout("rsi") b, inlateout("rdx") c,
            inlateout("r10") d, inlateout("r8") e, inlateout("r9") f,
            lateout("rcx") _, lateout("r11") _,
        );
    }
    (result, [a, b, c, d, e, f])
}
