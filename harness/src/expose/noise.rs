//! What differs between equal runs, and is therefore no effect of a switch.

use super::seen::{Ending, Seen};
use crate::output::shape;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What equal runs have in common, and what not.
#[derive(Debug, Clone)]
pub(crate) struct Noise {
    /// The shape of every line that any of them printed.
    known: BTreeSet<String>,
    /// Lines with numbers, some of which were the same in every run, by shape.
    steady: BTreeMap<String, Numbers>,
    /// How many shapes some of them printed and others did not.
    pub(crate) flickering: usize,
    /// Every way in which one of them ended.
    pub(crate) endings: BTreeSet<Ending>,
    /// How long the slowest took.
    pub(crate) slowest: Duration,
}

impl Noise {
    /// Measures it.
    pub(crate) fn of(runs: &[Seen]) -> Noise {
        let shapes: Vec<BTreeSet<String>> = runs.iter().map(Seen::shapes).collect();
        let known: BTreeSet<String> = shapes.iter().flatten().cloned().collect();
        let flickering = known.iter().filter(|shape| !shapes.iter().all(|run| run.contains(*shape))).count();
        Noise {
            known,
            steady: steady(runs),
            flickering,
            endings: runs.iter().map(Seen::ended).collect(),
            slowest: runs.iter().map(|run| run.wall).max().unwrap_or_default(),
        }
    }

    /// Whether equal runs end differently: then a single run says little.
    pub(crate) fn is_noisy(&self) -> bool {
        self.endings.len() > 1
    }

    /// Whether a line looks like one that was there without any switch.
    pub(crate) fn knows(&self, line: &str) -> bool {
        let shape = shape(line);
        shape.is_empty() || self.known.contains(&shape)
    }

    /// Whether one of the runs ended like this one.
    pub(crate) fn ends_so(&self, run: &Seen) -> bool {
        self.endings.contains(&run.ended())
    }

    /// How many lines a run printed that look like none before.
    pub(crate) fn added(&self, run: &Seen) -> usize {
        run.lines.iter().filter(|line| !self.knows(line)).count()
    }

    /// Whether one of its runs did not end by itself.
    pub(crate) fn hangs(&self) -> bool {
        self.endings.iter().any(|ending| ending.verdict == "hung")
    }

    /// A line in which a number was the same in every run before, and in each of these is another one, always the same: what
    /// it was, and what it is.
    pub(crate) fn moved(&self, runs: &[Seen]) -> Option<(String, String)> {
        if runs.len() < FEWEST.1 {
            return None;
        }
        let now = common(runs);
        self.steady.iter().find_map(|(shape, was)| {
            let is = now.get(shape)?;
            let mut pairs = was.values.iter().zip(&is.values);
            let has_moved =
                pairs.any(|(was, is)| was.as_ref().zip(is.as_ref()).is_some_and(|(was, is)| was != is));
            has_moved.then(|| (was.line.clone(), is.line.clone()))
        })
    }

    /// How its runs ended, in words.
    pub(crate) fn verdicts(&self) -> String {
        let verdicts: BTreeSet<&str> = self.endings.iter().map(|ending| ending.verdict).collect();
        verdicts.into_iter().collect::<Vec<_>>().join(" or ")
    }
}

/// What is the same in fewer runs may be so by chance: so many without a switch, and so many with it.
const FEWEST: (usize, usize) = (3, 2);

/// The numbers of a line; nothing for those that differ.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Numbers {
    line: String,
    values: Vec<Option<String>>,
}

/// What the lines of one run have in common that look alike. Times, addresses and numbers of goroutines are no numbers that
/// mean something.
fn single(run: &Seen) -> BTreeMap<String, Numbers> {
    let mut all: BTreeMap<String, Numbers> = BTreeMap::new();
    for line in &run.lines {
        let is_place = line.contains("0x") || line.starts_with("goroutine ");
        let values = if is_place { Vec::new() } else { numbers(line) };
        if !values.is_empty() {
            let numbers =
                Numbers { line: line.trim_end().to_owned(), values: values.into_iter().map(Some).collect() };
            all.entry(shape(line)).and_modify(|known| known.meet(&numbers)).or_insert(numbers);
        }
    }
    all
}

impl Numbers {
    /// Keeps what both have.
    fn meet(&mut self, other: &Numbers) {
        let is_alike = self.values.len() == other.values.len();
        for (value, other) in self.values.iter_mut().zip(&other.values) {
            *value = value.take().filter(|value| is_alike && Some(value) == other.as_ref());
        }
    }
}

/// What all runs have in common.
fn common(runs: &[Seen]) -> BTreeMap<String, Numbers> {
    let mut all = runs.iter().map(single);
    let mut common = all.next().unwrap_or_default();
    for run in all {
        common.retain(|shape, numbers| match run.get(shape) {
            Some(other) => {
                numbers.meet(other);
                true
            }
            None => false,
        });
    }
    common
}

fn steady(runs: &[Seen]) -> BTreeMap<String, Numbers> {
    if runs.len() < FEWEST.0 { BTreeMap::new() } else { common(runs) }
}

/// The numbers of a line, but for lengths of time, which are never the same twice: `took 1.5ms`.
fn numbers(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let from = &rest[start..];
        let digits = from.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let (number, behind) = from.split_at(digits);
        let unit = behind.trim_start_matches(' ');
        let is_time = ["ns", "µs", "us", "ms", "s", "m", "h"].iter().any(|name| {
            unit.strip_prefix(name).is_some_and(|after| !after.starts_with(|c: char| c.is_alphabetic()))
        });
        if !is_time {
            found.push(number.to_owned());
        }
        rest = behind;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::seen::seen;
    use super::*;
    use report::Verdict;

    #[test]
    fn what_differs_between_equal_runs_is_no_news() {
        let runs = [
            seen(Verdict::Failed, "took 12ms\nno luck\nat 0xc000012\n"),
            seen(Verdict::Failed, "took 1.5s\nat 0xdead\nonce\n"),
        ];
        let noise = Noise::of(&runs);
        assert_eq!((noise.flickering, noise.is_noisy()), (2, false), "`no luck` and `once`");
        assert_eq!(noise.added(&seen(Verdict::Failed, "took 3ms\nonce\nno luck\n\n")), 0);
        assert_eq!(noise.added(&seen(Verdict::Failed, "gc 1 @0.1s\ntook 3ms\n")), 1);
        assert!(noise.ends_so(&seen(Verdict::Failed, "")));
        assert!(!noise.ends_so(&seen(Verdict::Crashed, "")));
        let both = Noise::of(&[seen(Verdict::Failed, ""), seen(Verdict::Unaffected, "")]);
        assert!(both.is_noisy());
        assert_eq!(both.verdicts(), "failed or passed");
    }

    #[test]
    fn a_number_that_was_always_the_same_and_is_always_another_one_has_moved() {
        let run = |output: &str| seen(Verdict::Unaffected, output);
        let before = |last: &str| {
            let same = "stalled=0\ntook 3ms\ngoroutine 7 [running]:\nport 1\nport 2\n";
            Noise::of(&[run(same), run(same), run(&format!("{same}{last}"))])
        };
        let check = |before: &Noise, with: &[&str], expect: Option<(&str, &str)>| {
            let with: Vec<Seen> = with.iter().map(|output| run(output)).collect();
            let expect = expect.map(|(was, is)| (was.to_owned(), is.to_owned()));
            assert_eq!(before.moved(&with), expect, "{with:?}");
        };
        let steady = before("");
        check(&steady, &["stalled=1\n", "stalled=1\n"], Some(("stalled=0", "stalled=1")));
        check(&steady, &["stalled=0\n", "stalled=1\n"], None);
        check(&steady, &["stalled=1\n", "stalled=2\n"], None);
        check(&steady, &["stalled=1\n"], None);
        let other = "stalled=0\ntook 9ms\ngoroutine 8 [running]:\nport 3\nport 2\n";
        check(&steady, &[other, other], None);
        let timed = |stalled: u32, time: &str| run(&format!("stalled={stalled} after {time}\n"));
        let before_timed = Noise::of(&[timed(0, "3ms"), timed(0, "4.25ms"), timed(0, "45ms")]);
        let moved = before_timed.moved(&[timed(1, "30ms"), timed(1, "1ms")]);
        assert_eq!(moved, Some(("stalled=0 after 3ms".to_owned(), "stalled=1 after 30ms".to_owned())));
        // The other number of the line is noise.
        let counted = |stalled: u32, other: u32| run(&format!("stalled={stalled} gc_ms={other}\n"));
        let before_counted = Noise::of(&[counted(0, 12), counted(0, 9), counted(0, 12)]);
        assert_eq!(before_counted.moved(&[counted(0, 488), counted(0, 488)]), None);
        assert!(before_counted.moved(&[counted(1, 488), counted(1, 301)]).is_some());
        check(&before("stalled=1\n"), &["stalled=2\n", "stalled=2\n"], None);
        let few = Noise::of(&[run("stalled=0\n"), run("stalled=0\n")]);
        check(&few, &["stalled=1\n", "stalled=1\n"], None);
    }

    #[test]
    fn what_we_end_is_hung_however_it_dies() {
        let mut killed = seen(Verdict::Hung, "");
        killed.ending = "signal 9".to_owned();
        assert!(Noise::of(&[seen(Verdict::Hung, "")]).ends_so(&killed));
    }
}
