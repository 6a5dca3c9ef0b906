//! The README says only what was seen: its examples are run, its tables are checked.

use e2e::{Need, duress_path, has, root};
use std::fs;
use std::process::Command;

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).expect("there is a README")
}

/// The lines of `console` blocks: a command behind `$`, and the exit code behind the last `#`.
fn examples() -> Vec<(String, i32)> {
    let text = readme();
    let blocks = text.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines = blocks.flat_map(str::lines).filter_map(|line| line.strip_prefix("$ "));
    lines
        .map(|line| {
            let (command, code) =
                line.rsplit_once('#').unwrap_or_else(|| panic!("no exit code behind `{line}`"));
            (command.trim().to_owned(), code.trim().parse().expect("an exit code is a number"))
        })
        .collect()
}

/// All in one test and in order: `last` in an example means the one before.
#[test]
#[expect(clippy::disallowed_methods, reason = "examples are for a shell")]
fn every_example_exits_as_the_readme_says() {
    if !has(&[Need::Go, Need::Race, Need::Trace]) {
        return;
    }
    let examples = examples();
    assert!(examples.len() >= 10, "{examples:?}");
    let home = tempfile::tempdir().expect("a scratch folder");
    let bin = duress_path().parent().expect("duress lies in a folder");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    for (command, code) in examples {
        let output = Command::new("sh")
            .args(["-c", &command])
            .current_dir(root().join("scenarios/first-steps"))
            .env("PATH", &path)
            .env("DURESS_HOME", home.path())
            .env_remove("DURESS_SEED")
            .env_remove("DURESS_FORMAT")
            .output()
            .expect("there is a shell");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "$ {command}\n{out}\n{err}");
    }
}

/// The steps of the workflow that are duress's own, in a repository with one scenario.
#[test]
#[expect(clippy::disallowed_methods, reason = "steps of a workflow are for a shell")]
fn the_workflow_passes() {
    if !has(&[Need::Go, Need::C]) {
        return;
    }
    let text = readme();
    let workflow = text.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next());
    let steps = workflow.expect("there is a workflow").lines();
    let steps: Vec<String> = steps
        .filter_map(|line| line.trim().strip_prefix("- run: duress "))
        .map(|step| format!("duress {}", step.replace("${{ matrix.shard }}", "1")))
        .collect();
    assert_eq!(steps.len(), 2, "{steps:?}");
    let repository = tempfile::tempdir().expect("a scratch folder");
    fs::create_dir(repository.path().join("scenarios")).expect("a scratch folder");
    let bin = duress_path().parent().expect("duress lies in a folder");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    for step in ["duress scenario new full-disk"].into_iter().chain(steps.iter().map(String::as_str)) {
        let output = Command::new("sh")
            .args(["-ec", step])
            .current_dir(repository.path())
            .env("PATH", &path)
            .env("DURESS_HOME", repository.path().join("home"))
            .env("GITHUB_ACTIONS", "true")
            .env_remove("DURESS_SCENARIOS")
            .output()
            .expect("there is a shell");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "$ {step}\n{out}\n{err}");
    }
    let xml = fs::read_to_string(repository.path().join("scenarios.xml")).expect("the report is there");
    assert!(xml.contains("<testcase name=\"full-disk\""), "{xml}");
}

/// The rows of the table of faults: a rule, flags, a test and an exit code.
fn faults() -> Vec<(String, Vec<String>, String, i32)> {
    let text = readme();
    let table = text.split("### Every fault").nth(1).expect("there is such a section");
    let table = table.split("\n### ").next().unwrap_or_default();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" |").map(str::trim).collect();
        let [_, _, _, _, example, test, code] = cells[..] else { panic!("{row}") };
        let mut words = quoted(example.trim_start_matches("| "));
        let flags = words.split_off(1);
        let flags = flags.iter().flat_map(|flag| flag.split(' ')).map(str::to_owned).collect();
        let test = quoted(test).concat();
        (words.concat(), flags, test, code.trim_start_matches("| ").parse().expect("an exit code"))
    })
    .collect()
}

/// Every fault on real Go, two at a time.
#[test]
fn every_example_of_a_fault_exits_as_the_table_says() {
    if !has(&[Need::Go, Need::Notify, Need::Trace]) {
        return;
    }
    let faults = faults();
    assert!(faults.len() >= 25, "{faults:?}");
    let folder = root().join("scenarios/every-fault");
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((spec, flags, test, code)) =
                    faults.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
                {
                    let mut line = vec!["run".to_owned(), "-e".to_owned(), spec.clone()];
                    line.extend(flags.clone());
                    line.extend(["--", "go", "test", "-run"].map(str::to_owned));
                    line.extend([format!("^{test}$"), ".".to_owned()]);
                    let outcome = e2e::Duress::new(&folder, line).run();
                    outcome.expect_code(*code);
                    // What is quiet is not counted; everything else has to say that it fired.
                    let has_fired =
                        outcome.stdout.contains(" fired in ") && !outcome.stdout.contains(" 0 faults fired");
                    assert!(has_fired || spec.contains(":quiet"), "{spec}\n{outcome:?}");
                }
            });
        }
    });
}

/// The rows of the table of personas: a persona, a test and an exit code.
fn personas() -> Vec<(String, String, i32)> {
    let text = readme();
    let table = text.split("### Every persona").nth(1).expect("there is such a section");
    let table = table.split("\n## ").next().unwrap_or_default();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" |").map(str::trim).collect();
        let [persona, _, test, code, _] = cells[..] else { panic!("{row}") };
        let quoted = |cell: &str| cell.split('`').nth(1).unwrap_or_default().to_owned();
        (quoted(persona), quoted(test), code.trim_start_matches("| ").parse().expect("an exit code"))
    })
    .collect()
}

/// Every persona on real Go; and every one that there is has a row.
#[test]
fn every_example_of_a_persona_exits_as_the_table_says() {
    if !has(&[Need::Go, Need::Notify]) {
        return;
    }
    let folder = root().join("scenarios/hostile-hosts");
    let rows = personas();
    let list = e2e::Duress::new(&folder, ["persona", "list", "--format", "json"]).run().json();
    let names = ["personas", "presets"].iter().flat_map(|kind| list[kind].as_array().expect("a list"));
    for name in names.filter_map(|one| one["name"].as_str()) {
        // No small test meets these; and root does not.
        let is_shown = rows.iter().any(|(persona, ..)| persona.split('=').next() == Some(name));
        assert!(is_shown || ["memlock", "nproc"].contains(&name), "{name} is not in the table");
    }
    for (persona, test, code) in rows {
        let pattern = format!("^{test}$");
        let line = ["run", "--persona", &persona, "--", "go", "test", "-count=1", "-run", &pattern, "."];
        e2e::Duress::new(&folder, line).run().expect_code(code);
    }
}

/// The first of the two commands, by its words; cargo itself built what is run here.
#[test]
fn the_first_command_shows_a_finding() {
    if !has(&[Need::Go]) {
        return;
    }
    let text = readme();
    let line = text.lines().find_map(|line| line.strip_prefix("cargo run -- ")).expect("the first command");
    let words: Vec<&str> = line.split(' ').map(|word| word.trim_matches('\'')).collect();
    let outcome = e2e::Duress::new(root(), words).run();
    outcome.expect_code(1).expect_stdout(&[
        "finding 1: failure",
        "Save reported success",
        "reproduce: duress replay",
    ]);
}

#[test]
fn the_second_command_is_what_ci_runs() {
    let ci = fs::read_to_string(root().join(".ci/run")).expect("there is a CI script");
    let text = readme();
    let second = text.lines().find(|line| line.starts_with("cargo test")).expect("the second command");
    assert!(ci.lines().any(|line| line == second), "{second}");
}
