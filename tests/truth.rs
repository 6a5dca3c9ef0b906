//! What Go's runtime says of a call, against what duress says of it.
//!
//! The first comes from `scenarios/call-sites`, as lines of JSON: its package `mark` says what they mean. The second comes
//! from a run's journal. Nothing here starts anything or reads a file.

use journal::Entry;
use model::{Caller, Code, Frame, Goroutine, GoroutineNumber, Site, SiteNumber};
use serde_json::Value;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// What the runtime says of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Truth {
    /// The number that is among the call's arguments.
    pub(crate) mark: u64,
    /// The system call's name.
    pub(crate) call: String,
    /// In which way it is made.
    pub(crate) what: String,
    /// What lies between the call and the innermost of the steps.
    pub(crate) leaf: Leaf,
    /// The call path, innermost first, without the wrappers that the compiler makes.
    pub(crate) steps: Vec<Step>,
    /// The goroutine.
    pub(crate) goroutine: u64,
    /// Who started it, where the runtime says so.
    pub(crate) creator: Option<Creator>,
    /// The test that it belongs to.
    pub(crate) test: Test,
}

/// A function, and the line in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) function: String,
    pub(crate) file: String,
    pub(crate) line: u32,
}

/// A `go` statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Creator {
    pub(crate) step: Step,
    /// The goroutine that it was in; none where the runtime does not say, as before Go 1.21.
    pub(crate) goroutine: Option<u64>,
}

/// What lies between a system call and the function that marked it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf {
    /// Package syscall, and what it is made of.
    Exact,
    /// Other packages.
    Below,
    /// C.
    Foreign,
}

/// The test that a call belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Test {
    /// This is no test binary, or the call is no test's.
    None,
    /// The test's own goroutine makes it, or one that it started and that can be followed to it.
    Own(String),
    /// It can be found out or not; another test it must not be.
    Loose(String),
}

/// Something that is not as the runtime says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mismatch {
    /// The call is not in the journal, or more than once.
    Calls { times: usize },
    /// Nothing is known of its caller.
    NoCaller,
    /// The first place, from outside, where the paths differ; none stands for their inner end.
    Step { at: usize, truth: Option<Step>, seen: Option<Step> },
    /// What lies between the call and the path is not what may lie there.
    Leaf { leaf: Leaf, seen: Vec<String> },
    /// The path is said to be cut.
    NotWhole,
    /// It is another goroutine.
    Goroutine { truth: u64, seen: Option<u64> },
    /// It was started elsewhere.
    Creator { truth: Option<Step>, seen: Option<Step> },
    /// It was started by another goroutine.
    Parent { truth: Option<u64>, seen: Option<u64> },
    /// It belongs to another test.
    Test { truth: Test, seen: Option<String> },
}

impl Truth {
    /// One line of what `scenarios/call-sites` writes; none where it has another form.
    pub(crate) fn parse(line: &str) -> Option<Truth> {
        let value: Value = serde_json::from_str(line).ok()?;
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        let leaf = match value["leaf"].as_str()? {
            "exact" => Leaf::Exact,
            "below" => Leaf::Below,
            "foreign" => Leaf::Foreign,
            _ => return None,
        };
        let creator = match &value["creator"] {
            Value::Null => None,
            creator => Some(Creator {
                step: Step::parse(creator)?,
                goroutine: Some(creator["goroutine"].as_u64()?).filter(|number| *number != 0),
            }),
        };
        let steps: Option<Vec<Step>> = value["frames"].as_array()?.iter().map(Step::parse).collect();
        let mut truth = Truth {
            mark: value["mark"].as_u64()?,
            call: text("call")?,
            what: text("what")?,
            leaf,
            steps: steps?,
            goroutine: value["goroutine"].as_u64()?,
            creator,
            test: Test::None,
        };
        truth.test = match (value["ties"].as_str(), text("test")) {
            (None | Some("none"), None) => Test::None,
            (Some("own"), Some(test)) if truth.can_be_followed() => Test::Own(test),
            (Some("own" | "loose"), Some(test)) => Test::Loose(test),
            (_, _) => return None,
        };
        Some(truth)
    }

    /// Whether its goroutine is known to be a test's own, or by which it was started.
    ///
    /// # Go
    /// Before Go 1.21 a goroutine does not know its parent (runtime/runtime2.go, `parentGoid`).
    fn can_be_followed(&self) -> bool {
        let runners = ["testing.tRunner", "testing.fRunner", "testing.(*B).run1", "testing.(*B).launch"];
        let outermost = self.steps.iter().rev().find(|step| step.function != GOEXIT);
        let is_own = outermost.is_some_and(|step| runners.iter().any(|name| step.function.starts_with(name)));
        is_own || self.creator.as_ref().is_some_and(|creator| creator.goroutine.is_some())
    }
}

impl Step {
    fn parse(value: &Value) -> Option<Step> {
        Some(Step {
            function: value["function"].as_str()?.to_owned(),
            file: value["file"].as_str()?.to_owned(),
            line: value["line"].as_u64()?.try_into().ok()?,
        })
    }

    fn of(frame: &Frame) -> Step {
        Step { function: frame.function.to_string(), file: frame.file.to_string(), line: frame.line }
    }
}

/// What every goroutine's first function returns to; the runtime shows it, and people do not miss it.
const GOEXIT: &str = "runtime.goexit";

/// What is wrong with what was seen of a call; nothing, if all is as the runtime says.
pub(crate) fn compare(truth: &Truth, seen: Option<&Caller>) -> Vec<Mismatch> {
    let Some(seen) = seen else { return vec![Mismatch::NoCaller] };
    let mut wrong = Vec::new();
    match inside(&truth.steps, &seen.site.frames) {
        Ok(rest) if is_right(truth.leaf, rest) => {}
        Ok(rest) => {
            let seen = rest.iter().map(|frame| frame.function.to_string()).collect();
            wrong.push(Mismatch::Leaf { leaf: truth.leaf, seen });
        }
        Err(mismatch) => wrong.push(mismatch),
    }
    if !seen.site.is_whole {
        wrong.push(Mismatch::NotWhole);
    }
    let goroutine = seen.goroutine.as_deref();
    let id = goroutine.map(|goroutine| goroutine.id);
    if id != Some(truth.goroutine) {
        wrong.push(Mismatch::Goroutine { truth: truth.goroutine, seen: id });
    }
    wrong.extend(goroutine.into_iter().flat_map(|goroutine| compare_origin(truth, goroutine)));
    let test = seen.test();
    let is_right = match &truth.test {
        Test::None => test.is_none(),
        Test::Own(name) => test == Some(name),
        // Of a subtest's call at least, or at most, the test may be known.
        Test::Loose(name) => test.is_none_or(|test| name.strip_prefix(test).is_some_and(is_end)),
    };
    if !is_right {
        wrong.push(Mismatch::Test { truth: truth.test.clone(), seen: test.map(str::to_owned) });
    }
    wrong
}

/// Whether this is what follows a whole part of a test's name.
fn is_end(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}

/// What is wrong with where a goroutine is said to come from.
fn compare_origin(truth: &Truth, seen: &Goroutine) -> Vec<Mismatch> {
    let mut wrong = Vec::new();
    let (step, parent) = (seen.creator.as_ref().map(Step::of), seen.parent.filter(|parent| *parent != 0));
    let Some(creator) = &truth.creator else {
        // The runtime hides what it starts itself. The first goroutine has nobody who started it.
        if truth.goroutine == 1 && step.is_some() {
            wrong.push(Mismatch::Creator { truth: None, seen: step });
        }
        return wrong;
    };
    if step.as_ref() != Some(&creator.step) {
        wrong.push(Mismatch::Creator { truth: Some(creator.step.clone()), seen: step });
    }
    if parent != creator.goroutine {
        wrong.push(Mismatch::Parent { truth: creator.goroutine, seen: parent });
    }
    wrong
}

/// Follows both paths from outside to the innermost step that the runtime knows; what is inside of it is left.
fn inside<'f>(steps: &[Step], frames: &'f [Frame]) -> Result<&'f [Frame], Mismatch> {
    let is_goexit = |function: Option<&str>| function == Some(GOEXIT);
    let steps = match steps.split_last() {
        Some((last, rest))
            if is_goexit(Some(&last.function)) && !is_goexit(frames.last().map(|frame| &*frame.function)) =>
        {
            rest
        }
        _ => steps,
    };
    let mut rest = frames;
    for (at, truth) in steps.iter().enumerate().rev() {
        loop {
            let Some((frame, inner)) = rest.split_last() else {
                return Err(Mismatch::Step { at, truth: Some(truth.clone()), seen: None });
            };
            let step = Step::of(frame);
            if step == *truth {
                rest = inner;
                break;
            }
            if !is_between(frame) {
                return Err(Mismatch::Step { at, truth: Some(truth.clone()), seen: Some(step) });
            }
            rest = inner;
        }
    }
    Ok(rest)
}

/// Whether this may be seen where the runtime shows nothing: C, and what the compiler and the assembler call wrappers.
///
/// # Go
/// runtime/traceback.go, `elideWrapperCalling`. Wrappers for arguments are `f.deferwrap1` and `f.gowrap1` since Go 1.22;
/// before, they are called like closures, and only hidden ones are taken for them.
fn is_between(frame: &Frame) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let numbered = |name: &str| {
        let last = frame.function.rsplit('.').next().unwrap_or_default();
        last.strip_prefix(name).is_some_and(digits)
    };
    let is_foreign = frame.code == Code::Foreign;
    let is_generated = &*frame.file == "<autogenerated>"
        || frame.function.strip_prefix("runtime.call").is_some_and(digits)
        || ["reflect.makeFuncStub", "reflect.methodValueCall"].contains(&&*frame.function)
        || ["deferwrap", "gowrap"].into_iter().any(numbered);
    is_foreign || is_generated || !frame.is_shown && ["func", ""].into_iter().any(numbered)
}

/// Whether this may lie between the call and the path.
fn is_right(leaf: Leaf, rest: &[Frame]) -> bool {
    let is_syscall = |frame: &Frame| {
        let package = frame.package();
        package == "syscall" || package.contains("runtime/") && package.contains("/syscall")
    };
    let is_foreign = |frame: &Frame| frame.code == Code::Foreign;
    match leaf {
        Leaf::Exact => !rest.is_empty() && rest.iter().all(is_syscall),
        Leaf::Below => rest.first().is_some_and(is_syscall) && !rest.iter().any(is_foreign),
        Leaf::Foreign => rest.first().is_some_and(is_foreign),
    }
}

/// Each call that is known to have been made, and who made it according to the journal: once, unless something is wrong.
pub(crate) fn join<'t>(
    truths: &'t [Truth],
    entries: impl Iterator<Item = Entry<'static>>,
) -> Vec<(&'t Truth, Vec<Option<Caller>>)> {
    let mut sites: HashMap<SiteNumber, Arc<Site>> = HashMap::new();
    let mut goroutines: HashMap<GoroutineNumber, Arc<Goroutine>> = HashMap::new();
    let mut calls: HashMap<(String, u64), Vec<Option<Caller>>> = HashMap::new();
    // Its arguments are addresses: the n-th of those that were made is the n-th of those that were seen.
    let mut execve = truths.iter().filter(|truth| truth.call == "execve").map(|truth| truth.mark);
    for entry in entries {
        match entry {
            Entry::Site { number, site, .. } => drop(sites.insert(number, Arc::new(site.into_owned()))),
            Entry::Goroutine { number, goroutine, .. } => {
                goroutines.insert(number, Arc::new(goroutine.into_owned()));
            }
            Entry::Decided { sysno, args, caller, .. } if !args.is_empty() => {
                let caller = caller.and_then(|numbers| {
                    let goroutine = match numbers.goroutine {
                        Some(number) => Some(goroutines.get(&number)?.clone()),
                        None => None,
                    };
                    Some(Caller { site: sites.get(&numbers.site)?.clone(), goroutine })
                });
                let call = sysno.to_string();
                if let Some(mark) = if call == "execve" { execve.next() } else { mark_of(&call, &args) } {
                    calls.entry((call, mark)).or_default().push(caller);
                }
            }
            _ => {}
        }
    }
    let found =
        |truth: &'t Truth| (truth, calls.remove(&(truth.call.clone(), truth.mark)).unwrap_or_default());
    truths.iter().map(found).collect()
}

/// The argument that is the mark. Others may hold the mark of a call before: C leaves in a register what was there.
fn mark_of(call: &str, args: &[u64]) -> Option<u64> {
    let place = match call {
        "getpgid" => 0,
        "truncate" | "ftruncate" | "fchown" | "lseek" => 1,
        "pread64" | "pwrite64" => 3,
        _ => return None,
    };
    args.get(place).copied()
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}:{})", self.function, self.file, self.line)
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// What is there, or that nothing is.
        fn or<T: fmt::Display>(value: Option<&T>, nothing: &str) -> String {
            value.map_or_else(|| nothing.to_owned(), ToString::to_string)
        }
        match self {
            Mismatch::Calls { times } => write!(f, "the call is in the journal {times} times"),
            Mismatch::NoCaller => f.write_str("nothing is known of its caller"),
            Mismatch::Step { at, truth, seen } => write!(
                f,
                "step {at} is {}, and {} was seen",
                or(truth.as_ref(), "none"),
                or(seen.as_ref(), "the end of the path")
            ),
            Mismatch::Leaf { leaf, seen } => write!(f, "between path and call ({leaf:?}) lies {seen:?}"),
            Mismatch::NotWhole => f.write_str("the path is said to be cut"),
            Mismatch::Goroutine { truth, seen } => {
                write!(f, "it is goroutine {truth}, and {} was seen", or(seen.as_ref(), "none"))
            }
            Mismatch::Creator { truth, seen } => write!(
                f,
                "its goroutine was started by {}, and {} was seen",
                or(truth.as_ref(), "nobody"),
                or(seen.as_ref(), "nobody")
            ),
            Mismatch::Parent { truth, seen } => write!(
                f,
                "its goroutine was started in goroutine {}, and {} was seen",
                or(truth.as_ref(), "none"),
                or(seen.as_ref(), "none")
            ),
            Mismatch::Test { truth, seen } => {
                write!(f, "its test is {truth:?}, and {} was seen", or(seen.as_ref(), "none"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use journal::CallerNumbers;
    use model::{CallSeq, Decision, Nanos, SubjectId, Sysno, Tid};

    const LINE: &str = r#"{"mark":1000010,"call":"getpgid","what":"inlined","leaf":"exact","frames":[
        {"function":"example.com/x/mark.Call","file":"/x/mark.go","line":7},
        {"function":"main.inlined","file":"/x/main.go","line":12},
        {"function":"main.start.func1","file":"/x/main.go","line":20},
        {"function":"runtime.goexit","file":"/go/asm_amd64.s","line":1771}],
        "goroutine":7,"creator":{"function":"main.start","file":"/x/main.go","line":19,"goroutine":1},
        "test":"TestX/sub","ties":"own"}"#;

    fn truth() -> Truth {
        Truth::parse(&LINE.replace('\n', "")).expect("the line is well formed")
    }

    fn frame(step: &Step, code: Code, is_shown: bool) -> Frame {
        Frame {
            function: step.function.as_str().into(),
            file: step.file.as_str().into(),
            line: step.line,
            code,
            is_shown,
        }
    }

    fn hidden(function: &str, file: &str, code: Code) -> Frame {
        frame(&Step { function: function.into(), file: file.into(), line: 1 }, code, false)
    }

    /// What duress says if it is right.
    fn right(truth: &Truth) -> Caller {
        let mut frames = vec![
            hidden("internal/runtime/syscall.Syscall6", "/go/asm_linux_amd64.s", Code::Standard),
            hidden("syscall.RawSyscall6", "/go/syscall_linux.go", Code::Standard),
        ];
        frames.extend(truth.steps.iter().map(|step| frame(step, Code::User, true)));
        let goroutine = Goroutine {
            id: 7,
            parent: Some(1),
            creator: truth.creator.as_ref().map(|creator| frame(&creator.step, Code::User, true)),
            entry: None,
            test: Some("TestX/sub".into()),
        };
        Caller { site: Arc::new(Site { frames, is_whole: true }), goroutine: Some(Arc::new(goroutine)) }
    }

    fn with_site(change: impl FnOnce(&mut Site)) -> Vec<Mismatch> {
        let mut caller = right(&truth());
        change(Arc::make_mut(&mut caller.site));
        compare(&truth(), Some(&caller))
    }

    fn with_goroutine(change: impl FnOnce(&mut Goroutine)) -> Vec<Mismatch> {
        let mut caller = right(&truth());
        change(Arc::make_mut(caller.goroutine.as_mut().expect("it has one")));
        compare(&truth(), Some(&caller))
    }

    #[test]
    fn what_the_runtime_says_is_right() {
        assert_eq!(compare(&truth(), Some(&right(&truth()))), []);
        let without_goexit = |site: &mut Site| drop(site.frames.pop());
        assert_eq!(with_site(without_goexit), []);
        assert_eq!(compare(&truth(), None), [Mismatch::NoCaller]);
    }

    #[test]
    fn frames_that_the_runtime_does_not_show_may_be_seen() {
        for (function, file, code) in [
            ("main.(*T).call", "<autogenerated>", Code::User),
            ("main.start.gowrap1", "/x/main.go", Code::User),
            ("main.start.func2", "/x/main.go", Code::User),
            ("runtime.call32", "/go/asm_amd64.s", Code::Standard),
            ("<C>", "", Code::Foreign),
        ] {
            let found = with_site(|site| site.frames.insert(4, hidden(function, file, code)));
            assert_eq!(found, [], "{function}");
        }
        for function in ["main.other", "runtime.callers", "runtime.gopanic"] {
            let found = with_site(|site| site.frames.insert(4, hidden(function, "/x", Code::User)));
            assert!(matches!(found[..], [Mismatch::Step { at: 1, .. }]), "{function}: {found:?}");
        }
    }

    #[test]
    fn a_wrong_step_is_found() {
        let [mark, inlined, start, _] = &truth().steps[..] else { panic!("there are four") };
        let step = |at: usize, truth: &Step, seen: Step| {
            vec![Mismatch::Step { at, truth: Some(truth.clone()), seen: Some(seen) }]
        };
        let line = |site: &mut Site| site.frames[3].line = 13;
        assert_eq!(with_site(line), step(1, inlined, Step { line: 13, ..inlined.clone() }));
        let file = |site: &mut Site| site.frames[2].file = "/y/mark.go".into();
        assert_eq!(with_site(file), step(0, mark, Step { file: "/y/mark.go".into(), ..mark.clone() }));
        let function = |site: &mut Site| site.frames[4].function = "main.start".into();
        assert_eq!(
            with_site(function),
            step(2, start, Step { function: "main.start".into(), ..start.clone() })
        );
        let inlined_is_missing = |site: &mut Site| drop(site.frames.remove(3));
        assert_eq!(with_site(inlined_is_missing), step(1, inlined, mark.clone()));
        let innermost_is_missing = |site: &mut Site| drop(site.frames.remove(2));
        assert!(matches!(with_site(innermost_is_missing)[..], [Mismatch::Step { at: 0, .. }]));
        let nothing = |site: &mut Site| site.frames.clear();
        assert!(matches!(with_site(nothing)[..], [Mismatch::Step { at: 2, seen: None, .. }]));
        assert_eq!(with_site(|site| site.is_whole = false), [Mismatch::NotWhole]);
    }

    #[test]
    fn what_lies_between_path_and_call_is_told_apart() {
        let leaves = |change: fn(&mut Site)| {
            [Leaf::Exact, Leaf::Below, Leaf::Foreign].map(|leaf| {
                let truth = Truth { leaf, ..truth() };
                let mut caller = right(&truth);
                change(Arc::make_mut(&mut caller.site));
                compare(&truth, Some(&caller)).is_empty()
            })
        };
        assert_eq!(leaves(|_| {}), [true, true, false]);
        let library = |site: &mut Site| site.frames.insert(2, hidden("os.Open", "/go/os.go", Code::Standard));
        assert_eq!(leaves(library), [false, true, false]);
        let foreign = |site: &mut Site| site.frames[0] = hidden("<C>", "", Code::Foreign);
        assert_eq!(leaves(foreign), [false, false, true]);
        assert_eq!(leaves(|site| drop(site.frames.drain(..2))), [false; 3]);
    }

    #[test]
    fn a_wrong_goroutine_is_found() {
        let other = Mismatch::Goroutine { truth: 7, seen: Some(8) };
        assert_eq!(with_goroutine(|goroutine| goroutine.id = 8), [other]);
        let parent = Mismatch::Parent { truth: Some(1), seen: Some(3) };
        assert_eq!(with_goroutine(|goroutine| goroutine.parent = Some(3)), [parent]);
        let found = with_goroutine(|goroutine| goroutine.creator.as_mut().expect("it has one").line = 18);
        assert!(matches!(found[..], [Mismatch::Creator { .. }]), "{found:?}");
        let found = with_goroutine(|goroutine| goroutine.creator = None);
        assert!(matches!(found[..], [Mismatch::Creator { seen: None, .. }]), "{found:?}");

        let without = Caller { goroutine: None, ..right(&truth()) };
        let found = compare(&truth(), Some(&without));
        assert!(matches!(
            found[..],
            [Mismatch::Goroutine { seen: None, .. }, Mismatch::Test { seen: None, .. }]
        ));

        // Before Go 1.21 nobody knows.
        let mut old = truth();
        old.creator.as_mut().expect("it has one").goroutine = None;
        assert_eq!(compare(&old, Some(&right(&truth()))), [Mismatch::Parent { truth: None, seen: Some(1) }]);
        // The first was started by nobody.
        let first = Truth { goroutine: 1, creator: None, ..truth() };
        let mut caller = right(&first);
        Arc::make_mut(caller.goroutine.as_mut().expect("it has one")).id = 1;
        assert_eq!(compare(&first, Some(&caller)), []);
        let creator = Some(frame(&truth().steps[0], Code::User, true));
        Arc::make_mut(caller.goroutine.as_mut().expect("it has one")).creator = creator;
        assert!(matches!(compare(&first, Some(&caller))[..], [Mismatch::Creator { truth: None, .. }]));
    }

    #[test]
    fn a_wrong_test_is_found() {
        let check = |test: Test, accepted: [bool; 5]| {
            let seen = [None, Some("TestX"), Some("TestX/sub"), Some("TestX/s"), Some("TestY")];
            for (seen, is_accepted) in seen.into_iter().zip(accepted) {
                let mut caller = right(&truth());
                let goroutine = Arc::make_mut(caller.goroutine.as_mut().expect("it has one"));
                goroutine.test = seen.map(str::to_owned);
                let truth = Truth { test: test.clone(), ..truth() };
                let expected = Mismatch::Test { truth: test.clone(), seen: seen.map(str::to_owned) };
                let expected = if is_accepted { vec![] } else { vec![expected] };
                assert_eq!(compare(&truth, Some(&caller)), expected, "{test:?}, {seen:?}");
            }
        };
        check(Test::None, [true, false, false, false, false]);
        check(Test::Own("TestX/sub".into()), [false, false, true, false, false]);
        check(Test::Loose("TestX/sub".into()), [true, true, true, false, false]);
        // Nobody can follow a goroutine to its test before Go 1.21, unless it is the test's own.
        let old = LINE.replace("\"goroutine\":1}", "\"goroutine\":0}");
        assert_eq!(Truth::parse(&old).map(|truth| truth.test), Some(Test::Loose("TestX/sub".into())));
        let own = old.replace("main.start.func1", "testing.tRunner");
        assert_eq!(Truth::parse(&own).map(|truth| truth.test), Some(Test::Own("TestX/sub".into())));
    }

    #[test]
    fn calls_are_joined_by_their_marks() {
        let decided = |call: &str, args: &[u64], site: Option<u32>| Entry::Decided {
            subject: SubjectId(1),
            seq: CallSeq(1),
            pid: None,
            tid: Tid(1),
            sysno: Sysno::from_name(call).expect("it is known"),
            args: args.to_vec().into(),
            matched: vec![].into(),
            decision: Decision::Pass,
            caller: site.map(|site| CallerNumbers { site: SiteNumber(site), goroutine: None }),
            at: Nanos(0),
        };
        let of = |call: &str, mark: u64| Truth { call: call.into(), mark, ..truth() };
        let truths =
            [of("getpgid", 10), of("execve", 11), of("pwrite64", 12), of("execve", 13), of("lseek", 14)];
        let mut site = (*right(&truth()).site).clone();
        let entries = [
            Entry::Site { number: SiteNumber(0), site: std::borrow::Cow::Owned(site.clone()), at: Nanos(0) },
            decided("getpgid", &[10, 0, 0, 0, 0, 0], Some(0)),
            decided("getpgid", &[9, 10, 0, 0, 0, 0], Some(0)),
            decided("lseek", &[14, 10, 0, 0, 0, 0], None),
            decided("execve", &[99, 0, 0, 0, 0, 0], Some(0)),
            decided("pwrite64", &[3, 99, 1, 12, 0, 0], None),
            decided("pwrite64", &[3, 99, 1, 12, 0, 0], Some(0)),
        ];
        let found = join(&truths, entries.into_iter());
        let known: Vec<Vec<bool>> =
            found.iter().map(|(_, callers)| callers.iter().map(Option::is_some).collect()).collect();
        assert_eq!(known, [vec![true], vec![true], vec![false, true], vec![], vec![]]);
        let caller = found[0].1[0].as_ref().expect("it is known");
        site.is_whole = true;
        assert_eq!((&*caller.site, &caller.goroutine), (&site, &None));
    }
}
