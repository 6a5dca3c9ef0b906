//! `duress`: runs Go tests under duress. See `duress --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    // A shim or guard must be one before anything else happens in this process.
    shim::dispatch(std::env::args_os()).unwrap_or_else(duress::main)
}
