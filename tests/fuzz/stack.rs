//! Any memory: threads, goroutines and stacks that a process claims to have, under an executable that is sound.
//!
//! `cargo +nightly fuzz run --fuzz-dir tests/fuzz stack corpus tests/fuzz/seeds/stack -- -max_len=4096`

#![no_main]

use duress_fuzz::{Loaded, read_at};
use golang::{Known, Process, Program, Registers};

static IMAGE: &[u8] = include_bytes!("seeds/pclntab/test");

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let mut program =
        Program::read(|offset, buffer| read_at(IMAGE, offset, buffer)).expect("the seed is sound");
    let mut memory = Loaded::new(IMAGE);
    memory.live();
    let mut process = Process::new(&program, memory.headers(), Loaded::STACK);
    let mut rest = input;
    // A few words change, and then a thread calls; and again.
    for _ in 0..8 {
        let Some((changes, behind)) = rest.split_first() else { return };
        rest = memory.change(behind, usize::from(changes % 32));
        let Some((kind, behind)) = rest.split_at_checked(4) else { return };
        rest = behind;
        let registers = Registers { pc: memory.code(kind[0], kind[1]), sp: memory.place(kind[2], kind[3]) };
        let tid = i32::from(kind[3] % 4) + 6;
        let is_first = kind[3] & 4 != 0;
        let (pc, mut asked) = (registers.pc, || Some(registers));
        let known = process.caller(&mut program, tid, is_first, pc, &mut asked, &mut memory);
        if let Ok(Known::Caller(caller)) = known {
            assert!(caller.site.frames.len() < 8192, "{}", caller.site.frames.len());
        }
        assert!(memory.take_reads() < 700_000);
    }
});
