//! What came of it; the keys of its JSON are stable.

use super::choice::LeftOut;
use super::effect::Effect;
use serde::Serialize;

/// The whole result.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    pub(crate) command: Vec<String>,
    /// The toolchain whose switches were tried.
    pub(crate) go: String,
    pub(crate) base: Base,
    pub(crate) switches: Vec<Tried>,
    /// The smallest set that exposes; empty where the output names the cause without any, and where none does.
    pub(crate) smallest: Vec<String>,
    /// The command that shows it again, with the smallest set.
    pub(crate) repro: String,
    pub(crate) runs: usize,
    pub(crate) wall_s: f64,
    /// The scenario, where it was one.
    pub(crate) scenario: Option<String>,
    /// The command line that tries switches on it again: what stands before `--switch`, and behind it.
    #[serde(skip)]
    pub(crate) again: Vec<String>,
    #[serde(skip)]
    pub(crate) rest: Vec<String>,
    #[serde(skip)]
    pub(crate) left_out: LeftOut,
    /// What a reader should know beside: another Go built it, it is built anew for each run.
    pub(crate) notes: Vec<String>,
}

/// The command without any switch.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Base {
    pub(crate) verdict: String,
    pub(crate) runs: usize,
    /// The line that names the cause without any switch, if one does.
    pub(crate) names_cause: Option<String>,
    /// What that line names: `the error ENOSPC`.
    pub(crate) names: Vec<String>,
    /// Faults fired, so that the cause is known.
    pub(crate) cause_is_known: bool,
    /// What the cause is, as far as it is known.
    pub(crate) cause: Vec<String>,
    pub(crate) fired: u64,
    /// How many lines some of the equal runs print and others do not.
    pub(crate) flickering_lines: usize,
    /// The verdict without the faults; null where there are none.
    pub(crate) without_faults: Option<String>,
}

/// One switch.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Tried {
    pub(crate) switch: String,
    pub(crate) effect: Effect,
    pub(crate) evidence: String,
    pub(crate) runs: usize,
    /// How long these runs took together, in seconds.
    pub(crate) wall_s: f64,
    /// What it names that nothing named before.
    pub(crate) names: Vec<String>,
    pub(crate) added_lines: usize,
    /// Where the toolchain's sources name it.
    pub(crate) place: Option<String>,
    /// It changes how fast and side by side things run, and not what is said.
    pub(crate) perturbs: bool,
}

impl Report {
    pub(crate) fn of(&self, effect: Effect) -> impl Iterator<Item = &Tried> {
        self.switches.iter().filter(move |tried| tried.effect == effect)
    }
}
