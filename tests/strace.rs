//! Whatever one says to strace's `-e inject` one says to duress: the same program under both, for each text of a table.

#![expect(clippy::disallowed_methods, reason = "these tests are about what programs do")]

use crate::strace_table::{BETTER, MORE, REFUSED, REJECTED, SAME};
use e2e::{Duress, Need, duress_path, has};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

const NEEDS: &[Need] = &[Need::Notify, Need::Trace, Need::Strace, Need::C];

/// What came of the program.
#[derive(Debug, PartialEq, Eq)]
struct Effect {
    /// What it said of each of its calls, and of the signals that it got.
    lines: Vec<String>,
    /// How it ended.
    ending: String,
}

/// The program's path; built once.
fn program() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let path = duress_path().with_file_name("e2e-strace");
        // Moved there in one step: it may be running, for another's tests.
        let fresh = path.with_extension(std::process::id().to_string());
        let mut build = Command::new("cc");
        build.args([
            "-std=gnu11",
            "-O1",
            "-static",
            "-nostdlib",
            "-ffreestanding",
            "-fno-stack-protector",
            "-x",
            "c",
        ]);
        build.args(["-fno-pie", "-no-pie", "-o"]).arg(&fresh).arg("-");
        let mut build = build.stdin(Stdio::piped()).spawn().expect("cc is there");
        let mut source = build.stdin.take().expect("it is a pipe");
        source.write_all(include_bytes!("strace_program.c")).expect("cc reads");
        drop(source);
        assert!(build.wait().expect("cc ends").success(), "strace_program.c does not build");
        std::fs::rename(&fresh, &path).expect("both are in one folder");
        path
    })
}

/// The texts of a specification, each with the verb that strace needs.
fn flags(spec: &str) -> Vec<String> {
    let verb =
        |text: &str| if text.starts_with("fault=") { text.to_owned() } else { format!("inject={text}") };
    spec.split(" -e ").flat_map(|text| ["-e".to_owned(), verb(text)]).collect()
}

/// The lines that are the program's: those of duress begin otherwise.
///
/// Where nobody asks for a delay, a call is slow because the disk or other tests made it wait: that is left out.
fn lines(output: &str, spec: &str) -> Vec<String> {
    let is_ours = |line: &&str| ["made ", "taken ", "pending "].iter().any(|word| line.starts_with(word));
    let is_timed = spec.contains("delay_") || spec.contains("nanosleep");
    let line = |line: &str| if is_timed { line } else { line.trim_end_matches(" slow") }.to_owned();
    output.lines().filter(is_ours).map(line).collect()
}

/// In a folder that is the same for both, and empty for each.
fn in_fresh<T>(folder: &Path, run: impl FnOnce() -> T) -> T {
    std::fs::create_dir(folder).expect("the scratch folder can be written");
    let result = run();
    std::fs::remove_dir_all(folder).expect("it is ours");
    result
}

fn under_strace(spec: &str, folder: &Path) -> Result<Effect, String> {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null"]).args(flags(spec)).arg("--").arg(program());
    let output = in_fresh(folder, || strace.current_dir(folder).stdin(Stdio::null()).output());
    let output = output.expect("strace starts");
    let lines = lines(&String::from_utf8_lossy(&output.stdout), spec);
    // It ends as the program did, but with 1 and without the program where it does not understand.
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    let is_refused = lines.is_empty() && output.status.code() == Some(1);
    if is_refused { Err(complaint) } else { Ok(Effect { lines, ending: ending(output.status) }) }
}

/// As duress says it.
fn ending(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, signal) => format!("ended by signal {}", signal.expect("it exits or is ended")),
    }
}

fn under_duress(spec: &str, folder: &Path) -> Result<Effect, String> {
    let mut line: Vec<String> = ["run", "--format", "json"].map(str::to_owned).to_vec();
    // strace counts each call of a set by itself, for each thread; a rule of duress counts its calls together unless it says
    // `each`.
    line.extend(flags(spec).into_iter().map(|flag| {
        let counts = flag.contains(":when=");
        if counts { format!("{flag}:each") } else { flag }
    }));
    line.extend(["--".to_owned(), program().display().to_string()]);
    let outcome = in_fresh(folder, || Duress::new(folder, line).run());
    let json: Option<serde_json::Value> = serde_json::from_str(&outcome.stdout).ok();
    match json.as_ref().and_then(|json| json["command_ending"].as_str()) {
        Some(ending) => Ok(Effect { lines: lines(&outcome.stderr, spec), ending: ending.to_owned() }),
        None => Err(format!("{outcome:?}")),
    }
}

/// What is in one of two effects only.
fn difference(strace: &Effect, duress: &Effect) -> String {
    let mut text = String::new();
    if strace.ending != duress.ending {
        let _ = writeln!(text, "  strace: {}\n  duress: {}", strace.ending, duress.ending);
    }
    let common =
        strace.lines.iter().zip(&duress.lines).take_while(|(strace, duress)| strace == duress).count();
    for (name, effect) in [("strace", strace), ("duress", duress)] {
        for line in effect.lines.iter().skip(common).take(6) {
            let _ = writeln!(text, "  {name}: {line}");
        }
    }
    text
}

/// Compares the effect of one text on strace with that of another on duress; says what differs.
fn compare(for_strace: &str, for_duress: &str, folder: &Path) -> Result<(), String> {
    let strace = under_strace(for_strace, folder).map_err(|why| format!("  strace refuses: {why}"))?;
    let duress = under_duress(for_duress, folder).map_err(|why| format!("  duress refuses:\n{why}"))?;
    if strace == duress { Ok(()) } else { Err(difference(&strace, &duress)) }
}

/// Runs a check for each of these, two at a time, each with a folder's name; fails with all that they say.
fn for_all<T: Sync>(what: &str, all: &[T], check: impl Fn(&T, &Path) -> Result<(), String> + Sync) {
    program();
    let scratch = tempfile::Builder::new().prefix("duress-e2e-").tempdir().expect("a scratch folder");
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((number, one)) =
                    all.iter().enumerate().nth(next.fetch_add(1, Ordering::Relaxed))
                {
                    if let Err(why) = check(one, &scratch.path().join(format!("{number:03}"))) {
                        wrong.lock().expect("nobody panics with it").push(why);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("all have ended");
    // Past the test harness, which would swallow it. Where nobody can be told, nobody counts.
    let _ = writeln!(std::io::stderr(), "strace: {} specifications {what}", all.len());
    assert!(wrong.is_empty(), "{} of {} differ\n\n{}", wrong.len(), all.len(), wrong.join("\n"));
}

fn of(groups: &[(&'static str, &[&'static str])]) -> Vec<(&'static str, &'static str)> {
    let all: Vec<_> =
        groups.iter().flat_map(|(claim, specs)| specs.iter().map(|spec| (*claim, *spec))).collect();
    assert_eq!(
        all.iter().map(|(_, spec)| spec).collect::<BTreeSet<_>>().len(),
        all.len(),
        "one is there twice"
    );
    all
}

#[test]
fn what_is_said_to_strace_has_the_same_effect_when_it_is_said_to_duress() {
    if !has(NEEDS) {
        return;
    }
    let mut all: Vec<(&str, &str, &str)> =
        of(SAME).into_iter().map(|(claim, spec)| (claim, spec, spec)).collect();
    assert!(all.len() >= 150, "{} are too few to say so", all.len());
    all.extend(BETTER.iter().map(|(duress, strace)| ("better than strace", *strace, *duress)));
    for_all("have the same effect under duress", &all, |(claim, strace, duress), folder| {
        let mut result = compare(strace, duress, folder);
        // Where somebody asks for one, other calls may be slow, too; not every time.
        for _ in 0..3 {
            if result.is_err() {
                result = compare(strace, duress, folder);
            }
        }
        result.map_err(|why| format!("{duress}  ({claim})\n{why}"))
    });
}

#[test]
fn what_strace_does_not_take_duress_does_not_take() {
    if !has(NEEDS) {
        return;
    }
    for_all("are rejected by both", &of(REJECTED), |(claim, spec), folder| {
        if under_strace(spec, folder).is_ok() {
            return Err(format!("{spec}  ({claim})\n  strace takes it"));
        }
        check_refusal(spec, "error: ", folder).map_err(|why| format!("{spec}  ({claim})\n{why}"))
    });
}

#[test]
fn what_strace_does_not_take_and_duress_does_has_an_effect() {
    if !has(NEEDS) {
        return;
    }
    for_all("are taken by duress alone", MORE, |spec, folder| {
        let untouched = under_duress("nanosleep:delay_enter=1us:when=60000", folder)?;
        if under_strace(spec, folder).is_ok() {
            return Err(format!("{spec}\n  strace takes it"));
        }
        let effect = under_duress(spec, folder).map_err(|why| format!("{spec}\n{why}"))?;
        if effect == untouched { Err(format!("{spec}\n  it does nothing")) } else { Ok(()) }
    });
}

#[test]
fn what_duress_takes_otherwise_than_strace_it_refuses_with_the_reason() {
    if !has(NEEDS) {
        return;
    }
    for_all("are refused by duress alone", REFUSED, |(spec, reason), folder| {
        // A program that hardly makes the call: what strace does then is its own affair.
        let mut strace = Command::new("strace");
        strace.args(["-qq", "-o", "/dev/null"]).args(flags(spec)).args(["--", "true"]);
        if !strace.status().is_ok_and(|status| status.success()) {
            return Err(format!("{spec}\n  strace refuses it, too"));
        }
        check_refusal(spec, reason, folder).map_err(|why| format!("{spec}\n{why}"))
    });
}

/// Whether duress refuses this as the user's mistake, before anything is started, in these words.
fn check_refusal(spec: &str, words: &str, folder: &Path) -> Result<(), String> {
    match under_duress(spec, folder) {
        Ok(_) => Err("  duress takes it".to_owned()),
        Err(outcome) if outcome.contains("exit code: Some(2)") && outcome.contains(words) => Ok(()),
        Err(outcome) => Err(format!("  duress does not refuse it with `{words}`:\n{outcome}")),
    }
}
