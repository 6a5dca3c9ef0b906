//! Exhaustion is a state: what is used up stays used up until some of it is given back.

use e2e::{Made, Module, Need, has, read_by, run_raw};
use std::fs;

const NEEDS: &[Need] = &[Need::C, Need::Notify];

// Errors as the program prints them.
const ENOMEM: i32 = 12;
const EAGAIN: i32 = 11;
const EMFILE: i32 = 24;
const ENOSPC: i32 = 28;

#[test]
fn without_descriptors_nothing_opens_until_some_are_closed() {
    if !has(NEEDS) {
        return;
    }
    let folder = Module::new(&[("file", "text\n")]);
    // How many the program inherits is not ours to say.
    let words = [
        "openat:AT_FDCWD:file:0*50",
        "socket:AF_INET:SOCK_STREAM:0",
        "close:20",
        "close:21",
        "openat:AT_FDCWD:file:0",
        "socket:AF_INET:SOCK_STREAM:0",
        "openat:AT_FDCWD:file:0*2",
        "close:22",
        "openat:AT_FDCWD:file:0*2",
    ];
    let outcome = run_raw(folder.path(), &[], &["openat,socket:max_descriptors=40"], &words);
    let opened = Made::errors(&outcome, "openat");
    let fit = opened.iter().position(|errno| *errno != 0).expect("they are used up");
    assert!((20..=37).contains(&fit), "{fit}\n{outcome:?}");
    assert!(opened[fit..50].iter().all(|errno| *errno == EMFILE), "{outcome:?}");
    assert_eq!(opened[50..], [0, EMFILE, EMFILE, 0, EMFILE], "{outcome:?}");
    assert_eq!(Made::errors(&outcome, "socket"), [EMFILE, 0], "{outcome:?}");
    // Its children have their own; the program's are closed in one of them.
    let words = [
        "openat:AT_FDCWD:file:0*50",
        "child",
        "close:20",
        "openat:AT_FDCWD:file:0*2",
        "end",
        "openat:AT_FDCWD:file:0",
    ];
    let outcome = run_raw(folder.path(), &[], &["openat:max_descriptors=40"], &words);
    assert_eq!(Made::errors(&outcome, "openat")[50..], [0, EMFILE, EMFILE], "{outcome:?}");
}

#[test]
fn without_memory_nothing_maps_until_some_is_unmapped() {
    if !has(NEEDS) {
        return;
    }
    let map = |size: &str| format!("mmap:0:{size}:PROT_NONE:MAP_PRIVATE|MAP_ANONYMOUS:-1:0");
    let (quarter, half) = (map("0x10000000"), map("0x20000000"));
    let words = [
        &format!("q={quarter}"),
        &half,
        &half,
        &quarter,
        "munmap:@q:0x10000000",
        &half,
        &quarter,
        &quarter,
        "child",
        &quarter,
        "end",
    ];
    let outcome = run_raw(&std::env::temp_dir(), &[], &["mmap:max_memory=1GiB"], &words);
    let errors = Made::errors(&outcome, "mmap");
    // A child has its parent's memory. What is too much fails, and what fits is mapped.
    assert_eq!(errors, [0, 0, ENOMEM, ENOMEM, ENOMEM, 0, ENOMEM, ENOMEM], "{outcome:?}");
    let roomy = run_raw(&std::env::temp_dir(), &[], &["mmap:max_memory=8GiB"], &words);
    assert!(Made::errors(&roomy, "mmap").iter().all(|errno| *errno == 0), "{roomy:?}");
}

#[test]
fn without_threads_none_starts_and_other_processes_have_their_own() {
    if !has(NEEDS) {
        return;
    }
    let words = ["thread*6", "child", "thread*6", "end", "thread"];
    let outcome = run_raw(&std::env::temp_dir(), &[], &["clone3,clone:max_threads=4"], &words);
    let expect = [0, 0, 0, EAGAIN, EAGAIN, EAGAIN];
    // What a fork makes is a process with one thread.
    let errors = Made::errors(&outcome, "thread");
    assert_eq!(errors, [&expect[..], &expect, &[EAGAIN]].concat(), "{outcome:?}");
}

#[test]
fn a_full_disk_takes_the_exact_rest_and_then_nothing_from_anybody() {
    if !(has(NEEDS) && has(&[Need::Trace])) {
        return;
    }
    let folder = Module::new(&[]);
    let words = [
        "a=openat:AT_FDCWD:disk:O_CREAT|O_RDWR|O_APPEND:0600",
        "write:@a:abcdef:6",
        "child",
        "write:@a:ghijkl:6",
        "write:@a:m:1",
        "end",
        "write:@a:n:1",
        "ftruncate:@a:3",
        "write:@a:o:1*2",
        "pipe:r:w",
        "write:@w:pipes are no disks:18",
        "read:@r:&30:30",
    ];
    let outcome = run_raw(folder.path(), &[], &["write:max_disk=10:where=fdkind(file)"], &words);
    assert_eq!(Made::results(&outcome, "write"), [6, 4, -1, -1, -1, -1, 18], "{outcome:?}");
    assert_eq!(Made::errors(&outcome, "write"), [0, 0, ENOSPC, ENOSPC, ENOSPC, ENOSPC, 0], "{outcome:?}");
    assert_eq!(read_by(&outcome), ["pipes are no disks"], "{outcome:?}");
    assert_eq!(fs::read_to_string(folder.join("disk")).expect("it was written"), "abc", "{outcome:?}");

    // Where it fits exactly nothing is short.
    let folder = Module::new(&[]);
    let words = [
        "a=openat:AT_FDCWD:disk:O_CREAT|O_RDWR:0600",
        "write:@a:abcdef:6",
        "pwrite64:@a:ghij:4:6",
        "write:@a:k:1",
    ];
    let outcome = run_raw(folder.path(), &[], &["write,pwrite64:max_disk=10:where=path(**/disk)"], &words);
    let errors = (Made::errors(&outcome, "write"), Made::results(&outcome, "pwrite64"));
    assert_eq!(errors, (vec![0, ENOSPC], vec![4]), "{outcome:?}");
    assert_eq!(fs::read_to_string(folder.join("disk")).expect("it was written"), "abcdefghij");
}

#[test]
fn a_go_program_on_a_full_disk_is_told_and_leaves_what_fitted() {
    if !has(&[Need::Go, Need::Notify, Need::Trace]) {
        return;
    }
    let body = r#"err := os.WriteFile("saved", bytes.Repeat([]byte("x"), 100), 0o600)
	saved, _ := os.ReadFile("saved")
	if !errors.Is(err, syscall.ENOSPC) || len(saved) != 64 {
		t.Fatal(err, len(saved))
	}"#;
    let module = Module::with_test(&["bytes", "errors", "os", "syscall"], body);
    let rule = "write:max_disk=64:where=path(**/saved)";
    let line = ["run", "--format", "json", "-e", rule, "--", "go", "test", "."];
    let outcome = e2e::Duress::new(module.path(), line).run();
    let json = outcome.expect_code(0).json();
    assert_eq!(json["faults"]["fired"], 2, "a short write and an error\n{outcome:?}");
    assert_eq!(json["tests"][0]["result"], "pass", "{outcome:?}");
}
