//! `where` holds for the calls that it says and for no others, on the real kernel.

use e2e::{Duress, Fired, Made, Module, Need, Outcome, has, raw, read_by, run_raw};
use std::fs;
use std::path::PathBuf;

const NEEDS: &[Need] = &[Need::C, Need::Notify];

// Errors as the program prints them.
const EPERM: i32 = 1;
const E2BIG: i32 = 7;
const EIO: i32 = 5;

/// A folder, by the path that the kernel knows it by.
struct Folder {
    module: Module,
    path: PathBuf,
}

impl Folder {
    fn new() -> Folder {
        let module = Module::new(&[("file", "outer\n"), ("sub/file", "inner\n")]);
        let path = fs::canonicalize(module.path()).expect("it was just made");
        Folder { module, path }
    }

    /// `HERE` in rules and words stands for the folder.
    fn run(&self, rules: &[&str], words: &[&str]) -> Outcome {
        let here = self.path.to_str().expect("scratch folders have plain names");
        let filled =
            |texts: &[&str]| texts.iter().map(|text| text.replace("HERE", here)).collect::<Vec<String>>();
        let (rules, words) = (filled(rules), filled(words));
        let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        run_raw(self.module.path(), &[], &rules, &words)
    }

    /// Fails unless the calls of this name have these errors under this one rule, and those with an error are all that matched.
    #[track_caller]
    fn check(&self, rule: &str, words: &[&str], call: &str, errors: &[i32]) -> Outcome {
        let outcome = self.run(&[rule], words);
        assert_eq!(Made::errors(&outcome, call), errors, "{outcome:?}");
        let hits = errors.iter().filter(|errno| **errno != 0).count();
        assert_eq!(outcome.json()["faults"]["matched"], hits, "{outcome:?}");
        outcome
    }
}

/// `plan explain` of these rules.
fn explained(rules: &[&str]) -> Outcome {
    let rules: Vec<&str> = rules.iter().flat_map(|rule| ["-e", rule]).collect();
    Duress::new(&std::env::temp_dir(), [&["plan", "explain"], &rules[..]].concat()).run()
}

/// A port that nobody uses now.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("this host has a loopback");
    listener.local_addr().expect("it is bound").port()
}

#[test]
fn a_path_is_the_same_file_however_it_is_written() {
    if !has(NEEDS) {
        return;
    }
    let words = [
        "d=openat:AT_FDCWD:sub:O_DIRECTORY",
        "openat:@d:file:0",
        "openat:AT_FDCWD:sub/file:0",
        "openat:AT_FDCWD:HERE/sub/file:0",
        "openat:@d:HERE/file:0",
        "chdir:sub",
        "openat:AT_FDCWD:file:0",
        "openat:AT_FDCWD:./../sub//file:0",
        "openat:AT_FDCWD:../file:0",
        "openat:@d:../file:0",
        "child",
        "chdir:..",
        "openat:AT_FDCWD:sub/file:0",
        "end",
    ];
    let errors = [0, EIO, EIO, EIO, 0, EIO, EIO, 0, 0, EIO];
    let outcome =
        Folder::new().check("openat:error=EIO:where=path(HERE/sub/file)", &words, "openat", &errors);
    assert_eq!(outcome.json()["rules"][0]["racy"], true, "another thread could change it\n{outcome:?}");
}

#[test]
fn a_star_stays_in_its_folder_and_two_do_not() {
    if !has(NEEDS) {
        return;
    }
    let words = ["openat:AT_FDCWD:file:0", "openat:AT_FDCWD:sub/file:0", "openat:AT_FDCWD:sub/none:0"];
    let enoent = 2;
    let check = |path: &str, errors: &[i32]| {
        let rule = format!("openat:error=EIO:where=path({path})");
        let outcome = Folder::new().run(&[&rule], &words);
        assert_eq!(Made::errors(&outcome, "openat"), errors, "{path}\n{outcome:?}");
    };
    check("HERE/*", &[EIO, 0, enoent]);
    check("HERE/**", &[EIO, EIO, EIO]);
    check("HERE/*/file", &[0, EIO, enoent]);
    check("HERE/s?b/[a-f]ile", &[0, EIO, enoent]);
    check("~/sub/", &[0, EIO, EIO]);
    check("/sub\\/(none|other)$/", &[0, 0, EIO]);
    check("=HERE/*", &[0, 0, enoent]);
}

#[test]
fn a_path_is_also_what_lies_behind_a_descriptor() {
    if !has(NEEDS) {
        return;
    }
    let words = [
        "symlinkat:sub/file:AT_FDCWD:link",
        "a=openat:AT_FDCWD:link:0",
        "read:@a:&9:9",
        "b=openat:AT_FDCWD:file:0",
        "read:@b:&9:9",
        "dup2:@a:@b",
        "read:@b:&9:9",
        "pipe:r:w",
        "write:@w:word:4",
        "read:@r:&4:4",
    ];
    // The link is opened, for it is no such path itself; what it leads to is the file.
    let rule = "openat,read:error=EIO:where=path(HERE/sub/file)";
    let outcome = Folder::new().check(rule, &words, "read", &[EIO, 0, EIO, 0]);
    assert_eq!(Made::errors(&outcome, "openat"), [0, 0], "{outcome:?}");
    assert_eq!(read_by(&outcome), ["outer", "word"], "{outcome:?}");
    let alone =
        Folder::new().check("read:error=EIO:where=path(**/sub/file)", &words, "read", &[EIO, 0, EIO, 0]);
    assert_eq!(alone.json()["rules"][0]["racy"], false, "a descriptor is no memory\n{alone:?}");
}

#[test]
fn descriptors_are_known_by_number_and_by_kind() {
    if !has(NEEDS) {
        return;
    }
    let open = ["a=openat:AT_FDCWD:file:0", "dup2:@a:70", "dup2:@a:71", "dup2:@a:72", "dup2:@a:73"];
    let seek = ["lseek:70:0:0", "lseek:71:0:0", "lseek:72:0:0", "lseek:73:0:0"];
    let numbers = Folder::new().check(
        "lseek:error=EIO:where=fd(71..72)",
        &[&open[..], &seek].concat(),
        "lseek",
        &[0, EIO, EIO, 0],
    );
    let json = numbers.json();
    assert_eq!(
        (&json["calls"]["lseek"], &json["rules"][0]["racy"]),
        (&2.into(), &false.into()),
        "{numbers:?}"
    );

    let kinds = ["pipe", "socket", "file", "epoll", "dir", "char"];
    let open = [
        "pipe:p:w",
        "s=socket:AF_INET:SOCK_STREAM:0",
        "f=openat:AT_FDCWD:file:0",
        "e=epoll_create1:0",
        "d=openat:AT_FDCWD:sub:O_DIRECTORY",
        "c=openat:AT_FDCWD:/dev/null:0",
    ];
    let each = ["fsync:@p", "fsync:@s", "fsync:@f", "fsync:@e", "fsync:@d", "fsync:@c", "fsync:99"];
    let words = [&open[..], &each].concat();
    for (place, kind) in kinds.iter().enumerate() {
        let outcome = Folder::new().run(&[&format!("fsync:error=EDQUOT:where=fdkind({kind})")], &words);
        let hits: Vec<usize> =
            (0..each.len()).filter(|at| Made::errors(&outcome, "fsync")[*at] == 122).collect();
        assert_eq!(hits, [place], "{kind}\n{outcome:?}");
    }
    let outcome = Folder::new().run(&["fsync:error=EDQUOT:where=!fdkind(pipe,epoll) & !fd(99)"], &words);
    let hit: Vec<bool> = Made::errors(&outcome, "fsync").iter().map(|errno| *errno == 122).collect();
    assert_eq!(hit, [false, true, true, false, true, true, false], "{outcome:?}");
}

#[test]
fn ports_and_addresses_are_those_of_the_call_or_of_either_end_of_its_socket() {
    if !has(NEEDS) {
        return;
    }
    let (refused, not_connected) = (111, 107);
    // PORT is where it listens, and what it connects to first; nobody listens at OTHER.
    let check = |rule: &str, connects: [i32; 2], sends: [i32; 3]| {
        let (port, other) = (free_port().to_string(), free_port().to_string());
        let filled = |text: &str| text.replace("PORT", &port).replace("OTHER", &other);
        let words = [
            "l=socket:AF_INET:SOCK_STREAM:0",
            &filled("bind:@l:in/127.0.0.1/PORT:16"),
            "listen:@l:8",
            "c=socket:AF_INET:SOCK_STREAM:0",
            &filled("connect:@c:in/127.0.0.1/PORT:16"),
            "a=accept4:@l:0:0:0",
            "sendto:@a:word:4:0:0:0",
            "sendto:@c:word:4:0:0:0",
            "d=socket:AF_INET:SOCK_STREAM:0",
            &filled("connect:@d:in/127.0.0.2/OTHER:16"),
            "u=socket:AF_UNIX:SOCK_DGRAM:0",
            "sendto:@u:word:4:0:0:0",
        ];
        let outcome = Folder::new().run(&[&filled(rule)], &words);
        assert_eq!(Made::errors(&outcome, "connect"), connects, "{rule}\n{outcome:?}");
        assert_eq!(Made::errors(&outcome, "sendto"), sends, "{rule}\n{outcome:?}");
    };
    check("sendto:error=EIO:where=port(PORT)", [0, refused], [EIO, EIO, not_connected]);
    check("sendto:error=EIO:where=addr(127.0.0.0/8)", [0, refused], [EIO, EIO, not_connected]);
    check("sendto:error=EIO:where=family(unix)", [0, refused], [0, 0, EIO]);
    for condition in
        ["port(OTHER)", "addr(127.0.0.2)", "addr(127.0.0.2/31) & port(1..65535)", "sockaddr.port == OTHER"]
    {
        check(&format!("connect:error=EIO:where={condition}"), [0, EIO], [0, 0, not_connected]);
    }
}

#[test]
fn arguments_are_compared_as_numbers_and_by_their_constants() {
    if !has(NEEDS) {
        return;
    }
    let numbers: Vec<String> = (0..8).map(|number| format!("getpgid:{number}")).collect();
    let words: Vec<&str> = numbers.iter().map(String::as_str).chain(["getpgid:-1"]).collect();
    let check = |condition: &str, hit: &[u64]| {
        let rule = format!("getpgid:error=EPERM:where={condition}");
        let outcome = Folder::new().run(&[&rule], &words);
        let errors = Made::errors(&outcome, "getpgid");
        let hits: Vec<u64> =
            (0u64..).zip(errors).filter(|(_, errno)| *errno == EPERM).map(|(at, _)| at).collect();
        assert_eq!(hits, hit, "{condition}\n{outcome:?}");
        let json = outcome.json();
        assert_eq!(json["faults"]["matched"], hit.len(), "{condition}\n{outcome:?}");
        // The kernel's filter decided: the others were never trapped.
        assert_eq!(json["calls"]["getpgid"], hit.len(), "{condition}\n{outcome:?}");
        assert_eq!(json["rules"][0]["racy"], false, "{condition}\n{outcome:?}");
    };
    check("arg(1 == 2)", &[2]);
    check("arg(1 & 0x6 == 0x4)", &[4, 5]);
    check("arg(1 <= 3) & arg(1 != 2)", &[0, 1, 3]);
    check("!(arg(1 < 2) | arg(1 > 4))", &[2, 3, 4]);
    check("!arg(1 < 2) & arg(1 < 4) | arg(1 == -1)", &[2, 3, 8]);

    let words = [
        "openat:AT_FDCWD:new:O_CREAT|O_RDWR:0600",
        "openat:AT_FDCWD:new:O_RDWR",
        "openat:AT_FDCWD:new:O_WRONLY|O_TRUNC",
        "openat:AT_FDCWD:new:O_RDONLY",
    ];
    let rules = [
        "openat:error=EPERM:where=arg(3 & O_ACCMODE == O_WRONLY)",
        "openat:error=EIO:where=arg(3 & O_CREAT)",
        "openat:error=E2BIG:where=arg(3 == O_RDWR) & path(**/new)",
    ];
    let outcome = Folder::new().run(&rules, &words);
    // What is not there cannot be opened.
    assert_eq!(Made::errors(&outcome, "openat"), [EIO, E2BIG, EPERM, 2], "{outcome:?}");
}

#[test]
fn a_condition_that_needs_the_supervisor_traps_the_other_calls_too() {
    if !has(NEEDS) {
        return;
    }
    let outcome = Folder::new().run(&["getpgid:error=EPERM:where=child(1)"], &["getpgid:0*20"]);
    let json = outcome.expect_code(4).json();
    assert_eq!(
        (&json["calls"]["getpgid"], &json["faults"]["matched"]),
        (&20.into(), &0.into()),
        "{outcome:?}"
    );
    let filter = "the kernel's filter: other calls run at native speed";
    let supervisor = "the supervisor, from ";
    let explained = explained(&["getpgid:error=EPERM:where=arg(1 == 7) & child(1)"]);
    let lines: Vec<&str> = explained.expect_code(0).stdout.lines().map(str::trim).collect();
    let after = |line: &str| lines[lines.iter().position(|one| *one == line).expect(line) + 1];
    assert_eq!(after("arg(1 == 7)"), filter, "{explained:?}");
    assert!(after("child(1)").starts_with(supervisor), "{explained:?}");
}

#[test]
fn texts_that_arguments_point_to_are_compared() {
    if !has(NEEDS) {
        return;
    }
    let links = ["symlinkat:one:AT_FDCWD:two", "symlinkat:two:AT_FDCWD:one", "symlinkat:any:AT_FDCWD:two"];
    let rule = "symlinkat:error=EIO:where=string(1 #*one) & string(3 =two)";
    let outcome = Folder::new().check(rule, &links, "symlinkat", &[EIO, 0, 0]);
    assert_eq!(outcome.json()["rules"][0]["racy"], true, "{outcome:?}");
    let port = free_port();
    let send = |text: &str, count: usize| format!("sendto:@u:{text}:{count}:0:in/127.0.0.1/{port}:16");
    let (get, put, start) = (send("GET /", 5), send("PUT /", 5), send("GET /", 2));
    let words = ["u=socket:AF_INET:SOCK_DGRAM:0", &get, &put, &start];
    // A buffer ends where the call says, not where the text does.
    Folder::new().check("sendto:error=EIO:where=data(2 #GET **)", &words, "sendto", &[EIO, 0, 0]);
    Folder::new().check("sendto:error=EIO:where=data(2 =GE)", &words, "sendto", &[0, 0, EIO]);
}

#[test]
fn programs_are_known_by_their_file_and_their_arguments() {
    if !has(NEEDS) {
        return;
    }
    let cat = ["child", "exec:/bin/cat:file", "end"];
    let words = [&["openat:AT_FDCWD:file:0"], &cat[..], &["openat:AT_FDCWD:file:0"]].concat();
    let outcome = Folder::new().run(&["openat:error=EIO:where=exe(**/cat) & path(HERE/file)"], &words);
    assert_eq!(Made::errors(&outcome, "openat"), [0, 0], "{outcome:?}");
    outcome.expect_stderr(&["file: Input/output error"]);
    assert_eq!(Fired::occurrences(&outcome, "rule-1"), [1], "{outcome:?}");
    // execve itself: of the program that it would start.
    let start = |words: &'static str| ["child", words, "end"];
    let words =
        [start("exec:/bin/echo:--version"), start("exec:/bin/echo:x"), start("exec:/bin/true")].concat();
    let rules = ["execve:error=E2BIG:where=argv(--version)", "execve:error=EPERM:where=exe(**/true)"];
    let outcome = Folder::new().run(&rules, &words);
    assert_eq!(Made::errors(&outcome, "exec"), [E2BIG, EPERM], "{outcome:?}");
    let outcome = Folder::new().run(&["execve:error=EIO:where=exec(2)"], &words);
    assert_eq!(Made::errors(&outcome, "exec"), [EIO], "{outcome:?}");
    outcome.expect_stderr(&["echo"]);
}

#[test]
fn the_first_process_is_no_child_and_its_children_are_no_grandchildren() {
    if !has(NEEDS) {
        return;
    }
    let words = ["getpgid:0", "child", "getpgid:0", "child", "getpgid:0", "end", "end", "getpgid:0"];
    let check = |condition: &str, errors: [i32; 4]| {
        let rule = format!("getpgid:error=EPERM:where={condition}");
        Folder::new().check(&rule, &words, "getpgid", &errors);
    };
    check("child(0)", [EPERM, 0, 0, EPERM]);
    check("child(1)", [0, EPERM, 0, 0]);
    check("child(2)", [0, 0, EPERM, 0]);
    check("child(1) & !child(0)", [0, EPERM, 0, 0]);
    check("!child(0)", [0, EPERM, EPERM, 0]);
    // A program that is started is the child that starts it.
    let words = ["child", &format!("exec:{}:getpgid", raw()), "end", "getpgid:0"];
    Folder::new().check("getpgid:error=EPERM:where=child(1)", &words, "getpgid", &[EPERM, 0]);
}

#[test]
fn users_are_known_by_their_number_at_the_time() {
    if !has(&[Need::C, Need::Notify, Need::Root]) {
        return;
    }
    let words = ["getpgid:0", "setresuid:1234:1234:1234", "getpgid:0"];
    Folder::new().check("getpgid:error=EPERM:where=uid(1234)", &words, "getpgid", &[0, EPERM]);
    Folder::new().check("getpgid:error=EPERM:where=uid(0)", &words, "getpgid", &[EPERM, 0]);
}

#[test]
fn a_rule_can_wait_for_another_and_hit_each_file_once() {
    if !has(NEEDS) {
        return;
    }
    let rules = ["mkdirat:error=EIO:when=2:name=first", "getpgid:error=EPERM:where=after(first)"];
    let words =
        ["getpgid:0", "mkdirat:AT_FDCWD:a:0700", "getpgid:0", "mkdirat:AT_FDCWD:b:0700", "getpgid:0*2"];
    let outcome = Folder::new().run(&rules, &words);
    assert_eq!(Made::errors(&outcome, "getpgid"), [0, 0, EPERM, EPERM], "{outcome:?}");
    assert_eq!(outcome.json()["rules"][1]["matched"], 2, "{outcome:?}");

    let words = [
        "openat:AT_FDCWD:file:0*2",
        "openat:AT_FDCWD:sub/file:0*2",
        "openat:AT_FDCWD:sub/../file:0",
        "chdir:sub",
        "openat:AT_FDCWD:file:0",
    ];
    let rule = "openat:error=EIO:where=path(HERE/**) & once-per(path)";
    Folder::new().check(rule, &words, "openat", &[EIO, 0, EIO, 0, 0, 0]);
    let words = ["getpgid:0*2", "child", "getpgid:0*2", "end", "getpgid:0"];
    Folder::new().check(
        "getpgid:error=EPERM:where=once-per(pid)",
        &words,
        "getpgid",
        &[EPERM, 0, EPERM, 0, 0],
    );
    let words = ["getpgid:1", "getpgid:2", "getpgid:1"];
    let outcome = Folder::new().run(&["getpgid:error=EPERM:where=once-per(arg1)"], &words);
    assert_eq!(
        Made::errors(&outcome, "getpgid").iter().filter(|errno| **errno == EPERM).count(),
        2,
        "{outcome:?}"
    );
}
