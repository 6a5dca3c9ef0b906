//! An append-only file written through a shared mapping.
//!
//! Bytes that were copied into a shared mapping are the kernel's: they reach the file whatever becomes of the process,
//! SIGKILL included, and cost no system call. Only one window of the file is mapped at a time, so that a long journal
//! does not count against our memory.
//!
//! Writing to a mapping of a full disk would end the process with SIGBUS. So blocks are allocated ahead of the writing,
//! and a full disk is an ordinary error; some bytes are kept in reserve to write down that it happened.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::atomic::{Ordering, compiler_fence};

/// How much is mapped and allocated at a time, in bytes; a multiple of every page size.
const WINDOW: usize = 1 << 20;

/// What is kept back for the last words of a journal whose disk is full, in bytes.
const RESERVE: u64 = 64 << 10;

/// An append-only file. What was appended survives the death of this process.
#[derive(Debug)]
pub struct MappedLog {
    file: File,
    /// Where the window lies in memory.
    window: NonNull<u8>,
    /// Where the window begins in the file.
    start: u64,
    /// Where the next byte goes, from the beginning of the file.
    position: u64,
    /// How many bytes of the file have blocks.
    allocated: u64,
    reserve: u64,
}

impl MappedLog {
    /// Makes a new file and takes its first blocks.
    ///
    /// # Errors
    /// The file exists, the folder cannot be written, the disk is full.
    pub fn create(path: &Path) -> io::Result<MappedLog> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        let mut log = MappedLog {
            file,
            window: NonNull::dangling(),
            start: 0,
            position: 0,
            allocated: 0,
            reserve: RESERVE,
        };
        log.allocate(WINDOW as u64)?;
        log.window = map(&log.file, 0)?;
        Ok(log)
    }

    /// Appends all of these bytes, the first four of them last: until then the file goes on with zeros here, whoever ends
    /// this process, and wherever.
    ///
    /// # Errors
    /// A full disk, with nothing of `bytes` written.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        const HEAD: usize = 4;
        let needed = self.position + bytes.len() as u64 + self.reserve;
        if needed > self.allocated {
            self.allocate(needed)?;
        }
        let (head, rest) = bytes.split_at(bytes.len().min(HEAD));
        let end = self.position + bytes.len() as u64;
        if end <= self.start + WINDOW as u64 {
            self.put(self.position + HEAD as u64, rest);
            // What is killed in between has not come so far: the compiler must not write the head before.
            compiler_fence(Ordering::Release);
            self.put(self.position, head);
        } else {
            // Beyond the window, once in a megabyte. A mapping and write(2) see the same pages.
            self.file.write_all_at(rest, self.position + HEAD as u64)?;
            self.file.write_all_at(head, self.position)?;
            while end > self.start + WINDOW as u64 {
                self.advance()?;
            }
        }
        self.position = end;
        Ok(())
    }

    /// Copies bytes to a place within the window.
    fn put(&mut self, at: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let offset = usize::try_from(at - self.start).expect("the place is within the window");
        assert!(offset + bytes.len() <= WINDOW, "the bytes end within the window");
        // SAFETY: `offset < WINDOW`, and the window maps WINDOW bytes until it is replaced or dropped.
        let to = unsafe { self.window.add(offset) };
        // SAFETY: `bytes` fit the window behind `offset` (asserted), have blocks (allocated by the caller), and cannot
        // overlap: nobody outside has a reference into the mapping.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to.as_ptr(), bytes.len()) };
    }

    /// Lets the next bytes use what was kept back for a full disk.
    pub fn use_reserve(&mut self) {
        self.reserve = 0;
    }

    /// How many bytes were appended.
    pub fn len(&self) -> u64 {
        self.position
    }

    /// Whether nothing was appended yet.
    pub fn is_empty(&self) -> bool {
        self.position == 0
    }

    /// Gives back the blocks that were allocated ahead, and lets go of the file.
    ///
    /// # Errors
    /// Whatever ftruncate(2) says; the content is whole all the same.
    pub fn close(self) -> io::Result<()> {
        self.file.set_len(self.position)
    }

    /// Moves the window to where it ended.
    fn advance(&mut self) -> io::Result<()> {
        let start = self.start + WINDOW as u64;
        let window = map(&self.file, start)?;
        unmap(self.window);
        self.window = window;
        self.start = start;
        Ok(())
    }

    /// Takes blocks up to at least this length, in whole windows.
    fn allocate(&mut self, length: u64) -> io::Result<()> {
        let length = length.next_multiple_of(WINDOW as u64);
        let signed = |bytes: u64| i64::try_from(bytes).map_err(|_| io::Error::from_raw_os_error(libc::EFBIG));
        let (from, count) = (signed(self.allocated)?, signed(length - self.allocated)?);
        // SAFETY: fallocate(2) takes a descriptor and numbers.
        let result = unsafe { libc::fallocate(self.file.as_raw_fd(), 0, from, count) };
        if result < 0 {
            let error = io::Error::last_os_error();
            if error.raw_os_error() != Some(libc::EOPNOTSUPP) {
                return Err(error);
            }
            // Some file systems cannot allocate ahead; writing zeros does the same.
            self.file.seek(SeekFrom::Start(self.allocated))?;
            io::copy(&mut io::Read::take(io::repeat(0), length - self.allocated), &mut self.file)?;
            self.file.flush()?;
        }
        self.allocated = length;
        Ok(())
    }
}

impl Drop for MappedLog {
    fn drop(&mut self) {
        if self.allocated > 0 && self.window != NonNull::dangling() {
            unmap(self.window);
        }
    }
}

fn map(file: &File, offset: u64) -> io::Result<NonNull<u8>> {
    let offset = i64::try_from(offset).map_err(|_| io::Error::from_raw_os_error(libc::EFBIG))?;
    // SAFETY: a new mapping at an address of the kernel's choice; nothing existing is touched.
    let address = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            WINDOW,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED,
            file.as_raw_fd(),
            offset,
        )
    };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(NonNull::new(address.cast()).expect("mmap without MAP_FIXED never answers with address zero"))
}

fn unmap(window: NonNull<u8>) {
    // SAFETY: the window was mapped by `map` with this length, and its owner forgets it now.
    unsafe { libc::munmap(window.as_ptr().cast(), WINDOW) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_appended_is_in_the_file_across_windows() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut log = MappedLog::create(&path).unwrap();
        let mut expected = Vec::new();
        for round in 0..40_000_u32 {
            let bytes = vec![u8::try_from(round % 251).unwrap(); 100];
            log.append(&bytes).unwrap();
            expected.extend(bytes);
        }
        log.append(&vec![7; 3 * WINDOW]).unwrap();
        expected.extend(vec![7; 3 * WINDOW]);
        // Before closing, other readers see it all, followed by zeros.
        assert_eq!(std::fs::read(&path).unwrap()[..expected.len()], expected);
        log.close().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), expected);
    }

    #[test]
    fn what_begins_to_be_seen_is_there_as_a_whole() {
        const RECORDS: usize = 3000;
        const LONG: usize = 5003;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut log = MappedLog::create(&path).unwrap();
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let file = File::open(&path).unwrap();
                let mut bytes = vec![0; LONG];
                for record in 0..RECORDS {
                    loop {
                        file.read_exact_at(&mut bytes, (record * LONG) as u64).unwrap_or_default();
                        if bytes[..4] != [0; 4] {
                            break;
                        }
                        std::hint::spin_loop();
                    }
                    let torn = bytes.iter().position(|byte| *byte != 1);
                    assert_eq!(torn, None, "record {record}");
                    bytes.fill(0);
                }
            });
            for _ in 0..RECORDS {
                log.append(&[1; LONG]).unwrap();
            }
            reader.join().unwrap();
        });
    }

    #[test]
    fn an_existing_file_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        std::fs::write(&path, "precious").unwrap();
        assert_eq!(MappedLog::create(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    }
}
