//! Running duress as a user does.

#![expect(clippy::disallowed_methods, reason = "these tests are about a program")]

use crate::root;
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;

/// The duress of this checkout, built like these tests.
///
/// # Panics
/// Where it cannot be built.
pub fn duress_path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        // target/PROFILE/deps/e2e-…
        let this = std::env::current_exe().expect("this test binary has a path");
        let profile = this.ancestors().nth(2).expect("a test binary lies in target/PROFILE/deps");
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build.current_dir(root()).args(["build", "--quiet", "--package", "duress", "--target-dir"]);
        build.arg(profile.parent().expect("a profile lies in target"));
        if profile.file_name() == Some(OsStr::new("release")) {
            build.arg("--release");
        }
        assert!(build.status().expect("cargo is there").success(), "duress does not build");
        profile.join("duress")
    })
}

/// A command line of duress. Its runs are kept in a scratch folder of its own.
#[derive(Debug)]
pub struct Duress {
    command: Command,
    home: TempDir,
    line: String,
}

impl Duress {
    /// `duress ARGUMENTS…`, in this folder.
    ///
    /// # Panics
    /// Where duress cannot be built or no scratch folder be made.
    pub fn new<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(cwd: &Path, arguments: I) -> Duress {
        let home = tempfile::Builder::new().prefix("duress-home-").tempdir().expect("a scratch folder");
        let mut duress = Duress { command: Command::new(duress_path()), home, line: "duress".to_owned() };
        duress.command.current_dir(cwd).stdin(Stdio::null());
        duress.command.env("DURESS_HOME", duress.home.path());
        for name in ["DURESS_SEED", "DURESS_FORMAT", "DURESS_SCENARIOS", "NO_COLOR", "GOFLAGS"] {
            duress.command.env_remove(name);
        }
        for argument in arguments {
            duress.line.push(' ');
            duress.line.push_str(&argument.as_ref().to_string_lossy());
            duress.command.arg(argument);
        }
        duress
    }

    /// With this variable in its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Duress {
        self.command.env(name, value);
        self
    }

    /// Without this variable.
    #[must_use]
    pub fn env_remove(mut self, name: &str) -> Duress {
        self.command.env_remove(name);
        self
    }

    /// Started by this command line, which ends where another begins: `nice -n 5`.
    #[must_use]
    pub fn under(mut self, wrapper: &[&str]) -> Duress {
        let inner = std::mem::replace(&mut self.command, Command::new(wrapper[0]));
        self.command.args(&wrapper[1..]).arg(inner.get_program()).args(inner.get_args()).stdin(Stdio::null());
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => self.command.env(name, value),
                None => self.command.env_remove(name),
            };
        }
        self.command.current_dir(inner.get_current_dir().expect("every duress has a folder"));
        self.line = format!("{} {}", wrapper.join(" "), self.line);
        self
    }

    /// With runs kept in another's folder, to show or replay them.
    #[must_use]
    pub fn home_of(mut self, outcome: &Outcome) -> Duress {
        self.command.env("DURESS_HOME", outcome.home.path());
        self
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// Where it cannot be started.
    pub fn run(mut self) -> Outcome {
        let output = self.command.output().expect("duress starts");
        Outcome {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            home: self.home,
            line: self.line,
        }
    }

    /// Starts it and comes back at once.
    ///
    /// # Panics
    /// Where it cannot be started.
    pub fn start(mut self) -> Started {
        let child =
            self.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("duress starts");
        Started { child, home: self.home, line: self.line }
    }
}

/// A duress that runs.
#[derive(Debug)]
pub struct Started {
    /// Its process.
    pub child: Child,
    home: TempDir,
    line: String,
}

impl Started {
    /// Its process id, for signals.
    pub fn pid(&self) -> nix::unistd::Pid {
        nix::unistd::Pid::from_raw(self.child.id().cast_signed())
    }

    /// The folder of its run, once it has one.
    pub fn run_dir(&self) -> Option<PathBuf> {
        first_run(self.home.path())
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// Where its output cannot be read.
    pub fn finish(self) -> Outcome {
        let output = self.child.wait_with_output().expect("duress ends");
        Outcome {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            home: self.home,
            line: self.line,
        }
    }
}

/// What came of it. Prints everything when an assertion shows it.
pub struct Outcome {
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    home: TempDir,
    line: String,
}

impl Outcome {
    /// The result of `--format json`.
    ///
    /// # Panics
    /// Where standard output is no JSON, with all there is to see.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("standard output is no JSON: {error}\n{self:?}"))
    }

    /// The folder of its run.
    ///
    /// # Panics
    /// Where it has none.
    pub fn run_dir(&self) -> PathBuf {
        first_run(self.home.path()).unwrap_or_else(|| panic!("no run was recorded\n{self:?}"))
    }

    /// The folder of its run, if it came so far.
    pub fn try_run_dir(&self) -> Option<PathBuf> {
        first_run(self.home.path())
    }

    /// The reader of its journal.
    ///
    /// # Panics
    /// Where it cannot be read.
    pub fn journal(&self) -> journal::Reader<std::io::BufReader<std::fs::File>> {
        let file = std::fs::File::open(self.run_dir().join("journal.duress")).expect("a run has a journal");
        journal::Reader::open(std::io::BufReader::new(file)).expect("a journal has a header")
    }

    /// Fails unless the exit code is this one.
    ///
    /// # Panics
    /// With all there is to see.
    #[track_caller]
    pub fn expect_code(&self, code: i32) -> &Outcome {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    /// Fails unless standard error holds all of these texts.
    ///
    /// # Panics
    /// With all there is to see.
    #[track_caller]
    pub fn expect_stderr(&self, texts: &[&str]) -> &Outcome {
        for text in texts {
            assert!(self.stderr.contains(text), "standard error does not hold `{text}`\n{self:?}");
        }
        self
    }

    /// Fails unless standard output holds all of these texts.
    ///
    /// # Panics
    /// With all there is to see.
    #[track_caller]
    pub fn expect_stdout(&self, texts: &[&str]) -> &Outcome {
        for text in texts {
            assert!(self.stdout.contains(text), "standard output does not hold `{text}`\n{self:?}");
        }
        self
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ {}\nexit code: {:?}", self.line, self.code)?;
        writeln!(f, "--- standard output\n{}--- standard error\n{}---", self.stdout, self.stderr)?;
        write!(f, "journal: {:?}", first_run(self.home.path()))
    }
}

/// The first run that is kept here.
fn first_run(home: &Path) -> Option<PathBuf> {
    let runs = std::fs::read_dir(home.join("runs")).ok()?;
    let mut runs: Vec<PathBuf> = runs.flatten().map(|entry| entry.path()).collect();
    runs.sort();
    runs.into_iter().next()
}
