//! Reading entries back, whatever became of the writer.

use crate::frame::{MAGIC, MAX_PAYLOAD, PREFIX};
use crate::{Entry, Error, FORMAT, Header};
use std::fmt;
use std::io::{self, Read};

/// Reads a journal front to back, one entry in memory at a time.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    header: Header,
    offset: u64,
    payload: Vec<u8>,
    damage: Vec<Damage>,
    is_over: bool,
}

/// A part of a journal that cannot be read. A torn tail is what a killed or powered-off writer leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Where it begins, in bytes from the start of the file.
    pub offset: u64,
    /// What is wrong there.
    pub reason: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: {}", self.offset, self.reason)
    }
}

impl<R: Read> Reader<R> {
    /// Opens a journal and reads its header.
    ///
    /// # Errors
    /// [`Error::NotAJournal`], [`Error::Header`], [`Error::TooOld`] and [`Error::TooNew`] where the beginning cannot be understood,
    /// [`Error::Read`] where it cannot be read at all.
    pub fn open(mut input: R) -> Result<Reader<R>, Error> {
        let mut magic = vec![0; MAGIC.len()];
        match input.read_exact(&mut magic) {
            Ok(()) if magic == MAGIC => {}
            Ok(()) => return Err(Error::NotAJournal),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(Error::NotAJournal),
            Err(error) => return Err(Error::Read(error)),
        }
        let mut payload = Vec::new();
        match next_frame(&mut input, &mut payload).map_err(Error::Read)? {
            Frame::Whole => {}
            Frame::End | Frame::Torn(_) => {
                return Err(Error::Header { reason: "it was never written whole".into() });
            }
            Frame::Damaged => return Err(Error::Header { reason: "its checksum is wrong".into() }),
        }
        let header = read_header(&payload)?;
        let offset = (MAGIC.len() + PREFIX + payload.len()) as u64;
        Ok(Reader { input, header, offset, payload, damage: Vec::new(), is_over: false })
    }

    /// What was run, under what.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What could not be read so far.
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// The next entry, or nothing at the end. Damaged entries are skipped and noted.
    ///
    /// # Errors
    /// [`Error::Read`] where the file itself cannot be read.
    pub fn next_entry(&mut self) -> Result<Option<Entry<'static>>, Error> {
        while !self.is_over {
            let start = self.offset;
            let frame = next_frame(&mut self.input, &mut self.payload).map_err(Error::Read)?;
            self.offset += (PREFIX + self.payload.len()) as u64;
            match frame {
                Frame::End => self.is_over = true,
                Frame::Torn(reason) => {
                    self.is_over = true;
                    self.note(start, reason);
                }
                Frame::Damaged => self.note(start, "an entry with a wrong checksum"),
                Frame::Whole => match postcard::from_bytes::<Entry<'static>>(&self.payload) {
                    Ok(entry) => return Ok(Some(entry)),
                    Err(error) => self.note(start, &format!("an entry that cannot be decoded ({error})")),
                },
            }
        }
        Ok(None)
    }

    fn note(&mut self, offset: u64, reason: &str) {
        // A hostile file could be all damage; the first hundred places say enough.
        if self.damage.len() < 100 {
            self.damage.push(Damage { offset, reason: reason.to_owned() });
        }
    }
}

fn read_header(payload: &[u8]) -> Result<Header, Error> {
    /// The two keys that every format keeps.
    #[derive(serde::Deserialize)]
    struct Head {
        format: u32,
        duress: String,
    }
    let damaged = |error: serde_json::Error| Error::Header { reason: error.to_string() };
    let head: Head = serde_json::from_slice(payload).map_err(damaged)?;
    if head.format > FORMAT {
        return Err(Error::TooNew { found: head.format, known: FORMAT, by: head.duress });
    }
    if head.format < FORMAT {
        return Err(Error::TooOld { found: head.format, known: FORMAT, by: head.duress });
    }
    serde_json::from_slice(payload).map_err(damaged)
}

enum Frame {
    Whole,
    Damaged,
    Torn(&'static str),
    End,
}

fn next_frame(input: &mut impl Read, payload: &mut Vec<u8>) -> io::Result<Frame> {
    payload.clear();
    let mut prefix = [0; PREFIX];
    let got = read_up_to(input, &mut prefix)?;
    if prefix.iter().all(|byte| *byte == 0) {
        return Ok(Frame::End);
    }
    if got < PREFIX {
        return Ok(Frame::Torn("the file ends within an entry"));
    }
    let [l0, l1, l2, l3, c0, c1, c2, c3] = prefix;
    let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    let checksum = u32::from_le_bytes([c0, c1, c2, c3]);
    if length == 0 || length > MAX_PAYLOAD {
        return Ok(Frame::Torn("an entry of an impossible length"));
    }
    // The length is not to be trusted with memory: take only what is really there.
    input.by_ref().take(length as u64).read_to_end(payload)?;
    if payload.len() < length {
        return Ok(Frame::Torn("the file ends within an entry"));
    }
    Ok(if crc32fast::hash(payload) == checksum { Frame::Whole } else { Frame::Damaged })
}

fn read_up_to(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match input.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

#[cfg(test)]
mod tests;
