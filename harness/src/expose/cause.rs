//! The cause of what went wrong, as output could name it: from the journal, which knows which faults fired.

use super::evidence::is_everyday;
use super::seen::word;
use model::{Code, Errno, Frame};
use report::{Caller, Summary};
use std::collections::BTreeSet;
use std::fmt;

/// No more of one kind are looked for: a plan may hit everything.
const MOST: usize = 16;

/// Something by which output can name the cause. The earlier ones say more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Clue {
    /// An error that a fault forced: its name (`ENOSPC`) and Go's words for it.
    Error { name: String, words: String },
    /// An address or a path that the rules ask for.
    Subject(String),
    /// A system call that a fault hit.
    Call(String),
    /// The function that met a fault (`example.com/store.Save`), on a stack.
    Function(String),
    /// The line that met a fault (`store_test.go:31`), on a stack.
    Line(String),
    /// What net's resolver says of the lookup that met a fault.
    Resolver,
    /// An error that HTTP/2 logs, where it met a fault.
    Http2,
    /// No fault fired and something goes wrong, so the cause is not known: any error of a system call.
    AnyError,
    /// … a stack of a goroutine.
    AnyStack,
}

impl fmt::Display for Clue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Clue::Error { name, .. } => write!(f, "the error {name}"),
            Clue::Subject(what) => f.write_str(what),
            Clue::Call(name) => write!(f, "the call {name}"),
            Clue::Function(name) => write!(f, "the function {name}"),
            Clue::Line(line) => write!(f, "the line {line}"),
            Clue::Resolver => f.write_str("the lookup"),
            Clue::Http2 => f.write_str("the HTTP/2 connection's error"),
            Clue::AnyError => f.write_str("an error"),
            Clue::AnyStack => f.write_str("a goroutine's stack"),
        }
    }
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Cause {
    /// The most telling first.
    pub(crate) clues: Vec<Clue>,
    /// Faults fired, so it is known; otherwise whatever names an error or shows a stack has to do.
    pub(crate) is_known: bool,
}

impl Cause {
    /// The cause of what these runs of one command show.
    pub(crate) fn of<'s>(runs: impl IntoIterator<Item = &'s Summary>) -> Cause {
        let mut clues = BTreeSet::new();
        let (mut is_known, mut goes_wrong) = (false, false);
        for run in runs {
            goes_wrong |= word(run.verdict) != "passed";
            for (head, rule) in run.header.rules.iter().zip(&run.rules) {
                // What the kernel's filter answers is not counted, and may have been met.
                if rule.faults.fired > 0 || rule.is_quiet {
                    let errors = head
                        .errors
                        .iter()
                        .map(|(name, words)| Clue::Error { name: name.clone(), words: words.clone() });
                    clues.extend(errors.take(MOST));
                    is_known = true;
                }
                if rule.faults.fired > 0 {
                    clues.extend(subjects(&rule.spec));
                }
            }
            for fired in run.fired.iter().filter(|fired| fired.outcome != "vanished") {
                clues.insert(Clue::Call(fired.sysno.to_string()));
                clues.extend(errors(&fired.outcome));
                if let Some(caller) = &fired.caller {
                    clues.extend(of_caller(caller));
                }
            }
        }
        if !is_known && goes_wrong {
            clues.extend([Clue::AnyError, Clue::AnyStack, Clue::Resolver, Clue::Http2]);
        }
        drop_everyday(&mut clues);
        let mut kept: Vec<Clue> = Vec::new();
        for clue in clues {
            if kept
                .iter()
                .filter(|other| std::mem::discriminant(*other) == std::mem::discriminant(&clue))
                .count()
                < MOST
            {
                kept.push(clue);
            }
        }
        Cause { clues: kept, is_known }
    }
}

/// Where the error is known, `read tcp …: use of closed network connection` is another one, and does not name the cause for
/// the word `read`.
fn drop_everyday(clues: &mut BTreeSet<Clue>) {
    if clues.iter().any(|clue| matches!(clue, Clue::Error { .. })) {
        clues.retain(|clue| !matches!(clue, Clue::Call(name) if is_everyday(name)));
    }
}

/// The errors that an outcome names: `ENOSPC`, `really E2BIG`.
fn errors(outcome: &str) -> Vec<Clue> {
    let words = outcome.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.starts_with('E'));
    let known = |word: &str| Errno::all().find(|errno| errno.name() == Some(word));
    words
        .filter_map(|word| {
            let words = known(word)?.description()?;
            Some(Clue::Error { name: word.to_owned(), words: words.to_owned() })
        })
        .collect()
}

/// Addresses and paths that a rule asks for, where it names them whole.
fn subjects(spec: &str) -> Vec<Clue> {
    let mut found = Vec::new();
    for lead in ["path(", "addr("] {
        for (at, _) in spec.match_indices(lead) {
            let word = spec[at + lead.len()..].split([')', ',', '/']).next().unwrap_or_default();
            let whole = spec[at + lead.len()..].split([')', ',']).next().unwrap_or_default();
            let whole = if lead == "addr(" { word } else { whole };
            if whole.len() > 3 && !whole.contains(['*', '?', '[', '#', '~']) {
                found.push(Clue::Subject(whole.trim_start_matches('=').to_owned()));
            }
        }
    }
    found
}

/// What a stack that shows this caller would show.
fn of_caller(caller: &Caller) -> Vec<Clue> {
    let mut clues = Vec::new();
    let Some(site) = caller.site.as_deref() else { return clues };
    if let Some(lead) =
        site.user().or_else(|| site.frames.iter().find(|frame| frame.code == Code::Dependency))
    {
        // A test is on every stack of itself: only its line says something.
        let is_test = caller.test().is_some_and(|test| {
            let test = test.split('/').next().unwrap_or_default();
            lead.function.contains(&format!(".{test}.")) || lead.function.ends_with(&format!(".{test}"))
        });
        if !is_test {
            clues.push(Clue::Function(lead.name().into_owned()));
        }
        let file = lead.file.rsplit('/').next().unwrap_or_default();
        if !file.is_empty() && lead.line > 0 {
            clues.push(Clue::Line(format!("{file}:{}", lead.line)));
        }
    }
    if site.frames.iter().any(is_resolver) {
        clues.push(Clue::Resolver);
    }
    if site.frames.iter().any(is_http2) {
        clues.push(Clue::Http2);
    }
    clues
}

/// # Go
/// net/lookup.go, net/lookup_unix.go, net/dnsclient_unix.go, net/cgo_unix.go.
pub(crate) fn is_resolver(frame: &Frame) -> bool {
    let words = ["lookup", "Lookup", "Resolver", "resolver", "dns", "cgo", "_C_", "hosts"];
    frame.package() == "net" && words.iter().any(|word| frame.short().contains(word))
}

/// # Go
/// net/http/h2_bundle.go names its types `http2…`; since go1.27 it is net/http/internal/http2.
pub(crate) fn is_http2(frame: &Frame) -> bool {
    let package = frame.package();
    package.ends_with("net/http/internal/http2")
        || package.ends_with("golang.org/x/net/http2")
        || package == "net/http" && frame.short().contains("http2")
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Site;
    use report::Runner;
    use std::sync::Arc;

    fn frame(function: &str, code: Code) -> Frame {
        Frame { function: function.into(), file: "/src/x/store.go".into(), line: 31, code, is_shown: true }
    }

    fn caller(frames: Vec<Frame>) -> Caller {
        Caller { site: Some(Arc::new(Site { frames, is_whole: true })), runner: Runner::Thread }
    }

    #[test]
    fn a_caller_is_named_by_its_function_and_line_and_by_what_it_was_about() {
        let user = frame("example.com/x.Save", Code::User);
        let named = |frames| of_caller(&caller(frames)).iter().map(ToString::to_string).collect::<Vec<_>>();
        let save = ["the function example.com/x.Save", "the line store.go:31"];
        assert_eq!(named(vec![frame("os.Rename", Code::Standard), user.clone()]), save);
        assert_eq!(
            named(vec![frame("net.(*Resolver).exchange", Code::Standard), user.clone()]),
            [save[0], save[1], "the lookup"]
        );
        assert_eq!(
            named(vec![frame("net/http.(*http2Framer).ReadFrame", Code::Standard)]),
            ["the HTTP/2 connection's error"]
        );
        assert_eq!(
            named(vec![frame("net/http/internal/http2.(*Framer).ReadFrame", Code::Standard)]).len(),
            1
        );
        assert_eq!(named(vec![frame("net.(*netFD).Read", Code::Standard)]), [""; 0]);
    }

    #[test]
    fn an_everyday_call_says_nothing_beside_a_known_error() {
        let call = |name: &str| Clue::Call(name.to_owned());
        let error = Clue::Error { name: "EIO".into(), words: "input/output error".into() };
        let kept = |clues: &[&Clue]| {
            let mut clues: BTreeSet<Clue> = clues.iter().copied().cloned().collect();
            drop_everyday(&mut clues);
            clues.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(kept(&[&error, &call("read"), &call("futex")]), [error.clone(), call("futex")]);
        assert_eq!(kept(&[&call("read")]), [call("read")], "a delay has no error");
    }

    #[test]
    fn outcomes_and_rules_name_errors_addresses_and_paths() {
        let named = |clues: Vec<Clue>| clues.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(named(errors("ENOSPC, delayed 5ms")), ["the error ENOSPC"]);
        assert_eq!(named(errors("really E2BIG")), ["the error E2BIG"]);
        assert_eq!(named(errors("delayed 5ms")), [""; 0]);
        assert_eq!(
            named(subjects(
                "openat:error=EIO:where=path(/etc/resolv.conf) & !path(/var/**) | addr(10.0.0.1)"
            )),
            ["/etc/resolv.conf", "10.0.0.1"]
        );
    }
}
