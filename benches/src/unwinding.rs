//! What it takes to tell who made a call, step by step, without the call.

#![expect(clippy::disallowed_methods, reason = "measuring means reading the clock")]

use crate::caller::{Depths, GoPrograms, Via};
use crate::group::Measured;
use crate::sleeper::{Live, Onlooker, Sleeper};
use crate::{Claim, Effort, Error, Programs, Series, Table, Target};
use golang::Memory;
use model::Tid;
use std::hint::black_box;
use std::time::Instant;

/// What [`measure`] is for.
pub(crate) const CLAIMS: [Claim; 2] = [
    Claim {
        what: "unwinding alone, from 15 frames down, by whichever way into the kernel takes longer",
        unit: "us",
        target: Target::AtMost(4.0),
    },
    Claim { what: "… from 50 frames down", unit: "us", target: Target::AtMost(6.0) },
];

/// The steps, as the table has them.
const STEPS: [&str; 5] = [
    "all that tells who made a call",
    "… where it is known where the thread sleeps",
    "… and without its readings of memory",
    "its readings of memory alone",
    "where the thread sleeps (/proc/TID/syscall)",
];

/// The place of the step that claims are about.
const ALL: usize = 0;

/// How often a step is taken in one go: long enough for the clock.
const REPEATED: u32 = 200;

/// The steps for threads that sleep 15 and 50 frames down, in turns.
///
/// # Errors
/// Go is missing or does not build; its call paths cannot be read.
pub(crate) fn measure(_: &Programs, effort: &Effort) -> Result<Measured, Error> {
    let go = GoPrograms::build()?;
    let caller = go.caller();
    let from = [Via::Syscall, Via::RawSyscall].map(|via| [15, 50].map(|frames| Depths::new(via, frames)));
    let mut beds = from
        .iter()
        .flatten()
        .map(|depths| Bed::make(Sleeper::deep(&caller, *depths)?, *depths))
        .collect::<Result<Vec<_>, _>>()?;
    for _ in 0..effort.looks {
        for bed in &mut beds {
            bed.turn()?;
        }
    }
    let tables = beds.iter().map(Bed::table).collect();
    let microseconds = |bed: &Bed| -> Series { bed.steps[ALL].scaled(1e-3) };
    let [shallow, deep] =
        [0, 1].map(|at| Ok(microseconds(&beds[at]).or_greater(&microseconds(&beds[at + 2]))));
    Ok(Measured { tables, found: vec![shallow, deep] })
}

/// A sleeper, who looks at it, and what that took.
struct Bed {
    sleeper: Sleeper,
    onlooker: Onlooker,
    depths: Depths,
    /// What unwinding reads of memory, once everything is known.
    readings: Vec<Reading>,
    steps: [Series; STEPS.len()],
}

impl Bed {
    fn make(sleeper: Sleeper, depths: Depths) -> Result<Bed, Error> {
        let mut onlooker = Onlooker::of(&sleeper)?;
        // Twice: what is learned from the first call is read again for the second.
        onlooker.attribute(&sleeper)?;
        let caller = onlooker.attribute(&sleeper)?;
        let frames = caller.site.frames.len();
        if frames.abs_diff(depths.frames) > 1 || !caller.site.is_whole || caller.goroutine.is_none() {
            let path: Vec<&str> = caller.site.frames.iter().map(|frame| &*frame.function).collect();
            let what = format!("a call path of {frames} frames: {}", path.join(", "));
            return Err(Error::Wrong { line: depths.name(), what });
        }
        let mut recorder = Recorder { live: Live(sleeper.thread()), readings: Vec::new() };
        let registers = onlooker.registers(&sleeper)?;
        onlooker.caller(&sleeper, registers, &mut recorder)?;
        let readings = recorder.readings;
        let depths = Depths { frames, ..depths };
        Ok(Bed { sleeper, onlooker, depths, readings, steps: Default::default() })
    }

    /// Takes every step some times.
    fn turn(&mut self) -> Result<(), Error> {
        let Bed { sleeper, onlooker, readings, steps, .. } = self;
        let tid = sleeper.thread();
        let registers = onlooker.registers(sleeper)?;
        let [all, unwinding, walking, reading, place] = steps;
        all.push(time(|| onlooker.attribute(sleeper).is_ok())?);
        unwinding.push(time(|| onlooker.caller(sleeper, registers, &mut Live(tid)).is_ok())?);
        walking.push(time(|| {
            let mut replay = Replay { readings, next: 0 };
            onlooker.caller(sleeper, registers, &mut replay).is_ok() && replay.next == readings.len()
        })?);
        reading.push(time(|| readings.iter_mut().all(|reading| reading.again(tid)))?);
        place.push(time(|| onlooker.registers(sleeper).is_ok())?);
        Ok(())
    }

    fn table(&self) -> Table {
        let pieces: usize = self.readings.iter().map(|reading| reading.pieces.len()).sum();
        let bytes: usize =
            self.readings.iter().flat_map(|reading| &reading.pieces).map(|(_, bytes)| bytes.len()).sum();
        let mut table = Table::new(
            format!(
                "Who made a call ({}; unwinding reads {bytes} bytes of memory, {pieces} pieces in {} goes)",
                self.depths.name(),
                self.readings.len()
            ),
            &["step", "ns", "min..max"],
        );
        for (name, series) in STEPS.iter().zip(&self.steps) {
            table.row(vec![(*name).to_owned(), format!("{:.0}", series.median()), format!("{series:.0}")]);
        }
        table
    }
}

/// Nanoseconds that a step takes; it says whether it went well.
fn time(mut step: impl FnMut() -> bool) -> Result<f64, Error> {
    // The caches are the step's own, not what the one before left.
    let mut went_well = (0..8).all(|_| step());
    let began = Instant::now();
    for _ in 0..REPEATED {
        went_well &= black_box(step());
    }
    let took = began.elapsed();
    if went_well {
        Ok(took.as_secs_f64() * 1e9 / f64::from(REPEATED))
    } else {
        Err(Error::Go { what: "unwind a sleeping thread again", reason: "it went another way".to_owned() })
    }
}

/// Pieces of memory that were read in one go.
struct Reading {
    pieces: Vec<(u64, Vec<u8>)>,
}

impl Reading {
    /// Reads the same once more.
    fn again(&mut self, tid: Tid) -> bool {
        if let [(address, bytes)] = &mut self.pieces[..] {
            return kernel::read(tid, *address, bytes) == bytes.len();
        }
        let mut parts: Vec<_> =
            self.pieces.iter_mut().map(|(address, bytes)| (*address, bytes.as_mut_slice())).collect();
        kernel::gather(tid, &mut parts)
    }
}

/// A process's memory that notes what is read of it.
struct Recorder {
    live: Live,
    readings: Vec<Reading>,
}

impl Memory for Recorder {
    fn read(&mut self, address: u64, buffer: &mut [u8]) -> usize {
        let got = self.live.read(address, buffer);
        self.readings.push(Reading { pieces: vec![(address, buffer[..got].to_vec())] });
        got
    }

    fn gather(&mut self, parts: &mut [(u64, &mut [u8])]) -> bool {
        let all = self.live.gather(parts);
        let pieces = parts.iter().map(|(address, bytes)| (*address, bytes.to_vec())).collect();
        self.readings.push(Reading { pieces });
        all
    }
}

/// What was noted, in the same order.
struct Replay<'r> {
    readings: &'r [Reading],
    next: usize,
}

impl Replay<'_> {
    fn pieces(&mut self) -> &[(u64, Vec<u8>)] {
        let reading = self.readings.get(self.next);
        self.next += 1;
        reading.map_or(&[], |reading| &reading.pieces)
    }
}

impl Memory for Replay<'_> {
    fn read(&mut self, address: u64, buffer: &mut [u8]) -> usize {
        match self.pieces() {
            [(there, bytes)] if *there == address && bytes.len() <= buffer.len() => {
                buffer[..bytes.len()].copy_from_slice(bytes);
                bytes.len()
            }
            _ => 0,
        }
    }

    fn gather(&mut self, parts: &mut [(u64, &mut [u8])]) -> bool {
        let pieces = self.pieces();
        pieces.len() == parts.len()
            && parts.iter_mut().zip(pieces).all(|((address, buffer), (there, bytes))| {
                let is_same = address == there && buffer.len() == bytes.len();
                if is_same {
                    buffer.copy_from_slice(bytes);
                }
                is_same
            })
    }
}
