//! What the user typed, resolved: files read, plans understood, everything checked that can be.

use crate::cli::RunArgs;
use crate::exit::Failure;
use crate::orders::Orders;
use crate::relay::Audience;
use kernel::{Mechanism, Notify};
use model::{Diagnostic, Source, Sysno};
use policy::Plan;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// The seed where none is given. It is fixed: two runs of the same command line make the same decisions.
pub(crate) const DEFAULT_SEED: u64 = 1;

/// Orders from the arguments of `duress run`, and warnings that do not stop it.
pub(crate) fn orders(args: &RunArgs, audience: Audience) -> Result<(Orders, Vec<Diagnostic>), Failure> {
    let file = args.plan.as_deref().map(read_plan).transpose()?;
    let (plan, mut found) = read(file.as_ref(), &args.inject);
    let (watch, in_watch) = watch(&args.watch);
    found.extend(in_watch);
    if found.iter().any(Diagnostic::is_error) {
        return Err(Failure::mistakes(found));
    }
    let orders = Orders {
        command: args.command.clone(),
        cwd: std::env::current_dir()
            .map_err(|error| Failure::theirs(format!("cannot find the current folder: {error}")))?,
        plan,
        watch,
        seed: args.seed.unwrap_or(DEFAULT_SEED),
        timeout: args.timeout,
        whole_tree: args.whole_tree,
        out: args.out.clone(),
        audience,
        replay: None,
        filter: Vec::new(),
        filter_flags: 0,
    };
    Ok((orders, found))
}

/// A plan from a file and `-e` arguments, with every mistake in either and every rule that cannot be honoured.
pub(crate) fn read(file: Option<&Arc<Source>>, injects: &[String]) -> (Plan, Vec<Diagnostic>) {
    let injects: Vec<Arc<Source>> =
        injects.iter().map(|text| Arc::new(Source { name: "-e".to_owned(), text: text.clone() })).collect();
    let (plan, mut found) = Plan::read(file, &injects);
    found.extend(plan.check_against("notify", &Notify::capabilities()));
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

fn watch(sets: &[String]) -> (Vec<Sysno>, Vec<Diagnostic>) {
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
