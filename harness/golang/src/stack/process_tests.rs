//! Tests of processes that claim anything: what they cost is bounded in readings, not in time.

use super::super::fixture::{Claimed, STRIPPED, find_section, program, skip};
use super::super::memory::{Ration, word_at};
use super::super::unwind::Stack;
use super::*;
use proptest::prelude::*;

/// Where the claimed goroutines, threads and stacks are.
const HEAP: u64 = 0xc0_0000_0000;
const GOROUTINES: u64 = HEAP + 0x1000_0000;
const MACHINES: u64 = HEAP + 0x8000_0000;
const STACK: u64 = HEAP + 0xc000_0000;

/// What a call may cost besides searches: up to 1024 functions, each with a reading, and 4096 inlined calls.
const WALK: u64 = 8192;

/// What there is to know of the executable; go1.26 and later say where `moduledata` is.
struct Known {
    bytes: &'static [u8],
    /// Of `moduledata`.
    text: u64,
    bss: u64,
    bss_end: u64,
}

fn known() -> Option<Known> {
    let bytes = STRIPPED.as_ref()?;
    let (_, module, _) = find_section(bytes, ".go.module")?;
    let word = |at: usize| word_at(bytes, module + at).expect("it is there");
    Some(Known { bytes, text: word(176), bss: word(224), bss_end: word(232) })
}

/// Calls from this many threads, each where a function begins; gives the readings of the first call, and of all.
fn call(known: &Known, calls: u64, claim: impl FnMut(u64) -> Option<u64>) -> (u64, u64) {
    let mut program = program(known.bytes);
    let mut memory = Claimed::new(known.bytes, claim);
    let mut process = Process::new(&program, 0, STACK);
    let mut first = 0;
    for number in 0..calls {
        let index = usize::try_from(number * 37).expect("small") % program.image.table.count();
        let function = program.image.table.function(index).expect("a function");
        let registers = Registers { pc: known.text + u64::from(function.entry), sp: STACK + number * 8 };
        let tid = i32::try_from(number).expect("small") + 100;
        let known =
            process.caller(&mut program, tid, true, registers.pc, &mut || Some(registers), &mut memory);
        if let super::Known::Caller(caller) = known.expect("it is sound") {
            assert!(caller.site.frames.len() < 8192);
        }
        if number == 0 {
            first = memory.reads;
        }
    }
    (first, memory.reads)
}

/// Checks that a claim is bounded, for one call and for many.
fn check(known: &Known, claim: impl FnMut(u64) -> Option<u64>) {
    const CALLS: u64 = 20;
    let (first, all) = call(known, CALLS, claim);
    assert!(first <= Ration::FULL + WALK, "{first} readings");
    assert!(all <= Ration::FULL + CALLS * (Ration::RENEWED + WALK), "{all} readings");
}

#[test]
fn memory_of_one_word_ends() {
    let Some(known) = known() else { return skip() };
    for word in [0, 1, 7, 8, u64::MAX, u64::MAX - 7, u64::MAX - 63, 1 << 63, i64::MAX.cast_unsigned(), HEAP] {
        check(&known, |_| Some(word));
    }
    check(&known, |_| None);
}

#[test]
fn memory_that_points_to_itself_ends() {
    let Some(known) = known() else { return skip() };
    check(&known, Some);
    check(&known, |address| Some(address.wrapping_add(8)));
    check(&known, |address| Some(address.wrapping_sub(48)));
    check(&known, |address| Some(!address));
}

/// The address of the n-th structure of a list, and what is at this offset of it.
fn within(address: u64, start: u64, size: u64) -> Option<(u64, u64)> {
    let at = address.checked_sub(start).filter(|at| *at < 0x4000_0000)?;
    Some((at / size, at % size))
}

/// A process with so many goroutines, none of which is a thread's that calls.
fn crowd(known: &Known, count: u64) -> impl FnMut(u64) -> Option<u64> {
    let bss = known.bss.next_multiple_of(8);
    move |address| match address.wrapping_sub(bss) {
        0x100 => Some(HEAP),
        0x108 => Some(count),
        0x110 => Some(1 << 20),
        // The list; the goroutines: stack, thread, status, number.
        _ if (HEAP..GOROUTINES).contains(&address) => Some(GOROUTINES + (address - HEAP) / 8 * 512),
        _ => Some(match within(address, GOROUTINES, 512) {
            Some((_, 0)) => 0x1000,
            Some((_, 8)) => 0x2000,
            Some((_, 48)) => MACHINES,
            Some((index, 152 | 160)) => index + 1,
            _ => 0,
        }),
    }
}

#[test]
fn a_million_goroutines_are_not_all_looked_at() {
    let Some(known) = known() else { return skip() };
    let (first, _) = call(&known, 1, crowd(&known, 1 << 20));
    assert!(first > 60_000, "the list was not found: {first} readings");
    check(&known, crowd(&known, 1 << 20));
    check(&known, crowd(&known, u64::MAX));
}

#[test]
fn a_few_goroutines_cost_little() {
    let Some(known) = known() else { return skip() };
    let (first, all) = call(&known, 20, crowd(&known, 8));
    assert!((20..2000).contains(&first) && all < 20 * 2000, "{first}, {all} readings");
}

#[test]
fn threads_in_a_circle_are_followed_once() {
    let Some(known) = known() else { return skip() };
    let layout = program(known.bytes).image.layout;
    let (bss, end) = (known.bss, known.bss_end);
    let mut seen = 0;
    // Every variable points to one of 64 threads, and the last is followed by the first.
    let claim = |address: u64| {
        if (bss..end).contains(&address) {
            return Some(MACHINES + address / 8 % 64 * 512);
        }
        Some(match within(address, MACHINES, 512) {
            Some((index, 0)) => GOROUTINES + index * 512,
            Some((index, offset)) if offset == layout.m_procid => index + 1_000_000,
            Some((index, offset)) if offset == layout.m_alllink => {
                seen += 1;
                MACHINES + (index + 1) % 64 * 512
            }
            Some(_) => 0,
            None => match within(address, GOROUTINES, 512) {
                Some((index, 48)) => MACHINES + index * 512,
                _ => 0,
            },
        })
    };
    let (first, _) = call(&known, 1, claim);
    assert!(first < 50_000, "{first} readings");
    assert_eq!(seen, 64);
}

#[test]
fn a_stack_in_a_circle_is_cut() {
    let Some(known) = known() else { return skip() };
    let text = known.text;
    // Everything is called by everything, in stacks without end.
    let mut program = program(known.bytes);
    let count = program.image.table.count();
    let entries: Vec<u64> = (0..count)
        .filter_map(|index| program.image.table.function(index))
        .map(|function| text + u64::from(function.entry) + 1)
        .collect();
    let claim = |address: u64| {
        if address < HEAP {
            return Some(0);
        }
        entries.get(usize::try_from(address / 8 % count as u64).ok()?).copied()
    };
    let mut memory = Claimed::new(known.bytes, claim);
    let mut process = Process::new(&program, 0, STACK);
    let mut cut = 0;
    for (number, pc) in (0..300).zip(&entries) {
        let registers = Registers { pc: *pc, sp: STACK + number * 24 };
        memory.reads = 0;
        let known = process.caller(&mut program, 7, false, *pc, &mut || Some(registers), &mut memory);
        let super::Known::Caller(caller) = known.expect("it is sound") else { panic!("nothing has changed") };
        cut += u64::from(!caller.site.is_whole);
        assert!(memory.reads < 2 * WALK, "{}", memory.reads);
    }
    assert!(cut > 10, "{cut}");
}

#[test]
fn moduledata_at_the_end_of_memory_is_none() {
    let Some(known) = known() else { return skip() };
    let program = program(known.bytes);
    let image = &program.image;
    let pair = [image.table_address, image.table_address + image.table.names_offset()];
    for back in [8, 16, 64, 160, 167, 600] {
        let address = u64::MAX - back;
        let mut memory = Claimed::new(known.bytes, |at| Some(pair[usize::from(at / 8 % 2 == 1)]));
        let hint = Some(address);
        let found = Module::find(image, 0, hint, &mut Ration::new(), &mut memory);
        assert!(!matches!(found, Ok(Found::Module(_))));
    }
    // Data that claims to be loaded there.
    let mut image = program.image;
    image.module_address = None;
    for (address, size) in
        [(u64::MAX, 8), (u64::MAX - 7, u64::MAX), (u64::MAX - (64 << 10), u64::MAX), (1 << 40, u64::MAX)]
    {
        image.data = vec![(address, size); 16];
        let mut memory = Claimed::new(known.bytes, |_| Some(0));
        let found = Module::find(&image, 0, None, &mut Ration::new(), &mut memory);
        assert!(matches!(found, Ok(Found::NotYet)));
        assert!(memory.read_bytes <= 65 << 20, "{}", memory.read_bytes);
    }
}

#[test]
fn a_goroutine_of_another_layout_makes_no_sense() {
    let Some(known) = known() else { return skip() };
    let mut program = program(known.bytes);
    let mut memory = Claimed::new(known.bytes, |_| Some(0));
    let mut process = Process::new(&program, 0, STACK);
    let module = process.module(&mut program, &mut memory).expect("it is sound").expect("it is there");
    let view = View { image: &program.image, module: &module };
    let entry = known.text + u64::from(program.image.table.function(9).expect("a function").entry);
    let stack = Stack { g: HEAP, low: STACK, high: STACK + 4096, syscall_sp: 0, syscall_pc: 0 };
    let sound = G { stack, goid: 7, parent: Some(1), gopc: entry + 5, startpc: entry, machine: HEAP };
    let entered = Stack { syscall_sp: STACK + 8, syscall_pc: entry + 5, ..stack };
    for g in [
        sound,
        G { goid: 1, parent: Some(0), gopc: 0, ..sound },
        G { parent: None, gopc: 0, startpc: 0, ..sound },
        G { stack: entered, ..sound },
    ] {
        assert!(g.is_sound(&view), "{g:?}");
    }
    for g in [
        G { goid: 0, ..sound },
        G { goid: HEAP, ..sound },
        G { parent: Some(entry), ..sound },
        G { parent: Some(STACK), ..sound },
        G { gopc: HEAP, ..sound },
        G { startpc: entry + 1, ..sound },
        G { startpc: 12, ..sound },
        G { stack: Stack { high: STACK, ..stack }, ..sound },
        G { stack: Stack { syscall_sp: HEAP, ..entered }, ..sound },
        G { stack: Stack { syscall_pc: STACK, ..entered }, ..sound },
    ] {
        assert!(!g.is_sound(&view), "{g:?}");
    }
}

#[test]
fn a_stack_that_ends_before_it_begins_has_no_test() {
    let Some(known) = known() else { return skip() };
    let mut program = program(known.bytes);
    let mut memory = Claimed::new(known.bytes, |_| Some(u64::MAX));
    let mut process = Process::new(&program, 0, STACK);
    let module = process.module(&mut program, &mut memory).expect("it is sound").expect("it is there");
    let view = View { image: &program.image, module: &module };
    let functions = (0..program.image.table.count()).filter_map(|index| program.image.table.function(index));
    let is_runner =
        |pc: &u64| view.function_name(*pc).is_some_and(|name| name.starts_with(b"testing.(*T).Run."));
    let entries = functions.map(|function| known.text + u64::from(function.entry));
    let runner = entries.into_iter().find(is_runner).expect("the test runner is linked in");
    for (low, high) in [(u64::MAX, 0), (u64::MAX, 4096), (4096, 100), (0, u64::MAX), (8, 8)] {
        let stack = Stack { g: 0, low, high, syscall_sp: 0, syscall_pc: 0 };
        let g = G { stack, goid: 7, parent: None, gopc: 0, startpc: runner, machine: 0 };
        assert_eq!(test_name::of_runner(&view, &g, &mut memory), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_memory_ends(seed: u64, kinds in proptest::collection::vec(0u8..10, 1..12)) {
        if let Some(known) = known() {
            let (text, bss, size) = (known.text, known.bss, known.bss_end - known.bss);
            check(&known, |address| {
                let mut hash = (address ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                hash = (hash ^ hash >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                hash ^= hash >> 32;
                let kind = kinds[usize::try_from(hash % kinds.len() as u64).expect("small")];
                let some = hash >> 16;
                Some(match kind {
                    0 => 0,
                    1 => some % 300,
                    2 => text + some % 0x10_0000,
                    3 => (bss + some % size) & !7,
                    4 => (HEAP + some % 0x1_0000_0000) & !7,
                    5 => STACK + some % 4096,
                    6 => u64::MAX - some % 400,
                    7 => address,
                    8 => return (!some.is_multiple_of(3)).then_some(some),
                    _ => HEAP + some % 64 * 512,
                })
            });
        }
    }
}
