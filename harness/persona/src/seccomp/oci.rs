//! Profiles of container engines: Docker's JSON, and the OCI runtime specification's, which is part of it.
//!
//! What a profile means is what runc makes of it with libseccomp: an unconditional rule for a call counts more than those
//! with arguments, of several such the first; arguments are ANDed, but those of one index twice are ORed; a rule that
//! says what the default says is none; and calls behind the newest that is named fail with ENOSYS.

use super::caps::Caps;
use super::filter::{Filter, Verdict};
use super::place::{Mistakes, shown};
use super::term::{Claim, Term};
use model::{Source, Sysno};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What a profile may ask of where it is used.
pub(super) struct Container<'a> {
    pub(super) caps: &'a Caps,
    pub(super) release: &'a str,
}

const ACTIONS: [&str; 8] = [
    "SCMP_ACT_ALLOW",
    "SCMP_ACT_LOG",
    "SCMP_ACT_ERRNO",
    "SCMP_ACT_TRACE",
    "SCMP_ACT_TRAP",
    "SCMP_ACT_KILL",
    "SCMP_ACT_KILL_THREAD",
    "SCMP_ACT_KILL_PROCESS",
];

type Object = Map<String, Value>;

/// Reads a profile; what is wrong with it is among the mistakes.
pub(super) fn read(source: &Source, container: &Container<'_>, mistakes: &mut Mistakes) -> Option<Filter> {
    let root: Value = match serde_json::from_str(source.text.trim_start_matches('\u{feff}')) {
        Ok(root) => root,
        Err(error) => {
            let start = offset(&source.text, error.line(), error.column());
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            mistakes.push(start..start, format!("this is not JSON: {message}"));
            return None;
        }
    };
    // A container's whole configuration has it further in.
    let inner = root.get("linux").and_then(|linux| linux.get("seccomp"));
    let Some(profile) = inner.unwrap_or(&root).as_object() else {
        mistakes.push(0..0, "a profile is an object");
        return None;
    };
    // Without one, what else is wrong is told all the same.
    let (default, default_word) = default(profile, mistakes).unwrap_or((Verdict::Allow, ""));
    let mut reader = Reader {
        container,
        mistakes,
        default: (default_word, default),
        named: None,
        settled: BTreeSet::new(),
    };
    reader.architectures(profile);
    let mut filter = Filter::new(default);
    let rules = list(profile, "syscalls", reader.mistakes);
    let mut unknown = BTreeSet::new();
    let mut is_logged = default_word == "SCMP_ACT_LOG";
    for rule in rules {
        let Some(rule) = rule.as_object() else {
            reader.mistakes.at("\"syscalls\"", "a rule in `syscalls` is an object");
            continue;
        };
        is_logged |= rule.get("action").and_then(Value::as_str) == Some("SCMP_ACT_LOG");
        reader.rule(rule, &mut filter, &mut unknown);
    }
    let is_lenient = matches!(default_word, "SCMP_ACT_ALLOW" | "SCMP_ACT_LOG" | "SCMP_ACT_TRACE");
    if !is_lenient {
        filter.newest = reader.named;
    }
    if is_logged {
        filter
            .remarks
            .push("calls that are to be logged are allowed, and nothing is written to a log".to_owned());
    }
    if !unknown.is_empty() {
        let some: Vec<String> = unknown.iter().take(5).map(|name| shown(name)).collect();
        let more = if unknown.len() > some.len() { ", …" } else { "" };
        filter.remarks.push(format!(
            "{} names are no system calls of x86-64 that this build knows, and are ignored: {}{more}",
            unknown.len(),
            some.join(", ")
        ));
    }
    Some(filter)
}

fn default<'p>(profile: &'p Object, mistakes: &mut Mistakes) -> Option<(Verdict, &'p str)> {
    let Some(word) = profile.get("defaultAction").and_then(Value::as_str) else {
        let message = "`defaultAction` is missing, or is no text";
        mistakes.at("\"defaultAction\"", message);
        return None;
    };
    let errno = number(profile, "defaultErrnoRet", mistakes);
    Some((verdict(word, errno, mistakes)?, word))
}

struct Reader<'a> {
    container: &'a Container<'a>,
    mistakes: &'a mut Mistakes,
    default: (&'a str, Verdict),
    /// The newest call that a rule names.
    named: Option<Sysno>,
    /// Calls with a rule that has no arguments: nothing more is said of them.
    settled: BTreeSet<Sysno>,
}

impl Reader<'_> {
    fn architectures(&mut self, profile: &Object) {
        for one in list(profile, "architectures", self.mistakes) {
            if !one.as_str().is_some_and(|name| name.starts_with("SCMP_ARCH_")) {
                let words = shown(&one.to_string());
                self.mistakes.at(&words, format!("{words} is no architecture"));
            }
        }
    }

    fn rule(&mut self, rule: &Object, filter: &mut Filter, unknown: &mut BTreeSet<String>) {
        let errno = number(rule, "errnoRet", self.mistakes);
        let verdict = match rule.get("action").and_then(Value::as_str) {
            Some(word) => verdict(word, errno, self.mistakes).map(|verdict| (word, verdict)),
            None => {
                self.mistakes
                    .at("\"syscalls\"", "a rule in `syscalls` has no `action`, or one that is no text");
                None
            }
        };
        let mut names: Vec<&Value> = list(rule, "names", self.mistakes).collect();
        names.extend(rule.get("name").filter(|name| !name.is_null() && name.as_str() != Some("")));
        if names.is_empty() {
            self.mistakes.at("\"syscalls\"", "a rule in `syscalls` names no system call");
        }
        let has_args = list(rule, "args", self.mistakes).next().is_some();
        let terms = self.terms(rule);
        let is_used = self.is_used(rule);
        let (Some((word, verdict)), Some(terms), Some(true)) = (verdict, terms, is_used) else { return };
        for name in names {
            let Some(name) = name.as_str() else {
                let words = shown(&name.to_string());
                self.mistakes.at(&words, format!("the name of a system call is text, not {words}"));
                continue;
            };
            let Some(sysno) = Sysno::from_name(name) else {
                unknown.insert(name.to_owned());
                continue;
            };
            self.named = self.named.max(Some(sysno));
            if (word, verdict) == self.default {
                continue;
            }
            if self.settled.contains(&sysno) {
                continue;
            }
            let clauses = filter.clauses.entry(sysno).or_default();
            // Arguments of which anything will do are arguments all the same.
            if !has_args {
                self.settled.insert(sysno);
                clauses.clear();
            }
            clauses.extend(terms.iter().map(|term| (*term, verdict)));
        }
    }

    /// What a rule's `args` say, as alternatives; none if they are wrong.
    fn terms(&mut self, rule: &Object) -> Option<Vec<Term>> {
        let args: Vec<&Value> = list(rule, "args", self.mistakes).collect();
        let expected = args.len();
        let mut claims = Vec::new();
        for arg in args {
            claims.extend(self.claim(arg));
        }
        if claims.len() != expected {
            return None;
        }
        let mut indices = BTreeSet::new();
        let is_twice = claims.iter().any(|(index, _)| !indices.insert(*index));
        let with = |terms: &[Term], (index, claims): &(usize, Vec<Claim>)| -> Vec<Term> {
            terms
                .iter()
                .flat_map(|term| claims.iter().filter_map(|claim| term.with(*index, *claim)))
                .collect()
        };
        let start = [Term::ALWAYS];
        Some(if is_twice {
            claims.iter().flat_map(|claim| with(&start, claim)).collect()
        } else {
            claims.iter().fold(start.to_vec(), |terms, claim| with(&terms, claim))
        })
    }

    /// The argument, and the alternatives for it: none where no number will do.
    fn claim(&mut self, arg: &Value) -> Option<(usize, Vec<Claim>)> {
        let Some(arg) = arg.as_object() else {
            self.mistakes.at("\"args\"", "what stands in `args` is an object");
            return None;
        };
        let index = number(arg, "index", self.mistakes).unwrap_or(0);
        let value = number(arg, "value", self.mistakes).unwrap_or(0);
        let second = number(arg, "valueTwo", self.mistakes).unwrap_or(0);
        let Some(index) = usize::try_from(index).ok().filter(|index| *index < 6) else {
            self.mistakes.at("\"index\"", format!("a system call has no argument {index}: they are 0 to 5"));
            return None;
        };
        let word = arg.get("op").and_then(Value::as_str).unwrap_or_default();
        let below = value.checked_sub(1).and_then(|to| Claim::range(0, to));
        let above = value.checked_add(1).and_then(|from| Claim::range(from, u64::MAX));
        let claims = match word {
            "SCMP_CMP_EQ" => Claim::range(value, value).into_iter().collect(),
            "SCMP_CMP_NE" => below.into_iter().chain(above).collect(),
            "SCMP_CMP_LT" => below.into_iter().collect(),
            "SCMP_CMP_LE" => Claim::range(0, value).into_iter().collect(),
            "SCMP_CMP_GE" => Claim::range(value, u64::MAX).into_iter().collect(),
            "SCMP_CMP_GT" => above.into_iter().collect(),
            "SCMP_CMP_MASKED_EQ" => vec![Claim::masked(value, second)],
            word => {
                let words = shown(word);
                let message = format!("`{words}` is no comparison of a profile");
                let help = "there are SCMP_CMP_EQ, _NE, _LT, _LE, _GT, _GE and _MASKED_EQ";
                self.mistakes.at_with_help(word, message, help);
                return None;
            }
        };
        Some((index, claims))
    }

    /// Whether `includes` and `excludes` let a rule be; none if they are wrong.
    fn is_used(&mut self, rule: &Object) -> Option<bool> {
        let empty = Object::new();
        let mut part = |key: &str| match rule.get(key) {
            None | Some(Value::Null) => Some(empty.clone()),
            Some(Value::Object(part)) => Some(part.clone()),
            Some(_) => {
                self.mistakes.at(&format!("\"{key}\""), format!("`{key}` is an object"));
                None
            }
        };
        let (includes, excludes) = (part("includes")?, part("excludes")?);
        let has = |cap: &&str| {
            let bare = cap.strip_prefix("CAP_").unwrap_or(cap);
            self.container.caps.contains(bare)
        };
        let caps = |part: &Object, mistakes: &mut Mistakes| texts(part, "caps", mistakes);
        let (with, without) = (caps(&includes, self.mistakes), caps(&excludes, self.mistakes));
        let arches = texts(&includes, "arches", self.mistakes);
        let barred = texts(&excludes, "arches", self.mistakes);
        let newer = newer_kernel(&includes, self.container.release, self.mistakes)?;
        let too_new = newer_kernel(&excludes, self.container.release, self.mistakes)?;
        Some(
            with.iter().map(String::as_str).all(|cap| has(&cap))
                && !without.iter().map(String::as_str).any(|cap| has(&cap))
                && (arches.is_empty() || arches.iter().any(|arch| arch == "amd64"))
                && !barred.iter().any(|arch| arch == "amd64")
                && newer.unwrap_or(true)
                && !too_new.unwrap_or(false),
        )
    }
}

/// Whether the kernel is at least `minKernel`, where that is given; none if it is wrong.
fn newer_kernel(part: &Object, release: &str, mistakes: &mut Mistakes) -> Option<Option<bool>> {
    let word = match part.get("minKernel") {
        None | Some(Value::Null) => return Some(None),
        Some(word) => word.as_str().unwrap_or_default(),
    };
    if word.is_empty() && part.get("minKernel").is_some_and(Value::is_string) {
        return Some(None);
    }
    let Some(least) = version(word) else {
        mistakes.at("\"minKernel\"", format!("`{}` is no kernel version such as `4.8`", shown(word)));
        return None;
    };
    // A release that tells no version is taken for a new one.
    Some(Some(version(release).is_none_or(|release| release >= least)))
}

/// The first two numbers.
fn version(text: &str) -> Option<(u32, u32)> {
    let (major, rest) = text.split_once('.')?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    Some((major.parse().ok()?, rest[..end].parse().ok()?))
}

fn verdict(word: &str, errno: Option<u64>, mistakes: &mut Mistakes) -> Option<Verdict> {
    Some(match word {
        "SCMP_ACT_ALLOW" | "SCMP_ACT_LOG" => Verdict::Allow,
        "SCMP_ACT_ERRNO" => {
            let number = errno.unwrap_or(1);
            if number == 0 {
                mistakes.at("rrnoRet\": 0", "error 0 is success without the call, which no rule can say");
                return None;
            }
            // Kernel: __seccomp_filter in kernel/seccomp.c: more than MAX_ERRNO is MAX_ERRNO.
            Verdict::Fail(i32::try_from(number.min(4095)).unwrap_or(4095))
        }
        // Without a tracer, seccomp(2).
        "SCMP_ACT_TRACE" => Verdict::Fail(model::Errno::ENOSYS.raw()),
        "SCMP_ACT_TRAP" => Verdict::Trap,
        "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => Verdict::KillThread,
        "SCMP_ACT_KILL_PROCESS" => Verdict::KillProcess,
        "SCMP_ACT_NOTIFY" => {
            let message = "`SCMP_ACT_NOTIFY` asks a program that is not here what becomes of a call";
            mistakes.at_with_help(word, message, "write `SCMP_ACT_ERRNO`, if a refusal serves as well");
            return None;
        }
        word => {
            let near = model::nearest(word, ACTIONS).map(|near| format!("did you mean `{near}`?"));
            let help = near.unwrap_or_else(|| format!("there are {}", ACTIONS.join(", ")));
            mistakes.at_with_help(word, format!("`{}` is no action of a profile", shown(word)), &help);
            return None;
        }
    })
}

/// A list that may be missing or null.
fn list<'o>(
    object: &'o Object,
    key: &str,
    mistakes: &mut Mistakes,
) -> impl Iterator<Item = &'o Value> + use<'o> {
    let items = match object.get(key) {
        None | Some(Value::Null) => &[][..],
        Some(Value::Array(items)) => items.as_slice(),
        Some(_) => {
            mistakes.at(&format!("\"{key}\""), format!("`{key}` is a list"));
            &[][..]
        }
    };
    items.iter()
}

fn texts(object: &Object, key: &str, mistakes: &mut Mistakes) -> Vec<String> {
    let items: Vec<&Value> = list(object, key, mistakes).collect();
    if items.iter().any(|item| !item.is_string()) {
        mistakes.at(&format!("\"{key}\""), format!("`{key}` is a list of texts"));
    }
    items.into_iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A number that may be missing or null.
fn number(object: &Object, key: &str, mistakes: &mut Mistakes) -> Option<u64> {
    let value = object.get(key).filter(|value| !value.is_null())?;
    let number = value.as_u64();
    if number.is_none() {
        let message =
            format!("`{key}` is a whole number of at most 64 bits, not {}", shown(&value.to_string()));
        mistakes.at(&format!("\"{key}\""), message);
    }
    number
}

/// Where a line and column are, both counted from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let at = (start + column.saturating_sub(1)).min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
