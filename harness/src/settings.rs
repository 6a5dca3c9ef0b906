//! What the user typed, resolved: files read, plans understood, everything checked that can be.

use crate::cli::RunArgs;
use crate::exit::Failure;
use crate::orders::{Mechanisms, Orders};
use crate::persona;
use crate::relay::Audience;
use model::{Diagnostic, Severity, Source, Sysno, Tgid};
use policy::Plan;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The seed where none is given. It is fixed: two runs of the same command line make the same decisions.
pub(crate) const DEFAULT_SEED: u64 = 1;

/// Orders from the arguments of `duress run`, and warnings that do not stop it.
pub(crate) fn orders(args: &RunArgs, audience: Audience) -> Result<(Orders, Vec<Diagnostic>), Failure> {
    orders_in(current_folder()?, args, audience)
}

/// The folder that relative paths are seen from.
pub(crate) fn current_folder() -> Result<PathBuf, Failure> {
    std::env::current_dir()
        .map_err(|error| Failure::theirs(format!("cannot find the current folder: {error}")))
}

/// The same as if it were said in this folder.
pub(crate) fn orders_in(
    cwd: PathBuf,
    args: &RunArgs,
    audience: Audience,
) -> Result<(Orders, Vec<Diagnostic>), Failure> {
    let file = args.plan.as_deref().map(read_plan).transpose()?;
    let host = persona::find(&args.personas, &cwd)?;
    let (plan, mut found) =
        read_on(host.rules.as_ref(), file.as_ref(), &args.inject, Unlikely::refused(args.strict));
    let (watch, in_watch) = watch(&args.watch);
    found.extend(in_watch);
    // A process that runs already takes no filter; ptrace can serve it.
    let mechanisms = if args.attach.is_some() { Mechanisms::Attach } else { args.mechanism };
    let (interest, unable) = mechanisms.assign(&plan, &watch);
    found.extend(unable);
    found.extend(unreadable(&plan));
    if let Some(quiet) = plan.rules.iter().find(|rule| rule.is_quiet).filter(|_| args.attach.is_some()) {
        return Err(Failure::yours(format!(
            "rule `{}` is quiet, and a process that runs already takes no filter",
            quiet.name
        ))
        .help("drop `quiet`, or start the command under duress"));
    }
    if args.attach.is_some() && args.mechanism == Mechanisms::Notify {
        return Err(Failure::yours("--mechanism notify cannot serve a process that runs already")
            .help("it takes no filter; leave `--mechanism` out, and ptrace serves it"));
    }
    if found.iter().any(Diagnostic::is_error) {
        return Err(Failure::mistakes(found));
    }
    if args.attach.is_some() && !args.personas.personas.is_empty() {
        return Err(Failure::yours("a process that runs already cannot get a persona")
            .help("its host is decided when it starts: start the command with --persona"));
    }
    let orders = Orders {
        command: match args.attach {
            Some(process) => vec!["-p".to_owned(), process.to_string()],
            None => args.command.clone(),
        },
        cwd,
        attach: args.attach.map(Tgid),
        plan,
        watch,
        interest,
        seed: args.seed.unwrap_or(DEFAULT_SEED),
        attribution: args.sites.into(),
        timeout: args.timeout,
        whole_tree: args.whole_tree,
        out: args.out.clone(),
        audience,
        replay: None,
        padding: None,
        personas: args.personas.personas.clone(),
        surroundings: host.surroundings,
        shown: host.shown,
        filter: Vec::new(),
        filter_flags: 0,
    };
    Ok((orders, found))
}

/// What is made of an error that no manual page names for its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unlikely {
    /// A warning.
    Warned,
    /// A mistake.
    Refused,
}

impl Unlikely {
    /// What `--strict` means.
    pub(crate) fn refused(is_strict: bool) -> Unlikely {
        if is_strict { Unlikely::Refused } else { Unlikely::Warned }
    }
}

/// A plan from a file and `-e` arguments, with every mistake in either.
pub(crate) fn read(
    file: Option<&Arc<Source>>,
    injects: &[String],
    unlikely: Unlikely,
) -> (Plan, Vec<Diagnostic>) {
    read_on(None, file, injects, unlikely)
}

/// The same on an emulated host, which has these rules.
fn read_on(
    host: Option<&Arc<Source>>,
    file: Option<&Arc<Source>>,
    injects: &[String],
    unlikely: Unlikely,
) -> (Plan, Vec<Diagnostic>) {
    let injects: Vec<Arc<Source>> =
        injects.iter().map(|text| Arc::new(Source { name: "-e".to_owned(), text: text.clone() })).collect();
    let (plan, mut found) = Plan::read_on(host, file, &injects);
    // What a host has is no doubtful choice of the user's.
    let is_hosts = |one: &Diagnostic| {
        one.place.as_ref().is_some_and(|(source, _)| host.is_some_and(|host| Arc::ptr_eq(host, source)))
    };
    found.retain(|one| one.is_error() || !is_hosts(one));
    found.extend(plan.unlikely_errors().into_iter().map(|mut warning| {
        if unlikely == Unlikely::Refused {
            warning.severity = Severity::Error;
        }
        warning
    }));
    (plan, found)
}

/// Reads a plan file.
pub(crate) fn read_plan(path: &Path) -> Result<Arc<Source>, Failure> {
    let shown = path.display();
    match fs::read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Arc::new(Source { name: shown.to_string(), text })),
            Err(error) => Err(Failure::yours(format!(
                "the plan `{shown}` is not UTF-8 text, from byte {} on",
                error.utf8_error().valid_up_to()
            ))),
        },
        Err(error) => Err(Failure::yours(format!("cannot read the plan `{shown}`: {error}"))),
    }
}

/// Files whose content is to be given in the place of another's, and that cannot be read. They are read when they are first
/// needed; by then it is too late to say so.
fn unreadable(plan: &Plan) -> Vec<Diagnostic> {
    let mistake = |rule: &policy::Rule| {
        let path = rule.content()?;
        let problem = match fs::metadata(path) {
            Err(error) => error.to_string(),
            // Opening a FIFO could wait for ever.
            Ok(meta) if !meta.is_file() => "it is no regular file".to_owned(),
            Ok(_) => fs::File::open(path).err()?.to_string(),
        };
        let refusal = rule.refuse(format!("cannot read `{path}`: {problem}"));
        Some(refusal.help("name a file that can be read from the current folder"))
    };
    plan.rules.iter().filter_map(mistake).collect()
}

/// The calls of these sets, and every mistake in them.
pub(crate) fn watch(sets: &[String]) -> (Vec<Sysno>, Vec<Diagnostic>) {
    let (mut calls, mut found) = (Vec::new(), Vec::new());
    for text in sets {
        let source = Arc::new(Source { name: "--watch".to_owned(), text: text.clone() });
        let (set, mistakes) = policy::read_set(&source, 0..text.len());
        calls.extend(set);
        found.extend(mistakes);
    }
    calls.sort_unstable();
    calls.dedup();
    (calls, found)
}
