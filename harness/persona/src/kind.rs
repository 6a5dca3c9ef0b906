//! Every kind of persona.

use crate::surroundings::{self, Limit};
use crate::{Denials, Host, Open, Part, Refusal, Word, files, kernel, paranoid, seccomp};

/// What another host can differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Who may watch by perf events.
    Paranoid,
    /// An older kernel.
    Kernel,
    /// A filter on system calls.
    Seccomp,
    /// Other variables.
    Env,
    /// Too many of them.
    EnvBloat,
    /// Another PATH.
    Path,
    /// One variable.
    Variable,
    /// A limit of setrlimit(2).
    Limit(Limit),
    /// Fewer CPUs.
    Cpus,
    /// GOMAXPROCS.
    Gomaxprocs,
    /// A CPU quota.
    CgroupCpu,
    /// No space left.
    TmpfsFull,
    /// A file system that cannot be written to.
    Readonly,
    /// Files with other contents.
    Files,
}

/// One line of `duress persona list`: the name, the kind, how it is written, what it is.
type Row = (&'static str, Kind, &'static str, &'static str);

const KINDS: [Row; 20] = [
    (
        "paranoid",
        Kind::Paranoid,
        "paranoid=2",
        "perf_event_open answers as at this level of kernel.perf_event_paranoid (-1..4, debian:3, 2+perfmon)",
    ),
    (
        "kernel",
        Kind::Kernel,
        "kernel=4.19",
        "system calls and flags that came later are missing, and uname says so (gvisor: those that gVisor lacks)",
    ),
    (
        "seccomp",
        Kind::Seccomp,
        "seccomp=docker",
        "a container's filter answers: docker, podman, k8s-runtime-default, a profile, a unit file, or a set of systemd's (@system-service)",
    ),
    ("env", Kind::Env, "env=cron", "only these variables: clean, systemd, cron, docker"),
    (
        "env-bloat",
        Kind::EnvBloat,
        "env-bloat=128KiB:one",
        "so many bytes of variables more (one, name, many, tiny), or of arguments (args)",
    ),
    ("path", Kind::Path, "path=minimal", "another PATH"),
    (
        "variable",
        Kind::Variable,
        "variable=GODEBUG=gctrace=1",
        "this variable, for the target and not for go and the compiler",
    ),
    ("as", Kind::Limit(Limit::As), "as=1GiB", "address space, as `ulimit -v`"),
    ("core", Kind::Limit(Limit::Core), "core=0", "core files, as `ulimit -c`"),
    ("fsize", Kind::Limit(Limit::Fsize), "fsize=1MiB", "the size of a file that is written, as `ulimit -f`"),
    ("memlock", Kind::Limit(Limit::Memlock), "memlock=64KiB", "locked memory, as `ulimit -l`"),
    ("nofile", Kind::Limit(Limit::Nofile), "nofile=64", "descriptors, as `ulimit -n`"),
    ("nproc", Kind::Limit(Limit::Nproc), "nproc=100", "processes and threads of the user, as `ulimit -u`"),
    (
        "stack",
        Kind::Limit(Limit::Stack),
        "stack=1MiB",
        "the first thread's stack, and a quarter of it the room for variables, as `ulimit -s`",
    ),
    ("cpus", Kind::Cpus, "cpus=1", "fewer CPUs, by affinity"),
    ("gomaxprocs", Kind::Gomaxprocs, "gomaxprocs=1", "Go runs so many threads at once"),
    ("cgroup-cpu", Kind::CgroupCpu, "cgroup-cpu=0.5", "a CPU quota, by the files that Go's runtime reads"),
    ("tmpfs-full", Kind::TmpfsFull, "tmpfs-full", "no space is left below /tmp, or below tmpfs-full=FOLDER"),
    ("readonly", Kind::Readonly, "readonly=/srv/data", "a file system that cannot be written to"),
    ("files", Kind::Files, "files=/etc/hosts:./hosts", "these paths show the contents of other files"),
];

impl Kind {
    /// The kind of this name.
    pub fn named(name: &str) -> Option<Kind> {
        KINDS.iter().find(|(known, ..)| *known == name).map(|(_, kind, ..)| *kind)
    }

    /// The names of all, how each is written, and what it is.
    pub fn all() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
        KINDS.iter().map(|(name, _, example, about)| (*name, *example, *about))
    }

    /// The order in which the kernel would ask: a filter before the call is looked up, that before what it does.
    pub(crate) fn rank(self) -> u8 {
        match self {
            Kind::Seccomp => 0,
            Kind::Kernel => 1,
            Kind::Paranoid => 2,
            _ => 3,
        }
    }

    /// Whether several of it go together.
    pub(crate) fn is_repeatable(self) -> bool {
        matches!(self, Kind::TmpfsFull | Kind::Readonly | Kind::Files | Kind::Variable)
    }

    pub(crate) fn read(
        self,
        word: &Word,
        host: &Host,
        open: Open<'_>,
        denials: Denials,
    ) -> Result<Part, Refusal> {
        match self {
            Kind::Paranoid => paranoid::read(word, host),
            Kind::Kernel => kernel::read(word, host),
            Kind::Seccomp => seccomp::read(word, host, open, denials),
            Kind::Env => surroundings::env(word),
            Kind::EnvBloat => surroundings::env_bloat(word),
            Kind::Path => surroundings::path(word),
            Kind::Variable => surroundings::variable(word),
            Kind::Limit(limit) => surroundings::limit(limit, word, host),
            Kind::Cpus => surroundings::cpus(word, host),
            Kind::Gomaxprocs => surroundings::gomaxprocs(word),
            Kind::CgroupCpu => files::cgroup_cpu(word),
            Kind::TmpfsFull => files::tmpfs_full(word),
            Kind::Readonly => files::readonly(word),
            Kind::Files => files::files(word),
        }
    }
}
