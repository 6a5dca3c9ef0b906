//! Tests of build information, of real and of hostile binaries.

use super::BuildInfo;
use crate::{Error, Version};
use proptest::prelude::*;
use std::cmp::Ordering;
use std::path::Path;
use std::sync::LazyLock;
use std::{fs, io};

fn read(bytes: &[u8]) -> Result<BuildInfo, Error> {
    BuildInfo::read(|offset, buffer| {
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let count = buffer.len().min(bytes.len() - from);
        buffer[..count].copy_from_slice(&bytes[from..from + count]);
        Ok(count)
    })
}

/// A real test binary of an external test package, built with this line of flags.
fn built(flags: &[&str]) -> Option<Vec<u8>> {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).expect("a writable folder");
    write("go.mod", "module example.com/x\n\ngo 1.19\n");
    write("x_test.go", "package x_test\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) {}\n");
    go(dir.path(), &[&["test", "-c", "-o", "x.bin"], flags].concat())?;
    Some(fs::read(dir.path().join("x.bin")).expect("go wrote it"))
}

fn go(dir: &Path, args: &[&str]) -> Option<()> {
    #[expect(clippy::disallowed_methods, reason = "the test needs a real Go binary")]
    let status = std::process::Command::new("go").args(args).current_dir(dir).status();
    match status {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        status => status.expect("go can be started").success().then_some(()),
    }
}

fn skip() {
    let _ = std::io::Write::write_all(&mut std::io::stderr(), b"skipped: needs go\n");
}

static BINARY: LazyLock<Option<Vec<u8>>> = LazyLock::new(|| built(&["-ldflags=-s -w", "-tags=a,b"]));

static BLOB: LazyLock<usize> = LazyLock::new(|| {
    let bytes = BINARY.iter().flatten().copied().collect::<Vec<_>>();
    bytes.windows(14).position(|window| window == super::MAGIC).unwrap_or_default()
});

/// Test binaries before go1.24.
fn tells_only_its_version(info: &BuildInfo) -> bool {
    let is_old = Version::parse(&info.go).compare(&Version::release(1, 24)) == Some(Ordering::Less);
    if is_old {
        assert_eq!((info.package_under_test(), info.module.as_deref(), info.settings.len()), (None, None, 0));
    }
    is_old
}

#[test]
fn a_real_test_binary_tells_its_package_version_and_settings() {
    let Some(bytes) = &*BINARY else { return skip() };
    let info = read(bytes).expect("a Go binary");
    assert!(info.go.starts_with("go1.") || info.go.starts_with("devel"), "{info:?}");
    if tells_only_its_version(&info) {
        return;
    }
    assert_eq!(info.path, "example.com/x.test");
    assert_eq!(info.package_under_test(), Some("example.com/x"));
    assert_eq!(info.module.as_deref(), Some("example.com/x"));
    assert!(info.settings.contains(&("-tags".into(), "a,b".into())), "{info:?}");
    assert!(info.settings.contains(&("-ldflags".into(), "-s -w".into())), "{info:?}");
    assert!(!info.is_race());
}

#[test]
fn a_race_binary_says_so() {
    // Building with -race needs a C compiler, which is not this test's subject.
    let Some(bytes) = built(&["-race"]) else { return skip() };
    let info = read(&bytes).expect("a Go binary");
    assert!(info.is_race() || tells_only_its_version(&info), "{info:?}");
}

#[test]
fn without_sections_the_segments_are_searched() {
    let Some(bytes) = &*BINARY else { return skip() };
    let mut stripped = bytes.clone();
    stripped[0x28..0x30].fill(0); // e_shoff
    stripped[0x3c..0x40].fill(0); // e_shnum, e_shstrndx
    assert_eq!(read(&stripped).expect("a Go binary"), read(bytes).expect("a Go binary"));
}

#[test]
fn only_a_small_part_of_the_file_is_read() {
    let Some(bytes) = &*BINARY else { return skip() };
    let mut total = 0;
    let info = BuildInfo::read(|offset, buffer| {
        let from = usize::try_from(offset).expect("64 bits");
        let count = buffer.len().min(bytes.len().saturating_sub(from));
        buffer[..count].copy_from_slice(&bytes[from..from + count]);
        total += count;
        Ok(count)
    });
    info.expect("a Go binary");
    assert!(total < 16 << 10, "{total} of {} bytes", bytes.len());
}

#[test]
fn what_go_did_not_build_is_refused() {
    let own = fs::read("/proc/self/exe").expect("readable");
    assert!(matches!(read(&own), Err(Error::NotGo { .. })));
    for bytes in [&b""[..], b"#!/bin/sh\n", b"\x7fELF", &[0; 64]] {
        assert!(matches!(read(bytes), Err(Error::NotElf { .. })), "{bytes:?}");
    }
    let refused = BuildInfo::read(|_, _| Err(io::Error::from(io::ErrorKind::PermissionDenied)));
    assert!(matches!(refused, Err(Error::ReadExecutable(_))));
}

#[test]
fn claims_of_huge_tables_do_not_cost_memory() {
    let Some(bytes) = &*BINARY else { return skip() };
    for place in [0x20..0x28, 0x28..0x30, 0x38..0x3a, 0x3c..0x3e] {
        let mut hostile = bytes[..4096].to_vec();
        hostile[place].fill(0xff);
        assert!(read(&hostile).is_err());
    }
}

#[test]
fn sections_that_share_one_long_name_do_not_cost_memory() {
    const NAMES: usize = 4 << 20;
    let mut hostile = vec![0; 64];
    hostile[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    hostile[0x28] = 64; // e_shoff
    hostile[0x3a] = 64; // e_shentsize
    hostile[0x3c..0x3e].fill(0xff); // e_shnum
    let names = 64 + 65535 * 64_usize;
    hostile.resize(names, 0);
    hostile[64 + 24..][..8].copy_from_slice(&(names as u64).to_le_bytes());
    hostile[64 + 32..][..8].copy_from_slice(&(NAMES as u64).to_le_bytes());
    hostile.resize(names + NAMES, b'x');
    assert!(matches!(read(&hostile), Err(Error::NotGo { .. })));
}

proptest! {
    #[test]
    fn mutations_end_in_a_value_or_an_error(
        place in 0usize..20_000, byte: u8, cut in proptest::option::of(0usize..3_000_000), in_blob: bool,
    ) {
        if let Some(bytes) = &*BINARY {
            let mut hostile = bytes.clone();
            let at = if in_blob { *BLOB + place % 400 } else { place };
            if let Some(target) = hostile.get_mut(at) {
                *target = byte;
            }
            hostile.truncate(cut.unwrap_or(usize::MAX));
            let _ = read(&hostile);
        }
    }

    #[test]
    fn header_mutations_end_in_a_value_or_an_error(changes in proptest::collection::vec((0usize..64, any::<u8>()), 1..6)) {
        if let Some(bytes) = &*BINARY {
            let mut hostile = bytes.clone();
            for (place, byte) in changes {
                hostile[place] = byte;
            }
            let _ = read(&hostile);
        }
    }
}

#[test]
fn settings_with_quotes_are_unquoted() {
    assert_eq!(super::unquoted("\"-s -w\""), "-s -w");
    assert_eq!(super::unquoted("`a\"b`"), "a\"b");
    assert_eq!(super::unquoted("plain"), "plain");
    assert_eq!(super::unquoted("\""), "\"");
}
