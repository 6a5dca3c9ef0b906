//! One switch of a toolchain.

use super::Setting;
use std::fmt;

/// Something that a program built by this toolchain reads from its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// The variable: `GODEBUG`, `GOTRACEBACK`, `GOGC`.
    pub variable: &'static str,
    /// Its name within GODEBUG; empty for other variables.
    pub name: String,
    /// Where the toolchain's sources name it.
    pub place: Place,
    /// Who reads it.
    pub reader: Reader,
    /// Its value where nobody sets it, where the sources say so.
    pub default: Option<String>,
    /// The release of Go 1 that changed its default, and the value that brings the old behaviour back.
    pub changed: Option<(u32, String)>,
    /// What the sources say of it, in one line; empty where they say nothing.
    pub about: String,
    /// What is worth trying.
    pub trials: Vec<Trial>,
}

/// Something worth trying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// What is set.
    pub setting: Setting,
    /// Why it is not tried unless it is asked for: what it costs.
    pub cost: Option<&'static str>,
    /// It is about how fast and side by side things run, not about what is said.
    pub is_perturbation: bool,
}

/// A line of the toolchain's sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, below GOROOT/src.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

/// Who reads a switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reader {
    /// The runtime: every program.
    Runtime,
    /// A package (its import path): programs that use it.
    Package(String),
    /// The go command, and no program.
    Command,
    /// Only programs for another system.
    OtherSystem,
    /// The build: it changes what the compiler makes.
    Build,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}
