//! What is known of a host before anything is concluded from it.

use super::root::Root;
use super::sysctl::{Files, Key};
use golang::Toolchain;
use kernel::probe::{PerfEvents, Probe, TraceObstacle};
use std::path::Path;

/// What is known of a host.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) root: Root,
    /// What only a live kernel and a live `go` can be asked.
    pub(crate) live: Option<Live>,
    /// The variables that a command would have.
    pub(crate) environment: Vec<(String, String)>,
    /// `/proc/self/status`.
    status: Option<String>,
    pub(crate) files: Files,
}

/// What a live host answers.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) probe: Probe,
    pub(crate) trace: Result<(), TraceObstacle>,
    pub(crate) perf: PerfEvents,
    pub(crate) go: Result<Toolchain, golang::Error>,
}

impl Host {
    /// Asks this host, or reads a tree.
    pub(crate) fn look(root: Root, cwd: &Path) -> Host {
        let live = root.is_live().then(|| {
            let probe = Probe::take();
            let trace = probe.trace();
            Live { probe, trace, perf: PerfEvents::take(), go: Toolchain::find("go", cwd, &[]) }
        });
        let environment = if root.is_live() {
            let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
            std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect()
        } else {
            variables(&root.text("/proc/self/environ").unwrap_or_default())
        };
        let files = Files::read(&root);
        let status = root.text("/proc/self/status").ok();
        Host { live, environment, status, files, root }
    }

    /// A variable that is set and not empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        let found = self.environment.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A line of `/proc/self/status`, by its name.
    pub(crate) fn status(&self, name: &str) -> Option<&str> {
        self.status
            .as_ref()?
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map(str::trim)
    }

    /// The release of the kernel.
    pub(crate) fn kernel(&self) -> Option<String> {
        match &self.live {
            Some(live) => Some(live.probe.kernel.clone()),
            None => self.root.line("/proc/sys/kernel/osrelease"),
        }
    }

    /// The effective user.
    pub(crate) fn uid(&self) -> Option<u32> {
        match &self.live {
            Some(live) => Some(live.probe.uid),
            None => self.status("Uid")?.split_whitespace().nth(1)?.parse().ok(),
        }
    }

    /// A mask of capabilities: `CapEff`, `CapBnd`.
    pub(crate) fn capabilities(&self, which: &str) -> Option<u64> {
        u64::from_str_radix(self.status(which)?, 16).ok()
    }

    /// A setting of the kernel.
    pub(crate) fn key(&self, key: &'static str) -> Key {
        self.files.key(&self.root, key)
    }
}

/// The variables of a `/proc/…/environ`.
pub(crate) fn variables(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('\0').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
