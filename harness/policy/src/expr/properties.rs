//! What is true of every condition: filter, supervisor and text agree, and no text does harm.

use super::tests::*;
use super::*;
use crate::piece::Piece;
use model::{Call, Diagnostic, Source, Sysno};
use proptest::prelude::*;
use proptest::sample::select;
use std::sync::Arc;

fn any_predicate() -> impl Strategy<Value = String> {
    let number = || select(vec![0_u64, 1, 2, 3, 7, 64, 0xff, 0x1000, u64::from(u32::MAX), 1 << 32, u64::MAX]);
    let claim = || {
        prop_oneof![
            (select(vec!["==", "!=", "<=", ">"]), number()).prop_map(|(op, n)| format!("{op} {n:#x}")),
            (select(vec!["<", ">="]), number()).prop_map(|(op, n)| format!("{op} {}", n.max(1))),
            number().prop_map(|n| format!("& {}", n.max(1))),
            (number(), number(), select(vec!["==", "!="])).prop_map(|(mask, n, op)| format!(
                "& {:#x} {op} {:#x}",
                mask.max(1),
                n & mask.max(1)
            )),
            select(vec!["== -1", "!= AT_FDCWD", "& O_CREAT|O_EXCL", "& O_ACCMODE == O_WRONLY"])
                .prop_map(str::to_owned),
        ]
    };
    let fixed = [
        "path(/var/**)",
        "path(~a)",
        r"path(/a\/[bc]/)",
        r"path(=a\)b)",
        "fdkind(socket,file)",
        "port(443,8080)",
        "addr(127.0.0.0/8)",
        "addr(/run/*)",
        "family(inet)",
        "string(2 ~secret)",
        "data(2 ~more)",
        "exe(**/x.test)",
        "argv(-v)",
        "child(1..)",
        "exec(1)",
        "exec(2..)",
        "uid(0,1000)",
        "after(fired)",
        "after(other)",
        "site(bufio.(*Writer).Flush)",
        "site(store.(*Log).*)",
        "site(~Append)",
        "caller(**/store.(*Log).Append)",
        "caller(x.Map[...])",
        "pkg(example.com/**)",
        "pkg(=bufio)",
        "test(TestServer/reuse)",
        "test(/^Test[A-F]/)",
        "goroutine(1,30..40)",
        "goroutine(none)",
        "goroutine(#store.(*Pool).Start)",
        "clone.flags & CLONE_NEWUSER|CLONE_VM",
        "perf.exclude_kernel == 1",
        "sockaddr.port == 8080",
    ];
    prop_oneof![
        select(fixed.to_vec()).prop_map(str::to_owned),
        (1..=6_u8, claim()).prop_map(|(arg, claim)| format!("arg({arg} {claim})")),
        (1..=6_u8, claim()).prop_map(|(arg, claim)| format!("arg({arg} {claim})")),
        (0..6_u64, 0..3_u64, 0..9_u64)
            .prop_map(|(from, more, other)| format!("fd({from}..{},{other})", from + more)),
        (select(vec!["clone.flags", "clone.exit_signal", "clone.stack", "open.flags", "open.mode"]), claim())
            .prop_map(|(field, claim)| format!("{field} {claim}")),
    ]
}

fn any_condition() -> impl Strategy<Value = String> {
    let tree = any_predicate().prop_recursive(5, 40, 4, |part| {
        prop_oneof![
            part.clone().prop_map(|part| format!("!({part})")),
            proptest::collection::vec(part.clone(), 2..4)
                .prop_map(|parts| format!("({})", parts.join(" & "))),
            proptest::collection::vec(part, 2..4).prop_map(|parts| format!("({})", parts.join(" | "))),
        ]
    });
    (tree, select(vec!["", "", " & once-per(path)", " & once-per(arg1,tid)", " & once-per(site,test)"]))
        .prop_map(|(tree, once)| tree + once)
}

fn any_call() -> impl Strategy<Value = Call> {
    let names = [
        "read",
        "write",
        "openat",
        "open",
        "openat2",
        "dup3",
        "clone",
        "clone3",
        "perf_event_open",
        "connect",
        "sendto",
        "socket",
        "execve",
        "getpid",
        "mmap",
        "renameat2",
    ];
    let argument = prop_oneof![
        0..9_u64,
        select(vec![
            CWD,
            RELATIVE,
            ABSOLUTE,
            ADDRESS,
            PERF,
            CLONE,
            HOW,
            TEXT,
            WORDS,
            UNIX,
            u64::MAX,
            1 << 32,
            0x41,
            0xff
        ]),
        any::<u64>(),
        (0..64_u32).prop_map(|bit| 1 << bit),
    ];
    (select(names.to_vec()), proptest::array::uniform6(argument)).prop_map(|(name, args)| call(name, &args))
}

/// Words that the parser takes a turn at.
fn any_text() -> impl Strategy<Value = String> {
    let words = [
        "path(",
        "fd(",
        "arg(",
        "once-per(",
        "perf.",
        "clone.flags",
        "(",
        ")",
        "&",
        "|",
        "!",
        "not ",
        " and ",
        " or ",
        "==",
        "&&",
        "O_CREAT",
        "1..",
        "-",
        "\\",
        "/",
        "[",
        "*",
        "**",
        "~",
        "#",
        "=",
        ",",
        " ",
        "µ",
        "\0",
        "addr(",
        "::1",
        "0x",
        "string(2 ",
        "after(",
        "site(",
        "goroutine(",
        "test(",
        "(*",
        "(*T).F",
        "[...]",
        "none",
        "x.",
        "\n",
        "99999999999999999999",
        "a",
        "<",
        "port(80)",
        "fd(1)",
    ];
    prop_oneof![
        proptest::collection::vec(select(words.to_vec()), 0..40).prop_map(|words| words.concat()),
        any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn no_text_makes_reading_panic_and_every_place_is_in_the_text(text in any_text()) {
        let source = Arc::new(Source { name: "-e".into(), text: text.clone() });
        let mut diagnostics = Vec::new();
        let read = Where::read(&Piece::of(&source, 0..text.len()), &mut diagnostics);
        prop_assert_eq!(read.is_none(), diagnostics.iter().any(Diagnostic::is_error));
        if let Some(condition) = &read {
            condition.check(&[Sysno::getpid], &mut diagnostics);
            let again = condition.to_string();
            prop_assert_eq!(&super::tests::condition(&again), condition);
        }
        for diagnostic in &diagnostics {
            let (source, span) = diagnostic.place.clone().expect("a place");
            prop_assert!(source.text.get(span).is_some() && diagnostic.help.is_some(), "{:?}", diagnostic);
        }
    }

    #[test]
    fn conditions_read_back_from_their_own_text(text in any_condition()) {
        let condition = condition(&text);
        let form = condition.to_string();
        let again = super::tests::condition(&form);
        prop_assert_eq!(&again, &condition);
        prop_assert_eq!(again.to_string(), form);
    }

    #[test]
    fn what_holds_passes_and_what_passes_an_exact_sieve_holds(text in any_condition(), calls in proptest::collection::vec(any_call(), 1..12)) {
        let condition = condition(&text);
        let mut memory = Memory::default();
        for call in &calls {
            let sieved = condition.sieve(call.sysno);
            let passes = sieved.sieve.passes(&call.args);
            let holds = condition.holds(call, &mut tracee(), &mut memory, &|rule| rule == "fired");
            prop_assert!(passes || !holds, "{:?} holds, but does not pass {}", call, sieved.sieve);
            prop_assert!(!sieved.is_exact || passes == holds, "{:?} passes {}, but does not hold", call, sieved.sieve);
        }
    }

    #[test]
    fn joined_conditions_hold_as_their_parts_do(a in any_condition(), b in any_condition(), call in any_call()) {
        let [a, b] = [a, b].map(|text| text.split(" & once-per").next().unwrap_or_default().to_owned());
        let ask = |text: &str| holds(&condition(text), &call, &mut tracee());
        let (one, two) = (ask(&a), ask(&b));
        prop_assert_eq!(ask(&format!("({a}) & ({b})")), one && two);
        prop_assert_eq!(ask(&format!("({a}) | ({b})")), one || two);
        prop_assert_eq!(ask(&format!("!({a})")), !one);
    }
}
