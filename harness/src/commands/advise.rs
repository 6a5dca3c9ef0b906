//! `duress advise`: which runtime switches are worth trying, by what a run recorded.

use super::expose::{Ended, known_toolchain, try_all};
use super::run::summary;
use super::{Screen, print};
use crate::advise::{Advice, Facts, Listed, Number, Proposal, human, proposals};
use crate::cli::{AdviseArgs, ExposeArgs, ListFormat, PersonaArgs};
use crate::exit::{Code, Failure, chain};
use crate::expose::catalogue;
use crate::{run_dir, trial};
use golang::{Catalogue, Setting, Standing};
use journal::{Attribution, Mode};
use report::{Summary, command_line};
use std::fs;
use std::time::Duration;
use tempfile::TempDir;

/// A run that traps fewer kinds of calls says little of all others.
const FEW: usize = 100;

/// How long a run takes at most where it was recorded without a limit.
const LIMIT: Duration = Duration::from_secs(30);

pub(super) fn run(args: &AdviseArgs, screen: Screen) -> Result<Code, Failure> {
    let dir = run_dir::find(&args.run)?;
    let summary = summary(&dir)?;
    let facts = Facts::of(&summary, &trial::output(&dir)?);
    let mut advice = advice(&summary, &facts);
    if args.tries && !advice.proposals.is_empty() {
        let scratch = tempfile::Builder::new().prefix("duress-advise-").tempdir().map_err(|error| {
            Failure::theirs(format!("cannot make a folder for the recorded plan: {error}"))
        })?;
        let again = again(&summary, &advice, &scratch)?;
        std::env::set_current_dir(&summary.header.cwd).map_err(|error| {
            Failure::yours(format!("cannot go to `{}`, where the run was made: {error}", summary.header.cwd))
        })?;
        let report = match try_all(&again)? {
            Ended::Report(report) => report,
            Ended::Stopped(signal) => return Ok(Code::Interrupted(signal)),
        };
        for listed in &mut advice.proposals {
            let tried = report.switches.iter().find(|tried| tried.switch == listed.switch);
            listed.effect = tried.map(|tried| tried.effect.to_string());
            listed.said = tried.map(|tried| tried.evidence.clone());
        }
        if let Some(named) = &report.base.names_cause {
            advice.notes.push(format!("the output names the cause without any switch: {named}"));
        }
        if !report.smallest.is_empty() {
            // The switches are go's, too, then: a replay has the personas that the run had.
            let replay = ["duress".to_owned(), "replay".to_owned(), advice.run.clone()];
            advice.repro = format!("{} {}", command_line(&report.smallest), command_line(&replay));
        }
        advice.smallest = Some(report.smallest.clone());
        advice.notes.extend(report.notes.iter().cloned());
    }
    print(&match args.format {
        ListFormat::Human => human(&advice, screen.out),
        ListFormat::Json => {
            let text = serde_json::to_string_pretty(&advice).map_err(|error| Failure::ours(chain(&error)))?;
            text + "\n"
        }
    })?;
    Ok(Code::Clean)
}

fn advice(summary: &Summary, facts: &Facts) -> Advice {
    let header = &summary.header;
    let built_by = || summary.subjects.iter().find_map(|subject| subject.go.clone());
    let go = header.go.clone().or_else(built_by);
    let known = go.as_deref().and_then(known_toolchain).and_then(|toolchain| catalogue(&toolchain).ok());
    let mut notes = Vec::new();
    if facts.total() == 0 {
        notes.push(
            "no system call was recorded, for no rule trapped one: record it with `duress run --watch all`"
                .to_owned(),
        );
    } else if header.watch.len() < FEW && header.mode != Mode::Attached {
        notes.push(
            "only calls that its rules trap were recorded, so counts are few: `duress run --watch all` has them all"
                .to_owned(),
        );
    }
    if facts.total() > 0 && header.attribution != Attribution::All {
        notes.push(
            "who made a call is known of faults only: `--sites all` says it of all (lookups, HTTP/2)"
                .to_owned(),
        );
    }
    if known.is_none() {
        let go = go.as_deref().unwrap_or("the program's Go");
        notes.push(format!(
            "the sources of {go} are not here, so it is unverified whether it has these switches"
        ));
    }
    let (mut listed, mut left_out) = (Vec::new(), Vec::new());
    for proposal in proposals(facts) {
        match standing(known.as_ref(), &proposal.setting) {
            Ok(place) => listed.push(one(proposal, place)),
            Err(why) => left_out.push(format!("{}: {why}", proposal.setting)),
        }
    }
    Advice {
        run: header.run.to_string(),
        command: header.command.clone(),
        go,
        verified: known.is_some(),
        calls: facts.total(),
        proposals: listed,
        left_out,
        notes,
        smallest: None,
        repro: format!("duress advise {} --try", header.run),
    }
}

/// Where the toolchain has it, or why it has none. Nothing is known without its sources.
fn standing(catalogue: Option<&Catalogue>, setting: &Setting) -> Result<Option<String>, String> {
    let Some(catalogue) = catalogue else { return Ok(None) };
    match catalogue.standing(setting) {
        Standing::Known(switch) => Ok(Some(switch.place.to_string())),
        Standing::Unknown(why) => Err(why),
        Standing::Foreign => Ok(None),
    }
}

fn one(proposal: Proposal, place: Option<String>) -> Listed {
    Listed {
        switch: proposal.setting.to_string(),
        why: proposal.why,
        evidence: Number { count: proposal.count, what: proposal.what },
        place,
        effect: None,
        said: None,
    }
}

/// The recorded run as a search for switches.
fn again(summary: &Summary, advice: &Advice, scratch: &TempDir) -> Result<ExposeArgs, Failure> {
    let header = &summary.header;
    if header.mode == Mode::Attached {
        return Err(Failure::yours("a run that attached to a process cannot be made again")
            .help("start the program under `duress run`"));
    }
    let plan = users_plan(&header.plan)?;
    let file = scratch.path().join("plan.toml");
    let has_rules = plan.contains("[[rule]]");
    if has_rules {
        fs::write(&file, plan)
            .map_err(|error| Failure::theirs(format!("cannot write `{}`: {error}", file.display())))?;
    }
    let mut extra = Vec::new();
    if header.whole_tree {
        extra.push("--whole-tree".to_owned());
    }
    if header.attribution == Attribution::All {
        extra.extend(["--sites", "all"].map(str::to_owned));
    }
    // An experiment is another build, and builds the standard library anew: only by hand.
    let switches = advice.proposals.iter().filter_map(|listed| listed.switch.parse::<Setting>().ok());
    Ok(ExposeArgs {
        scenario: None,
        inject: Vec::new(),
        plan: has_rules.then_some(file),
        personas: PersonaArgs { personas: header.personas.clone(), ..PersonaArgs::default() },
        watch: header.watch.clone(),
        seed: Some(header.seed),
        timeout: header.timeout_s.and_then(|limit| Duration::try_from_secs_f64(limit).ok()).unwrap_or(LIMIT),
        go: None,
        runs: None,
        jobs: 1,
        switches: switches.filter(|setting| setting.variable != "GOEXPERIMENT").collect(),
        all: false,
        dir: None,
        format: ListFormat::Human,
        extra,
        command: header.command.clone(),
    })
}

/// The recorded plan without the rules that its personas brought: they bring them again.
fn users_plan(plan: &str) -> Result<String, Failure> {
    let unreadable = |error: String| Failure::yours(format!("the recorded plan cannot be read: {error}"));
    let mut table: toml::Table =
        plan.parse().map_err(|error: toml::de::Error| unreadable(error.to_string()))?;
    if let Some(toml::Value::Array(rules)) = table.get_mut("rule") {
        rules.retain(|rule| rule.get("persona").is_none());
        if rules.is_empty() {
            table.remove("rule");
        }
    }
    toml::to_string(&table).map_err(|error| unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::users_plan;

    #[test]
    fn rules_of_personas_are_left_out_of_the_recorded_plan() {
        let plan = "[[rule]]\nname = \"mine\"\ncalls = [\"read\"]\nfault = \"EIO\"\n\n[[rule]]\nname = \"theirs\"\ncalls = [\"read\"]\nfault = \"EIO\"\npersona = \"readonly=/x\"\n";
        let kept = users_plan(plan).expect("it is TOML");
        assert!(kept.contains("mine") && !kept.contains("theirs"), "{kept}");
        assert_eq!(users_plan("").expect("it is TOML"), "");
        let theirs = plan.split("\n\n").nth(1).expect("two rules");
        assert!(!users_plan(theirs).expect("it is TOML").contains("[[rule]]"));
    }
}
