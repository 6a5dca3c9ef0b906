//! Kernel settings: what they are, and which file set them at boot, by the rules of both tools that do.
//!
//! Nothing is written, and no tool is started that writes.

use super::root::{Absent, Root};
use serde::Serialize;
use std::collections::HashSet;
use std::fmt;
use std::os::unix::ffi::OsStrExt;

/// Who sets the kernel's settings at boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// systemd-sysctl(8).
    ///
    /// Source: `src/sysctl/sysctl.c`: a key that is named wins over patterns wherever it stands; `-key` without a value takes
    /// back what was said of it before, and keeps patterns from it.
    Systemd,
    /// `sysctl --system` of procps 4.
    ///
    /// Source: `src/sysctl.c`: likewise, but `-key` only keeps patterns from it. /etc/sysctl.conf comes last. Before 4.0, /run came
    /// before /etc, and there were no patterns.
    Procps,
}

/// Where files of settings lie; a name in one of them masks the same name in later ones.
const FOLDERS: [&str; 5] =
    ["/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d"];

/// The file that procps reads last, and systemd only where a link in a folder leads to it.
const LAST: &str = "/etc/sysctl.conf";

impl Tool {
    fn folders(self) -> &'static [&'static str] {
        match self {
            Tool::Systemd => &FOLDERS[..4],
            Tool::Procps => &FOLDERS,
        }
    }

    /// Whether it reads a file of this name. systemd skips hidden files and what editors leave.
    fn reads(self, name: &[u8]) -> bool {
        name.ends_with(b".conf") && (self == Tool::Procps || !name.starts_with(b"."))
    }
}

/// One line that says something of a key, or of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// The key with slashes, perhaps a pattern.
    key: String,
    /// What it is to be; nothing where it is not to be set.
    value: Option<String>,
    file: String,
    number: usize,
}

/// A value and the place that says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Setting {
    /// Nothing where the line says that it is not to be set.
    pub(crate) value: Option<String>,
    pub(crate) file: String,
    pub(crate) line: usize,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{value} ({}:{})", self.file, self.line),
            None => write!(f, "nothing ({}:{})", self.file, self.line),
        }
    }
}

/// All that the files of a tree say.
#[derive(Debug, Default)]
pub(crate) struct Files {
    systemd: Vec<Line>,
    procps: Vec<Line>,
    /// Lines of files that are never read.
    masked: Vec<(Line, String)>,
    /// How many files were read.
    pub(crate) count: usize,
    /// What is masked, and by what.
    pub(crate) masks: Vec<(String, String)>,
    /// What could not be read or understood, with its place.
    pub(crate) problems: Vec<String>,
}

/// What is known of one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Key {
    /// As people write it: `kernel.perf_event_paranoid`.
    pub(crate) key: &'static str,
    /// What it is now.
    pub(crate) live: Option<String>,
    /// What systemd-sysctl sets.
    pub(crate) systemd: Option<Setting>,
    /// What `sysctl --system` sets.
    pub(crate) procps: Option<Setting>,
    /// What is said in vain, under either tool.
    pub(crate) losing: Vec<Setting>,
    /// What is said in files that are masked.
    pub(crate) masked: Vec<Setting>,
    /// Whether it is something else now than what either tool sets; not known where neither sets it.
    pub(crate) differs: Option<bool>,
}

impl Files {
    /// Reads them.
    pub(crate) fn read(root: &Root) -> Files {
        let mut files = Files::default();
        files.systemd = files.lines(root, Tool::Systemd);
        // Most files are the same for both: their problems are told once.
        files.procps = files.lines(root, Tool::Procps);
        files.problems.sort();
        files.problems.dedup();
        files.masks.sort();
        files.masks.dedup();
        files
    }

    fn lines(&mut self, root: &Root, tool: Tool) -> Vec<Line> {
        let mut found: Vec<(Vec<u8>, String)> = Vec::new();
        let mut seen = Vec::new();
        for folder in tool.folders() {
            let real = root.resolved(folder);
            if real.is_some() && seen.contains(&real) {
                continue;
            }
            seen.push(real);
            let names = match root.names(folder) {
                Ok(names) => names,
                Err(Absent::Missing) => continue,
                Err(why) => {
                    self.problems.push(format!("{folder}: {why}"));
                    continue;
                }
            };
            for name in names.iter().map(|name| name.as_bytes()).filter(|name| tool.reads(name)) {
                let path = format!("{folder}/{}", String::from_utf8_lossy(name));
                match found.iter().find(|(known, _)| known == name) {
                    Some((_, first)) => {
                        let first = first.clone();
                        self.mask(root, path, &first);
                    }
                    None => found.push((name.to_owned(), path)),
                }
            }
        }
        found.sort();
        let mut paths: Vec<String> = found.into_iter().map(|(_, path)| path).collect();
        if tool == Tool::Procps && root.open(LAST).is_ok() {
            paths.push(LAST.to_owned());
        }
        self.count = self.count.max(paths.len());
        let mut lines = Vec::new();
        for path in paths {
            match content(root, &path) {
                Ok(text) => lines.extend(parse(&text, &path, &mut self.problems)),
                Err(why) => self.problems.push(format!("{path}: {why}")),
            }
        }
        lines
    }

    fn mask(&mut self, root: &Root, path: String, by: &str) {
        if self.masks.iter().any(|(masked, _)| *masked == path) {
            return;
        }
        let text = content(root, &path).unwrap_or_default();
        self.masked
            .extend(parse(&text, &path, &mut Vec::new()).into_iter().map(|line| (line, by.to_owned())));
        self.masks.push((path, by.to_owned()));
    }

    /// What is known of a key.
    pub(crate) fn key(&self, root: &Root, key: &'static str) -> Key {
        let path = normalized(key);
        let live = root.line(format!("/proc/sys/{path}"));
        let systemd = winner(&self.systemd, Tool::Systemd, &path);
        let procps = winner(&self.procps, Tool::Procps, &path);
        let (mut losing, mut told) = (Vec::new(), HashSet::new());
        for line in self.systemd.iter().chain(&self.procps).filter(|line| line.matches(&path)) {
            let wins = [systemd, procps].into_iter().flatten().any(|winner| winner.is_at(line));
            // Both tools read most lines.
            if !wins && told.insert((line.file.as_str(), line.number)) {
                losing.push(line.setting());
            }
        }
        let differs = match (&live, systemd.and_then(value), procps.and_then(value)) {
            (Some(live), systemd, procps) if systemd.or(procps).is_some() => {
                Some([systemd, procps].into_iter().flatten().all(|value| !is_same(value, live)))
            }
            _ => None,
        };
        Key {
            key,
            live,
            systemd: systemd.map(Line::setting),
            procps: procps.map(Line::setting),
            losing,
            masked: self
                .masked
                .iter()
                .filter(|(line, _)| line.matches(&path))
                .map(|(line, _)| line.setting())
                .collect(),
            differs,
        }
    }
}

impl Key {
    /// The value as a number.
    pub(crate) fn number(&self) -> Option<i32> {
        self.live.as_ref()?.parse().ok()
    }

    /// Where it comes from, in lines for people.
    pub(crate) fn origin(&self) -> Vec<String> {
        let mut lines = Vec::new();
        match (&self.systemd, &self.procps) {
            (None, None) => lines.push(format!("{}: no file sets it", self.key)),
            (Some(one), Some(other)) if one == other => {
                lines.push(format!("{}: at boot {one}, by systemd-sysctl and procps alike", self.key));
            }
            (systemd, procps) => {
                let said = |setting: &Option<Setting>| {
                    setting.as_ref().map_or("nothing".to_owned(), ToString::to_string)
                };
                lines.push(format!("{}: at boot systemd-sysctl sets {}", self.key, said(systemd)));
                lines.push(format!("{}: `sysctl --system` (procps) sets {}", self.key, said(procps)));
            }
        }
        lines.extend(self.losing.iter().map(|setting| format!("{}: overridden: {setting}", self.key)));
        lines.extend(self.masked.iter().map(|setting| format!("{}: in a masked file: {setting}", self.key)));
        if self.differs == Some(true) {
            let live = self.live.as_deref().unwrap_or_default();
            lines.push(format!(
                "{}: it is {live} now: set by hand since boot, by another tool, or not applied (a container has its host's)",
                self.key
            ));
        }
        lines
    }

    /// Whether there is anything to tell.
    pub(crate) fn is_set(&self) -> bool {
        self.systemd.is_some() || self.procps.is_some() || !self.losing.is_empty() || !self.masked.is_empty()
    }
}

impl Line {
    fn setting(&self) -> Setting {
        Setting { value: self.value.clone(), file: self.file.clone(), line: self.number }
    }

    fn is_at(&self, other: &Line) -> bool {
        (&self.file, self.number) == (&other.file, other.number)
    }

    fn is_pattern(&self) -> bool {
        self.key.contains(['*', '?', '['])
    }

    fn matches(&self, path: &str) -> bool {
        if self.is_pattern() { matches(&self.key, path) } else { self.key == path }
    }
}

fn value(line: &Line) -> Option<&str> {
    line.value.as_deref()
}

/// Whether the kernel would show one for the other: it separates numbers by tabs.
fn is_same(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}

/// The content of a file of settings. What leads to /dev/null is empty: that is how a name is masked.
fn content(root: &Root, path: &str) -> Result<String, String> {
    const NULL: &str = "/dev/null";
    if root.link(path).is_some_and(|target| target.as_os_str() == NULL) {
        return Ok(String::new());
    }
    match root.text(path) {
        Ok(text) => Ok(text),
        Err(_) if root.resolved(path).is_some_and(|real| real.as_os_str() == NULL) => Ok(String::new()),
        Err(why) => Err(why.to_string()),
    }
}

/// Reads the lines of a file.
fn parse(text: &str, file: &str, problems: &mut Vec<String>) -> Vec<Line> {
    /// Of one file, so many are told.
    const TOLD: usize = 3;
    let mut lines = Vec::new();
    let mut strange = 0;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let (key, value) = match line.split_once('=') {
            Some((key, value)) => {
                (key.strip_prefix('-').unwrap_or(key).trim(), Some(value.trim().to_owned()))
            }
            None => match line.strip_prefix('-') {
                Some(key) => (key.trim(), None),
                None => ("", None),
            },
        };
        if key.is_empty() {
            strange += 1;
            if strange <= TOLD {
                problems.push(format!("{file}:{}: no assignment", index + 1));
            }
            continue;
        }
        lines.push(Line { key: normalized(key), value, file: file.to_owned(), number: index + 1 });
    }
    if strange > TOLD {
        problems.push(format!("{file}: {} more lines are no assignments", strange - TOLD));
    }
    if text.len() as u64 >= super::root::LONGEST {
        problems.push(format!("{file}: only its first MiB was read"));
    }
    lines
}

/// A key with slashes. Where its first separator is a dot, slashes in it stand for dots and dots for slashes.
fn normalized(key: &str) -> String {
    let key = key.trim_start_matches('/');
    match key.find(['/', '.']) {
        Some(first) if key.as_bytes()[first] == b'.' => key
            .chars()
            .map(|letter| match letter {
                '.' => '/',
                '/' => '.',
                other => other,
            })
            .collect(),
        _ => key.to_owned(),
    }
}

/// The line that decides of a key; one without a value leaves it alone.
fn winner<'a>(lines: &'a [Line], tool: Tool, path: &str) -> Option<&'a Line> {
    let named = |line: &&Line| !line.is_pattern() && line.key == path;
    if let Some(last) = lines.iter().rfind(named) {
        return match tool {
            Tool::Systemd => Some(last),
            // An exclusion keeps patterns away, and nothing else.
            Tool::Procps => lines.iter().filter(named).rfind(|line| line.value.is_some()).or(Some(last)),
        };
    }
    match tool {
        Tool::Procps => lines.iter().rfind(|line| line.value.is_some() && line.matches(path)),
        Tool::Systemd => {
            // A pattern that is said again takes a new place, unless it says the same; without a value it takes itself back.
            let mut patterns: Vec<&Line> = Vec::new();
            for line in lines.iter().filter(|line| line.matches(path)) {
                if patterns.iter().any(|known| known.key == line.key && known.value == line.value) {
                    continue;
                }
                patterns.retain(|known| known.key != line.key);
                patterns.push(line);
            }
            patterns.into_iter().rfind(|line| line.value.is_some())
        }
    }
}

/// Whether a pattern of glob(7) matches a path, each part for itself.
fn matches(pattern: &str, path: &str) -> bool {
    let (mut patterns, mut parts) = (pattern.split('/'), path.split('/'));
    loop {
        match (patterns.next(), parts.next()) {
            (None, None) => return true,
            (Some(pattern), Some(part)) if part_matches(pattern.as_bytes(), part.as_bytes()) => {}
            _ => return false,
        }
    }
}

/// The usual way of going back to the last `*`: it takes no more steps than the product of both lengths.
pub(super) fn part_matches(pattern: &[u8], part: &[u8]) -> bool {
    let (mut at, mut here) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while here < part.len() {
        if pattern.get(at) == Some(&b'*') {
            back = Some((at, here));
            at += 1;
        } else if let Some(next) = one(pattern, at, part[here]) {
            at = next;
            here += 1;
        } else if let Some((star, from)) = back {
            back = Some((star, from + 1));
            at = star + 1;
            here = from + 1;
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

/// Matches one byte; where the pattern goes on if it does.
fn one(pattern: &[u8], at: usize, byte: u8) -> Option<usize> {
    match *pattern.get(at)? {
        b'?' => Some(at + 1),
        b'[' => {
            // A bracket that is never closed is a bracket; one right behind the opening stands for itself.
            let negated = matches!(pattern.get(at + 1), Some(b'!' | b'^'));
            let first = at + 1 + usize::from(negated);
            let Some(end) = pattern.get(first + 1..)?.iter().position(|byte| *byte == b']') else {
                return (byte == b'[').then_some(at + 1);
            };
            let set = &pattern[first..=first + end];
            (in_set(set, byte) != negated).then_some(first + end + 2)
        }
        same => (same == byte).then_some(at + 1),
    }
}

fn in_set(set: &[u8], byte: u8) -> bool {
    let mut rest = set;
    while let Some((&from, tail)) = rest.split_first() {
        rest = match tail {
            [b'-', to, tail @ ..] => {
                if (from..=*to).contains(&byte) {
                    return true;
                }
                tail
            }
            _ if from == byte => return true,
            _ => tail,
        };
    }
    false
}

#[cfg(test)]
#[path = "sysctl_tests.rs"]
mod tests;
