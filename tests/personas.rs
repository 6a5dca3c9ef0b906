//! Personas: a real Go test behaves as on the real thing, and what this host cannot give is refused.

#![expect(clippy::disallowed_methods, reason = "the real thing beside a persona is started by the shell")]

use e2e::{Duress, Module, Need, Outcome, built, has, root};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

const NEEDS: &[Need] = &[Need::Go, Need::Notify];

fn folder() -> PathBuf {
    root().join("scenarios/hostile-hosts")
}

/// The scenario's tests, built once.
fn tests() -> &'static PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| built(&folder(), &["test", "-c"], "hostile.test"))
}

fn run(personas: &[&str], flags: &[&str], command: &[&str]) -> Outcome {
    let mut words = vec!["run", "--format", "json"];
    personas.iter().for_each(|persona| words.extend(["--persona", persona]));
    words.extend_from_slice(flags);
    words.push("--");
    words.extend_from_slice(command);
    Duress::new(&folder(), words).run()
}

/// What a test binary says, without what differs from run to run.
fn said(output: &str) -> Vec<String> {
    let lines = output.lines().filter(|line| !line.starts_with("── ") && !line.contains(" passed "));
    let told = lines
        .filter(|line| line.contains("_test.go:") || line.contains("testing.go:") || line.starts_with("---"));
    let plain = |line: &str| line.chars().filter(|c| !c.is_ascii_digit()).collect();
    told.map(plain).collect()
}

/// Compares a persona with the real thing, which a shell makes of `$BIN`.
fn alike(persona: &str, test: &str, real: &str) {
    let pattern = format!("-test.run={test}$");
    let bin = tests().to_str().expect("a plain path");
    let emulated = run(&[persona], &[], &[bin, "-test.count=1", &pattern]);
    let script = format!("cd {}; {real} {bin} -test.count=1 '{pattern}'", folder().display());
    let real = Command::new("sh").args(["-c", &script]).output().expect("sh is there");
    let real_said = said(&String::from_utf8_lossy(&real.stdout));
    assert!(real_said.iter().any(|line| line.starts_with("--- FAIL")), "the real thing fails: {real:?}");
    assert_eq!(said(&emulated.stderr), real_said, "{persona}: {emulated:?}");
    emulated.expect_code(1);
}

#[test]
fn limits_and_variables_are_as_the_shell_sets_them() {
    if !has(NEEDS) {
        return;
    }
    for (persona, test, real) in [
        ("nofile=100", "TestManyFiles", "ulimit -n 100; exec"),
        ("as=2GiB", "TestMap", "ulimit -v 2097152; exec"),
        ("fsize=1MiB", "TestLargeFile", "ulimit -f 2048; exec"),
        ("core=0", "TestLimits", "ulimit -c 0; exec"),
        ("stack=1MiB", "TestLimits", "ulimit -s 1024; exec"),
        ("env=clean", "TestHome", "exec env -i"),
        ("path=minimal", "TestGoInPath", "PATH=/bin:/usr/bin exec env"),
        ("gomaxprocs=1", "TestTwoProcs", "GOMAXPROCS=1 exec env"),
        ("cpus=1", "TestTwoCPUs", "exec taskset -c 0"),
    ] {
        alike(persona, test, real);
    }
}

#[test]
fn file_systems_are_as_mount_makes_them() {
    if !(has(NEEDS) && has(&[Need::Mount, Need::Root])) {
        return;
    }
    let scratch = Module::new(&[("place/keep", "x\n")]);
    let place = scratch.join("place");
    let place = place.to_str().expect("a plain path");
    let full = format!(
        "exec unshare -m sh -c 'mount -t tmpfs -o size=8k tmpfs {place} && dd if=/dev/zero of={place}/fill bs=4k 2>/dev/null; \
         export TMPDIR={place}; \"$0\" \"$@\"'"
    );
    let in_place = |persona: &str, test: &str, real: &str| {
        let pattern = format!("-test.run={test}$");
        let bin = tests().to_str().expect("a plain path");
        let words = ["run", "--format", "json", "--persona", persona, "--", bin, "-test.count=1", &pattern];
        let emulated = Duress::new(&folder(), words).env("TMPDIR", place).env("HOSTILE_DIR", place).run();
        let script = format!("cd {}; {real} {bin} -test.count=1 '{pattern}'", folder().display());
        let real = Command::new("sh").args(["-c", &script]).env("HOSTILE_DIR", place).output();
        let real = real.expect("sh is there");
        let real_said = said(&String::from_utf8_lossy(&real.stdout));
        assert!(real_said.iter().any(|line| line.starts_with("--- FAIL")), "the real thing fails: {real:?}");
        assert_eq!(said(&emulated.stderr), real_said, "{persona}: {emulated:?}");
    };
    in_place(&format!("tmpfs-full={place}"), "TestTemporary", &full);
    let readonly = format!(
        "exec unshare -m sh -c 'mount --bind {place} {place} && mount -o remount,bind,ro {place}; \"$0\" \"$@\"'"
    );
    in_place(&format!("readonly={place}"), "TestFolder", &readonly);
    let hosts = "exec unshare -m sh -c 'mount --bind ./hosts /etc/hosts; \"$0\" \"$@\"'";
    in_place("files=/etc/hosts:./hosts", "TestLocalhost", hosts);
}

#[test]
fn a_persona_that_met_no_call_is_unaffected_and_a_rule_beside_it_may_be_vacuous() {
    if !has(NEEDS) {
        return;
    }
    let met_none = run(&["readonly=/nowhere"], &[], &["true"]);
    assert_eq!(met_none.expect_code(0).json()["verdict"], "unaffected");
    let vacuous = run(&["env=cron"], &["-e", "ptrace:error=EPERM"], &["true"]);
    assert_eq!(vacuous.expect_code(4).json()["verdict"], "vacuous");
    let bin = tests().to_str().expect("a plain path");
    let folder = ["-test.run=TestFolder$"];
    let fired = run(&["readonly=/tmp"], &["-e", "ptrace:error=EPERM"], &[bin, folder[0]]);
    assert_eq!(fired.expect_code(1).json()["verdict"], "failed", "{fired:?}");
}

#[test]
fn a_rule_of_the_user_comes_before_the_host() {
    if !has(NEEDS) {
        return;
    }
    let bin = tests().to_str().expect("a plain path");
    let rule = ["-e", "mkdirat:error=ENOSPC"];
    let outcome = run(&["readonly=/tmp"], &rule, &[bin, "-test.run=TestFolder$"]);
    let json = outcome.expect_code(1).json();
    assert_eq!(json["fired"][0]["outcome"], "ENOSPC", "{outcome:?}");
    assert_eq!(json["rules"][0]["persona"], Value::Null);
    assert_eq!(json["rules"][1]["persona"], "readonly=/tmp");
}

#[test]
fn a_replay_has_the_same_host() {
    if !has(NEEDS) {
        return;
    }
    let bin = tests().to_str().expect("a plain path");
    let first = run(&["readonly=/tmp", "gomaxprocs=1"], &[], &[bin, "-test.run=TestFolder|TestTwoProcs"]);
    assert_eq!(first.expect_code(1).json()["personas"], serde_json::json!(["readonly=/tmp", "gomaxprocs=1"]));
    let again = Duress::new(&folder(), ["replay", "last", "--format", "json"]).home_of(&first).run();
    assert_eq!(again.expect_code(1).json()["tests"], first.json()["tests"], "{again:?}");
    assert_eq!(said(&again.stderr), said(&first.stderr));
}

#[test]
fn a_replay_that_cannot_mount_what_the_run_had_mounted_is_refused() {
    if !(has(NEEDS) && has(&[Need::Root, Need::Mount])) {
        return;
    }
    let bin = tests().to_str().expect("a plain path");
    let words = [bin, "-test.run=TestLocalhost$"];
    let first = run(&["files=/etc/hosts:./hosts"], &[], &words);
    assert_eq!(first.expect_code(1).json()["rules"], serde_json::json!([]), "it was mounted: {first:?}");
    let replay = || Duress::new(&folder(), ["replay", "last"]).home_of(&first);
    replay()
        .under(&["setpriv", "--bounding-set=-sys_admin"])
        .run()
        .expect_code(3)
        .expect_stderr(&["mounted"]);
    replay().run().expect_code(1).expect_stdout(&["localhost is 10.9.8.7"]);
    // However its rules are divided between the filter and the supervisor.
    for flags in [&["--count-denials"][..], &["-e", "execveat:error=EIO", "--allow-vacuous"], &[]] {
        let old = run(&["old-enterprise"], flags, &[bin, "-test.run=TestHome$"]);
        let again = ["replay", "last", "--allow-vacuous"];
        old.expect_code(0);
        Duress::new(&folder(), again).home_of(&old).run().expect_code(0);
    }
}

#[test]
fn what_cannot_be_is_refused_before_anything_starts() {
    let refused = |personas: &[&str], code: i32, said: &[&str]| {
        let outcome = run(personas, &[], &["touch", "/nowhere/started"]);
        outcome.expect_code(code).expect_stderr(said);
        assert!(outcome.try_run_dir().is_none(), "nothing was recorded: {outcome:?}");
    };
    refused(
        &["nofil=3", "env=corn", "cpus=99999", "readonly=tmp"],
        2,
        &["did you mean `nofile`?", "did you mean `cron`?", "there are only", "no folder from the root on"],
    );
    refused(&["cpus=99999"], 3, &["there are only"]);
    refused(&["nofile=5", "nofile=6"], 2, &["`nofile=6` contradicts `nofile=5`"]);
    refused(&["hardened", "path=/bin"], 2, &["contradicts `path=minimal` of `hardened`"]);
    refused(&["files=/etc/hosts:/nowhere"], 2, &["cannot read `/nowhere`"]);
    let alone = Duress::new(&folder(), ["run", "--as-eperm", "--", "true"]).run();
    alone.expect_code(2).expect_stderr(&["there is none"]);
}

#[test]
fn a_target_that_could_not_start_there_is_told_as_that() {
    if !has(NEEDS) {
        return;
    }
    for command in [vec!["true"], vec!["go", "test", "-run", "TestHome", "."]] {
        let outcome = run(&["env-bloat=3MiB"], &[], &command);
        outcome.expect_code(2).expect_stderr(&["cannot start on a host that is env-bloat=3MiB", "E2BIG"]);
    }
}

#[test]
fn list_and_show_say_what_there_is_and_what_it_does() {
    let show = |words: &[&str]| Duress::new(&folder(), [&["persona"], words].concat()).run();
    let list = show(&["list", "--format", "json"]).json();
    let names: Vec<&str> =
        list["personas"].as_array().expect("a list").iter().filter_map(|one| one["name"].as_str()).collect();
    assert!(names.contains(&"paranoid") && names.contains(&"nofile"), "{names:?}");
    for preset in list["presets"].as_array().expect("a list") {
        let name = preset["name"].as_str().expect("it has a name");
        show(&["show", name]).expect_code(0).expect_stdout(&["# "]);
    }
    let shown = show(&["show", "readonly=/x", "--format", "json"]).json();
    let plan = shown["plan"].as_str().expect("a plan");
    let file = Module::new(&[("plan.toml", plan)]);
    let path = file.join("plan.toml");
    // What is shown is a plan file like any other.
    Duress::new(&folder(), ["plan", "check", path.to_str().expect("a plain path")]).run().expect_code(0);
}

#[test]
fn diff_tells_which_tests_depend_on_what_a_filter_answers() {
    if !has(NEEDS) {
        return;
    }
    let bin = tests().to_str().expect("a plain path");
    let words =
        ["persona", "diff", "readonly=/tmp", "--format", "json", "--", bin, "-test.run=TestFolder|TestHome"];
    let outcome = Duress::new(&folder(), words).run();
    let json = outcome.expect_code(1).json();
    assert_eq!(json["differs"], true);
    assert_eq!(json["arms"].as_array().map(Vec::len), Some(2), "no filter, no errors to swap: {outcome:?}");
    let same = ["persona", "diff", "readonly=/nowhere", "--", bin, "-test.run=TestHome"];
    Duress::new(&folder(), same).run().expect_code(0).expect_stdout(&["no test differs"]);
}

#[test]
fn an_ordinary_user_gets_them_too_and_the_limits_that_root_has_not() {
    if !(has(NEEDS) && has(&[Need::Root])) {
        return;
    }
    let scratch = tempfile::Builder::new().prefix("duress-user-").tempdir().expect("a scratch folder");
    let put = |from: &std::path::Path, name: &str| {
        let to = scratch.path().join(name);
        std::fs::copy(from, &to).expect("it can be copied");
        to
    };
    put(&folder().join("hosts"), "hosts");
    let (duress, bin) = (put(e2e::duress_path(), "duress"), put(tests(), "hostile.test"));
    let home = scratch.path().join("home");
    std::fs::create_dir(&home).expect("a folder");
    for (path, mode) in [(scratch.path(), 0o755), (home.as_path(), 0o777)] {
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
            .expect("it is ours");
    }
    let as_user = |persona: &str, test: &str| {
        let pattern = format!("-test.run={test}$");
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&duress);
        command.args(["run", "--persona", persona, "--"]).arg(&bin).arg(pattern);
        let output =
            command.env("DURESS_HOME", &home).current_dir(scratch.path()).output().expect("setpriv is there");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    for (persona, test, words) in [
        ("nproc=150", "TestLimits", "nproc: 150"),
        ("memlock=4KiB", "TestLimits", "memlock: 4096"),
        ("nofile=100", "TestManyFiles", "too many open files"),
        ("env=systemd", "TestHome", "$HOME is not defined"),
        ("seccomp=docker", "TestNamespace", "operation not permitted"),
        // Without mounts a rule shows the file.
        ("files=/etc/hosts:hosts", "TestLocalhost", "localhost is 10.9.8.7"),
    ] {
        let (code, output) = as_user(persona, test);
        assert!(code == Some(1) && output.contains(words), "{persona}: {code:?}\n{output}");
    }
    for persona in ["nproc=150", "memlock=4KiB"] {
        run(&[persona], &[], &["true"]).expect_code(3).expect_stderr(&["the kernel does not limit"]);
    }
}
