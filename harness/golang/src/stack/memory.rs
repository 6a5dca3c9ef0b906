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

/// How much a process may still be searched, so that one that claims to have no end of threads and goroutines does not
/// hold up all others. What cannot be found within it counts as not known.
///
/// A unit is a reading, or 16 KiB of a large one: about a microsecond each. What is in the way of honest programs takes a
/// few thousand at the beginning, and none later.
#[derive(Debug)]
pub(crate) struct Ration(u64);

/// Memory that can be read as long as there is a ration left.
pub(crate) struct Rationed<'m> {
    memory: &'m mut dyn Memory,
    left: &'m mut u64,
}

impl Ration {
    /// What a process begins with: half a second. It is enough for 100,000 goroutines.
    pub(crate) const FULL: u64 = 512 << 10;
    /// What each call adds to what is left.
    pub(crate) const RENEWED: u64 = 4 << 10;

    pub(crate) fn new() -> Ration {
        Ration(Ration::FULL)
    }

    /// Another call: there is something to search with again.
    pub(crate) fn renew(&mut self) {
        self.0 = (self.0 + Ration::RENEWED).min(Ration::FULL);
    }

    /// The memory, as long as this lasts.
    pub(crate) fn of<'m>(&'m mut self, memory: &'m mut dyn Memory) -> Rationed<'m> {
        Rationed { memory, left: &mut self.0 }
    }
}

impl Memory for Rationed<'_> {
    fn read(&mut self, address: u64, buffer: &mut [u8]) -> usize {
        if *self.left == 0 {
            return 0;
        }
        *self.left = self.left.saturating_sub(1 + (buffer.len() / (16 << 10)) as u64);
        self.memory.read(address, buffer)
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
