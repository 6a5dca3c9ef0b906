//! Ways to make the same call, measured in turns.

use crate::claim::Found;
use crate::pin::Pinned;
use crate::process::Memory;
use crate::programs::has;
use crate::tracee::{self, Ends, Task};
use crate::{Error, Programs, Series, Table};
use std::path::Path;
use std::process::Command;

/// The command that runs a tracee on a task, with its times left in a file.
type Build<'a> = Box<dyn Fn(&Task, &Path) -> Command + 'a>;

/// Where a way's processes run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Wherever the scheduler puts them.
    Anywhere,
    /// All on the same CPU.
    OneCpu,
}

/// One way to make a call.
pub(crate) struct Way<'a> {
    name: String,
    task: Task,
    ends: Ends,
    place: Place,
    command: Build<'a>,
    found: Result<Series, Error>,
}

impl<'a> Way<'a> {
    /// A way with nothing measured yet.
    pub(crate) fn new(
        name: impl Into<String>,
        task: Task,
        ends: Ends,
        command: impl Fn(&Task, &Path) -> Command + 'a,
    ) -> Way<'a> {
        let (command, found) = (Box::new(command), Ok(Series::default()));
        Way { name: name.into(), task, ends, place: Place::Anywhere, command, found }
    }

    /// Not to be measured unless this program is there.
    pub(crate) fn needs(self, program: &'static str, argument: &str) -> Way<'a> {
        self.only_if(has(program, argument))
    }

    /// Not to be measured where this failed.
    pub(crate) fn only_if(mut self, possible: Result<(), Error>) -> Way<'a> {
        if let Err(error) = possible {
            self.found = Err(error);
        }
        self
    }

    /// All of its processes share a CPU. Where they do not, what it takes to wake an idle CPU is in the figure, which
    /// in a virtual machine can be more than everything else.
    pub(crate) fn on_one_cpu(self) -> Way<'a> {
        Way { place: Place::OneCpu, ..self }
    }

    /// Measures once more. A way that failed is not tried again.
    fn turn(&mut self) {
        let Ok(series) = &mut self.found else { return };
        let pinned = match self.place {
            Place::Anywhere => Ok(None),
            Place::OneCpu => Pinned::to_one_cpu().map(Some),
        };
        let measured = pinned.and_then(|_pinned| {
            tracee::run(&self.task, self.ends, Memory::Unwatched, |result| (self.command)(&self.task, result))
        });
        match measured {
            Ok((times, _)) => series.push(times.typical()),
            Err(error) => self.found = Err(error),
        }
    }

    /// Turn by turn, this way's cost over another's.
    pub(crate) fn over(&self, other: &Way<'_>) -> Found {
        match (&self.found, &other.found) {
            (Ok(mine), Ok(theirs)) => Ok(mine.over(theirs)),
            (Err(error), _) | (_, Err(error)) => Err(error.to_string()),
        }
    }
}

/// Measures every way in turns.
///
/// # Errors
/// Scratch files cannot be handled. A way that fails keeps its error to itself.
pub(crate) fn take_turns(ways: &mut [Way<'_>], programs: &Programs, rounds: u32) -> Result<(), Error> {
    for _ in 0..rounds {
        for way in ways.iter_mut() {
            way.turn();
        }
        programs.forget_runs()?;
    }
    Ok(())
}

/// All ways, each beside `base`.
pub(crate) fn table(title: &str, ways: &[Way<'_>], base: &Way<'_>) -> Table {
    let mut table =
        Table::new(title, &["way", "ns/call", "min..max", &format!("x {}", base.name), "min..max"]);
    for way in ways {
        let cells = match (&way.found, way.over(base)) {
            (Ok(found), Ok(ratio)) => vec![
                format!("{:.0}", found.median()),
                format!("{found:.0}"),
                format!("{:.2}", ratio.median()),
                format!("{ratio:.2}"),
            ],
            (Ok(found), Err(_)) => vec![format!("{:.0}", found.median()), format!("{found:.0}")],
            (Err(error), _) => vec![format!("skipped: {error}")],
        };
        table.row([way.name.clone()].into_iter().chain(cells).collect());
    }
    table
}
