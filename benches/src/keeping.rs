//! How much memory is kept for an executable; measured in a process of its own, which has done nothing else before.

use crate::Error;
use crate::caller::{Depths, Via};
use crate::sleeper::{Live, Onlooker, Sleeper};
use golang::Registers;
use model::SiteKey;
use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// What is different from one call to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Different {
    /// The program of `caller.rs` sleeps on another stack each time.
    Stacks,
    /// A test binary's thread is said to be at another instruction each time, all over the program. Most of these call
    /// paths end soon; what is kept of functions has to be bounded all the same.
    Instructions,
}

impl Different {
    /// How it is shown, and said on a command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Different::Stacks => "stacks",
            Different::Instructions => "instructions",
        }
    }
}

/// What was found. Memory is in bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Kept {
    /// The executable's table of functions.
    pub(crate) table: u64,
    /// What is kept after one call.
    pub(crate) first: u64,
    /// What is kept after all of them.
    pub(crate) all: u64,
    /// How many different call paths there were.
    pub(crate) paths: u64,
}

impl Kept {
    /// The line that a keeper leaves.
    pub fn render(&self) -> String {
        let Kept { table, first, all, paths } = self;
        format!("{table} {first} {all} {paths}\n")
    }

    /// Reads what [`Kept::render`] wrote.
    pub(crate) fn parse(line: &str) -> Option<Kept> {
        let mut words = line.split_whitespace().map(|word| word.parse().ok());
        let mut next = || words.next()?;
        Some(Kept { table: next()?, first: next()?, all: next()?, paths: next()? })
    }
}

/// The words of a keeper: `PROGRAM DIFFERENT COUNT`.
pub(crate) fn arguments(program: &Path, different: Different, count: u32) -> [OsString; 3] {
    [program.into(), different.name().into(), count.to_string().into()]
}

/// Reads the words of a keeper.
pub fn parse(mut words: impl Iterator<Item = OsString>) -> Option<(PathBuf, Different, u32)> {
    let program = words.next()?.into();
    let name = words.next()?;
    let different = [Different::Stacks, Different::Instructions]
        .into_iter()
        .find(|different| name == different.name())?;
    Some((program, different, words.next()?.to_str()?.parse().ok()?))
}

/// Has the program's process sleep, and tells so many times who called.
///
/// # Errors
/// It cannot be told.
pub fn measure(program: &Path, different: Different, count: u32) -> Result<Kept, Error> {
    let sections = Sections::read(program).ok_or_else(|| Error::Wrong {
        line: program.display().to_string(),
        what: "its ELF sections cannot be read".to_owned(),
    })?;
    let mut sleeper = match different {
        // Of 43 calls on the way down each goes one of two ways.
        Different::Stacks => Sleeper::deep(program, Depths::new(Via::Syscall, 50))?,
        Different::Instructions => Sleeper::listing(program)?,
    };
    // What is counted for our own sake takes its memory before.
    let mut paths: HashSet<SiteKey> = HashSet::with_capacity(usize::try_from(count).unwrap_or(0));
    let before = anonymous()?;
    let mut onlooker = Onlooker::of(&sleeper)?;
    paths.insert(onlooker.attribute(&sleeper)?.site.key());
    let first = anonymous()? - before;
    let registers = onlooker.registers(&sleeper)?;
    for index in 0..u64::from(count) {
        let caller = match different {
            Different::Stacks => {
                sleeper.turn_over()?;
                // It sleeps again when this is known.
                onlooker.registers(&sleeper)?;
                onlooker.attribute(&sleeper)?
            }
            Different::Instructions => {
                let pc = sections.text.0 + sections.text.1 * index / u64::from(count);
                onlooker.caller(&sleeper, Registers { pc, ..registers }, &mut Live(sleeper.thread()))?
            }
        };
        paths.insert(caller.site.key());
    }
    let all = anonymous()?.saturating_sub(before);
    Ok(Kept { table: sections.table, first, all, paths: paths.len() as u64 })
}

/// Bytes of memory of our own that no file backs.
///
/// # Kernel
/// proc_pid_smaps_rollup(5); unlike the sums in `/proc/PID/status`, it is counted when it is read.
fn anonymous() -> Result<u64, Error> {
    let text = fs::read_to_string("/proc/self/smaps_rollup").map_err(Error::file("read our own account"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Anonymous:")).unwrap_or_default();
    let kib: u64 = line.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0);
    Ok(kib * 1024)
}

/// What an executable's table of sections says.
#[derive(Debug)]
struct Sections {
    /// The code: address and size. Executables here are loaded at their own addresses.
    text: (u64, u64),
    /// The size of the table of functions.
    table: u64,
}

impl Sections {
    /// elf(5): the header ends with where the sections are, how many there are, and which one has their names.
    fn read(program: &Path) -> Option<Sections> {
        const SECTION: usize = 64;
        let file = File::open(program).ok()?;
        let read = |offset: u64, size: usize| {
            let mut bytes = vec![0; size];
            file.read_exact_at(&mut bytes, offset).ok().map(|()| bytes)
        };
        let header = read(0, 64)?;
        let (count, names) = (half(&header, 60)?, half(&header, 62)?);
        let table = read(word(&header, 40)?, usize::from(count) * SECTION)?;
        let sections = || table.chunks_exact(SECTION);
        let place = |section: &[u8]| Some((word(section, 24)?, usize::try_from(word(section, 32)?).ok()?));
        let (offset, size) = place(sections().nth(names.into())?)?;
        let names = read(offset, size)?;
        let named = |name: &str| {
            sections().find(|section| {
                let at = section.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
                let rest = usize::try_from(at).ok().and_then(|at| names.get(at..));
                rest.and_then(|rest| rest.split(|byte| *byte == 0).next()) == Some(name.as_bytes())
            })
        };
        let text = named(".text")?;
        Some(Sections { text: (word(text, 16)?, word(text, 32)?), table: word(named(".gopclntab")?, 32)? })
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_keeper_is_told_and_tells_reads_back_as_written() {
        for different in [Different::Stacks, Different::Instructions] {
            let words = arguments(Path::new("/tmp/x"), different, 7);
            assert_eq!(parse(words.into_iter()), Some(("/tmp/x".into(), different, 7)));
        }
        let kept = Kept { table: 1, first: 2, all: 3, paths: 4 };
        assert_eq!(Kept::parse(&kept.render()), Some(kept));
        assert_eq!(Kept::parse("1 2 3"), None);
    }
}
