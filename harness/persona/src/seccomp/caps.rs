//! The capabilities of a container, which decide what its profile allows.

use std::collections::BTreeSet;

/// Capabilities by name, without `CAP_`.
pub(super) type Caps = BTreeSet<&'static str>;

/// What Docker and Kubernetes give a container.
pub(super) const DOCKER: &[&str] = &[
    "CHOWN",
    "DAC_OVERRIDE",
    "FSETID",
    "FOWNER",
    "MKNOD",
    "NET_RAW",
    "SETGID",
    "SETUID",
    "SETFCAP",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "SYS_CHROOT",
    "KILL",
    "AUDIT_WRITE",
];

/// What Podman gives one: three less.
pub(super) const PODMAN: &[&str] = &[
    "CHOWN",
    "DAC_OVERRIDE",
    "FSETID",
    "FOWNER",
    "SETGID",
    "SETUID",
    "SETFCAP",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "SYS_CHROOT",
    "KILL",
];

/// Kernel: capabilities(7), as of 5.9.
const ALL: &[&str] = &[
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// The usual ones with what is added: `SYS_ADMIN+SYS_PTRACE`; `none` drops what is usual, `all` adds all.
pub(super) fn read(usual: &[&'static str], added: Option<&str>) -> Result<Caps, String> {
    let mut caps: Caps = usual.iter().copied().collect();
    for word in added.into_iter().flat_map(|added| added.split('+')) {
        match word {
            "none" => caps.clear(),
            "all" => caps.extend(ALL),
            name => {
                let bare = name.strip_prefix("CAP_").unwrap_or(name);
                let Some(known) = ALL.iter().find(|known| **known == bare) else {
                    let near = model::nearest(bare, ALL.iter().copied());
                    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                    return Err(format!("`{name}` is no capability{near}"));
                };
                caps.insert(known);
            }
        }
    }
    Ok(caps)
}
