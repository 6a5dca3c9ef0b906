//! The smallest set of switches that exposes.

/// Of so many that only come near, sets are tried: eight have 28 pairs.
pub(crate) const NEAR: usize = 8;

/// A switch that exposes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Single {
    /// Which.
    pub(crate) switch: usize,
    /// How telling its first clue is: less is more.
    pub(crate) rank: usize,
    /// How many clues it names.
    pub(crate) names: usize,
    /// How many lines it adds.
    pub(crate) added: usize,
    /// It also changes how the run ends.
    pub(crate) changes: bool,
}

/// The best of the switches that expose by themselves: the most telling; then one that leaves the ending alone, prints
/// less, and names more.
pub(crate) fn best(singles: &[Single]) -> Option<usize> {
    singles
        .iter()
        .min_by_key(|one| (one.rank, one.changes, one.added, usize::MAX - one.names, one.switch))
        .map(|one| one.switch)
}

/// Where none does it alone: the smallest set of `near` for which `exposes` says yes; none if there is none, or if it was
/// told to stop (`exposes` says nothing).
///
/// Pairs first, then all at once, from which one after the other is taken away that is not needed.
pub(crate) fn together(
    near: &[usize],
    mut exposes: impl FnMut(&[usize]) -> Option<bool>,
) -> Option<Vec<usize>> {
    let near = &near[..near.len().min(NEAR)];
    for (place, one) in near.iter().enumerate() {
        for other in &near[place + 1..] {
            let pair = [*one, *other];
            if exposes(&pair)? {
                return Some(pair.to_vec());
            }
        }
    }
    if near.len() < 3 || !exposes(near)? {
        return None;
    }
    let mut kept = near.to_vec();
    for switch in near {
        let without: Vec<usize> = kept.iter().copied().filter(|one| one != switch).collect();
        if without.len() >= 2 && exposes(&without)? {
            kept = without;
        }
    }
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_alone_tells_most_and_disturbs_least() {
        let single = |switch, rank, names, added, changes| Single { switch, rank, names, added, changes };
        assert_eq!(best(&[]), None);
        assert_eq!(best(&[single(0, 1, 1, 5, false), single(1, 0, 1, 50, false)]), Some(1));
        assert_eq!(best(&[single(0, 0, 1, 50, false), single(1, 0, 1, 5, false)]), Some(1));
        assert_eq!(best(&[single(0, 0, 1, 5, false), single(1, 0, 2, 5, false)]), Some(1));
        assert_eq!(best(&[single(0, 0, 2, 5, true), single(1, 0, 1, 5, false)]), Some(1));
        assert_eq!(best(&[single(3, 0, 1, 5, false), single(2, 0, 1, 5, false)]), Some(2));
    }

    /// Tries sets of `near`; those that hold all of `needed` expose. Gives how many were tried, too.
    fn tried(near: &[usize], needed: &[usize]) -> (Option<Vec<usize>>, usize) {
        let mut count = 0;
        let found = together(near, |set| {
            count += 1;
            Some(needed.iter().all(|one| set.contains(one)))
        });
        (found, count)
    }

    #[test]
    fn pairs_come_before_more_and_what_is_not_needed_goes() {
        assert_eq!(tried(&[4, 5, 6], &[4, 6]), (Some(vec![4, 6]), 2));
        assert_eq!(tried(&[1, 2, 3, 4, 5], &[1, 3, 5]).0, Some(vec![1, 3, 5]));
        assert_eq!(tried(&[1, 2, 3], &[9]), (None, 4), "three pairs, and all");
        assert_eq!(tried(&[1, 2], &[9]), (None, 1));
        assert_eq!(tried(&[1], &[1]), (None, 0));
        let many: Vec<usize> = (0..100).collect();
        assert_eq!(tried(&many, &[99]).1, 29, "no more than 28 pairs, and all of them");
        assert_eq!(together(&[1, 2, 3], |_| None), None);
    }
}
