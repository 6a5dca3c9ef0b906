//! `duress doctor`, on this host and on hosts made poorer.

use e2e::{Duress, Module, Need, Outcome, duress_path, has};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

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

/// A tree of these files; `-> PATH` is a link.
fn tree(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    for (path, content) in files {
        let path = folder.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().expect("a file within the tree")).expect("a folder of the tree");
        match content.strip_prefix("-> ") {
            Some(target) => symlink(target, path).expect("a link of the tree"),
            None => fs::write(path, content).expect("a file of the tree"),
        }
    }
    folder
}

fn of_tree(files: &[(&str, &str)], flags: &[&str]) -> Outcome {
    let folder = tree(files);
    let root = folder.path().to_str().expect("a scratch folder's path is text");
    doctor(&[&["--root", root], flags].concat()).run()
}

/// A host with a level of 3, which two files set, and one of those in vain.
const HOST: &[(&str, &str)] = &[
    ("/proc/sys/kernel/perf_event_paranoid", "3\n"),
    ("/proc/sys/kernel/osrelease", "5.10.0-8-amd64\n"),
    (
        "/proc/self/status",
        "Uid:\t0\t1000\t0\t0\nCapEff:\t0000000000080000\nSeccomp:\t2\nSeccomp_filters:\t1\n",
    ),
    ("/proc/self/limits", "Max stack size  65536  unlimited  bytes\nMax open files  64  128  files\n"),
    ("/proc/sys/user/max_user_namespaces", "0\n"),
    ("/etc/sysctl.d/10-perf.conf", "kernel.perf_event_paranoid = 1\n"),
    ("/usr/lib/sysctl.d/90-hard.conf", "# hardened\nkernel.perf_event_paranoid = 3\n"),
];

#[test]
fn a_tree_is_read_in_the_place_of_this_host() {
    let outcome = of_tree(HOST, &["--format", "json"]);
    let diagnosis = outcome.expect_code(0).json();
    assert_eq!(diagnosis["kernel"], "5.10.0-8-amd64");
    assert_eq!(diagnosis["perf_event_paranoid"], 3);
    assert_eq!(diagnosis["uid"], 1000);
    assert_eq!(
        (&diagnosis["limits"]["nofile"], &diagnosis["hard_limits"]["nofile"]),
        (&64.into(), &128.into())
    );
    assert_eq!(diagnosis["arg_max"]["room"], 131_072);
    for unknown in ["main_job", "notify", "trace", "ptrace_scope", "machine", "go"] {
        assert_eq!(diagnosis[unknown], Value::Null, "{unknown}");
    }
    assert_eq!(check(&diagnosis, "seccomp")["state"], "unknown");
    assert_eq!(check(&diagnosis, "user_namespaces")["state"], "limited");
    let level = &diagnosis["sysctl"][0];
    assert_eq!(level["systemd"]["file"], "/usr/lib/sysctl.d/90-hard.conf");
    assert_eq!((&level["systemd"]["line"], &level["differs"]), (&2.into(), &false.into()));
    assert_eq!(level["losing"][0]["file"], "/etc/sysctl.d/10-perf.conf");
    of_tree(HOST, &[]).expect_code(0).expect_stdout(&[
        "at boot 3 (/usr/lib/sysctl.d/90-hard.conf:2)",
        "overridden: 1 (/etc/sysctl.d/10-perf.conf:1)",
        "Whether the main job works is not known",
    ]);
}

#[test]
fn an_empty_tree_says_what_is_not_in_it() {
    let outcome = of_tree(&[], &[]);
    outcome.expect_code(0).expect_stdout(&["not in this tree", " unknown  seccomp "]);
    assert_eq!(outcome.stderr, "", "{outcome:?}");
    doctor(&["--root", "/nonexistent/tree"])
        .run()
        .expect_code(2)
        .expect_stderr(&["/nonexistent/tree is no folder"]);
}

#[test]
fn gates_exit_with_3_and_the_reason() {
    for (flags, code, text) in [
        (&["--max-paranoid", "3"][..], 0, "All gates passed: 1 of 1."),
        (
            &["--max-paranoid", "2"],
            3,
            "kernel.perf_event_paranoid is 3, more than 2; files set 3 (/usr/lib/sysctl.d/90-hard.conf:2)",
        ),
        (&["--max-paranoid", "-1"], 3, "more than -1"),
        (&["--min-kernel", "5.10"], 0, "Linux 5.10.0-8-amd64"),
        (&["--min-kernel", "5.19"], 3, "Linux 5.10.0-8-amd64 is older"),
        (&["--need", "root"], 3, "uid 1000"),
        (&["--need", "userns"], 3, "user.max_user_namespaces is 0"),
        (&["--need", "ebpf"], 3, "/sys/kernel/btf/vmlinux is not in this tree"),
        (&["--need", "go"], 3, "no `go` in this tree's PATH"),
        (&["--need", "race"], 3, "help: install Go"),
        (&["--need", "cgo"], 3, "`gcc` is not in PATH"),
        (&["--need", "cc"], 3, "`gcc` is not in PATH"),
        (&["--need", "no-container"], 0, "All gates passed"),
        (&["--need", "notify,ptrace,perf"], 3, "Gates failed: 3 of 3."),
        (&["--max-paranoid", "3", "--need", "root"], 3, "Gates failed: 1 of 2."),
    ] {
        of_tree(HOST, flags).expect_code(code).expect_stdout(&[text]);
        let diagnosis = of_tree(HOST, &[flags, &["--format", "json"]].concat()).expect_code(code).json();
        let gates = diagnosis["gates"].as_array().expect("gates are a list");
        assert_eq!(gates.iter().all(|gate| gate["passed"] == true), code == 0, "{diagnosis}");
    }
    of_tree(&[], &["--max-paranoid", "4"]).expect_code(3).expect_stdout(&["not in this tree"]);
    of_tree(&[], &["--min-kernel", "1"]).expect_code(3).expect_stdout(&["release is not known"]);
}

#[test]
fn what_no_gate_is_called_is_the_users_mistake() {
    for (flags, text) in [
        (&["--need", "notify,rcae"][..], "'race'"),
        (&["--need", ""], "a value is required"),
        (&["--max-paranoid", "high"], "invalid value 'high'"),
        (&["--min-kernel", "new"], "a kernel's release is two or three numbers"),
    ] {
        doctor(flags).run().expect_code(2).expect_stderr(&[text]);
    }
}

#[test]
fn what_works_here_passes_its_gate() {
    let diagnosis = json();
    for (need, key) in [("notify", "notify"), ("ptrace", "trace"), ("cgo", "cgo")] {
        let gated = doctor(&["--need", need, "--format", "json"]).run().json();
        assert_eq!(gated["gates"][0]["passed"], diagnosis[key], "{need}");
    }
    doctor(&["--min-kernel", "999"]).run().expect_code(3).expect_stdout(&["is older"]);
}

#[test]
fn containers_are_known_by_their_marks() {
    for (files, verdict) in [
        (&[][..], "no"),
        (&[("/.dockerenv", "")], "perhaps"),
        (&[("/run/.containerenv", "engine=\"podman-4.3.1\"\n")], "yes"),
        (&[("/proc/1/environ", "PATH=/bin\0container=lxc\0")], "yes"),
        (&[("/proc/1/cgroup", "0::/kubepods/burstable/pod1\n")], "yes"),
        (&[("/proc/1/cgroup", "0::/init.scope\n")], "no"),
        (&[("/run/systemd/container", "systemd-nspawn\n")], "yes"),
        (&[("/proc/self/mountinfo", "1 2 0:3 / / rw - overlay overlay rw\n")], "perhaps"),
        (&[("/.dockerenv", ""), ("/proc/self/mountinfo", "1 2 0:3 / / rw - overlay overlay rw\n")], "yes"),
        (&[("/proc/self/mountinfo", "1 2 0:3 / /var rw - overlay overlay rw\n")], "no"),
    ] {
        let outcome = of_tree(files, &["--format", "json"]);
        assert_eq!(outcome.json()["container"], verdict, "{files:?}");
    }
}

#[test]
fn cgo_says_why() {
    let compiler = tree(&[("/usr/bin/gcc", "")]);
    let gcc = compiler.path().join("usr/bin/gcc");
    fs::set_permissions(gcc, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("our own file");
    let with = |files: &[(&str, &str)]| {
        let folder = tree(files);
        fs::create_dir_all(folder.path().join("usr/bin")).expect("a folder of the tree");
        fs::copy(compiler.path().join("usr/bin/gcc"), folder.path().join("usr/bin/gcc"))
            .expect("a file of the tree");
        let root = folder.path().to_str().expect("text").to_owned();
        doctor(&["--root", &root]).run()
    };
    of_tree(&[], &[]).expect_stdout(&["off: by default, and `gcc` is not in PATH"]);
    with(&[]).expect_stdout(&["on: by default, for `gcc` is there"]);
    with(&[("/proc/self/environ", "CGO_ENABLED=0\0")])
        .expect_stdout(&["off: CGO_ENABLED=0 from the environment"]);
    with(&[("/root/.config/go/env", "CGO_ENABLED=0\n")])
        .expect_stdout(&["off: CGO_ENABLED=0 from `go env -w`, in /root/.config/go/env"]);
}

#[test]
fn toolchains_are_found_where_go_and_distributions_put_them() {
    let folder = tree(&[
        (
            "/proc/self/environ",
            "PATH=/usr/bin:/nowhere:/usr/local/go/bin\0HOME=/home/x\0GOROOT=/usr/local/go\0",
        ),
        ("/usr/bin/go", "-> ../lib/go-1.19/bin/go"),
        ("/usr/lib/go-1.19/VERSION", "go1.19.8\n"),
        ("/usr/lib/go-1.19/bin/go", ""),
        ("/usr/local/go/VERSION", "go1.26.8\ntime 2026-01-01T00:00:00Z\n"),
        ("/usr/local/go/bin/go", ""),
        ("/home/x/sdk/go1.22.1/VERSION", "go1.22.1\n"),
        ("/home/x/sdk/gone/VERSION", "garbage\n"),
        ("/home/x/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.25.4.linux-amd64/VERSION", "go1.25.4\n"),
    ]);
    for program in ["usr/lib/go-1.19/bin/go", "usr/local/go/bin/go"] {
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder.path().join(program), executable).expect("our own file");
    }
    let root = folder.path().to_str().expect("text");
    let diagnosis = doctor(&["--root", root, "--format", "json"]).run().expect_code(0).json();
    let found: Vec<(&str, &str)> = diagnosis["toolchains"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (one["version"].as_str().expect("text"), one["place"].as_str().expect("text")))
        .collect();
    let expected =
        [("go1.19.8", "PATH"), ("go1.26.8", "PATH"), ("go1.22.1", "sdk"), ("go1.25.4", "module cache")];
    assert_eq!(found, expected);
    assert_eq!(diagnosis["go"], "go1.19.8");
    let details = check(&diagnosis, "path")["details"].to_string();
    assert!(details.contains("/nowhere is not there"), "{details}");
    assert!(details.contains("several `go`: /usr/bin/go wins over /usr/local/go/bin/go"), "{details}");
    let goroot = check(&diagnosis, "goroot");
    assert_eq!(goroot["state"], "limited", "{goroot}");
    assert!(goroot["found"].as_str().is_some_and(|found| found.contains("from the environment")), "{goroot}");
}

/// What it says of an executable.
fn audit(file: &Path, flags: &[&str]) -> Outcome {
    let file = file.to_str().expect("a scratch folder's path is text");
    doctor(&[&["--binary", file, "--format", "json"], flags].concat()).run()
}

const PROGRAM: &[(&str, &str)] = &[("main.go", "package main\n\nfunc main() {}\n")];
const PROGRAM_WITH_C: &[(&str, &str)] =
    &[("main.go", "package main\n\n// #include <stdlib.h>\nimport \"C\"\n\nfunc main() { C.free(nil) }\n")];

fn built(files: &[(&str, &str)], flags: &[&str], name: &str) -> PathBuf {
    e2e::built(Module::new(files).path(), &[&["build"], flags].concat(), name)
}

#[test]
fn a_static_go_program_runs_in_any_tree() {
    if !has(&[Need::Go]) {
        return;
    }
    let program = built(PROGRAM, &["-trimpath", "-ldflags=-s -w"], "audited-static");
    let empty = tree(&[]);
    let root = empty.path().to_str().expect("text");
    for flags in [&[][..], &["--root", root]] {
        let audit = audit(&program, flags).expect_code(0).json()["binary"].clone();
        assert_eq!((&audit["linking"], &audit["runs"]), (&"static".into(), &true.into()), "{audit}");
        assert!(audit["go"].as_str().is_some_and(|go| go.starts_with("go1.")), "{audit}");
        assert_eq!(
            (&audit["symbols"], &audit["dwarf"], &audit["pclntab"]),
            (&false.into(), &false.into(), &true.into())
        );
        let settings = audit["settings"].to_string();
        assert!(settings.contains(r#"["-trimpath","true"]"#), "{settings}");
    }
}

#[test]
fn a_dynamic_program_needs_its_loader_and_libraries() {
    if !has(&[Need::Go, Need::Race]) {
        return;
    }
    let program = built(PROGRAM_WITH_C, &[], "audited-dynamic");
    let here = audit(&program, &[]);
    let found = here.expect_code(0).json()["binary"].clone();
    assert_eq!((&found["linking"], &found["runs"]), (&"dynamic".into(), &true.into()), "{found}");
    let interpreter = found["interpreter"].as_str().expect("a dynamic program has one").to_owned();
    let libraries = found["needed"].as_array().expect("a list");
    assert!(
        libraries
            .iter()
            .any(|library| library["name"].as_str().is_some_and(|name| name.starts_with("libc."))),
        "{found}"
    );

    // Built for a glibc that nobody has yet: its versions are names in a table of strings.
    let mut bytes = fs::read(&program).expect("our own file");
    let places: Vec<usize> =
        bytes.windows(8).enumerate().filter(|(_, window)| window == b"GLIBC_2.").map(|(at, _)| at).collect();
    if !places.is_empty() {
        places.into_iter().for_each(|at| bytes[at + 6] = b'9');
        let folder = tree(&[]);
        let newer = folder.path().join("newer");
        fs::write(&newer, bytes).expect("a file of the tree");
        let found = audit(&newer, &[]).expect_code(3).json()["binary"].clone();
        assert!(found["obstacles"].to_string().contains("libc.so.6 lacks GLIBC_9."), "{found}");
        assert!(
            found["glibc_needed"].as_str().is_some_and(|version| version.starts_with("GLIBC_9.")),
            "{found}"
        );
    }

    let empty = tree(&[]);
    let root = empty.path().to_str().expect("text");
    let outcome = audit(&program, &["--root", root]);
    let obstacles = outcome.expect_code(3).json()["binary"]["obstacles"].to_string();
    assert!(obstacles.contains(&format!("its interpreter {interpreter} is not in this tree")), "{obstacles}");
    assert!(obstacles.contains("is in no folder that is searched"), "{obstacles}");
}

#[test]
fn what_cannot_run_says_why() {
    let folder = tree(&[("/script", "#!/bin/sh\n"), ("/empty", "")]);
    let at = |name: &str| folder.path().join(name);
    let own = fs::read(duress_path()).expect("duress can be read");
    fs::write(at("cut"), &own[..64]).expect("a file of the tree");
    let mut foreign = own[..own.len().min(1 << 20)].to_vec();
    foreign[18] = 183;
    fs::write(at("foreign"), foreign).expect("a file of the tree");
    for (name, text) in [
        ("script", "not an ELF executable"),
        ("empty", "not an ELF executable"),
        ("cut", "missing or cut off"),
        ("foreign", "it is for another machine (ELF machine 183, 64 bits)"),
    ] {
        let outcome = audit(&at(name), &[]);
        let found = outcome.expect_code(3).json()["binary"].clone();
        assert!(found["obstacles"].to_string().contains(text), "{name}: {found}");
        let path = at(name).to_str().expect("text").to_owned();
        doctor(&["--binary", &path]).run().expect_code(3).expect_stdout(&[text, "cannot run here"]);
    }
    audit(&at("missing"), &[]).expect_code(2).expect_stderr(&["cannot read the executable", "not there"]);
    audit(folder.path(), &[]).expect_code(2).expect_stderr(&["no regular file"]);
}
