//! Versions of Go, as they follow each other.

/// What to sort a toolchain's name by: `go1.9` before `go1.27rc1` before `go1.27` before `go1.27.1`.
pub(crate) fn order(name: &str) -> (Vec<u64>, bool, usize, String) {
    let version = name.strip_prefix("go").unwrap_or(name);
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    let (numbers, rest) = version.split_at(end);
    let numbers = numbers.split('.').filter_map(|number| number.parse().ok()).collect();
    (numbers, rest.is_empty(), rest.len(), rest.to_owned())
}

/// Whether a toolchain is what somebody means who writes `1.26`, `go1.26` or `go1.26.8`.
pub(crate) fn is_meant(written: &str, name: &str) -> bool {
    let bare = |text: &str| text.strip_prefix("go").unwrap_or(text).to_owned();
    let rest = bare(name).strip_prefix(&bare(written)).map(str::to_owned);
    rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_follow_each_other_as_they_were_released() {
        let sorted =
            ["go1.9", "go1.20.14", "go1.26.8", "go1.27beta1", "go1.27rc2", "go1.27", "go1.27.1", "go1.27.10"];
        let mut names: Vec<&str> = sorted.iter().rev().copied().collect();
        names.sort_by_key(|name| order(name));
        assert_eq!(names[0..3], sorted[0..3]);
        assert_eq!(names[5..], sorted[5..]);
        assert!(names[3..5].contains(&"go1.27rc2"));
    }

    #[test]
    fn a_version_stands_for_those_within_it() {
        let check = |written: &str, name: &str, expect: bool| {
            assert_eq!(is_meant(written, name), expect, "{written} {name}");
        };
        check("1.26", "go1.26.8", true);
        check("go1.26.8", "go1.26.8", true);
        check("1.2", "go1.26.8", false);
        check("1.27", "go1.27rc1", true);
        check("1.26.8", "go1.26", false);
    }
}
