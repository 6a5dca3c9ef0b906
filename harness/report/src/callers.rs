//! Who made calls, as far as the journal tells: the sites and goroutines that it has named so far.

use journal::CallerNumbers;
use model::{Frame, Goroutine, GoroutineNumber, Site, SiteNumber};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many sites, and how many goroutines, are kept; what comes later is unknown.
const KEPT: usize = 64 << 10;

/// How many frames are kept of one site. Go's own tracebacks stop at 100.
const DEPTH: usize = 512;

/// How many frames are kept of all sites: only a damaged or a hostile journal has more.
const FRAMES: usize = 1 << 20;

/// Who made a call, as far as the journal knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The call path; none where the journal names it nowhere.
    pub site: Option<Arc<Site>>,
    /// What ran.
    pub runner: Runner,
}

/// What ran on the thread that made a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runner {
    /// A goroutine.
    Goroutine(Arc<Goroutine>),
    /// None: the runtime acted for itself.
    Thread,
    /// A goroutine that the journal names nowhere.
    Unknown,
}

impl Caller {
    /// The goroutine, where there is one and it is known.
    pub fn goroutine(&self) -> Option<&Goroutine> {
        match &self.runner {
            Runner::Goroutine(goroutine) => Some(goroutine),
            Runner::Thread | Runner::Unknown => None,
        }
    }

    /// The test or subtest that the call belongs to.
    pub fn test(&self) -> Option<&str> {
        self.goroutine()?.test.as_deref()
    }

    /// The frames that people are shown, innermost first: all of them where none is meant to be.
    pub fn path(&self) -> Vec<&Frame> {
        self.site.as_deref().map_or(Vec::new(), path)
    }
}

/// The frames of a site that people are shown, innermost first: all of them where none is meant to be.
pub(crate) fn path(site: &Site) -> Vec<&Frame> {
    let shown: Vec<&Frame> = site.shown().collect();
    if shown.is_empty() { site.frames.iter().collect() } else { shown }
}

/// What numbers stand for.
///
/// Numbers may be absent or absurd in a damaged journal, so nothing is ever laid out by them. The first meaning of a
/// number stays: a second one is damage.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Callers {
    sites: BTreeMap<SiteNumber, Arc<Site>>,
    goroutines: BTreeMap<GoroutineNumber, Arc<Goroutine>>,
    frames: usize,
}

impl Callers {
    /// A number stands for a site from now on.
    pub(crate) fn site(&mut self, number: SiteNumber, site: &Site) {
        let depth = site.frames.len().min(DEPTH);
        let has_room = self.sites.len() < KEPT && self.frames + depth <= FRAMES;
        if !has_room || self.sites.contains_key(&number) {
            return;
        }
        self.frames += depth;
        let is_whole = site.is_whole && depth == site.frames.len();
        let site = Site { frames: site.frames[..depth].to_vec(), is_whole };
        self.sites.insert(number, Arc::new(site));
    }

    /// A number stands for a goroutine from now on.
    pub(crate) fn goroutine(&mut self, number: GoroutineNumber, goroutine: &Goroutine) {
        if self.goroutines.len() < KEPT {
            self.goroutines.entry(number).or_insert_with(|| Arc::new(goroutine.clone()));
        }
    }

    /// The site that a number stands for.
    pub(crate) fn site_of(&self, number: SiteNumber) -> Option<&Arc<Site>> {
        self.sites.get(&number)
    }

    /// The goroutine that a number stands for.
    pub(crate) fn goroutine_of(&self, number: GoroutineNumber) -> Option<&Arc<Goroutine>> {
        self.goroutines.get(&number)
    }

    /// The caller that these numbers stand for.
    pub(crate) fn of(&self, numbers: CallerNumbers) -> Caller {
        let runner = match numbers.goroutine {
            None => Runner::Thread,
            Some(number) => self.goroutine_of(number).cloned().map_or(Runner::Unknown, Runner::Goroutine),
        };
        Caller { site: self.site_of(numbers.site).cloned(), runner }
    }
}
