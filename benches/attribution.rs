//! `cargo bench -p benches --bench attribution`: what it costs to tell who made a call.
//!
//! `-- --quick`, or `DURESS_BENCH_QUICK=1`, takes half a minute instead of three.

use std::process::ExitCode;

fn main() -> ExitCode {
    let programs = benches::Built {
        tracee: env!("CARGO_BIN_EXE_tracee"),
        bare: env!("CARGO_BIN_EXE_bare"),
        starter: env!("CARGO_BIN_EXE_starter"),
        keeper: env!("CARGO_BIN_EXE_keeper"),
    };
    benches::measure(&benches::ATTRIBUTION, programs)
}
