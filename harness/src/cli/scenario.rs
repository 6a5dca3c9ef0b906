//! What is said of scenarios on the command line.

use super::{Format, ListFormat};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum ScenarioCommand {
    /// List all scenarios
    List {
        /// Where the scenarios are [default: `scenarios` here or in a folder above]
        #[arg(long, value_name = "DIR", env = "DURESS_SCENARIOS")]
        dir: Option<PathBuf>,
        /// How to print them
        #[arg(long, value_enum, default_value_t = ListFormat::Human, value_name = "FORMAT")]
        format: ListFormat,
    },
    /// Show what one scenario claims and tries
    Show {
        /// Its id
        id: String,
        /// Where the scenarios are
        #[arg(long, value_name = "DIR", env = "DURESS_SCENARIOS")]
        dir: Option<PathBuf>,
    },
    /// Show every mistake in the scenario files
    Check {
        /// Where the scenarios are [default: `scenarios` here or in a folder above]
        #[arg(long, value_name = "DIR", env = "DURESS_SCENARIOS")]
        dir: Option<PathBuf>,
    },
    /// Print the JSON Schema of scenario files, for editors that know TOML
    Schema,
    /// Write the beginning of a new scenario: its file, a Go module and a test
    New {
        /// Its id, which is the name of its folder
        id: String,
        /// Where the scenarios are [default: `scenarios` here or in a folder above]
        #[arg(long, value_name = "DIR", env = "DURESS_SCENARIOS")]
        dir: Option<PathBuf>,
    },
    /// Run scenarios and say what is true
    #[command(after_help = SCENARIO_RUN_EXAMPLES)]
    Run(ScenarioRunArgs),
}

const SCENARIO_RUN_EXAMPLES: &str = "\
Verdicts:
  reproduced  every run looks as the claim says
  refuted     every run looks as it would if the claim were false, and the attempt was real
  partly      the runs disagree, or look like neither; the reason follows
  skipped     it could not be tried here; the reason follows

Exit codes: 0 all were tried or skipped; 1 one came out otherwise than recorded (--check), or could not be tried for a
mistake of its own; 2, 3 as ever.

Examples:
  duress scenario run e2big-blocks
  duress scenario run --all --check -j 2 --format junit > scenarios.xml
  duress scenario run --all --go 1.21.13,1.27.3,local --shard 1/4";

#[derive(Debug, Args)]
pub(crate) struct ScenarioRunArgs {
    /// Their ids; all if none is named
    pub(crate) ids: Vec<String>,
    /// All of them
    #[arg(long, conflicts_with = "ids")]
    pub(crate) all: bool,
    /// Compare with the verdicts recorded in the scenario files; exit 1 where they differ
    #[arg(long)]
    pub(crate) check: bool,
    /// Versions of Go to try them with: releases, which Go itself fetches (1.21.13), `local`, paths of a go program or of
    /// a GOROOT
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "local")]
    pub(crate) go: Vec<String>,
    /// How many run at once [default: one a CPU]
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// Only every Nth scenario, beginning with the Ith: for CI jobs that share the work
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub(crate) shard: Option<(usize, usize)>,
    /// Run them on this host, as `duress run --persona` does (repeatable)
    #[arg(long = "persona", value_name = "NAME[=VALUE]")]
    pub(crate) personas: Vec<String>,
    /// Try the switches of the runtime that a scenario names, too
    #[arg(long)]
    pub(crate) switches: bool,
    /// Where the scenarios are [default: `scenarios` here or in a folder above]
    #[arg(long, value_name = "DIR", env = "DURESS_SCENARIOS")]
    pub(crate) dir: Option<PathBuf>,
    /// How to print the results
    #[arg(long, value_enum, default_value_t = Format::Human, env = "DURESS_FORMAT", value_name = "FORMAT")]
    pub(crate) format: Format,
    /// Keep the journals of all runs below this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// Reads `1/4`.
fn shard(text: &str) -> Result<(usize, usize), String> {
    let wrong = || "a shard is its number and how many there are, such as 1/4".to_owned();
    let (number, of) = text.split_once('/').ok_or_else(wrong)?;
    let (number, of) = (number.parse().map_err(|_| wrong())?, of.parse().map_err(|_| wrong())?);
    if number == 0 || number > of {
        return Err(format!("there is no shard {number} of {of}; they are counted from 1"));
    }
    Ok((number, of))
}

#[cfg(test)]
mod tests {
    use super::shard;

    #[test]
    fn shards_are_counted_from_one() {
        assert_eq!(shard("1/4"), Ok((1, 4)));
        assert_eq!(shard("4/4"), Ok((4, 4)));
        for bad in ["0/4", "5/4", "1", "1/0", "a/b", ""] {
            assert!(shard(bad).is_err(), "{bad}");
        }
    }
}
