//! What a scenario is.

use super::judge::Judgement;
use super::signs::Signs;
use golang::{Releases, Version};
use regex_lite::Regex;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// One scenario: `scenario.toml`, understood.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    /// Its id: the name of its folder.
    pub(crate) id: String,
    /// What it is about, in one line.
    pub(crate) title: String,
    /// What somebody claims.
    pub(crate) claim: String,
    /// The document in which it is claimed; none for a claim of our own.
    pub(crate) document: Option<String>,
    /// The section of the document.
    pub(crate) section: Option<String>,
    /// Its number among the known failures.
    pub(crate) failure: Option<String>,
    /// Public reports of the failure: `golang/go#37436`.
    pub(crate) reports: Vec<String>,
    /// What the host must have.
    pub(crate) needs: Vec<Need>,
    /// The releases of Go that the claim is about.
    pub(crate) go: Option<Releases>,
    /// The folder of the Go module, which scenarios may share.
    pub(crate) module: PathBuf,
    /// Nothing else may run beside it: it measures time, or the whole host.
    pub(crate) is_alone: bool,
    /// Switches of the runtime to try on one of its arms.
    pub(crate) switches: Vec<String>,
    /// The verdict that was seen, and that `--check` expects, by release of Go; no range means all others.
    pub(crate) expected: Vec<(Option<Releases>, Judgement)>,
    /// Why it cannot be tried by us at all; then it has no arms.
    pub(crate) not_here: Option<NotHere>,
    /// The runs.
    pub(crate) arms: Vec<Arm>,
}

impl Scenario {
    /// The verdict that was recorded for this version of Go.
    pub(crate) fn expected(&self, version: Option<&Version>) -> Option<Judgement> {
        recorded(&self.expected, version)
    }

    /// The arm on which switches are tried: the one that says so, or the first that decides.
    pub(crate) fn exposed_arm(&self) -> Option<&Arm> {
        self.arms
            .iter()
            .find(|arm| arm.is_exposed)
            .or_else(|| self.arms.iter().find(|arm| arm.decides()))
            .or_else(|| self.arms.first())
    }
}

/// Why a claim cannot be tried.
#[derive(Debug, Clone)]
pub(crate) struct NotHere {
    /// What is missing.
    pub(crate) reason: String,
    /// What would try it.
    pub(crate) would: String,
}

/// What a host may lack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Need {
    /// `go test -race`: cgo and a C compiler.
    Race,
    /// A C compiler that cgo can use.
    Cgo,
    /// The superuser.
    Root,
    /// A program in PATH.
    Program(String),
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Need::Race => "race",
            Need::Cgo => "cgo",
            Need::Root => "root",
            Need::Program(name) => name,
        })
    }
}

impl serde::Serialize for Need {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One run of a scenario.
#[derive(Debug, Clone)]
pub(crate) struct Arm {
    /// What is run, in words.
    pub(crate) name: String,
    /// What is run.
    pub(crate) target: Target,
    /// Variables that it is started with, beside those that there are.
    pub(crate) env: BTreeMap<String, String>,
    /// Under root, it runs as nobody.
    pub(crate) is_unprivileged: bool,
    /// The releases of Go that it is tried with.
    pub(crate) go: Option<Releases>,
    /// Faults, as `-e` takes them.
    pub(crate) inject: Vec<String>,
    /// A plan file, relative to the scenario's folder.
    pub(crate) plan: Option<PathBuf>,
    /// Hosts, as `--persona` takes them.
    pub(crate) personas: Vec<String>,
    /// Further arguments of `duress run`: `--whole-tree`, `--mechanism=trace`.
    pub(crate) options: Vec<String>,
    /// Calls to count, as `--watch` takes them.
    pub(crate) watch: Vec<String>,
    /// The seed of every random choice.
    pub(crate) seed: Option<u64>,
    /// The time limit.
    pub(crate) timeout: Duration,
    /// Lines of the output that are evidence.
    pub(crate) evidence: Vec<Regex>,
    /// Switches are tried on this arm.
    pub(crate) is_exposed: bool,
    /// What it was seen to look like, by release of Go, as the scenario's own; `partly` is neither.
    pub(crate) expected: Vec<(Option<Releases>, Judgement)>,
    /// What must be so for the attempt to be real.
    pub(crate) must: Option<Signs>,
    /// What it looks like if the claim is true.
    pub(crate) reproduced: Option<Signs>,
    /// What it looks like if the claim is false.
    pub(crate) refuted: Option<Signs>,
}

/// What is recorded for a version: by a range that it is in, else for all others.
fn recorded(expected: &[(Option<Releases>, Judgement)], version: Option<&Version>) -> Option<Judgement> {
    let named = expected.iter().find(|(releases, _)| {
        releases.as_ref().zip(version).is_some_and(|(releases, version)| releases.contain(version))
    });
    let other = || expected.iter().find(|(releases, _)| releases.is_none());
    named.or_else(other).map(|(_, judgement)| *judgement)
}

impl Arm {
    /// What it was seen to look like with this version of Go.
    pub(crate) fn expected(&self, version: &Version) -> Option<Judgement> {
        recorded(&self.expected, Some(version))
    }

    /// Whether the verdict hangs on it.
    pub(crate) fn decides(&self) -> bool {
        self.reproduced.is_some() || self.refuted.is_some()
    }
}

/// What an arm runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// Tests of the module, from a test binary that is built once.
    Test { pattern: String, source: Built },
    /// A program of the module, built once.
    Program(Built),
    /// A command, in the module's folder.
    Command(Vec<String>),
}

/// Something that Go builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Built {
    /// The package: `.`, `./worker`.
    pub(crate) package: String,
    /// Flags of `go build`: `-race`, `-ldflags=-s`.
    pub(crate) flags: Vec<String>,
    /// Variables for the build: `CGO_ENABLED=0`.
    pub(crate) env: BTreeMap<String, String>,
    /// Arguments of what was built.
    pub(crate) args: Vec<String>,
}
