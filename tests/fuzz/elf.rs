//! Any bytes as an executable whose build information is looked for.
//!
//! `cargo +nightly fuzz run --fuzz-dir tests/fuzz elf`

#![no_main]

use golang::BuildInfo;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let info = BuildInfo::read(|offset, buffer| {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(input.len());
        let rest = &input[start..];
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    });
    if let Ok(info) = info {
        let _ = (info.package_under_test(), info.is_race());
    }
});
