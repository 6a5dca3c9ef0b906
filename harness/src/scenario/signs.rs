//! Signs: conditions on what a run did, by which a claim is judged.

use super::walk::{Mistakes, Table, Text, Value};
use regex_lite::Regex;
use std::collections::BTreeMap;

/// Conditions on a run; all that are given must hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signs {
    /// The run's verdict is one of these.
    pub(crate) verdict: Vec<String>,
    /// The command ended so: `exit status 2`, `signal 6 (SIGABRT)`; a part of it is enough.
    pub(crate) ending: Option<String>,
    /// So many faults fired.
    pub(crate) fired: Option<Count>,
    /// So many faults fired, by the rule's name.
    pub(crate) rules: BTreeMap<String, Count>,
    /// So many tests passed, and failed.
    pub(crate) passed: Option<Count>,
    pub(crate) failed: Option<Count>,
    /// So many calls were made, by system call.
    pub(crate) calls: BTreeMap<String, Count>,
    /// The output holds these texts.
    pub(crate) output: Vec<String>,
    /// The output holds none of these.
    pub(crate) absent: Vec<String>,
    /// A line of the output matches each of these.
    pub(crate) matches: Vec<Regex>,
    /// So many lines of the output match.
    pub(crate) lines: Vec<(Regex, Count)>,
    /// The output's last `NAME=NUMBER` (or `NAME: NUMBER`) is such a number.
    pub(crate) values: BTreeMap<String, Count>,
    /// The output is that of another arm, apart from what differs between equal runs.
    pub(crate) output_as: Option<String>,
    /// It is not.
    pub(crate) output_unlike: Option<String>,
    /// The run took so many seconds.
    pub(crate) seconds: Option<Count>,
}

/// A condition on a number: `3`, `0`, `>=1`, `<=5`, `2..4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    least: u64,
    most: u64,
}

impl Count {
    pub(crate) fn holds(self, number: u64) -> bool {
        (self.least..=self.most).contains(&number)
    }

    fn read(text: &str) -> Option<Count> {
        let number = |text: &str| text.trim().replace('_', "").parse::<u64>().ok();
        let (least, most) = if let Some(rest) = text.strip_prefix(">=") {
            (number(rest)?, u64::MAX)
        } else if let Some(rest) = text.strip_prefix("<=") {
            (0, number(rest)?)
        } else if let Some((least, most)) = text.split_once("..") {
            (number(least)?, number(most)?)
        } else {
            (number(text)?, number(text)?)
        };
        (least <= most).then_some(Count { least, most })
    }
}

const WORDS: &[&str] =
    &["vacuous", "unaffected", "survived", "failed", "crashed", "hung", "silent", "swallowed"];

impl Signs {
    /// Reads `[arm.must]` and its like.
    pub(super) fn read(value: &Value<'_>, what: &'static str, mistakes: &mut Mistakes) -> Option<Signs> {
        let mut table = Table::of(value, what, mistakes)?;
        let texts = |found: Vec<Text>| found.into_iter().map(|text| text.text).collect::<Vec<_>>();
        let verdict = table.strings("verdict", mistakes);
        for word in verdict.iter().filter(|word| !WORDS.contains(&word.text.as_str())) {
            let help = format!("a run is one of {}", WORDS.join(", "));
            mistakes.at(word.span.clone(), format!("no run is `{}`", word.text)).help = Some(help);
        }
        let signs = Signs {
            verdict: texts(verdict),
            ending: table.string("ending", mistakes).map(|text| text.text),
            fired: one(table.string("fired", mistakes), mistakes),
            rules: counts(table.map("rules", mistakes), mistakes),
            passed: one(table.string("passed", mistakes), mistakes),
            failed: one(table.string("failed", mistakes), mistakes),
            calls: counts(table.map("calls", mistakes), mistakes),
            output: texts(table.strings("output", mistakes)),
            absent: texts(table.strings("absent", mistakes)),
            matches: regexes(table.strings("matches", mistakes), mistakes),
            lines: table
                .map("lines", mistakes)
                .into_iter()
                .filter_map(|(pattern, bound)| {
                    let span = bound.span.clone();
                    let regex = regex(&Text { text: pattern, span }, mistakes);
                    Some((regex?, one(Some(bound), mistakes)?))
                })
                .collect(),
            values: counts(table.map("values", mistakes), mistakes),
            output_as: table.string("output_as", mistakes).map(|text| text.text),
            output_unlike: table.string("output_unlike", mistakes).map(|text| text.text),
            seconds: one(table.string("seconds", mistakes), mistakes),
        };
        table.finish(mistakes);
        Some(signs)
    }
}

fn one(text: Option<Text>, mistakes: &mut Mistakes) -> Option<Count> {
    let text = text?;
    let count = Count::read(&text.text);
    if count.is_none() {
        let message = format!("`{}` is no count; write \"3\", \">=1\", \"<=5\" or \"2..4\"", text.text);
        mistakes.at(text.span, message);
    }
    count
}

fn counts(texts: BTreeMap<String, Text>, mistakes: &mut Mistakes) -> BTreeMap<String, Count> {
    texts.into_iter().filter_map(|(name, text)| Some((name, one(Some(text), mistakes)?))).collect()
}

/// A regular expression, and a mistake if it is none.
pub(super) fn regex(text: &Text, mistakes: &mut Mistakes) -> Option<Regex> {
    match Regex::new(&text.text) {
        Ok(regex) => Some(regex),
        Err(error) => {
            let message = format!("`{}` is no regular expression: {error}", text.text);
            mistakes.at(text.span.clone(), message);
            None
        }
    }
}

pub(super) fn regexes(texts: Vec<Text>, mistakes: &mut Mistakes) -> Vec<Regex> {
    texts.iter().filter_map(|text| regex(text, mistakes)).collect()
}

#[cfg(test)]
mod tests {
    use super::Count;

    #[test]
    fn counts_compare_as_written() {
        let holds = |text: &str, number| Count::read(text).unwrap().holds(number);
        assert!(holds("0", 0) && !holds("0", 1));
        assert!(holds(">=1", 1) && !holds(">=1", 0));
        assert!(holds("<=5", 5) && !holds("<=5", 6));
        assert!(holds("2..4", 2) && holds("2..4", 4) && !holds("2..4", 5));
        assert!(holds(">=100_000", 100_000));
        for bad in [">3", "", "many", "4..2", "-1"] {
            assert!(Count::read(bad).is_none(), "{bad}");
        }
    }
}
