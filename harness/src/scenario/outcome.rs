//! What came of one scenario with one toolchain.

use super::{Judgement, Scenario};
use crate::campaign::Verdict;
use golang::Toolchain;
use serde::Serialize;

/// What came of it; its keys are stable.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Outcome {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) claim: String,
    pub(crate) document: Option<String>,
    pub(crate) go: Option<String>,
    pub(crate) verdict: Judgement,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    pub(crate) evidence: Vec<String>,
    pub(crate) exposed_by: Vec<Exposed>,
    pub(crate) fired: u64,
    pub(crate) wall_s: f64,
    pub(crate) repro: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expected: Option<Judgement>,
    /// What each arm that decides looks like, and what was recorded of it.
    pub(crate) arms: Vec<Looks>,
    /// Something that has to be so for the attempt to be real was not.
    pub(crate) unreal: bool,
    /// It could not be tried for a mistake of its own: it does not compile, its plan is wrong.
    pub(crate) broken: bool,
}

/// What an arm looks like: as claimed, otherwise, or like neither (`partly`).
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Looks {
    pub(crate) name: String,
    pub(crate) verdict: Judgement,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expected: Option<Judgement>,
}

/// What a switch of the runtime showed.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Exposed {
    pub(crate) switch: String,
    pub(crate) effect: String,
    pub(crate) evidence: String,
}

impl Outcome {
    /// Nothing is known yet but what was to be tried.
    pub(crate) fn skipped(
        scenario: &Scenario,
        word: &str,
        toolchain: Option<&Toolchain>,
        reason: String,
    ) -> Outcome {
        let version = toolchain.map(|toolchain| &toolchain.version);
        let with = if word == "local" { String::new() } else { format!(" --go {word}") };
        Outcome {
            id: scenario.id.clone(),
            title: scenario.title.clone(),
            claim: scenario.claim.clone(),
            document: scenario.document.clone(),
            go: version
                .map(ToString::to_string)
                .or_else(|| (word != "local").then(|| format!("go{}", word.trim_start_matches("go")))),
            verdict: Judgement::Skipped,
            reason: Some(reason),
            evidence: Vec::new(),
            exposed_by: Vec::new(),
            fired: 0,
            wall_s: 0.0,
            repro: format!("duress scenario run {}{with}", scenario.id),
            expected: scenario.expected(version),
            arms: Vec::new(),
            unreal: false,
            broken: false,
        }
    }

    /// As the database has it: the verdict on the claim, and one on each switch.
    pub(crate) fn verdicts(&self) -> Vec<Verdict> {
        let own = |switch: Option<String>, word: &str, evidence: Vec<String>| Verdict {
            go: self.go.clone(),
            scenario: self.id.clone(),
            switch,
            word: word.to_owned(),
            reason: None,
            evidence,
            fired: self.fired,
            wall_s: self.wall_s,
            repro: self.repro.clone(),
        };
        let claim = own(None, self.verdict.word(), self.evidence.clone());
        let claim = Verdict { reason: self.reason.clone().filter(|reason| !reason.is_empty()), ..claim };
        let switches = self.exposed_by.iter().map(|exposed| {
            own(Some(exposed.switch.clone()), &exposed.effect, vec![exposed.evidence.clone()])
        });
        std::iter::once(claim).chain(switches).collect()
    }

    /// Whether it came out otherwise than was recorded: the verdict, or an arm of it, or that the attempt was real.
    pub(crate) fn differs(&self) -> bool {
        let is_other = |arm: &Looks| arm.expected.is_some_and(|expected| expected != arm.verdict);
        self.verdict != Judgement::Skipped
            && (self.unreal
                || self.expected.is_some_and(|expected| expected != self.verdict)
                || self.arms.iter().any(is_other))
    }
}
