//! Go's table of functions, files and lines, which every executable has, stripped or not.
//!
//! # Go
//! runtime/symtab.go, cmd/link/internal/ld/pcln.go. The table is relocatable: everything in it is an offset, and code
//! is counted from the beginning of Go's text.

use super::layout::Layout;
use super::memory::{half_at, word_at};
use crate::Error;

/// A code address, counted from the beginning of Go's text.
pub(crate) type TextOffset = u32;

/// Bytes of the header: magic and sizes, and eight words.
pub(crate) const HEADER: usize = 72;

/// What the table begins with: 1.18 and 1.19, and 1.20 and later; two bytes of nothing, an instruction is a multiple of one
/// byte, a pointer has eight.
pub(crate) const MAGICS: [[u8; 8]; 2] =
    [[0xf0, 0xff, 0xff, 0xff, 0, 0, 1, 8], [0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8]];

/// `funcFlag` (runtime/symtab.go): the outermost function of its stack, and one that writes the stack pointer.
const TOP_FRAME: u8 = 1;
const SP_WRITE: u8 = 2;

/// `PCDATA_InlTreeIndex` and `FUNCDATA_InlTree` (internal/abi/symtab.go).
const INLINE_INDEX: u32 = 2;
const INLINE_TREE: u8 = 3;

/// The table.
#[derive(Debug)]
pub(crate) struct Pclntab {
    bytes: Vec<u8>,
    header: Header,
    layout: Layout,
}

/// What the header says: how many functions there are, and where each part begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    pub(crate) functions: usize,
    pub(crate) names: usize,
    units: usize,
    files: usize,
    values: usize,
    pub(crate) table: usize,
}

/// A function: where it begins and ends, and where its record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) entry: TextOffset,
    pub(crate) end: TextOffset,
    record: usize,
}

/// A file and a line in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line<'t> {
    pub(crate) file: &'t [u8],
    pub(crate) line: u32,
}

/// One call that was inlined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inlined {
    /// Its function's name, as a place in the table.
    pub(crate) name: u32,
    /// An instruction of the function around it, whose line is the call's.
    pub(crate) parent: TextOffset,
    /// Whether the compiler made its function up.
    pub(crate) is_wrapper: bool,
}

fn damaged(reason: &'static str) -> Error {
    Error::Pclntab { reason }
}

impl Header {
    /// Reads the header, which says how much there is.
    pub(crate) fn read(bytes: &[u8]) -> Result<Header, Error> {
        if !MAGICS.iter().any(|magic| bytes.starts_with(magic)) {
            return Err(damaged("it does not begin as one"));
        }
        let word = |index: usize| {
            let word = word_at(bytes, 8 + index * 8).ok_or_else(|| damaged("its header is cut short"))?;
            usize::try_from(word).map_err(|_| damaged("its header has an absurd offset"))
        };
        // nfunc, nfiles, textStart (or nothing), then the five parts.
        let header = Header {
            functions: word(0)?,
            names: word(3)?,
            units: word(4)?,
            files: word(5)?,
            values: word(6)?,
            table: word(7)?,
        };
        let parts = [HEADER, header.names, header.units, header.files, header.values, header.table];
        if !parts.is_sorted() || header.table > LARGEST || header.functions > LARGEST / FUNCTION {
            return Err(damaged("its header has an absurd offset"));
        }
        Ok(header)
    }

    /// How many bytes there are at least, up to the end of the records of functions.
    fn records_end(&self) -> usize {
        self.table + self.functions * FUNCTION + 4
    }
}

/// The most bytes of a table: several times that of the largest programs known (Kubernetes has about 30 MB). A file may
/// have as many without taking room on a disk, so this is what a hostile one costs.
pub(crate) const LARGEST: usize = 256 << 20;

/// The fewest bytes of a function: its place in the list, and a record of its own.
const FUNCTION: usize = 48;

/// The longest name of a function or a file, in bytes; what is longer has none. Go writes out type arguments, so names of
/// some thousand bytes are real.
const LONGEST: usize = 64 << 10;

/// The most steps of a table of values that are followed. Each covers a byte of code at least, and mostly all instructions
/// of a line; what comes behind so many lines of one function has none.
const STEPS: usize = 64 << 10;

/// How many bytes of a record are looked at behind its beginning, tables included: it has a few dozen words at most.
pub(crate) const RECORD: usize = 4096;

impl Pclntab {
    /// Reads the table; nothing may be missing of it.
    pub(crate) fn parse(mut bytes: Vec<u8>, layout: Layout) -> Result<Pclntab, Error> {
        let header = Header::read(&bytes)?;
        if header.functions == 0 || header.records_end() > bytes.len() {
            return Err(damaged("it is cut short"));
        }
        bytes.shrink_to_fit();
        let table = Pclntab { bytes, header, layout };
        let mut last = 0;
        for index in 0..=header.functions {
            let entry = table.entry(index).ok_or_else(|| damaged("it is cut short"))?;
            if entry < last {
                return Err(damaged("its functions are not in order"));
            }
            last = entry;
        }
        Ok(table)
    }

    /// How many functions there are.
    pub(crate) fn count(&self) -> usize {
        self.header.functions
    }

    /// Where its part of names begins.
    pub(crate) fn names_offset(&self) -> u64 {
        self.header.names as u64
    }

    /// Where the first function begins and the last one ends.
    pub(crate) fn bounds(&self) -> (TextOffset, TextOffset) {
        (self.entry(0).unwrap_or(0), self.entry(self.count()).unwrap_or(0))
    }

    fn entry(&self, index: usize) -> Option<TextOffset> {
        half_at(&self.bytes, self.header.table + index * 8)
    }

    /// The function by its number, in order of their places.
    pub(crate) fn function(&self, index: usize) -> Option<Function> {
        let record = half_at(&self.bytes, self.header.table + index * 8 + 4)?;
        Some(Function {
            entry: self.entry(index)?,
            end: self.entry(index + 1)?,
            record: self.header.table.checked_add(usize::try_from(record).ok()?)?,
        })
    }

    /// The function that an instruction belongs to.
    pub(crate) fn find(&self, at: TextOffset) -> Option<Function> {
        let (mut low, mut high) = (0, self.count());
        while low + 1 < high {
            let middle = low.midpoint(high);
            if self.entry(middle)? <= at { low = middle } else { high = middle }
        }
        self.function(low).filter(|function| (function.entry..function.end).contains(&at))
    }

    /// A name by its place; empty where there is none.
    pub(crate) fn name_at(&self, offset: u32) -> &[u8] {
        self.text(self.header.names, self.header.units, offset)
    }

    /// Whether a name begins at this place.
    pub(crate) fn is_name(&self, offset: u32) -> bool {
        let Some(at) = usize::try_from(offset).ok().and_then(|offset| self.header.names.checked_add(offset))
        else {
            return false;
        };
        let before = at.checked_sub(1).and_then(|before| self.bytes.get(before));
        let is_first = at == self.header.names || before == Some(&0);
        is_first && at < self.header.units && self.bytes.get(at).is_some_and(|byte| *byte != 0)
    }

    /// Whether a function has this name. However long its name is, this looks no further than it must.
    pub(crate) fn is_named(&self, function: Function, name: &[u8]) -> bool {
        let rest = self.rest(self.header.names, self.header.units, self.name(function));
        rest.strip_prefix(name).is_some_and(|rest| rest.first() == Some(&0))
    }

    /// The text that begins at an offset of a part and ends with a NUL.
    fn text(&self, start: usize, end: usize, offset: u32) -> &[u8] {
        let rest = self.rest(start, end, offset);
        let rest = &rest[..rest.len().min(LONGEST)];
        rest.iter().position(|byte| *byte == 0).map_or(&[], |length| &rest[..length])
    }

    /// What there is of a part from an offset on.
    fn rest(&self, start: usize, end: usize, offset: u32) -> &[u8] {
        let at = usize::try_from(offset).ok().and_then(|offset| start.checked_add(offset));
        at.and_then(|at| self.bytes.get(at..end)).unwrap_or_default()
    }

    fn field(&self, function: Function, offset: usize) -> Option<u32> {
        half_at(&self.bytes, function.record.checked_add(offset)?)
    }

    fn byte(&self, function: Function, offset: usize) -> u8 {
        let at = function.record.checked_add(offset);
        at.and_then(|at| self.bytes.get(at)).copied().unwrap_or(0)
    }

    /// The function's name, as a place in the table.
    pub(crate) fn name(&self, function: Function) -> u32 {
        self.field(function, 4).unwrap_or(u32::MAX)
    }

    /// Whether it is the outermost of its stack.
    pub(crate) fn is_top(&self, function: Function) -> bool {
        self.byte(function, self.layout.flag) & TOP_FRAME != 0
    }

    /// Whether it writes the stack pointer in a way that no table describes.
    pub(crate) fn writes_sp(&self, function: Function) -> bool {
        self.byte(function, self.layout.flag) & SP_WRITE != 0
    }

    /// Whether the compiler made it up, to adapt one function to the calls of another.
    pub(crate) fn is_wrapper(&self, function: Function) -> bool {
        self.byte(function, self.layout.func_id) == self.layout.wrapper
    }

    /// How far the stack pointer is below what it was before the call, at an instruction; nothing where the function has
    /// no such table (it is not Go's).
    pub(crate) fn sp_delta(&self, function: Function, at: TextOffset) -> Option<i32> {
        self.value(function, self.field(function, 16).filter(|table| *table != 0)?, at)
    }

    /// The file and line of an instruction.
    pub(crate) fn line(&self, function: Function, at: TextOffset) -> Option<Line<'_>> {
        let file = self.value(function, self.field(function, 20)?, at)?;
        let line = self.value(function, self.field(function, 24)?, at)?;
        let unit = self.field(function, 32)?.checked_add(u32::try_from(file).ok()?)?;
        let place = self.header.units.checked_add(usize::try_from(unit).ok()?.checked_mul(4)?)?;
        let file = half_at(&self.bytes, place).filter(|file| *file != u32::MAX)?;
        let file = self.text(self.header.files, self.header.values, file);
        Some(Line { file, line: u32::try_from(line).ok()? })
    }

    /// Which of the function's inlined calls an instruction belongs to; none for its own code.
    pub(crate) fn inline_index(&self, function: Function, at: TextOffset) -> Option<u32> {
        let tables = self.field(function, 28)?;
        if tables <= INLINE_INDEX {
            return None;
        }
        let table = self.field(function, self.layout.func_size + INLINE_INDEX as usize * 4)?;
        u32::try_from(self.value(function, table, at)?).ok()
    }

    /// Where the function's inlined calls are, counted from `gofunc`; none where nothing was inlined.
    pub(crate) fn inline_tree(&self, function: Function) -> Option<u32> {
        if self.byte(function, self.layout.funcdata_count) <= INLINE_TREE {
            return None;
        }
        let tables = usize::try_from(self.field(function, 28)?).ok()?;
        let behind = self.layout.func_size.checked_add(tables.checked_mul(4)?)?;
        self.field(function, behind.checked_add(usize::from(INLINE_TREE) * 4)?)
            .filter(|tree| *tree != u32::MAX)
    }

    /// How many bytes an inlined call takes.
    pub(crate) fn inlined_size(&self) -> usize {
        self.layout.inlined_size
    }

    /// An inlined call from its bytes.
    pub(crate) fn inlined(&self, bytes: &[u8], function: Function) -> Option<Inlined> {
        let name = half_at(bytes, self.layout.inlined_name)?;
        let parent = function.entry.checked_add(half_at(bytes, self.layout.inlined_parent)?)?;
        let is_wrapper = bytes.get(self.layout.inlined_id) == Some(&self.layout.wrapper);
        (parent < function.end && self.is_name(name)).then_some(Inlined { name, parent, is_wrapper })
    }

    /// What a table of values says of an instruction: steps of (value, length), each a difference to the one before.
    fn value(&self, function: Function, table: u32, at: TextOffset) -> Option<i32> {
        if table == 0 {
            return None;
        }
        let start = self.header.values.checked_add(usize::try_from(table).ok()?)?;
        let mut steps = self.bytes.get(start..self.header.table)?;
        let (mut value, mut place) = (-1_i32, function.entry);
        for _ in 0..STEPS {
            let (change, rest) = varint(steps)?;
            if change == 0 && place != function.entry {
                return None;
            }
            let (length, rest) = varint(rest)?;
            value = value.wrapping_add(((change >> 1) ^ (change & 1).wrapping_neg()).cast_signed());
            place = place.checked_add(length)?;
            if at < place {
                return Some(value);
            }
            if length == 0 {
                // Nothing real makes no step.
                return None;
            }
            steps = rest;
        }
        None
    }
}

/// A number of up to five bytes, seven bits each, and what follows it.
fn varint(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if first & 0x80 == 0 {
        return Some((u32::from(*first), rest));
    }
    let mut value = 0_u32;
    for (index, byte) in bytes.iter().enumerate().take(5) {
        value |= u32::from(byte & 0x7f).wrapping_shl(7 * u32::try_from(index).ok()?);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

#[cfg(test)]
#[path = "pclntab_tests.rs"]
mod tests;
