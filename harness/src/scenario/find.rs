//! Where the scenarios are.

use super::Scenario;
use super::read::read;
use crate::exit::Failure;
use model::{Source, nearest};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of a scenario's file.
pub(super) const FILE: &str = "scenario.toml";

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
    let root = folder(dir)?;
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
            Ok(scenario) => entries.push((folder, scenario)),
            Err(found) => mistakes.extend(found),
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

/// The folder of all scenarios.
pub(crate) fn folder(dir: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(dir) = dir {
        return Ok(dir.to_owned());
    }
    let here = std::env::current_dir().unwrap_or_default();
    here.ancestors().map(|above| above.join("scenarios")).find(|folder| folder.is_dir()).ok_or_else(|| {
        Failure::yours("there is no folder `scenarios` here or above")
            .help("name one with --dir, or run this in a checkout of duress")
    })
}
