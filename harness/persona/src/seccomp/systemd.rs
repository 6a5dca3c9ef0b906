//! `SystemCallFilter=` and `SystemCallErrorNumber=` of a unit, as systemd.exec(5) describes them.

use super::filter::{Filter, Verdict};
use super::place::{Mistakes, shown};
use super::sets::SETS;
use super::term::Term;
use model::{Errno, Source, Sysno};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

const ERRORS: &str = "write a name such as `EPERM`, a number from 1 to 4095, or `kill`";

/// What a list names, and what becomes of it if it is not what the whole list says.
type Listed = BTreeMap<Sysno, Option<Verdict>>;

/// Whether a list says what may be called, or what may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Allow,
    Deny,
}

#[derive(Default)]
struct Unit {
    list: Option<(Kind, Listed)>,
    /// None is a kill.
    errno: Option<i32>,
    unknown: BTreeSet<String>,
}

/// Reads a unit, or the lines of one.
pub(super) fn read(source: &Source, mistakes: &mut Mistakes) -> Option<Filter> {
    let mut unit = Unit::default();
    let mut is_ours = true;
    let mut has_filter = false;
    for line in lines(&source.text) {
        let words = source.text[line.clone()].trim();
        if words.starts_with('[') {
            is_ours = matches!(words, "[Service]" | "[Socket]" | "[Mount]" | "[Swap]");
        }
        let Some((key, _)) = words.split_once('=').filter(|_| is_ours && !words.starts_with(['#', ';', '[']))
        else {
            continue;
        };
        let start = line.start + source.text[line.clone()].find('=').unwrap_or(0) + 1;
        match key.trim_end() {
            "SystemCallFilter" => {
                has_filter = true;
                unit.filter(&source.text, start..line.end, mistakes);
            }
            "SystemCallErrorNumber" => {
                let value = source.text[start..line.end].trim();
                match error(value) {
                    Some(Verdict::Fail(number)) => unit.errno = Some(number),
                    Some(_) => unit.errno = None,
                    None if value.is_empty() => unit.errno = None,
                    None => mistakes.push_with_help(
                        start..line.end,
                        format!("`{}` is no error", shown(value)),
                        ERRORS,
                    ),
                }
            }
            _ => {}
        }
    }
    if !has_filter {
        mistakes.push_with_help(
            0..0,
            "no seccomp profile is here",
            "write JSON as container engines read it, or lines of a unit such as `SystemCallFilter=~@mount`",
        );
        return None;
    }
    Some(unit.finish())
}

/// Logical lines: one that ends in `\` goes on.
fn lines(text: &str) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        at += line.len();
        let bare = line.trim_end_matches(['\n', '\r']);
        if !bare.ends_with('\\') {
            lines.push(start..at - (line.len() - bare.len()));
            start = at;
        }
    }
    if start < at {
        lines.push(start..at);
    }
    lines
}

/// `EPERM`, `1` or `kill`.
fn error(word: &str) -> Option<Verdict> {
    match word {
        "kill" => Some(Verdict::KillProcess),
        word => word.parse::<Errno>().ok().map(|errno| Verdict::Fail(errno.raw())),
    }
}

impl Unit {
    fn filter(&mut self, text: &str, span: Range<usize>, mistakes: &mut Mistakes) {
        let value = text[span.clone()].trim();
        let (is_inverted, value) = value.strip_prefix('~').map_or((false, value), |rest| (true, rest));
        if value.is_empty() && !is_inverted {
            self.list = None;
            return;
        }
        let (kind, mut listed) = self.list.take().unwrap_or_else(|| match is_inverted {
            true => (Kind::Deny, Listed::new()),
            false => (Kind::Allow, default_calls()),
        });
        for word in value.split(|c: char| c.is_whitespace() || c == '\\').filter(|word| !word.is_empty()) {
            // Words are slices of the text, so that this is where they stand.
            let at = word.as_ptr().addr() - text.as_ptr().addr();
            let (name, verdict) = match word.split_once(':') {
                None => (word, None),
                Some((name, word)) => {
                    let verdict = error(word);
                    if verdict.is_none() {
                        let start = at + name.len() + 1;
                        let message = format!("`{}` is no error", shown(word));
                        mistakes.push_with_help(start..start + word.len(), message, ERRORS);
                    } else if !is_inverted {
                        mistakes.push_with_help(
                            at..at + name.len() + 1 + word.len(),
                            format!("`{}` is allowed here, and cannot fail", shown(name)),
                            "an error goes with calls that are denied: `SystemCallFilter=~…`",
                        );
                    }
                    (name, verdict)
                }
            };
            let mut calls = BTreeSet::new();
            if !name.starts_with('@') {
                match Sysno::from_name(name) {
                    Some(sysno) => drop(calls.insert(sysno)),
                    None => drop(self.unknown.insert(shown(name))),
                }
            } else if !add_set(name, &mut calls) {
                let near = model::nearest(name, SETS.iter().map(|(known, _)| *known));
                let near = near.map_or_else(
                    || "systemd-analyze syscall-filter lists them".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                let message = format!("`{}` is no set of system calls", shown(name));
                mistakes.push_with_help(at..at + name.len(), message, &near);
            }
            for sysno in calls {
                let is_listed = is_inverted == (kind == Kind::Deny) || (is_inverted && verdict.is_some());
                if is_listed {
                    listed.insert(sysno, verdict);
                } else {
                    listed.remove(&sysno);
                }
            }
        }
        self.list = Some((kind, listed));
    }

    fn finish(self) -> Filter {
        let denied = self.errno.map_or(Verdict::KillProcess, Verdict::Fail);
        let (default, usual, listed) = match self.list {
            None => (Verdict::Allow, denied, Listed::new()),
            Some((Kind::Allow, listed)) => (denied, Verdict::Allow, listed),
            Some((Kind::Deny, listed)) => (Verdict::Allow, denied, listed),
        };
        let mut filter = Filter::new(default);
        let clause = |verdict: Option<Verdict>| vec![(Term::ALWAYS, verdict.unwrap_or(usual))];
        filter.clauses = listed.into_iter().map(|(sysno, verdict)| (sysno, clause(verdict))).collect();
        filter.remarks.push("the sets of system calls are those of systemd 252".to_owned());
        if !self.unknown.is_empty() {
            let some: Vec<&str> = self.unknown.iter().take(5).map(String::as_str).collect();
            let more = if self.unknown.len() > some.len() { ", …" } else { "" };
            filter.remarks.push(format!(
                "{} names are no system calls of x86-64 that this build knows, and are ignored: {}{more}",
                self.unknown.len(),
                some.join(", ")
            ));
        }
        filter
    }
}

fn default_calls() -> Listed {
    let mut calls = BTreeSet::new();
    add_set("@default", &mut calls);
    calls.into_iter().map(|sysno| (sysno, None)).collect()
}

/// Adds what a set holds, and says whether there is such a set. Sets hold sets that hold none themselves.
fn add_set(name: &str, calls: &mut BTreeSet<Sysno>) -> bool {
    if name == "@known" {
        calls.extend(Sysno::all());
        return true;
    }
    let Some((_, words)) = SETS.iter().find(|(known, _)| *known == name) else { return false };
    for word in words.split_whitespace() {
        match word.starts_with('@') {
            true => drop(add_set(word, calls)),
            false => calls.extend(Sysno::from_name(word)),
        }
    }
    true
}
