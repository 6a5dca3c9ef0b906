//! What personas are on this host: the one place where what is really here meets what it is to look like.

use crate::cli::PersonaArgs;
use crate::exit::Failure;
use crate::fuzz::Shape;
use model::{Diagnostic, Severity, Source};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::resource::{Resource, getrlimit};
use nix::unistd::geteuid;
use persona::{Bloat, BloatShape, Denials, Host, Limit, Perf, Persona, Refusal, Rule, Shown, Shows};
use shim::padding::Kind;
use shim::surroundings::Surroundings;
use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// No profile is longer; Docker's has 20 KiB.
const LONGEST_FILE: u64 = 4 << 20;

/// An emulated host.
#[derive(Debug, Default)]
pub(crate) struct Emulated {
    /// Its rules as a plan file; none where it has none.
    pub(crate) rules: Option<Arc<Source>>,
    /// What targets are started with; none where that is as here.
    pub(crate) surroundings: Option<Surroundings>,
    /// Files with other contents than their own, for a mount namespace of the target's.
    pub(crate) shown: Vec<Shown>,
}

/// The host that these personas make.
pub(crate) fn find(args: &PersonaArgs, cwd: &Path) -> Result<Emulated, Failure> {
    let mut personas = read(&args.personas, denials(args)?, cwd)?;
    if args.count_denials {
        for rule in personas.iter_mut().flat_map(|persona| &mut persona.part.rules) {
            // Ending a thread would take ptrace, and says itself who it was.
            rule.is_quiet &= !rule.is_error();
        }
    }
    emulated(&mut personas)
}

/// What targets are started with under the personas of a recorded run; its rules are in its plan.
pub(crate) fn again(words: &[String], cwd: &Path) -> Result<Emulated, Failure> {
    let started: Vec<String> = words.iter().filter(|word| !is_profile(word)).cloned().collect();
    emulated(&mut read(&started, Denials::AsWritten, cwd)?)
}

/// A profile is rules only, and may be gone.
fn is_profile(word: &str) -> bool {
    word.starts_with("seccomp=")
}

/// Understands words here.
pub(crate) fn read(words: &[String], denials: Denials, cwd: &Path) -> Result<Vec<Persona>, Failure> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let open = |path: &str| open(&cwd.join(path));
    let mut personas = persona::read(words, &host(), &open, denials).map_err(refused)?;
    // So that a replay finds them from any folder.
    for rule in personas.iter_mut().flat_map(|persona| &mut persona.part.rules) {
        if let Some(Shown { path, content: Shows::File(file) }) = &rule.shown {
            let file = cwd.join(file).to_string_lossy().into_owned();
            *rule = Rule::shows_any(rule.name.clone(), path, Shows::File(file));
        }
    }
    Ok(personas)
}

fn denials(args: &PersonaArgs) -> Result<Denials, Failure> {
    let denials = match (args.as_eperm, args.as_enosys) {
        (false, false) => return Ok(Denials::AsWritten),
        (true, _) => Denials::As("EPERM"),
        (false, true) => Denials::As("ENOSYS"),
    };
    let has_profile = |word: &String| {
        let preset = persona::Preset::named(word);
        is_profile(word) || preset.is_some_and(|preset| preset.personas.iter().any(|part| is_profile(part)))
    };
    if args.personas.iter().any(has_profile) {
        return Ok(denials);
    }
    Err(Failure::yours("--as-eperm and --as-enosys change what a seccomp profile answers, and there is none")
        .help("add one, such as --persona seccomp=docker"))
}

fn emulated(personas: &mut [Persona]) -> Result<Emulated, Failure> {
    // By a mount, a file with other contents costs nothing to those that open others; a rule is asked about all of them.
    let has_shown = personas.iter().any(|one| one.part.rules.iter().any(|rule| rule.shown.is_some()));
    let shown =
        if has_shown && may_mount() { persona::take_shown(personas, &can_be_covered) } else { Vec::new() };
    let personas = &*personas;
    let text = persona::plan(personas);
    let rules = (!text.is_empty()).then(|| Arc::new(Source { name: "the personas' rules".to_owned(), text }));
    let surroundings = persona::surroundings(personas);
    let surroundings =
        (surroundings != persona::Surroundings::default()).then(|| started_with(&surroundings));
    Ok(Emulated { rules, surroundings, shown })
}

/// Whether a target can have mounts of its own here. It is tried by a thread with a view of its own, which goes with it.
fn may_mount() -> bool {
    let tried = std::thread::spawn(|| {
        unshare(CloneFlags::CLONE_NEWNS)?;
        mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
    });
    tried.join().is_ok_and(|result| result.is_ok())
}

/// Whether a mount can stand in for this file, for the target and all that it starts: `/proc/self` is another folder for each
/// of them.
fn can_be_covered(shown: &Shown) -> bool {
    let is_of_one_process = ["/proc/self/", "/proc/thread-self/"].iter().any(|of| shown.path.starts_with(of));
    let is_file = |path: &str| fs::metadata(path).is_ok_and(|meta| meta.is_file());
    // What cannot be read is left to the rule, which is checked like every other.
    let is_there = match &shown.content {
        Shows::Words(_) => true,
        Shows::File(file) => is_file(file) && fs::File::open(file).is_ok(),
    };
    !is_of_one_process && is_file(&shown.path) && is_there
}

/// As the shim takes it.
fn started_with(surroundings: &persona::Surroundings) -> Surroundings {
    let persona::Surroundings { keep, variables, bloat, limits, cpus } = surroundings;
    let string = |text: String| CString::new(text).unwrap_or_default();
    let mut variables: Vec<CString> =
        variables.iter().map(|(name, value)| string(format!("{name}={value}"))).collect();
    let mut arguments = Vec::new();
    if let Some(Bloat { bytes, shape }) = bloat {
        let (shape, kind) = match shape {
            BloatShape::One => (Shape::One, Kind::Variables),
            BloatShape::Name => (Shape::Name, Kind::Variables),
            BloatShape::Many => (Shape::Many, Kind::Variables),
            BloatShape::Tiny => (Shape::Tiny, Kind::Variables),
            BloatShape::Args => (Shape::Many, Kind::Arguments),
        };
        match kind {
            Kind::Variables => variables.extend(shape.strings(*bytes, kind)),
            Kind::Arguments => arguments = shape.strings(*bytes, kind),
        }
    }
    let limits = limits.iter().map(|(limit, (soft, hard))| (number(*limit), *soft, *hard)).collect();
    Surroundings { keep: keep.clone(), variables, arguments, limits, cpus: *cpus, files: Vec::new() }
}

fn resource(limit: Limit) -> Resource {
    match limit {
        Limit::As => Resource::RLIMIT_AS,
        Limit::Core => Resource::RLIMIT_CORE,
        Limit::Fsize => Resource::RLIMIT_FSIZE,
        Limit::Memlock => Resource::RLIMIT_MEMLOCK,
        Limit::Nofile => Resource::RLIMIT_NOFILE,
        Limit::Nproc => Resource::RLIMIT_NPROC,
        Limit::Stack => Resource::RLIMIT_STACK,
    }
}

fn number(limit: Limit) -> u32 {
    resource(limit) as u32
}

/// What is really here.
fn host() -> Host {
    let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let line = |path: &str| text(path).trim_end().to_owned();
    let status = text("/proc/self/status");
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let mask = field("CapEff:").and_then(|mask| u64::from_str_radix(mask, 16).ok()).unwrap_or(0);
    // include/uapi/linux/capability.h.
    let has = |capability: u32| mask >> capability & 1 == 1;
    let (sys_admin, sys_resource, perfmon) = (has(21), has(24), has(38));
    let hard = |limit| getrlimit(resource(limit)).map_or(u64::MAX, |(_, hard)| hard);
    let limits: BTreeMap<Limit, u64> = Limit::ALL.iter().map(|(_, limit)| (*limit, hard(*limit))).collect();
    // kernel/fork.c, copy_process: INIT_USER, CAP_SYS_RESOURCE and CAP_SYS_ADMIN; mm/mlock.c, can_do_mlock: CAP_IPC_LOCK.
    let is_roots = geteuid().is_root() || sys_resource || sys_admin;
    let exempt = [(Limit::Nproc, is_roots), (Limit::Memlock, has(14))];
    let unlimited = exempt.into_iter().filter(|(_, is_exempt)| *is_exempt).map(|(limit, _)| limit).collect();
    Host {
        paranoid: text("/proc/sys/kernel/perf_event_paranoid").trim().parse().ok(),
        may_perf: sys_admin || perfmon,
        release: line("/proc/sys/kernel/osrelease"),
        build: line("/proc/sys/kernel/version"),
        nodename: line("/proc/sys/kernel/hostname"),
        domainname: line("/proc/sys/kernel/domainname"),
        machine: std::env::consts::ARCH.to_owned(),
        cpus: std::thread::available_parallelism()
            .map_or(1, |cpus| u32::try_from(cpus.get()).unwrap_or(u32::MAX)),
        limits,
        may_raise: sys_resource,
        unlimited,
        perf: perf(),
    }
}

/// What of perf events there is; tracepoints are for root to see.
fn perf() -> Perf {
    let number = |path: &Path| -> Option<u64> { fs::read_to_string(path).ok()?.trim().parse().ok() };
    let type_of = |path: &Path| number(path).and_then(|number| u32::try_from(number).ok());
    let within = |folder: &str, file: &str| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path().join(file)).collect::<Vec<_>>()
    };
    let devices = Path::new("/sys/bus/event_source/devices");
    let tracing = "/sys/kernel/tracing/events";
    let calls =
        [within(&format!("{tracing}/syscalls"), "id"), within(&format!("{tracing}/raw_syscalls"), "id")];
    Perf {
        types: within("/sys/bus/event_source/devices", "type")
            .iter()
            .filter_map(|path| type_of(path))
            .collect(),
        kprobe: type_of(&devices.join("kprobe/type")),
        uprobe: type_of(&devices.join("uprobe/type")),
        open_tracepoints: calls.iter().flatten().filter_map(|path| number(path)).collect(),
    }
}

/// A file that a persona names.
fn open(path: &Path) -> std::io::Result<String> {
    let meta = fs::metadata(path)?;
    // Opening a FIFO could wait for ever.
    if !meta.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    let mut text = String::new();
    fs::File::open(path)?.take(LONGEST_FILE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST_FILE {
        return Err(std::io::Error::other("it has more than 4 MiB"));
    }
    Ok(text)
}

/// The user's mistakes if there are any, else what the host cannot give; each with its reason.
fn refused(refusals: Vec<Refusal>) -> Failure {
    let is_yours = refusals.iter().any(|refusal| matches!(refusal, Refusal::Mistakes(_)));
    let found = refusals.into_iter().flat_map(|refusal| match refusal {
        Refusal::Mistakes(found) => found,
        Refusal::Host { why, help } => vec![Diagnostic {
            severity: Severity::Error,
            message: why,
            place: None,
            label: String::new(),
            help: Some(help).filter(|help| !help.is_empty()),
        }],
    });
    let found = found.collect();
    if is_yours { Failure::mistakes(found) } else { Failure::refusals(found) }
}
