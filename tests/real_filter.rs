//! Containers' profiles beside the real thing: libseccomp's filter, put on by runc(8).

#![expect(
    clippy::disallowed_methods,
    reason = "the real thing beside a persona is started by its own program"
)]

use e2e::{Duress, Module, Need, has, root, skipped};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const NEEDS: &[Need] = &[Need::C, Need::Notify, Need::Root, Need::Runc];

/// What a container has with `docker run`; moby's `oci/caps/defaults.go`.
const CAPABILITIES: [&str; 14] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
];

/// A profile without its conditions, as an engine hands it to runc: those for these capabilities on x86-64 are met.
fn resolved(profile: &Value, capabilities: &[&str]) -> Value {
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    let is_meant = |rule: &&Value| {
        let (with, without) = (&rule["includes"], &rule["excludes"]);
        let has = |name: &String| capabilities.contains(&name.as_str());
        let arches = texts(&with["arches"]);
        texts(&with["caps"]).iter().all(has)
            && !texts(&without["caps"]).iter().any(has)
            && (arches.is_empty() || arches.iter().any(|arch| arch == "amd64"))
            && !texts(&without["arches"]).iter().any(|arch| arch == "amd64")
    };
    let rules =
        profile["syscalls"].as_array().expect("a profile has rules").iter().filter(is_meant).map(|rule| {
            let mut rule = rule.as_object().expect("a rule is an object").clone();
            rule.retain(|key, value| {
                ["names", "action", "errnoRet", "args"].contains(&key.as_str()) && !value.is_null()
            });
            Value::Object(rule)
        });
    let mut seccomp = json!({
        "defaultAction": profile["defaultAction"],
        "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": rules.collect::<Vec<_>>(),
    });
    if !profile["defaultErrnoRet"].is_null() {
        seccomp["defaultErrnoRet"] = profile["defaultErrnoRet"].clone();
    }
    seccomp
}

/// The answers that a program of ours printed: what it did, and the error.
fn answers(output: &str) -> BTreeMap<String, String> {
    output
        .lines()
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(call, error)| (call.into(), error.into()))
        .collect()
}

/// What the program is answered in a container with this filter, and every capability.
///
/// # Errors
/// What runc says where it can start none here.
fn contained(program: &Path, seccomp: Value, name: &str) -> Result<BTreeMap<String, String>, String> {
    let bundle = Module::new(&[("rootfs/keep", "")]);
    fs::copy(program, bundle.join("rootfs/calls")).expect("it can be copied");
    let spec = Command::new("runc").args(["spec", "--bundle"]).arg(bundle.path()).status();
    assert!(spec.expect("runc is there").success());
    let path = bundle.join("config.json");
    let mut config: Value =
        serde_json::from_slice(&fs::read(&path).expect("runc wrote it")).expect("a specification is JSON");
    let own = fs::read_to_string("/proc/self/status").expect("there is /proc");
    let mask = own.lines().find_map(|line| line.strip_prefix("CapEff:")).expect("a mask").trim();
    let mask = u64::from_str_radix(mask, 16).expect("a number");
    let all: Vec<&str> =
        ALL.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, one)| *one).collect();
    for set in ["bounding", "effective", "permitted"] {
        config["process"]["capabilities"][set] = json!(all);
    }
    config["process"]["capabilities"]["ambient"] = json!([]);
    config["process"]["capabilities"]["inheritable"] = json!([]);
    config["process"]["terminal"] = json!(false);
    config["process"]["args"] = json!(["/calls"]);
    config["process"]["noNewPrivileges"] = json!(false);
    config["process"]["rlimits"] = json!([]);
    config["linux"]["seccomp"] = seccomp;
    // As little as it takes: what is compared is the filter.
    config["linux"]["namespaces"] = json!([{"type": "mount"}]);
    config["linux"]["maskedPaths"] = json!([]);
    config["linux"]["readonlyPaths"] = json!([]);
    config["linux"]["resources"] = json!({});
    config.as_object_mut().expect("an object").remove("hostname");
    config["mounts"] = json!([{"destination": "/proc", "type": "proc", "source": "proc"}]);
    fs::write(&path, config.to_string()).expect("it can be written");
    let state = bundle.join("state");
    let name = format!("duress-{name}-{}", std::process::id());
    let mut runc = Command::new("runc");
    runc.arg("--root").arg(&state).args(["run", "--bundle"]).arg(bundle.path()).arg(&name);
    let output = runc.stdin(std::process::Stdio::null()).output().expect("runc is there");
    let answers = answers(&String::from_utf8_lossy(&output.stdout));
    if answers.is_empty() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    assert!(answers.len() > 350, "the container ran: {output:?}");
    Ok(answers)
}

fn emulated(program: &Path, persona: &str) -> BTreeMap<String, String> {
    let program = program.to_str().expect("a plain path");
    let outcome = Duress::new(root(), ["run", "--persona", persona, "--", program]).run();
    let answers = answers(&outcome.stdout);
    assert!(answers.len() > 350, "{outcome:?}");
    answers
}

fn program(folder: &Module) -> PathBuf {
    let path = folder.join("calls");
    let source = root().join("tests/calls.c");
    let built = Command::new("cc").args(["-static", "-O1", "-o"]).arg(&path).arg(source).status();
    assert!(built.expect("cc is there").success());
    path
}

#[test]
fn a_profile_answers_every_call_as_libseccomps_filter_does() {
    if !has(NEEDS) {
        return;
    }
    let folder = Module::new(&[]);
    let program = program(&folder);
    let mut told = 0;
    for name in ["docker", "podman", "k8s-runtime-default"] {
        let path = root().join(format!("harness/persona/profiles/{name}.json"));
        let profile: Value =
            serde_json::from_slice(&fs::read(path).expect("it is there")).expect("it is JSON");
        let mut with_admin = CAPABILITIES.to_vec();
        with_admin.push("CAP_SYS_ADMIN");
        for (persona, capabilities) in [
            (format!("seccomp={name}"), &CAPABILITIES[..]),
            (format!("seccomp={name}:caps=SYS_ADMIN"), &with_admin),
        ] {
            let real = match contained(&program, resolved(&profile, capabilities), name) {
                Ok(real) => real,
                // In a container it may not start one of its own.
                Err(why) => return skipped(&format!("needs runc to start a container, and it says: {why}")),
            };
            let ours = emulated(&program, &persona);
            let differing: Vec<_> = real
                .iter()
                .filter(|(call, error)| ours.get(*call) != Some(error))
                .map(|(call, error)| (call, error, ours.get(call)))
                .collect();
            assert!(differing.is_empty(), "{persona}: (call, real, ours): {differing:?}");
            told += real.len();
        }
    }
    assert!(told > 2000, "{told} answers were compared");
}

/// Every capability by number; include/uapi/linux/capability.h.
const ALL: [&str; 41] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];
