//! An empty plan, and one that never fires, change nothing: what a target can see of itself, and Go's own tests.
#![expect(clippy::disallowed_methods, reason = "what is compared with is a plain command")]

use e2e::{Duress, Module, Need, Outcome, caller, has, victim};
use journal::Entry;
use model::{Outcome as Settlement, SubjectId, Sysno, Tid};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// No filter at all; and a filter for what Go programs do most, without effect.
const EMPTY: &[&str] = &[];
const NEVER: &[&str] =
    &["-e", "futex,read,write,openat,epoll_pwait:error=EIO:when=1000000000", "--allow-vacuous"];

/// The same, by ptrace.
const NEVER_TRACED: &[&str] = &[
    "--mechanism",
    "trace",
    "-e",
    "futex,read,write,openat,epoll_pwait:error=EIO:when=1000000000",
    "--allow-vacuous",
];

/// A command without us, as its standard output.
fn plain(folder: &Path, line: &[&str]) -> String {
    let mut command = Command::new(line[0]);
    command.args(&line[1..]).current_dir(folder).stdin(Stdio::null());
    // As `Duress` has it.
    for name in ["DURESS_SEED", "DURESS_FORMAT", "DURESS_SCENARIOS", "NO_COLOR", "GOFLAGS"] {
        command.env_remove(name);
    }
    let Output { stdout, stderr, .. } =
        command.env("DURESS_HOME", "/nonexistent").output().expect("it starts");
    let stderr = String::from_utf8_lossy(&stderr);
    assert_eq!(stderr, "", "{line:?}");
    String::from_utf8_lossy(&stdout).into_owned()
}

/// The same under duress, as its standard output without our report.
fn under(folder: &Path, flags: &[&str], wrapper: &[&str], line: &[&str]) -> String {
    let mut duress = Duress::new(folder, [&["run"], flags, &["--"], line].concat());
    duress = duress.env("DURESS_HOME", folder.join("home"));
    if !wrapper.is_empty() {
        duress = duress.under(wrapper);
    }
    let outcome = duress.run();
    outcome.expect_code(0);
    let (text, _) =
        outcome.stdout.split_once("── duress ").unwrap_or_else(|| panic!("no report\n{outcome:?}"));
    text.to_owned()
}

/// The lines of `/proc/self/status` that say how a process was set up, and not where it is.
fn setting(status: &str, without: &[&str]) -> BTreeMap<String, String> {
    let said = status.lines().filter_map(|line| line.split_once(':'));
    let of_setting = |name: &str| {
        ["Umask", "Uid", "Gid", "Groups", "NoNewPrivs", "Seccomp", "Seccomp_filters", "Threads"]
            .contains(&name)
            || ["Sig", "Shd", "Cap", "Cpus_", "Mems_", "Spec"].iter().any(|begin| name.starts_with(begin))
    };
    said.filter(|(name, _)| of_setting(name) && *name != "SigQ" && !without.contains(name))
        .map(|(name, value)| (name.to_owned(), without_glibcs_own(name, value.trim())))
        .collect()
}

/// Signals 32 and 33 are glibc's own: posix_spawn(3), by which this test starts its commands, leaves them ignored, and the
/// threads of duress catch the second one. No program can set them.
fn without_glibcs_own(name: &str, value: &str) -> String {
    match u64::from_str_radix(value, 16) {
        Ok(mask) if name == "SigIgn" => format!("{:016x}", mask & !(0b11 << 31)),
        _ => value.to_owned(),
    }
}

/// A target starts with what the user's shell set, unusual things included.
#[test]
fn a_target_finds_the_setting_that_it_would_find_without_us() {
    let folder = Module::new(&[]);
    let wrapper = [
        "sh",
        "-c",
        "umask 027; ulimit -n 333; ulimit -c 0; \
         exec nice -n 3 env --ignore-signal=HUP,USR1 --block-signal=USR2,TERM -- \"$0\" \"$@\"",
    ];
    let status = ["cat", "/proc/self/status"];
    let limits = ["cat", "/proc/self/limits"];
    let nice = ["nice"];
    let compare = |flags: &[&str], without: &[&str]| {
        for wrapper in [&[][..], &wrapper] {
            let outside = plain(folder.path(), &[wrapper, &status].concat());
            let outside = setting(&outside, without);
            assert!(outside.len() > 15, "{outside:?}");
            assert_eq!(
                setting(&under(folder.path(), flags, wrapper, &status), without),
                outside,
                "{flags:?}"
            );
            for line in [&limits[..], &nice, &["pwd"]] {
                let outside = plain(folder.path(), &[wrapper, line].concat());
                assert_eq!(under(folder.path(), flags, wrapper, line), outside, "{flags:?} {line:?}");
            }
        }
    };
    compare(EMPTY, &[]);
    if has(&[Need::Notify, Need::Trace]) {
        let mut without = vec!["Seccomp", "Seccomp_filters"];
        if !has(&[Need::Root]) {
            // Without privilege, a filter costs the chance of new privileges; the doctor says so.
            without.push("NoNewPrivs");
        }
        compare(NEVER, &without);
        compare(NEVER_TRACED, &without);
    }
}

#[test]
fn a_target_has_no_descriptor_more_and_no_variable_more() {
    let folder = Module::new(&[]);
    let fds = |text: &str| text.split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>();
    // Behind text without a line end, our report begins a line of its own.
    let variables =
        |text: &str| text.trim_end().split_terminator('\0').map(str::to_owned).collect::<BTreeSet<_>>();
    let plans =
        if has(&[Need::Notify, Need::Trace]) { vec![EMPTY, NEVER, NEVER_TRACED] } else { vec![EMPTY] };
    for flags in plans {
        let line = ["ls", "/proc/self/fd"];
        let outside = plain(folder.path(), &line);
        assert_eq!(fds(&under(folder.path(), flags, &[], &line)), fds(&outside), "{flags:?}");
        let line = ["env", "-0"];
        let mut outside = variables(&plain(folder.path(), &line));
        let mut inside = variables(&under(folder.path(), flags, &[], &line));
        let is_ours = |variable: &String| variable.starts_with("DURESS_HOME=");
        inside.retain(|variable| !is_ours(variable));
        outside.retain(|variable| !is_ours(variable));
        assert!(outside.len() > 3, "{outside:?}");
        assert_eq!(inside, outside, "{flags:?}");
    }
}

/// What go test itself sets up for a test is left as it is, too.
#[test]
fn a_go_test_finds_the_folder_and_variables_that_it_would_find_without_us() {
    if !has(&[Need::Go, Need::Notify, Need::Trace]) {
        return;
    }
    let body = r#"	here, _ := os.Getwd()
	lines := append(os.Environ(), "here: "+here)
	sort.Strings(lines)
	os.WriteFile(os.Getenv("E2E_OUT"), []byte(strings.Join(lines, "\n")), 0o644)"#;
    let module = Module::with_test(&["os", "sort", "strings"], body);
    let seen = |name: &str, run: &dyn Fn(&Path)| {
        let out = module.join(name);
        run(&out);
        let text = std::fs::read_to_string(&out).expect("the test wrote it");
        let varies = |line: &&str| !line.starts_with("DURESS_HOME=") && !line.starts_with("E2E_OUT=");
        text.lines().filter(varies).map(str::to_owned).collect::<Vec<_>>()
    };
    let outside = seen("plain", &|out| {
        let mut command = Command::new("go");
        command.args(["test", "-count=1", "."]).current_dir(module.path()).env("E2E_OUT", out);
        for name in ["DURESS_SEED", "DURESS_FORMAT", "DURESS_SCENARIOS", "NO_COLOR", "GOFLAGS"] {
            command.env_remove(name);
        }
        assert!(command.output().expect("go starts").status.success());
    });
    assert!(outside.iter().any(|line| line.starts_with("here: ")), "{outside:?}");
    for flags in [EMPTY, NEVER, NEVER_TRACED] {
        let inside = seen("under", &|out| {
            let line = [&["run"], flags, &["--", "go", "test", "."]].concat();
            Duress::new(module.path(), line).env("E2E_OUT", out).run().expect_code(0);
        });
        assert_eq!(inside, outside, "{flags:?}");
    }
}

/// A thread that is hit by signals all the time, as Go preempts: each call is notified once, and none is interrupted.
#[test]
fn signals_make_no_call_count_twice() {
    if !has(&[Need::Go, Need::Notify, Need::Trace]) {
        return;
    }
    let folder = Module::new(&[]);
    let mut signals = 0;
    let mut exact = |mechanism: &str, rule: &str, calls: u64, fired: u64| {
        let calls_text = calls.to_string();
        let flags = ["run", "--allow-vacuous", "--format", "json", "--mechanism", mechanism, "-e", rule];
        let line = [&flags[..], &["--", victim(), "exact", &calls_text]].concat();
        // More than there are CPUs, so that senders and spinners get their turns.
        let outcome = Duress::new(folder.path(), line).env("GOMAXPROCS", "8").run();
        let json = outcome.expect_code(0).json();
        let faults = &json["faults"];
        let found = (&faults["matched"], &faults["fired"], &faults["vanished"]);
        assert_eq!(found, (&calls.into(), &fired.into(), &0.into()), "{rule}\n{outcome:?}");
        outcome.expect_stderr(&["failed 0\n"]);
        let sent = outcome.stderr.lines().find_map(|line| line.strip_prefix("signals ")?.parse::<u64>().ok());
        signals += sent.expect("the program says how many it sent");
    };
    for mechanism in ["notify", "notify", "notify", "trace", "trace"] {
        exact(mechanism, "getpgid:error=EIO:when=1000000000", 2000, 0);
    }
    // Held calls lie open to signals for much longer.
    exact("notify", "getpgid:delay_enter=1ms", 200, 200);
    exact("trace", "getpgid:delay_enter=1ms", 200, 200);
    assert!(signals > 10_200, "{signals} signals for 10,200 calls prove little");
}

#[test]
fn a_program_that_makes_its_calls_one_by_one_is_counted_exactly() {
    if !has(&[Need::Go, Need::Notify, Need::Trace]) {
        return;
    }
    let folder = Module::new(&[]);
    for _ in 0..5 {
        let line = [
            "run",
            "--watch",
            "getpgid,getppid",
            "--format",
            "json",
            "--",
            caller(),
            "getpgid*500",
            "getppid*7",
        ];
        let outcome = Duress::new(folder.path(), line).run();
        let calls = &outcome.expect_code(0).json()["calls"];
        assert_eq!((&calls["getpgid"], &calls["getppid"]), (&500.into(), &7.into()), "{outcome:?}");
    }
}

/// Results by package and test (no test: the package as a whole).
type Results = BTreeMap<(String, String), String>;

fn goroot_src() -> PathBuf {
    let output = Command::new("go").args(["env", "GOROOT"]).output().expect("go is there");
    Path::new(String::from_utf8_lossy(&output.stdout).trim()).join("src")
}

fn go_test(packages: &[&str]) -> Vec<String> {
    let words = ["go", "test", "-short", "-count=1"].iter().chain(packages);
    words.map(|word| (*word).to_owned()).collect()
}

/// What `go test -json` says without us.
fn plain_results(packages: &[&str]) -> Results {
    let line = go_test(packages);
    let mut command = Command::new(&line[0]);
    command.args(&line[1..2]).arg("-json").args(&line[2..]).current_dir(goroot_src()).env_remove("GOFLAGS");
    let output = command.output().expect("go starts");
    let mut results = Results::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(event) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
        if let result @ ("pass" | "fail" | "skip") = text("Action").as_str() {
            results.insert((text("Package"), text("Test")), result.to_owned());
        }
    }
    results
}

/// What the journal of a run says.
fn results_of(entries: &[Entry<'_>]) -> Results {
    let mut results = Results::new();
    for entry in entries {
        if let Entry::Test { package, test, result, .. } = entry {
            let key = (package.to_string(), test.as_deref().unwrap_or_default().to_owned());
            results.insert(key, format!("{result:?}").to_lowercase());
        }
    }
    results
}

fn entries(outcome: &Outcome) -> Vec<Entry<'static>> {
    let mut reader = outcome.journal();
    std::iter::from_fn(|| reader.next_entry().expect("the journal can be read")).collect()
}

/// A call vanishes when its thread dies in it, which programs do at their end. One whose thread goes on was interrupted,
/// and is made again: the target did not see what it would see without us.
fn expect_no_interrupted_call(entries: &[Entry<'_>]) {
    let mut calls: HashMap<(SubjectId, u64), (Tid, Sysno)> = HashMap::new();
    let mut vanished: BTreeSet<(SubjectId, Tid)> = BTreeSet::new();
    for entry in entries {
        match entry {
            Entry::Decided { subject, seq, tid, sysno, .. } => {
                assert!(
                    !vanished.contains(&(*subject, *tid)),
                    "a call of {tid} was interrupted before {entry:?}"
                );
                calls.insert((*subject, seq.0), (*tid, *sysno));
            }
            Entry::Settled { subject, seq, outcome: Settlement::Vanished, .. } => {
                let (tid, _) = calls[&(*subject, seq.0)];
                vanished.insert((*subject, tid));
            }
            _ => {}
        }
    }
    assert!(!calls.is_empty(), "nothing was trapped");
}

/// Compares the results of these packages' tests without us and with; gives what differs.
fn compare(packages: &[&str], outside: &Results, flags: &[&str]) -> Vec<String> {
    let line = go_test(packages);
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    let outcome = Duress::new(&goroot_src(), [&["run"], flags, &["--"], &line].concat()).run();
    let entries = entries(&outcome);
    let inside = results_of(&entries);
    assert!(inside.len() > packages.len(), "{outcome:?}");
    if !flags.is_empty() {
        expect_no_interrupted_call(&entries);
    }
    let keys: BTreeSet<_> = inside.keys().chain(outside.keys()).collect();
    let differs = keys.into_iter().filter(|key| inside.get(*key) != outside.get(*key));
    differs
        .map(|key| format!("{key:?}: {:?} without, {:?} with", outside.get(key), inside.get(key)))
        .collect()
}

#[test]
fn gos_own_tests_give_the_same_results_under_a_plan_that_never_fires() {
    if !has(&[Need::Go, Need::Notify, Need::Trace]) {
        return;
    }
    let packages = ["sync", "os/exec", "os/signal", "io/fs"];
    let outside = plain_results(&packages);
    assert!(outside.len() > 100, "{outside:?}");
    for flags in [EMPTY, NEVER, NEVER_TRACED] {
        assert_eq!(compare(&packages, &outside, flags), Vec::<String>::new(), "{flags:?}");
    }
}

/// Takes minutes, so only on demand.
#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says why, and a long one how far it is")]
fn gos_network_tests_give_the_same_results_under_a_plan_that_never_fires() {
    if !has(&[Need::Go, Need::Notify, Need::Trace]) {
        return;
    }
    if std::env::var_os("DURESS_LONG").is_none() {
        e2e::skipped("takes minutes; set DURESS_LONG=1");
        return;
    }
    for package in ["net", "net/http"] {
        let outside = plain_results(&[package]);
        assert!(outside.len() > 100, "{outside:?}");
        for round in 1..=5 {
            for flags in [EMPTY, NEVER, NEVER_TRACED] {
                let differs = compare(&[package], &outside, flags);
                eprintln!("{package}, round {round}, {} flags: {} differ", flags.len(), differs.len());
                assert_eq!(differs, Vec::<String>::new(), "{package} {flags:?}");
            }
        }
    }
}
