//! Quiet rules: the kernel's filter fails the calls alone, and nobody counts them.

use e2e::{Duress, Made, Module, Need, Outcome, has, run_raw};

const NEEDS: &[Need] = &[Need::C, Need::Notify];

// Errors as the program prints them.
const EPERM: i32 = 1;
const EACCES: i32 = 13;

fn run(flags: &[&str], rules: &[&str], words: &[&str]) -> Outcome {
    run_raw(&std::env::temp_dir(), flags, rules, words)
}

#[test]
fn a_quiet_rule_fails_its_calls_and_is_not_counted() {
    if !has(NEEDS) {
        return;
    }
    let words = ["getpgid:0*50", "child", "getpgid:0", "end", "getppid"];
    let outcome = run(&[], &["getpgid:error=EPERM:quiet"], &words);
    // It is not vacuous, for nobody knows whether it fired.
    let json = outcome.expect_code(0).json();
    assert!(Made::errors(&outcome, "getpgid").iter().all(|errno| *errno == EPERM), "{outcome:?}");
    assert_eq!(Made::errors(&outcome, "getppid"), [0], "{outcome:?}");
    assert_eq!(
        (&json["verdict"], &json["mechanism"]),
        (&"unaffected".into(), &"quiet".into()),
        "{outcome:?}"
    );
    let rule = &json["rules"][0];
    assert_eq!((&rule["quiet"], &rule["matched"], &rule["fired"]), (&true.into(), &0.into(), &0.into()));
    assert_eq!((&json["faults"]["matched"], &json["faults"]["fired"]), (&0.into(), &0.into()), "{outcome:?}");
    let show = Duress::new(&std::env::temp_dir(), ["show", "last"]).home_of(&outcome).run();
    show.expect_code(0).expect_stdout(&["rule-1  getpgid:error=EPERM:quiet", "not counted"]);
    // Nothing has to be decided to do it again.
    let again = Duress::new(&std::env::temp_dir(), ["replay", "last"]).home_of(&outcome).run();
    again.expect_code(0);
    assert_eq!(Made::errors(&again, "getpgid"), Made::errors(&outcome, "getpgid"), "{again:?}");
}

#[test]
fn a_quiet_rule_may_end_its_caller() {
    if !has(NEEDS) {
        return;
    }
    for victim in ["process", "trap"] {
        let outcome =
            run(&[], &[&format!("getppid:kill={victim}:quiet")], &["getpgid:0", "getppid", "getpgid:0"]);
        assert_eq!(Made::errors(&outcome, "getpgid"), [0], "{victim}: {outcome:?}");
        assert_eq!(outcome.json()["mechanism"], "quiet", "{outcome:?}");
        // SIGSYS.
        assert_eq!(outcome.json()["subjects"][0]["ending"], "ended by signal 31", "{victim}: {outcome:?}");
    }
}

#[test]
fn a_quiet_rule_may_look_at_arguments() {
    if !has(NEEDS) {
        return;
    }
    let folder = Module::new(&[("file", "text\n")]);
    let rules = [
        "openat:error=EACCES:quiet:where=arg(3 & O_CREAT) & !arg(3 & O_TRUNC)",
        "lseek:error=EPERM:quiet:where=fd(70)",
    ];
    let words = [
        "openat:AT_FDCWD:new:O_CREAT|O_RDWR:0600",
        "openat:AT_FDCWD:new:O_CREAT|O_TRUNC|O_RDWR:0600",
        "a=openat:AT_FDCWD:file:0",
        "dup2:@a:70",
        "lseek:70:0:0",
        "lseek:@a:0:0",
    ];
    let outcome = run_raw(folder.path(), &[], &rules, &words);
    assert_eq!(Made::errors(&outcome, "openat"), [EACCES, 0, 0], "{outcome:?}");
    assert_eq!(Made::errors(&outcome, "lseek"), [EPERM, 0], "{outcome:?}");
    assert_eq!(outcome.json()["calls"].as_object().map(|calls| calls.len()), Some(0), "{outcome:?}");
}

#[test]
fn beside_a_quiet_rule_others_are_counted_and_may_be_vacuous() {
    if !(has(NEEDS) && has(&[Need::Trace])) {
        return;
    }
    let rules = ["getpgid:error=EPERM:quiet:where=arg(1 == 1)", "getpgid:error=EACCES:when=2"];
    let outcome = run(&[], &rules, &["getpgid:1", "getpgid:0*3", "getpgid:1"]);
    assert_eq!(Made::errors(&outcome, "getpgid"), [EPERM, 0, EACCES, 0, EPERM], "{outcome:?}");
    let json = outcome.expect_code(0).json();
    assert_eq!(json["mechanism"], "notify+quiet", "{outcome:?}");
    assert_eq!(json["rules"][1]["matched"], 3, "what fails quietly is not seen\n{outcome:?}");
    let with_trace = run(&[], &[rules[0], "getppid:lie=7"], &["getpgid:1", "getppid"]);
    assert_eq!(with_trace.json()["mechanism"], "trace+quiet", "{with_trace:?}");
    assert_eq!(Made::results(&with_trace, "getppid"), [7], "{with_trace:?}");
}

#[test]
fn a_quiet_rule_works_without_any_mechanism_in_go_test_too() {
    if !has(&[Need::Go, Need::Notify]) {
        return;
    }
    let module = Module::with_test(
        &["errors", "os", "syscall"],
        "if err := os.Mkdir(\"made\", 0o700); !errors.Is(err, syscall.EROFS) {\n\tt.Fatal(err)\n}",
    );
    let line = ["run", "--format", "json", "-e", "mkdirat:error=EROFS:quiet", "--", "go", "test", "."];
    let outcome = Duress::new(module.path(), line).run();
    let json = outcome.expect_code(0).json();
    assert_eq!(
        (&json["verdict"], &json["mechanism"]),
        (&"unaffected".into(), &"quiet".into()),
        "{outcome:?}"
    );
    assert!(!module.join("made").exists(), "{outcome:?}");
    module.write("x_test.go", "package x\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestX(t *testing.T) {\n\tif err := os.Mkdir(\"made\", 0o700); err != nil {\n\t\tt.Fatal(err)\n\t}\n}\n");
    let outcome = Duress::new(module.path(), line).run();
    assert_eq!(outcome.expect_code(1).json()["verdict"], "failed", "{outcome:?}");
}

#[test]
fn go_reports_the_signal_of_a_quiet_trap() {
    if !has(&[Need::Go, Need::Notify]) {
        return;
    }
    let module = Module::with_test(&["os"], "os.Mkdir(\"made\", 0o700)");
    let line = ["run", "-e", "mkdirat:kill=trap:quiet", "--", "go", "test", "."];
    let outcome = Duress::new(module.path(), line).run();
    assert!(format!("{outcome:?}").contains("SIGSYS: bad system call"), "{outcome:?}");
    assert!(!module.join("made").exists(), "{outcome:?}");
}

#[test]
fn what_the_filter_cannot_do_alone_is_refused() {
    if !has(NEEDS) {
        return;
    }
    let check = |rules: &[&str], texts: &[&str]| {
        let outcome = run(&[], rules, &["getpgid:0"]);
        outcome.expect_code(2).expect_stderr(texts);
        assert!(!outcome.stderr.contains("made "), "it was launched\n{outcome:?}");
    };
    check(
        &["getpgid:error=EPERM:quiet:when=3"],
        &["error: `quiet` and `when` exclude each other\n --> -e:1:", "help: "],
    );
    check(
        &["getpgid:error=EPERM:quiet:rate=0.5"],
        &["error: `quiet` and `rate` exclude each other", "help: "],
    );
    check(
        &["getpgid:retval=7:quiet"],
        &["error: a quiet rule can do nothing but fail its calls with one error, or `kill`", "help: "],
    );
    check(
        &["execve:error=EPERM:quiet"],
        &["error: `execve` cannot be answered quietly\n --> -e:1:", "help: "],
    );
    check(
        &["openat:error=EPERM:quiet:where=path(/tmp/**)"],
        &["error: this condition is too much for a quiet rule", "help: "],
    );
    let rules = ["getpgid:delay_enter=1ms:when=3:name=slow", "getpgid:error=EPERM:quiet"];
    check(&rules, &["error: rule `slow` would come first and can not\n --> -e:1:", "help: "]);
    let outcome = run(&["--mechanism", "trace"], &["getpgid:error=EPERM:quiet"], &["getpgid:0"]);
    assert_eq!(Made::errors(&outcome, "getpgid"), [EPERM], "the filter is no mechanism\n{outcome:?}");
}
