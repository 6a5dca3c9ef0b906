//! Any text as the value of `-e`, several of them in lines; a NUL ends them, and the calls that are made under them follow.
//!
//! `cargo +nightly fuzz run --fuzz-dir tests/fuzz spec -- -dict=tests/fuzz/words.dict`

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(2, |byte| *byte == 0);
    let text = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let specs: Vec<_> = text.lines().map(duress_fuzz::source).collect();
    duress_fuzz::examine(None, &specs, parts.next().unwrap_or_default());
});
