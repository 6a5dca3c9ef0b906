//! The shapes that added strings take as they grow.

use serde::{Serialize, Serializer};
use shim::padding::Kind;
use std::ffi::CString;
use std::fmt;

/// How strings grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Shape {
    /// One variable with a long value (one long argument)
    One,
    /// One variable with a long name
    Name,
    /// Strings of up to 64 KiB, as many as it takes
    Many,
    /// Strings of 8 bytes, as many as it takes; each costs as much again for its pointer
    Tiny,
}

/// No shape has fewer bytes.
pub(crate) const LEAST: u64 = 16;

/// The longest string of [`Shape::Many`] and the usual one of [`Shape::Tiny`], NUL included.
const LARGE: u64 = 64 << 10;
const SMALL: u64 = 8;

impl Shape {
    /// All that differ for strings of this kind.
    pub(crate) fn of(kind: Kind) -> Vec<Shape> {
        match kind {
            Kind::Variables => vec![Shape::One, Shape::Name, Shape::Many, Shape::Tiny],
            Kind::Arguments => vec![Shape::One, Shape::Many, Shape::Tiny],
        }
    }

    /// The bytes of each string of so many in all, NULs included.
    fn sizes(self, bytes: u64) -> impl Iterator<Item = u64> {
        let count = match self {
            Shape::One | Shape::Name => 1,
            Shape::Many => bytes.div_ceil(LARGE),
            Shape::Tiny => (bytes / SMALL).max(1),
        };
        let (each, longer) = match self {
            // The last one has what is left over, so that a byte more is a byte more.
            Shape::Tiny => (SMALL, 0),
            Shape::One | Shape::Name | Shape::Many => (bytes / count, bytes % count),
        };
        let rest = if self == Shape::Tiny { bytes - count * SMALL } else { 0 };
        (0..count)
            .map(move |place| each + u64::from(place < longer) + if place + 1 == count { rest } else { 0 })
    }

    /// The lengths of the strings, without their NULs.
    pub(crate) fn lengths(self, bytes: u64) -> Vec<u64> {
        self.sizes(bytes).map(|size| size - 1).collect()
    }

    /// How many strings there are.
    pub(crate) fn count(self, bytes: u64) -> u64 {
        self.sizes(bytes).count() as u64
    }

    /// The strings.
    pub(crate) fn strings(self, bytes: u64, kind: Kind) -> Vec<CString> {
        self.sizes(bytes).enumerate().map(|(place, size)| self.string(place, size, kind)).collect()
    }

    fn string(self, place: usize, size: u64, kind: Kind) -> CString {
        let length = usize::try_from(size).unwrap_or(usize::MAX) - 1;
        let mut text = match (kind, self) {
            (Kind::Arguments, _) => String::new(),
            (Kind::Variables, Shape::Name) => "x".repeat(length.saturating_sub(2)) + "=",
            (Kind::Variables, Shape::One | Shape::Many | Shape::Tiny) => format!("D{}=", name(place)),
        };
        text.push_str(&"x".repeat(length.saturating_sub(text.len())));
        CString::new(text).expect("no zero is in it")
    }
}

/// Five digits to the base of 36; no stack has room for more names.
fn name(mut place: usize) -> String {
    let mut digits = [b'0'; 5];
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[place % 36];
        place /= 36;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Shape::One => "one",
            Shape::Name => "name",
            Shape::Many => "many",
            Shape::Tiny => "tiny",
        })
    }
}

impl Serialize for Shape {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_has_just_so_many_bytes_and_its_names_are_its_own() {
        for kind in [Kind::Variables, Kind::Arguments] {
            for shape in Shape::of(kind) {
                for bytes in [16, 17, 100, 1_000, 65_536, 65_537, 131_073, 300_001] {
                    let strings = shape.strings(bytes, kind);
                    let total: usize = strings.iter().map(|string| string.as_bytes_with_nul().len()).sum();
                    assert_eq!(total as u64, bytes, "{shape} {bytes}");
                    assert_eq!(strings.len() as u64, shape.count(bytes), "{shape} {bytes}");
                    let lengths: Vec<u64> = strings.iter().map(|one| one.count_bytes() as u64).collect();
                    assert_eq!(lengths, shape.lengths(bytes), "{shape} {bytes}");
                    if kind == Kind::Variables {
                        let names = strings.iter().map(|string| {
                            let text = string.to_str().expect("it is text");
                            text.split_once('=').unwrap_or_else(|| panic!("{shape} {bytes}")).0
                        });
                        let names: std::collections::HashSet<&str> = names.collect();
                        assert_eq!(names.len(), strings.len(), "{shape} {bytes}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_byte_more_costs_at_least_a_byte_more() {
        let cost = |shape: Shape, bytes| bytes + 8 * shape.count(bytes);
        for shape in Shape::of(Kind::Variables) {
            for bytes in (16..2_000).chain(65_500..65_600) {
                assert!(cost(shape, bytes) < cost(shape, bytes + 1), "{shape} {bytes}");
            }
        }
    }
}
