//! What a target is started with: variables, limits and CPUs.

use crate::{Host, Part, Refusal, Word};
use model::nearest;
use std::collections::BTreeMap;

/// What differs from how it would be started without us.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// The names of the variables that it keeps of its own; all of them where none are listed.
    pub keep: Option<Vec<String>>,
    /// Variables by name, in the place of its own of the same name.
    pub variables: BTreeMap<String, String>,
    /// Strings that only take up room.
    pub bloat: Option<Bloat>,
    /// Soft and hard limits.
    pub limits: BTreeMap<Limit, (u64, u64)>,
    /// It may run on so many CPUs.
    pub cpus: Option<u32>,
}

/// Strings that only take up room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bloat {
    /// How many bytes, each string's NUL included.
    pub bytes: u64,
    /// How they are spread.
    pub shape: BloatShape,
}

/// How bytes are spread over strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BloatShape {
    /// One variable with a long value.
    One,
    /// One variable with a long name.
    Name,
    /// Variables of up to 64 KiB.
    Many,
    /// Variables of 8 bytes.
    Tiny,
    /// Arguments of up to 64 KiB, behind the target's own.
    Args,
}

/// What setrlimit(2) limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// Bytes of memory that may be reserved.
    As,
    /// Bytes of a core file.
    Core,
    /// Bytes of a file that is written.
    Fsize,
    /// Bytes of memory that may be locked.
    Memlock,
    /// Descriptors.
    Nofile,
    /// Processes and threads of the user.
    Nproc,
    /// Bytes of the first thread's stack.
    Stack,
}

const SHAPES: [(&str, BloatShape); 5] = [
    ("one", BloatShape::One),
    ("name", BloatShape::Name),
    ("many", BloatShape::Many),
    ("tiny", BloatShape::Tiny),
    ("args", BloatShape::Args),
];

/// Fewer bytes make no string of every shape.
const LEAST_BLOAT: u64 = 16;
/// `MAX_ARG_STRINGS` aside: the kernel never takes more than 6 MiB (`_STK_LIM / 4 * 3` in fs/exec.c).
const MOST_BLOAT: u64 = 64 << 20;

impl Limit {
    /// Every limit by the name of its persona.
    pub const ALL: [(&str, Limit); 7] = [
        ("as", Limit::As),
        ("core", Limit::Core),
        ("fsize", Limit::Fsize),
        ("memlock", Limit::Memlock),
        ("nofile", Limit::Nofile),
        ("nproc", Limit::Nproc),
        ("stack", Limit::Stack),
    ];

    /// The name of its persona.
    pub fn name(self) -> &'static str {
        Limit::ALL.iter().find(|(_, one)| *one == self).map_or("", |(name, _)| name)
    }

    /// Whether it counts bytes.
    fn is_bytes(self) -> bool {
        !matches!(self, Limit::Nofile | Limit::Nproc)
    }
}

/// A limit: `nofile=64`, `stack=1MiB`, `core=0:unlimited` (soft and hard).
pub(crate) fn limit(limit: Limit, word: &Word, host: &Host) -> Result<Part, Refusal> {
    let name = limit.name();
    let example = if limit.is_bytes() { "64MiB" } else { "64" };
    let help =
        format!("write a number, `unlimited`, or soft and hard ones, such as `{name}={example}:unlimited`");
    let value = word.value().unwrap_or_default();
    let mut parts = value.split(':').map(|part| match part {
        "unlimited" => Some(u64::MAX),
        part if limit.is_bytes() => bytes(part),
        part => part.parse().ok(),
    });
    let (soft, hard) = match (parts.next(), parts.next(), parts.next()) {
        (Some(Some(both)), None, None) => (both, both),
        (Some(Some(soft)), Some(Some(hard)), None) => (soft, hard),
        _ => {
            let mistake = word.error(format!("`{value}` is no limit")).help(help);
            return Err(Refusal::Mistakes(vec![mistake]));
        }
    };
    if soft > hard {
        let mistake = word.error("the soft limit is above the hard one");
        return Err(Refusal::Mistakes(vec![mistake.help("write the soft limit first")]));
    }
    let most = host.limits.get(&limit).copied().unwrap_or(u64::MAX);
    if hard > most && !host.may_raise {
        return Err(Refusal::host(
            format!("{name} cannot be {}: the hard limit here is {}", shown(hard), shown(most)),
            "ask for no more than that, or run duress as root",
        ));
    }
    if host.unlimited.contains(&limit) {
        return Err(Refusal::host(
            format!("the kernel does not limit {name} for a process with the privileges of the target"),
            match limit {
                Limit::Nproc => {
                    "run duress as an ordinary user, or let clone fail: -e 'clone,clone3:max_threads=20'"
                }
                _ => "run duress as an ordinary user, or let mlock fail: -e 'mlock,mlock2:error=ENOMEM'",
            },
        ));
    }
    let limits = BTreeMap::from([(limit, (soft, hard))]);
    Ok(Part { surroundings: Surroundings { limits, ..Surroundings::default() }, ..Part::default() })
}

/// `cpus=2`.
pub(crate) fn cpus(word: &Word, host: &Host) -> Result<Part, Refusal> {
    let cpus = count(word, "cpus=1")?;
    if cpus > host.cpus {
        return Err(Refusal::host(
            format!("there are only {} CPUs that the target may run on, not {cpus}", host.cpus),
            "ask for fewer; `gomaxprocs` makes Go run more threads at once",
        ));
    }
    Ok(Part {
        surroundings: Surroundings { cpus: Some(cpus), ..Surroundings::default() },
        remarks: vec![
            "set by sched_setaffinity(2), by which Go counts CPUs; /proc/cpuinfo and /sys still show all of them"
                .to_owned(),
        ],
        ..Part::default()
    })
}

/// `gomaxprocs=1`.
pub(crate) fn gomaxprocs(word: &Word) -> Result<Part, Refusal> {
    let count = count(word, "gomaxprocs=1")?;
    Ok(with_variables([("GOMAXPROCS", count.to_string())]))
}

fn count(word: &Word, example: &str) -> Result<u32, Refusal> {
    match word.value().and_then(|value| value.parse().ok()) {
        Some(count) if count > 0 => Ok(count),
        Some(_) | None => {
            let mistake =
                word.error(format!("`{}` is no number from 1 on", word.value().unwrap_or_default()));
            Err(Refusal::Mistakes(vec![mistake.help(format!("write a number, such as `{example}`"))]))
        }
    }
}

/// `path=minimal`, or the folders themselves.
pub(crate) fn path(word: &Word) -> Result<Part, Refusal> {
    match word.value() {
        // What _CS_PATH is with glibc (confstr(3)).
        Some("minimal") => Ok(with_variables([("PATH", "/bin:/usr/bin".to_owned())])),
        Some(folders) if folders.starts_with('/') => Ok(with_variables([("PATH", folders.to_owned())])),
        Some(_) | None => Err(Refusal::Mistakes(vec![
            word.error("this is no PATH").help("write `path=minimal`, or folders: `path=/opt/bin:/bin`"),
        ])),
    }
}

/// `variable=GODEBUG=gctrace=1`.
pub(crate) fn variable(word: &Word) -> Result<Part, Refusal> {
    match word.value().and_then(|value| value.split_once('=')) {
        Some((name, value)) if !name.is_empty() && !word.text().contains('\0') => {
            Ok(with_variables([(name, value.to_owned())]))
        }
        Some(_) | None => Err(Refusal::Mistakes(vec![
            word.error("this is no variable").help("write its name and its value, such as `variable=TZ=UTC`"),
        ])),
    }
}

/// `env=clean`, `systemd`, `cron`, `docker`.
pub(crate) fn env(word: &Word) -> Result<Part, Refusal> {
    const KINDS: [&str; 4] = ["clean", "systemd", "cron", "docker"];
    let (keep, variables, remark): (&[&str], Vec<(&str, String)>, &str) = match word.value() {
        Some("clean") => (
            &[],
            Vec::new(),
            "no variable at all, as with `env -i`; Go's tests then have no HOME and no PATH",
        ),
        // systemd.exec(5), "Environment variables set or propagated to the service or scope"; HOME, USER, LOGNAME and
        // SHELL come with User= only.
        Some("systemd") => (
            &[],
            vec![
                ("LANG", "C.UTF-8".to_owned()),
                ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin".to_owned()),
                ("INVOCATION_ID", "4f3c9f0c4c2b4a0f9d0e6b1c5a7d8e21".to_owned()),
                ("JOURNAL_STREAM", "8:20480".to_owned()),
            ],
            "a service of the system manager without User=; SYSTEMD_EXEC_PID is not set, for nobody knows it before the start",
        ),
        // crontab(5).
        Some("cron") => (
            &["HOME", "LOGNAME"],
            vec![("SHELL", "/bin/sh".to_owned()), ("PATH", "/usr/bin:/bin".to_owned())],
            "HOME and LOGNAME stay yours",
        ),
        // docker run reference, "Environment variables".
        Some("docker") => (
            &["TERM"],
            vec![
                ("HOME", "/root".to_owned()),
                ("HOSTNAME", "1f2d3c4b5a69".to_owned()),
                ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned()),
            ],
            "an image without ENV of its own, as root; the files of this host stay",
        ),
        other => {
            let other = other.unwrap_or_default();
            let mistake = word.error(format!("there is no environment `{other}`"));
            return Err(Refusal::Mistakes(vec![mistake.help(match nearest(other, KINDS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write one of {}", KINDS.join(", ")),
            })]));
        }
    };
    let mut part = with_variables(variables);
    part.surroundings.keep = Some(keep.iter().map(|name| (*name).to_owned()).collect());
    part.remarks.push(remark.to_owned());
    Ok(part)
}

/// `env-bloat=128KiB`, `env-bloat=1MiB:tiny`.
pub(crate) fn env_bloat(word: &Word) -> Result<Part, Refusal> {
    let value = word.value().unwrap_or_default();
    let (size, shape) = value.split_once(':').map_or((value, None), |(size, shape)| (size, Some(shape)));
    let mut mistakes = Vec::new();
    let size = bytes(size).filter(|size| (LEAST_BLOAT..=MOST_BLOAT).contains(size));
    if size.is_none() {
        let mistake = word.error("this is no size from 16 bytes to 64 MiB");
        mistakes.push(mistake.help("write a size, such as `env-bloat=128KiB` or `env-bloat=2MiB:tiny`"));
    }
    let found = match shape {
        None => Some(BloatShape::Many),
        Some(shape) => SHAPES.iter().find(|(name, _)| *name == shape).map(|(_, shape)| *shape),
    };
    if let (None, Some(shape)) = (found, shape) {
        let names = SHAPES.map(|(name, _)| name);
        mistakes.push(word.error(format!("there is no shape `{shape}`")).help(match nearest(shape, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write one of {}", names.join(", ")),
        }));
    }
    let (Some(bytes), Some(shape)) = (size, found) else { return Err(Refusal::Mistakes(mistakes)) };
    let bloat = Some(Bloat { bytes, shape });
    Ok(Part {
        surroundings: Surroundings { bloat, ..Surroundings::default() },
        remarks: vec![
            "where the target itself cannot start with so much, `duress fuzz env` finds the limit".to_owned(),
        ],
        ..Part::default()
    })
}

fn with_variables<'a>(variables: impl IntoIterator<Item = (&'a str, String)>) -> Part {
    let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Part { surroundings: Surroundings { variables, ..Surroundings::default() }, ..Part::default() }
}

/// A number of bytes: `512`, `64KiB`, `1MiB`, `2GiB`.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let unit: u64 = match &text[digits..] {
        "" | "B" => 1,
        "KiB" | "K" | "k" => 1 << 10,
        "MiB" | "M" | "m" => 1 << 20,
        "GiB" | "G" | "g" => 1 << 30,
        _ => return None,
    };
    text[..digits].parse::<u64>().ok()?.checked_mul(unit)
}

fn shown(limit: u64) -> String {
    if limit == u64::MAX { "unlimited".to_owned() } else { limit.to_string() }
}
