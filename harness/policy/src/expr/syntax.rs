//! Conditions as values: what a `where` text says, in one form.

use super::address::{FAMILIES, Hosts};
use super::claim::Claim;
use super::field::Field;
use super::function::Function;
use super::goroutine::Goroutines;
use super::numbers::Numbers;
use super::test_name::TestName;
use super::text::Text;
use model::{FdKind, Source};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Bytes of a source.
pub(super) type Span = Range<usize>;

/// A condition on calls.
///
/// Conditions are equal if they say the same of the same things, wherever they were written.
#[derive(Debug, Clone)]
pub(crate) struct Where {
    pub(super) source: Arc<Source>,
    pub(super) condition: Expr,
    pub(super) once_per: Option<OncePer>,
}

/// Only the first call for each combination of these values.
#[derive(Debug, Clone)]
pub(super) struct OncePer {
    pub(super) keys: Vec<Key>,
    pub(super) span: Span,
}

impl PartialEq for OncePer {
    fn eq(&self, other: &OncePer) -> bool {
        self.keys == other.keys
    }
}

impl Where {
    /// Whether it asks who makes a call: from which site, in which test, on which goroutine.
    pub(crate) fn asks_who(&self) -> bool {
        let mut keys = self.once_per.iter().flat_map(|once| &once.keys);
        self.condition.leaves().any(|leaf| leaf.predicate.cost() == Cost::Stack)
            || keys.any(|key| key.asks_who())
    }
}

impl PartialEq for Where {
    fn eq(&self, other: &Where) -> bool {
        let Where { source: _, condition, once_per } = self;
        *condition == other.condition && *once_per == other.once_per
    }
}

/// Predicates, joined. Made by its constructors, which give it one form: no `All` within `All`, no `Not` within `Not`,
/// and cheap parts before dear ones, which is the order in which they are asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    Leaf(Leaf),
    Not(Box<Expr>),
    /// Each holds; an empty list does.
    All(Vec<Expr>),
    /// One holds at least.
    Any(Vec<Expr>),
}

/// A predicate, and where it was written.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub(super) predicate: Predicate,
    pub(super) span: Span,
}

impl PartialEq for Leaf {
    fn eq(&self, other: &Leaf) -> bool {
        self.predicate == other.predicate
    }
}

/// One question about a call. What has no answer does not hold (and its negation does).
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Predicate {
    /// A pathname argument, or the name of a descriptor argument, is like this.
    Path(Text),
    /// A descriptor argument is one of these.
    Fd(Numbers),
    /// A descriptor argument is of one of these kinds.
    FdKind(Vec<FdKind>),
    /// The socket address has one of these ports.
    Port(Numbers),
    /// The socket address is one of these.
    Addr(Hosts),
    /// The socket address is of one of these families.
    Family(Vec<u16>),
    /// This argument, from 0, is as claimed.
    Arg(u8, Claim),
    /// This field is as claimed.
    Field(Field, Claim),
    /// The string that this argument points to is like this.
    String(u8, Text),
    /// The bytes that this argument points to, which the call sends, are like this.
    Data(u8, Text),
    /// The tracee's executable, or the one it is about to execute, is like this.
    Exe(Text),
    /// A word of the tracee's command line, or of the one it is about to execute, is like this.
    Argv(Text),
    /// The tracee's process is of one of these generations.
    Child(Numbers),
    /// The call is one of these among the subject's calls of execve and execveat, from 1.
    Exec(Numbers),
    /// The tracee acts as one of these users.
    Uid(Numbers),
    /// The rule by this name has fired in the subject.
    After(String),
    /// A function of the Go call path, shown or not, is called so.
    Site(Function),
    /// The innermost function of user code in the Go call path is called so.
    Caller(Function),
    /// A function of the Go call path belongs to such a package.
    Package(Text),
    /// The test that the call belongs to, or one that it is a subtest of, is called so.
    Test(TestName),
    /// The goroutine is one of these.
    Goroutine(Goroutines),
}

/// What calls are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Path,
    Fd,
    Exe,
    Pid,
    Tid,
    /// From 0.
    Arg(u8),
    Port,
    Site,
    Test,
    Goroutine,
}

impl Key {
    /// Every key by its name.
    pub(super) const ALL: [(&str, Key); 15] = [
        ("path", Key::Path),
        ("fd", Key::Fd),
        ("exe", Key::Exe),
        ("pid", Key::Pid),
        ("tid", Key::Tid),
        ("port", Key::Port),
        ("arg1", Key::Arg(0)),
        ("arg2", Key::Arg(1)),
        ("arg3", Key::Arg(2)),
        ("arg4", Key::Arg(3)),
        ("arg5", Key::Arg(4)),
        ("arg6", Key::Arg(5)),
        ("site", Key::Site),
        ("test", Key::Test),
        ("goroutine", Key::Goroutine),
    ];

    /// Whether it is about who makes the call.
    pub(super) fn asks_who(self) -> bool {
        match self {
            Key::Site | Key::Test | Key::Goroutine => true,
            Key::Path | Key::Fd | Key::Exe | Key::Pid | Key::Tid | Key::Arg(_) | Key::Port => false,
        }
    }
}

/// How much it takes to answer a question, little first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cost {
    /// The registers say it.
    Registers,
    /// What happened before says it.
    State,
    /// The target's memory says it.
    Memory,
    /// Files below /proc say it, or the descriptor must be fetched.
    Process,
    /// The Go stack says it, which must be unwound.
    Stack,
}

impl Predicate {
    /// What it takes at most.
    pub(super) fn cost(&self) -> Cost {
        match self {
            Predicate::Fd(_) | Predicate::Arg(..) => Cost::Registers,
            Predicate::Exec(_) | Predicate::After(_) => Cost::State,
            Predicate::Field(..) | Predicate::String(..) | Predicate::Data(..) => Cost::Memory,
            Predicate::Path(_)
            | Predicate::FdKind(_)
            | Predicate::Port(_)
            | Predicate::Addr(_)
            | Predicate::Family(_)
            | Predicate::Exe(_)
            | Predicate::Argv(_)
            | Predicate::Child(_)
            | Predicate::Uid(_) => Cost::Process,
            Predicate::Site(_)
            | Predicate::Caller(_)
            | Predicate::Package(_)
            | Predicate::Test(_)
            | Predicate::Goroutine(_) => Cost::Stack,
        }
    }
}

impl Expr {
    /// All of these.
    pub(super) fn all(parts: Vec<Expr>) -> Expr {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Expr::All(parts) => flat.extend(parts),
                other @ (Expr::Leaf(_) | Expr::Not(_) | Expr::Any(_)) => flat.push(other),
            }
        }
        Expr::joined(flat, Expr::All)
    }

    /// Any of these, of which there is one at least.
    pub(super) fn any(parts: Vec<Expr>) -> Expr {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Expr::Any(parts) => flat.extend(parts),
                other @ (Expr::Leaf(_) | Expr::Not(_) | Expr::All(_)) => flat.push(other),
            }
        }
        Expr::joined(flat, Expr::Any)
    }

    fn joined(mut parts: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Expr {
        parts.sort_by_cached_key(Expr::cost);
        if parts.len() == 1 { parts.remove(0) } else { join(parts) }
    }

    /// The opposite.
    pub(super) fn not(part: Expr) -> Expr {
        match part {
            Expr::Not(inner) => *inner,
            other @ (Expr::Leaf(_) | Expr::All(_) | Expr::Any(_)) => Expr::Not(Box::new(other)),
        }
    }

    /// What it takes at most.
    fn cost(&self) -> Cost {
        self.leaves().map(|leaf| leaf.predicate.cost()).max().unwrap_or(Cost::Registers)
    }

    /// Its predicates, in order.
    pub(super) fn leaves(&self) -> Box<dyn Iterator<Item = &Leaf> + '_> {
        match self {
            Expr::Leaf(leaf) => Box::new(std::iter::once(leaf)),
            Expr::Not(part) => part.leaves(),
            Expr::All(parts) | Expr::Any(parts) => Box::new(parts.iter().flat_map(Expr::leaves)),
        }
    }
}

impl fmt::Display for Where {
    /// In one form, which reads back as an equal condition.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(once_per) = &self.once_per else { return write!(f, "{}", self.condition) };
        match &self.condition {
            Expr::All(parts) if parts.is_empty() => {}
            any @ Expr::Any(_) => write!(f, "({any}) & ")?,
            other @ (Expr::Leaf(_) | Expr::Not(_) | Expr::All(_)) => write!(f, "{other} & ")?,
        }
        write!(f, "once-per({})", names(&once_per.keys, &Key::ALL))
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, parts: &[Expr], sign: &str| {
            parts.iter().enumerate().try_for_each(|(index, part)| {
                let sign = if index == 0 { "" } else { sign };
                match part {
                    Expr::Any(_) => write!(f, "{sign}({part})"),
                    Expr::Leaf(_) | Expr::Not(_) | Expr::All(_) => write!(f, "{sign}{part}"),
                }
            })
        };
        match self {
            Expr::Leaf(leaf) => write!(f, "{}", leaf.predicate),
            Expr::Not(part) => match **part {
                Expr::Leaf(_) | Expr::Not(_) => write!(f, "!{part}"),
                Expr::All(_) | Expr::Any(_) => write!(f, "!({part})"),
            },
            Expr::All(parts) => list(f, parts, " & "),
            Expr::Any(parts) => list(f, parts, " | "),
        }
    }
}

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nth = |arg: &u8| arg + 1;
        match self {
            Predicate::Path(text) => write!(f, "path({text})"),
            Predicate::Fd(numbers) => write!(f, "fd({numbers})"),
            Predicate::FdKind(kinds) => write!(f, "fdkind({})", names(kinds, &FdKind::ALL)),
            Predicate::Port(numbers) => write!(f, "port({numbers})"),
            Predicate::Addr(hosts) => write!(f, "addr({hosts})"),
            Predicate::Family(families) => write!(f, "family({})", names(families, &FAMILIES)),
            Predicate::Arg(arg, claim) => write!(f, "arg({} {claim})", nth(arg)),
            Predicate::Field(field, claim) => {
                write!(f, "{}.{} {claim}", field.structure.name(), field.name)
            }
            Predicate::String(arg, text) => write!(f, "string({} {text})", nth(arg)),
            Predicate::Data(arg, text) => write!(f, "data({} {text})", nth(arg)),
            Predicate::Exe(text) => write!(f, "exe({text})"),
            Predicate::Argv(text) => write!(f, "argv({text})"),
            Predicate::Child(numbers) => write!(f, "child({numbers})"),
            Predicate::Exec(numbers) => write!(f, "exec({numbers})"),
            Predicate::Uid(numbers) => write!(f, "uid({numbers})"),
            Predicate::After(rule) => write!(f, "after({rule})"),
            Predicate::Site(function) => write!(f, "site({function})"),
            Predicate::Caller(function) => write!(f, "caller({function})"),
            Predicate::Package(text) => write!(f, "pkg({text})"),
            Predicate::Test(test) => write!(f, "test({test})"),
            Predicate::Goroutine(goroutines) => write!(f, "goroutine({goroutines})"),
        }
    }
}

/// Members of a table by their names.
fn names<T: PartialEq>(members: &[T], table: &[(&'static str, T)]) -> String {
    let name = |member| table.iter().find(|(_, known)| known == member).map_or("", |(name, _)| name);
    members.iter().map(name).collect::<Vec<_>>().join(",")
}
