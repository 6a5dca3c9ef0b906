//! Gates: what a CI job demands of a host.

use super::container::{Verdict, judge};
use super::host::Host;
use super::security::{BPF, PERFMON, SYS_ADMIN, against_user_namespaces};
use super::toolchains;
use crate::exit::chain;
use crate::orders::against_tracing;
use clap::ValueEnum;
use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// What is demanded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gates {
    pub(crate) max_paranoid: Option<i32>,
    pub(crate) min_kernel: Option<Release>,
    pub(crate) needs: Vec<Need>,
}

/// Something that a job may need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Need {
    /// seccomp user notifications: errors, values, latency
    Notify,
    /// ptrace: signals, lies, short transfers
    #[value(alias = "trace")]
    Ptrace,
    /// A Go that duress supports
    Go,
    /// A C compiler
    Cc,
    /// cgo switched on, and a C compiler
    Cgo,
    /// `go test -race`
    Race,
    /// The superuser
    Root,
    /// perf_event_open for a process's own counters
    Perf,
    /// User namespaces for the user that asks
    Userns,
    /// The right to load eBPF programs, and the kernel's types (BTF)
    Ebpf,
    /// No container
    #[value(name = "no-container")]
    NoContainer,
}

/// A kernel's release, as far as it is compared: 5.19.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Release(u32, u32, u32);

impl FromStr for Release {
    type Err = String;

    /// Reads `5`, `5.19`, `5.19.3`, and releases as kernels say them: `6.18.44-fc`, `6.1-rc2+`.
    fn from_str(text: &str) -> Result<Release, String> {
        let wrong = || "a kernel's release is two or three numbers: 5.19, 6.1.12".to_owned();
        let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
        if end < text.len() && !text[end..].starts_with(['-', '+', '_', '~']) {
            return Err(wrong());
        }
        let mut parts = text[..end].trim_end_matches('.').split('.').map(str::parse::<u32>);
        let mut next = || parts.next().transpose().map_err(|_| wrong());
        let release = Release(next()?.ok_or_else(wrong)?, next()?.unwrap_or(0), next()?.unwrap_or(0));
        Ok(release)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.2 {
            0 => write!(f, "{}.{}", self.0, self.1),
            patch => write!(f, "{}.{}.{patch}", self.0, self.1),
        }
    }
}

/// What came of a demand.
#[derive(Debug, Serialize)]
pub(crate) struct Gate {
    /// As it was typed: `--need race`.
    pub(crate) gate: String,
    pub(crate) passed: bool,
    /// What was found.
    pub(crate) reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) help: Option<String>,
}

/// Why a demand is not met, and what to do about it.
type Refusal = (String, &'static str);

const UNTRIED: &str = "run `duress doctor` on the host itself";

impl Gates {
    /// Holds them against a host.
    pub(crate) fn judge(&self, host: &Host) -> Vec<Gate> {
        let level =
            self.max_paranoid.map(|most| gate(format!("--max-paranoid {most}"), paranoid(most, host)));
        let kernel = self.min_kernel.map(|least| gate(format!("--min-kernel {least}"), newer(least, host)));
        let needs = self.needs.iter().map(|need| {
            let name = need.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
            gate(format!("--need {name}"), need.met(host))
        });
        level.into_iter().chain(kernel).chain(needs).collect()
    }
}

fn gate(gate: String, result: Result<String, Refusal>) -> Gate {
    match result {
        Ok(reason) => Gate { gate, passed: true, reason, help: None },
        Err((reason, help)) => Gate { gate, passed: false, reason, help: Some(help.to_owned()) },
    }
}

fn paranoid(most: i32, host: &Host) -> Result<String, Refusal> {
    let key = host.key("kernel.perf_event_paranoid");
    match key.number() {
        Some(level) if level <= most => Ok(format!("kernel.perf_event_paranoid is {level}")),
        Some(level) => {
            let origin = key.systemd.as_ref().or(key.procps.as_ref());
            let origin = origin.map_or_else(
                || ", and no file sets it".to_owned(),
                |setting| format!("; files set {setting}"),
            );
            Err((
                format!("kernel.perf_event_paranoid is {level}, more than {most}{origin}"),
                "set it in a file of /etc/sysctl.d that sorts last, and with `sysctl -w` now",
            ))
        }
        None => Err((
            format!("/proc/sys/kernel/perf_event_paranoid is {}", host.root.nowhere()),
            "it takes a kernel with perf events, and a /proc",
        )),
    }
}

fn newer(least: Release, host: &Host) -> Result<String, Refusal> {
    let said = host.kernel().unwrap_or_else(|| host.root.nowhere().to_owned());
    match said.parse::<Release>() {
        Ok(release) if release >= least => Ok(format!("Linux {said}")),
        Ok(_) => Err((format!("Linux {said} is older"), "boot a newer kernel; a container has its host's")),
        Err(_) => Err((format!("the kernel's release is not known: {said}"), UNTRIED)),
    }
}

impl Need {
    fn met(self, host: &Host) -> Result<String, Refusal> {
        match self {
            Need::Notify | Need::Ptrace | Need::Perf => self.tried(host),
            Need::Go => match &host.live {
                Some(live) => match &live.go {
                    Ok(go) => Ok(go.version.to_string()),
                    Err(error) => Err((chain(error), "install Go, or put its bin folder into PATH")),
                },
                None => match toolchains::all(host).into_iter().find(|found| found.place == "PATH") {
                    Some(found) => Ok(found.version),
                    None => Err((
                        "no `go` in this tree's PATH".to_owned(),
                        "install Go, or put its bin folder into PATH",
                    )),
                },
            },
            Need::Cc => compiler(host),
            Need::Cgo => cgo(host).and_then(|why| compiler(host).map(|_| why)),
            Need::Race => Need::Go.met(host).and_then(|_| compiler(host)).and_then(|_| cgo(host)),
            Need::Root => match host.uid() {
                Some(0) => Ok("uid 0".to_owned()),
                Some(uid) => Err((format!("uid {uid}"), "run it as the superuser")),
                None => Err((format!("/proc/self/status is {}", host.root.nowhere()), UNTRIED)),
            },
            Need::Userns => match against_user_namespaces(host) {
                Some(why) => Err((why, "raise user.max_user_namespaces, or lift the restriction named")),
                None if host.key("user.max_user_namespaces").live.is_none() => {
                    Err((format!("user.max_user_namespaces is {}", host.root.nowhere()), UNTRIED))
                }
                None => Ok("no setting forbids them".to_owned()),
            },
            Need::Ebpf => ebpf(host),
            Need::NoContainer => match judge(host) {
                (Verdict::Yes, marks) => Err((marks.join(", "), "run it on the host itself")),
                (Verdict::Perhaps | Verdict::No, _) => Ok("no engine left a mark that proves one".to_owned()),
            },
        }
    }

    /// What only trying tells.
    fn tried(self, host: &Host) -> Result<String, Refusal> {
        let Some(live) = &host.live else {
            return Err(("not tried: a tree has no kernel to try it on".to_owned(), UNTRIED));
        };
        match self {
            Need::Notify => match live.probe.notify {
                Ok(_) => Ok("user notifications work".to_owned()),
                Err(_) => Err(("the kernel refuses user notifications".to_owned(), "see `seccomp` above")),
            },
            Need::Ptrace => match live.trace {
                Ok(()) => Ok("a child can be traced".to_owned()),
                Err(obstacle) => Err(against_tracing(obstacle)),
            },
            _ => match live.perf.software {
                Ok(()) => Ok("perf_event_open works".to_owned()),
                Err(errno) => Err((
                    format!("perf_event_open answers {errno}"),
                    "kernel.perf_event_paranoid of 2 or less, or CAP_PERFMON; and a seccomp profile that lets it through",
                )),
            },
        }
    }
}

fn compiler(host: &Host) -> Result<String, Refusal> {
    const HELP: &str = "install gcc (Debian: gcc libc6-dev; Alpine: gcc musl-dev), or set CC";
    let check = toolchains::compiler_in_tree(host);
    if check.state == super::check::State::Ok { Ok(check.found) } else { Err((check.found, HELP)) }
}

fn cgo(host: &Host) -> Result<String, Refusal> {
    match toolchains::cgo(host) {
        (Some(true), why) => Ok(format!("cgo is on: {why}")),
        (Some(false), why) => {
            Err((format!("cgo is off: {why}"), "set CGO_ENABLED=1, and install a C compiler"))
        }
        (None, why) => Err((why, "install Go")),
    }
}

fn ebpf(host: &Host) -> Result<String, Refusal> {
    if !host.root.has("/sys/kernel/btf/vmlinux") {
        let found = format!("/sys/kernel/btf/vmlinux is {}", host.root.nowhere());
        return Err((found, "it takes a kernel with CONFIG_DEBUG_INFO_BTF, and a /sys"));
    }
    let mask = host.capabilities("CapEff").unwrap_or(0);
    if mask & SYS_ADMIN != 0 || mask & BPF != 0 && mask & PERFMON != 0 {
        return Ok("CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN; not tried".to_owned());
    }
    Err((
        "neither CAP_SYS_ADMIN nor both CAP_BPF and CAP_PERFMON".to_owned(),
        "run it as root, or with these capabilities",
    ))
}

#[cfg(test)]
mod tests {
    use super::Release;

    #[test]
    fn releases_are_read_as_kernels_and_people_write_them() {
        for (text, release) in [
            ("5.19", Release(5, 19, 0)),
            ("6", Release(6, 0, 0)),
            ("6.18.44-fc-v769", Release(6, 18, 44)),
            ("6.1-rc2+", Release(6, 1, 0)),
            ("4.18.0-553.el8_10.x86_64", Release(4, 18, 0)),
            ("5.15.0.1", Release(5, 15, 0)),
        ] {
            assert_eq!(text.parse(), Ok(release), "{text}");
        }
        for text in ["", "new", "5.x", "-5", "5,19", "v5.19", "99999999999.1"] {
            assert!(text.parse::<Release>().is_err(), "{text}");
        }
        assert!(Release(5, 4, 0) < Release(5, 19, 0));
    }
}
