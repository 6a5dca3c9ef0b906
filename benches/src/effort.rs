//! How much is measured: a whole run, or a quick look.

/// How often and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Turns in which every way to make a call is measured once.
    pub rounds: u32,
    /// Calls of one measurement that are trapped.
    pub matched: u64,
    /// Calls of one measurement that a tracer stops, which takes many times as long.
    pub traced: u64,
    /// Calls of one measurement that run at native speed or nearly so.
    pub unmatched: u64,
    /// Pairs of starts of a test binary.
    pub starts: u32,
    /// Pairs of whole runs of a program that does nothing.
    pub runs: u32,
    /// Runs for memory and steadiness, and their calls each.
    pub long_runs: u32,
    /// Calls of one long run.
    pub long_calls: u64,
    /// Turns of 1, 4 and 16 test binaries.
    pub parallel_rounds: u32,
    /// Calls of all test binaries of one such run together; a multiple of 16.
    pub parallel_calls: u64,
    /// Turns of a real suite of tests.
    pub suite_rounds: u32,
    /// Calls of one measurement that are told who made them, or stand beside such.
    pub attributed: u64,
    /// Turns in which every step of telling who made a call is timed.
    pub looks: u32,
    /// Different calls after which memory is measured.
    pub different: u32,
}

impl Effort {
    /// What the published figures come from; two to four minutes a table.
    pub const WHOLE: Effort = Effort {
        rounds: 25,
        matched: 30_000,
        traced: 6_000,
        unmatched: 600_000,
        starts: 150,
        runs: 20,
        long_runs: 5,
        long_calls: 1_000_000,
        parallel_rounds: 5,
        parallel_calls: 240_000,
        suite_rounds: 5,
        attributed: 16_000,
        looks: 100,
        different: 100_000,
    };

    /// A look at whether anything is badly wrong; half a minute or little more. Too few turns for figures to quote.
    pub const QUICK: Effort = Effort {
        rounds: 3,
        matched: 20_000,
        traced: 4_000,
        unmatched: 600_000,
        starts: 20,
        runs: 5,
        long_runs: 1,
        long_calls: 1_000_000,
        parallel_rounds: 1,
        parallel_calls: 96_000,
        suite_rounds: 1,
        attributed: 16_000,
        looks: 20,
        different: 20_000,
    };

    /// Quick where `DURESS_BENCH_QUICK` is set and not empty, or an argument says `--quick`.
    pub fn chosen() -> Effort {
        let by_variable = std::env::var_os("DURESS_BENCH_QUICK").is_some_and(|value| !value.is_empty());
        if by_variable || std::env::args().any(|argument| argument == "--quick") {
            Effort::QUICK
        } else {
            Effort::WHOLE
        }
    }
}
