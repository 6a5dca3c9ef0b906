//! Any text as a condition; a NUL ends it, and calls follow. The kernel's filter must let through every call for which the
//! condition holds, and where it is to decide alone, no other.
//!
//! `cargo +nightly fuzz run --fuzz-dir tests/fuzz condition -- -dict=tests/fuzz/words.dict`

#![no_main]

use duress_fuzz::{able, calls, check, decide, source, telling, traps, written_and_read};
use model::{Diagnostic, Sysno};
use policy::{Counting, Engine, Plan};

fn plan(effect: &str, condition: &str, calls: &[Sysno]) -> (Plan, Vec<Diagnostic>) {
    let calls: Vec<String> = calls.iter().map(Sysno::to_string).collect();
    Plan::read(None, &[source(&format!("{}:{effect}:where={condition}", calls.join(",")))])
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(2, |byte| *byte == 0);
    let condition = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let (heard, diagnostics) = plan("delay_enter=1ns", &condition, &telling());
    check(&diagnostics);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return;
    }
    written_and_read(&heard);
    for rule in &heard.rules {
        let _ = (rule.spec(), rule.explain(), rule.is_racy());
    }
    let (interest, mistakes) = heard.assign(&able);
    assert_eq!(mistakes, []);
    let calls = calls(parts.next().unwrap_or_default(), &telling());
    let decided = decide(Engine::new(&heard, 0, "", Counting::AsAsked), &calls);
    for ((tracee, _), (matched, _)) in calls.iter().zip(&decided) {
        assert!(
            matched.is_empty() || traps(&interest, &tracee.call),
            "{:?} holds and is not trapped",
            tracee.call
        );
    }
    for sysno in telling() {
        let (quiet, _) = plan("error=EIO:quiet", &condition, &[sysno]);
        let (interest, mistakes) = quiet.assign(&able);
        if mistakes.is_empty() {
            for ((tracee, _), (matched, _)) in
                calls.iter().zip(&decided).filter(|((one, _), _)| one.call.sysno == sysno)
            {
                assert_eq!(!matched.is_empty(), traps(&interest, &tracee.call), "{:?} alone", tracee.call);
            }
        }
    }
});
