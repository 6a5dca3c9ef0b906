//! Plan files and `-e` mean the same.

use e2e::{Duress, Fired, Module, Need, Outcome, caller, has};

const NEEDS: &[Need] = &[Need::Go, Need::Notify];

const CALLS: [&str; 3] = ["getpgid*40", "mkdir", "getppid*40"];

const PLAN: &str = r#"# Both ways to say what happens, and both ways to say which calls.
[[rule]]
name = "flaky"
calls = ["getpgid", "getppid"]
when = "5..70+3"
rate = 0.5
fault = "EPERM"

[[rule]]
calls = "%file"
fault = { error = "ENOSPC", delay_exit = "1ms" }
"#;

/// The same as [`PLAN`].
const SPECS: [&str; 2] =
    ["getpgid,getppid:error=EPERM:when=5..70+3:rate=50%:name=flaky", "%file:error=ENOSPC:delay_exit=1000"];

fn run(module: &Module, flags: &[&str]) -> Outcome {
    Duress::new(module.path(), [&["run", "--format", "json"], flags, &["--", caller()], &CALLS].concat())
        .run()
}

fn check(module: &Module, file: &str) -> Outcome {
    Duress::new(module.path(), ["plan", "check", file]).run()
}

#[test]
fn a_plan_file_and_the_same_rules_on_the_command_line_hit_the_same_calls() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[("plan.toml", PLAN)]);
    let by_file = run(&module, &["--plan", "plan.toml", "--seed", "5"]);
    let by_flags = run(&module, &["-e", SPECS[0], "-e", SPECS[1], "--seed", "5"]);
    let flaky = Fired::occurrences(&by_file, "flaky");
    assert!((3..20).contains(&flaky.len()), "{flaky:?}\n{by_file:?}");
    assert!(flaky.iter().all(|occurrence| (5..=70).contains(occurrence) && (occurrence - 5) % 3 == 0));
    assert_eq!(flaky, Fired::occurrences(&by_flags, "flaky"));
    // The runtime reads a file or two of its own before the program makes its folder.
    let calls = |outcome: &Outcome| -> Vec<(String, String)> {
        let fired = Fired::all(outcome).into_iter().filter(|fired| fired.rule == "rule-2");
        fired.map(|fired| (fired.syscall, fired.outcome)).collect()
    };
    assert_eq!(calls(&by_file), calls(&by_flags));
    let (syscall, outcome) = calls(&by_file).pop().expect("the folder was not made");
    assert_eq!((&*syscall, &*outcome), ("mkdirat", "ENOSPC, delayed 1ms after"));
    // A rule is shown alike, wherever it was written.
    assert_eq!(by_file.json()["rules"], by_flags.json()["rules"]);
}

#[test]
fn rules_of_the_file_come_before_those_of_the_command_line() {
    if !has(NEEDS) {
        return;
    }
    let module =
        Module::new(&[("plan.toml", "[[rule]]\ncalls = 'getpgid'\nwhen = '1..3'\nfault = 'EPERM'\n")]);
    let outcome = run(&module, &["-e", "getpgid:error=EIO:when=2..5", "--plan", "plan.toml"]);
    assert_eq!(Fired::occurrences(&outcome, "rule-1"), [1, 2, 3], "{outcome:?}");
    assert_eq!(Fired::occurrences(&outcome, "rule-2"), [4, 5], "{outcome:?}");
}

#[test]
fn a_name_is_given_once_in_file_and_command_line_together() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[("plan.toml", PLAN)]);
    let outcome = run(&module, &["--plan", "plan.toml", "-e", "read:error=EIO:name=flaky"]);
    outcome.expect_code(2).expect_stderr(&[
        "error: two rules are named `flaky`",
        " --> -e:1:",
        "first given in line 3 of plan.toml",
    ]);
}

#[test]
fn checking_a_good_plan_says_what_it_means() {
    let module = Module::new(&[("plan.toml", PLAN)]);
    let outcome = check(&module, "plan.toml");
    outcome.expect_code(0).expect_stdout(&[
        "plan.toml: 2 rules, ",
        " system calls trapped\n",
        "flaky            getppid,getpgid:error=EPERM:when=5..70+3:rate=0.5\n",
        "rule-2           ",
        ":error=ENOSPC:delay_exit=1ms\n",
    ]);
    assert_eq!(outcome.stderr, "", "nothing is wrong with it\n{outcome:?}");
}

#[test]
fn checking_a_plan_that_is_legal_but_unwise_warns() {
    let module = Module::new(&[(
        "plan.toml",
        "[[rule]]\ncalls = ['open', 'read']\nfault = 'EINTR'\n\n[[rule]]\ncalls = 'futex'\nfault = 'EAGAIN'\n",
    )]);
    let outcome = check(&module, "plan.toml");
    outcome.expect_code(0).expect_stdout(&["rule-1 ", "rule-2 "]).expect_stderr(&[
        "warning: Go does not make `open`\n --> plan.toml:2:11\n",
        "warning: Go repeats `read` after EINTR, here without end\n --> plan.toml:3:9\n",
        "warning: Go's runtime does not survive EAGAIN from `futex`\n --> plan.toml:7:9\n",
    ]);
}

#[test]
fn checking_a_bad_plan_shows_every_mistake_with_its_place_and_advice() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[(
        "bad.toml",
        r#"# Six mistakes, of six kinds.
[[rule]]
calls = ["opnat"]
fault = "ENOSPC"

[[rule]]
name = "two"
calls = "%fiel"
fault = "ENOSPACE"

[[rule]]
calls = ["write"]
when = "0"
falt = "EIO"

[[rule]]
name = "two"
calls = ["close"]
fault = { delay_exit = "5ms" }
"#,
    )]);
    let outcome = check(&module, "bad.toml");
    outcome.expect_code(2).expect_stderr(&[
        "error: there is no system call `opnat`\n --> bad.toml:3:11\n",
        "help: did you mean `openat`?",
        "error: `%fiel` is not a class of system calls\n --> bad.toml:8:10\n",
        "help: did you mean `%file`?",
        "error: there is no error `ENOSPACE`\n --> bad.toml:9:10\n",
        "help: did you mean `ENOSPC`?",
        "error: `0` does not say when\n  --> bad.toml:13:9\n",
        "help: write `3` (the third call)",
        "error: `falt` is not a key that is known here\n  --> bad.toml:14:1\n",
        "help: did you mean `fault`?",
        "error: two rules are named `two`\n  --> bad.toml:17:8\n",
        "first given in line 7 of bad.toml",
    ]);
    assert_eq!(outcome.stdout, "", "{outcome:?}");
    // Running it says the same, and runs nothing.
    let run = run(&module, &["--plan", "bad.toml"]);
    run.expect_code(2);
    assert!(run.stderr.contains("opnat") && !module.join("made").exists(), "{run:?}");
}

#[test]
fn rules_that_contradict_each_other_are_named() {
    let plan = "[[rule]]\nname = 'a'\ncalls = 'openat'\nfault = { text = 'x' }\n\n\
                [[rule]]\nname = 'b'\ncalls = 'openat,close'\nfault = { lie = 'EIO' }\n";
    let module = Module::new(&[("plan.toml", plan)]);
    check(&module, "plan.toml").expect_code(2).expect_stderr(&[
        "error: rules `a` and `b` contradict each other\n --> plan.toml:9:17\n",
        "on `openat` this needs replacing the result of a call that was executed",
        "help: a call belongs to one mechanism",
    ]);
}
