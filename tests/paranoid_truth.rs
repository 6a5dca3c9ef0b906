//! The persona `paranoid=…` answers perf_event_open(2) as this kernel does at that level, row by row of `perf_table.go`.

#![expect(clippy::disallowed_methods, reason = "a truth is found by starting programs")]

use e2e::{Duress, Module, Need, has, skipped};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const LEVEL: &str = "/proc/sys/kernel/perf_event_paranoid";

/// Puts the level back, even if this process is killed: a shell does, when its input ends.
struct Level {
    keeper: Child,
}

impl Level {
    fn keep() -> Level {
        let saved = std::fs::read_to_string(LEVEL).expect("a level");
        let script = format!("trap '' INT TERM HUP; cat >/dev/null; echo {} >{LEVEL}", saved.trim());
        let keeper = Command::new("setsid").args(["sh", "-c", &script]).stdin(Stdio::piped()).spawn();
        Level { keeper: keeper.expect("setsid and sh are there") }
    }

    fn set(&self, level: i32) {
        std::fs::write(LEVEL, format!("{level}\n")).expect("root sets the level");
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// A process that is ended with the test.
struct Other(Child);

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The rows of a table.
fn rows(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.split_once(' '));
    let pairs = pairs.filter(|(row, _)| row.contains('/') || *row == "level");
    pairs.map(|(row, errno)| (row.to_owned(), errno.to_owned())).collect()
}

fn tracepoint(name: &str) -> Option<String> {
    let id = std::fs::read_to_string(Path::new("/sys/kernel/tracing/events").join(name).join("id"));
    id.ok().map(|id| id.trim().to_owned())
}

#[test]
fn a_level_answers_as_the_kernel_does() {
    if !has(&[Need::Root, Need::Go, Need::Notify]) {
        return;
    }
    if !Path::new(LEVEL).exists() {
        return skipped("needs perf events");
    }
    let own = std::fs::read(LEVEL).expect("a level");
    if let Err(error) = std::fs::write(LEVEL, own) {
        return skipped(&format!("needs the right to set {LEVEL}: {error}"));
    }
    let folder = tempfile::tempdir_in("/tmp").expect("a scratch folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    let built = Module::new(&[("main.go", include_str!("perf_table.go"))]).program("e2e-perf-table");
    let table = folder.path().join("perf_table");
    std::fs::copy(built, &table).expect("a copy that everyone may read");
    std::fs::set_permissions(&table, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    let table = table.to_str().expect("the path is text");

    let sleeper = Other(Command::new("sleep").arg("3600").spawn().expect("sleep is there"));
    let other = sleeper.0.id().to_string();
    let ids: Vec<String> =
        ["sched/sched_switch", "syscalls/sys_enter_openat"].into_iter().filter_map(tracepoint).collect();
    let ids = ids.join(",");
    let level = Level::keep();
    let mut wrong = Vec::new();
    for (right, number) in [("", ""), ("+perfmon", "38"), ("+sys_admin", "21"), ("+sys_ptrace", "19")] {
        for persona in -1..=4 {
            level.set(persona);
            let real = Command::new(table)
                .args(["as", "65534", number, table, "table", &other, &ids])
                .output()
                .expect("the table starts");
            assert!(real.status.success(), "{}", String::from_utf8_lossy(&real.stderr));
            let real = rows(&String::from_utf8_lossy(&real.stdout));
            level.set(-1);
            let word = format!("paranoid={persona}{right}");
            let line = ["run", "--timeout", "120s", "--allow-vacuous", "--persona", &word, "--"];
            let outcome =
                Duress::new(folder.path(), [&line[..], &[table, "table", &other, &ids]].concat()).run();
            let got = rows(&outcome.stdout);
            assert!(got.len() > 1000, "{}\n{}", outcome.stdout, outcome.stderr);
            for (row, errno) in &real {
                // A rule does not know whose a process is; the persona remarks on it.
                if got.get(row) != Some(errno) && !row.ends_with("/other") {
                    wrong.push(format!("{word} {row}: {errno} is {:?}", got.get(row)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} rows differ\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
}
