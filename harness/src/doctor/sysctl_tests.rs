//! The rules of sysctl.d(5) and sysctl(8), as tables of trees.

use super::{Files, Key, matches, normalized};
use crate::doctor::root::Root;
use std::fs;
use std::os::unix::fs::symlink;
use tempfile::TempDir;

const PARANOID: &str = "kernel.perf_event_paranoid";

/// A file by its path and content; `-> PATH` is a link.
type File = (&'static str, &'static str);

fn tree(files: &[File]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match content.strip_prefix("-> ") {
            Some(target) => symlink(target, path).unwrap(),
            None => fs::write(path, content).unwrap(),
        }
    }
    folder
}

fn key(files: &[File], key: &'static str) -> Key {
    let folder = tree(files);
    let root = Root::tree(folder.path());
    Files::read(&root).key(&root, key)
}

/// What each tool sets, as `VALUE FILE:LINE`.
#[track_caller]
fn check(files: &[File], systemd: &str, procps: &str) -> Key {
    let key = key(files, PARANOID);
    let said = |setting: &Option<super::Setting>| {
        setting.as_ref().map_or("none".to_owned(), |setting| {
            format!("{} {}:{}", setting.value.as_deref().unwrap_or("-"), setting.file, setting.line)
        })
    };
    assert_eq!((said(&key.systemd).as_str(), said(&key.procps).as_str()), (systemd, procps), "{files:?}");
    key
}

#[test]
fn the_last_name_over_all_folders_wins() {
    let both = "2 /usr/lib/sysctl.d/90-x.conf:1";
    check(
        &[
            ("/etc/sysctl.d/10-a.conf", "kernel.perf_event_paranoid = 1\n"),
            ("/usr/lib/sysctl.d/90-x.conf", "kernel.perf_event_paranoid=2\n"),
            ("/run/sysctl.d/50-m.conf", "kernel.perf_event_paranoid=3\n"),
        ],
        both,
        both,
    );
    let last = "4 /etc/sysctl.d/a.conf:3";
    let key = check(
        &[("/etc/sysctl.d/a.conf", "kernel.perf_event_paranoid=1\n\n  kernel/perf_event_paranoid\t=  4  \n")],
        last,
        last,
    );
    assert_eq!(key.losing.len(), 1);
    assert_eq!(key.losing[0].line, 1);
}

#[test]
fn a_name_masks_the_same_name_in_later_folders() {
    let etc = "1 /etc/sysctl.d/50.conf:1";
    let key = check(
        &[
            ("/etc/sysctl.d/50.conf", "kernel.perf_event_paranoid=1"),
            ("/run/sysctl.d/50.conf", "kernel.perf_event_paranoid=2"),
            ("/usr/lib/sysctl.d/50.conf", "kernel.perf_event_paranoid=3"),
        ],
        etc,
        etc,
    );
    assert_eq!(key.masked.len(), 2, "{key:?}");
    assert!(key.losing.is_empty());
    for null in ["-> /dev/null", "-> ../../dev/null", ""] {
        let key = check(
            &[
                ("/run/sysctl.d/50.conf", null),
                ("/usr/local/lib/sysctl.d/50.conf", "kernel.perf_event_paranoid=2"),
            ],
            "none",
            "none",
        );
        assert_eq!(key.masked.len(), 1, "{key:?}");
        assert!(key.is_set() && key.systemd.is_none());
    }
}

#[test]
fn the_old_file_is_read_last_by_procps_and_by_link_by_systemd() {
    let old: File = ("/etc/sysctl.conf", "kernel.perf_event_paranoid=4\n");
    let own: File = ("/etc/sysctl.d/zz.conf", "kernel.perf_event_paranoid=1\n");
    check(&[old], "none", "4 /etc/sysctl.conf:1");
    check(&[old, own], "1 /etc/sysctl.d/zz.conf:1", "4 /etc/sysctl.conf:1");
    let link: File = ("/etc/sysctl.d/99-sysctl.conf", "-> ../sysctl.conf");
    check(&[old, link], "4 /etc/sysctl.d/99-sysctl.conf:1", "4 /etc/sysctl.conf:1");
    check(&[old, link, own], "1 /etc/sysctl.d/zz.conf:1", "4 /etc/sysctl.conf:1");
}

#[test]
fn only_procps_reads_the_folder_of_lib_and_hidden_files() {
    check(&[("/lib/sysctl.d/1.conf", "kernel.perf_event_paranoid=4")], "none", "4 /lib/sysctl.d/1.conf:1");
    check(&[("/etc/sysctl.d/.1.conf", "kernel.perf_event_paranoid=4")], "none", "4 /etc/sysctl.d/.1.conf:1");
    for name in ["/etc/sysctl.d/README", "/etc/sysctl.d/a.conf.bak", "/etc/sysctl.d/a.conf~"] {
        check(&[(name, "kernel.perf_event_paranoid=4")], "none", "none");
    }
    // A link from /lib to /usr/lib, as merged systems have it, is the same folder and masks nothing.
    let merged = [("/usr/lib/sysctl.d/1.conf", "kernel.perf_event_paranoid=4"), ("/lib", "-> usr/lib")];
    let both = "4 /usr/lib/sysctl.d/1.conf:1";
    assert!(check(&merged, both, both).masked.is_empty());
}

#[test]
fn a_named_key_wins_over_patterns_wherever_it_stands() {
    let named = "1 /etc/sysctl.d/10.conf:1";
    check(
        &[
            ("/etc/sysctl.d/10.conf", "kernel.perf_event_paranoid=1\n"),
            ("/etc/sysctl.d/20.conf", "kernel.perf_*=3\n"),
        ],
        named,
        named,
    );
    let pattern = "3 /etc/sysctl.d/20.conf:2";
    check(
        &[("/etc/sysctl.d/20.conf", "kernel.*=2\nkernel.perf_event_p?ranoid=3\nuser.*=7\n")],
        pattern,
        pattern,
    );
}

#[test]
fn an_exclusion_keeps_patterns_away_and_in_systemd_what_was_said_before() {
    let excluded = "- /etc/sysctl.d/1.conf:2";
    check(&[("/etc/sysctl.d/1.conf", "kernel.perf*=3\n-kernel.perf_event_paranoid\n")], excluded, excluded);
    check(
        &[("/etc/sysctl.d/1.conf", "kernel.perf_event_paranoid=3\n-kernel.perf_event_paranoid\n")],
        excluded,
        "3 /etc/sysctl.d/1.conf:1",
    );
    let again = "2 /etc/sysctl.d/1.conf:2";
    check(
        &[("/etc/sysctl.d/1.conf", "-kernel.perf_event_paranoid\n-kernel.perf_event_paranoid=2\n")],
        again,
        again,
    );
}

#[test]
fn what_is_no_assignment_is_told_with_its_place_and_harms_nothing() {
    let folder = tree(&[
        (
            "/etc/sysctl.d/1.conf",
            "# no\n; no\nwhat is this\n=5\nkernel.perf_event_paranoid=2\r\n\u{0}\u{1}\n",
        ),
        ("/etc/sysctl.d/2.conf", "-> 3.conf"),
        ("/etc/sysctl.d/3.conf", "-> 2.conf"),
        ("/etc/sysctl.d/4.conf/file", ""),
        ("/etc/sysctl.d/5.conf", "-> nowhere"),
    ]);
    fs::write(folder.path().join("etc/sysctl.d/6.conf"), [0xff, 0xfe, b'=', 0xff, b'\n', 0xc3]).unwrap();
    let huge = fs::File::create(folder.path().join("etc/sysctl.d/7.conf")).unwrap();
    huge.set_len(1 << 36).unwrap();
    let root = Root::tree(folder.path());
    let files = Files::read(&root);
    let key = files.key(&root, PARANOID);
    assert_eq!(key.systemd.map(|setting| (setting.value, setting.line)), Some((Some("2".to_owned()), 5)));
    let problems = files.problems.join("\n");
    for problem in [
        "/etc/sysctl.d/1.conf:3: no assignment",
        "/etc/sysctl.d/1.conf:4: no assignment",
        "/etc/sysctl.d/2.conf: a loop of links",
        "/etc/sysctl.d/4.conf: no regular file",
        "/etc/sysctl.d/5.conf: not there",
        "/etc/sysctl.d/7.conf: only its first MiB was read",
    ] {
        assert!(problems.contains(problem), "{problem} is not in\n{problems}");
    }
}

#[test]
fn a_live_value_that_no_file_sets_was_set_by_hand() {
    let live: File = ("/proc/sys/kernel/perf_event_paranoid", "1\n");
    let set: File = ("/etc/sysctl.d/1.conf", "kernel.perf_event_paranoid=2\n");
    for (files, differs) in [
        (&[live, set][..], Some(true)),
        (&[live, ("/etc/sysctl.d/1.conf", "kernel.perf_event_paranoid=1\n")], Some(false)),
        // What one of the tools sets needs no hand.
        (&[live, set, ("/etc/sysctl.conf", "kernel.perf_event_paranoid=1\n")], Some(false)),
        (&[live], None),
        (&[set], None),
    ] {
        let key = key(files, PARANOID);
        assert_eq!(key.differs, differs, "{key:?}");
        let told = key.origin().join("\n").contains("set by hand");
        assert_eq!(told, differs == Some(true), "{key:?}");
    }
}

#[test]
fn keys_are_read_in_either_spelling() {
    for (key, path) in [
        ("kernel.perf_event_paranoid", "kernel/perf_event_paranoid"),
        ("kernel/perf_event_paranoid", "kernel/perf_event_paranoid"),
        ("net.ipv4.conf.eth0/100.forwarding", "net/ipv4/conf/eth0.100/forwarding"),
        ("net/ipv4/conf/eth0.100/forwarding", "net/ipv4/conf/eth0.100/forwarding"),
        ("/kernel/x", "kernel/x"),
        ("plain", "plain"),
    ] {
        assert_eq!(normalized(key), path);
    }
}

#[test]
fn patterns_match_part_by_part() {
    for (pattern, path, expected) in [
        ("net/ipv4/conf/*/rp_filter", "net/ipv4/conf/all/rp_filter", true),
        ("net/*/rp_filter", "net/ipv4/conf/all/rp_filter", false),
        ("net/*", "net/ipv4/conf", false),
        ("kernel/perf_event_[a-p]aranoid", "kernel/perf_event_paranoid", true),
        ("kernel/perf_event_[!p]aranoid", "kernel/perf_event_paranoid", false),
        ("kernel/[p", "kernel/p", false),
        ("kernel/[]p]erf", "kernel/perf", true),
        ("kernel/**f*d", "kernel/perf_event_paranoid", true),
        ("kernel/?", "kernel/", false),
        ("*", "kernel", true),
    ] {
        assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
    }
    assert!(!matches(&"*a".repeat(5000), &"a".repeat(4000)));
}

#[test]
fn a_file_of_nothing_but_assignments_is_read_in_time() {
    let text = "kernel.perf_event_paranoid=1\nkernel.p*=2\n".repeat(20_000);
    let folder = tree(&[]);
    fs::create_dir_all(folder.path().join("etc/sysctl.d")).unwrap();
    fs::write(folder.path().join("etc/sysctl.d/1.conf"), text).unwrap();
    let root = Root::tree(folder.path());
    let key = Files::read(&root).key(&root, PARANOID);
    assert!(key.losing.len() > 30_000, "{}", key.losing.len());
}
