//! What a target is started with on the host that a persona stands for: variables, arguments, limits, CPUs.
//!
//! They come in a file, named by a variable, for the same reasons as [`crate::padding`]; and limits are set last, by the
//! thread without a filter, because this shim could not itself live within some of them.
//!
//! The file: four lines (`keep`, `cpus`, `limits`, `strings`), then strings, each with its NUL: as many variables and
//! pairs of files as the last line says, and arguments.

use crate::padding::{Launch, PADDING, strings};
use crate::sys;
use std::ffi::{CStr, CString, OsStr};
use std::fmt::Write as _;
use std::fs;

/// The variable that names the file.
pub const SURROUNDINGS: &str = "DURESS_SHIM_SURROUNDINGS";

/// A limit by number, soft and hard, as setrlimit(2) has them.
pub type Limit = (u32, u64, u64);

/// What differs from how a target would be started without us.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// The names of the variables that it keeps of its own; all of them where none are listed.
    pub keep: Option<Vec<String>>,
    /// Variables (`NAME=value`) in the place of its own of the same name, else behind them.
    pub variables: Vec<CString>,
    /// Arguments behind its own.
    pub arguments: Vec<CString>,
    /// Its limits.
    pub limits: Vec<Limit>,
    /// It may run on so many of the CPUs that it could run on.
    pub cpus: Option<u32>,
    /// Files in the place of others: a path, and the file that is found there, in a mount namespace of its own.
    pub files: Vec<(CString, CString)>,
}

impl Surroundings {
    /// Whether all is as it is without us.
    pub fn is_empty(&self) -> bool {
        *self == Surroundings::default()
    }

    /// As the file has it.
    pub fn encode(&self) -> Vec<u8> {
        let mut head = String::from("keep");
        match &self.keep {
            None => head += " *",
            Some(names) => names.iter().for_each(|name| head += &format!(" {name}")),
        }
        head += "\ncpus";
        if let Some(cpus) = self.cpus {
            let _ = write!(head, " {cpus}");
        }
        head += "\nlimits";
        for (resource, soft, hard) in &self.limits {
            let _ = write!(head, " {resource}:{soft}:{hard}");
        }
        let _ = writeln!(head, "\nstrings {} {}", self.variables.len(), self.files.len());
        let mut bytes = head.into_bytes();
        let files = self.files.iter().flat_map(|(path, file)| [path, file]);
        for string in self.variables.iter().chain(files).chain(&self.arguments) {
            bytes.extend_from_slice(string.as_bytes_with_nul());
        }
        bytes
    }

    /// From a file.
    pub fn decode(bytes: &[u8]) -> Option<Surroundings> {
        let mut lines = bytes.splitn(5, |byte| *byte == b'\n');
        let mut line = |key: &str| {
            let line = std::str::from_utf8(lines.next()?).ok()?;
            line.strip_prefix(key).map(|rest| rest.split(' ').skip(1).collect::<Vec<_>>())
        };
        let keep = match &line("keep")?[..] {
            ["*"] => None,
            names => Some(names.iter().map(|name| (*name).to_owned()).collect()),
        };
        let cpus = match &line("cpus")?[..] {
            [] => None,
            [cpus] => Some(cpus.parse().ok()?),
            _ => return None,
        };
        let limits = line("limits")?
            .into_iter()
            .map(|limit| {
                let mut parts = limit.split(':');
                let limit =
                    (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
                Some(limit)
            })
            .collect::<Option<_>>()?;
        let [variables, files] = line("strings")?[..] else { return None };
        let (variables, files): (usize, usize) = (variables.parse().ok()?, files.parse().ok()?);
        let mut strings = strings(lines.next()?)?.into_iter();
        let variables: Vec<CString> = strings.by_ref().take(variables).collect();
        let mut pairs = Vec::new();
        for _ in 0..files {
            pairs.push((strings.next()?, strings.next()?));
        }
        Some(Surroundings { keep, variables, arguments: strings.collect(), limits, cpus, files: pairs })
    }

    /// What a target is started with here that would be started like this.
    fn apply(&self, launch: &mut Launch) {
        if let Some(keep) = &self.keep {
            launch.variables.retain(|own| keep.iter().any(|kept| name(own) == kept.as_bytes()));
        }
        for variable in &self.variables {
            let same = launch.variables.iter().position(|own| name(own) == name(variable));
            match same {
                Some(place) => launch.variables[place].clone_from(variable),
                None => launch.variables.push(variable.clone()),
            }
        }
        launch.arguments.extend(self.arguments.iter().cloned());
    }
}

/// What stands before a variable's `=`.
fn name(variable: &CStr) -> &[u8] {
    variable.to_bytes().split(|byte| *byte == b'=').next().unwrap_or_default()
}

/// The target's surroundings, where a file says that they differ from this process's; its CPUs and mounts are
/// set for this thread.
///
/// # Errors
/// The error number, where the file cannot be read or CPUs or mounts not be had.
pub(crate) fn launch(path: &OsStr, arguments: &[CString]) -> Result<Option<(Launch, Vec<Limit>)>, i32> {
    let Some(file) = std::env::var_os(SURROUNDINGS) else { return Ok(None) };
    let bytes = fs::read(&file).map_err(|error| error.raw_os_error().unwrap_or(libc::EIO))?;
    let surroundings = Surroundings::decode(&bytes).ok_or(libc::EINVAL)?;
    let mut launch = Launch::own(path, arguments);
    surroundings.apply(&mut launch);
    if let Some(cpus) = surroundings.cpus {
        sys::run_on(cpus)?;
    }
    if !surroundings.files.is_empty() {
        sys::own_mounts()?;
        surroundings.files.iter().try_for_each(|(path, file)| sys::mount_over(file, path))?;
    }
    Ok(Some((launch, surroundings.limits)))
}

/// Whether a variable is one of ours, which no target sees.
pub(crate) fn is_ours(variable: &CStr) -> bool {
    [PADDING, SURROUNDINGS].iter().any(|ours| name(variable) == ours.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> CString {
        CString::new(text).expect("no zero is in it")
    }

    #[test]
    fn what_is_written_reads_back_and_broken_files_are_none() {
        for keep in [None, Some(vec![]), Some(vec!["HOME".to_owned(), "LANG".to_owned()])] {
            let surroundings = Surroundings {
                keep,
                variables: vec![text("A=1\n2"), text("B=")],
                arguments: vec![text(""), text("x y")],
                limits: vec![(7, 64, 128), (3, u64::MAX, u64::MAX)],
                cpus: Some(1),
                files: vec![(text("/a"), text("/b")), (text("/c"), text("/d"))],
            };
            assert_eq!(Surroundings::decode(&surroundings.encode()), Some(surroundings.clone()));
            for end in 0..surroundings.encode().len() {
                let cut = Surroundings::decode(&surroundings.encode()[..end]);
                assert_ne!(cut, Some(surroundings.clone()));
            }
        }
        assert_eq!(Surroundings::decode(&Surroundings::default().encode()), Some(Surroundings::default()));
    }

    #[test]
    fn variables_are_kept_by_name_and_replaced_in_their_place() {
        let mut launch = Launch {
            path: text("/x"),
            arguments: vec![text("x")],
            variables: vec![text("PATH=/a"), text("HOME=/h"), text("HOMER=1")],
        };
        let surroundings = Surroundings {
            keep: Some(vec!["PATH".into(), "HOME".into()]),
            variables: vec![text("PATH=/b"), text("C=d")],
            arguments: vec![text("more")],
            ..Surroundings::default()
        };
        surroundings.apply(&mut launch);
        assert_eq!(launch.variables, [text("PATH=/b"), text("HOME=/h"), text("C=d")]);
        assert_eq!(launch.arguments, [text("x"), text("more")]);
    }
}
