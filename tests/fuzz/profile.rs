//! Any text as a seccomp profile; what is taken must be a plan's rules, if it kills nothing.
//!
//! `cargo +nightly fuzz run --fuzz-dir tests/fuzz profile`

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    match persona::read_profile("fuzz", &text, "6.18.0") {
        Ok(part) => {
            for rule in &part.rules {
                assert!(rule.is_quiet && !rule.calls.is_empty());
                let _ = rule.to_toml("seccomp", &rule.name);
            }
        }
        Err(persona::Refusal::Mistakes(found)) => {
            assert!(!found.is_empty());
            duress_fuzz::check(&found);
        }
        Err(refusal) => panic!("a text is not the host's fault: {refusal}"),
    }
});
