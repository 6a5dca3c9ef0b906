//! Memory that ends where nothing can be read; for tests of reading other processes.

/// So many pages of zeros, before one that cannot be touched.
#[derive(Debug)]
pub(crate) struct Guarded {
    start: *mut libc::c_void,
    length: usize,
}

const PAGE: usize = 4096;

impl Guarded {
    pub(crate) fn new(pages: usize) -> Guarded {
        let length = (pages + 1) * PAGE;
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping wherever the kernel likes it overlays nothing.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), length, access, kind, -1, 0) };
        assert_ne!(start, libc::MAP_FAILED);
        let guarded = Guarded { start, length };
        let guard = start.wrapping_byte_add(length - PAGE);
        // SAFETY: the last page of our own mapping, of which no references exist.
        assert_eq!(unsafe { libc::mprotect(guard, PAGE, libc::PROT_NONE) }, 0);
        guarded
    }

    /// The first address that cannot be read.
    pub(crate) fn end(&self) -> u64 {
        (self.start.addr() + self.length - PAGE) as u64
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: our own mapping, whole, of which no references exist.
        unsafe { libc::munmap(self.start, self.length) };
    }
}
