//! A `go test` or `go run` taken apart into a build and what is run then, for those who run it many times.
//!
//! `go test` links anew for every run, which takes longer than most tests.

use crate::{GoCommand, Verb, flags, goflags};

/// A go command in two parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prebuilt {
    /// The arguments of `go` that build it, behind which come `-o FILE` and then [`Prebuilt::package`].
    pub build: Vec<String>,
    /// What is built: `.`, `./store`.
    pub package: String,
    /// Where go is run, relative to the user's folder.
    pub folder: String,
    /// Where the program is run, relative to the folder that go is run in.
    pub runs_in: String,
    /// The arguments of what was built.
    pub args: Vec<String>,
}

/// Flags of the build that change nothing but what is built.
const BUILD: &[&str] = &[
    "race", "msan", "asan", "tags", "ldflags", "gcflags", "asmflags", "mod", "modfile", "trimpath",
    "buildvcs", "overlay", "pgo", "p",
];

/// Flags that a test binary takes as `-test.NAME`, and that name no files.
const PASSED: &[&str] = &[
    "run",
    "skip",
    "count",
    "cpu",
    "parallel",
    "short",
    "failfast",
    "v",
    "timeout",
    "shuffle",
    "bench",
    "benchtime",
    "benchmem",
    "fullpath",
];

impl GoCommand {
    /// The command in two parts, if it is one package of this module and has no flags that only go itself understands.
    ///
    /// # Go
    /// What go gives to a test binary: runTestActor.Act in cmd/go/internal/test/test.go of go1.26, `-test.paniconexit0` and
    /// `-test.timeout=10m0s`; it is run in the package's folder, a program of `go run` in the current one.
    pub fn prebuilt(&self, goflags: &str) -> Option<Prebuilt> {
        let set = goflags::split(goflags)?;
        let is_builds = |word: &str| match flags::from_goflags(self.verb, word) {
            Some((name, _)) => BUILD.contains(&name),
            None => true,
        };
        if self.parts.help || !set.iter().all(|word| is_builds(word)) {
            return None;
        }
        let mut build = vec![if self.verb == Verb::Test { "test" } else { "build" }.to_owned()];
        if self.verb == Verb::Test {
            build.push("-c".to_owned());
        }
        let mut args = Vec::new();
        for flag in &self.parts.flags {
            match flag.name {
                name if BUILD.contains(&name) => build.push(format!("-{name}={}", flag.value)),
                name if self.verb == Verb::Test && PASSED.contains(&name) => {
                    args.push(format!("-test.{name}={}", flag.value))
                }
                "vet" => {}
                _ => return None,
            }
        }
        if self.verb == Verb::Test {
            let has = |name: &str| self.parts.flags.iter().any(|flag| flag.name == name);
            args.extend((!has("v")).then(|| "-test.v=true".to_owned()));
            args.extend((!has("timeout")).then(|| "-test.timeout=10m0s".to_owned()));
            args.push("-test.paniconexit0".to_owned());
        }
        let mut words = (self.start..self.argv.len())
            .filter(|at| !self.parts.flags.iter().any(|flag| flag.words.contains(at)))
            .map(|at| self.argv[at].as_str());
        let mut package = None;
        for word in words.by_ref() {
            match (self.verb, word) {
                (Verb::Test, "-args" | "--args") => break,
                (Verb::Test, word) if package.is_none() && is_one_package(word) => {
                    package = Some(word.to_owned())
                }
                (Verb::Run, word) if is_one_package(word) => {
                    package = Some(word.to_owned());
                    break;
                }
                _ => return None,
            }
        }
        if self.verb == Verb::Run && package.is_none() {
            return None;
        }
        args.extend(words.map(str::to_owned));
        let package = package.unwrap_or_else(|| ".".to_owned());
        let runs_in = if self.verb == Verb::Test { package.clone() } else { ".".to_owned() };
        Some(Prebuilt {
            build,
            package,
            folder: self.chdir.clone().unwrap_or_else(|| ".".to_owned()),
            runs_in,
            args,
        })
    }
}

/// A folder, and not a pattern of many.
fn is_one_package(word: &str) -> bool {
    let is_folder = word == "." || word == ".." || word.starts_with("./") || word.starts_with("../");
    is_folder && !word.contains("...") && !word.ends_with(".go")
}

#[cfg(test)]
mod tests {
    use crate::GoCommand;

    #[test]
    fn a_test_or_a_program_of_one_package_is_taken_apart_and_nothing_else() {
        let check = |line: &str, goflags: &str, expect: Option<&str>| {
            let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let found = GoCommand::parse(&argv).expect("a go command").prebuilt(goflags);
            let shown = found.map(|two| {
                format!(
                    "{}: {} {} | {}: {}",
                    two.folder,
                    two.build.join(" "),
                    two.package,
                    two.runs_in,
                    two.args.join(" ")
                )
            });
            assert_eq!(shown.as_deref(), expect, "{line} [{goflags}]");
        };
        let plain = "-test.v=true -test.timeout=10m0s -test.paniconexit0";
        check("go test", "", Some(&format!(".: test -c . | .: {plain}")));
        check("go test .", "-mod=mod", Some(&format!(".: test -c . | .: {plain}")));
        check(
            "go -C d test -race ./x -run X",
            "",
            Some(&format!("d: test -c -race=true ./x | ./x: -test.run=X {plain}")),
        );
        check(
            "go test -v -timeout 3s -tags=a . -args -x 1",
            "",
            Some(".: test -c -tags=a . | .: -test.v=true -test.timeout=3s -test.paniconexit0 -x 1"),
        );
        check("go run -race ./cmd a -b", "", Some(".: build -race=true ./cmd | .: a -b"));
        for line in [
            "go test ./...",
            "go test ./a ./b",
            "go test example.com/x",
            "go test -json .",
            "go test -exec sudo .",
            "go test -coverprofile c .",
            "go test -c .",
            "go test -mine .",
            "go test -h",
            "go run x.go",
            "go run example.com/x@latest",
        ] {
            check(line, "", None);
        }
        check("go test .", "-v", None);
        check("go test .", "-exec=sudo", None);
    }
}
