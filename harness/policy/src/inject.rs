//! `-e write,fsync:error=ENOSPC:when=3+`: one rule in one text, as strace users write it.

use crate::draft::{Draft, Written, is_flag};
use crate::effect::{Deed, Failure};
use crate::key::{self, Key};
use crate::piece::Piece;
use crate::set;
use model::{Diagnostic, Errno, Source};
use std::sync::Arc;

/// Which of strace's two verbs the text began with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    /// `inject=`, or none: something has to be said.
    Inject,
    /// `fault=`: calls fail, with ENOSYS if nothing else is said (strace(1), `-e fault`).
    Fault,
}

/// The rule in this text, with everything that could be understood.
pub(crate) fn draft(source: &Arc<Source>, diagnostics: &mut Vec<Diagnostic>) -> Draft {
    let whole = Piece::of(source, 0..source.text.len()).trim();
    let mut draft = Draft::new(&whole);
    let (verb, spec) = match (whole.strip_prefix("inject="), whole.strip_prefix("fault=")) {
        (Some(spec), _) => (Verb::Inject, spec),
        (None, Some(spec)) => (Verb::Fault, spec),
        (None, None) => (Verb::Inject, whole.clone()),
    };
    let (set, mut rest) = match spec.split_once(":") {
        Some((set, rest)) => (set.trim(), Some(rest)),
        None => (spec.trim(), None),
    };
    calls(&mut draft, &set, diagnostics);
    while let Some(actions) = rest {
        // An expression may contain colons, so it takes the rest of the text.
        if actions.text().trim_start().starts_with("where=") {
            action(&mut draft, verb, &actions, diagnostics);
            break;
        }
        match actions.split_once(":") {
            Some((part, more)) => {
                action(&mut draft, verb, &part, diagnostics);
                rest = Some(more);
            }
            None => {
                action(&mut draft, verb, &actions, diagnostics);
                rest = None;
            }
        }
    }
    if verb == Verb::Fault && draft.deeds.is_empty() {
        let deed = Some(Deed::Fail(Failure::With(Errno::ENOSYS)));
        draft.deeds.push((Key::Error, Written { value: deed, span: whole.span() }));
    }
    draft
}

/// Takes what stands before the first colon.
fn calls(draft: &mut Draft, set: &Piece<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let value = match set.split_once("=") {
        Some((word, _)) => {
            let word = word.trim();
            let known = Key::named(word.text()).is_some();
            diagnostics.push(if known {
                set.error(format!("the system calls are missing before `{}=`", word.text()))
                    .help(format!("name them first, then what happens: `write,fsync:{}`", set.text()))
            } else {
                word.error(format!("`{}=` is not understood here", word.shown()))
                    .help("start with the system calls, or with `inject=` or `fault=` as in strace")
            });
            draft.is_broken |= known;
            None
        }
        None => set::written(set, diagnostics),
    };
    draft.calls = Some((Written { value, span: set.span() }, set.text().to_owned()));
}

/// Takes one `key=value`, or one key that stands alone.
fn action(draft: &mut Draft, verb: Verb, part: &Piece<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let (word, value) = match part.split_once("=") {
        Some((word, value)) => (word.trim(), Some(value.trim())),
        None => (part.trim(), None),
    };
    let mistake = match (Key::named(word.text()), value) {
        // strace 6.1 skips parts without anything in them.
        (_, None) if word.text().is_empty() => return,
        (_, Some(_)) if word.text().is_empty() => {
            part.error("a key is missing here").help(format!("the keys are {}", Key::names().join(", ")))
        }
        (None, _) => key::unknown(&word, &Key::names()),
        (Some(key), _) if verb == Verb::Fault && changes_result(key) => word
            .error(format!("`fault=` does not take `{}`", word.text()))
            .label("`fault=` only makes calls fail")
            .help("start with `inject=`, or with the system calls themselves"),
        (Some(key), Some(_)) if is_flag(key) => {
            part.error(format!("`{}` takes no value", word.text())).help("write the key alone")
        }
        (Some(key), None) if !is_flag(key) => {
            word.error(format!("`{}` has no value", word.text())).help("write `key=value`")
        }
        (Some(Key::Where), Some(value)) if key_behind(&value).is_some() => {
            let late = key_behind(&value).unwrap_or(value);
            late.error("nothing can stand behind `where`")
                .label("`where` takes the rest of the text, for it may contain colons")
                .help(format!("write `{}` before `where=`", late.text()))
        }
        (Some(key), value) => {
            draft.take(key, part.span(), &value.unwrap_or(word), diagnostics);
            return;
        }
    };
    diagnostics.push(mistake);
    draft.is_broken = true;
}

/// Another key that somebody wrote behind a condition: outside of its parentheses, behind a colon.
fn key_behind<'a>(condition: &Piece<'a>) -> Option<Piece<'a>> {
    let mut rest = condition.split_once(":")?.1;
    loop {
        let before = &condition.text()[..condition.text().len() - rest.text().len()];
        let is_outside = before.matches('(').count() == before.matches(')').count();
        let word = rest.text().split(['=', ':']).next().unwrap_or_default().trim();
        if is_outside && Key::named(word).is_some() {
            return Some(rest);
        }
        rest = rest.split_once(":")?.1;
    }
}

/// Whether a key does more than say which calls fail, and with what.
fn changes_result(key: Key) -> bool {
    match key {
        Key::Error
        | Key::Name
        | Key::Persona
        | Key::Where
        | Key::When
        | Key::Rate
        | Key::Burst
        | Key::Limit
        | Key::Each
        | Key::Quiet
        | Key::Syscall => false,
        Key::Retval
        | Key::Lie
        | Key::Short
        | Key::Kill
        | Key::Content
        | Key::Text
        | Key::Interrupt
        | Key::NotReady
        | Key::Max(_)
        | Key::Signal
        | Key::PokeEnter
        | Key::PokeExit
        | Key::Arg(_)
        | Key::DelayEnter
        | Key::DelayExit => true,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Deed, Delay, Effect, Failure, Lie, Plan, Rate, Resource, When};
    use model::{Content, Diagnostic, Errno, Poke, Signal, Source, Sysno, Victim};
    use std::sync::Arc;
    use std::time::Duration;

    fn source(text: &str) -> Arc<Source> {
        Arc::new(Source { name: "-e".into(), text: text.into() })
    }

    /// The errors of one text: the words that each is about, and what is said about them.
    fn check(text: &str, expect: &[(&str, &str)]) {
        let (_, diagnostics) = Plan::read(None, &[source(text)]);
        let found: Vec<(&str, &str)> = diagnostics
            .iter()
            .map(|diagnostic| {
                let (_, span) = diagnostic.place.clone().expect("a place");
                assert!(diagnostic.is_error() && diagnostic.help.is_some(), "{diagnostic:?}");
                (&text[span], diagnostic.message.as_str())
            })
            .collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn a_text_is_read_as_strace_reads_it() {
        let does = |deed| Effect { deed, ..Effect::default() };
        let error = |errno| does(Deed::Fail(Failure::With(errno)));
        let fixed = |ms| Some(Delay::Fixed(Duration::from_millis(ms)));
        let poke = |arg, bytes: &[u8]| Poke { arg, bytes: bytes.to_vec() };
        for (text, calls, effect) in [
            ("read:error=ENOSPC", vec![Sysno::read], error(Errno::ENOSPC)),
            ("inject=read:error=ENOSPC", vec![Sysno::read], error(Errno::ENOSPC)),
            ("fault=close,read", vec![Sysno::read, Sysno::close], error(Errno::ENOSYS)),
            ("fault=read:error=1", vec![Sysno::read], error(Errno::EPERM)),
            (
                "fault=read:syscall=getpid",
                vec![Sysno::read],
                Effect { substitute: Some(Sysno::getpid), ..error(Errno::ENOSYS) },
            ),
            ("read:retval=5", vec![Sysno::read], does(Deed::Return(5))),
            ("read:retval=-1", vec![Sysno::read], error(Errno::EPERM)),
            (
                " read : delay_enter = 5000 : delay_exit=7ms ",
                vec![Sysno::read],
                Effect { delay_enter: fixed(5), delay_exit: fixed(7), ..Effect::default() },
            ),
            (
                "read:signal=usr1:poke_enter=@arg2=00ff,@arg1=41:poke_exit=@arg6=ab",
                vec![Sysno::read],
                Effect {
                    signal: Signal::from_raw(10),
                    poke_enter: vec![poke(1, &[0, 255]), poke(0, &[0x41])],
                    poke_exit: vec![poke(5, &[0xab])],
                    ..Effect::default()
                },
            ),
            ("read:short=1", vec![Sysno::read], does(Deed::Short(1))),
            ("read:lie=+3", vec![Sysno::read], does(Deed::Lie(Lie::More(3)))),
            ("read:lie=-3", vec![Sysno::read], does(Deed::Lie(Lie::More(-3)))),
            ("read:lie=0", vec![Sysno::read], does(Deed::Lie(Lie::Returned(0)))),
            (
                "read:lie=0xffffffffffffffff",
                vec![Sysno::read],
                does(Deed::Lie(Lie::Failed(Failure::With(Errno::EPERM)))),
            ),
            (
                "read:lie=0xfffffffffffff001",
                vec![Sysno::read],
                does(Deed::Lie(Lie::Failed(Failure::With(Errno::from_raw(4095).expect("an error"))))),
            ),
            ("read:lie=0xfffffffffffff000", vec![Sysno::read], does(Deed::Lie(Lie::Returned(-4096)))),
            ("read:lie=legal", vec![Sysno::read], does(Deed::Lie(Lie::Failed(Failure::Legal)))),
            (
                "read:arg3=O_CREAT|1",
                vec![Sysno::read],
                Effect { arguments: vec![(2, 0x41)], ..Effect::default() },
            ),
            ("read:kill=trap", vec![Sysno::read], does(Deed::Kill(Victim::Trapped))),
            ("read:interrupt=SIGURG", vec![Sysno::read], does(Deed::Interrupt(Signal::SIGURG))),
            ("read:not_ready", vec![Sysno::read], does(Deed::NotReady)),
            ("openat:text=a b", vec![Sysno::openat], does(Deed::Content(Content::Text("a b".into())))),
            ("write:max_disk=1MiB", vec![Sysno::write], does(Deed::Exhaust(Resource::Disk, 1 << 20))),
        ] {
            let (plan, diagnostics) = Plan::read(None, &[source(text)]);
            assert!(!diagnostics.iter().any(Diagnostic::is_error), "{text}: {diagnostics:?}");
            assert_eq!((&plan.rules[0].calls, &plan.rules[0].effect), (&calls, &effect), "{text}");
        }
        let (plan, _) = Plan::read(None, &[source("read:error=EIO:when=2..8+3:rate=5%:name=x")]);
        let rule = &plan.rules[0];
        assert_eq!(
            (Some(rule.when), rule.rate, rule.name.as_str()),
            (When::new(2, Some(8), 3), Rate::new(0.05), "x")
        );
    }

    #[test]
    fn every_mistake_is_found_at_once_and_shown_at_its_word() {
        check(
            "wirte:error=EOI:when=0:rate=x:name=",
            &[
                ("wirte", "there is no system call `wirte`"),
                ("EOI", "there is no error `EOI`"),
                ("0", "`0` does not say when"),
                ("x", "`x` is not a rate"),
                ("", "the name is empty"),
            ],
        );
        check("read", &[("read", "the rule does nothing to the calls it names")]);
        check("read:when=3", &[("read:when=3", "the rule does nothing to the calls it names")]);
        check("error=EIO", &[("error=EIO", "the system calls are missing before `error=`")]);
        check(":error=EIO", &[("", "a system call is missing")]);
        check("trace=read:error=EIO", &[("trace", "`trace=` is not understood here")]);
        check("read:error=EIO:error=EIO", &[("error=EIO", "`error` is given twice")]);
        check("read:retval=0:error=EIO", &[("error=EIO", "`error` and `retval` exclude each other")]);
        check("fault=read:retval=0", &[("retval", "`fault=` does not take `retval`")]);
        check("read:eror=EIO", &[("eror", "`eror` is not a key that is known here")]);
        check("read:error", &[("error", "`error` has no value")]);
        check("read:=3:", &[("=3", "a key is missing here")]);
        check("read:error=EIO:where=fd(3):limit=1", &[("limit=1", "nothing can stand behind `where`")]);
        check("read:quiet=1:error=EIO", &[("quiet=1", "`quiet` takes no value")]);
        check("read:quiet:error=EIO:when=2", &[("when=2", "`quiet` and `when` exclude each other")]);
        check(
            "read:quiet:lie=EIO",
            &[("quiet", "a quiet rule can do nothing but fail its calls with one error, or `kill`")],
        );
        check("read:short=1:arg3=2", &[("arg3=2", "`short` and a changed argument exclude each other")]);
        check(
            "read:kill=thread:delay_exit=2",
            &[("delay_exit=2", "`kill` and `delay_exit` exclude each other")],
        );
        check("read:max_disk=1", &[("max_disk=1", "`max_disk` is for calls that use up bytes written")]);
        check("close:short=1", &[("short=1", "only a call that transfers one buffer can be short")]);
        check("close:arg2=1", &[("arg2=1", "only a call that has argument 2 can have it changed")]);
        check("read:error=EIO:where=tset(a:b) & after(x)", &[("tset", "there is no predicate `tset`")]);
        check("read:error=EIO:where=after(x)", &[("after(x)", "there is no rule `x`")]);
    }
}
