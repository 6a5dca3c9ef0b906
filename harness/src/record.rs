//! The run's journal, open for writing.

use crate::clock::Clock;
use journal::{Entry, Header, Store, Writer};
use kernel::MappedLog;
use model::Nanos;
use std::io;
use std::path::Path;

/// The journal of the run in progress, and the clock its entries share.
#[derive(Debug)]
pub(crate) struct Record {
    writer: Writer<Mapped>,
    clock: Clock,
}

/// A file mapping as a journal's store: what was appended survives SIGKILL without a system call an entry.
#[derive(Debug)]
struct Mapped(MappedLog);

impl Store for Mapped {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.append(bytes)
    }
}

impl Record {
    /// Begins a journal.
    pub(crate) fn create(path: &Path, header: &Header, clock: Clock) -> Result<Record, journal::Error> {
        let log = MappedLog::create(path).map_err(journal::Error::Append)?;
        Ok(Record { writer: Writer::create(Mapped(log), header)?, clock })
    }

    /// The time of an entry that is written now.
    pub(crate) fn now(&self) -> Nanos {
        self.clock.now()
    }

    /// Appends a fact.
    pub(crate) fn put(&mut self, entry: &Entry<'_>) -> Result<(), journal::Error> {
        self.writer.append(entry)
    }

    /// Appends last words, for which a full disk has some room kept back.
    pub(crate) fn put_last(mut self, entries: &[Entry<'_>]) -> Result<(), journal::Error> {
        self.writer.store_mut().0.use_reserve();
        for entry in entries {
            self.writer.append(entry)?;
        }
        self.close()
    }

    /// Ends the journal.
    pub(crate) fn close(mut self) -> Result<(), journal::Error> {
        self.writer.append(&Entry::Closed { at: self.clock.now() })?;
        self.writer.into_store().0.close().map_err(journal::Error::Append)
    }
}
