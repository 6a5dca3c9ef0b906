//! Plans and rules written out again.

use crate::effect::{Deed, Failure, Lie};
use crate::{Plan, Rule, When, poke};
use model::{Content, Errno, Sysno, Victim};
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
    if let Some(condition) = &rule.condition {
        text += &format!("where = {}\n", quoted(&condition.to_string()));
    }
    if rule.when != When::ALWAYS {
        text += &format!("when = \"{}\"\n", rule.when);
    }
    if let Some(rate) = rule.rate {
        // `{:?}` keeps the point that makes a TOML number a float.
        text += &format!("rate = {:?}\n", rate.share());
    }
    if let Some(burst) = rule.burst {
        text += &format!("burst = \"{burst}\"\n");
    }
    if let Some(limit) = rule.limit {
        text += &format!("limit = \"{limit}\"\n");
    }
    if rule.is_quiet {
        text += "quiet = true\n";
    }
    if let Some(persona) = &rule.persona {
        text += &format!("persona = {}\n", quoted(persona));
    }
    text + &format!("fault = {{ {} }}\n", actions(rule, Form::File).join(", "))
}

/// A TOML string with any content.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Where actions are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// In a plan file: `error = "EIO"`.
    File,
    /// In one line for people: `error=EIO`.
    Line,
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
        // An empty list would be a mistake; that none of these calls exists here is none.
        _ if calls.is_empty() => "calls = \"none\"".to_owned(),
        [line] => format!("calls = [{line}]"),
        lines => format!("calls = [\n    {},\n]", lines.join(",\n    ")),
    }
}

/// What happens, one `key=value` after the other.
fn actions(rule: &Rule, form: Form) -> Vec<String> {
    let mut actions = Vec::new();
    let mut say = |key: &str, value: Option<Value>| {
        actions.push(match (form, value) {
            (Form::File, Some(Value::Words(words))) => format!("{key} = {}", quoted(&words)),
            (Form::File, Some(Value::Number(number))) => format!("{key} = {number}"),
            (Form::File, None) => format!("{key} = true"),
            (Form::Line, Some(Value::Words(words) | Value::Number(words))) => {
                format!("{key}={}", legible(&words))
            }
            (Form::Line, None) => key.to_owned(),
        });
    };
    let words = |text: String| Some(Value::Words(text));
    let number = |number: &dyn ToString| Some(Value::Number(number.to_string()));
    let effect = &rule.effect;
    match &effect.deed {
        Deed::Execute => {}
        Deed::Fail(failure) => say("error", Some(error(*failure))),
        Deed::Return(value) => say("retval", number(value)),
        Deed::Lie(Lie::Failed(failure)) => say("lie", Some(error(*failure))),
        // With a sign in front it would be a difference.
        Deed::Lie(Lie::Returned(value)) if *value < 0 => say("lie", words(format!("{value:#x}"))),
        Deed::Lie(Lie::Returned(value)) => say("lie", words(value.to_string())),
        Deed::Lie(Lie::More(more)) => say("lie", words(format!("{more:+}"))),
        Deed::Short(bytes) => say("short", number(bytes)),
        Deed::Exhaust(resource, limit) => say(resource.key(), number(limit)),
        Deed::Kill(Victim::Thread) => say("kill", words("thread".to_owned())),
        Deed::Kill(Victim::Process) => say("kill", words("process".to_owned())),
        Deed::Kill(Victim::Trapped) => say("kill", words("trap".to_owned())),
        Deed::Content(Content::File(path)) => say("content", words(path.clone())),
        Deed::Content(Content::Text(text)) => say("text", words(text.clone())),
        Deed::Interrupt(signal) => say("interrupt", words(signal.to_string())),
        Deed::NotReady => say("not_ready", None),
    }
    if let Some(sysno) = effect.substitute {
        say("syscall", words(sysno.to_string()));
    }
    for (arg, value) in &effect.arguments {
        // TOML's numbers end at 2^63.
        say(&format!("arg{}", arg + 1), words(format!("{value:#x}")));
    }
    if let Some(signal) = effect.signal {
        say("signal", words(signal.to_string()));
    }
    for (key, pokes) in [("poke_enter", &effect.poke_enter), ("poke_exit", &effect.poke_exit)] {
        if !pokes.is_empty() {
            say(key, words(poke::written(pokes)));
        }
    }
    for (key, delay) in [("delay_enter", effect.delay_enter), ("delay_exit", effect.delay_exit)] {
        if let Some(delay) = delay {
            say(key, words(delay.to_string()));
        }
    }
    actions
}

/// A text for one line of a terminal: what would move the cursor is escaped, and nothing else.
fn legible(text: &str) -> String {
    let escaped = text.escape_debug().to_string();
    let mut legible = String::with_capacity(escaped.len());
    let mut rest = escaped.chars().peekable();
    while let Some(c) = rest.next() {
        match rest.peek() {
            Some(quoted @ ('\'' | '"' | '\\')) if c == '\\' => {
                legible.push(*quoted);
                rest.next();
            }
            _ => legible.push(c),
        }
    }
    legible
}

/// A value as a plan file has it.
enum Value {
    Words(String),
    Number(String),
}

fn error(failure: Failure) -> Value {
    match failure {
        Failure::Legal => Value::Words("legal".to_owned()),
        Failure::With(errno) => match Errno::name(errno) {
            Some(name) => Value::Words(name.to_owned()),
            None => Value::Number(errno.raw().to_string()),
        },
    }
}

/// The delay in the longest unit that leaves a whole number.
pub(crate) fn duration(delay: Duration) -> String {
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
    parts.extend(actions(rule, Form::Line));
    if rule.when != When::ALWAYS {
        parts.push(format!("when={}", rule.when));
    }
    parts.extend(rule.rate.map(|rate| format!("rate={rate}")));
    parts.extend(rule.burst.map(|burst| format!("burst={burst}")));
    parts.extend(rule.limit.map(|limit| format!("limit={limit}")));
    if rule.is_quiet {
        parts.push("quiet".to_owned());
    }
    parts.extend(rule.condition.as_ref().map(|condition| format!("where={condition}")));
    parts.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, any_spec};
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
        let odd = "openat:content=a'b\"c\\d";
        assert_eq!(read(None, &[odd]).rules[0].spec(), odd);
        assert_eq!(legible("a\u{1b}[2J\\n\n"), "a\\u{1b}[2J\\n\\n");
        let long = read(Some(&read(None, &["%file:error=EIO"]).to_toml()), &[]);
        assert!(long.rules[0].spec().ends_with(",…(55 more):error=EIO"), "{}", long.rules[0].spec());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn what_is_written_reads_back_as_equal_rules(specs in proptest::collection::vec(any_spec(), 0..4), text: String) {
            let mut plan = sample::plan(&specs);
            for rule in &mut plan.rules {
                // No `-e` can say every text.
                if let Deed::Content(Content::Text(content)) = &mut rule.effect.deed {
                    content.clone_from(&text);
                }
            }
            let text = plan.to_toml();
            let again = read(Some(&text), &[]);
            prop_assert_eq!(&again, &plan, "{}", text);
            prop_assert_eq!(again.to_toml(), text);
        }

        #[test]
        fn a_spec_that_is_not_cut_reads_back_as_an_equal_rule(spec in any_spec()) {
            for rule in sample::plan(&[spec]).rules {
                let spec = rule.spec();
                let is_legible = !format!("{:?}", rule.effect.deed).contains('\\');
                if !spec.contains('…') && !rule.calls.is_empty() && is_legible {
                    let mut again = sample::plan(&[&spec]).rules.remove(0);
                    again.name.clone_from(&rule.name);
                    prop_assert_eq!(again, rule, "{}", spec);
                }
            }
        }
    }
}
