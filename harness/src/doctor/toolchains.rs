//! Toolchains: which `go` wins and what it was told, which others are there, why cgo is on or off.

use super::check::{Check, State};
use super::host::Host;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A Go that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Found {
    /// What its `VERSION` says: `go1.26.8`.
    pub(crate) version: String,
    pub(crate) goroot: PathBuf,
    /// Where it was looked for: `PATH`, `sdk`, `module cache`, …
    pub(crate) place: &'static str,
}

/// The PATH that is taken where a tree does not tell one: golang's images and the usual one.
const USUAL: &str = "/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

fn path(host: &Host) -> Vec<String> {
    let usual = if host.root.is_live() { "" } else { USUAL };
    let path = host.variable("PATH").unwrap_or(usual);
    path.split(':').filter(|folder| !folder.is_empty()).map(str::to_owned).collect()
}

/// The files of this name in PATH, the winner first.
fn in_path(host: &Host, program: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for file in path(host).iter().map(|folder| format!("{folder}/{program}")) {
        if host.root.has_program(&file) && !found.contains(&file) {
            found.push(file);
        }
    }
    found
}

fn home(host: &Host) -> String {
    host.variable("HOME").unwrap_or("/root").to_owned()
}

/// The version of the toolchain that lies here.
fn version(host: &Host, goroot: &Path) -> Option<String> {
    let text = host.root.text(goroot.join("VERSION")).ok()?;
    let first = text.lines().next()?.trim().to_owned();
    Some(first).filter(|line| line.starts_with("go") || line.starts_with("devel"))
}

/// All that are where Go and distributions put them.
pub(crate) fn all(host: &Host) -> Vec<Found> {
    let mut places: Vec<(PathBuf, &'static str)> = Vec::new();
    for file in in_path(host, "go") {
        if let Some(goroot) =
            host.root.resolved(&file).as_deref().and_then(Path::parent).and_then(Path::parent)
        {
            places.push((goroot.to_owned(), "PATH"));
        }
    }
    let home = home(host);
    let gopath = host.variable("GOPATH").map_or_else(|| format!("{home}/go"), str::to_owned);
    let cache = host.variable("GOMODCACHE").map_or_else(|| format!("{gopath}/pkg/mod"), str::to_owned);
    for (folder, prefix, place) in [
        ("/usr/local".to_owned(), "go", "/usr/local"),
        ("/usr/lib".to_owned(), "go", "distribution"),
        (format!("{home}/sdk"), "go", "sdk"),
        (format!("{cache}/golang.org"), "toolchain@", "module cache"),
    ] {
        for name in host.root.names(&folder).unwrap_or_default() {
            if name.to_string_lossy().starts_with(prefix) {
                places.push((Path::new(&folder).join(name), place));
            }
        }
    }
    let mut found: Vec<Found> = Vec::new();
    for (goroot, place) in places {
        let goroot = host.root.resolved(&goroot).unwrap_or(goroot);
        if let Some(version) = version(host, &goroot)
            && !found.iter().any(|known| known.goroot == goroot)
        {
            found.push(Found { version, goroot, place });
        }
    }
    found
}

/// What `go env -w` wrote.
fn written(host: &Host, name: &str) -> Option<(String, String)> {
    let file = match host.variable("GOENV") {
        Some("off") => return None,
        Some(file) => file.to_owned(),
        None => {
            let config = host
                .variable("XDG_CONFIG_HOME")
                .map_or_else(|| format!("{}/.config", home(host)), str::to_owned);
            format!("{config}/go/env")
        }
    };
    let text = host.root.text(&file).ok()?;
    let value = text.lines().rev().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
    Some((value.to_owned(), file))
}

/// A setting of Go and who gave it.
fn given(host: &Host, name: &str) -> Option<(String, String)> {
    let set = host.variable(name).map(|value| (value.to_owned(), "the environment".to_owned()));
    set.or_else(|| written(host, name).map(|(value, file)| (value, format!("`go env -w`, in {file}"))))
}

pub(super) fn in_tree(host: &Host) -> Check {
    match all(host).into_iter().find(|found| found.place == "PATH") {
        Some(found) => Check::new(
            "go",
            State::Ok,
            format!("{} in {}", found.version, found.goroot.display()),
            "what its VERSION says; it was not started",
        ),
        None => Check::new(
            "go",
            State::Limited,
            format!("no `go` in PATH ({})", host.root.nowhere()),
            "no Go is started by name",
        ),
    }
}

/// The program that Go would compile C with.
fn compiler(host: &Host) -> String {
    let cc = match &host.live {
        Some(live) => live.go.as_ref().map(|go| go.cc.clone()).ok(),
        None => given(host, "CC").map(|(cc, _)| cc),
    };
    cc.unwrap_or_else(|| "gcc".to_owned()).split_whitespace().next().unwrap_or("gcc").to_owned()
}

fn has_compiler(host: &Host, compiler: &str) -> bool {
    if compiler.contains('/') { host.root.has_program(compiler) } else { !in_path(host, compiler).is_empty() }
}

pub(super) fn compiler_in_tree(host: &Host) -> Check {
    let compiler = compiler(host);
    if has_compiler(host, &compiler) {
        Check::new("cc", State::Ok, compiler, "a C compiler is there; it was not started")
    } else {
        let found = format!("`{compiler}` is not in PATH ({})", host.root.nowhere());
        Check::new("cc", State::Limited, found, "`go test -race` and cgo do not work")
    }
}

/// Whether cgo is on, and why; the answer of a live `go` counts.
pub(crate) fn cgo(host: &Host) -> (Option<bool>, String) {
    let live =
        host.live.as_ref().map(|live| live.go.as_ref().ok().map(|go| (go.has_cgo, &go.goos, &go.goarch)));
    let compiler = compiler(host);
    let has_compiler = has_compiler(host, &compiler);
    let is_on = match live {
        Some(answer) => answer.map(|(is_on, ..)| is_on),
        None => Some(given(host, "CGO_ENABLED").map_or(has_compiler, |(value, _)| value == "1")),
    };
    let is_foreign = live.flatten().is_some_and(|(_, os, arch)| os != "linux" || !is_own(arch));
    let why = if let Some((value, origin)) = given(host, "CGO_ENABLED") {
        format!("CGO_ENABLED={value} from {origin}")
    } else if is_on.is_none() {
        "there is no `go` to ask".to_owned()
    } else if is_foreign {
        "GOOS or GOARCH name another machine, and then it is off unless it is asked for".to_owned()
    } else if !has_compiler {
        // Go: cmd/go/internal/cfg, since go1.20.
        format!("by default, and `{compiler}` is not in PATH: go switches it off (since 1.20)")
    } else {
        format!("by default, for `{compiler}` is there")
    };
    (is_on, why)
}

fn is_own(goarch: &str) -> bool {
    matches!((goarch, std::env::consts::ARCH), ("amd64", "x86_64") | ("arm64", "aarch64"))
        || goarch == std::env::consts::ARCH
}

pub(super) fn cgo_check(host: &Host) -> Check {
    let (is_on, why) = cgo(host);
    match is_on {
        Some(true) => Check::new(
            "cgo",
            State::Ok,
            format!("on: {why}"),
            "packages with C code, and -race, can be built",
        ),
        Some(false) => {
            Check::new("cgo", State::Limited, format!("off: {why}"), "no -race, no packages with C code")
                .help("install a C compiler, and set CGO_ENABLED=1 where it is switched off")
        }
        None => Check::new("cgo", State::Limited, why, "no -race, no packages with C code"),
    }
}

pub(super) fn path_check(host: &Host) -> Check {
    const NAME: &str = "path";
    if host.variable("PATH").is_none() && !host.root.is_live() {
        let found = format!("/proc/self/environ is {}", host.root.nowhere());
        return Check::new(NAME, State::Unknown, found, "the usual PATH is taken in its place");
    }
    let folders = path(host);
    let missing: Vec<&String> = folders.iter().filter(|folder| !host.root.has_folder(folder)).collect();
    let programs = in_path(host, "go");
    let mut details: Vec<String> = missing.iter().map(|folder| format!("{folder} is not there")).collect();
    if let [first, others @ ..] = &programs[..]
        && !others.is_empty()
    {
        details.push(format!("several `go`: {first} wins over {}", others.join(", ")));
    }
    let found = format!("{} folders, {} missing, {} with `go`", folders.len(), missing.len(), programs.len());
    if programs.len() > 1 {
        Check::new(
            NAME,
            State::Limited,
            found,
            "the first `go` is started, which may not be the one that is meant",
        )
    } else if missing.is_empty() {
        Check::new(NAME, State::Ok, found, "all of its folders are there")
    } else {
        Check::new(NAME, State::Ok, found, "what is installed into a missing one later comes into play")
    }
    .details(details)
}

pub(super) fn toolchains(host: &Host) -> Check {
    let found = all(host);
    let list: Vec<&str> = found.iter().map(|found| found.version.as_str()).collect();
    let mut details: Vec<String> = found
        .iter()
        .map(|found| format!("{} in {} ({})", found.version, found.goroot.display(), found.place))
        .collect();
    let switch = match given(host, "GOTOOLCHAIN") {
        Some((value, origin)) => format!("GOTOOLCHAIN={value} from {origin}"),
        None => {
            match host.live.as_ref().and_then(|live| live.go.as_ref().ok()).map(|go| go.gotoolchain.clone()) {
                Some(value) if !value.is_empty() => {
                    format!("GOTOOLCHAIN={value} by default ($GOROOT/go.env)")
                }
                _ => "GOTOOLCHAIN is not set".to_owned(),
            }
        }
    };
    details.push(switch);
    let words = if list.is_empty() { "none".to_owned() } else { list.join(", ") };
    Check::new(
        "toolchains",
        State::Ok,
        words,
        "that are in PATH, /usr/local, /usr/lib, ~/sdk and the module cache",
    )
    .details(details)
}

pub(super) fn goroot(host: &Host) -> Check {
    const NAME: &str = "goroot";
    let (given, live) = (given(host, "GOROOT"), host.live.as_ref().and_then(|live| live.go.as_ref().ok()));
    let Some((value, origin)) = given else {
        let found = live.map_or_else(|| "not set".to_owned(), |go| go.goroot.display().to_string());
        return Check::new(NAME, State::Ok, found, "not set by anybody: each `go` finds its own");
    };
    let found = format!("{value} from {origin}");
    let expected = all(host).into_iter().find(|found| found.place == "PATH").map(|found| found.goroot);
    let is_own = expected.is_none() || expected == host.root.resolved(&value);
    if version(host, Path::new(&value)).is_none() {
        Check::new(NAME, State::Limited, found, "no toolchain lies there")
            .help("unset GOROOT: each `go` finds its own")
    } else if is_own {
        Check::new(NAME, State::Ok, found, "it is that of the `go` in PATH")
    } else {
        Check::new(
            NAME,
            State::Limited,
            found,
            "it is not that of the `go` in PATH: a compiler of another version is started",
        )
        .help("unset GOROOT: each `go` finds its own")
    }
}
