//! What an executable says about its own build: the Go version, the package, the settings.

use crate::Error;
use goblin::container::Ctx;
use goblin::elf::program_header::PT_LOAD;
use goblin::elf::{Elf, Header, ProgramHeader, SectionHeader};
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

/// The most bytes of a table of headers or names.
const TABLE: u64 = 4 << 20;
/// The most bytes of the information itself; it has a line for every module linked in.
const BLOB: u64 = 4 << 20;
/// How much of a segment is searched where there are no sections. The linker puts the blob at the beginning of the data
/// segment (cmd/link/internal/ld.Link.buildinfo), which internal linking also makes the beginning of the segment.
const SEARCHED: u64 = 4 << 20;
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
        let mut file = File { read_at: &mut read_at };
        let header = Elf::parse_header(&file.up_to(0, 64)?).map_err(not_elf)?;
        let container = header.container().map_err(not_elf)?;
        let ctx = Ctx::new(container, header.endianness().map_err(not_elf)?);
        let place = match file.section(&header, ctx)? {
            Some(place) => place,
            None => {
                file.search(&header, ctx)?.ok_or(Error::NotGo { reason: "it has no build information" })?
            }
        };
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

/// A place in the file.
#[derive(Clone, Copy)]
struct Place {
    offset: u64,
    size: u64,
}

struct File<'a> {
    read_at: &'a mut dyn FnMut(u64, &mut [u8]) -> io::Result<usize>,
}

impl File<'_> {
    /// The bytes from here on, fewer where the file ends. Callers bound `size`.
    fn up_to(&mut self, offset: u64, size: u64) -> Result<Vec<u8>, Error> {
        /// Memory is taken as bytes really come, whatever a header claims.
        const CHUNK: u64 = 64 << 10;
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < size {
            let got = bytes.len();
            let Some(at) = offset.checked_add(got as u64) else { break };
            let wanted = (size - got as u64).min(CHUNK);
            bytes.resize(got + usize::try_from(wanted).unwrap_or_default(), 0);
            let read = loop {
                match (self.read_at)(at, &mut bytes[got..]) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => break result.map_err(Error::ReadExecutable)?,
                }
            };
            bytes.truncate(got + read);
            if read == 0 {
                break;
            }
        }
        Ok(bytes)
    }

    /// A table of `count` entries, whole or not at all.
    fn table(&mut self, offset: u64, entry: usize, count: u16) -> Result<Option<Vec<u8>>, Error> {
        let size = entry as u64 * u64::from(count);
        if offset == 0 || size == 0 || size > TABLE {
            return Ok(None);
        }
        let bytes = self.up_to(offset, size)?;
        Ok(Some(bytes).filter(|bytes| bytes.len() as u64 == size))
    }

    fn section(&mut self, header: &Header, ctx: Ctx) -> Result<Option<Place>, Error> {
        let Some(bytes) = self.table(header.e_shoff, SectionHeader::size(ctx), header.e_shnum)? else {
            return Ok(None);
        };
        let sections =
            SectionHeader::parse_from(&bytes, 0, usize::from(header.e_shnum), ctx).map_err(not_elf)?;
        let Some(names) = sections.get(usize::from(header.e_shstrndx)) else { return Ok(None) };
        let names = self.up_to(names.sh_offset, names.sh_size.min(TABLE))?;
        let wanted = b".go.buildinfo\0";
        let found = sections
            .iter()
            .find(|section| names.get(section.sh_name..).is_some_and(|name| name.starts_with(wanted)));
        Ok(found.map(|section| Place { offset: section.sh_offset, size: section.sh_size }))
    }

    /// Looks for the blob in the segments, as debug/buildinfo does where there are no sections.
    fn search(&mut self, header: &Header, ctx: Ctx) -> Result<Option<Place>, Error> {
        let Some(bytes) = self.table(header.e_phoff, ProgramHeader::size(ctx), header.e_phnum)? else {
            return Ok(None);
        };
        let segments = ProgramHeader::parse(&bytes, 0, usize::from(header.e_phnum), ctx).map_err(not_elf)?;
        // Hostile files may have many; real ones have four.
        let loaded =
            segments.iter().filter(|segment| segment.p_type == PT_LOAD && segment.is_write()).take(8);
        for segment in loaded {
            let bytes = self.up_to(segment.p_offset, segment.p_filesz.min(SEARCHED))?;
            let found = bytes.chunks(ALIGNMENT).position(|chunk| chunk.starts_with(MAGIC));
            if let Some(chunk) = found {
                let before = (chunk * ALIGNMENT) as u64;
                let Some(offset) = segment.p_offset.checked_add(before) else { continue };
                return Ok(Some(Place { offset, size: segment.p_filesz - before }));
            }
        }
        Ok(None)
    }
}

fn not_elf(error: goblin::error::Error) -> Error {
    Error::NotElf { reason: error.to_string() }
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
    if go.is_empty() {
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
