//! Why something about Go cannot be found out.

use crate::Version;
use std::io;
use std::process::ExitStatus;

/// Why something about Go cannot be found out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A word cannot be written in a list that Go splits again.
    #[error("`{word}` contains both kinds of quotes, and Go's -exec has no way to write that")]
    Unquotable {
        /// The word.
        word: String,
    },

    /// The file could not be read.
    #[error("cannot read the executable")]
    ReadExecutable(#[source] io::Error),
    /// The file is no ELF executable, or a damaged one.
    #[error("not an ELF executable: {reason}")]
    NotElf {
        /// What is wrong with it.
        reason: String,
    },
    /// The executable does not say that Go built it.
    #[error("not built by Go: {reason}")]
    NotGo {
        /// What is missing.
        reason: &'static str,
    },
    /// The table of functions, by which call paths are read, is missing or damaged.
    #[error("its table of functions (pclntab) cannot be read: {reason}")]
    Pclntab {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A Go version whose call paths and goroutines cannot be read.
    #[error("call paths of {version} cannot be read: {reason}")]
    GoUnreadable {
        /// The version that built the executable.
        version: String,
        /// Why.
        reason: String,
    },

    /// A word that names no toolchain.
    #[error(
        "`{word}` names no toolchain of Go: write a release such as `1.24.11` (the first of a line is `1.24.0`), `local`, \
         or the path of a go program or of a GOROOT"
    )]
    NoToolchain {
        /// The word.
        word: String,
    },
    /// There is no such program.
    #[error(
        "cannot find `{program}`: install Go from https://go.dev/dl (or your distribution's golang package) and put its \
         bin folder into PATH"
    )]
    GoMissing {
        /// What was looked for.
        program: String,
    },
    /// The program is there and cannot be started.
    #[error("cannot start `{program}`")]
    StartGo {
        /// The program.
        program: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// `go env` failed.
    #[error("`{program} env` failed ({status}): {stderr}")]
    GoEnv {
        /// The program.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// What it said, trimmed and cut at 2,000 characters.
        stderr: String,
    },
    /// `go env` answered something else than its settings.
    #[error("`{program} env -json` did not answer like Go")]
    GoEnvAnswer {
        /// The program.
        program: String,
        /// What is wrong with the answer.
        #[source]
        source: serde_json::Error,
    },
    /// The toolchain is older than what is supported.
    #[error("{found} is too old: duress needs {needed} or newer (install one, or set GOTOOLCHAIN)")]
    GoTooOld {
        /// The version found.
        found: Version,
        /// The oldest that works.
        needed: Version,
    },

    /// `-race` cannot work with CGO_ENABLED=0.
    #[error(
        "-race needs cgo, and it is switched off (CGO_ENABLED=0): set CGO_ENABLED=1, and install a C compiler"
    )]
    RaceNeedsCgo,
    /// `-race` cannot work without a C compiler.
    #[error(
        "-race needs a C compiler, and `{cc}` is not in PATH: install gcc (Debian, Ubuntu: apt install gcc libc6-dev; \
         Fedora: dnf install gcc; Alpine: apk add gcc musl-dev), or set CC"
    )]
    RaceNeedsCompiler {
        /// The compiler that Go would use.
        cc: String,
    },
}
