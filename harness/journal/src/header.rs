//! The first record of every journal: what was run, under what.

use model::RunId;
use serde::{Deserialize, Serialize};

/// The version of the entry encoding. A reader refuses a newer one by name instead of guessing.
///
/// 2: a fault has a signal, memory, an execution; 3: a decision has a caller. Earlier formats were never released.
pub const FORMAT: u32 = 3;

/// What was run, under what plan, on what machine. Written once, as JSON, so that every later version (and `head -2`)
/// can read it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the entries that follow.
    pub format: u32,
    /// The version of duress that wrote them.
    pub duress: String,
    /// The run's name.
    pub run: RunId,
    /// The command as the user gave it.
    pub command: Vec<String>,
    /// The folder it was run in.
    pub cwd: String,
    /// What part of the command is under duress.
    pub mode: Mode,
    /// Whether the whole command is under duress, and not only what `go` builds.
    pub whole_tree: bool,
    /// The plan, with what `-e` added, as a plan file.
    pub plan: String,
    /// The plan's rules, in order.
    pub rules: Vec<RuleHead>,
    /// The personas that the host had, as the user gave them.
    #[serde(default)]
    pub personas: Vec<String>,
    /// Calls that are trapped and counted, and never changed, by name.
    pub watch: Vec<String>,
    /// The seed of every random decision.
    pub seed: u64,
    /// Of which calls it is found out who made them.
    pub attribution: Attribution,
    /// The time limit in seconds, if one was given.
    pub timeout_s: Option<f64>,
    /// The run whose decisions are made again, if this is a replay.
    pub replay_of: Option<RunId>,
    /// What `go version` calls the toolchain (`go1.26.8`), where one is used.
    pub go: Option<String>,
    /// The kernel's release (`uname -r`).
    pub kernel: String,
    /// How calls are interposed on: `notify`, `trace`, `quiet`, or several of them joined by `+`; `none` without rules.
    pub mechanism: String,
    /// When the run began, in milliseconds since 1970 UTC. The only wall time in a journal.
    pub started_unix_ms: u64,
}

/// A rule, as far as reports need it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleHead {
    /// Its name.
    pub name: String,
    /// What it does and to which calls, in one line, as `-e` would say it.
    pub spec: String,
    /// The errors that it forces: name (`ENOSPC`) and Go's words for it, so that a report finds them in output.
    pub errors: Vec<(String, String)>,
    /// The kernel's filter does it alone: what it hits is not counted.
    #[serde(default)]
    pub is_quiet: bool,
    /// It looks at memory that the target can change between our look and the kernel's, so what it hits can be raced.
    #[serde(default)]
    pub is_racy: bool,
    /// The persona that it is a part of: how an emulated host is, and no fault that the run is about.
    #[serde(default)]
    pub persona: Option<String>,
    /// Its occurrences are counted by test, site and system call, and not over all of a subject's.
    #[serde(default)]
    pub counts_by_site: bool,
}

/// Of which calls it is found out who made them, beside those of which a rule asks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Attribution {
    /// Of none.
    Never,
    /// Of those that a rule hits.
    #[default]
    Fired,
    /// Of all that are trapped; then every rule counts by test, site and system call.
    All,
}

/// What part of the command is under duress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// The test binaries that `go test` builds.
    GoTest,
    /// The program that `go run` builds.
    GoRun,
    /// The command itself and all it starts.
    Program,
    /// A process that ran before, and all it starts.
    Attached,
}
