//! An ELF file by its parts: read as they are needed, and never more than is asked for.

use crate::Error;
use goblin::container::Ctx;
use goblin::elf::program_header::{PT_LOAD, PT_PHDR};
use goblin::elf::{Elf, Header, ProgramHeader, SectionHeader};
use std::io;

/// The most bytes of a table of headers or names.
const TABLE: u64 = 4 << 20;

/// The longest name of a section; what is longer has none that anybody asks for.
const LONGEST: usize = 256;

/// A file that begins as ELF files do.
pub(crate) struct File<'a> {
    read_at: &'a mut dyn FnMut(u64, &mut [u8]) -> io::Result<usize>,
    header: Header,
    ctx: Ctx,
}

/// A place in the file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) size: u64,
}

/// A section, as far as its header says.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    pub(crate) name: Vec<u8>,
    /// Where it is loaded; 0 for what is not.
    pub(crate) address: u64,
    pub(crate) place: Place,
}

/// A part of the file that is loaded into memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment {
    pub(crate) address: u64,
    pub(crate) place: Place,
    pub(crate) is_writable: bool,
}

impl<'a> File<'a> {
    /// Reads the header by way of `read_at`, which behaves like `std::os::unix::fs::FileExt::read_at`.
    pub(crate) fn open(
        read_at: &'a mut dyn FnMut(u64, &mut [u8]) -> io::Result<usize>,
    ) -> Result<File<'a>, Error> {
        let start = up_to(read_at, 0, 64)?;
        let header = Elf::parse_header(&start).map_err(not_elf)?;
        let container = header.container().map_err(not_elf)?;
        let ctx = Ctx::new(container, header.endianness().map_err(not_elf)?);
        Ok(File { read_at, header, ctx })
    }

    /// The bytes from here on, fewer where the file ends. Callers bound `size`.
    pub(crate) fn up_to(&mut self, offset: u64, size: u64) -> Result<Vec<u8>, Error> {
        up_to(self.read_at, offset, size)
    }

    /// Whether it is loaded at an address of the kernel's choice.
    pub(crate) fn is_relocatable(&self) -> bool {
        self.header.e_type == goblin::elf::header::ET_DYN
    }

    /// The machine that it is for (`EM_X86_64` is 62).
    pub(crate) fn machine(&self) -> u16 {
        self.header.e_machine
    }

    /// Whether its addresses have 64 bits.
    pub(crate) fn is_64(&self) -> bool {
        self.ctx.container.is_big()
    }

    /// Whether the lowest byte of a number comes first.
    pub(crate) fn is_little(&self) -> bool {
        self.ctx.is_little_endian()
    }

    /// Whether it is an executable or a library, and not an object file or a core dump.
    pub(crate) fn is_loadable(&self) -> bool {
        self.is_relocatable() || self.header.e_type == goblin::elf::header::ET_EXEC
    }

    /// Where in the file is what is loaded at this address.
    pub(crate) fn offset_of(&mut self, address: u64) -> Result<Option<u64>, Error> {
        Ok(self.segments()?.iter().find_map(|segment| {
            let distance = address.checked_sub(segment.address)?;
            (distance < segment.place.size).then(|| segment.place.offset.checked_add(distance)).flatten()
        }))
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

    /// Its sections; none where there is no table of them.
    pub(crate) fn sections(&mut self) -> Result<Vec<Section>, Error> {
        let (offset, count, names) = (self.header.e_shoff, self.header.e_shnum, self.header.e_shstrndx);
        let Some(bytes) = self.table(offset, SectionHeader::size(self.ctx), count)? else {
            return Ok(Vec::new());
        };
        let sections = SectionHeader::parse_from(&bytes, 0, usize::from(count), self.ctx).map_err(not_elf)?;
        let Some(names) = sections.get(usize::from(names)) else { return Ok(Vec::new()) };
        let names = self.up_to(names.sh_offset, names.sh_size.min(TABLE))?;
        Ok(sections
            .iter()
            .map(|section| Section {
                name: text(&names, section.sh_name),
                address: section.sh_addr,
                place: Place { offset: section.sh_offset, size: section.sh_size },
            })
            .collect())
    }

    /// What is loaded, in its order; at most so many, for hostile files may have many and real ones have a few.
    pub(crate) fn segments(&mut self) -> Result<Vec<Segment>, Error> {
        const MOST: usize = 16;
        let headers = self.program_headers()?;
        let loaded = headers.iter().filter(|header| header.p_type == PT_LOAD).take(MOST);
        Ok(loaded
            .map(|header| Segment {
                address: header.p_vaddr,
                place: Place { offset: header.p_offset, size: header.p_filesz },
                is_writable: header.is_write(),
            })
            .collect())
    }

    /// The address of the table of program headers, as the file has it.
    pub(crate) fn headers_address(&mut self) -> Result<Option<u64>, Error> {
        let headers = self.program_headers()?;
        Ok(headers.iter().find(|header| header.p_type == PT_PHDR).map(|header| header.p_vaddr))
    }

    pub(crate) fn program_headers(&mut self) -> Result<Vec<ProgramHeader>, Error> {
        let (offset, count) = (self.header.e_phoff, self.header.e_phnum);
        let Some(bytes) = self.table(offset, ProgramHeader::size(self.ctx), count)? else {
            return Ok(Vec::new());
        };
        ProgramHeader::parse(&bytes, 0, usize::from(count), self.ctx).map_err(not_elf)
    }
}

fn up_to(
    read_at: &mut dyn FnMut(u64, &mut [u8]) -> io::Result<usize>,
    offset: u64,
    size: u64,
) -> Result<Vec<u8>, Error> {
    /// Memory is taken as bytes really come, whatever a header claims.
    const CHUNK: u64 = 64 << 10;
    let mut bytes = Vec::new();
    while (bytes.len() as u64) < size {
        let got = bytes.len();
        let Some(at) = offset.checked_add(got as u64) else { break };
        let wanted = (size - got as u64).min(CHUNK);
        bytes.resize(got + usize::try_from(wanted).unwrap_or_default(), 0);
        let read = loop {
            match read_at(at, &mut bytes[got..]) {
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

/// The text at an offset of a table of texts, which ends with a NUL. A table of one long text may have every section named
/// after it: 64 Ki of them, 4 MiB each.
fn text(table: &[u8], offset: usize) -> Vec<u8> {
    let rest = table.get(offset..).unwrap_or_default();
    let rest = &rest[..rest.len().min(LONGEST)];
    rest.split(|byte| *byte == 0).next().unwrap_or_default().to_vec()
}

pub(crate) fn not_elf(error: goblin::error::Error) -> Error {
    Error::NotElf { reason: error.to_string() }
}
