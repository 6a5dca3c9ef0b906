//! What is said of runtime switches on the command line.

use super::{ListFormat, PersonaArgs, duration};
use clap::Args;
use golang::Setting;
use std::path::PathBuf;
use std::time::Duration;

pub(super) const EXPOSE_EXAMPLES: &str = "\
Effects:
  exposes  the output now names the cause: the error that was injected, its call, the function or line that met it, the
           lookup or HTTP/2 connection that it hit; without the switch it does not
  changes  the command ends otherwise: the failure is gone, a loop is a hang; or says another number, always the same one
  inert    no difference, or only lines that name nothing of the cause
  unknown  the toolchain has no such switch, and ignores it
  fatal    the switch itself kills the program, with faults or without

Which switches there are is read from the toolchain's own sources. Tried are those that the program can read, and not those
that cost much; each is set for the program alone, on top of your own GODEBUG.

Exit codes: 0 all were tried; 2, 3 as ever.

Examples:
  duress expose -e 'read:error=ECONNRESET:where=fdkind(socket)' -- go test -run TestFetch .
  duress expose --switch GODEBUG=netdns=go+2 --switch GOTRACEBACK=system -- ./server.test
  duress expose e2big-blocks";

#[derive(Debug, Args)]
pub(crate) struct ExposeArgs {
    /// A scenario, in the place of a command
    #[arg(conflicts_with_all = ["command", "inject", "plan", "personas", "watch"], required_unless_present = "command")]
    pub(crate) scenario: Option<String>,

    /// Inject a fault into system calls, as for `duress run` (repeatable)
    #[arg(short = 'e', long = "inject", value_name = "SPEC")]
    pub(crate) inject: Vec<String>,

    /// Read rules from a plan file
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) personas: PersonaArgs,

    /// Trap and count these system calls without changing them (repeatable)
    #[arg(long, value_name = "SET")]
    pub(crate) watch: Vec<String>,

    /// The seed of every random choice [default: 1]
    #[arg(long, value_name = "N", env = "DURESS_SEED")]
    pub(crate) seed: Option<u64>,

    /// End a run after this long; one with a switch also after ten times as long as without it, if that is more than 5 s
    #[arg(long, value_name = "DUR", value_parser = duration, default_value = "30s")]
    pub(crate) timeout: Duration,

    /// Use this toolchain, and its switches: a release, which Go itself fetches (1.21.13), `local`, the path of a go program
    /// or of a GOROOT [default: the one that go chooses]
    #[arg(long, value_name = "WORD")]
    pub(crate) go: Option<String>,

    /// Run it so often without a switch, and once less with each [default: 3, and 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(crate) runs: Option<u16>,

    /// How many run at once; what shares a port or a file must not
    #[arg(short = 'j', long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) jobs: u16,

    /// Try only this switch, such as GODEBUG=netdns=go+2 or GOTRACEBACK=system (repeatable)
    #[arg(long = "switch", value_name = "NAME=VALUE")]
    pub(crate) switches: Vec<Setting>,

    /// Try also those that no package of the program reads, and those that cost much
    #[arg(long, conflicts_with = "switches")]
    pub(crate) all: bool,

    /// Where the scenarios are [default: `scenarios` here or in a folder above]
    #[arg(long, value_name = "DIR", env = "DURESS_SCENARIOS")]
    pub(crate) dir: Option<PathBuf>,

    /// How to print the result
    #[arg(long, value_enum, default_value_t = ListFormat::Human, value_name = "FORMAT")]
    pub(crate) format: ListFormat,

    /// Further options of `duress run`, where a recorded run is tried again.
    #[arg(skip)]
    pub(crate) extra: Vec<String>,

    /// The command, after `--`
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}
