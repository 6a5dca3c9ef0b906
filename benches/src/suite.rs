//! What a real suite of tests takes while the calls that it makes most are trapped.

#![expect(clippy::disallowed_methods, reason = "the suite is built and run by Go's own means")]

use crate::claim::Found;
use crate::group::Measured;
use crate::process::{self, Account, Memory};
use crate::programs::{has, matched_in, strace_of};
use crate::{Claim, Effort, Error, Programs, Series, Table, Target};
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

pub(crate) const CLAIMS: [Claim; 1] = [Claim {
    what: "net/http's tests with futex, accept4, read and write trapped, against native",
    unit: "x",
    target: Target::AtMost(1.25),
}];

/// The calls that are trapped.
const CALLS: &str = "futex,accept4,read,write";

/// The tests of net/http, as Go ships them.
struct Suite {
    /// Holds the test binary.
    scratch: TempDir,
    /// The package's folder, where its tests expect to run.
    folder: PathBuf,
}

impl Suite {
    /// Builds them.
    fn build() -> Result<Suite, Error> {
        has("go", "version")?;
        let scratch = tempfile::Builder::new()
            .prefix("duress-benches-")
            .tempdir()
            .map_err(Error::file("make a scratch folder"))?;
        let go = |arguments: &[&str]| {
            let mut command = Command::new("go");
            command.args(arguments).arg("net/http").current_dir(scratch.path()).env_remove("GOFLAGS");
            process::run(&mut command, Memory::Unwatched)
        };
        go(&["test", "-c", "-o", "http.test"])?;
        let folder = go(&["list", "-f", "{{.Dir}}"])?.stdout.trim().into();
        Ok(Suite { scratch, folder })
    }

    /// Runs them once, by themselves or behind other words.
    fn run(&self, before: Option<Command>) -> Result<Account, Error> {
        let binary = self.scratch.path().join("http.test");
        let mut command = match before {
            None => Command::new(binary),
            Some(mut before) => {
                before.arg(binary);
                before
            }
        };
        process::run(command.arg("-test.short").current_dir(&self.folder), Memory::Unwatched)
    }
}

/// The suite by itself, under duress with a rule that never fires, and under strace, in turns.
///
/// # Errors
/// Go is missing, the suite cannot be built or fails, or nothing was trapped.
pub(crate) fn measure(programs: &Programs, effort: &Effort) -> Result<Measured, Error> {
    let suite = Suite::build()?;
    let rule = format!("{CALLS}:error=EIO:when=1000000000");
    let seconds = |account: &Account| account.wall.as_secs_f64();
    let (mut native, mut duress, mut trapped) = (Series::default(), Series::default(), Series::default());
    let mut strace = has("strace", "-V").map(|()| Series::default());
    for _ in 0..effort.suite_rounds {
        native.push(seconds(&suite.run(None)?));
        let account = suite.run(Some(programs.duress_run(["-e", &rule])))?;
        duress.push(seconds(&account));
        trapped.push(matched(&rule, &account)?);
        if let Ok(strace) = &mut strace {
            strace.push(seconds(&suite.run(Some(strace_of(CALLS)))?));
        }
        programs.forget_runs()?;
    }
    let title = format!("net/http's tests, -short ({:.0} calls of {CALLS} trapped)", trapped.median());
    let mut table = Table::new(title, &["way", "s", "min..max", "x native", "min..max"]);
    let strace = strace.map_err(|error| error.to_string());
    let ways = [
        ("native", Ok(native.clone())),
        ("duress, a rule that never fires", Ok(duress.clone())),
        ("strace -f --seccomp-bpf", strace),
    ];
    for (way, found) in ways {
        table.row(row(way, &found, &native));
    }
    Ok(Measured { tables: vec![table], found: vec![Ok(duress.over(&native))] })
}

fn row(way: &str, found: &Found, native: &Series) -> Vec<String> {
    let cells = match found {
        Ok(found) => {
            let ratio = found.over(native);
            vec![
                format!("{:.2}", found.median()),
                format!("{found:.2}"),
                format!("{:.2}", ratio.median()),
                format!("{ratio:.2}"),
            ]
        }
        Err(reason) => vec![format!("skipped: {reason}")],
    };
    [way.to_owned()].into_iter().chain(cells).collect()
}

/// How many calls were trapped; none means that something else was measured.
fn matched(rule: &str, account: &Account) -> Result<f64, Error> {
    match matched_in(&account.stdout) {
        None | Some(0) => Err(Error::Wrong {
            line: format!("duress run -e {rule} -- http.test"),
            what: "no calls were trapped".to_owned(),
        }),
        Some(calls) => Ok(f64::from(u32::try_from(calls).unwrap_or(u32::MAX))),
    }
}
