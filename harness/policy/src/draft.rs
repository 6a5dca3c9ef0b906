//! A rule as it was written: every part with its place, before it is known whether the parts make sense together.

use crate::piece::Piece;
use crate::plan::{Origin, Rule};
use crate::{Rate, When, fields};
use model::{Diagnostic, Errno, Fault, ForcedResult, Source, Sysno, nearest};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of a source.
pub(crate) type Span = Range<usize>;

/// A value that was written, and where; without the value if it was written wrongly (which has been said by then).
#[derive(Debug, Clone)]
pub(crate) struct Written<T> {
    pub(crate) value: Option<T>,
    pub(crate) span: Span,
}

/// A rule as it was written.
#[derive(Debug)]
pub(crate) struct Draft {
    source: Arc<Source>,
    /// What stands for the rule as a whole.
    place: Span,
    /// The calls, and the words they were written with.
    pub(crate) calls: Option<(Written<Vec<Sysno>>, String)>,
    name: Option<Written<String>>,
    when: Option<Written<When>>,
    rate: Option<Written<Rate>>,
    pub(crate) error: Option<Written<Errno>>,
    retval: Option<Written<i64>>,
    delay_enter: Option<Written<Duration>>,
    delay_exit: Option<Written<Duration>>,
    /// Whether something was written so wrongly (which has been said by then) that it has no place here.
    pub(crate) is_broken: bool,
}

/// A key of a rule that both `-e` and the plan file have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Name,
    When,
    Rate,
    Error,
    Retval,
    DelayEnter,
    DelayExit,
}

/// Keys that strace has, or that are planned, and that this version has not.
const LATER: &[&str] = &["signal", "syscall", "poke_enter", "poke_exit", "burst", "short", "where", "lie"];

impl Key {
    /// Every key by its name.
    pub(crate) const ALL: [(&str, Key); 7] = [
        ("error", Key::Error),
        ("retval", Key::Retval),
        ("delay_enter", Key::DelayEnter),
        ("delay_exit", Key::DelayExit),
        ("when", Key::When),
        ("rate", Key::Rate),
        ("name", Key::Name),
    ];

    /// The key by its name.
    pub(crate) fn named(name: &str) -> Option<Key> {
        Key::ALL.iter().find(|(known, _)| *known == name).map(|(_, key)| *key)
    }
}

/// What to say about a key that is none of these.
pub(crate) fn unknown_key(key: &Piece<'_>, known: &[&str]) -> Diagnostic {
    let text = key.text();
    let those = || match known {
        [only] => format!("the only key here is {only}"),
        known => format!("the keys here are {}", known.join(", ")),
    };
    if LATER.contains(&text) {
        return key.error(format!("`{text}` is not supported yet by this version")).help(those());
    }
    let mistake = key.error(format!("`{}` is not a key that is known here", key.shown()));
    match nearest(text, known.iter().copied()) {
        Some(near) => mistake.help(format!("did you mean `{near}`? {}", those())),
        None => mistake.help(those()),
    }
}

impl Draft {
    /// An empty rule at this place.
    pub(crate) fn new(place: &Piece<'_>) -> Draft {
        Draft {
            source: Arc::clone(place.source()),
            place: place.span(),
            calls: None,
            name: None,
            when: None,
            rate: None,
            error: None,
            retval: None,
            delay_enter: None,
            delay_exit: None,
            is_broken: false,
        }
    }

    /// Takes the value of a key; `place` is what stands for both of them.
    pub(crate) fn take(
        &mut self,
        key: Key,
        place: Span,
        value: &Piece<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let twice = match key {
            Key::Name => put(&mut self.name, place.clone(), fields::name(value), diagnostics),
            Key::When => put(&mut self.when, place.clone(), fields::when(value), diagnostics),
            Key::Rate => put(&mut self.rate, place.clone(), fields::rate(value), diagnostics),
            Key::Error => put(&mut self.error, place.clone(), fields::errno(value), diagnostics),
            Key::Retval => put(&mut self.retval, place.clone(), fields::retval(value), diagnostics),
            Key::DelayEnter => {
                put(&mut self.delay_enter, place.clone(), fields::duration(value), diagnostics)
            }
            Key::DelayExit => put(&mut self.delay_exit, place.clone(), fields::duration(value), diagnostics),
        };
        if twice == Twice::Yes {
            self.is_broken = true;
            let name = Key::ALL.iter().find(|(_, known)| *known == key).map_or("", |(name, _)| name);
            diagnostics.push(
                Diagnostic::error(&self.source, place, format!("`{name}` is given twice"))
                    .label("the second time")
                    .help("keep one of them; for two faults, write two rules"),
            );
        }
    }

    /// The name of every rule: its own, or `rule-3` for the third.
    pub(crate) fn names(drafts: &[Draft], diagnostics: &mut Vec<Diagnostic>) -> Vec<String> {
        let own = |draft: &Draft| {
            draft.name.as_ref().and_then(|name| Some((name.value.clone()?, name.span.clone())))
        };
        let names: Vec<String> = drafts
            .iter()
            .enumerate()
            .map(|(index, draft)| own(draft).map_or_else(|| format!("rule-{}", index + 1), |(name, _)| name))
            .collect();
        let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, name) in names.iter().enumerate() {
            let first = match taken.entry(name) {
                Entry::Vacant(free) => {
                    free.insert(index);
                    continue;
                }
                Entry::Occupied(first) => *first.get(),
            };
            // At least one of two equal names was written by hand; the later of those is the one to change.
            let (written, other) =
                if own(&drafts[index]).is_some() { (index, first) } else { (first, index) };
            let Some((_, span)) = own(&drafts[written]) else { continue };
            let label = match own(&drafts[other]) {
                Some((_, span)) => format!("first given {}", whereabouts(&drafts[other].source, &span)),
                None => format!("rule {} has no name of its own and is called that", other + 1),
            };
            diagnostics.push(
                Diagnostic::error(&drafts[written].source, span, format!("two rules are named `{name}`"))
                    .label(label)
                    .help("give every rule a name of its own: reports and seeds tell rules apart by it"),
            );
        }
        names
    }

    /// The rule, if its parts are sound and make sense together.
    pub(crate) fn finish(self, name: String, diagnostics: &mut Vec<Diagnostic>) -> Option<Rule> {
        let makes_sense = self.makes_sense(diagnostics);
        let delay = |delay: &Option<Written<Duration>>| match delay {
            Some(written) => written.value,
            None => Some(Duration::ZERO),
        };
        let fault = Fault {
            delay_enter: delay(&self.delay_enter)?,
            result: match (&self.error, &self.retval) {
                (Some(error), _) => Some(ForcedResult::Error(error.value?)),
                (None, Some(value)) => Some(ForcedResult::Value(value.value?)),
                (None, None) => None,
            },
            delay_exit: delay(&self.delay_exit)?,
        };
        let when = self.when.map_or(Some(When::ALWAYS), |when| when.value)?;
        let rate = self.rate.map_or(Some(None), |rate| rate.value.map(Some))?;
        // A bad name was replaced by the default one, so that the rule could be talked about.
        self.name.is_none_or(|name| name.value.is_some()).then_some(())?;
        let (calls, words) = self.calls?;
        makes_sense.then_some(Rule {
            name,
            calls: calls.value?,
            when,
            rate,
            fault,
            origin: Origin {
                source: self.source,
                calls: calls.span,
                words,
                result: self.error.map(|error| error.span).or(self.retval.map(|value| value.span)),
                delay_enter: self.delay_enter.map(|delay| delay.span),
                delay_exit: self.delay_exit.map(|delay| delay.span),
            },
        })
    }

    /// Whether the parts make sense together; says what does not.
    fn makes_sense(&self, diagnostics: &mut Vec<Diagnostic>) -> bool {
        if let (Some(error), Some(retval)) = (&self.error, &self.retval) {
            let second = if error.span.start > retval.span.start { &error.span } else { &retval.span };
            diagnostics.push(
                Diagnostic::error(&self.source, second.clone(), "`error` and `retval` exclude each other")
                    .label("a call has one result")
                    .help("keep one of them; for some calls the one and for some the other, write two rules"),
            );
            return false;
        }
        let does_something = self.error.is_some()
            || self.retval.is_some()
            || self.delay_enter.is_some()
            || self.delay_exit.is_some();
        if self.is_broken {
            // What was not understood may be what should happen; that nothing happens needs no saying then.
            return false;
        }
        if !does_something {
            diagnostics.push(
                Diagnostic::error(
                    &self.source,
                    self.place.clone(),
                    "the rule does nothing to the calls it names",
                )
                .label("what should happen is missing")
                .help("add what happens: `error=ENOSPC`, `retval=0`, `delay_enter=5ms` or `delay_exit=5ms`"),
            );
            return false;
        }
        does_something
    }
}

/// Whether a key had a value before.
#[derive(PartialEq, Eq)]
enum Twice {
    Yes,
    No,
}

fn put<T>(
    slot: &mut Option<Written<T>>,
    span: Span,
    value: Result<T, Diagnostic>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Twice {
    let value = value.map_err(|mistake| diagnostics.push(mistake)).ok();
    if slot.is_some() {
        return Twice::Yes;
    }
    *slot = Some(Written { value, span });
    Twice::No
}

/// A place in words, for a diagnostic that is about two.
pub(crate) fn whereabouts(source: &Source, span: &Span) -> String {
    let before = source.text.get(..span.start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    if source.text.contains('\n') {
        format!("in line {line} of {}", source.name)
    } else {
        format!("in {} {}", source.name, source.text)
    }
}
