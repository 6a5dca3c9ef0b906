//! Advice, for people and as JSON.

use report::{Color, command_line, plain};
use serde::Serialize;
use std::fmt::Write as _;

/// All of it; its keys are stable.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Advice {
    pub(crate) run: String,
    pub(crate) command: Vec<String>,
    /// The toolchain that the run used; null where it is not known.
    pub(crate) go: Option<String>,
    /// Whether its sources were there to say which switches it has.
    pub(crate) verified: bool,
    /// How many calls were recorded.
    pub(crate) calls: u64,
    pub(crate) proposals: Vec<Listed>,
    /// Proposals that the toolchain has no switch for, each with the reason.
    pub(crate) left_out: Vec<String>,
    pub(crate) notes: Vec<String>,
    /// The smallest set that exposes, where all were tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) smallest: Option<Vec<String>>,
    pub(crate) repro: String,
}

/// One proposal.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Listed {
    pub(crate) switch: String,
    pub(crate) why: String,
    /// What was counted.
    pub(crate) evidence: Number,
    /// Where the toolchain's sources name it; null where they are not there.
    pub(crate) place: Option<String>,
    /// What it did, where it was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) effect: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) said: Option<String>,
}

/// A number from the journal.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Number {
    pub(crate) count: u64,
    pub(crate) what: String,
}

/// Draws it.
pub(crate) fn human(advice: &Advice, color: Color) -> String {
    let mut text = String::new();
    let mut line = |words: String| {
        let _ = writeln!(text, "{words}");
    };
    let go = advice.go.as_deref().map_or("an unknown Go".to_owned(), plain);
    line(format!(
        "{}  run {}, {go}, {} calls recorded",
        command_line(&advice.command),
        advice.run,
        advice.calls
    ));
    for note in &advice.notes {
        line(format!("  note: {note}"));
    }
    if advice.proposals.is_empty() {
        line("nothing that was recorded speaks for a switch".to_owned());
    }
    for listed in &advice.proposals {
        let switch = match color {
            Color::Always => format!("\x1b[1m{}\x1b[0m", listed.switch),
            Color::Never => listed.switch.clone(),
        };
        let unverified = if advice.verified { "" } else { "  (unverified)" };
        line(format!("\n {switch}{unverified}"));
        line(format!("   for {} {}", listed.evidence.count, listed.evidence.what));
        line(format!("   {}", listed.why));
        if let (Some(effect), Some(said)) = (&listed.effect, &listed.said) {
            line(format!("   tried: {effect}: {}", plain(said)));
        }
    }
    for left in &advice.left_out {
        line(format!("\n left out: {left}"));
    }
    match &advice.smallest {
        None if advice.proposals.is_empty() => {}
        None => line(format!("\ntry them: {}", advice.repro)),
        Some(set) if set.is_empty() => {
            line("\nnone of them exposes what the output does not name already".to_owned())
        }
        Some(set) => line(format!("\nenough: {}\n  {}", set.join(" "), advice.repro)),
    }
    text
}
