//! What the user, the host or a file got wrong is said before anything is launched.

use e2e::{Duress, Module, Need, Outcome, has};
use journal::{Entry, FORMAT, Header, Mode, Writer};
use model::{Nanos, RunId};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// A folder, and a command in it that would leave a file there.
struct Trap(Module);

impl Trap {
    fn new() -> Trap {
        Trap(Module::new(&[]))
    }

    /// `duress run FLAGS… -- touch mark`.
    fn run(&self, flags: &[&str]) -> Outcome {
        self.refused(Duress::new(self.0.path(), [&["run"], flags, &["--", "touch", "mark"]].concat()))
    }

    /// Runs this command line, which must not start its command, nor print a result.
    fn refused(&self, duress: Duress) -> Outcome {
        let outcome = duress.run();
        assert!(!self.0.join("mark").exists(), "the command was launched\n{outcome:?}");
        assert_eq!(outcome.stdout, "", "{outcome:?}");
        outcome
    }

    /// An executable file of this content.
    fn program(&self, name: &str, text: &str) -> String {
        self.0.write(name, text);
        let path = self.0.join(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("our own file");
        text_of(&path)
    }
}

fn text_of(path: &Path) -> String {
    path.to_str().expect("scratch folders have plain names").to_owned()
}

#[test]
fn the_trap_leaves_its_mark_when_nothing_is_wrong() {
    let trap = Trap::new();
    Duress::new(trap.0.path(), ["run", "--", "touch", "mark"]).run().expect_code(0);
    assert!(trap.0.join("mark").exists());
}

#[test]
fn a_mistake_in_a_spec_is_shown_at_its_place_with_the_nearest_right_word() {
    let trap = Trap::new();
    let check = |spec: &str, texts: &[&str]| {
        trap.run(&["-e", spec]).expect_code(2).expect_stderr(texts);
    };
    check(
        "opnat:error=ENOSPC",
        &["error: there is no system call `opnat`", " --> -e:1:1", "^^^^^", "help: did you mean `openat`?"],
    );
    check(
        "openat:error=ENOSPCE",
        &["error: there is no error `ENOSPCE`", " --> -e:1:14", "help: did you mean `ENOSPC`?"],
    );
    check(
        "openat:error=EIO:when=0",
        &["error: `0` does not say when", "calls are counted from 1", "help: write `3`"],
    );
    check(
        "openat:error=EIO:when=9..3",
        &["error: `9..3` does not say when", " --> -e:1:26", "the range ends before it begins", "help: "],
    );
    check("openat:error=EIO:when=soon", &["error: `soon` does not say when", "help: write `3`"]);
    check("openat:error=EIO:rate=2", &["error: `2` is not a rate", "help: write the share of calls"]);
    check("openat:error=EIO:rate=0", &["error: `0` is not a rate", "help: "]);
    check("openat:error=EIO:rate=often", &["error: `often` is not a rate", "help: "]);
    check("openat", &["error: ", " --> -e:1:", "help: "]);
    check("", &["error: ", "help: "]);
}

#[test]
fn every_mistake_is_told_at_once() {
    let trap = Trap::new();
    let flags = ["-e", "opnat:error=ENOSPCE:rate=7", "--watch", "clsoe"];
    trap.run(&flags).expect_code(2).expect_stderr(&["`opnat`", "`ENOSPCE`", "`7` is not a rate", "`clsoe`"]);
}

#[test]
fn a_mistake_in_a_plan_is_shown_at_its_place() {
    let trap = Trap::new();
    let check = |text: &str, texts: &[&str]| {
        trap.0.write("plan.toml", text);
        trap.run(&["--plan", "plan.toml"]).expect_code(2).expect_stderr(texts);
    };
    check("", &["error: the plan has no rules", " --> plan.toml:1:1", "help: a rule is: [[rule]]"]);
    let rule = "[[rule]]\nname = \"a\"\ncalls = [\"read\"]\nfault = \"EIO\"\n";
    check(
        &format!("{rule}\n{rule}"),
        &["error: two rules are named `a`", " --> plan.toml:7:8", "first given in line 2", "help: "],
    );
    check("[[rule]]\ncalls = [\"raed\"]\nfault = \"EIO\"\n", &["plan.toml:2:", "did you mean `read`?"]);
    check("[[rule]]\ncalls = [\"read\"\n", &["error: ", " --> plan.toml:"]);
}

#[test]
fn a_plan_that_cannot_be_read_is_named_with_the_reason() {
    let trap = Trap::new();
    let check = |name: &str, texts: &[&str]| {
        trap.run(&["--plan", name]).expect_code(2).expect_stderr(texts);
        let check = Duress::new(trap.0.path(), ["plan", "check", name]);
        trap.refused(check).expect_code(2).expect_stderr(texts);
    };
    check("absent.toml", &["error: cannot read the plan `absent.toml`: No such file or directory"]);
    check(".", &["error: cannot read the plan `.`: Is a directory"]);
    fs::write(trap.0.join("latin1.toml"), b"# caf\xe9\n").expect("a scratch file");
    check("latin1.toml", &["error: the plan `latin1.toml` is not UTF-8 text, from byte 5 on"]);
}

#[test]
fn a_command_that_cannot_run_is_the_users_mistake() {
    let trap = Trap::new();
    trap.0.write("plain", "text\n");
    fs::create_dir(trap.0.join("folder")).expect("a scratch folder");
    let check = |word: &str, texts: &[&str]| {
        let command = Duress::new(trap.0.path(), ["run", "-e", "read:error=EIO", "--", word]);
        trap.refused(command).expect_code(2).expect_stderr(texts);
    };
    check("duress-no-such-program", &["error: `duress-no-such-program` is in no folder of PATH", "help: "]);
    check("./absent", &["error: cannot run `./absent`: No such file or directory"]);
    check("./folder", &["error: cannot run `./folder`: it is a folder"]);
    check("./plain", &["plain`: it is not executable", "help: chmod +x "]);
    check("./plain/x", &["error: cannot run `./plain/x`: Not a directory"]);
    check("", &["error: the command's first word is empty"]);
}

/// With and without a filter the shim goes different ways to `execve`.
#[test]
fn a_file_that_the_kernel_cannot_execute_is_the_users_mistake() {
    if !has(&[Need::Notify]) {
        return;
    }
    let trap = Trap::new();
    let check = |program: &str, texts: &[&str]| {
        for flags in [&[][..], &["-e", "execve,openat:error=EIO"]] {
            let line = [&["run"], flags, &["--", program]].concat();
            let outcome = trap.refused(Duress::new(trap.0.path(), line));
            outcome.expect_code(2).expect_stderr(texts);
            let show = Duress::new(trap.0.path(), ["show", "last"]).home_of(&outcome).run();
            show.expect_code(0).expect_stdout(&["aborted: cannot run"]);
        }
    };
    let no_format = trap.program("no-format", "touch mark\n");
    check(&no_format, &["no-format`: exec format error (ENOEXEC)", "help: ", "a script without `#!`?"]);
    let no_interpreter = trap.program("no-interpreter", "#!/nonexistent/sh\ntouch mark\n");
    check(&no_interpreter, &["no-interpreter`: no such file or directory", "help: ", "`#!`"]);
}

#[test]
fn a_command_line_without_a_command_is_the_users_mistake() {
    let trap = Trap::new();
    for line in [&["run"][..], &["run", "--"], &["run", "-e", "read:error=EIO"]] {
        trap.refused(Duress::new(trap.0.path(), line)).expect_code(2).expect_stderr(&["COMMAND"]);
    }
    let forgotten = Duress::new(trap.0.path(), ["run", "touch", "mark"]);
    trap.refused(forgotten).expect_code(2).expect_stderr(&["error: unexpected argument 'touch'", "--"]);
}

#[test]
fn without_go_a_go_command_is_the_hosts_failure() {
    let trap = Trap::new();
    let test = || Duress::new(trap.0.path(), ["run", "-e", "read:error=EIO", "--", "go", "test", "./..."]);
    trap.refused(test().env("PATH", "/nonexistent"))
        .expect_code(3)
        .expect_stderr(&["error: cannot find `go`: install Go from https://go.dev/dl", "PATH"]);
    let absolute = Duress::new(trap.0.path(), ["run", "--", "/nonexistent/go", "run", "."]);
    trap.refused(absolute).expect_code(3).expect_stderr(&["error: cannot find `/nonexistent/go`"]);
}

/// Go itself is not needed: the script stands for it, and would leave a mark if it were asked for more than settings.
#[test]
fn a_go_that_is_too_old_is_the_hosts_failure() {
    let trap = Trap::new();
    let settings = r#"{"GOVERSION":"go1.16.3","GOROOT":"/x","GOFLAGS":"","CGO_ENABLED":"1","CC":"gcc","GOOS":"linux","GOARCH":"amd64"}"#;
    let script = format!("#!/bin/sh\n[ \"$1\" = env ] || touch mark\nprintf '%s' '{settings}'\n");
    let go = trap.program("go", &script);
    let command = Duress::new(trap.0.path(), ["run", "-e", "read:error=EIO", "--", &go, "test", "./..."]);
    trap.refused(command)
        .expect_code(3)
        .expect_stderr(&["error: go1.16.3 is too old: duress needs go1.19 or newer"]);
}

#[test]
fn a_go_command_that_runs_nothing_is_the_users_mistake() {
    if !has(&[Need::Go]) {
        return;
    }
    let trap = Trap::new();
    for line in [&["test", "-c", "."][..], &["run", "-n", "."], &["test", "-h"]] {
        let flag = line[1];
        let command = Duress::new(trap.0.path(), [&["run", "--", "go"], line].concat());
        let texts = [&format!("error: with {flag} go runs nothing"), "help: leave "];
        trap.refused(command).expect_code(2).expect_stderr(&texts);
    }
}

#[test]
fn race_without_a_c_compiler_is_the_hosts_failure() {
    if !has(&[Need::Go]) {
        return;
    }
    let trap = Trap::new();
    let bin = trap.0.join("bin");
    fs::create_dir(&bin).expect("a scratch folder");
    let path = std::env::var_os("PATH").expect("there is a PATH");
    let go = std::env::split_paths(&path).map(|folder| folder.join("go")).find(|file| file.is_file());
    symlink(go.expect("go is in PATH"), bin.join("go")).expect("a link in a scratch folder");
    let race = || Duress::new(trap.0.path(), ["run", "--", "go", "test", "-race", "."]).env_remove("CC");
    trap.refused(race().env("PATH", &bin).env("CGO_ENABLED", "1"))
        .expect_code(3)
        .expect_stderr(&["error: -race needs a C compiler, and `", "is not in PATH: install gcc"]);
    trap.refused(race().env("CGO_ENABLED", "0"))
        .expect_code(3)
        .expect_stderr(&["error: -race needs cgo, and it is switched off (CGO_ENABLED=0)"]);
}

#[test]
fn a_folder_that_holds_a_run_is_never_written_again() {
    let trap = Trap::new();
    let first = Duress::new(trap.0.path(), ["run", "--out", "kept", "--", "true"]).run();
    first.expect_code(0);
    let journal = trap.0.join("kept/journal.duress");
    let before = fs::read(&journal).expect("a run has a journal");
    trap.run(&["--out", "kept"])
        .expect_code(2)
        .expect_stderr(&["kept` holds a run already", "help: name another"]);
    assert_eq!(fs::read(&journal).expect("it is still there"), before);
}

/// Below a regular file nobody may write, root included.
#[test]
fn a_folder_that_cannot_be_made_is_the_hosts_failure() {
    let trap = Trap::new();
    trap.0.write("file", "");
    let texts = ["error: cannot make the run's folder `", "Not a directory", "help: ", "DURESS_HOME"];
    trap.run(&["--out", "file/out"]).expect_code(3).expect_stderr(&texts);
    let home = trap.0.join("file/home");
    let command = Duress::new(trap.0.path(), ["run", "--", "touch", "mark"]).env("DURESS_HOME", home);
    trap.refused(command).expect_code(3).expect_stderr(&texts);
}

/// `duress run OUTER -- duress run INNER -- touch mark`.
fn within(trap: &Trap, outer: &str) -> Outcome {
    let inner = text_of(e2e::duress_path());
    let home = text_of(&trap.0.join("inner"));
    let line = ["run", "-e", outer, "--allow-vacuous", "--", &inner, "run", "--out", &home];
    let line = [&line[..], &["-e", "openat:error=EIO:when=99", "--", "touch", "mark"]].concat();
    let outcome = Duress::new(trap.0.path(), line).run();
    assert!(!trap.0.join("mark").exists(), "the inner command was launched\n{outcome:?}");
    assert!(!trap.0.join("inner").exists(), "the inner run was begun\n{outcome:?}");
    outcome
}

#[test]
fn a_kernel_without_notifications_is_the_hosts_failure() {
    if !has(&[Need::Notify]) {
        return;
    }
    let trap = Trap::new();
    for (outer, errno) in [("seccomp:error=ENOSYS", "ENOSYS"), ("seccomp:error=EINVAL", "EINVAL")] {
        let outcome = within(&trap, outer);
        let says = format!("offers no seccomp notifications: {errno}");
        outcome.expect_code(1).expect_stderr(&[
            "error: this kernel (",
            &says,
            "help: they are complete since Linux 5.5",
        ]);
        outcome.expect_stdout(&["the command failed: exit status 3"]);
    }
    let outcome = within(&trap, "seccomp:error=EPERM:when=2+");
    outcome.expect_code(1).expect_stdout(&["the command failed: exit status 3"]);
}

/// A host that forbids ptrace is made of a filter that does.
#[test]
fn a_host_that_forbids_ptrace_refuses_what_needs_it_and_nothing_else() {
    if !has(&[Need::Notify, Need::Trace]) {
        return;
    }
    let folder = Module::new(&[]);
    let inner = |line: &[&str]| {
        let outer = ["run", "-e", "ptrace:error=EPERM:quiet", "--", &text_of(e2e::duress_path())];
        Duress::new(folder.path(), [&outer[..], line].concat()).run()
    };
    for line in [
        &["run", "-e", "read:lie=EIO", "--", "true"][..],
        &["run", "-e", "read:signal=USR1", "--", "true"],
        &["run", "--mechanism", "trace", "--watch", "read", "--", "true"],
        &["run", "-p", "1", "-e", "read:error=EIO"],
    ] {
        let outcome = inner(line);
        outcome.expect_code(1).expect_stdout(&["the command failed: exit status 3"]);
        outcome.expect_stderr(&["needs ptrace, and this host forbids it: EPERM", "help: "]);
    }
    inner(&["plan", "explain", "-e", "read:lie=EIO"]).expect_code(0);
    let outcome = inner(&["doctor", "--format", "json"]);
    outcome.expect_code(0).expect_stdout(&["\"trace\": false"]);
}

#[test]
fn a_listener_that_is_there_already_is_the_hosts_failure() {
    if !has(&[Need::Notify]) {
        return;
    }
    let outcome = within(&Trap::new(), "acct:error=EIO");
    let texts = ["error: another supervisor listens to this tree of processes already (EBUSY)", "help: "];
    outcome.expect_code(1).expect_stderr(&texts).expect_stdout(&["the command failed: exit status 3"]);
}

#[test]
fn a_run_that_is_not_there_is_the_users_mistake() {
    let trap = Trap::new();
    for verb in ["show", "replay"] {
        let none = Duress::new(trap.0.path(), [verb, "2026"]);
        trap.refused(none).expect_code(2).expect_stderr(&[
            "no run is called `2026`",
            "none was recorded",
            "help: ",
        ]);
        let run = Duress::new(trap.0.path(), ["run", "--", "true"]).run();
        let id = run.run_dir().file_name().expect("a run has a name").to_string_lossy().into_owned();
        let wrong = Duress::new(trap.0.path(), [verb, "1999"]).home_of(&run);
        trap.refused(wrong).expect_code(2).expect_stderr(&[
            "error: no run is called `1999` in `",
            "help: ",
            &id,
        ]);
        let folder = Duress::new(trap.0.path(), [verb, "/"]).home_of(&run);
        trap.refused(folder).expect_code(2).expect_stderr(&["error: no run is called `/`"]);
    }
}

/// A journal as its writer leaves it.
fn journal(format: u32) -> Vec<u8> {
    let header = Header {
        format,
        duress: "9.9.9".into(),
        run: RunId("from-elsewhere".into()),
        command: vec!["true".into()],
        cwd: "/".into(),
        mode: Mode::Program,
        whole_tree: false,
        plan: String::new(),
        rules: Vec::new(),
        personas: Vec::new(),
        watch: Vec::new(),
        seed: 1,
        attribution: journal::Attribution::default(),
        timeout_s: None,
        replay_of: None,
        go: None,
        kernel: "6.0".into(),
        mechanism: "notify".into(),
        started_unix_ms: 0,
    };
    let mut writer = Writer::create(Vec::new(), &header).expect("a vector takes everything");
    for at in [Nanos(1), Nanos(2)] {
        writer.append(&Entry::Stragglers { count: 1, at }).expect("a vector takes everything");
    }
    writer.append(&Entry::Closed { at: Nanos(3) }).expect("a vector takes everything");
    writer.into_store()
}

/// What `show` makes of these bytes.
fn shown(bytes: &[u8]) -> Outcome {
    let folder = Module::new(&[]);
    fs::write(folder.join("journal.duress"), bytes).expect("a scratch file");
    Duress::new(folder.path(), ["show", "."]).run()
}

#[test]
fn a_journal_that_cannot_be_understood_is_refused_with_the_reason() {
    let check = |bytes: &[u8], texts: &[&str]| {
        let outcome = shown(bytes);
        outcome.expect_code(2).expect_stderr(&["journal.duress`: "]).expect_stderr(texts);
        assert_eq!(outcome.stdout, "", "{outcome:?}");
    };
    let good = journal(FORMAT);
    check(b"", &["this is no journal of duress"]);
    check(b"PK\x03\x04 something else entirely", &["this is no journal of duress"]);
    check(&good[..40], &["the journal's header is damaged", "never written whole"]);
    let mut flipped = good.clone();
    flipped[40] ^= 1;
    check(&flipped, &["the journal's header is damaged", "its checksum is wrong"]);
    check(&journal(FORMAT + 1), &["newer than this duress reads", "duress 9.9.9 wrote it"]);
}

#[test]
fn what_is_whole_of_a_damaged_journal_is_shown() {
    let good = journal(FORMAT);
    shown(&good).expect_code(0).expect_stdout(&["2 processes left behind", "from-elsewhere"]);
    let torn = shown(&good[..good.len() - 3]);
    torn.expect_code(0).expect_stdout(&["cut short", "the file ends within an entry", "2 processes"]);
    // The last frame is a prefix of eight bytes and a payload of two; before it lies the payload of another.
    let mut flipped = good.clone();
    flipped[good.len() - 11] ^= 0xff;
    let damaged = shown(&flipped);
    damaged.expect_code(0).expect_stdout(&[
        "the journal is damaged at byte",
        "wrong checksum",
        "1 process left",
    ]);
}
