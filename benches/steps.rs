//! Where a call's time goes within the supervisor: the steps that are its own, one by one.

use benches::Effort;
use criterion::Criterion;
use journal::{Entry, FORMAT, Header, Mode, Store, Writer};
use kernel::MappedLog;
use model::{Call, CallSeq, Decision, Nanos, NoFacts, Outcome, RunId, Source, SubjectId, Sysno, Tgid, Tid};
use policy::{Counting, Engine, Plan};
use std::borrow::Cow;
use std::hint::black_box;
use std::io;
use std::sync::Arc;
use std::time::Duration;

const CALL: Call = Call { tid: Tid(12_345), sysno: Sysno::getppid, args: [0x7ffc_1234_5678; 6], pc: 0 };

fn engine(specs: &[&str]) -> Engine {
    let source = |spec: &&str| Arc::new(Source { name: "-e".to_owned(), text: (*spec).to_owned() });
    let (plan, _) = Plan::read(None, &specs.iter().map(source).collect::<Vec<_>>());
    assert_eq!(plan.rules.len(), specs.len(), "every rule is sound");
    Engine::new(&plan, 1, "example.com/x", Counting::AsAsked)
}

/// What the supervisor writes down of a call that a rule hit.
fn entries(engine: &mut Engine) -> [Entry<'static>; 2] {
    let decision = engine.decide(&CALL, Nanos(0), &mut NoFacts);
    assert_ne!(decision, Decision::Pass, "the rule hits");
    let (subject, seq, at) = (SubjectId(1), CallSeq(100_000), Nanos(5_000_000_000));
    let decided = Entry::Decided {
        subject,
        seq,
        pid: Some(Tgid(12_345)),
        tid: CALL.tid,
        sysno: CALL.sysno,
        args: Cow::Owned(CALL.args.to_vec()),
        matched: Cow::Owned(engine.matched().to_vec()),
        decision,
        caller: None,
        at,
    };
    [decided, Entry::Settled { subject, seq, outcome: Outcome::Injected, at }]
}

/// A store that keeps nothing: what is measured is the encoding.
struct Nowhere;

impl Store for Nowhere {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        black_box(bytes);
        Ok(())
    }
}

/// The store that runs are really written to.
struct Mapped(MappedLog);

impl Store for Mapped {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.append(bytes)
    }
}

fn header() -> Header {
    Header {
        format: FORMAT,
        duress: String::new(),
        run: RunId(String::new()),
        command: Vec::new(),
        cwd: String::new(),
        mode: Mode::Program,
        whole_tree: false,
        plan: String::new(),
        rules: Vec::new(),
        personas: Vec::new(),
        watch: Vec::new(),
        seed: 1,
        attribution: journal::Attribution::default(),
        timeout_s: None,
        replay_of: None,
        go: None,
        kernel: String::new(),
        mechanism: String::new(),
        started_unix_ms: 0,
    }
}

fn decide(criterion: &mut Criterion) {
    let beside: Vec<String> =
        (0..49).map(|n| format!("read,write,openat:error=EIO:when={}:name=r{n}", n + 1)).collect();
    let many: Vec<&str> = beside.iter().map(String::as_str).chain(["getppid:error=EPERM"]).collect();
    let plans: [(&str, &[&str]); 4] = [
        ("decide: a rule that always fires", &["getppid:error=EPERM"]),
        ("decide: a rule that never does", &["getppid:error=EPERM:when=1000000000"]),
        ("decide: a rate", &["getppid:error=EPERM:rate=0.5"]),
        ("decide: among 49 other rules", &many),
    ];
    for (name, specs) in plans {
        let mut engine = engine(specs);
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| engine.decide(black_box(&CALL), Nanos(0), &mut NoFacts))
        });
    }
}

fn append(criterion: &mut Criterion) {
    let entries = entries(&mut engine(&["getppid:error=EPERM"]));
    let mut nowhere = Writer::create(Nowhere, &header()).expect("nowhere is never full");
    criterion.bench_function("journal: decided and settled, encoded", |bencher| {
        bencher.iter(|| {
            for entry in &entries {
                nowhere.append(black_box(entry)).expect("nowhere is never full")
            }
        });
    });
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let log = MappedLog::create(&scratch.path().join("journal")).expect("a new file");
    let mut mapped = Writer::create(Mapped(log), &header()).expect("the disk has room");
    criterion.bench_function("journal: decided and settled, in the file", |bencher| {
        bencher.iter(|| {
            for entry in &entries {
                mapped.append(black_box(entry)).expect("the disk has room")
            }
        });
    });
}

fn main() {
    let is_quick = Effort::chosen() == Effort::QUICK;
    let mut criterion = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(if is_quick { 50 } else { 200 }))
        .measurement_time(Duration::from_millis(if is_quick { 100 } else { 1000 }))
        .without_plots()
        .configure_from_args();
    decide(&mut criterion);
    append(&mut criterion);
    criterion.final_summary();
}
