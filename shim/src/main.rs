//! The shim as a program of its own, for containers and measurement; `duress` itself plays the same parts.

use std::process::ExitCode;

fn main() -> ExitCode {
    duress_shim::dispatch(std::env::args_os()).unwrap_or(ExitCode::FAILURE)
}
