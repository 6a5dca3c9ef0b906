//! Who made a system call.

use crate::site::{START, digest};
use crate::{Frame, Site, SiteKey, Sysno};
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
        OccurrenceKey::from_parts(
            caller.and_then(Caller::test),
            caller.map(|caller| caller.site.key()),
            sysno,
        )
    }

    /// The key of a call in this test, from this site, as far as they are known.
    pub fn from_parts(test: Option<&str>, site: Option<SiteKey>, sysno: Sysno) -> OccurrenceKey {
        let hash = digest(START, test.unwrap_or_default().as_bytes());
        let hash = digest(hash, &site.map_or(0, |site| site.0).to_le_bytes());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_site_and_system_call_each_make_another_key() {
        let key = |test, site: Option<u64>, sysno| OccurrenceKey::from_parts(test, site.map(SiteKey), sysno);
        let keys = [
            key(None, None, Sysno::read),
            key(Some("TestA"), None, Sysno::read),
            key(Some("TestA"), Some(1), Sysno::read),
            key(Some("TestA"), Some(2), Sysno::read),
            key(Some("TestA/b"), Some(1), Sysno::read),
            key(Some("TestA"), Some(1), Sysno::write),
        ];
        for (place, one) in keys.iter().enumerate() {
            assert!(!keys[..place].contains(one), "{place}");
        }
        // Golden: replays of recorded runs depend on it.
        assert_eq!(keys[2], OccurrenceKey(4_626_501_676_952_085_934));
    }

    #[test]
    fn a_key_is_the_same_from_a_caller_and_from_its_parts() {
        let site = Arc::new(Site { frames: Vec::new(), is_whole: true });
        let goroutine =
            Goroutine { id: 1, parent: None, creator: None, entry: None, test: Some("TestA".into()) };
        let caller = Caller { site: Arc::clone(&site), goroutine: Some(Arc::new(goroutine)) };
        assert_eq!(
            OccurrenceKey::of(Some(&caller), Sysno::read),
            OccurrenceKey::from_parts(Some("TestA"), Some(site.key()), Sysno::read)
        );
        let runtime = Caller { goroutine: None, ..caller };
        assert_eq!(
            OccurrenceKey::of(Some(&runtime), Sysno::read),
            OccurrenceKey::from_parts(None, Some(site.key()), Sysno::read)
        );
        assert_eq!(OccurrenceKey::of(None, Sysno::read), OccurrenceKey::from_parts(None, None, Sysno::read));
    }
}
