//! Sets of system calls, as strace writes them: `read,%file`, `!futex`, `all`.

use crate::piece::Piece;
use crate::tables;
use model::{Diagnostic, Source, Sysno, nearest};
use regex_lite::Regex;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// The calls that these bytes of a text name, by number, and what is wrong with them.
///
/// For texts that are a set and nothing else, such as the value of a flag. If any diagnostic is an error the calls must
/// not be used.
pub fn read_set(source: &Arc<Source>, span: Range<usize>) -> (Vec<Sysno>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let calls = written(&Piece::of(source, span), &mut diagnostics);
    (calls.unwrap_or_default(), diagnostics)
}

/// A set in one text; nothing if it has mistakes.
pub(crate) fn written(piece: &Piece<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Vec<Sysno>> {
    let whole = piece.trim();
    let mut inner = whole.clone();
    let mut is_negated = false;
    // strace 6.1 (src/basic_filters.c): every `!` before the set turns it round.
    while let Some(rest) = inner.strip_prefix("!") {
        is_negated = !is_negated;
        inner = rest;
    }
    let members = match inner.text() {
        "none" => Members { calls: BTreeSet::new(), named: Vec::new(), may_be_empty: true },
        _ => members(&inner.split(','), diagnostics)?,
    };
    if is_negated {
        let calls = Sysno::all().filter(|sysno| !members.calls.contains(sysno)).collect();
        return filled(calls, members.may_be_empty, &whole, diagnostics);
    }
    let may_be_empty = members.may_be_empty;
    filled(members.with_warnings(diagnostics), may_be_empty, &whole, diagnostics)
}

/// A set as a list of texts, each one or several members; nothing if it has mistakes.
pub(crate) fn listed(
    pieces: &[Piece<'_>],
    whole: &Piece<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Vec<Sysno>> {
    let words: Vec<Piece<'_>> = pieces.iter().flat_map(|piece| piece.split(',')).collect();
    let members = members(&words, diagnostics)?;
    let may_be_empty = members.may_be_empty;
    filled(members.with_warnings(diagnostics), may_be_empty, whole, diagnostics)
}

/// What a list names: its calls, and those of them that it names one by one.
struct Members<'a> {
    calls: BTreeSet<Sysno>,
    named: Vec<(Sysno, Piece<'a>)>,
    /// Whether some were named with `?`: perhaps none of them exists.
    may_be_empty: bool,
}

impl Members<'_> {
    /// The calls, with warnings about those that a Go program will hardly make.
    fn with_warnings(self, diagnostics: &mut Vec<Diagnostic>) -> BTreeSet<Sysno> {
        for (sysno, word) in &self.named {
            diagnostics.extend(seldom_made(*sysno, word, &self.calls));
        }
        self.calls
    }
}

/// The set by number, if there is anything in it.
fn filled(
    calls: BTreeSet<Sysno>,
    may_be_empty: bool,
    whole: &Piece<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Vec<Sysno>> {
    let may_be_empty = may_be_empty || whole.text().trim_start_matches('!').trim() == "all";
    if calls.is_empty() && may_be_empty {
        diagnostics.push(
            whole
                .warning("no system call is meant")
                .label("nothing of this exists here")
                .help("the rule does nothing on this machine"),
        );
    } else if calls.is_empty() {
        diagnostics.push(
            whole
                .error("no system call is meant")
                .label("this set is empty")
                .help("name the calls, such as `read,write`, `%file` or `all`"),
        );
        return None;
    }
    Some(calls.into_iter().collect())
}

/// What the words of a list name; nothing if one of them is wrong.
fn members<'a>(words: &[Piece<'a>], diagnostics: &mut Vec<Diagnostic>) -> Option<Members<'a>> {
    let mut calls = BTreeSet::new();
    let mut named = Vec::new();
    let mut wrong = false;
    let mut may_be_empty = false;
    // strace 6.1 skips members without anything in them, if there is one that has.
    let has_words = words.iter().any(|word| !word.text().trim().is_empty());
    for word in words.iter().filter(|word| !has_words || !word.text().trim().is_empty()) {
        let text = word.trim().text();
        may_be_empty |= text.starts_with('?') || text.ends_with("@32") || text.ends_with("@x32");
        match member(&word.trim()) {
            Ok(Member::One(sysno)) => {
                calls.insert(sysno);
                named.push((sysno, word.trim()));
            }
            Ok(Member::Many(many)) => calls.extend(many),
            Err(mistake) => {
                diagnostics.push(mistake);
                wrong = true;
            }
        }
    }
    (!wrong).then_some(Members { calls, named, may_be_empty })
}

/// One system call, by name or number.
pub(crate) fn one(word: &Piece<'_>) -> Result<Sysno, Diagnostic> {
    match known_member(word)? {
        Member::One(sysno) => Ok(sysno),
        Member::Many(_) => Err(word.error("one system call is meant here").help("name it, such as `getpid`")),
    }
}

/// What one word of a list stands for.
enum Member {
    One(Sysno),
    Many(Vec<Sysno>),
}

fn member(word: &Piece<'_>) -> Result<Member, Diagnostic> {
    let mut optional = word.clone();
    while let Some(rest) = optional.strip_prefix("?") {
        optional = rest;
    }
    if optional.text().len() < word.text().len() {
        // strace(1): "?" before a name suppresses the error when no such call is known.
        return Ok(known_member(&optional).unwrap_or(Member::Many(Vec::new())));
    }
    known_member(word)
}

fn known_member(word: &Piece<'_>) -> Result<Member, Diagnostic> {
    let text = word.text();
    if text.is_empty() {
        return Err(word.error("a system call is missing").label("nothing is named here").help(HELP));
    }
    if text == "all" {
        return Ok(Member::Many(Sysno::all().collect()));
    }
    if text.starts_with('%') {
        return class(word).map(Member::Many);
    }
    if text.starts_with('/') {
        return matching(word).map(Member::Many);
    }
    if let Some((word, personality)) = word.split_once("@") {
        // strace(1): `@64`, `@32` and `@x32` name the personality; ours is the 64-bit one.
        return match personality.text() {
            "64" => known_member(&word),
            // 32-bit programs run untouched.
            "32" | "x32" => known_member(&word).map(|_| Member::Many(Vec::new())),
            _ => Err(personality
                .error(format!("`@{}` is not a personality", personality.shown()))
                .help("leave it out, or write `@64`")),
        };
    }
    if text.starts_with('!') {
        return Err(word
            .error("`!` negates a whole set and stands before it")
            .help("write one text: `!read,write` is every call but read and write"));
    }
    if let Ok(number) = text.parse::<u32>() {
        return match Sysno(number) {
            sysno if sysno.name().is_some() => Ok(Member::One(sysno)),
            _ => Err(word.error(format!("no system call is known by the number {number}")).help(HELP)),
        };
    }
    if let Some(sysno) = Sysno::from_name(text) {
        return Ok(Member::One(sysno));
    }
    // strace(1): these classes were once written without a `%`, and still may be.
    if ["desc", "file", "memory", "process", "signal", "ipc", "network"].contains(&text) {
        let class = tables::CLASSES.iter().find(|(class, _)| class.strip_prefix('%') == Some(text));
        if let Some((_, calls)) = class {
            return Ok(Member::Many(calls.split(' ').filter_map(Sysno::from_name).collect()));
        }
    }
    Err(unknown(word))
}

const HELP: &str =
    "name calls as their manual pages do (`read,write`), by number, by class (`%file`), or `all`";

/// The calls whose names a regular expression finds: `/^epoll`. A slash at its end is the user's frame, for no name has one.
fn matching(word: &Piece<'_>) -> Result<Vec<Sysno>, Diagnostic> {
    let text = word.text().trim_start_matches('/');
    let text = text.strip_suffix('/').unwrap_or(text);
    let expression = Regex::new(text).map_err(|mistake| {
        word.error(format!("this is not a regular expression: {mistake}"))
            .help("write one such as `/^epoll_` or `/(at|at2)$`; commas and colons end it")
    })?;
    let found: Vec<Sysno> =
        Sysno::all().filter(|sysno| sysno.name().is_some_and(|name| expression.is_match(name))).collect();
    if found.is_empty() {
        return Err(word
            .error(format!("no system call's name matches `{}`", word.shown()))
            .help("names are as in the manual pages, in lower case"));
    }
    Ok(found)
}

/// The calls of a class: `%file`.
fn class(word: &Piece<'_>) -> Result<Vec<Sysno>, Diagnostic> {
    let name = if word.text() == "%net" { "%network" } else { word.text() };
    match tables::CLASSES.iter().find(|(class, _)| *class == name) {
        Some((_, calls)) => Ok(calls.split(' ').filter_map(Sysno::from_name).collect()),
        None => {
            let classes = || tables::CLASSES.iter().map(|(class, _)| *class);
            let help = match nearest(name, classes()) {
                Some(class) => format!("did you mean `{class}`?"),
                None => format!("the classes are {}", classes().collect::<Vec<_>>().join(" ")),
            };
            Err(word.error(format!("`{}` is not a class of system calls", word.shown())).help(help))
        }
    }
}

/// Functions of the C library that many take for system calls.
const LIBRARY: &[(&str, &str)] = &[
    ("send", "sendto"),
    ("recv", "recvfrom"),
    ("fopen", "openat"),
    ("fstatat", "newfstatat"),
    ("pread", "pread64"),
    ("pwrite", "pwrite64"),
    ("readdir", "getdents64"),
    ("remove", "unlinkat"),
    ("malloc", "mmap"),
    ("wait", "wait4"),
    ("waitpid", "wait4"),
    ("sleep", "nanosleep"),
    ("usleep", "nanosleep"),
    ("_exit", "exit_group"),
    ("umount", "umount2"),
    ("sigaction", "rt_sigaction"),
    ("sigprocmask", "rt_sigprocmask"),
    ("sigreturn", "rt_sigreturn"),
];

fn unknown(word: &Piece<'_>) -> Diagnostic {
    let text = word.text();
    let mistake = word.error(format!("there is no system call `{}`", word.shown()));
    let class = format!("%{text}");
    if tables::CLASSES.iter().any(|(known, _)| *known == class) {
        return mistake.help(format!("for the class of calls, write `{class}`"));
    }
    if let Some((_, call)) = LIBRARY.iter().find(|(function, _)| *function == text) {
        return mistake
            .label("this is a function of the C library")
            .help(format!("the system call is `{call}`"));
    }
    match nearest(text, Sysno::all().filter_map(Sysno::name)) {
        Some(name) => mistake.help(format!("did you mean `{name}`?")),
        None => mistake.help(HELP),
    }
}

/// A warning if a call that was named is one that a Go program does not make, or that seldom reaches the kernel.
fn seldom_made(sysno: Sysno, word: &Piece<'_>, all: &BTreeSet<Sysno>) -> Option<Diagnostic> {
    let name = sysno.name()?;
    if let Some((_, made, purpose)) = tables::GO_MAKES.iter().find(|(old, ..)| *old == name) {
        if Sysno::from_name(made).is_some_and(|made| all.contains(&made)) {
            return None;
        }
        return Some(
            word.warning(format!("Go does not make `{name}`"))
                .label(format!("it makes `{made}`"))
                .help(format!("Go makes `{made}` for {purpose}; say `{name},{made}` to hit both")),
        );
    }
    tables::IN_VDSO.contains(&name).then(|| {
        word.warning(format!("`{name}` seldom reaches the kernel"))
            .label("answered within the process")
            .help("Go asks the vDSO, code of the kernel in the process's own memory; only what it passes on can be hit")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<Sysno>, Vec<Diagnostic>) {
        let source = Arc::new(Source { name: "--watch".into(), text: text.into() });
        read_set(&source, 0..text.len())
    }

    /// The names in a set that has no errors.
    fn names(text: &str) -> Vec<String> {
        let (calls, diagnostics) = read(text);
        assert!(!diagnostics.iter().any(Diagnostic::is_error), "{text}: {diagnostics:?}");
        assert!(calls.is_sorted_by(|a, b| a < b), "{text}");
        calls.iter().map(Sysno::to_string).collect()
    }

    #[test]
    fn sets_are_read_as_strace_reads_them() {
        for (text, expect) in [
            ("write", "write"),
            ("write,read,read", "read write"),
            (" write , read ", "read write"),
            ("1,0", "read write"),
            ("%ipc", "shmget shmat shmctl semget semop semctl shmdt msgget msgsnd msgrcv msgctl semtimedop"),
            ("%lstat,fstat", "fstat lstat"),
            ("read,?no_such_call,?%nor_class", "read"),
        ] {
            let mut expect: Vec<Sysno> = expect.split(' ').filter_map(Sysno::from_name).collect();
            expect.sort_unstable();
            assert_eq!(read(text).0, expect, "{text}");
        }
        let all = names("all");
        assert_eq!(all.len(), Sysno::all().count());
        assert_eq!(names("!read,write").len(), all.len() - 2);
        assert!(!names("!%file").contains(&"openat".to_owned()));
        assert_eq!(names("%net"), names("%network"));
        assert_eq!(names("network,desc"), names("%network,%desc"));
        assert_eq!(names("!!read@64,??nothing"), ["read"]);
        assert_eq!(names("/^epoll_cr"), ["epoll_create", "epoll_create1"]);
        assert_eq!(names("/^epoll_ctl$/"), ["epoll_ctl"]);
        let (none, warnings) = read("?nothing");
        assert!(none.is_empty() && warnings.len() == 1 && !warnings[0].is_error());
    }

    #[test]
    fn what_is_no_system_call_is_shown_with_advice() {
        for (text, at, help) in [
            ("read,wirte", 5..10, "did you mean `write`?"),
            ("read,clock", 5..10, "for the class of calls, write `%clock`"),
            ("%fiel", 0..5, "did you mean `%file`?"),
            ("send", 0..4, "the system call is `sendto`"),
            ("", 0..0, HELP),
            ("99999", 0..5, HELP),
            ("/nothing", 0..8, "names are as in the manual pages, in lower case"),
            ("read@16", 5..7, "leave it out, or write `@64`"),
            ("read,!write", 5..11, "write one text: `!read,write` is every call but read and write"),
        ] {
            let (calls, diagnostics) = read(text);
            assert_eq!(calls, [], "{text}");
            let [mistake] = &diagnostics[..] else { panic!("{text}: {diagnostics:?}") };
            assert!(mistake.is_error(), "{text}");
            assert_eq!(mistake.place.as_ref().map(|(_, span)| span.clone()), Some(at), "{text}");
            assert_eq!(mistake.help.as_deref(), Some(help), "{text}");
        }
        assert_eq!(read("raed,wirte").1.len(), 2);
    }

    #[test]
    fn calls_that_go_does_not_make_are_legal_with_a_warning() {
        for (text, label) in [
            ("open", Some("it makes `openat`")),
            ("open,openat", None),
            ("%file", None),
            ("stat", Some("it makes `newfstatat`")),
            ("clock_gettime", Some("answered within the process")),
            ("!open", None),
            ("write", None),
        ] {
            let labels: Vec<String> = read(text).1.into_iter().map(|warning| warning.label).collect();
            assert_eq!(labels.first().map(String::as_str), label, "{text}");
        }
    }
}
