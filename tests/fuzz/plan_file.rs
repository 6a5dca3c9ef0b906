//! Any bytes as a plan file; a NUL ends it, and the calls that are made under it follow.
//!
//! `cargo +nightly fuzz run --fuzz-dir tests/fuzz plan_file -- -dict=tests/fuzz/words.dict`

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(2, |byte| *byte == 0);
    let text = String::from_utf8_lossy(parts.next().unwrap_or_default());
    duress_fuzz::examine(Some(&duress_fuzz::source(&text)), &[], parts.next().unwrap_or_default());
});
