//! A rule as it was written: every part with its place, before it is known whether the parts make sense together.

use crate::effect::{Deed, Effect, Failure, Lie};
use crate::expr::Where;
use crate::key::{Key, Kind};
use crate::piece::Piece;
use crate::plan::{Origin, Rule};
use crate::{Burst, Delay, Limit, Rate, When, fields, poke};
use model::{Content, Diagnostic, Errno, Poke, Signal, Source, Sysno};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

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
    condition: Option<Written<Where>>,
    when: Option<Written<When>>,
    rate: Option<Written<Rate>>,
    burst: Option<Written<Burst>>,
    limit: Option<Written<Limit>>,
    /// Each call is counted by itself.
    each: Option<Written<()>>,
    quiet: Option<Written<()>>,
    persona: Option<Written<String>>,
    delay_enter: Option<Written<Delay>>,
    signal: Option<Written<Signal>>,
    poke_enter: Option<Written<Vec<Poke>>>,
    arguments: [Option<Written<u64>>; 6],
    substitute: Option<Written<Sysno>>,
    /// What becomes of the call; more than one exclude each other.
    pub(crate) deeds: Vec<(Key, Written<Deed>)>,
    poke_exit: Option<Written<Vec<Poke>>>,
    delay_exit: Option<Written<Delay>>,
    /// Whether something was written so wrongly (which has been said by then) that it has no place here.
    pub(crate) is_broken: bool,
}

impl Draft {
    /// An empty rule at this place.
    pub(crate) fn new(place: &Piece<'_>) -> Draft {
        Draft {
            source: Arc::clone(place.source()),
            place: place.span(),
            calls: None,
            name: None,
            persona: None,
            condition: None,
            when: None,
            rate: None,
            burst: None,
            limit: None,
            each: None,
            quiet: None,
            delay_enter: None,
            signal: None,
            poke_enter: None,
            arguments: [const { None }; 6],
            substitute: None,
            deeds: Vec::new(),
            poke_exit: None,
            delay_exit: None,
            is_broken: false,
        }
    }

    /// Takes the value of a key; `place` is what stands for both of them. A key that is a flag has no value.
    pub(crate) fn take(
        &mut self,
        key: Key,
        place: Span,
        value: &Piece<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let at = place.clone();
        let twice = match key {
            Key::Name => put(&mut self.name, at, fields::name(value), diagnostics),
            Key::Persona => put(&mut self.persona, at, fields::persona(value), diagnostics),
            Key::Where => {
                let read = Where::read(value, diagnostics);
                let is_twice = self.condition.is_some();
                self.condition = Some(Written { value: read, span: at });
                if is_twice { Twice::Yes } else { Twice::No }
            }
            Key::When => {
                // strace 6.1 takes the last of several, and says nothing.
                if let Some(first) = self.when.take().filter(|first| first.value.is_some()) {
                    diagnostics.push(
                        Diagnostic::warning(&self.source, first.span, "`when` is given again")
                            .label("this one does nothing")
                            .help("the last one counts, as with strace; drop this one"),
                    );
                }
                put(&mut self.when, at, fields::when(value), diagnostics)
            }
            Key::Rate => put(&mut self.rate, at, fields::rate(value), diagnostics),
            Key::Burst => put(&mut self.burst, at, Burst::read(value), diagnostics),
            Key::Limit => put(&mut self.limit, at, Limit::read(value), diagnostics),
            Key::Each => put(&mut self.each, at, Ok(()), diagnostics),
            Key::Quiet => put(&mut self.quiet, at, Ok(()), diagnostics),
            Key::Signal => put(&mut self.signal, at, fields::signal(value), diagnostics),
            Key::PokeEnter => put(&mut self.poke_enter, at, poke::read(value), diagnostics),
            Key::PokeExit => put(&mut self.poke_exit, at, poke::read(value), diagnostics),
            Key::Arg(arg) => match self.arguments.get_mut(usize::from(arg)) {
                Some(slot) => put(slot, at, fields::argument(value), diagnostics),
                None => Twice::No,
            },
            Key::Syscall => put(&mut self.substitute, at, fields::sysno(value), diagnostics),
            Key::DelayEnter => put(&mut self.delay_enter, at, Delay::read(value), diagnostics),
            Key::DelayExit => put(&mut self.delay_exit, at, Delay::read(value), diagnostics),
            Key::Error
            | Key::Retval
            | Key::Lie
            | Key::Short
            | Key::Kill
            | Key::Content
            | Key::Text
            | Key::Interrupt
            | Key::NotReady
            | Key::Max(_) => {
                let deed = deed(key, value).map_err(|mistake| diagnostics.push(mistake)).ok();
                let is_twice = self.deeds.iter().any(|(taken, _)| *taken == key);
                self.deeds.push((key, Written { value: deed, span: at }));
                if is_twice { Twice::Yes } else { Twice::No }
            }
        };
        if twice == Twice::Yes {
            self.is_broken = true;
            diagnostics.push(
                Diagnostic::error(&self.source, place, format!("`{}` is given twice", key.name()))
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
        let mut taken: BTreeMap<String, usize> = BTreeMap::new();
        for (index, name) in names.iter().enumerate() {
            let parts = drafts[index].parts(name);
            let long = parts.iter().find(|part| part.chars().count() > fields::LONGEST_NAME);
            if let Some((long, (_, span))) = long.zip(own(&drafts[index])) {
                diagnostics.push(
                    Diagnostic::error(&drafts[index].source, span, format!("the name `{long}` is too long"))
                        .label("with `each`, every call has a rule of its own")
                        .help(format!(
                            "a name has at most {} characters; use a shorter one",
                            fields::LONGEST_NAME
                        )),
                );
            }
            let clash = parts.iter().find_map(|part| Some((part.clone(), *taken.get(part)?)));
            let Some((name, first)) = clash else {
                taken.extend(parts.into_iter().map(|part| (part, index)));
                continue;
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

    /// Its name, and with `each` those of the rules that it becomes.
    fn parts(&self, name: &str) -> Vec<String> {
        let calls = self.calls.as_ref().and_then(|(calls, _)| calls.value.as_deref());
        let calls = calls.filter(|_| self.each.is_some()).unwrap_or_default();
        let own = std::iter::once(name.to_owned());
        own.chain(calls.iter().map(|sysno| part_name(name, *sysno))).collect()
    }

    /// The rule, if its parts are sound and make sense together.
    pub(crate) fn finish(self, name: String, diagnostics: &mut Vec<Diagnostic>) -> Option<Rule> {
        let makes_sense = self.makes_sense(diagnostics);
        let mut arguments = Vec::new();
        for (arg, written) in (0..).zip(&self.arguments) {
            if let Some(written) = written {
                arguments.push((arg, written.value?));
            }
        }
        let span = |deed: Option<&(Key, Written<Deed>)>| deed.map(|(_, written)| written.span.clone());
        let origin = Origin {
            source: self.source,
            calls: self.calls.as_ref()?.0.span.clone(),
            words: self.calls.as_ref()?.1.clone(),
            condition: self.condition.as_ref().map(|condition| condition.span.clone()),
            deed: span(self.deeds.first()).or(self
                .arguments
                .iter()
                .flatten()
                .next()
                .map(|written| written.span.clone())),
            signal: self.signal.as_ref().map(|signal| signal.span.clone()),
            poke_enter: self.poke_enter.as_ref().map(|poke| poke.span.clone()),
            poke_exit: self.poke_exit.as_ref().map(|poke| poke.span.clone()),
            delay_enter: self.delay_enter.as_ref().map(|delay| delay.span.clone()),
            delay_exit: self.delay_exit.as_ref().map(|delay| delay.span.clone()),
            quiet: self.quiet.as_ref().map(|quiet| quiet.span.clone()),
        };
        let deed = match self.deeds.into_iter().next() {
            Some((_, written)) => written.value?,
            None => Deed::Execute,
        };
        let effect = Effect {
            delay_enter: sound(self.delay_enter)?,
            signal: sound(self.signal)?,
            poke_enter: sound(self.poke_enter)?.unwrap_or_default(),
            arguments,
            substitute: sound(self.substitute)?,
            deed,
            poke_exit: sound(self.poke_exit)?.unwrap_or_default(),
            delay_exit: sound(self.delay_exit)?,
        };
        // A bad name was replaced by the default one, so that the rule could be talked about.
        self.name.is_none_or(|name| name.value.is_some()).then_some(())?;
        makes_sense.then_some(())?;
        Some(Rule {
            name,
            calls: self.calls?.0.value?,
            condition: sound(self.condition)?,
            when: sound(self.when)?.unwrap_or(When::ALWAYS),
            rate: sound(self.rate)?,
            burst: sound(self.burst)?,
            limit: sound(self.limit)?,
            effect,
            is_quiet: self.quiet.is_some(),
            persona: sound(self.persona)?,
            is_each: self.each.is_some(),
            origin,
        })
    }

    /// Whether the parts make sense together; says what does not.
    fn makes_sense(&self, diagnostics: &mut Vec<Diagnostic>) -> bool {
        if let [(one, first), (other, second), ..] = &self.deeds[..]
            && one != other
        {
            let mut names = [one.name(), other.name()];
            names.sort_unstable();
            let last = if second.span.start > first.span.start { &second.span } else { &first.span };
            diagnostics.push(
                Diagnostic::error(
                    &self.source,
                    last.clone(),
                    format!("`{}` and `{}` exclude each other", names[0], names[1]),
                )
                .label("a call has one result")
                .help("keep one of them; for some calls the one and for some the other, write two rules"),
            );
            return false;
        }
        if self.is_broken {
            // What was not understood may be what should happen; that nothing happens needs no saying then.
            return false;
        }
        let does_something = !self.deeds.is_empty()
            || self.delay_enter.is_some()
            || self.delay_exit.is_some()
            || self.signal.is_some()
            || self.poke_enter.is_some()
            || self.poke_exit.is_some()
            || self.substitute.is_some()
            || self.arguments.iter().any(Option::is_some);
        if !does_something {
            diagnostics.push(
                Diagnostic::error(
                    &self.source,
                    self.place.clone(),
                    "the rule does nothing to the calls it names",
                )
                .label("what should happen is missing")
                .help("add what happens: `error=ENOSPC`, `retval=0`, `delay_enter=5ms`, `short=1`, `lie=EIO`, …"),
            );
            return false;
        }
        self.fits_together(diagnostics)
    }

    /// Whether no part makes another one impossible.
    fn fits_together(&self, diagnostics: &mut Vec<Diagnostic>) -> bool {
        let before = diagnostics.len();
        let mut clash = |span: &Span, message: String, label: &str, help: &str| {
            diagnostics.push(Diagnostic::error(&self.source, span.clone(), message).label(label).help(help));
        };
        let deed = self.deeds.first().map(|(key, written)| (*key, written.value.as_ref()));
        let argument = self.arguments.iter().flatten().next();
        if let (Some((key, _)), Some(argument)) = (deed.filter(|(key, _)| *key != Key::Lie), argument) {
            clash(
                &argument.span,
                format!("`{}` and a changed argument exclude each other", key.name()),
                "only a call that is executed has arguments",
                "change arguments alone or together with `lie`",
            );
        }
        let others = [Key::Error, Key::Retval, Key::Lie];
        if let (Some((key, _)), Some(substitute)) =
            (deed.filter(|(key, _)| !others.contains(key)), &self.substitute)
        {
            clash(
                &substitute.span,
                format!("`{}` and `syscall` exclude each other", key.name()),
                "one of them decides what is executed",
                "use `syscall` alone, or with `error` or `retval`",
            );
        }
        if let (Some(argument), Some(substitute)) = (argument, &self.substitute) {
            clash(
                if argument.span.start > substitute.span.start { &argument.span } else { &substitute.span },
                "`syscall` and a changed argument exclude each other".to_owned(),
                "another call has other arguments",
                "drop one of them",
            );
        }
        if let Some((Key::Kill, _)) = deed {
            for (name, span) in [
                ("delay_exit", self.delay_exit.as_ref().map(|delay| &delay.span)),
                ("poke_exit", self.poke_exit.as_ref().map(|poke| &poke.span)),
                ("signal", self.signal.as_ref().map(|signal| &signal.span)),
            ] {
                if let Some(span) = span {
                    clash(
                        span,
                        format!("`kill` and `{name}` exclude each other"),
                        "nobody is left for this",
                        "drop one of them",
                    );
                }
            }
        }
        if let (Some((Key::Interrupt, _)), Some(signal)) = (deed, &self.signal) {
            clash(
                &signal.span,
                "`interrupt` and `signal` exclude each other".to_owned(),
                "`interrupt` names its own signal",
                "write the signal behind `interrupt`",
            );
        }
        if let Some(quiet) = &self.quiet {
            let counts = [
                ("when", self.when.as_ref().map(|when| &when.span)),
                ("rate", self.rate.as_ref().map(|rate| &rate.span)),
                ("burst", self.burst.as_ref().map(|burst| &burst.span)),
                ("limit", self.limit.as_ref().map(|limit| &limit.span)),
            ];
            for (name, span) in counts {
                if let Some(span) = span {
                    clash(
                        span,
                        format!("`quiet` and `{name}` exclude each other"),
                        "the kernel's filter cannot count",
                        "drop `quiet`, so that duress sees the calls",
                    );
                }
            }
            let is_answer =
                matches!(deed, Some((Key::Error | Key::Kill, _)) | None) && !self.deeds.is_empty();
            let alone = self.delay_enter.is_none()
                && self.delay_exit.is_none()
                && self.signal.is_none()
                && self.poke_enter.is_none()
                && self.poke_exit.is_none()
                && self.substitute.is_none();
            let legal = matches!(deed, Some((_, Some(Deed::Fail(Failure::Legal)))));
            if !is_answer || !alone || legal {
                clash(
                    &quiet.span,
                    "a quiet rule can do nothing but fail its calls with one error, or `kill`".to_owned(),
                    "the kernel's filter decides alone",
                    "write it as `SYSCALL:error=EPERM:quiet`, or drop `quiet`",
                );
            }
        }
        diagnostics.len() == before
    }
}

/// The name of the rule for one call that a rule with `each` becomes.
pub(crate) fn part_name(name: &str, sysno: Sysno) -> String {
    format!("{name}/{sysno}")
}

/// The value of a part that was written well, or none where it was not written; nothing where it was written badly.
fn sound<T>(written: Option<Written<T>>) -> Option<Option<T>> {
    written.map_or(Some(None), |written| written.value.map(Some))
}

/// What becomes of a call under this key.
fn deed(key: Key, value: &Piece<'_>) -> Result<Deed, Diagnostic> {
    Ok(match key {
        Key::Error => Deed::Fail(fields::failure(value)?),
        Key::Retval => {
            let value = fields::retval(value)?;
            error_in(value).map_or(Deed::Return(value), |errno| Deed::Fail(Failure::With(errno)))
        }
        Key::Lie => Deed::Lie(lie(value)?),
        Key::Short => Deed::Short(fields::short(value)?),
        Key::Kill => Deed::Kill(fields::victim(value)?),
        Key::Content => Deed::Content(Content::File(fields::path(value)?)),
        Key::Text => Deed::Content(Content::Text(value.text().to_owned())),
        Key::Interrupt => Deed::Interrupt(fields::signal(value)?),
        Key::NotReady => Deed::NotReady,
        Key::Max(resource) => Deed::Exhaust(resource, resource.limit(value)?),
        Key::Name
        | Key::Persona
        | Key::Where
        | Key::When
        | Key::Rate
        | Key::Burst
        | Key::Limit
        | Key::Each
        | Key::Quiet
        | Key::Syscall
        | Key::Signal
        | Key::PokeEnter
        | Key::PokeExit
        | Key::Arg(_)
        | Key::DelayEnter
        | Key::DelayExit => Deed::Execute,
    })
}

/// The error that a result is: those from -4095 to -1 are.
fn error_in(result: i64) -> Option<Errno> {
    (-4095..=-1).contains(&result).then(|| i32::try_from(-result).ok().and_then(Errno::from_raw))?
}

/// What is told: an error, `+3` or `-3` (more or less than the truth), or a value.
fn lie(value: &Piece<'_>) -> Result<Lie, Diagnostic> {
    let text = value.text();
    let sign = match text.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ if text.starts_with("0x") || text.bytes().all(|byte| byte.is_ascii_digit()) => {
            let told = fields::retval(value)?;
            return Ok(error_in(told).map_or(Lie::Returned(told), |errno| Lie::Failed(Failure::With(errno))));
        }
        _ => return fields::failure(value).map(Lie::Failed),
    };
    let more = fields::whole(&text[1..]).and_then(|more| i64::try_from(more).ok()).filter(|more| *more > 0);
    more.map(|more| Lie::More(sign * more)).ok_or_else(|| {
        value.error(format!("`{}` is not a lie", value.shown())).help(
            "write an error (`EIO`), a value (`0`), or how much more or less than the truth is told (`+10`, `-1`)",
        )
    })
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

/// Whether a key stands alone.
pub(crate) fn is_flag(key: Key) -> bool {
    key.kind() == Kind::Flag
}
