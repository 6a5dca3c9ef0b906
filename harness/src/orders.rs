//! What a run is to do, and whether this host can.

use crate::exit::{Failure, chain};
use crate::relay::Audience;
use kernel::filter::Filter;
use kernel::probe::{Obstacle, Probe};
use model::{Interest, RuleId, RunId, Sysno};
use policy::{Engine, Plan};
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

/// What a run is to do. Everything in it has been checked as far as it can be without launching.
#[derive(Debug)]
pub(crate) struct Orders {
    pub(crate) command: Vec<String>,
    pub(crate) cwd: PathBuf,
    pub(crate) plan: Plan,
    pub(crate) watch: Vec<Sysno>,
    pub(crate) seed: u64,
    pub(crate) timeout: Option<Duration>,
    pub(crate) whole_tree: bool,
    pub(crate) out: Option<PathBuf>,
    pub(crate) audience: Audience,
    pub(crate) replay: Option<Recorded>,
    /// The filter's instructions; empty where nothing is trapped. Filled in by [`Orders::prepare`].
    pub(crate) filter: Vec<u8>,
    pub(crate) filter_flags: u32,
}

/// The decisions of an earlier run, to be made again.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) run: Option<RunId>,
    /// By subject key: which occurrence of which rule was hit.
    pub(crate) picks: HashMap<String, Vec<(RuleId, u64)>>,
}

impl Orders {
    /// The engine of a subject.
    pub(crate) fn engine(&self, key: &str) -> Engine {
        match &self.replay {
            None => Engine::new(&self.plan, self.seed, key),
            Some(recorded) => {
                Engine::replaying(&self.plan, recorded.picks.get(key).into_iter().flatten().copied())
            }
        }
    }

    /// Compiles the filter, after asking the kernel what it can do.
    pub(crate) fn prepare(&mut self, probe: &Probe) -> Result<(), Failure> {
        let mut interest: Interest = self.plan.interest();
        interest.extend(self.watch.iter().copied());
        if interest.is_empty() {
            return Ok(());
        }
        let features = probe.notify.map_err(|obstacle| refused(obstacle, probe))?;
        self.filter =
            Filter::compile(&interest).map_err(|error| Failure::ours(chain(&error)))?.instructions();
        self.filter_flags = features.flags();
        Ok(())
    }
}

/// Why this host cannot interpose, for the user.
fn refused(obstacle: Obstacle, probe: &Probe) -> Failure {
    match obstacle {
        Obstacle::Missing(errno) => Failure::theirs(format!(
            "this kernel ({}) offers no seccomp notifications: {errno}",
            probe.kernel
        ))
        .help("they are complete since Linux 5.5; in a container, its seccomp profile may hide them: try `--security-opt seccomp=unconfined`"),
        Obstacle::Busy => Failure::theirs("another supervisor listens to this tree of processes already (EBUSY)")
            .help("a tree of processes has room for one seccomp listener; run duress outside of the other tool (a sandbox, or another duress)"),
        Obstacle::Refused(errno) => Failure::theirs(format!("the kernel refuses to put on a filter: {errno}"))
            .help("run `duress doctor` to see what this host allows"),
    }
}
