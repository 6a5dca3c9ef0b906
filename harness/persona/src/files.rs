//! Files and file systems that are not as they are here.

use crate::rule::Shows;
use crate::{Part, Refusal, Rule, Word};

/// Calls that put bytes into a file that is open.
const FILLING: [&str; 9] = [
    "write",
    "pwrite64",
    "writev",
    "pwritev",
    "pwritev2",
    "fallocate",
    "sendfile",
    "copy_file_range",
    "splice",
];

/// Calls that change a file system by the names of files.
const CHANGING: [&str; 28] = [
    "creat",
    "mkdir",
    "mkdirat",
    "rmdir",
    "unlink",
    "unlinkat",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "mknod",
    "mknodat",
    "chmod",
    "fchmodat",
    "chown",
    "lchown",
    "fchownat",
    "utimensat",
    "utimes",
    "utime",
    "futimesat",
    "truncate",
    "setxattr",
    "lsetxattr",
    "removexattr",
];

/// `tmpfs-full`, `tmpfs-full=/data`: no space is left below a folder.
pub(crate) fn tmpfs_full(word: &Word) -> Result<Part, Refusal> {
    let folder = if word.value().is_none() { "/tmp".to_owned() } else { folder(word)? };
    let rule = Rule::fails("full", FILLING, "ENOSPC").only_where(format!("path({folder}/**)")).asked();
    Ok(Part {
        rules: vec![rule],
        remarks: vec![
            "files and folders can still be made, as on a tmpfs that has inodes but no blocks left; writing through mmap(2) is not seen"
                .to_owned(),
        ],
        ..Part::default()
    })
}

/// `readonly=/data`: a file system that cannot be written to.
pub(crate) fn readonly(word: &Word) -> Result<Part, Refusal> {
    let folder = folder(word)?;
    let below = format!("(path(={folder}) | path({folder}/**))");
    let writes = "(open.flags & O_WRONLY | open.flags & O_RDWR | open.flags & O_TRUNC)";
    Ok(Part {
        rules: vec![
            Rule::fails("opened", ["open", "openat", "openat2"], "EROFS")
                .only_where(format!("{below} & {writes}"))
                .asked(),
            Rule::fails("changed", CHANGING, "EROFS").only_where(below).asked(),
        ],
        remarks: vec![
            "decided by names as they are written, links are not followed; a file that does not exist is EROFS too, even where it would be ENOENT"
                .to_owned(),
        ],
        ..Part::default()
    })
}

/// `files=/etc/resolv.conf:./other.conf`: a path shows the content of another file.
pub(crate) fn files(word: &Word) -> Result<Part, Refusal> {
    let mut rules = Vec::new();
    for (number, pair) in word.value().unwrap_or_default().split(',').enumerate() {
        let Some((path, content)) = pair
            .split_once(':')
            .filter(|(path, content)| path.starts_with('/') && is_plain(path) && !content.is_empty())
        else {
            let mistake = word.error(format!("`{pair}` is no path and file"));
            return Err(Refusal::Mistakes(vec![mistake.help(
                "write the path, from the root on, and the file that has its content: `files=/etc/hosts:./hosts`",
            )]));
        };
        let rule = Rule::shows_any(format!("file-{}", number + 1), path, Shows::File(content.to_owned()));
        rules.push(rule);
    }
    Ok(Part { rules, ..Part::default() })
}

/// `cgroup-cpu=0.5`: the CPU quota, by the files that Go's runtime reads.
///
/// # Go
/// `internal/runtime/cgroup` (Go 1.25): `/proc/self/cgroup` names the group, `/proc/self/mountinfo` where it is mounted,
/// `cpu.max` has quota and period in microseconds.
pub(crate) fn cgroup_cpu(word: &Word) -> Result<Part, Refusal> {
    const PERIOD: f64 = 100_000.0;
    let value = word.value().unwrap_or_default();
    let cpus = value.parse().ok().filter(|cpus: &f64| (0.01..=1024.0).contains(cpus));
    let Some(cpus) = cpus else {
        let mistake = word.error(format!("`{value}` is no number of CPUs from 0.01 to 1024"));
        return Err(Refusal::Mistakes(vec![mistake.help("write a number, such as `cgroup-cpu=0.5`")]));
    };
    let quota = format!("{:.0} 100000\n", cpus * PERIOD);
    let mounts = "22 1 8:1 / / rw,relatime - ext4 /dev/root rw\n\
        30 22 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime - cgroup2 cgroup2 rw\n";
    Ok(Part {
        rules: vec![
            Rule::shows("group", "/proc/self/cgroup", "0::/duress\n"),
            Rule::shows("mounts", "/proc/self/mountinfo", mounts),
            Rule::shows("quota", "/sys/fs/cgroup/duress/cpu.max", &quota),
        ],
        remarks: vec![
            "only what the files say: nothing is throttled. Go 1.25 and later sets GOMAXPROCS by it, never below 2"
                .to_owned(),
        ],
        ..Part::default()
    })
}

/// A folder from the root on, without a `/` at its end.
fn folder(word: &Word) -> Result<String, Refusal> {
    let value = word.value().unwrap_or_default();
    let folder = value.trim_end_matches('/');
    if value.starts_with('/') && !folder.is_empty() && is_plain(folder) {
        return Ok(folder.to_owned());
    }
    let mistake = word.error(format!("`{value}` is no folder from the root on"));
    Err(Refusal::Mistakes(vec![
        mistake.help(format!("write its path without wildcards, such as `{}=/srv/data`", word.name())),
    ]))
}

/// Whether a path stands for itself where conditions are written.
fn is_plain(path: &str) -> bool {
    !path.contains(|c: char| "*?[]{}()&|!,\"'\\ ".contains(c) || c.is_control())
}
