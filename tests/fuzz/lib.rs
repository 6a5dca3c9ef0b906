//! What the fuzz targets of plans share: everything that can be done with a plan is done, and must agree with itself.
//!
//! ```text
//! cargo +nightly fuzz run --fuzz-dir tests/fuzz spec -- -dict=tests/fuzz/words.dict
//! cargo run --manifest-path tests/fuzz/Cargo.toml --bin spec -- tests/fuzz/seeds/spec/*    # stable: these inputs only
//! ```

mod loaded;
mod tracee;

pub use loaded::{Loaded, read_at};
use model::{
    Call, Capabilities, Capability, Decision, Diagnostic, Facts, Interest, Nanos, OccurrenceKey, RuleId,
    Source, Sysno, Via,
};
use policy::{Counting, Engine, Hit, Plan};
use std::sync::Arc;
pub use tracee::{Tracee, calls};

/// A text of the user's.
pub fn source(text: &str) -> Arc<Source> {
    Arc::new(Source { name: "fuzz".into(), text: text.into() })
}

/// Reads a plan and does everything with it; the bytes are the calls that are made under it.
pub fn examine(file: Option<&Arc<Source>>, specs: &[Arc<Source>], bytes: &[u8]) {
    let (plan, diagnostics) = Plan::read(file, specs);
    check(&diagnostics);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return;
    }
    let again = written_and_read(&plan);
    check(&plan.unlikely_errors());
    for rule in &plan.rules {
        let _ = (rule.spec(), rule.explain(), rule.is_racy());
    }
    let (interest, mistakes) = plan.assign(&able);
    check(&mistakes);
    let calls = calls(bytes, &tracee::known(&plan));
    let decided = decide(Engine::new(&plan, 7, "subject", Counting::AsAsked), &calls);
    assert_eq!(
        decided,
        decide(Engine::new(&again, 7, "subject", Counting::AsAsked), &calls),
        "the plan that was read back decides otherwise"
    );
    for counting in [Counting::AsAsked, Counting::BySite] {
        let planned = decide(Engine::new(&plan, 7, "subject", counting), &calls);
        let hits = planned.iter().zip(&calls).filter_map(|((_, decision), (tracee, _))| match decision {
            Decision::Pass => None,
            Decision::Inject { rule, occurrence, fault: _ } => {
                let key = OccurrenceKey::of(tracee.clone().caller().as_ref(), tracee.call.sysno);
                Some(Hit { rule: *rule, occurrence: *occurrence, key: Some(key) })
            }
        });
        assert_eq!(
            planned,
            decide(Engine::replaying(&plan, 7, "subject", hits, counting), &calls),
            "a replay decides otherwise"
        );
    }
    if !mistakes.iter().any(Diagnostic::is_error) {
        for ((tracee, _), (matched, _)) in calls.iter().zip(&decided) {
            assert!(matched.is_empty() || traps(&interest, &tracee.call), "{:?} is not trapped", tracee.call);
        }
    }
}

/// Every mistake has a place in its text, and advice; and it can be drawn.
pub fn check(diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        let (source, span) = diagnostic.place.as_ref().expect("a mistake in a text has a place");
        assert!(source.text.get(span.clone()).is_some(), "{diagnostic:?}");
        assert!(!diagnostic.message.is_empty() && diagnostic.help.is_some(), "{diagnostic:?}");
    }
    // Drawing shows the whole text each time.
    let few = &diagnostics[..diagnostics.len().min(4)];
    let drawn = report::diagnostics::draw(few, report::Color::Never);
    assert!(drawn.chars().all(|c| c == '\n' || !c.is_control()), "{drawn:?}");
}

/// The same plan again, from its own text.
pub fn written_and_read(plan: &Plan) -> Plan {
    let text = plan.to_toml();
    let (again, diagnostics) = Plan::read(Some(&source(&text)), &[]);
    let errors: Vec<&Diagnostic> = diagnostics.iter().filter(|one| one.is_error()).collect();
    assert!(errors.is_empty(), "{text}\n{errors:#?}");
    assert_eq!(&again, plan, "{text}");
    assert_eq!(again.to_toml(), text);
    again
}

/// What the two mechanisms can do.
pub fn able(via: Via) -> Option<Capabilities> {
    let notify =
        [Capability::ForceResult, Capability::HoldBefore, Capability::PokeBefore, Capability::AddDescriptor];
    let trace: Vec<Capability> =
        Capability::ALL.into_iter().filter(|one| *one != Capability::AddDescriptor).collect();
    Some(Capabilities::of(match via {
        Via::Notify => &notify,
        Via::Trace => &trace,
    }))
}

/// What happens to each of these calls: the rules that count it, and the decision.
pub fn decide(mut engine: Engine, calls: &[(Tracee<'_>, Nanos)]) -> Vec<(Vec<RuleId>, Decision)> {
    let mut one = |tracee: &Tracee<'_>, now: Nanos| {
        let decision = engine.decide(&tracee.call, now, &mut tracee.clone());
        (engine.matched().to_vec(), decision)
    };
    calls.iter().map(|(tracee, now)| one(tracee, *now)).collect()
}

/// Whether somebody is woken for this call.
pub fn traps(interest: &Interest, call: &Call) -> bool {
    let is_quiet = interest
        .quiet()
        .iter()
        .filter_map(|quiet| quiet.calls.get(&call.sysno))
        .any(|sieve| sieve.passes(&call.args));
    let mut traps = interest.traps();
    is_quiet || traps.any(|(sysno, trap)| sysno == call.sysno && trap.sieve.passes(&call.args))
}

/// Calls that conditions can say much about.
pub fn telling() -> Vec<Sysno> {
    let names = [
        "read",
        "write",
        "openat",
        "openat2",
        "socket",
        "connect",
        "sendto",
        "clone",
        "clone3",
        "execve",
        "perf_event_open",
        "renameat2",
    ];
    names.iter().filter_map(|name| Sysno::from_name(name)).collect()
}
