//! What takes ptrace: chosen where a plan needs it, the same to the program where it does not, and gone without a trace.

use e2e::{
    Duress, Fired, Made, Module, Need, Outcome, Started, has, run_raw, run_worker, victim, wait_until, worker,
};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;

const NEEDS: &[Need] = &[Need::Go, Need::C, Need::Notify, Need::Trace];

// Errors as the program prints them.
const EPERM: i32 = 1;

fn run(flags: &[&str], rules: &[&str], words: &[&str]) -> Outcome {
    run_raw(&std::env::temp_dir(), flags, rules, words)
}

#[test]
fn the_mechanism_is_what_the_plan_needs() {
    if !has(NEEDS) {
        return;
    }
    let check = |flags: &[&str], rules: &[&str], mechanism: &str| {
        let outcome = run(flags, rules, &["getpgid:0"]);
        assert_eq!(outcome.json()["mechanism"], mechanism, "{rules:?}\n{outcome:?}");
    };
    check(&[], &[], "none");
    check(&["--watch", "getpgid"], &[], "notify");
    check(&[], &["getpgid:error=EPERM"], "notify");
    check(&[], &["getpgid:lie=7"], "trace");
    check(&[], &["getpgid:error=EPERM:quiet"], "quiet");
    check(&[], &["getpgid:error=EPERM", "getppid:lie=7"], "notify+trace");
    check(&[], &["getpgid:error=EPERM:quiet", "getppid:error=EPERM"], "notify+quiet");
    check(&[], &["getpgid:lie=7", "getppid:error=EPERM:quiet"], "trace+quiet");
    check(
        &[],
        &["getpgid:lie=7", "getppid:error=EPERM:quiet", "close:delay_enter=1us"],
        "notify+trace+quiet",
    );
    // A call belongs to one of the two: what notification can do, ptrace does for it.
    check(&[], &["getpgid:lie=7:when=2", "getpgid:error=EPERM"], "trace");
    check(&["--mechanism", "trace"], &["getpgid:error=EPERM"], "trace");
    check(&["--mechanism", "trace", "--watch", "getpgid"], &[], "trace");
}

#[test]
fn ptrace_and_notification_do_the_same_to_the_program() {
    if !has(NEEDS) {
        return;
    }
    let rules = [
        "getpgid:error=EPERM:rate=0.4",
        "getppid:retval=7:when=2+2",
        "lseek:delay_enter=20ms:when=1",
        "mkdirat:error=legal",
        "openat:error=EACCES:where=path(**/none) & child(1)",
        "fsync:error=EIO:burst=1/2",
    ];
    let words = [
        "getpgid:0*30",
        "getppid*6",
        "lseek:1:0:0*2",
        "mkdirat:AT_FDCWD:none/none:0700*5",
        "child",
        "getpgid:0*10",
        "openat:AT_FDCWD:none:0",
        "end",
        "openat:AT_FDCWD:none:0",
        "fsync:1*7",
        "getpgid:0*10",
    ];
    let both = ["notify", "trace"].map(|mechanism| run(&["--mechanism", mechanism], &rules, &words));
    let [notify, trace] = &both;
    assert_eq!(
        (&notify.json()["mechanism"], &trace.json()["mechanism"]),
        (&"notify".into(), &"trace".into())
    );
    assert_eq!(Fired::all(trace), Fired::all(notify), "{trace:?}");
    let errors = |outcome: &Outcome| {
        Made::all(outcome).into_iter().map(|made| (made.call, made.errno)).collect::<Vec<_>>()
    };
    assert_eq!(errors(trace), errors(notify), "{trace:?}");
    for outcome in &both {
        let seek = Made::all(outcome).into_iter().find(|made| made.call == "lseek").expect("it was made");
        assert!(seek.took_us >= 20_000, "{outcome:?}");
    }
}

#[test]
fn what_only_ptrace_can_do_is_refused_without_it_and_the_other_way_round() {
    if !has(NEEDS) {
        return;
    }
    let check = |flags: &[&str], rules: &[&str], texts: &[&str]| {
        let outcome = run(flags, rules, &["getpgid:0"]);
        outcome.expect_code(2).expect_stderr(texts);
        assert!(!outcome.stderr.contains("made "), "it was launched\n{outcome:?}");
    };
    let notify = ["--mechanism", "notify"];
    check(
        &notify,
        &["renameat:lie=EIO:name=liar"],
        &[
            "error: rule `liar` needs replacing the result of a call that was executed\n --> -e:1:10",
            "help: ",
        ],
    );
    check(&notify, &["read:short=1"], &["error: rule `rule-1` needs ", "help: "]);
    check(&notify, &["read:kill=thread"], &["error: rule `rule-1` needs ", "help: "]);
    check(&notify, &["write:max_disk=1MiB"], &["error: rule `rule-1` needs ", "help: "]);
    let trace = ["--mechanism", "trace"];
    check(
        &trace,
        &["openat:text=x"],
        &["error: rule `rule-1` needs opening a file of ours in the target\n --> -e:1:8", "help: "],
    );
    check(
        &[],
        &["openat:text=x:name=one", "openat,close:lie=EIO:name=two"],
        &[
            "error: rules `one` and `two` contradict each other\n --> -e:1:14\n",
            "on `openat` this needs replacing the result of a call that was executed",
            "the rule in -e openat:text=x:name=one needs opening a file of ours in the target",
            "help: a call belongs to one mechanism",
        ],
    );
}

#[test]
fn a_traced_tree_of_programs_and_threads_works_and_is_counted() {
    if !has(NEEDS) {
        return;
    }
    // Three to the third are the leaves, and each makes the call.
    let outcome = run_worker(&[], &["getpgid:lie=EPERM"], &["tree", "3", "top"]);
    let json = outcome.expect_code(0).json();
    outcome.expect_stderr(&["tree fine"]);
    let faults = &json["faults"];
    assert_eq!(
        (&faults["matched"], &faults["fired"], &faults["vanished"]),
        (&27.into(), &27.into(), &0.into()),
        "{outcome:?}"
    );
    assert_eq!((&json["stragglers"], &json["mechanism"]), (&0.into(), &"trace".into()), "{outcome:?}");
    // A thread that is not the first becomes another program under the first's number.
    for _ in 0..10 {
        let outcome = run_worker(&[], &["getpgid:lie=EPERM"], &["replace"]);
        assert_eq!(outcome.expect_code(0).json()["faults"]["fired"], 1, "{outcome:?}");
        outcome.expect_stderr(&["called 1\n"]);
    }
}

#[test]
fn a_traced_program_that_is_never_hit_does_what_it_did() {
    if !has(NEEDS) {
        return;
    }
    let rule = "read,write,futex,epoll_pwait,openat,close,clone,execve:lie=0:when=9999999";
    for (words, said) in [
        (&["sockets"][..], "sockets fine"),
        (&["streams"], "streams 1048576 true"),
        (&["tree", "2", "top"], "tree fine"),
        (&["replace"], "called 0"),
    ] {
        let outcome = run_worker(&["--allow-vacuous"], &[rule], words);
        outcome.expect_code(0).expect_stderr(&[said]);
        assert!(outcome.json()["faults"]["matched"].as_u64() > Some(20), "{outcome:?}");
    }
}

#[test]
fn signals_interrupt_no_count_of_a_traced_program() {
    if !has(NEEDS) {
        return;
    }
    let line = ["run", "--format", "json", "-e", "getpgid:lie=EPERM", "--", victim(), "exact", "3000"];
    let outcome = Duress::new(&std::env::temp_dir(), line).run();
    outcome.expect_stderr(&["failed 3000\n"]);
    assert_eq!(outcome.json()["faults"]["matched"], 3000, "{outcome:?}");
}

#[test]
fn a_traced_program_cannot_be_traced_by_another_and_is_told() {
    if !has(NEEDS) {
        return;
    }
    // PTRACE_TRACEME is 0.
    let words = ["child", "ptrace:0:0:0:0", "end"];
    let alone = run(&[], &["getppid:error=EPERM:when=9"], &words);
    assert_eq!(Made::errors(&alone, "ptrace"), [0], "{alone:?}");
    let traced = run(&[], &["getppid:lie=3:when=9"], &words);
    assert_eq!(Made::errors(&traced, "ptrace"), [EPERM], "{traced:?}");
}

/// A program that makes calls without end and counts those that are hit, and the numbers of both.
struct Counting {
    folder: Module,
    started: Started,
    pid: Pid,
}

impl Counting {
    fn start(rules: &[&str]) -> Counting {
        let folder = Module::new(&[("count", &"\0".repeat(4096))]);
        let rules: Vec<&str> = rules.iter().flat_map(|rule| ["-e", rule]).collect();
        let script = format!("echo $$ > pid; exec {} counting count", victim());
        let line =
            [&["run", "--format", "json", "--timeout", "60s"], &rules[..], &["--", "sh", "-c", &script]]
                .concat();
        let started =
            Duress::new(folder.path(), line).under(&["env", "--default-signal=INT,TERM,HUP"]).start();
        let mut pid = None;
        wait_until("the program runs", || {
            pid = fs::read_to_string(folder.join("pid")).ok().and_then(|text| text.trim().parse().ok());
            pid.is_some()
        });
        let counting = Counting { folder, started, pid: Pid::from_raw(pid.expect("it was waited for")) };
        wait_until("it is hit", || counting.count() > 10);
        counting
    }

    fn count(&self) -> u64 {
        let bytes = fs::read(self.folder.join("count")).expect("the file is there");
        u64::from_ne_bytes(bytes[..8].try_into().expect("it is a page"))
    }

    /// The state of each of its threads, as proc(5) has it; none where it is gone.
    fn states(&self) -> Vec<char> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.pid)).into_iter().flatten().flatten();
        let stat = threads.filter_map(|thread| fs::read_to_string(thread.path().join("stat")).ok());
        stat.filter_map(|text| text.rsplit_once(") ")?.1.chars().next()).collect()
    }

    /// What died and was not waited for by its new parent yet is gone, too.
    fn is_gone(&self) -> bool {
        self.states().iter().all(|state| *state == 'Z' || *state == 'X')
    }
}

#[test]
fn a_traced_program_can_be_stopped_and_goes_on() {
    if !has(NEEDS) {
        return;
    }
    let counting = Counting::start(&["getpgid:lie=7"]);
    for _ in 0..3 {
        kill(counting.pid, Signal::SIGSTOP).expect("it runs");
        wait_until("all of it stops", || counting.states().iter().all(|state| "Tt".contains(*state)));
        let before = counting.count();
        // Long enough for hundreds of calls, were it not stopped.
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert_eq!(counting.count(), before, "it went on");
        kill(counting.pid, Signal::SIGCONT).expect("it is there");
        wait_until("it goes on", || counting.count() > before + 10);
    }
    kill(counting.pid, Signal::SIGTERM).expect("it runs");
    let outcome = counting.started.finish();
    let json = outcome.expect_code(1).json();
    assert_eq!((&json["verdict"], &json["stragglers"]), (&"crashed".into(), &0.into()), "{outcome:?}");
}

#[test]
fn sigkill_of_duress_leaves_nothing_of_a_traced_program() {
    if !has(NEEDS) {
        return;
    }
    for rules in [
        &["getpgid:lie=7"][..],
        &["getpgid:lie=7", "getppid:error=EPERM"],
        &["getpgid:retval=7", "getppid:lie=3"],
    ] {
        let counting = Counting::start(rules);
        kill(counting.started.pid(), Signal::SIGKILL).expect("it runs");
        wait_until("nothing is left", || counting.is_gone());
    }
}

#[test]
fn a_traced_program_that_dies_while_it_is_held_ends_the_run() {
    if !has(NEEDS) {
        return;
    }
    for (flags, delay) in [(&["--mechanism", "trace"][..], "delay_enter"), (&[], "delay_exit")] {
        let folder = Module::new(&[]);
        let script = format!("echo $$ > pid; exec {} call", worker());
        let rule = format!("getpgid:{delay}=3600s");
        let line = [&["run", "--format", "json"], flags, &["-e", &rule, "--", "sh", "-c", &script]].concat();
        let started = Duress::new(folder.path(), line).start();
        let is_held = || {
            let Some(file) =
                started.run_dir().and_then(|run| fs::File::open(run.join("journal.duress")).ok())
            else {
                return false;
            };
            let Ok(mut reader) = journal::Reader::open(std::io::BufReader::new(file)) else { return false };
            let mut entries = std::iter::from_fn(|| reader.next_entry().expect("the file can be read"));
            entries.any(|entry| {
                matches!(entry, journal::Entry::Decided { decision: model::Decision::Inject { .. }, .. })
            })
        };
        wait_until("it is held", is_held);
        let pid = fs::read_to_string(folder.join("pid")).expect("it was written before");
        kill(Pid::from_raw(pid.trim().parse().expect("a number")), Signal::SIGKILL).expect("it is held");
        let outcome = started.finish();
        let json = outcome.expect_code(1).json();
        assert_eq!((&json["verdict"], &json["stragglers"]), (&"crashed".into(), &0.into()), "{outcome:?}");
        assert_eq!(json["command_ending"], "ended by signal 9", "{outcome:?}");
        assert_eq!((&json["faults"]["matched"], &json["complete"]), (&1.into(), &true.into()), "{outcome:?}");
    }
}

#[test]
fn an_interrupted_run_of_a_traced_program_leaves_nothing() {
    if !has(NEEDS) {
        return;
    }
    let counting = Counting::start(&["getpgid:lie=7"]);
    kill(counting.started.pid(), Signal::SIGINT).expect("it runs");
    wait_until("nothing is left", || counting.is_gone());
    let outcome = counting.started.finish();
    assert_eq!(outcome.expect_code(130).json()["interrupted"], 2, "{outcome:?}");
}
