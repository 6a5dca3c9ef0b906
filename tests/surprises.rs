//! What Go makes of the faults that no simple error is: ends of threads and processes, readiness, other content, interruptions.

use e2e::{Duress, Fired, Module, Need, Outcome, has, read_by, run_raw, run_worker};

const NEEDS: &[Need] = &[Need::Go, Need::Notify];

/// What the program printed: with JSON on standard output it is on standard error.
#[track_caller]
fn expect_said(outcome: &Outcome, line: &str) {
    assert!(outcome.stderr.lines().any(|one| one == line), "it did not say `{line}`\n{outcome:?}");
}

#[test]
fn a_thread_that_vanishes_hangs_only_what_waits_for_it() {
    if !(has(NEEDS) && has(&[Need::Trace])) {
        return;
    }
    let outcome = run_worker(&["--timeout", "3s"], &["getpgid:kill=thread"], &["vanish"]);
    let json = outcome.expect_code(1).json();
    assert_eq!((&json["verdict"], &json["mechanism"]), (&"hung".into(), &"trace".into()), "{outcome:?}");
    for count in 1..=5 {
        expect_said(&outcome, &format!("others {count} \"e2e-worker\\n\" <nil>"));
    }
    assert!(!outcome.stderr.contains("it came back"), "{outcome:?}");
    assert_eq!(Fired::all(&outcome)[0].outcome, "thread killed", "{outcome:?}");
    assert_eq!(json["stragglers"], 0, "{outcome:?}");
}

#[test]
fn a_process_that_is_killed_dies_of_sigsys_and_its_parent_is_told() {
    if !(has(NEEDS) && has(&[Need::Trace])) {
        return;
    }
    let outcome = run_worker(&[], &["getpgid:kill=process"], &["call"]);
    let json = outcome.expect_code(1).json();
    assert_eq!((&json["verdict"], &json["findings"][0]["kind"]), (&"crashed".into(), &"signal".into()));
    assert_eq!(json["command_ending"], "ended by signal 31", "{outcome:?}");
    assert!(!outcome.stderr.contains("called"), "the call came back\n{outcome:?}");
    assert_eq!(Fired::all(&outcome)[0].outcome, "process killed", "{outcome:?}");
    // A child's end is the parent's to see.
    let words = ["clone:SIGCHLD", "getpgid:0", "reap", "exit_group:7"];
    if has(&[Need::C]) {
        let rules = ["getpgid:kill=process:where=child(1)"];
        let outcome = run_raw(&std::env::temp_dir(), &[], &rules, &words);
        outcome.expect_stderr(&["made reap 1 result=159 errno=0"]);
        assert_eq!(outcome.json()["command_ending"], "exit status 7", "{outcome:?}");
    }
}

#[test]
fn a_trap_is_go_s_own_crash_by_sigsys() {
    if !(has(NEEDS) && has(&[Need::Trace])) {
        return;
    }
    let module = Module::with_test(&["syscall"], "syscall.RawSyscall(syscall.SYS_GETPGID, 0, 0, 0)");
    let line = ["run", "--format", "json", "-e", "getpgid:kill=trap", "--", "go", "test", "."];
    let outcome = Duress::new(module.path(), line).run();
    let json = outcome.expect_code(1).json();
    assert_eq!(json["verdict"], "crashed", "{outcome:?}");
    let finding = &json["findings"][0];
    assert_eq!(finding["evidence"], "SIGSYS: bad system call", "{outcome:?}");
    assert_eq!(finding["test"], "TestX", "{outcome:?}");
    // si_code SYS_SECCOMP, as the kernel's own trap has it; Go prints it.
    outcome.expect_stderr(&["SIGSYS: bad system call\n", "sigcode=1", "syscall.RawSyscall("]);
}

#[test]
fn sockets_that_are_not_ready_become_so_and_nothing_hangs() {
    if !has(NEEDS) {
        return;
    }
    for rate in ["0.5", "0.9"] {
        let rule = format!("read,write,accept4:not_ready:rate={rate}:where=fdkind(socket)");
        let outcome = run_worker(&["--timeout", "20s"], &[&rule], &["sockets"]);
        let json = outcome.expect_code(0).json();
        expect_said(&outcome, "sockets fine");
        assert!(json["faults"]["fired"].as_u64() > Some(100), "{outcome:?}");
        assert_eq!(
            (&json["faults"]["undelivered"], &json["mechanism"]),
            (&0.into(), &"notify".into()),
            "{outcome:?}"
        );
        assert_eq!(json["fired"][0]["outcome"], "EAGAIN until ready", "{outcome:?}");
        for call in ["read", "write", "accept4"] {
            assert!(
                json["fired"].as_array().is_some_and(|all| all.iter().any(|one| one["syscall"] == call)),
                "{call}\n{outcome:?}"
            );
        }
    }
}

#[test]
fn what_no_event_could_follow_is_passed_on_and_not_counted_as_a_fault() {
    if !has(&[Need::C, Need::Notify]) {
        return;
    }
    let folder = Module::new(&[("file", "file")]);
    let words = ["pipe:r:w", "write:@w:pipe:4", "read:@r:&8:8", "a=openat:AT_FDCWD:file:0", "read:@a:&8:8"];
    let outcome = run_raw(folder.path(), &[], &["read:not_ready:where=fdkind(pipe) | path(**/file)"], &words);
    assert_eq!(read_by(&outcome), ["pipe", "file"], "{outcome:?}");
    // Nothing befell the program.
    let json = outcome.expect_code(4).json();
    let counts = ["matched", "fired", "undelivered"].map(|key| json["rules"][0][key].as_u64());
    assert_eq!((&json["verdict"], counts), (&"vacuous".into(), [Some(2), Some(0), Some(2)]), "{outcome:?}");
    assert_eq!(
        json["fired"][0]["outcome"],
        "does not fit: no epoll set of the process watches this descriptor, so no event could follow an EAGAIN"
    );
    let show = Duress::new(folder.path(), ["show", "last"]).home_of(&outcome).run();
    show.expect_stdout(&["does not fit: no epoll set of the process watches this descriptor"]);
}

#[test]
fn what_go_opens_has_the_other_content_and_is_closed_by_execve_as_before() {
    if !has(NEEDS) {
        return;
    }
    let folder = Module::new(&[("truth", "the truth\n"), ("other", "something else\n")]);
    let [truth, other] = ["truth", "other"].map(|name| folder.join(name).display().to_string());
    let rule = |fault: &str| format!("openat:{fault}:where=path({truth})");
    let check = |fault: &str, words: [&str; 2], said: &str| {
        let outcome = run_worker(&[], &[&rule(fault)], &words);
        let json = outcome.expect_code(0).json();
        expect_said(&outcome, said);
        assert_eq!(
            (&json["faults"]["fired"], &json["mechanism"]),
            (&1.into(), &"notify".into()),
            "{outcome:?}"
        );
        assert_eq!(json["fired"][0]["outcome"], "other content", "{outcome:?}");
    };
    check(&format!("content={other}"), ["read", &truth], "read \"something else\\n\" <nil>");
    check("text=a few words", ["read", &truth], "read \"a few words\" <nil>");
    check("text=", ["read", &truth], "read \"\" <nil>");
    // FD_CLOEXEC is 1.
    check(&format!("content={other}"), ["flags", &truth], "flags 1 0");
    assert_eq!(
        std::fs::read_to_string(&truth).expect("it is there"),
        "the truth\n",
        "the file itself was changed"
    );

    for (unreadable, why) in [("/nonexistent/file", "No such file"), ("/", "it is no regular file")] {
        let outcome = run_worker(&[], &[&rule(&format!("content={unreadable}"))], &["read", &truth]);
        let said = format!("error: cannot read `{unreadable}`: {why}");
        outcome.expect_code(2).expect_stderr(&[&said, "help: name a file that can be read"]);
    }
}

#[test]
fn io_that_is_interrupted_all_the_time_comes_to_its_end() {
    if !(has(NEEDS) && has(&[Need::Trace])) {
        return;
    }
    let check = |rule: &str, word: &str, said: &str| {
        let outcome = run_worker(&[], &[rule], &[word]);
        let json = outcome.expect_code(0).json();
        expect_said(&outcome, said);
        assert!(json["faults"]["fired"].as_u64() > Some(20), "{rule}\n{outcome:?}");
    };
    check("read,write:error=EINTR:rate=0.8", "streams", "streams 1048576 true");
    check("read,write:interrupt=SIGURG:rate=0.8", "streams", "streams 1048576 true");
    check("read,write,accept4:interrupt=SIGWINCH:burst=5/1", "sockets", "sockets fine");
    check("read,write,accept4,epoll_pwait:error=EINTR:rate=0.5", "sockets", "sockets fine");
}

#[test]
fn an_interruption_is_repeated_behind_sa_restart_and_else_told() {
    if !has(&[Need::C, Need::Notify, Need::Trace]) {
        return;
    }
    // The program has no handlers: what is ignored by default is repeated.
    let words = ["pipe:r:w", "write:@w:pipe:4", "read:@r:&8:8"];
    let rule = "read:interrupt=SIGWINCH:limit=3:where=fdkind(pipe)";
    let outcome = run_raw(&std::env::temp_dir(), &[], &[rule], &words);
    assert_eq!(read_by(&outcome), ["pipe"], "{outcome:?}");
    assert_eq!(Fired::occurrences(&outcome, "rule-1"), [1, 2, 3], "{outcome:?}");
    assert_eq!(outcome.json()["faults"]["matched"], 4, "{outcome:?}");
}
