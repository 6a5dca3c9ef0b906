//! The memory of a process, as whoever can read it gives it.

/// Reads the memory of a process whose thread sleeps.
pub trait Memory {
    /// Fills the buffer from this address on, as far as it can; gives how far.
    fn read(&mut self, address: u64, buffer: &mut [u8]) -> usize;

    /// Fills every buffer, from its address on, in one go; whether it could.
    fn gather(&mut self, parts: &mut [(u64, &mut [u8])]) -> bool {
        parts.iter_mut().all(|(address, buffer)| self.read(*address, buffer) == buffer.len())
    }
}

/// What is read as words, each on its own account.
pub(crate) trait Words: Memory {
    /// The word at an address.
    fn word(&mut self, address: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        (self.read(address, &mut bytes) == 8).then(|| u64::from_le_bytes(bytes))
    }

    /// So many words from an address on; all or none.
    fn words<const N: usize>(&mut self, address: u64) -> Option<[u64; N]> {
        let mut bytes = [[0; 8]; N];
        let whole = bytes.as_flattened_mut();
        let wanted = whole.len();
        (self.read(address, whole) == wanted).then(|| bytes.map(u64::from_le_bytes))
    }
}

impl<M: Memory + ?Sized> Words for M {}

/// The word at a place of a piece of memory.
pub(crate) fn word_at(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(8)?)?;
    bytes.try_into().ok().map(u64::from_le_bytes)
}

/// The half word at a place of a piece of memory.
pub(crate) fn half_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    bytes.try_into().ok().map(u32::from_le_bytes)
}
