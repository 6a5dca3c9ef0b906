//! Strings that a target is to start with beside its own, for a search of the room that execve(2) has.
//!
//! They come in a file, named by a variable, because they may fill all the room there is: whatever is started on the way to the
//! target (the guard, `go`, this shim) needs more of it than the target does. The variable does not reach the target.
//!
//! The file: a word that says what the strings are (`variables` or `arguments`), the soft stack limit in bytes (or `-` for the
//! one that there is), both ended by a line feed; then the strings, each with its NUL.

use crate::surroundings::is_ours;
use crate::sys;
use std::ffi::{CString, OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// The variable that names the file.
pub const PADDING: &str = "DURESS_SHIM_PADDING";

/// The word among a command's arguments in whose place the strings come.
pub const PLACE: &str = "{}";

/// What the strings are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Variables, after the target's own.
    Variables,
    /// Arguments, in the place of each [`PLACE`].
    Arguments,
}

/// Strings to start a target with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Padding {
    /// What they are.
    pub kind: Kind,
    /// The soft limit of the target's stack; none where it stays as it is.
    pub stack: Option<u64>,
    /// The strings.
    pub strings: Vec<CString>,
}

/// What a target is started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// The path of its file.
    pub path: CString,
    /// Its arguments.
    pub arguments: Vec<CString>,
    /// Its variables.
    pub variables: Vec<CString>,
}

impl Padding {
    /// As the file has it.
    pub fn encode(&self) -> Vec<u8> {
        let kind = match self.kind {
            Kind::Variables => "variables",
            Kind::Arguments => "arguments",
        };
        let stack = self.stack.map_or("-".to_owned(), |bytes| bytes.to_string());
        let mut bytes = format!("{kind}\n{stack}\n").into_bytes();
        for string in &self.strings {
            bytes.extend_from_slice(string.as_bytes_with_nul());
        }
        bytes
    }

    /// From a file.
    pub fn decode(bytes: &[u8]) -> Option<Padding> {
        let mut parts = bytes.splitn(3, |byte| *byte == b'\n');
        let kind = match parts.next()? {
            b"variables" => Kind::Variables,
            b"arguments" => Kind::Arguments,
            _ => return None,
        };
        let stack = match parts.next()? {
            b"-" => None,
            number => Some(std::str::from_utf8(number).ok()?.parse().ok()?),
        };
        Some(Padding { kind, stack, strings: strings(parts.next()?)? })
    }

    /// Puts its strings where they belong.
    pub fn apply(&self, launch: &mut Launch) {
        match self.kind {
            Kind::Variables => launch.variables.extend(self.strings.iter().cloned()),
            Kind::Arguments => {
                let words = std::mem::take(&mut launch.arguments);
                for word in words {
                    if word.as_bytes() == PLACE.as_bytes() {
                        launch.arguments.extend(self.strings.iter().cloned());
                    } else {
                        launch.arguments.push(word);
                    }
                }
            }
        }
    }
}

impl Launch {
    /// As a file has it: the path, the number of arguments, and all strings.
    fn encode(&self) -> Vec<u8> {
        let mut bytes = format!("{}\n", self.arguments.len()).into_bytes();
        for string in std::iter::once(&self.path).chain(&self.arguments).chain(&self.variables) {
            bytes.extend_from_slice(string.as_bytes_with_nul());
        }
        bytes
    }

    /// From a file.
    pub fn decode(bytes: &[u8]) -> Option<Launch> {
        let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
        let count: usize = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
        let mut strings = strings(parts.next()?)?.into_iter();
        let path = strings.next()?;
        let arguments: Vec<CString> = strings.by_ref().take(count).collect();
        Some(Launch { path, arguments, variables: strings.collect() })
    }

    /// What this process would start: a file and arguments, with its own variables but for those that are ours.
    pub(crate) fn own(path: &OsStr, arguments: &[CString]) -> Launch {
        let string = |text: OsString| CString::new(text.into_vec()).unwrap_or_default();
        Launch {
            path: string(path.to_owned()),
            arguments: arguments.to_vec(),
            variables: sys::variables().into_iter().filter(|variable| !is_ours(variable)).collect(),
        }
    }
}

pub(crate) fn strings(bytes: &[u8]) -> Option<Vec<CString>> {
    let mut strings = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == 0)?;
        strings.push(CString::new(&rest[..end]).ok()?);
        rest = &rest[end + 1..];
    }
    Some(strings)
}

/// Where a shim leaves what its target was started with, but for the padding: beside the file, one for each launch.
pub fn seen(file: &Path, pid: u32) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{pid}"));
    name.into()
}

/// What the target is to be started with, where a file says more than its arguments do; its stack limit is set.
///
/// # Errors
/// The error number, where the file cannot be read or the limit not be set.
pub(crate) fn launch(path: &OsStr, arguments: &[CString]) -> Result<Option<Launch>, i32> {
    let Some(file) = std::env::var_os(PADDING).map(PathBuf::from) else { return Ok(None) };
    let errno = |error: std::io::Error| error.raw_os_error().unwrap_or(libc::EIO);
    let padding = Padding::decode(&fs::read(&file).map_err(errno)?).ok_or(libc::EINVAL)?;
    let mut launch = Launch::own(path, arguments);
    fs::write(seen(&file, std::process::id()), launch.encode()).map_err(errno)?;
    padding.apply(&mut launch);
    if let Some(bytes) = padding.stack {
        sys::limit_stack(bytes)?;
    }
    Ok(Some(launch))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> CString {
        CString::new(text).expect("no zero is in it")
    }

    fn launch() -> Launch {
        Launch {
            path: text("/bin/x"),
            arguments: vec![text("x"), text("{}"), text("a{}")],
            variables: vec![text("A=1\n2"), text("")],
        }
    }

    #[test]
    fn files_hold_what_was_put_in() {
        for (kind, stack) in [(Kind::Variables, None), (Kind::Arguments, Some(1 << 20))] {
            let padding = Padding { kind, stack, strings: vec![text("B=\n"), text(""), text("C")] };
            assert_eq!(Padding::decode(&padding.encode()), Some(padding));
        }
        assert_eq!(Launch::decode(&launch().encode()), Some(launch()));
        assert_eq!(Padding::decode(b"variables\n-\nno end"), None);
        assert_eq!(Padding::decode(b"words\n-\n"), None);
    }

    #[test]
    fn strings_come_where_they_belong() {
        let strings = vec![text("p"), text("q")];
        let mut one = launch();
        Padding { kind: Kind::Variables, stack: None, strings: strings.clone() }.apply(&mut one);
        assert_eq!(one.variables, [text("A=1\n2"), text(""), text("p"), text("q")]);
        let mut one = launch();
        Padding { kind: Kind::Arguments, stack: None, strings }.apply(&mut one);
        assert_eq!(one.arguments, [text("x"), text("p"), text("q"), text("a{}")]);
    }
}
