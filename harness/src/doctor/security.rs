//! What keeps processes from doing things: capabilities, filters, security modules, user namespaces.

use super::check::{Check, State};
use super::host::Host;

/// The names of capabilities by number, `include/uapi/linux/capability.h` of Linux 5.9 and later.
const NAMES: [&str; 41] = [
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
];

pub(crate) const SYS_ADMIN: u64 = 1 << 21;
pub(crate) const PERFMON: u64 = 1 << 38;
pub(crate) const BPF: u64 = 1 << 39;

/// A mask in words: the few that there are, or the few that are missing.
pub(crate) fn in_words(mask: u64) -> String {
    let of = |is_set: bool| -> Vec<&str> {
        let all = NAMES.iter().enumerate();
        all.filter(|(bit, _)| (mask >> bit & 1 == 1) == is_set).map(|(_, name)| *name).collect()
    };
    let (there, missing) = (of(true), of(false));
    match (there.len(), missing.len()) {
        (0, _) => "none".to_owned(),
        (_, 0) => "all".to_owned(),
        (_, few) if few <= 8 => format!("all but {}", missing.join(", ")),
        _ => there.join(", "),
    }
}

pub(super) fn privileges(host: &Host) -> Check {
    const NAME: &str = "privileges";
    let (Some(uid), Some(effective)) = (host.uid(), host.capabilities("CapEff")) else {
        let found = format!("/proc/self/status is {}", host.root.nowhere());
        return Check::new(NAME, State::Unknown, found, "user and capabilities are those of a process");
    };
    let found = format!("uid {uid}, capabilities {effective:#x}");
    let meaning = if effective & SYS_ADMIN != 0 {
        "set-user-id programs that a test starts keep their effect"
    } else {
        "enough; the target runs with no_new_privs, so set-user-id programs that a test starts have no effect"
    };
    let bounding = host.capabilities("CapBnd").map_or("not known".to_owned(), in_words);
    Check::new(NAME, State::Ok, found, meaning)
        .details([format!("effective: {}", in_words(effective)), format!("bounding: {bounding}")])
}

pub(super) fn filters(host: &Host) -> Check {
    const NAME: &str = "filters";
    let Some(mode) = host.status("Seccomp") else {
        let found = format!("no `Seccomp` in /proc/self/status, {}", host.root.nowhere());
        return Check::new(NAME, State::Unknown, found, "whether filters are on is not known");
    };
    let count = host.status("Seccomp_filters");
    let counted = count.map_or(String::new(), |count| format!(", filters: {count}"));
    let privileges = host.status("NoNewPrivs").map_or(String::new(), |bit| format!(", no_new_privs {bit}"));
    match mode {
        "0" => Check::new(
            NAME,
            State::Ok,
            format!("seccomp mode 0 (off){privileges}"),
            "no filter stands before ours",
        ),
        "1" => Check::new(
            NAME,
            State::Limited,
            "seccomp mode 1 (strict)",
            "only read, write and exit are allowed",
        ),
        _ => Check::new(
            NAME,
            State::Ok,
            format!("seccomp mode {mode} (filter){counted}{privileges}"),
            "calls that those filters refuse fail without our doing, as in most containers",
        ),
    }
}

pub(super) fn modules(host: &Host) -> Check {
    const NAME: &str = "lsm";
    let root = &host.root;
    let list = root.line("/sys/kernel/security/lsm").filter(|list| !list.is_empty());
    // Without a security module the file answers EINVAL.
    let label = ["/proc/self/attr/apparmor/current", "/proc/self/attr/current"].iter().find_map(|path| {
        root.line(path).map(|label| label.trim_matches('\0').to_owned()).filter(|label| !label.is_empty())
    });
    let details: Vec<String> = label.iter().map(|label| format!("label of this process: {label}")).collect();
    let selinux = root
        .line("/sys/fs/selinux/enforce")
        .map(|mode| format!("SELinux is {}", if mode == "1" { "enforcing" } else { "permissive" }));
    let check = match list {
        Some(list) => Check::new(NAME, State::Ok, list, "these may refuse calls without our doing"),
        None if details.is_empty() && selinux.is_none() => Check::new(
            NAME,
            if root.is_live() { State::Ok } else { State::Unknown },
            format!("/sys/kernel/security/lsm is {}", root.nowhere()),
            "no security module is known of (the folder may not be mounted)",
        ),
        None => Check::new(NAME, State::Ok, "not listed", "the label says that there is one"),
    };
    check.details(details).details(selinux)
}

/// Why an unprivileged process cannot make a user namespace, as far as settings say.
pub(crate) fn against_user_namespaces(host: &Host) -> Option<String> {
    let number = |key| host.key(key).number();
    let is_privileged = host.capabilities("CapEff").is_some_and(|mask| mask & SYS_ADMIN != 0);
    if number("user.max_user_namespaces") == Some(0) {
        return Some("user.max_user_namespaces is 0".to_owned());
    }
    if host.root.is_live() && !host.root.has("/proc/self/ns/user") {
        return Some("this kernel has none".to_owned());
    }
    if is_privileged {
        return None;
    }
    if number("kernel.unprivileged_userns_clone") == Some(0) {
        return Some("kernel.unprivileged_userns_clone is 0".to_owned());
    }
    (number("kernel.apparmor_restrict_unprivileged_userns") == Some(1))
        .then(|| "kernel.apparmor_restrict_unprivileged_userns is 1".to_owned())
}

pub(super) fn user_namespaces(host: &Host) -> Check {
    const NAME: &str = "user_namespaces";
    let map = host.root.text("/proc/self/uid_map").unwrap_or_default();
    let own: Vec<Vec<&str>> = map.lines().map(|line| line.split_whitespace().collect()).collect();
    // user_namespaces(7): the first namespace maps all ids to themselves.
    let place = match &own[..] {
        [] => "which one this is is not known".to_owned(),
        [only] if only[..] == ["0", "0", "4294967295"] => "this is the first one".to_owned(),
        several => format!(
            "this is one of its own ({})",
            several.iter().take(4).map(|line| line.join(" ")).collect::<Vec<_>>().join("; ")
        ),
    };
    let keys = [
        "user.max_user_namespaces",
        "kernel.unprivileged_userns_clone",
        "kernel.apparmor_restrict_unprivileged_userns",
    ]
    .map(|key| host.key(key));
    let details = keys.iter().filter(|key| key.is_set()).flat_map(super::sysctl::Key::origin);
    match against_user_namespaces(host) {
        Some(why) => {
            Check::new(NAME, State::Limited, format!("{place}; {why}"), "tests cannot make user namespaces")
        }
        None if keys[0].live.is_none() => {
            Check::new(NAME, State::Unknown, place, "whether tests may make one is not known")
        }
        None => Check::new(NAME, State::Ok, place, "no setting keeps tests from making one"),
    }
    .details(details.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::{NAMES, in_words};

    #[test]
    fn masks_are_told_by_what_is_shorter() {
        assert_eq!(in_words(0), "none");
        assert_eq!(in_words((1 << NAMES.len()) - 1), "all");
        assert_eq!(in_words(1 << 19 | 1 << 39), "sys_ptrace, bpf");
        assert_eq!(in_words(((1 << NAMES.len()) - 1) & !(1 << 24)), "all but sys_resource");
    }
}
