//! Limits that a target inherits: of resources, of execve(2), of its control group.

use super::check::{Check, State};
use super::host::Host;
use model::ExecLimits;
use serde::Serialize;

/// Soft or hard limits; null is unlimited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Limits {
    pub(crate) core: Option<u64>,
    pub(crate) nofile: Option<u64>,
    pub(crate) nproc: Option<u64>,
    pub(crate) stack: Option<u64>,
    #[serde(rename = "as")]
    pub(crate) address_space: Option<u64>,
}

/// The room for arguments and environment of a new process, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ArgMax {
    /// All of it.
    pub(crate) room: u64,
    /// What the environment takes, pointers included.
    pub(crate) environment: u64,
    /// The longest single string that is allowed, NUL included.
    pub(crate) longest_string: u64,
    /// The variable that takes most.
    pub(crate) largest_variable: Option<String>,
}

/// Soft and hard limits, as `/proc/self/limits` has them.
pub(crate) fn read(host: &Host) -> Option<(Limits, Limits)> {
    let text = host.root.text("/proc/self/limits").ok()?;
    let of = |column: usize| {
        let limit = |name: &str| {
            let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
            rest.split_whitespace().nth(column)?.parse().ok()
        };
        Limits {
            core: limit("Max core file size"),
            nofile: limit("Max open files"),
            nproc: limit("Max processes"),
            stack: limit("Max stack size"),
            address_space: limit("Max address space"),
        }
    };
    Some((of(0), of(1)))
}

/// The rule of fs/exec.c for this stack limit and environment.
pub(crate) fn arg_max(stack: Option<u64>, environment: &[(String, String)]) -> ArgMax {
    let limits = ExecLimits { stack, page: 4096, pointer: 8 };
    let size = |(name, value): &(String, String)| (name.len() + 1 + value.len() + 1) as u64;
    let largest = environment.iter().max_by_key(|variable| size(variable));
    ArgMax {
        room: limits.room(),
        environment: environment.iter().map(|variable| size(variable) + limits.pointer).sum(),
        longest_string: limits.longest_string(),
        largest_variable: largest.map(|(name, _)| name.clone()),
    }
}

fn unknown(name: &'static str, host: &Host) -> Check {
    let found = format!("/proc/self/limits is {}", host.root.nowhere());
    Check::new(name, State::Unknown, found, "limits are those of a process")
}

fn shown(limit: Option<u64>) -> String {
    limit.map_or("unlimited".to_owned(), |limit| limit.to_string())
}

pub(super) fn resources(host: &Host) -> Check {
    let Some((soft, hard)) = read(host) else { return unknown("limits", host) };
    let words = |limits: Limits| {
        format!(
            "nofile {}, nproc {}, stack {}, as {}",
            shown(limits.nofile),
            shown(limits.nproc),
            shown(limits.stack),
            shown(limits.address_space)
        )
    };
    Check::new("limits", State::Ok, words(soft), "soft limits; the target inherits them unchanged")
        .details([format!("hard: {}, core {}", words(hard), shown(hard.core))])
}

pub(super) fn core_dumps(host: &Host) -> Check {
    let Some((soft, _)) = read(host) else { return unknown("core", host) };
    let pattern = host.key("kernel.core_pattern");
    let check = match soft.core {
        Some(0) => Check::new("core", State::Ok, "limit 0", "a crashing target leaves no core file"),
        limit => Check::new(
            "core",
            State::Limited,
            format!("limit {}", limit.map_or("unlimited".to_owned(), |bytes| format!("{bytes} bytes"))),
            "a target that crashes with GOTRACEBACK=crash leaves a core file where kernel.core_pattern says",
        )
        .help("`ulimit -c 0` before the run keeps it from that"),
    };
    let now =
        pattern.live.iter().map(|pattern| format!("kernel.core_pattern is {pattern}")).collect::<Vec<_>>();
    let origin = if pattern.is_set() { pattern.origin() } else { Vec::new() };
    check.details(now).details(origin)
}

pub(super) fn arguments(host: &Host) -> Check {
    let Some((soft, _)) = read(host) else { return unknown("arg_max", host) };
    let all = arg_max(soft.stack, &host.environment);
    let found = format!("{} bytes, of which the environment takes {}", all.room, all.environment);
    let details = [
        format!("no single string is longer than {} bytes (MAX_ARG_STRLEN)", all.longest_string),
        format!("a quarter of the stack limit ({}), at most 6 MiB, at least 128 KiB", shown(soft.stack)),
    ];
    let check = if all.environment * 2 > all.room {
        let name = all.largest_variable.unwrap_or_default();
        Check::new(
            "arg_max",
            State::Limited,
            found,
            "more than half is taken: long command lines fail with E2BIG",
        )
        .help(format!("make {name} shorter, the largest variable; or raise `ulimit -s`"))
    } else {
        Check::new("arg_max", State::Ok, found, "what execve takes as arguments and environment together")
    };
    check.details(details)
}

pub(super) fn control_group(host: &Host) -> Check {
    const NAME: &str = "cgroup";
    let root = &host.root;
    let own = root.text("/proc/self/cgroup").unwrap_or_default();
    let of = |controller: &str| {
        own.lines().find_map(|line| {
            let mut fields = line.splitn(3, ':').skip(1);
            let (list, path) = (fields.next()?, fields.next()?);
            list.split(',').any(|one| one == controller).then(|| path.trim_start_matches('/').to_owned())
        })
    };
    let number = |path: String| root.line(path).and_then(|text| text.parse::<f64>().ok());
    // cgroups(7): version 2 has one line with no controller; limits of folders above count, too, as Go has it.
    let upwards = |base: &str, path: &str, file: &str| -> Vec<String> {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        (0..=parts.len())
            .filter_map(|depth| root.line(format!("{base}/{}/{file}", parts[..depth].join("/"))))
            .collect()
    };
    let own_path = of("").unwrap_or_default();
    let mut cpus: Vec<f64> = upwards("/sys/fs/cgroup", &own_path, "cpu.max")
        .iter()
        .filter_map(|text| {
            let (quota, period) = text.split_once(' ')?;
            Some(quota.parse::<f64>().ok()? / period.parse::<f64>().ok()?)
        })
        .collect();
    if let Some(path) = of("cpu") {
        let at = |file: &str| number(format!("/sys/fs/cgroup/cpu/{path}/{file}"));
        if let (Some(quota), Some(period)) =
            (at("cpu.cfs_quota_us").filter(|quota| *quota > 0.0), at("cpu.cfs_period_us"))
        {
            cpus.push(quota / period);
        }
    }
    let memory = upwards("/sys/fs/cgroup", &own_path, "memory.max")
        .iter()
        .filter_map(|text| text.parse::<u64>().ok())
        .min();
    let least = cpus.into_iter().filter(|cpus| cpus.is_finite()).reduce(f64::min);
    if own.is_empty() {
        let found = format!("/proc/self/cgroup is {}", root.nowhere());
        return Check::new(NAME, State::Unknown, found, "limits of control groups are not known");
    }
    let found = format!(
        "cpu {}, memory {}",
        least.map_or("unlimited".to_owned(), |cpus| format!("{cpus:.2} CPUs")),
        memory.map_or("unlimited".to_owned(), |bytes| format!("{bytes} bytes"))
    );
    let meaning = if least.is_some() {
        "Go 1.25 and later take GOMAXPROCS from it; older ones see all CPUs and are throttled"
    } else {
        "GOMAXPROCS is the number of CPUs"
    };
    Check::new(NAME, State::Ok, found, meaning)
}

#[cfg(test)]
mod tests {
    use super::arg_max;

    #[test]
    fn room_is_a_quarter_of_the_stack_between_floor_and_cap() {
        for (stack, room) in
            [(Some(8 << 20), 2 << 20), (Some(64 << 10), 128 << 10), (Some(1 << 30), 6 << 20), (None, 6 << 20)]
        {
            assert_eq!(arg_max(stack, &[]).room, room, "{stack:?}");
        }
        let environment = [("A".to_owned(), "xyz".to_owned()), ("LONG".to_owned(), "x".repeat(100))];
        let all = arg_max(None, &environment);
        assert_eq!((all.environment, all.largest_variable.as_deref()), (6 + 8 + 106 + 8, Some("LONG")));
        assert_eq!(all.longest_string, 131_072);
    }
}
