//! One attempt at a scenario: its arms, one after the other, with one toolchain.

use super::build::Builds;
use super::file::{Arm, Built, Scenario, Target};
use super::judge::{Conclusion, judge};
use super::outcome::Looks;
use super::{Judgement, Need, Outcome};
use crate::clock::Clock;
use crate::exit::chain;
use crate::trial::{Broken, Running, Trial, Wanted};
use golang::Toolchain;
use report::command_line;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Variables that would change what a scenario shows; it says itself what it wants of them.
const TAKEN_AWAY: &[&str] =
    &["GOROOT", "GODEBUG", "GOTRACEBACK", "GOMAXPROCS", "GOGC", "GOMEMLIMIT", "DURESS_SEED", "DURESS_FORMAT"];

/// Who "unprivileged" is under root: nobody, on every Linux.
const NOBODY: &[&str] =
    &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--"];

/// What all attempts share.
#[derive(Debug)]
pub(crate) struct Bench<'b> {
    pub(crate) builds: &'b Builds,
    pub(crate) running: &'b Running,
    /// Where journals are kept, if they are.
    pub(crate) out: Option<&'b Path>,
    /// Hosts that every arm runs on, before its own.
    pub(crate) personas: &'b [String],
    /// The switches that scenarios name are tried.
    pub(crate) tries_switches: bool,
}

/// An arm that can be run.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The folder of its files; it goes with this.
    pub(super) scratch: tempfile::TempDir,
    /// Its command, with all that it needs built.
    pub(super) command: Vec<String>,
    /// Variables that are set; those with nothing are removed.
    pub(super) env: Vec<(OsString, Option<OsString>)>,
}

impl Bench<'_> {
    /// Tries a scenario. Gives nothing if all was told to stop.
    pub(crate) fn attempt(
        &self,
        folder: &Path,
        scenario: &Scenario,
        word: &str,
        toolchain: &Toolchain,
    ) -> Option<Outcome> {
        let clock = Clock::start();
        let skipped = |reason: String| Outcome::skipped(scenario, word, Some(toolchain), reason);
        if let Some(reason) = lacking(scenario, toolchain) {
            return Some(skipped(reason));
        }
        let mut tried: Vec<(&Arm, Trial)> = Vec::new();
        let mut left_out = Vec::new();
        for (number, arm) in scenario.arms.iter().enumerate() {
            if let Some(range) = arm.go.as_ref().filter(|range| !range.contain(&toolchain.version)) {
                left_out.push(format!("{}: only tried with Go {range}", arm.name));
                continue;
            }
            match self.arm(folder, scenario, arm, toolchain, &format!("{}/{}", scenario.id, number + 1)) {
                Ok(trial) => tried.push((arm, trial)),
                Err(Broken::Stopped) => return None,
                Err(Broken::Theirs(said)) => return Some(skipped(format!("in `{}`: {said}", arm.name))),
                Err(Broken::Yours(said) | Broken::Ours(said)) => {
                    return Some(Outcome {
                        verdict: Judgement::Partly,
                        broken: true,
                        wall_s: clock.now().as_duration().as_secs_f64(),
                        ..skipped(format!("it cannot be tried: in `{}`, {said}", arm.name))
                    });
                }
            }
        }
        if !tried.iter().any(|(arm, _)| arm.decides()) {
            return Some(skipped(format!("nothing in it decides with {}", toolchain.version)));
        }
        let Conclusion { judgement, reason, mut evidence, arms, is_unreal } = judge(&tried);
        let expected = |name: &str| {
            let arm = tried.iter().find(|(arm, _)| arm.name == name);
            arm.and_then(|(arm, _)| arm.expected(&toolchain.version))
        };
        let arms = arms.into_iter().map(|(name, verdict)| Looks { expected: expected(&name), name, verdict });
        evidence.extend(left_out);
        let exposed_by = match self.exposed_by(folder, scenario, toolchain) {
            Ok(exposed_by) => exposed_by,
            Err(Broken::Stopped) => return None,
            Err(Broken::Theirs(said) | Broken::Yours(said) | Broken::Ours(said)) => {
                evidence.push(format!("its switches cannot be tried: {said}"));
                Vec::new()
            }
        };
        Some(Outcome {
            exposed_by,
            verdict: judgement,
            reason,
            evidence,
            arms: arms.collect(),
            unreal: is_unreal,
            fired: tried.iter().map(|(_, trial)| trial.fired()).sum(),
            wall_s: clock.now().as_duration().as_secs_f64(),
            ..skipped(String::new())
        })
    }

    /// Runs one arm, as `duress run` does.
    fn arm(
        &self,
        folder: &Path,
        scenario: &Scenario,
        arm: &Arm,
        toolchain: &Toolchain,
        place: &str,
    ) -> Result<Trial, Broken> {
        let Prepared { scratch, command, env } = self.prepared(scenario, arm, toolchain)?;
        let mut args: Vec<String> =
            self.personas.iter().flat_map(|one| ["--persona".to_owned(), one.clone()]).collect();
        args.extend(options(arm, folder));
        args.push("--".to_owned());
        args.extend(command);
        let wanted = Wanted {
            args,
            cwd: scenario.module.clone(),
            env,
            out: self.out.map_or_else(|| scratch.path().join("run"), |out| out.join(place)),
        };
        self.running.run(&wanted)
    }

    /// What an arm needs to be run.
    pub(super) fn prepared(
        &self,
        scenario: &Scenario,
        arm: &Arm,
        toolchain: &Toolchain,
    ) -> Result<Prepared, Broken> {
        let theirs =
            |error: io::Error| Broken::Theirs(format!("cannot make a folder for its files: {error}"));
        let scratch = tempfile::Builder::new().prefix("duress-scenario-").tempdir().map_err(theirs)?;
        let temporary = scratch.path().join("tmp");
        fs::create_dir(&temporary).map_err(theirs)?;
        if is_taken_away(arm) {
            // Nobody's, too.
            fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o755)).map_err(theirs)?;
            fs::set_permissions(&temporary, fs::Permissions::from_mode(0o1777)).map_err(theirs)?;
        }
        let command = self.command(scenario, arm, toolchain, scratch.path())?;
        let taken = TAKEN_AWAY.iter().map(|name| (OsString::from(name), None));
        let toolchains = toolchain.variables().into_iter().map(|(name, value)| (name, Some(value)));
        let own = arm.env.iter().map(|(name, value)| (OsString::from(name), Some(OsString::from(value))));
        let tmp = (OsString::from("TMPDIR"), Some(temporary.into_os_string()));
        let env = taken.chain(toolchains).chain([tmp]).chain(own).collect();
        Ok(Prepared { scratch, command, env })
    }

    /// The command of an arm, with what it needs built.
    fn command(
        &self,
        scenario: &Scenario,
        arm: &Arm,
        toolchain: &Toolchain,
        scratch: &Path,
    ) -> Result<Vec<String>, Broken> {
        let built = |source: &Built, is_test| -> Result<String, Broken> {
            let file = self.builds.get(self.running, toolchain, &scenario.module, source, is_test)?;
            let file = if is_taken_away(arm) { for_anyone(&file, scratch)? } else { file };
            Ok(file.to_string_lossy().into_owned())
        };
        let mut words: Vec<String> = prefix(arm);
        match &arm.target {
            Target::Command(command) => words.extend(command.iter().cloned()),
            Target::Program(source) => {
                words.push(built(source, false)?);
                words.extend(source.args.iter().cloned());
            }
            Target::Test { pattern, source } => {
                words.push(built(source, true)?);
                words.extend(as_go_test_does(pattern));
                words.extend(source.args.iter().cloned());
            }
        }
        Ok(words)
    }
}

/// A copy that everybody can run; our own folders may be closed to others.
fn for_anyone(file: &Path, scratch: &Path) -> Result<PathBuf, Broken> {
    let copy = scratch.join(file.file_name().unwrap_or_default());
    let copied =
        fs::copy(file, &copy).and_then(|_| fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)));
    copied.map_err(|error| Broken::Theirs(format!("cannot copy `{}`: {error}", file.display())))?;
    Ok(copy)
}

/// Whether privileges have to be taken away for it.
fn is_taken_away(arm: &Arm) -> bool {
    arm.is_unprivileged && nix::unistd::geteuid().is_root()
}

fn prefix(arm: &Arm) -> Vec<String> {
    let words = if is_taken_away(arm) { NOBODY } else { &[] };
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The arguments that `go test -v -count=1` gives a test binary. Without the time limit, a test that waits for ever is a
/// deadlock to the runtime.
fn as_go_test_does(pattern: &str) -> Vec<String> {
    let run = format!("-test.run={}", whole(pattern));
    ["-test.paniconexit0", "-test.timeout=10m0s", "-test.v=true", "-test.count=1", &run]
        .map(str::to_owned)
        .to_vec()
}

/// A pattern that means whole names, if it does not say itself what it means.
fn whole(pattern: &str) -> String {
    match pattern.contains(['^', '$', '/']) {
        true => pattern.to_owned(),
        false => format!("^({pattern})$"),
    }
}

/// The options of `duress run` that make this arm.
fn options(arm: &Arm, folder: &Path) -> Vec<String> {
    let mut words = faults(arm, folder);
    words.extend(others(arm));
    words.extend(["--timeout".to_owned(), format!("{}s", arm.timeout.as_secs_f64())]);
    words
}

/// Those that make it go wrong.
pub(super) fn faults(arm: &Arm, folder: &Path) -> Vec<String> {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let plan = arm.plan.iter().map(|plan| folder.join(plan).to_string_lossy().into_owned()).collect();
    let all = [("--plan", &plan), ("-e", &arm.inject), ("--persona", &arm.personas)];
    all.iter()
        .flat_map(|(flag, values)| values.iter().flat_map(|value| [(*flag).to_owned(), value.clone()]))
        .collect()
}

/// All others but the time limit.
pub(super) fn others(arm: &Arm) -> Vec<String> {
    let mut words: Vec<String> =
        arm.watch.iter().flat_map(|value| ["--watch".to_owned(), value.clone()]).collect();
    words.extend(arm.options.iter().cloned());
    words.extend(arm.seed.iter().flat_map(|seed| ["--seed".to_owned(), seed.to_string()]));
    words
}

/// The command line that runs an arm without the scenario around it, in the module's folder.
pub(crate) fn by_hand(scenario: &Scenario, arm: &Arm, folder: &Path) -> String {
    let set = |variables: &BTreeMap<String, String>| -> String {
        let set = |(name, value): (&String, &String)| {
            format!("{name}={} ", command_line(std::slice::from_ref(value)))
        };
        variables.iter().map(set).collect()
    };
    // In front of duress, not of go: what duress is given has to begin with `go`.
    let duress = |build: &str, command: Vec<String>| {
        let start = ["duress".to_owned(), "run".to_owned()];
        let words = [&start[..], &options(arm, folder), &["--".to_owned()], &prefix(arm), &command].concat();
        format!("{build}{}{}", set(&arm.env), command_line(&words))
    };
    let file = format!("/tmp/{}.test", scenario.id);
    match &arm.target {
        Target::Command(command) => {
            // Its scratch folder; a shell that has none would write to `/`.
            let asks_scratch = command.iter().any(|word| word.contains("TMPDIR"));
            duress(if asks_scratch { "TMPDIR=$(mktemp -d) " } else { "" }, command.clone())
        }
        Target::Program(source) => {
            // What go builds for `go test` and `go run` only its own user can run.
            if is_taken_away(arm) {
                let build = command_line(&go(source, &["build", "-o", &file]));
                let run = [vec![file], source.args.clone()].concat();
                return format!("{}{build} && {}", set(&source.env), duress("", run));
            }
            duress(&set(&source.env), [go(source, &["run"]), source.args.clone()].concat())
        }
        Target::Test { pattern, source } => {
            if is_taken_away(arm) {
                let build = command_line(&go(source, &["test", "-c", "-o", &file]));
                let run = [vec![file], as_go_test_does(pattern), source.args.clone()].concat();
                return format!("{}{build} && {}", set(&source.env), duress("", run));
            }
            let mut command = go(source, &["test", "-count=1", "-v", &format!("-run={}", whole(pattern))]);
            if !source.args.is_empty() {
                command.push("-args".to_owned());
                command.extend(source.args.iter().cloned());
            }
            duress(&set(&source.env), command)
        }
    }
}

fn go(source: &Built, verb: &[&str]) -> Vec<String> {
    let mut words = vec!["go".to_owned()];
    words.extend(verb.iter().map(|word| (*word).to_owned()));
    words.extend(source.flags.iter().cloned());
    words.push(source.package.clone());
    words
}

/// Why a scenario cannot be tried here.
pub(crate) fn lacking(scenario: &Scenario, toolchain: &Toolchain) -> Option<String> {
    if let Some(not_here) = &scenario.not_here {
        return Some(format!("{}; {}", not_here.reason, not_here.would));
    }
    if let Some(range) = scenario.go.as_ref().filter(|range| !range.contain(&toolchain.version)) {
        return Some(format!("it is about Go {range}, and this is {}", toolchain.version));
    }
    scenario.needs.iter().find_map(|need| match need {
        Need::Race => toolchain.race_problem().map(|problem| format!("needs -race: {}", chain(&problem))),
        Need::Cgo => toolchain.race_problem().map(|problem| format!("needs cgo: {}", chain(&problem))),
        Need::Root => (!nix::unistd::geteuid().is_root()).then(|| "needs root".to_owned()),
        Need::Program(name) => {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let is_here = std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
            (!is_here).then(|| format!("needs the program `{name}`, which is not in PATH"))
        }
    })
}
