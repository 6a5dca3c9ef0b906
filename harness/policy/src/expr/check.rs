//! Whether a rule's calls have what its condition is about.

use super::compile::{Part, register};
use super::field::NARROW;
use super::syntax::{Key, Predicate, Span, Where};
use crate::tables;
use model::{Diagnostic, Sysno};

/// How many calls a message names.
const NAMED: usize = 4;

impl Where {
    /// Says which predicates can hold for none of these calls, and which could not be meant for one of them.
    pub(crate) fn check(&self, calls: &[Sysno], diagnostics: &mut Vec<Diagnostic>) {
        if calls.is_empty() {
            return;
        }
        for leaf in self.condition.leaves() {
            let predicate = &leaf.predicate;
            if calls.iter().all(|call| Part::of_predicate(predicate, *call).is_never()) {
                let (label, help) = lacking(predicate, calls);
                diagnostics.push(
                    self.error(&leaf.span, format!("`{predicate}` can hold for none of the rule's calls"))
                        .label(label)
                        .help(help),
                );
                continue;
            }
            let Predicate::Arg(arg, claim) = predicate else { continue };
            let is_int =
                |call: &&Sysno| register(*arg, tables::shape(**call)).is_some_and(|it| it.bits == NARROW);
            if let (Some(value), Some(call)) = (claim.too_wide(), calls.iter().find(is_int)) {
                diagnostics.push(
                    self.error(&leaf.span, format!("`{}` has more than 32 bits", value.words))
                        .label(format!("argument {} of {call} is an int", arg + 1))
                        .help("write a number of 32 bits, or a rule of its own for the calls that have a long there"),
                );
            }
        }
        for (key, span) in self.once_per.iter().flat_map(|once| once.keys.iter().map(|key| (key, &once.span)))
        {
            if calls.iter().all(|call| !has(*key, *call)) {
                let name = Key::ALL.iter().find(|(_, known)| known == key).map_or("", |(name, _)| name);
                diagnostics.push(
                    self.error(span, format!("none of the rule's calls has a {name}"))
                        .label(list(calls))
                        .help("tell calls apart by something that they have, such as `once-per(pid)`"),
                );
            }
        }
    }

    /// The rules that must fire before, with the place of the predicate that names them.
    pub(crate) fn rules_named(&self) -> Vec<(&str, Span)> {
        self.condition
            .leaves()
            .filter_map(|leaf| {
                let Predicate::After(rule) = &leaf.predicate else { return None };
                Some((rule.as_str(), leaf.span.clone()))
            })
            .collect()
    }

    fn error(&self, span: &Span, message: String) -> Diagnostic {
        Diagnostic::error(&self.source, span.clone(), message)
    }
}

/// Calls in words; a long list is cut.
fn list(calls: &[Sysno]) -> String {
    let mut words: Vec<String> = calls.iter().take(NAMED).map(Sysno::to_string).collect();
    if calls.len() > NAMED {
        words.push(format!("{} more", calls.len() - NAMED));
    }
    words.join(", ")
}

/// Whether a call has something to be told apart by.
fn has(key: Key, call: Sysno) -> bool {
    let shape = tables::shape(call);
    match key {
        Key::Path => !shape.paths.is_empty() || !shape.fds.is_empty(),
        Key::Fd => !shape.fds.is_empty(),
        Key::Port => shape.address.is_some() || !shape.fds.is_empty(),
        Key::Arg(arg) => arg < shape.count,
        Key::Exe | Key::Pid | Key::Tid | Key::Site | Key::Test | Key::Goroutine => true,
    }
}

/// What the calls lack for this predicate, and what to do about it.
fn lacking(predicate: &Predicate, calls: &[Sysno]) -> (String, String) {
    let those = list(calls);
    let lack = |what: &str, help: &str| (format!("{those}: no {what}"), help.to_owned());
    let arguments = |arg: u8| {
        let most = calls.iter().map(|call| tables::shape(*call).count).max().unwrap_or(0);
        let s = if most == 1 { "" } else { "s" };
        (
            format!("{those}: {most} argument{s}"),
            match most {
                0 => "the call has nothing to compare; use `exe(…)`, `child(…)` or `uid(…)` to choose"
                    .to_owned(),
                most if arg < most => "compare with a number that the argument can be".to_owned(),
                most => format!("arguments are counted from 1: `arg({most} == …)` is the last"),
            },
        )
    };
    match predicate {
        Predicate::Path(_) => {
            lack("pathname or descriptor among the arguments", "name calls that have one: `%file`, `%desc`")
        }
        Predicate::Fd(_) | Predicate::FdKind(_) => lack(
            "descriptor among the arguments",
            "name calls that have one, such as `read`, or `%desc` for all of them",
        ),
        Predicate::Port(_) | Predicate::Addr(_) | Predicate::Family(_) => lack(
            "socket or socket address among the arguments",
            "name calls that have one, such as `connect`, or `%network`",
        ),
        Predicate::Arg(arg, _) => arguments(*arg),
        Predicate::String(arg, _) => {
            if calls.iter().any(|call| *arg < tables::shape(*call).count) {
                lack(&format!("pointer as argument {}", arg + 1), "say which argument points to the string")
            } else {
                arguments(*arg)
            }
        }
        Predicate::Data(arg, _) => lack(
            &format!("buffer to send as argument {}", arg + 1),
            "name calls that send bytes: `data(2 …)` of write, pwrite64 and sendto",
        ),
        Predicate::Field(field, claim) => {
            if calls.iter().any(|call| field.home(*call).is_some()) {
                let most = claim.mask(field.bits());
                (
                    format!("`{}` has no such value, only up to {most:#x}", field.name),
                    "compare with a number that the field can be".to_owned(),
                )
            } else {
                let calls = field.structure.calls();
                lack(&format!("`{}.{}`", field.structure.name(), field.name), &format!("{calls} have it"))
            }
        }
        Predicate::Exec(_) => {
            lack("program to execute", "`exec(…)` is for the calls execve and execveat themselves")
        }
        // These are about the caller, and so about every call.
        Predicate::Exe(_)
        | Predicate::Argv(_)
        | Predicate::Child(_)
        | Predicate::Uid(_)
        | Predicate::After(_)
        | Predicate::Site(_)
        | Predicate::Caller(_)
        | Predicate::Package(_)
        | Predicate::Test(_)
        | Predicate::Goroutine(_) => (those, "leave it out".to_owned()),
    }
}
