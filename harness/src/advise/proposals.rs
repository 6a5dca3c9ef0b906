//! Rules of thumb: what was recorded, and the switch that says more of it.

use super::facts::Facts;
use golang::Setting;

/// A switch that is worth trying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub(crate) setting: Setting,
    /// What it would tell.
    pub(crate) why: String,
    /// What was counted: `futex`, `findings of a hang`.
    pub(crate) what: String,
    pub(crate) count: u64,
}

/// From so many calls on they are a storm.
const MANY: u64 = 100;

/// All that the facts speak for, the strongest first.
pub(crate) fn proposals(facts: &Facts) -> Vec<Proposal> {
    let mut found: Vec<Proposal> = Vec::new();
    // Where nothing was counted there is no reason.
    let mut add = |switch: &str, count: u64, what: &str, why: &str| {
        let setting: Setting = switch.parse().expect("every switch here is written as one");
        if count > 0 && !found.iter().any(|known| known.setting == setting) {
            found.push(Proposal { setting, why: why.to_owned(), what: what.to_owned(), count });
        }
    };
    let detail = "GODEBUG=schedtrace=100,scheddetail=1";

    // What went wrong.
    let what = "findings of a hang";
    add("GOTRACEBACK=system", facts.hangs, what, "the dump then has the runtime's own goroutines and frames");
    add(
        detail,
        facts.hangs,
        what,
        "which goroutine, thread and processor waits for what, ten times a second",
    );
    let what = "findings of a panic";
    add("GOTRACEBACK=all", facts.crashes, what, "a panic prints its own goroutine only");
    add(
        "GODEBUG=tracebackancestors=10",
        facts.crashes,
        what,
        "who started the goroutines that a panic prints",
    );
    let what = "findings of a fatal error";
    add(
        "GOTRACEBACK=system",
        facts.fatal,
        what,
        "a fatal error is the runtime's, and so are the frames that explain it",
    );
    add(
        "GODEBUG=dontfreezetheworld=1",
        facts.fatal,
        what,
        "a fatal error stops all goroutines, and may hide what they did",
    );
    add(
        "GOTRACEBACK=crash",
        facts.signals,
        "findings of a signal",
        "the kernel's view: a core where those are kept",
    );
    let silent = u64::from(facts.silent);
    add(
        "GODEBUG=inittrace=1",
        silent,
        "ends without a word",
        "whether it came past the initialisation of its packages",
    );
    add("GOTRACEBACK=crash", silent, "ends without a word", "what ended it, if the runtime did");

    // What the output says.
    let bad = facts.said("found bad pointer");
    add("GODEBUG=gccheckmark=1", bad, "lines `found bad pointer`", "whether the collector itself went wrong");
    add("GODEBUG=clobberfree=1", bad, "lines `found bad pointer`", "whether freed memory is still used");
    add("GODEBUG=invalidptr=0", bad, "lines `found bad pointer`", "whether it goes on without that check");
    let cgo = facts.said("has Go pointer to");
    add("GODEBUG=cgocheck=0", cgo, "lines `has Go pointer to`", "whether it goes on without that check");
    add(
        "GOEXPERIMENT=cgocheck2",
        cgo,
        "lines `has Go pointer to`",
        "every pointer that C gets is checked, by another build",
    );
    let dead = facts.said("all goroutines are asleep");
    add("GOTRACEBACK=all", dead, "lines `all goroutines are asleep`", "what each of them sleeps in");

    // What it was about.
    let (lookups, what) = match facts.lookups {
        0 => (facts.said("lookup "), "lines that tell of a lookup"),
        lookups => (lookups, "calls from net's resolver"),
    };
    add("GODEBUG=netdns=go+2", lookups, what, "Go's own resolver, and which sources it asks in which order");
    add("GODEBUG=netdns=cgo+2", lookups, what, "the C library's resolver, if the program has it");
    add(
        "GODEBUG=netedns0=0",
        facts.lookups,
        what,
        "queries without EDNS0, which some resolvers do not answer",
    );
    let (http2, what) = match facts.http2 {
        0 => (facts.said("http2: "), "lines of HTTP/2"),
        http2 => (http2, "calls from HTTP/2"),
    };
    add(
        "GODEBUG=http2debug=1",
        http2,
        what,
        "the errors of connections and streams, which the client sums up",
    );
    add("GODEBUG=http2debug=2", http2, what, "every frame, too");
    add("GODEBUG=http2client=0", http2, what, "the same without HTTP/2");

    // Programs that it starts.
    let execs =
        facts.failures(&["execve", "execveat", "clone", "clone3", "vfork"]).max(facts.said("fork/exec "));
    add("GODEBUG=execwait=2", execs, "programs that could not be started", "commands that nobody waits for");
    let relative = facts.said("relative to current directory");
    add(
        "GODEBUG=execerrdot=0",
        relative,
        "lines `relative to current directory`",
        "as before Go 1.19, which found it there",
    );

    // Threads and their schedule.
    let threads = facts.failures(&["clone", "clone3"]).max(facts.said("failed to create new OS thread"));
    add(
        detail,
        threads,
        "threads that could not be started",
        "how many threads there are, and what each does",
    );
    let (futexes, total) = (facts.count(&["futex"]), facts.total());
    if futexes >= MANY && futexes * 2 >= total {
        let what = format!("calls of futex, of {total} in all");
        add(detail, futexes, &what, "which goroutines hand over to which, and which processors are idle");
    }
    let waits = facts.count(&["epoll_wait", "epoll_pwait"]);
    if facts.hangs > 0 {
        add(
            "GODEBUG=schedtrace=100",
            waits,
            "waits for the network (epoll)",
            "whether it is idle while it waits",
        );
    }
    let preemptions = facts.count(&["tgkill"]);
    if preemptions >= 3 || preemptions > 0 && facts.hangs > 0 {
        let what = "calls of tgkill, by which Go preempts";
        add(
            "GODEBUG=asyncpreemptoff=1",
            preemptions,
            what,
            "whether its signals are what interrupts other calls",
        );
    }
    if !facts.processor.is_empty() {
        let what = format!("hosts with less processor ({})", facts.processor.join(", "));
        let count = u64::try_from(facts.processor.len()).unwrap_or(u64::MAX);
        add("GODEBUG=containermaxprocs=0", count, &what, "GOMAXPROCS by the CPUs, as before Go 1.25");
        add("GODEBUG=updatemaxprocs=0", count, &what, "… and kept as it was at the start");
    }

    // Memory.
    let memory = ["mmap", "munmap", "mprotect", "madvise", "brk"];
    let denied = facts.failures(&memory).max(facts.said("cannot allocate memory"));
    add("GODEBUG=gctrace=1", denied, "calls for memory that failed", "how large the heap is when it happens");
    add(
        "GODEBUG=gctrace=1",
        facts.collections,
        "calls from collections",
        "when they are, and how long they stop the program",
    );
    let maps = facts.count(&["mmap", "munmap"]);
    if maps >= MANY {
        add("GODEBUG=gctrace=1", maps, "calls of mmap and munmap", "how the heap grows");
    }
    let given = facts.count(&["madvise"]);
    if given >= MANY || facts.failures(&["madvise"]) > 0 {
        add("GODEBUG=scavtrace=1", given, "calls of madvise", "how much memory is given back, and when");
        add("GODEBUG=madvdontneed=0", given, "calls of madvise", "given back lazily (MADV_FREE)");
    }
    let named = facts.failures(&["prctl"]);
    add(
        "GODEBUG=decoratemappings=0",
        named,
        "calls of prctl that failed",
        "without names for memory, as before Go 1.25",
    );

    // The network.
    let sockets = facts.failures(&["socket", "setsockopt"]);
    add(
        "GODEBUG=multipathtcp=0",
        sockets,
        "sockets that could not be had",
        "without Multipath TCP, which listeners ask for since Go 1.24",
    );
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposed(facts: &Facts) -> Vec<String> {
        proposals(facts).iter().map(|one| format!("{} {}", one.setting, one.count)).collect()
    }

    fn calls(calls: &[(&str, u64)]) -> Facts {
        let calls = calls.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        Facts { calls, ..Facts::default() }
    }

    #[test]
    fn nothing_is_proposed_without_a_number() {
        assert_eq!(proposed(&Facts::default()), [""; 0]);
        assert_eq!(proposed(&calls(&[("openat", 5000), ("tgkill", 2), ("futex", 99)])), [""; 0]);
    }

    #[test]
    fn storms_and_preemption_are_told_by_their_counts() {
        let storm = calls(&[("futex", 600), ("read", 600)]);
        assert_eq!(proposed(&storm), ["GODEBUG=schedtrace=100,scheddetail=1 600"]);
        assert_eq!(proposed(&calls(&[("futex", 600), ("read", 601)])), [""; 0], "less than half");
        assert_eq!(proposed(&calls(&[("tgkill", 3)])), ["GODEBUG=asyncpreemptoff=1 3"]);
        assert_eq!(
            proposed(&calls(&[("madvise", 100), ("mmap", 100)])),
            ["GODEBUG=gctrace=1 100", "GODEBUG=scavtrace=1 100", "GODEBUG=madvdontneed=0 100"]
        );
    }

    #[test]
    fn findings_come_first_and_the_first_reason_stays() {
        let facts = Facts { hangs: 1, ..calls(&[("futex", 600), ("tgkill", 1), ("epoll_pwait", 4)]) };
        assert_eq!(
            proposed(&facts),
            [
                "GOTRACEBACK=system 1",
                "GODEBUG=schedtrace=100,scheddetail=1 1",
                "GODEBUG=schedtrace=100 4",
                "GODEBUG=asyncpreemptoff=1 1",
            ]
        );
    }

    #[test]
    fn what_a_call_was_about_is_told_by_its_path_or_by_the_output() {
        let by_path = Facts { lookups: 7, http2: 4, ..Facts::default() };
        let netdns = ["GODEBUG=netdns=go+2 7", "GODEBUG=netdns=cgo+2 7", "GODEBUG=netedns0=0 7"];
        let http2 = ["GODEBUG=http2debug=1 4", "GODEBUG=http2debug=2 4", "GODEBUG=http2client=0 4"];
        assert_eq!(proposed(&by_path), [netdns, http2].concat());
        let by_output = Facts { lines: [("lookup ", 2)].into(), ..Facts::default() };
        assert_eq!(proposed(&by_output), ["GODEBUG=netdns=go+2 2", "GODEBUG=netdns=cgo+2 2"]);
        let failed = Facts { failed: [("execve".to_owned(), 3)].into(), ..Facts::default() };
        assert_eq!(proposed(&failed), ["GODEBUG=execwait=2 3"]);
    }
}
