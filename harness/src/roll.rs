//! The numbers by which the journal knows sites and goroutines.

use crate::record::Record;
use journal::{CallerNumbers, Entry};
use model::{Caller, Goroutine, GoroutineNumber, Site, SiteNumber, SubjectId};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

/// How many of each are remembered. One that was forgotten gets another number, and is written down once more.
const REMEMBERED: usize = 4096;

/// The sites and goroutines that were written down. They are told apart by where they are kept; a weak hold of each sees to it
/// that no other takes the place.
#[derive(Debug, Default)]
pub(crate) struct Roll {
    sites: HashMap<usize, (SiteNumber, Weak<Site>)>,
    goroutines: HashMap<usize, (GoroutineNumber, Weak<Goroutine>)>,
    next_site: u32,
    next_goroutine: u32,
}

impl Roll {
    /// The numbers of a caller; what is new is written down first.
    pub(crate) fn numbers(
        &mut self,
        subject: SubjectId,
        caller: &Caller,
        record: &mut Record,
    ) -> Result<CallerNumbers, journal::Error> {
        let site = self.site(&caller.site, record)?;
        let goroutine = caller.goroutine.as_ref();
        let goroutine = goroutine.map(|goroutine| self.goroutine(subject, goroutine, record)).transpose()?;
        Ok(CallerNumbers { site, goroutine })
    }

    fn site(&mut self, site: &Arc<Site>, record: &mut Record) -> Result<SiteNumber, journal::Error> {
        let place = Arc::as_ptr(site).addr();
        if let Some((number, _)) = self.sites.get(&place) {
            return Ok(*number);
        }
        let number = SiteNumber(self.next_site);
        record.put(&Entry::Site { number, site: Cow::Borrowed(site), at: record.now() })?;
        self.next_site = self.next_site.wrapping_add(1);
        if self.sites.len() >= REMEMBERED {
            self.sites.clear();
        }
        self.sites.insert(place, (number, Arc::downgrade(site)));
        Ok(number)
    }

    fn goroutine(
        &mut self,
        subject: SubjectId,
        goroutine: &Arc<Goroutine>,
        record: &mut Record,
    ) -> Result<GoroutineNumber, journal::Error> {
        let place = Arc::as_ptr(goroutine).addr();
        if let Some((number, _)) = self.goroutines.get(&place) {
            return Ok(*number);
        }
        let number = GoroutineNumber(self.next_goroutine);
        let entry =
            Entry::Goroutine { number, subject, goroutine: Cow::Borrowed(goroutine), at: record.now() };
        record.put(&entry)?;
        self.next_goroutine = self.next_goroutine.wrapping_add(1);
        if self.goroutines.len() >= REMEMBERED {
            self.goroutines.clear();
        }
        self.goroutines.insert(place, (number, Arc::downgrade(goroutine)));
        Ok(number)
    }
}
