//! `scenario.toml`, as written.

use serde::Deserialize;
use std::collections::BTreeMap;

/// One scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// Its id: the name of its folder.
    pub(crate) id: String,
    /// What it is about, in one line.
    pub(crate) title: String,
    /// What somebody claims.
    pub(crate) claim: String,
    /// Where it is claimed; none for a claim of our own.
    pub(crate) document: Option<String>,
    /// What the host must have.
    #[serde(default)]
    pub(crate) needs: Vec<Need>,
    /// The verdict that was seen, and that `--check` expects.
    pub(crate) expected: Option<String>,
    /// The runs.
    #[serde(rename = "arm")]
    pub(crate) arms: Vec<Arm>,
}

/// What a host may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Need {
    /// `go test -race`: cgo and a C compiler.
    Race,
    /// The superuser.
    Root,
}

/// One run of a scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arm {
    /// What is run, in words.
    pub(crate) name: String,
    /// The command.
    pub(crate) command: Vec<String>,
    /// Faults, as `-e` takes them.
    #[serde(default)]
    pub(crate) inject: Vec<String>,
    /// Hosts, as `--persona` takes them.
    #[serde(default)]
    pub(crate) personas: Vec<String>,
    /// Calls to count, as `--watch` takes them.
    #[serde(default)]
    pub(crate) watch: Vec<String>,
    /// The seed of every random choice.
    pub(crate) seed: Option<u64>,
    /// The time limit, as `--timeout` takes it; two minutes where none is given.
    pub(crate) timeout: Option<String>,
    /// What must be so for the attempt to be real.
    pub(crate) must: Option<Signs>,
    /// What it looks like if the claim is true.
    pub(crate) reproduced: Option<Signs>,
    /// What it looks like if the claim is false.
    pub(crate) refuted: Option<Signs>,
}

/// Conditions on a run; all that are given must hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signs {
    /// The run's verdict is one of these.
    pub(crate) verdict: Option<Vec<String>>,
    /// So many faults fired.
    pub(crate) fired: Option<Count>,
    /// So many tests passed.
    pub(crate) passed: Option<Count>,
    /// So many calls were made, by system call.
    #[serde(default)]
    pub(crate) calls: BTreeMap<String, Count>,
    /// The output holds this text.
    pub(crate) output: Option<String>,
}

/// A condition on a number: `3`, `0`, `>=1`, `<=5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum Count {
    Exactly(u64),
    AtLeast(u64),
    AtMost(u64),
}

impl Count {
    pub(crate) fn holds(self, number: u64) -> bool {
        match self {
            Count::Exactly(bound) => number == bound,
            Count::AtLeast(bound) => number >= bound,
            Count::AtMost(bound) => number <= bound,
        }
    }
}

impl TryFrom<String> for Count {
    type Error = String;

    fn try_from(text: String) -> Result<Count, String> {
        let (make, digits): (fn(u64) -> Count, &str) =
            match (text.strip_prefix(">="), text.strip_prefix("<=")) {
                (Some(rest), _) => (Count::AtLeast, rest),
                (_, Some(rest)) => (Count::AtMost, rest),
                (None, None) => (Count::Exactly, &text),
            };
        let wrong = || format!("`{text}` is no count; write \"3\", \">=1\" or \"<=5\"");
        digits.trim().parse().map(make).map_err(|_| wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_compare_as_written() {
        let holds = |text: &str, number| Count::try_from(text.to_owned()).unwrap().holds(number);
        assert!(holds("0", 0) && !holds("0", 1));
        assert!(holds(">=1", 1) && !holds(">=1", 0));
        assert!(holds("<=5", 5) && !holds("<=5", 6));
        assert!(Count::try_from(">3".to_owned()).is_err());
        assert!(Count::try_from(String::new()).is_err());
    }
}
