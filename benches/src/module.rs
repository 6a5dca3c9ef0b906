//! Go modules for measurement, in scratch folders.

#![expect(clippy::disallowed_methods, reason = "Go builds the test binaries that are measured")]

use crate::{Error, process};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A test that does nothing.
const NOTHING: &str = "package empty\n\nimport \"testing\"\n\nfunc TestNothing(t *testing.T) {}\n";

/// A test that waits until its fellows run as well, and then makes its calls. Binaries that are linked one after the
/// other would otherwise not run at the same time.
const CALLS: &str = r#"package PACKAGE

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

func TestCalls(t *testing.T) {
	meeting := os.Getenv("BENCH_MEETING")
	fellows, err := strconv.Atoi(os.Getenv("BENCH_FELLOWS"))
	if err != nil {
		t.Fatal(err)
	}
	calls, err := strconv.Atoi(os.Getenv("BENCH_CALLS"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(meeting, "PACKAGE"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		here, err := os.ReadDir(meeting)
		if err != nil {
			t.Fatal(err)
		}
		if len(here) == fellows {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("only %d test binaries of %d run at the same time", len(here), fellows)
		}
	}
	for i := 0; i < calls; i++ {
		syscall.Getppid()
	}
}
"#;

/// A Go module; its folder goes with it.
#[derive(Debug)]
pub(crate) struct Module {
    dir: TempDir,
}

impl Module {
    fn new(files: impl IntoIterator<Item = (String, String)>) -> Result<Module, Error> {
        let dir = tempfile::Builder::new()
            .prefix("duress-benches-")
            .tempdir()
            .map_err(Error::file("make a scratch folder"))?;
        let module = Module { dir };
        let own = ("go.mod".to_owned(), "module example.com/bench\n\ngo 1.19\n".to_owned());
        for (name, content) in files.into_iter().chain([own]) {
            let path = module.path().join(name);
            let folder = path.parent().unwrap_or(module.path());
            fs::create_dir_all(folder)
                .and_then(|()| fs::write(&path, content))
                .map_err(Error::file("write a Go module"))?;
        }
        Ok(module)
    }

    /// A module of one package, whose only test does nothing; with its test binary.
    ///
    /// # Errors
    /// It cannot be written or built.
    pub(crate) fn of_nothing() -> Result<(Module, PathBuf), Error> {
        let module = Module::new([("empty_test.go".to_owned(), NOTHING.to_owned())])?;
        let binary = module.path().join("empty.test");
        let mut build = Command::new("go");
        build
            .args(["test", "-c", "-o"])
            .arg(&binary)
            .arg(".")
            .current_dir(module.path())
            .env_remove("GOFLAGS");
        process::run(&mut build, process::Memory::Unwatched)?;
        Ok((module, binary))
    }

    /// A module of so many packages, called `p1` and so on, whose tests make calls together.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn of_callers(packages: usize) -> Result<Module, Error> {
        Module::new((1..=packages).map(|number| {
            let name = format!("p{number}");
            (format!("{name}/calls_test.go"), CALLS.replace("PACKAGE", &name))
        }))
    }

    /// Its folder.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }
}
