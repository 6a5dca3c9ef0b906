//! Where the dynamic linker looks for libraries, as far as its settings say.

use super::host::Host;
use golang::Linkage;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Folders that need no setting: ld.so(8), and what Debian's is built with.
const BUILT_IN: [&str; 6] =
    ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"];

/// Files that include others: not deeper than this, and not more folders than this.
const DEEPEST: usize = 4;
const MOST: usize = 256;

/// The folders that are searched for what an executable names, in their order. `origin` is the executable's own folder.
pub(super) fn folders(host: &Host, linkage: &Linkage, origin: &Path) -> Vec<String> {
    let own = origin.to_string_lossy();
    let mut folders: Vec<String> =
        host.variable("LD_LIBRARY_PATH").unwrap_or_default().split([':', ';']).map(str::to_owned).collect();
    let expanded = |folder: &String| folder.replace("${ORIGIN}", &own).replace("$ORIGIN", &own);
    folders.extend(linkage.run_path.iter().map(expanded));
    if linkage.interpreter.as_deref().is_some_and(|path| path.contains("ld-musl")) {
        folders.extend(["/lib", "/usr/local/lib", "/usr/lib"].map(str::to_owned));
    } else {
        read(host, "/etc/ld.so.conf", 0, &mut folders);
        folders.extend(BUILT_IN.map(str::to_owned));
    }
    folders.retain(|folder| folder.starts_with('/'));
    folders
}

/// ld.so.conf, as ldconfig(8) reads it: a folder a line, `include` with a pattern for names.
fn read(host: &Host, path: &str, depth: usize, folders: &mut Vec<String>) {
    let Ok(text) = host.root.text(path) else { return };
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if folders.len() >= MOST {
            return;
        }
        if let Some(pattern) = line.strip_prefix("include").filter(|rest| rest.starts_with([' ', '\t'])) {
            let pattern = Path::new(path).parent().unwrap_or(Path::new("/")).join(pattern.trim());
            if depth < DEEPEST {
                included(host, &pattern, depth, folders);
            }
        } else if line.starts_with('/') {
            folders.push(line.to_owned());
        }
    }
}

fn included(host: &Host, pattern: &Path, depth: usize, folders: &mut Vec<String>) {
    let (Some(folder), Some(name)) = (pattern.parent(), pattern.file_name()) else { return };
    for file in host.root.names(folder).unwrap_or_default() {
        if super::sysctl::part_matches(name.as_bytes(), file.as_bytes()) {
            read(host, &folder.join(file).to_string_lossy(), depth + 1, folders);
        }
    }
}

/// The first library of this name that could be loaded, and what it provides.
pub(super) fn find(host: &Host, name: &str, folders: &[String], machine: u16) -> Option<(PathBuf, Linkage)> {
    let paths: Vec<PathBuf> = if name.contains('/') {
        vec![PathBuf::from(name)]
    } else {
        folders.iter().map(|folder| Path::new(folder).join(name)).collect()
    };
    paths.into_iter().find_map(|path| {
        let file = host.root.open(&path).ok()?;
        let linkage = Linkage::read(|offset, buffer| file.read_at(buffer, offset)).ok()?;
        (linkage.machine == machine).then_some((path, linkage))
    })
}
