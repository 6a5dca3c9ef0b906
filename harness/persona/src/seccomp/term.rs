//! Conditions on the six arguments, as alternatives of which each is a range and some bits for every argument.
//!
//! In this form an alternative never grows beyond what the kernel's filter decides, however many rules it came from:
//! ranges of one argument meet in one range.

use std::fmt::Write as _;

/// How many alternatives one call may have.
pub(super) const MOST: usize = 256;

/// What holds of one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Claim {
    /// Both ends included.
    from: u64,
    to: u64,
    /// These bits are as in the value.
    mask: u64,
    value: u64,
}

impl Claim {
    const ALWAYS: Claim = Claim { from: 0, to: u64::MAX, mask: 0, value: 0 };

    /// From the one to the other.
    pub(super) fn range(from: u64, to: u64) -> Option<Claim> {
        (from <= to).then_some(Claim { from, to, ..Claim::ALWAYS })
    }

    /// Equal in these bits. libseccomp ignores bits of the value that the mask has not.
    pub(super) fn masked(mask: u64, value: u64) -> Claim {
        match mask {
            u64::MAX => Claim { from: value, to: value, ..Claim::ALWAYS },
            mask => Claim { mask, value: value & mask, ..Claim::ALWAYS },
        }
    }

    /// What both hold for; none if that is nothing.
    fn and(self, other: Claim) -> Option<Claim> {
        let (from, to) = (self.from.max(other.from), self.to.min(other.to));
        let differs = (self.value ^ other.value) & self.mask & other.mask != 0;
        let both = Claim { from, to, mask: self.mask | other.mask, value: self.value | other.value };
        let is_off = from == to && from & both.mask != both.value;
        (from <= to && !differs && !is_off).then_some(both)
    }

    /// Whether all that this holds for, the other holds for too.
    fn implies(self, other: Claim) -> bool {
        let in_range = self.from >= other.from && self.to <= other.to;
        in_range && self.mask & other.mask == other.mask && self.value & other.mask == other.value
    }

    /// Where it does not hold: any of these.
    fn negated(self) -> Vec<Claim> {
        let below = self.from.checked_sub(1).and_then(|to| Claim::range(0, to));
        let above = self.to.checked_add(1).and_then(|from| Claim::range(from, u64::MAX));
        let bits = (0..64).map(|bit| 1 << bit).filter(|bit| self.mask & bit != 0);
        below.into_iter().chain(above).chain(bits.map(|bit| Claim::masked(bit, !self.value & bit))).collect()
    }

    /// In the plan's language; counted from 1.
    fn tests(self, arg: usize) -> Vec<String> {
        let mut tests = Vec::new();
        match (self.from, self.to) {
            (0, u64::MAX) => {}
            (from, to) if from == to => tests.push(format!("arg({arg} == {from:#x})")),
            (from, to) => {
                // An `int` is never more than 32 bits, and the plan takes no longer number for one.
                if from == 1 << 32 {
                    tests.push(format!("!arg({arg} <= {:#x})", u32::MAX));
                } else if from > 0 {
                    tests.push(format!("arg({arg} >= {from:#x})"));
                }
                if to < u64::MAX {
                    tests.push(format!("arg({arg} <= {to:#x})"));
                }
            }
        }
        if self.mask != 0 {
            tests.push(format!("arg({arg} & {:#x} == {:#x})", self.mask, self.value));
        }
        tests
    }
}

/// How much comparing may still be done: a hostile profile is refused, and not puzzled over.
#[derive(Debug)]
pub(super) struct Effort(usize);

impl Effort {
    /// About a second's.
    pub(super) fn new() -> Effort {
        Effort(50_000_000)
    }

    fn spend(&mut self, terms: usize) -> Option<()> {
        self.0 = self.0.checked_sub(terms * terms)?;
        Some(())
    }
}

/// Claims on all six arguments, which hold together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Term([Claim; 6]);

impl Term {
    pub(super) const ALWAYS: Term = Term([Claim::ALWAYS; 6]);

    /// And this of one argument, counted from 0.
    pub(super) fn with(mut self, arg: usize, claim: Claim) -> Option<Term> {
        let slot = self.0.get_mut(arg)?;
        *slot = slot.and(claim)?;
        Some(self)
    }

    pub(super) fn is_always(&self) -> bool {
        *self == Term::ALWAYS
    }

    fn and(self, other: Term) -> Option<Term> {
        other.0.into_iter().enumerate().try_fold(self, |term, (arg, claim)| term.with(arg, claim))
    }

    fn implies(&self, other: &Term) -> bool {
        self.0.iter().zip(&other.0).all(|(one, other)| one.implies(*other))
    }

    fn negated(self) -> impl Iterator<Item = Term> {
        self.0.into_iter().enumerate().flat_map(|(arg, claim)| {
            claim.negated().into_iter().filter_map(move |claim| Term::ALWAYS.with(arg, claim))
        })
    }

    fn tests(&self) -> Vec<String> {
        self.0.iter().enumerate().flat_map(|(arg, claim)| claim.tests(arg + 1)).collect()
    }
}

/// Alternatives: any of these terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Terms(Vec<Term>);

impl Terms {
    pub(super) fn always() -> Terms {
        Terms(vec![Term::ALWAYS])
    }

    pub(super) fn never() -> Terms {
        Terms(Vec::new())
    }

    pub(super) fn is_never(&self) -> bool {
        self.0.is_empty()
    }

    /// What holds of both; none if that is too much work.
    pub(super) fn and(&self, term: Term, effort: &mut Effort) -> Option<Terms> {
        effort.spend(self.0.len())?;
        Some(Terms(shortest(self.0.iter().filter_map(|one| one.and(term)).collect())))
    }

    /// What is left without it; none if that is too much work.
    pub(super) fn without(&self, term: Term, effort: &mut Effort) -> Option<Terms> {
        let negated: Vec<Term> = term.negated().collect();
        effort.spend(self.0.len() * negated.len())?;
        let pairs = self.0.iter().flat_map(|one| negated.iter().map(move |other| one.and(*other)));
        let left = shortest(pairs.flatten().collect());
        (left.len() <= MOST).then_some(Terms(left))
    }

    /// Either; none if that is too much work.
    pub(super) fn or(mut self, other: Terms, effort: &mut Effort) -> Option<Terms> {
        self.0.extend(other.0);
        effort.spend(self.0.len())?;
        Some(Terms(shortest(self.0)))
    }

    /// In the plan's language, in as many conditions as the kernel's filter needs; none where it always holds.
    ///
    /// Says so when one alternative is too much for it.
    pub(super) fn conditions(&self) -> Result<Vec<Option<String>>, ()> {
        const ALTERNATIVES: usize = 16;
        const TESTS: usize = 8;
        if self.0.iter().any(Term::is_always) {
            return Ok(vec![None]);
        }
        let conditions = self.0.chunks(ALTERNATIVES).map(|terms| {
            let mut text = String::new();
            for (index, term) in terms.iter().enumerate() {
                let tests = term.tests();
                if tests.len() > TESTS {
                    return Err(());
                }
                let or = if index == 0 { "" } else { " | " };
                let (open, close) = if tests.len() > 1 && terms.len() > 1 { ("(", ")") } else { ("", "") };
                let _ = write!(text, "{or}{open}{}{close}", tests.join(" & "));
            }
            Ok(Some(text))
        });
        conditions.collect()
    }
}

/// The same alternatives without those that others hold for anyway.
fn shortest(mut terms: Vec<Term>) -> Vec<Term> {
    terms.sort_unstable();
    terms.dedup();
    let is_needed = |term: &Term| !terms.iter().any(|other| other != term && term.implies(other));
    let needed: Vec<bool> = terms.iter().map(is_needed).collect();
    let mut needed = needed.into_iter();
    terms.retain(|_| needed.next().unwrap_or(true));
    terms
}
