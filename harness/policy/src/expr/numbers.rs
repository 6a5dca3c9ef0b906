//! Sets of numbers: `80,443,8000..8010`.

use crate::piece::Piece;
use model::Diagnostic;
use std::fmt;

/// Which numbers; ranges hold both of their ends. In order, and no two touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Numbers {
    ranges: Vec<(u64, u64)>,
    /// The largest number that is possible: a range up to it is written without an end.
    most: u64,
}

impl Numbers {
    /// Reads a set of numbers from `least` to `most`, and says what is wrong with it.
    pub(super) fn read(
        piece: &Piece<'_>,
        least: u64,
        most: u64,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Numbers> {
        let mut ranges = Vec::new();
        let parts = piece.split(',');
        let expected = parts.len();
        for part in parts {
            match range(&part.trim(), least, most) {
                Ok(range) => ranges.push(range),
                Err(mistake) => diagnostics.push(mistake),
            }
        }
        (ranges.len() == expected).then(|| Numbers { ranges: merged(ranges), most })
    }

    /// Whether the number is one of them.
    pub(super) fn contains(&self, number: u64) -> bool {
        self.ranges.iter().any(|(from, to)| (*from..=*to).contains(&number))
    }

    /// The ranges, both ends included.
    pub(super) fn ranges(&self) -> &[(u64, u64)] {
        &self.ranges
    }
}

/// The same numbers in order, without ranges that touch.
fn merged(mut ranges: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    ranges.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::new();
    for (from, to) in ranges {
        match merged.last_mut() {
            Some((_, end)) if from <= end.saturating_add(1) => *end = to.max(*end),
            Some(_) | None => merged.push((from, to)),
        }
    }
    merged
}

/// `N`, `A..B` or `A..`.
fn range(piece: &Piece<'_>, least: u64, most: u64) -> Result<(u64, u64), Diagnostic> {
    let wrong = |part: &Piece<'_>, label: String| {
        let message = match part.text() {
            "" => "a number is missing".to_owned(),
            _ => format!("`{}` is not a number that is possible here", piece.shown()),
        };
        part.error(message)
            .label(label)
            .help("write numbers and ranges, such as `3`, `3..9` (9 included), `3..` or `0,1,7..9`")
    };
    let number = |part: &Piece<'_>| {
        let part = part.trim();
        let is_plain = !part.text().is_empty() && part.text().bytes().all(|byte| byte.is_ascii_digit());
        if !is_plain {
            return Err(wrong(&part, "a whole number is expected here".to_owned()));
        }
        part.text()
            .parse()
            .ok()
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| wrong(&part, format!("it must be from {least} to {most}")))
    };
    let Some((from, to)) = piece.split_once("..") else {
        return number(piece).map(|number| (number, number));
    };
    let start = number(&from)?;
    let end = if to.trim().text().is_empty() { most } else { number(&to)? };
    if end < start {
        return Err(wrong(piece, "the range ends before it begins".to_owned()));
    }
    Ok((start, end))
}

impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (from, to)) in self.ranges.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match to {
                to if to == from => write!(f, "{comma}{from}")?,
                to if *to == self.most => write!(f, "{comma}{from}..")?,
                to => write!(f, "{comma}{from}..{to}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Source;
    use std::sync::Arc;

    fn read(text: &str) -> Result<Numbers, Vec<(std::ops::Range<usize>, String)>> {
        let source = Arc::new(Source { name: "-e".into(), text: text.into() });
        let mut diagnostics = Vec::new();
        Numbers::read(&Piece::of(&source, 0..text.len()), 0, 99, &mut diagnostics).ok_or_else(|| {
            diagnostics.into_iter().filter_map(|mistake| Some((mistake.place?.1, mistake.label))).collect()
        })
    }

    #[test]
    fn sets_have_one_form() {
        for (text, form) in [
            ("7", "7"),
            (" 3 , 1..2 ", "1..3"),
            ("9..12,5,10..11", "5,9..12"),
            ("90..99", "90.."),
            ("4,4", "4"),
        ] {
            assert_eq!(read(text).expect(text).to_string(), form);
            assert_eq!(read(form), read(text));
        }
        let set = read("1,5..7").expect("sound");
        assert_eq!((0..9).filter(|n| set.contains(*n)).collect::<Vec<_>>(), [1, 5, 6, 7]);
    }

    #[test]
    fn every_wrong_number_is_shown() {
        let expected = "a whole number is expected here".to_owned();
        let too_large = "it must be from 0 to 99".to_owned();
        assert_eq!(read(""), Err(vec![(0..0, expected.clone())]));
        assert_eq!(read("1,x,100"), Err(vec![(2..3, expected.clone()), (4..7, too_large.clone())]));
        assert_eq!(read("99999999999999999999"), Err(vec![(0..20, too_large)]));
        assert_eq!(read("..3"), Err(vec![(0..0, expected.clone())]));
        assert_eq!(read("-1"), Err(vec![(0..2, expected)]));
        assert_eq!(read("9..3"), Err(vec![(0..4, "the range ends before it begins".to_owned())]));
    }
}
