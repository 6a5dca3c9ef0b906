//! What an executable says about its own build: the Go version, the package, the settings.

use crate::Error;
use crate::elf::{File, Place};
use std::io;

/// The build information that Go's linker puts into every executable.
///
/// # Go
/// debug/buildinfo/buildinfo.go. The inline form that is read here is that of go1.18 and later. Test binaries carry
/// more than a version only since go1.24; before, their [`BuildInfo::path`] is empty (tried with 1.21, 1.23, 1.24, 1.26).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildInfo {
    /// The version of Go: `go1.26.8`.
    pub go: String,
    /// The import path of the main package: `example.com/x.test`, `command-line-arguments`.
    pub path: String,
    /// The main module, if it was built in one.
    pub module: Option<String>,
    /// The settings of the build, as `-race` → `true`, `CGO_ENABLED` → `1`, in their order.
    pub settings: Vec<(String, String)>,
}

/// The most bytes of the information itself; it has a line for every module linked in.
const BLOB: u64 = 4 << 20;
/// How much of a segment is searched where there are no sections. The linker puts the blob at the beginning of the data
/// segment (cmd/link/internal/ld.Link.buildinfo), which internal linking also makes the beginning of the segment.
const SEARCHED: u64 = 4 << 20;
/// The longest version, in bytes: it is repeated in messages.
const VERSION: usize = 256;
const MAGIC: &[u8; 14] = b"\xff Go buildinf:";
/// The blob begins at a multiple of this, in bytes.
const ALIGNMENT: usize = 16;

impl BuildInfo {
    /// Reads it by way of `read_at`, which behaves like `std::os::unix::fs::FileExt::read_at`: it fills the buffer from
    /// this offset in the file on, as far as it can, and says how far. Of the file only headers, names and the
    /// information itself are read.
    ///
    /// # Errors
    /// [`Error::ReadExecutable`], [`Error::NotElf`], and [`Error::NotGo`] for what Go did not build, or a Go before 1.18.
    pub fn read(mut read_at: impl FnMut(u64, &mut [u8]) -> io::Result<usize>) -> Result<BuildInfo, Error> {
        let mut file = File::open(&mut read_at)?;
        BuildInfo::of(&mut file)
    }

    /// Reads it from a file that was opened.
    pub(crate) fn of(file: &mut File<'_>) -> Result<BuildInfo, Error> {
        let place = place(file)?.ok_or(Error::NotGo { reason: "it has no build information" })?;
        parse(&file.up_to(place.offset, place.size.min(BLOB))?)
    }

    /// The import path of the package whose test binary this is; nothing for other programs, and before go1.24.
    ///
    /// # Go
    /// `go test` builds package `P.test`, also for tests of package `P_test` and with `-race` (tried with go1.26).
    pub fn package_under_test(&self) -> Option<&str> {
        self.path.strip_suffix(".test")
    }

    /// Whether the race detector is built in, as far as the settings are there to say so.
    pub fn is_race(&self) -> bool {
        self.settings.iter().any(|(key, value)| key == "-race" && value == "true")
    }
}

/// Where the information is.
fn place(file: &mut File<'_>) -> Result<Option<Place>, Error> {
    let sections = file.sections()?;
    if let Some(section) = sections.iter().find(|section| section.name == b".go.buildinfo") {
        return Ok(Some(section.place));
    }
    search(file)
}

/// Looks for the blob in the segments, as debug/buildinfo does where there are no sections.
fn search(file: &mut File<'_>) -> Result<Option<Place>, Error> {
    for segment in file.segments()?.iter().filter(|segment| segment.is_writable) {
        let Place { offset, size } = segment.place;
        let bytes = file.up_to(offset, size.min(SEARCHED))?;
        let found = bytes.chunks(ALIGNMENT).position(|chunk| chunk.starts_with(MAGIC));
        if let Some(chunk) = found {
            let before = (chunk * ALIGNMENT) as u64;
            let Some(offset) = offset.checked_add(before) else { continue };
            return Ok(Some(Place { offset, size: size - before }));
        }
    }
    Ok(None)
}

/// Reads the blob: magic, pointer size, flags, padding to 32 bytes, then version and module text, each with its length.
fn parse(blob: &[u8]) -> Result<BuildInfo, Error> {
    let damaged = || Error::NotGo { reason: "its build information is damaged" };
    let rest = blob.strip_prefix(MAGIC).ok_or_else(damaged)?;
    let flags = rest.get(1).ok_or_else(damaged)?;
    if flags & 2 == 0 {
        return Err(Error::NotGo { reason: "its build information is that of a Go before 1.18" });
    }
    let rest = blob.get(32..).ok_or_else(damaged)?;
    let (go, rest) = text(rest).ok_or_else(damaged)?;
    let (module, _) = text(rest).ok_or_else(damaged)?;
    if go.is_empty() || go.len() > VERSION {
        return Err(damaged());
    }
    // Two sentinels of 16 bytes stand around the text (modload.infoStart and infoEnd).
    let lines = module.get(16..module.len().saturating_sub(16)).unwrap_or_default();
    let mut info = BuildInfo {
        go: String::from_utf8_lossy(go).into_owned(),
        path: String::new(),
        module: None,
        settings: Vec::new(),
    };
    for line in String::from_utf8_lossy(lines).lines() {
        let mut fields = line.split('\t');
        match (fields.next(), fields.next()) {
            (Some("path"), Some(path)) => info.path = path.to_owned(),
            (Some("mod"), Some(module)) => info.module = Some(module.to_owned()),
            (Some("build"), Some(_)) => {
                let setting = line.trim_start_matches("build\t");
                let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
                info.settings.push((unquoted(key), unquoted(value)));
            }
            _ => {}
        }
    }
    Ok(info)
}

/// A text behind its length (encoding/binary.Uvarint), and what follows it.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length: u64 = 0;
    for (index, byte) in bytes.iter().enumerate().take(5) {
        length |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let length = usize::try_from(length).ok()?;
            return bytes[index + 1..].split_at_checked(length);
        }
    }
    None
}

/// Keys and values with spaces or quotes are written as Go string literals (runtime/debug.BuildInfo.String). Backslashes
/// in them are left as they are.
fn unquoted(text: &str) -> String {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .or_else(|| text.strip_prefix('`').and_then(|text| text.strip_suffix('`')));
    inner.unwrap_or(text).to_owned()
}

#[cfg(test)]
#[path = "buildinfo_tests.rs"]
mod tests;
