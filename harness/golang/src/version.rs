//! Versions of Go: `go1.26.8`, `go1.22rc1`, `devel go1.28-abc`.

use std::cmp::Ordering;
use std::fmt;

/// A version of Go, comparable where it is a release or a prerelease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    text: String,
    /// Nothing for a development version or a vendor's own scheme.
    numbers: Option<Numbers>,
}

/// Ordered as Go orders them: `1.22beta1 < 1.22rc1 < 1.22.0 < 1.22.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Numbers {
    major: u32,
    minor: u32,
    /// 0 beta, 1 rc, 2 release.
    stage: u32,
    /// Of the patch release, or of the beta or rc.
    patch: u32,
}

impl Version {
    /// The version that `go env GOVERSION` or an executable's build information states. Never fails: what cannot be
    /// understood is an unknown version.
    pub fn parse(text: &str) -> Version {
        let text = text.trim();
        // Experiments and vendors follow behind a space or a dash: `go1.26.8 X:nogreenteagc`, `go1.21.6-fips`.
        let word = text.split([' ', '-']).next().unwrap_or_default();
        Version { text: text.to_owned(), numbers: word.strip_prefix("go").and_then(numbers) }
    }

    /// The first release of a line: `go1.19`.
    pub fn release(major: u32, minor: u32) -> Version {
        let numbers = Numbers { major, minor, stage: 2, patch: 0 };
        Version { text: format!("go{major}.{minor}"), numbers: Some(numbers) }
    }

    /// Which of the two is newer, or nothing if one of them is unknown.
    pub fn compare(&self, other: &Version) -> Option<Ordering> {
        Some(self.numbers?.cmp(&other.numbers?))
    }

    /// The number of its line, for Go 1: 26 of `go1.26.8`.
    pub fn minor(&self) -> Option<u32> {
        self.numbers.filter(|numbers| numbers.major == 1).map(|numbers| numbers.minor)
    }

    /// Its line: 1 and 26 of `go1.26.8`.
    pub fn line(&self) -> Option<(u32, u32)> {
        self.numbers.map(|numbers| (numbers.major, numbers.minor))
    }

    /// Whether it can be compared; a development version cannot.
    pub fn is_known(&self) -> bool {
        self.numbers.is_some()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn numbers(text: &str) -> Option<Numbers> {
    let (major, rest) = text.split_once('.')?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (minor, rest) = rest.split_at(digits);
    let (stage, patch) = match rest {
        "" => (2, "0"),
        rest => [(".", 2), ("rc", 1), ("beta", 0)]
            .into_iter()
            .find_map(|(lead, stage)| rest.strip_prefix(lead).map(|patch| (stage, patch)))?,
    };
    Some(Numbers {
        major: major.parse().ok()?,
        minor: minor.parse().ok()?,
        stage,
        patch: patch.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::Version;
    use std::cmp::Ordering;

    #[test]
    fn versions_are_ordered_as_go_orders_them() {
        let order = [
            "go1.9.7",
            "go1.19",
            "go1.19.8",
            "go1.22beta1",
            "go1.22rc1",
            "go1.22rc2",
            "go1.22.0",
            "go1.26.8",
            "go2.0",
        ];
        for pair in order.windows(2) {
            let [older, newer] = [Version::parse(pair[0]), Version::parse(pair[1])];
            assert_eq!(older.compare(&newer), Some(Ordering::Less), "{pair:?}");
        }
        let experiment = Version::parse("go1.26.8 X:nogreenteagc");
        assert_eq!(experiment.compare(&Version::parse("go1.26.8")), Some(Ordering::Equal));
        assert_eq!(Version::parse("go1.21.0").compare(&Version::release(1, 21)), Some(Ordering::Equal));
    }

    #[test]
    fn what_is_no_release_is_unknown_and_not_comparable() {
        for text in ["devel go1.28-abc Mon", "gc", "", "go", "go1", "go1.x", "go1.22.3.4", "go1.22b1", "1.22"]
        {
            let version = Version::parse(text);
            assert!(!version.is_known(), "{text}");
            assert_eq!(version.compare(&Version::release(1, 19)), None, "{text}");
            assert_eq!(version.to_string(), text);
        }
    }
}
