//! `paranoid=2`, `paranoid=debian:3`, `paranoid=1+perfmon`: what a kernel at this level forbids whoever has no privilege.
//!
//! Source: Linux 6.18, `kernel/events/core.c` (`SYSCALL_DEFINE5(perf_event_open)`, `perf_copy_attr`, `find_get_context`),
//! `kernel/trace/trace_event_perf.c` (`perf_trace_event_perm`), `kernel/events/hw_breakpoint.c`. The rules are in the order of
//! its checks, and each leaves alone what an earlier check refuses for another reason. Test: `paranoid_truth`.

use crate::{Host, Part, Perf, Refusal, Rule, Word};
use model::{Diagnostic, nearest};

/// The call that all of this is about.
const CALL: [&str; 1] = ["perf_event_open"];
const FILE: &str = "/proc/sys/kernel/perf_event_paranoid";

/// Whose kernel it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Distribution {
    Mainline,
    Debian,
    Ubuntu,
    Android,
}

impl Distribution {
    const ALL: [(&str, Distribution); 4] = [
        ("mainline", Distribution::Mainline),
        ("debian", Distribution::Debian),
        ("ubuntu", Distribution::Ubuntu),
        ("android", Distribution::Android),
    ];

    /// Whether all of perf_event_open(2) is forbidden.
    fn forbids_all(self, level: i32, rights: Rights) -> bool {
        match self {
            Distribution::Mainline => false,
            // "security,perf: Allow further restriction of perf_event_open", as Debian has it.
            Distribution::Debian => level > 2 && !rights.may_perf(),
            // The same patch, with another level and before there was a CAP_PERFMON.
            Distribution::Ubuntu => level > 3 && !rights.sys_admin,
            Distribution::Android => level > 2 && !rights.sys_admin,
        }
    }
}

/// The capabilities that the target is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Rights {
    perfmon: bool,
    sys_admin: bool,
    sys_ptrace: bool,
}

impl Rights {
    const ALL: [&str; 3] = ["perfmon", "sys_admin", "sys_ptrace"];

    /// Linux `include/linux/capability.h`, `perfmon_capable`.
    fn may_perf(self) -> bool {
        self.perfmon || self.sys_admin
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Level {
    distribution: Distribution,
    level: i32,
    rights: Rights,
}

/// What this persona adds to a run.
///
/// # Errors
/// Where the value is none, or where this host is stricter already.
pub(crate) fn read(word: &Word, host: &Host) -> Result<Part, Refusal> {
    let Level { distribution, level, rights } = parsed(word).map_err(Refusal::Mistakes)?;
    let Some(real) = host.paranoid else {
        return Err(Refusal::host(
            format!("this kernel has no perf events: there is no {FILE}"),
            "let perf_event_open fail with ENOSYS as it does here, or use a kernel with CONFIG_PERF_EVENTS",
        ));
    };
    let shown = Rule::shows("level", FILE, &format!("{level}\n"));
    if distribution.forbids_all(level, rights) {
        // `flags` are checked before.
        let all = Rule::fails("all", CALL, "EACCES").only_where("arg(5 < 0x10)");
        return Ok(Part { rules: vec![all, shown], ..Part::default() });
    }
    let help = format!(
        "start duress with CAP_PERFMON or as root, or set the real level: `sysctl kernel.perf_event_paranoid={level}`"
    );
    if !host.may_perf {
        if level < real {
            return Err(Refusal::host(
                format!("perf_event_paranoid={level} is laxer than the {real} of this host"),
                help,
            ));
        }
        if rights.may_perf() {
            return Err(Refusal::host(
                format!("the target has no CAP_PERFMON here, whose perf_event_paranoid is {real}"),
                "start duress with CAP_PERFMON or as root, or leave `+perfmon` and `+sys_admin` out",
            ));
        }
    }
    let mut rules = refusals(level, rights, &host.perf);
    rules.push(shown);
    Ok(Part { rules, remarks: remarks(level, rights, host), ..Part::default() })
}

/// Reads `DISTRIBUTION:LEVEL+CAPABILITY`.
fn parsed(word: &Word) -> Result<Level, Vec<Diagnostic>> {
    let value = word.value().unwrap_or_default();
    let mut mistakes = Vec::new();
    let mut parts = value.split('+');
    let base = parts.next().unwrap_or_default();
    let (name, number) = base.split_once(':').map_or((None, base), |(name, number)| (Some(name), number));

    let mut distribution = Distribution::Mainline;
    if let Some(name) = name {
        match Distribution::ALL.iter().find(|(known, _)| *known == name) {
            Some((_, known)) => distribution = *known,
            None => mistakes.push(advised(
                word.error_in(name, format!("no distribution `{name}` is known")),
                name,
                &Distribution::ALL.map(|(known, _)| known),
            )),
        }
    }
    let level = number.parse::<i32>().ok().filter(|level| (-1..=4).contains(level));
    if level.is_none() {
        let example = Distribution::ALL.iter().find(|(known, _)| *known == number);
        mistakes.push(match example {
            _ if number.is_empty() => word.error("the level is missing").help(format!(
                "write a number from -1 to 4: `{}=2`, `{}=debian:3`",
                word.name(),
                word.name()
            )),
            Some((known, _)) => word
                .error_in(number, format!("`{number}` is no level"))
                .help(format!("write the level behind it: `{}={known}:3`", word.name())),
            None => {
                let mistake = word.error_in(number, format!("`{number}` is no level"));
                let near = Distribution::ALL.map(|(known, _)| known);
                match nearest(number, near) {
                    Some(near) => mistake.help(format!("did you mean `{near}:3`?")),
                    None => mistake
                        .help("write a number from -1 (allows nearly all) to 4, such as `2` or `debian:3`"),
                }
            }
        });
    }
    let mut rights = Rights::default();
    for part in parts {
        match part {
            "perfmon" => rights.perfmon = true,
            "sys_admin" => rights.sys_admin = true,
            "sys_ptrace" => rights.sys_ptrace = true,
            "" => mistakes.push(
                word.error("a capability is missing behind the `+`")
                    .help(format!("they are {}", Rights::ALL.join(", "))),
            ),
            _ => mistakes.push(advised(
                word.error_in(part, format!("`{part}` is no capability that perf events ask for")),
                part.trim_start_matches("CAP_").trim_start_matches("cap_"),
                &Rights::ALL,
            )),
        }
    }
    match level {
        Some(level) if mistakes.is_empty() => Ok(Level { distribution, level, rights }),
        _ => Err(mistakes),
    }
}

/// With the word that was meant, or all that there are.
fn advised(mistake: Diagnostic, word: &str, known: &[&str]) -> Diagnostic {
    match nearest(word, known.iter().copied()) {
        Some(near) => mistake.help(format!("did you mean `{near}`?")),
        None => mistake.help(format!("they are {}", known.join(", "))),
    }
}

/// What `perf_copy_attr` wants before it asks for privileges: else it is E2BIG or EINVAL.
const COPIED: &str = "arg(5 < 0x10) & (perf.size == 0 | (perf.size >= 64 & perf.size <= 4096)) & perf.reserved_1 == 0 & \
                      perf.reserved_2 == 0 & perf.reserved_3 < 8 & perf.sample_type < 0x2000000 & perf.read_format < 0x20";
/// What it wants of sampled branches.
const BRANCHES: &str = "perf.branch_sample_type < 0x100000 & perf.branch_sample_type & 0xffff8";
/// What it wants after having asked.
const SOUND: &str = "(perf.sample_type & 0x800 == 0 | (perf.branch_sample_type < 0x100000 & perf.branch_sample_type & 0xffff8)) & \
                     (perf.sample_type & 0x1000 == 0 | perf.sample_regs_user != 0) & \
                     (perf.sample_type & 0x2000 == 0 | (perf.sample_stack_user < 0xffff & perf.sample_stack_user & 7 == 0)) & \
                     (perf.sample_type & 0x40000 == 0 | perf.sample_regs_intr != 0) & \
                     perf.sample_type & 0x1004000 != 0x1004000 & \
                     (perf.inherit == 1 | perf.inherit_thread == 0) & \
                     (perf.remove_on_exec == 0 | perf.enable_on_exec == 0) & \
                     (perf.sigtrap == 0 | perf.remove_on_exec == 1)";
/// What is wanted of the period.
const PERIOD: &str = "(perf.freq == 1 | perf.sample_period < 0x8000000000000000)";
/// What is wanted of the target and of the event before anything is made of them.
const TARGET: &str = "(arg(5 & 4 == 0) | (arg(2 != -1) & arg(3 != -1))) & (arg(4 == -1) | arg(4 < 0x80000000)) & \
                      (arg(3 < 0x2000) | (arg(3 == -1) & arg(2 != -1))) & \
                      (arg(2 < 0x80000000) | arg(2 == -1)) & \
                      (perf.sigtrap == 0 | (arg(2 != -1) & arg(5 & 4 == 0))) & \
                      (perf.inherit == 0 | perf.sample_type & 0x12 != 0x10)";

/// What a breakpoint must be on the machines that can have one of 8 bytes.
const BREAKPOINT: &str = "((perf.bp_type == 4 & perf.bp_len == 8) | (perf.bp_type & 2 & perf.bp_type <= 3 & \
                          (perf.bp_len == 1 | (perf.bp_len == 2 & perf.bp_addr & 1 == 0) | \
                          (perf.bp_len == 4 & perf.bp_addr & 3 == 0) | (perf.bp_len == 8 & perf.bp_addr & 7 == 0))))";

/// What is refused, in the kernel's order.
fn refusals(level: i32, rights: Rights, perf: &Perf) -> Vec<Rule> {
    let refused = |name: &str, errno: &str, conditions: &[&str]| {
        Rule::fails(name, CALL, errno).only_where(conditions.join(" & ")).asked()
    };
    let mut rules = Vec::new();
    if !rights.may_perf() {
        if level > 1 {
            // What names no level of its own takes it from the event: the kernel and the hypervisor unless excluded.
            let privileged = "perf.sample_type & 0x800 & (perf.branch_sample_type & 6 | (perf.branch_sample_type & 7 == 0 & \
                              (perf.exclude_kernel == 0 | perf.exclude_hv == 0)))";
            rules.push(refused("branches", "EACCES", &[COPIED, BRANCHES, privileged]));
            rules.push(refused("kernel", "EACCES", &[COPIED, SOUND, "perf.exclude_kernel == 0"]));
        }
        rules.push(refused("namespaces", "EACCES", &[COPIED, SOUND, "perf.namespaces == 1"]));
        if level > 1 {
            rules.push(refused("physical", "EACCES", &[COPIED, SOUND, PERIOD, "perf.sample_type & 0x80000"]));
        }
    }
    // Linux 6.16 has uprobes for CAP_SYS_ADMIN alone, kprobes for CAP_PERFMON too.
    for (name, of, may) in
        [("kprobe", perf.kprobe, rights.may_perf()), ("uprobe", perf.uprobe, rights.sys_admin)]
    {
        if let Some(of) = of.filter(|_| !may) {
            let is_probe = format!("perf.type == {of}");
            rules.push(refused(name, "EACCES", &[COPIED, SOUND, PERIOD, TARGET, &is_probe]));
        }
    }
    if !rights.sys_admin {
        // Addresses of the kernel are the upper half. One with `exclude_kernel` is EINVAL.
        let in_kernel = "perf.type == 5 & perf.exclude_kernel == 0 & perf.bp_addr >= 0x8000000000000000 & \
                         perf.sample_type & 0x800 == 0";
        rules.push(refused("breakpoint", "EPERM", &[COPIED, SOUND, PERIOD, TARGET, in_kernel, BREAKPOINT]));
    }
    if rights.may_perf() {
        return rules;
    }
    if level > -1 {
        let is_raw = "perf.type == 2 & perf.sample_type & 0xc00 == 0x400";
        let open = among("perf.config", &perf.open_tracepoints);
        // Only of a task.
        let closed = open.map(|open| format!("(arg(2 == -1) | arg(5 & 4) | !({open}))"));
        let conditions = [COPIED, SOUND, PERIOD, TARGET, is_raw];
        let conditions: Vec<&str> = conditions.into_iter().chain(closed.as_deref()).collect();
        rules.push(refused("raw", "EPERM", &conditions));
    }
    if level > 0 {
        let whole = "(arg(2 == -1) | arg(5 & 4)) & (perf.type != 1 | perf.config < 12) & \
                     (perf.sample_type & 0x800 == 0 | (perf.type != 1 & perf.type != 2 & perf.type != 5))";
        let types: Vec<u64> = perf.types.iter().map(|of| u64::from(*of)).collect();
        // Generic events of hardware and caches are those of the CPU's own counters.
        let has_counters = types.contains(&4);
        let types =
            types.into_iter().chain(if has_counters { vec![0, 3] } else { Vec::new() }).collect::<Vec<_>>();
        let there = among("perf.type", &types).map(|types| format!("({types})"));
        let place = format!(
            "(perf.type != 5 | ((perf.bp_addr < 0x8000000000000000 | perf.exclude_kernel == 0) & {BREAKPOINT}))"
        );
        let conditions = [COPIED, SOUND, PERIOD, TARGET, whole, &place];
        let conditions: Vec<&str> = conditions.into_iter().chain(there.as_deref()).collect();
        rules.push(refused("cpu", "EACCES", &conditions));
    }
    rules
}

/// That a field is one of these numbers; neighbours are joined. None where there are none.
fn among(field: &str, numbers: &[u64]) -> Option<String> {
    let mut numbers = numbers.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let words: Vec<String> = ranges
        .iter()
        .map(|(first, last)| match (first, last) {
            _ if first == last => format!("{field} == {first}"),
            (0, _) => format!("{field} <= {last}"),
            _ => format!("({field} >= {first} & {field} <= {last})"),
        })
        .collect();
    (!words.is_empty()).then(|| words.join(" | "))
}

/// Where it is not quite what that kernel does.
fn remarks(level: i32, rights: Rights, host: &Host) -> Vec<String> {
    let mut remarks = Vec::new();
    if level > 0 && !rights.may_perf() && host.perf.types.iter().any(|of| *of > 5) {
        remarks.push(
            "What a particular PMU refuses with EINVAL for a whole CPU is EACCES: its demands are not known"
                .to_owned(),
        );
    }
    if host.may_perf && !rights.may_perf() {
        remarks.push(
            "Events of another user's process are opened where the target has CAP_PERFMON: a rule does not know whose a \
             process is"
                .to_owned(),
        );
    }
    if !host.may_perf && rights.sys_ptrace {
        remarks.push(
            "Another user's process can be measured only if the target really has CAP_SYS_PTRACE".to_owned(),
        );
    }
    if level > -1 && !rights.may_perf() {
        remarks.push(
            "Where a process, a group's descriptor or a tracepoint does not exist, a late check answers EACCES or EPERM and not \
             ESRCH, EBADF or EINVAL"
                .to_owned(),
        );
        if host.perf.open_tracepoints.is_empty() {
            remarks.push(
                "Raw samples of a task's system calls are refused too: the numbers of their tracepoints are not known"
                    .to_owned(),
            );
        }
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(paranoid: i32, may_perf: bool) -> Host {
        let perf = Perf {
            types: vec![1, 2, 4, 5, 8, 9],
            kprobe: Some(8),
            uprobe: Some(9),
            open_tracepoints: vec![7, 8, 9, 20],
        };
        Host { paranoid: Some(paranoid), may_perf, perf, ..Host::default() }
    }

    fn names(text: &str) -> String {
        let part = read(&Word::new(text), &host(-1, true)).expect(text);
        part.rules.iter().map(|rule| rule.name.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_level_refuses_what_the_kernel_does_in_its_order() {
        for (text, expect) in [
            ("paranoid=-1", "namespaces kprobe uprobe breakpoint level"),
            ("paranoid=0", "namespaces kprobe uprobe breakpoint raw level"),
            ("paranoid=1", "namespaces kprobe uprobe breakpoint raw cpu level"),
            ("paranoid=2", "branches kernel namespaces physical kprobe uprobe breakpoint raw cpu level"),
            ("paranoid=4", "branches kernel namespaces physical kprobe uprobe breakpoint raw cpu level"),
            ("paranoid=2+perfmon", "uprobe breakpoint level"),
            ("paranoid=2+sys_admin", "level"),
            ("paranoid=1+sys_ptrace", "namespaces kprobe uprobe breakpoint raw cpu level"),
            ("paranoid=debian:3", "all level"),
            ("paranoid=debian:3+perfmon", "uprobe breakpoint level"),
            ("paranoid=ubuntu:3+sys_admin", "level"),
            ("paranoid=ubuntu:4+perfmon", "all level"),
            ("paranoid=android:3+sys_admin", "level"),
        ] {
            assert_eq!(names(text), expect, "{text}");
        }
    }

    #[test]
    fn only_what_refuses_everything_is_quiet() {
        for (text, quiet) in [("paranoid=2", 0), ("paranoid=debian:3", 1)] {
            let part = read(&Word::new(text), &host(-1, true)).expect(text);
            assert_eq!(part.rules.iter().filter(|rule| rule.is_quiet).count(), quiet, "{text}");
        }
    }

    #[test]
    fn what_this_host_forbids_is_not_granted() {
        let refused = |text: &str, host: &Host| read(&Word::new(text), host).err().map(|why| why.to_string());
        assert_eq!(
            refused("paranoid=1", &host(2, false)).as_deref(),
            Some("perf_event_paranoid=1 is laxer than the 2 of this host")
        );
        assert_eq!(refused("paranoid=1", &host(2, true)), None);
        assert_eq!(refused("paranoid=2", &host(2, false)), None);
        assert_eq!(refused("paranoid=debian:3", &host(4, false)), None);
        assert!(refused("paranoid=2+perfmon", &host(2, false)).is_some());
        assert!(refused("paranoid=2", &Host::default()).is_some_and(|why| why.contains("no perf events")));
    }

    #[test]
    fn mistakes_are_shown_at_their_place() {
        for (text, message, help) in [
            ("paranoid", "the level is missing", "`paranoid=2`"),
            ("paranoid=5", "`5` is no level", "from -1"),
            ("paranoid=debain:3", "no distribution `debain` is known", "`debian`"),
            ("paranoid=debian", "`debian` is no level", "`paranoid=debian:3`"),
            ("paranoid=2+perfmom", "`perfmom` is no capability", "`perfmon`"),
            ("paranoid=2+", "a capability is missing", "sys_ptrace"),
        ] {
            let Err(Refusal::Mistakes(found)) = read(&Word::new(text), &host(-1, true)) else {
                panic!("{text} is read")
            };
            assert!(found[0].message.contains(message), "{text}: {found:?}");
            assert!(found[0].help.as_deref().is_some_and(|it| it.contains(help)), "{text}: {found:?}");
        }
    }

    #[test]
    fn numbers_become_ranges() {
        assert_eq!(among("a", &[9, 7, 8, 3]).as_deref(), Some("a == 3 | (a >= 7 & a <= 9)"));
        assert_eq!(among("a", &[0, 1, u64::MAX]).as_deref(), Some("a <= 1 | a == 18446744073709551615"));
        assert_eq!(among("a", &[]), None);
    }
}
