//! Which Linux: `4.19`, `5.4.0-42-generic`.

use std::fmt;

/// A version as it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(pub(super) u32, pub(super) u32, pub(super) u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Version(major, minor, patch) = self;
        write!(f, "{major}.{minor}")?;
        if *patch > 0 { write!(f, ".{patch}") } else { Ok(()) }
    }
}

/// A version, and how uname(2) says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Release {
    pub(super) version: Version,
    pub(super) text: String,
}

/// What a field of uname(2) holds, without the zero at its end: `__NEW_UTS_LEN`.
pub(super) const LONGEST: usize = 64;

impl Release {
    /// Reads `MAJOR.MINOR[.PATCH][SUFFIX]`, the suffix being anything that does not begin as a number does.
    ///
    /// # Kernel
    /// `make kernelrelease`: since 3.0 a release has three numbers even where the version has two, so 4.19 says `4.19.0`.
    pub(super) fn parse(text: &str) -> Option<Release> {
        let (major, rest) = number(text)?;
        let (minor, rest) = number(rest.strip_prefix('.')?)?;
        let third = rest.strip_prefix('.').map(|rest| number(rest).ok_or(())).transpose().ok()?;
        let (patch, suffix) = third.unwrap_or((0, rest));
        let is_sound = !suffix.starts_with(|c: char| c.is_ascii_alphanumeric())
            && suffix.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_sound {
            return None;
        }
        let text = match third {
            Some(_) => text.to_owned(),
            None => format!("{major}.{minor}.0{suffix}"),
        };
        (text.len() <= LONGEST).then_some(Release { version: Version(major, minor, patch), text })
    }
}

/// The number that a text begins with, and the rest.
fn number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text.get(..end)?.parse().ok()?, text.get(end..)?))
}

/// The last version of this series, if it is one that has ended.
pub(super) fn last_of_series(version: Version) -> Option<u32> {
    // kernel.org: 2.6.39 was followed by 3.0, 3.19 by 4.0, 4.20 by 5.0, 5.19 by 6.0, 6.19 by 7.0.
    match version {
        Version(2, 6, _) => Some(39),
        Version(3 | 5 | 6, ..) => Some(19),
        Version(4, ..) => Some(20),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expect: Option<(Version, &str)>) {
        let found = Release::parse(text);
        assert_eq!(found.as_ref().map(|one| (one.version, one.text.as_str())), expect, "{text}");
    }

    #[test]
    fn a_release_has_three_numbers_and_keeps_its_suffix() {
        check("4.19", Some((Version(4, 19, 0), "4.19.0")));
        check("4.19.7", Some((Version(4, 19, 7), "4.19.7")));
        check("4.19-rc3", Some((Version(4, 19, 0), "4.19.0-rc3")));
        check("5.4.0-42-generic", Some((Version(5, 4, 0), "5.4.0-42-generic")));
        check("2.6.32-754.el6.x86_64", Some((Version(2, 6, 32), "2.6.32-754.el6.x86_64")));
        check("3.10.0-1160.el7.x86_64", Some((Version(3, 10, 0), "3.10.0-1160.el7.x86_64")));
        check("2.6.32.71", Some((Version(2, 6, 32), "2.6.32.71")));
        check("6.1.0+", Some((Version(6, 1, 0), "6.1.0+")));
    }

    #[test]
    fn other_words_are_none() {
        for text in
            ["", "4", "4.", ".19", "4.x", "4.19.", "4.19.x", "v4.19", "4.19rc3", "4.19.0 -x", "4.19.0-\u{e9}"]
        {
            check(text, None);
        }
        check("99999999999.1", None);
        check(&format!("4.19.0-{}", "x".repeat(58)), None);
        assert!(Release::parse(&format!("4.19.0-{}", "x".repeat(57))).is_some());
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in ".{0,80}") {
            let _ = Release::parse(&text);
        }
    }
}
