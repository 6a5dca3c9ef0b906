//! Whether this is a container, by the marks that container engines leave.

use super::check::{Check, State};
use super::host::{Host, variables};

/// What the marks say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Yes,
    /// One mark that images keep when they are run otherwise.
    Perhaps,
    No,
}

/// What was found: marks that prove it, and marks that only hint at it.
pub(crate) fn judge(host: &Host) -> (Verdict, Vec<String>) {
    let root = &host.root;
    let (mut proofs, mut hints) = (Vec::new(), Vec::new());
    if let Ok(text) = root.text("/run/.containerenv") {
        let engine = text.lines().find_map(|line| line.strip_prefix("engine=")).unwrap_or("podman");
        proofs.push(format!("/run/.containerenv ({})", engine.trim_matches('"')));
    }
    if let Some(kind) = root.line("/run/systemd/container").filter(|kind| !kind.is_empty()) {
        proofs.push(format!("/run/systemd/container ({kind})"));
    }
    let first = variables(&root.text("/proc/1/environ").unwrap_or_default());
    if let Some((_, kind)) = first.iter().find(|(name, _)| name == "container") {
        proofs.push(format!("container={kind} in the environment of process 1"));
    }
    if root.has("/var/run/secrets/kubernetes.io") || host.variable("KUBERNETES_SERVICE_HOST").is_some() {
        proofs.push("Kubernetes' service account or variables".to_owned());
    }
    for path in ["/proc/1/cgroup", "/proc/self/cgroup"] {
        let text = root.text(path).unwrap_or_default();
        let marks = ["docker", "kubepods", "containerd", "libpod", "crio", "lxc", "machine.slice/machine-"];
        if let Some(mark) = marks.iter().find(|mark| text.contains(**mark)) {
            proofs.push(format!("{mark} in {path}"));
            break;
        }
    }
    if root.has("/.dockerenv") {
        hints.push("/.dockerenv".to_owned());
    }
    let mounts = root.text("/proc/self/mountinfo").unwrap_or_default();
    // proc_pid_mountinfo(5): the fifth field is where it is mounted, the one behind `-` is the file system.
    let is_overlay = mounts.lines().any(|line| {
        line.split(' ').nth(4) == Some("/")
            && line
                .split(" - ")
                .nth(1)
                .is_some_and(|rest| rest.starts_with("overlay") || rest.starts_with("fuse-overlayfs"))
    });
    if is_overlay {
        hints.push("an overlay as root file system".to_owned());
    }
    let verdict = match (proofs.len(), hints.len()) {
        (0, 0) => Verdict::No,
        (0, 1) => Verdict::Perhaps,
        _ => Verdict::Yes,
    };
    proofs.extend(hints);
    (verdict, proofs)
}

pub(super) fn check(host: &Host) -> Check {
    const NAME: &str = "container";
    let (verdict, marks) = judge(host);
    let found = marks.join(", ");
    match verdict {
        Verdict::Yes => Check::new(
            NAME,
            State::Ok,
            format!("yes: {found}"),
            "settings of the kernel are its host's; its seccomp profile, capabilities and limits come on top",
        ),
        Verdict::Perhaps => Check::new(
            NAME,
            State::Ok,
            format!("perhaps: {found}, and nothing else"),
            "a machine that was made from an image keeps that mark",
        ),
        Verdict::No => Check::new(NAME, State::Ok, "no", "no engine left its marks"),
    }
}
