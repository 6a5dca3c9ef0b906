//! The command line, as typed.

mod advise;
mod expose;
mod persona;
mod results;
mod scenario;

pub(crate) use advise::AdviseArgs;
pub(crate) use expose::ExposeArgs;
pub(crate) use persona::{DiffArgs, PersonaArgs, PersonaCommand};
pub(crate) use results::{ResultsArgs, ResultsFormat};
pub(crate) use scenario::{ScenarioCommand, ScenarioRunArgs};

use crate::doctor::{Need, Release};
use crate::fuzz::{LEAST, Shape};
use crate::orders::Mechanisms;
use clap::{Args, Parser, Subcommand, ValueEnum};
use journal::Attribution;
use model::ROOM_CAP;
use std::path::PathBuf;
use std::time::Duration;

/// Runs Go tests under duress: injects errors and latency at the system call boundary and says what came of it.
#[derive(Debug, Parser)]
#[command(name = "duress", version, max_term_width = 110, arg_required_else_help = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub(crate) color: ColorChoice,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    faults fired and nothing was found
  1    findings: a test failed, crashed or hung
  2    your mistake: a flag, a plan, a command that does not exist
  3    the host's: the kernel refuses, Go or a C compiler is missing, the disk is full
  4    vacuous: rules were given and none fired (--allow-vacuous makes it 0)
  70   a bug in duress
  130, 143  interrupted by a signal (128 and its number)";

const RUN_EXAMPLES: &str = "\
SPEC is SYSCALL[,SYSCALL…]:KEY=VALUE[:…], as strace -e inject knows it.
System calls are named, or meant by class (%file, %desc, %network, %process, %memory, %signal), by /regex, all, or !these.

What happens to a call that is hit:
  error=ENOSPC        it fails with this error, and is not executed (error=legal: one of its manual page, by --seed)
  retval=0            it returns this value, and is not executed
  delay_enter=5ms     its caller is held before it (ns, us, ms, s; a bare number is microseconds);
                      also uniform(1ms,9ms), exponential(MEAN), lognormal(MEDIAN,SIGMA), pareto(MIN,SHAPE)
  delay_exit=5ms      its caller is held after it
  signal=SIGUSR1      its caller gets this signal
  short=512           it transfers at most so many bytes
  lie=EIO             it is executed, and reports this: an error, a value, +N or -N beside the truth
  arg3=0              it is executed with this argument changed (from 1; arg1 to arg6)
  syscall=getpid      this call is executed in its place
  poke_enter=@arg2=68 bytes are written where an argument points, before it; poke_exit: after it
  interrupt=SIGURG    a signal interrupts it: repeated behind a handler with SA_RESTART, else EINTR
  not_ready           EAGAIN, and the readiness event follows
  kill=thread         its caller ends as by seccomp: thread, process, or trap (a SIGSYS)
  content=FILE        what it opens has this file's content (text=WORDS: these words)
  max_descriptors=64  EMFILE while so many are open; likewise max_disk=1MiB, max_memory=1GiB, max_threads=20

Which calls are hit, all of these together:
  when=3              by number: 3, 3+, 3+2, 3..9, 3..9+2
  rate=0.1            this share, chosen by --seed
  burst=3/20          three in a row, then twenty are let through
  limit=5/1s          at most five in a second (limit=5: in all)
  where=path(/var/**) only where this holds; comes last. path() fd() fdkind() port() addr() arg() exe() argv() child()
                      uid() after() once-per() …, and by who calls: site() caller() test() pkg() goroutine(), with
                      & | ! and parentheses; `duress plan explain` says what it costs
Beside these:
  name=disk-full      what reports call the rule
  quiet               with `error` or `kill`: the kernel's filter does it alone, not counted

Examples:
  duress run -e 'openat:error=ENOSPC:when=3' -- go test ./...
  duress run -e 'futex:delay_enter=5ms:rate=0.1' --seed 7 -- go test -race -run TestServer .
  duress run --persona seccomp=docker --persona nofile=64 -- go test ./...
  duress run --plan disk.toml --format junit -- go test ./... > report.xml";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a command under a plan; the usual COMMAND is `go test ./...`
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunArgs),
    /// List, show and run the scenarios: documented crashes, tried on real Go
    #[command(subcommand)]
    Scenario(ScenarioCommand),
    /// Find out which runtime switch tells the cause: GODEBUG, GOTRACEBACK and their like, tried one by one
    #[command(after_help = expose::EXPOSE_EXAMPLES)]
    Expose(ExposeArgs),
    /// Say from a recorded run which runtime switches are worth trying, and why
    #[command(after_help = advise::ADVISE_EXAMPLES)]
    Advise(AdviseArgs),
    /// Show what scenarios found over time: a matrix, what changed, on several toolchains and hosts
    #[command(after_help = results::EXAMPLES)]
    Results(ResultsArgs),
    /// Make the decisions of a recorded run again, and say where the target took another way
    Replay(ReplayArgs),
    /// Draw a recorded run's report again, from its journal; or its call paths
    #[command(after_help = SHOW_EXAMPLES)]
    Show(ShowArgs),
    /// Search for the point where something fails
    #[command(subcommand)]
    Fuzz(FuzzCommand),
    /// List and show personas: other hosts to run tests on; or tell how answers of one differ
    #[command(subcommand)]
    Persona(PersonaCommand),
    /// Check a plan file, or explain it
    #[command(subcommand)]
    Plan(PlanCommand),
    /// Tell what this host allows, and what therefore works; exit 3 where the main job cannot run
    #[command(after_help = DOCTOR_EXAMPLES)]
    Doctor(DoctorArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Inject a fault into system calls (repeatable; the first rule that fires wins)
    #[arg(short = 'e', long = "inject", value_name = "SPEC")]
    pub(crate) inject: Vec<String>,

    /// Attach to this running process, as strace -p does, in the place of a command; Ctrl-C, or
    /// the end of --timeout, lets it go
    #[arg(short = 'p', long = "attach", value_name = "PID", conflicts_with_all = ["command", "whole_tree"])]
    #[arg(value_parser = clap::value_parser!(i32).range(1..))]
    pub(crate) attach: Option<i32>,

    /// Read rules from a plan file; they come before those of -e
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) personas: PersonaArgs,

    /// Trap and count these system calls without changing them (repeatable)
    #[arg(long, value_name = "SET")]
    pub(crate) watch: Vec<String>,

    /// Find out of these calls who made them: the Go call path, the goroutine and the test. With `all`, every rule
    /// counts by test, site and system call
    #[arg(long, value_enum, default_value_t = Sites::Fired, value_name = "CALLS")]
    pub(crate) sites: Sites,

    /// The seed of every random choice; the same seed makes the same choices [default: 1]
    #[arg(long, value_name = "N", env = "DURESS_SEED")]
    pub(crate) seed: Option<u64>,

    /// Give up after this long: print the goroutines of what still runs, and end it (30s, 5m, 1h)
    #[arg(long, value_name = "DUR", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,

    /// Put the whole command under duress, not only the program that `go test` or `go run` builds
    #[arg(long)]
    pub(crate) whole_tree: bool,

    /// Refuse errors that no manual page names for their call, instead of warning of them
    #[arg(long)]
    pub(crate) strict: bool,

    /// How calls are trapped
    #[arg(long, value_enum, default_value_t = Mechanisms::Auto, value_name = "MECHANISM")]
    pub(crate) mechanism: Mechanisms,

    /// Exit 0 even if rules were given and none fired
    #[arg(long)]
    pub(crate) allow_vacuous: bool,

    /// How to print the result; with json and junit, what the target prints goes to standard error
    #[arg(long, value_enum, default_value_t = Format::Human, env = "DURESS_FORMAT", value_name = "FORMAT")]
    pub(crate) format: Format,

    /// Keep the run's journal in this folder [default: one of its own below the user's state folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// End as if by SIGTERM when the process that started us ends: for runs that duress starts itself
    #[arg(long, hide = true)]
    pub(crate) tied: bool,

    /// The command, after `--`
    #[arg(last = true, required_unless_present = "attach", value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

impl RunArgs {
    /// A run of this command with nothing else asked for.
    pub(crate) fn plain(command: Vec<String>) -> RunArgs {
        RunArgs {
            inject: Vec::new(),
            attach: None,
            plan: None,
            personas: PersonaArgs::default(),
            watch: Vec::new(),
            sites: Sites::Fired,
            seed: None,
            timeout: None,
            whole_tree: false,
            strict: false,
            mechanism: Mechanisms::Auto,
            allow_vacuous: false,
            format: Format::Human,
            out: None,
            tied: false,
            command,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// A run: its name or the beginning of it, `last`, or its folder
    pub(crate) run: String,

    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Human, env = "DURESS_FORMAT", value_name = "FORMAT")]
    pub(crate) format: Format,

    /// Exit 0 even if rules were given and none fired
    #[arg(long)]
    pub(crate) allow_vacuous: bool,

    /// Keep the replay's journal in this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

const SHOW_EXAMPLES: &str = "\
Examples:
  duress show last --site
  duress show last --folded | flamegraph.pl > faults.svg
  duress show last --pprof > faults.pb.gz && go tool pprof -top -sample_index=delay faults.pb.gz";

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("drawing").multiple(false))]
pub(crate) struct ShowArgs {
    /// A run: its name or the beginning of it, `last`, or its folder
    pub(crate) run: String,

    /// Show the call paths that were hit, in place of the report (--format human or json)
    #[arg(long, group = "drawing")]
    pub(crate) site: bool,

    /// Print folded stacks, for flamegraph.pl, inferno or speedscope
    #[arg(long, group = "drawing")]
    pub(crate) folded: bool,

    /// Write a profile for `go tool pprof`, with calls, faults and delay
    #[arg(long, group = "drawing")]
    pub(crate) pprof: bool,

    /// What the numbers of --folded count; latency is in microseconds [default: faults, or calls where all sites are known]
    #[arg(long, value_enum, requires = "folded", value_name = "WHAT")]
    pub(crate) value: Option<FoldedValue>,

    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Human, env = "DURESS_FORMAT", value_name = "FORMAT")]
    pub(crate) format: Format,
}

const FUZZ_ENV_EXAMPLES: &str = "\
For each shape it says, to the byte: the largest size that COMMAND starts with, and the limit that
stops it; the largest size with which all in COMMAND works as with nothing added, which call of
execve fails first beyond it, and what COMMAND makes of that:
  told         its output names the cause
  silent       it ends otherwise, or prints otherwise, and names no cause
  swallowed    it does as if nothing had happened
  hung         it does not end
  unaffected   nothing in it fails

Exit codes: 0 all is told or nothing fails; 1 something is silent, swallowed or hung; 2, 3 as ever.

Examples:
  duress fuzz env -- ./program
  duress fuzz env --stack 1MiB --shapes one,many -- go test -run TestStart .
  duress fuzz env --args -- ./program --file {}";

#[derive(Debug, Subcommand)]
pub(crate) enum FuzzCommand {
    /// Search the size and shape of the environment, or of arguments, for where execve fails
    #[command(after_help = FUZZ_ENV_EXAMPLES)]
    Env(FuzzEnvArgs),
}

#[derive(Debug, Args)]
pub(crate) struct FuzzEnvArgs {
    /// Give the command this soft limit of the stack, from which the room for all strings follows (1MiB, unlimited)
    /// [default: the one that there is]
    #[arg(long, value_name = "SIZE", value_parser = stack)]
    pub(crate) stack: Option<u64>,

    /// Add arguments in the place of each word `{}` of the command, in the place of variables
    #[arg(long)]
    pub(crate) args: bool,

    /// How what is added grows [default: all]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "SHAPE")]
    pub(crate) shapes: Vec<Shape>,

    /// Try only so many bytes, NULs included
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(LEAST..=ROOM_CAP))]
    pub(crate) at: Option<u64>,

    /// Take a run of the command as hung after this long
    #[arg(long, value_name = "DUR", value_parser = duration, default_value = "10s")]
    pub(crate) timeout: Duration,

    /// Search no closer after this long
    #[arg(long, value_name = "DUR", value_parser = duration, default_value = "5m")]
    pub(crate) budget: Duration,

    /// How to print the result
    #[arg(long, value_enum, default_value_t = ListFormat::Human, value_name = "FORMAT")]
    pub(crate) format: ListFormat,

    /// The command, after `--`
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PlanCommand {
    /// Show every mistake in a plan file, or what it means
    Check {
        /// The plan file
        file: PathBuf,
        /// Refuse errors that no manual page names for their call, instead of warning of them
        #[arg(long)]
        strict: bool,
    },
    /// Say what each rule means on this host: who decides what, and what that costs
    Explain {
        /// A rule, as for `duress run` (repeatable)
        #[arg(short = 'e', long = "inject", value_name = "SPEC", required_unless_present = "file")]
        inject: Vec<String>,
        /// The plan file
        file: Option<PathBuf>,
        /// How calls are to be trapped
        #[arg(long, value_enum, default_value_t = Mechanisms::Auto, value_name = "MECHANISM")]
        mechanism: Mechanisms,
    },
}

const DOCTOR_EXAMPLES: &str = "\
Examples:
  duress doctor --max-paranoid 2 --min-kernel 5.19 --need race,ptrace
  duress doctor --binary ./server
  duress doctor --root /mnt/image --format json";

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Exit 3 where kernel.perf_event_paranoid is more than this
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) max_paranoid: Option<i32>,

    /// Exit 3 where the kernel is older than this release
    #[arg(long, value_name = "V")]
    pub(crate) min_kernel: Option<Release>,

    /// Exit 3 where one of these is missing
    #[arg(long, value_enum, value_delimiter = ',', value_name = "LIST")]
    pub(crate) need: Vec<Need>,

    /// Audit this executable: exit 3 where it, in the place of the main job, cannot run here
    #[arg(long, value_name = "FILE")]
    pub(crate) binary: Option<PathBuf>,

    /// Read the files of this folder in the place of this host's; of its kernel nothing is asked. With --binary, a path
    /// from / is one of that folder if it is there
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,

    /// How to print it
    #[arg(long, value_enum, default_value_t = ListFormat::Human, value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}

/// Of which calls it is found out who made them, beside those of which a rule asks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sites {
    /// None
    Never,
    /// Those that a rule hits
    Fired,
    /// All that are trapped
    All,
}

impl From<Sites> for Attribution {
    fn from(sites: Sites) -> Attribution {
        match sites {
            Sites::Never => Attribution::Never,
            Sites::Fired => Attribution::Fired,
            Sites::All => Attribution::All,
        }
    }
}

/// How a run's report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// One object, with stable keys
    Json,
    /// For CI systems
    Junit,
}

/// What folded stacks count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FoldedValue {
    /// Calls
    Calls,
    /// Faults that reached their caller
    Faults,
    /// How long faults held their callers, in microseconds
    Latency,
}

/// How everything else is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// For people
    Human,
    /// With stable keys
    Json,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On terminals, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Reads `30s`, `1.5m`, `2h`, `500ms`; a bare number is seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let (number, scale) = units
        .iter()
        .find_map(|(unit, scale)| text.strip_suffix(unit).map(|number| (number, *scale)))
        .unwrap_or((text, 1.0));
    number
        .parse::<f64>()
        .ok()
        .and_then(|number| Duration::try_from_secs_f64(number * scale).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "a length of time is a number and ms, s, m or h, and more than zero".to_owned())
}

/// Reads a stack limit: `1MiB`, `512KiB`, a number of bytes, or `unlimited`.
fn stack(text: &str) -> Result<u64, String> {
    /// A Go program needs some stack to start, and so does the dynamic loader.
    const LOWEST: u64 = 128 << 10;
    if text == "unlimited" {
        return Ok(u64::MAX);
    }
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
    let (number, scale) = units
        .iter()
        .find_map(|(unit, scale)| text.strip_suffix(unit).map(|number| (number, *scale)))
        .unwrap_or((text, 1_u64));
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(scale));
    let bytes = bytes.ok_or("a size is a number and KiB, MiB or GiB, a number of bytes, or `unlimited`")?;
    if bytes < LOWEST {
        return Err("with less than 128KiB of stack, programs do not start for other reasons".to_owned());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn stack_limits_are_read_with_their_unit() {
        assert_eq!(stack("1MiB"), Ok(1 << 20));
        assert_eq!(stack("600001"), Ok(600_001));
        assert_eq!(stack("unlimited"), Ok(u64::MAX));
        for bad in ["", "4096", "1MB", "-1", "18446744073709551615GiB"] {
            assert!(stack(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn lengths_of_time_are_read_with_their_unit() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("30"), Ok(Duration::from_secs(30)));
        for bad in ["", "0", "-1s", "soon", "1d", "nan", "inf"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
