//! What of a condition the kernel's filter can decide: everything about registers.

use super::claim::{Claim, Op};
use super::field::{Home, NARROW, Register};
use super::numbers::Numbers;
use super::syntax::{Expr, Predicate, Where};
use crate::tables::{self, Direction, Shape};
use model::{ArgOp, ArgTest, Sieve, Sysno, Width};

/// How many alternatives a sieve may have, and how many tests each of them: the filter is run for every trapped call.
const ALTERNATIVES: usize = 16;
const TESTS: usize = 8;

/// What the kernel's filter can do for a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sieved {
    /// Every call for which the condition can hold passes.
    pub(crate) sieve: Sieve,
    /// The condition holds for every call that passes.
    pub(crate) is_exact: bool,
}

/// A condition on the registers of one system call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Test(ArgTest),
    /// Only the supervisor can tell.
    Unknown,
    All(Vec<Part>),
    Any(Vec<Part>),
}

impl Where {
    /// What the filter can do for this call.
    pub(crate) fn sieve(&self, sysno: Sysno) -> Sieved {
        if is_execution(sysno) && self.counts_executions() {
            // Those that the condition does not hold for must be seen too, to be counted.
            return Sieved { sieve: Sieve::always(), is_exact: false };
        }
        let reach = Reach::of(&Part::of(&self.condition, sysno));
        let is_exact = reach.is_exact && (self.once_per.is_none() || reach.alternatives.is_empty());
        Sieved { sieve: Sieve::of(reach.alternatives), is_exact }
    }

    /// Whether it asks which of the subject's executions a call is.
    pub(super) fn counts_executions(&self) -> bool {
        self.condition.leaves().any(|leaf| matches!(leaf.predicate, Predicate::Exec(_)))
    }
}

/// Whether the call executes a program.
pub(super) fn is_execution(sysno: Sysno) -> bool {
    sysno == Sysno::execve || sysno == Sysno::execveat
}

/// Calls of which the first argument is a family of addresses.
pub(super) fn names_family(sysno: Sysno) -> bool {
    matches!(sysno.name(), Some("socket" | "socketpair"))
}

/// The register of an argument, if the call has it.
pub(super) fn register(arg: u8, shape: &Shape) -> Option<Register> {
    let bits = if shape.narrow & (1 << arg) == 0 { u64::MAX } else { NARROW };
    (arg < shape.count).then_some(Register { arg, bits })
}

impl Part {
    const NEVER: Part = Part::Any(Vec::new());
    const ALWAYS: Part = Part::All(Vec::new());

    /// What a condition says of one system call.
    pub(super) fn of(condition: &Expr, sysno: Sysno) -> Part {
        let list = |parts: &[Expr]| parts.iter().map(|part| Part::of(part, sysno)).collect();
        match condition {
            Expr::Leaf(leaf) => Part::of_predicate(&leaf.predicate, sysno),
            Expr::Not(part) => Part::of(part, sysno).negated(),
            Expr::All(parts) => Part::All(list(parts)),
            Expr::Any(parts) => Part::Any(list(parts)),
        }
    }

    /// What a predicate says of one system call; never, if the call has nothing that it is about.
    pub(super) fn of_predicate(predicate: &Predicate, sysno: Sysno) -> Part {
        let shape = tables::shape(sysno);
        let unknown_if = |has_it: bool| if has_it { Part::Unknown } else { Part::NEVER };
        match predicate {
            Predicate::Fd(numbers) => {
                let any = |fd: &u8| Part::in_ranges(Register { arg: *fd, bits: NARROW }, numbers);
                Part::Any(shape.fds.iter().map(any).collect())
            }
            Predicate::Arg(arg, claim) => {
                register(*arg, shape).map_or(Part::NEVER, |register| Part::claimed(register, claim))
            }
            Predicate::Field(field, claim) => match field.home(sysno) {
                Some(Home::Register(register)) => Part::claimed(register, claim),
                Some(Home::Memory { .. }) => unknown_if(!claim.is_hopeless(field.bits())),
                None => Part::NEVER,
            },
            Predicate::Family(families) if names_family(sysno) => {
                let test = |family: &u16| Part::test(0, NARROW, ArgOp::Eq, u64::from(*family));
                Part::Any(families.iter().map(test).collect())
            }
            Predicate::Path(_) => unknown_if(!shape.paths.is_empty() || !shape.fds.is_empty()),
            Predicate::FdKind(_) => unknown_if(!shape.fds.is_empty()),
            Predicate::Port(_) | Predicate::Addr(_) | Predicate::Family(_) => {
                unknown_if(shape.address.is_some() || !shape.fds.is_empty())
            }
            Predicate::String(arg, _) => {
                unknown_if(register(*arg, shape).is_some_and(|register| register.bits == u64::MAX))
            }
            Predicate::Data(arg, _) => unknown_if(sent(sysno).is_some_and(|(pointer, _)| pointer == *arg)),
            Predicate::Exec(_) => unknown_if(is_execution(sysno)),
            Predicate::Exe(_)
            | Predicate::Argv(_)
            | Predicate::Child(_)
            | Predicate::Uid(_)
            | Predicate::After(_)
            | Predicate::Site(_)
            | Predicate::Caller(_)
            | Predicate::Package(_)
            | Predicate::Test(_)
            | Predicate::Goroutine(_) => Part::Unknown,
        }
    }

    /// Whether no call can be like that.
    pub(super) fn is_never(&self) -> bool {
        match self {
            Part::Any(parts) => parts.iter().all(Part::is_never),
            Part::All(parts) => parts.iter().any(Part::is_never),
            Part::Test(_) | Part::Unknown => false,
        }
    }

    fn test(arg: u8, bits: u64, op: ArgOp, value: u64) -> Part {
        let width = if bits <= NARROW { Width::Narrow } else { Width::Wide };
        Part::Test(ArgTest { arg, width, op, value })
    }

    fn in_ranges(Register { arg, bits }: Register, numbers: &Numbers) -> Part {
        let range = |(from, to): &(u64, u64)| match (from, to) {
            (from, to) if from == to => Part::test(arg, bits, ArgOp::Eq, *from),
            (0, to) => Part::test(arg, bits, ArgOp::Le, *to),
            (from, to) => Part::All(vec![
                Part::test(arg, bits, ArgOp::Ge, *from),
                Part::test(arg, bits, ArgOp::Le, *to),
            ]),
        };
        Part::Any(numbers.ranges().iter().map(range).collect())
    }

    fn claimed(Register { arg, bits }: Register, claim: &Claim) -> Part {
        let (mask, value) = (claim.mask(bits), claim.value(bits));
        // Whether the filter's comparisons see what the claim is about, and nothing else.
        let is_whole = mask == if bits <= NARROW { NARROW } else { u64::MAX };
        let equal = || match mask {
            mask if value & !mask != 0 => Part::NEVER,
            0 => Part::ALWAYS,
            _ if is_whole => Part::test(arg, bits, ArgOp::Eq, value),
            mask => Part::test(arg, bits, ArgOp::Masked(mask), value),
        };
        let ordered = |op| if is_whole { Part::test(arg, bits, op, value) } else { Part::Unknown };
        match claim.op {
            _ if claim.is_hopeless(bits) => Part::NEVER,
            Op::Eq => equal(),
            Op::Ne => equal().negated(),
            Op::Lt => ordered(ArgOp::Lt),
            Op::Le => ordered(ArgOp::Le),
            Op::Gt => ordered(ArgOp::Gt),
            Op::Ge => ordered(ArgOp::Ge),
        }
    }

    /// The opposite. Of what only the supervisor can tell, only it can tell the opposite.
    fn negated(self) -> Part {
        let list = |parts: Vec<Part>| parts.into_iter().map(Part::negated).collect();
        let test = match self {
            Part::Unknown => return Part::Unknown,
            Part::All(parts) => return Part::Any(list(parts)),
            Part::Any(parts) => return Part::All(list(parts)),
            Part::Test(test) => test,
        };
        let with = |op| Part::Test(ArgTest { op, ..test });
        match test.op {
            ArgOp::Eq => with(ArgOp::Ne),
            ArgOp::Ne => with(ArgOp::Eq),
            ArgOp::Lt => with(ArgOp::Ge),
            ArgOp::Le => with(ArgOp::Gt),
            ArgOp::Gt => with(ArgOp::Le),
            ArgOp::Ge => with(ArgOp::Lt),
            // One of the bits is not as it should be.
            ArgOp::Masked(mask) => Part::Any(
                (0..64)
                    .map(|bit| 1 << bit)
                    .filter(|bit| mask & bit != 0)
                    .map(|bit| {
                        Part::Test(ArgTest { op: ArgOp::Masked(bit), value: !test.value & bit, ..test })
                    })
                    .collect(),
            ),
        }
    }
}

/// The pointer and the count of the buffer that the call sends.
pub(super) fn sent(sysno: Sysno) -> Option<(u8, u8)> {
    let buffer = tables::shape(sysno).buffer.filter(|buffer| buffer.direction == Direction::Out)?;
    Some((buffer.pointer, buffer.count))
}

/// Alternatives as a sieve has them.
#[derive(Debug, Clone)]
pub(super) struct Reach {
    alternatives: Vec<Vec<ArgTest>>,
    /// Whether they let nothing else through. They always are if there are none.
    pub(super) is_exact: bool,
}

impl Reach {
    fn always(is_exact: bool) -> Reach {
        Reach { alternatives: vec![Vec::new()], is_exact }
    }

    fn never() -> Reach {
        Reach { alternatives: Vec::new(), is_exact: true }
    }

    /// What passes wherever the part holds.
    pub(super) fn of(part: &Part) -> Reach {
        match part {
            Part::Test(test) => Reach { alternatives: vec![vec![*test]], is_exact: true },
            Part::Unknown => Reach::always(false),
            Part::All(parts) => parts.iter().map(Reach::of).fold(Reach::always(true), Reach::and),
            Part::Any(parts) => parts.iter().map(Reach::of).fold(Reach::never(), Reach::or),
        }
    }

    fn is_always(&self) -> bool {
        self.alternatives.iter().any(Vec::is_empty)
    }

    fn and(self, other: Reach) -> Reach {
        if self.alternatives.is_empty() || other.alternatives.is_empty() {
            return Reach::never();
        }
        let mut alternatives = Vec::new();
        if self.alternatives.len() * other.alternatives.len() <= ALTERNATIVES {
            for one in &self.alternatives {
                for two in &other.alternatives {
                    let mut tests = [one.as_slice(), two].concat();
                    tests.sort_unstable();
                    tests.dedup();
                    alternatives.push(tests);
                }
            }
        }
        if alternatives.is_empty() || alternatives.iter().any(|tests| tests.len() > TESTS) {
            // Whatever both let through, one of them does.
            return Reach { is_exact: false, ..self };
        }
        Reach { alternatives, is_exact: self.is_exact && other.is_exact }
    }

    fn or(mut self, other: Reach) -> Reach {
        if self.is_always() || other.is_always() {
            let is_exact = self.is_always() && self.is_exact || other.is_always() && other.is_exact;
            return Reach::always(is_exact);
        }
        for tests in other.alternatives {
            if !self.alternatives.contains(&tests) {
                self.alternatives.push(tests);
            }
        }
        if self.alternatives.len() > ALTERNATIVES {
            return Reach::always(false);
        }
        Reach { is_exact: self.is_exact && other.is_exact, ..self }
    }
}
