//! `duress expose`: which runtime switch tells the cause.

use super::{Screen, print, say};
use crate::campaign::Campaign;
use crate::cli::{ExposeArgs, ListFormat, PersonaArgs};
use crate::clock::Clock;
use crate::exit::{Code, Failure, chain};
use crate::expose::{self, Base, Found, LeftOut, Linked, News, Report, Target, Wish};
use crate::run_dir::home;
use crate::scenario;
use crate::session::take_signals;
use crate::settings::current_folder;
use crate::trial::{Broken, Running};
use crossbeam_channel::{RecvTimeoutError, unbounded};
use golang::{BuildInfo, GoCommand, Setting, Toolchain, Version};
use report::command_line;
use std::fs::{self, File};
use std::io::{self, IsTerminal};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// How often it is looked whether somebody wants us to stop.
const LOOK: Duration = Duration::from_millis(100);

/// How often it is run without a switch, and with each.
const RUNS: (u16, u16) = (3, 2);

/// What is to be tried, made ready.
struct Ready {
    target: Target,
    toolchain: Toolchain,
    /// The executable that reads the switches, where there is one.
    file: Option<PathBuf>,
    /// The command as the user gave it, and how to say it with switches.
    shown: Shown,
    notes: Vec<String>,
    /// What it needs while it runs.
    _scratch: Option<TempDir>,
}

struct Shown {
    command: Vec<String>,
    /// Words before `--`, as the user gave them.
    words: Vec<String>,
    scenario: Option<String>,
    /// The toolchain, where the user named one.
    go: Option<String>,
}

pub(super) fn run(args: &ExposeArgs, screen: Screen) -> Result<Code, Failure> {
    // Before anything is run, so that it is known whether verdicts can be kept.
    let mut campaign = Campaign::begin(&args.personas.personas)?;
    match try_all(args)? {
        Ended::Report(report) => {
            // What cannot be kept is told at the end: it is worth having all the same.
            let kept = campaign.keep(expose::verdicts(&report));
            print(&match args.format {
                ListFormat::Human => expose::human(&report, screen.out),
                ListFormat::Json => {
                    let text = serde_json::to_string_pretty(&*report)
                        .map_err(|error| Failure::ours(chain(&error)))?;
                    text + "\n"
                }
            })?;
            kept?;
            Ok(Code::Clean)
        }
        Ended::Stopped(signal) => Ok(Code::Interrupted(signal)),
    }
}

/// How it ended.
pub(super) enum Ended {
    Report(Box<Report>),
    /// A signal told us to stop.
    Stopped(u8),
}

/// Tries switches as these arguments say.
pub(super) fn try_all(args: &ExposeArgs) -> Result<Ended, Failure> {
    let clock = Clock::start();
    let ignored = kernel::probe::Probe::take().ignored_signals;
    let (signals, mask) = take_signals(ignored)?;
    let running = Running::new(mask);
    let (sender, told) = unbounded::<String>();
    let mut stopped = None;
    let mut progress = Progress { is_shown: io::stderr().is_terminal() };
    let result = thread::scope(|scope| {
        let work = scope.spawn(|| {
            // Dropped when the work is done, whatever comes of it.
            let sender = sender;
            let tell = |news: News<'_>| {
                let _ = sender.send(match news {
                    News::Base(done, of) => format!("without a switch: {done} of {of}"),
                    News::Tried(switch, done, of) => format!("[{done}/{of}] {switch}"),
                    News::Set(number) => format!("sets of switches: {number}"),
                });
            };
            hunt(args, &running, &tell)
        });
        loop {
            match told.recv_timeout(LOOK) {
                Ok(words) => progress.draw(&words),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if let Ok(Some(signal)) = signals.read_signal() {
                stopped = u8::try_from(signal.ssi_signo).ok();
                running.stop();
            }
        }
        work.join().unwrap_or_else(|_| Err(Stop::Failed(Failure::ours("the hunt for switches panicked"))))
    });
    progress.end();
    // Others that are started after us get the mask that the user gave us.
    let _ = mask.thread_set_mask();
    match (result, stopped) {
        (_, Some(signal)) => Ok(Ended::Stopped(signal)),
        (Ok(mut report), None) => {
            report.wall_s = clock.now().as_duration().as_secs_f64();
            Ok(Ended::Report(report))
        }
        (Err(Stop::Failed(failure)), None) => Err(failure),
        (Err(Stop::Broken(broken)), None) => Err(match broken {
            Broken::Yours(said) => Failure::yours(plain(&said)),
            Broken::Theirs(said) => Failure::theirs(plain(&said)),
            Broken::Ours(said) => Failure::ours(plain(&said)),
            Broken::Stopped => Failure::ours("it was stopped, and nobody knows why"),
        }),
    }
}

/// What a `duress run` said went wrong, without its own `error: `.
fn plain(said: &str) -> String {
    said.strip_prefix("error: ").unwrap_or(said).to_owned()
}

enum Stop {
    Failed(Failure),
    Broken(Broken),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Stop {
        Stop::Failed(failure)
    }
}

impl From<Broken> for Stop {
    fn from(broken: Broken) -> Stop {
        Stop::Broken(broken)
    }
}

fn hunt(args: &ExposeArgs, running: &Running, tell: &(dyn Fn(News<'_>) + Sync)) -> Result<Box<Report>, Stop> {
    let mut ready = match &args.scenario {
        Some(id) => of_scenario(args, id, running)?,
        None => of_command(args, running)?,
    };
    let catalogue = expose::catalogue(&ready.toolchain)?;
    let linked = Linked::of(ready.file.as_deref());
    let (candidates, left_out) = if args.switches.is_empty() {
        expose::all(&catalogue, &linked, args.all)
    } else {
        (expose::named(&catalogue, &args.switches), LeftOut::default())
    };
    let (base_runs, runs) = args.runs.map_or(RUNS, |runs| (runs, (runs - 1).max(1)));
    let wish = Wish {
        base_runs: base_runs.into(),
        runs: runs.into(),
        jobs: args.jobs.into(),
        limit: args.timeout,
        candidates,
        tries_sets: true,
    };
    let found = expose::hunt(running, &ready.target, &wish, tell)?;
    let built_by = found.first.summary.subjects.iter().find_map(|subject| subject.go.clone());
    if let Some(other) = built_by.filter(|built| Version::parse(built) != ready.toolchain.version) {
        ready.notes.push(format!(
            "the program was built by {other}, and these are the switches of {}: name its toolchain with --go",
            ready.toolchain.version
        ));
    }
    if found.base.cause.is_known && found.first.summary.faults.fired == 0 {
        ready.notes.push("no fault fired that was counted".to_owned());
    }
    Ok(Box::new(report(found, ready, left_out)))
}

fn report(found: Found, ready: Ready, left_out: LeftOut) -> Report {
    let smallest: Vec<String> =
        found.smallest.iter().map(|place| found.tried[*place].switch.clone()).collect();
    let settings: Vec<Setting> = smallest.iter().filter_map(|switch| switch.parse().ok()).collect();
    let shown = &ready.shown;
    let go = shown.go.iter().flat_map(|word| ["--go".to_owned(), word.clone()]);
    let head = |verb: &str| vec!["duress".to_owned(), verb.to_owned()];
    let again: Vec<String> = match &shown.scenario {
        Some(id) => head("expose").into_iter().chain(go).chain([id.clone()]).collect(),
        None => head("expose").into_iter().chain(go).chain(shown.words.iter().cloned()).collect(),
    };
    let rest: Vec<String> = match &shown.scenario {
        Some(_) => Vec::new(),
        None => ["--".to_owned()].into_iter().chain(shown.command.iter().cloned()).collect(),
    };
    // A run knows no `--go`, and a scenario is none.
    let words: Vec<String> = if shown.scenario.is_some() || shown.go.is_some() {
        let switches = smallest.iter().flat_map(|switch| ["--switch".to_owned(), switch.clone()]);
        again.iter().cloned().chain(switches).chain(rest.iter().cloned()).collect()
    } else {
        let switched = ready.target.switched(&settings);
        head("run")
            .into_iter()
            .chain(shown.words.iter().cloned())
            .chain(switched)
            .chain(rest.iter().cloned())
            .collect()
    };
    let base = &found.base;
    Report {
        command: shown.command.clone(),
        go: ready.toolchain.version.to_string(),
        base: Base {
            verdict: base.noise.verdicts(),
            runs: found.base_runs,
            names_cause: base.named.first().map(|named| named.line.clone()),
            names: base.named.iter().map(|named| named.clue.to_string()).collect(),
            cause_is_known: base.cause.is_known,
            cause: base.cause.clues.iter().map(ToString::to_string).collect(),
            fired: found.first.summary.faults.fired,
            flickering_lines: base.noise.flickering,
            without_faults: base.plain.as_ref().map(|plain| plain.ended().verdict.to_owned()),
        },
        switches: found.tried,
        smallest,
        repro: command_line(&words),
        runs: found.runs,
        wall_s: 0.0,
        scenario: shown.scenario.clone(),
        again,
        rest,
        left_out,
        notes: ready.notes,
    }
}

/// A command, built once where that is simple.
fn of_command(args: &ExposeArgs, running: &Running) -> Result<Ready, Stop> {
    let cwd = current_folder()?;
    let (faults, options, words) = options(args, &cwd);
    let shown = Shown { command: args.command.clone(), words, scenario: None, go: args.go.clone() };
    let scratch = tempfile::Builder::new()
        .prefix("duress-expose-")
        .tempdir()
        .map_err(|error| Failure::theirs(format!("cannot make a folder for what is built: {error}")))?;
    let Some(go) = GoCommand::parse(&args.command) else {
        let file = program(&args.command[0], &cwd);
        let version = file.as_deref().and_then(built_by);
        let toolchain = match &args.go {
            Some(word) => expose::selected(word, &cwd)?,
            None => match version.as_deref().and_then(known_toolchain) {
                Some(toolchain) => toolchain,
                None => Toolchain::select("local", &cwd).map_err(|error| {
                    Failure::theirs(chain(&error))
                        .help("the switches are read from a toolchain's sources: name one with --go")
                })?,
            },
        };
        let target = Target {
            faults,
            options,
            command: args.command.clone(),
            cwd,
            env: Vec::new(),
            experiments: Vec::new(),
        };
        return Ok(Ready { target, toolchain, file, shown, notes: Vec::new(), _scratch: Some(scratch) });
    };
    let toolchain = expose::toolchain(&go, args.go.as_deref(), &cwd)?;
    // Words that name files from here on.
    let is_relative = |word: &String| {
        word.contains("content=") || word.starts_with("files=") || word.starts_with("seccomp=.")
    };
    let relative = args.inject.iter().chain(&args.personas.personas).any(is_relative)
        || args
            .plan
            .as_deref()
            .and_then(|plan| fs::read_to_string(cwd.join(plan)).ok())
            .is_some_and(|plan| plan.contains("content"));
    // The go command itself is under duress then.
    let is_whole = args.extra.iter().any(|word| word == "--whole-tree");
    let parts = if is_whole { None } else { expose::parts(&go, &toolchain, relative) };
    let Some(parts) = parts else {
        let env = match &args.go {
            Some(_) => toolchain
                .variables()
                .into_iter()
                .map(|(name, value)| (name, Some(value)))
                .chain([("GOROOT".into(), None)])
                .collect(),
            None => Vec::new(),
        };
        let notes = vec![
            "it is built anew for each run; a command with one package, such as `go test .`, is built once"
                .to_owned(),
        ];
        let target =
            Target { faults, options, command: args.command.clone(), cwd, env, experiments: Vec::new() };
        return Ok(Ready { target, toolchain, file: None, shown, notes, _scratch: Some(scratch) });
    };
    let built = expose::build(running, &parts, &toolchain, &cwd, scratch.path(), None)?;
    let mut experiments = Vec::new();
    for setting in args.switches.iter().filter(|setting| setting.variable == "GOEXPERIMENT") {
        let other = expose::build(running, &parts, &toolchain, &cwd, scratch.path(), Some(setting))?;
        experiments.push((setting.clone(), other.command[0].clone()));
    }
    let target =
        Target { faults, options, command: built.command, cwd: built.cwd, env: Vec::new(), experiments };
    Ok(Ready { target, toolchain, file: Some(built.file), shown, notes: Vec::new(), _scratch: Some(scratch) })
}

/// A scenario's arm on which switches are tried.
fn of_scenario(args: &ExposeArgs, id: &str, running: &Running) -> Result<Ready, Stop> {
    let selected = scenario::find(args.dir.as_deref())?.select(&[id.to_owned()])?;
    let Some((folder, scenario)) = selected.first() else {
        return Err(Failure::ours(format!("the scenario `{id}` was found and is not there")).into());
    };
    let word = args.go.as_deref().unwrap_or("local");
    let toolchain = expose::selected(word, &current_folder()?)?;
    if let Some(reason) = scenario::lacking(scenario, &toolchain) {
        return Err(Failure::theirs(format!("`{id}` cannot be tried here: {reason}")).into());
    }
    let exposure = scenario::exposure(folder, scenario, &toolchain, running, &home())?;
    let command = exposure.target.command.clone();
    let file =
        command.first().map(|program| self::program(program, &exposure.target.cwd).unwrap_or_default());
    let shown = Shown { command, words: Vec::new(), scenario: Some(id.to_owned()), go: args.go.clone() };
    let notes = vec![format!("the scenario's run `{}`", exposure.arm)];
    Ok(Ready { target: exposure.target, toolchain, file, shown, notes, _scratch: Some(exposure.scratch) })
}

/// The options that make it go wrong, all others, and all of them as the user gave them.
fn options(args: &ExposeArgs, cwd: &Path) -> (Vec<String>, Vec<String>, Vec<String>) {
    let each = |flag: &'static str, values: &[String]| -> Vec<String> {
        values.iter().flat_map(|value| [flag.to_owned(), value.clone()]).collect()
    };
    let PersonaArgs { personas, as_eperm, as_enosys, count_denials } = &args.personas;
    let mut faults = each("-e", &args.inject);
    faults.extend(each("--persona", personas));
    let switches =
        [(*as_eperm, "--as-eperm"), (*as_enosys, "--as-enosys"), (*count_denials, "--count-denials")];
    faults.extend(switches.iter().filter(|(is_on, _)| *is_on).map(|(_, flag)| (*flag).to_owned()));
    let mut options = each("--watch", &args.watch);
    options.extend(args.seed.iter().flat_map(|seed| ["--seed".to_owned(), seed.to_string()]));
    options.extend(args.extra.iter().cloned());
    let mut words = options.clone();
    if let Some(plan) = &args.plan {
        words.extend(["--plan".to_owned(), plan.to_string_lossy().into_owned()]);
    }
    words.extend(faults.iter().cloned());
    if let Some(plan) = &args.plan {
        faults.splice(0..0, ["--plan".to_owned(), cwd.join(plan).to_string_lossy().into_owned()]);
    }
    (faults, options, words)
}

/// The file of a program.
fn program(word: &str, cwd: &Path) -> Option<PathBuf> {
    if word.contains('/') {
        return Some(cwd.join(word));
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(word)).find(|file| file.is_file())
}

/// The version of Go that built this executable.
fn built_by(file: &Path) -> Option<String> {
    let file = File::open(file).ok()?;
    BuildInfo::read(|offset, buffer| file.read_at(buffer, offset)).ok().map(|info| info.go)
}

/// The toolchain of this version, if it is here: nobody asked to fetch it.
pub(super) fn known_toolchain(version: &str) -> Option<Toolchain> {
    let root = Path::new("/");
    let wanted = Version::parse(version);
    let here = Toolchain::select("local", root).ok();
    if let Some(here) = here.filter(|here| here.version == wanted) {
        return Some(here);
    }
    // Go: modload.FetchPath and gover's naming in cmd/go/internal/toolchain/select.go, since go1.21.
    let word = version.split(' ').next().unwrap_or_default();
    let name = format!("golang.org/toolchain@v0.0.1-{word}.linux-amd64");
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let gopath = || set("GOPATH").or_else(|| set("HOME").map(|home| home.join("go")));
    let cache = set("GOMODCACHE").or_else(|| gopath().map(|path| path.join("pkg/mod")))?;
    let folder = cache.join(name);
    folder.is_dir().then(|| Toolchain::select(&folder.to_string_lossy(), root).ok()).flatten()
}

/// A line on a terminal that says how far it is; nothing elsewhere.
struct Progress {
    is_shown: bool,
}

impl Progress {
    fn draw(&mut self, words: &str) {
        if self.is_shown {
            let words: String = words.chars().take(100).collect();
            say(&format!("\r\x1b[K{words} …"));
        }
    }

    fn end(&self) {
        if self.is_shown {
            say("\r\x1b[K");
        }
    }
}
