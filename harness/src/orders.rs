//! What a run is to do, and whether this host can.

use crate::exit::{Failure, chain};
use crate::relay::Audience;
use journal::Attribution;
use kernel::filter::Filter;
use kernel::probe::{Obstacle, Probe, TraceObstacle};
use kernel::{Mechanism, Notify, Trace};
use model::{Capabilities, Capability, Diagnostic, Interest, RunId, Sieve, Sysno, Tgid, Via};
use persona::Shown;
use policy::{Counting, Engine, Hit, Plan};
use shim::surroundings::Surroundings;
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

/// What a run is to do. Everything in it has been checked as far as it can be without launching.
#[derive(Debug)]
pub(crate) struct Orders {
    pub(crate) command: Vec<String>,
    pub(crate) cwd: PathBuf,
    /// The process to attach to, in the place of a command.
    pub(crate) attach: Option<Tgid>,
    pub(crate) plan: Plan,
    pub(crate) watch: Vec<Sysno>,
    /// What is trapped for all that, and by what.
    pub(crate) interest: Interest,
    pub(crate) seed: u64,
    /// Of which calls it is found out who made them.
    pub(crate) attribution: Attribution,
    pub(crate) timeout: Option<Duration>,
    pub(crate) whole_tree: bool,
    pub(crate) out: Option<PathBuf>,
    pub(crate) audience: Audience,
    pub(crate) replay: Option<Recorded>,
    /// The file with the strings that each subject is started with beside its own ([`shim::padding`]).
    pub(crate) padding: Option<PathBuf>,
    /// The personas, as they were written.
    pub(crate) personas: Vec<String>,
    /// What each subject is started with because of them, where that differs.
    pub(crate) surroundings: Option<Surroundings>,
    /// Files with other contents than their own.
    pub(crate) shown: Vec<Shown>,
    /// The filter's instructions; empty where nothing is trapped. Filled in by [`Orders::prepare`].
    pub(crate) filter: Vec<u8>,
    pub(crate) filter_flags: u32,
}

/// The decisions of an earlier run, to be made again.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) run: Option<RunId>,
    /// What was hit, by subject key.
    pub(crate) hits: HashMap<String, Vec<Hit>>,
}

impl Orders {
    /// The engine of a subject.
    pub(crate) fn engine(&self, key: &str) -> Engine {
        let counting = self.counting();
        match &self.replay {
            None => Engine::new(&self.plan, self.seed, key, counting),
            Some(recorded) => {
                let hits = recorded.hits.get(key).into_iter().flatten().copied();
                Engine::replaying(&self.plan, self.seed, key, hits, counting)
            }
        }
    }

    /// What occurrences are counted by: who makes a call counts only where that is found out of every one.
    fn counting(&self) -> Counting {
        match self.attribution {
            Attribution::All => Counting::BySite,
            Attribution::Never | Attribution::Fired => Counting::AsAsked,
        }
    }

    /// Compiles the filter, after asking the kernel what it can do.
    pub(crate) fn prepare(&mut self, probe: &Probe) -> Result<(), Failure> {
        if self.interest.needs(Via::Trace) || self.attach.is_some() {
            probe.trace().map_err(|obstacle| {
                let needs =
                    if self.attach.is_some() { "attaching to a process".to_owned() } else { self.traced() };
                untraceable(&needs, obstacle)
            })?;
        }
        if self.needs_callers()
            && let Err(obstacle @ (TraceObstacle::Forbidden | TraceObstacle::Privileged)) = probe.trace()
        {
            return Err(untraceable("telling who makes a call", obstacle));
        }
        // A process that runs already takes no filter.
        if self.interest.is_empty() || self.attach.is_some() {
            return Ok(());
        }
        let filter = Filter::compile(&self.interest).map_err(|error| Failure::ours(chain(&error)))?;
        if filter.needs_listener() {
            self.filter_flags = probe.notify.map_err(|obstacle| refused(obstacle, probe))?.flags();
        }
        self.filter = filter.instructions();
        Ok(())
    }

    /// The rules that need ptrace, for a message.
    fn traced(&self) -> String {
        let notify = Notify::capabilities();
        let beyond = |rule: &&policy::Rule| rule.effect.needs().iter().any(|need| !notify.has(*need));
        match self.plan.rules.iter().find(beyond) {
            Some(rule) => format!("rule `{}`", rule.name),
            None => "--mechanism trace".to_owned(),
        }
    }

    /// Whether decisions depend on who made a call.
    pub(crate) fn needs_callers(&self) -> bool {
        self.attribution == Attribution::All || self.plan.asks_who()
    }

    /// How calls are interposed on, for the journal.
    pub(crate) fn mechanism(&self) -> String {
        let used = [
            (self.interest.needs(Via::Notify), "notify"),
            (self.interest.needs(Via::Trace), "trace"),
            (!self.interest.quiet().is_empty(), "quiet"),
        ];
        let used: Vec<&str> =
            used.into_iter().filter(|(is_used, _)| *is_used).map(|(_, name)| name).collect();
        if used.is_empty() { "none".to_owned() } else { used.join("+") }
    }
}

/// Which mechanisms a run may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Mechanisms {
    /// Notification, and ptrace for what needs it
    #[default]
    Auto,
    /// seccomp user notification only
    Notify,
    /// ptrace only
    Trace,
    /// Of a process that runs already, and takes no filter: ptrace, without what only a filter can do
    #[value(skip)]
    Attach,
}

impl Mechanisms {
    fn able(self, via: Via) -> Option<Capabilities> {
        match (self, via) {
            (Mechanisms::Auto | Mechanisms::Notify, Via::Notify) => Some(Notify::capabilities()),
            (Mechanisms::Auto | Mechanisms::Trace, Via::Trace) => Some(Trace::capabilities()),
            (Mechanisms::Attach, Via::Trace) => {
                let trace = Trace::capabilities();
                let able: Vec<Capability> = Capability::ALL
                    .into_iter()
                    .filter(|one| trace.has(*one) && *one != Capability::Kill)
                    .collect();
                Some(Capabilities::of(&able))
            }
            (Mechanisms::Trace | Mechanisms::Attach, Via::Notify) | (Mechanisms::Notify, Via::Trace) => None,
        }
    }

    /// Those that a recorded run used: ptrace alone is kept, for it was asked for, or needed.
    pub(crate) fn of(recorded: &str) -> Mechanisms {
        if recorded == "trace" { Mechanisms::Trace } else { Mechanisms::Auto }
    }

    /// What is trapped for a plan and what is only watched, and every rule that cannot be honoured.
    pub(crate) fn assign(self, plan: &Plan, watch: &[Sysno]) -> (Interest, Vec<Diagnostic>) {
        let (mut interest, found) = plan.assign(&|via| self.able(via));
        let via = match self {
            Mechanisms::Auto | Mechanisms::Notify => Via::Notify,
            Mechanisms::Trace | Mechanisms::Attach => Via::Trace,
        };
        for sysno in watch {
            interest.trap(*sysno, via, Sieve::always());
        }
        (interest, found)
    }
}

/// Why this host cannot trace, for the user.
fn untraceable(needs: &str, obstacle: TraceObstacle) -> Failure {
    let (why, help) = against_tracing(obstacle);
    Failure::theirs(format!("{needs} needs ptrace, and {why}")).help(help)
}

/// What stands in the way of tracing, and what to do about it.
pub(crate) fn against_tracing(obstacle: TraceObstacle) -> (String, &'static str) {
    match obstacle {
        TraceObstacle::Forbidden => (
            "kernel.yama.ptrace_scope is 3: nobody may trace until the next boot".to_owned(),
            "use faults that notification can do: error, retval, delay_enter, max_descriptors, …",
        ),
        TraceObstacle::Privileged => (
            "kernel.yama.ptrace_scope is 2: only the superuser may trace".to_owned(),
            "run duress as root, or set kernel.yama.ptrace_scope to 1",
        ),
        TraceObstacle::Missing(errno) => (
            format!("this kernel does not have all that it takes: {errno}"),
            "it is complete since Linux 5.3",
        ),
        TraceObstacle::Refused(errno) => (
            format!("this host forbids it: {errno}"),
            "in a container its seccomp profile may: try `--cap-add SYS_PTRACE`; inside of another tracer it cannot work",
        ),
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
