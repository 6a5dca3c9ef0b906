//! Error numbers, typed.

use crate::errno_table::TABLE;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An error number as a system call returns it, 1 to 4095.
///
/// # Kernel
/// `MAX_ERRNO` is 4095 (Linux `include/linux/err.h`): results from -4095 to -1 are errors, all others are values.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Errno(u16);

impl Errno {
    /// Operation not permitted.
    pub const EPERM: Errno = Errno(1);
    /// No such file or directory.
    pub const ENOENT: Errno = Errno(2);
    /// Interrupted system call.
    pub const EINTR: Errno = Errno(4);
    /// Argument list too long.
    pub const E2BIG: Errno = Errno(7);
    /// Resource temporarily unavailable: Go's poller takes it as "not ready yet".
    pub const EAGAIN: Errno = Errno(11);
    /// Not enough memory.
    pub const ENOMEM: Errno = Errno(12);
    /// Too many open files of one process.
    pub const EMFILE: Errno = Errno(24);
    /// No space left on device.
    pub const ENOSPC: Errno = Errno(28);
    /// Function not implemented.
    pub const ENOSYS: Errno = Errno(38);

    /// The error with this number, if the kernel could return it (1 to 4095).
    pub const fn from_raw(raw: i32) -> Option<Errno> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 4095 fits u16")]
        if raw >= 1 && raw <= 4095 { Some(Errno(raw as u16)) } else { None }
    }

    /// The positive number.
    pub const fn raw(self) -> i32 {
        self.0 as i32
    }

    /// The name in the manual pages (`ENOSPC`), or nothing for a number that has none.
    pub fn name(self) -> Option<&'static str> {
        TABLE.iter().find(|(_, number, _)| *number == self.0).map(|(name, ..)| *name)
    }

    /// The words Go prints for it (`no space left on device`).
    pub fn description(self) -> Option<&'static str> {
        TABLE.iter().find(|(_, number, _)| *number == self.0).map(|(.., text)| *text)
    }

    /// Every named error, by number.
    pub fn all() -> impl Iterator<Item = Errno> {
        TABLE.iter().map(|(_, number, _)| Errno(*number))
    }
}

/// The text is no error name and no number from 1 to 4095.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownErrno;

/// Names that the kernel uses within itself; forced, they reach the program as plain numbers.
///
/// # Kernel
/// Linux `include/linux/errno.h`. strace(1) knows them too.
const INTERNAL: [(&str, u16); 10] = [
    ("ERESTARTSYS", 512),
    ("ERESTARTNOINTR", 513),
    ("ERESTARTNOHAND", 514),
    ("ENOIOCTLCMD", 515),
    ("ERESTART_RESTARTBLOCK", 516),
    ("EPROBE_DEFER", 517),
    ("EOPENSTALE", 518),
    ("ENOPARAM", 519),
    ("ENOTSUPP", 524),
    ("ERECALLCONFLICT", 530),
];

impl FromStr for Errno {
    type Err = UnknownErrno;

    /// Reads a name (`ENOSPC`, also the aliases `EWOULDBLOCK`, `EDEADLOCK` and `ENOTSUP`) or a number.
    fn from_str(text: &str) -> Result<Self, UnknownErrno> {
        if let Ok(number) = text.parse::<i32>() {
            return Errno::from_raw(number).ok_or(UnknownErrno);
        }
        let name = match text {
            "EWOULDBLOCK" => "EAGAIN",
            "EDEADLOCK" => "EDEADLK",
            "ENOTSUP" => "EOPNOTSUPP",
            other => other,
        };
        if let Some((_, number)) = INTERNAL.iter().find(|(known, _)| *known == name) {
            return Ok(Errno(*number));
        }
        TABLE
            .iter()
            .find(|(known, ..)| *known == name)
            .map(|(_, number, _)| Errno(*number))
            .ok_or(UnknownErrno)
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "errno {}", self.0),
        }
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_read_back() {
        for errno in Errno::all() {
            assert_eq!(errno.to_string().parse::<Errno>(), Ok(errno));
            assert_eq!(errno.raw().to_string().parse::<Errno>(), Ok(errno));
        }
        assert_eq!("EWOULDBLOCK".parse(), Ok(Errno::EAGAIN));
    }

    #[test]
    fn numbers_the_kernel_cannot_return_are_refused() {
        for text in ["0", "-1", "4096", "ENOSPACE", ""] {
            assert_eq!(text.parse::<Errno>(), Err(UnknownErrno), "{text}");
        }
    }
}
