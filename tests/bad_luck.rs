//! Whatever dies, stalls or overflows: nothing of the target is left, the journal tells, the run comes to its end.
//!
//! Longer than the rest: one story after another, and each needs its whole setting.

use e2e::{Duress, Module, Need, Outcome, Started, caller, duress_path, has, victim};
use journal::{Entry, Reader};
use model::{CallSeq, Decision, Outcome as Settlement, SubjectId};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::{Pid, getpgid};
use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

const NEEDS: &[Need] = &[Need::Go, Need::Notify];

/// What a test starts, down to the last daemon, is known by a variable that they all inherit.
struct Mark(String);

impl Mark {
    const NAME: &str = "DURESS_E2E_MARK";

    fn new() -> Mark {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        Mark(format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)))
    }

    /// The command lines of the living processes, by number.
    fn living(&self) -> Vec<(i32, String)> {
        let variable = format!("{}={}", Mark::NAME, self.0);
        let carries =
            |environment: &[u8]| environment.split(|byte| *byte == 0).any(|one| one == variable.as_bytes());
        let processes = fs::read_dir("/proc").expect("there is a /proc").flatten();
        let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        // A zombie has no environment any more, and neither has the first thread of a process that goes on without it.
        let threads = |pid: i32| fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        let is_marked = |pid: &i32| {
            threads(*pid)
                .any(|thread| fs::read(thread.path().join("environ")).is_ok_and(|bytes| carries(&bytes)))
        };
        pids.filter(is_marked).map(|pid| (pid, command_line(pid))).collect()
    }

    /// Waits until no such process is left.
    #[track_caller]
    fn expect_gone(&self) {
        wait_until(
            "nothing of the target is left",
            || self.living().is_empty(),
            || format!("{:?}", self.living()),
        );
    }

    /// Waits for a process whose command line holds this text.
    #[track_caller]
    fn find(&self, text: &str) -> i32 {
        let mut found = None;
        let mut look = || {
            found = self.living().into_iter().find(|(_, line)| line.contains(text));
            found.is_some()
        };
        wait_until(&format!("a process `{text}`"), &mut look, || format!("{:?}", self.living()));
        found.expect("it was waited for").0
    }
}

fn command_line(pid: i32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}

/// Waits at most half a minute.
#[track_caller]
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool, shown: impl FnOnce() -> String) {
    for _ in 0..3000 {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("waited in vain until {what}: {}", shown());
}

/// The whole entries of a journal that is being written, or was.
fn entries(run: &Path) -> Vec<Entry<'static>> {
    let Ok(file) = fs::File::open(run.join("journal.duress")) else { return Vec::new() };
    let Ok(mut reader) = Reader::open(BufReader::new(file)) else { return Vec::new() };
    std::iter::from_fn(|| reader.next_entry().expect("the file can be read")).collect()
}

/// What a started duress has written down so far.
fn so_far(started: &Started) -> Vec<Entry<'static>> {
    started.run_dir().map(|run| entries(&run)).unwrap_or_default()
}

/// Waits for a call that a rule hits, and gives its process.
#[track_caller]
fn wait_for_hit(started: &Started) -> i32 {
    let mut hit = None;
    let mut look = || {
        hit = so_far(started).into_iter().find_map(|entry| match entry {
            Entry::Decided { decision: Decision::Inject { .. }, pid, .. } => pid,
            _ => None,
        });
        hit.is_some()
    };
    wait_until("a call is hit", &mut look, || format!("{:?}", so_far(started)));
    hit.expect("it was waited for").0
}

/// Nothing is settled before it is decided, calls are numbered without gaps, and time does not run backwards.
fn expect_order(entries: &[Entry<'_>]) {
    let mut decided: HashSet<(SubjectId, CallSeq)> = HashSet::new();
    let mut settled = HashSet::new();
    for entry in entries {
        match entry {
            Entry::Decided { subject, seq, .. } => {
                let before = CallSeq(seq.0 - 1);
                assert!(before.0 == 0 || decided.contains(&(*subject, before)), "a gap before {entry:?}");
                assert!(decided.insert((*subject, *seq)), "decided twice: {entry:?}");
            }
            Entry::Settled { subject, seq, .. } => {
                assert!(decided.contains(&(*subject, *seq)), "settled and not decided: {entry:?}");
                assert!(settled.insert((*subject, *seq)), "settled twice: {entry:?}");
            }
            _ => {}
        }
    }
}

fn is_closed(entries: &[Entry<'_>]) -> bool {
    matches!(entries.last(), Some(Entry::Closed { .. }))
}

/// A folder for temporary files: a `go` that is killed leaves its own behind.
fn scratch() -> TempDir {
    tempfile::Builder::new().prefix("duress-e2e-tmp-").tempdir().expect("a scratch folder")
}

/// `duress run FLAGS… -- COMMAND…`, marked.
fn marked(mark: &Mark, folder: &Path, flags: &[&str], command: &[&str]) -> Duress {
    let line = [&["run"], flags, &["--"], command].concat();
    Duress::new(folder, line).env(Mark::NAME, &mark.0).env("TMPDIR", folder)
}

/// Signals that the shell of this test ignores would be ignored by duress, too.
fn listening(duress: Duress) -> Duress {
    duress.under(&["env", "--default-signal=INT,TERM,HUP"])
}

const HELD: &[&str] = &["-e", "getpgid:delay_enter=3600s:when=500", "-e", "getpgid:retval=7"];

#[test]
fn sigkill_at_any_moment_leaves_no_process_and_a_readable_journal() {
    if !has(NEEDS) {
        return;
    }
    let (mut began, mut hit) = (0, 0);
    for round in 0..20 {
        let (mark, folder) = (Mark::new(), scratch());
        let started = marked(&mark, folder.path(), HELD, &[victim(), "detach"]).start();
        // Not synchronisation: the point is to strike wherever it happens to be.
        thread::sleep(Duration::from_millis(round * 7));
        kill(started.pid(), Signal::SIGKILL).expect("it runs");
        let outcome = started.finish();
        assert_eq!(outcome.code, None, "{outcome:?}");
        mark.expect_gone();
        // Struck before the journal had its header, there is no run to show.
        let Some(run) = outcome.try_run_dir().filter(|run| {
            fs::File::open(run.join("journal.duress")).is_ok_and(|file| Reader::open(file).is_ok())
        }) else {
            continue;
        };
        let entries = entries(&run);
        expect_order(&entries);
        assert!(!is_closed(&entries), "{entries:?}");
        began += 1;
        hit += u32::from(
            entries
                .iter()
                .any(|entry| matches!(entry, Entry::Decided { decision: Decision::Inject { .. }, .. })),
        );
        let show = Duress::new(folder.path(), ["show", "last"]).home_of(&outcome).run();
        show.expect_code(0).expect_stdout(&["cut short: the record ends at"]);
        assert!(!show.stdout.contains("damaged"), "{show:?}");
    }
    assert!(began >= 10 && hit >= 5, "of 20 runs only {began} had begun and {hit} had faults");
}

#[test]
fn sigkill_with_calls_held_and_daemons_about_leaves_no_process() {
    if !has(NEEDS) {
        return;
    }
    let (mark, folder) = (Mark::new(), scratch());
    let started = marked(&mark, folder.path(), HELD, &[victim(), "detach"]).start();
    mark.find("e2e-victim wait");
    let is_held =
        || so_far(&started).iter().any(|entry| matches!(entry, Entry::Decided { seq: CallSeq(500), .. }));
    wait_until("a call is held", is_held, String::new);
    assert!(mark.living().len() >= 4, "supervisor, guard, target and daemon: {:?}", mark.living());
    kill(started.pid(), Signal::SIGKILL).expect("it runs");
    let outcome = started.finish();
    mark.expect_gone();
    expect_order(&entries(&outcome.run_dir()));
}

#[test]
fn an_interrupted_run_is_reported_and_leaves_no_process() {
    if !has(NEEDS) {
        return;
    }
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143), (Signal::SIGHUP, 129)] {
        let (mark, folder) = (Mark::new(), scratch());
        let started = listening(marked(&mark, folder.path(), HELD, &[victim(), "detach"])).start();
        mark.find("e2e-victim wait");
        wait_for_hit(&started);
        kill(started.pid(), signal).expect("it runs");
        let outcome = started.finish();
        outcome.expect_code(code).expect_stdout(&[
            &format!("interrupted by signal {}", signal as i32),
            "rule-1  getpgid:delay_enter=3600s:when=500",
            "journal: ",
        ]);
        mark.expect_gone();
        let entries = entries(&outcome.run_dir());
        expect_order(&entries);
        assert!(is_closed(&entries), "{:?}", entries.last());
        let show = Duress::new(folder.path(), ["show", "last", "--format", "json"]).home_of(&outcome).run();
        assert_eq!(show.expect_code(0).json()["exit_code"], code, "{show:?}");
    }
}

#[test]
fn an_interrupt_right_after_the_start_leaves_no_process() {
    if !has(NEEDS) {
        return;
    }
    for (round, signal) in (0..14).zip([Signal::SIGTERM, Signal::SIGINT].into_iter().cycle()) {
        let (mark, folder) = (Mark::new(), scratch());
        let started = listening(marked(&mark, folder.path(), HELD, &[victim(), "detach"])).start();
        thread::sleep(Duration::from_millis(round));
        kill(started.pid(), signal).expect("it runs");
        let outcome = started.finish();
        mark.expect_gone();
        match outcome.code {
            // It was not listening yet; then nothing was launched.
            None => assert!(!outcome.stdout.contains("── duress"), "{outcome:?}"),
            Some(code) => {
                assert_eq!(code, 128 + signal as i32, "{outcome:?}");
                outcome.expect_stdout(&["interrupted by signal "]);
            }
        }
    }
}

#[test]
fn an_interrupt_while_go_compiles_leaves_no_process() {
    if !has(NEEDS) {
        return;
    }
    for (signal, code) in [(Signal::SIGINT, Some(130)), (Signal::SIGTERM, Some(143)), (Signal::SIGKILL, None)]
    {
        let (mark, folder) = (Mark::new(), scratch());
        // With an empty cache, go compiles for long.
        let cache = folder.path().join("cache");
        let module = Module::with_test(&["net/http"], "_ = http.StatusOK");
        let line = ["run", "-e", "openat:error=EIO", "--", "go", "test", "."];
        let duress = Duress::new(module.path(), line).env(Mark::NAME, &mark.0);
        let started = listening(duress.env("TMPDIR", folder.path()).env("GOCACHE", cache)).start();
        mark.find("/compile ");
        kill(started.pid(), signal).expect("it runs");
        let outcome = started.finish();
        assert_eq!(outcome.code, code, "{outcome:?}");
        mark.expect_gone();
        assert_eq!(is_closed(&entries(&outcome.run_dir())), code.is_some(), "{outcome:?}");
    }
}

/// Ctrl-C reaches everything in the terminal's group; what the target says then is still shown and kept.
#[test]
fn the_target_may_answer_an_interrupt_of_its_group() {
    if !has(NEEDS) {
        return;
    }
    let (mark, folder) = (Mark::new(), scratch());
    let duress = marked(&mark, folder.path(), &["-e", "acct:error=EIO"], &[victim(), "signals"]);
    let mut started = duress.under(&["env", "--default-signal=INT", "setsid"]).start();
    expect_line(&mut started, "ready");
    // setsid(1) forks where it leads a group already; here it does not, so this is duress.
    let group = getpgid(Some(started.pid())).expect("it runs");
    assert_eq!(group, started.pid());
    killpg(group, Signal::SIGINT).expect("it runs");
    let outcome = started.finish();
    outcome.expect_code(130);
    mark.expect_gone();
    let is_said =
        |entry: &Entry<'_>| matches!(entry, Entry::Output { text, .. } if text == "got interrupt\n");
    assert!(entries(&outcome.run_dir()).iter().any(is_said), "{outcome:?}");
}

/// Reads the first line of standard output.
#[expect(clippy::unbuffered_bytes, reason = "what comes after the line is for others to read")]
fn expect_line(started: &mut Started, line: &str) {
    let stdout = started.child.stdout.as_mut().expect("it is piped");
    let mut text = Vec::new();
    for byte in stdout.bytes() {
        match byte.expect("a pipe can be read") {
            b'\n' => break,
            byte => text.push(byte),
        }
    }
    assert_eq!(String::from_utf8_lossy(&text), line);
}

#[test]
fn signals_that_duress_was_started_to_ignore_do_not_stop_it() {
    let (mark, folder) = (Mark::new(), scratch());
    let command = ["sh", "-c", "echo ready; while [ ! -e go ]; do sleep 0.05; done; echo done"];
    let duress = marked(&mark, folder.path(), &[], &command);
    let mut started = duress.under(&["env", "--ignore-signal=HUP,INT"]).start();
    expect_line(&mut started, "ready");
    kill(started.pid(), Signal::SIGHUP).expect("it runs");
    kill(started.pid(), Signal::SIGINT).expect("it runs");
    fs::write(folder.path().join("go"), "").expect("a scratch file");
    started.finish().expect_code(0).expect_stdout(&["done\n", " unaffected "]);
}

#[test]
fn without_its_guard_duress_ends_everything_itself() {
    if !has(NEEDS) {
        return;
    }
    let (mark, folder) = (Mark::new(), scratch());
    let started = marked(&mark, folder.path(), HELD, &[victim(), "detach"]).start();
    mark.find("e2e-victim wait");
    wait_for_hit(&started);
    kill(Pid::from_raw(mark.find(" __guard ")), Signal::SIGKILL).expect("it runs");
    let outcome = started.finish();
    outcome.expect_code(3).expect_stderr(&["error: the guard process was ended from outside"]);
    mark.expect_gone();
    let show = Duress::new(folder.path(), ["show", "last"]).home_of(&outcome).run();
    show.expect_code(0).expect_stdout(&["aborted: the guard process was ended from outside"]);
    let show = Duress::new(folder.path(), ["show", "last", "--format", "json"]).home_of(&outcome).run();
    assert_eq!(show.json()["exit_code"], 3, "{show:?}");
}

#[test]
fn a_guard_that_dies_at_any_moment_ends_the_run() {
    if !has(NEEDS) {
        return;
    }
    for round in 0..10 {
        let (mark, folder) = (Mark::new(), scratch());
        let started = marked(&mark, folder.path(), HELD, &[victim(), "detach"]).start();
        let guard = mark.find(" __guard ");
        thread::sleep(Duration::from_millis(round));
        kill(Pid::from_raw(guard), Signal::SIGKILL).expect("it runs");
        let outcome = started.finish();
        outcome.expect_code(3).expect_stderr(&["error: the guard process "]);
        mark.expect_gone();
    }
}

/// The outer duress keeps the inner one's guard from ever reporting.
#[test]
fn a_guard_that_never_comes_in_ends_the_run() {
    if !has(&[Need::Notify]) {
        return;
    }
    let (mark, folder) = (Mark::new(), scratch());
    let inner = duress_path().to_str().expect("the checkout's path is text");
    let flags = ["-e", "connect:error=ECONNREFUSED"];
    let outcome = marked(&mark, folder.path(), &flags, &[inner, "run", "--", "touch", "mark"]).run();
    outcome.expect_code(1).expect_stderr(&["error: the guard process ended before it had begun"]);
    outcome.expect_stdout(&["the command failed: exit status 3"]);
    assert!(!folder.path().join("mark").exists(), "{outcome:?}");
    mark.expect_gone();
}

#[test]
fn a_process_that_is_killed_while_its_call_is_held_has_vanished() {
    if !has(NEEDS) {
        return;
    }
    let (mark, folder) = (Mark::new(), scratch());
    let script = r#""$0" getpgid; echo "the shell saw $?""#;
    let flags = ["-e", "getpgid:error=EPERM:delay_enter=3600s", "--format", "json"];
    let started = marked(&mark, folder.path(), &flags, &["sh", "-c", script, caller()]).start();
    kill(Pid::from_raw(wait_for_hit(&started)), Signal::SIGKILL).expect("it is held");
    let outcome = started.finish();
    outcome.expect_code(4).expect_stderr(&["the shell saw 137"]);
    let json = outcome.json();
    let faults = &json["faults"];
    let counts = (&faults["matched"], &faults["fired"], &faults["vanished"]);
    assert_eq!(counts, (&1.into(), &0.into(), &1.into()), "{outcome:?}");
    assert_eq!(json["fired"][0]["outcome"], "vanished", "{outcome:?}");
    assert!(json["wall_s"].as_f64().is_some_and(|wall| wall < 20.0), "{outcome:?}");
    let vanished = |entry: &Entry<'_>| matches!(entry, Entry::Settled { outcome: Settlement::Vanished, .. });
    assert_eq!(entries(&outcome.run_dir()).iter().filter(|entry| vanished(entry)).count(), 1);
}

/// Runs duress with its runs on a file system of 2 MiB; gives its outcome, and a copy of the run.
fn on_a_small_disk(mark: &Mark, folder: &Path, flags: &[&str], command: &[&str]) -> Outcome {
    for name in ["disk", "copy"] {
        fs::create_dir_all(folder.join(name)).expect("a scratch folder");
    }
    // The file system goes with the namespace, so the run is copied before.
    let script = "mount -t tmpfs -o size=2m tmpfs disk && DURESS_HOME=$PWD/disk \"$0\" \"$@\"; code=$?
        cp -r disk/runs copy/; exit $code";
    marked(mark, folder, flags, command).under(&["unshare", "--mount", "sh", "-c", script]).run()
}

fn copied_run(folder: &Path) -> std::path::PathBuf {
    let mut runs = fs::read_dir(folder.join("copy/runs")).expect("the run was copied").flatten();
    runs.next().expect("there was a run").path()
}

#[test]
fn a_full_disk_ends_the_run_with_all_that_was_decided_in_the_journal() {
    if !has(&[Need::Go, Need::Notify, Need::Root, Need::Mount]) {
        return;
    }
    let (mark, folder) = (Mark::new(), scratch());
    let count = folder.path().join("count");
    fs::write(&count, [0; 4096]).expect("a scratch file");
    let path = count.to_str().expect("scratch folders have plain names");
    let flags = ["-e", "getpgid:retval=7"];
    let outcome = on_a_small_disk(&mark, folder.path(), &flags, &[victim(), "counting", path]);
    outcome.expect_code(3).expect_stderr(&[
        "error: cannot write the journal: No space left on device",
        "help: free some space, or name a folder on another disk with --out",
    ]);
    mark.expect_gone();

    let run = copied_run(folder.path());
    let entries = entries(&run);
    expect_order(&entries);
    let [.., Entry::Aborted { reason, .. }, Entry::Closed { .. }] = &entries[..] else {
        panic!("{:?}\n{outcome:?}", entries.last())
    };
    assert!(reason.contains("No space left on device"), "{reason}");
    let hits = |entry: &&Entry<'_>| matches!(entry, Entry::Decided { decision: Decision::Inject { .. }, .. });
    let decided = u64::try_from(entries.iter().filter(hits).count()).expect("it fits");
    let bytes = fs::read(&count).expect("our own file");
    let seen = u64::from_ne_bytes(bytes[..8].try_into().expect("eight bytes"));
    assert!(seen > 10_000, "the target saw {seen} results only");
    assert!(seen <= decided, "the target saw {seen} results, {decided} were decided");

    let line = [run.to_str().expect("scratch folders have plain names")];
    let show = Duress::new(folder.path(), ["show", line[0]]).run();
    show.expect_code(0).expect_stdout(&["aborted: cannot write the journal: No space left on device"]);
}

#[test]
fn output_that_fills_the_disk_ends_the_run() {
    if !has(&[Need::Go, Need::Notify, Need::Root, Need::Mount]) {
        return;
    }
    let (mark, folder) = (Mark::new(), scratch());
    let outcome = on_a_small_disk(&mark, folder.path(), &[], &[victim(), "flood", "20"]);
    outcome.expect_code(3).expect_stderr(&["error: cannot write the journal: No space left on device"]);
    mark.expect_gone();
    let entries = entries(&copied_run(folder.path()));
    assert!(matches!(entries[..], [.., Entry::Aborted { .. }, Entry::Closed { .. }]), "{:?}", entries.last());
}

#[test]
fn a_reader_who_leaves_early_is_no_failure() {
    if !has(NEEDS) {
        return;
    }
    let (mark, folder) = (Mark::new(), scratch());
    let flags = ["-e", "acct:error=EIO", "--allow-vacuous"];
    let mut started = marked(&mark, folder.path(), &flags, &[victim(), "flood", "2"]).start();
    expect_line(&mut started, &"x".repeat(99));
    drop(started.child.stdout.take());
    let outcome = started.finish();
    outcome.expect_code(0);
    assert_eq!(outcome.stderr, "", "{outcome:?}");
    let entries = entries(&outcome.run_dir());
    let bytes =
        entries.iter().map(|entry| if let Entry::Output { text, .. } = entry { text.len() } else { 0 });
    assert_eq!(bytes.sum::<usize>(), 2_000_000, "the run was not complete");
    assert!(is_closed(&entries));

    for line in [&["show", "last"][..], &["show", "last", "--format", "json"], &["doctor"], &["--help"]] {
        let mut started = Duress::new(folder.path(), line).home_of(&outcome).start();
        drop(started.child.stdout.take());
        let outcome = started.finish();
        outcome.expect_code(0);
        assert_eq!(outcome.stderr, "", "{outcome:?}");
    }
}

#[test]
fn two_thousand_short_processes_are_all_counted() {
    if !has(&[Need::Notify]) {
        return;
    }
    let script = "i=0; while [ $i -lt 2000 ]; do /bin/true; i=$((i+1)); done";
    let flags = ["--watch", "execve", "-e", "execve,openat:error=EIO:when=1000000", "--allow-vacuous"];
    let (mark, folder) = (Mark::new(), scratch());
    let line = [&flags[..], &["--format", "json"]].concat();
    let outcome = marked(&mark, folder.path(), &line, &["sh", "-c", script]).run();
    let json = outcome.expect_code(0).json();
    // The launch of the shell is not one of its calls.
    assert_eq!(json["calls"]["execve"], 2000, "{outcome:?}");
    assert!(json["calls"]["openat"].as_u64() >= Some(2000), "{outcome:?}");
    assert_eq!(json["faults"]["vanished"], 0, "{outcome:?}");
}

/// The number behind this word in what `victim` says.
fn said(outcome: &Outcome, word: &str) -> u64 {
    let line = outcome
        .stderr
        .lines()
        .chain(outcome.stdout.lines())
        .find_map(|line| line.strip_prefix(word)?.trim().parse().ok());
    line.unwrap_or_else(|| panic!("the target did not say `{word}`\n{outcome:?}"))
}

#[test]
fn a_thousand_held_calls_cost_one_delay_and_hold_nobody_else() {
    if !has(NEEDS) {
        return;
    }
    let (mark, folder) = (Mark::new(), scratch());
    let flags = ["-e", "getpgid:delay_enter=4s", "--watch", "getsid", "--format", "json"];
    let outcome = marked(&mark, folder.path(), &flags, &[victim(), "threads", "1000"]).run();
    outcome.expect_code(0);
    assert_eq!(outcome.json()["faults"]["fired"], 1000, "{outcome:?}");
    let entries = entries(&outcome.run_dir());
    expect_order(&entries);
    let held = |entry: &&Entry<'_>| matches!(entry, Entry::Decided { decision: Decision::Inject { .. }, .. });
    let before =
        entries.iter().take_while(|entry| !matches!(entry, Entry::Settled { .. })).filter(held).count();
    assert_eq!(before, 1000, "all were held before the first was let go");
    let wall = said(&outcome, "wall_ms");
    assert!((4000..12_000).contains(&wall), "{wall} ms\n{outcome:?}");
    // A hundred calls of another thread, made while a thousand were held.
    let others = said(&outcome, "others_done_ms");
    assert!(others < 3500, "they were done after {others} ms\n{outcome:?}");
    assert!(said(&outcome, "others_median_us") < 20_000, "{outcome:?}");
    assert!(said(&outcome, "others_worst_us") < 1_000_000, "{outcome:?}");
}

#[test]
fn a_target_that_closes_its_streams_goes_on() {
    let (mark, folder) = (Mark::new(), scratch());
    let script = "exec >&- 2>&- <&-; sleep 0.3; touch done; exit 5";
    let outcome = marked(&mark, folder.path(), &[], &["sh", "-c", script]).run();
    outcome.expect_code(1).expect_stdout(&["exit status 5"]);
    assert!(folder.path().join("done").exists(), "{outcome:?}");
}

#[test]
fn what_a_command_leaves_behind_is_ended_and_said() {
    for (plan, script, count, words) in [
        (&[][..], "setsid sleep 1000 & exit 0", 1, "1 process left behind by the command, and ended"),
        (
            &["-e", "acct:error=EIO", "--allow-vacuous"][..],
            "(setsid sleep 1000 &); (setsid sh -c 'sleep 1001; true' &); exit 0",
            3,
            "3 processes left behind by the command, and ended",
        ),
    ] {
        let (mark, folder) = (Mark::new(), scratch());
        let outcome = marked(&mark, folder.path(), plan, &["sh", "-c", script]).run();
        outcome.expect_code(0).expect_stdout(&[words]);
        mark.expect_gone();
        let counted =
            |entry: &Entry<'_>| matches!(entry, Entry::Stragglers { count: found, .. } if *found == count);
        assert!(entries(&outcome.run_dir()).iter().any(counted), "{outcome:?}");
    }
    let (mark, folder) = (Mark::new(), scratch());
    let outcome = marked(&mark, folder.path(), &[], &["sh", "-c", "sleep 0.2 & exit 0"]).run();
    assert!(!outcome.expect_code(0).stdout.contains("left behind"), "it ended by itself\n{outcome:?}");
}

/// Its first thread is a zombie, its others hold the output open.
#[test]
fn a_process_that_lost_its_first_thread_is_ended_too() {
    if !has(&[Need::Go]) {
        return;
    }
    let (mark, folder) = (Mark::new(), scratch());
    let script = r#""$0" headless & sleep 0.3"#;
    let mut started = marked(&mark, folder.path(), &[], &["sh", "-c", script, victim()]).start();
    expect_line(&mut started, "ready");
    started.finish().expect_code(0).expect_stdout(&["1 process left behind by the command, and ended"]);
    mark.expect_gone();
}

#[test]
fn a_flood_of_output_is_carried_in_little_memory() {
    if !has(NEEDS) {
        return;
    }
    let (mark, folder) = (Mark::new(), scratch());
    let mut started = marked(&mark, folder.path(), &[], &[victim(), "flood", "50"]).start();
    let mut stdout = started.child.stdout.take().expect("it is piped");
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        stdout.read_to_end(&mut text).map(|_| text)
    });
    let mut peak_kib = 0;
    while started.child.try_wait().expect("it is our child").is_none() {
        peak_kib = peak_kib.max(high_water_kib(started.pid()));
        thread::sleep(Duration::from_millis(5));
    }
    let text = reader.join().expect("it reads to the end").expect("a pipe can be read");
    let outcome = started.finish();
    outcome.expect_code(0);
    assert_eq!(text.split(|byte| *byte == b'\n').filter(|line| line.len() == 99).count(), 500_000);
    assert!((1..64 << 10).contains(&peak_kib), "duress took {peak_kib} KiB");
}

/// The most memory that a process ever had, in KiB; 0 once it is gone.
fn high_water_kib(pid: Pid) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse().expect("proc_pid_status(5)")
}

#[test]
fn a_huge_command_line_and_environment_reach_the_target() {
    let (mark, folder) = (Mark::new(), scratch());
    let words: Vec<String> = (0..5000).map(|number| format!("{number:0100}")).collect();
    let mut command = vec!["sh", "-c", "echo $# ${#BIG_0} ${#BIG_4} $4999", "sh"];
    command.extend(words.iter().map(String::as_str));
    for flags in [&[][..], &["-e", "acct:error=EIO", "--allow-vacuous"]] {
        let mut duress = marked(&mark, folder.path(), flags, &command);
        for number in 0..5 {
            duress = duress.env(&format!("BIG_{number}"), "x".repeat(100_000));
        }
        duress.run().expect_code(0).expect_stdout(&["5000 100000 100000 "]);
    }
}

#[test]
fn a_target_that_gives_up_its_privileges_stays_under_duress() {
    if !has(&[Need::Go, Need::Notify, Need::Root]) {
        return;
    }
    let (mark, folder) = (Mark::new(), scratch());
    let flags = ["-e", "getpgid:retval=7:when=2"];
    let outcome = marked(&mark, folder.path(), &flags, &[victim(), "unprivileged", "65534"]).run();
    outcome.expect_code(0).expect_stdout(&["uid 65534\n", "\ngetpgid 7 0\n", "matched 3  fired 1"]);
    assert_eq!(outcome.stdout.matches("\ngetpgid 7 0\n").count(), 1, "{outcome:?}");
    let setpriv = ["setpriv", "--reuid=65534", "--clear-groups", "sh", "-c", "cat absent; echo uid $(id -u)"];
    let outcome = marked(&mark, folder.path(), &["-e", "getuid,geteuid:error=EIO:when=999"], &setpriv).run();
    outcome.expect_code(4).expect_stdout(&["uid 65534"]);
}

#[test]
fn a_go_test_that_kills_itself_is_a_crash_by_signal() {
    if !has(NEEDS) {
        return;
    }
    let module =
        Module::with_test(&["syscall"], "\tsyscall.Kill(syscall.Getpid(), syscall.SIGKILL)\n\tselect {}");
    let line = ["run", "-e", "acct:error=EIO", "--format", "json", "--", "go", "test", "."];
    let outcome = Duress::new(module.path(), line).run();
    let json = outcome.expect_code(1).json();
    assert_eq!(json["verdict"], "crashed", "{outcome:?}");
    let finding = &json["findings"][0];
    assert_eq!(
        (&finding["kind"], &finding["package"]),
        (&"signal".into(), &"example.com/x".into()),
        "{outcome:?}"
    );
    assert_eq!(finding["evidence"], "signal: killed", "{outcome:?}");
}

#[test]
fn a_supervisor_that_is_stopped_for_a_while_loses_nothing() {
    if !has(NEEDS) {
        return;
    }
    let (mark, folder) = (Mark::new(), scratch());
    let flags = ["-e", "getpgid:error=EPERM:when=1+2", "--format", "json"];
    let started = marked(&mark, folder.path(), &flags, &[victim(), "exact", "20000"]).start();
    wait_for_hit(&started);
    kill(started.pid(), Signal::SIGSTOP).expect("it runs");
    // Not synchronisation: this is how long it is stopped.
    thread::sleep(Duration::from_secs(1));
    kill(started.pid(), Signal::SIGCONT).expect("it is stopped");
    let outcome = started.finish();
    let json = outcome.expect_code(0).json();
    assert_eq!(
        (&json["faults"]["matched"], &json["faults"]["fired"]),
        (&20_000.into(), &10_000.into()),
        "{outcome:?}"
    );
    assert_eq!(said(&outcome, "failed"), 10_000, "{outcome:?}");
    let entries = entries(&outcome.run_dir());
    expect_order(&entries);
    let times = entries.iter().filter_map(|entry| match entry {
        Entry::Decided { at, .. } => Some(at.as_duration()),
        _ => None,
    });
    let times: Vec<Duration> = times.collect();
    let gap = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max();
    assert!(
        gap >= Some(Duration::from_millis(900)),
        "it was stopped before or after, the longest gap is {gap:?}"
    );
}

/// A line reader would keep what it read ahead; see [`expect_line`].
#[test]
fn a_terminal_that_does_not_read_holds_up_output_and_no_calls() {
    if !has(NEEDS) {
        return;
    }
    let (mark, folder) = (Mark::new(), scratch());
    let script = r#""$0" flood 1 & "$0" exact 2000 >&2; echo "calls done" >&2; wait"#;
    let flags = ["-e", "getpgid:error=EPERM:when=1+2"];
    let mut started = marked(&mark, folder.path(), &flags, &["sh", "-c", script, victim()]).start();
    // Nobody reads standard output, whose pipe holds 64 KiB; standard error is read.
    let stderr = started.child.stderr.take().expect("it is piped");
    let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
    assert!(lines.any(|line| line == "calls done"), "calls waited for output");
    assert!(started.child.try_wait().expect("it is our child").is_none(), "the flood was read by somebody");
    thread::spawn(move || lines.count());
    started.finish().expect_code(0);
}
