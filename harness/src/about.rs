//! What an executable says of itself.

use golang::BuildInfo;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// What an executable says of itself.
#[derive(Debug, Default)]
pub(crate) struct About {
    /// The import path of the package that it tests, where it is a Go test binary.
    pub(crate) name: Option<String>,
    /// The Go version that built it.
    pub(crate) go: Option<String>,
}

/// Reads an executable's build information, a few kilobytes of it. What is no Go program is not an error.
pub(crate) fn about(program: &Path) -> About {
    let Ok(file) = File::open(program) else { return About::default() };
    match BuildInfo::read(|offset, buffer| file.read_at(buffer, offset)) {
        Ok(info) => About { name: info.package_under_test().map(str::to_owned), go: Some(info.go) },
        Err(_) => About::default(),
    }
}
