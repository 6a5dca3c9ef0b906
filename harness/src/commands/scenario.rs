//! `duress scenario`: documented crashes, tried on real Go.

use super::run::{open, summary};
use super::{Screen, print, say};
use crate::cli::{ListFormat, PersonaArgs, RunArgs, ScenarioCommand};
use crate::clock::Clock;
use crate::exit::{Code, Failure, chain};
use crate::relay::Audience;
use crate::scenario::{Arm, Judgement, Need, Scenario, Trial, find, judge};
use crate::{cli, session, settings};
use golang::Toolchain;
use journal::Entry;
use serde::Serialize;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

/// What came of one scenario; its keys are stable.
#[derive(Debug, Serialize)]
struct Outcome {
    id: String,
    title: String,
    go: Option<String>,
    verdict: Judgement,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    evidence: Vec<String>,
    fired: u64,
    wall_s: f64,
    repro: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
}

/// One line of the list; its keys are stable.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    id: &'a str,
    title: &'a str,
    document: Option<&'a str>,
    claim: &'a str,
    status: &'static str,
    needs: &'a [Need],
}

pub(super) fn run(command: ScenarioCommand, screen: Screen) -> Result<Code, Failure> {
    match command {
        ScenarioCommand::List { dir, format } => list(dir.as_deref(), format),
        ScenarioCommand::Show { id, dir } => show(&id, dir.as_deref()),
        ScenarioCommand::Run { ids, all: _, check, dir, format } => {
            run_all(&ids, check, dir.as_deref(), format, screen)
        }
    }
}

fn list(dir: Option<&Path>, format: ListFormat) -> Result<Code, Failure> {
    let catalogue = find(dir)?;
    let toolchain = toolchain();
    let listed: Vec<Listed<'_>> = catalogue
        .entries
        .iter()
        .map(|(_, scenario)| Listed {
            id: &scenario.id,
            title: &scenario.title,
            document: scenario.document.as_deref(),
            claim: &scenario.claim,
            status: if lacking(scenario, toolchain.as_ref()).is_none() { "runnable" } else { "not-here" },
            needs: &scenario.needs,
        })
        .collect();
    print(&match format {
        ListFormat::Json => json(&listed)?,
        ListFormat::Human => listed.iter().fold(String::new(), |mut text, one| {
            let _ = writeln!(text, "{:24} {:9} {}", one.id, one.status, one.title);
            text
        }),
    })?;
    Ok(Code::Clean)
}

fn show(id: &str, dir: Option<&Path>) -> Result<Code, Failure> {
    let selected = find(dir)?.select(&[id.to_owned()])?;
    let mut text = String::new();
    for (folder, scenario) in selected {
        let _ = writeln!(text, "{}: {}\n\nclaim:    {}", scenario.id, scenario.title, scenario.claim);
        if let Some(document) = &scenario.document {
            let _ = writeln!(text, "source:   {document}");
        }
        if let Some(expected) = &scenario.expected {
            let _ = writeln!(text, "seen:     {expected}");
        }
        for arm in &scenario.arms {
            let _ = writeln!(text, "\n{}:\n  cd {}\n  {}", arm.name, folder.display(), by_hand(arm));
        }
    }
    print(&text)?;
    Ok(Code::Clean)
}

/// The command line that runs an arm without the scenario around it.
fn by_hand(arm: &Arm) -> String {
    let mut words = vec!["duress".to_owned(), "run".to_owned()];
    for (flag, values) in [("-e", &arm.inject), ("--watch", &arm.watch)] {
        words.extend(values.iter().flat_map(|value| [flag.to_owned(), format!("'{value}'")]));
    }
    words.extend(arm.seed.map(|seed| format!("--seed {seed}")));
    words.extend(arm.timeout.as_ref().map(|timeout| format!("--timeout {timeout}")));
    words.push("--".to_owned());
    words.extend(arm.command.iter().cloned());
    words.join(" ")
}

fn run_all(
    ids: &[String],
    check: bool,
    dir: Option<&Path>,
    format: ListFormat,
    screen: Screen,
) -> Result<Code, Failure> {
    let selected = find(dir)?.select(ids)?;
    let toolchain = toolchain();
    let (count, mut outcomes, mut differing) = (selected.len(), Vec::new(), 0);
    for (place, (folder, scenario)) in selected.iter().enumerate() {
        if format == ListFormat::Human {
            say(&format!("[{}/{count}] {} …\n", place + 1, scenario.id));
        }
        let outcome = match lacking(scenario, toolchain.as_ref()) {
            Some(reason) => skipped(scenario, toolchain.as_ref(), reason),
            None => try_scenario(folder, scenario, toolchain.as_ref())?,
        };
        let differs = check
            && outcome.verdict != Judgement::Skipped
            && scenario.expected.as_deref().is_some_and(|expected| expected != outcome.verdict.word());
        differing += u32::from(differs);
        if format == ListFormat::Human {
            print(&human(&outcome, differs, screen.out))?;
        }
        outcomes.push(outcome);
    }
    if format == ListFormat::Json {
        print(&json(&outcomes)?)?;
    }
    if differing > 0 {
        say(&format!("{differing} of {count} scenarios came out otherwise than recorded\n"));
        return Ok(Code::Findings);
    }
    Ok(Code::Clean)
}

fn try_scenario(
    folder: &Path,
    scenario: &Scenario,
    toolchain: Option<&Toolchain>,
) -> Result<Outcome, Failure> {
    let clock = Clock::start();
    let mut trials = Vec::new();
    for arm in &scenario.arms {
        trials.push(try_arm(folder, arm)?);
    }
    let (verdict, reason, evidence) = judge(scenario, &trials);
    Ok(Outcome {
        verdict,
        reason,
        evidence,
        fired: trials.iter().map(|trial| trial.summary.faults.fired).sum(),
        wall_s: clock.now().as_duration().as_secs_f64(),
        ..skipped(scenario, toolchain, String::new())
    })
}

fn skipped(scenario: &Scenario, toolchain: Option<&Toolchain>, reason: String) -> Outcome {
    Outcome {
        id: scenario.id.clone(),
        title: scenario.title.clone(),
        go: toolchain.map(|toolchain| toolchain.version.to_string()),
        verdict: Judgement::Skipped,
        reason: Some(reason),
        evidence: Vec::new(),
        fired: 0,
        wall_s: 0.0,
        repro: format!("duress scenario run {}", scenario.id),
        expected: scenario.expected.clone(),
    }
}

/// Runs one arm, as `duress run` would.
fn try_arm(folder: &Path, arm: &Arm) -> Result<Trial, Failure> {
    let timeout = match &arm.timeout {
        None => Duration::from_secs(120),
        Some(text) => cli::duration(text).map_err(|error| {
            Failure::yours(format!("the timeout of `{}` in {}: {error}", arm.name, folder.display()))
        })?,
    };
    let args = RunArgs {
        inject: arm.inject.clone(),
        personas: PersonaArgs { personas: arm.personas.clone(), ..PersonaArgs::default() },
        watch: arm.watch.clone(),
        seed: arm.seed,
        timeout: Some(timeout),
        allow_vacuous: true,
        ..RunArgs::plain(arm.command.clone())
    };
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let (orders, _) = settings::orders_in(folder, &args, Audience::Nobody)?;
    let session = session::run(orders)?;
    if let Some(signal) = session.interrupted {
        return Err(Failure::theirs(format!("signal {signal} interrupted `{}`", arm.name)));
    }
    Ok(Trial { summary: summary(&session.dir.path)?, output: output(&session.dir.path)? })
}

/// What a run's target printed, up to a bound that no scenario of ours comes near.
fn output(dir: &Path) -> Result<String, Failure> {
    const BOUND: usize = 4 << 20;
    let mut reader = open(dir)?;
    let mut output = String::new();
    while let Some(entry) = reader.next_entry().map_err(|error| Failure::theirs(chain(&error)))? {
        if let Entry::Output { text, .. } = entry
            && output.len() < BOUND
        {
            output.push_str(&text);
        }
    }
    Ok(output)
}

/// The local Go, if there is one.
fn toolchain() -> Option<Toolchain> {
    let here = std::env::current_dir().unwrap_or_else(|_| "/".into());
    Toolchain::find("go", &here, &[]).ok()
}

/// Why a scenario cannot be tried here.
fn lacking(scenario: &Scenario, toolchain: Option<&Toolchain>) -> Option<String> {
    let Some(toolchain) = toolchain else { return Some("needs Go, which is not here".to_owned()) };
    scenario.needs.iter().find_map(|need| match need {
        Need::Race => toolchain.race_problem().map(|problem| format!("needs -race: {}", chain(&problem))),
        Need::Root => (!nix::unistd::geteuid().is_root()).then(|| "needs root".to_owned()),
    })
}

fn human(outcome: &Outcome, differs: bool, color: report::Color) -> String {
    let word = format!("{:10}", outcome.verdict.word());
    let shown = match color {
        report::Color::Always => format!("\x1b[1m{word}\x1b[0m"),
        report::Color::Never => word,
    };
    let mut text = format!("{shown} {}  {}  ({:.1} s)\n", outcome.id, outcome.title, outcome.wall_s);
    if differs {
        let _ = writeln!(
            text,
            "  DIFFERS from what was recorded: {}",
            outcome.expected.as_deref().unwrap_or("nothing")
        );
    }
    if let Some(reason) = &outcome.reason {
        let _ = writeln!(text, "  {reason}");
    }
    for line in &outcome.evidence {
        let _ = writeln!(text, "  - {line}");
    }
    text
}

fn json(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure::ours(chain(&error)))?;
    Ok(format!("{text}\n"))
}
