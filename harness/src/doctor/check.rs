//! What was looked at, and what it means for the user.

use serde::Serialize;

/// What was looked at, and what it means for the user.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Check {
    /// A stable name.
    pub(crate) name: &'static str,
    pub(crate) state: State,
    /// What was found.
    pub(crate) found: String,
    /// What follows from it.
    pub(crate) meaning: String,
    /// What to do about it, where something can be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) help: Option<String>,
    /// More of what was found, in lines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) details: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// It works.
    Ok,
    /// It works with a limit, or something that few need does not.
    Limited,
    /// The main job cannot run; of an executable: it cannot.
    No,
    /// Files alone do not tell.
    Unknown,
}

impl Check {
    pub(crate) fn new(
        name: &'static str,
        state: State,
        found: impl Into<String>,
        meaning: impl Into<String>,
    ) -> Check {
        Check { name, state, found: found.into(), meaning: meaning.into(), help: None, details: Vec::new() }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Check {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn details(mut self, details: impl IntoIterator<Item = String>) -> Check {
        self.details.extend(details);
        self
    }
}
