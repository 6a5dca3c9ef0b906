//! What a profile comes down to, whatever it was written in.

use super::place::Mistakes;
use super::term::{Effort, Term, Terms};
use crate::Denials;
use crate::{Part, Rule};
use model::{Errno, Sysno};
use std::collections::{BTreeMap, BTreeSet};

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    Allow,
    Fail(i32),
    KillProcess,
    KillThread,
    Trap,
}

/// A filter: of each call the first clause that holds, and else the default.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) default: Verdict,
    pub(super) clauses: BTreeMap<Sysno, Vec<(Term, Verdict)>>,
    /// Calls behind this one fail with ENOSYS.
    pub(super) newest: Option<Sysno>,
    pub(super) remarks: Vec<String>,
}

impl Filter {
    pub(super) fn new(default: Verdict) -> Filter {
        Filter { default, clauses: BTreeMap::new(), newest: None, remarks: Vec::new() }
    }

    /// The same as rules; none where it cannot be said, which is a mistake then.
    pub(super) fn part(self, errno: Denials, mistakes: &mut Mistakes) -> Option<Part> {
        let mut denied: BTreeMap<(Verdict, Option<String>), Vec<String>> = BTreeMap::new();
        let mut spared = false;
        let mut effort = Effort::new();
        for sysno in Sysno::all() {
            let Some(name) = sysno.name() else { continue };
            let denials = self.denials(sysno, &mut effort);
            let Some(verdicts) = denials.and_then(|one| Filter::overridden(one, errno, &mut effort)) else {
                mistakes.at(name, format!("the rules for `{name}` are too many to be told apart"));
                continue;
            };
            for (verdict, terms) in verdicts {
                // It has no result, and where it fails no program lives on.
                if sysno == Sysno::rt_sigreturn && matches!(verdict, Verdict::Fail(_)) {
                    spared = true;
                    continue;
                }
                let Ok(conditions) = terms.conditions() else {
                    mistakes
                        .at(name, format!("the kernel's filter cannot decide the rules for `{name}` alone"));
                    continue;
                };
                for condition in conditions {
                    denied.entry((verdict, condition)).or_default().push(name.to_owned());
                }
            }
        }
        let mut names = BTreeSet::new();
        let mut rules = Vec::new();
        for ((verdict, condition), calls) in denied {
            let rule = rule(verdict, condition, calls, &mut names, mistakes)?;
            rules.push(rule);
        }
        let mut remarks = self.remarks;
        if spared {
            remarks
                .push("`rt_sigreturn` is let through: a call that never returns cannot fail here".to_owned());
        }
        remarks.push(
            "system calls that this build has no name for are let through, and so is all of the 32-bit interface"
                .to_owned(),
        );
        Some(Part { rules, remarks, ..Part::default() })
    }

    /// Where a call is denied, for each verdict; none if that is too much.
    fn denials(&self, sysno: Sysno, effort: &mut Effort) -> Option<BTreeMap<Verdict, Terms>> {
        if self.newest.is_some_and(|newest| sysno > newest) {
            return Some(BTreeMap::from([(Verdict::Fail(Errno::ENOSYS.raw()), Terms::always())]));
        }
        let mut denials: BTreeMap<Verdict, Terms> = BTreeMap::new();
        let mut rest = Terms::always();
        let clauses = self.clauses.get(&sysno).map_or(&[][..], Vec::as_slice);
        for (term, verdict) in clauses {
            let hit = rest.and(*term, effort)?;
            rest = rest.without(*term, effort)?;
            let known = denials.remove(verdict).unwrap_or_else(Terms::never);
            denials.insert(*verdict, known.or(hit, effort)?);
        }
        let known = denials.remove(&self.default).unwrap_or_else(Terms::never);
        denials.insert(self.default, known.or(rest, effort)?);
        denials.remove(&Verdict::Allow);
        denials.retain(|_, terms| !terms.is_never());
        Some(denials)
    }

    /// The same where everything denied fails with one error.
    fn overridden(
        denials: BTreeMap<Verdict, Terms>,
        errno: Denials,
        effort: &mut Effort,
    ) -> Option<BTreeMap<Verdict, Terms>> {
        let Denials::As(name) = errno else { return Some(denials) };
        let all = denials.into_values().try_fold(Terms::never(), |all, one| all.or(one, effort))?;
        let errno = name.parse().unwrap_or(Errno::EPERM);
        Some(BTreeMap::from([(Verdict::Fail(errno.raw()), all)]))
    }
}

/// One rule with a name of its own.
fn rule(
    verdict: Verdict,
    condition: Option<String>,
    calls: Vec<String>,
    names: &mut BTreeSet<String>,
    mistakes: &mut Mistakes,
) -> Option<Rule> {
    let (stem, fault) = match verdict {
        Verdict::Allow => return None,
        Verdict::Fail(number) => {
            let Some(errno) = Errno::from_raw(number) else {
                mistakes.push(0..0, format!("a call cannot fail with error {number}"));
                return None;
            };
            let name = errno.name().map_or_else(|| number.to_string(), str::to_owned);
            (name.to_lowercase(), format!("error = \"{name}\""))
        }
        Verdict::KillProcess => ("kill".to_owned(), "kill = \"process\"".to_owned()),
        Verdict::KillThread => ("kill-thread".to_owned(), "kill = \"thread\"".to_owned()),
        Verdict::Trap => ("trap".to_owned(), "kill = \"trap\"".to_owned()),
    };
    let stem = match (&condition, calls.first()) {
        (Some(_), Some(call)) => format!("{stem}-{}", call.replace('_', "-")),
        _ => stem,
    };
    let numbered = (2..).map(|number| format!("{stem}-{number}"));
    let name = std::iter::once(stem.clone()).chain(numbered).find(|name| !names.contains(name))?;
    names.insert(name.clone());
    Some(Rule { name, calls, condition, fault, is_quiet: true, shown: None })
}
