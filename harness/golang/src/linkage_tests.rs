//! Tests of linkage, of real and of hostile files.

use super::Linkage;
use crate::Error;
use proptest::prelude::*;
use std::fs;

fn read(bytes: &[u8]) -> Result<Linkage, Error> {
    Linkage::read(|offset, buffer| {
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let count = buffer.len().min(bytes.len() - from);
        buffer[..count].copy_from_slice(&bytes[from..from + count]);
        Ok(count)
    })
}

/// This test itself: a dynamic executable of 64 bits wherever glibc is.
fn own() -> Vec<u8> {
    fs::read(std::env::current_exe().expect("a test has a path")).expect("it can be read")
}

#[test]
#[cfg(target_env = "gnu")]
fn a_dynamic_executable_names_its_interpreter_libraries_and_versions() {
    let linkage = read(&own()).expect("it is ELF");
    assert!(linkage.is_loadable && linkage.is_64);
    assert!(linkage.interpreter.as_deref().is_some_and(|path| path.contains("/ld-linux")), "{linkage:?}");
    assert!(linkage.needed.iter().any(|name| name == "libc.so.6"), "{linkage:?}");
    let of_libc =
        |(library, version): &(String, String)| library == "libc.so.6" && version.starts_with("GLIBC_2.");
    assert!(linkage.versions.iter().any(of_libc), "{linkage:?}");
    assert!(linkage.has_symbols);
}

#[test]
#[cfg(all(target_env = "gnu", target_arch = "x86_64"))]
fn the_c_library_provides_what_it_is_asked_for() {
    let Some(bytes) =
        ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6"].iter().find_map(|path| fs::read(path).ok())
    else {
        return;
    };
    let libc = read(&bytes).expect("it is ELF");
    assert!(libc.provided.iter().any(|version| version == "GLIBC_2.17"), "{:?}", libc.provided);
    for (library, version) in read(&own()).expect("it is ELF").versions {
        assert!(library != "libc.so.6" || libc.provided.contains(&version), "{version}");
    }
}

#[test]
fn what_is_no_elf_file_is_an_error() {
    for bytes in [&b""[..], b"#!/bin/sh\n", b"\x7fELF", &[0; 4096]] {
        assert!(matches!(read(bytes), Err(Error::NotElf { .. })), "{bytes:?}");
    }
}

#[test]
fn a_file_cut_off_behind_its_header_is_damaged() {
    assert!(matches!(read(&own()[..64]), Err(Error::NotElf { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Only the beginning and the dynamic parts matter; whatever is in them ends in a value or an error.
    #[test]
    fn hostile_bytes_end_in_a_value(changes in prop::collection::vec((0_usize..64 * 1024, any::<u8>()), 1..40)) {
        let mut bytes = own();
        bytes.truncate(256 << 10);
        for (at, byte) in changes {
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        let _ = read(&bytes);
    }
}
