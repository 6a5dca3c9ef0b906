//! Whose a function is, and what of a call path people mean by it.

use super::pclntab::Pclntab;
use crate::BuildInfo;
use model::{Code, Frame};

/// What is needed to tell the user's own functions from others.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// What the names of the standard library's source files begin with (`/usr/local/go/src/`); empty with `-trimpath`.
    library: Option<String>,
    /// The path of the main module.
    module: Option<String>,
    /// The import path of the package under test.
    under_test: Option<String>,
    /// Whether it is a test binary.
    pub(crate) is_test: bool,
}

/// The standard library's own file by which its folder is found.
const KNOWN: &str = "runtime/proc.go";

impl Names {
    /// From the table of an executable and what its build information says.
    pub(crate) fn of(table: &Pclntab, info: &BuildInfo) -> Names {
        let mut names = Names {
            module: info.module.clone(),
            under_test: info.package_under_test().map(str::to_owned),
            ..Names::default()
        };
        let mut main = None;
        for function in (0..table.count()).filter_map(|index| table.function(index)) {
            if main.is_none() && table.is_named(function, b"runtime.main") {
                main = Some(function);
            }
            names.is_test = names.is_test || table.is_named(function, b"testing.tRunner");
        }
        let line = main.and_then(|main| table.line(main, main.entry));
        let file = line.map(|line| String::from_utf8_lossy(line.file));
        names.library = file.and_then(|file| file.strip_suffix(KNOWN).map(str::to_owned));
        names
    }

    /// Whose a function of this name is, which was compiled from this file.
    pub(crate) fn code(&self, function: &str, file: &str) -> Code {
        let frame = Frame {
            function: function.into(),
            file: Default::default(),
            line: 0,
            code: Code::Foreign,
            is_shown: false,
        };
        let package = frame.package();
        let package: &str = &package;
        let within = |path: &str| {
            package.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if let Some(tested) = &self.under_test
            && package.strip_suffix("_test").unwrap_or(package) == tested
        {
            return Code::User;
        }
        if package == "main" && file.ends_with("_testmain.go") {
            return Code::Standard;
        }
        if self.is_library(package, file) {
            return Code::Standard;
        }
        let is_elsewhere = file.contains("/pkg/mod/") || file.contains('@') || file.contains("/vendor/");
        match &self.module {
            Some(module) if within(module) || package == "main" => Code::User,
            Some(_) if is_elsewhere => Code::Dependency,
            // A replaced module has its sources somewhere, and so has what a workspace adds: those are the user's.
            Some(_) | None => {
                if is_elsewhere {
                    Code::Dependency
                } else {
                    Code::User
                }
            }
        }
    }

    fn is_library(&self, package: &str, file: &str) -> bool {
        match self.library.as_deref() {
            Some(library) if !library.is_empty() && !file.starts_with('<') && !file.is_empty() => {
                file.starts_with(library)
            }
            // Without folders only the import path tells: the standard library's have no dot in the first element.
            _ => {
                let first = package.split('/').next().unwrap_or_default();
                let is_own = self.module.as_deref().is_some_and(|module| {
                    package.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                });
                !first.contains('.') && !["", "main", "command-line-arguments"].contains(&first) && !is_own
            }
        }
    }
}

/// Marks the frames that people are shown, innermost first: what they mean by "my code called os.OpenFile".
///
/// Left out are the wrappers at the lower end (`syscall.Syscall6`, `internal/poll.(*FD).Write`, `os.openFileNolog`), down
/// to the first function that is meant to be called from outside; functions of the runtime, as Go's own traceback does
/// (runtime/traceback.go, `showfuncinfo`); and the test runner.
pub(crate) fn show(frames: &mut [Frame]) {
    let is_plain: Vec<bool> =
        frames.iter().enumerate().map(|(depth, frame)| is_plain(frame, depth)).collect();
    let is_system: Vec<bool> = frames.iter().map(|frame| is_system(&frame.package())).collect();
    let is_called_from_outside = |depth: usize| {
        let caller = frames.get(depth + 1).filter(|caller| caller.code != Code::Standard);
        caller.is_some() && !is_system[depth + 1]
    };
    let is_public = |depth: usize| {
        let frame = &frames[depth];
        is_called_from_outside(depth)
            || !is_system[depth] && (frame.code != Code::Standard || is_exported(&frame.function))
    };
    let first =
        |fits: &dyn Fn(usize) -> bool| (0..frames.len()).find(|depth| is_plain[*depth] && fits(*depth));
    let start = first(&is_public).or_else(|| first(&|depth| !is_system[depth]));
    for (depth, frame) in frames.iter_mut().enumerate() {
        frame.is_shown = match start {
            Some(start) => depth >= start && is_plain[depth] || frame.code == Code::Foreign,
            // Only the runtime itself.
            None => true,
        };
    }
}

/// Whether Go's own traceback would show it, and it is no part of the test runner.
fn is_plain(frame: &Frame, depth: usize) -> bool {
    let name: &str = &frame.function;
    let in_runtime = name.strip_prefix("runtime.");
    match name {
        "runtime.gopanic" => depth > 0,
        // The closures that these defer, too.
        _ if name.starts_with("testing.tRunner") || name.starts_with("testing.fRunner") => false,
        "main.main" => frame.code == Code::User,
        _ => in_runtime.is_none_or(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase())),
    }
}

/// Packages that only pass calls on to the kernel.
fn is_system(package: &str) -> bool {
    let below =
        |path: &str| package.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    ["runtime", "syscall", "internal", "golang.org/x/sys"].iter().any(|path| below(path))
}

/// Whether a function can be called from outside of its package: it, and the type that it is a method of, have names
/// that begin with a capital, and it is no closure.
fn is_exported(function: &str) -> bool {
    let plain = function.replace("[...]", "");
    let name = plain.rsplit('/').next().unwrap_or_default();
    let parts: Vec<&str> = name.split('.').skip(1).collect();
    let is_capital = |part: &&str| part.trim_start_matches(['(', '*']).starts_with(char::is_uppercase);
    (1..=2).contains(&parts.len()) && parts.iter().all(is_capital)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_called_from_outside_is_told_by_capitals() {
        for name in ["os.OpenFile", "os.(*File).Write", "net/http.(*Client).Do", "slices.SortFunc[...]"] {
            assert!(is_exported(name), "{name}");
        }
        for name in [
            "os.openFileNolog",
            "os.(*file).close",
            "os.(*File).write",
            "os.Open.func1",
            "<C>",
            "net.(*netFD).Read",
        ] {
            assert!(!is_exported(name), "{name}");
        }
    }

    fn shown(path: &[(&str, Code)]) -> Vec<String> {
        let mut frames: Vec<Frame> = path
            .iter()
            .map(|(function, code)| Frame {
                function: (*function).into(),
                file: Default::default(),
                line: 1,
                code: *code,
                is_shown: false,
            })
            .collect();
        show(&mut frames);
        frames.into_iter().filter(|frame| frame.is_shown).map(|frame| frame.function.to_string()).collect()
    }

    #[test]
    fn a_path_begins_where_user_code_calls_the_library() {
        use Code::{Dependency, Foreign, Standard, User};
        let check = |path: &[(&str, Code)], expect: &[&str]| assert_eq!(shown(path), expect);
        check(
            &[
                ("internal/runtime/syscall.Syscall6", Standard),
                ("syscall.RawSyscall6", Standard),
                ("syscall.Syscall6", Standard),
                ("syscall.openat", Standard),
                ("os.open", Standard),
                ("os.openFileNolog", Standard),
                ("os.OpenFile", Standard),
                ("example.com/store.Save", User),
                ("example.com/store.TestSave", User),
                ("testing.tRunner", Standard),
                ("runtime.goexit", Standard),
            ],
            &["os.OpenFile", "example.com/store.Save", "example.com/store.TestSave"],
        );
        check(
            &[("syscall.RawSyscall6", Standard), ("syscall.Write", Standard), ("main.f", User)],
            &["syscall.Write", "main.f"],
        );
        check(
            &[
                ("syscall.Syscall", Standard),
                ("golang.org/x/sys/unix.Fallocate", Dependency),
                ("main.f", User),
            ],
            &["golang.org/x/sys/unix.Fallocate", "main.f"],
        );
        check(
            &[
                ("syscall.Syscall", Standard),
                ("os.(*File).Write", Standard),
                ("bufio.(*Writer).Flush", Standard),
                ("main.f", User),
                ("runtime.gopanic", Standard),
                ("runtime.main", Standard),
            ],
            &["os.(*File).Write", "bufio.(*Writer).Flush", "main.f", "runtime.gopanic"],
        );
        // Nothing that can be called from outside: all that is not the system's.
        check(
            &[
                ("internal/poll.(*FD).Read", Standard),
                ("net.(*netFD).Read", Standard),
                ("net/http.(*connReader).backgroundRead", Standard),
                ("runtime.goexit", Standard),
            ],
            &["net.(*netFD).Read", "net/http.(*connReader).backgroundRead"],
        );
        check(
            &[("runtime.futex", Standard), ("runtime.mcall", Standard)],
            &["runtime.futex", "runtime.mcall"],
        );
        check(
            &[("<C>", Foreign), ("runtime.cgocall", Standard), ("main._Cfunc_f", User), ("main.f", User)],
            &["<C>", "main._Cfunc_f", "main.f"],
        );
    }
}
