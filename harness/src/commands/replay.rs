//! `duress replay`: the same decisions again.

use super::run::{audience, code, draw, open, summary, warn};
use super::{Screen, say};
use crate::cli::ReplayArgs;
use crate::exit::{Code, Failure, chain};
use crate::orders::{Mechanisms, Orders, Recorded};
use crate::{persona, run_dir, session, settings};
use journal::{Entry, Mode, Reader};
use model::{Decision, GoroutineNumber, OccurrenceKey, SiteKey, SiteNumber, Source, SubjectId, Sysno};
use policy::Hit;
use report::{Divergence, Weight};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How many differences are told one by one.
const SHOWN: usize = 20;

pub(super) fn run(args: &ReplayArgs, screen: Screen) -> Result<Code, Failure> {
    let old = run_dir::find(&args.run)?;
    let orders = orders(args, &old)?;
    let session = session::run(orders)?;
    warn(&session);
    let summary = summary(&session.dir.path)?;
    let code = code(&summary, &session, args.allow_vacuous);
    draw(&summary, args.format, code, screen)?;
    let unreadable = |error: journal::Error| Failure::theirs(chain(&error));
    let divergences = report::diverge(&mut open(&old)?, &mut open(&session.dir.path)?).map_err(unreadable)?;
    // It is about the comparison, not the result, so it goes where diagnostics go.
    say(&comparison(&divergences));
    Ok(code)
}

/// What the comparison of both runs says.
fn comparison(divergences: &[Divergence]) -> String {
    if divergences.is_empty() {
        return "replay: the same decisions, and the target took the same way\n".to_owned();
    }
    let is_material = divergences.iter().any(|divergence| divergence.weight == Weight::Material);
    let mut text = if is_material {
        "replay: the target took another way than in the recorded run:\n".to_owned()
    } else {
        "replay: the same decisions and results; the target made other calls beside them:\n".to_owned()
    };
    for divergence in divergences.iter().take(SHOWN) {
        let _ = writeln!(text, "  - {divergence}");
    }
    if divergences.len() > SHOWN {
        let _ = writeln!(text, "  … and {} more", divergences.len() - SHOWN);
    }
    text
}

fn orders(args: &ReplayArgs, old: &std::path::Path) -> Result<Orders, Failure> {
    let mut reader = open(old)?;
    let header = reader.header().clone();
    let source =
        Arc::new(Source { name: format!("the plan of run {}", header.run), text: header.plan.clone() });
    let (plan, found) = match header.rules.as_slice() {
        [] => (policy::Plan::default(), Vec::new()),
        _ => settings::read(Some(&source), &[], settings::Unlikely::Warned),
    };
    if found.iter().any(model::Diagnostic::is_error) {
        return Err(Failure::mistakes(found));
    }
    if header.mode == Mode::Attached {
        return Err(Failure::yours("a run that attached to a process cannot be replayed")
            .help("start the program under `duress run`, or attach again with -p"));
    }
    let watch: Vec<Sysno> = header.watch.iter().filter_map(|name| Sysno::from_name(name)).collect();
    let (interest, unable) = Mechanisms::of(&header.mechanism).assign(&plan, &watch);
    if !unable.is_empty() {
        return Err(Failure::mistakes(unable));
    }
    let cwd = PathBuf::from(&header.cwd);
    if !cwd.is_dir() {
        return Err(Failure::yours(format!(
            "the run was made in `{}`, which is no folder any more",
            header.cwd
        )));
    }
    let persona::Emulated { rules, surroundings, shown } = persona::again(&header.personas, &cwd)?;
    // What was mounted then has no rule in the recorded plan, and would have to be mounted again.
    let asked = policy::Plan::read_on(rules.as_ref(), None, &[]).0.rules;
    // Which of a rule's calls are asked about aloud hangs on the rules beside it.
    let whole = |name: &str| name.trim_end_matches("/asked").to_owned();
    let is_recorded = |name: &str| header.rules.iter().any(|rule| whole(&rule.name) == whole(name));
    if asked.iter().any(|rule| !is_recorded(&rule.name)) {
        return Err(Failure::theirs(
            "the host of the run had files mounted over others, and that may not be done here",
        )
        .help("replay with the privilege that the run had (CAP_SYS_ADMIN), or run the command again"));
    }
    let recorded = recorded(&mut reader).map_err(|error| Failure::theirs(chain(&error)))?;
    Ok(Orders {
        command: header.command,
        cwd,
        attach: None,
        plan,
        watch,
        interest,
        seed: header.seed,
        attribution: header.attribution,
        timeout: header.timeout_s.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
        whole_tree: header.whole_tree,
        out: args.out.clone(),
        audience: audience(args.format),
        replay: Some(Recorded { run: Some(header.run), hits: recorded }),
        padding: None,
        personas: header.personas,
        surroundings,
        shown,
        filter: Vec::new(),
        filter_flags: 0,
    })
}

/// What was hit, by subject key.
fn recorded<R: Read>(reader: &mut Reader<R>) -> Result<HashMap<String, Vec<Hit>>, journal::Error> {
    let mut keys: HashMap<SubjectId, String> = HashMap::new();
    let mut sites: HashMap<SiteNumber, SiteKey> = HashMap::new();
    let mut tests: HashMap<GoroutineNumber, Option<String>> = HashMap::new();
    let mut hits: HashMap<String, Vec<Hit>> = HashMap::new();
    while let Some(entry) = reader.next_entry()? {
        match entry {
            Entry::Subject { subject, key, .. } => {
                keys.insert(subject, key.into_owned());
            }
            Entry::Site { number, site, .. } => {
                sites.insert(number, site.key());
            }
            Entry::Goroutine { number, goroutine, .. } => {
                tests.insert(number, goroutine.into_owned().test);
            }
            Entry::Decided {
                subject,
                sysno,
                decision: Decision::Inject { rule, occurrence, .. },
                caller,
                ..
            } => {
                let site = caller.and_then(|caller| sites.get(&caller.site)).copied();
                let test = caller.and_then(|caller| tests.get(&caller.goroutine?)?.as_deref());
                let key = OccurrenceKey::from_parts(test, site, sysno);
                if let Some(subject) = keys.get(&subject) {
                    let hit = Hit { rule, occurrence, key: Some(key) };
                    hits.entry(subject.clone()).or_default().push(hit);
                }
            }
            _ => {}
        }
    }
    Ok(hits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use journal::{Attribution, CallerNumbers, FORMAT, Header, Writer};
    use model::{CallSeq, Caller, Code, Fault, Frame, Goroutine, Nanos, RuleId, RunId, Site, Tgid, Tid};
    use std::borrow::Cow;

    fn header() -> Header {
        Header {
            format: FORMAT,
            duress: String::new(),
            run: RunId("test".into()),
            command: Vec::new(),
            cwd: String::new(),
            mode: Mode::Program,
            whole_tree: false,
            plan: String::new(),
            rules: Vec::new(),
            personas: Vec::new(),
            watch: Vec::new(),
            seed: 1,
            attribution: Attribution::default(),
            timeout_s: None,
            replay_of: None,
            go: None,
            kernel: String::new(),
            mechanism: String::new(),
            started_unix_ms: 0,
        }
    }

    fn decided(caller: Option<CallerNumbers>, decision: Decision) -> Entry<'static> {
        Entry::Decided {
            subject: SubjectId(1),
            seq: CallSeq(1),
            pid: None,
            tid: Tid(1),
            sysno: Sysno::write,
            args: Cow::Borrowed(&[]),
            matched: Cow::Borrowed(&[]),
            decision,
            caller,
            at: Nanos(0),
        }
    }

    #[test]
    fn a_recorded_hit_has_the_key_that_its_call_had() {
        let frame =
            Frame { function: "x.F".into(), file: "".into(), line: 3, code: Code::User, is_shown: true };
        let site = Arc::new(Site { frames: vec![frame], is_whole: true });
        let goroutine =
            Goroutine { id: 9, parent: None, creator: None, entry: None, test: Some("TestA/b".into()) };
        let caller = Caller { site: Arc::clone(&site), goroutine: Some(Arc::new(goroutine.clone())) };
        let at = Nanos(0);
        let hit = |occurrence| Decision::Inject { rule: RuleId(0), occurrence, fault: Fault::default() };
        let numbers = |goroutine| Some(CallerNumbers { site: SiteNumber(4), goroutine });
        let mut writer = Writer::create(Vec::new(), &header()).unwrap();
        for entry in [
            Entry::Subject {
                subject: SubjectId(1),
                key: "x".into(),
                pid: Tgid(1),
                program: "/x.test".into(),
                go: None,
                at,
            },
            Entry::Site { number: SiteNumber(4), site: Cow::Borrowed(&site), at },
            Entry::Goroutine {
                number: GoroutineNumber(6),
                subject: SubjectId(1),
                goroutine: Cow::Borrowed(&goroutine),
                at,
            },
            decided(numbers(Some(GoroutineNumber(6))), hit(3)),
            decided(numbers(Some(GoroutineNumber(6))), Decision::Pass),
            decided(numbers(None), hit(1)),
            decided(None, hit(2)),
        ] {
            writer.append(&entry).unwrap();
        }
        let bytes = writer.into_store();
        let hits = recorded(&mut Reader::open(bytes.as_slice()).unwrap()).unwrap();
        let of = |caller: Option<&Caller>| Some(OccurrenceKey::of(caller, Sysno::write));
        let runtime = Caller { goroutine: None, ..caller.clone() };
        let expect = [(3, of(Some(&caller))), (1, of(Some(&runtime))), (2, of(None))];
        let expect = expect.map(|(occurrence, key)| Hit { rule: RuleId(0), occurrence, key });
        assert_eq!(hits, HashMap::from([("x".to_owned(), expect.to_vec())]));
    }
}
