//! "Did you mean …": the known word nearest to a mistyped one.

/// The candidate with the fewest edits from `word`, if that is few enough to be a slip and not another word.
///
/// An edit is an inserted, deleted or replaced character, or two neighbours swapped. Letter case is ignored.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let limit = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (edits(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Optimal string alignment distance, with three rows.
fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    // A word much longer than the other can't be a slip; do not spend time on hostile lengths.
    if a.len().abs_diff(b.len()) > 3 {
        return usize::MAX;
    }
    let mut before = vec![0; b.len() + 1];
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1; b.len() + 1];
        for (j, to) in b.iter().enumerate() {
            let replaced = previous[j] + usize::from(from != to);
            row[j + 1] = replaced.min(previous[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        before = previous;
        previous = row;
    }
    previous[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_mended_and_other_words_are_not() {
        let names = ["openat", "openat2", "open", "ENOSPC", "futex"];
        assert_eq!(nearest("opneat", names), Some("openat"));
        assert_eq!(nearest("ENOSPACE", names), Some("ENOSPC"));
        assert_eq!(nearest("enospc", names), Some("ENOSPC"));
        assert_eq!(nearest("futx", names), Some("futex"));
        assert_eq!(nearest("sendmsg", names), None);
        assert_eq!(nearest("", names), None);
    }
}
