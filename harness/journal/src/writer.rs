//! Appending entries.

use crate::frame::{MAGIC, MAX_PAYLOAD, PREFIX, Short, seal};
use crate::{Entry, Error, Header};
use std::io;

/// Where a journal's bytes go. What was appended must survive the death of this process.
pub trait Store {
    /// Appends all of these bytes or none that matter: a torn end is found by its checksum.
    ///
    /// # Errors
    /// Whatever keeps the bytes from being kept, a full disk before all.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
}

impl Store for Vec<u8> {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// Room for the frame of a call and most others, in bytes.
const SHORT: usize = 512;

/// Appends entries to a store. Its buffers are used again and again: appending a call allocates nothing.
#[derive(Debug)]
pub struct Writer<S> {
    store: S,
    short: [u8; SHORT],
    frame: Vec<u8>,
}

impl<S: Store> Writer<S> {
    /// Begins a journal in an empty store.
    ///
    /// # Errors
    /// [`Error::Append`] where the store is full or the header too long to be read back, [`Error::EncodeHeader`] where
    /// it cannot be written as JSON.
    pub fn create(mut store: S, header: &Header) -> Result<Writer<S>, Error> {
        let mut frame = vec![0; PREFIX];
        serde_json::to_writer(&mut frame, header).map_err(Error::EncodeHeader)?;
        frame.push(b'\n');
        bound(&frame, "a header above 16 MiB")?;
        seal(&mut frame);
        store.append(MAGIC).map_err(Error::Append)?;
        store.append(&frame).map_err(Error::Append)?;
        Ok(Writer { store, short: [0; SHORT], frame })
    }

    /// Appends one entry.
    ///
    /// # Errors
    /// [`Error::Append`] where the store is full; the journal is readable up to the entry before.
    pub fn append(&mut self, entry: &Entry<'_>) -> Result<(), Error> {
        match postcard::serialize_with_flavor(entry, Short::new(&mut self.short)) {
            Ok(frame) => {
                seal(frame);
                self.store.append(frame).map_err(Error::Append)
            }
            Err(postcard::Error::SerializeBufferFull) => self.append_long(entry),
            Err(error) => Err(Error::Encode(error)),
        }
    }

    /// Appends an entry that may be long: lines of output are.
    fn append_long(&mut self, entry: &Entry<'_>) -> Result<(), Error> {
        let mut frame = std::mem::take(&mut self.frame);
        frame.clear();
        frame.resize(PREFIX, 0);
        self.frame = postcard::to_extend(entry, frame).map_err(Error::Encode)?;
        bound(&self.frame, "an entry above 16 MiB")?;
        seal(&mut self.frame);
        self.store.append(&self.frame).map_err(Error::Append)
    }

    /// The store, for what only it can do.
    pub fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    /// Gives the store back, to be closed by whoever opened it.
    pub fn into_store(self) -> S {
        self.store
    }
}

/// Refuses what the reader would take for damage.
fn bound(frame: &[u8], what: &'static str) -> Result<(), Error> {
    if frame.len() > MAX_PAYLOAD {
        return Err(Error::Append(io::Error::new(io::ErrorKind::InvalidInput, what)));
    }
    Ok(())
}
