//! Which releases of Go are meant: `>=1.21, <1.24`.

use crate::Version;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A range of releases: all bounds must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Releases {
    text: String,
    bounds: Vec<Bound>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Bound {
    is: Is,
    version: Version,
    /// `1.24` as it is written means the whole line; `1.24.3` one release of it.
    is_line: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    AtLeast,
    AtMost,
    Above,
    Below,
    Equal,
}

impl Releases {
    /// Whether this version is among them. A development version is newer than every release.
    pub fn contain(&self, version: &Version) -> bool {
        self.bounds.iter().all(|bound| bound.holds(version))
    }
}

impl Bound {
    fn holds(&self, version: &Version) -> bool {
        let in_line = self.is_line && version.is_known() && version.line() == self.version.line();
        let order = version.compare(&self.version).unwrap_or(Ordering::Greater);
        match self.is {
            Is::AtLeast => in_line || order != Ordering::Less,
            Is::AtMost => in_line || order != Ordering::Greater,
            Is::Above => !in_line && order == Ordering::Greater,
            Is::Below => !in_line && order == Ordering::Less,
            Is::Equal => in_line || order == Ordering::Equal,
        }
    }
}

impl FromStr for Releases {
    type Err = String;

    /// Reads bounds separated by commas; the error is what to tell the user.
    fn from_str(text: &str) -> Result<Releases, String> {
        let wrong = |bound: &str| {
            format!(
                "`{bound}` is no bound on releases of Go; write \">=1.21\", \"<1.24\", \"1.26\" or \">=1.21, <1.24\""
            )
        };
        let mut bounds = Vec::new();
        for bound in text.split(',').map(str::trim) {
            let signs = [
                (">=", Is::AtLeast),
                ("<=", Is::AtMost),
                (">", Is::Above),
                ("<", Is::Below),
                ("=", Is::Equal),
            ];
            let (is, word) = signs
                .into_iter()
                .find_map(|(sign, is)| Some((is, bound.strip_prefix(sign)?)))
                .unwrap_or((Is::Equal, bound));
            let word = word.trim();
            let word = word.strip_prefix("go").unwrap_or(word);
            let version = Version::parse(&format!("go{word}"));
            if !version.is_known() || word.contains(char::is_whitespace) {
                return Err(wrong(bound));
            }
            let is_line = word.bytes().filter(|byte| *byte == b'.').count() == 1
                && word.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit());
            bounds.push(Bound { is, version, is_line });
        }
        Ok(Releases { text: text.to_owned(), bounds })
    }
}

impl fmt::Display for Releases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_in_a_range_by_line_and_by_patch() {
        let contain =
            |range: &str, version: &str| Releases::from_str(range).unwrap().contain(&Version::parse(version));
        for (range, inside, outside) in [
            (">=1.24", vec!["go1.24rc1", "go1.24.0", "go1.27.3", "devel go1.29-abc"], vec!["go1.23.9"]),
            ("<1.24", vec!["go1.23.9", "go1.20"], vec!["go1.24rc1", "go1.24.0", "devel go1.29-abc"]),
            ("<=1.24", vec!["go1.24.11", "go1.21.0"], vec!["go1.25.0"]),
            (">1.24", vec!["go1.25.0"], vec!["go1.24.11"]),
            ("1.24", vec!["go1.24.0", "go1.24.11"], vec!["go1.25.0", "go1.23.9"]),
            ("=go1.24.11", vec!["go1.24.11"], vec!["go1.24.10"]),
            (">=1.21, <1.24", vec!["go1.21.13", "go1.23.9"], vec!["go1.20.14", "go1.24.0"]),
            (">=1.21.4", vec!["go1.21.4", "go1.22.0"], vec!["go1.21.3"]),
        ] {
            inside.iter().for_each(|version| assert!(contain(range, version), "{version} in {range}"));
            outside.iter().for_each(|version| assert!(!contain(range, version), "{version} in {range}"));
        }
    }

    #[test]
    fn what_is_no_range_is_refused_with_an_example() {
        for text in ["", "new", ">=", "1.21 1.22", ">=1.21,", "=>1.21"] {
            let error = Releases::from_str(text).unwrap_err();
            assert!(error.contains("write \">=1.21\""), "{text}: {error}");
        }
    }
}
