//! Files of ours that a tracee gets in the place of those that it opens.

use crate::memory;
use model::{Call, Content};
use nix::fcntl::{FcntlArg, OFlag, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use std::cell::RefCell;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

/// Files with contents that rules name, each made when it is first needed.
#[derive(Debug, Default)]
pub(crate) struct Contents(RefCell<Vec<(Content, File)>>);

impl Contents {
    /// Opens a file with this content as the flags say.
    ///
    /// Every opening has an offset of its own. What is opened for writing is a copy of its own, too.
    ///
    /// # Errors
    /// The file that has the content cannot be read, or there is no memory, or no descriptor.
    pub(crate) fn open(&self, content: &Content, flags: OFlag) -> io::Result<File> {
        let mut made = self.0.borrow_mut();
        let place = made.iter().position(|(known, _)| known == content);
        let place = match place {
            Some(place) => place,
            None => {
                let file = make(content)?;
                let all = SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SHRINK;
                fcntl(&file, FcntlArg::F_ADD_SEALS(all | SealFlag::F_SEAL_SEAL))?;
                made.push((content.clone(), file));
                made.len() - 1
            }
        };
        let file = &made[place].1;
        if flags & OFlag::O_ACCMODE == OFlag::O_RDONLY {
            return reopen(file, flags);
        }
        let copy = empty()?;
        io::copy(&mut reopen(file, OFlag::O_RDONLY)?, &mut &copy)?;
        reopen(&copy, flags)
    }
}

/// A file in memory with this content.
fn make(content: &Content) -> io::Result<File> {
    let mut file = empty()?;
    match content {
        Content::Text(text) => file.write_all(text.as_bytes())?,
        Content::File(path) => {
            io::copy(&mut File::open(path)?, &mut file)?;
        }
    }
    Ok(file)
}

fn empty() -> io::Result<File> {
    let file = File::from(memfd_create("duress", MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?);
    // Made, it has all bits, also those for executing it.
    file.set_permissions(Permissions::from_mode(0o644))?;
    Ok(file)
}

/// Another open file description of the same file.
fn reopen(file: &File, flags: OFlag) -> io::Result<File> {
    let access = flags & OFlag::O_ACCMODE;
    let kept = OFlag::O_APPEND | OFlag::O_NONBLOCK | OFlag::O_DIRECTORY | OFlag::O_TRUNC;
    OpenOptions::new()
        .read(access != OFlag::O_WRONLY)
        .write(access != OFlag::O_RDONLY)
        .custom_flags((flags & kept).bits())
        .open(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// How a call opens its file.
///
/// # Kernel
/// open(2); of `openat2`, the flags are the first 64 bits of `struct open_how`.
pub(crate) fn open_flags(call: &Call) -> OFlag {
    let low = |register: u64| {
        let [a, b, c, d, ..] = register.to_le_bytes();
        OFlag::from_bits_retain(i32::from_le_bytes([a, b, c, d]))
    };
    match call.sysno.name() {
        Some("open") => low(call.args[1]),
        Some("openat" | "open_by_handle_at") => low(call.args[2]),
        Some("creat") => OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_TRUNC,
        Some("openat2") => {
            let mut flags = [0; 8];
            memory::read(call.tid, call.args[2], &mut flags);
            low(u64::from_ne_bytes(flags))
        }
        _ => OFlag::O_RDONLY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Sysno, Tid};
    use std::io::Read;

    fn text(mut file: &File) -> String {
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn every_reader_reads_from_the_start_and_cannot_write() {
        let (contents, content) = (Contents::default(), Content::Text("hello".into()));
        let first = contents.open(&content, OFlag::O_RDONLY).unwrap();
        let second = contents.open(&content, OFlag::O_RDONLY).unwrap();
        assert_eq!((text(&first), text(&second)), ("hello".into(), "hello".into()));
        let again =
            OpenOptions::new().write(true).open(format!("/proc/self/fd/{}", first.as_raw_fd())).unwrap();
        assert!((&again).write_all(b"x").is_err(), "it is sealed");
    }

    #[test]
    fn a_writer_changes_nothing_for_others() {
        let (contents, content) = (Contents::default(), Content::Text("hello".into()));
        let written = contents.open(&content, OFlag::O_RDWR | OFlag::O_APPEND).unwrap();
        (&written).write_all(b" world").unwrap();
        assert_eq!(text(&reopen(&written, OFlag::O_RDONLY).unwrap()), "hello world");
        let emptied = contents.open(&content, OFlag::O_WRONLY | OFlag::O_TRUNC).unwrap();
        assert_eq!(emptied.metadata().unwrap().len(), 0);
        assert_eq!(text(&contents.open(&content, OFlag::O_RDONLY).unwrap()), "hello");
    }

    #[test]
    fn a_file_is_read_when_it_is_first_needed_and_not_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fixture");
        let (contents, content) = (Contents::default(), Content::File(path.to_str().unwrap().into()));
        assert!(contents.open(&content, OFlag::O_RDONLY).is_err());
        for now in ["before", "after"] {
            std::fs::write(&path, now).unwrap();
            assert_eq!(text(&contents.open(&content, OFlag::O_RDONLY).unwrap()), "before");
        }
    }

    #[test]
    fn each_way_of_opening_says_its_flags_in_its_own_place() {
        let how = [u64::from((OFlag::O_RDWR | OFlag::O_CLOEXEC).bits().cast_unsigned()), 0, 0];
        let tid = Tid(nix::unistd::gettid().as_raw());
        let read_write = 0xffff_ffff_0000_0002;
        for (name, args, flags) in [
            ("open", [9, read_write, 9, 9, 9, 9], OFlag::O_RDWR),
            ("openat", [9, 9, read_write, 9, 9, 9], OFlag::O_RDWR),
            ("creat", [9; 6], OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_TRUNC),
            ("openat2", [9, 9, how.as_ptr() as u64, 24, 9, 9], OFlag::O_RDWR | OFlag::O_CLOEXEC),
        ] {
            let sysno = Sysno::from_name(name).unwrap();
            assert_eq!(open_flags(&Call { tid, sysno, args, pc: 0 }), flags, "{name}");
        }
    }
}
