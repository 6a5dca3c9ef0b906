//! Sets of system calls, as strace writes them: `read,%file`, `!futex`, `all`.

use crate::piece::Piece;
use crate::tables;
use model::{Diagnostic, Source, Sysno, nearest};
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
    let piece = piece.trim();
    match piece.strip_prefix("!") {
        Some(rest) => {
            let left_out = members(&rest.split(','), diagnostics)?.calls;
            let calls = Sysno::all().filter(|sysno| !left_out.contains(sysno)).collect();
            filled(calls, &piece, diagnostics)
        }
        None => {
            let members = members(&piece.split(','), diagnostics)?;
            filled(members.with_warnings(diagnostics), &piece, diagnostics)
        }
    }
}

/// A set as a list of texts, each one or several members; nothing if it has mistakes.
pub(crate) fn listed(
    pieces: &[Piece<'_>],
    whole: &Piece<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Vec<Sysno>> {
    let words: Vec<Piece<'_>> = pieces.iter().flat_map(|piece| piece.split(',')).collect();
    let members = members(&words, diagnostics)?;
    filled(members.with_warnings(diagnostics), whole, diagnostics)
}

/// What a list names: its calls, and those of them that it names one by one.
struct Members<'a> {
    calls: BTreeSet<Sysno>,
    named: Vec<(Sysno, Piece<'a>)>,
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
    whole: &Piece<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Vec<Sysno>> {
    if calls.is_empty() {
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
    for word in words {
        match member(&word.trim()) {
            Ok(Member::One(sysno)) => {
                calls.insert(sysno);
                named.push((sysno, word.trim()));
            }
            Ok(Member::Many(many)) => calls.extend(many),
            Err(mistake) => {
                diagnostics.push(mistake);
                wrong = true;
                // A regular expression may contain commas; what follows one cannot be told from its rest.
                if word.trim().text().starts_with('/') {
                    break;
                }
            }
        }
    }
    (!wrong).then_some(Members { calls, named })
}

/// What one word of a list stands for.
enum Member {
    One(Sysno),
    Many(Vec<Sysno>),
}

fn member(word: &Piece<'_>) -> Result<Member, Diagnostic> {
    if let Some(optional) = word.strip_prefix("?") {
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
    if text == "none" {
        return Err(word.error("`none` leaves the rule nothing to act on").help(HELP));
    }
    if text.starts_with('%') {
        return class(word).map(Member::Many);
    }
    if text.starts_with('/') {
        return Err(word.error("regular expressions are not supported yet by this version").help(HELP));
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
    Sysno::from_name(text).map(Member::One).ok_or_else(|| unknown(word))
}

const HELP: &str =
    "name calls as their manual pages do (`read,write`), by number, by class (`%file`), or `all`";

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
    }

    #[test]
    fn what_is_no_system_call_is_shown_with_advice() {
        for (text, at, help) in [
            ("read,wirte", 5..10, "did you mean `write`?"),
            ("file", 0..4, "for the class of calls, write `%file`"),
            ("%fiel", 0..5, "did you mean `%file`?"),
            ("send", 0..4, "the system call is `sendto`"),
            ("read,,write", 5..5, HELP),
            ("", 0..0, HELP),
            ("none", 0..4, HELP),
            ("!all", 0..4, "name the calls, such as `read,write`, `%file` or `all`"),
            ("?no_such_call", 0..13, "name the calls, such as `read,write`, `%file` or `all`"),
            ("99999", 0..5, HELP),
            ("/^open,at/", 0..6, HELP),
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
