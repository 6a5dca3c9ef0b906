//! Journals as a supervisor would write them, in memory.

use duress_report::Summary;
use journal::{CallerNumbers, Entry, FORMAT, Header, Mode, Reader, RuleHead, Stream, Writer};
use model::{
    CallSeq, Code, Decision, Ending, Errno, Fault, ForcedResult, Frame, Goroutine, GoroutineNumber, Nanos,
    Outcome, RuleId, RunId, Site, SiteNumber, SubjectId, Symptom, Sysno, TestResult, Tgid, Tid,
};
use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

pub(crate) const PACKAGE: &str = "example.com/x";

/// A run that is being written down. Every entry comes a millisecond after the one before.
#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) header: Header,
    pub(crate) entries: Vec<Entry<'static>>,
    calls: u64,
    caller: Option<CallerNumbers>,
}

impl Run {
    /// `go test ./...` with one rule that forces ENOSPC on openat, and one subject.
    pub(crate) fn go_test() -> Run {
        Run::new(Mode::GoTest, &["go", "test", "./..."])
            .rule("rule-1", "openat:error=ENOSPC:when=3", &[Errno::ENOSPC])
            .subject(1, PACKAGE)
    }

    /// A program of any language, under the same rule.
    pub(crate) fn program() -> Run {
        Run::new(Mode::Program, &["./store", "--dir", "/tmp/a b"])
            .rule("rule-1", "openat:error=ENOSPC:when=3", &[Errno::ENOSPC])
            .subject(1, "store")
    }

    pub(crate) fn new(mode: Mode, command: &[&str]) -> Run {
        let header = Header {
            format: FORMAT,
            duress: "0.1.0".into(),
            run: RunId("20261120-200512-7f3a".into()),
            command: command.iter().map(ToString::to_string).collect(),
            cwd: "/home/u/x".into(),
            mode,
            whole_tree: false,
            plan: String::new(),
            rules: Vec::new(),
            personas: Vec::new(),
            watch: Vec::new(),
            seed: 7,
            attribution: journal::Attribution::default(),
            timeout_s: Some(5.0),
            replay_of: None,
            go: (mode != Mode::Program).then(|| "go1.26.8".into()),
            kernel: "6.18.44".into(),
            mechanism: "notify".into(),
            started_unix_ms: 1_795_204_000_000,
        };
        Run { header, entries: Vec::new(), calls: 0, caller: None }
    }

    pub(crate) fn rule(mut self, name: &str, spec: &str, errors: &[Errno]) -> Run {
        let words = |errno: &Errno| (errno.to_string(), errno.description().unwrap_or("").to_owned());
        let errors = errors.iter().map(words).collect();
        self.header.rules.push(RuleHead {
            name: name.into(),
            spec: spec.into(),
            errors,
            is_quiet: false,
            is_racy: false,
            persona: None,
            counts_by_site: false,
        });
        self
    }

    /// Its first rule is how an emulated host is.
    pub(crate) fn on_host(mut self, persona: &str) -> Run {
        self.header.personas.push(persona.to_owned());
        self.header.rules[0].persona = Some(persona.to_owned());
        self
    }

    pub(crate) fn no_rules(mut self) -> Run {
        self.header.rules.clear();
        self
    }

    pub(crate) fn at(&self) -> Nanos {
        Nanos((u64::try_from(self.entries.len()).unwrap() + 1) * 1_000_000)
    }

    pub(crate) fn push(mut self, entry: impl FnOnce(Nanos) -> Entry<'static>) -> Run {
        let entry = entry(self.at());
        self.entries.push(entry);
        self
    }

    pub(crate) fn subject(self, subject: u32, key: &'static str) -> Run {
        self.push(|at| Entry::Subject {
            subject: SubjectId(subject),
            key: key.into(),
            pid: Tgid(100),
            program: "/tmp/x.test".into(),
            go: Some("go1.26.8".into()),
            at,
        })
    }

    /// A number for a site, innermost frame first.
    pub(crate) fn site(self, number: u32, frames: Vec<Frame>) -> Run {
        self.push(|at| Entry::Site {
            number: SiteNumber(number),
            site: Cow::Owned(Site { frames, is_whole: true }),
            at,
        })
    }

    /// A number for a goroutine of the first subject, ten below its own, started by TestMain.
    pub(crate) fn goroutine(self, number: u32, test: Option<&str>) -> Run {
        let goroutine = Goroutine {
            id: u64::from(number) + 10,
            parent: Some(1),
            creator: Some(frame(
                "testing.(*T).Run",
                "/usr/local/go/src/testing/testing.go",
                1742,
                Code::Standard,
            )),
            entry: None,
            test: test.map(str::to_owned),
        };
        self.goroutine_of(number, goroutine)
    }

    pub(crate) fn goroutine_of(self, number: u32, goroutine: Goroutine) -> Run {
        self.push(|at| Entry::Goroutine {
            number: GoroutineNumber(number),
            subject: SubjectId(1),
            goroutine: Cow::Owned(goroutine),
            at,
        })
    }

    /// From here on, calls are made at this site, on this goroutine.
    pub(crate) fn by(mut self, site: u32, goroutine: Option<u32>) -> Run {
        let goroutine = goroutine.map(GoroutineNumber);
        self.caller = Some(CallerNumbers { site: SiteNumber(site), goroutine });
        self
    }

    /// Two sites in two tests: `store.Save` renames (0, on goroutine 10), `store.(*Log).Append` writes (1, on 11).
    pub(crate) fn store(self) -> Run {
        self.site(0, save())
            .site(1, append(44))
            .goroutine(0, Some("TestSave"))
            .goroutine(1, Some("TestLog/append"))
    }

    /// A call of the first subject that these rules matched.
    pub(crate) fn call(mut self, sysno: Sysno, matched: &'static [RuleId], decision: Decision) -> Run {
        self.calls += 1;
        let seq = CallSeq(self.calls);
        let (caller, is_hit) = (self.caller, decision != Decision::Pass);
        self.push(|at| Entry::Decided {
            subject: SubjectId(1),
            seq,
            pid: is_hit.then_some(Tgid(100)),
            tid: Tid(101),
            sysno,
            args: Cow::Borrowed(if is_hit { &[1, 2, 3, 4, 5, 6] } else { &[] }),
            matched: Cow::Borrowed(matched),
            decision,
            caller,
            at,
        })
    }

    /// What became of the latest call.
    pub(crate) fn settled(self, outcome: Outcome) -> Run {
        let seq = CallSeq(self.calls);
        self.push(|at| Entry::Settled { subject: SubjectId(1), seq, outcome, at })
    }

    /// A call of rule-1 that was passed.
    pub(crate) fn passed(self, sysno: Sysno) -> Run {
        self.call(sysno, &[RuleId(0)], Decision::Pass)
    }

    /// A call of rule-1 that this fault struck.
    pub(crate) fn struck(self, fault: Fault, outcome: Outcome) -> Run {
        let occurrence = self.calls + 1;
        let inject = Decision::Inject { rule: RuleId(0), occurrence, fault };
        self.call(Sysno::openat, &[RuleId(0)], inject).settled(outcome)
    }

    /// An openat that got ENOSPC.
    pub(crate) fn enospc(self) -> Run {
        self.struck(enospc(), Outcome::Injected)
    }

    pub(crate) fn delayed(self) -> Run {
        let fault = Fault { delay_enter: Duration::from_millis(5), ..Fault::default() };
        self.struck(fault, Outcome::Passed)
    }

    pub(crate) fn output(self, test: Option<&'static str>, text: &'static str) -> Run {
        let package = (self.header.mode == Mode::GoTest).then_some(PACKAGE.into());
        self.push(|at| Entry::Output {
            stream: Stream::Stdout,
            package,
            test: test.map(Cow::Borrowed),
            text: text.into(),
            at,
        })
    }

    pub(crate) fn symptom(self, symptom: Symptom, test: Option<&'static str>, line: &'static str) -> Run {
        let package = (self.header.mode == Mode::GoTest).then_some(PACKAGE.into());
        self.push(|at| Entry::Symptom {
            symptom,
            package,
            test: test.map(Cow::Borrowed),
            line: line.into(),
            at,
        })
    }

    pub(crate) fn started(self, test: &'static str) -> Run {
        self.push(|at| Entry::TestStarted { package: PACKAGE.into(), test: test.into(), at })
    }

    fn result(self, test: Option<&'static str>, result: TestResult) -> Run {
        let test = test.map(Cow::Borrowed);
        self.push(|at| Entry::Test { package: PACKAGE.into(), test, result, elapsed_s: 0.25, at })
    }

    /// A test from start to end.
    pub(crate) fn test(self, test: &'static str, result: TestResult) -> Run {
        self.started(test).result(Some(test), result)
    }

    pub(crate) fn ended(self, test: &'static str, result: TestResult) -> Run {
        self.result(Some(test), result)
    }

    pub(crate) fn package(self, result: TestResult) -> Run {
        self.result(None, result)
    }

    pub(crate) fn timed_out(self) -> Run {
        self.push(|at| Entry::TimedOut { subjects: Cow::Borrowed(&[SubjectId(1)]), at })
    }

    pub(crate) fn interrupted(self) -> Run {
        self.push(|at| Entry::Interrupted { signal: 2, at })
    }

    /// The command ends, and with it the journal.
    pub(crate) fn exit(self, status: i32) -> Run {
        self.ending(Ending::Exited(status))
    }

    pub(crate) fn ending(self, ending: Ending) -> Run {
        self.push(|at| Entry::CommandEnded { ending, at }).push(|at| Entry::Closed { at })
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut writer = Writer::create(Vec::new(), &self.header).unwrap();
        for entry in &self.entries {
            writer.append(entry).unwrap();
        }
        writer.into_store()
    }

    pub(crate) fn summary(&self) -> Summary {
        read(&self.bytes())
    }
}

pub(crate) fn frame(function: &str, file: &str, line: u32, code: Code) -> Frame {
    Frame { function: function.into(), file: file.into(), line, code, is_shown: true }
}

fn hidden(function: &str) -> Frame {
    Frame { is_shown: false, ..frame(function, "/usr/local/go/src/syscall/x.go", 9, Code::Standard) }
}

/// `os.Rename`, called by the user.
pub(crate) fn save() -> Vec<Frame> {
    vec![
        hidden("syscall.Syscall6"),
        frame("os.Rename", "/usr/local/go/src/os/file.go", 431, Code::Standard),
        frame("example.com/x/store.Save", "/home/u/x/store/store.go", 31, Code::User),
        frame("example.com/x/store.TestSave", "/home/u/x/store/store_test.go", 12, Code::User),
        hidden("testing.tRunner"),
    ]
}

/// `os.(*File).Write`, called by way of bufio, from this line.
pub(crate) fn append(line: u32) -> Vec<Frame> {
    vec![
        hidden("syscall.write"),
        frame("os.(*File).Write", "/usr/local/go/src/os/file.go", 195, Code::Standard),
        frame("bufio.(*Writer).Flush", "/usr/local/go/src/bufio/bufio.go", 639, Code::Standard),
        frame("example.com/x/store.(*Log).Append", "/home/u/x/store/log.go", line, Code::User),
        hidden("testing.tRunner"),
    ]
}

pub(crate) fn enospc() -> Fault {
    Fault::forced(ForcedResult::Error(Errno::ENOSPC))
}

pub(crate) fn read(bytes: &[u8]) -> Summary {
    let mut reader = Reader::open(bytes).unwrap();
    Summary::read(&mut reader, Path::new("/home/u/x/.duress/20261120-200512-7f3a")).unwrap()
}
