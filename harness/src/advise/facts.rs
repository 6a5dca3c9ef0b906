//! What a run recorded that says something about switches.

use crate::expose::{is_http2, is_resolver};
use model::{Code, Errno, Site};
use report::{FindingKind, Summary, Verdict};
use std::collections::BTreeMap;

/// The facts.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Facts {
    /// Trapped calls by name.
    pub(crate) calls: BTreeMap<String, u64>,
    /// Those that a fault made fail, among the first 1,000 faults.
    pub(crate) failed: BTreeMap<String, u64>,
    /// Calls whose call path goes through net's resolver.
    pub(crate) lookups: u64,
    /// … through HTTP/2.
    pub(crate) http2: u64,
    /// … through a stop of the world or a collection.
    pub(crate) collections: u64,
    /// Calls that C code made.
    pub(crate) foreign: u64,
    /// Findings by kind.
    pub(crate) crashes: u64,
    pub(crate) fatal: u64,
    pub(crate) signals: u64,
    pub(crate) hangs: u64,
    pub(crate) silent: bool,
    /// Lines of the output by what they hold.
    pub(crate) lines: BTreeMap<&'static str, u64>,
    /// Personas that limit the processor.
    pub(crate) processor: Vec<String>,
}

/// What is looked for in the output.
///
/// # Go
/// net.DNSError; net/http's HTTP/2; checkptr, findObject and cgoCheckUnknownPointer in runtime; newosproc; checkdead.
pub(crate) const SIGNS: &[&str] = &[
    "lookup ",
    "http2: ",
    "found bad pointer",
    "has Go pointer to",
    "failed to create new OS thread",
    "all goroutines are asleep",
    "fork/exec ",
    "relative to current directory",
    "cannot allocate memory",
];

impl Facts {
    /// Of a run, and of what its target printed.
    pub(crate) fn of(summary: &Summary, output: &str) -> Facts {
        let mut failed: BTreeMap<String, u64> = BTreeMap::new();
        for fired in &summary.fired {
            let is_error = |word: &str| Errno::all().any(|errno| errno.name() == Some(word));
            if fired.outcome.split(|c: char| !c.is_ascii_alphanumeric()).any(is_error) {
                *failed.entry(fired.sysno.to_string()).or_default() += 1;
            }
        }
        let any = |holds: fn(&model::Frame) -> bool| {
            summary.profile.calls_from(move |site: &Site| site.frames.iter().any(holds))
        };
        let kinds = |kinds: &[FindingKind]| {
            let found = summary.findings.iter().filter(|finding| kinds.contains(&finding.kind)).count();
            u64::try_from(found).unwrap_or(u64::MAX)
        };
        let lines = SIGNS.iter().map(|sign| {
            let count = output.lines().filter(|line| line.contains(sign)).count();
            (*sign, u64::try_from(count).unwrap_or(u64::MAX))
        });
        let is_processor = |word: &&String| ["cgroup-cpu", "cpus"].iter().any(|name| word.starts_with(name));
        Facts {
            calls: summary.calls.clone(),
            failed,
            lookups: any(is_resolver),
            http2: any(is_http2),
            // runtime/mgc.go, runtime/proc.go.
            collections: any(|frame| {
                frame.package() == "runtime"
                    && ["gcStart", "stopTheWorld", "gcMark"].iter().any(|name| frame.short().contains(name))
            }),
            foreign: any(|frame| frame.code == Code::Foreign),
            crashes: kinds(&[FindingKind::Crash]),
            fatal: kinds(&[FindingKind::Fatal]),
            signals: kinds(&[FindingKind::Signal]),
            hangs: kinds(&[FindingKind::Hang]),
            silent: summary.verdict == Verdict::Silent,
            lines: lines.filter(|(_, count)| *count > 0).collect(),
            processor: summary.header.personas.iter().filter(is_processor).cloned().collect(),
        }
    }

    /// How many trapped calls there were of these names.
    pub(crate) fn count(&self, names: &[&str]) -> u64 {
        names.iter().filter_map(|name| self.calls.get(*name)).sum()
    }

    /// How many of them a fault made fail.
    pub(crate) fn failures(&self, names: &[&str]) -> u64 {
        names.iter().filter_map(|name| self.failed.get(*name)).sum()
    }

    /// How many calls there were in all.
    pub(crate) fn total(&self) -> u64 {
        self.calls.values().sum()
    }

    /// How many lines hold this.
    pub(crate) fn said(&self, sign: &str) -> u64 {
        self.lines.get(sign).copied().unwrap_or_default()
    }
}
