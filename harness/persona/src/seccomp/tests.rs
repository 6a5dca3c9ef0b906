//! What profiles and lists come down to, beside a plain reading of them.

use super::*;
use model::{Capabilities, Capability, Diagnostic, Interest, Sysno, Via};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::io;

fn host() -> Host {
    Host { paranoid: None, may_perf: false, release: "6.18.5-arch1".to_owned(), cpus: 2, ..Host::default() }
}

fn word(text: &str) -> Result<Part, Refusal> {
    read(&Word::new(text), &host(), &|_| Err(io::ErrorKind::NotFound.into()), Denials::AsWritten)
}

fn file(text: &str) -> Result<Part, Refusal> {
    read(&Word::new("seccomp=a.json"), &host(), &|_| Ok(text.to_owned()), Denials::AsWritten)
}

/// What the rules are as a plan that the kernel's filter decides alone.
fn interest(part: &Part) -> Interest {
    if part.rules.is_empty() {
        return Interest::default();
    }
    let text: String = part.rules.iter().map(|rule| rule.to_toml("seccomp", &rule.name) + "\n").collect();
    let source = Arc::new(Source { name: "plan".to_owned(), text });
    let (plan, found) = policy::Plan::read(Some(&source), &[]);
    let found: Vec<_> = found.into_iter().filter(Diagnostic::is_error).collect();
    assert!(found.is_empty(), "{found:#?}");
    let able = |via| (via == Via::Notify).then(|| Capabilities::of(&[Capability::ForceResult]));
    let (interest, found) = plan.assign(&able);
    assert!(found.is_empty(), "{found:#?}");
    // The target is started by these: a plan never lets the filter answer them.
    let asked: Vec<_> = interest.traps().map(|(sysno, _)| sysno).collect();
    assert!(asked.iter().all(|sysno| [Sysno::execve, Sysno::execveat].contains(sysno)), "{asked:?}");
    interest
}

fn errno(interest: &Interest, call: &str, args: [u64; 6]) -> Option<String> {
    let sysno = Sysno::from_name(call).expect(call);
    let passes = |quiet: &&model::Quiet| quiet.calls.get(&sysno).is_some_and(|sieve| sieve.passes(&args));
    interest.quiet().iter().find(passes).map(answer)
}

fn check(part: &Part, expected: &[(&str, &[u64], &str)]) {
    let interest = interest(part);
    for (call, given, error) in expected {
        let mut args = [0; 6];
        args[..given.len()].copy_from_slice(given);
        assert_eq!(errno(&interest, call, args).unwrap_or_default(), *error, "{call}{given:?}");
    }
}

const NEWUSER: u64 = 0x1000_0000;

#[test]
fn docker_denies_what_docker_denies() {
    check(
        &word("seccomp=docker").expect("reads"),
        &[
            ("read", &[], ""),
            ("ptrace", &[], ""),
            ("mount", &[], "EPERM"),
            ("keyctl", &[], "EPERM"),
            ("io_uring_setup", &[], "EPERM"),
            ("clone3", &[], "ENOSYS"),
            ("clone", &[0x11], ""),
            ("clone", &[NEWUSER | 0x11], "EPERM"),
            ("clone", &[1 << 32], ""),
            ("personality", &[0], ""),
            ("personality", &[0xffff_ffff], ""),
            ("personality", &[0xffff_fffe], "EPERM"),
            ("personality", &[0x4_0000], "EPERM"),
            ("socket", &[2], ""),
            ("socket", &[12], "EPERM"),
            ("socket", &[38], "EPERM"),
            ("socket", &[40], "EPERM"),
            ("socket", &[45], ""),
            ("socket", &[46], "EPERM"),
            // Behind the newest call that the profile names, which is removexattrat here.
            ("removexattrat", &[], ""),
            ("open_tree_attr", &[], "ENOSYS"),
            // The last call of the table, too.
            ("file_setattr", &[], "ENOSYS"),
        ],
    );
    let admin = word("seccomp=docker:caps=SYS_ADMIN+CAP_SYS_TIME").expect("reads");
    let expected: &[(&str, &[u64], &str)] =
        &[("mount", &[], ""), ("clone3", &[], ""), ("clone", &[NEWUSER], ""), ("settimeofday", &[], "")];
    check(&admin, expected);
    check(&word("seccomp=docker:caps=none").expect("reads"), &[("chroot", &[], "EPERM")]);
    check(&word("seccomp=docker:caps=all").expect("reads"), &[("chroot", &[], ""), ("reboot", &[], "")]);
}

#[test]
fn podman_and_kubernetes_have_their_own() {
    check(
        &word("seccomp=podman").expect("reads"),
        &[
            ("mount", &[], ""),
            ("keyctl", &[], ""),
            ("io_uring_setup", &[], "ENOSYS"),
            ("bpf", &[], "EPERM"),
            ("socket", &[16, 0, 9], "EINVAL"),
            ("socket", &[16, 0, 8], ""),
            ("socket", &[2, 0, 9], ""),
        ],
    );
    check(&word("seccomp=podman:caps=AUDIT_WRITE").expect("reads"), &[("socket", &[16, 0, 9], "")]);
    check(
        &word("seccomp=k8s-runtime-default").expect("reads"),
        &[
            ("socket", &[40], ""),
            ("io_uring_setup", &[], ""),
            ("cachestat", &[], "ENOSYS"),
            ("unshare", &[], "EPERM"),
            ("clone3", &[], "ENOSYS"),
            ("process_vm_readv", &[], "EPERM"),
        ],
    );
}

#[test]
fn one_error_takes_the_place_of_all() {
    for name in ["EPERM", "ENOSYS"] {
        let word = Word::new("seccomp=docker");
        let part =
            read(&word, &host(), &|_| Err(io::ErrorKind::NotFound.into()), Denials::As(name)).expect("reads");
        check(
            &part,
            &[("clone3", &[], name), ("mount", &[], name), ("clone", &[NEWUSER], name), ("read", &[], "")],
        );
    }
    let kills =
        r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mount"],"action":"SCMP_ACT_KILL"}]}"#;
    let word = Word::new("seccomp=f");
    let part = read(&word, &host(), &|_| Ok(kills.to_owned()), Denials::As("ENOSYS")).expect("reads");
    check(&part, &[("mount", &[], "ENOSYS")]);
}

#[test]
fn what_kills_is_said_as_written() {
    let profile = |action: &str| {
        let text =
            json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mount"], "action": action}]});
        file(&text.to_string()).expect("reads").rules.remove(0)
    };
    for (action, fault) in [
        ("SCMP_ACT_KILL", "kill = \"thread\""),
        ("SCMP_ACT_KILL_THREAD", "kill = \"thread\""),
        ("SCMP_ACT_KILL_PROCESS", "kill = \"process\""),
        ("SCMP_ACT_TRAP", "kill = \"trap\""),
        ("SCMP_ACT_TRACE", "error = \"ENOSYS\""),
    ] {
        let rule = profile(action);
        assert_eq!((rule.fault.as_str(), rule.calls.as_slice()), (fault, &["mount".to_owned()][..]));
        assert!(rule.is_quiet);
    }
}

fn mistakes(text: &str) -> Vec<(String, String)> {
    let Err(Refusal::Mistakes(found)) = file(text) else { panic!("{text} was taken") };
    assert!(found.iter().all(|one| one.help.is_some()), "{found:?}");
    found
        .into_iter()
        .map(|one| {
            (one.message, one.place.map_or(String::new(), |(source, span)| source.text[span].to_owned()))
        })
        .collect()
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let text =
        r#"{"defaultAction": "SCMP_ACT_ALOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_DENY"}]}"#;
    let told = |word: &str| (format!("`{word}` is no action of a profile"), word.to_owned());
    assert_eq!(mistakes(text), [told("SCMP_ACT_ALOW"), told("SCMP_ACT_DENY")]);
    let text = r#"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
        {"names": ["read"], "action": "SCMP_ACT_NOTIFY"},
        {"names": "read", "action": "SCMP_ACT_ALLOW"},
        {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"},
            {"index": 0, "value": -1, "op": "SCMP_CMP_SOME"}]},
        {"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "four"}}]}"#;
    let found = mistakes(text);
    let messages: Vec<&str> = found.iter().map(|(message, _)| message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "`SCMP_ACT_NOTIFY` asks a program that is not here what becomes of a call",
            "`names` is a list",
            "a rule in `syscalls` names no system call",
            "a system call has no argument 6: they are 0 to 5",
            "`value` is a whole number of at most 64 bits, not -1",
            "`SCMP_CMP_SOME` is no comparison of a profile",
            "`four` is no kernel version such as `4.8`",
        ]
    );
    assert_eq!((found[0].1.as_str(), found[5].1.as_str()), ("SCMP_ACT_NOTIFY", "SCMP_CMP_SOME"));
    let Err(Refusal::Mistakes(found)) = file("{\n  \"a\": nul}") else { panic!("taken") };
    assert!(found[0].message.starts_with("this is not JSON"), "{found:?}");
    let (source, span) = found[0].place.clone().expect("a place");
    assert_eq!((source.name.as_str(), &source.text[span.start - 1..]), ("a.json", "l}"));
    for (text, message) in [
        ("seccomp", "a seccomp profile is missing"),
        ("seccomp=docker:caps=SYS_ADMN", "`SYS_ADMN` is no capability; did you mean `SYS_ADMIN`?"),
        ("seccomp=none.json", "cannot read `none.json`: entity not found"),
    ] {
        let Err(Refusal::Mistakes(found)) = word(text) else { panic!("{text} was taken") };
        assert_eq!(found.iter().map(|one| one.message.as_str()).collect::<Vec<_>>(), [message]);
    }
}

#[test]
fn names_that_are_no_calls_are_remarked_only() {
    let text = r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["stime", "mount"], "action": "SCMP_ACT_ERRNO"}]}"#;
    let part = file(text).expect("reads");
    check(&part, &[("mount", &[], "EPERM")]);
    assert!(
        part.remarks.iter().any(|remark| remark.ends_with("and are ignored: stime")),
        "{:?}",
        part.remarks
    );
}

#[test]
fn a_rule_without_arguments_counts_more_than_one_for_which_all_will_do() {
    let rule = |errno: u8, args: Value| json!({"names": ["mmap"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno, "args": args});
    let all = json!([{"index": 0, "value": 0, "op": "SCMP_CMP_GE"}]);
    let none = json!([]);
    for (rules, error) in [
        ([rule(1, all.clone()), rule(2, none.clone())], "ENOENT"),
        ([rule(1, none.clone()), rule(2, all.clone())], "EPERM"),
        ([rule(2, none.clone()), rule(1, none)], "ENOENT"),
        ([rule(2, all.clone()), rule(1, all)], "ENOENT"),
    ] {
        let text = json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": rules}).to_string();
        check(&file(&text).expect("reads"), &[("mmap", &[7], error)]);
    }
}

#[test]
fn a_unit_allows_what_it_lists_and_what_every_program_needs() {
    let text = "[Unit]\nSystemCallFilter=~read\n[Service]\n# a comment\nSystemCallFilter=@system-service\n\
                SystemCallFilter=~@resources chroot:ENOENT \\\n  uname:EPROTO\nSystemCallErrorNumber=EPERM\n";
    check(
        &file(text).expect("reads"),
        &[
            ("read", &[], ""),
            ("execve", &[], ""),
            ("clone", &[NEWUSER], ""),
            ("mount", &[], "EPERM"),
            ("setrlimit", &[], "EPERM"),
            ("uname", &[], "EPROTO"),
            ("chroot", &[], "ENOENT"),
        ],
    );
}

#[test]
fn a_unit_denies_what_it_lists() {
    let text = "SystemCallFilter=~@mount ptrace:ENOSYS bpf\nSystemCallFilter=bpf\nSystemCallErrorNumber=13\n";
    let expected: &[(&str, &[u64], &str)] =
        &[("mount", &[], "EACCES"), ("ptrace", &[], "ENOSYS"), ("bpf", &[], ""), ("read", &[], "")];
    check(&file(text).expect("reads"), expected);
    check(&file("SystemCallFilter=~mount\nSystemCallFilter=\n").expect("reads"), &[("mount", &[], "")]);
    let part = file("SystemCallFilter=~mount umount2:EPERM\n").expect("reads");
    let rules: Vec<_> = part.rules.iter().map(|rule| (rule.calls[0].as_str(), rule.fault.as_str())).collect();
    assert_eq!(rules, [("umount2", "error = \"EPERM\""), ("mount", "kill = \"process\"")]);
}

#[test]
fn mistakes_in_a_unit_have_their_places() {
    let found = mistakes(
        "SystemCallFilter=@mounts read:EPERM\nSystemCallFilter=~write:EFOO\nSystemCallErrorNumber=x\n",
    );
    let expected = [
        ("`@mounts` is no set of system calls", "@mounts"),
        ("`read` is allowed here, and cannot fail", "read:EPERM"),
        ("`EFOO` is no error", "EFOO"),
        ("`x` is no error", "x"),
    ];
    assert_eq!(found, expected.map(|(message, place)| (message.to_owned(), place.to_owned())));
    assert_eq!(mistakes("")[0].0, "no seccomp profile is here");
    assert_eq!(mistakes(&"x".repeat(place::LONGEST + 1))[0].0, "the profile is longer than 262144 bytes");
}

#[test]
fn every_call_of_a_set_and_of_a_built_in_profile_is_known() {
    for (set, words) in sets::SETS {
        for word in words.split_whitespace() {
            let is_known =
                Sysno::from_name(word).is_some() || sets::SETS.iter().any(|(name, _)| *name == word);
            assert!(is_known, "{set}: {word}");
        }
    }
    for name in builtin::NAMES {
        let part = word(&format!("seccomp={name}")).expect(name);
        assert!(
            !part.remarks.iter().any(|remark| remark.contains("are ignored")),
            "{name}: {:?}",
            part.remarks
        );
        assert!(!part.remarks.iter().any(|remark| remark.contains("rt_sigreturn")), "{:?}", part.remarks);
        interest(&part);
    }
    let part = file(r#"{"defaultAction": "SCMP_ACT_ERRNO"}"#).expect("reads");
    assert!(part.remarks.iter().any(|remark| remark.contains("rt_sigreturn")), "{:?}", part.remarks);
}

/// What libseccomp and runc make of a profile, read again in the plainest way.
fn reference(profile: &Value, caps: &[&str], call: &str, args: [u64; 6]) -> Option<u64> {
    let fails = |action: &Value, errno: &Value| match action.as_str().expect("text") {
        "SCMP_ACT_ERRNO" => Some(errno.as_u64().unwrap_or(1)),
        "SCMP_ACT_TRACE" => Some(38),
        _ => None,
    };
    let default = fails(&profile["defaultAction"], &profile["defaultErrnoRet"]);
    let has = |part: &Value| {
        part["caps"]
            .as_array()
            .map(|all| all.iter().map(|cap| caps.contains(&cap.as_str().expect("text"))).collect::<Vec<_>>())
    };
    let used: Vec<&Value> = profile["syscalls"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|rule| has(&rule["includes"]).is_none_or(|all| all.into_iter().all(|one| one)))
        .filter(|rule| has(&rule["excludes"]).is_none_or(|all| !all.into_iter().any(|one| one)))
        .collect();
    let sysno = |name: &Value| Sysno::from_name(name.as_str().expect("text"));
    let names = |rule: &Value| rule["names"].as_array().expect("a list").clone();
    let newest = used.iter().flat_map(|rule| names(rule)).filter_map(|name| sysno(&name)).max();
    let this = Sysno::from_name(call).expect(call);
    let is_lenient = matches!(profile["defaultAction"].as_str(), Some("SCMP_ACT_ALLOW" | "SCMP_ACT_TRACE"));
    if !is_lenient && newest.is_some_and(|newest| this > newest) {
        return Some(38);
    }
    let same = |rule: &Value| {
        rule["action"] == profile["defaultAction"]
            && (rule["action"] != "SCMP_ACT_ERRNO" || Some(rule["errnoRet"].as_u64().unwrap_or(1)) == default)
    };
    let ours: Vec<&Value> =
        used.into_iter().filter(|rule| names(rule).iter().any(|name| name == call) && !same(rule)).collect();
    let list = |rule: &Value| rule["args"].as_array().cloned().unwrap_or_default();
    let holds = |arg: &Value| {
        let given = args[usize::try_from(arg["index"].as_u64().expect("a number")).expect("small")];
        let value = arg["value"].as_u64().expect("a number");
        match arg["op"].as_str().expect("text") {
            "SCMP_CMP_EQ" => given == value,
            "SCMP_CMP_NE" => given != value,
            "SCMP_CMP_LT" => given < value,
            "SCMP_CMP_LE" => given <= value,
            "SCMP_CMP_GT" => given > value,
            "SCMP_CMP_GE" => given >= value,
            _ => given & value == arg["valueTwo"].as_u64().unwrap_or(0) & value,
        }
    };
    let fits = |rule: &&&Value| {
        let args = list(rule);
        let is_twice = args
            .iter()
            .enumerate()
            .any(|(at, arg)| args[..at].iter().any(|one| one["index"] == arg["index"]));
        if is_twice { args.iter().any(holds) } else { args.iter().all(holds) }
    };
    let whole = ours.iter().find(|rule| list(rule).is_empty());
    match whole.or_else(|| ours.iter().find(fits)) {
        Some(rule) => fails(&rule["action"], &rule["errnoRet"]),
        None => default,
    }
}

const OPS: [&str; 7] = ["EQ", "NE", "LT", "LE", "GT", "GE", "MASKED_EQ"];

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..8_u64, Just(0xffff_ffff), Just(0xffff_fffe), 0..0x1_0000_0000_u64]
}

fn arg() -> impl Strategy<Value = Value> {
    (0..5_u8, number(), number(), select(&OPS[..])).prop_map(|(index, value, second, op)| {
        // A plan's condition on the many bits of a wide mask, negated, is more than the filter takes at once.
        let value = if op == "MASKED_EQ" { value & 0x707 } else { value };
        json!({"index": index, "value": value, "valueTwo": second, "op": format!("SCMP_CMP_{op}")})
    })
}

fn action() -> impl Strategy<Value = (String, u64)> {
    (select(&["ALLOW", "ERRNO", "TRACE"][..]), 1..4_u64)
        .prop_map(|(one, errno)| (format!("SCMP_ACT_{one}"), errno))
}

fn generated() -> impl Strategy<Value = Value> {
    let rule = (vec(select(&["mmap", "prctl", "read"][..]), 1..3), action(), vec(arg(), 0..3)).prop_map(
        |(names, (action, errno), args)| {
            let args = if names.contains(&"read") { Vec::new() } else { args };
            json!({"names": names, "action": action, "errnoRet": errno, "args": args})
        },
    );
    (action(), vec(rule, 0..5)).prop_map(|((action, errno), rules)| {
        json!({"defaultAction": action, "defaultErrnoRet": errno, "syscalls": rules})
    })
}

#[test]
fn a_hostile_profile_is_refused_in_time() {
    let args: Vec<Value> = (0..6)
        .map(|index| json!({"index": index, "value": u64::MAX - 1, "valueTwo": 0x5555 << index, "op": "SCMP_CMP_MASKED_EQ"}))
        .collect();
    let rules: Vec<Value> = (0..200)
        .map(|errno| json!({"names": ["mmap", "read"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno + 1, "args": args[..=errno % 6]}))
        .collect();
    let found = mistakes(&json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": rules}).to_string());
    assert_eq!(
        found[0],
        ("the rules for `read` are too many to be told apart".to_owned(), "read".to_owned())
    );
}

proptest! {
    #[test]
    fn built_in_profiles_decide_as_a_plain_reading(
        name in select(&builtin::NAMES[..]),
        calls in vec((select(Sysno::all().filter_map(Sysno::name).collect::<Vec<_>>()), [number(), number(), number()]), 40),
    ) {
        let profile = builtin::profile(name).expect(name);
        let caps: Vec<String> = profile.caps.iter().map(|cap| format!("CAP_{cap}")).collect();
        let caps: Vec<&str> = caps.iter().map(String::as_str).collect();
        let json = serde_json::from_str(profile.text).expect("JSON");
        let interest = interest(&word(&format!("seccomp={name}")).expect(name));
        for (call, [a, b, c]) in calls.into_iter().flat_map(|(call, args)| ["socket", "clone", "personality", call].map(|one| (one, args))) {
            let args = [a, b, c, 0, 0, 0];
            let expected = reference(&json, &caps, call, args);
            let expected = expected.map(|raw| model::Errno::from_raw(i32::try_from(raw).expect("small")).expect("an error").to_string());
            prop_assert_eq!(errno(&interest, call, args), expected, "{} {:?}", call, args);
        }
    }

    #[test]
    fn any_profile_decides_as_a_plain_reading(profile in generated(), calls in vec((select(&["mmap", "prctl", "read", "mseal"][..]), [number(), number(), number(), number(), number()]), 20)) {
        let part = match file(&profile.to_string()) {
            Ok(part) => part,
            // Too much for the filter is refused, and not said wrongly.
            Err(refusal) => { prop_assert!(refusal.to_string().contains("alone"), "{refusal}"); return Ok(()); }
        };
        let interest = interest(&part);
        for (call, [a, b, c, d, e]) in calls {
            let args = [a, b, c, d, e, 0];
            let expected = reference(&profile, &[], call, args);
            let expected = expected.map(|raw| model::Errno::from_raw(i32::try_from(raw).expect("small")).expect("an error").to_string());
            prop_assert_eq!(errno(&interest, call, args), expected, "{} {:?}", call, args);
        }
    }

    #[test]
    fn no_text_panics(text in "(\\{|\\[Service\\]|SystemCallFilter=|~|@mount|read|:|kill|\\\\|\\n|=|é|\"names\"|,|\\[|\\]|\\}|\\PC){0,40}") {
        let _ = file(&text);
    }

    #[test]
    fn no_json_panics(mut profile in generated(), key in select(&["defaultAction", "syscalls", "defaultErrnoRet", "architectures", "linux"][..]), wrong in prop_oneof![Just(json!(null)), Just(json!(0)), Just(json!(-1)), Just(json!([1, "a", {}])), Just(json!({"seccomp": []})), Just(json!("SCMP_ACT_"))]) {
        profile[key] = wrong.clone();
        let _ = file(&profile.to_string());
        if let Some(rule) = profile["syscalls"].get(0).filter(|rule| rule.is_object()) {
            for key in ["names", "args", "action", "errnoRet", "includes", "excludes", "name"] {
                let mut rule = rule.clone();
                rule[key] = wrong.clone();
                let _ = file(&json!({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [rule]}).to_string());
            }
        }
    }
}

/// What the filter fails a call with.
fn answer(quiet: &model::Quiet) -> String {
    let model::Answer::Fail(errno) = quiet.answer else { panic!("{quiet:?}") };
    errno.to_string()
}
