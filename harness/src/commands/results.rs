//! `duress results`: what was found over time, on several toolchains and hosts.

use super::{Screen, print};
use crate::cli::{ResultsArgs, ResultsFormat};
use crate::clock::unix_ms;
use crate::exit::{Code, Failure, chain};
use crate::run_dir::results_path;
use model::{nearest, plain};
use results::{
    Axis, Color, Comparison, Error, Filter, Matrix, Mistake, Record, Side, Store, VERDICTS, campaigns,
};
use results::{csv, html, human, json};
use std::fmt::Write as _;
use std::path::PathBuf;

/// What is said where nothing was recorded.
const HOW_TO_FILL: &str = "`duress scenario run --all` records verdicts, `duress results --import FILE` takes in those of another host";

pub(super) fn run(args: &ResultsArgs, screen: Screen) -> Result<Code, Failure> {
    let path = results_path();
    if !args.import.is_empty() {
        return import(&args.import);
    }
    let all = match Store::open_existing(&path)? {
        Some(store) => store.select(&Filter::default())?,
        None => Vec::new(),
    };
    if all.is_empty() && args.format == ResultsFormat::Human {
        print(&format!("no verdict was recorded in `{}` yet\n{HOW_TO_FILL}\n", path.display()))?;
        return Ok(Code::Clean);
    }
    let filter = filter(args, &all)?;
    let color = match screen.out {
        report::Color::Always => Color::Always,
        report::Color::Never => Color::Never,
    };
    match &args.changed {
        Some(sides) => changed(sides, &filter, &all, args.format, color),
        None if args.list => list(&filter, &all, args.format),
        None => draw(args, &filter, &all, color),
    }
}

/// What the flags ask for.
fn filter(args: &ResultsArgs, all: &[Record]) -> Result<Filter, Failure> {
    if let Some(verdict) = &args.verdict {
        let known = || VERDICTS.into_iter().chain(all.iter().map(|record| record.verdict.as_str()));
        if !known().any(|word| word == verdict) {
            let failure = Failure::yours(format!("no verdict is called `{verdict}`"));
            return Err(failure.help(match nearest(verdict, known()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("verdicts are {}", VERDICTS.join(", ")),
            }));
        }
    }
    let campaign = match &args.campaign {
        None => None,
        Some(name) => match Side::campaign(name, &campaigns(all)).map_err(mistake)? {
            Side::Campaign(name) | Side::Host(name) => Some(name),
        },
    };
    let since = args.since.map(|since| {
        let ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        unix_ms().saturating_sub(ms)
    });
    Ok(Filter {
        scenario: args.scenario.clone(),
        go: args.go.clone(),
        switch: args.switch.clone(),
        persona: args.persona.clone(),
        verdict: args.verdict.clone(),
        host: args.host.clone(),
        kernel: args.kernel.clone(),
        campaign,
        since_unix_ms: since,
    })
}

fn keep(filter: &Filter, all: &[Record]) -> Vec<Record> {
    all.iter().filter(|record| filter.lets_through(record)).cloned().collect()
}

fn import(files: &[PathBuf]) -> Result<Code, Failure> {
    let mut store = Store::open(&results_path())?;
    let mut text = String::new();
    for file in files {
        let imported = store.import(file)?;
        let _ = writeln!(
            text,
            "{}: {} of {}",
            plain(&file.display().to_string()),
            counted(imported.records, "record"),
            counted(imported.campaigns, "campaign"),
        );
    }
    print(&text)?;
    Ok(Code::Clean)
}

fn list(filter: &Filter, all: &[Record], format: ResultsFormat) -> Result<Code, Failure> {
    let campaigns = campaigns(&keep(filter, all));
    print(&match format {
        ResultsFormat::Human if campaigns.is_empty() => nothing(filter, all),
        ResultsFormat::Human => human::campaigns(&campaigns),
        ResultsFormat::Json => json::campaigns(&campaigns),
        ResultsFormat::Csv => csv::campaigns(&campaigns),
        ResultsFormat::Html => {
            return Err(
                Failure::yours("there is no page of campaigns").help("use --format human, json or csv")
            );
        }
    })?;
    Ok(Code::Clean)
}

fn changed(
    sides: &str,
    filter: &Filter,
    all: &[Record],
    format: ResultsFormat,
    color: Color,
) -> Result<Code, Failure> {
    let records = keep(&filter.of_any_verdict(), all);
    let mut comparison = match sides {
        "" => Comparison::newest(&records),
        named => Some(Comparison::named(named, &records).map_err(mistake)?),
    };
    if let (Some(comparison), Some(verdict)) = (&mut comparison, &filter.verdict) {
        comparison.changed.retain(verdict);
    }
    let none = || {
        let names: Vec<String> = campaigns(&records).into_iter().map(|campaign| campaign.campaign).collect();
        match names.last() {
            None => nothing(filter, all),
            Some(newest) => {
                format!("nothing to compare: no campaign before `{}` tried the same\n", plain(newest))
            }
        }
    };
    print(&match (format, &comparison) {
        (ResultsFormat::Human, Some(comparison)) => human::changed(comparison, &records, color),
        (ResultsFormat::Human, None) => none(),
        (ResultsFormat::Json, comparison) => json::changed(comparison.as_ref()),
        (ResultsFormat::Csv, comparison) => csv::changed(comparison.as_ref()),
        (ResultsFormat::Html, comparison) => html::changed(comparison.as_ref(), &records),
    })?;
    let differs = comparison.is_some_and(|comparison| !comparison.changed.changes.is_empty());
    Ok(if differs { Code::Findings } else { Code::Clean })
}

fn draw(args: &ResultsArgs, filter: &Filter, all: &[Record], color: Color) -> Result<Code, Failure> {
    let axis = if args.switches { Axis::Switch } else { Axis::Toolchain };
    let records = match args.format {
        ResultsFormat::Json | ResultsFormat::Csv => keep(filter, all),
        ResultsFormat::Human | ResultsFormat::Html => keep(&filter.of_any_verdict(), all),
    };
    let matrix = Matrix::of(&records, axis, filter);
    print(&match args.format {
        ResultsFormat::Json => json::records(&records),
        ResultsFormat::Csv => csv::records(&records),
        ResultsFormat::Html => html::matrix(&matrix),
        ResultsFormat::Human if matrix.rows.is_empty() && matrix.left_out == 0 => nothing(filter, all),
        ResultsFormat::Human if matrix.rows.is_empty() => {
            format!(
                "all that is meant are {} on switches; --switches shows them\n",
                counted(matrix.left_out, "record")
            )
        }
        ResultsFormat::Human => human::matrix(&matrix, color),
    })?;
    Ok(Code::Clean)
}

/// What is said where the filters let nothing through.
fn nothing(filter: &Filter, all: &[Record]) -> String {
    let help = filter.suggestion(all).map(|help| format!("{}\n", plain(&help))).unwrap_or_default();
    format!("none of {} is meant by these flags\n{help}", counted(all.len(), "record"))
}

fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

fn mistake(mistake: Mistake) -> Failure {
    Failure::yours(plain(&mistake.message)).help(plain(&mistake.help))
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let message = chain(&error);
        let failure = match error {
            Error::NoRecords { .. } | Error::Unreadable { .. } => Failure::yours(message),
            Error::MakeFolder { .. }
            | Error::Unwritable { .. }
            | Error::Full { .. }
            | Error::Busy { .. }
            | Error::Damaged { .. }
            | Error::Foreign { .. }
            | Error::Newer { .. }
            | Error::Other { .. } => Failure::theirs(message),
        };
        failure.help(error.help())
    }
}
