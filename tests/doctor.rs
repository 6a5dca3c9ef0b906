//! `duress doctor`, on this host and on hosts made poorer.

use e2e::{Duress, Need, Outcome, duress_path, has};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn doctor(flags: &[&str]) -> Duress {
    Duress::new(Path::new("/"), [&["doctor"], flags].concat())
}

fn json() -> Value {
    doctor(&["--format", "json"]).run().json()
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// The check of this name.
fn check<'a>(diagnosis: &'a Value, name: &str) -> &'a Value {
    let checks = diagnosis["checks"].as_array().expect("checks are a list");
    checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no `{name}` in {checks:?}"))
}

/// Users' CI jobs read them: adding one is free, losing or renaming one is not.
#[test]
fn the_keys_and_names_are_stable() {
    let diagnosis = json();
    let expected = [
        "capabilities",
        "cc",
        "checks",
        "duress",
        "go",
        "kernel",
        "limits",
        "machine",
        "main_job",
        "notify",
        "perf_event_paranoid",
        "ptrace_scope",
        "sync_wake_up",
        "uid",
        "wait_killable",
    ];
    assert!(keys(&diagnosis).is_superset(&expected.into()), "{diagnosis}");
    assert!(keys(&diagnosis["limits"]).is_superset(&["as", "core", "nofile", "nproc", "stack"].into()));
    for name in
        ["machine", "seccomp", "privileges", "go", "cc", "perf_event_paranoid", "ptrace_scope", "core"]
    {
        let check = check(&diagnosis, name);
        assert!(keys(check).is_superset(&["name", "state", "found", "meaning"].into()), "{check}");
        assert!(["ok", "limited", "no"].iter().any(|state| check["state"] == *state), "{check}");
    }
}

#[test]
fn both_formats_say_the_same() {
    let diagnosis = json();
    let human = doctor(&[]).run();
    for check in diagnosis["checks"].as_array().expect("checks are a list") {
        let text = |key: &str| check[key].as_str().expect("text").to_owned();
        let head = format!(" {:8} {:20} {}", text("state"), text("name"), text("found"));
        human.expect_stdout(&[&head, &text("meaning")]);
    }
    let (code, last) = match diagnosis["main_job"].as_bool().expect("yes or no") {
        true => (0, "The main job works here"),
        false => (3, "The main job cannot run here"),
    };
    human.expect_code(code).expect_stdout(&[last]);
    assert_eq!(human.stderr, "", "{human:?}");
    assert!(!human.stdout.contains('\x1b'), "colour without a terminal: {human:?}");
    doctor(&["--format", "json"]).run().expect_code(code);
}

#[test]
fn what_it_says_is_what_the_kernel_says() {
    let diagnosis = json();
    let number = |path: &str| fs::read_to_string(path).ok().and_then(|text| text.trim().parse::<i64>().ok());
    let said = |key: &str| diagnosis[key].as_i64();
    assert_eq!(said("perf_event_paranoid"), number("/proc/sys/kernel/perf_event_paranoid"));
    assert_eq!(said("ptrace_scope"), number("/proc/sys/kernel/yama/ptrace_scope"));
    assert_eq!(said("uid"), Some(nix::unistd::geteuid().as_raw().into()));
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("there is a /proc");
    assert_eq!(diagnosis["kernel"], release.trim());

    let status = fs::read_to_string("/proc/self/status").expect("there is a /proc");
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:")).expect("proc_pid_status(5)");
    assert_eq!(diagnosis["capabilities"], format!("0x{}", effective.trim()));

    let limits = fs::read_to_string("/proc/self/limits").expect("there is a /proc");
    for (key, name) in [("nofile", "Max open files"), ("nproc", "Max processes"), ("as", "Max address space")]
    {
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).expect("proc_pid_limits(5)");
        let soft = line.split_whitespace().next().and_then(|word| word.parse::<u64>().ok());
        assert_eq!(diagnosis["limits"][key].as_u64(), soft, "{key}: {line}");
    }
    if let Ok(actions) = fs::read_to_string("/proc/sys/kernel/seccomp/actions_avail") {
        assert_eq!(diagnosis["notify"], actions.contains("user_notif"), "{actions}");
    }
}

#[test]
fn limits_that_are_lowered_are_seen() {
    let lowered =
        doctor(&["--format", "json"]).under(&["sh", "-c", "ulimit -n 123; exec \"$0\" \"$@\""]).run();
    assert_eq!(lowered.json()["limits"]["nofile"], 123, "{lowered:?}");
}

/// What keeps the main job from running, and nothing else.
#[track_caller]
fn expect_only_no(outcome: &Outcome, name: &str, meaning: &str) {
    let diagnosis = outcome.expect_code(3).json();
    assert_eq!(diagnosis["main_job"], false, "{outcome:?}");
    let checks = diagnosis["checks"].as_array().expect("checks are a list");
    let failed: Vec<&Value> = checks.iter().filter(|check| check["state"] == "no").collect();
    assert_eq!(failed.len(), 1, "{outcome:?}");
    assert_eq!((&failed[0]["name"], &failed[0]["meaning"]), (&name.into(), &meaning.into()), "{outcome:?}");
}

#[test]
fn without_go_the_main_job_cannot_run() {
    if !has(&[Need::Go, Need::Notify]) {
        return;
    }
    let outcome = doctor(&["--format", "json"]).env("PATH", "/nonexistent").run();
    expect_only_no(&outcome, "go", "only other commands can be put under duress");
    let diagnosis = outcome.json();
    assert_eq!((&diagnosis["go"], &diagnosis["cc"]), (&Value::Null, &Value::Null), "{outcome:?}");
    let found = check(&diagnosis, "go")["found"].as_str().expect("text");
    assert!(found.contains("cannot find `go`"), "{found}");
    doctor(&[]).env("PATH", "/nonexistent").run().expect_code(3).expect_stdout(&[" no       go "]);
}

#[test]
fn without_a_c_compiler_the_main_job_runs_with_a_limit() {
    if !has(&[Need::Go, Need::Notify]) {
        return;
    }
    let outcome = doctor(&["--format", "json"]).env("CC", "/nonexistent/cc").run();
    let diagnosis = outcome.expect_code(0).json();
    assert_eq!((&diagnosis["main_job"], &diagnosis["cc"]), (&true.into(), &Value::Null), "{outcome:?}");
    assert_eq!(check(&diagnosis, "cc")["state"], "limited", "{outcome:?}");
}

/// The outer duress traps what the inner one would need; its own report is on standard error.
fn within(rule: &str) -> Outcome {
    let inner = duress_path().to_str().expect("the checkout's path is text");
    let line = ["run", "-e", rule, "--allow-vacuous", "--", inner, "doctor", "--format", "json"];
    let outcome = Duress::new(Path::new("/"), line).run();
    outcome.expect_code(1).expect_stdout(&["the command failed", "exit status 3"]);
    outcome
}

#[test]
fn where_calls_cannot_be_trapped_the_main_job_cannot_run() {
    if !has(&[Need::Notify, Need::Go]) {
        return;
    }
    for (rule, found) in [
        ("acct:error=EIO", "another supervisor listens already (EBUSY)"),
        ("seccomp:error=ENOSYS", "no user notification: ENOSYS"),
        ("seccomp:error=EINVAL", "no user notification: EINVAL"),
    ] {
        let outcome = within(rule);
        let (text, _) = outcome.stdout.split_once("── duress ").expect("a report follows");
        let diagnosis: Value = serde_json::from_str(text).expect("a diagnosis is JSON");
        assert_eq!(
            (&diagnosis["notify"], &diagnosis["main_job"]),
            (&false.into(), &false.into()),
            "{outcome:?}"
        );
        let check = check(&diagnosis, "seccomp");
        let said = check["found"].as_str().expect("text");
        assert!(said.starts_with(found), "{rule}: {said}");
        assert_eq!(check["state"], "no", "{outcome:?}");
    }
}
