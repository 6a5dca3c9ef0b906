//! What becomes of the word: the rules of an older kernel, and those of gVisor.

use super::calls::CALLS;
use super::flags::FLAGS;
use super::gvisor;
use super::release::{LONGEST, Release, Version, last_of_series};
use crate::{Host, Part, Refusal, Rule, Word};
use model::{Diagnostic, Sysno, nearest};
use std::fmt::Write as _;

/// The oldest Linux that Go 1.18 to 1.23 run on (go.dev/wiki/MinimumRequirements), and the oldest of Go 1.24
/// (go.dev/doc/go1.24, Ports).
const OLDEST: Version = Version(2, 6, 32);
const OLDEST_OF_GO_1_24: Version = Version(3, 2, 0);

/// The last Linux whose calls are in our table.
const NEWEST: Version = Version(6, 18, 0);

/// What else is a kernel.
const GVISOR: &str = "gvisor";

/// Reads `kernel=VERSION` or `kernel=gvisor`.
///
/// # Errors
/// If it is no version, or one newer than this host's kernel.
pub(crate) fn read(word: &Word, host: &Host) -> Result<Part, Refusal> {
    let value = word.value().unwrap_or_default();
    if value == GVISOR {
        let release = Release::parse(gvisor::RELEASE)
            .ok_or_else(|| mistake(word.error("gVisor's own release is not one")))?;
        is_within(&release, host)?;
        return Ok(of_gvisor(&release, host));
    }
    let release = wanted(word, value)?;
    is_within(&release, host)?;
    Ok(of_linux(&release, host))
}

/// The release that the user wants.
fn wanted(word: &Word, value: &str) -> Result<Release, Refusal> {
    const HELP: &str = "write what `uname -r` says there, such as `kernel=4.19` or `kernel=5.4.0-42-generic`, or `kernel=gvisor`";
    if value.is_empty() {
        return Err(mistake(word.error("which kernel is not said").label("a version is missing").help(HELP)));
    }
    let Some(release) = Release::parse(value) else {
        let help = match nearest(value, [GVISOR]) {
            Some(known) => format!("did you mean `kernel={known}`?"),
            None => HELP.to_owned(),
        };
        return Err(mistake(word.error(format!("`{}` is not a kernel's version", shown(value))).help(help)));
    };
    let version @ Version(major, minor, patch) = release.version;
    if version < OLDEST {
        let message = format!("Linux {version} is too old for Go");
        return Err(mistake(word.error(message).help(format!(
            "{OLDEST} is the oldest that can be asked for; Go 1.24 and later need {OLDEST_OF_GO_1_24}"
        ))));
    }
    let number = if major == 2 { patch } else { minor };
    match last_of_series(version) {
        Some(last) if last < number => {
            let series = if major == 2 { "2.6".to_owned() } else { major.to_string() };
            Err(mistake(
                word.error(format!("there was no Linux {version}"))
                    .label(format!("{series}.{last} was the last of them"))
                    .help(HELP),
            ))
        }
        None if major == 2 => Err(mistake(word.error(format!("there was no Linux {version}")).help(HELP))),
        _ => Ok(release),
    }
}

fn mistake(one: Diagnostic) -> Refusal {
    Refusal::Mistakes(vec![one])
}

/// A word of the user's, short enough for a message.
fn shown(text: &str) -> String {
    text.chars().take(40).flat_map(char::escape_debug).collect()
}

/// That this host's kernel has all that the wanted one has.
fn is_within(release: &Release, host: &Host) -> Result<(), Refusal> {
    let Some(here) = Release::parse(&host.release) else {
        return Err(Refusal::host(
            format!("this kernel says `{}`, from which its version cannot be told", shown(&host.release)),
            "run where `uname -r` begins with the version of a Linux",
        ));
    };
    if release.version <= here.version {
        return Ok(());
    }
    Err(Refusal::host(
        format!("this kernel, {}, cannot be made newer: {} is asked for", here.text, release.text),
        format!(
            "ask for {} or older, or run on a host whose kernel is {} or newer",
            here.version, release.version
        ),
    ))
}

/// A Linux of this version.
fn of_linux(release: &Release, host: &Host) -> Part {
    let version = release.version;
    let is_missing = |call: &&str| CALLS.iter().any(|(name, since)| name == call && version < *since);
    let mut rules = Vec::new();
    rules.extend(failing("missing-calls", CALLS.iter().map(|(call, _)| *call).filter(is_missing), "ENOSYS"));
    for flag in FLAGS.iter().filter(|flag| flag.is_refused_by(version)) {
        let there = flag.calls.iter().copied().filter(|call| !is_missing(call));
        rules.extend(failing(flag.name, there, flag.errno).map(|rule| rule.only_where(flag.condition)));
    }
    rules.push(uname(&release.text, &host.build, host));
    rules.push(Rule::shows("osrelease", "/proc/sys/kernel/osrelease", &format!("{}\n", release.text)));
    // Kernel: fs/proc/version.c, `linux_proc_banner`. Who built it, and with what, is made up.
    let banner = format!("Linux version {} (root@localhost) (gcc) {}\n", release.text, host.build);
    rules.push(Rule::shows("version", "/proc/version", &banner));

    let mut remarks = vec![
        "the versions are those of kernel.org: what a distribution ported back to its kernel is missing too"
            .to_owned(),
        "flags that lie in memory (of clone3, openat2, io_uring and bpf) are as this kernel has them, and so are \
         ioctl's commands, files in /proc and /sys, what a call says of itself (landlock's version), and how it \
         behaves otherwise"
            .to_owned(),
        "what the vDSO answers makes no system call: the clocks, and where this kernel is 6.11 or later the random \
         numbers of Go 1.24 and later"
            .to_owned(),
        NAMES.to_owned(),
    ];
    if version < OLDEST_OF_GO_1_24 {
        remarks.push(format!(
            "Go 1.24 and later need Linux {OLDEST_OF_GO_1_24}, Go 1.18 to 1.23 need {OLDEST} \
             (go.dev/doc/go1.24, go.dev/wiki/MinimumRequirements)"
        ));
        // glibc's NEWS for 2.26. It stats libraries by AT_EMPTY_PATH since 2.33, which is of 2.6.39.
        remarks.push(format!(
            "glibc 2.26 and later need Linux {OLDEST_OF_GO_1_24} too: what is linked with one may not start"
        ));
    }
    if Release::parse(&host.release).is_some_and(|here| NEWEST < Version(here.version.0, here.version.1, 0)) {
        remarks.push(format!("calls that are newer than Linux {NEWEST} are not known here, and stay"));
    }
    if host.machine != "x86_64" {
        remarks.push("the versions of the calls are those of x86-64".to_owned());
    }
    Part { rules, remarks, ..Part::default() }
}

const NAMES: &str = "uname(2) says the host's name as it was when the run started, and writes it in one piece: an address \
                     that cannot be written to is not told with EFAULT";

/// A sandbox of gVisor.
fn of_gvisor(release: &Release, host: &Host) -> Part {
    let is_later = |call: &&str| Sysno::from_name(call).is_some_and(|call| call.0 > gvisor::LAST);
    let later = CALLS.iter().map(|(call, _)| *call).filter(is_later);
    let mut rules = Vec::new();
    rules.extend(failing("missing-calls", gvisor::MISSING.iter().copied().chain(later), "ENOSYS"));
    rules.extend(failing("forbidden-calls", gvisor::FORBIDDEN.iter().copied(), "EPERM"));
    for (name, calls, errno) in gvisor::OTHERS {
        rules.extend(failing(name, calls.iter().copied(), errno));
    }
    rules.push(uname(&release.text, gvisor::VERSION, host));
    // gVisor: `newStaticFile(version.LinuxRelease)` in fsimpl/proc/tasks_sys.go, without a newline.
    rules.push(Rule::shows("osrelease", "/proc/sys/kernel/osrelease", &release.text));
    rules.push(Rule::shows("build", "/proc/sys/kernel/version", gvisor::VERSION));
    let banner = format!("Linux version {} {}\n", release.text, gvisor::VERSION);
    rules.push(Rule::shows("version", "/proc/version", &banner));
    let remarks = vec![
        "it is gVisor's table of calls for amd64 in 2026; older ones say 4.4.0 and have fewer calls".to_owned(),
        "calls that gVisor gives nobody without a capability fail with EPERM, also for who has it (there: ENOSYS)"
            .to_owned(),
        "flags, ioctls, /proc and /sys, the network stack and how long a call takes are this kernel's, not gVisor's"
            .to_owned(),
        NAMES.to_owned(),
    ];
    Part { rules, remarks, ..Part::default() }
}

/// A quiet rule on those of the calls that this architecture has, if it has any.
fn failing<'a>(name: &str, calls: impl Iterator<Item = &'a str>, errno: &str) -> Option<Rule> {
    let calls: Vec<&str> = calls.filter(|call| Sysno::from_name(call).is_some()).collect();
    (!calls.is_empty()).then(|| Rule::fails(name, calls, errno))
}

/// uname(2) that says this.
///
/// # Kernel
/// `struct new_utsname` in `include/uapi/linux/utsname.h`: six texts of 65 bytes, each with a zero at its end.
fn uname(release: &str, build: &str, host: &Host) -> Rule {
    let mut hex = String::new();
    for text in ["Linux", &host.nodename, release, build, &host.machine, &host.domainname] {
        let bytes = text.bytes().take(LONGEST).chain(std::iter::repeat(0)).take(LONGEST + 1);
        bytes.for_each(|byte| {
            let _ = write!(hex, "{byte:02x}");
        });
    }
    Rule {
        shown: None,
        name: "uname".to_owned(),
        calls: vec!["uname".to_owned()],
        condition: None,
        fault: format!("poke_enter = \"@arg1={hex}\", retval = 0"),
        is_quiet: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Capabilities, Capability, Interest, Source, Via};
    use policy::Plan;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::sync::Arc;

    /// What the filter fails a call with.
    fn failure(quiet: &model::Quiet) -> String {
        let model::Answer::Fail(errno) = quiet.answer else { panic!("{quiet:?}") };
        errno.to_string()
    }

    fn host() -> Host {
        Host {
            release: "6.18.44-x".to_owned(),
            build: "#1 SMP PREEMPT_DYNAMIC".to_owned(),
            nodename: "build-7".to_owned(),
            domainname: "(none)".to_owned(),
            machine: "x86_64".to_owned(),
            ..Host::default()
        }
    }

    fn part(text: &str) -> Part {
        read(&Word::new(text), &host()).unwrap_or_else(|refusal| panic!("{text}: {refusal}"))
    }

    fn mistake_of(text: &str) -> (String, String) {
        match read(&Word::new(text), &host()) {
            Err(Refusal::Mistakes(found)) => {
                let [one] = found.as_slice() else { panic!("{found:?}") };
                (one.message.clone(), one.help.clone().unwrap_or_default())
            }
            other => panic!("{text}: {other:?}"),
        }
    }

    fn calls(part: &Part, rule: &str) -> BTreeSet<String> {
        part.rules.iter().filter(|one| one.name == rule).flat_map(|one| one.calls.clone()).collect()
    }

    /// What the filter and the supervisor are told, with what notification alone can do.
    fn assigned(persona: &str) -> Interest {
        let text: String = part(persona)
            .rules
            .iter()
            .map(|rule| rule.to_toml(persona, &format!("k-{}", rule.name)))
            .collect();
        let source = Arc::new(Source { name: "plan.toml".into(), text });
        let (plan, found) = Plan::read(Some(&source), &[]);
        assert!(found.iter().all(|one| !one.is_error()), "{persona}: {found:?}");
        let (interest, found) = plan.assign(&|via| match via {
            Via::Notify => Some(Capabilities::of(&[
                Capability::ForceResult,
                Capability::HoldBefore,
                Capability::PokeBefore,
                Capability::AddDescriptor,
            ])),
            Via::Trace => None,
        });
        assert_eq!(found, [], "{persona}");
        interest
    }

    #[test]
    fn each_call_is_known_and_has_one_line() {
        let names: BTreeSet<&str> = CALLS.iter().map(|(name, _)| *name).collect();
        assert_eq!(names.len(), CALLS.len());
        let gvisors = gvisor::OTHERS.iter().flat_map(|(_, calls, _)| calls.iter());
        let gvisors: Vec<&str> = gvisors.chain(gvisor::MISSING).chain(gvisor::FORBIDDEN).copied().collect();
        assert_eq!(gvisors.iter().collect::<BTreeSet<_>>().len(), gvisors.len());
        if cfg!(target_arch = "x86_64") {
            let of_flags = FLAGS.iter().flat_map(|flag| flag.calls.iter().copied());
            for call in names.into_iter().chain(gvisors).chain(of_flags) {
                assert!(Sysno::from_name(call).is_some(), "{call}");
            }
        }
        let of_flags: BTreeSet<&str> = FLAGS.iter().map(|flag| flag.name).collect();
        assert_eq!(of_flags.len(), FLAGS.len());
        assert!(CALLS.iter().all(|(_, since)| OLDEST < *since && *since <= NEWEST));
        assert!(FLAGS.iter().all(|flag| OLDEST < flag.known && flag.known <= NEWEST));
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn numbers_ascend_with_versions() {
        // Their numbers were reserved while they were being written.
        const RESERVED: [&str; 2] = ["close_range", "quotactl_fd"];
        let numbers: Vec<u32> =
            CALLS.iter().filter_map(|(name, _)| Sysno::from_name(name)).map(|call| call.0).collect();
        assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
        // Not `Sysno::all`, which leaves out the last: `next` of syscalls 0.8.1.
        let all: Vec<u32> = (299..1024).filter(|number| Sysno(*number).name().is_some()).collect();
        assert_eq!(numbers, all, "each call since recvmmsg has a line");
        let common = CALLS
            .iter()
            .filter(|(name, _)| Sysno::from_name(name).is_some_and(|call| call.0 >= 424))
            .filter(|(name, _)| !RESERVED.contains(name));
        let versions: Vec<Version> = common.map(|(_, since)| *since).collect();
        assert!(versions.is_sorted(), "{versions:?}");
    }

    #[test]
    fn a_kernel_lacks_what_came_after_it() {
        let missing = calls(&part("kernel=4.19"), "missing-calls");
        for call in ["clone3", "pidfd_open", "openat2", "close_range", "epoll_pwait2", "io_uring_setup"] {
            assert!(missing.contains(call), "{call}");
        }
        for call in ["statx", "getrandom", "copy_file_range", "rseq", "openat"] {
            assert!(!missing.contains(call), "{call}");
        }
        assert!(calls(&part("kernel=3.10.0-1160.el7.x86_64"), "missing-calls").contains("getrandom"));
        assert!(calls(&part("kernel=6.18"), "missing-calls").is_empty());
        assert!(part("kernel=3.1").remarks.iter().any(|one| one.contains("Go 1.24 and later need")));
    }

    #[test]
    fn a_flag_is_refused_until_it_is_known() {
        let names =
            |text: &str| -> BTreeSet<String> { part(text).rules.into_iter().map(|one| one.name).collect() };
        assert!(names("kernel=6.2").contains("memfd-exec") && !names("kernel=6.3").contains("memfd-exec"));
        // The call itself is missing, so nobody meets the flag.
        assert!(!names("kernel=3.10").contains("memfd-exec"));
        // Go's net package takes both errors for "no MPTCP".
        let mptcp = |text: &str| {
            let rules = part(text).rules;
            rules.into_iter().find(|one| one.name.starts_with("mptcp")).map(|one| one.fault)
        };
        assert_eq!(mptcp("kernel=4.3").as_deref(), Some("error = \"EPROTONOSUPPORT\""));
        assert_eq!(mptcp("kernel=4.4").as_deref(), Some("error = \"EINVAL\""));
        assert_eq!(mptcp("kernel=5.6"), None);
    }

    /// What the kernel's filter answers to a call with these registers.
    fn answer(interest: &Interest, call: &str, args: [u64; 6]) -> Option<String> {
        let call = Sysno::from_name(call).unwrap();
        let is_hit = |quiet: &&model::Quiet| quiet.calls.get(&call).is_some_and(|sieve| sieve.passes(&args));
        interest.quiet().iter().find(is_hit).map(failure)
    }

    #[test]
    fn the_filter_tells_a_flag_by_its_register() {
        let check = |persona: &str, call: &str, args: [u64; 6], expect: Option<&str>| {
            assert_eq!(
                answer(&assigned(persona), call, args).as_deref(),
                expect,
                "{persona} {call} {args:x?}"
            );
        };
        let pairs = [
            ("4.13", "4.14", "memfd_create", [0, 4, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], "EINVAL"),
            ("5.5", "5.6", "getrandom", [0, 8, 4, 0, 0, 0], [0, 8, 1, 0, 0, 0], "EINVAL"),
            ("4.4", "4.5", "madvise", [0, 0, 8, 0, 0, 0], [0, 0, 4, 0, 0, 0], "EINVAL"),
            ("5.16", "5.17", "prctl", [0x5356_4d41, 0, 0, 0, 0, 0], [15, 0, 0, 0, 0, 0], "EINVAL"),
            ("5.3", "5.4", "waitid", [3, 9, 0, 4, 0, 0], [1, 9, 0, 4, 0, 0], "EINVAL"),
            ("4.15", "4.16", "pwritev2", [3, 0, 1, 0, 0, 0x10], [3, 0, 1, 0, 0, 2], "EOPNOTSUPP"),
            ("3.8", "3.9", "setsockopt", [3, 1, 15, 0, 4, 0], [3, 1, 2, 0, 4, 0], "ENOPROTOOPT"),
            ("4.17", "4.18", "setsockopt", [3, 17, 103, 0, 4, 0], [3, 1, 103, 0, 4, 0], "ENOPROTOOPT"),
            ("5.13", "5.14", "futex", [0, 13 | 128, 0, 0, 0, 0], [0, 129, 1, 0, 0, 0], "ENOSYS"),
            ("5.5", "5.6", "socket", [10, 1, 262, 0, 0, 0], [10, 1, 6, 0, 0, 0], "EINVAL"),
            ("4.14", "4.15", "mmap", [0, 4096, 3, 0x03, 5, 0], [0, 4096, 3, 0x22, 5, 0], "EINVAL"),
            ("3.14", "3.15", "fcntl", [3, 37, 0, 0, 0, 0], [3, 6, 0, 0, 0, 0], "EINVAL"),
            ("4.17", "5.0", "seccomp", [1, 8, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0], "EINVAL"),
            ("5.7", "5.8", "utimensat", [3, 0, 0, 0x1000, 0, 0], [3, 0, 0, 0x100, 0, 0], "EINVAL"),
            ("5.6.9", "5.7", "mremap", [0, 1, 1, 5, 0, 0], [0, 1, 1, 3, 0, 0], "EINVAL"),
        ];
        for (older, newer, call, refused, known, errno) in pairs {
            check(&format!("kernel={older}"), call, refused, Some(errno));
            check(&format!("kernel={older}"), call, known, None);
            check(&format!("kernel={newer}"), call, refused, None);
        }
    }

    #[test]
    fn it_is_a_plan_that_notification_can_carry_out() {
        for persona in
            ["kernel=2.6.32", "kernel=3.10.0-1160.el7.x86_64", "kernel=4.3", "kernel=4.19", "kernel=6.18"]
        {
            let interest = assigned(persona);
            assert!(interest.contains(Sysno::from_name("uname").unwrap()), "{persona}");
        }
        let interest = assigned("kernel=4.19");
        let missing = interest.quiet().iter().find(|quiet| quiet.calls.contains_key(&Sysno::clone3)).unwrap();
        assert_eq!(failure(missing), "ENOSYS");
        assert!(missing.calls[&Sysno::clone3].is_always());
        let trapped: Vec<String> = interest.traps().map(|(call, _)| call.to_string()).collect();
        assert_eq!(trapped, ["open", "uname", "openat", "openat2"]);
    }

    #[test]
    fn uname_says_the_version_and_else_the_truth() {
        let part = part("kernel=4.19");
        let rule = part.rules.iter().find(|one| one.name == "uname").unwrap();
        let hex = rule.fault.strip_prefix("poke_enter = \"@arg1=").unwrap();
        let hex = hex.strip_suffix("\", retval = 0").unwrap();
        let bytes: Vec<u8> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
        assert_eq!(bytes.len(), 390);
        let texts: Vec<&str> = bytes
            .chunks(65)
            .map(|field| std::str::from_utf8(field).unwrap().trim_end_matches('\0'))
            .collect();
        assert_eq!(texts, ["Linux", "build-7", "4.19.0", "#1 SMP PREEMPT_DYNAMIC", "x86_64", "(none)"]);
        let shown = |name: &str| part.rules.iter().find(|one| one.name == name).unwrap().fault.clone();
        assert!(shown("osrelease").contains("4.19.0"));
        assert!(
            shown("version").contains("Linux version 4.19.0 (root@localhost) (gcc) #1 SMP PREEMPT_DYNAMIC")
        );
    }

    #[test]
    fn gvisor_answers_by_its_own_table() {
        let part = part("kernel=gvisor");
        let missing = calls(&part, "missing-calls");
        for call in ["copy_file_range", "io_uring_setup", "mseal", "file_setattr", "process_madvise"] {
            assert!(missing.contains(call), "{call}");
        }
        for call in ["clone3", "openat2", "epoll_pwait2", "pidfd_open", "statx"] {
            assert!(!missing.contains(call), "{call}");
        }
        assert!(calls(&part, "forbidden-calls").contains("acct"));
        let interest = assigned("kernel=gvisor");
        let perf =
            interest.quiet().iter().find(|one| one.calls.contains_key(&Sysno::perf_event_open)).unwrap();
        assert_eq!(failure(perf), "ENODEV");
    }

    #[test]
    fn mistakes_are_told_with_what_to_write() {
        let check = |text: &str, message: &str, help: &str| {
            let found = mistake_of(text);
            assert_eq!(found.0, message, "{text}");
            assert!(found.1.contains(help), "{text}: {}", found.1);
        };
        check("kernel", "which kernel is not said", "kernel=4.19");
        check("kernel=", "which kernel is not said", "kernel=4.19");
        check("kernel=gvisr", "`gvisr` is not a kernel's version", "did you mean `kernel=gvisor`?");
        check("kernel=v4.19", "`v4.19` is not a kernel's version", "kernel=4.19");
        check("kernel=2.6.31", "Linux 2.6.31 is too old for Go", "2.6.32 is the oldest");
        check("kernel=2.4.37", "Linux 2.4.37 is too old for Go", "2.6.32 is the oldest");
        check("kernel=2.6.40", "there was no Linux 2.6.40", "kernel=4.19");
        check("kernel=2.7.1", "there was no Linux 2.7.1", "kernel=4.19");
        check("kernel=4.21", "there was no Linux 4.21", "kernel=4.19");
    }

    #[test]
    fn this_kernel_cannot_be_made_newer() {
        let refused = |text: &str, release: &str| {
            let host = Host { release: release.to_owned(), ..host() };
            match read(&Word::new(text), &host) {
                Err(Refusal::Host { why, help }) => Some((why, help)),
                Ok(_) => None,
                other => panic!("{other:?}"),
            }
        };
        let (why, help) = refused("kernel=6.1", "5.15.0-91-generic").unwrap();
        assert_eq!(why, "this kernel, 5.15.0-91-generic, cannot be made newer: 6.1.0 is asked for");
        assert_eq!(help, "ask for 5.15 or older, or run on a host whose kernel is 6.1 or newer");
        assert_eq!(refused("kernel=5.15", "5.15.0-91-generic"), None);
        assert!(refused("kernel=5.15.1", "5.15.0-91-generic").is_some());
        assert!(refused("kernel=gvisor", "4.18.0").is_some());
        assert!(refused("kernel=4.19", "unknown").is_some());
    }

    /// Any version that there was from 2.6.32 on.
    fn any_version() -> impl Strategy<Value = Version> {
        prop_oneof![
            (32..=39_u32).prop_map(|patch| Version(2, 6, patch)),
            (0..=19_u32).prop_map(|minor| Version(3, minor, 0)),
            (0..=20_u32).prop_map(|minor| Version(4, minor, 0)),
            (0..=19_u32).prop_map(|minor| Version(5, minor, 0)),
            (0..=18_u32).prop_map(|minor| Version(6, minor, 0)),
        ]
    }

    proptest! {
        #[test]
        fn an_older_kernel_has_no_more_calls(one in any_version(), other in any_version()) {
            let (older, newer) = (one.min(other), one.max(other));
            let missing = |version: Version| calls(&part(&format!("kernel={version}")), "missing-calls");
            prop_assert!(missing(newer).is_subset(&missing(older)), "{older} {newer}");
        }

        #[test]
        fn every_version_is_a_plan(version in any_version()) {
            assigned(&format!("kernel={version}"));
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,40}") {
            let _ = read(&Word::new(&format!("kernel={text}")), &host());
        }
    }
}
