//! The program that is measured: `tracee CALL CALLS PARTS FILTER RESULT`.

use benches::sys;
use benches::tracee::{Task, Times};
use std::process::ExitCode;
use std::time::Instant;

#[expect(
    clippy::disallowed_methods,
    reason = "timing itself is what it is for; the clock is no system call here"
)]
fn main() -> ExitCode {
    let Some((task, result)) = Task::parse(std::env::args_os().skip(1)) else { return ExitCode::from(2) };
    if task.filter.is_some_and(|filter| sys::put_on(filter).is_err()) {
        return ExitCode::from(3);
    }
    let calls = task.calls / task.parts;
    let mut failed = 0;
    let mut parts = Vec::with_capacity(usize::try_from(task.parts).unwrap_or(0));
    for _ in 0..task.parts {
        let start = Instant::now();
        for _ in 0..calls {
            failed += u64::from(sys::fails(task.call));
        }
        let took = start.elapsed();
        parts.push(took.as_secs_f64() * 1e9 / calls_as_f64(calls));
    }
    match std::fs::write(result, Times { parts, failed }.render()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Exact up to 2^32, which is more than anybody waits for.
fn calls_as_f64(calls: u64) -> f64 {
    f64::from(u32::try_from(calls).unwrap_or(u32::MAX))
}
