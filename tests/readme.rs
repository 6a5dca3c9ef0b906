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
    if !has(&[Need::Go, Need::Race]) {
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

#[test]
fn every_scenario_is_in_the_table() {
    let text = readme();
    for entry in fs::read_dir(root().join("scenarios")).expect("there are scenarios").flatten() {
        if entry.path().join("scenario.toml").is_file() {
            let id = entry.file_name().to_string_lossy().into_owned();
            assert!(text.contains(&format!("| `{id}` |")), "{id} is not in the README's table");
        }
    }
}
