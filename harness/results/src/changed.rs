//! What differs between two sets of verdicts.

use crate::{Record, version};
use std::collections::BTreeMap;

/// One verdict that is another one now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change<'a> {
    /// As it was.
    pub old: &'a Record,
    /// As it is.
    pub new: &'a Record,
}

/// What differs between two sets of verdicts, and how much of them could be compared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changed<'a> {
    /// The verdicts that differ, by scenario.
    pub changes: Vec<Change<'a>>,
    /// How many were compared, these included.
    pub compared: usize,
    /// How many only the old side has.
    pub only_old: usize,
    /// How many only the new side has.
    pub only_new: usize,
}

/// What a verdict is about, but for the toolchain.
type Subject<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

/// The records of one subject, by toolchain.
type ByGo<'a> = BTreeMap<Option<&'a str>, &'a Record>;

impl<'a> Changed<'a> {
    /// Compares the newest verdict of each cell (scenario, toolchain, switch, personas) with that of the same cell.
    ///
    /// Where the sides have one toolchain each, and not the same, these are compared: that is what changes between
    /// campaigns when Go is updated.
    pub fn between(old: &[&'a Record], new: &[&'a Record]) -> Changed<'a> {
        let (old, mut new) = (by_subject(old), by_subject(new));
        let mut changed = Changed::default();
        for (subject, mut olds) in old {
            let mut news = new.remove(&subject).unwrap_or_default();
            let mut pairs: Vec<Change<'a>> = Vec::new();
            let shared: Vec<Option<&str>> =
                olds.keys().filter(|go| news.contains_key(*go)).copied().collect();
            for go in shared {
                pairs.extend(olds.remove(&go).zip(news.remove(&go)).map(|(old, new)| Change { old, new }));
            }
            if pairs.is_empty() && olds.len() == 1 && news.len() == 1 {
                let both = olds.pop_first().zip(news.pop_first());
                pairs.extend(both.map(|((_, old), (_, new))| Change { old, new }));
            }
            changed.compared += pairs.len();
            changed.only_old += olds.len();
            changed.only_new += news.len();
            pairs.retain(|pair| pair.old.verdict != pair.new.verdict);
            pairs.sort_by_key(|pair| pair.new.go.as_deref().map(version::order));
            changed.changes.extend(pairs);
        }
        changed.only_new += new.values().map(BTreeMap::len).sum::<usize>();
        changed
    }

    /// Keeps those changes that have this verdict on either side.
    pub fn retain(&mut self, verdict: &str) {
        self.changes.retain(|change| change.old.verdict == verdict || change.new.verdict == verdict);
    }
}

fn by_subject<'a>(records: &[&'a Record]) -> BTreeMap<Subject<'a>, ByGo<'a>> {
    let mut found: BTreeMap<Subject<'a>, ByGo<'a>> = BTreeMap::new();
    for &record in records {
        let subject = (record.scenario.as_str(), record.switch.as_deref(), record.persona.as_deref());
        let newest = found.entry(subject).or_default().entry(record.go.as_deref()).or_insert(record);
        if record.at_unix_ms >= newest.at_unix_ms {
            *newest = record;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sample;

    /// Compares sides of (scenario, toolchain, verdict) and gives the changes in words and the three counts.
    fn check(old: &[[&str; 3]], new: &[[&str; 3]], expect: &[&str], counts: [usize; 3]) {
        let make = |side: &[[&str; 3]], name: &str| -> Vec<Record> {
            side.iter().map(|[scenario, go, verdict]| sample(name, scenario, go, verdict)).collect()
        };
        let (old, new) = (make(old, "a"), make(new, "b"));
        let (olds, news): (Vec<&Record>, Vec<&Record>) = (old.iter().collect(), new.iter().collect());
        let changed = Changed::between(&olds, &news);
        let told: Vec<String> = changed
            .changes
            .iter()
            .map(|Change { old, new }| {
                let go = |record: &Record| record.go.clone().unwrap_or_default();
                format!("{} {} {} > {} {}", old.scenario, go(old), old.verdict, go(new), new.verdict)
            })
            .collect();
        assert_eq!(told, expect);
        assert_eq!([changed.compared, changed.only_old, changed.only_new], counts);
    }

    #[test]
    fn only_cells_whose_verdict_differs_are_told() {
        check(&[["s", "go1", "refuted"]], &[["s", "go1", "refuted"]], &[], [1, 0, 0]);
        check(
            &[["s", "go1", "refuted"], ["t", "go1", "partly"]],
            &[["s", "go1", "reproduced"], ["t", "go1", "partly"]],
            &["s go1 refuted > go1 reproduced"],
            [2, 0, 0],
        );
    }

    #[test]
    fn what_one_side_lacks_is_counted_and_no_change() {
        check(
            &[["s", "go1", "refuted"], ["old", "go1", "refuted"]],
            &[["s", "go1", "refuted"], ["new", "go1", "refuted"], ["newer", "go1", "partly"]],
            &[],
            [1, 1, 2],
        );
    }

    #[test]
    fn another_toolchain_is_compared_where_there_is_one_on_each_side() {
        check(
            &[["s", "go1.26.7", "refuted"]],
            &[["s", "go1.26.8", "reproduced"]],
            &["s go1.26.7 refuted > go1.26.8 reproduced"],
            [1, 0, 0],
        );
        // With several it is not clear which.
        check(
            &[["s", "go1.26.7", "refuted"]],
            &[["s", "go1.26.8", "reproduced"], ["s", "go1.27", "reproduced"]],
            &[],
            [0, 1, 2],
        );
        check(
            &[["s", "go1.26.7", "refuted"], ["s", "go1.26.8", "refuted"]],
            &[["s", "go1.26.8", "refuted"], ["s", "go1.27", "reproduced"]],
            &[],
            [1, 1, 1],
        );
    }

    #[test]
    fn switches_and_personas_make_another_cell() {
        let plain = sample("a", "s", "go1", "refuted");
        let switched = Record { switch: Some("x=1".to_owned()), ..sample("b", "s", "go1", "reproduced") };
        let hosted = Record { persona: Some("nofile=1".to_owned()), ..sample("b", "s", "go1", "reproduced") };
        let changed = Changed::between(&[&plain], &[&switched, &hosted]);
        assert_eq!((changed.compared, changed.only_old, changed.only_new), (0, 1, 2));
    }

    #[test]
    fn the_newest_of_a_cell_counts_and_a_verdict_may_be_asked_for() {
        let (mut old, new) = (sample("a", "s", "go1", "partly"), sample("b", "s", "go1", "refuted"));
        old.at_unix_ms -= 1;
        let other = sample("c", "s", "go1", "reproduced");
        let mut changed = Changed::between(&[&new, &old], &[&other]);
        assert_eq!(changed.changes, [Change { old: &new, new: &other }]);
        changed.retain("refuted");
        assert_eq!(changed.changes.len(), 1);
        changed.retain("partly");
        assert!(changed.changes.is_empty());
    }
}
