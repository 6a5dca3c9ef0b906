//! Where runs are kept, and how they are found again.

use crate::clock::stamp;
use crate::exit::Failure;
use model::{RunId, nearest};
use persona::{Shown, Shows};
use shim::surroundings::Surroundings;
use std::ffi::CString;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The journal's name within a run's folder.
pub(crate) const JOURNAL: &str = "journal.duress";

/// One run's folder.
#[derive(Debug, Clone)]
pub(crate) struct RunDir {
    /// The run's name.
    pub(crate) id: RunId,
    /// The folder.
    pub(crate) path: PathBuf,
}

impl RunDir {
    /// Makes the folder of a new run: `out` itself if the user named one, else one of its own among all runs.
    pub(crate) fn create(out: Option<&Path>, unix_ms: u64) -> Result<RunDir, Failure> {
        let id = RunId(name(unix_ms));
        let path = match out {
            Some(out) => std::path::absolute(out).unwrap_or_else(|_| out.to_owned()),
            None => home().join("runs").join(&id.0),
        };
        let dir = RunDir { id, path };
        if dir.journal().exists() {
            return Err(Failure::yours(format!("`{}` holds a run already", dir.path.display()))
                .help("name another folder with --out; a journal is never overwritten"));
        }
        fs::create_dir_all(&dir.path).map_err(|error| {
            Failure::theirs(format!("cannot make the run's folder `{}`: {error}", dir.path.display()))
                .help("name a folder with --out, or set DURESS_HOME to one that can be written")
        })?;
        Ok(dir)
    }

    /// The journal's path.
    pub(crate) fn journal(&self) -> PathBuf {
        self.path.join(JOURNAL)
    }

    /// Writes down what targets are to be started with, for the shims; gives the file, if that is not as it is here.
    pub(crate) fn write_surroundings(
        &self,
        surroundings: Option<&Surroundings>,
        shown: &[Shown],
    ) -> Result<Option<PathBuf>, Failure> {
        let mut surroundings = surroundings.cloned().unwrap_or_default();
        for (number, shown) in shown.iter().enumerate() {
            let file = self.path.join(format!("shown-{number}"));
            // A copy: what the target writes to it reaches nobody's file.
            let made = match &shown.content {
                Shows::Words(words) => fs::write(&file, words),
                Shows::File(from) => fs::copy(from, &file).map(|_| ()),
            };
            made.map_err(|error| unwritable(&file, &error))?;
            let file = CString::new(file.into_os_string().into_encoded_bytes()).unwrap_or_default();
            surroundings.files.push((CString::new(shown.path.as_str()).unwrap_or_default(), file));
        }
        if surroundings.is_empty() {
            return Ok(None);
        }
        let path = self.path.join("surroundings");
        fs::write(&path, surroundings.encode()).map_err(|error| unwritable(&path, &error))?;
        Ok(Some(path))
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::theirs(format!("cannot write `{}`: {error}", path.display()))
}

/// Finds a run's folder by what the user calls it: a path, `last`, a run's name or the beginning of one.
pub(crate) fn find(name: &str) -> Result<PathBuf, Failure> {
    let given = Path::new(name);
    if given.join(JOURNAL).is_file() {
        return Ok(given.to_owned());
    }
    if given.is_file() {
        return Ok(given.parent().map_or_else(|| PathBuf::from("."), Path::to_owned));
    }
    let runs = home().join("runs");
    let names = names_in(&runs).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::yours(format!(
            "no run is called `{name}`; none was recorded in `{}` yet",
            runs.display()
        ))
        .help("record one with `duress run … -- go test ./...`, or name a run's folder"),
        _ => Failure::theirs(format!("cannot look for runs in `{}`: {error}", runs.display())),
    })?;
    if name == "last" {
        return names
            .last()
            .map(|last| runs.join(last))
            .ok_or_else(|| Failure::yours("no run was recorded yet"));
    }
    let mut matching = names.iter().filter(|known| known.starts_with(name));
    match (matching.next(), matching.next()) {
        (Some(only), None) => Ok(runs.join(only)),
        (Some(first), Some(_)) if first == name => Ok(runs.join(first)),
        (Some(first), Some(second)) => {
            let others = if matching.next().is_some() { ", or others" } else { "" };
            Err(Failure::yours(format!("`{name}` may be `{first}` or `{second}`{others}"))
                .help("give more of the name"))
        }
        (None, _) => {
            let failure = Failure::yours(format!("no run is called `{name}` in `{}`", runs.display()));
            Err(match (nearest(name, names.iter().map(String::as_str)), names.last()) {
                (Some(near), _) => failure.help(format!("did you mean `{near}`?")),
                (None, Some(newest)) => failure.help(format!("`last` names the newest run, `{newest}`")),
                (None, None) => failure,
            })
        }
    }
}

/// The names of all runs, oldest first.
fn names_in(runs: &Path) -> io::Result<Vec<String>> {
    let mut names: Vec<String> = fs::read_dir(runs)?
        .flatten()
        .filter(|entry| entry.path().join(JOURNAL).is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    Ok(names)
}

/// The database of verdicts, beside the runs.
pub(crate) fn results_path() -> PathBuf {
    home().join("results.sqlite")
}

/// Where everything of ours is kept: `$DURESS_HOME`, else `duress` among the user's state (XDG base directories), else a
/// folder of the user's own among the temporary files.
pub(crate) fn home() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("DURESS_HOME")
        .or_else(|| variable("XDG_STATE_HOME").map(|state| state.join("duress")))
        .or_else(|| variable("HOME").map(|home| home.join(".local/state/duress")))
        .unwrap_or_else(|| std::env::temp_dir().join(format!("duress-{}", nix::unistd::geteuid())))
}

/// A new name for what began at this time. Names sort by time, so that `last` is the newest of two in one second, too.
pub(crate) fn name(unix_ms: u64) -> String {
    format!("{}-{:03}{}", stamp(unix_ms), unix_ms % 1000, suffix())
}

/// Two runs may begin in the same millisecond.
fn suffix() -> String {
    let mut bytes = [0_u8; 2];
    if fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).is_err() {
        bytes.copy_from_slice(&std::process::id().to_le_bytes()[..2]);
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
