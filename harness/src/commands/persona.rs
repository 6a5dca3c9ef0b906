//! `duress persona`: what personas there are, what they do here, and how results differ by what a filter answers.

use super::run::summary;
use super::{print, say};
use crate::cli::{DiffArgs, Format, PersonaArgs, PersonaCommand, RunArgs};
use crate::exit::{Code, Failure};
use crate::relay::Audience;
use crate::{persona as here, session, settings};
use persona::{Denials, Kind, Persona, Preset};
use report::{Summary, Verdict};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;

pub(super) fn run(command: &PersonaCommand) -> Result<Code, Failure> {
    match command {
        PersonaCommand::List { format } => list(*format),
        PersonaCommand::Show { personas, as_eperm, as_enosys, format } => {
            let denials = match (as_eperm, as_enosys) {
                (true, _) => Denials::As("EPERM"),
                (false, true) => Denials::As("ENOSYS"),
                (false, false) => Denials::AsWritten,
            };
            show(&here::read(personas, denials, &settings::current_folder()?)?, *format)
        }
        PersonaCommand::Diff(args) => diff(args),
    }
}

fn list(format: Format) -> Result<Code, Failure> {
    let presets: Vec<(&str, Preset)> =
        Preset::names().filter_map(|name| Preset::named(name).map(|preset| (name, preset))).collect();
    if format == Format::Json {
        let personas = Kind::all()
            .map(|(name, example, about)| json!({"name": name, "example": example, "about": about}));
        let presets = presets.iter().map(|(name, preset)| {
            json!({"name": name, "title": preset.title, "personas": preset.personas, "about": preset.about.trim()})
        });
        let whole = json!({"personas": personas.collect::<Vec<_>>(), "presets": presets.collect::<Vec<_>>()});
        print(&format!("{whole:#}\n"))?;
        return Ok(Code::Clean);
    }
    let mut text = String::from("Personas, each with --persona (repeatable):\n");
    for (_, example, about) in Kind::all() {
        let _ = writeln!(text, "  {example:26} {about}");
    }
    text += "\nPresets, made of these:\n";
    for (name, preset) in &presets {
        let _ = writeln!(text, "  {name:26} {}: {}", preset.title, preset.personas.join(" "));
    }
    text += "\n`duress persona show NAME` says what one does here.\n";
    print(&text)?;
    Ok(Code::Clean)
}

fn show(personas: &[Persona], format: Format) -> Result<Code, Failure> {
    let surroundings = persona::surroundings(personas);
    let limits: BTreeMap<&str, (u64, u64)> =
        surroundings.limits.iter().map(|(limit, values)| (limit.name(), *values)).collect();
    if format == Format::Json {
        let parts = personas.iter().map(|one| {
            json!({"persona": one.word, "preset": one.preset, "rules": one.part.rules.len(), "remarks": one.part.remarks})
        });
        let whole = json!({
            "personas": parts.collect::<Vec<_>>(), "plan": persona::plan(personas), "keep": surroundings.keep,
            "variables": surroundings.variables, "bloat_bytes": surroundings.bloat.map(|bloat| bloat.bytes),
            "limits": limits, "cpus": surroundings.cpus,
        });
        print(&format!("{whole:#}\n"))?;
        return Ok(Code::Clean);
    }
    let mut text = String::new();
    for persona in personas {
        let from = persona.preset.as_ref().map(|preset| format!(" (of {preset})")).unwrap_or_default();
        let _ = writeln!(text, "# {}{from}", persona.word);
        for remark in &persona.part.remarks {
            let _ = writeln!(text, "#   note: {remark}");
        }
    }
    if let Some(keep) = &surroundings.keep {
        let kept = if keep.is_empty() { "none".to_owned() } else { keep.join(" ") };
        let _ = writeln!(text, "# variables kept: {kept}");
    }
    for (name, value) in &surroundings.variables {
        let _ = writeln!(text, "# variable: {name}={value}");
    }
    if let Some(bloat) = &surroundings.bloat {
        let _ = writeln!(text, "# added: {} bytes", bloat.bytes);
    }
    let shown = |limit: u64| if limit == u64::MAX { "unlimited".to_owned() } else { limit.to_string() };
    for (name, (soft, hard)) in limits {
        let _ = writeln!(text, "# limit: {name} {} (hard {})", shown(soft), shown(hard));
    }
    if let Some(cpus) = surroundings.cpus {
        let _ = writeln!(text, "# CPUs: {cpus}");
    }
    let plan = persona::plan(personas);
    if !plan.is_empty() {
        let _ = write!(text, "\n{plan}");
    }
    print(&text)?;
    Ok(Code::Clean)
}

/// One way in which the command was run.
struct Arm {
    name: &'static str,
    summary: Summary,
}

fn diff(args: &DiffArgs) -> Result<Code, Failure> {
    let personas = here::read(&args.personas, Denials::AsWritten, &settings::current_folder()?)?;
    let has_profile = personas.iter().any(|persona| persona.kind == Kind::Seccomp);
    let with = |as_eperm, as_enosys| PersonaArgs {
        personas: args.personas.clone(),
        as_eperm,
        as_enosys,
        count_denials: true,
    };
    let mut ways = vec![("without", PersonaArgs::default()), ("with", with(false, false))];
    if has_profile {
        ways.extend([("EPERM", with(true, false)), ("ENOSYS", with(false, true))]);
    }
    let mut arms = Vec::new();
    let count = ways.len();
    for (place, (name, personas)) in ways.into_iter().enumerate() {
        say(&format!("[{}/{count}] {name} …\n", place + 1));
        let run = RunArgs {
            personas,
            timeout: args.timeout,
            allow_vacuous: true,
            ..RunArgs::plain(args.command.clone())
        };
        let (orders, _) = settings::orders(&run, Audience::Nobody)?;
        let session = session::run(orders)?;
        if let Some(signal) = session.interrupted {
            return Ok(Code::Interrupted(signal));
        }
        arms.push(Arm { name, summary: summary(&session.dir.path)? });
    }
    let differs = arms.iter().any(|arm| results(arm) != results(&arms[0]) || ending(arm) != ending(&arms[0]));
    draw(&arms, args, differs)?;
    Ok(if differs { Code::Findings } else { Code::Clean })
}

/// What became of each test.
fn results(arm: &Arm) -> BTreeMap<(String, String), String> {
    let tests = arm.summary.tests.iter();
    tests.map(|test| ((test.package.clone(), test.test.clone()), test.result.to_string())).collect()
}

/// What became of the command.
fn ending(arm: &Arm) -> String {
    arm.summary.command_ending.map_or("unknown".to_owned(), |ending| ending.to_string())
}

/// The verdict without what only counts faults: whether one fired is no difference in the result.
fn verdict(arm: &Arm) -> &'static str {
    match arm.summary.verdict {
        Verdict::Vacuous | Verdict::Unaffected | Verdict::Survived => "passed",
        Verdict::Failed => "failed",
        Verdict::Crashed => "crashed",
        Verdict::Hung => "hung",
        Verdict::Silent => "silent",
    }
}

fn draw(arms: &[Arm], args: &DiffArgs, differs: bool) -> Result<(), Failure> {
    let by_arm: Vec<BTreeMap<(String, String), String>> = arms.iter().map(results).collect();
    let mut tests: Vec<&(String, String)> = by_arm.iter().flat_map(BTreeMap::keys).collect();
    tests.sort();
    tests.dedup();
    let result =
        |arm: usize, test: &(String, String)| by_arm[arm].get(test).map_or("missing", String::as_str);
    let differing: Vec<_> =
        tests.iter().filter(|test| (1..arms.len()).any(|arm| result(arm, test) != result(0, test))).collect();
    let evidence = |arm: &Arm| arm.summary.findings.first().map(|finding| finding.evidence.clone());
    let run = |arm: &Arm| arm.summary.header.run.to_string();
    if args.format == Format::Json {
        let arms_json = arms.iter().map(|arm| {
            json!({"arm": arm.name, "verdict": verdict(arm), "ending": ending(arm), "evidence": evidence(arm), "run": run(arm)})
        });
        let tests = differing.iter().map(|test| {
            let results: BTreeMap<&str, &str> =
                arms.iter().enumerate().map(|(place, arm)| (arm.name, result(place, test))).collect();
            json!({"package": test.0, "test": test.1, "results": results})
        });
        let whole = json!({
            "personas": args.personas, "differs": differs,
            "arms": arms_json.collect::<Vec<_>>(), "tests": tests.collect::<Vec<_>>(),
        });
        return print(&format!("{whole:#}\n"));
    }
    let mut text = String::new();
    for arm in arms {
        let what = match arm.name {
            "without" => "without personas".to_owned(),
            "with" => format!("with {}", args.personas.join(" ")),
            errno => format!("its denials as {errno}"),
        };
        let _ = writeln!(text, "{:8} {what} ({})", verdict(arm), ending(arm));
        if let Some(evidence) = evidence(arm) {
            let _ = writeln!(text, "         | {evidence}");
        }
        let _ = writeln!(text, "         look: duress show {}", run(arm));
    }
    if differing.is_empty() {
        text += if differs { "the command ends differently\n" } else { "no test differs\n" };
    } else {
        let width = differing.iter().map(|test| test.1.len()).max().unwrap_or(0).max(4);
        let names: Vec<&str> = arms.iter().map(|arm| arm.name).collect();
        let _ = writeln!(text, "\n{:width$}  {}", "test", columns(&names));
        for test in differing {
            let row: Vec<&str> = (0..arms.len()).map(|arm| result(arm, test)).collect();
            let _ = writeln!(text, "{:width$}  {}", test.1, columns(&row));
        }
    }
    print(&text)
}

/// Words, each in a column of its own.
fn columns(words: &[&str]) -> String {
    words.iter().map(|word| format!("{word:8}")).collect::<String>().trim_end().to_owned()
}
