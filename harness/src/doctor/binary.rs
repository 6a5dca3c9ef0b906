//! The audit of an executable: whether it can run here, and what it says of its build.

use super::check::{Check, State};
use super::host::Host;
use super::loader;
use super::root::Root;
use crate::exit::{Failure, chain};
use golang::{BuildInfo, Image, Linkage, Support};
use serde::Serialize;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// What is known of an executable.
#[derive(Debug, Serialize)]
pub(crate) struct Audit {
    pub(crate) file: PathBuf,
    /// Whether it can run on the host that was looked at.
    pub(crate) runs: bool,
    /// Why not.
    pub(crate) obstacles: Vec<String>,
    /// `static` or `dynamic`; nothing for what is no executable.
    pub(crate) linking: Option<&'static str>,
    pub(crate) interpreter: Option<String>,
    pub(crate) needed: Vec<Library>,
    /// The newest version of glibc's symbols that it needs, and that there is.
    pub(crate) glibc_needed: Option<String>,
    pub(crate) glibc_here: Option<String>,
    pub(crate) go: Option<String>,
    pub(crate) path: Option<String>,
    /// The settings of the build, in their order.
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) symbols: bool,
    pub(crate) dwarf: bool,
    pub(crate) pclntab: bool,
    /// `verified`, `checked` or nothing: whether call sites can be told.
    pub(crate) call_sites: Option<&'static str>,
    pub(crate) checks: Vec<Check>,
}

/// A library that it names, and where it is.
#[derive(Debug, Serialize)]
pub(crate) struct Library {
    pub(crate) name: String,
    pub(crate) found: Option<PathBuf>,
}

/// `EM_X86_64`, the only machine that duress is for.
const X86_64: u16 = 62;

impl Audit {
    /// Looks at a file: of the tree, where its path is whole and it is there, else of this host. What it needs is looked for in the tree.
    pub(crate) fn of(path: &Path, host: &Host) -> Result<Audit, Failure> {
        let unreadable = |why: &dyn std::fmt::Display| {
            Failure::yours(format!("cannot read the executable {}: {why}", path.display()))
        };
        let own = !host.root.is_live() && path.is_absolute() && host.root.has(path);
        let root = if own { &host.root } else { &Root::live() };
        let file = root.open(path).map_err(|why| unreadable(&why))?;
        let read_at = |offset: u64, buffer: &mut [u8]| file.read_at(buffer, offset);
        let mut audit = Audit {
            file: path.to_owned(),
            runs: false,
            obstacles: Vec::new(),
            linking: None,
            interpreter: None,
            needed: Vec::new(),
            glibc_needed: None,
            glibc_here: None,
            go: None,
            path: None,
            settings: Vec::new(),
            symbols: false,
            dwarf: false,
            pclntab: false,
            call_sites: None,
            checks: Vec::new(),
        };
        match Linkage::read(read_at) {
            Err(error) => audit.obstacles.push(chain(&error)),
            Ok(linkage) => {
                let folder = root.resolved(path).and_then(|path| path.parent().map(Path::to_owned));
                audit.link(&linkage, &folder.unwrap_or_default(), host);
                audit.build(BuildInfo::read(read_at));
                audit.sites(Image::read(read_at));
            }
        }
        audit.runs = audit.obstacles.is_empty();
        audit.checks.insert(0, audit.verdict());
        Ok(audit)
    }

    fn verdict(&self) -> Check {
        let found = self.file.display().to_string();
        match &self.obstacles[..] {
            [] => Check::new("binary", State::Ok, found, "nothing keeps it from starting here"),
            [only] => Check::new("binary", State::No, found, format!("it cannot run here: {only}")),
            [first, others @ ..] => {
                Check::new("binary", State::No, found, format!("it cannot run here: {first}"))
                    .details(others.iter().cloned())
            }
        }
    }

    fn link(&mut self, linkage: &Linkage, origin: &Path, host: &Host) {
        if !linkage.is_loadable {
            self.obstacles.push("it is an ELF file, and neither an executable nor a library".to_owned());
        }
        if linkage.machine != X86_64 || !linkage.is_64 {
            let bits = if linkage.is_64 { 64 } else { 32 };
            self.obstacles
                .push(format!("it is for another machine (ELF machine {}, {bits} bits)", linkage.machine));
        }
        self.linking = Some(if linkage.interpreter.is_none() && linkage.needed.is_empty() {
            "static"
        } else {
            "dynamic"
        });
        self.interpreter.clone_from(&linkage.interpreter);
        if let Some(interpreter) = &linkage.interpreter
            && !host.root.has_program(interpreter)
        {
            self.obstacles.push(format!("its interpreter {interpreter} is {}", host.root.nowhere()));
        }
        let folders = loader::folders(host, linkage, origin);
        for name in &linkage.needed {
            let found = loader::find(host, name, &folders, linkage.machine);
            match &found {
                None => self.obstacles.push(format!("{name} is in no folder that is searched")),
                Some((_, library)) => self.compare(name, linkage, library),
            }
            self.needed.push(Library { name: name.clone(), found: found.map(|(path, _)| path) });
        }
        (self.symbols, self.dwarf) = (linkage.has_symbols, linkage.has_dwarf);
        let all = linkage.versions.iter().map(|(_, version)| version.as_str());
        self.glibc_needed = newest(all);
        let kind = if linkage.is_relocatable { ", at any address (PIE)" } else { "" };
        let found = format!("{}{kind}", self.linking.unwrap_or_default());
        let libraries = self.needed.iter().map(|library| match &library.found {
            Some(path) => format!("{} => {}", library.name, path.display()),
            None => format!("{} => not found", library.name),
        });
        let details: Vec<String> =
            self.interpreter.iter().map(|path| format!("interpreter {path}")).chain(libraries).collect();
        let state = if self.obstacles.is_empty() { State::Ok } else { State::No };
        let meaning = if details.is_empty() {
            "it needs no library"
        } else {
            "libraries that they need in turn are not looked at"
        };
        self.checks.push(Check::new("linking", state, found, meaning).details(details));
        if let Some(needed) = &self.glibc_needed {
            let here = self.glibc_here.as_deref().unwrap_or("not found");
            let found = format!("needs {needed}, here is {here}");
            let lacks = self.obstacles.iter().any(|obstacle| obstacle.contains(" lacks "));
            let state = if lacks || self.glibc_here.is_none() { State::No } else { State::Ok };
            let check = Check::new(
                "glibc",
                state,
                found,
                "an executable runs with the glibc that it was built with, and newer ones",
            );
            self.checks.push(if state == State::No {
                check.help("build it on the oldest host, or with CGO_ENABLED=0")
            } else {
                check
            });
        }
    }

    /// Holds the versions that are needed of a library against those that it has.
    fn compare(&mut self, name: &str, linkage: &Linkage, library: &Linkage) {
        let lacking =
            linkage.versions.iter().filter(|(of, version)| of == name && !library.provided.contains(version));
        let lacking: Vec<&str> = lacking.map(|(_, version)| version.as_str()).collect();
        if name.starts_with("libc.so") {
            self.glibc_here = newest(library.provided.iter().map(String::as_str));
        }
        // musl has no versions, and its loader looks at none.
        if !lacking.is_empty() && !library.provided.is_empty() {
            let has = newest(library.provided.iter().map(String::as_str))
                .map_or(String::new(), |newest| format!(" (it has {newest})"));
            self.obstacles.push(format!("{name} lacks {}{has}", lacking.join(", ")));
        }
    }

    fn build(&mut self, info: Result<BuildInfo, golang::Error>) {
        let check = match info {
            Err(error) => Check::new("build", State::Limited, chain(&error), "nothing is known of its build"),
            Ok(info) => {
                let is_race = info.is_race();
                let details: Vec<String> =
                    info.settings.iter().map(|(key, value)| format!("{key}={value}")).collect();
                let found = format!("{} {}", info.go, info.path);
                let meaning =
                    if is_race { "built with the race detector" } else { "built without the race detector" };
                (self.go, self.path, self.settings) = (Some(info.go), Some(info.path), info.settings);
                Check::new("build", State::Ok, found.trim().to_owned(), meaning).details(details)
            }
        };
        self.checks.push(check);
        let (symbols, dwarf) = (self.symbols, self.dwarf);
        let found = format!(
            ".symtab {}, DWARF {}",
            if symbols { "yes" } else { "no" },
            if dwarf { "yes" } else { "no" }
        );
        let meaning = match (symbols, dwarf) {
            (_, true) => "not stripped: debuggers know it",
            (true, false) => "debuggers know its symbols, not its lines; duress needs neither",
            (false, false) => "stripped: debuggers know little; duress needs neither",
        };
        self.checks.push(Check::new("stripped", State::Ok, found, meaning));
    }

    fn sites(&mut self, image: Result<Image, golang::Error>) {
        self.pclntab = !matches!(image, Err(golang::Error::Pclntab { .. } | golang::Error::NotGo { .. }));
        let check = match image {
            Ok(image) if image.support == Support::Verified => {
                self.call_sites = Some("verified");
                Check::new("pclntab", State::Ok, "its table of functions is whole", "call sites can be told")
            }
            Ok(image) => {
                self.call_sites = Some("checked");
                let found = format!("its table of functions is whole; {} was not verified", image.version);
                Check::new(
                    "pclntab",
                    State::Limited,
                    found,
                    "call sites are told if it passes every check, and refused else",
                )
            }
            Err(error) => {
                Check::new("pclntab", State::Limited, chain(&error), "no call sites, goroutines, tests")
            }
        };
        self.checks.push(check);
    }
}

/// The newest `GLIBC_` version of these.
fn newest<'a>(versions: impl Iterator<Item = &'a str>) -> Option<String> {
    let numbers = |version: &str| -> Option<Vec<u32>> {
        version.strip_prefix("GLIBC_")?.split('.').map(|part| part.parse().ok()).collect()
    };
    let known = versions.filter_map(|version| numbers(version).map(|numbers| (numbers, version)));
    known.max().map(|(_, version)| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::newest;

    #[test]
    fn versions_are_compared_by_number() {
        let versions = ["GLIBC_2.4", "GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_PRIVATE", "OTHER_9.9"];
        assert_eq!(newest(versions.into_iter()).as_deref(), Some("GLIBC_2.34"));
        assert_eq!(newest(["GLIBC_PRIVATE"].into_iter()), None);
    }
}
