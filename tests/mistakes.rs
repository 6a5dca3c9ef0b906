//! Mistakes in rules are shown where they are, with what to write in their place, before anything is launched.

use e2e::{Duress, Module, Outcome};

/// Rules for a command that would leave a file; fails if it did.
fn run(flags: &[&str], rules: &[&str]) -> Outcome {
    let folder = Module::new(&[]);
    let rules: Vec<&str> = rules.iter().flat_map(|rule| ["-e", rule]).collect();
    let line = [&["run"], flags, &rules, &["--", "touch", "mark"]].concat();
    let outcome = Duress::new(folder.path(), line).run();
    assert!(!folder.join("mark").exists(), "the command was launched\n{outcome:?}");
    outcome
}

/// The rule, what is wrong with it, the text that is marked, and the advice.
///
/// The marked text is the last of its kind in the rule, where it is there several times.
type Mistake = (&'static str, &'static str, &'static str, &'static str);

const IN_CONDITIONS: &[Mistake] = &[
    ("read:error=EIO:where=pth(/tmp)", "there is no predicate `pth`", "pth", "did you mean `path`?"),
    (
        "read:error=EIO:where=path(/tmp",
        "the argument of `path` has no end",
        "path(",
        "write the `)` that closes it",
    ),
    ("read:error=EIO:where=fd(0..2) fd(3)", "an operator is missing", "f", "`&` (both) or `|` (either)"),
    ("read:error=EIO:where=fd(a)", "`a` is not a number that is possible here", "a", "such as `3`, `3..9`"),
    (
        "read:error=EIO:where=fdkind(pype)",
        "`pype` is not a kind of descriptor",
        "pype",
        "did you mean `pipe`?",
    ),
    ("read:error=EIO:where=arg(7 == 1)", "`7` is not the number of an argument", "7", "arg(3 & O_CREAT)"),
    (
        "openat:error=EPERM:where=arg(3 & O_CRAET)",
        "there is no constant `O_CRAET`",
        "O_CRAET",
        "did you mean `O_CREAT`?",
    ),
    (
        "socket:error=EPERM:where=port(80)",
        "`port(80)` can hold for none of the rule's calls",
        "port(80)",
        "name calls that have one",
    ),
    (
        "connect:error=EPERM:where=port(80000)",
        "`80000` is not a number that is possible here",
        "80000",
        "write numbers and ranges",
    ),
    (
        "connect:error=EPERM:where=addr(300.1.1.1)",
        "`300.1.1.1` is not an address",
        "300.1.1.1",
        "`127.0.0.1`",
    ),
    ("connect:error=EPERM:where=addr(127.0.0.0/40)", "`40` is not the length of a network", "40", "0 to 32"),
    (
        "getpgid:error=EPERM:where=path(/x)",
        "`path(/x)` can hold for none of the rule's calls",
        "path(/x)",
        "`%file`, `%desc`",
    ),
    (
        "openat:error=EPERM:where=once-per(moon)",
        "`moon` is not a thing to tell calls apart by",
        "moon",
        "path, fd, exe, pid",
    ),
    (
        "openat:error=EPERM:where=after(nobody)",
        "there is no rule `nobody`",
        "after(nobody)",
        "called by their `name`",
    ),
    (
        "openat:error=EPERM:where=string(2 /[/)",
        "`[` is not a regular expression",
        "[",
        "for the text itself write `=` before it",
    ),
    (
        "openat:error=EPERM:where=fd(1):limit=1",
        "nothing can stand behind `where`",
        "limit=1",
        "write `limit=1` before `where=`",
    ),
    (
        "getpgid:error=EPERM:where=exec(2)",
        "`exec(2)` can hold for none of the rule's calls",
        "exec(2)",
        "execve and execveat",
    ),
];

const IN_KEYS: &[Mistake] = &[
    ("openat:eror=EPERM", "`eror` is not a key that is known here", "eror", "did you mean `error`?"),
    ("openat:error=EPERM:limt=3", "`limt` is not a key that is known here", "limt", "did you mean `limit`?"),
    (
        "openat:max_descriptor=5",
        "`max_descriptor` is not a key",
        "max_descriptor",
        "did you mean `max_descriptors`?",
    ),
    ("read:notready", "`notready` is not a key", "notready", "did you mean `not_ready`?"),
    ("openat:error=EPERM:burst=3", "`3` is not a burst", "3", "`3/20`"),
    ("openat:error=EPERM:limit=0", "`0` is not a limit", "0", "`5/1s`"),
    ("openat:error=EPERM:each=1", "`each` takes no value", "each=1", "write the key alone"),
    ("openat:when=3", "the rule does nothing to the calls it names", "openat:when=3", "add what happens"),
    (
        "openat:error=EPERM:error=EIO",
        "`error` is given twice",
        "error=EIO",
        "for two faults, write two rules",
    ),
    ("openat:error=EPERM:retval=0", "`error` and `retval` exclude each other", "retval=0", "write two rules"),
    ("write:lie=EIO:error=EIO", "`error` and `lie` exclude each other", "error=EIO", "keep one of them"),
    ("write:short=1:lie=0", "`lie` and `short` exclude each other", "lie=0", "keep one of them"),
    ("write:kill=thread:retval=0", "`kill` and `retval` exclude each other", "retval=0", "keep one of them"),
    ("read:short=0", "`0` is not a number of bytes", "0", "use `lie=0` or `retval=0`"),
    ("openat:short=3", "only a call that transfers one buffer can be short", "short=3", "read, write"),
    ("openat:lie=ENOSPCE", "there is no error `ENOSPCE`", "ENOSPCE", "did you mean `ENOSPC`?"),
    ("openat:kill=all", "`all` is nobody to end", "all", "`thread`"),
    ("getpgid:signal=SIGFOO", "there is no signal `SIGFOO`", "SIGFOO", "did you mean `SIG"),
    ("getpgid:syscall=opne", "there is no system call `opne`", "opne", "did you mean `open`?"),
    ("read:poke_enter=@arg7=00", "`@arg7=00` does not say what to write", "@arg7=00", "`@arg2=68656c6c6f`"),
    ("openat:arg3=O_CRAET", "`O_CRAET` is not a number", "O_CRAET", "did you mean `O_CREAT`?"),
    ("close:arg2=1", "only a call that has argument 2 can have it changed", "arg2=1", ""),
    (
        "mkdirat:max_descriptors=3",
        "`max_descriptors` is for calls that use up descriptors",
        "max_descriptors=3",
        "openat",
    ),
    (
        "getpgid:not_ready",
        "only a call that waits for a descriptor can find it not ready",
        "not_ready",
        "read, write, accept4",
    ),
    ("getpgid:text=a", "only a call that opens a file can open another one", "text=a", "openat"),
    (
        "getppid:error=legal",
        "only a call whose manual page names errors has a legal one",
        "error=legal",
        "name the error yourself",
    ),
    ("read:delay_enter=gauss(1ms,2ms)", "`gauss` is not a distribution", "gauss", "lognormal(MEDIAN,SIGMA)"),
];

#[track_caller]
fn check((rule, wrong, marked, advice): &Mistake) {
    let outcome = run(&[], &[rule]);
    outcome.expect_code(2).expect_stderr(&[&format!("error: {wrong}"), "help: ", advice]);
    let column = rule.rfind(marked).expect(marked) + 1;
    let place = format!(" --> -e:1:{column}\n");
    let marks = format!("\n  | {}{}", " ".repeat(column - 1), "^".repeat(marked.len()));
    outcome.expect_stderr(&[&place, &format!("1 | {rule}\n"), &marks]);
    assert!(!outcome.stderr.contains(&format!("{marks}^")), "more is marked\n{outcome:?}");
    assert_eq!(outcome.stdout, "", "{outcome:?}");
}

#[test]
fn a_mistake_in_a_condition_is_marked_and_what_would_be_right_is_said() {
    IN_CONDITIONS.iter().for_each(check);
}

#[test]
fn a_mistake_in_a_key_is_marked_and_what_would_be_right_is_said() {
    IN_KEYS.iter().for_each(check);
}

#[test]
fn mistakes_of_several_rules_and_within_one_are_told_together() {
    let rules =
        ["opnat:eror=EIO", "read:error=EPIPEE:where=pth(x)", "write:lie=EIO:where=fd(x) & fdkind(pype)"];
    let outcome = run(&[], &rules);
    let texts = ["`opnat`", "`eror`", "`EPIPEE`", "`pth`", "`x` is not a number", "`pype`"];
    outcome.expect_code(2).expect_stderr(&texts);
}

#[test]
fn an_unlikely_error_is_a_warning_and_with_strict_a_mistake() {
    let folder = Module::new(&[]);
    let run = |flags: &[&str]| {
        let line = [&["run", "--allow-vacuous"], flags, &["-e", "fsync:error=EPIPE", "--", "true"]].concat();
        Duress::new(folder.path(), line).run()
    };
    let said = "no manual page says that `fsync` can fail with EPIPE\n --> -e:1:7\n";
    let advice = "help: fsync(2) names EINTR, EIO, EBADF";
    run(&["--strict"]).expect_code(2).expect_stderr(&[&format!("error: {said}"), advice]);
    if e2e::has(&[e2e::Need::Notify]) {
        run(&[]).expect_code(0).expect_stderr(&[&format!("warning: {said}"), advice]);
    }
    let likely = ["run", "--strict", "--allow-vacuous", "-e", "fsync:error=EIO", "--", "true"];
    if e2e::has(&[e2e::Need::Notify]) {
        let outcome = Duress::new(folder.path(), likely).run();
        assert_eq!(outcome.expect_code(0).stderr, "", "{outcome:?}");
    }
}
