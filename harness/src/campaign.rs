//! One invocation that comes to verdicts: its name, and where they are kept.

use crate::clock::unix_ms;
use crate::exit::Failure;
use crate::run_dir::{name, results_path};
use ::results::{Record, Store};
use std::fs;

/// An invocation of `duress scenario run` or the like, whose verdicts go into the database.
#[derive(Debug)]
pub(crate) struct Campaign {
    id: String,
    host: String,
    kernel: String,
    persona: Option<String>,
    store: Store,
}

/// What was tried and what came of it, as the database has it.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) go: Option<String>,
    /// A scenario's id, or a command line.
    pub(crate) scenario: String,
    pub(crate) switch: Option<String>,
    pub(crate) word: String,
    pub(crate) reason: Option<String>,
    pub(crate) evidence: Vec<String>,
    pub(crate) fired: u64,
    pub(crate) wall_s: f64,
    pub(crate) repro: String,
}

impl Campaign {
    /// Opens the database, so that it is known before anything runs whether verdicts can be kept.
    pub(crate) fn begin(personas: &[String]) -> Result<Campaign, Failure> {
        let line = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        Ok(Campaign {
            id: name(unix_ms()),
            host: line("/proc/sys/kernel/hostname"),
            kernel: line("/proc/sys/kernel/osrelease"),
            persona: (!personas.is_empty()).then(|| personas.join(", ")),
            store: Store::open(&results_path())?,
        })
    }

    /// Keeps verdicts. They are on the disk when this returns.
    pub(crate) fn keep(&mut self, verdicts: Vec<Verdict>) -> Result<(), Failure> {
        let records: Vec<Record> = verdicts
            .into_iter()
            .map(|verdict| Record {
                campaign: self.id.clone(),
                at_unix_ms: unix_ms(),
                host: self.host.clone(),
                kernel: self.kernel.clone(),
                go: verdict.go,
                scenario: verdict.scenario,
                switch: verdict.switch,
                persona: self.persona.clone(),
                verdict: verdict.word,
                reason: verdict.reason,
                evidence: verdict.evidence,
                fired: verdict.fired,
                wall_s: verdict.wall_s,
                duress: env!("CARGO_PKG_VERSION").to_owned(),
                repro: verdict.repro,
            })
            .collect();
        Ok(self.store.append(&records)?)
    }
}
