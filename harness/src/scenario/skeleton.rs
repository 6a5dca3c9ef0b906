//! The beginning of a new scenario, for somebody to fill in.

use super::find::FILE;
use crate::exit::Failure;
use std::fs;
use std::path::{Path, PathBuf};

/// What a scenario's file may say, as a JSON Schema: for people and editors; the check itself is `read`.
pub(crate) const SCHEMA: &str = include_str!("skeleton/scenario.schema.json");

/// Writes the folder of a new scenario, which runs as it is; gives the files.
pub(crate) fn write(root: &Path, id: &str) -> Result<Vec<PathBuf>, Failure> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.is_empty() || !id.chars().all(is_plain) || id.starts_with('-') {
        return Err(Failure::yours(format!("`{id}` is no id of a scenario"))
            .help("an id is made of small letters, digits and `-`: it is a folder and the last word of a module's path"));
    }
    let folder = root.join(id);
    if folder.exists() {
        return Err(Failure::yours(format!("`{}` is there already", folder.display())));
    }
    let files = [
        (FILE, include_str!("skeleton/scenario.toml")),
        ("go.mod", include_str!("skeleton/go.mod.txt")),
        ("scenario_test.go", include_str!("skeleton/scenario_test.go.txt")),
    ];
    let mut written = Vec::new();
    let unwritable = |error| Failure::theirs(format!("cannot write `{}`: {error}", folder.display()));
    fs::create_dir_all(&folder).map_err(unwritable)?;
    for (name, text) in files {
        let path = folder.join(name);
        fs::write(&path, text.replace("NEW-ID", id)).map_err(unwritable)?;
        written.push(path);
    }
    Ok(written)
}
