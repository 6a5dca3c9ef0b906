//! What runtime/extern.go says of each of the runtime's switches.
//!
//! # Go
//! Since long before go1.19: paragraphs of the package comment that begin with one tab, `name:` and text.

use std::collections::BTreeMap;

/// What is said of each, in one line.
pub(super) fn read(text: &str) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut current: Option<String> = None;
    for line in text.lines().take_while(|line| !line.starts_with("package ")) {
        let Some(words) = line.strip_prefix('\t') else {
            current = None;
            continue;
        };
        let head = words.split_once(": ").filter(|(name, _)| {
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '*';
            !name.is_empty() && name.chars().all(is_plain)
        });
        match (head, &current) {
            (Some((name, rest)), _) => {
                found.insert(name.to_owned(), rest.trim().to_owned());
                current = Some(name.to_owned());
            }
            (None, Some(name)) => {
                if let Some(said) = found.get_mut(name) {
                    said.push(' ');
                    said.push_str(words.trim());
                }
            }
            (None, None) => {}
        }
    }
    found
}

/// The first sentence of it.
pub(super) fn first_sentence(said: &str) -> String {
    let end = said.find(". ").map_or(said.len(), |at| at + 1);
    said[..end].trim_end_matches('.').to_owned()
}

/// The values of a switch that a text names: `cgocheck=2`.
pub(super) fn values(name: &str, said: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lead = format!("{name}=");
    for (at, _) in said.match_indices(&lead) {
        let is_word =
            said[..at].chars().next_back().is_some_and(|before| before.is_alphanumeric() || before == '.');
        let value: String = said[at + lead.len()..].chars().take_while(char::is_ascii_digit).collect();
        if !is_word && !value.is_empty() && !found.contains(&value) {
            found.push(value);
        }
    }
    found
}
