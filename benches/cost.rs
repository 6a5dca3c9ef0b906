//! `cargo bench -p benches --bench cost`: the cost tables of duress, and which claims they bear out.
//!
//! `-- --quick`, or `DURESS_BENCH_QUICK=1`, takes half a minute instead of two.

use std::process::ExitCode;

fn main() -> ExitCode {
    let programs = benches::Built {
        tracee: env!("CARGO_BIN_EXE_tracee"),
        bare: env!("CARGO_BIN_EXE_bare"),
        starter: env!("CARGO_BIN_EXE_starter"),
        keeper: env!("CARGO_BIN_EXE_keeper"),
    };
    benches::measure(&benches::COST, programs)
}
