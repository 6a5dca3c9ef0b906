//! Plans and rules written out again.

use crate::{Plan, Rule, When};
use model::{Errno, ForcedResult, Sysno};
use std::time::Duration;

/// Lists of calls up to this length are shown whole.
const SHOWN_CALLS: usize = 12;

/// The plan as a file; see [`Plan::to_toml`].
pub(crate) fn plan(plan: &Plan) -> String {
    if plan.rules.is_empty() {
        return "rule = []\n".to_owned();
    }
    plan.rules.iter().map(rule).collect::<Vec<_>>().join("\n")
}

fn rule(rule: &Rule) -> String {
    let mut text = format!("[[rule]]\nname = \"{}\"\n{}\n", rule.name, calls(&rule.calls));
    if rule.when != When::ALWAYS {
        text += &format!("when = \"{}\"\n", rule.when);
    }
    if let Some(rate) = rule.rate {
        // `{:?}` keeps the point that makes a TOML number a float.
        text += &format!("rate = {:?}\n", rate.share());
    }
    text + &format!("fault = {{ {} }}\n", actions(rule, " = ", "\"").join(", "))
}

/// The calls as a list, in lines of readable length.
fn calls(calls: &[Sysno]) -> String {
    let mut lines = vec![String::new()];
    for sysno in calls {
        let word = format!("\"{sysno}\"");
        let line = match lines.last_mut() {
            Some(line) if line.len() + word.len() < 96 => line,
            Some(_) | None => {
                lines.push(String::new());
                lines.last_mut().expect("a line was pushed just now")
            }
        };
        if !line.is_empty() {
            line.push_str(", ");
        }
        line.push_str(&word);
    }
    match &lines[..] {
        [line] => format!("calls = [{line}]"),
        lines => format!("calls = [\n    {},\n]", lines.join(",\n    ")),
    }
}

/// What happens, as `key=value` with this between the two and this around words.
fn actions(rule: &Rule, equals: &str, quote: &str) -> Vec<String> {
    let mut actions = Vec::new();
    let mut say = |key: &str, value: String| actions.push(format!("{key}{equals}{value}"));
    match rule.fault.result {
        Some(ForcedResult::Error(error)) => say("error", errno(error, quote)),
        Some(ForcedResult::Value(value)) => say("retval", value.to_string()),
        None => {}
    }
    for (key, delay) in [("delay_enter", rule.fault.delay_enter), ("delay_exit", rule.fault.delay_exit)] {
        if !delay.is_zero() {
            say(key, format!("{quote}{}{quote}", duration(delay)));
        }
    }
    actions
}

fn errno(errno: Errno, quote: &str) -> String {
    match errno.name() {
        Some(name) => format!("{quote}{name}{quote}"),
        None => errno.raw().to_string(),
    }
}

/// The delay in the longest unit that leaves a whole number.
fn duration(delay: Duration) -> String {
    let nanos = delay.as_nanos();
    let (length, unit) = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")]
        .into_iter()
        .find(|(length, _)| nanos.is_multiple_of(*length))
        .unwrap_or((1, "ns"));
    format!("{}{unit}", nanos / length)
}

/// The rule in one line; see [`Rule::spec`].
pub(crate) fn spec(rule: &Rule) -> String {
    let list = |calls: &[Sysno]| calls.iter().map(Sysno::to_string).collect::<Vec<_>>().join(",");
    let words = &rule.origin.words;
    // What was said in few words (`%file`, `!futex`) says more than what it stands for.
    let set = if rule.calls.len() <= SHOWN_CALLS {
        list(&rule.calls)
    } else if words.split(',').count() <= SHOWN_CALLS {
        words.split_whitespace().collect()
    } else {
        let shown = &rule.calls[..SHOWN_CALLS];
        format!("{},…({} more)", list(shown), rule.calls.len() - SHOWN_CALLS)
    };
    let mut parts = vec![set];
    parts.extend(actions(rule, "=", ""));
    if rule.when != When::ALWAYS {
        parts.push(format!("when={}", rule.when));
    }
    parts.extend(rule.rate.map(|rate| format!("rate={rate}")));
    parts.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Diagnostic, Source};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn source(name: &str, text: &str) -> Arc<Source> {
        Arc::new(Source { name: name.into(), text: text.into() })
    }

    /// A plan without errors, from a file or from `-e` texts.
    fn read(file: Option<&str>, specs: &[&str]) -> Plan {
        let file = file.map(|text| source("plan.toml", text));
        let specs: Vec<_> = specs.iter().map(|spec| source("-e", spec)).collect();
        let (plan, diagnostics) = Plan::read(file.as_ref(), &specs);
        assert!(!diagnostics.iter().any(Diagnostic::is_error), "{file:?} {specs:?} {diagnostics:?}");
        plan
    }

    #[test]
    fn a_plan_has_one_form() {
        let plan = read(
            None,
            &["fsync,write:error=ENOSPC:when=3..9+2:rate=5%:name=disk-full", "1:delay_exit=1500:retval=7"],
        );
        assert_eq!(
            plan.to_toml(),
            r#"[[rule]]
name = "disk-full"
calls = ["write", "fsync"]
when = "3..9+2"
rate = 0.05
fault = { error = "ENOSPC" }

[[rule]]
name = "rule-2"
calls = ["write"]
fault = { retval = 7, delay_exit = "1500us" }
"#
        );
        assert_eq!(read(Some(&Plan::default().to_toml()), &[]), Plan::default());
    }

    #[test]
    fn a_spec_is_one_line_in_few_words() {
        for (spec, expect) in [
            ("write,read:error=28:when=1+", "read,write:error=ENOSPC"),
            ("fault=read", "read:error=ENOSYS"),
            ("%file:error=4000:name=x", "%file:error=4000"),
            (" ! read, rt_sigreturn:retval=0x10:rate=50%", "!read,rt_sigreturn:retval=16:rate=0.5"),
            (
                "write:delay_enter=2000:delay_exit=1.5ms:when=3+",
                "write:delay_enter=2ms:delay_exit=1500us:when=3+",
            ),
        ] {
            assert_eq!(read(None, &[spec]).rules[0].spec(), expect);
        }
        let long = read(Some(&read(None, &["%file:error=EIO"]).to_toml()), &[]);
        assert!(long.rules[0].spec().ends_with(",…(55 more):error=EIO"), "{}", long.rules[0].spec());
    }

    fn any_spec() -> impl Strategy<Value = String> {
        let set = prop_oneof![
            "(read|write|close|openat|%ipc|%pure|17|231)(,(fsync|socket|%stat|2)){0,3}",
            "!(futex|%file)"
        ];
        let result = prop_oneof![
            Just(String::new()),
            (1..4096_i32).prop_map(|errno| format!(":error={errno}")),
            (0..=i64::MAX).prop_map(|value| format!(":retval={value}")),
        ];
        let delay = |key| {
            prop_oneof![
                Just(String::new()),
                (1..3_600_000_000_000_u64).prop_map(move |ns| format!(":{key}={ns}ns"))
            ]
        };
        let when =
            (1..u64::MAX / 2, proptest::option::of(0..u64::MAX / 2), proptest::option::of(1..u64::MAX))
                .prop_map(|(first, more, step)| {
                    let last = more.map_or(String::new(), |more| format!("..{}", first + more));
                    let step = step.map_or(String::new(), |step| format!("+{step}"));
                    format!(":when={first}{last}{step}")
                });
        let rate = proptest::option::of(f64::MIN_POSITIVE..=1.0)
            .prop_map(|rate| rate.map_or(String::new(), |r| format!(":rate={r}")));
        (set, result, delay("delay_enter"), delay("delay_exit"), when, rate)
            .prop_map(|(set, result, enter, exit, when, rate)| {
                let nothing = result.is_empty() && enter.is_empty() && exit.is_empty();
                format!("{set}{result}{enter}{exit}{when}{rate}{}", if nothing { ":error=EIO" } else { "" })
            })
            // A result cannot be forced on rt_sigreturn, which is in every negated set here.
            .prop_map(|spec| {
                spec.replace("!futex", "!futex,rt_sigreturn").replace("!%file", "!%file,rt_sigreturn")
            })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_as_equal_rules(specs in proptest::collection::vec(any_spec(), 0..4)) {
            let plan = read(None, &specs.iter().map(String::as_str).collect::<Vec<_>>());
            let text = plan.to_toml();
            let again = read(Some(&text), &[]);
            prop_assert_eq!(&again, &plan, "{}", text);
            prop_assert_eq!(again.to_toml(), text);
        }
    }
}
