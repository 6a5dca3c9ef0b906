//! What a scenario's runs say of its claim.

use super::Arm;
use super::signs::Signs;
use crate::output::shapes;
use crate::trial::Trial;
use regex_lite::Regex;
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

    /// The verdict that is called so, of those that can be expected.
    pub(crate) fn named(word: &str) -> Option<Judgement> {
        [Judgement::Reproduced, Judgement::Refuted, Judgement::Partly]
            .into_iter()
            .find(|judgement| judgement.word() == word)
    }
}

/// What was concluded, and from what.
#[derive(Debug)]
pub(crate) struct Conclusion {
    pub(crate) judgement: Judgement,
    /// Why it is not plain, where it is not.
    pub(crate) reason: Option<String>,
    /// What a reader can check, an arm each.
    pub(crate) evidence: Vec<String>,
    /// What each arm that decides looks like; [`Judgement::Partly`] where it looks like neither.
    pub(crate) arms: Vec<(String, Judgement)>,
    /// Something that has to be so for the attempt to be real was not.
    pub(crate) is_unreal: bool,
}

/// Judges a scenario by its arms' trials, in their order.
pub(crate) fn judge(tried: &[(&Arm, Trial)]) -> Conclusion {
    let mut arms = Vec::new();
    let mut evidence = Vec::new();
    let (mut reasons, mut unreal) = (Vec::new(), None);
    for (arm, trial) in tried {
        if let Some(must) = &arm.must
            && let Err(why) = holds(must, trial, tried)
        {
            unreal.get_or_insert_with(|| format!("the attempt was not real: in `{}`, {why}", arm.name));
        }
        let looks = arm.decides().then(|| looks(arm, trial, tried));
        evidence.push(shown(arm, trial, looks.as_ref().map(|(judgement, _)| *judgement)));
        if let Some((judgement, why)) = looks {
            reasons.extend(why.map(|why| format!("in `{}`, {why}", arm.name)));
            arms.push((arm.name.clone(), judgement));
        }
    }
    let all = |wanted: Judgement| !arms.is_empty() && arms.iter().all(|(_, judgement)| *judgement == wanted);
    let judgement = match unreal {
        None if all(Judgement::Reproduced) => Judgement::Reproduced,
        None if all(Judgement::Refuted) => Judgement::Refuted,
        _ => Judgement::Partly,
    };
    let is_unreal = unreal.is_some();
    let reason = unreal.or_else(|| match (judgement, arms.is_empty(), reasons.is_empty()) {
        (Judgement::Reproduced | Judgement::Refuted | Judgement::Skipped, _, _) => None,
        (Judgement::Partly, true, _) => Some("no arm decides it".to_owned()),
        (Judgement::Partly, _, true) => Some("some of it is so, and some is not".to_owned()),
        (Judgement::Partly, _, false) => Some(reasons.join("; ")),
    });
    Conclusion { judgement, reason, evidence, arms, is_unreal }
}

/// What an arm that decides looks like, and why it looks like neither, where it does.
fn looks(arm: &Arm, trial: &Trial, tried: &[(&Arm, Trial)]) -> (Judgement, Option<String>) {
    let shows = |signs: &Option<Signs>| signs.as_ref().map(|signs| holds(signs, trial, tried));
    match (shows(&arm.reproduced), shows(&arm.refuted)) {
        (Some(Ok(())), _) => (Judgement::Reproduced, None),
        (_, Some(Ok(()))) => (Judgement::Refuted, None),
        (Some(Err(why)), Some(Err(or))) if why != or => (Judgement::Partly, Some(format!("{why}, and {or}"))),
        (Some(Err(why)), _) | (None, Some(Err(why))) => (Judgement::Partly, Some(why)),
        (None, None) => (Judgement::Partly, None),
    }
}

/// Whether a trial shows all these signs; if not, the first that it lacks.
fn holds(signs: &Signs, trial: &Trial, tried: &[(&Arm, Trial)]) -> Result<(), String> {
    let summary = &trial.summary;
    let ending = trial.ending();
    if !signs.verdict.is_empty() {
        let word = summary.verdict.to_string();
        if !signs.verdict.contains(&word) {
            return Err(format!("the run was {word}"));
        }
    }
    if let Some(wanted) = &signs.ending
        && !ending.contains(wanted.as_str())
    {
        return Err(format!("the command ended with {ending}"));
    }
    let rules = signs.rules.iter().map(|(name, count)| {
        let fired = summary.rules.iter().find(|rule| rule.name == *name).map_or(0, |rule| rule.faults.fired);
        (format!("rule `{name}` fired"), *count, fired)
    });
    let calls = signs.calls.iter().map(|(name, count)| {
        (format!("{name} was called"), *count, summary.calls.get(name).copied().unwrap_or(0))
    });
    let numbers = [
        (signs.fired, trial.fired(), "faults fired:"),
        (signs.passed, trial.passed(), "tests passed:"),
        (signs.failed, trial.failed(), "tests failed:"),
        (signs.seconds, trial.wall.as_secs(), "seconds that it took:"),
    ];
    let numbers = numbers.into_iter().filter_map(|(count, is, what)| Some((what.to_owned(), count?, is)));
    for (what, count, number) in numbers.chain(rules).chain(calls) {
        if !count.holds(number) {
            return Err(match what.strip_suffix(':') {
                Some(what) => format!("{what}: {number}"),
                None => format!("{what} {number} times"),
            });
        }
    }
    if let Some(text) = signs.output.iter().find(|text| !trial.output.contains(text.as_str())) {
        return Err(format!("the output does not hold `{text}`"));
    }
    if let Some(text) = signs.absent.iter().find(|text| trial.output.contains(text.as_str())) {
        return Err(format!("the output holds `{text}`"));
    }
    let matching = |regex: &Regex| trial.output.lines().filter(|line| regex.is_match(line)).count();
    if let Some(regex) = signs.matches.iter().find(|regex| matching(regex) == 0) {
        return Err(format!("no line of the output matches `{regex}`"));
    }
    for (regex, count) in &signs.lines {
        let found = matching(regex);
        if !count.holds(found.try_into().unwrap_or(u64::MAX)) {
            return Err(format!("{found} lines of the output match `{regex}`"));
        }
    }
    for (name, count) in &signs.values {
        match value(&trial.output, name) {
            None => return Err(format!("the output does not say `{name}=…`")),
            Some(number) if !count.holds(number) => return Err(format!("{name} is {number}")),
            Some(_) => {}
        }
    }
    let other = |name: &str| tried.iter().find(|(arm, _)| arm.name == name).map(|(_, trial)| trial);
    if let Some(name) = &signs.output_as
        && other(name).is_some_and(|other| shapes(&other.output) != shapes(&trial.output))
    {
        return Err(format!("the output is not that of `{name}`"));
    }
    if let Some(name) = &signs.output_unlike
        && other(name).is_some_and(|other| shapes(&other.output) == shapes(&trial.output))
    {
        return Err(format!("the output is that of `{name}`"));
    }
    Ok(())
}

/// The number behind the last `NAME=` or `NAME:` in the output.
fn value(output: &str, name: &str) -> Option<u64> {
    let mut found = None;
    for (at, _) in output.match_indices(name) {
        let is_word = !output[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
        let rest = output[at + name.len()..].trim_start_matches(' ');
        let Some(rest) = rest.strip_prefix(['=', ':']).filter(|_| is_word) else { continue };
        let rest = rest.trim_start_matches(' ');
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        found = rest[..digits].parse().ok().or(found);
    }
    found
}

/// No more lines of evidence are shown of one arm.
const LINES: usize = 8;

/// What a reader can check: the verdict, the counts, the decisive lines.
fn shown(arm: &Arm, trial: &Trial, looks: Option<Judgement>) -> String {
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
    let asked = [&arm.must, &arm.reproduced, &arm.refuted].into_iter().flatten();
    let mut named: Vec<&str> = asked.flat_map(|signs| signs.calls.keys()).map(String::as_str).collect();
    if planned().next().is_none() && of_what == "trapped call" {
        named.extend(summary.calls.keys().map(String::as_str));
    }
    named.sort_unstable();
    named.dedup();
    parts.extend(named.iter().map(|name| {
        let count = summary.calls.get(*name).copied().unwrap_or(0);
        format!("{name}: {}", counted(count, "call"))
    }));
    let mut lines: Vec<&str> = Vec::new();
    for line in trial.output.lines().map(str::trim) {
        if arm.evidence.iter().any(|regex| regex.is_match(line)) && !lines.contains(&line) {
            lines.push(line);
        }
    }
    let decisive = match (lines.is_empty(), summary.findings.first()) {
        (false, _) => {
            let more = lines.len().saturating_sub(LINES);
            let shown = lines.iter().take(LINES).map(|line| cut(line)).collect::<Vec<_>>().join(" | ");
            if more > 0 { format!("{shown} | … {more} lines more") } else { shown }
        }
        (true, Some(finding)) => cut(finding.evidence.trim()),
        (true, None) => match trial.passed() {
            0 => trial.ending(),
            passed => format!("{} passed", counted(passed, "test")),
        },
    };
    let looks = match looks {
        None => String::new(),
        Some(Judgement::Partly) => " [neither]".to_owned(),
        Some(judgement) => format!(" [{}]", judgement.word()),
    };
    format!("{}{looks}: {}; {decisive}", arm.name, parts.join(", "))
}

fn cut(line: &str) -> String {
    const LONGEST: usize = 240;
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// `1 call`, `2 calls`.
fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn values_are_the_last_of_their_name() {
        let output = "samples=3\nmy_samples=9\nsamples: 12\nsamples lost\nx= y\n";
        assert_eq!(value(output, "samples"), Some(12));
        assert_eq!(value(output, "x"), None);
        assert_eq!(value(output, "other"), None);
    }
}
