//! What a scenario's runs say of its claim.

use super::Scenario;
use super::file::{Arm, Signs};
use report::Summary;
use serde::Serialize;

/// What is true of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Judgement {
    /// Every arm looks as the claim says.
    Reproduced,
    /// Every arm looks as it would if the claim were false.
    Refuted,
    /// The arms disagree, or look like neither.
    Partly,
    /// It could not be tried.
    Skipped,
}

impl Judgement {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Judgement::Reproduced => "reproduced",
            Judgement::Refuted => "refuted",
            Judgement::Partly => "partly",
            Judgement::Skipped => "skipped",
        }
    }
}

/// One arm's run.
#[derive(Debug)]
pub(crate) struct Trial {
    pub(crate) summary: Summary,
    /// What the target printed.
    pub(crate) output: String,
}

/// Judges a scenario by its trials, one an arm; gives the reason where it is not plain, and the evidence.
pub(crate) fn judge(scenario: &Scenario, trials: &[Trial]) -> (Judgement, Option<String>, Vec<String>) {
    let evidence = scenario.arms.iter().zip(trials).map(|(arm, trial)| evidence(arm, trial)).collect();
    let (mut reproduced, mut refuted, mut deciding) = (0, 0, 0);
    let mut reasons = Vec::new();
    for (arm, trial) in scenario.arms.iter().zip(trials) {
        if let Some(must) = &arm.must
            && let Err(why) = holds(must, trial)
        {
            let reason = format!("the attempt was not real: in `{}`, {why}", arm.name);
            return (Judgement::Partly, Some(reason), evidence);
        }
        if arm.reproduced.is_none() && arm.refuted.is_none() {
            continue;
        }
        deciding += 1;
        let as_claimed = arm.reproduced.as_ref().map(|signs| holds(signs, trial));
        let otherwise = arm.refuted.as_ref().map(|signs| holds(signs, trial));
        match (&as_claimed, &otherwise) {
            (Some(Ok(())), _) => reproduced += 1,
            (_, Some(Ok(()))) => refuted += 1,
            (Some(Err(why)), _) | (None, Some(Err(why))) => reasons.push(format!("in `{}`, {why}", arm.name)),
            (None, None) => {}
        }
    }
    let judgement = if deciding > 0 && reproduced == deciding {
        Judgement::Reproduced
    } else if deciding > 0 && refuted == deciding {
        Judgement::Refuted
    } else {
        Judgement::Partly
    };
    let reason = (judgement == Judgement::Partly)
        .then(|| if reasons.is_empty() { "the arms disagree".to_owned() } else { reasons.join("; ") });
    (judgement, reason, evidence)
}

/// Whether a trial shows all these signs; if not, the first that it lacks.
fn holds(signs: &Signs, trial: &Trial) -> Result<(), String> {
    let summary = &trial.summary;
    if let Some(words) = &signs.verdict {
        let word = summary.verdict.to_string();
        if !words.contains(&word) {
            return Err(format!("the run was {word}"));
        }
    }
    if let Some(count) = signs.fired
        && !count.holds(summary.faults.fired)
    {
        return Err(format!("{} faults fired", summary.faults.fired));
    }
    if let Some(count) = signs.passed
        && !count.holds(passed(summary))
    {
        return Err(format!("{} tests passed", passed(summary)));
    }
    for (name, count) in &signs.calls {
        let made = calls(summary, name);
        if !count.holds(made) {
            return Err(format!("{name} was called {made} times"));
        }
    }
    if let Some(text) = &signs.output
        && !trial.output.contains(text)
    {
        return Err(format!("the output does not hold `{text}`"));
    }
    Ok(())
}

/// What a reader can check: the verdict, the counts, the decisive line.
fn evidence(arm: &Arm, trial: &Trial) -> String {
    let summary = &trial.summary;
    let mut parts = vec![summary.verdict.to_string()];
    let total: u64 = summary.calls.values().sum();
    // Where every system call is watched, the total is the target's; otherwise it is only what was trapped.
    let of_what = if arm.watch.iter().any(|set| set == "all") { "system call" } else { "trapped call" };
    // How a host is, is said by its name; and what is quiet has no counts.
    let planned = || summary.rules.iter().filter(|rule| rule.persona.is_none() && !rule.is_quiet);
    for rule in planned() {
        let set = rule.spec.split(':').next().unwrap_or_default();
        let (calls, faults) = (counted(rule.faults.matched, "call"), counted(rule.faults.fired, "fault"));
        parts.push(format!("{set}: {calls} in {}, {faults} fired", counted(total, of_what)));
    }
    if planned().next().is_none() && of_what == "trapped call" {
        parts
            .extend(summary.calls.iter().map(|(name, count)| format!("{name}: {}", counted(*count, "call"))));
    }
    let decisive = match summary.findings.first() {
        Some(finding) => finding.evidence.trim().to_owned(),
        None => format!("{} passed", counted(passed(summary), "test")),
    };
    format!("{}: {}; {decisive}", arm.name, parts.join(", "))
}

/// `1 call`, `2 calls`.
fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn passed(summary: &Summary) -> u64 {
    summary
        .tests
        .iter()
        .filter(|test| test.result == report::CaseResult::Pass)
        .count()
        .try_into()
        .unwrap_or(u64::MAX)
}

fn calls(summary: &Summary, name: &str) -> u64 {
    summary.calls.get(name).copied().unwrap_or(0)
}
