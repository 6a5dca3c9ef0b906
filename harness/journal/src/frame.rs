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

/// A frame of bounded size, encoded in place.
///
/// postcard's own slice hands each number over as a few bytes to copy, which costs a call of memmove(3) each; an entry has
/// two dozen numbers. Writing them byte by byte takes a third of the time.
pub(crate) struct Short<'b> {
    bytes: &'b mut [u8],
    length: usize,
}

impl<'b> Short<'b> {
    /// A frame in this buffer, its payload empty.
    pub(crate) fn new(bytes: &'b mut [u8]) -> Short<'b> {
        Short { bytes, length: PREFIX }
    }
}

impl<'b> postcard::ser_flavors::Flavor for Short<'b> {
    type Output = &'b mut [u8];

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        let place = self.bytes.get_mut(self.length).ok_or(postcard::Error::SerializeBufferFull)?;
        *place = byte;
        self.length += 1;
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        let room = self.bytes.get_mut(self.length..).and_then(|rest| rest.get_mut(..bytes.len()));
        let room = room.ok_or(postcard::Error::SerializeBufferFull)?;
        // In pairs, for a loop over single bytes is made a call of memmove(3) again.
        for (to, from) in room.chunks_mut(2).zip(bytes.chunks(2)) {
            match (to, from) {
                ([first, second], [a, b]) => (*first, *second) = (*a, *b),
                (to, from) => to[0] = from[0],
            }
        }
        self.length += bytes.len();
        Ok(())
    }

    fn finalize(self) -> postcard::Result<&'b mut [u8]> {
        Ok(&mut self.bytes[..self.length])
    }
}
