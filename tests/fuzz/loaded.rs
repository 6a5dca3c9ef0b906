//! An executable as it is loaded, with memory of bytes that anybody chose.

use golang::Memory;
use std::collections::HashMap;

/// Fills a buffer from an offset of a file on.
///
/// # Errors
/// Never: it is what a file's reading is like.
pub fn read_at(file: &[u8], offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
    let part = part(file, offset, buffer.len() as u64);
    buffer[..part.len()].copy_from_slice(part);
    Ok(part.len())
}

/// The parts of a file that are loaded, and words that were written later, in pages.
#[derive(Debug)]
pub struct Loaded<'f> {
    file: &'f [u8],
    headers: u64,
    pages: HashMap<u64, Vec<u8>>,
    reads: u64,
}

const PAGE: u64 = 4096;

/// Of `moduledata`, and of the structures of go1.26.
const TEXT: u64 = 176;
const BSS: u64 = 224;
const M_PROCID: u64 = 64;
const M_CURG: u64 = 184;
const M_ALLLINK: u64 = 352;

/// Where there are goroutines, threads, and their list.
const HEAP: u64 = 0xc0_0000_0000;
const LIST: u64 = HEAP + 0x8000;

impl<'f> Loaded<'f> {
    /// The lower end of the stack that is in use.
    pub const STACK: u64 = HEAP + 0x1_0000;

    /// A file's segments, as far as it has sound ones.
    pub fn new(file: &'f [u8]) -> Loaded<'f> {
        let headers = number(file, 32, 8);
        let mut loaded = Loaded { file, headers: 0, pages: HashMap::new(), reads: 0 };
        for index in 0..number(file, 56, 2).min(16) {
            let Some(header) = headers.checked_add(index * 56).filter(|at| *at < 1 << 48) else { continue };
            let [offset, address, size] = [8, 16, 32].map(|field| number(file, header + field, 8));
            match number(file, header, 4) {
                1 => loaded.write(address, part(file, offset, size)),
                6 => loaded.headers = address,
                _ => {}
            }
        }
        loaded
    }

    /// Where the program headers are: where the file has them.
    pub fn headers(&self) -> u64 {
        self.headers
    }

    /// Where sections of this name would be; seeds have three, in this order: table, build information, `moduledata`.
    fn section(&self, index: u64) -> u64 {
        let sections = number(self.file, 40, 8);
        sections.checked_add(index * 64 + 16).map_or(0, |at| number(self.file, at, 8))
    }

    /// Where Go's code begins, says `moduledata`.
    pub fn text(&self) -> Option<u64> {
        let module = self.section(3);
        let at = module.checked_add(TEXT)?;
        let mut bytes = [0; 8];
        (self.bytes(at, &mut bytes) == 8).then(|| u64::from_le_bytes(bytes))
    }

    /// Where functions begin, says the table; some of them.
    pub fn entries(&self) -> Vec<u32> {
        let sections = number(self.file, 40, 8);
        let table = sections.checked_add(64 + 24).map_or(0, |at| number(self.file, at, 8));
        let at = |offset: u64| table.checked_add(offset);
        let list = at(64).map_or(0, |at| number(self.file, at, 8));
        let count = at(8).map_or(0, |at| number(self.file, at, 8)).min(200);
        let entry = |index: u64| list.checked_add(index * 8).and_then(at);
        (0..count).filter_map(entry).map(|at| number(self.file, at, 4) as u32).collect()
    }

    /// A stack on which everything is the caller of everything.
    pub fn stack_of(&mut self, back: u64) {
        for index in 0..64 {
            self.put(Loaded::STACK - 32 + index * 8, back);
        }
    }

    /// Two threads with a goroutine each, in the list of them all.
    pub fn live(&mut self) {
        let module = self.section(3);
        let mut bytes = [0; 8];
        self.bytes(module + BSS, &mut bytes);
        let bss = u64::from_le_bytes(bytes);
        let text = self.text().unwrap_or(0);
        let entries = self.entries();
        let function = |index: usize| text + u64::from(entries[index % entries.len()]);
        self.write(bss, &[0; 0x1000]);
        for (at, value) in [(0x100, LIST), (0x108, 2), (0x110, 8), (0x200, HEAP + 0x1000)] {
            self.put(bss + at, value);
        }
        for index in 0..2 {
            let (g, m) = (HEAP + index * 0x200, HEAP + 0x1000 + index * 0x200);
            let stack = Loaded::STACK + index * 0x1000;
            self.put(LIST + index * 8, g);
            for (at, value) in
                [(0, stack), (8, stack + 0x1000), (48, m), (56, stack + 0x800), (64, text + 0x40)]
            {
                self.put(g + at, value);
            }
            for (at, value) in
                [(104, 0), (112, 0), (144, 3), (152, index + 1), (280, index), (288, function(20) + 9)]
            {
                self.put(g + at, value);
            }
            self.put(g + 304, function(30));
            self.put(m, g);
            self.put(m + M_PROCID, 7 + index);
            self.put(m + M_CURG, g);
            self.put(m + M_ALLLINK, if index == 0 { m + 0x200 } else { 0 });
            for at in (0..0x1000).step_by(8) {
                self.put(stack + at, function(at as usize / 8 * 7) + 5);
            }
        }
    }

    /// Changes some words as these bytes say; gives the rest of them.
    pub fn change<'b>(&mut self, mut bytes: &'b [u8], count: usize) -> &'b [u8] {
        for _ in 0..count {
            let Some((change, rest)) = bytes.split_at_checked(6) else { return bytes };
            bytes = rest;
            let at = self.place(change[0], change[1]) & !7;
            let value = match change[2] % 8 {
                0 => u64::from(change[3]),
                1 => self.place(change[3], change[4]),
                2 => self.code(change[3], change[4]),
                3 => u64::MAX - u64::from(change[3]),
                4 => 1 << (change[3] % 64),
                5 => at,
                6 => (1 << 63) - 1 + u64::from(change[3]),
                _ => u64::from_le_bytes([change[3], change[4], change[5], 0, 0xc0, 0, 0, 0]),
            };
            let run = 1 + u64::from(change[5] >> 5);
            for index in 0..run {
                self.put(at.wrapping_add(index * 8), value);
            }
        }
        bytes
    }

    /// An address of which something is.
    pub fn place(&self, kind: u8, offset: u8) -> u64 {
        let offset = u64::from(offset);
        match kind % 8 {
            0 => HEAP + offset * 8,
            1 => HEAP + 0x200 + offset * 8,
            2 => HEAP + 0x1000 + offset * 8,
            3 => Loaded::STACK + offset * 8,
            4 => Loaded::STACK + 0x1f00 + offset * 8,
            5 => self.section(3).wrapping_add(offset * 8),
            6 => u64::MAX - offset * 8,
            _ => self.section(3).wrapping_add(0x280 + offset * 8),
        }
    }

    /// An instruction.
    pub fn code(&self, entry: u8, offset: u8) -> u64 {
        let entries = self.entries();
        let entry = entries.get(usize::from(entry) % entries.len().max(1)).copied().unwrap_or(0);
        self.text().unwrap_or(0).wrapping_add(u64::from(entry)).wrapping_add(u64::from(offset))
    }

    /// How many readings there were since it was last asked.
    pub fn take_reads(&mut self) -> u64 {
        std::mem::take(&mut self.reads)
    }

    /// A word of memory that is there from now on, with all of its page.
    fn put(&mut self, address: u64, word: u64) {
        self.write(address & !7, &word.to_le_bytes());
    }

    fn write(&mut self, mut address: u64, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let start = (address % PAGE) as usize;
            let size = bytes.len().min(PAGE as usize - start);
            let page = self.pages.entry(address / PAGE).or_insert_with(|| vec![0; PAGE as usize]);
            page[start..start + size].copy_from_slice(&bytes[..size]);
            bytes = &bytes[size..];
            let Some(next) = address.checked_add(size as u64) else { return };
            address = next;
        }
    }

    fn bytes(&self, mut address: u64, buffer: &mut [u8]) -> usize {
        let mut done = 0;
        while done < buffer.len() {
            let Some(page) = self.pages.get(&(address / PAGE)) else { break };
            let start = (address % PAGE) as usize;
            let size = (buffer.len() - done).min(PAGE as usize - start);
            buffer[done..done + size].copy_from_slice(&page[start..start + size]);
            done += size;
            let Some(next) = address.checked_add(size as u64) else { break };
            address = next;
        }
        done
    }
}

impl Memory for Loaded<'_> {
    fn read(&mut self, address: u64, buffer: &mut [u8]) -> usize {
        self.reads += 1;
        self.bytes(address, buffer)
    }
}

/// A number of so many bytes, 0 where the file has none.
fn number(file: &[u8], at: u64, size: u64) -> u64 {
    let mut bytes = [0; 8];
    let part = part(file, at, size);
    bytes[..part.len()].copy_from_slice(part);
    u64::from_le_bytes(bytes)
}

/// So many bytes of a file from an offset on, fewer where it has not as many.
fn part(file: &[u8], offset: u64, size: u64) -> &[u8] {
    let rest = file.get(usize::try_from(offset).unwrap_or(usize::MAX)..).unwrap_or_default();
    &rest[..rest.len().min(usize::try_from(size).unwrap_or(usize::MAX))]
}
