//! One verdict.

use serde::{Deserialize, Serialize};

/// The words that verdicts are made of: of scenarios, then of switches. Others are kept as they are.
pub const VERDICTS: [&str; 9] =
    ["reproduced", "refuted", "partly", "skipped", "exposes", "changes", "inert", "unknown", "fatal"];

/// One verdict, with what it is about and what shows it.
///
/// Two records with the same campaign, host, scenario, toolchain, switch and persona are one: the later replaces the earlier.
/// The names of the fields are the keys of JSON and the columns of CSV; they are stable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Names one invocation of `duress scenario run` or the like: `20261125-180000-123abcd`.
    pub campaign: String,
    /// When the verdict was come to, in milliseconds since 1970 UTC.
    pub at_unix_ms: u64,
    /// The host's node name.
    pub host: String,
    /// The kernel's release.
    pub kernel: String,
    /// The toolchain, as in `go1.26.8`.
    #[serde(default)]
    pub go: Option<String>,
    /// A scenario's id, or a command line.
    pub scenario: String,
    /// What was switched on, as in `GODEBUG=netdns=go+2`; none: nothing.
    #[serde(default)]
    pub switch: Option<String>,
    /// Personas given on the command line, joined by `, `.
    #[serde(default)]
    pub persona: Option<String>,
    /// One of [`VERDICTS`].
    pub verdict: String,
    /// Why it is this verdict, where that is not plain from the evidence.
    #[serde(default)]
    pub reason: Option<String>,
    /// The decisive lines of output.
    #[serde(default)]
    pub evidence: Vec<String>,
    /// How many faults fired. Kept up to 2^63 - 1.
    #[serde(default)]
    pub fired: u64,
    /// How long it took, in seconds of wall time.
    #[serde(default)]
    pub wall_s: f64,
    /// The version of duress.
    #[serde(default)]
    pub duress: String,
    /// A command line that shows it again.
    #[serde(default)]
    pub repro: String,
}

impl Record {
    /// The record as it is kept: an empty text where there may be none is none, a time that is no number is 0.
    pub(crate) fn tidied(&self) -> Record {
        let tidy = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Record {
            go: tidy(&self.go),
            switch: tidy(&self.switch),
            persona: tidy(&self.persona),
            reason: tidy(&self.reason),
            wall_s: if self.wall_s.is_finite() { self.wall_s } else { 0.0 },
            ..self.clone()
        }
    }

    /// The reason and the evidence, in lines.
    pub(crate) fn told(&self) -> impl Iterator<Item = &str> {
        self.reason.iter().chain(&self.evidence).flat_map(|text| text.lines())
    }
}

/// A record for tests, told apart by scenario, toolchain and verdict.
#[cfg(test)]
pub(crate) fn sample(campaign: &str, scenario: &str, go: &str, verdict: &str) -> Record {
    Record {
        campaign: campaign.to_owned(),
        at_unix_ms: 1_795_204_923_000,
        host: "alpha".to_owned(),
        kernel: "6.18.44".to_owned(),
        go: Some(go.to_owned()),
        scenario: scenario.to_owned(),
        switch: None,
        persona: None,
        verdict: verdict.to_owned(),
        reason: None,
        evidence: vec![format!("{scenario} on {go} is {verdict}")],
        fired: 1,
        wall_s: 0.5,
        duress: "0.1.0".to_owned(),
        repro: format!("duress scenario run {scenario}"),
    }
}
