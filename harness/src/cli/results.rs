//! What is said of recorded verdicts on the command line.

use super::duration;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

pub(super) const EXAMPLES: &str = "\
Without --list, --changed and --import it draws the newest verdict of each scenario on each toolchain.
The formats human and html draw the newest of each cell, json and csv all records that the filters let through.

Exit codes: 0; with --changed, 1 if a verdict differs and 0 if none does, or if there is nothing before to compare with;
2, 3 as ever (a side of A..B that is not known, or sides with nothing in common: 2).

Examples:
  duress results --go 1.26 --verdict reproduced
  duress results --scenario 'e2big*'
  duress results --format html > results.html
  duress results --import other-host.sqlite && duress results --changed alpha..beta
  duress results --changed last~1..last --format json";

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("drawn").multiple(false))]
pub(crate) struct ResultsArgs {
    /// Columns are switches, in the place of toolchains
    #[arg(long, group = "drawn")]
    pub(crate) switches: bool,

    /// Show only verdicts that differ between two campaigns, or two hosts: their names, the beginning of a campaign's,
    /// `last`, `last~1` … [default: the newest campaign, and the last one before it that tried the same]
    #[arg(long, group = "drawn", num_args = 0..=1, default_missing_value = "", value_name = "A..B")]
    pub(crate) changed: Option<String>,

    /// List campaigns: what each invocation found, in a line
    #[arg(long, group = "drawn")]
    pub(crate) list: bool,

    /// Take in what another host found: its results.sqlite, or what --format json printed there (repeatable)
    #[arg(long, group = "drawn", value_name = "FILE")]
    #[arg(conflicts_with_all = ["scenario", "go", "switch", "persona", "verdict", "host", "kernel", "campaign", "since", "format"])]
    pub(crate) import: Vec<PathBuf>,

    /// Only scenarios (or commands) of this name; `*` is any text, `?` any character
    #[arg(long, value_name = "GLOB")]
    pub(crate) scenario: Option<String>,

    /// Only this toolchain: 1.26 means go1.26.8, too
    #[arg(long, value_name = "V")]
    pub(crate) go: Option<String>,

    /// Only verdicts on switches that hold this text
    #[arg(long, value_name = "TEXT")]
    pub(crate) switch: Option<String>,

    /// Only verdicts under personas that hold this text
    #[arg(long, value_name = "TEXT")]
    pub(crate) persona: Option<String>,

    /// Only this verdict; of a cell, if it is the newest
    #[arg(long, value_name = "WORD")]
    pub(crate) verdict: Option<String>,

    /// Only this host
    #[arg(long, value_name = "H")]
    pub(crate) host: Option<String>,

    /// Only kernels whose release begins so
    #[arg(long, value_name = "K")]
    pub(crate) kernel: Option<String>,

    /// Only this campaign: its name, the beginning of it, `last`, `last~1` …
    #[arg(long, value_name = "C")]
    pub(crate) campaign: Option<String>,

    /// Only verdicts that are not older than this (30m, 12h, 7d)
    #[arg(long, value_name = "DUR", value_parser = age)]
    pub(crate) since: Option<Duration>,

    /// How to print it
    #[arg(long, value_enum, default_value_t = ResultsFormat::Human, value_name = "FORMAT")]
    pub(crate) format: ResultsFormat,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResultsFormat {
    /// For people
    Human,
    /// With stable keys; --import takes it
    Json,
    /// For spreadsheets
    Csv,
    /// One page, for browsers
    Html,
}

/// Reads a length of time that may be in days.
fn age(text: &str) -> Result<Duration, String> {
    match text.strip_suffix('d') {
        // A day has 24 hours here: it is an age and not a date.
        Some(days) => duration(&format!("{days}h"))?.checked_mul(24).ok_or_else(|| "too long".to_owned()),
        None => duration(text),
    }
    .map_err(|error| error.replace("s, m or h", "s, m, h or d"))
}

#[cfg(test)]
mod tests {
    use super::age;
    use std::time::Duration;

    #[test]
    fn ages_may_be_in_days() {
        assert_eq!(age("7d"), Ok(Duration::from_secs(7 * 86_400)));
        assert_eq!(age("90m"), Ok(Duration::from_secs(5_400)));
        for bad in ["", "d", "-1d", "0d", "3w"] {
            assert!(age(bad).is_err(), "{bad}");
        }
    }
}
