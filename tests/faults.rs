//! Each fault does what it says to a real program, at the occurrences it says.

use e2e::{Duress, Fired, Made, Module, Need, Outcome, caller, has};
use std::path::Path;

const NEEDS: &[Need] = &[Need::Go, Need::Notify];

// Errors as the program prints them.
const EPERM: i32 = 1;
const EIO: i32 = 5;
const E2BIG: i32 = 7;
const EACCES: i32 = 13;
const ENOSPC: i32 = 28;

/// Makes these calls under these flags, in this folder.
fn run_in(folder: &Path, flags: &[&str], calls: &[&str]) -> Outcome {
    Duress::new(folder, [&["run", "--format", "json"], flags, &["--", caller()], calls].concat()).run()
}

/// The same where the folder does not matter.
fn run(flags: &[&str], calls: &[&str]) -> Outcome {
    run_in(&std::env::temp_dir(), flags, calls)
}

/// The errors of the calls of this name, in order; 0 where there was none.
fn errors(outcome: &Outcome, call: &str) -> Vec<i32> {
    Made::all(outcome).into_iter().filter(|made| made.call == call).map(|made| made.errno).collect()
}

fn only(outcome: &Outcome) -> Made {
    let [made] = &Made::all(outcome)[..] else { panic!("one call was made\n{outcome:?}") };
    made.clone()
}

#[test]
fn an_error_is_what_the_program_gets_and_the_call_is_not_made() {
    if !has(NEEDS) {
        return;
    }
    let folder = Module::new(&[]);
    let outcome = run_in(folder.path(), &["-e", "mkdirat:error=ENOSPC"], &["mkdir"]);
    assert_eq!(only(&outcome).errno, ENOSPC, "{outcome:?}");
    assert!(!folder.join("made").exists(), "the call was made all the same\n{outcome:?}");
    let outcome = run_in(folder.path(), &["-e", "acct:error=ENOSPC"], &["mkdir"]);
    assert_eq!(only(&outcome).errno, 0, "{outcome:?}");
    assert!(folder.join("made").is_dir(), "without the fault it is made\n{outcome:?}");
}

#[test]
fn a_value_is_what_the_program_gets_and_the_call_is_not_made() {
    if !has(NEEDS) {
        return;
    }
    let folder = Module::new(&[]);
    let rules = ["-e", "mkdirat:retval=0", "-e", "getpgid:retval=4242"];
    let outcome = run_in(folder.path(), &rules, &["mkdir", "getpgid"]);
    let made = Made::all(&outcome);
    assert_eq!((made[0].errno, made[1].errno, made[1].result), (0, 0, 4242), "{outcome:?}");
    assert!(!folder.join("made").exists(), "the call was made all the same\n{outcome:?}");
}

#[test]
fn delays_hold_the_caller_before_the_call_or_after_its_answer() {
    if !has(NEEDS) {
        return;
    }
    let check = |rule: &str, least_us: u64, errno: i32, is_made: bool| {
        let folder = Module::new(&[]);
        let outcome = run_in(folder.path(), &["-e", rule], &["mkdir"]);
        let made = only(&outcome);
        assert!(made.took_us >= least_us, "{rule}: {made:?}\n{outcome:?}");
        assert_eq!((made.errno, folder.join("made").exists()), (errno, is_made), "{rule}\n{outcome:?}");
    };
    check("mkdirat:delay_enter=60ms", 60_000, 0, true);
    // strace's unit: a bare number is microseconds.
    check("mkdirat:delay_enter=60000", 60_000, 0, true);
    check("mkdirat:error=ENOSPC:delay_exit=60ms", 60_000, ENOSPC, false);
    check("mkdirat:retval=0:delay_enter=40ms:delay_exit=40ms", 80_000, 0, false);
}

#[test]
fn what_no_mechanism_that_may_be_used_can_do_is_refused_before_anything_is_launched() {
    if !has(NEEDS) {
        return;
    }
    let folder = Module::new(&[]);
    let outcome =
        run_in(folder.path(), &["--mechanism", "notify", "-e", "mkdirat:delay_exit=5ms"], &["mkdir"]);
    outcome.expect_code(2).expect_stderr(&[
        "error: rule `rule-1` needs holding a call after it was executed",
        " --> -e:1:9",
        "1 | mkdirat:delay_exit=5ms",
        "  |         ^^^^^^^^^^^^^^ no mechanism that may be used here can do this",
        "help: use `delay_enter`",
    ]);
    assert_eq!(outcome.stdout, "");
    assert!(!folder.join("made").exists(), "the program ran\n{outcome:?}");
}

#[test]
fn when_hits_exactly_the_occurrences_it_names() {
    if !has(NEEDS) {
        return;
    }
    let check = |when: &str, expect: &[u64]| {
        let rule = format!("getpgid:error=EPERM:when={when}");
        // Other calls between them are no occurrences.
        let outcome = run(&["-e", &rule], &["getpgid*5", "getppid*3", "getpgid*7"]);
        assert_eq!(Made::failed(&outcome, "getpgid"), expect, "{when}\n{outcome:?}");
        assert_eq!(Fired::occurrences(&outcome, "rule-1"), expect, "{when}\n{outcome:?}");
        assert_eq!(outcome.json()["faults"]["matched"], 12, "{when}\n{outcome:?}");
        assert!(errors(&outcome, "getppid").iter().all(|errno| *errno == 0), "{when}\n{outcome:?}");
    };
    check("3", &[3]);
    check("3+", &[3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    check("3+2", &[3, 5, 7, 9, 11]);
    check("3..9", &[3, 4, 5, 6, 7, 8, 9]);
    check("3..9+2", &[3, 5, 7, 9]);
    check("12..99", &[12]);
    check("13", &[]);
}

#[test]
fn rate_hits_the_same_occurrences_for_the_same_seed_and_others_for_another() {
    if !has(NEEDS) {
        return;
    }
    let picked = |flags: &[&str], environment: &str| {
        let rule = ["run", "--format", "json", "-e", "getpgid:error=EPERM:rate=0.3"];
        let arguments = [&rule, flags, &["--", caller(), "getpgid*200"]].concat();
        let outcome = Duress::new(&std::env::temp_dir(), arguments).env("DURESS_SEED", environment).run();
        let failed = Made::failed(&outcome, "getpgid");
        assert_eq!(Fired::occurrences(&outcome, "rule-1"), failed, "{outcome:?}");
        failed
    };
    let seven = picked(&["--seed", "7"], "8");
    // 60 are likely, with a deviation of 6.5.
    assert!((25..=95).contains(&seven.len()), "{seven:?}");
    assert_eq!(picked(&["--seed", "7"], "9"), seven);
    assert_eq!(picked(&[], "7"), seven, "the variable means the same as the flag");
    assert_ne!(picked(&["--seed", "8"], "7"), seven);
}

#[test]
fn the_share_of_one_is_every_call() {
    if !has(NEEDS) {
        return;
    }
    let outcome = run(&["-e", "getpgid:error=EPERM:rate=100%"], &["getpgid*50"]);
    assert_eq!(Made::failed(&outcome, "getpgid"), (1..=50).collect::<Vec<u64>>(), "{outcome:?}");
}

#[test]
fn a_set_means_every_call_in_it_and_no_other() {
    if !has(NEEDS) {
        return;
    }
    let check = |set: &str, expect: [i32; 3]| {
        let folder = Module::new(&[("absent", "is here\n")]);
        let rule = format!("{set}:error=EACCES");
        let outcome = run_in(folder.path(), &["-e", &rule], &["mkdir", "open", "getpgid"]);
        let errors: Vec<i32> = Made::all(&outcome).iter().map(|made| made.errno).collect();
        assert_eq!(errors, expect, "{set}\n{outcome:?}");
    };
    check("%file", [EACCES, EACCES, 0]);
    check("mkdirat,getpgid", [EACCES, 0, EACCES]);
    check("?no_such_call,openat", [0, EACCES, 0]);
    let rule = "!getpgid,rt_sigreturn:delay_enter=1us";
    let outcome = run(&["-e", rule], &["getpgid*9", "getppid*9"]);
    let count = |call: &str| Fired::all(&outcome).iter().filter(|fired| fired.syscall == call).count();
    assert_eq!((count("getpgid"), count("getppid")), (0, 9), "{outcome:?}");
    assert!(count("mmap") > 0 && count("write") > 0, "{outcome:?}");
}

#[test]
fn the_first_rule_that_wants_a_call_hits_it_and_all_of_them_count_it() {
    if !has(NEEDS) {
        return;
    }
    let rules = [
        "-e",
        "getpgid:error=EPERM:when=2..3:name=narrow",
        "-e",
        "getpgid,getppid:error=EIO:when=3..5:name=wide",
    ];
    let outcome = run(&rules, &["getpgid*3", "getppid*3"]);
    assert_eq!(errors(&outcome, "getpgid"), [0, EPERM, EPERM], "{outcome:?}");
    assert_eq!(errors(&outcome, "getppid"), [EIO, EIO, 0], "{outcome:?}");
    assert_eq!(Fired::occurrences(&outcome, "narrow"), [2, 3], "{outcome:?}");
    assert_eq!(Fired::occurrences(&outcome, "wide"), [4, 5], "{outcome:?}");
    let json = outcome.json();
    let counts = |at: usize| (json["rules"][at]["matched"].as_u64(), json["rules"][at]["fired"].as_u64());
    assert_eq!((counts(0), counts(1)), ((Some(3), Some(2)), (Some(6), Some(2))), "{outcome:?}");
    assert_eq!(json["faults"]["matched"], 6, "a call that two rules name is one call\n{outcome:?}");
}

#[test]
fn watched_calls_are_counted_and_left_alone() {
    if !has(NEEDS) {
        return;
    }
    let folder = Module::new(&[]);
    let calls = ["getpgid*12", "mkdir", "open"];
    let outcome = run_in(folder.path(), &["--watch", "getpgid", "--watch", "%file,acct"], &calls);
    let (json, enoent) = (outcome.expect_code(0).json(), 2);
    assert_eq!(
        (&json["calls"]["getpgid"], &json["calls"]["mkdirat"]),
        (&12.into(), &1.into()),
        "{outcome:?}"
    );
    assert!(json["calls"].get("getppid").is_none(), "{outcome:?}");
    assert_eq!((&json["verdict"], json["rules"].as_array().map(Vec::len)), (&"unaffected".into(), Some(0)));
    assert_eq!((errors(&outcome, "mkdir"), errors(&outcome, "open")), (vec![0], vec![enoent]), "{outcome:?}");
    assert!(Made::failed(&outcome, "getpgid").is_empty() && folder.join("made").is_dir(), "{outcome:?}");
}

#[test]
fn children_are_under_duress_and_counted_with_their_parent() {
    if !has(NEEDS) {
        return;
    }
    let outcome = run(&["-e", "getpgid:error=EPERM:when=4..6"], &["getpgid*2", "child", "getpgid*2"]);
    // Two of the parent, three of the child, two of the parent: the child's second and third, the parent's third.
    assert_eq!(errors(&outcome, "getpgid"), [0, 0, 0, EPERM, EPERM, EPERM, 0], "{outcome:?}");
    let json = outcome.json();
    let pid = |at: usize| json["fired"][at]["pid"].as_i64().expect("the process is known");
    let parent = json["subjects"][0]["pid"].as_i64().expect("a subject has a process");
    assert_eq!(json["subjects"].as_array().map(Vec::len), Some(1), "{outcome:?}");
    assert_eq!((pid(0), pid(2)), (pid(1), parent), "{outcome:?}");
    assert_ne!(pid(0), parent, "{outcome:?}");
}

#[test]
fn the_execve_of_the_launch_is_never_hit() {
    if !has(NEEDS) {
        return;
    }
    let outcome = run(&["-e", "execve:error=E2BIG"], &["getpgid", "exec*2"]);
    assert_eq!(
        (errors(&outcome, "getpgid"), errors(&outcome, "exec")),
        (vec![0], vec![E2BIG, E2BIG]),
        "{outcome:?}"
    );
    assert_eq!(Fired::occurrences(&outcome, "rule-1"), [1, 2], "{outcome:?}");
}

#[test]
fn what_is_launched_twice_is_two_subjects_with_counts_of_their_own() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::with_test(
        &["fmt", "syscall"],
        "for i := 1; i <= 3; i++ {\n\t_, _, err := syscall.RawSyscall(syscall.SYS_GETPGID, 0, 0, 0)\n\tfmt.Println(i, err)\n}",
    );
    module.write("twice", "#!/bin/sh\n\"$@\" && \"$@\"\n");
    let run = ["run", "--format", "json", "-e", "getpgid:error=EPERM:when=2"];
    let command = ["--", "go", "test", "-exec", "sh ./twice", "."];
    let outcome = Duress::new(module.path(), [run.as_slice(), &command].concat()).run();
    let hit = |subject: &str| Fired {
        subject: subject.to_owned(),
        rule: "rule-1".to_owned(),
        occurrence: 2,
        syscall: "getpgid".to_owned(),
        outcome: "EPERM".to_owned(),
    };
    assert_eq!(Fired::all(&outcome), [hit("example.com/x"), hit("example.com/x#2")], "{outcome:?}");
}
