//! Rules and calls of every kind, for tests of what is true of all of them.

use crate::Plan;
use model::{
    Call, Caller, Code, Descriptor, Diagnostic, Facts, FdKind, Frame, Goroutine, Site, SocketEnds, Source,
    Sysno, Tgid, Tid,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::sync::Arc;

/// The plan of these `-e` texts, which have no mistakes.
pub(crate) fn plan<S: AsRef<str>>(specs: &[S]) -> Plan {
    let source = |spec: &S| Arc::new(Source { name: "-e".into(), text: spec.as_ref().into() });
    let sources: Vec<_> = specs.iter().map(source).collect();
    let (plan, diagnostics) = Plan::read(None, &sources);
    let errors: Vec<&Diagnostic> = diagnostics.iter().filter(|one| one.is_error()).collect();
    assert!(errors.is_empty(), "{sources:?} {errors:#?}");
    plan
}

/// Some of these calls, at least one.
fn some(names: &'static str) -> impl Strategy<Value = String> {
    let names: Vec<&str> = names.split(',').collect();
    let all = names.len();
    subsequence(names, 1..=all).prop_map(|names| names.join(","))
}

fn any_set() -> impl Strategy<Value = String> {
    prop_oneof![
        "(read|write|close|openat|%ipc|%pure|17|231)(,(fsync|socket|%stat|2)){0,3}",
        // A result cannot be forced on rt_sigreturn, which is in every negated set here.
        "!(futex|%file),rt_sigreturn",
        Just("?none_such".to_owned()),
        Just("/^epoll_".to_owned()),
    ]
}

fn any_delay() -> impl Strategy<Value = String> {
    let time = || 1..3_600_000_000_000_u64;
    let shape = || f64::MIN_POSITIVE..=100.0;
    prop_oneof![
        time().prop_map(|ns| format!("{ns}ns")),
        (time(), time()).prop_map(|(a, b)| format!("uniform({}ns,{}ns)", a.min(b), a.max(b))),
        time().prop_map(|ns| format!("exponential({ns}ns)")),
        (time(), shape()).prop_map(|(ns, sigma)| format!("lognormal({ns}ns,{sigma})")),
        (time(), shape()).prop_map(|(ns, alpha)| format!("pareto({ns}ns,{alpha})")),
    ]
}

fn any_pokes() -> impl Strategy<Value = String> {
    (subsequence(vec![1, 2, 3, 4, 5, 6], 1..=3), "([0-9a-fA-F]{2}){1,4}").prop_map(|(args, bytes)| {
        args.iter().map(|arg| format!("@arg{arg}={bytes}")).collect::<Vec<_>>().join(",")
    })
}

fn any_signal() -> impl Strategy<Value = String> {
    prop_oneof![(1..=64_i32).prop_map(|raw| raw.to_string()), Just("SIGURG".to_owned())]
}

/// Calls, and what becomes of them: every deed, with calls that it fits.
fn any_deed() -> impl Strategy<Value = String> {
    let free = prop_oneof![
        (1..4096_i32).prop_map(|errno| format!("error={errno}")),
        any::<u64>().prop_map(|value| format!("retval={value}")),
        any::<u64>().prop_map(|value| format!("lie={value:#x}")),
        (1..=i64::MAX, select(vec!["+", "-"])).prop_map(|(more, sign)| format!("lie={sign}{more}")),
        select(vec!["lie=EIO", "error=ENOSPC", "retval=-4095", "retval=-4096", "lie=0xffffffffffffffff"])
            .prop_map(str::to_owned),
        any_signal().prop_map(|signal| format!("interrupt={signal}")),
        select(vec!["thread", "process", "trap"]).prop_map(|victim| format!("kill={victim}")),
        Just("syscall=getpid".to_owned()),
        (1..4096_i32).prop_map(|errno| format!("error={errno}:syscall=getppid")),
    ];
    let bytes = || (0..u64::MAX >> 31, select(vec!["", "B", "kB", "KiB", "MiB", " GB"]));
    prop_oneof![
        4 => (any_set(), free).prop_map(|(set, deed)| format!("{set}:{deed}")),
        1 => (any_set(), any_delay()).prop_map(|(set, delay)| format!("{set}:delay_enter={delay}")),
        1 => (any_set(), any_signal()).prop_map(|(set, signal)| format!("{set}:signal={signal}")),
        1 => (some("read,write,pread64,getdents64,sendto"), 1..=u64::MAX)
            .prop_map(|(set, most)| format!("{set}:short={most}")),
        1 => (some("write,pwrite64,writev,fallocate"), bytes())
            .prop_map(|(set, (limit, unit))| format!("{set}:max_disk={limit}{unit}")),
        1 => bytes().prop_map(|(limit, unit)| format!("mmap:max_memory={limit}{unit}")),
        1 => (some("clone,clone3"), any::<u64>()).prop_map(|(set, most)| format!("{set}:max_threads={most}")),
        1 => (some("openat,socket,accept4"), any::<u64>())
            .prop_map(|(set, most)| format!("{set}:max_descriptors={most}")),
        1 => (some("openat,open,creat"), "(content|text)=[^:\\s][^:]{0,9}[^:\\s]")
            .prop_map(|(set, deed)| format!("{set}:{deed}")),
        1 => some("read,write,accept4,connect").prop_map(|set| format!("{set}:not_ready")),
        1 => (some("read,write,openat,connect"), select(vec!["error", "lie"]))
            .prop_map(|(set, key)| format!("{set}:{key}=legal")),
        1 => (some("read,write,openat"), vec((1..=3_u8, any::<u64>()), 1..3)).prop_map(|(set, changes)| {
            let (first, value) = changes[0];
            let other = changes.get(1).filter(|(arg, _)| *arg != first);
            let other = other.map_or(String::new(), |(arg, value)| format!(":arg{arg}={value:#x}:lie=+1"));
            format!("{set}:arg{first}={value}{other}")
        }),
    ]
}

/// Which of the calls are hit.
pub(crate) fn any_rhythm() -> impl Strategy<Value = String> {
    let large = || prop_oneof![1..9_u64, 1..u64::MAX / 2];
    let when = (large(), option::of(large()), option::of(large())).prop_map(|(first, more, step)| {
        let last = more.map_or(String::new(), |more| format!("..{}", first + more));
        let step = step.map_or(String::new(), |step| format!("+{step}"));
        format!(":when={first}{last}{step}")
    });
    let rate = (f64::MIN_POSITIVE..=1.0).prop_map(|rate| format!(":rate={rate}"));
    let burst = (large(), large()).prop_map(|(hits, pause)| format!(":burst={hits}/{pause}"));
    let limit = (1..100_000_u64, option::of(1..3_600_000_000_000_u64)).prop_map(|(hits, within)| {
        let within = within.map_or(String::new(), |ns| format!("/{ns}ns"));
        format!(":limit={hits}{within}")
    });
    (option::of(when), option::of(rate), option::of(burst), option::of(limit)).prop_map(
        |(when, rate, burst, limit)| [when, rate, burst, limit].into_iter().flatten().collect::<String>(),
    )
}

/// A predicate about who makes a call.
pub(crate) fn any_question_who() -> impl Strategy<Value = String> {
    let fixed = [
        "site(store.(*Log0).Append)",
        "site(**)",
        "caller(example.com/*.(*Log[0-1]).*)",
        "caller(~Log2)",
        "pkg(example.com/**)",
        "pkg(os)",
        "test(Test1)",
        "test(Test*/sub)",
        "goroutine(1..2)",
        "goroutine(none)",
        "goroutine(store.(*Pool).Start)",
    ];
    select(fixed.to_vec()).prop_map(str::to_owned)
}

/// A condition that any call can be asked; some look at registers, some at the tracee, some at what was before.
fn any_condition() -> impl Strategy<Value = String> {
    let odd = any::<String>().prop_map(|text| {
        let escaped = |c: char| if "\\()".contains(c) { vec!['\\', c] } else { vec![c] };
        format!("exe(~x{}x)", text.chars().flat_map(escaped).collect::<String>())
    });
    let one = prop_oneof![
        odd,
        select(vec!["exe(**/git)", "argv(-v)", "child(1..)", "uid(0,1000)", r"exe(/a\/[bc]/)", "exe(=a b)"])
            .prop_map(str::to_owned),
        any_question_who(),
    ];
    let once = select(vec!["", "", "pid", "tid", "exe", "site", "exe,test", "goroutine"]);
    (vec(one, 1..4), select(vec![" & ", " | "]), any::<bool>(), once).prop_map(
        |(parts, join, is_not, once)| {
            let not = if is_not { "!" } else { "" };
            let once = if once.is_empty() { String::new() } else { format!(" & once-per({once})") };
            format!(":where={not}({}){once}", parts.join(join))
        },
    )
}

/// A rule without mistakes, as `-e` says it; every key takes its turn.
pub(crate) fn any_spec() -> impl Strategy<Value = String> {
    let beside = (
        option::of(any_delay().prop_map(|delay| format!(":delay_exit={delay}"))),
        option::of(any_pokes().prop_map(|pokes| format!(":poke_enter={pokes}"))),
        option::of(any_pokes().prop_map(|pokes| format!(":poke_exit={pokes}"))),
    );
    let each = select(vec!["", "", ":each"]);
    let loud = (any_deed(), beside, any_rhythm(), each, option::of(any_condition())).prop_map(
        |(deed, (exit, before, after), rhythm, each, condition)| {
            let dies = deed.contains("kill=");
            let [exit, after] = [exit, after].map(|part| part.filter(|_| !dies).unwrap_or_default());
            let (before, condition) = (before.unwrap_or_default(), condition.unwrap_or_default());
            format!("{deed}{exit}{before}{after}{rhythm}{each}{condition}")
        },
    );
    let quiet = (any_set(), 1..4096_i32, select(vec!["", ":each"]))
        .prop_map(|(set, errno, each)| format!("{set}:error={errno}{each}:quiet"));
    prop_oneof![9 => loud, 1 => quiet]
}

/// A rule with a condition that the kernel's filter can decide, or most of it.
pub(crate) fn any_sifted_spec() -> impl Strategy<Value = String> {
    let one = prop_oneof![
        (1..=3_u8, select(vec!["==", "!=", "&", ">="]), 1..5_u64)
            .prop_map(|(arg, op, n)| format!("arg({arg} {op} {n})")),
        select(vec!["fd(0..2)", "fd(3)", "exe(~git)", "uid(7)"]).prop_map(str::to_owned),
    ];
    let one = (select(vec!["", "!"]), one).prop_map(|(not, one)| format!("{not}{one}"));
    let deed = select(vec!["delay_enter=1", "error=EIO", "lie=EIO", "signal=USR1", "syscall=openat"]);
    let parts = vec(one, 1..5);
    (some("read,write,sendto,pread64"), deed, parts, select(vec![" & ", " | "]))
        .prop_map(|(set, deed, parts, join)| format!("{set}:{deed}:where={}", parts.join(join)))
}

/// A call that the rules here are about, with few different numbers in it.
pub(crate) fn any_call() -> impl Strategy<Value = Call> {
    let names = "read,write,close,openat,fsync,socket,write,pread64,getdents64,sendto,pwrite64,writev,fallocate,mmap,clone,accept4,connect,getpid";
    let names: Vec<&str> = names.split(',').collect();
    let argument = || prop_oneof![0..5_u64, any::<u64>()];
    (select(names), proptest::array::uniform6(argument()), 1..4_i32).prop_map(|(name, args, tid)| Call {
        tid: Tid(tid),
        sysno: Sysno::from_name(name).expect(name),
        args,
        pc: 0,
    })
}

/// Who calls on this thread: in one of four tests, from one of three places. Of some it is not known which test, or there
/// is no goroutine, and of thread 0 nothing is known.
pub(crate) fn caller(tid: i32) -> Option<Caller> {
    let (test, place) = (tid % 4, tid / 4 % 3);
    let frame = |function: String, code| Frame {
        function: function.into(),
        file: "".into(),
        line: 1,
        code,
        is_shown: true,
    };
    let frames = vec![
        frame("os.(*File).Write".into(), Code::Standard),
        frame(format!("example.com/store.(*Log{place}).Append"), Code::User),
    ];
    let goroutine = Goroutine {
        id: u64::from(tid.unsigned_abs()),
        parent: None,
        creator: Some(frame("example.com/store.(*Pool).Start".into(), Code::User)),
        entry: None,
        test: (test != 3).then(|| format!("Test{test}/sub")),
    };
    let site = Arc::new(Site { frames, is_whole: true });
    (tid != 0).then(|| Caller { site, goroutine: (test != 2).then(|| Arc::new(goroutine)) })
}

/// A tracee that has used up so much, and otherwise answers the little that its thread's number says.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tracee {
    pub(crate) tid: i32,
    pub(crate) descriptors: u64,
    pub(crate) mapped: u64,
    pub(crate) threads: u64,
}

impl Facts for Tracee {
    fn string(&mut self, address: u64) -> Option<Vec<u8>> {
        Some(format!("/file/{address}").into_bytes())
    }
    fn bytes(&mut self, address: u64, length: usize) -> Option<Vec<u8>> {
        Some(address.to_ne_bytes().into_iter().cycle().take(length).collect())
    }
    fn strings(&mut self, _: u64) -> Option<Vec<Vec<u8>>> {
        None
    }
    fn descriptor(&mut self, fd: i32) -> Option<Descriptor> {
        Some(Descriptor { kind: FdKind::File, name: format!("/fd/{fd}").into_bytes() })
    }
    fn socket(&mut self, _: i32) -> Option<SocketEnds> {
        None
    }
    fn cwd(&mut self) -> Option<Vec<u8>> {
        None
    }
    fn exe(&mut self) -> Option<Vec<u8>> {
        Some(b"/usr/bin/git".to_vec())
    }
    fn argv(&mut self) -> Option<Vec<Vec<u8>>> {
        Some(vec![b"git".to_vec(), b"-v".to_vec()])
    }
    fn uid(&mut self) -> Option<u32> {
        Some(0)
    }
    fn process(&mut self) -> Option<Tgid> {
        Some(Tgid(self.tid))
    }
    fn generation(&mut self) -> Option<u32> {
        u32::try_from(self.tid % 2).ok()
    }
    fn open_descriptors(&mut self) -> Option<u64> {
        Some(self.descriptors)
    }
    fn mapped_bytes(&mut self) -> Option<u64> {
        Some(self.mapped)
    }
    fn threads(&mut self) -> Option<u64> {
        Some(self.threads)
    }
    fn caller(&mut self) -> Option<Caller> {
        caller(self.tid)
    }
}
