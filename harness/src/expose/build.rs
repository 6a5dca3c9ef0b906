//! The user's go command, built once where that is simple.

use crate::exit::{Failure, chain};
use crate::trial::{Broken, Running};
use golang::{GoCommand, Prebuilt, Setting, Toolchain};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is run in the place of the user's command.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) command: Vec<String>,
    pub(crate) cwd: PathBuf,
    /// The executable.
    pub(crate) file: PathBuf,
}

/// The two parts of a go command, if it has two, and if words that name files from the user's folder on still do.
pub(crate) fn parts(go: &GoCommand, toolchain: &Toolchain, relative: bool) -> Option<Prebuilt> {
    let parts = go.prebuilt(&toolchain.goflags)?;
    let stays = parts.folder == "." && parts.runs_in == ".";
    (stays || !relative).then_some(parts)
}

/// Builds it.
pub(crate) fn build(
    running: &Running,
    parts: &Prebuilt,
    toolchain: &Toolchain,
    cwd: &Path,
    scratch: &Path,
    experiment: Option<&Setting>,
) -> Result<Built, Broken> {
    let folder = cwd.join(&parts.folder);
    let name =
        folder.file_name().map_or_else(|| "target".to_owned(), |name| name.to_string_lossy().into_owned());
    let name =
        experiment.map_or_else(|| format!("{name}.test"), |setting| format!("{name}-{}.test", setting.value));
    let file = scratch.join(name);
    #[expect(
        clippy::disallowed_methods,
        reason = "go, which builds the target; nothing of it is under duress"
    )]
    let mut command = Command::new(&toolchain.program);
    command.args(&parts.build).arg("-o").arg(&file).arg(&parts.package).current_dir(&folder);
    command.envs(toolchain.variables()).env_remove("GOROOT");
    if let Some(setting) = experiment {
        command.env(&setting.variable, &setting.value);
    }
    let (status, said) = running.finish(command)?;
    match status.success() {
        true if file.is_file() => {
            let mut words = vec![file.to_string_lossy().into_owned()];
            words.extend(parts.args.iter().cloned());
            Ok(Built { command: words, cwd: folder.join(&parts.runs_in), file })
        }
        true => Err(Broken::Yours(format!("`{}` has nothing to run", parts.package))),
        false if running.is_stopped() => Err(Broken::Stopped),
        false => Err(Broken::Yours(format!("it does not compile:\n{}", said.trim_end()))),
    }
}

/// The toolchain of a go command: that which the user named, or the one that go chooses in that folder.
pub(crate) fn toolchain(go: &GoCommand, named: Option<&str>, cwd: &Path) -> Result<Toolchain, Failure> {
    match named {
        Some(word) => selected(word, cwd),
        None => {
            let folder = go.chdir().map_or_else(|| cwd.to_owned(), |dir| cwd.join(dir));
            let mut found = Toolchain::find(go.program(), &folder, &[])
                .map_err(|error| Failure::theirs(chain(&error)))?;
            found.program = found.goroot.join("bin/go").to_string_lossy().into_owned();
            Ok(found)
        }
    }
}

/// The toolchain that the user named.
pub(crate) fn selected(word: &str, cwd: &Path) -> Result<Toolchain, Failure> {
    Toolchain::select(word, cwd).map_err(|error| match &error {
        golang::Error::NoToolchain { .. } => Failure::yours(chain(&error)),
        _ => Failure::theirs(format!("no toolchain {word}: {}", chain(&error))),
    })
}
