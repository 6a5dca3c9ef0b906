//! Reads `scenario.toml`; every mistake in it is found at once.

use super::file::{Arm, Built, Need, NotHere, Scenario, Target};
use super::judge::Judgement;
use super::signs::{Signs, regexes};
use super::walk::{Mistakes, Table, Text, Value, wrong_type};
use crate::exit::Failure;
use crate::settings::{self, Unlikely};
use crate::{cli, persona};
use ::persona::Denials;
use golang::Releases;
use model::{Diagnostic, Source};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use toml::de::{DeTable, DeValue};

/// The time limit of an arm that names none.
const LIMIT: Duration = Duration::from_secs(60);

/// Reads a scenario's file, which lies in this folder.
pub(super) fn read(source: &Arc<Source>, folder: &Path) -> Result<Scenario, Vec<Diagnostic>> {
    let table = DeTable::parse(&source.text).map_err(|mistake| {
        // Only the first: what a parser makes of the rest of a broken text is a guess.
        let end = source.text.len();
        let span = mistake.span().filter(|span| source.text.get(span.clone()).is_some());
        let message = format!("this is not TOML: {}", mistake.message());
        vec![Diagnostic::error(source, span.unwrap_or(end..end), message)]
    })?;
    let mut mistakes = Mistakes { source: Arc::clone(source), found: Vec::new() };
    let scenario = scenario(table.get_ref(), folder, &mut mistakes);
    if mistakes.found.is_empty() { Ok(scenario) } else { Err(mistakes.found) }
}

fn scenario(table: &DeTable<'_>, folder: &Path, mistakes: &mut Mistakes) -> Scenario {
    let mut table = Table::new(table, 0..1, "a scenario");
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let id = table.string("id", mistakes);
    match &id {
        Some(id) if id.text != name => {
            let mistake = mistakes.at(id.span.clone(), "a scenario is called like its folder");
            mistake.label = format!("the folder is `{name}`");
        }
        Some(_) => {}
        None if table.has("id") => {}
        None => {
            mistakes.at(table.span(), "a scenario has no `id`").help =
                Some(format!("write `id = \"{name}\"`"));
        }
    }
    let text = |found: Option<Text>| found.map(|text| text.text);
    let not_here = table.value("not-here").and_then(|value| not_here(value, mistakes));
    let module = table.string("module", mistakes);
    if let Some(module) = module.as_ref().filter(|module| !folder.join(&module.text).is_dir()) {
        let message = format!("there is no folder `{}`", folder.join(&module.text).display());
        mistakes.at(module.span.clone(), message).help =
            Some("name one relative to the scenario's own".to_owned());
    }
    let module = module.map_or_else(|| folder.to_owned(), |module| folder.join(module.text));
    let place = Place { folder, module: &module };
    let arms = match table.value("arm").map(|value| (value, value.get_ref())) {
        None if not_here.is_some() => Vec::new(),
        None => {
            mistakes.at(table.span(), "a scenario has no `arm`").help =
                Some("write `[[arm]]` for each run, or `[not-here]` with a reason".to_owned());
            Vec::new()
        }
        Some((_, DeValue::Array(arms))) => arms.iter().filter_map(|one| arm(one, place, mistakes)).collect(),
        Some((value, _)) => {
            wrong_type(value, "arm", "a list of tables: [[arm]]", mistakes);
            Vec::new()
        }
    };
    let scenario = Scenario {
        id: text(id).unwrap_or_default(),
        title: table.needed("title", "\"Does …?\"", mistakes),
        claim: table.needed("claim", "\"…\"", mistakes),
        document: text(table.string("document", mistakes)),
        section: text(table.string("section", mistakes)),
        failure: text(table.string("failure", mistakes)),
        reports: plain(table.strings("reports", mistakes)),
        needs: table.strings("needs", mistakes).iter().map(need).collect(),
        go: releases(table.string("go", mistakes), mistakes),
        module,
        is_alone: table.boolean("alone", mistakes),
        switches: switches(table.strings("switches", mistakes), mistakes),
        expected: expected(&mut table, mistakes),
        not_here,
        arms,
    };
    names(&scenario, mistakes);
    table.finish(mistakes);
    scenario
}

/// Arms have names of their own, and refer to each other by them.
fn names(scenario: &Scenario, mistakes: &mut Mistakes) {
    let mut known: Vec<&str> = Vec::new();
    for arm in &scenario.arms {
        if known.contains(&arm.name.as_str()) {
            let span = last(&arm.name, &mistakes.source.text);
            mistakes.at(span, format!("two arms are called `{}`", arm.name));
        }
        for signs in [&arm.must, &arm.reproduced, &arm.refuted].into_iter().flatten() {
            for other in [&signs.output_as, &signs.output_unlike].into_iter().flatten() {
                if !known.contains(&other.as_str()) {
                    let message = format!(
                        "`{}` is compared with `{other}`, and no arm before it is called so",
                        arm.name
                    );
                    let span = last(other, &mistakes.source.text);
                    mistakes.at(span, message);
                }
            }
        }
        known.push(&arm.name);
    }
}

/// Where a word stands last in quotes; values do not keep their places as long.
fn last(word: &str, text: &str) -> Range<usize> {
    let quoted = format!("\"{word}\"");
    text.rfind(&quoted).map_or(0..text.len().min(1), |at| at..at + quoted.len())
}

fn not_here(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<NotHere> {
    let mut table = Table::of(value, "`not-here`", mistakes)?;
    let not_here = NotHere {
        reason: table.needed("reason", "\"needs …\"", mistakes),
        would: table.needed("would", "\"…\"", mistakes),
    };
    table.finish(mistakes);
    Some(not_here)
}

fn need(text: &Text) -> Need {
    match text.text.as_str() {
        "race" => Need::Race,
        "cgo" => Need::Cgo,
        "root" => Need::Root,
        program => Need::Program(program.to_owned()),
    }
}

fn releases(text: Option<Text>, mistakes: &mut Mistakes) -> Option<Releases> {
    let text = text?;
    text.text.parse().map_err(|message: String| mistakes.at(text.span, message)).ok()
}

/// Switches are written as the variables that they are.
fn switches(texts: Vec<Text>, mistakes: &mut Mistakes) -> Vec<String> {
    for text in texts.iter().filter(|text| !text.text.contains('=')) {
        let message = format!("`{}` is no switch", text.text);
        mistakes.at(text.span.clone(), message).help =
            Some("write it as a variable: `GODEBUG=netdns=go+2`, `GOTRACEBACK=system`".to_owned());
    }
    plain(texts)
}

fn expected(table: &mut Table<'_, '_>, mistakes: &mut Mistakes) -> Vec<(Option<Releases>, Judgement)> {
    let is_table = table.value("expected").is_some_and(|value| matches!(value.get_ref(), DeValue::Table(_)));
    let texts: Vec<(Option<String>, Text)> = if is_table {
        table.map("expected", mistakes).into_iter().map(|(range, text)| (Some(range), text)).collect()
    } else {
        table.string("expected", mistakes).into_iter().map(|text| (None, text)).collect()
    };
    let mut found = Vec::new();
    for (range, text) in texts {
        let Some(judgement) = Judgement::named(&text.text) else {
            let message = format!("`{}` is no verdict on a claim", text.text);
            mistakes.at(text.span, message).help =
                Some("write reproduced, refuted or partly; for some releases: `expected = { \"<1.24\" = \"refuted\" }`".to_owned());
            continue;
        };
        let range = range.map(|range| Text { text: range, span: text.span.clone() });
        found.push((releases(range, mistakes), judgement));
    }
    found
}

const ARM: &str = "an arm";

/// Where a scenario is.
#[derive(Clone, Copy)]
struct Place<'p> {
    folder: &'p Path,
    module: &'p Path,
}

fn arm(value: &Value<'_>, place: Place<'_>, mistakes: &mut Mistakes) -> Option<Arm> {
    let mut table = Table::of(value, ARM, mistakes)?;
    let target = target(&mut table, mistakes);
    let timeout = table.string("timeout", mistakes).and_then(|text| match cli::duration(&text.text) {
        Ok(duration) => Some(duration),
        Err(message) => {
            mistakes.at(text.span, message);
            None
        }
    });
    let arm = Arm {
        name: table.needed("name", "\"…\"", mistakes),
        target: target.unwrap_or_else(|| Target::Command(Vec::new())),
        env: variables(table.map("env", mistakes)),
        is_unprivileged: table.boolean("unprivileged", mistakes),
        go: releases(table.string("go", mistakes), mistakes),
        inject: faults(table.strings("inject", mistakes), mistakes),
        plan: plan_file(table.string("plan", mistakes), place.folder, mistakes),
        personas: hosts(table.strings("personas", mistakes), place.module, mistakes),
        options: plain(table.strings("options", mistakes)),
        watch: watched(table.strings("watch", mistakes), mistakes),
        seed: table.number("seed", mistakes),
        timeout: timeout.unwrap_or(LIMIT),
        evidence: regexes(table.strings("evidence", mistakes), mistakes),
        is_exposed: table.boolean("expose", mistakes),
        expected: expected(&mut table, mistakes),
        must: table.value("must").and_then(|value| Signs::read(value, "`must`", mistakes)),
        reproduced: table.value("reproduced").and_then(|value| Signs::read(value, "`reproduced`", mistakes)),
        refuted: table.value("refuted").and_then(|value| Signs::read(value, "`refuted`", mistakes)),
    };
    table.finish(mistakes);
    Some(arm)
}

fn variables(found: BTreeMap<String, Text>) -> BTreeMap<String, String> {
    found.into_iter().map(|(name, text)| (name, text.text)).collect()
}

/// Exactly one of `test`, `program` and `command` says what is run.
fn target(table: &mut Table<'_, '_>, mistakes: &mut Mistakes) -> Option<Target> {
    let test = table.string("test", mistakes);
    let program = table.string("program", mistakes);
    let command = table.strings("command", mistakes);
    let package = table.string("package", mistakes);
    let flags = plain(table.strings("flags", mistakes));
    let args = plain(table.strings("args", mistakes));
    let env = variables(table.map("build_env", mistakes));
    let has_command = table.has("command");
    let given = usize::from(test.is_some()) + usize::from(program.is_some()) + usize::from(has_command);
    if given != 1 {
        let message = if given == 0 { "an arm does not say what to run" } else { "an arm runs one thing" };
        mistakes.at(table.span(), message).help = Some(
            "write `test = \"TestX\"`, `program = \"./worker\"` or `command = [\"go\", \"vet\"]`".to_owned(),
        );
        return None;
    }
    let built = |package: String| Built { package, flags, env, args };
    let is_plain = !table.has("flags") && !table.has("args") && !table.has("build_env");
    match (test, program) {
        (Some(pattern), _) => {
            let source = built(package.map_or_else(|| ".".to_owned(), |package| package.text));
            Some(Target::Test { pattern: pattern.text, source })
        }
        (None, Some(program)) => Some(Target::Program(built(program.text))),
        (None, None) => {
            if command.is_empty() || !is_plain {
                let message =
                    "`command` is a list of words, and stands without `flags`, `args` and `build_env`";
                mistakes.at(table.span(), message);
            }
            Some(Target::Command(plain(command)))
        }
    }
}

/// What is injected. The rules of an arm are read together, for one may wait for another.
fn faults(texts: Vec<Text>, mistakes: &mut Mistakes) -> Vec<String> {
    let injects: Vec<String> = texts.iter().map(|text| text.text.clone()).collect();
    let (_, found) = settings::read(None, &injects, Unlikely::Warned);
    for mistake in found {
        let written = mistake.place.as_ref().map(|(source, _)| source.text.as_str());
        match texts.iter().find(|text| written == Some(&text.text)) {
            Some(text) => told(text, vec![mistake], mistakes),
            None => mistakes.found.extend(Some(mistake).filter(Diagnostic::is_error)),
        }
    }
    injects
}

/// What is watched.
fn watched(texts: Vec<Text>, mistakes: &mut Mistakes) -> Vec<String> {
    for text in &texts {
        let (_, found) = settings::watch(std::slice::from_ref(&text.text));
        told(text, found, mistakes);
    }
    plain(texts)
}

/// The hosts that are emulated, in the module's folder. What only this host refuses is no mistake of the file.
fn hosts(texts: Vec<Text>, module: &Path, mistakes: &mut Mistakes) -> Vec<String> {
    for text in &texts {
        let read = persona::read(std::slice::from_ref(&text.text), Denials::AsWritten, module);
        if let Err(Failure::Yours(complaint)) = read {
            told(text, complaint.diagnostics, mistakes);
        }
    }
    plain(texts)
}

/// Mistakes in a text of their own, at their places in the scenario's file.
fn told(text: &Text, found: Vec<Diagnostic>, mistakes: &mut Mistakes) {
    // Behind the quote; what is written with escapes is not found as it is, and shown as the argument that it stands for.
    let start = text.span.start + 1;
    let is_verbatim = mistakes.source.text.get(start..start + text.text.len()) == Some(&text.text);
    for mistake in found.into_iter().filter(Diagnostic::is_error) {
        let place = match mistake.place {
            Some((_, span)) if is_verbatim => {
                Some((Arc::clone(&mistakes.source), start + span.start..start + span.end))
            }
            place => place,
        };
        mistakes.found.push(Diagnostic { place, ..mistake });
    }
}

/// A plan file beside the scenario's.
fn plan_file(text: Option<Text>, folder: &Path, mistakes: &mut Mistakes) -> Option<PathBuf> {
    let text = text?;
    match settings::read_plan(&folder.join(&text.text)) {
        Ok(source) => {
            let (_, found) = settings::read(Some(&source), &[], Unlikely::Warned);
            mistakes.found.extend(found.into_iter().filter(Diagnostic::is_error));
        }
        Err(failure) => {
            mistakes.at(text.span, failure.message());
        }
    }
    Some(PathBuf::from(text.text))
}

fn plain(texts: Vec<Text>) -> Vec<String> {
    texts.into_iter().map(|text| text.text).collect()
}
