//! A rule of a persona, as a plan file has it.

use std::fmt::Write as _;

/// One `[[rule]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name within the persona; short, of letters, digits and `-`.
    pub name: String,
    /// The calls by name, or one of the plan file's own sets.
    pub calls: Vec<String>,
    /// What must hold of them.
    pub condition: Option<String>,
    /// What becomes of them: what stands between the braces of `fault = { … }`.
    pub fault: String,
    /// Whether the kernel's filter can do it alone.
    pub is_quiet: bool,
    /// The file that it shows, where that is all it does.
    pub shown: Option<Shown>,
}

/// A file that has other contents than its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its path, from the root on.
    pub path: String,
    /// What it has.
    pub content: Shows,
}

/// Contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shows {
    /// These words.
    Words(String),
    /// Those of this file.
    File(String),
}

impl Rule {
    /// Calls that fail with this error.
    pub fn fails<S: Into<String>>(
        name: impl Into<String>,
        calls: impl IntoIterator<Item = S>,
        errno: &str,
    ) -> Rule {
        Rule {
            name: name.into(),
            calls: calls.into_iter().map(Into::into).collect(),
            condition: None,
            fault: format!("error = \"{errno}\""),
            is_quiet: true,
            shown: None,
        }
    }

    /// The same where this holds. Only `arg(…)` and `fd(…)` of numbers can be decided by the kernel's filter.
    #[must_use]
    pub fn only_where(self, condition: impl Into<String>) -> Rule {
        Rule { condition: Some(condition.into()), ..self }
    }

    /// The same, decided by the supervisor, who can look at memory.
    #[must_use]
    pub fn asked(self) -> Rule {
        Rule { is_quiet: false, ..self }
    }

    /// Whether it makes its calls fail.
    pub fn is_error(&self) -> bool {
        self.fault.starts_with("error")
    }

    /// A file that shows these words in the place of its own.
    pub fn shows(name: impl Into<String>, path: &str, words: &str) -> Rule {
        Rule::shows_any(name, path, Shows::Words(words.to_owned()))
    }

    /// A file that shows other contents than its own.
    pub fn shows_any(name: impl Into<String>, path: &str, content: Shows) -> Rule {
        Rule {
            name: name.into(),
            calls: ["open", "openat", "openat2"].map(str::to_owned).to_vec(),
            condition: Some(format!("path(={path})")),
            fault: match &content {
                Shows::Words(words) => format!("text = {}", quoted(words)),
                Shows::File(file) => format!("content = {}", quoted(file)),
            },
            is_quiet: false,
            shown: Some(Shown { path: path.to_owned(), content }),
        }
    }

    /// As a plan file has it, named and marked as this persona's.
    pub fn to_toml(&self, persona: &str, name: &str) -> String {
        let calls: Vec<String> = self.calls.iter().map(|call| quoted(call)).collect();
        let mut text = format!(
            "[[rule]]\nname = {}\npersona = {}\ncalls = [{}]\n",
            quoted(name),
            quoted(persona),
            calls.join(", ")
        );
        if let Some(condition) = &self.condition {
            let _ = writeln!(text, "where = {}", quoted(condition));
        }
        if self.is_quiet {
            text += "quiet = true\n";
        }
        let _ = writeln!(text, "fault = {{ {} }}", self.fault);
        text
    }
}

/// A TOML string with any content.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
