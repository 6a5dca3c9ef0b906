//! A million calls in one run: memory, and whether the last call costs what the first did.

use crate::calls::FAIL;
use crate::group::Measured;
use crate::process::Memory;
use crate::sys::Trivial;
use crate::tracee::{self, Ends, Task};
use crate::{Claim, Effort, Error, Programs, Series, Table, Target};

pub(crate) const CLAIMS: [Claim; 2] = [
    Claim {
        what: "the supervisor's peak memory over 1,000,000 matched calls",
        unit: "MiB",
        target: Target::Never(24.0),
    },
    Claim {
        what: "a call at the end of that run, against one at its start",
        unit: "x",
        target: Target::AtMost(1.1),
    },
];

/// How many of the parts in which a run is timed are its beginning, and its end.
const TENTH: usize = 10;

/// Long runs under duress, one after the other.
///
/// # Errors
/// A run fails, or not all of its calls were hit.
pub(crate) fn measure(programs: &Programs, effort: &Effort) -> Result<Measured, Error> {
    let task = Task { parts: 10 * TENTH as u64, ..Task::new(Trivial::Getppid, effort.long_calls) };
    let (mut first, mut last, mut peak, mut seen) =
        (Series::default(), Series::default(), Series::default(), Series::default());
    for _ in 0..effort.long_runs {
        let (times, account) = tracee::run(&task, Ends::Failing, Memory::Watched, |result| {
            programs.duress(["-e", FAIL], &task, result)
        })?;
        first.push(times.parts[..TENTH].iter().copied().collect::<Series>().median());
        last.push(times.parts[times.parts.len() - TENTH..].iter().copied().collect::<Series>().median());
        peak.push(mebibytes(account.peak_bound_kib));
        seen.push(mebibytes(account.peak_seen_kib));
        programs.forget_runs()?;
    }
    let mut table = Table::new(
        format!("One run of {} matched calls, with its report", effort.long_calls),
        &["what", "median", "min..max"],
    );
    let mut row = |what: &str, series: &Series, unit: &str| {
        table.row(vec![what.to_owned(), format!("{:.2} {unit}", series.median()), format!("{series:.2}")]);
    };
    row("first tenth of the calls", &first, "ns/call");
    row("last tenth of the calls", &last, "ns/call");
    row("supervisor's peak memory, as seen from outside", &seen, "MiB");
    row("supervisor's peak memory, at most", &peak, "MiB");
    let drift = last.over(&first);
    Ok(Measured { tables: vec![table], found: vec![Ok(peak), Ok(drift)] })
}

fn mebibytes(kib: u64) -> f64 {
    f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0
}
