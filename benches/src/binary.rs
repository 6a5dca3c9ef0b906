//! What an executable costs once: the first call of its first process, and the memory that is kept for it.

#![expect(clippy::disallowed_methods, reason = "measuring means reading the clock and starting programs")]

use crate::caller::{Depths, GoPrograms, Via};
use crate::group::Measured;
use crate::keeping::{Different, Kept};
use crate::sleeper::{Onlooker, Sleeper};
use crate::{Claim, Effort, Error, Programs, Series, Table, Target};
use std::path::Path;
use std::time::Instant;

/// What [`measure`] is for.
pub(crate) const CLAIMS: [Claim; 4] = [
    first("the first call of a small program's process"),
    first("… of net/http's test binary"),
    kept("memory for a small program beyond its pclntab, after many call paths"),
    kept("… for net/http's test binary, after many instructions"),
];

const fn first(what: &'static str) -> Claim {
    Claim { what, unit: "ms", target: Target::Never(5.0) }
}

const fn kept(what: &'static str) -> Claim {
    Claim { what, unit: "MiB", target: Target::Never(2.0) }
}

/// A first call's steps, as the table has them.
const STEPS: [&str; 4] = [
    "the executable is read (from the page cache)",
    "the process's first call",
    "both: the first call of the first process",
    "the first call of the next process",
];

/// A small program and a large one.
///
/// # Errors
/// Go is missing or does not build; call paths cannot be read.
pub(crate) fn measure(programs: &Programs, effort: &Effort) -> Result<Measured, Error> {
    let go = GoPrograms::build()?;
    let (small, large) = (go.caller(), go.large()?);
    let depths = Depths::new(Via::Syscall, 50);
    let alone = Sleeper::deep(&small, depths)?;
    let crowded = Sleeper::deep(&small, Depths { goroutines: 10_000, ..depths })?;
    let tests = Sleeper::listing(&large)?;
    let mut firsts = [
        ("a small program", &alone, Firsts::default()),
        ("… beside 10,000 goroutines", &crowded, Firsts::default()),
        ("net/http's test binary", &tests, Firsts::default()),
    ];
    for _ in 0..effort.rounds {
        for (_, sleeper, steps) in &mut firsts {
            steps.turn(sleeper)?;
        }
    }
    let mut table = Table::new("First calls", &["step", "ms", "min..max"]);
    for (name, _, Firsts(steps)) in &firsts {
        for (step, series) in STEPS.iter().zip(steps) {
            let cells = [format!("{:.2}", series.median()), format!("{series:.2}")];
            table.row([format!("{name}: {step}")].into_iter().chain(cells).collect());
        }
    }
    let [(.., Firsts([.., small_first, _])), _, (.., Firsts([.., large_first, _]))] = firsts;
    let (memory, [small_kept, large_kept]) = memory(programs, effort, &small, &large)?;
    let found = [small_first, large_first, small_kept, large_kept].map(Ok).into();
    Ok(Measured { tables: vec![table, memory], found })
}

/// Milliseconds of each step.
#[derive(Default)]
struct Firsts([Series; STEPS.len()]);

impl Firsts {
    fn turn(&mut self, sleeper: &Sleeper) -> Result<(), Error> {
        let [read, first, both, next] = &mut self.0;
        let began = Instant::now();
        let program = Onlooker::program(sleeper.program())?;
        let was_read = began.elapsed();
        let mut onlooker = Onlooker::with(program, sleeper)?;
        onlooker.attribute(sleeper)?;
        let was_told = began.elapsed();
        read.push(was_read.as_secs_f64() * 1e3);
        first.push((was_told - was_read).as_secs_f64() * 1e3);
        both.push(was_told.as_secs_f64() * 1e3);
        // To whoever looks, the same process is another one as well.
        let began = Instant::now();
        let mut onlooker = Onlooker::with(onlooker.into_program(), sleeper)?;
        onlooker.attribute(sleeper)?;
        next.push(began.elapsed().as_secs_f64() * 1e3);
        Ok(())
    }
}

/// What is kept for each, in MiB, and how much of that is more than their tables of functions.
fn memory(
    programs: &Programs,
    effort: &Effort,
    small: &Path,
    large: &Path,
) -> Result<(Table, [Series; 2]), Error> {
    let mut table = Table::new(
        "Memory that is kept for an executable and its process, in MiB",
        &["executable", "pclntab", "after one call", "after many", "call paths among them"],
    );
    let count = effort.different;
    let kept = [
        ("a small program", small, Different::Stacks),
        ("net/http's test binary", large, Different::Instructions),
    ]
    .map(|(name, program, different)| -> Result<Series, Error> {
        let Kept { table: own, first, all, paths } = programs.keeper(program, different, count)?;
        let many = format!("{:.2} ({count} {})", mebibytes(all), different.name());
        let cells =
            [format!("{:.2}", mebibytes(own)), format!("{:.2}", mebibytes(first)), many, paths.to_string()];
        table.row([name.to_owned()].into_iter().chain(cells).collect());
        let beyond = |kept: u64| mebibytes(kept) - mebibytes(own);
        Ok([beyond(first), beyond(all)].into_iter().collect())
    });
    let [small, large] = kept;
    Ok((table, [small?, large?]))
}

fn mebibytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1024).unwrap_or(u32::MAX)) / 1024.0
}
