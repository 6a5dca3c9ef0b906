//! What a search found. The keys are stable: they are in the JSON that users keep.

use super::judge::Conduct;
use super::shape::Shape;
use serde::Serialize;

/// All of it.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) command: Vec<String>,
    pub(crate) kernel: String,
    /// `variables` or `arguments`.
    pub(crate) strings: &'static str,
    pub(crate) limits: Limits,
    pub(crate) shapes: Vec<Found>,
    /// How often execve was tried, and how often the whole command was run.
    pub(crate) probes: u64,
    pub(crate) runs: u64,
    pub(crate) wall_s: f64,
    /// Nothing was left out because the budget was used up.
    pub(crate) complete: bool,
}

impl Report {
    /// Whether something is wrong with what the command does.
    pub(crate) fn has_findings(&self) -> bool {
        self.shapes.iter().any(|found| found.verdict.is_finding())
    }
}

/// The limits of this host, in bytes.
#[derive(Debug, Serialize)]
pub(crate) struct Limits {
    /// The soft limit of the stack; none where it is unlimited.
    pub(crate) stack: Option<u64>,
    /// The room for all strings and pointers.
    pub(crate) total: u64,
    /// The longest string, with its NUL.
    pub(crate) string: u64,
    /// What the program itself brings: strings and pointers.
    pub(crate) own: u64,
}

/// What was found for one shape.
#[derive(Debug, Serialize)]
pub(crate) struct Found {
    pub(crate) shape: Shape,
    /// The largest with which the command starts; none where it does not even with the least.
    pub(crate) starts: Option<Size>,
    /// The smallest with which it does not.
    pub(crate) fails: Size,
    /// The error of execve, or `killed`.
    pub(crate) error: String,
    pub(crate) limit: Limit,
    pub(crate) model: Model,
    /// Where an execve inside of the command fails, or it does otherwise.
    pub(crate) inside: Option<Inside>,
    pub(crate) verdict: Conduct,
    /// The decisive line, or words.
    pub(crate) evidence: String,
    /// The run to look at, where one was kept.
    pub(crate) run: Option<String>,
    pub(crate) repro: String,
}

/// A size of added strings.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Size {
    /// Bytes, NULs included.
    pub(crate) bytes: u64,
    /// How many strings.
    pub(crate) strings: u64,
}

/// A limit of the kernel.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Limit {
    /// `MAX_ARG_STRLEN`, `RLIMIT_STACK / 4`, ….
    pub(crate) name: &'static str,
    /// In words, with numbers.
    pub(crate) rule: String,
}

/// What the rule says, beside what the kernel says.
#[derive(Debug, Serialize)]
pub(crate) struct Model {
    pub(crate) agrees: bool,
    /// The largest that the rule lets start, in bytes.
    pub(crate) starts: Option<u64>,
}

/// What happens inside of a command that starts.
#[derive(Debug, Serialize)]
pub(crate) struct Inside {
    /// The largest with which all is as without.
    pub(crate) works: Option<Size>,
    /// The smallest with which it is not.
    pub(crate) fails: Size,
    /// They lie side by side: nothing in between was left out.
    pub(crate) exact: bool,
    /// How many calls failed with E2BIG; none where the command does otherwise for another reason.
    pub(crate) calls: usize,
    /// The limit that was met, as far as sizes tell.
    pub(crate) limit: Option<Limit>,
    /// The first of these calls: who made it, in words.
    pub(crate) site: Option<String>,
    pub(crate) path: Vec<String>,
    pub(crate) test: Option<String>,
}
