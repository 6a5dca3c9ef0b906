//! A switch as one sets it: `GODEBUG=netdns=go+2`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// A variable and what it is set to. Of GODEBUG, which holds many switches, a part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Setting {
    /// The variable: `GODEBUG`.
    pub variable: String,
    /// Its value: `netdns=go+2`, or several of GODEBUG's joined by commas.
    pub value: String,
}

impl Setting {
    /// A setting of this variable.
    pub fn new(variable: &str, value: impl Into<String>) -> Setting {
        Setting { variable: variable.to_owned(), value: value.into() }
    }

    /// A part of GODEBUG.
    pub fn godebug(name: &str, value: &str) -> Setting {
        Setting::new("GODEBUG", format!("{name}={value}"))
    }

    /// The names and values that a part of GODEBUG holds.
    pub fn parts(&self) -> impl Iterator<Item = (&str, &str)> {
        let is_godebug = self.variable == "GODEBUG";
        self.value.split(',').filter(move |_| is_godebug).filter_map(|part| part.split_once('='))
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.variable, self.value)
    }
}

impl FromStr for Setting {
    type Err = String;

    /// Reads `NAME=VALUE`, where a name in lower case is one of GODEBUG's. The error is what to tell the user.
    fn from_str(text: &str) -> Result<Setting, String> {
        let wrong = |what: &str| {
            format!(
                "`{text}` {what}; write it as a variable: GODEBUG=netdns=go+2, GOTRACEBACK=system, or netdns=go+2"
            )
        };
        let (name, value) = text.split_once('=').ok_or_else(|| wrong("has no value"))?;
        if name.is_empty() || text.contains('\0') {
            return Err(wrong("has no name"));
        }
        let is_variable =
            name.bytes().all(|byte| byte == b'_' || byte.is_ascii_uppercase() || byte.is_ascii_digit());
        let setting = if is_variable { Setting::new(name, value) } else { Setting::new("GODEBUG", text) };
        let is_whole = || {
            setting
                .value
                .split(',')
                .all(|part| part.split_once('=').is_some_and(|(name, _)| !name.is_empty()))
        };
        if setting.variable == "GODEBUG" && !is_whole() {
            return Err(wrong("is no name=value of GODEBUG"));
        }
        Ok(setting)
    }
}

/// The variables of all these settings together, on top of what the user has set: values of GODEBUG add up, of other
/// variables the last one counts.
///
/// # Go
/// parsegodebug in runtime/runtime1.go reads from left to right, and later settings overwrite earlier ones.
pub fn merged(own: impl Fn(&str) -> Option<String>, settings: &[Setting]) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for Setting { variable, value } in settings {
        if variable == "GODEBUG" {
            let whole = all
                .get(variable)
                .cloned()
                .or_else(|| own(variable))
                .filter(|before| !before.is_empty())
                .map_or_else(|| value.clone(), |before| format!("{before},{value}"));
            all.insert(variable.clone(), whole);
        } else {
            all.insert(variable.clone(), value.clone());
        }
    }
    all
}
