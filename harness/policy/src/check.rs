//! What a plan says that it probably does not mean, and what its calls do not have.

use crate::draft::whereabouts;
use crate::effect::{Deed, Failure, Lie};
use crate::tables::{self, FATAL, Fatal, POLLED, RETRIED};
use crate::{Plan, Rule};
use model::{Diagnostic, Errno, Sysno, nearest};

/// Looks at every rule by itself, then at pairs of rules.
pub(crate) fn plan(plan: &Plan, diagnostics: &mut Vec<Diagnostic>) {
    for rule in &plan.rules {
        diagnostics.extend(misplaced(rule));
        diagnostics.extend(hopeless(rule));
        diagnostics.extend(strangers(rule, plan));
        diagnostics.extend(no_way_back(rule));
        diagnostics.extend(no_way_out(rule));
        diagnostics.extend(lost_wakeup(rule));
        diagnostics.extend(fatal_to_go(rule));
        diagnostics.extend(not_ready_yet(rule));
        diagnostics.extend(for_ever_again(rule));
    }
    for (index, rule) in plan.rules.iter().enumerate() {
        diagnostics.extend(plan.rules[..index].iter().find_map(|earlier| shadowed(rule, earlier)));
    }
}

fn named(rule: &Rule, names: &[&str]) -> Vec<&'static str> {
    rule.calls.iter().filter_map(|sysno| sysno.name()).filter(|name| names.contains(name)).collect()
}

/// `read`, `write` and 3 more.
fn listing(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("`{one}`"),
        [one, two] => format!("`{one}` and `{two}`"),
        [one, two, three] => format!("`{one}`, `{two}` and `{three}`"),
        [one, two, rest @ ..] => format!("`{one}`, `{two}` and {} more", rest.len()),
    }
}

/// The rule's calls but these, as a set to write, if there are any and that is short enough to be read.
fn without(rule: &Rule, names: &[&str]) -> Option<String> {
    let keeps = |sysno: &Sysno| sysno.name().is_none_or(|name| !names.contains(&name));
    let kept: Vec<String> = rule.calls.iter().filter(|sysno| keeps(sysno)).map(Sysno::to_string).collect();
    let dropped: Vec<String> = Sysno::all()
        .filter(|sysno| !rule.calls.contains(sysno) || !keeps(sysno))
        .map(|s| s.to_string())
        .collect();
    match (kept.len(), dropped.len()) {
        (1..=20, _) => Some(kept.join(",")),
        (21.., 1..=20) => Some(format!("!{}", dropped.join(","))),
        _ => None,
    }
}

fn pronoun(names: &[&str]) -> &'static str {
    if names.len() == 1 { "it" } else { "them" }
}

/// Advice to leave calls out of a set.
fn leave_out(rule: &Rule, names: &[&str]) -> String {
    match without(rule, names) {
        _ if named(rule, names).len() == rule.calls.len() => {
            "use a delay instead, or drop the rule".to_owned()
        }
        Some(set) => format!("leave {} out: `{set}`", pronoun(names)),
        None => format!("name the calls without {}", pronoun(names)),
    }
}

/// What a condition asks that no call can answer. With `each`, every call is asked alone.
fn hopeless(rule: &Rule) -> Vec<Diagnostic> {
    let Some(condition) = &rule.condition else { return Vec::new() };
    let check = |calls: &[Sysno]| {
        let mut found = Vec::new();
        condition.check(calls, &mut found);
        found
    };
    let whole = check(&rule.calls);
    if !rule.is_each || !whole.is_empty() {
        return whole;
    }
    rule.possible_calls().map(|sysno| check(&[sysno])).find(|found| !found.is_empty()).unwrap_or_default()
}

/// Rules that a condition waits for and that are not there.
fn strangers(rule: &Rule, plan: &Plan) -> Vec<Diagnostic> {
    let named = rule.condition.iter().flat_map(|condition| condition.rules_named());
    let unseen =
        |name: &str| plan.rules.iter().find(|other| other.is_called(name)).map(|other| other.is_quiet);
    named
        .filter_map(|(name, span)| {
            let (message, help) = match unseen(name) {
                None => {
                    let near = nearest(name, plan.rules.iter().map(|other| other.name.as_str()));
                    let help = near.map_or_else(
                        || "rules are called by their `name`, or `rule-1`, `rule-2` and so on".to_owned(),
                        |near| format!("did you mean `{near}`?"),
                    );
                    (format!("there is no rule `{name}`"), help)
                }
                Some(true) => (
                    format!("rule `{name}` is quiet, so nobody knows when it fires"),
                    "drop `quiet` there, so that duress sees its calls".to_owned(),
                ),
                Some(false) if name == rule.name => (
                    "a rule cannot wait for itself".to_owned(),
                    "name another rule; to hit only once more, use `when`".to_owned(),
                ),
                Some(false) => return None,
            };
            Some(rule.error(Some(&span), message).help(help))
        })
        .collect()
}

/// The error that a rule's calls fail with, not executed.
fn failure(rule: &Rule) -> Option<Errno> {
    match rule.effect.deed {
        Deed::Fail(Failure::With(errno)) => Some(errno),
        _ => None,
    }
}

/// Whether a rule's calls are answered in the kernel's stead.
fn is_answered(rule: &Rule) -> bool {
    matches!(rule.effect.deed, Deed::Fail(_) | Deed::Return(_)) || rule.effect.substitute.is_some()
}

/// Whether a rule hits all calls that its `when` means.
fn is_certain(rule: &Rule) -> bool {
    rule.rate.is_none_or(|rate| rate.share() >= 1.0) && rule.burst.is_none() && rule.limit.is_none()
}

/// Calls beside [`POLLED`] that answer EAGAIN where a descriptor is not ready.
const WAITING: &[&str] = &["accept", "connect", "readv", "recvmmsg", "sendmmsg"];

/// A fault on calls that do not have what it is about.
fn misplaced(rule: &Rule) -> Option<Diagnostic> {
    let lacking = |has: &dyn Fn(Sysno) -> bool| -> Vec<String> {
        rule.calls.iter().filter(|sysno| !has(**sysno)).map(Sysno::to_string).collect()
    };
    let refuse = |names: Vec<String>, message: &str, help: String| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        (!names.is_empty()).then(|| {
            rule.error(rule.origin.deed.as_ref(), message)
                .label(format!("{} {} not", listing(&names), if names.len() == 1 { "does" } else { "do" }))
                .help(help)
        })
    };
    match &rule.effect.deed {
        Deed::Short(_) => refuse(
            lacking(&|sysno| tables::shape(sysno).buffer.is_some()),
            "only a call that transfers one buffer can be short",
            "use it on read, write, pread64, pwrite64, sendto, recvfrom, getrandom and the like".to_owned(),
        ),
        Deed::Exhaust(resource, _) => refuse(
            lacking(&|sysno| sysno.name().is_some_and(|name| resource.users().contains(&name))),
            &format!("`{}` is for calls that use up {resource}", resource.key()),
            format!("such calls are {}", resource.users().join(",")),
        ),
        Deed::Content(_) => refuse(
            lacking(&|sysno| {
                sysno.name().is_some_and(|name| ["open", "openat", "openat2", "creat"].contains(&name))
            }),
            "only a call that opens a file can open another one",
            "use it on openat (and open, openat2, creat)".to_owned(),
        ),
        Deed::NotReady => refuse(
            lacking(&|sysno| {
                sysno.name().is_some_and(|name| POLLED.contains(&name) || WAITING.contains(&name))
            }),
            "only a call that waits for a descriptor can find it not ready",
            "use it on read, write, accept4, connect, sendto, recvfrom and the like".to_owned(),
        ),
        Deed::Fail(Failure::Legal) | Deed::Lie(Lie::Failed(Failure::Legal)) => refuse(
            lacking(&|sysno| tables::legal(sysno).is_some_and(|errors| !errors.is_empty())),
            "only a call whose manual page names errors has a legal one",
            "name the error yourself, such as `error=EIO`".to_owned(),
        ),
        Deed::Execute
        | Deed::Fail(Failure::With(_))
        | Deed::Return(_)
        | Deed::Lie(_)
        | Deed::Kill(_)
        | Deed::Interrupt(_) => {
            let last = rule.effect.arguments.iter().map(|(arg, _)| *arg).max()?;
            refuse(
                lacking(&|sysno| tables::shape(sysno).count > last),
                &format!("only a call that has argument {} can have it changed", last + 1),
                "arguments are counted from 1; name only calls that have it".to_owned(),
            )
        }
    }
}

/// An error that the manual page of a call does not name; see [`Plan::unlikely_errors`].
///
/// ENOSYS and EPERM are what kernels without the call and seccomp profiles answer, whatever the call; no page says so.
pub(crate) fn illegal(rule: &Rule) -> Option<Diagnostic> {
    let errno = match rule.effect.deed {
        Deed::Fail(Failure::With(errno)) | Deed::Lie(Lie::Failed(Failure::With(errno))) => errno,
        _ => return None,
    };
    if [Errno::ENOSYS, Errno::EPERM].contains(&errno) {
        return None;
    }
    let strange = |sysno: &&Sysno| tables::legal(**sysno).is_some_and(|errors| !errors.contains(&errno));
    let strange: Vec<Sysno> = rule.calls.iter().filter(strange).copied().collect();
    // In a class some calls always fit less well; that is no mistake.
    let is_class = rule.origin.words.contains(['%', '!', '/'])
        || rule.origin.words.split(',').any(|word| word.trim() == "all");
    if strange.is_empty() || (is_class && strange.len() < rule.calls.len()) {
        return None;
    }
    let names: Vec<String> = strange.iter().map(Sysno::to_string).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let first = strange[0];
    let named: Vec<String> = tables::legal(first)?.iter().map(Errno::to_string).collect();
    let page = tables::page(first).unwrap_or("its manual page");
    let help = match named.as_slice() {
        [] => format!("{page} names no errors"),
        named => format!("{page} names {}; `error=legal` picks one of these", named.join(", ")),
    };
    Some(
        rule.warning(
            rule.origin.deed.as_ref(),
            format!("no manual page says that {} can fail with {errno}", listing(&names)),
        )
        .label("programs need not expect this")
        .help(help),
    )
}

/// rt_sigreturn has no result of its own: it loads the registers of the interrupted code.
///
/// # Kernel
/// sigreturn(2): "never returns". Answered in its stead, the caller goes on behind it, where there is no code
/// (Go 1.26, runtime/sys_linux_amd64.s, `sigreturn__sigaction`: `INT $3 // not reached`).
fn no_way_back(rule: &Rule) -> Option<Diagnostic> {
    const CALL: &[&str] = &["rt_sigreturn"];
    (rule.effect.forces_result() && !named(rule, CALL).is_empty()).then(|| {
        rule.error(None, "`rt_sigreturn` cannot be given a result")
            .label("this set contains `rt_sigreturn`")
            .help(format!(
                "it never returns, and without it no thread comes back from a signal; {}",
                leave_out(rule, CALL)
            ))
    })
}

/// # Go
/// 1.26: runtime/proc.go, `main`: "exit(0); for { var x *int32; *x = 0 }"; runtime/sys_linux_amd64.s, `exitThread`:
/// `INT $3` behind exit.
fn no_way_out(rule: &Rule) -> Option<Diagnostic> {
    let exits = named(rule, &["exit", "exit_group"]);
    (is_answered(rule) && !exits.is_empty()).then(|| {
        rule.warning(None, format!("a forced result makes {} return", listing(&exits)))
            .label("no caller expects to go on after this")
            .help(format!("a Go program that cannot end crashes instead; {}", leave_out(rule, &exits)))
    })
}

/// # Go
/// 1.26: runtime/lock_futex.go, `futexwakeup` in os_linux.go: a result that is no error is taken for a wake-up.
fn lost_wakeup(rule: &Rule) -> Option<Diagnostic> {
    let forced = matches!(rule.effect.deed, Deed::Return(_));
    (forced && rule.calls.contains(&Sysno::futex)).then(|| {
        rule.warning(rule.origin.deed.as_ref(), "a forced success of `futex` wakes nobody")
            .label("no thread is woken by this")
            .help(format!("Go's threads then sleep for ever; {}", leave_out(rule, &["futex"])))
    })
}

/// Errors that end the process in Go's runtime instead of reaching the program.
fn fatal_to_go(rule: &Rule) -> Option<Diagnostic> {
    let errno = failure(rule)?;
    let kills = |fatal: &&Fatal| !fatal.spared.contains(&errno) && !named(rule, &[fatal.call]).is_empty();
    let fatal: Vec<&Fatal> = FATAL.iter().filter(kills).collect();
    let first = fatal.first()?;
    let names: Vec<&str> = fatal.iter().map(|fatal| fatal.call).collect();
    Some(
        rule.warning(
            rule.origin.deed.as_ref(),
            format!("Go's runtime does not survive {errno} from {}", listing(&names)),
        )
        .label(format!("{}: {}", first.call, first.consequence))
        .help(format!(
            "the process ends before the program sees an error; leave {} out unless that is the aim",
            pronoun(&names)
        )),
    )
}

/// Errors that Go's poller takes for "not ready yet".
fn not_ready_yet(rule: &Rule) -> Option<Diagnostic> {
    let errno = failure(rule)?;
    let waits = if errno == Errno::EAGAIN {
        named(rule, POLLED)
    } else if ["EINTR", "EINPROGRESS", "EALREADY"].iter().any(|name| errno.name() == Some(name)) {
        // Go 1.26, net/fd_unix.go, `connect`: after these three it waits until the socket is writable.
        named(rule, &["connect"])
    } else {
        Vec::new()
    };
    (!waits.is_empty()).then(|| {
        rule.warning(
            rule.origin.deed.as_ref(),
            format!("Go takes {errno} from {} for \"not ready yet\"", listing(&waits)),
        )
        .label("on sockets and pipes the goroutine waits for an event")
        .help("the event may never come, and that hang would not be the program's fault; use `not_ready`, an EAGAIN that the event follows, or an error such as ECONNRESET or EIO")
    })
}

/// EINTR without end, on calls that Go makes again until they succeed.
fn for_ever_again(rule: &Rule) -> Option<Diagnostic> {
    let (calls, does) = match rule.effect.deed {
        Deed::Fail(Failure::With(Errno::EINTR)) => (named(rule, RETRIED), "Go repeats"),
        Deed::NotReady => (named(rule, POLLED), "Go waits and repeats"),
        // Go's handlers have SA_RESTART, all of them (runtime/os_linux.go, `setsig`).
        Deed::Interrupt(_) => {
            (rule.calls.iter().filter_map(|sysno| sysno.name()).collect(), "the kernel repeats")
        }
        _ => return None,
    };
    let always = rule.when.is_unbroken() && is_certain(rule) && rule.condition.is_none();
    (always && !calls.is_empty()).then(|| {
        let after = rule.effect.error().map_or_else(String::new, |errno| errno.to_string());
        rule.warning(
            rule.origin.deed.as_ref(),
            format!("{does} {} after {after}, here without end", listing(&calls)),
        )
        .label("every call fails")
        .help("let some calls through, such as with `when=1+2` or `rate=0.5`")
    })
}

/// A rule that can never fire, for an earlier one always comes first.
fn shadowed(rule: &Rule, earlier: &Rule) -> Option<Diagnostic> {
    let fires = !matches!(earlier.effect.deed, Deed::Short(_) | Deed::Exhaust(..));
    let certain = is_certain(earlier) && earlier.condition.is_none() && fires;
    // With the same calls both count alike. With more calls their counts differ, unless every call is hit anyway.
    let same_count =
        earlier.calls == rule.calls && rule.condition.is_none() && earlier.when.covers(&rule.when);
    let hits_all =
        earlier.when == crate::When::ALWAYS && rule.calls.iter().all(|sysno| earlier.calls.contains(sysno));
    (certain && (same_count || hits_all)).then(|| {
        rule.warning(None, format!("rule `{}` can never fire", rule.name))
            .label(format!(
                "rule `{}` {} hits all of these first",
                earlier.name,
                whereabouts(&earlier.origin.source, &earlier.origin.calls)
            ))
            .help("the first rule that wants to hit a call does; put the narrower one first, or limit the other by `when`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Source;
    use std::sync::Arc;

    fn read(specs: &[&str]) -> (Plan, Vec<Diagnostic>) {
        let specs: Vec<_> =
            specs.iter().map(|spec| Arc::new(Source { name: "-e".into(), text: (*spec).into() })).collect();
        Plan::read(None, &specs)
    }

    /// What is said about these rules, without the advice.
    fn check(specs: &[&str], expect: &[&str]) {
        let (_, diagnostics) = read(specs);
        let found: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
        assert_eq!(found, expect, "{specs:?}");
    }

    #[test]
    fn faults_that_go_cannot_report_are_warned_of() {
        check(&["futex:error=EAGAIN"], &["Go's runtime does not survive EAGAIN from `futex`"]);
        check(&["futex:delay_enter=5"], &[]);
        check(&["futex:retval=0"], &["a forced success of `futex` wakes nobody"]);
        check(&["epoll_pwait:error=EINTR:when=1"], &[]);
        check(
            &["epoll_pwait,munmap:error=EBADF"],
            &["Go's runtime does not survive EBADF from `munmap` and `epoll_pwait`"],
        );
        check(&["read,pread64:error=EAGAIN"], &["Go takes EAGAIN from `read` for \"not ready yet\""]);
        check(&["connect:error=EAGAIN"], &[]);
        check(&["connect:error=EINPROGRESS"], &["Go takes EINPROGRESS from `connect` for \"not ready yet\""]);
        check(&["read:error=EINTR:when=3+"], &["Go repeats `read` after EINTR, here without end"]);
        check(&["read:not_ready"], &["Go waits and repeats `read` after EAGAIN, here without end"]);
        check(&["read:not_ready:rate=0.5", "write:not_ready:limit=3"], &[]);
        check(&["getppid:interrupt=SIGURG"], &["the kernel repeats `getppid` after EINTR, here without end"]);
        check(
            &["openat:not_ready:when=1"],
            &["only a call that waits for a descriptor can find it not ready"],
        );
        check(
            &[
                "read:error=EINTR:when=3+:rate=0.5",
                "write:error=EINTR:when=3+2",
                "openat:error=EINTR:when=1..9",
            ],
            &[],
        );
        check(&["exit,exit_group:retval=0"], &["a forced result makes `exit` and `exit_group` return"]);
    }

    #[test]
    fn a_result_of_rt_sigreturn_is_an_error_with_a_set_to_write_instead() {
        for (spec, advice) in [
            ("%ipc,rt_sigreturn:error=EIO", Some("leave it out: `shmget,shmat,")),
            ("!read:error=EIO", Some("leave it out: `!read,rt_sigreturn`")),
            ("rt_sigreturn:error=EIO", Some("use a delay instead, or drop the rule")),
            ("rt_sigreturn:delay_enter=1ms", None),
        ] {
            let mistake = read(&[spec]).1.into_iter().find(Diagnostic::is_error);
            let help = mistake.and_then(|mistake| mistake.help);
            match (&help, advice) {
                (Some(help), Some(advice)) => assert!(help.contains(advice), "{spec}: {help}"),
                (help, advice) => assert_eq!(help.as_deref(), advice, "{spec}"),
            }
        }
    }

    #[test]
    fn a_rule_that_always_comes_second_is_said_to_be_useless() {
        let dead = &["rule `rule-2` can never fire"];
        check(&["read:error=EIO", "read:error=ENOENT"], dead);
        check(&["read,write:error=EIO", "read:error=ENOENT:when=7"], dead);
        check(&["read:error=EIO:when=1+2", "read:error=ENOENT:when=3..9+4"], dead);
        check(&["read:delay_enter=5", "read:error=ENOENT"], dead);
        check(&["read:delay_enter=5", "read:error=ENOENT:when=3:where=fd(1)"], dead);
        check(&["read:error=EIO:when=1+2", "read:error=ENOENT:when=2"], &[]);
        check(&["read:error=EIO:when=3", "read:error=ENOENT:when=3:where=fd(1)"], &[]);
        check(&["read:error=EIO:rate=0.5", "read:error=ENOENT"], &[]);
        check(&["read,write:error=EIO:when=1", "read:error=ENOENT:when=1"], &[]);
        check(&["read:error=EIO", "read,write:error=ENOENT"], &[]);
    }

    #[test]
    fn names_are_given_once() {
        let mistake = |specs: &[&str]| {
            let (_, diagnostics) = read(specs);
            let [mistake] = &diagnostics[..] else { panic!("{diagnostics:?}") };
            let (source, span) = mistake.place.clone().expect("a place");
            (source.text[span].to_owned(), mistake.label.clone())
        };
        assert_eq!(
            mistake(&["read:error=EIO:name=a", "write:error=EIO:name=a"]),
            ("name=a".into(), "first given in -e read:error=EIO:name=a".into())
        );
        let taken = "rule 2 has no name of its own and is called that";
        assert_eq!(
            mistake(&["read:error=EIO:name=rule-2", "write:error=EIO"]),
            ("name=rule-2".into(), taken.into())
        );
        check(&["read:error=EIO:name=rule-1", "write:error=EIO"], &[]);
    }
}
