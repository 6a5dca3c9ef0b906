//! Go modules in scratch folders.

#![expect(clippy::disallowed_methods, reason = "building a Go program means starting go")]

use crate::duress_path;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A Go module; its folder goes with it.
#[derive(Debug)]
pub struct Module {
    dir: TempDir,
}

impl Module {
    /// A module `example.com/x` of these files, by path and content. `go.mod` is there already.
    ///
    /// # Panics
    /// Where the scratch folder cannot be written.
    pub fn new(files: &[(&str, &str)]) -> Module {
        let dir = tempfile::Builder::new().prefix("duress-e2e-").tempdir().expect("a scratch folder");
        let module = Module { dir };
        module.write("go.mod", "module example.com/x\n\ngo 1.19\n");
        for (path, content) in files {
            module.write(path, content);
        }
        module
    }

    /// A module whose one test has this body; it may use the packages that it names.
    pub fn with_test(imports: &[&str], body: &str) -> Module {
        let imports: String = imports.iter().map(|name| format!("\t\"{name}\"\n")).collect();
        let text = format!(
            "package x\n\nimport (\n\t\"testing\"\n{imports})\n\nfunc TestX(t *testing.T) {{\n{body}\n}}\n"
        );
        Module::new(&[("x_test.go", &text)])
    }

    /// Writes a file of the module.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn write(&self, path: &str, content: &str) {
        let path = self.dir.path().join(path);
        fs::create_dir_all(path.parent().expect("a file within the module")).expect("a folder of the module");
        fs::write(path, content).expect("a file of the module");
    }

    /// The module's program, built beside duress in cargo's own scratch folder.
    ///
    /// # Panics
    /// Where it cannot be built.
    pub fn program(&self, name: &str) -> PathBuf {
        built(self.path(), &["build"], name)
    }

    /// The module's tests as a program, built likewise.
    ///
    /// # Panics
    /// Where they cannot be built.
    pub fn tests(&self, name: &str) -> PathBuf {
        built(self.path(), &["test", "-c"], name)
    }

    /// The module's folder.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A path within the module's folder.
    pub fn join(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

/// What `go` makes of this folder, beside duress in cargo's own scratch folder.
///
/// # Panics
/// Where it cannot be built.
pub fn built(folder: &Path, verb: &[&str], name: &str) -> PathBuf {
    let path = duress_path().with_file_name(name);
    // Moved there in one step: it may be running, for another's tests.
    let fresh = path.with_extension(std::process::id().to_string());
    let build = Command::new("go").current_dir(folder).args(verb).arg("-o").arg(&fresh).output();
    let build = build.expect("go is there");
    assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stderr));
    fs::rename(&fresh, &path).expect("both are in one folder");
    path
}
