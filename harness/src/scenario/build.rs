//! Test binaries and programs of scenarios, built once and shared by all runs.
//!
//! They are kept among our state, a folder each module, toolchain and set of flags; what is in the module decides whether one
//! is built again. `go test` itself links anew for every run.

use super::file::Built;
use crate::trial::{Broken, Running};
use golang::Toolchain;
use std::collections::HashMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

/// Where they are, and which are being built.
#[derive(Debug)]
pub(crate) struct Builds {
    home: PathBuf,
    /// One that is being built is not built a second time at once.
    busy: Mutex<HashMap<PathBuf, Arc<Mutex<()>>>>,
}

/// Variables that change what is built.
const VARIABLES: &[&str] = &["CGO_ENABLED", "CC", "CGO_CFLAGS", "GOFLAGS", "GOEXPERIMENT", "GOAMD64"];

impl Builds {
    pub(crate) fn new(home: PathBuf) -> Builds {
        Builds { home, busy: Mutex::default() }
    }

    /// The executable of this package of this module, built if it is not there yet.
    pub(crate) fn get(
        &self,
        running: &Running,
        toolchain: &Toolchain,
        module: &Path,
        wanted: &Built,
        is_test: bool,
    ) -> Result<PathBuf, Broken> {
        let module = std::path::absolute(module).unwrap_or_else(|_| module.to_owned());
        let mut place = DefaultHasher::new();
        (&module, &toolchain.goroot, &wanted.package, &wanted.flags, &wanted.env, is_test).hash(&mut place);
        let folder = self.home.join(format!("{:016x}", place.finish()));
        let busy = {
            let mut all = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(folder.clone()).or_default())
        };
        let _alone = busy.lock().unwrap_or_else(PoisonError::into_inner);

        let theirs = |error: io::Error| Broken::Theirs(format!("`{}`: {error}", folder.display()));
        let stamp = stamp(toolchain, &module).map_err(theirs)?;
        let name = module.file_name().unwrap_or_default().to_string_lossy();
        let suffix = if is_test { ".test" } else { "" };
        let file = folder.join(format!("{stamp:016x}")).join(format!("{name}{suffix}"));
        if file.is_file() {
            return Ok(file);
        }
        // What was built of an older state of the module is of no more use.
        let _ = fs::remove_dir_all(&folder);
        let home = file.parent().unwrap_or(&folder);
        fs::create_dir_all(home).map_err(theirs)?;
        let fresh = home.join(format!("new-{}", std::process::id()));
        self.build(running, toolchain, &module, wanted, is_test, &fresh)?;
        // Another duress may have been faster; then its file is as good.
        fs::rename(&fresh, &file).map_err(theirs)?;
        Ok(file)
    }

    fn build(
        &self,
        running: &Running,
        toolchain: &Toolchain,
        module: &Path,
        wanted: &Built,
        is_test: bool,
        file: &Path,
    ) -> Result<(), Broken> {
        #[expect(
            clippy::disallowed_methods,
            reason = "go, which builds the target; nothing of it is under duress"
        )]
        let mut command = Command::new(&toolchain.program);
        command.args(if is_test { &["test", "-c"][..] } else { &["build"][..] }).arg("-o").arg(file);
        command.args(&wanted.flags).arg(&wanted.package).current_dir(module);
        command.envs(toolchain.variables()).env_remove("GOROOT").envs(&wanted.env);
        let (status, said) = running.finish(command)?;
        match status.success() {
            true if file.is_file() => Ok(()),
            true => Err(Broken::Yours(format!(
                "{} has nothing to build in `{}`",
                module.display(),
                wanted.package
            ))),
            false if running.is_stopped() => Err(Broken::Stopped),
            false => Err(Broken::Yours(format!("it does not compile:\n{}", said.trim_end()))),
        }
    }
}

/// What a module is made of, and by what: another stamp, another executable.
fn stamp(toolchain: &Toolchain, module: &Path) -> io::Result<u64> {
    let mut stamp = DefaultHasher::new();
    toolchain.version.to_string().hash(&mut stamp);
    for name in VARIABLES {
        std::env::var_os(name).hash(&mut stamp);
    }
    let mut folders = vec![module.to_owned()];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> = fs::read_dir(&folder)?.flatten().collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let (path, kind) = (entry.path(), entry.file_type()?);
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && entry.file_name() != "scenario.toml" {
                path.strip_prefix(module).unwrap_or(&path).hash(&mut stamp);
                fs::read(&path)?.hash(&mut stamp);
            }
        }
    }
    Ok(stamp.finish())
}
