//! Real executables for tests, and memory of processes of them that claims anything.

use super::image::Image;
use super::memory::Memory;
use super::program::Program;
use crate::Error;
use crate::elf::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::{fs, io};

/// With functions inlined into each other, a generic one, a closure, and names that only runtime.main leads to; and the test runner.
const SOURCE: &str = r#"package main

import (
	"os"
	"testing"
)

type pair[T any] struct{ a, b T }

//go:noinline
func (p *pair[T]) sum(add func(T, T) T) T { return add(p.a, p.b) }

func leaf(n int) int { return middle(n) + 1 }

func middle(n int) int { return n*n + len(os.Args) }

func main() {
	if len(os.Args) > 99 {
		testing.Main(nil, nil, nil, nil)
	}
	p := &pair[int]{leaf(1), 2}
	os.Stdout.WriteString(string(rune('a' + p.sum(func(a, b int) int { return a + leaf(b) })%26)))
}
"#;

/// The executable, stripped as usual.
pub(super) static STRIPPED: LazyLock<Option<Vec<u8>>> = LazyLock::new(|| built(&["-ldflags=-s -w"]));

/// A small Go program, built with these flags; nothing without Go.
pub(super) fn built(flags: &[&str]) -> Option<Vec<u8>> {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).expect("a writable folder");
    write("go.mod", "module example.com/x\n\ngo 1.19\n");
    write("main.go", SOURCE);
    go(dir.path(), &[&["build", "-o", "x.bin"], flags].concat(), "")?;
    Some(fs::read(dir.path().join("x.bin")).expect("go wrote it"))
}

/// What Go answers; nothing where there is no Go, or it cannot.
pub(super) fn go(dir: &Path, args: &[&str], input: &str) -> Option<String> {
    fs::write(dir.join("input"), input).expect("a writable folder");
    let input = fs::File::open(dir.join("input")).expect("it was written");
    #[expect(clippy::disallowed_methods, reason = "the test needs a real Go binary")]
    let output =
        Command::new("go").args(args).current_dir(dir).stdin(input).stderr(Stdio::inherit()).output();
    match output {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        output => {
            let output = output.expect("go can be started");
            output.status.success().then(|| String::from_utf8(output.stdout).expect("UTF-8"))
        }
    }
}

pub(super) fn skip() {
    let _ = io::Write::write_all(&mut io::stderr(), b"skipped: needs go\n");
}

/// Fills a buffer from an offset of a file on.
pub(super) fn read_at(bytes: &[u8], offset: u64, buffer: &mut [u8]) -> usize {
    let rest = bytes.get(usize::try_from(offset).expect("64 bits")..).unwrap_or_default();
    let count = buffer.len().min(rest.len());
    buffer[..count].copy_from_slice(&rest[..count]);
    count
}

pub(super) fn image(bytes: &[u8]) -> Result<Image, Error> {
    Image::read(|offset, buffer| Ok(read_at(bytes, offset, buffer)))
}

pub(super) fn program(bytes: &[u8]) -> Program {
    Program::read(|offset, buffer| Ok(read_at(bytes, offset, buffer))).expect("a Go binary")
}

/// Where a section is, if there is one: address, offset, size.
pub(super) fn find_section(bytes: &[u8], name: &str) -> Option<(u64, usize, usize)> {
    let mut read = |offset: u64, buffer: &mut [u8]| Ok(read_at(bytes, offset, buffer));
    let mut file = File::open(&mut read).expect("an ELF file");
    let sections = file.sections().expect("it has sections");
    let section = sections.iter().find(|section| section.name == name.as_bytes())?;
    let number = |number: u64| usize::try_from(number).expect("64 bits");
    Some((section.address, number(section.place.offset), number(section.place.size)))
}

/// Where the table of functions is: its offset and size.
pub(super) fn table(bytes: &[u8]) -> (usize, usize) {
    let (_, offset, size) = find_section(bytes, ".gopclntab").expect("every executable has it");
    (offset, size)
}

/// A process of a sound executable that is not relocated: what is loaded of the file is there, and all other memory is
/// whatever is claimed of it.
pub(super) struct Claimed<'f, F> {
    bytes: &'f [u8],
    segments: Vec<crate::elf::Segment>,
    claim: F,
    pub(super) reads: u64,
    pub(super) read_bytes: u64,
}

impl<'f, F: FnMut(u64) -> Option<u64>> Claimed<'f, F> {
    /// `claim` gives the word at an address, which is a multiple of 8.
    pub(super) fn new(bytes: &'f [u8], claim: F) -> Claimed<'f, F> {
        let mut read = |offset: u64, buffer: &mut [u8]| Ok(read_at(bytes, offset, buffer));
        let segments = File::open(&mut read).and_then(|mut file| file.segments()).expect("an ELF file");
        Claimed { bytes, segments, claim, reads: 0, read_bytes: 0 }
    }

    fn word(&mut self, address: u64) -> Option<[u8; 8]> {
        let loaded = self.segments.iter().find_map(|segment| {
            let within = address.checked_sub(segment.address).filter(|at| at + 8 <= segment.place.size)?;
            let mut word = [0; 8];
            read_at(self.bytes, segment.place.offset + within, &mut word);
            Some(word)
        });
        loaded.or_else(|| (self.claim)(address).map(u64::to_le_bytes))
    }
}

impl<F: FnMut(u64) -> Option<u64>> Memory for Claimed<'_, F> {
    fn read(&mut self, address: u64, buffer: &mut [u8]) -> usize {
        self.reads += 1;
        let mut done = 0;
        while done < buffer.len() {
            let Some(at) = address.checked_add(done as u64) else { break };
            let Some(word) = self.word(at & !7) else { break };
            let skipped = usize::try_from(at % 8).expect("below 8");
            let count = (8 - skipped).min(buffer.len() - done);
            buffer[done..done + count].copy_from_slice(&word[skipped..skipped + count]);
            done += count;
        }
        self.read_bytes += done as u64;
        done
    }
}
