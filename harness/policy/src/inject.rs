//! `-e write,fsync:error=ENOSPC:when=3+`: one rule in one text, as strace users write it.

use crate::draft::{Draft, Key, Written, unknown_key};
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
    let mut parts = spec.split(':').into_iter();
    let set = parts.next().map(|set| set.trim()).unwrap_or_else(|| spec.clone());
    calls(&mut draft, &set, diagnostics);
    for part in parts {
        action(&mut draft, verb, &part, diagnostics);
        // An expression may contain colons, so it takes the rest of the text.
        if part.text().trim_start().starts_with("where=") {
            break;
        }
    }
    if verb == Verb::Fault && draft.error.is_none() {
        draft.error = Some(Written { value: Some(Errno::ENOSYS), span: whole.span() });
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

/// Takes one `key=value`.
fn action(draft: &mut Draft, verb: Verb, part: &Piece<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let names = Key::ALL.map(|(name, _)| name);
    let (word, value) = match part.split_once("=") {
        Some((word, value)) => (word.trim(), Some(value.trim())),
        None => (part.trim(), None),
    };
    if word.text().is_empty() {
        diagnostics
            .push(part.error("a key is missing here").help(format!("the keys are {}", names.join(", "))));
        draft.is_broken = true;
        return;
    }
    let Some(key) = Key::named(word.text()) else {
        diagnostics.push(unknown_key(&word, &names));
        draft.is_broken = true;
        return;
    };
    let Some(value) = value else {
        diagnostics.push(word.error(format!("`{}` has no value", word.text())).help("write `key=value`"));
        draft.is_broken = true;
        return;
    };
    let changes_result = match key {
        Key::Retval | Key::DelayEnter | Key::DelayExit => true,
        Key::Error | Key::When | Key::Rate | Key::Name => false,
    };
    if verb == Verb::Fault && changes_result {
        diagnostics.push(
            word.error(format!("`fault=` does not take `{}`", word.text()))
                .label("`fault=` only makes calls fail")
                .help("start with `inject=`, or with the system calls themselves"),
        );
        draft.is_broken = true;
        return;
    }
    draft.take(key, part.span(), &value, diagnostics);
}

#[cfg(test)]
mod tests {
    use crate::{Plan, Rate, When};
    use model::{Errno, Fault, ForcedResult, Source, Sysno};
    use std::sync::Arc;
    use std::time::Duration;

    fn source(text: &str) -> Arc<Source> {
        Arc::new(Source { name: "-e".into(), text: text.into() })
    }

    /// The errors of one text: the words that each is about, and what is said about them.
    fn check(text: &str, expect: &[(&str, &str)]) {
        let (plan, diagnostics) = Plan::read(None, &[source(text)]);
        let found: Vec<(&str, &str)> = diagnostics
            .iter()
            .map(|diagnostic| {
                let (_, span) = diagnostic.place.clone().expect("a place");
                assert!(diagnostic.is_error() && diagnostic.help.is_some(), "{diagnostic:?}");
                (&text[span], diagnostic.message.as_str())
            })
            .collect();
        assert_eq!(found, expect, "{text}");
        assert_eq!(plan, Plan::default(), "{text}");
    }

    #[test]
    fn a_text_is_read_as_strace_reads_it() {
        let error = |errno| Fault { result: Some(ForcedResult::Error(errno)), ..Fault::default() };
        let ms = Duration::from_millis;
        for (text, calls, fault) in [
            ("read:error=ENOSPC", vec![Sysno::read], error(Errno::ENOSPC)),
            ("inject=read:error=ENOSPC", vec![Sysno::read], error(Errno::ENOSPC)),
            ("fault=close,read", vec![Sysno::read, Sysno::close], error(Errno::ENOSYS)),
            ("fault=read:error=1", vec![Sysno::read], error(Errno::EPERM)),
            (
                "read:retval=5",
                vec![Sysno::read],
                Fault { result: Some(ForcedResult::Value(5)), ..Fault::default() },
            ),
            (
                " read : delay_enter = 5000 : delay_exit=7ms ",
                vec![Sysno::read],
                Fault { delay_enter: ms(5), result: None, delay_exit: ms(7) },
            ),
        ] {
            let (plan, diagnostics) = Plan::read(None, &[source(text)]);
            assert_eq!(diagnostics, [], "{text}");
            assert_eq!((&plan.rules[0].calls, plan.rules[0].fault), (&calls, fault), "{text}");
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
        check("read:", &[("", "a key is missing here")]);
        check("read:signal=SIGUSR1", &[("signal", "`signal` is not supported yet by this version")]);
        check("read:where=test(a:b):c", &[("where", "`where` is not supported yet by this version")]);
    }
}
