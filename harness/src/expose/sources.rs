//! The switches of a toolchain, from its GOROOT; and what of them an executable can read.

use crate::exit::Failure;
use golang::{Catalogue, Reader, Toolchain};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

/// The toolchain's switches, as its sources have them.
pub(crate) fn catalogue(toolchain: &Toolchain) -> Result<Catalogue, Failure> {
    let source = toolchain.goroot.join("src");
    let mut files = BTreeMap::new();
    collect(&source, &source, &mut files);
    let catalogue = Catalogue::read(&files);
    if catalogue.switches.is_empty() {
        return Err(Failure::theirs(format!(
            "the sources of {} in `{}` tell no switches",
            toolchain.version,
            source.display()
        ))
        .help("name a toolchain that has its sources with --go; some distributions put them into a package of their own"));
    }
    Ok(catalogue)
}

fn collect(folder: &Path, source: &Path, files: &mut BTreeMap<String, String>) {
    // What cannot be read is as if it were not there: the catalogue is shorter then.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let below = path.strip_prefix(source).unwrap_or(&path).to_string_lossy().into_owned();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && below != "cmd" && below != "vendor" && !below.ends_with("testdata") {
            collect(&path, source, files);
        } else if !is_folder && Catalogue::wants(&below) {
            let text = fs::read_to_string(&path).unwrap_or_default();
            if Catalogue::is_telling(&below, &text) {
                files.insert(below, text);
            }
        }
    }
}

/// Which packages an executable holds, by the names of its functions.
#[derive(Debug, Default)]
pub(crate) struct Linked {
    text: Option<String>,
    known: std::cell::RefCell<HashMap<String, bool>>,
}

impl Linked {
    /// Of this executable; of one that cannot be read nothing is known.
    pub(crate) fn of(file: Option<&Path>) -> Linked {
        let text = file.and_then(|file| fs::read(file).ok()).filter(|bytes| bytes.starts_with(b"\x7fELF"));
        let text = text.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        // Only a Go program's functions are named so.
        Linked { text: text.filter(|text| text.contains("runtime.main")), known: Default::default() }
    }

    /// Whether something in it may read this; yes where that is not known.
    ///
    /// # Go
    /// The table of functions names every function with its import path, stripped or not (runtime/symtab.go).
    pub(crate) fn may_read(&self, reader: &Reader) -> bool {
        match (reader, &self.text) {
            (Reader::Command | Reader::OtherSystem, _) => false,
            (Reader::Runtime | Reader::Build, _) | (Reader::Package(_), None) => true,
            (Reader::Package(package), Some(text)) => {
                let mut known = self.known.borrow_mut();
                *known.entry(package.clone()).or_insert_with(|| text.contains(&format!("{package}.")))
            }
        }
    }
}
