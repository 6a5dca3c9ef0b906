//! Any bytes as an executable whose table of functions is read, and all that the table has.
//!
//! ```text
//! cargo +nightly fuzz run --fuzz-dir tests/fuzz pclntab corpus tests/fuzz/seeds/pclntab -- -max_len=65536
//! ```
//!
//! The seeds are cut down by `seeds/cut.go`. Whole executables do as well, in a folder of their own and without `-max_len`;
//! of these only the file is read, for their `moduledata` is elsewhere.

#![no_main]

use duress_fuzz::{Loaded, read_at};
use golang::{Known, Process, Program, Registers};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Ok(mut program) = Program::read(|offset, buffer| read_at(input, offset, buffer)) else { return };
    let _ = (program.support(), program.image.bias(0x40));
    let mut memory = Loaded::new(input);
    let mut process = Process::new(&program, memory.headers(), Loaded::STACK);
    // A thread in every function: `moduledata` says where the code is, if it is sound. Each is the caller of the next one.
    let Some(text) = memory.text() else { return };
    let entries = memory.entries();
    for (index, entry) in entries.iter().enumerate() {
        let pc = text.wrapping_add(u64::from(*entry)).wrapping_add(index as u64 % 32);
        let next = entries[(index + 1) % entries.len()];
        memory.stack_of(text.wrapping_add(u64::from(next)).wrapping_add(9));
        let registers = Registers { pc, sp: Loaded::STACK };
        let (pc, mut asked) = (registers.pc, || Some(registers));
        match process.caller(&mut program, 7, true, pc, &mut asked, &mut memory) {
            Ok(Known::Changed) => {}
            Ok(Known::Caller(caller)) => {
                assert!(caller.site.frames.len() < 8192, "{}", caller.site.frames.len())
            }
            Err(_) => return,
        }
        assert!(memory.take_reads() < 700_000);
    }
});
