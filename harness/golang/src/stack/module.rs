//! What the linker tells the runtime of itself, in the live process: where code and data really are.

use super::image::Image;
use super::layout::{MODULE_BSS, MODULE_MINPC};
use super::memory::{Memory, Ration, Words, word_at};
use super::pclntab::TextOffset;
use super::sites::inlined_at;
use crate::Error;

/// A process's `moduledata`.
///
/// # Go
/// runtime/symtab.go, `moduledata` and `moduledataverify1`, whose checks are made here too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Module {
    /// Where it is.
    pub(crate) address: u64,
    /// Where Go's code begins and ends.
    text: u64,
    text_end: u64,
    /// Where tables of inlined calls are.
    pub(crate) gofunc: u64,
    /// Where the runtime's variables are.
    pub(crate) bss: (u64, u64),
}

/// What became of looking for it.
pub(crate) enum Found {
    /// It is there.
    Module(Module),
    /// The process is so young that its data is not in order yet.
    NotYet,
}

/// How much data is searched at once, and in all.
const CHUNK: u64 = 64 << 10;
const LARGEST: u64 = 64 << 20;

/// How many tables of inlined calls are tried.
const TRIED: usize = 64;

impl Module {
    /// Looks for it in a process whose file is loaded so far from its own addresses; `hint` is where it was in another
    /// process of the same file, counted from there.
    pub(crate) fn find(
        image: &Image,
        bias: u64,
        hint: Option<u64>,
        ration: &mut Ration,
        memory: &mut dyn Memory,
    ) -> Result<Found, Error> {
        let table = image.table_address.wrapping_add(bias);
        let pair = [table, table.wrapping_add(image.table.names_offset())];
        let known = hint.or(image.module_address).map(|address| address.wrapping_add(bias));
        let address = match known {
            Some(address) => memory.words(address).filter(|words: &[u64; 2]| *words == pair).map(|_| address),
            None => search(image, bias, pair, &mut ration.of(memory)),
        };
        let Some(address) = address else { return Ok(Found::NotYet) };
        Module::read(image, address, memory).map(Found::Module)
    }

    fn read(image: &Image, address: u64, memory: &mut dyn Memory) -> Result<Module, Error> {
        let refuse = |reason: &str| Error::GoUnreadable {
            version: image.version.to_string(),
            reason: format!("{reason} is not where it was in the versions that were compared"),
        };
        let at = |offset: u64| address.checked_add(offset);
        let code: Option<[u64; 4]> = at(MODULE_MINPC).and_then(|at| memory.words(at));
        let bss: Option<[u64; 2]> = at(MODULE_BSS).and_then(|at| memory.words(at));
        let gofunc = at(image.layout.gofunc).and_then(|at| memory.word(at));
        let (Some([low, high, text, _]), Some([bss, bss_end]), Some(gofunc)) = (code, bss, gofunc) else {
            return Err(refuse("the runtime's table of itself"));
        };
        let (first, last) = image.table.bounds();
        let is_text = low == text.wrapping_add(first.into()) && high == text.wrapping_add(last.into());
        if !is_text || bss > bss_end || bss_end - bss > LARGEST * 16 {
            return Err(refuse("the place of the code"));
        }
        if !has_inlined_calls(image, gofunc, memory) {
            return Err(refuse("the table of inlined calls"));
        }
        Ok(Module { address, text, text_end: high, gofunc, bss: (bss, bss_end) })
    }

    /// The offset of an instruction, if it is Go's.
    pub(crate) fn offset(&self, pc: u64) -> Option<TextOffset> {
        if !(self.text..self.text_end).contains(&pc) {
            return None;
        }
        TextOffset::try_from(pc - self.text).ok()
    }

    /// Whether these bytes, from `MODULE_MINPC` on, are those of this module: an execve(2) leaves nothing as it was.
    pub(crate) fn is_at(&self, image: &Image, bytes: &[u8]) -> bool {
        let (first, last) = image.table.bounds();
        let words = [self.text.wrapping_add(first.into()), self.text.wrapping_add(last.into()), self.text];
        words.iter().enumerate().all(|(index, word)| word_at(bytes, index * 8) == Some(*word))
    }
}

/// Looks through all data that the program writes.
fn search(image: &Image, bias: u64, pair: [u64; 2], memory: &mut dyn Memory) -> Option<u64> {
    let pattern: Vec<u8> = pair.iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut bytes = Vec::new();
    let mut left = LARGEST;
    for (address, size) in &image.data {
        let Some(start) = address.wrapping_add(bias).checked_next_multiple_of(8) else { continue };
        let size = (*size).min(left);
        left -= size;
        let mut done = 0;
        while done < size {
            bytes.resize(usize::try_from(CHUNK).ok()? + 8, 0);
            let got = memory.read(start.checked_add(done)?, &mut bytes);
            let found = (0..got.saturating_sub(15)).step_by(8).find(|at| bytes[*at..].starts_with(&pattern));
            if let Some(at) = found {
                return start.checked_add(done + at as u64);
            }
            if (got as u64) < CHUNK {
                break;
            }
            done += CHUNK;
        }
    }
    None
}

/// Whether `gofunc` really is where tables of inlined calls are, as far as there are any: each begins with a call of a
/// function that has a name, at a place within the function.
fn has_inlined_calls(image: &Image, gofunc: u64, memory: &mut dyn Memory) -> bool {
    let table = &image.table;
    let step = (table.count() / (TRIED * 4)).max(1);
    let functions = (0..table.count()).step_by(step).filter_map(|index| table.function(index));
    let trees = functions.filter_map(|function| Some((function, table.inline_tree(function)?)));
    let mut sound = |(function, tree): (_, u32)| {
        let address = gofunc.checked_add(u64::from(tree));
        address.and_then(|address| inlined_at(image, function, address, 0, memory)).is_some()
    };
    trees.take(TRIED).all(&mut sound)
}

/// Every word of the runtime's variables, with its address; `visit` stops by answering with something.
pub(crate) fn each_word<T>(
    module: &Module,
    memory: &mut dyn Memory,
    mut visit: impl FnMut(&mut dyn Memory, u64, &[u8]) -> Option<T>,
) -> Option<T> {
    /// A slice is three words long.
    const OVERLAP: u64 = 16;
    let (start, end) = module.bss;
    let end = end.min(start.saturating_add(LARGEST));
    let mut bytes = Vec::new();
    let mut at = start.checked_next_multiple_of(8)?;
    while at < end {
        let size = (CHUNK + OVERLAP).min(end - at);
        bytes.resize(usize::try_from(size).ok()?, 0);
        let got = memory.read(at, &mut bytes);
        for offset in (0..got.min(usize::try_from(CHUNK).ok()?)).step_by(8) {
            if word_at(&bytes, offset).is_some_and(|word| word != 0)
                && let Some(found) = visit(memory, at + offset as u64, &bytes[offset..got])
            {
                return Some(found);
            }
        }
        at = at.saturating_add(CHUNK);
    }
    None
}
