//! What the runtime reads: its table of GODEBUG, its other variables, and the levels of GOTRACEBACK.

use super::Place;

/// One row of the runtime's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) line: usize,
    /// What it is where nobody sets it.
    pub(super) default: i64,
}

/// The rows of `dbgvars`, and of what is read beside it.
///
/// # Go
/// `var dbgvars = []dbgVar{ {"name", &debug.name}, …` up to go1.20, `[]*dbgVar{ {name: "name", value: …, def: 1}, …`
/// since go1.21 (runtime/runtime1.go). What has another default than 0 is set as `debug.name = 1` in parsedebugvars
/// (parseRuntimeDebugVars since go1.26), or is `def`. memprofilerate is read by name.
pub(super) fn table(text: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let (mut is_table, mut condition) = (false, String::new());
    let mut defaults: Vec<(String, i64)> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let words = line.trim();
        if line.starts_with("var dbgvars") {
            is_table = true;
        } else if line.starts_with('}') {
            is_table = false;
        } else if is_table && words.starts_with('{') {
            if let Some(name) = quoted(words) {
                let default =
                    words.split_once("def:").map_or(0, |(_, rest)| integer(rest.trim_start()).unwrap_or(0));
                rows.push(Row { name: name.to_owned(), line: number, default });
            }
        } else if words.starts_with("if ") {
            words.clone_into(&mut condition);
        } else if words == "}" {
            condition.clear();
        } else if let Some((name, rest)) =
            words.strip_prefix("debug.").and_then(|rest| rest.split_once(" = "))
        {
            // Where one switch sets another it is no default.
            if let Some(value) = integer(rest).filter(|_| !condition.contains("debug.")) {
                defaults.push((name.to_owned(), value));
            }
        }
        if words.contains("key == \"memprofilerate\"") {
            // MemProfileRate in runtime/mprof.go.
            rows.push(Row { name: "memprofilerate".to_owned(), line: number, default: 512 * 1024 });
        }
    }
    for row in &mut rows {
        if let Some((_, value)) = defaults.iter().find(|(name, _)| *name == row.name) {
            row.default = *value;
        }
    }
    rows
}

/// The levels of GOTRACEBACK, with their lines.
///
/// # Go
/// `switch level { case "none": …` in setTraceback, runtime/runtime1.go. `wer` (since go1.20) is Windows'.
pub(super) fn levels(text: &str) -> Vec<(String, usize)> {
    let mut lines = (1..).zip(text.lines()).skip_while(|(_, line)| !line.starts_with("func setTraceback("));
    let body = lines.by_ref().take_while(|(_, line)| !line.starts_with('}'));
    let cases = body.filter_map(|(number, line)| Some((number, line.trim().strip_prefix("case ")?)));
    cases
        .filter_map(|(number, line)| Some((quoted(line)?.to_owned(), number)))
        .filter(|(name, _)| !name.is_empty())
        .collect()
}

/// The variables that a file of the runtime asks for.
pub(super) fn variables(file: &str, text: &str) -> Vec<(String, Place)> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let Some((_, rest)) = line.split_once("gogetenv(\"") else { continue };
        let name: String = rest.chars().take_while(|c| *c != '"').collect();
        if !line.trim_start().starts_with("//") && name.chars().all(|c| c.is_ascii_uppercase()) {
            found.push((name, Place { file: file.to_owned(), line: number }));
        }
    }
    found
}

/// The CPU features that `GODEBUG=cpu.NAME=off` takes away, with their lines.
///
/// # Go
/// `options = []option{ {Name: "adx", Feature: …}, …` in internal/cpu/cpu_x86.go.
pub(super) fn features(text: &str) -> Vec<(String, usize)> {
    let rows =
        (1..).zip(text.lines()).filter(|(_, line)| line.contains("Name: \"") && line.contains("Feature: "));
    rows.filter_map(|(number, line)| Some((quoted(line)?.to_owned(), number))).collect()
}

/// The line of the experiment of this name.
///
/// # Go
/// A field of Flags in internal/goexperiment/flags.go; GOEXPERIMENT has its name in lower case.
pub(super) fn experiment(text: &str, field: &str) -> Option<usize> {
    let is_field = |line: &str| line.split_whitespace().collect::<Vec<_>>() == [field, "bool"];
    (1..).zip(text.lines()).find(|(_, line)| is_field(line)).map(|(number, _)| number)
}

/// The first text in quotes.
pub(super) fn quoted(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('"')?;
    rest.split_once('"').map(|(inside, _)| inside)
}

fn integer(text: &str) -> Option<i64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}
