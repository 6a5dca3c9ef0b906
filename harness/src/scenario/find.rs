//! Where the scenarios are.

use super::Scenario;
use crate::exit::Failure;
use crate::settings;
use model::{Diagnostic, Source, nearest};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of a scenario's file.
const FILE: &str = "scenario.toml";

/// Scenarios and their folders, by id.
#[derive(Debug)]
pub(crate) struct Catalogue {
    pub(crate) entries: Vec<(PathBuf, Scenario)>,
}

impl Catalogue {
    /// The scenarios of these ids, in the order of the catalogue; all where none is named.
    pub(crate) fn select(self, ids: &[String]) -> Result<Vec<(PathBuf, Scenario)>, Failure> {
        let known: Vec<&str> = self.entries.iter().map(|(_, scenario)| scenario.id.as_str()).collect();
        if let Some(unknown) = ids.iter().find(|id| !known.contains(&id.as_str())) {
            let failure = Failure::yours(format!("no scenario is called `{unknown}`"));
            return Err(match nearest(unknown, known.iter().copied()) {
                Some(near) => failure.help(format!("did you mean `{near}`?")),
                None => failure.help("`duress scenario list` names them all"),
            });
        }
        Ok(self
            .entries
            .into_iter()
            .filter(|(_, scenario)| ids.is_empty() || ids.contains(&scenario.id))
            .collect())
    }
}

/// Reads all scenarios of a folder, or of `scenarios` here or above. Every mistake in every file is shown at once.
pub(crate) fn find(dir: Option<&Path>) -> Result<Catalogue, Failure> {
    let root = match dir {
        Some(dir) => dir.to_owned(),
        None => nearest_folder()?,
    };
    let unreadable = |error: std::io::Error| {
        Failure::yours(format!("cannot read the scenarios in `{}`: {error}", root.display()))
    };
    let mut files: Vec<PathBuf> = fs::read_dir(&root)
        .map_err(unreadable)?
        .flatten()
        .map(|entry| entry.path().join(FILE))
        .filter(|file| file.is_file())
        .collect();
    files.sort();
    let (mut entries, mut mistakes) = (Vec::new(), Vec::new());
    for file in files {
        let text = fs::read_to_string(&file).map_err(unreadable)?;
        let source = Arc::new(Source { name: file.display().to_string(), text });
        let folder = file.parent().unwrap_or(&root).to_owned();
        match read(&source, &folder) {
            Ok(scenario) => {
                mistakes.extend(mistakes_in_faults(&source, &scenario));
                entries.push((folder, scenario));
            }
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if !mistakes.is_empty() {
        return Err(Failure::mistakes(mistakes));
    }
    if entries.is_empty() {
        return Err(Failure::yours(format!("no scenarios are in `{}`", root.display()))
            .help(format!("each is a folder with a {FILE}")));
    }
    Ok(Catalogue { entries })
}

fn read(source: &Arc<Source>, folder: &Path) -> Result<Scenario, Diagnostic> {
    let whole = 0..source.text.len().min(1);
    let scenario: Scenario = toml::from_str(&source.text).map_err(|error| {
        let span = error.span().unwrap_or(whole.clone());
        Diagnostic::error(source, span, error.message().to_owned())
    })?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    if scenario.id != name {
        let span = source.text.find(&scenario.id).map_or(whole, |at| at..at + scenario.id.len());
        return Err(Diagnostic::error(source, span, "a scenario is called like its folder")
            .label(format!("the folder is `{name}`")));
    }
    Ok(scenario)
}

/// Every mistake in what the arms inject, at its place in the scenario's file.
fn mistakes_in_faults(source: &Arc<Source>, scenario: &Scenario) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for text in scenario.arms.iter().flat_map(|arm| &arm.inject) {
        let (_, mistakes) = settings::read(None, std::slice::from_ref(text), settings::Unlikely::Warned);
        let start = source.text.find(text.as_str());
        found.extend(mistakes.into_iter().filter(Diagnostic::is_error).map(|mistake| {
            match (start, &mistake.place) {
                (Some(start), Some((_, span))) => {
                    let span = start + span.start..start + span.end;
                    Diagnostic { place: Some((Arc::clone(source), span)), ..mistake }
                }
                // Written with escapes, so not found as it is: shown as the `-e` that it stands for.
                (None, _) | (_, None) => mistake,
            }
        }));
    }
    found
}

fn nearest_folder() -> Result<PathBuf, Failure> {
    let here = std::env::current_dir().unwrap_or_default();
    here.ancestors().map(|above| above.join("scenarios")).find(|folder| folder.is_dir()).ok_or_else(|| {
        Failure::yours("there is no folder `scenarios` here or above")
            .help("name one with --dir, or run this in a checkout of duress")
    })
}
