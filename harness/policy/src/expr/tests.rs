//! Conditions as a whole: what holds for which call, what is filtered, told and explained.

use super::*;
use crate::piece::Piece;
use model::{
    Call, Caller, Code, Descriptor, Facts, FdKind, Frame, Goroutine, Site, SocketEnds, Source, Sysno, Tgid,
    Tid,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A tracee with some memory, descriptors and sockets.
#[derive(Debug, Clone, Default)]
pub(super) struct Tracee {
    memory: BTreeMap<u64, Vec<u8>>,
    descriptors: BTreeMap<i32, (FdKind, &'static str)>,
    sockets: BTreeMap<i32, SocketEnds>,
    caller: Option<Caller>,
    /// Everything that was asked, in order.
    asked: Vec<&'static str>,
}

impl Facts for Tracee {
    fn string(&mut self, address: u64) -> Option<Vec<u8>> {
        self.asked.push("string");
        self.memory
            .get(&address)
            .map(|bytes| bytes.split(|byte| *byte == 0).next().unwrap_or_default().to_vec())
    }
    fn bytes(&mut self, address: u64, length: usize) -> Option<Vec<u8>> {
        self.asked.push("bytes");
        let (start, bytes) = self.memory.range(..=address).next_back()?;
        let rest = bytes.get(usize::try_from(address - start).ok()?..)?;
        Some(rest[..length.min(rest.len())].to_vec())
    }
    fn strings(&mut self, address: u64) -> Option<Vec<Vec<u8>>> {
        let list = self.memory.get(&address)?;
        Some(list.split(|byte| *byte == b' ').map(<[u8]>::to_vec).collect())
    }
    fn descriptor(&mut self, fd: i32) -> Option<Descriptor> {
        self.asked.push("descriptor");
        self.descriptors
            .get(&fd)
            .map(|(kind, name)| Descriptor { kind: *kind, name: name.as_bytes().to_vec() })
    }
    fn socket(&mut self, fd: i32) -> Option<SocketEnds> {
        self.sockets.get(&fd).cloned()
    }
    fn cwd(&mut self) -> Option<Vec<u8>> {
        Some(b"/work".to_vec())
    }
    fn exe(&mut self) -> Option<Vec<u8>> {
        Some(b"/bin/x.test".to_vec())
    }
    fn argv(&mut self) -> Option<Vec<Vec<u8>>> {
        Some(vec![b"x.test".to_vec(), b"-v".to_vec()])
    }
    fn uid(&mut self) -> Option<u32> {
        Some(1000)
    }
    fn process(&mut self) -> Option<Tgid> {
        Some(Tgid(7))
    }
    fn generation(&mut self) -> Option<u32> {
        Some(1)
    }
    fn open_descriptors(&mut self) -> Option<u64> {
        None
    }
    fn mapped_bytes(&mut self) -> Option<u64> {
        None
    }
    fn threads(&mut self) -> Option<u64> {
        None
    }
    fn caller(&mut self) -> Option<Caller> {
        self.asked.push("caller");
        self.caller.clone()
    }
}

/// `TestServer/reuse` flushes a log, by way of an inlined function that nobody is shown.
fn caller() -> Caller {
    let frame = |function: &str, code| Frame {
        function: function.into(),
        file: "".into(),
        line: 1,
        code,
        is_shown: !function.starts_with("syscall"),
    };
    let frames = vec![
        frame("syscall.write", Code::Standard),
        frame("bufio.(*Writer).Flush", Code::Standard),
        frame("<C>", Code::Foreign),
        frame("example.com/store.(*Log).Append", Code::User),
        frame("example.com/store.Map[...]", Code::User),
        frame("example.com/dep%2ev2.Run", Code::Dependency),
    ];
    let goroutine = Goroutine {
        id: 34,
        parent: Some(7),
        creator: Some(frame("example.com/store.(*Pool).Start", Code::User)),
        entry: Some(frame("example.com/store.(*Pool).Start.func1", Code::User)),
        test: Some("TestServer/reuse".into()),
    };
    let site = Arc::new(Site { frames, is_whole: true });
    Caller { site, goroutine: Some(Arc::new(goroutine)) }
}

pub(super) const RELATIVE: u64 = 0x1000;
pub(super) const ABSOLUTE: u64 = 0x2000;
pub(super) const EMPTY: u64 = 0x3000;
pub(super) const ADDRESS: u64 = 0x4000;
pub(super) const PERF: u64 = 0x5000;
pub(super) const CLONE: u64 = 0x6000;
pub(super) const HOW: u64 = 0x7000;
pub(super) const TEXT: u64 = 0x8000;
pub(super) const WORDS: u64 = 0x9000;
pub(super) const UNIX: u64 = 0xa000;
/// A `perf_event_attr` that does not say how large it is.
const SIZELESS: u64 = 0xb000;
const LONG: u64 = 0xc000;

pub(super) fn tracee() -> Tracee {
    let address = |port: u16| [&2_u16.to_ne_bytes()[..], &port.to_be_bytes(), &[127, 0, 0, 1]].concat();
    let mut perf = vec![0; 128];
    perf[0..4].copy_from_slice(&1_u32.to_ne_bytes());
    perf[4..8].copy_from_slice(&128_u32.to_ne_bytes());
    perf[40] = 0x60;
    perf[120] = 9;
    let mut clone = vec![0; 88];
    clone[..8].copy_from_slice(&0x1000_0100_u64.to_ne_bytes());
    clone[80] = 5;
    let memory = [
        (RELATIVE, b"../a/./b\0".to_vec()),
        (ABSOLUTE, b"/etc//passwd\0".to_vec()),
        (EMPTY, vec![0]),
        (ADDRESS, [address(8080), vec![0; 8]].concat()),
        (PERF, perf),
        (CLONE, clone),
        (HOW, [&0o100_u64.to_ne_bytes()[..], &0o644_u64.to_ne_bytes(), &8_u64.to_ne_bytes()].concat()),
        (TEXT, b"the secret text\0more".to_vec()),
        (WORDS, b"git commit".to_vec()),
        (SIZELESS, [vec![5], vec![0; 71], vec![9; 56]].concat()),
        (LONG, [vec![b'x'; 4096], b"end".to_vec()].concat()),
        (UNIX, [&1_u16.to_ne_bytes()[..], b"/run/x.sock\0"].concat()),
    ];
    let descriptors = [
        (0, (FdKind::Tty, "/dev/pts/0")),
        (3, (FdKind::File, "/var/log/a")),
        (4, (FdKind::Dir, "/srv")),
        (5, (FdKind::Socket, "socket:[1]")),
    ];
    let sockets = [(5, SocketEnds { local: address(40000), peer: address(443) })];
    Tracee {
        memory: memory.into(),
        descriptors: descriptors.into(),
        sockets: sockets.into(),
        caller: Some(caller()),
        asked: Vec::new(),
    }
}

pub(super) fn condition(text: &str) -> Where {
    let source = Arc::new(Source { name: "-e".into(), text: text.into() });
    let mut diagnostics = Vec::new();
    Where::read(&Piece::of(&source, 0..text.len()), &mut diagnostics)
        .unwrap_or_else(|| panic!("{text}: {diagnostics:?}"))
}

pub(super) fn call(name: &str, args: &[u64]) -> Call {
    let mut all = [0; 6];
    all[..args.len()].copy_from_slice(args);
    Call { tid: Tid(8), sysno: Sysno::from_name(name).expect(name), args: all, pc: 0 }
}

pub(super) fn holds(condition: &Where, call: &Call, facts: &mut dyn Facts) -> bool {
    condition.holds(call, facts, &mut Memory::default(), &|rule| rule == "fired")
}

/// `AT_FDCWD`, with garbage in the upper half as the kernel ignores it.
pub(super) const CWD: u64 = 0x7777_7777_ffff_ff9c;

#[test]
fn conditions_hold_for_the_calls_that_they_describe() {
    for (text, name, args, expect) in [
        ("path(/a/b)", "openat", &[CWD, RELATIVE][..], true),
        ("path(/srv/../a/b)", "openat", &[4, RELATIVE], false),
        ("path(/a/b)", "openat", &[4, RELATIVE], true),
        ("path(/srv)", "openat", &[4, RELATIVE], true),
        ("path(/a/b)", "openat", &[9, RELATIVE], false),
        ("path(/etc/passwd)", "openat", &[9, ABSOLUTE], true),
        ("path(/etc/*)", "open", &[ABSOLUTE], true),
        ("path(/etc/passwd)", "renameat", &[CWD, RELATIVE, CWD, ABSOLUTE], true),
        ("path(/var/**)", "write", &[3], true),
        ("path(socket:*)", "write", &[5], true),
        ("path(/srv)", "newfstatat", &[4, EMPTY], true),
        ("path(/work)", "newfstatat", &[CWD, EMPTY], false),
        ("!path(/x)", "openat", &[CWD, 0xdead], true),
        ("path(**)", "openat", &[CWD, 0xdead], false),
        ("fd(3)", "read", &[0xdead_0000_0003], true),
        ("fd(3..5)", "dup2", &[9, 5], true),
        ("fd(0..2)", "read", &[3], false),
        ("!fd(3)", "getpid", &[], true),
        ("fdkind(socket,file)", "write", &[5], true),
        ("fdkind(tty)", "write", &[5], false),
        ("!fdkind(tty)", "write", &[77], true),
        ("port(8080)", "connect", &[5, ADDRESS, 16], true),
        ("port(443)", "connect", &[5, ADDRESS, 16], false),
        ("port(8080)", "connect", &[5, ADDRESS, 3], false),
        ("port(443)", "write", &[5], true),
        ("port(40000)", "sendto", &[5, TEXT, 4], true),
        ("port(443)", "write", &[3], false),
        ("addr(127.0.0.0/8)", "connect", &[5, ADDRESS, 16], true),
        ("addr(/run/*.sock)", "connect", &[5, UNIX, 14], true),
        ("family(unix)", "connect", &[5, UNIX, 14], true),
        ("family(inet)", "write", &[5], true),
        ("family(inet6,unix)", "socket", &[10, 1, 0], true),
        ("family(inet)", "socket", &[10, 1, 0], false),
        ("arg(1 == AT_FDCWD)", "openat", &[CWD], true),
        ("arg(1 == -100)", "openat", &[CWD], true),
        ("arg(3 & O_CREAT|O_TRUNC)", "openat", &[0, 0, 0o1000], true),
        ("arg(3 & O_ACCMODE == O_WRONLY)", "openat", &[0, 0, 0o1001], true),
        ("arg(3 > 4096)", "write", &[1, 0, 1 << 32], true),
        ("arg(4 == 0)", "write", &[1, 0, 1], false),
        (
            "perf.exclude_kernel == 1 & perf.exclude_user == 0 & perf.type == 1",
            "perf_event_open",
            &[PERF],
            true,
        ),
        ("perf.sig_data == 9", "perf_event_open", &[PERF], true),
        ("perf.type == 1", "write", &[PERF], false),
        // PERF_ATTR_SIZE_VER0 ends after 64 bytes.
        ("perf.type == 5 & perf.sig_data == 0", "perf_event_open", &[SIZELESS], true),
        ("clone.flags & CLONE_NEWUSER", "clone3", &[CLONE, 88], true),
        ("clone.flags & CLONE_NEWUSER", "clone", &[0x1000_0011], true),
        ("clone.flags == CLONE_NEWUSER & clone.exit_signal == SIGCHLD", "clone", &[0x1000_0011], true),
        ("clone.cgroup == 5", "clone3", &[CLONE, 88], true),
        // Linux 5.3 had no cgroup in it: what is beyond the size is 0.
        ("clone.cgroup == 0", "clone3", &[CLONE, 64], true),
        ("open.flags & O_CREAT & open.mode == 0644", "openat2", &[CWD, ABSOLUTE, HOW, 24], true),
        ("open.flags & O_CREAT & open.mode == 0644", "openat", &[CWD, ABSOLUTE, 0o100, 0o644], true),
        ("open.flags & O_CREAT & open.mode == 0644", "open", &[ABSOLUTE, 0o100, 0o644], true),
        ("open.resolve & RESOLVE_BENEATH", "openat2", &[CWD, ABSOLUTE, HOW, 24], true),
        ("sockaddr.family == AF_INET & sockaddr.port < 10000", "bind", &[5, ADDRESS, 16], true),
        ("sockaddr.port < 100000", "bind", &[5, UNIX, 14], false),
        ("sockaddr.port == 0", "sendto", &[5, TEXT, 4, 0, 0, 0], false),
        ("string(2 the secret text)", "write", &[1, TEXT], true),
        ("string(1 ~secret)", "write", &[TEXT], false),
        ("data(2 ~more)", "write", &[1, TEXT, 20], true),
        ("data(2 ~more)", "write", &[1, TEXT, 10], false),
        ("data(2 /x$/)", "write", &[1, LONG, 4099], true),
        ("data(2 ~more)", "read", &[1, TEXT, 20], false),
        ("exe(/bin/*.test)", "read", &[0], true),
        ("exe(/etc/passwd) & exe(/bin/x.test)", "execve", &[ABSOLUTE, WORDS], true),
        ("argv(-v) & argv(commit)", "execve", &[ABSOLUTE, WORDS], true),
        ("argv(commit)", "execveat", &[CWD, ABSOLUTE, WORDS], true),
        ("argv(commit)", "read", &[0], false),
        ("child(1)", "read", &[0], true),
        ("child(2..)", "read", &[0], false),
        ("uid(1000)", "read", &[0], true),
        ("after(fired) & !after(other)", "read", &[0], true),
        ("exec(1)", "execve", &[ABSOLUTE], true),
        ("exec(2)", "execve", &[ABSOLUTE], false),
        ("exec(1)", "read", &[0], false),
        ("site(bufio.(*Writer).Flush)&test(TestServer*)", "read", &[0], true),
        ("site(syscall.write) & site(<C>) & site(store.(*Log).*)", "read", &[0], true),
        ("site(store.(*Pool).Start)", "read", &[0], false),
        ("caller(store.(*Log).Append)", "read", &[0], true),
        ("caller(bufio.(*Writer).Flush) | caller(store.Map[...])", "read", &[0], false),
        ("pkg(bufio) & pkg(example.com/*) & pkg(example.com/dep.v2)", "read", &[0], true),
        ("pkg(store)", "read", &[0], false),
        ("pkg(/^$/)", "read", &[0], false),
        ("test(TestServer) & test(TestServer/reuse)", "read", &[0], true),
        ("test(TestServer/r) | test(TestServ)", "read", &[0], false),
        ("goroutine(30..40) & goroutine(store.(*Pool).Start) & goroutine(**.func1)", "read", &[0], true),
        ("goroutine(7) | goroutine(none) | goroutine(store.(*Log).Append)", "read", &[0], false),
        ("fd(1) | fd(2) & fd(0)", "read", &[1], true),
        ("(fd(1) | fd(2)) & fd(0)", "read", &[1], false),
    ] {
        let (condition, call) = (condition(text), call(name, args));
        assert_eq!(holds(&condition, &call, &mut tracee()), expect, "{text} {name} {args:x?}");
        let sieved = condition.sieve(call.sysno);
        assert!(!expect || sieved.sieve.passes(&call.args), "{text} {name}: {}", sieved.sieve);
    }
}

#[test]
fn cheap_questions_come_first_and_nothing_is_asked_twice() {
    let open = call("openat", &[CWD, RELATIVE, 0]);
    let mut facts = tracee();
    assert!(!holds(&condition("path(/a/*) & string(2 ~a) & arg(3 & O_CREAT)"), &open, &mut facts));
    assert_eq!(facts.asked, [""; 0]);
    assert!(holds(&condition("path(/x) | path(/a/b) | path(/y)"), &open, &mut facts));
    assert_eq!(facts.asked, ["string"]);
    assert!(!holds(&condition("site(x.F) & test(TestServer) & path(/x)"), &open, &mut facts));
    assert_eq!(facts.asked, ["string"; 2]);
    assert!(holds(&condition("site(x.F) | test(TestServer) & pkg(bufio)"), &open, &mut facts));
    assert_eq!(facts.asked, ["string", "string", "caller"]);
}

#[test]
fn of_a_caller_that_is_not_known_nothing_holds() {
    let read = call("read", &[0]);
    let mut facts = Tracee { caller: None, ..tracee() };
    for text in
        ["site(**)", "caller(**)", "pkg(**)", "test(*)", "goroutine(1..)", "goroutine(none)", "goroutine(**)"]
    {
        assert!(!holds(&condition(text), &read, &mut facts), "{text}");
        assert!(holds(&condition(&format!("!{text}")), &read, &mut facts), "{text}");
        assert!(condition(text).asks_who(), "{text}");
    }
    let mut runtime = Tracee { caller: Some(Caller { goroutine: None, ..caller() }), ..tracee() };
    for (text, expect) in
        [("goroutine(none)", true), ("site(**)", true), ("goroutine(**)", false), ("test(*)", false)]
    {
        assert_eq!(holds(&condition(text), &read, &mut runtime), expect, "{text}");
    }
    for text in ["once-per(site)", "once-per(test)", "once-per(goroutine)"] {
        assert!(!holds(&condition(text), &read, &mut facts), "{text}");
        assert!(condition(text).asks_who(), "{text}");
    }
    assert!(!condition("path(/a) & after(b) & once-per(pid,path)").asks_who());
}

#[test]
fn once_per_holds_for_the_first_call_of_each_value() {
    let mut memory = Memory::default();
    let condition = condition("fd(3..5) & once-per(path,arg2)");
    let mut ask =
        |name, args: &[u64]| condition.holds(&call(name, args), &mut tracee(), &mut memory, &|_| false);
    assert!(ask("write", &[3, 1]));
    assert!(!ask("write", &[3, 1]));
    assert!(ask("write", &[3, 2]));
    assert!(ask("write", &[4, 1]));
    // The rest does not hold: this one is not counted.
    assert!(!ask("write", &[0, 1]));
    // A value that cannot be found out is none.
    assert!(!ask("write", &[99, 1]));
    assert!(!ask("write", &[3, 1]));
}

#[test]
fn once_per_tells_callers_apart() {
    let with = |site: &str, id, test: &str| {
        let mut caller = caller();
        Arc::make_mut(&mut caller.site).frames[1].function = site.into();
        let goroutine = caller.goroutine.as_mut().map(Arc::make_mut).expect("one");
        (goroutine.id, goroutine.test) = (id, Some(test.into()));
        Tracee { caller: Some(caller), ..tracee() }
    };
    for (text, expect) in [
        ("once-per(site)", [true, true, false, false]),
        ("once-per(test)", [true, false, true, false]),
        ("once-per(goroutine)", [true, false, false, true]),
        ("once-per(site,test)", [true, true, true, false]),
    ] {
        let (condition, mut memory) = (condition(text), Memory::default());
        let callers = [("x.F", 1, "TestA"), ("x.G", 1, "TestA"), ("x.F", 1, "TestB"), ("x.F", 2, "TestA")];
        let held = callers.map(|(site, id, test)| {
            condition.holds(&call("read", &[0]), &mut with(site, id, test), &mut memory, &|_| false)
        });
        assert_eq!(held, expect, "{text}");
    }
}

#[test]
fn executions_are_counted_whatever_else_is_asked() {
    let mut memory = Memory::default();
    let condition = condition(&format!("exec(2) & arg(1 == {ABSOLUTE})"));
    let mut ask =
        |name, args: &[u64]| condition.holds(&call(name, args), &mut tracee(), &mut memory, &|_| false);
    assert!(!ask("execve", &[RELATIVE]));
    assert!(!ask("read", &[0]));
    assert!(ask("execve", &[ABSOLUTE]));
    assert!(!ask("execve", &[ABSOLUTE]));
    let sieved = condition.sieve(Sysno::execve);
    assert!(sieved.sieve.is_always() && !sieved.is_exact);
    assert!(condition.sieve(Sysno::read).sieve.is_never());
}

#[test]
fn sieves_are_what_registers_can_say() {
    for (text, name, sieve, is_exact) in [
        ("fd(0,1,2)", "write", "arg(1) <= 2", true),
        ("fd(7)", "write", "arg(1) == 7", true),
        ("fd(7)", "dup3", "arg(1) == 7 or arg(2) == 7", true),
        ("!fd(7)", "dup3", "arg(1) != 7 and arg(2) != 7", true),
        ("fd(7)", "getpid", "never", true),
        ("!fd(7)", "getpid", "always", true),
        ("path(/a)", "write", "always", false),
        ("path(/a)", "getpid", "never", true),
        ("!path(/a)", "getpid", "always", true),
        ("path(/a) & fd(3)", "write", "arg(1) == 3", false),
        ("path(/a) | fd(3)", "write", "always", false),
        ("!(path(/a) | fd(3))", "write", "arg(1) != 3", false),
        ("fd(3) & once-per(path)", "write", "arg(1) == 3", false),
        ("arg(3 & O_CREAT)", "openat", "arg(3) & 0x40 == 0x40", true),
        ("!arg(3 & O_CREAT)", "openat", "arg(3) & 0x40 == 0x0", true),
        ("arg(3 & 3)", "openat", "arg(3) & 0x1 == 0x1 or arg(3) & 0x2 == 0x2", true),
        ("clone.flags & CLONE_NEWUSER", "clone", "arg(1) & 0x10000000 == 0x10000000", true),
        ("clone.flags & CLONE_NEWUSER", "clone3", "always", false),
        ("clone.flags < 4096", "clone", "always", false),
        ("open.flags & O_CREAT", "openat2", "always", false),
        ("family(inet)", "socket", "arg(1) == 2", true),
        ("family(inet)", "connect", "always", false),
        ("arg(3 & 0xfffff)", "openat", "always", false),
        ("site(x.F) & fd(3)", "write", "arg(1) == 3", false),
        ("!test(TestA)", "getpid", "always", false),
        ("once-per(site)", "getpid", "always", false),
    ] {
        let sieved = condition(text).sieve(Sysno::from_name(name).expect(name));
        assert_eq!((sieved.sieve.to_string().as_str(), sieved.is_exact), (sieve, is_exact), "{text} {name}");
    }
}

#[test]
fn what_no_call_of_the_rule_can_have_is_told() {
    let check = |text: &str, calls: &str| {
        let calls: Vec<Sysno> = calls.split(' ').filter_map(Sysno::from_name).collect();
        let mut diagnostics = Vec::new();
        condition(text).check(&calls, &mut diagnostics);
        assert!(diagnostics.iter().all(|mistake| mistake.is_error() && mistake.help.is_some()));
        diagnostics
            .into_iter()
            .map(|mistake| (mistake.place.expect("a place").1, mistake.label))
            .collect::<Vec<_>>()
    };
    for (text, calls, at, label) in [
        ("fd(1) | port(80)", "open stat", 0..5, "open, stat: no descriptor among the arguments"),
        ("path(/a)", "getpid", 0..8, "getpid: no pathname or descriptor among the arguments"),
        ("uid(0) & !port(80)", "getpid", 10..18, "getpid: no socket or socket address among the arguments"),
        ("arg(4 == 1)", "read write", 0..11, "read, write: 3 arguments"),
        ("arg(1 == 1)", "getpid", 0..11, "getpid: 0 arguments"),
        ("string(1 =a)", "read", 0..12, "read: no pointer as argument 1"),
        ("data(2 ~a)", "read", 0..10, "read: no buffer to send as argument 2"),
        ("perf.type == 1", "read", 0..14, "read: no `perf.type`"),
        (
            "perf.exclude_kernel == 2",
            "perf_event_open",
            0..24,
            "`exclude_kernel` has no such value, only up to 0x1",
        ),
        ("exec(1)", "read", 0..7, "read: no program to execute"),
        ("arg(1 == 0x100000000)", "read mmap", 0..21, "argument 1 of read is an int"),
        ("once-per(fd)", "getpid", 0..12, "getpid"),
    ] {
        let found = check(text, calls);
        assert_eq!(found.first(), Some(&(at, label.to_owned())), "{text} {calls}");
    }
    for (text, calls) in [
        ("fd(1)", "getpid read"),
        ("path(/a) & port(80) & arg(4 == 1) & exec(1)", "execve connect openat"),
        ("clone.cgroup == 1", "clone clone3"),
        ("arg(1 == -1)", "read"),
        ("arg(1 == 0x100000000)", "mmap"),
        ("uid(0) & exe(/a) & argv(a) & child(1) & after(x)", "getpid"),
        ("once-per(fd,pid)", "getpid read"),
        (
            "site(x.F) & caller(x.F) & pkg(x) & test(TestA) & goroutine(none) & once-per(site,test,goroutine)",
            "getpid",
        ),
        ("fd(1)", ""),
    ] {
        assert_eq!(check(text, calls), [], "{text} {calls}");
    }
}

#[test]
fn it_is_said_who_decides_what() {
    let calls = [Sysno::openat, Sysno::write];
    let lines = condition("path(/a) & fd(3) & (fd(4) | path(/b)) & once-per(tid)").explain(&calls);
    let lines: Vec<(&str, &str)> = lines
        .iter()
        .map(|line| (line.predicate.as_str(), line.decided.split(": ").next().unwrap_or_default()))
        .collect();
    assert_eq!(
        lines,
        [
            ("fd(3)", "the kernel's filter"),
            ("path(/a)", "the supervisor, from the target's process"),
            ("fd(4)", "the supervisor, from registers"),
            ("path(/b)", "the supervisor, from the target's process"),
            ("once-per(tid)", "the supervisor, from what it has seen"),
        ]
    );
    let decider = |text: &str, calls: &[Sysno]| {
        let decided = condition(text).explain(calls)[0].decided.clone();
        decided.split(": ").next().unwrap_or_default().to_owned()
    };
    assert_eq!(decider("clone.flags & 256", &[Sysno::clone]), "the kernel's filter");
    assert_eq!(decider("clone.flags < 256", &[Sysno::clone]), "the supervisor, from registers");
    assert_eq!(
        decider("clone.flags & 256", &[Sysno::clone, Sysno::clone3]),
        "the supervisor, from the target's memory"
    );
    for text in ["site(x.F)", "!test(TestA)", "once-per(fd,site)"] {
        let decided = condition(text).explain(&calls).pop().map(|line| line.decided);
        let expect = "the supervisor, from the Go stack: costs a wake-up and an unwinding";
        assert_eq!(decided.as_deref(), Some(expect), "{text}");
    }
    // Executions that are not meant are counted, so the filter must not drop them.
    assert_eq!(decider("fd(3) & exec(1)", &[Sysno::execveat]), "the supervisor, from registers");
    for (text, call, is_racy) in [
        ("path(/a)", Sysno::openat, true),
        ("path(/a)", Sysno::write, false),
        ("fd(1) & once-per(path)", Sysno::openat, true),
        ("argv(a)", Sysno::write, true),
        ("arg(1 == 1) & fdkind(pipe)", Sysno::write, false),
        ("clone.flags & 1", Sysno::clone, false),
        ("clone.flags & 1", Sysno::clone3, true),
        ("site(x.F) & goroutine(1) & once-per(site,test,goroutine)", Sysno::openat, false),
    ] {
        assert_eq!(condition(text).is_racy(&[call]), is_racy, "{text} {call}");
    }
}

#[test]
fn rules_that_are_asked_for_are_named() {
    let condition = condition("fd(1) & (after(a) | !after(b/c))");
    assert_eq!(condition.rules_named(), [("a", 9..17), ("b/c", 21..31)]);
}
