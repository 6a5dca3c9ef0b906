//! Why a journal cannot be written or read.

use std::io;

/// Why a journal cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store could not take more bytes: usually a full disk.
    #[error("cannot write the journal")]
    Append(#[source] io::Error),
    /// An entry could not be encoded.
    #[error("cannot encode a journal entry")]
    Encode(#[source] postcard::Error),
    /// The header could not be encoded.
    #[error("cannot encode the journal's header")]
    EncodeHeader(#[source] serde_json::Error),
    /// The bytes could not be read.
    #[error("cannot read the journal")]
    Read(#[source] io::Error),
    /// The file does not begin like a journal.
    #[error("this is no journal of duress")]
    NotAJournal,
    /// The header is damaged.
    #[error("the journal's header is damaged: {reason}")]
    Header {
        /// What is wrong with it.
        reason: String,
    },
    /// An older duress wrote it, in a way that is not read any more.
    #[error("the journal has format {found}, older than this duress reads ({known}); duress {by} wrote it")]
    TooOld {
        /// The format found.
        found: u32,
        /// The oldest format that is read.
        known: u32,
        /// The version that wrote it.
        by: String,
    },
    /// A newer duress wrote it.
    #[error("the journal has format {found}, newer than this duress reads ({known}); duress {by} wrote it")]
    TooNew {
        /// The format found.
        found: u32,
        /// The newest format known.
        known: u32,
        /// The version that wrote it.
        by: String,
    },
}
