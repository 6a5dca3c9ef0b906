//! What is said of personas on the command line.

use super::{Format, duration};
use clap::{Args, Subcommand};
use std::time::Duration;

/// What the host is to look like.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PersonaArgs {
    /// Make this host look like another one, such as kernel=4.19, seccomp=docker or nofile=64 (repeatable;
    /// `duress persona list` has them all)
    #[arg(long = "persona", value_name = "NAME[=VALUE]")]
    pub(crate) personas: Vec<String>,

    /// What a persona's seccomp profile denies answers EPERM, whatever the profile says
    #[arg(long, conflicts_with = "as_enosys")]
    pub(crate) as_eperm: bool,

    /// … answers ENOSYS
    #[arg(long)]
    pub(crate) as_enosys: bool,

    /// Count what personas deny, and tell who met it: the supervisor answers in the place of the kernel's filter,
    /// 2 to 3 us a denied call
    #[arg(long, requires = "personas")]
    pub(crate) count_denials: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PersonaCommand {
    /// Every persona and preset, in a line each
    List {
        /// How to print it
        #[arg(long, value_enum, default_value_t = Format::Human, value_name = "FORMAT")]
        format: Format,
    },
    /// What personas do here: their rules as a plan file, and what a target is started with
    Show {
        /// Personas, each as NAME or NAME=VALUE
        #[arg(required = true, value_name = "NAME[=VALUE]")]
        personas: Vec<String>,

        /// What a seccomp profile denies answers EPERM
        #[arg(long, conflicts_with = "as_enosys")]
        as_eperm: bool,

        /// … answers ENOSYS
        #[arg(long)]
        as_enosys: bool,

        /// How to print it
        #[arg(long, value_enum, default_value_t = Format::Human, value_name = "FORMAT")]
        format: Format,
    },
    /// Run a command without the personas, with them, and with what their seccomp profile denies as EPERM and as
    /// ENOSYS; exit 1 where the results differ
    #[command(after_help = DIFF_EXAMPLES)]
    Diff(DiffArgs),
}

const DIFF_EXAMPLES: &str = "\
A program that tries a new call falls back when it is missing (ENOSYS), and often not when it is forbidden (EPERM).

Examples:
  duress persona diff seccomp=docker -- go test ./...
  duress persona diff seccomp=./profile.json env=docker -- go test -run TestServer .";

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The personas, each as NAME or NAME=VALUE
    #[arg(required = true, value_name = "NAME[=VALUE]")]
    pub(crate) personas: Vec<String>,

    /// Give a run up after this long
    #[arg(long, value_name = "DUR", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,

    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Human, value_name = "FORMAT")]
    pub(crate) format: Format,

    /// The command, after `--`
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}
