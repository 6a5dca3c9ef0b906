//! What an executable tells of call paths: its table of functions, and where to look for the rest.

use super::layout::{Layout, Support};
use super::names::Names;
use super::pclntab::{HEADER, Header, LARGEST, MAGICS, Pclntab, RECORD};
use crate::elf::{File, Place, Section, Segment};
use crate::{BuildInfo, Error, Version};
use std::io;

/// An executable that Go built, as far as call paths need it. It takes as much memory as its table of functions.
#[derive(Debug)]
pub struct Image {
    /// The version of Go that built it.
    pub version: Version,
    /// How well that version is known.
    pub support: Support,
    pub(crate) layout: Layout,
    pub(crate) table: Pclntab,
    /// Where the table is loaded; like all addresses here, as the file has it.
    pub(crate) table_address: u64,
    /// The linker's `moduledata`, where a section is named after it (Go 1.26 and later).
    pub(crate) module_address: Option<u64>,
    /// Data that the program writes: address and size.
    pub(crate) data: Vec<(u64, u64)>,
    /// The table of program headers, where the file is loaded at an address of the kernel's choice.
    pub(crate) headers_address: Option<u64>,
    pub(crate) names: Names,
}

/// `EM_X86_64`.
const X86_64: u16 = 62;

impl Image {
    /// Reads what is needed of an executable by way of `read_at`, which behaves like
    /// `std::os::unix::fs::FileExt::read_at`.
    ///
    /// # Errors
    /// [`Error::ReadExecutable`], [`Error::NotElf`], [`Error::NotGo`]; [`Error::GoUnreadable`] for a version of Go whose
    /// call paths cannot be read, [`Error::Pclntab`] for a damaged table.
    pub fn read(mut read_at: impl FnMut(u64, &mut [u8]) -> io::Result<usize>) -> Result<Image, Error> {
        let mut file = File::open(&mut read_at)?;
        let info = BuildInfo::of(&mut file)?;
        let version = Version::parse(&info.go);
        let support = Support::of(&version);
        if support == Support::TooOld || file.machine() != X86_64 {
            let reason = "it is older than Go 1.19, or for another machine".to_owned();
            return Err(Error::GoUnreadable { version: info.go, reason });
        }
        let layout = Layout::of(&version);
        let (sections, segments) = (file.sections()?, file.segments()?);
        let (table_address, bytes) = table(&mut file, &sections, &segments)?;
        let table = Pclntab::parse(bytes, layout)?;
        let named = |name: &[u8]| sections.iter().find(|section| section.name == name);
        let data = segments.iter().filter(|segment| segment.is_writable);
        let headers_address = if file.is_relocatable() {
            let missing = || Error::NotElf { reason: "it has no place for its program headers".to_owned() };
            Some(file.headers_address()?.ok_or_else(missing)?)
        } else {
            None
        };
        Ok(Image {
            names: Names::of(&table, &info),
            support,
            layout,
            table_address,
            module_address: named(b".go.module").map(|section| section.address),
            data: data.map(|segment| (segment.address, segment.place.size)).collect(),
            headers_address,
            table,
            version,
        })
    }

    /// How far the file is loaded from the addresses that it has itself, where its program headers are found at this
    /// address (`AT_PHDR` of getauxval(3)).
    pub fn bias(&self, headers: u64) -> u64 {
        self.headers_address.map_or(0, |own| headers.wrapping_sub(own))
    }
}

/// The table of functions and its address: from its section, or wherever a segment has one.
///
/// A linker that is not Go's own (cgo and `-buildmode=pie`, up to Go 1.25) merges the section into another.
fn table(file: &mut File<'_>, sections: &[Section], segments: &[Segment]) -> Result<(u64, Vec<u8>), Error> {
    let is_table =
        |section: &&Section| [&b".gopclntab"[..], b".data.rel.ro.gopclntab"].contains(&&section.name[..]);
    if let Some(section) = sections.iter().find(is_table) {
        let size = section.place.size.min(LARGEST as u64);
        return Ok((section.address, file.up_to(section.place.offset, size)?));
    }
    let mut left = SEARCHED;
    for segment in segments {
        if let Some(at) = search(file, segment, &mut left)? {
            let Place { offset, size } = segment.place;
            let bytes = whole(file, offset.saturating_add(at), size - at)?;
            return Ok((segment.address.wrapping_add(at), bytes));
        }
    }
    Err(Error::Pclntab { reason: "there is none" })
}

/// How much is searched at once, and how much in all segments: what is in front of the table in the largest programs.
const CHUNK: u64 = 1 << 20;
const SEARCHED: u64 = 1 << 30;

/// Where in a segment something begins that looks like the table, with all of its header; `left` is how much may still be
/// searched.
fn search(file: &mut File<'_>, segment: &Segment, left: &mut u64) -> Result<Option<u64>, Error> {
    // It is aligned where it is loaded, which need not be so in the file.
    let mut at = segment.address.wrapping_neg() % 8;
    while at < segment.place.size && *left > 0 {
        let Some(offset) = segment.place.offset.checked_add(at) else { break };
        let bytes = file.up_to(offset, (CHUNK + HEADER as u64).min(segment.place.size - at))?;
        if bytes.is_empty() {
            break;
        }
        *left = left.saturating_sub(CHUNK);
        for (index, word) in bytes.chunks_exact(8).enumerate() {
            let here = index * 8;
            if MAGICS.iter().any(|magic| word == magic) && Header::read(&bytes[here..]).is_ok() {
                return Ok(Some(at + here as u64));
            }
        }
        at += CHUNK;
    }
    Ok(None)
}

/// The whole table that begins here, of which only the beginning says how long it is.
fn whole(file: &mut File<'_>, offset: u64, most: u64) -> Result<Vec<u8>, Error> {
    let header = Header::read(&file.up_to(offset, HEADER as u64)?)?;
    let list = file.up_to(offset.saturating_add(header.table as u64), header.functions as u64 * 8)?;
    let records = list.chunks_exact(8).filter_map(|pair| super::memory::half_at(pair, 4));
    let last = records.max().map_or(0, u64::from);
    let size = header.table as u64 + last + RECORD as u64;
    file.up_to(offset, size.min(most).min(LARGEST as u64))
}
