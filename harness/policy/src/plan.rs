//! The rules of a run, as one value.

use crate::draft::{Draft, Span};
use crate::{Rate, When, check, file, inject, render};
use model::{Capabilities, Diagnostic, Fault, Interest, Source, Sysno};
use std::ops::Range;
use std::sync::Arc;

/// What should happen to which calls: the rules in order, the first that wants to hit a call does.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// The rules; a [`model::RuleId`] is a place in this list.
    pub rules: Vec<Rule>,
}

/// One line of a plan: when these calls are made, do this to some of them.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its own name in the plan: as given, or `rule-3` for the third.
    pub name: String,
    /// The calls that it counts, by number, each once.
    pub calls: Vec<Sysno>,
    /// Which of them it hits, by number.
    pub when: When,
    /// Which of them it hits, by chance; without a rate, all that `when` allows.
    pub rate: Option<Rate>,
    /// What is done to a call that is hit.
    pub fault: Fault,
    /// Where it was written.
    pub(crate) origin: Origin,
}

/// Where a rule and its parts were written.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) source: Arc<Source>,
    pub(crate) calls: Span,
    /// The set of calls in the user's own words.
    pub(crate) words: String,
    pub(crate) result: Option<Span>,
    pub(crate) delay_enter: Option<Span>,
    pub(crate) delay_exit: Option<Span>,
}

/// Rules are equal if they mean the same, wherever they were written.
impl PartialEq for Rule {
    fn eq(&self, other: &Rule) -> bool {
        let Rule { name, calls, when, rate, fault, origin: _ } = self;
        *name == other.name
            && *calls == other.calls
            && *when == other.when
            && *rate == other.rate
            && *fault == other.fault
    }
}

impl Plan {
    /// Reads a plan file and what `-e` adds to it, in this order, with every mistake in them at once.
    ///
    /// If any diagnostic is an error the plan must not be used: rules that could not be understood are missing in it.
    pub fn read(file: Option<&Arc<Source>>, injects: &[Arc<Source>]) -> (Plan, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        let mut drafts = Vec::new();
        if let Some(source) = file {
            drafts.extend(file::drafts(source, &mut diagnostics));
        }
        drafts.extend(injects.iter().map(|source| inject::draft(source, &mut diagnostics)));
        let names = Draft::names(&drafts, &mut diagnostics);
        let rules = drafts
            .into_iter()
            .zip(names)
            .filter_map(|(draft, name)| draft.finish(name, &mut diagnostics))
            .collect();
        let plan = Plan { rules };
        check::plan(&plan, &mut diagnostics);
        sort(&mut diagnostics, file, injects);
        (plan, diagnostics)
    }

    /// The calls that must be trapped so that every rule can count them.
    pub fn interest(&self) -> Interest {
        self.rules.iter().flat_map(|rule| rule.calls.iter().copied()).collect()
    }

    /// The same rules as a plan file, in one fixed form.
    ///
    /// Sets of calls are written out, so that a later version with more calls or other classes reads the same rules.
    pub fn to_toml(&self) -> String {
        render::plan(self)
    }

    /// What a mechanism with these capabilities cannot do exactly as the rules say, each at its place.
    pub fn check_against(&self, mechanism: &str, able: &Capabilities) -> Vec<Diagnostic> {
        self.rules.iter().flat_map(|rule| check::ability(rule, mechanism, able)).collect()
    }
}

impl Rule {
    /// The rule without its name as `-e` would say it, for people: a long set of calls is cut with `…`.
    pub fn spec(&self) -> String {
        render::spec(self)
    }

    /// An error about one part of the rule, or about its calls where that part was not written.
    pub(crate) fn error(&self, part: Option<&Span>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(&self.origin.source, self.place(part), message)
    }

    /// A warning about one part of the rule, or about its calls where that part was not written.
    pub(crate) fn warning(&self, part: Option<&Span>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::warning(&self.origin.source, self.place(part), message)
    }

    fn place(&self, part: Option<&Span>) -> Range<usize> {
        part.unwrap_or(&self.origin.calls).clone()
    }
}

/// Brings diagnostics into the order in which their places are read.
fn sort(diagnostics: &mut [Diagnostic], file: Option<&Arc<Source>>, injects: &[Arc<Source>]) {
    let sources: Vec<&Arc<Source>> = file.into_iter().chain(injects).collect();
    diagnostics.sort_by_key(|diagnostic| {
        diagnostic
            .place
            .as_ref()
            .map(|(source, span)| (sources.iter().position(|known| Arc::ptr_eq(known, source)), span.start))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn source(name: &str, text: &str) -> Arc<Source> {
        Arc::new(Source { name: name.into(), text: text.into() })
    }

    #[test]
    fn the_file_comes_first_and_rules_are_named_by_their_place() {
        let file = source("plan.toml", "[[rule]]\ncalls = 'read'\nfault = 'EIO'\n");
        let (plan, diagnostics) = Plan::read(
            Some(&file),
            &[source("-e", "write:error=EIO"), source("-e", "close:retval=0:name=x")],
        );
        assert_eq!(diagnostics, []);
        assert_eq!(
            plan.rules.iter().map(|rule| rule.name.as_str()).collect::<Vec<_>>(),
            ["rule-1", "rule-2", "x"]
        );
        assert_eq!(plan.interest().iter().collect::<Vec<_>>(), [Sysno::read, Sysno::write, Sysno::close]);
        assert_eq!(Plan::read(None, &[]), (Plan::default(), Vec::new()));
    }

    #[test]
    fn a_hostile_depth_is_a_mistake_like_any_other() {
        for word in ["?", "!", "[", "a=[", "{", "a.", "a={b=", ":", ",", "'"] {
            let source = source("x", &word.repeat(100_000));
            let (_, diagnostics) = Plan::read(Some(&source), &[Arc::clone(&source)]);
            assert!(diagnostics.iter().any(Diagnostic::is_error), "{word}");
        }
    }

    /// Words that parsers take a turn at, and all that stands between them.
    fn any_text() -> impl Strategy<Value = String> {
        let words = [
            "read",
            "!",
            ",",
            ":",
            "=",
            "%file",
            "?",
            "/",
            "error",
            "EIO",
            "when",
            "3..",
            "+",
            "rate",
            "5%",
            "name",
            "delay_enter",
            "µs",
            "9e9",
            "where",
            "fault=",
            "[[rule]]",
            "[rule]",
            "rule",
            "calls",
            "[",
            "]",
            "{",
            "}",
            "'",
            "\"",
            "\\u00e9",
            "\n",
            "fault",
            "retval",
            "-1",
            "0x",
            "1979-05-27",
            "true",
            "#",
            ".",
            "\u{feff}",
            "\0",
            " = ",
        ];
        let mixed = proptest::collection::vec(proptest::sample::select(words.to_vec()), 0..40)
            .prop_map(|words| words.concat());
        prop_oneof![
            mixed,
            any::<String>(),
            proptest::collection::vec(any::<u8>(), 0..200)
                .prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn no_text_makes_reading_panic_and_every_place_is_in_its_text(text in any_text(), at in 0..50_usize, to in 0..50_usize) {
            let source = source("x", &text);
            let (plan, mut diagnostics) = Plan::read(Some(&source), &[Arc::clone(&source)]);
            diagnostics.extend(crate::read_set(&source, at..to).1);
            diagnostics.extend(plan.check_against("nothing", &Capabilities::of(&[])));
            for diagnostic in &diagnostics {
                let (source, span) = diagnostic.place.clone().expect("mistakes in a text have a place");
                prop_assert!(source.text.get(span.clone()).is_some(), "{span:?} {diagnostic:?}");
                prop_assert!(!diagnostic.message.is_empty() && diagnostic.help.is_some(), "{diagnostic:?}");
            }
        }
    }
}
