//! The tree that is looked at: this host, or a folder that has files like one.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

/// Where everything is read.
#[derive(Debug)]
pub(crate) struct Root {
    /// The folder of a tree; none for this host.
    tree: Option<PathBuf>,
}

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Absent {
    /// It is not there.
    Missing,
    /// It is there, and is no file that has an end: a folder, a pipe, a device.
    NoFile,
    /// Its links go round in circles.
    Loop,
    /// It may not be read, or cannot be.
    Unreadable(String),
}

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Absent::Missing => f.write_str("not there"),
            Absent::NoFile => f.write_str("no regular file"),
            Absent::Loop => f.write_str("a loop of links"),
            Absent::Unreadable(why) => f.write_str(why),
        }
    }
}

/// The most bytes of one file; settings are short, and a longer file is cut.
pub(crate) const LONGEST: u64 = 1 << 20;

/// The most links on one path, as the kernel has it (path_resolution(7)).
const LINKS: usize = 40;

impl Root {
    /// This host.
    pub(crate) fn live() -> Root {
        Root { tree: None }
    }

    /// A folder that stands for one.
    pub(crate) fn tree(folder: &Path) -> Root {
        Root { tree: Some(folder.to_owned()) }
    }

    /// Whether the kernel may be asked, too.
    pub(crate) fn is_live(&self) -> bool {
        self.tree.is_none()
    }

    /// What is said of what is missing.
    pub(crate) fn nowhere(&self) -> &'static str {
        if self.is_live() { "not on this host" } else { "not in this tree" }
    }

    /// The text of a file, cut at [`LONGEST`]; bytes that are no text are replaced.
    pub(crate) fn text(&self, path: impl AsRef<Path>) -> Result<String, Absent> {
        self.bytes(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The bytes of a file, cut at [`LONGEST`].
    pub(crate) fn bytes(&self, path: impl AsRef<Path>) -> Result<Vec<u8>, Absent> {
        let file = self.open(path)?;
        let mut bytes = Vec::new();
        file.take(LONGEST).read_to_end(&mut bytes).map_err(|error| Absent::of(&error))?;
        Ok(bytes)
    }

    /// The text of a file of one line.
    pub(crate) fn line(&self, path: impl AsRef<Path>) -> Option<String> {
        self.text(path).ok().map(|text| text.trim().to_owned())
    }

    /// A regular file.
    pub(crate) fn open(&self, path: impl AsRef<Path>) -> Result<File, Absent> {
        let place = self.place(path.as_ref())?;
        let mut options = File::options();
        // A pipe without a writer must not keep us waiting.
        options.read(true).custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC);
        let file = options.open(place).map_err(|error| Absent::of(&error))?;
        let is_file = file.metadata().map_err(|error| Absent::of(&error))?.is_file();
        if is_file { Ok(file) } else { Err(Absent::NoFile) }
    }

    /// The names in a folder, sorted by their bytes.
    pub(crate) fn names(&self, folder: impl AsRef<Path>) -> Result<Vec<OsString>, Absent> {
        let entries = fs::read_dir(self.place(folder.as_ref())?).map_err(|error| Absent::of(&error))?;
        let mut names: Vec<OsString> = entries.flatten().map(|entry| entry.file_name()).collect();
        names.sort();
        Ok(names)
    }

    /// Whether something is there, whatever it is.
    pub(crate) fn has(&self, path: impl AsRef<Path>) -> bool {
        self.place(path.as_ref()).is_ok_and(|place| place.exists())
    }

    /// Whether a folder is there.
    pub(crate) fn has_folder(&self, path: impl AsRef<Path>) -> bool {
        self.place(path.as_ref()).is_ok_and(|place| place.is_dir())
    }

    /// Whether a program is there.
    pub(crate) fn has_program(&self, path: impl AsRef<Path>) -> bool {
        self.place(path.as_ref())
            .and_then(|place| place.metadata().map_err(|error| Absent::of(&error)))
            .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
    }

    /// Where a link points, as it says it; nothing for what is no link.
    pub(crate) fn link(&self, path: impl AsRef<Path>) -> Option<PathBuf> {
        let path = path.as_ref();
        let folder = self.place(path.parent()?).ok()?;
        fs::read_link(folder.join(path.file_name()?)).ok()
    }

    /// The path without links, as the tree has it.
    pub(crate) fn resolved(&self, path: impl AsRef<Path>) -> Option<PathBuf> {
        let place = self.place(path.as_ref()).ok()?;
        match &self.tree {
            None => place.canonicalize().ok(),
            Some(tree) => Some(Path::new("/").join(place.strip_prefix(tree).ok()?)),
        }
    }

    /// The folder of all mounted file systems is the kernel's own, whose links mean what only it knows.
    fn place(&self, path: &Path) -> Result<PathBuf, Absent> {
        match &self.tree {
            None => Ok(path.to_owned()),
            Some(tree) => within(tree, path),
        }
    }
}

impl Absent {
    fn of(error: &io::Error) -> Absent {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Absent::Missing,
            _ if error.raw_os_error() == Some(libc::ELOOP) => Absent::Loop,
            io::ErrorKind::PermissionDenied => Absent::Unreadable("may not be read".to_owned()),
            _ => Absent::Unreadable(error.to_string()),
        }
    }
}

/// Walks a path within a tree, so that its links lead nowhere else: `/` and what is above it are the tree itself.
fn within(tree: &Path, path: &Path) -> Result<PathBuf, Absent> {
    let names = |path: &Path| -> Vec<Step> { path.components().rev().filter_map(Step::of).collect() };
    let mut open = names(path);
    let mut place = tree.to_owned();
    let mut depth = 0_usize;
    let mut links = 0;
    while let Some(step) = open.pop() {
        match step {
            Step::Up if depth == 0 => {}
            Step::Up => {
                place.pop();
                depth -= 1;
            }
            Step::Top => {
                tree.clone_into(&mut place);
                depth = 0;
            }
            Step::Into(name) => match fs::read_link(place.join(&name)) {
                Ok(target) => {
                    links += 1;
                    if links > LINKS {
                        return Err(Absent::Loop);
                    }
                    open.extend(names(&target));
                }
                Err(_) => {
                    place.push(name);
                    depth += 1;
                }
            },
        }
    }
    Ok(place)
}

enum Step {
    Top,
    Up,
    Into(OsString),
}

impl Step {
    fn of(component: Component<'_>) -> Option<Step> {
        match component {
            Component::RootDir => Some(Step::Top),
            Component::ParentDir => Some(Step::Up),
            Component::Normal(name) => Some(Step::Into(OsStr::to_owned(name))),
            Component::CurDir | Component::Prefix(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_of_a_tree_stay_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("etc/deep")).unwrap();
        fs::write(at("etc/own"), "of the tree\n").unwrap();
        for (link, target) in [
            ("etc/absolute", "/etc/own"),
            ("etc/relative", "../etc/own"),
            ("etc/above", "../../../../../../etc/own"),
            ("etc/deep/up", "/etc/deep/../own"),
            ("etc/host", "/etc/passwd"),
            ("etc/one", "two"),
            ("etc/two", "one"),
        ] {
            symlink(target, at(link)).unwrap();
        }
        let root = Root::tree(folder.path());
        for path in
            ["/etc/own", "/etc/absolute", "/etc/relative", "/etc/above", "/etc/deep/up", "/../etc/own"]
        {
            assert_eq!(root.line(path).as_deref(), Some("of the tree"), "{path}");
            assert_eq!(root.resolved(path), Some(PathBuf::from("/etc/own")), "{path}");
        }
        assert_eq!(root.text("/etc/host"), Err(Absent::Missing));
        assert_eq!(root.text("/etc/one"), Err(Absent::Loop));
        assert_eq!(root.text("/etc"), Err(Absent::NoFile));
        assert_eq!(root.text("/etc/own/below"), Err(Absent::Missing));
    }

    #[test]
    fn a_huge_file_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let file = File::create(folder.path().join("huge")).unwrap();
        file.set_len(1 << 40).unwrap();
        assert_eq!(Root::tree(folder.path()).bytes("/huge").unwrap().len() as u64, LONGEST);
    }
}
