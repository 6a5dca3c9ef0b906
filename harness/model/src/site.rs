//! Where in a Go program a system call was made.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// One step of a Go call path: a function, and the line in it from which the next one was called.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Frame {
    /// The function as Go calls it (`example.com/store.(*Log).Append`, `main.main.func1`), type arguments as `[...]`;
    /// `<C>` stands for all that is not Go's.
    pub function: Arc<str>,
    /// The source file, as it was named when it was compiled; empty where that is not known.
    pub file: Arc<str>,
    /// The line; 0 where it is not known.
    pub line: u32,
    /// Whose function it is.
    pub code: Code,
    /// Whether people are shown it: what a person means by the call path, without the wrappers at its lower end and the
    /// scaffolding of runtime and test runner.
    pub is_shown: bool,
}

/// Whose a function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Code {
    /// The program's own module, and the package under test.
    User,
    /// Another module.
    Dependency,
    /// Go's standard library, its runtime included.
    Standard,
    /// Not Go's.
    Foreign,
}

/// A Go call path that ends in a system call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Site {
    /// Its frames, innermost first: all of them, inlined ones included.
    pub frames: Vec<Frame>,
    /// Whether the outermost frame is the goroutine's first; otherwise the path was cut, or could not be followed.
    pub is_whole: bool,
}

/// What makes two sites the same: the names of the functions that are shown, in order. Lines and addresses do not
/// count, so that a key outlives a rebuild.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SiteKey(pub u64);

impl Site {
    /// The frames that people are shown, innermost first.
    pub fn shown(&self) -> impl Iterator<Item = &Frame> {
        self.frames.iter().filter(|frame| frame.is_shown)
    }

    /// The innermost frame of user code: the line that met whatever happened to the call.
    pub fn user(&self) -> Option<&Frame> {
        self.frames.iter().find(|frame| frame.code == Code::User)
    }

    /// What makes it the same as others.
    pub fn key(&self) -> SiteKey {
        SiteKey(self.shown().fold(START, |hash, frame| digest(hash, frame.function.as_bytes())))
    }
}

impl Frame {
    /// The import path of the function's package; empty for what is not Go's.
    ///
    /// # Go
    /// A function's name is its package's import path, a dot, and names without slashes (but those of type arguments).
    /// Dots in the last element of the path, and what is no plain character, are written `%2e` there
    /// (cmd/internal/objabi/path.go, `PathToPrefix`).
    pub fn package(&self) -> Cow<'_, str> {
        let (path, name) = self.split();
        plain(name.find('.').map_or("", |dot| &self.function[..path + dot]))
    }

    /// The whole name, with the import path as it is imported.
    pub fn name(&self) -> Cow<'_, str> {
        plain(&self.function)
    }

    /// The name with the last element of the import path only: `store.(*Log).Append`, as one writes it in Go.
    pub fn short(&self) -> &str {
        self.split().1
    }

    /// Where the last element of the import path begins, and the name from there on.
    fn split(&self) -> (usize, &str) {
        let plain = self.function.find('[').unwrap_or(self.function.len());
        let start = self.function[..plain].rfind('/').map_or(0, |slash| slash + 1);
        (start, &self.function[start..])
    }
}

/// A name without `%2e` and the like.
fn plain(name: &str) -> Cow<'_, str> {
    let Some((first, rest)) = name.split_once('%') else { return Cow::Borrowed(name) };
    let mut plain = first.as_bytes().to_vec();
    for part in rest.split('%') {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => plain.extend(std::iter::once(byte).chain(part.bytes().skip(2))),
            None => plain.extend(std::iter::once(b'%').chain(part.bytes())),
        }
    }
    Cow::Owned(String::from_utf8_lossy(&plain).into_owned())
}

impl fmt::Display for Frame {
    /// `store.(*Log).Append (log.go:12)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())?;
        if self.file.is_empty() {
            return Ok(());
        }
        write!(f, " ({}:{})", self.file.rsplit('/').next().unwrap_or_default(), self.line)
    }
}

/// The offset basis of FNV-1a, 64 bits.
pub(crate) const START: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a, 64 bits, over a text and its end: fast, without state, and the same in every version of duress.
pub(crate) fn digest(hash: u64, text: &[u8]) -> u64 {
    const PRIME: u64 = 0x0100_0000_01b3;
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
    // No name has this byte, so that `ab`, `c` is another list than `a`, `bc`.
    text.iter().chain(&[0xff]).fold(hash, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(function: &str, line: u32, code: Code, is_shown: bool) -> Frame {
        Frame { function: function.into(), file: "/src/a.go".into(), line, code, is_shown }
    }

    #[test]
    fn the_key_is_made_of_names_that_are_shown() {
        let site = |line, wrapper: &str, name: &str| Site {
            frames: vec![
                frame(wrapper, line, Code::Standard, false),
                frame("os.Open", line, Code::Standard, true),
                frame(name, line, Code::User, true),
            ],
            is_whole: true,
        };
        assert_eq!(site(1, "syscall.Syscall", "x.F").key(), site(2, "syscall.Syscall6", "x.F").key());
        assert_ne!(site(1, "syscall.Syscall", "x.F").key(), site(1, "syscall.Syscall", "x.G").key());
        // Golden: replays of recorded runs depend on it.
        assert_eq!(site(1, "", "x.F").key(), SiteKey(0xe774_030d_2b1b_cff1));
        assert_eq!(site(1, "", "x.F").user().map(|frame| &*frame.function), Some("x.F"));
    }

    #[test]
    fn a_name_is_split_where_its_package_ends() {
        for (function, package, short) in [
            ("main.main", "main", "main.main"),
            ("example.com/store.(*Log).Append", "example.com/store", "store.(*Log).Append"),
            ("gopkg.in/yaml%2ev3.Marshal", "gopkg.in/yaml.v3", "yaml%2ev3.Marshal"),
            ("example.com/x.Map[...].func1", "example.com/x", "x.Map[...].func1"),
            ("<C>", "", "<C>"),
        ] {
            let frame = frame(function, 1, Code::User, true);
            assert_eq!((&*frame.package(), frame.short()), (package, short), "{function}");
        }
    }
}
