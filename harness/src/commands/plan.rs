//! `duress plan`: every mistake in a plan, or what it means on this host.

use super::{Screen, print, say};
use crate::cli::PlanCommand;
use crate::exit::{Code, Failure};
use crate::orders::Mechanisms;
use crate::settings::{self, Unlikely};
use kernel::filter::Filter;
use model::{Diagnostic, Interest, Source, Via};
use policy::{Plan, Rule};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

pub(super) fn run(command: &PlanCommand, screen: Screen) -> Result<Code, Failure> {
    match command {
        PlanCommand::Check { file, strict } => check(file, Unlikely::refused(*strict), screen),
        PlanCommand::Explain { inject, file, mechanism } => {
            let file = file.as_deref().map(settings::read_plan).transpose()?;
            explain(file.as_ref(), inject, *mechanism, screen)
        }
    }
}

fn check(file: &Path, unlikely: Unlikely, screen: Screen) -> Result<Code, Failure> {
    let source = settings::read_plan(file)?;
    let (plan, interest) = understood(Some(&source), &[], unlikely, Mechanisms::Auto, screen)?;
    let traps = interest.len();
    let mut text = format!(
        "{}: {}, {} trapped\n",
        file.display(),
        count(plan.rules.len(), "rule"),
        count(traps, "system call")
    );
    for rule in &plan.rules {
        let _ = writeln!(text, "  {:16} {}", rule.name, rule.spec());
    }
    print(&text)?;
    Ok(Code::Clean)
}

fn explain(
    file: Option<&Arc<Source>>,
    injects: &[String],
    mechanisms: Mechanisms,
    screen: Screen,
) -> Result<Code, Failure> {
    let (plan, interest) = understood(file, injects, Unlikely::Warned, mechanisms, screen)?;
    let mut text = String::new();
    for rule in &plan.rules {
        of_rule(rule, &interest, &mut text);
    }
    text += &of_filter(&interest);
    print(&text)?;
    Ok(Code::Clean)
}

/// A plan and what is trapped for it; its warnings are said.
fn understood(
    file: Option<&Arc<Source>>,
    injects: &[String],
    unlikely: Unlikely,
    mechanisms: Mechanisms,
    screen: Screen,
) -> Result<(Plan, Interest), Failure> {
    let (plan, mut found) = settings::read(file, injects, unlikely);
    let (interest, unable) = mechanisms.assign(&plan, &[]);
    found.extend(unable);
    if found.iter().any(Diagnostic::is_error) {
        return Err(Failure::mistakes(found));
    }
    say(&report::diagnostics::draw(&found, screen.err));
    Ok((plan, interest))
}

fn of_rule(rule: &Rule, interest: &Interest, text: &mut String) {
    let _ = writeln!(text, "{}  {}", rule.name, rule.spec());
    if rule.is_quiet {
        let _ = writeln!(
            text,
            "  decided by   the kernel's filter alone, which {}: free of cost, not counted, in no report",
            match rule.effect.deed {
                policy::Deed::Kill(_) => "ends the caller",
                _ => "fails the call",
            }
        );
    } else {
        let by = |via| {
            let calls = rule.calls.iter().filter(|sysno| {
                interest.traps().any(|(trapped, trap)| trapped == **sysno && trap.via == via)
            });
            calls.map(ToString::to_string).collect::<Vec<_>>()
        };
        for (via, words) in [
            (Via::Notify, "seccomp notification: about 3 µs a call"),
            (
                Via::Trace,
                "ptrace: about 4 µs a call, twice that where its return is awaited; and a stop for every signal",
            ),
        ] {
            let calls = by(via);
            if !calls.is_empty() {
                let _ = writeln!(text, "  trapped by   {words} ({})", shortened(&calls));
            }
        }
        let needs: Vec<String> = rule.effect.needs().iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "  needs        {}", needs.join(", "));
    }
    for sysno in &rule.calls {
        let Some((_, trap)) = interest.traps().find(|(trapped, _)| trapped == sysno) else { continue };
        if !rule.is_quiet && !trap.sieve.is_always() {
            let _ = writeln!(text, "  filter       {sysno} only where {}", trap.sieve);
        }
    }
    for (predicate, decided) in rule.explain() {
        let _ = writeln!(text, "  {predicate}\n               {decided}");
    }
    if rule.asks_who() {
        let _ =
            writeln!(text, "  counted by   test, site and system call: the third time is the third of each");
    }
    if rule.is_racy() {
        let _ = writeln!(
            text,
            "  raced        another thread of the target can change that memory between our look and the kernel's"
        );
    }
}

fn of_filter(interest: &Interest) -> String {
    if interest.is_empty() {
        return "no filter: nothing is trapped\n".to_owned();
    }
    match Filter::compile(interest) {
        Ok(filter) => format!(
            "filter: {}, {} trapped; every other call costs what the filter takes to let it through\n",
            count(filter.len(), "instruction"),
            count(interest.len(), "system call")
        ),
        Err(error) => format!("no filter: {error}\n"),
    }
}

fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

fn shortened(names: &[String]) -> String {
    const SHOWN: usize = 8;
    if names.len() <= SHOWN {
        return names.join(", ");
    }
    format!("{} and {} more", names[..SHOWN].join(", "), names.len() - SHOWN)
}
