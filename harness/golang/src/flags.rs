//! Which flags `go test` and `go run` know, and how a command line falls into flags, packages and arguments.

use crate::Verb;
use std::ops::Range;

/// A flag as it stands on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flag {
    /// Its name without dashes and without `test.`.
    pub(crate) name: &'static str,
    /// Its value; `true` for a boolean flag without one.
    pub(crate) value: String,
    /// The words it takes up in argv.
    pub(crate) words: Range<usize>,
}

/// A command line taken apart.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// The flags that go itself reads, in order.
    pub(crate) flags: Vec<Flag>,
    /// Whether a package (or file) is named.
    pub(crate) names_packages: bool,
    /// The `-h`, if go would print its usage instead of running anything.
    pub(crate) help: bool,
}

/// Takes the words from `start` on apart, as this verb of go does.
pub(crate) fn parse(verb: Verb, argv: &[String], start: usize) -> Parts {
    let mut parts = Parts::default();
    let (mut at, mut in_list, mut list_is_over, mut may_be_value) = (start, false, false, false);
    while let Some(word) = argv.get(at) {
        let next = at + 1;
        let may_have_been_value = std::mem::take(&mut may_be_value);
        match (read(verb, word), verb) {
            (Word::Terminator, Verb::Test | Verb::Run) => {
                // `go run -- x.go` names its package behind the dashes; `go test` gives everything to the test.
                parts.names_packages |= verb == Verb::Run && next < argv.len();
                break;
            }
            (Word::Help, Verb::Test | Verb::Run) => {
                parts.help = true;
                break;
            }
            (Word::NotAFlag, Verb::Run) => {
                parts.names_packages = true;
                break;
            }
            // Go: testFlags in cmd/go/internal/test/testflag.go. A list of packages ends at the first flag after it;
            // a later word is either the value of an unknown flag or begins the test's own arguments.
            (Word::NotAFlag, Verb::Test) => match (in_list || !list_is_over, may_have_been_value) {
                (true, _) => {
                    (in_list, list_is_over) = (true, true);
                    parts.names_packages = true;
                }
                (false, true) => {}
                (false, false) => break,
            },
            (Word::Unknown { has_value, name }, Verb::Test) => {
                in_list = false;
                list_is_over = true;
                if name == "args" && !has_value {
                    break;
                }
                may_be_value = !has_value;
            }
            // go run refuses it; so nothing after it matters.
            (Word::Unknown { .. }, Verb::Run) => break,
            (Word::Known { name, kind, value }, Verb::Test | Verb::Run) => {
                in_list = false;
                let (value, end) = match (value, kind, argv.get(next)) {
                    (Some(value), Kind::Boolean | Kind::Valued, _) => (value.to_owned(), next),
                    (None, Kind::Boolean, _) => ("true".to_owned(), next),
                    (None, Kind::Valued, Some(value)) => (value.clone(), next + 1),
                    // go refuses it: "flag needs an argument".
                    (None, Kind::Valued, None) => break,
                };
                parts.flags.push(Flag { name, value, words: at..end });
                at = end;
                continue;
            }
        }
        at = next;
    }
    parts
}

/// The flag that one word of GOFLAGS sets, if this verb knows it.
///
/// # Go
/// SetFromGOFLAGS in cmd/go/internal/base/goflags.go: every flag is one word, unknown ones are ignored.
pub(crate) fn from_goflags(verb: Verb, word: &str) -> Option<(&'static str, &str)> {
    match read(verb, word) {
        Word::Known { name, kind: Kind::Boolean, value } => Some((name, value.unwrap_or("true"))),
        Word::Known { name, kind: Kind::Valued, value } => Some((name, value?)),
        Word::Unknown { .. } | Word::Help | Word::Terminator | Word::NotAFlag => None,
    }
}

enum Word<'a> {
    Known { name: &'static str, kind: Kind, value: Option<&'a str> },
    Unknown { name: &'a str, has_value: bool },
    Help,
    Terminator,
    NotAFlag,
}

#[derive(Clone, Copy)]
enum Kind {
    Boolean,
    Valued,
}

/// One word, as ParseOne in cmd/go/internal/cmdflag reads it.
fn read(verb: Verb, word: &str) -> Word<'_> {
    if word == "--" {
        return Word::Terminator;
    }
    let one_dash = if word.starts_with("--") { &word[1..] } else { word };
    if matches!(one_dash, "-?" | "-h" | "-help") {
        return Word::Help;
    }
    let Some(body) =
        one_dash.strip_prefix('-').filter(|body| !body.is_empty() && !body.starts_with(['-', '=']))
    else {
        return Word::NotAFlag;
    };
    let (name, value) = match body.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (body, None),
    };
    match look_up(verb, name) {
        Some((name, kind)) => Word::Known { name, kind, value },
        None => Word::Unknown { name, has_value: value.is_some() },
    }
}

fn look_up(verb: Verb, name: &str) -> Option<(&'static str, Kind)> {
    let find = |names: &[&'static str], name: &str| names.iter().copied().find(|known| *known == name);
    let build = || {
        let boolean = find(BUILD_BOOLEAN, name).map(|name| (name, Kind::Boolean));
        boolean.or_else(|| find(BUILD_VALUED, name).map(|name| (name, Kind::Valued)))
    };
    let passed = |name: &str| {
        let boolean = find(PASSED_BOOLEAN, name).map(|name| (name, Kind::Boolean));
        boolean.or_else(|| find(PASSED_VALUED, name).map(|name| (name, Kind::Valued)))
    };
    match verb {
        Verb::Run => build().or_else(|| find(&["v"], name).map(|name| (name, Kind::Boolean))),
        Verb::Test => build()
            .or_else(|| passed(name.strip_prefix("test.").unwrap_or(name)))
            .or_else(|| find(&["c", "i"], name).map(|name| (name, Kind::Boolean)))
            .or_else(|| find(&["o", "vet"], name).map(|name| (name, Kind::Valued))),
    }
}

// Go: AddBuildFlags and AddCoverFlags in cmd/go/internal/work/build.go, go1.26. `-i` of `go test` is gone since 1.20.
const BUILD_BOOLEAN: &[&str] = &[
    "a",
    "asan",
    "buildvcs",
    "cover",
    "json",
    "linkshared",
    "modcacherw",
    "msan",
    "n",
    "race",
    "trimpath",
    "work",
    "x",
];
const BUILD_VALUED: &[&str] = &[
    "C",
    "asmflags",
    "buildmode",
    "compiler",
    "covermode",
    "coverpkg",
    "debug-actiongraph",
    "debug-runtime-trace",
    "debug-trace",
    "exec",
    "gccgoflags",
    "gcflags",
    "installsuffix",
    "ldflags",
    "mod",
    "modfile",
    "overlay",
    "p",
    "pgo",
    "pkgdir",
    "tags",
    "toolexec",
];
// Go: passFlagToTest in cmd/go/internal/test/flagdefs.go, go1.26; these may also be written `-test.x`.
const PASSED_BOOLEAN: &[&str] = &["artifacts", "benchmem", "failfast", "fullpath", "short", "v"];
const PASSED_VALUED: &[&str] = &[
    "bench",
    "benchtime",
    "blockprofile",
    "blockprofilerate",
    "count",
    "coverprofile",
    "cpu",
    "cpuprofile",
    "fuzz",
    "fuzzminimizetime",
    "fuzztime",
    "list",
    "memprofile",
    "memprofilerate",
    "mutexprofile",
    "mutexprofilefraction",
    "outputdir",
    "parallel",
    "run",
    "shuffle",
    "skip",
    "timeout",
    "trace",
];

#[cfg(test)]
mod tests {
    use super::{Parts, parse};
    use crate::Verb;

    fn parts(verb: Verb, line: &str) -> Parts {
        let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
        parse(verb, &argv, 0)
    }

    #[test]
    fn flags_are_told_from_values_packages_and_arguments() {
        let check = |verb: Verb, line: &str, expect: &str| {
            let found = parts(verb, line);
            let flags: Vec<String> =
                found.flags.iter().map(|flag| format!("{}={}", flag.name, flag.value)).collect();
            let packages = if found.names_packages { " +packages" } else { "" };
            let help = if found.help { " +help" } else { "" };
            assert_eq!(format!("{}{packages}{help}", flags.join(" ")), expect, "{line}");
        };
        use Verb::{Run, Test};
        check(Test, "./...", " +packages");
        check(Test, "-run -race ./x", "run=-race +packages");
        check(Test, "-race -run=X ./x", "race=true run=X +packages");
        check(Test, "--race=false --run X", "race=false run=X");
        check(Test, "-test.count 3 -test.v ./x", "count=3 v=true +packages");
        check(Test, "./x -race -args -json -v", "race=true +packages");
        check(Test, "./x --args -json", " +packages");
        check(Test, "-v -- -json", "v=true");
        check(Test, "./x -v ./y -race", "v=true +packages");
        check(Test, "./x -mine val -race", "race=true +packages");
        check(Test, "./x -mine=val other -race", " +packages");
        check(Test, "-mine ./x -race", "race=true");
        check(Test, "-vet off -o out -c ./x", "vet=off o=out c=true +packages");
        check(Test, "-test.exec wrapper ./x", "");
        check(Test, "-h -race", " +help");
        check(Test, "-run", "");
        check(Run, "-race . -v -json", "race=true +packages");
        check(Run, "-exec sudo x.go y.go -exec no", "exec=sudo +packages");
        check(Run, "-- . -race", " +packages");
        check(Run, "-coverprofile x .", "");
        check(Run, "-test.v .", "");
    }
}
