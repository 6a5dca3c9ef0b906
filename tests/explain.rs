//! `duress plan explain`: who decides what of a plan, and what that costs.

use e2e::{Duress, Module};

/// What is explained, line by line, without the spaces around.
fn explain(arguments: &[&str], plan: &str) -> Vec<String> {
    let folder = Module::new(&[("plan.toml", plan)]);
    let outcome = Duress::new(folder.path(), [&["plan", "explain"], arguments].concat()).run();
    outcome.expect_code(0);
    outcome.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// Fails unless these lines are there, in this order; others may lie between them.
#[track_caller]
fn expect_lines(lines: &[String], expect: &[&str]) {
    let mut rest = lines.iter();
    for expect in expect {
        assert!(rest.any(|line| line.starts_with(expect)), "`{expect}` is missing in\n{}", lines.join("\n"));
    }
}

const FILTER: &str = "the kernel's filter: other calls run at native speed";

#[test]
fn a_condition_on_arguments_is_the_filters() {
    let lines =
        explain(&["-e", "openat:error=EACCES:name=ro:where=arg(3 & O_ACCMODE == O_RDONLY) & fd(3..)"], "");
    expect_lines(
        &lines,
        &[
            "ro openat:error=EACCES:where=",
            "trapped by seccomp notification: about ",
            "needs answering a call without executing it",
            "filter openat only where ",
            "arg(3 & O_ACCMODE == O_RDONLY)",
            FILTER,
            "fd(3..)",
            FILTER,
            "filter: ",
        ],
    );
    assert!(!lines.iter().any(|line| line.contains("supervisor") || line.contains("raced")), "{lines:?}");
}

#[test]
fn what_looks_at_memory_is_the_supervisors_and_can_be_raced() {
    let rules = [
        "-e",
        "openat:lie=EACCES:where=path(/var/**) & arg(3 & O_CREAT)",
        "-e",
        "read:error=EIO:where=path(/var/**)",
    ];
    let lines = explain(&rules, "");
    expect_lines(
        &lines,
        &[
            "rule-1 openat:lie=EACCES:where=",
            "trapped by ptrace: about ",
            "needs replacing the result of a call that was executed",
            "filter openat only where arg(3) & 0x40 == 0x40",
            "arg(3 & O_CREAT)",
            FILTER,
            "path(/var/**)",
            "the supervisor, from the target's process: ",
            "raced another thread of the target can change that memory",
            "rule-2 read:error=EIO:where=path(/var/**)",
            "trapped by seccomp notification: ",
            "path(/var/**)",
            "the supervisor, ",
            "filter: ",
        ],
    );
    // A descriptor is no memory.
    assert_eq!(lines.iter().filter(|line| line.starts_with("raced ")).count(), 1, "{lines:?}");
    assert!(lines.last().is_some_and(|line| line.contains("2 system calls trapped")), "{lines:?}");
}

#[test]
fn what_asks_who_calls_says_what_it_is_counted_by() {
    let rule = "write:error=EIO:when=3:where=fd(1..) & site(bufio.(*Writer).Flush) & test(TestReport*)";
    let lines = explain(&["-e", rule], "");
    let stack = "the supervisor, from the Go stack: costs a wake-up and an unwinding";
    expect_lines(
        &lines,
        &[
            "filter write only where ",
            "fd(1..)",
            FILTER,
            "site(bufio.(*Writer).Flush)",
            stack,
            "test(TestReport*)",
            stack,
            "counted by test, site and system call",
        ],
    );
    assert!(!lines.iter().any(|line| line.starts_with("raced")), "{lines:?}");
}

#[test]
fn a_plan_file_with_rules_for_each_mechanism_is_explained_rule_by_rule() {
    let plan = r#"
[[rule]]
name = "locked"
calls = "mkdirat"
quiet = true
fault = "EROFS"

[[rule]]
name = "slow"
calls = ["fsync", "close"]
fault = { delay_exit = "5ms" }

[[rule]]
name = "full"
calls = ["openat"]
where = "after(slow) & once-per(path)"
fault = { max_descriptors = 20 }
"#;
    let lines = explain(&["plan.toml", "-e", "getpgid:error=EPERM:where=child(1)"], plan);
    expect_lines(
        &lines,
        &[
            "locked mkdirat:error=EROFS:quiet",
            "decided by the kernel's filter alone, which fails the call: free of cost, not counted",
            "slow close,fsync:delay_exit=5ms",
            "trapped by ptrace: ",
            "needs holding a call after it was executed",
            "full openat:max_descriptors=20:where=",
            "trapped by seccomp notification: ",
            "after(slow)",
            "once-per(path)",
            "rule-4 getpgid:error=EPERM:where=child(1)",
            "trapped by seccomp notification: ",
            "child(1)",
            "the supervisor, from the target's process: ",
            "filter: ",
        ],
    );
    assert!(lines.last().is_some_and(|line| line.contains("4 system calls trapped")), "{lines:?}");
}

#[test]
fn explaining_launches_nothing_and_shows_mistakes_as_running_does() {
    let folder = Module::new(&[]);
    let explain = |rule: &str| Duress::new(folder.path(), ["plan", "explain", "-e", rule]).run();
    let mistake = explain("openat:error=EIO:where=pth(/x)");
    mistake.expect_code(2).expect_stderr(&[
        "error: there is no predicate `pth`",
        " --> -e:1:24",
        "help: did you mean `path`?",
    ]);
    assert_eq!(mistake.stdout, "", "{mistake:?}");
    let contradiction =
        Duress::new(folder.path(), ["plan", "explain", "-e", "openat:text=a", "-e", "openat:lie=EIO"]).run();
    contradiction.expect_code(2).expect_stderr(&["error: rules `rule-1` and `rule-2` contradict each other"]);
    assert!(explain("getpgid:error=EPERM").expect_code(0).try_run_dir().is_none(), "a run was recorded");
}
