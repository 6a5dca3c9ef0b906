//! What is started, and how: the command line under duress, and the guard that starts it.

use crate::about::about;
use crate::exit::{Failure, chain};
use crate::relay::Language;
use golang::{Console, GoCommand, TestText, Toolchain, Verb};
use journal::Mode;
use model::Tgid;
use shim::{ATTEND_VERB, GUARD_VERB, SHIM_VERB};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};

/// The user's command, understood and checked.
#[derive(Debug)]
pub(crate) struct Target {
    /// What part of it is under duress.
    pub(crate) mode: Mode,
    /// The Go toolchain, where the command is one of Go's.
    pub(crate) toolchain: Option<Toolchain>,
    go: Option<GoCommand>,
    command: Vec<String>,
    whole_tree: bool,
    /// The process that is attached to, in the place of a command.
    attended: Option<Tgid>,
}

impl Target {
    /// Understands a command and checks that it can be started.
    pub(crate) fn find(command: &[String], cwd: &Path, whole_tree: bool) -> Result<Target, Failure> {
        let go = GoCommand::parse(command);
        let mode = match go.as_ref().map(GoCommand::verb) {
            Some(Verb::Test) => Mode::GoTest,
            Some(Verb::Run) => Mode::GoRun,
            None => Mode::Program,
        };
        let toolchain = match &go {
            Some(go) => Some(check_go(go, cwd)?),
            None => {
                check_program(&command[0], cwd)?;
                None
            }
        };
        Ok(Target { mode, toolchain, go, command: command.to_vec(), whole_tree, attended: None })
    }

    /// A process that runs already. What the guard starts then only waits for its end.
    pub(crate) fn running(process: Tgid) -> Result<Target, Failure> {
        if !Path::new(&format!("/proc/{process}")).is_dir() {
            return Err(
                Failure::yours(format!("there is no process {process}")).help("look for it with `pgrep -a`")
            );
        }
        Ok(Target {
            mode: Mode::Attached,
            toolchain: None,
            go: None,
            command: Vec::new(),
            whole_tree: false,
            attended: Some(process),
        })
    }

    /// What its standard output is written in.
    pub(crate) fn language(&self, cwd: &Path) -> Language {
        match self.go.as_ref().filter(|go| go.verb() == Verb::Test) {
            Some(go) => Language::Events(Console::new(go.style(self.goflags()))),
            None => match test_binary(&self.command, cwd) {
                Some(package) => Language::Tests(TestText::new(package)),
                None => Language::Text,
            },
        }
    }

    fn goflags(&self) -> &str {
        self.toolchain.as_ref().map_or("", |toolchain| toolchain.goflags.as_str())
    }

    /// The command line that the guard starts.
    fn argv(&self, ourselves: &str, socket: &str) -> Result<Vec<String>, Failure> {
        let shim = [ourselves.to_owned(), SHIM_VERB.to_owned(), socket.to_owned()];
        let through_shim = |command: &[String]| shim.iter().chain(command).cloned().collect::<Vec<_>>();
        let interposed = |go: &GoCommand, shim: &[String]| {
            go.interposed(self.goflags(), shim).map_err(|error| Failure::theirs(chain(&error)))
        };
        if let Some(process) = self.attended {
            return Ok(vec![ourselves.to_owned(), ATTEND_VERB.to_owned(), process.to_string()]);
        }
        match &self.go {
            Some(go) if self.whole_tree => Ok(through_shim(&interposed(go, &[])?)),
            Some(go) => interposed(go, &shim),
            None => Ok(through_shim(&self.command)),
        }
    }

    /// Starts the guard, which starts the command once it is told to.
    ///
    /// The `files` are what shims read before they become the target, each by the variable that names it.
    pub(crate) fn start(
        &self,
        cwd: &Path,
        socket: &str,
        files: &[(&str, Option<&Path>)],
    ) -> Result<Guarded, Failure> {
        let ourselves = std::env::current_exe()
            .map_err(|error| Failure::theirs(format!("cannot find the duress executable itself: {error}")))?;
        let ourselves = ourselves.to_str().ok_or_else(|| {
            Failure::theirs(format!("the path of duress, `{}`, is not UTF-8", ourselves.display()))
                .help("go test's -exec takes text; install duress under a plain path")
        })?;
        #[expect(clippy::disallowed_methods, reason = "this is the place that starts processes")]
        let mut command = Command::new(ourselves);
        command
            .args([GUARD_VERB, socket])
            .args(self.argv(ourselves, socket)?)
            .current_dir(cwd)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (variable, file) in files {
            if let Some(file) = file {
                command.env(variable, file);
            }
        }
        shim::keep_dispositions(&mut command);
        let mut child = command
            .spawn()
            .map_err(|error| Failure::theirs(format!("cannot start the guard process: {error}")))?;
        let stdout = child.stdout.take().expect("standard output was asked to be piped");
        let stderr = child.stderr.take().expect("standard error was asked to be piped");
        Ok(Guarded { child, stdout, stderr })
    }
}

/// The package of the Go test binary that a command runs, perhaps by way of another program, where it says what its tests do
/// (`-test.v`).
fn test_binary(command: &[String], cwd: &Path) -> Option<String> {
    let at = command.iter().position(|word| word.ends_with(".test") && word.contains('/'))?;
    let is_told = |word: &String| word.starts_with("-test.v") && !word.ends_with("=false");
    if !command[at..].iter().any(is_told) {
        return None;
    }
    let file = cwd.join(&command[at]);
    let about = about(&file);
    about.go?;
    about.name.or_else(|| Some(file.file_stem()?.to_string_lossy().into_owned()))
}

/// The guard, and the pipes that the target writes to.
#[derive(Debug)]
pub(crate) struct Guarded {
    pub(crate) child: Child,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
}

fn check_go(go: &GoCommand, cwd: &Path) -> Result<Toolchain, Failure> {
    let dir = go.chdir().map_or_else(|| cwd.to_owned(), |dir| cwd.join(dir));
    if !dir.is_dir() {
        return Err(
            Failure::yours(format!("`{}` is not a folder", dir.display())).help("look at the path behind -C")
        );
    }
    let toolchain =
        Toolchain::find(go.program(), &dir, &[]).map_err(|error| Failure::theirs(chain(&error)))?;
    if let Some(flag) = go.compile_only(&toolchain.goflags) {
        return Err(Failure::yours(format!(
            "with {flag} go runs nothing, so nothing can be put under duress"
        ))
        .help(format!("leave {flag} out, on the command line or in GOFLAGS")));
    }
    if go.is_race(&toolchain.goflags)
        && let Some(problem) = toolchain.race_problem()
    {
        return Err(Failure::theirs(chain(&problem)));
    }
    Ok(toolchain)
}

/// A program that cannot be started is the user's mistake, and better said before anything is launched.
fn check_program(word: &str, cwd: &Path) -> Result<(), Failure> {
    if word.is_empty() {
        return Err(Failure::yours("the command's first word is empty"));
    }
    if !word.contains('/') {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let candidates: Vec<PathBuf> = std::env::split_paths(&path).map(|folder| folder.join(word)).collect();
        return match candidates.iter().find(|file| is_executable(file)) {
            Some(_) => Ok(()),
            None => match candidates.iter().find(|file| file.is_file()) {
                Some(file) => Err(not_executable(file)),
                None => Err(Failure::yours(format!("`{word}` is in no folder of PATH"))
                    .help("name the program by its path, or install it")),
            },
        };
    }
    let file = cwd.join(word);
    match fs::metadata(&file) {
        Err(error) => Err(Failure::yours(format!("cannot run `{word}`: {error}"))),
        Ok(meta) if meta.is_dir() => Err(Failure::yours(format!("cannot run `{word}`: it is a folder"))),
        Ok(_) if !is_executable(&file) => Err(not_executable(&file)),
        Ok(_) => Ok(()),
    }
}

fn not_executable(file: &Path) -> Failure {
    Failure::yours(format!("cannot run `{}`: it is not executable", file.display()))
        .help(format!("chmod +x {}", file.display()))
}

fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
