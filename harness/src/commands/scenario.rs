//! `duress scenario`: documented crashes, tried on real Go.

use super::{Screen, print, say};
use crate::campaign::Campaign;
use crate::cli::{Format, ListFormat, ScenarioCommand, ScenarioRunArgs};
use crate::clock::Clock;
use crate::exit::{Code, Failure, chain};
use crate::run_dir::home;
use crate::scenario::{
    Crew, Job, Need, News, Outcome, SCHEMA, Scenario, annotations, by_hand, find, folder, human, junit,
    lacking, totals, write_skeleton,
};
use crate::settings::current_folder;
use golang::Toolchain;
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::thread::available_parallelism;

/// One line of the list; its keys are stable.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    id: &'a str,
    title: &'a str,
    document: Option<&'a str>,
    section: Option<&'a str>,
    failure: Option<&'a str>,
    reports: &'a [String],
    claim: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    needs: &'a [Need],
    arms: usize,
}

pub(super) fn run(command: &ScenarioCommand, screen: Screen) -> Result<Code, Failure> {
    match command {
        ScenarioCommand::List { dir, format } => list(dir.as_deref(), *format),
        ScenarioCommand::Show { id, dir } => show(id, dir.as_deref()),
        ScenarioCommand::Check { dir } => check(dir.as_deref()),
        ScenarioCommand::Schema => print(SCHEMA).map(|()| Code::Clean),
        ScenarioCommand::New { id, dir } => new(id, dir.as_deref()),
        ScenarioCommand::Run(args) => run_all(args, screen),
    }
}

fn list(dir: Option<&Path>, format: ListFormat) -> Result<Code, Failure> {
    let catalogue = find(dir)?;
    let toolchain = Toolchain::select("local", &current_folder()?).map_err(|error| chain(&error));
    let listed: Vec<Listed<'_>> = catalogue
        .entries
        .iter()
        .map(|(_, scenario)| {
            let (status, reason) = status(scenario, &toolchain);
            Listed {
                id: &scenario.id,
                title: &scenario.title,
                document: scenario.document.as_deref(),
                section: scenario.section.as_deref(),
                failure: scenario.failure.as_deref(),
                reports: &scenario.reports,
                claim: &scenario.claim,
                status,
                reason,
                needs: &scenario.needs,
                arms: scenario.arms.len(),
            }
        })
        .collect();
    print(&match format {
        ListFormat::Json => json(&listed)?,
        ListFormat::Human => {
            let width = listed.iter().map(|one| one.id.len()).max().unwrap_or_default();
            listed.iter().fold(String::new(), |mut text, one| {
                let _ = writeln!(text, "{:width$} {:9} {}", one.id, one.status, one.title);
                text
            })
        }
    })?;
    Ok(Code::Clean)
}

/// Whether it can be tried: here, or by us at all.
fn status(scenario: &Scenario, toolchain: &Result<Toolchain, String>) -> (&'static str, Option<String>) {
    match toolchain {
        _ if scenario.not_here.is_some() => {
            ("manual", scenario.not_here.as_ref().map(|not_here| not_here.reason.clone()))
        }
        Err(reason) => ("not-here", Some(reason.clone())),
        Ok(toolchain) => match lacking(scenario, toolchain) {
            Some(reason) => ("not-here", Some(reason)),
            None => ("runnable", None),
        },
    }
}

fn show(id: &str, dir: Option<&Path>) -> Result<Code, Failure> {
    let selected = find(dir)?.select(&[id.to_owned()])?;
    let mut text = String::new();
    for (folder, scenario) in selected {
        let _ = writeln!(text, "{}: {}\n\nclaim:    {}", scenario.id, scenario.title, scenario.claim);
        if let Some(document) = &scenario.document {
            let section = scenario.section.iter().map(|section| format!(", section {section}"));
            let _ = writeln!(text, "source:   {document}{}", section.collect::<String>());
        }
        if !scenario.reports.is_empty() {
            let _ = writeln!(text, "reports:  {}", scenario.reports.join(", "));
        }
        for (range, expected) in &scenario.expected {
            let range = range.iter().map(|range| format!("  with Go {range}"));
            let _ = writeln!(text, "seen:     {}{}", expected.word(), range.collect::<String>());
        }
        if let Some(not_here) = &scenario.not_here {
            let _ = writeln!(text, "not here: {}\n          {}", not_here.reason, not_here.would);
        }
        for arm in &scenario.arms {
            let range = arm.go.iter().map(|range| format!(" (Go {range})"));
            let _ = writeln!(
                text,
                "\n{}{}:\n  cd {}\n  {}",
                arm.name,
                range.collect::<String>(),
                scenario.module.display(),
                by_hand(&scenario, arm, &folder)
            );
        }
    }
    print(&text)?;
    Ok(Code::Clean)
}

fn check(dir: Option<&Path>) -> Result<Code, Failure> {
    let catalogue = find(dir)?;
    let scenarios = || catalogue.entries.iter().map(|(_, scenario)| scenario);
    let arms: usize = scenarios().map(|scenario| scenario.arms.len()).sum();
    let manual = scenarios().filter(|scenario| scenario.not_here.is_some()).count();
    let total = catalogue.entries.len();
    print(&format!(
        "{total} scenarios are well-formed: {arms} runs; {manual} scenarios say why they cannot be tried\n"
    ))?;
    Ok(Code::Clean)
}

fn new(id: &str, dir: Option<&Path>) -> Result<Code, Failure> {
    let written = write_skeleton(&folder(dir)?, id)?;
    let mut text = String::new();
    for path in written {
        let _ = writeln!(text, "wrote {}", path.display());
    }
    let _ = writeln!(text, "try it: duress scenario run {id}");
    print(&text)?;
    Ok(Code::Clean)
}

fn run_all(args: &ScenarioRunArgs, screen: Screen) -> Result<Code, Failure> {
    let clock = Clock::start();
    let mut selected = find(args.dir.as_deref())?.select(&args.ids)?;
    if let Some((number, of)) = args.shard {
        selected = selected.into_iter().skip(number - 1).step_by(of).collect();
    }
    let toolchains = toolchains(&args.go)?;
    let jobs: Vec<Job<'_>> = toolchains
        .iter()
        .flat_map(|(word, toolchain)| {
            selected.iter().map(move |(folder, scenario)| Job { folder, scenario, word, toolchain })
        })
        .collect();
    let at_once = args.jobs.map_or_else(|| available_parallelism().map_or(1, usize::from), usize::from);
    let out = args.out.as_deref().map(|out| std::path::absolute(out).unwrap_or_else(|_| out.to_owned()));
    let mut campaign = Campaign::begin(&args.personas)?;
    let crew = Crew::new(&home(), at_once, out, args.personas.clone(), args.switches)?;
    let mut progress = Progress::new(jobs.len());
    let (mut unkept, mut unprinted) = (Ok(()), Ok(()));
    let (outcomes, stopped) = crew.run(&jobs, |news| match news {
        News::Begun(scenario) => progress.begun(&scenario.id),
        News::Done(outcome) => {
            progress.done(&outcome.id);
            // A verdict that cannot be kept is told at the end: the others are worth having.
            if unkept.is_ok() {
                unkept = campaign.keep(outcome.verdicts());
            }
            if args.format == Format::Human && unprinted.is_ok() {
                unprinted = print(&human(outcome, args.check, screen.out));
            }
        }
    });
    progress.end();
    unprinted?;
    print(&match args.format {
        Format::Human => String::new(),
        Format::Json => json(&outcomes)?,
        Format::Junit => junit(&outcomes, args.check),
    })?;
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        say(&annotations(&outcomes, &selected, args.check));
    }
    say(&totals(&outcomes, jobs.len(), args.check, clock.now().as_duration()));
    unkept?;
    if let Some(signal) = stopped {
        return Ok(Code::Interrupted(signal));
    }
    let is_bad = |outcome: &Outcome| outcome.broken || args.check && outcome.differs();
    Ok(if outcomes.iter().any(is_bad) { Code::Findings } else { Code::Clean })
}

/// A toolchain as the user named it, and what that is, or why it is not to be had.
type Named = (String, Result<Toolchain, String>);

/// The toolchains that the user names. A word that can be none is a mistake.
fn toolchains(words: &[String]) -> Result<Vec<Named>, Failure> {
    let here = current_folder()?;
    let mut found = Vec::new();
    for word in words {
        let is_fetched = word.as_bytes().first().is_some_and(u8::is_ascii_digit);
        if is_fetched && io::stderr().is_terminal() {
            say(&format!("looking for go{word} …\n"));
        }
        let toolchain = match Toolchain::select(word, &here) {
            Err(error @ golang::Error::NoToolchain { .. }) => return Err(Failure::yours(chain(&error))),
            Err(error) if word == "local" && words.len() == 1 => return Err(Failure::theirs(chain(&error))),
            other => other.map_err(|error| format!("no toolchain {word}: {}", chain(&error))),
        };
        if let Err(reason) = &toolchain {
            say(&format!("skipped: {reason}\n"));
        }
        found.push((word.clone(), toolchain));
    }
    Ok(found)
}

/// A line on a terminal that says how far it is; nothing elsewhere.
struct Progress {
    is_shown: bool,
    total: usize,
    done: usize,
    running: Vec<String>,
}

impl Progress {
    fn new(total: usize) -> Progress {
        Progress { is_shown: io::stderr().is_terminal(), total, done: 0, running: Vec::new() }
    }

    fn begun(&mut self, id: &str) {
        self.running.push(id.to_owned());
        self.draw();
    }

    /// Also clears the line, for something is going to be printed.
    fn done(&mut self, id: &str) {
        self.done += 1;
        if let Some(at) = self.running.iter().position(|running| running == id) {
            self.running.swap_remove(at);
        }
        self.end();
    }

    fn draw(&self) {
        if self.is_shown {
            let running: String = self.running.join(", ").chars().take(60).collect();
            say(&format!("\r\x1b[K[{}/{}] {running} …", self.done, self.total));
        }
    }

    fn end(&self) {
        if self.is_shown {
            say("\r\x1b[K");
        }
    }
}

fn json(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure::ours(chain(&error)))?;
    Ok(format!("{text}\n"))
}
