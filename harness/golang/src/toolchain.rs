//! The Go toolchain that a command will use: the one place of this crate that starts a process.

use crate::{Error, Version};
use serde::Deserialize;
use std::cmp::Ordering;
use std::env;
use std::ffi::OsString;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The oldest version of Go that is supported, as major and minor number. The oldest one tried is 1.19.8.
pub const MINIMUM: (u32, u32) = (1, 19);

/// What `go env` says in the folder where the command will run: with GOTOOLCHAIN, go.mod chooses the version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    /// The program, as it was asked for.
    pub program: String,
    /// The version that go.mod and GOTOOLCHAIN select here.
    pub version: Version,
    /// Where that toolchain lies.
    pub goroot: PathBuf,
    /// The flags that every go command gets, from the environment or `go env -w`.
    pub goflags: String,
    /// Whether C code can be linked: `CGO_ENABLED`.
    pub has_cgo: bool,
    /// The C compiler: a program and perhaps its first flags.
    pub cc: String,
    /// Which toolchains go may switch to: `auto`, `local`, `go1.26.8`; empty before go1.21.
    pub gotoolchain: String,
    /// The system that is built for.
    pub goos: String,
    /// The architecture that is built for.
    pub goarch: String,
    /// The PATH that the compiler is looked for in.
    path: Option<OsString>,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Answer {
    goversion: String,
    goroot: PathBuf,
    goflags: String,
    #[serde(rename = "CGO_ENABLED")]
    cgo_enabled: String,
    cc: String,
    #[serde(default)]
    gotoolchain: String,
    goos: String,
    goarch: String,
}

impl Toolchain {
    /// Asks `program` (`go`, or a path of one) in `dir`, with `extra_env` set on top of our own environment.
    ///
    /// May take long: Go downloads the toolchain that go.mod or GOTOOLCHAIN asks for.
    ///
    /// # Errors
    /// [`Error::GoMissing`], [`Error::StartGo`], [`Error::GoEnv`], [`Error::GoEnvAnswer`], and [`Error::GoTooOld`] before
    /// [`MINIMUM`]. A version that is no release (`devel …`) is taken for new enough.
    pub fn find(program: &str, dir: &Path, extra_env: &[(OsString, OsString)]) -> Result<Toolchain, Error> {
        let set =
            |name: &str| extra_env.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let path = set("PATH").or_else(|| env::var_os("PATH"));
        let executable = executable(program, dir, path.as_ref())?;

        #[expect(clippy::disallowed_methods, reason = "asking go about itself is this module's purpose")]
        let mut command = Command::new(executable);
        command.args(["env", "-json", "GOVERSION", "GOROOT", "GOFLAGS", "CGO_ENABLED", "CC"]);
        command.args(["GOTOOLCHAIN", "GOOS", "GOARCH"]);
        command.current_dir(dir).envs(extra_env.iter().map(|(key, value)| (key, value))).stdin(Stdio::null());
        let output =
            command.output().map_err(|source| Error::StartGo { program: program.to_owned(), source })?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            return Err(Error::GoEnv {
                program: program.to_owned(),
                status: output.status,
                stderr: stderr.trim().chars().take(2000).collect(),
            });
        }
        let answer: Answer = serde_json::from_slice(&output.stdout)
            .map_err(|source| Error::GoEnvAnswer { program: program.to_owned(), source })?;
        // Before go1.16 it does not know the question.
        let is_told = !answer.goversion.is_empty();
        let version = Version::parse(if is_told { &answer.goversion } else { "go1.15" });
        let needed = Version::release(MINIMUM.0, MINIMUM.1);
        if version.compare(&needed) == Some(Ordering::Less) {
            return Err(Error::GoTooOld { found: version, needed });
        }
        Ok(Toolchain {
            program: program.to_owned(),
            version,
            goroot: answer.goroot,
            goflags: answer.goflags,
            has_cgo: answer.cgo_enabled == "1",
            cc: answer.cc,
            gotoolchain: answer.gotoolchain,
            goos: answer.goos,
            goarch: answer.goarch,
            path,
        })
    }

    /// The toolchain that a user names: `local`; a release, `1.21.13`, fetched the way Go itself does; the path of a `go`
    /// program or of a GOROOT. Relative paths are seen from `dir`.
    ///
    /// May take long, as [`Toolchain::find`]. The answer's program is that toolchain's own, so that it does not switch again.
    ///
    /// # Errors
    /// [`Error::NoToolchain`] for a word that is none of these, and those of [`Toolchain::find`].
    ///
    /// # Go
    /// GOTOOLCHAIN takes names such as `go1.21.13` (<https://go.dev/doc/toolchain>); the first release of a line is `1.21.0`.
    pub fn select(word: &str, dir: &Path) -> Result<Toolchain, Error> {
        let found = if word == "local" {
            Toolchain::find("go", Path::new("/"), &[])?
        } else if is_a_path(word) || dir.join(word).join("bin/go").is_file() {
            let path = dir.join(word);
            let program = if path.is_dir() { path.join("bin/go") } else { path };
            let kept = [("GOTOOLCHAIN".into(), "local".into()), ("GOROOT".into(), "".into())];
            Toolchain::find(&program.to_string_lossy(), Path::new("/"), &kept)?
        } else {
            let name = if word.starts_with("go") { word.to_owned() } else { format!("go{word}") };
            if !Version::parse(&name).is_known() || name.contains(char::is_whitespace) {
                return Err(Error::NoToolchain { word: word.to_owned() });
            }
            let wanted = [("GOTOOLCHAIN".into(), name.clone().into()), ("GOROOT".into(), "".into())];
            Toolchain::find("go", Path::new("/"), &wanted)?
        };
        let program = found.goroot.join("bin/go").to_string_lossy().into_owned();
        Ok(Toolchain { program, ..found })
    }

    /// The variables under which `go`, looked up in PATH, is this toolchain and stays it, where GOROOT is not set.
    pub fn variables(&self) -> Vec<(OsString, OsString)> {
        let mut path = self.goroot.join("bin").into_os_string();
        if let Some(rest) = &self.path {
            path.push(":");
            path.push(rest);
        }
        vec![("PATH".into(), path), ("GOTOOLCHAIN".into(), "local".into())]
    }

    /// Why `-race` would not work here, if it would not.
    ///
    /// # Go
    /// `go test -race` says "-race requires cgo", or leaves it to the linker to miss its compiler.
    pub fn race_problem(&self) -> Option<Error> {
        let compiler = self.cc.split_whitespace().next().unwrap_or("gcc");
        let is_there = if is_a_path(compiler) {
            is_executable(Path::new(compiler))
        } else {
            in_path(compiler, self.path.as_ref()).is_some()
        };
        // Where there is no compiler, go itself switches cgo off (since go1.20): the compiler is the cause to name.
        match (is_there, self.has_cgo) {
            (false, _) => Some(Error::RaceNeedsCompiler { cc: compiler.to_owned() }),
            (true, false) => Some(Error::RaceNeedsCgo),
            (true, true) => None,
        }
    }
}

/// The file to start. A missing one is told from one that cannot be started, which exec's error alone does not.
fn executable(program: &str, dir: &Path, path: Option<&OsString>) -> Result<PathBuf, Error> {
    if !is_a_path(program) {
        return in_path(program, path).ok_or_else(|| Error::GoMissing { program: program.to_owned() });
    }
    // A relative path means what it means to the user's shell, not to `-C`.
    let file = dir.join(program);
    let file = if file.exists() { file } else { PathBuf::from(program) };
    match (file.exists(), is_executable(&file)) {
        (true, true) => Ok(file),
        (true, false) => Err(Error::StartGo {
            program: program.to_owned(),
            source: io::Error::from(io::ErrorKind::PermissionDenied),
        }),
        (false, _) => Err(Error::GoMissing { program: program.to_owned() }),
    }
}

fn is_a_path(program: &str) -> bool {
    program.contains('/')
}

fn in_path(program: &str, path: Option<&OsString>) -> Option<PathBuf> {
    env::split_paths(path?)
        .filter(|folder| !folder.as_os_str().is_empty())
        .map(|folder| folder.join(program))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
#[path = "toolchain_tests.rs"]
mod tests;
