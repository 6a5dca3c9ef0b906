//! The rules of a run, as one value.

use crate::draft::{Draft, Span, part_name};
use crate::effect::{Deed, Effect};
use crate::expr::Where;
use crate::{Burst, Limit, Rate, When, assign, check, file, inject, render};
use model::{Capabilities, Content, Diagnostic, Interest, Source, Sysno, Via};
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
    /// What must hold of them to be counted.
    pub(crate) condition: Option<Where>,
    /// Which of them it hits, by number.
    pub when: When,
    /// Which of them it hits, by chance; without a rate, all that `when` allows.
    pub rate: Option<Rate>,
    /// How many it hits in a row before it pauses.
    pub burst: Option<Burst>,
    /// How many it hits at most.
    pub limit: Option<Limit>,
    /// What is done to a call that is hit.
    pub effect: Effect,
    /// Whether the kernel's filter does it alone: nobody is woken, nothing is counted.
    pub is_quiet: bool,
    /// The persona that it is a part of: how an emulated host is, and no fault that a run is about.
    pub persona: Option<String>,
    /// Whether each call is to be counted by itself; such a rule is taken apart when the plan has been checked.
    pub(crate) is_each: bool,
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
    pub(crate) condition: Option<Span>,
    /// What becomes of the call, or its first changed argument.
    pub(crate) deed: Option<Span>,
    pub(crate) signal: Option<Span>,
    pub(crate) poke_enter: Option<Span>,
    pub(crate) poke_exit: Option<Span>,
    pub(crate) delay_enter: Option<Span>,
    pub(crate) delay_exit: Option<Span>,
    pub(crate) quiet: Option<Span>,
}

/// Rules are equal if they mean the same, wherever they were written.
impl PartialEq for Rule {
    fn eq(&self, other: &Rule) -> bool {
        let Rule {
            name,
            calls,
            condition,
            when,
            rate,
            burst,
            limit,
            effect,
            is_quiet,
            persona,
            is_each,
            origin: _,
        } = self;
        *name == other.name
            && *calls == other.calls
            && *condition == other.condition
            && *when == other.when
            && *rate == other.rate
            && *burst == other.burst
            && *limit == other.limit
            && *effect == other.effect
            && *is_quiet == other.is_quiet
            && *persona == other.persona
            && *is_each == other.is_each
    }
}

impl Plan {
    /// Reads a plan file and what `-e` adds to it, in this order, with every mistake in them at once.
    ///
    /// If any diagnostic is an error the plan must not be used: rules that could not be understood are missing in it.
    pub fn read(file: Option<&Arc<Source>>, injects: &[Arc<Source>]) -> (Plan, Vec<Diagnostic>) {
        Plan::read_on(None, file, injects)
    }

    /// The same on an emulated host: behind those rules come the ones of this plan file, which are how that host is.
    pub fn read_on(
        host: Option<&Arc<Source>>,
        file: Option<&Arc<Source>>,
        injects: &[Arc<Source>],
    ) -> (Plan, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        let mut drafts = Vec::new();
        if let Some(source) = file {
            drafts.extend(file::drafts(source, &mut diagnostics));
        }
        drafts.extend(injects.iter().map(|source| inject::draft(source, &mut diagnostics)));
        if let Some(source) = host {
            drafts.extend(file::drafts(source, &mut diagnostics));
        }
        let names = Draft::names(&drafts, &mut diagnostics);
        let rules = drafts
            .into_iter()
            .zip(names)
            .filter_map(|(draft, name)| draft.finish(name, &mut diagnostics))
            .collect();
        let mut plan = Plan { rules };
        check::plan(&plan, &mut diagnostics);
        plan.rules = plan.rules.into_iter().flat_map(Rule::each).collect();
        plan.rules = asked_where_others_come_first(plan.rules);
        sort(&mut diagnostics, file, injects);
        (plan, diagnostics)
    }

    /// Which calls must be trapped so that every rule can count them and do what it says, and by what mechanism, given
    /// what each can do; and, each at its place, what neither can.
    ///
    /// A call is trapped by notification if that serves all its rules, else by ptrace.
    pub fn assign(&self, able: &dyn Fn(Via) -> Option<Capabilities>) -> (Interest, Vec<Diagnostic>) {
        assign::plan(self, able)
    }

    /// Whether a rule asks who makes a call, so that stacks must be unwound.
    pub fn asks_who(&self) -> bool {
        self.rules.iter().any(Rule::asks_who)
    }

    /// Errors that a rule forces on a call whose manual page does not name them, each at its place.
    pub fn unlikely_errors(&self) -> Vec<Diagnostic> {
        // What a host answers is how it is.
        self.rules.iter().filter(|rule| rule.persona.is_none()).filter_map(check::illegal).collect()
    }

    /// The same rules as a plan file, in one fixed form.
    ///
    /// Sets of calls are written out, so that a later version with more calls or other classes reads the same rules.
    pub fn to_toml(&self) -> String {
        render::plan(self)
    }
}

impl Rule {
    /// With `each`, one rule for each of its calls, named after both; else the rule itself.
    fn each(self) -> Vec<Rule> {
        if !self.is_each {
            return vec![self];
        }
        let alone = |sysno| Rule {
            name: part_name(&self.name, sysno),
            calls: vec![sysno],
            is_each: false,
            ..self.clone()
        };
        self.possible_calls().map(alone).collect()
    }

    /// Those of its calls for which its condition can hold.
    pub(crate) fn possible_calls(&self) -> impl Iterator<Item = Sysno> {
        let is_possible = |sysno: &Sysno| {
            self.condition.as_ref().is_none_or(|condition| !condition.sieve(*sysno).sieve.is_never())
        };
        self.calls.iter().copied().filter(is_possible)
    }

    /// Whether a condition means this rule by a name: its own, or that of the rule which it was a part of.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The rule without its name as `-e` would say it, for people: a long set of calls is cut with `…`.
    pub fn spec(&self) -> String {
        render::spec(self)
    }

    /// Whether it looks at memory that the target can change between our look and the kernel's.
    pub fn is_racy(&self) -> bool {
        self.condition.as_ref().is_some_and(|condition| condition.is_racy(&self.calls))
    }

    /// The file whose content is given in the place of another's.
    pub fn content(&self) -> Option<&str> {
        match &self.effect.deed {
            Deed::Content(Content::File(path)) => Some(path),
            _ => None,
        }
    }

    /// A mistake in what it does that only the host can tell, at its place.
    pub fn refuse(&self, message: impl Into<String>) -> Diagnostic {
        self.error(self.origin.deed.as_ref(), message)
    }

    /// Whether its condition asks who makes a call: from which site, in which test, on which goroutine. Such a rule
    /// counts the calls of each test, site and system call by themselves.
    pub fn asks_who(&self) -> bool {
        self.condition.as_ref().is_some_and(Where::asks_who)
    }

    /// How its condition is decided, one line for each predicate: the predicate, who decides it, and what that costs.
    pub fn explain(&self) -> Vec<(String, String)> {
        let explained = self.condition.iter().flat_map(|condition| condition.explain(&self.calls));
        explained.map(|one| (one.predicate, one.decided.to_string())).collect()
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

/// A persona's quiet rule asks aloud about those of its calls that a rule before it is to see first, and about those that
/// start the target: the kernel's filter would answer them before anybody.
fn asked_where_others_come_first(rules: Vec<Rule>) -> Vec<Rule> {
    let mut done: Vec<Rule> = Vec::with_capacity(rules.len());
    for mut rule in rules {
        if rule.persona.is_none() || !rule.is_quiet {
            done.push(rule);
            continue;
        }
        let is_awaited = |sysno: &Sysno| {
            [Sysno::execve, Sysno::execveat].contains(sysno)
                || done.iter().any(|one| !one.is_quiet && one.calls.contains(sysno))
        };
        let (asked, quiet): (Vec<Sysno>, Vec<Sysno>) = rule.calls.iter().copied().partition(is_awaited);
        if quiet.is_empty() {
            rule.is_quiet = false;
            done.push(rule);
            continue;
        }
        if !asked.is_empty() {
            let name = format!("{}/asked", rule.name);
            done.push(Rule { name, calls: asked, is_quiet: false, ..rule.clone() });
            rule.calls = quiet;
        }
        done.push(rule);
    }
    done
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
        let able = |_| Some(Capabilities::of(&model::Capability::ALL));
        let (interest, _) = plan.assign(&able);
        assert_eq!(
            interest.traps().map(|(sysno, _)| sysno).collect::<Vec<_>>(),
            [Sysno::read, Sysno::write, Sysno::close]
        );
        assert_eq!(Plan::read(None, &[]), (Plan::default(), Vec::new()));
    }

    #[test]
    fn each_call_of_a_rule_gets_a_rule_whose_name_and_condition_are_its_own() {
        let read = |specs: &[&str]| {
            let (plan, found) =
                Plan::read(None, &specs.iter().map(|spec| source("-e", spec)).collect::<Vec<_>>());
            let errors = found.into_iter().filter(Diagnostic::is_error).map(|mistake| mistake.message);
            (plan.rules.into_iter().map(|rule| rule.name).collect::<Vec<_>>(), errors.collect::<Vec<_>>())
        };
        let (names, errors) =
            read(&["read,getpid:error=EIO:each:where=fd(3)", "read:retval=0:name=rule-1/getppid"]);
        assert_eq!(
            (names, errors),
            (vec!["rule-1/read".to_owned(), "rule-1/getppid".to_owned()], Vec::new())
        );
        let errors = |specs: &[&str]| read(specs).1;
        assert_eq!(
            errors(&["read:error=EIO:each:name=a", "read:retval=0:name=a/read"]),
            ["two rules are named `a/read`"]
        );
        let long = "x".repeat(75);
        assert_eq!(
            errors(&[&format!("read,write:error=EIO:each:name={long}")]),
            [format!("the name `{long}/write` is too long")]
        );
        assert_eq!(
            errors(&["read,getpid:error=EIO:each:where=fd(3) | exe(/x)"]),
            ["`fd(3)` can hold for none of the rule's calls"]
        );
    }

    #[test]
    fn a_host_comes_last_and_its_quiet_rules_are_asked_where_others_come_first() {
        let host = source(
            "host",
            "[[rule]]\nname = 'h/a'\npersona = 'h'\ncalls = ['read', 'write', 'execve']\nquiet = true\nfault = 'EPERM'\n",
        );
        let (plan, found) = Plan::read_on(Some(&host), None, &[source("-e", "write:error=EIO:when=2")]);
        assert_eq!(found, []);
        let rules: Vec<_> =
            plan.rules.iter().map(|rule| (rule.name.as_str(), rule.is_quiet, rule.calls.clone())).collect();
        assert_eq!(
            rules,
            [
                ("rule-1", false, vec![Sysno::write]),
                ("h/a/asked", false, vec![Sysno::write, Sysno::execve]),
                ("h/a", true, vec![Sysno::read]),
            ]
        );
        assert_eq!(plan.assign(&|_| Some(Capabilities::of(&model::Capability::ALL))).1, []);
        let again = source("again", &plan.to_toml());
        assert_eq!(Plan::read(Some(&again), &[]).0, plan);
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
        const WORDS: &str = "read ! , : = %file ? / error EIO when 3.. + rate 5% name delay_enter µs 9e9 where fault= [[rule]] [rule] rule \
            calls [ ] { } ' \" \\u00e9 fault retval -1 0x 1979-05-27 true # . \0 \u{feff} \
            signal SIGUSR1 syscall getpid poke_enter @arg1=00 short lie +3 interrupt not_ready kill thread content text \
            max_disk max_memory 1MiB max_descriptors max_threads arg1 arg3 O_CREAT| burst 3/20 limit 5/1s each quiet legal \
            uniform( exponential( lognormal( pareto( 1ms 0.5 none all ?no /^epoll/ write openat mmap \
            path( fd( fdkind( port( addr( family( arg( string( data( exe( argv( child( exec( uid( after( once-per( ) \
            site( caller( pkg( test( goroutine( (*T) [...] none TestA/b \
            & | !( == clone.flags perf. sockaddr.port CLONE_VM /var/** ~x =x #* /a+/ 127.0.0.0/8 ::1 1.. socket rule-1";
        let words: Vec<&str> =
            WORDS.split_whitespace().chain(["\n", " = ", " ", ":where=", "', '", "= true\n"]).collect();
        let mixed = proptest::collection::vec(proptest::sample::select(words), 0..40)
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
            diagnostics.extend(plan.assign(&|_| Some(Capabilities::of(&[]))).1);
            diagnostics.extend(plan.unlikely_errors());
            for diagnostic in &diagnostics {
                let (source, span) = diagnostic.place.clone().expect("mistakes in a text have a place");
                prop_assert!(source.text.get(span.clone()).is_some(), "{span:?} {diagnostic:?}");
                prop_assert!(!diagnostic.message.is_empty() && diagnostic.help.is_some(), "{diagnostic:?}");
            }
        }
    }
}
