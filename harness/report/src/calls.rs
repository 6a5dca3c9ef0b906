//! What became of the calls: counts, the first faults, who made them, and whether the target tried again.

use crate::faults::{Faults, Fired, RuleCount};
use crate::profile::{Hit, Key, Profile};
use journal::{CallerNumbers, Header, RuleHead};
use model::{
    CallSeq, Decision, Errno, Execution, Fault, ForcedResult, Nanos, Outcome, RuleId, SubjectId, Sysno, Tgid,
    Tid,
};
use std::collections::{BTreeMap, BTreeSet};

/// How many faults are listed one by one.
const LISTED: usize = 1000;

/// How many calls may be awaiting their outcome. A thread sleeps until its call is settled, so only a damaged journal
/// holds more than there are threads.
const AWAITING: usize = 16 << 10;

/// How many threads are watched for a second try.
const WATCHED: usize = 4 << 10;

/// Errors after which a program is meant to try again.
///
/// # Go
/// 1.26: syscall/syscall_unix.go, `Errno.Temporary` and `Errno.Timeout`.
const TEMPORARY: [&str; 5] = ["EINTR", "EAGAIN", "EMFILE", "ENFILE", "ETIMEDOUT"];

/// One `Decided` entry, taken apart.
pub(crate) struct Decided<'a> {
    pub(crate) subject: SubjectId,
    pub(crate) seq: CallSeq,
    pub(crate) pid: Option<Tgid>,
    pub(crate) tid: Tid,
    pub(crate) sysno: Sysno,
    pub(crate) matched: &'a [RuleId],
    pub(crate) decision: Decision,
    pub(crate) caller: Option<CallerNumbers>,
    pub(crate) at: Nanos,
}

/// A fault whose outcome is not known yet.
#[derive(Debug)]
struct Awaiting {
    rule: RuleId,
    fault: Fault,
    tid: Tid,
    sysno: Sysno,
    listed: Option<usize>,
    profiled: Option<Key>,
}

impl Awaiting {
    /// Whether it was answered in the moment of its decision, without anything in between.
    fn is_answered_at_once(&self) -> bool {
        !self.fault.is_executed() && self.fault.hold().is_zero()
    }
}

/// The calls, folded.
#[derive(Debug)]
pub(crate) struct Calls {
    pub(crate) rules: Vec<RuleCount>,
    pub(crate) faults: Faults,
    pub(crate) per_call: BTreeMap<Sysno, u64>,
    pub(crate) fired: Vec<Fired>,
    pub(crate) fired_omitted: u64,
    pub(crate) profile: Profile,
    /// After a forced error that asks for it ([`TEMPORARY`]), the same thread made the same system call again and it was
    /// let through. Go moves goroutines between threads, so this misses some second tries. After any other error the
    /// next `openat` is most often about another file, so nothing is concluded from it.
    pub(crate) is_retried: bool,
    awaiting: BTreeMap<(SubjectId, CallSeq), Awaiting>,
    /// The last call of each subject that was answered at once: of that there is no further word, unless it went wrong.
    answered: BTreeMap<SubjectId, (CallSeq, Awaiting)>,
    failed: BTreeSet<(SubjectId, Tid, Sysno)>,
}

impl Calls {
    /// No calls yet, under the rules of this run.
    pub(crate) fn new(header: &Header) -> Calls {
        let rule = |rule: &RuleHead| RuleCount {
            name: rule.name.clone(),
            spec: rule.spec.clone(),
            is_quiet: rule.is_quiet,
            persona: rule.persona.clone(),
            is_racy: rule.is_racy,
            counts_by_site: rule.counts_by_site,
            faults: Faults::default(),
        };
        Calls {
            rules: header.rules.iter().map(rule).collect(),
            faults: Faults::default(),
            per_call: BTreeMap::new(),
            fired: Vec::new(),
            fired_omitted: 0,
            profile: Profile::default(),
            is_retried: false,
            awaiting: BTreeMap::new(),
            answered: BTreeMap::new(),
            failed: BTreeSet::new(),
        }
    }

    /// A call was judged.
    pub(crate) fn decided(&mut self, call: &Decided<'_>) {
        // Where `execve` is trapped, the first one is the launch of the target, and not a call of its own.
        if call.sysno != Sysno::execve || call.seq != CallSeq(1) {
            *self.per_call.entry(call.sysno).or_default() += 1;
        }
        if !call.matched.is_empty() {
            self.faults.matched += 1;
        }
        for rule in call.matched {
            self.count(*rule, |rule| rule.matched += 1);
        }
        match &call.decision {
            Decision::Pass => {
                self.profile.passed(call);
                if !call.matched.is_empty() && self.failed.remove(&(call.subject, call.tid, call.sysno)) {
                    self.is_retried = true;
                }
            }
            Decision::Inject { rule, occurrence, fault } => {
                self.injected(call, *rule, *occurrence, fault.clone());
            }
        }
    }

    fn injected(&mut self, call: &Decided<'_>, rule: RuleId, occurrence: u64, fault: Fault) {
        self.faults.fired += 1;
        self.count(rule, |rule| rule.fired += 1);
        let profiled = self.profile.hit(call, rule, Hit::of(&fault));
        let listed = if self.fired.len() < LISTED {
            self.fired.push(Fired {
                seq: call.seq,
                subject: call.subject,
                rule: self
                    .place(rule)
                    .map_or_else(|| format!("rule {rule}"), |at| self.rules[at].name.clone()),
                occurrence,
                sysno: call.sysno,
                outcome: fault.to_string(),
                pid: call.pid,
                tid: call.tid,
                caller: call.caller.map(|numbers| self.profile.callers.of(numbers)),
                at: call.at,
            });
            Some(self.fired.len() - 1)
        } else {
            self.fired_omitted += 1;
            None
        };
        let awaiting = Awaiting { rule, fault, tid: call.tid, sysno: call.sysno, listed, profiled };
        if awaiting.is_answered_at_once() {
            // If anything else came of it, the subject's next entry says so.
            self.delivered(call.subject, &awaiting);
            self.answered.insert(call.subject, (call.seq, awaiting));
            return;
        }
        self.awaiting.insert((call.subject, call.seq), awaiting);
        if self.awaiting.len() > AWAITING {
            self.awaiting.pop_first();
        }
    }

    /// A fault reached its caller, who may try again.
    fn delivered(&mut self, subject: SubjectId, call: &Awaiting) {
        let is_temporary = match call.fault.result {
            Some(ForcedResult::Error(errno)) => errno.name().is_some_and(|name| TEMPORARY.contains(&name)),
            Some(ForcedResult::Interrupted | ForcedResult::NotReady) => true,
            Some(ForcedResult::Value(_) | ForcedResult::More(_)) | None => false,
        };
        if is_temporary && !self.is_retried && self.failed.len() < WATCHED {
            self.failed.insert((subject, call.tid, call.sysno));
        }
    }

    /// The call that this outcome is of.
    fn take(&mut self, subject: SubjectId, seq: CallSeq) -> Option<Awaiting> {
        if self.answered.get(&subject).is_some_and(|(last, _)| *last == seq) {
            let (_, call) = self.answered.remove(&subject)?;
            self.failed.remove(&(subject, call.tid, call.sysno));
            return Some(call);
        }
        self.awaiting.remove(&(subject, seq))
    }

    /// What became of a call is known.
    pub(crate) fn settled(&mut self, subject: SubjectId, seq: CallSeq, outcome: Outcome) {
        let Some(call) = self.take(subject, seq) else {
            return;
        };
        let (said, count): (String, fn(&mut Faults)) = match outcome {
            Outcome::Injected | Outcome::Executed(_) | Outcome::Killed | Outcome::Partly(_) => {
                self.delivered(subject, &call);
                // What the kernel really did with a call that was changed, or lied about, is worth a look.
                let more = match outcome {
                    Outcome::Executed(value) => Some(format!("really {}", returned(value))),
                    Outcome::Partly(why) => Some(format!("but {why}")),
                    _ => None,
                };
                if let (Some(more), Some(at)) = (more, call.listed) {
                    self.fired[at].outcome = format!("{}, {more}", call.fault);
                }
                return;
            }
            // What leaves the call as it was (a delay, a signal) ends with the call passed on: that is what was wanted.
            Outcome::Passed if call.fault.result.is_none() && call.fault.execution == Execution::AsMade => {
                return;
            }
            Outcome::Passed => ("passed".to_owned(), |faults| faults.undelivered += 1),
            Outcome::Vanished => ("vanished".to_owned(), |faults| faults.vanished += 1),
            Outcome::Refused(errno) => {
                (format!("refused by the kernel ({errno})"), |faults| faults.undelivered += 1)
            }
            Outcome::Unfit(why) => (format!("does not fit: {why}"), |faults| faults.undelivered += 1),
        };
        let correct = |faults: &mut Faults| {
            faults.fired = faults.fired.saturating_sub(1);
            count(faults);
        };
        correct(&mut self.faults);
        self.count(call.rule, correct);
        if let Some(key) = &call.profiled {
            self.profile.missed(key, Hit::of(&call.fault));
        }
        if let Some(at) = call.listed {
            self.fired[at].outcome = said;
        }
    }

    fn place(&self, rule: RuleId) -> Option<usize> {
        usize::try_from(rule.0).ok().filter(|at| *at < self.rules.len())
    }

    /// Counts for a rule; a rule that the header does not know (a damaged journal) is counted nowhere.
    fn count(&mut self, rule: RuleId, count: impl FnOnce(&mut Faults)) {
        if let Some(at) = self.place(rule) {
            count(&mut self.rules[at].faults);
        }
    }
}

/// A raw result in words: `= 512`, or the error that it means.
fn returned(value: i64) -> String {
    let errno = i32::try_from(value.saturating_neg()).ok().and_then(Errno::from_raw);
    errno.map_or_else(|| format!("= {value}"), |errno| errno.to_string())
}
