//! How entries lie in the file.
//!
//! ```text
//! "duress-journal\n"  then, again and again:  length u32 LE · CRC-32 of the payload u32 LE · payload
//! ```
//!
//! The first payload is the header's JSON, all others are entries. The file is grown ahead of the entries and filled
//! with zeros, so a length of zero means: nothing was written from here on.

/// The first bytes of every journal.
pub(crate) const MAGIC: &[u8] = b"duress-journal\n";

/// Length and checksum in front of a payload.
pub(crate) const PREFIX: usize = 8;

/// No payload is longer; what claims to be is damage.
pub(crate) const MAX_PAYLOAD: usize = 16 << 20;

/// Fills in the prefix of a frame whose payload starts at [`PREFIX`].
pub(crate) fn seal(frame: &mut [u8]) {
    let (prefix, payload) = frame.split_at_mut(PREFIX);
    let length = u32::try_from(payload.len()).expect("the writer bounds payloads by MAX_PAYLOAD");
    prefix[..4].copy_from_slice(&length.to_le_bytes());
    prefix[4..].copy_from_slice(&crc32fast::hash(payload).to_le_bytes());
}
