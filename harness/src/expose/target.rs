//! What is run again and again: with and without its faults, with and without switches.

use crate::trial::{Broken, Running, Trial, Wanted};
use golang::{Setting, merged};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// A command under a plan, ready to be run many times.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The options of `duress run` that make it go wrong: `-e`, `--plan`, `--persona`.
    pub(crate) faults: Vec<String>,
    /// All others.
    pub(crate) options: Vec<String>,
    pub(crate) command: Vec<String>,
    pub(crate) cwd: PathBuf,
    /// Variables that are set; those with nothing are removed.
    pub(crate) env: Vec<(OsString, Option<OsString>)>,
    /// Programs that were built with an experiment, each for the place of the command's first word.
    pub(crate) experiments: Vec<(Setting, String)>,
}

/// Whether a run has its faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Faults {
    Injected,
    LeftOut,
}

impl Target {
    /// Whether there is anything that could be left out.
    pub(crate) fn has_faults(&self) -> bool {
        !self.faults.is_empty()
    }

    /// The options of `duress run` that set these switches: for the target, and not for go and the compiler.
    pub(crate) fn switched(&self, settings: &[Setting]) -> Vec<String> {
        let own = |name: &str| {
            let set = self.env.iter().rev().find(|(variable, _)| variable == name);
            match set {
                Some((_, value)) => value.clone(),
                None => std::env::var_os(name),
            }
            .map(|value| value.to_string_lossy().into_owned())
        };
        // An experiment is a matter of the build.
        let variables = merged(own, settings).into_iter().filter(|(name, _)| name != "GOEXPERIMENT");
        variables
            .flat_map(|(name, value)| ["--persona".to_owned(), format!("variable={name}={value}")])
            .collect()
    }

    /// Runs it once.
    pub(crate) fn run(
        &self,
        running: &Running,
        settings: &[Setting],
        faults: Faults,
        limit: Duration,
    ) -> Result<Trial, Broken> {
        let scratch = tempfile::Builder::new()
            .prefix("duress-expose-")
            .tempdir()
            .map_err(|error| Broken::Theirs(format!("cannot make a folder for its journal: {error}")))?;
        let mut args = self.options.clone();
        if faults == Faults::Injected {
            args.extend(self.faults.iter().cloned());
        }
        args.extend(self.switched(settings));
        args.extend(["--timeout".to_owned(), format!("{}s", limit.as_secs_f64()), "--".to_owned()]);
        let program = self
            .experiments
            .iter()
            .find(|(setting, _)| settings.contains(setting))
            .map(|(_, program)| program);
        args.extend(program.or(self.command.first()).cloned());
        args.extend(self.command.iter().skip(1).cloned());
        running.run(&Wanted {
            args,
            cwd: self.cwd.clone(),
            env: self.env.clone(),
            out: scratch.path().join("run"),
        })
    }
}
