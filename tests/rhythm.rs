//! Which of the matching calls are hit; the same ones for the same seed, and again in a replay.

use e2e::{Duress, Fired, Made, Module, Need, Outcome, has, run_raw};
use std::path::Path;

const NEEDS: &[Need] = &[Need::C, Need::Notify];

fn run(rules: &[&str], words: &[&str]) -> Outcome {
    run_raw(&std::env::temp_dir(), &[], rules, words)
}

/// The calls of twelve that this rhythm hits, as the program and the report have it.
fn hits(rhythm: &str) -> Vec<u64> {
    let outcome = run(&[&format!("getpgid:error=EPERM:{rhythm}")], &["getpgid:0*12"]);
    let failed = Made::failed(&outcome, "getpgid");
    assert_eq!(Fired::occurrences(&outcome, "rule-1"), failed, "{rhythm}\n{outcome:?}");
    assert_eq!(outcome.json()["faults"]["matched"], 12, "what is let through counts\n{outcome:?}");
    failed
}

#[test]
fn a_burst_hits_some_in_a_row_and_then_rests() {
    if !has(NEEDS) {
        return;
    }
    assert_eq!(hits("burst=3/2"), [1, 2, 3, 6, 7, 8, 11, 12]);
    assert_eq!(hits("burst=1/20"), [1]);
    // It begins with the first call that `when` allows.
    assert_eq!(hits("when=4+:burst=2/3"), [4, 5, 9, 10]);
    assert_eq!(hits("when=2..9+2:burst=5/5"), [2, 4, 6]);
}

#[test]
fn a_limit_ends_a_rule_or_lets_it_rest() {
    if !has(NEEDS) {
        return;
    }
    assert_eq!(hits("limit=2"), [1, 2]);
    assert_eq!(hits("when=3+3:limit=3"), [3, 6, 9]);
    assert_eq!(hits("burst=2/1:limit=5"), [1, 2, 4, 5, 7]);
    assert_eq!(hits("limit=2/3600s"), [1, 2]);
    // The program waits longer than the limit's time, and may be hit again.
    let rule = "getpgid:error=EPERM:limit=2/1s";
    let outcome = run(&[rule], &["getpgid:0*4", "poll:0:0:1100", "getpgid:0*4"]);
    assert_eq!(Made::failed(&outcome, "getpgid"), [1, 2, 5, 6], "{outcome:?}");
}

#[test]
fn what_a_limit_counts_is_hits_and_not_calls() {
    if !has(NEEDS) {
        return;
    }
    let free = hits("rate=0.5");
    assert!((2..=10).contains(&free.len()), "{free:?}");
    assert_eq!(hits("rate=0.5:limit=2"), free[..2]);
    // What a burst lets through cannot be hit by chance.
    let both = hits("rate=0.5:burst=3/2");
    assert!(both.iter().all(|hit| [1, 2, 3, 6, 7, 8, 11, 12].contains(hit)), "{both:?}");
}

#[test]
fn each_call_of_a_set_can_be_counted_by_itself() {
    if !has(NEEDS) {
        return;
    }
    let words = ["getpgid:0*3", "getppid*3", "getpgid:0"];
    let failed = |outcome: &Outcome| (Made::failed(outcome, "getpgid"), Made::failed(outcome, "getppid"));
    let together = run(&["getpgid,getppid:error=EPERM:when=2+3"], &words);
    assert_eq!(failed(&together), (vec![2], vec![2]), "{together:?}");
    let each = run(&["getpgid,getppid:error=EPERM:when=3:each"], &words);
    assert_eq!(failed(&each), (vec![3], vec![3]), "{each:?}");
    // Each has its own limit, too.
    let each = run(&["getpgid,getppid:error=EPERM:limit=1:each"], &words);
    assert_eq!(failed(&each), (vec![1], vec![1]), "{each:?}");
}

/// A plan with rules of every kind that chance, time or the past has a part in, and calls for each.
const RULES: &[&str] = &[
    "getpgid:error=EPERM:rate=0.3:name=chance",
    "getppid:error=EPERM:burst=2/3:name=burst",
    "gettid:retval=7:limit=2/3600s:name=limited",
    "getuid:delay_enter=lognormal(100us,1):rate=50%:name=slow",
    "fsync:error=legal:name=legal",
    "sched_yield:error=EPERM:name=armed:where=after(chance)",
    "openat:error=EACCES:name=once:where=path(**/duress-none-*) & once-per(path)",
    "dup:max_descriptors=40:name=full",
    "write:max_disk=10:name=disk:where=path(**/duress-disk)",
    "lseek:lie=+3:rate=0.5:name=lie",
    "pread64:short=2:when=2+2:name=short:where=path(**/duress-disk)",
    "getpid:syscall=getppid:rate=0.5:name=other",
    "mkdirat:arg2=0700:limit=1:name=changed",
    "epoll_create1:signal=SIGURG:rate=0.5:name=signal",
];

const WORDS: &[&str] = &[
    "getpgid:0*30",
    "getppid*12",
    "gettid*6",
    "getuid*12",
    "fsync:1*8",
    "sched_yield*3",
    "openat:AT_FDCWD:duress-none-1:0*3",
    "openat:AT_FDCWD:duress-none-2:0*3",
    "dup:2*60",
    "close:20",
    "dup:2*2",
    "a=openat:AT_FDCWD:duress-disk:O_CREAT|O_TRUNC|O_RDWR:0600",
    "write:@a:word:4*5",
    "lseek:@a:2:0*20",
    "pread64:@a:&6:6:0*9",
    "getpid*12",
    "mkdirat:AT_FDCWD:duress-made:0755*2",
    "epoll_create1:0*12",
];

/// What was hit, and what came of it: results that hang on the process are left out.
fn decisions(outcome: &Outcome) -> Vec<(String, u64, String)> {
    let cut = |text: &str| text.split(", really").next().unwrap_or_default().to_owned();
    Fired::all(outcome).into_iter().map(|fired| (fired.rule, fired.occurrence, cut(&fired.outcome))).collect()
}

#[test]
fn the_same_seed_decides_the_same_and_so_does_a_replay_for_rules_of_every_kind() {
    if !(has(NEEDS) && has(&[Need::Trace])) {
        return;
    }
    let run = |folder: &Path, seed: &str| run_raw(folder, &["--seed", seed], RULES, WORDS);
    let (one, two, three) = (Module::new(&[]), Module::new(&[]), Module::new(&[]));
    let first = run(one.path(), "5");
    let decided = decisions(&first);
    for rule in RULES {
        let name = rule.split(':').find_map(|part| part.strip_prefix("name=")).expect("each has a name");
        let fired = first.json()["rules"].as_array().and_then(|rules| {
            rules.iter().find(|rule| rule["name"] == name).and_then(|rule| rule["fired"].as_u64())
        });
        assert!(fired > Some(0), "{rule} never fired\n{first:?}");
    }
    assert_eq!(first.json()["mechanism"], "notify+trace", "{first:?}");
    assert_eq!(decisions(&run(two.path(), "5")), decided, "the same seed");
    assert_ne!(decisions(&run(three.path(), "6")), decided, "another seed");

    std::fs::remove_dir(one.join("duress-made")).expect("it was made");
    let again = Duress::new(one.path(), ["replay", "last", "--format", "json"]).home_of(&first).run();
    again.expect_stderr(&["replay: the same decisions, and the target took the same way"]);
    assert_eq!(decisions(&again), decided, "{again:?}");
}

#[test]
fn chance_is_the_same_whatever_other_rules_there_are() {
    if !has(NEEDS) {
        return;
    }
    let words = ["getpgid:0*40", "getppid*40"];
    let alone = run(&["getpgid:error=EPERM:rate=0.5:name=a"], &words);
    let rules = ["getppid:error=EPERM:rate=0.5:name=b", "getpgid:error=EPERM:rate=0.5:name=a"];
    let both = run(&rules, &words);
    assert_eq!(Made::failed(&alone, "getpgid"), Made::failed(&both, "getpgid"), "{both:?}");
    assert_ne!(Made::failed(&both, "getpgid"), Made::failed(&both, "getppid"), "{both:?}");
}
