//! One run seed, many independent streams of random numbers.
//!
//! A number is computed from its place in the stream, not drawn from a state: what one rule or one process does never
//! moves the numbers of another.

/// An endless row of random numbers that belongs to one rule in one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stream(u64);

/// The odd number nearest to 2^64 divided by the golden ratio: the step of splitmix64.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Stream {
    /// The stream of this rule in this subject, in a run with this seed.
    pub(crate) fn new(seed: u64, subject_key: &str, rule_name: &str) -> Stream {
        let run = mix(seed.wrapping_add(STEP));
        let subject = mix(run ^ digest(subject_key));
        Stream(mix(subject ^ digest(rule_name)))
    }

    /// The `n`-th number.
    pub(crate) fn at(self, n: u64) -> u64 {
        mix(self.0.wrapping_add(n.wrapping_mul(STEP)))
    }

    /// The `n`-th number as one from 0 up to, but without, 1.
    pub(crate) fn unit(self, n: u64) -> f64 {
        // 53 bits fill the mantissa of a double: equally likely steps.
        (self.at(n) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The stream that is set aside for one key of those that the rule counts by.
    pub(crate) fn keyed(self, key: u64) -> Stream {
        // Keys are mixed once more, for they are no names: else a key could be the digest of a purpose.
        Stream(mix(self.0 ^ mix(key.wrapping_add(STEP))))
    }

    /// Another stream for another purpose of the same rule.
    pub(crate) fn aside(self, purpose: &str) -> Stream {
        Stream(mix(self.0 ^ digest(purpose)))
    }
}

/// The finaliser of splitmix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014; constants
/// of Vigna's splitmix64.c): every bit of the input moves half of the output's.
const fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// FNV-1a, 64 bits: enough to tell names apart before they are mixed.
fn digest(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_splitmix64() {
        // The first three outputs of splitmix64.c for the state 1234567.
        let published = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!([1, 2, 3].map(|n| Stream(1_234_567).at(n)), published);
    }

    #[test]
    fn a_recorded_seed_keeps_its_meaning() {
        // Golden: to change these numbers is to make every seed in a bug report mean something else.
        let stream = Stream::new(42, "example.com/store", "disk-full");
        assert_eq!([1, 2].map(|n| stream.at(n)), [11_457_688_328_711_755_143, 17_426_193_138_732_312_065]);
    }

    #[test]
    fn seed_subject_and_rule_each_make_another_stream() {
        let all = [(1, "a", "b"), (2, "a", "b"), (1, "c", "b"), (1, "a", "c"), (1, "b", "a"), (1, "", "ab")];
        let streams: Vec<u64> =
            all.map(|(seed, subject, rule)| Stream::new(seed, subject, rule).at(1)).to_vec();
        let mut distinct = streams.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), streams.len());
    }
}
