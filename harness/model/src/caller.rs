//! Who made a system call.

use crate::site::{START, digest};
use crate::{Frame, Site, Sysno};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Who made a call: from where, on which goroutine, in which test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The Go call path.
    pub site: Arc<Site>,
    /// The goroutine; none where the runtime acts for itself, on a thread that runs no goroutine.
    pub goroutine: Option<Arc<Goroutine>>,
}

/// A goroutine, as far as reports need it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goroutine {
    /// Its number within its process, as goroutine dumps show it.
    pub id: u64,
    /// The number of the goroutine that started it; none before Go 1.21, and for the first.
    pub parent: Option<u64>,
    /// The `go` statement that started it; none for the first.
    pub creator: Option<Frame>,
    /// The function that it runs.
    pub entry: Option<Frame>,
    /// The test or subtest (`TestServer/reuse`) that it runs, or that started it.
    pub test: Option<String>,
}

/// What "the third time" counts: the same test, the same site, the same system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OccurrenceKey(pub u64);

impl OccurrenceKey {
    /// The key of a call; what is not known of its caller counts as one.
    pub fn of(caller: Option<&Caller>, sysno: Sysno) -> OccurrenceKey {
        let test = caller.and_then(Caller::test).unwrap_or_default();
        let site = caller.map_or(0, |caller| caller.site.key().0);
        let hash = digest(START, test.as_bytes());
        let hash = digest(hash, &site.to_le_bytes());
        OccurrenceKey(digest(hash, &sysno.0.to_le_bytes()))
    }
}

impl Caller {
    /// The test or subtest that the call belongs to.
    pub fn test(&self) -> Option<&str> {
        self.goroutine.as_ref()?.test.as_deref()
    }
}

impl fmt::Display for Goroutine {
    /// `goroutine 34, started by x.Serve (x.go:12) in goroutine 7`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "goroutine {}", self.id)?;
        if let Some(creator) = &self.creator {
            write!(f, ", started by {creator}")?;
        }
        match self.parent {
            Some(parent) if parent != 0 => write!(f, " in goroutine {parent}"),
            Some(_) | None => Ok(()),
        }
    }
}
