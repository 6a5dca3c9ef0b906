//! Who made a call: what duress says is what Go's runtime says, frame by frame, in whatever way the program is built.
//!
//! The local Go is tried, and those that `tests/toolchains.sh` has fetched; with `DURESS_GO_VERSIONS=all` it fetches them now.

#![expect(clippy::disallowed_methods, reason = "building Go programs means starting go")]

use crate::truth::{Mismatch, Truth, compare, join};
use e2e::{Duress, Need, has, root, skipped};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const NEEDS: &[Need] = &[Need::Go, Need::Notify];

/// Hits every marked call and changes nothing: arguments are kept for calls that are hit.
const RULE: &str =
    "getpgid,truncate,ftruncate,fchown,lseek,pread64,pwrite64,execve:delay_enter=1us:name=marked";

/// A way to build.
struct Build {
    name: &'static str,
    flags: &'static [&'static str],
    needs: Option<Need>,
}

const PROGRAM: &[Build] = &[
    Build { name: "plain", flags: &[], needs: None },
    Build { name: "stripped", flags: &["-ldflags=-s -w"], needs: None },
    Build { name: "pie", flags: &["-buildmode=pie"], needs: None },
    Build { name: "cgo", flags: &[], needs: Some(Need::C) },
    Build { name: "cgo, pie", flags: &["-buildmode=pie"], needs: Some(Need::C) },
    Build { name: "race", flags: &["-race"], needs: Some(Need::Race) },
    Build { name: "race, stripped", flags: &["-race", "-ldflags=-s -w"], needs: Some(Need::Race) },
];

const TESTS: &[Build] = &[
    Build { name: "test", flags: &[], needs: None },
    Build { name: "test, stripped", flags: &["-ldflags=-s -w"], needs: None },
    Build { name: "test, cover", flags: &["-cover"], needs: None },
    Build { name: "test, race, stripped", flags: &["-race", "-ldflags=-s -w"], needs: Some(Need::Race) },
];

/// A Go toolchain.
struct Toolchain {
    version: String,
    go: PathBuf,
}

impl Toolchain {
    /// The one that is in the path.
    fn local() -> Toolchain {
        let output = Command::new("go").args(["env", "GOVERSION"]).output().expect("go is there");
        Toolchain { version: String::from_utf8_lossy(&output.stdout).trim().to_owned(), go: "go".into() }
    }

    /// The others that can be had; says which cannot.
    fn others() -> Vec<Toolchain> {
        let mut script = Command::new(root().join("tests/toolchains.sh"));
        if std::env::var_os("DURESS_GO_VERSIONS").is_none_or(|which| which != "all") {
            script.arg("--cached");
        }
        let output = script.output().expect("the script starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut found = Vec::new();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            match (line.strip_prefix("skipped: "), line.split_once(' ')) {
                (Some(why), _) => skipped(why),
                (None, Some((version, folder))) => {
                    let go = Path::new(folder).join("bin/go");
                    found.push(Toolchain { version: version.to_owned(), go });
                }
                (None, None) => panic!("what does `{line}` mean?"),
            }
        }
        found
    }

    /// Builds something of the module `scenarios/call-sites`.
    fn build(&self, build: &Build, verb: &[&str], package: &str, to: &Path) {
        let mut go = Command::new(&self.go);
        go.current_dir(module()).env("GOTOOLCHAIN", "local").env_remove("GOFLAGS").env_remove("GOROOT");
        go.env("CGO_ENABLED", if build.needs.is_some() { "1" } else { "0" });
        go.args(verb).arg("-buildvcs=false").args(build.flags).arg("-o").arg(to).arg(package);
        let output = go.output().expect("go starts");
        assert!(
            output.status.success(),
            "{} does not build ({}): {}",
            self.version,
            build.name,
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

fn module() -> PathBuf {
    root().join("scenarios/call-sites")
}

/// What came out of comparing.
#[derive(Default)]
struct Tally {
    stacks: usize,
    frames: usize,
    tests: usize,
    builds: usize,
    /// What is wrong, in words.
    wrong: Vec<String>,
}

impl Tally {
    /// Runs a program under duress, and compares what both say of its calls.
    fn add(&mut self, whose: &str, program: &Path, arguments: &[&str]) {
        let scratch = program.parent().expect("a program lies in a folder");
        let written = scratch.join("truth.jsonl");
        let line = ["run", "--format", "json", "--timeout", "60s", "--sites", "all", "-e", RULE, "--"];
        let program = program.to_str().expect("scratch folders have plain names");
        let outcome = Duress::new(scratch, [&line[..], &[program], arguments].concat())
            .env("DURESS_TRUTH", &written)
            .run();
        outcome.expect_code(0);
        let text = std::fs::read_to_string(&written).expect("the program says what it does");
        std::fs::remove_file(&written).expect("it is ours");
        let truths: Vec<Truth> = text
            .lines()
            .map(|line| Truth::parse(line).unwrap_or_else(|| panic!("what does this mean?\n{line}")))
            .collect();
        assert!(truths.len() > 50, "the program made {} calls\n{outcome:?}", truths.len());

        let mut reader = outcome.journal();
        let entries = std::iter::from_fn(|| reader.next_entry().expect("a journal can be read"));
        for (truth, callers) in join(&truths, entries) {
            let found = match &callers[..] {
                [caller] => compare(truth, caller.as_ref()),
                _ => vec![Mismatch::Calls { times: callers.len() }],
            };
            self.stacks += 1;
            self.frames += truth.steps.len();
            self.tests += usize::from(truth.test != crate::truth::Test::None);
            if !found.is_empty() {
                let caller = callers.into_iter().flatten().next();
                self.wrong.push(told(whose, truth, &found, caller.as_ref()));
            }
        }
        self.builds += 1;
    }

    /// Says past the test harness that all is right, or else what is wrong.
    fn settle(self, what: &str, version: &str) -> Result<(), String> {
        const SHOWN: usize = 20;
        let tests =
            if self.tests == 0 { String::new() } else { format!(" ({} by tests)", grouped(self.tests)) };
        let head = format!("{what}: {} stacks{tests}, {} frames", grouped(self.stacks), grouped(self.frames));
        let tail = format!("({version}: {} builds)", self.builds);
        if self.wrong.is_empty() {
            // Where nobody can be told, nobody reads.
            let _ = std::io::stderr().write_all(format!("{head}, all exact {tail}\n").as_bytes());
            return Ok(());
        }
        let mut text = format!("{head}; {} stacks are wrong {tail}\n", self.wrong.len());
        text.extend(self.wrong.iter().take(SHOWN).map(String::as_str));
        if self.wrong.len() > SHOWN {
            text.push_str(&format!("and {} more\n", self.wrong.len() - SHOWN));
        }
        Err(text)
    }
}

/// What is wrong with one call, and all there is to see of it.
fn told(whose: &str, truth: &Truth, found: &[Mismatch], caller: Option<&model::Caller>) -> String {
    let mut text = format!("{whose}: {} {} ({})\n", truth.call, truth.mark, truth.what);
    let mut line = |line: String| text.extend(["  ", &line, "\n"]);
    for mismatch in found {
        line(mismatch.to_string());
    }
    line(format!("runtime: goroutine {}", truth.goroutine));
    for step in &truth.steps {
        line(format!("  {step}"));
    }
    let Some(caller) = caller else { return text };
    line(match &caller.goroutine {
        Some(goroutine) => format!("duress: {goroutine}"),
        None => "duress: no goroutine".to_owned(),
    });
    for frame in &caller.site.frames {
        let mark = if frame.is_shown { ' ' } else { '-' };
        line(format!(" {mark}{} ({}:{})", frame.function, frame.file, frame.line));
    }
    text
}

/// `9,034`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn check_program(toolchain: &Toolchain) -> Result<(), String> {
    let scratch = tempfile::Builder::new().prefix("duress-sites-").tempdir().expect("a scratch folder");
    let mut tally = Tally::default();
    for build in PROGRAM.iter().filter(|build| build.needs.is_none_or(|need| has(&[need]))) {
        let program = scratch.path().join("truth");
        toolchain.build(build, &["build"], "./truth", &program);
        tally.add(&format!("{}, {}", toolchain.version, build.name), &program, &[]);
    }
    tally.settle("call sites", &toolchain.version)
}

fn check_tests(toolchain: &Toolchain) -> Result<(), String> {
    let scratch = tempfile::Builder::new().prefix("duress-sites-").tempdir().expect("a scratch folder");
    let mut tally = Tally::default();
    for build in TESTS.iter().filter(|build| build.needs.is_none_or(|need| has(&[need]))) {
        let program = scratch.path().join("tests.test");
        toolchain.build(build, &["test", "-c"], "./tests", &program);
        let arguments = ["-test.bench=.", "-test.benchtime=3x", "-test.parallel=4"];
        tally.add(&format!("{}, {}", toolchain.version, build.name), &program, &arguments);
    }
    tally.settle("calls of tests", &toolchain.version)
}

/// Fails with everything that is wrong.
#[track_caller]
fn all_is_right(results: impl IntoIterator<Item = Result<(), String>>) {
    let wrong: String = results.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn call_sites_are_what_the_runtime_says() {
    if has(NEEDS) {
        all_is_right([check_program(&Toolchain::local())]);
    }
}

#[test]
fn calls_belong_to_the_tests_that_make_them() {
    if has(NEEDS) {
        all_is_right([check_tests(&Toolchain::local())]);
    }
}

#[test]
fn callers_are_found_whatever_the_version_of_go() {
    if has(&[Need::Notify]) {
        let toolchains = Toolchain::others();
        all_is_right(toolchains.iter().flat_map(|one| [check_program(one), check_tests(one)]));
    }
}
