//! The programs that are measured, and those that measure.

#![expect(clippy::disallowed_methods, reason = "finding and building programs means starting some")]

use crate::Error;
use crate::bare::Manner;
use crate::keeping::{self, Different, Kept};
use crate::process::{self, Memory};
use crate::tracee::Task;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The programs, all of one build; and the scratch folder that duress keeps its runs in.
#[derive(Debug)]
pub struct Programs {
    tracee: PathBuf,
    bare: PathBuf,
    starter: PathBuf,
    keeper: PathBuf,
    duress: PathBuf,
    home: TempDir,
}

/// Where Cargo put the programs of this package.
#[derive(Debug, Clone, Copy)]
pub struct Built {
    /// A loop of one system call.
    pub tracee: &'static str,
    /// The bare loop.
    pub bare: &'static str,
    /// The program that stands in for `go test` where starts are timed.
    pub starter: &'static str,
    /// The program whose memory is measured.
    pub keeper: &'static str,
}

impl Programs {
    /// Builds duress as it is released, beside this very program, and takes the others as they are.
    ///
    /// # Errors
    /// It cannot be built.
    pub fn build(built: Built) -> Result<Programs, Error> {
        // target/release/deps/cost-…
        let this = std::env::current_exe().map_err(Error::file("find this program"))?;
        let profile = this.ancestors().nth(2).unwrap_or(Path::new("/"));
        let target = profile.parent().unwrap_or(Path::new("/"));
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build.args(["build", "--release", "--quiet", "--package", "duress", "--target-dir"]).arg(target);
        build.current_dir(env!("CARGO_MANIFEST_DIR"));
        let line = process::line_of(&build);
        let status = build.status().map_err(|source| Error::Start { line: line.clone(), source })?;
        if !status.success() {
            return Err(Error::Failed { line, status, stderr: "see above".to_owned() });
        }
        Ok(Programs {
            tracee: built.tracee.into(),
            bare: built.bare.into(),
            starter: built.starter.into(),
            keeper: built.keeper.into(),
            duress: target.join("release/duress"),
            home: tempfile::Builder::new()
                .prefix("duress-benches-")
                .tempdir()
                .map_err(Error::file("make a scratch folder"))?,
        })
    }

    /// The tracee by itself.
    pub(crate) fn native(&self, task: &Task, result: &Path) -> Command {
        let mut command = Command::new(&self.tracee);
        command.args(task.arguments(result));
        command
    }

    /// The tracee under the bare loop.
    pub(crate) fn bare(&self, manner: Manner, task: &Task, result: &Path) -> Command {
        let mut command = Command::new(&self.bare);
        command.args(manner.arguments()).arg(&self.duress).arg(&self.tracee).args(task.arguments(result));
        command
    }

    /// The tracee under duress, with these options.
    pub(crate) fn duress(
        &self,
        options: impl IntoIterator<Item = impl AsRef<OsStr>>,
        task: &Task,
        result: &Path,
    ) -> Command {
        let mut command = self.duress_run(options);
        command.arg(&self.tracee).args(task.arguments(result));
        command
    }

    /// `duress run … --`, to be followed by a command. Its result is one object on standard output.
    pub(crate) fn duress_run(&self, options: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(&self.duress);
        command.arg("run").args(options).args(["--format", "json", "--allow-vacuous", "--"]);
        command.env("DURESS_HOME", self.home.path());
        for variable in ["DURESS_SEED", "DURESS_FORMAT", "GOFLAGS"] {
            command.env_remove(variable);
        }
        command
    }

    /// The tracee under strace, with one injection.
    pub(crate) fn strace(&self, injection: &str, task: &Task, result: &Path) -> Command {
        let (calls, _) = injection.split_once(':').unwrap_or((injection, ""));
        let mut command = strace_of(calls);
        command.args(["-e", &format!("inject={injection}")]);
        command.arg(&self.tracee).args(task.arguments(result));
        command
    }

    /// The program that stands in for `go test` where starts are timed.
    pub(crate) fn starter(&self) -> &Path {
        &self.starter
    }

    /// What a process keeps that tells who made so many different calls of a program.
    ///
    /// # Errors
    /// It cannot tell.
    pub(crate) fn keeper(&self, program: &Path, different: Different, count: u32) -> Result<Kept, Error> {
        let mut command = Command::new(&self.keeper);
        command.args(keeping::arguments(program, different, count));
        let said = process::run(&mut command, Memory::Unwatched)?.stdout;
        let wrong = |what| Error::Wrong { line: process::line_of(&command), what };
        Kept::parse(&said).ok_or_else(|| wrong(format!("it said `{said}`")))
    }

    /// Forgets the runs recorded so far; a million calls take their room.
    ///
    /// # Errors
    /// The scratch folder cannot be emptied.
    pub(crate) fn forget_runs(&self) -> Result<(), Error> {
        let runs = self.home.path().join("runs");
        if runs.exists() {
            std::fs::remove_dir_all(runs).map_err(Error::file("remove recorded runs"))
        } else {
            Ok(())
        }
    }
}

/// strace at its best, after these calls only; to be followed by a command.
pub(crate) fn strace_of(calls: &str) -> Command {
    let mut command = Command::new("strace");
    command.args(["-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}")]);
    command
}

/// `faults.matched` of duress's result: how many calls were trapped for a rule.
pub(crate) fn matched_in(json: &str) -> Option<u64> {
    serde_json::from_str::<serde_json::Value>(json).ok()?["faults"]["matched"].as_u64()
}

/// Whether a program is there.
///
/// # Errors
/// [`Error::Needs`] where it is not.
pub(crate) fn has(program: &'static str, argument: &str) -> Result<(), Error> {
    let status = Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if status.is_ok_and(|status| status.success()) { Ok(()) } else { Err(Error::Needs(program)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matched_calls_are_read_from_the_result() {
        assert_eq!(matched_in(r#"{"faults":{"matched":12,"fired":3}}"#), Some(12));
        assert_eq!(matched_in("{}"), None);
        assert_eq!(matched_in("no"), None);
    }
}
