//! What a call costs the supervisor while more and more test binaries run at the same time.

use crate::calls::FAIL;
use crate::group::Measured;
use crate::module::Module;
use crate::process::{self, Memory};
use crate::programs::{has, matched_in};
use crate::{Claim, Effort, Error, Programs, Series, Table, Target};

pub(crate) const CLAIMS: [Claim; 1] = [Claim {
    what: "the supervisor's time a call with 4 or 16 test binaries, against one",
    unit: "x",
    target: Target::AtMost(1.3),
}];

/// How many test binaries run at the same time.
const WIDTHS: [u32; 3] = [1, 4, 16];

/// `go test` of 1, 4 and 16 packages under duress, in turns. The calls of all together are the same in number.
///
/// # Errors
/// Go is missing, a run fails, or not all calls were trapped.
pub(crate) fn measure(programs: &Programs, effort: &Effort) -> Result<Measured, Error> {
    has("go", "version")?;
    let module = Module::of_callers(16)?;
    let mut found = WIDTHS.map(|width| (width, Series::default()));
    for _ in 0..effort.parallel_rounds {
        for (width, series) in &mut found {
            series.push(cpu_per_call(programs, &module, *width, effort.parallel_calls)?);
        }
        programs.forget_runs()?;
    }
    let [(_, one), (_, four), (_, sixteen)] = &found;
    let mut table = Table::new(
        "Test binaries at the same time (the supervisor's processor time, ns a call)",
        &["binaries", "ns/call", "min..max", "x one", "min..max"],
    );
    for (width, series) in &found {
        let ratio = series.over(one);
        table.row(vec![
            width.to_string(),
            format!("{:.0}", series.median()),
            format!("{series:.0}"),
            format!("{:.2}", ratio.median()),
            format!("{ratio:.2}"),
        ]);
    }
    Ok(Measured { tables: vec![table], found: vec![Ok(four.over(one).or_greater(&sixteen.over(one)))] })
}

/// Nanoseconds of the supervisor's own processor time a call, its start and its report included.
fn cpu_per_call(programs: &Programs, module: &Module, width: u32, calls: u64) -> Result<f64, Error> {
    let meeting = tempfile::tempdir().map_err(Error::file("make a scratch folder"))?;
    let mut command = programs.duress_run(["-e", FAIL]);
    command.args(["go", "test", "-p", "16"]).args((1..=width).map(|number| format!("./p{number}")));
    command.current_dir(module.path());
    command.env("BENCH_MEETING", meeting.path()).env("BENCH_FELLOWS", width.to_string());
    command.env("BENCH_CALLS", (calls / u64::from(width)).to_string());
    let account = process::run(&mut command, Memory::Unwatched)?;
    let matched = matched_in(&account.stdout);
    if matched != Some(calls) {
        return Err(Error::Wrong {
            line: process::line_of(&command),
            what: format!("{matched:?} calls were trapped, not {calls}"),
        });
    }
    Ok(account.cpu.as_secs_f64() * 1e9 / f64::from(u32::try_from(calls).unwrap_or(u32::MAX)))
}
