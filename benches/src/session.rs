//! One run of measurements: its tables, and which claims they bear out.

use crate::{Built, Effort, Error, Finding, Group, Programs, claim};
use std::process::ExitCode;

/// Measures these groups and prints what was found. The programs are what Cargo built.
#[expect(clippy::print_stdout, reason = "the tables are what this is for")]
pub fn measure(groups: &[Group], built: Built) -> ExitCode {
    // Without `--bench` this is `cargo test --benches`, which only wants to know that it starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let effort = Effort::chosen();
    let programs = match Programs::build(built) {
        Ok(programs) => programs,
        Err(error) => {
            println!("duress cannot be measured: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("{}\n", machine());
    let mut claims = Vec::new();
    let mut broken = 0;
    for group in groups {
        let (tables, found, error) = group.take(&programs, &effort);
        for table in tables {
            println!("{table}");
        }
        claims.extend(found);
        match error {
            None => {}
            Some(Error::Needs(program)) => println!("{}: skipped: needs {program}\n", group.name),
            Some(error) => {
                broken += 1;
                println!("{}: not measured: {error}\n", group.name);
            }
        }
    }
    println!("{}", claim::table(&claims));
    let count = |finding| claims.iter().filter(|(claim, found)| claim.finding(found) == finding).count();
    let (met, missed, unmeasured) = (count(Finding::Met), count(Finding::Missed), count(Finding::Unmeasured));
    println!("{met} of {} claims met, {missed} missed, {unmeasured} not measured", claims.len());
    // A missed target is a finding, on a busy machine perhaps a false one. What should have been measured and was not
    // is a failure.
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What the figures are to be read with: they mean little on a machine that does other things.
fn machine() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned();
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    format!("Linux {}, {processors} processors, load average before the start {load}", kernel.trim())
}
