//! Tests of the table of functions: what it says of real executables, and what it makes of damaged ones.

use super::super::fixture::{STRIPPED, built, go, image, read_at, skip, table};
use super::*;
use crate::stack::image::Image;
use proptest::prelude::*;
use std::fmt::Write;
use std::fs;

/// Every function's name, beginning and end, and the file and line of an instruction within.
fn contents(image: &Image) -> Vec<(String, u32, u32, String, u32)> {
    let table = &image.table;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let functions = (0..table.count()).filter_map(|index| table.function(index));
    functions
        .map(|function| {
            let line = table.line(function, function.entry.midpoint(function.end));
            let (file, line) = line.map_or_else(Default::default, |line| (text(line.file), line.line));
            (text(table.name_at(table.name(function))), function.entry, function.end, file, line)
        })
        .collect()
}

#[test]
fn names_files_and_lines_are_what_go_says_of_an_address() {
    for mode in ["-buildmode=exe", "-buildmode=pie"] {
        let Some(bytes) = built(&[mode]) else { return skip() };
        let image = image(&bytes).expect("a Go binary");
        let dir = tempfile::tempdir().expect("a scratch folder");
        fs::write(dir.path().join("x.bin"), &bytes).expect("a writable folder");
        // Go's text begins here; `go tool nm` has it from the symbols.
        let symbols = go(dir.path(), &["tool", "nm", "x.bin"], "").expect("go can list symbols");
        let text = symbols.lines().find(|line| line.ends_with(" runtime.text")).expect("a symbol");
        let text = text.split_whitespace().next().expect("an address");
        let text = u64::from_str_radix(text, 16).expect("a number");
        let functions = (0..image.table.count()).filter_map(|index| image.table.function(index));
        let asked: Vec<(Function, u32)> = functions
            .flat_map(|function| {
                let within = function.entry.midpoint(function.end);
                [function.entry, within, function.end - 1].map(|at| (function, at))
            })
            .step_by(7)
            .collect();
        let mut input = String::new();
        for (_, at) in &asked {
            writeln!(input, "{:x}", text + u64::from(*at)).expect("it is text");
        }
        // Another reader of the same table (debug/gosym), without what it has no line of.
        let truth = go(dir.path(), &["tool", "addr2line", "x.bin"], &input).expect("go can look up");
        let mut told = truth.lines();
        let mut compared = 0;
        for (function, at) in asked {
            let (name, place) = (told.next().expect("a name"), told.next().expect("a place"));
            assert_eq!(image.table.find(at), Some(function));
            assert_eq!(
                String::from_utf8_lossy(image.table.name_at(image.table.name(function))),
                name,
                "{at:#x}"
            );
            if let Some(line) = image.table.line(function, at) {
                assert_eq!(
                    format!("{}:{}", String::from_utf8_lossy(line.file), line.line),
                    place,
                    "{name} {at:#x}"
                );
                compared += 1;
            }
        }
        assert!(compared > 300, "{compared}");
        let own: Vec<_> = contents(&image).into_iter().filter(|one| one.0.starts_with("main.")).collect();
        assert!(
            own.iter().any(|one| one.0 == "main.main.func1" && one.3.ends_with("/main.go") && one.4 == 22),
            "{own:?}"
        );
    }
}

#[test]
fn stripping_takes_nothing_from_the_table() {
    for mode in ["-buildmode=exe", "-buildmode=pie"] {
        let Some(stripped) = built(&[mode, "-trimpath", "-ldflags=-s -w"]) else { return skip() };
        let whole = built(&[mode, "-trimpath"]).expect("it built before");
        let mut bare = stripped.clone();
        bare[0x28..0x30].fill(0); // e_shoff
        bare[0x3c..0x40].fill(0); // e_shnum, e_shstrndx
        let of = |bytes: &[u8]| contents(&image(bytes).expect("a Go binary"));
        assert_eq!(of(&stripped), of(&whole));
        assert_eq!(of(&bare), of(&whole));
    }
}

/// Asks a table everything of an instruction, and follows its inlined calls.
fn ask(image: &Image, at: u32) {
    let table = &image.table;
    let Some(function) = table.find(at) else { return };
    assert!((function.entry..function.end).contains(&at));
    assert!(table.name_at(table.name(function)).len() <= LONGEST);
    let _ = (table.is_top(function), table.writes_sp(function), table.is_wrapper(function));
    let _ = (table.sp_delta(function, at), table.line(function, at), table.inline_tree(function));
    let _ = table.inline_index(function, at);
}

fn ask_many(image: &Image, seed: u32) {
    let (first, last) = image.table.bounds();
    for step in 0..200_u32 {
        ask(
            image,
            first.wrapping_add(seed.wrapping_add(step).wrapping_mul(0x9e37_79b1) % (last - first).max(1)),
        );
    }
}

#[test]
fn a_cut_file_is_a_value_or_an_error() {
    let Some(bytes) = &*STRIPPED else { return skip() };
    for part in 0..100 {
        if let Ok(image) = image(&bytes[..bytes.len() * part / 100]) {
            ask_many(&image, 1);
        }
    }
}

#[test]
fn each_of_the_first_bytes_may_be_wrong() {
    let Some(bytes) = &*STRIPPED else { return skip() };
    let mut hostile = bytes.clone();
    for place in 0..1000 {
        hostile[place] ^= 0xff;
        if let Ok(image) = image(&hostile) {
            ask(&image, 0x1000);
        }
        hostile[place] ^= 0xff;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn a_damaged_table_is_a_value_or_an_error(
        part in 0usize..6,
        changes in proptest::collection::vec((any::<u32>(), prop_oneof![Just(0_u8), Just(0xff), any::<u8>()], 1usize..9), 1..40),
        cut in proptest::option::weighted(0.2, any::<u32>()), seed: u32,
    ) {
        if let Some(bytes) = &*STRIPPED {
            let (table, size) = table(bytes);
            let mut hostile = bytes.clone();
            let word = |at: usize| usize::try_from(word_at(&bytes[table..], at).expect("a header")).expect("64 bits");
            let (names, values, list) = (word(32), word(56), word(64));
            let records = list + word(8) * 8 + 4;
            let parts = [(0, HEADER), (names, values), (values, list), (list, records), (records, size)];
            for (place, byte, run) in changes {
                // The last one is the file's own headers.
                let (start, end) = parts.get(part).map_or((0, 0x600), |(start, end)| (table + start, table + end));
                let at = start + place as usize % (end - start);
                let end = (at + run).min(hostile.len());
                hostile[at..end].fill(byte);
            }
            if let Some(cut) = cut {
                hostile.truncate(cut as usize % bytes.len());
            }
            if let Ok(image) = image(&hostile) {
                ask_many(&image, seed);
            }
        }
    }
}

/// An executable with this table, in a file that never ends: behind it there is nothing but zeros. Gives what came of it,
/// and how much was read.
fn endless(change: impl FnOnce(&mut Vec<u8>, usize)) -> Option<(Result<Image, Error>, usize)> {
    let bytes = STRIPPED.as_ref()?;
    let mut hostile = bytes.clone();
    change(&mut hostile, table(bytes).0);
    let mut total = 0;
    let image = Image::read(|offset, buffer| {
        let got = if offset < hostile.len() as u64 { read_at(&hostile, offset, buffer) } else { 0 };
        buffer[got..].fill(0);
        total += buffer.len();
        Ok(buffer.len())
    });
    Some((image, total))
}

#[test]
fn a_file_without_end_costs_what_a_table_may_have() {
    const MOST: usize = 256 << 20;
    let huge = |hostile: &mut Vec<u8>, _: usize| {
        let headers = usize::try_from(word_at(hostile, 0x28).expect("a header")).expect("64 bits");
        for section in 1..16 {
            hostile[headers + section * 64 + 32..][..8].fill(0xff); // sh_size
        }
    };
    let Some((image, total)) = endless(huge) else { return skip() };
    assert!(image.is_ok_and(|image| image.table.bytes.len() == MOST));
    assert!(total < MOST + (32 << 20), "{total}");
    // As many functions as there can be, all of them at the beginning: the table is behind all else.
    let crowded = |hostile: &mut Vec<u8>, table: usize| {
        let headers = usize::try_from(word_at(hostile, 0x28).expect("a header")).expect("64 bits");
        let is_table = |header: &usize| word_at(hostile, header + 24) == Some(table as u64);
        let header = (1..16).map(|index| headers + index * 64).find(is_table).expect("a section");
        let end = hostile.len() as u64;
        hostile[header + 24..][..8].copy_from_slice(&end.to_le_bytes());
        hostile[header + 32..][..8].fill(0xff);
        hostile.extend(MAGICS[1]);
        for word in [LARGEST as u64 / 48 - 100, 0, 0, 72, 72, 72, 72, 72] {
            hostile.extend(word.to_le_bytes());
        }
    };
    let (image, total) = endless(crowded).expect("it was there before");
    assert!(image.is_ok_and(|image| image.table.find(7).is_none()));
    assert!(total < MOST + (32 << 20), "{total}");
    let absurd = |hostile: &mut Vec<u8>, table: usize| hostile[table + 8..table + 16].fill(0x7f);
    assert!(endless(absurd).is_some_and(|(image, _)| image.is_err()));
}

#[test]
fn a_table_that_is_not_whole_in_a_segment_is_none() {
    let Some(bytes) = &*STRIPPED else { return skip() };
    let (table, _) = table(bytes);
    for inside in [-64_i64, -8, 0, 8, 64, 71] {
        let mut hostile = bytes.clone();
        hostile[0x28..0x30].fill(0);
        hostile[0x3c..0x40].fill(0);
        let headers = usize::try_from(word_at(bytes, 0x20).expect("a header")).expect("64 bits");
        for header in (0..6).map(|index| headers + index * 56) {
            let [offset, size] = [8, 32].map(|at| word_at(bytes, header + at).expect("a header"));
            if (offset..offset.saturating_add(size)).contains(&(table as u64)) && hostile[header] == 1 {
                let size = (table as u64).wrapping_add_signed(inside) - offset;
                hostile[header + 32..header + 40].copy_from_slice(&size.to_le_bytes());
            }
        }
        assert!(matches!(image(&hostile), Err(Error::Pclntab { .. })), "{inside}");
    }
}

/// A table of this many functions, all with the same record.
fn uniform(functions: u64, names: &[u8], values: &[u8]) -> Vec<u8> {
    let mut bytes = MAGICS[1].to_vec();
    let names_end = HEADER as u64 + names.len() as u64;
    let list = names_end + values.len() as u64;
    for word in [functions, 1, 0, HEADER as u64, names_end, names_end, names_end, list] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend_from_slice(names);
    bytes.extend_from_slice(values);
    for index in 0..functions {
        bytes.extend(u32::try_from(index << 20).expect("32 bits").to_le_bytes());
        bytes.extend(u32::try_from(functions * 8 + 4).expect("32 bits").to_le_bytes());
    }
    bytes.extend(u32::MAX.to_le_bytes());
    // entryoff, nameoff, args, deferreturn, pcsp, pcfile, pcln, …
    for word in [0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0_u32] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.resize(bytes.len() + usize::try_from(functions).expect("64 bits") * FUNCTION, 0);
    bytes
}

#[test]
fn names_and_steps_without_end_are_none() {
    let layout = Layout::of(&crate::Version::parse("go1.26.0"));
    let steps = [2, 1].repeat(1 << 20);
    let table = Pclntab::parse(uniform(4, &[b'x'; 1 << 20], &steps), layout).expect("it is sound");
    let function = table.find(0x123).expect("a function");
    assert_eq!(table.name_at(0), b"");
    assert!(table.is_name(0) && !table.is_named(function, b"x"));
    // The first step is lost to offset 0, which means no table; the rest is (length, change).
    assert!(table.sp_delta(function, 0x123).is_some());
    assert_eq!(table.sp_delta(function, 0xf_fff0), None);
    assert!(table.line(function, 0x123).is_none());
}
