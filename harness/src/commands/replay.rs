//! `duress replay`: the same decisions again.

use super::run::{audience, code, draw, open, summary};
use super::{Screen, say};
use crate::cli::ReplayArgs;
use crate::exit::{Code, Failure, chain};
use crate::orders::{Mechanisms, Orders, Recorded};
use crate::session;
use crate::{run_dir, settings};
use journal::{Entry, Mode, Reader};
use model::{Decision, Source, SubjectId, Sysno};
use report::{Divergence, Weight};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How many differences are told one by one.
const SHOWN: usize = 20;

pub(super) fn run(args: &ReplayArgs, screen: Screen) -> Result<Code, Failure> {
    let old = run_dir::find(&args.run)?;
    let orders = orders(args, &old)?;
    let session = session::run(orders)?;
    let summary = summary(&session.dir.path)?;
    let code = code(&summary, &session, args.allow_vacuous);
    draw(&summary, args.format, code, screen)?;
    let unreadable = |error: journal::Error| Failure::theirs(chain(&error));
    let divergences = report::diverge(&mut open(&old)?, &mut open(&session.dir.path)?).map_err(unreadable)?;
    // It is about the comparison, not the result, so it goes where diagnostics go.
    say(&comparison(&divergences));
    Ok(code)
}

/// What the comparison of both runs says.
fn comparison(divergences: &[Divergence]) -> String {
    if divergences.is_empty() {
        return "replay: the same decisions, and the target took the same way\n".to_owned();
    }
    let is_material = divergences.iter().any(|divergence| divergence.weight == Weight::Material);
    let mut text = if is_material {
        "replay: the target took another way than in the recorded run:\n".to_owned()
    } else {
        "replay: the same decisions and results; the target made other calls beside them:\n".to_owned()
    };
    for divergence in divergences.iter().take(SHOWN) {
        let _ = writeln!(text, "  - {divergence}");
    }
    if divergences.len() > SHOWN {
        let _ = writeln!(text, "  … and {} more", divergences.len() - SHOWN);
    }
    text
}

fn orders(args: &ReplayArgs, old: &std::path::Path) -> Result<Orders, Failure> {
    let mut reader = open(old)?;
    let header = reader.header().clone();
    let source =
        Arc::new(Source { name: format!("the plan of run {}", header.run), text: header.plan.clone() });
    let (plan, found) = match header.rules.as_slice() {
        [] => (policy::Plan::default(), Vec::new()),
        _ => settings::read(Some(&source), &[], settings::Unlikely::Warned),
    };
    if found.iter().any(model::Diagnostic::is_error) {
        return Err(Failure::mistakes(found));
    }
    if header.mode == Mode::Attached {
        return Err(Failure::yours("a run that attached to a process cannot be replayed")
            .help("start the program under `duress run`, or attach again with -p"));
    }
    let watch: Vec<Sysno> = header.watch.iter().filter_map(|name| Sysno::from_name(name)).collect();
    let (interest, unable) = Mechanisms::of(&header.mechanism).assign(&plan, &watch);
    if !unable.is_empty() {
        return Err(Failure::mistakes(unable));
    }
    let cwd = PathBuf::from(&header.cwd);
    if !cwd.is_dir() {
        return Err(Failure::yours(format!(
            "the run was made in `{}`, which is no folder any more",
            header.cwd
        )));
    }
    let recorded = recorded(&mut reader).map_err(|error| Failure::theirs(chain(&error)))?;
    Ok(Orders {
        command: header.command,
        cwd,
        attach: None,
        plan,
        watch,
        interest,
        seed: header.seed,
        attribution: header.attribution,
        timeout: header.timeout_s.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
        whole_tree: header.whole_tree,
        out: args.out.clone(),
        audience: audience(args.format),
        replay: Some(Recorded { run: Some(header.run), picks: recorded }),
        filter: Vec::new(),
        filter_flags: 0,
    })
}

/// Which occurrences were hit, by subject key.
fn recorded<R: Read>(
    reader: &mut Reader<R>,
) -> Result<HashMap<String, Vec<(model::RuleId, u64)>>, journal::Error> {
    let mut keys: HashMap<SubjectId, String> = HashMap::new();
    let mut picks: HashMap<String, Vec<_>> = HashMap::new();
    while let Some(entry) = reader.next_entry()? {
        match entry {
            Entry::Subject { subject, key, .. } => {
                keys.insert(subject, key.into_owned());
            }
            Entry::Decided { subject, decision: Decision::Inject { rule, occurrence, .. }, .. } => {
                if let Some(key) = keys.get(&subject) {
                    picks.entry(key.clone()).or_default().push((rule, occurrence));
                }
            }
            _ => {}
        }
    }
    Ok(picks)
}
