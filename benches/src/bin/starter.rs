//! Stands in for `go` where starts are timed; see `benches::launch`. Called for anything but `go test`, it is the real
//! one, the first in `PATH`.

#![expect(clippy::disallowed_methods, reason = "timing starts is what it is for")]

use benches::launch::Starts;
use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

#[expect(clippy::print_stderr, reason = "it tells whoever measures why it failed")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_none_or(|verb| verb != "test") {
        let error = Command::new("go").args(&arguments).exec();
        eprintln!("cannot start go: {error}");
        return ExitCode::FAILURE;
    }
    match play_go_test(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn play_go_test(arguments: &[String]) -> Result<(), String> {
    let starts = Starts::from_variables().ok_or("the variables that say what to start are missing")?;
    let exec = arguments.iter().find_map(|word| word.strip_prefix("-exec=")).ok_or("there is no -exec")?;
    if exec.contains(['\'', '"']) {
        return Err(format!("quotes are not understood here: {exec}"));
    }
    let shim: Vec<&OsStr> = exec.split(' ').map(OsStr::new).collect();
    let alone = [starts.binary.as_os_str()];
    let under: Vec<&OsStr> = shim.into_iter().chain(alone).collect();
    // The first starts read the binaries from disk.
    start(&alone)?;
    start(&under)?;
    let mut text = String::new();
    for _ in 0..starts.pairs {
        let (alone, under) = (start(&alone)?, start(&under)?);
        text.push_str(&format!("{alone} {under}\n"));
    }
    std::fs::write(&starts.result, text).map_err(|error| format!("cannot leave the times: {error}"))
}

/// Starts a program as `go test` does and waits for its end; gives the milliseconds that took.
fn start(words: &[&OsStr]) -> Result<f64, String> {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg("-test.paniconexit0").stdin(Stdio::null()).stdout(Stdio::null());
    let began = Instant::now();
    let status = command.status().map_err(|error| format!("cannot start {words:?}: {error}"))?;
    let took = began.elapsed();
    if status.success() {
        Ok(took.as_secs_f64() * 1e3)
    } else {
        Err(format!("{words:?} ended with {status}"))
    }
}
