//! Calls that are executed under a fault: what really happened is in the kernel, what was told is another matter.

use e2e::{Fired, Made, Module, Need, Outcome, has, read_by, run_raw};
use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use std::fs;

const NEEDS: &[Need] = &[Need::C, Need::Notify, Need::Trace];

// Errors as the program prints them.
const EIO: i32 = 5;
const EAGAIN: i32 = 11;

/// Runs in a folder of its own with a file `from`, and gives the folder too.
fn run(rules: &[&str], words: &[&str]) -> (Module, Outcome) {
    let folder = Module::new(&[("from", "what is here\n")]);
    let outcome = run_raw(folder.path(), &[], rules, words);
    (folder, outcome)
}

fn text(folder: &Module, name: &str) -> Option<String> {
    fs::read_to_string(folder.join(name)).ok()
}

const SAVED: &str = "a=openat:AT_FDCWD:saved:O_CREAT|O_RDWR:0600";

#[test]
fn a_lie_about_a_rename_leaves_the_file_renamed() {
    if !has(NEEDS) {
        return;
    }
    let (folder, outcome) = run(&["renameat:lie=EIO"], &["renameat:AT_FDCWD:from:AT_FDCWD:to"]);
    assert_eq!(Made::errors(&outcome, "renameat"), [EIO], "{outcome:?}");
    assert_eq!((text(&folder, "from"), text(&folder, "to").as_deref()), (None, Some("what is here\n")));
    let [fired] = &Fired::all(&outcome)[..] else { panic!("one call is hit\n{outcome:?}") };
    assert_eq!(fired.outcome, "executed, told EIO, really = 0", "{outcome:?}");
    // Told that all is well where it is not.
    let (folder, outcome) = run(&["renameat:lie=0"], &["renameat:AT_FDCWD:none:AT_FDCWD:to"]);
    assert_eq!((Made::errors(&outcome, "renameat"), text(&folder, "to")), (vec![0], None), "{outcome:?}");
    assert_eq!(Fired::all(&outcome)[0].outcome, "executed, told = 0, really ENOENT", "{outcome:?}");
}

#[test]
fn a_lie_about_a_write_leaves_the_data_written() {
    if !has(NEEDS) {
        return;
    }
    let check = |lie: &str, told: i64, errno: i32| {
        let (folder, outcome) =
            run(&[&format!("write:lie={lie}:where=path(**/saved)")], &[SAVED, "write:@a:abcdef:6"]);
        let made = (Made::results(&outcome, "write"), Made::errors(&outcome, "write"));
        assert_eq!(made, (vec![told], vec![errno]), "{lie}\n{outcome:?}");
        assert_eq!(text(&folder, "saved").as_deref(), Some("abcdef"), "{lie}\n{outcome:?}");
    };
    check("EIO", -1, EIO);
    check("0", 0, 0);
    check("+5", 11, 0);
    check("-2", 4, 0);
    check("3", 3, 0);
}

#[test]
fn lies_about_fsync_and_close_are_told_and_the_descriptor_is_gone() {
    if !has(NEEDS) {
        return;
    }
    let words = [SAVED, "fsync:@a", "close:@a", "close:@a", "fsync:@a"];
    let ebadf = 9;
    let (_folder, outcome) = run(&["fsync:lie=EIO:limit=1", "close:lie=EIO:where=path(**/saved)"], &words);
    assert_eq!(Made::errors(&outcome, "close"), [EIO, ebadf], "{outcome:?}");
    assert_eq!(Made::errors(&outcome, "fsync"), [EIO, ebadf], "{outcome:?}");
}

#[test]
fn a_child_of_a_lie_is_there_and_ended_with_the_run() {
    if !has(NEEDS) {
        return;
    }
    let (_folder, outcome) = run(&["clone,clone3,fork:lie=EAGAIN"], &["child", "pause", "end", "getpgid:0"]);
    assert_eq!(Made::errors(&outcome, "child"), [EAGAIN], "{outcome:?}");
    assert_eq!(Made::errors(&outcome, "getpgid"), [0], "{outcome:?}");
    let fired = Fired::all(&outcome);
    let pid = fired[0].outcome.strip_prefix("executed, told EAGAIN, really = ").expect(&fired[0].outcome);
    let pid = Pid::from_raw(pid.parse().expect("a process has a number"));
    assert_eq!(outcome.json()["stragglers"], 1, "{outcome:?}");
    assert_eq!(kill(pid, None), Err(Errno::ESRCH), "the child is still there\n{outcome:?}");
}

#[test]
fn a_short_transfer_is_what_the_kernel_did_and_the_rest_is_not_lost() {
    if !has(NEEDS) {
        return;
    }
    let rules = ["write:short=3:where=path(**/saved)", "pread64,read:short=2:where=path(**/saved)"];
    let words = [
        SAVED,
        "write:@a:abcdef:6",
        "write:@a:d:1",
        "lseek:@a:0:0",
        "read:@a:&9:9",
        "read:@a:&9:9",
        "read:@a:&9:9",
    ];
    let (folder, outcome) = run(&rules, &words);
    assert_eq!(Made::results(&outcome, "write"), [3, 1], "{outcome:?}");
    assert_eq!(Made::results(&outcome, "read"), [2, 2, 0], "{outcome:?}");
    assert_eq!(read_by(&outcome), ["ab", "cd"], "{outcome:?}");
    assert_eq!(text(&folder, "saved").as_deref(), Some("abcd"), "{outcome:?}");
}

#[test]
fn a_changed_argument_is_what_the_kernel_sees() {
    if !has(NEEDS) {
        return;
    }
    let (folder, outcome) = run(
        &["openat:arg3=O_RDONLY:where=path(**/saved)", "mkdirat:arg3=0x1e8", "lseek:arg2=4:arg3=0"],
        &[SAVED, "mkdirat:AT_FDCWD:made:0700", "f=openat:AT_FDCWD:from:0", "lseek:@f:1:1"],
    );
    let enoent = 2;
    assert_eq!(Made::errors(&outcome, "openat"), [enoent, 0], "{outcome:?}");
    assert_eq!(Made::results(&outcome, "lseek"), [4], "{outcome:?}");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(folder.join("made")).expect("it was made").permissions(),
    );
    assert_eq!(mode & 0o777, 0o750, "{outcome:?}");
}

#[test]
fn an_argument_is_a_number_as_c_writes_it() {
    if !has(NEEDS) {
        return;
    }
    let check = |number: &str, told: i64| {
        let (_folder, outcome) =
            run(&[&format!("lseek:arg2={number}")], &["f=openat:AT_FDCWD:from:0", "lseek:@f:1:0"]);
        assert_eq!(Made::results(&outcome, "lseek"), [told], "{number}\n{outcome:?}");
    };
    check("12", 12);
    check("0x12", 0x12);
    check("012", 0o12);
}

#[test]
fn another_call_is_executed_in_the_place_of_this_one_with_its_result() {
    if !has(NEEDS) {
        return;
    }
    let (folder, outcome) = run(
        &["getppid:syscall=getpid", "unlinkat:syscall=getpid:when=1"],
        &["getppid", "getpid", "unlinkat:AT_FDCWD:from:0"],
    );
    assert_eq!(Made::results(&outcome, "getppid"), Made::results(&outcome, "getpid"), "{outcome:?}");
    assert!(folder.join("from").exists(), "it was removed\n{outcome:?}");
}

#[test]
fn bytes_are_changed_before_the_kernel_reads_them_and_after_it_wrote_them() {
    if !has(NEEDS) {
        return;
    }
    let rules = [
        "write:poke_enter=@arg2=5859:where=path(**/saved)",
        "pread64:poke_exit=@arg2=5a:where=path(**/saved)",
    ];
    let (folder, outcome) = run(&rules, &[SAVED, "write:@a:abcdef:6", "pread64:@a:&9:9:0"]);
    assert_eq!(text(&folder, "saved").as_deref(), Some("XYcdef"), "{outcome:?}");
    assert_eq!(read_by(&outcome), ["ZYcdef"], "{outcome:?}");
    // Where there is no memory nothing can be written, and the call is made all the same.
    let (_folder, outcome) = run(&["write:poke_enter=@arg2=58"], &[SAVED, "write:@a:1:6"]);
    assert_eq!(outcome.json()["faults"]["undelivered"], 1, "{outcome:?}");
    assert_eq!(Made::errors(&outcome, "write"), [14], "{outcome:?}");
    outcome.expect_code(4).expect_stdout(&["the memory that an argument points to cannot be written"]);
}
