//! What packages read of GODEBUG: the table of all known settings, and the places that ask for one.

use super::runtime::quoted;

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) name: String,
    /// The package that it belongs to, as the table says.
    pub(super) package: String,
    pub(super) changed: Option<(u32, String)>,
    pub(super) line: usize,
}

/// A setting that is no more, and the release of Go 1 that took it away.
pub(super) type Removed = (String, u32);

/// The rows of `All`, and of `Removed`.
///
/// # Go
/// internal/godebugs/table.go, since go1.21: `{Name: "asynctimerchan", Package: "time", Changed: 23, Old: "1"},`; `Removed`
/// since go1.26.
pub(super) fn table(text: &str) -> (Vec<Row>, Vec<Removed>) {
    let (mut rows, mut removed) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(text.lines()) {
        let words = line.trim();
        let Some(name) = words.strip_prefix("{Name:").and_then(quoted) else { continue };
        let field = |key: &str| words.split_once(key).map(|(_, rest)| rest.trim_start());
        let number_of = |key: &str| {
            let digits: String = field(key)?.chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<u32>().ok()
        };
        if let Some(release) = number_of("Removed:") {
            removed.push((name.to_owned(), release));
            continue;
        }
        let old = field("Old:").and_then(quoted);
        rows.push(Row {
            name: name.to_owned(),
            package: field("Package:").and_then(quoted).unwrap_or_default().to_owned(),
            changed: number_of("Changed:").zip(old.map(str::to_owned)),
            line: number,
        });
    }
    (rows, removed)
}

/// A place that asks for a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) line: usize,
    /// The value that it is compared with, where it is looked for in the text of the variable.
    pub(super) value: Option<String>,
}

/// The settings that a file asks for.
///
/// # Go
/// `godebug.New("name")`, `godebug.New("#name")` for undocumented ones (internal/godebug, since go1.20), `godebug.Get("name")`
/// (go1.19); net/http's HTTP/2 looks for `http2debug=1` in the whole variable (h2_bundle.go, and net/http/internal/http2
/// since go1.27).
pub(super) fn asked(text: &str) -> Vec<Asked> {
    let reads_variable = text.contains("os.Getenv(\"GODEBUG\")");
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for lead in ["godebug.New(\"", "godebug.Get(\""] {
            for (at, _) in line.match_indices(lead) {
                let name = line[at + lead.len()..].split('"').next().unwrap_or_default();
                let name = name.trim_start_matches('#');
                if !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric()) {
                    found.push(Asked { name: name.to_owned(), line: number, value: None });
                }
            }
        }
        if let Some((_, rest)) = line.split_once("strings.Contains(e, \"").filter(|_| reads_variable)
            && let Some((name, value)) = rest.split('"').next().and_then(|text| text.split_once('='))
        {
            found.push(Asked { name: name.to_owned(), line: number, value: Some(value.to_owned()) });
        }
    }
    found
}
