//! The user's `go test` or `go run` command line, and the one that is really started.

use crate::flags::{self, Parts};
use crate::{Error, Style, goflags};
use std::path::Path;

/// A `go test` or `go run` command line, understood.
///
/// Where a method takes `goflags`, that is what `go env GOFLAGS` says: the environment variable or go's own
/// configuration file.
#[derive(Debug)]
pub struct GoCommand {
    pub(crate) argv: Vec<String>,
    pub(crate) verb: Verb,
    pub(crate) chdir: Option<String>,
    /// Where the verb's own words begin: behind the verb and a `-C`.
    pub(crate) start: usize,
    pub(crate) parts: Parts,
}

/// What go is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// `go test`.
    Test,
    /// `go run`.
    Run,
}

impl GoCommand {
    /// The command, or nothing if `argv` is no `go test` and no `go run`.
    pub fn parse(argv: &[String]) -> Option<GoCommand> {
        if !is_go(argv.first()?) {
            return None;
        }
        // Go: handleChdirFlag in cmd/go/main.go (since go1.20): -C stands before the verb or right behind it.
        let (mut chdir, verb_at) = chdir_at(argv, 1);
        let verb = match argv.get(verb_at)?.as_str() {
            "test" => Verb::Test,
            "run" => Verb::Run,
            _ => return None,
        };
        let mut start = verb_at + 1;
        if chdir.is_none() {
            (chdir, start) = chdir_at(argv, start);
        }
        Some(GoCommand { argv: argv.to_vec(), verb, chdir, start, parts: flags::parse(verb, argv, start) })
    }

    /// The program to start, as the user wrote it: `go`, `/usr/local/go/bin/go`, `go1.22.3`.
    pub fn program(&self) -> &str {
        &self.argv[0]
    }

    /// What go is asked to do.
    pub fn verb(&self) -> Verb {
        self.verb
    }

    /// The folder given with `-C`: where go looks for its module, and what GOFLAGS and go.mod depend on.
    pub fn chdir(&self) -> Option<&str> {
        self.chdir.as_deref()
    }

    /// Whether the race detector is asked for.
    pub fn is_race(&self, goflags: &str) -> bool {
        self.is_on("race", goflags)
    }

    /// Whether `go test -v` is asked for.
    pub fn is_verbose(&self, goflags: &str) -> bool {
        self.verb == Verb::Test && self.is_on("v", goflags)
    }

    /// Whether the user wants the output of `go test -json` for himself.
    pub fn is_json(&self, goflags: &str) -> bool {
        self.verb == Verb::Test && self.is_on("json", goflags)
    }

    /// Whether the user chose a `-count`.
    pub fn has_count(&self, goflags: &str) -> bool {
        self.last("count", goflags).is_some()
    }

    /// The flag that keeps go from running anything: `-c`, `-n` or `-h`.
    pub fn compile_only(&self, goflags: &str) -> Option<&'static str> {
        if self.parts.help {
            return Some("-h");
        }
        [("c", "-c"), ("n", "-n")]
            .into_iter()
            .find_map(|(name, flag)| self.is_on(name, goflags).then_some(flag))
    }

    /// How this command prints when nobody interposes.
    ///
    /// # Go
    /// runTestActor.Act and printExitStatus in cmd/go/internal/test/test.go: without a list of packages, with `-bench`
    /// and with `-fuzz` the output of passing packages is shown too; the last `FAIL` needs a list and no `-fuzz`.
    pub fn style(&self, goflags: &str) -> Style {
        let is_set = |name| self.last(name, goflags).is_some_and(|value| !value.is_empty());
        let lists = self.parts.names_packages;
        Style {
            verbose: self.is_verbose(goflags) || is_set("list"),
            raw_json: self.is_json(goflags),
            passing_output: !lists || is_set("bench") || is_set("fuzz"),
            final_fail: lists && !is_set("fuzz"),
        }
    }

    /// The argv to really start.
    ///
    /// - `-exec` runs `shim` in front of every program go starts. A wrapper of the user's stays, outside of the shim, so
    ///   that it is not under duress itself. With an empty `shim`, `-exec` is left alone (for `--whole-tree`).
    /// - `go test` also gets `-json`, and `-count=1` where the user chose no count, so that no result is a cached one.
    ///   `-v` becomes `-json`, which shows the same: `-json -v` would take the marks away that tell go's own lines from
    ///   what the test prints (testFlags in cmd/go/internal/test/testflag.go, since go1.20).
    ///
    /// A wrapper with an unclosed quote is left as it is: go refuses it, in its own words, before anything runs.
    ///
    /// # Errors
    /// [`Error::Unquotable`] if a word of `shim` cannot be written in Go's quoting.
    pub fn interposed(&self, goflags: &str, shim: &[String]) -> Result<Vec<String>, Error> {
        let wrapper = self.last("exec", goflags).unwrap_or_default();
        let exec = match (shim.is_empty(), goflags::split(&wrapper)) {
            (true, _) | (_, None) => None,
            (false, Some(words)) if words.is_empty() => Some(format!("-exec={}", goflags::join(shim)?)),
            (false, Some(_)) => Some(format!("-exec={} {}", wrapper.trim_end(), goflags::join(shim)?)),
        };
        let json = (self.verb == Verb::Test && !self.is_json(goflags)).then_some("-json");
        let count = (self.verb == Verb::Test && !self.has_count(goflags)).then_some("-count=1");

        // Replaced where they stand rather than removed: in `go test ./a -v ./b`, `./b` is no package.
        let replacement = |name: &str| match name {
            "exec" => exec.as_deref(),
            "json" | "v" => json,
            _ => None,
        };
        let mut argv = self.argv[..self.start].to_vec();
        let is_there = |name| self.parts.flags.iter().any(|flag| flag.name == name);
        argv.extend(exec.clone().filter(|_| !is_there("exec")));
        argv.extend(json.map(str::to_owned));
        argv.extend(count.map(str::to_owned));
        let mut at = self.start;
        for flag in &self.parts.flags {
            if let Some(word) = replacement(flag.name) {
                argv.extend_from_slice(&self.argv[at..flag.words.start]);
                argv.push(word.to_owned());
                at = flag.words.end;
            }
        }
        argv.extend_from_slice(&self.argv[at..]);
        Ok(argv)
    }

    fn is_on(&self, name: &str, goflags: &str) -> bool {
        // `-v=test2json` is the one boolean flag with a third value. The others are strconv.ParseBool's.
        self.last(name, goflags)
            .is_some_and(|value| matches!(&*value, "1" | "t" | "T" | "true" | "TRUE" | "True" | "test2json"))
    }

    /// The value that counts: the last one on the command line, else the last one in GOFLAGS.
    fn last(&self, name: &str, goflags: &str) -> Option<String> {
        let typed = self.parts.flags.iter().rev().find(|flag| flag.name == name);
        typed.map(|flag| flag.value.clone()).or_else(|| {
            let words = goflags::split(goflags)?;
            let mut set = words.iter().rev().filter_map(|word| flags::from_goflags(self.verb, word));
            set.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
        })
    }
}

/// The folder of a `-C` at this place, and the place behind it.
fn chdir_at(argv: &[String], at: usize) -> (Option<String>, usize) {
    let Some(word) = argv.get(at) else { return (None, at) };
    if let Some(dir) = word.strip_prefix("-C=").or_else(|| word.strip_prefix("--C=")) {
        return (Some(dir.to_owned()), at + 1);
    }
    match (word.as_str(), argv.get(at + 1)) {
        ("-C" | "--C", Some(dir)) => (Some(dir.clone()), at + 2),
        _ => (None, at),
    }
}

/// `go`, `gotip`, and the wrappers of golang.org/dl: `go1.22.3`, `go1.23rc1`.
fn is_go(program: &str) -> bool {
    let name = Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_numbered = name.strip_prefix("go1.").is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_digit())
            && rest.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.')
    });
    matches!(name, "go" | "gotip") || is_numbered
}

#[cfg(test)]
mod tests {
    use super::{GoCommand, Verb};

    fn argv(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    fn command(line: &str) -> GoCommand {
        GoCommand::parse(&argv(line)).expect("a go command")
    }

    #[test]
    fn only_go_test_and_go_run_are_go_commands() {
        let check = |line: &str, expect: Option<(Verb, Option<&str>)>| {
            let found = GoCommand::parse(&argv(line));
            assert_eq!(found.as_ref().map(|go| (go.verb(), go.chdir())), expect, "{line}");
        };
        check("go test ./...", Some((Verb::Test, None)));
        check("/usr/local/go/bin/go run .", Some((Verb::Run, None)));
        check("go1.22.3 test", Some((Verb::Test, None)));
        check("go1.23rc1 test", Some((Verb::Test, None)));
        check("gotip test", Some((Verb::Test, None)));
        check("go -C dir test ./...", Some((Verb::Test, Some("dir"))));
        check("go test -C dir ./...", Some((Verb::Test, Some("dir"))));
        check("go -C=dir run .", Some((Verb::Run, Some("dir"))));
        check("go run --C=dir .", Some((Verb::Run, Some("dir"))));
        check("go vet ./...", None);
        check("go build test", None);
        check("go", None);
        check("go test.go", None);
        check("gofmt test", None);
        check("go1.sh test", None);
        check("godoc test", None);
        check("", None);
    }

    #[test]
    fn flags_count_from_the_command_line_and_from_goflags() {
        let check = |line: &str, goflags: &str, expect: &str| {
            let go = command(line);
            let said = [
                go.is_race(goflags).then_some("race"),
                go.is_verbose(goflags).then_some("verbose"),
                go.is_json(goflags).then_some("json"),
                go.has_count(goflags).then_some("count"),
                go.compile_only(goflags),
            ];
            assert_eq!(
                said.into_iter().flatten().collect::<Vec<_>>().join(" "),
                expect,
                "{line} [{goflags}]"
            );
        };
        check("go test -race -v -json -count 2", "", "race verbose json count");
        check("go test", "-race -v -json --count=2", "race verbose json count");
        check("go test -race=false -v=0", "-race -v", "");
        check("go test -race=false -race", "", "race");
        check("go test -test.v=true", "", "verbose");
        check("go test -v=test2json", "", "verbose");
        check("go test -args -v -race", "", "");
        check("go test -run -v", "", "");
        check("go test", "'-ldflags=-race -v' -mod=mod", "");
        check("go test", "'unclosed -race", "");
        check("go run -v -race . -json", "-json -count=1", "race");
        check("go test -c ./x", "", "-c");
        check("go run -n .", "", "-n");
        check("go test", "-n", "-n");
        check("go test -c=false", "", "");
        check("go test --help", "", "-h");
    }

    #[test]
    fn the_style_is_that_of_go() {
        let check = |line: &str, expect: [bool; 4]| {
            let style = command(line).style("");
            let found = [style.verbose, style.raw_json, style.passing_output, style.final_fail];
            assert_eq!(found, expect, "{line}");
        };
        check("go test ./...", [false, false, false, true]);
        check("go test", [false, false, true, false]);
        check("go test -v .", [true, false, false, true]);
        check("go test -json .", [false, true, false, true]);
        check("go test -bench . ./x", [false, false, true, true]);
        check("go test -fuzz=Fuzz ./x", [false, false, true, false]);
        check("go test -bench= ./x", [false, false, false, true]);
        check("go test -list . ./x", [true, false, false, true]);
    }

    #[test]
    fn the_shim_goes_in_and_every_flag_of_the_user_survives() {
        let check = |line: &str, goflags: &str, expect: &str| {
            let shim = argv("/usr/bin/duress shim");
            let found = command(line).interposed(goflags, &shim).expect("the shim can be quoted");
            assert_eq!(found.join("|"), expect, "{line} [{goflags}]");
        };
        let exec = "-exec=/usr/bin/duress shim";
        check("go test ./...", "", &format!("go|test|{exec}|-json|-count=1|./..."));
        check("go run x.go -json -exec no", "", &format!("go|run|{exec}|x.go|-json|-exec|no"));
        check("go -C d test", "", &format!("go|-C|d|test|{exec}|-json|-count=1"));
        check("go test -C d -run X", "", &format!("go|test|-C|d|{exec}|-json|-count=1|-run|X"));
        check("go test -json .", "", &format!("go|test|{exec}|-count=1|-json|."));
        check("go test -json -v .", "", &format!("go|test|{exec}|-count=1|-json|-v|."));
        check("go test -json=false .", "", &format!("go|test|{exec}|-json|-count=1|-json|."));
        check("go test .", "-json -count=3", &format!("go|test|{exec}|."));
        check("go test ./a -v ./b", "", &format!("go|test|{exec}|-json|-count=1|./a|-json|./b"));
        check("go test -v=false", "", &format!("go|test|{exec}|-json|-count=1|-json"));
        check("go test -count=2 . -args -v", "", &format!("go|test|{exec}|-json|-count=2|.|-args|-v"));
        check("go test -exec sudo .", "", "go|test|-json|-count=1|-exec=sudo /usr/bin/duress shim|.");
        check(
            "go test -exec=a -exec=b . -exec=c",
            "",
            "go|test|-json|-count=1|-exec=c /usr/bin/duress shim|-exec=c /usr/bin/duress shim|.|-exec=c \
             /usr/bin/duress shim",
        );
        check("go test .", "'-exec=w -x'", "go|test|-exec=w -x /usr/bin/duress shim|-json|-count=1|.");
        check("go test -exec= .", "-exec=w", &format!("go|test|-json|-count=1|{exec}|."));
        check("go run -exec 'open .", "", "go|run|-exec|'open|.");
        check("go test -fuzz=F", "", &format!("go|test|{exec}|-json|-count=1|-fuzz=F"));
    }

    #[test]
    fn shim_words_are_quoted_for_go() {
        let shim = ["/opt/my tools/duress".to_owned(), String::new(), "it's".to_owned()];
        let found = command("go run .").interposed("", &shim).expect("quotable");
        assert_eq!(found[2], "-exec='/opt/my tools/duress' '' \"it's\"");
        assert!(command("go run .").interposed("", &["'\"".to_owned()]).is_err());
    }

    #[test]
    fn without_a_shim_only_the_output_changes() {
        let found = command("go test -exec w .").interposed("", &[]).expect("nothing to quote");
        assert_eq!(found.join(" "), "go test -json -count=1 -exec w .");
    }
}
