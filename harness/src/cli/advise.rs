//! What is said of advice on the command line.

use super::ListFormat;
use clap::Args;

pub(super) const ADVISE_EXAMPLES: &str = "\
What a run recorded is what its rules trapped, and what it watched: for advice from all system calls, record it with
`--watch all`. Each proposal has the number that it comes from; only switches that the run's toolchain has are proposed.

Exit codes: 0 as a rule; 2, 3 as ever.

Examples:
  duress run --watch all --sites all -- go test . ; duress advise last
  duress advise last --try";

#[derive(Debug, Args)]
pub(crate) struct AdviseArgs {
    /// A run: its name or the beginning of it, `last`, or its folder
    pub(crate) run: String,

    /// Run the recorded command again with each proposal, and say whether it exposes the cause
    #[arg(long = "try")]
    pub(crate) tries: bool,

    /// How to print the result
    #[arg(long, value_enum, default_value_t = ListFormat::Human, value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}
