//! What an executable or a library asks of the system that is to load it.

use crate::Error;
use crate::elf::File;
use goblin::elf::dynamic::{
    DT_NEEDED, DT_RPATH, DT_RUNPATH, DT_STRSZ, DT_STRTAB, DT_VERDEF, DT_VERDEFNUM, DT_VERNEED, DT_VERNEEDNUM,
};
use goblin::elf::program_header::{PT_DYNAMIC, PT_INTERP};
use std::io;

/// What the dynamic linker, or the kernel alone, has to find for it.
///
/// # Kernel
/// elf(5); for versions of symbols, "Linux Standard Base Core Specification", Symbol Versioning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Linkage {
    /// The machine that it is for (`EM_X86_64` is 62).
    pub machine: u16,
    /// Whether its addresses have 64 bits.
    pub is_64: bool,
    /// Whether it is loaded at an address of the kernel's choice: PIE, or a library.
    pub is_relocatable: bool,
    /// Whether it is an executable or a library at all, and not an object file or a core dump.
    pub is_loadable: bool,
    /// The program that loads it (`PT_INTERP`); none for what the kernel loads alone.
    pub interpreter: Option<String>,
    /// The libraries that it names (`DT_NEEDED`).
    pub needed: Vec<String>,
    /// Folders of its own to look for them: those of `DT_RUNPATH`, or the older `DT_RPATH`.
    pub run_path: Vec<String>,
    /// The versions of symbols that it needs: library and version.
    pub versions: Vec<(String, String)>,
    /// The versions of symbols that it has for others.
    pub provided: Vec<String>,
    /// Whether a table of symbols for people is there (`.symtab`).
    pub has_symbols: bool,
    /// Whether DWARF is there (`.debug_info`, or compressed as `.zdebug_info`).
    pub has_dwarf: bool,
}

/// The most bytes of the dynamic section, and of tables of versions.
const TABLE: u64 = 1 << 20;
/// The most bytes of a table of strings.
const STRINGS: u64 = 4 << 20;
/// The longest path of an interpreter, and of any string that is told.
const LONGEST: usize = 4096;
/// The most versions, of both kinds; libc itself has less than a hundred.
const VERSIONS: usize = 4096;

impl Linkage {
    /// Reads it by way of `read_at`, which behaves like `std::os::unix::fs::FileExt::read_at`.
    ///
    /// # Errors
    /// [`Error::ReadExecutable`], [`Error::NotElf`].
    pub fn read(mut read_at: impl FnMut(u64, &mut [u8]) -> io::Result<usize>) -> Result<Linkage, Error> {
        let mut file = File::open(&mut read_at)?;
        let sections = file.sections()?;
        let has = |names: [&[u8]; 2]| sections.iter().any(|section| names.contains(&&section.name[..]));
        let mut linkage = Linkage {
            machine: file.machine(),
            is_64: file.is_64(),
            is_relocatable: file.is_relocatable(),
            is_loadable: file.is_loadable(),
            has_symbols: has([b".symtab", b".symtab"]),
            has_dwarf: has([b".debug_info", b".zdebug_info"]),
            ..Linkage::default()
        };
        let headers = file.program_headers()?;
        if linkage.is_loadable && headers.is_empty() {
            return Err(Error::NotElf {
                reason: "its table of program headers is missing or cut off".to_owned(),
            });
        }
        if let Some(header) = headers.iter().find(|header| header.p_type == PT_INTERP) {
            let bytes = file.up_to(header.p_offset, header.p_filesz.min(LONGEST as u64))?;
            linkage.interpreter = Some(string(&bytes, 0));
        }
        if let Some(header) = headers.iter().find(|header| header.p_type == PT_DYNAMIC) {
            let bytes = file.up_to(header.p_offset, header.p_filesz.min(TABLE))?;
            linkage.take(&mut file, &bytes)?;
        }
        Ok(linkage)
    }

    fn take(&mut self, file: &mut File<'_>, dynamic: &[u8]) -> Result<(), Error> {
        let words = Words { is_little: file.is_little(), is_64: self.is_64 };
        let entries: Vec<(u64, u64)> = words.pairs(dynamic).take_while(|(tag, _)| *tag != 0).collect();
        let value = |wanted: u64| entries.iter().find(|(tag, _)| *tag == wanted).map(|(_, value)| *value);
        let Some(strings) = value(DT_STRTAB) else { return Ok(()) };
        let strings = match file.offset_of(strings)? {
            Some(offset) => file.up_to(offset, value(DT_STRSZ).unwrap_or(STRINGS).min(STRINGS))?,
            None => return Err(Error::NotElf { reason: "its table of strings lies nowhere".to_owned() }),
        };
        let text = |offset: u64| string(&strings, usize::try_from(offset).unwrap_or(usize::MAX));
        let all = |wanted: u64| {
            entries
                .iter()
                .filter(move |(tag, _)| *tag == wanted)
                .map(|(_, value)| text(*value))
                .take(VERSIONS)
        };
        self.needed = all(DT_NEEDED).collect();
        // ld.so(8): DT_RPATH is ignored where there is a DT_RUNPATH.
        let path = value(DT_RUNPATH).or_else(|| value(DT_RPATH)).map(text).unwrap_or_default();
        self.run_path = path.split(':').filter(|folder| !folder.is_empty()).map(str::to_owned).collect();
        for (place, count, kind) in
            [(DT_VERNEED, DT_VERNEEDNUM, Versions::Needed), (DT_VERDEF, DT_VERDEFNUM, Versions::Provided)]
        {
            let Some(offset) = value(place).map(|place| file.offset_of(place)).transpose()?.flatten() else {
                continue;
            };
            let table = file.up_to(offset, TABLE)?;
            let count = usize::try_from(value(count).unwrap_or(0)).unwrap_or(0).min(VERSIONS);
            match kind {
                Versions::Needed => self.versions = words.needed(&table, count, &text),
                Versions::Provided => self.provided = words.provided(&table, count, &text),
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Versions {
    Needed,
    Provided,
}

/// How numbers are written in this file.
#[derive(Clone, Copy)]
struct Words {
    is_little: bool,
    is_64: bool,
}

impl Words {
    fn number(self, bytes: &[u8], at: usize, size: usize) -> Option<u64> {
        let bytes = bytes.get(at..at.checked_add(size)?)?;
        let fold = |number: u64, byte: &u8| (number << 8) | u64::from(*byte);
        Some(if self.is_little { bytes.iter().rev().fold(0, fold) } else { bytes.iter().fold(0, fold) })
    }

    /// The entries of a dynamic section: tag and value.
    fn pairs(self, bytes: &[u8]) -> impl Iterator<Item = (u64, u64)> {
        let size = if self.is_64 { 8 } else { 4 };
        bytes
            .chunks_exact(2 * size)
            .filter_map(move |entry| Some((self.number(entry, 0, size)?, self.number(entry, size, size)?)))
    }

    /// `Elf64_Verneed` and `Elf64_Vernaux`, which 32 bits have alike. Weak ones need not be there.
    fn needed(self, table: &[u8], count: usize, text: &dyn Fn(u64) -> String) -> Vec<(String, String)> {
        /// `VER_FLG_WEAK`.
        const WEAK: u64 = 2;
        let mut found = Vec::new();
        let mut at = 0_usize;
        for _ in 0..count {
            let field = |offset, size| self.number(table, at + offset, size);
            let (Some(number), Some(file), Some(first), Some(next)) =
                (field(2, 2), field(4, 4), field(8, 4), field(12, 4))
            else {
                break;
            };
            let library = text(file);
            let mut aux = at.saturating_add(usize::try_from(first).unwrap_or(usize::MAX));
            for _ in 0..number {
                let field = |offset, size| self.number(table, aux.checked_add(offset)?, size);
                let (Some(flags), Some(name), Some(next)) = (field(4, 2), field(8, 4), field(12, 4)) else {
                    break;
                };
                if flags & WEAK == 0 && found.len() < VERSIONS {
                    found.push((library.clone(), text(name)));
                }
                aux = aux.saturating_add(usize::try_from(next).unwrap_or(usize::MAX));
                if next == 0 {
                    break;
                }
            }
            let Ok(next) = usize::try_from(next) else { break };
            at = at.saturating_add(next);
            if next == 0 || at > table.len() || found.len() >= VERSIONS {
                break;
            }
        }
        found
    }

    /// `Elf64_Verdef` and the first `Elf64_Verdaux` of each, which is its name.
    fn provided(self, table: &[u8], count: usize, text: &dyn Fn(u64) -> String) -> Vec<String> {
        let mut found = Vec::new();
        let mut at = 0_usize;
        for _ in 0..count {
            let (Some(first), Some(next)) = (self.number(table, at + 12, 4), self.number(table, at + 16, 4))
            else {
                break;
            };
            let aux = at.saturating_add(usize::try_from(first).unwrap_or(usize::MAX));
            if let Some(name) = self.number(table, aux, 4) {
                found.push(text(name));
            }
            at = at.saturating_add(usize::try_from(next).unwrap_or(usize::MAX));
            if next == 0 || at > table.len() {
                break;
            }
        }
        found
    }
}

/// The text at an offset, which ends with a NUL.
fn string(table: &[u8], offset: usize) -> String {
    let rest = table.get(offset..).unwrap_or_default();
    let rest = &rest[..rest.len().min(LONGEST)];
    String::from_utf8_lossy(rest.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()
}

#[cfg(test)]
#[path = "linkage_tests.rs"]
mod tests;
