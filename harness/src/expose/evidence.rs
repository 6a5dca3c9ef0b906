//! Does a line of output name the cause?

use super::cause::{Cause, Clue};
use model::Errno;
use std::sync::OnceLock;

/// No more of a line than this is searched, in bytes.
const SEARCHED: usize = 4 << 10;

/// Calls whose names are everyday words: in output they mean the call only where they stand as an operation.
const EVERYDAY: &[&str] = &[
    "accept", "access", "alarm", "bind", "clone", "close", "connect", "exit", "fork", "kill", "link",
    "listen", "mount", "open", "pause", "pipe", "poll", "read", "rename", "select", "shutdown", "signal",
    "socket", "splice", "stat", "sync", "time", "times", "truncate", "unlink", "wait", "write",
];

/// Whether a call has the name of something that is said every day.
pub(super) fn is_everyday(call: &str) -> bool {
    EVERYDAY.contains(&call)
}

/// A clue, and the line that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) clue: Clue,
    /// The place of the line.
    pub(crate) at: usize,
    pub(crate) line: String,
}

/// The clues that these lines name, each with its first line, the most telling first. Lines that `is_out` are left out.
pub(crate) fn named(cause: &Cause, lines: &[String], is_out: impl Fn(&str) -> bool) -> Vec<Named> {
    let mut found: Vec<Named> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if is_go_tests_own(line) || is_out(line) {
            continue;
        }
        let text = Text::new(line, lines.get(at + 1).map_or("", String::as_str));
        for clue in &cause.clues {
            if !found.iter().any(|named| named.clue == *clue) && text.names(clue) {
                found.push(Named { clue: clue.clone(), at, line: clipped(line) });
            }
        }
    }
    found.sort_by(|one, other| one.clue.cmp(&other.clue));
    found
}

/// A line, ready to be searched for several clues.
struct Text<'l> {
    line: &'l str,
    lower: String,
    /// The line after it: of a stack, where the function is.
    next: &'l str,
}

impl<'l> Text<'l> {
    fn new(line: &'l str, next: &'l str) -> Text<'l> {
        let mut end = line.len().min(SEARCHED);
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        Text { line: &line[..end], lower: line[..end].to_lowercase(), next }
    }

    fn names(&self, clue: &Clue) -> bool {
        match clue {
            Clue::Error { name, words } => self.names_error(name, words),
            Clue::Subject(what) => has_word(self.line, what),
            Clue::Call(name) => self.names_call(name),
            Clue::Function(name) => self.function() == Some(name),
            Clue::Line(place) => {
                let place_of = |text: &str| {
                    text.trim()
                        .rsplit('/')
                        .next()
                        .map(|rest| rest.split(' ').next().unwrap_or_default().to_owned())
                };
                is_place(self.line) && place_of(self.line).as_deref() == Some(place)
            }
            Clue::Resolver => self.line.contains("go package net: hostLookupOrder("),
            Clue::Http2 => {
                let signs =
                    ["error", "eof", "reset", "goaway", "rst_stream", "closed", "timeout", "broken pipe"];
                self.lower.contains("http2: ") && signs.iter().any(|sign| self.lower.contains(sign))
            }
            Clue::AnyError => errors().iter().any(|(name, words)| self.names_error(name, words)),
            Clue::AnyStack => self.line.starts_with("goroutine ") && self.line.ends_with("]:"),
        }
    }

    fn names_error(&self, name: &str, words: &str) -> bool {
        (!words.is_empty() && self.lower.contains(&words.to_lowercase())) || has_word(self.line, name)
    }

    fn names_call(&self, name: &str) -> bool {
        if ["execve", "execveat", "clone", "clone3", "vfork", "fork"].contains(&name)
            && self.lower.contains("fork/exec ")
        {
            return true;
        }
        if !is_everyday(name) {
            return has_word(&self.lower, name);
        }
        // `read tcp 127.0.0.1:…` (net.OpError), `connect: …` (os.SyscallError), `syscall.Read(…`.
        let of_net =
            ["tcp", "udp", "unix", "ip"].iter().any(|net| has_word(&self.lower, &format!("{name} {net}")));
        of_net
            || has_word(&self.lower, &format!("{name}:"))
            || has_word(&self.lower, &format!("syscall.{name}"))
    }

    /// The function of a frame of a stack: a line `name(args)`, and one with its place.
    ///
    /// # Go
    /// traceback2 and printcreatedby in runtime/traceback.go; the race detector indents the same by two spaces.
    fn function(&self) -> Option<&'l str> {
        let call = self.line.trim();
        let (name, _) = call.strip_suffix(')')?.rsplit_once('(')?;
        let is_name = !name.contains(' ') && name.contains('.');
        (is_name && is_place(self.next)).then_some(name)
    }
}

/// `\t/src/x/store.go:31 +0x1d`.
fn is_place(line: &str) -> bool {
    let trimmed = line.trim();
    line.starts_with(['\t', ' '])
        && trimmed.split_once(".go:").is_some_and(|(file, rest)| {
            !file.contains(": ")
                && file.contains('/')
                && rest.split(' ').next().is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
        })
}

/// Whether a text holds this as a whole word.
fn has_word(text: &str, word: &str) -> bool {
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            is_edge(text[..at].chars().next_back()) && is_edge(text[at + word.len()..].chars().next())
        })
}

fn errors() -> &'static [(&'static str, &'static str)] {
    static ALL: OnceLock<Vec<(&'static str, &'static str)>> = OnceLock::new();
    ALL.get_or_init(|| Errno::all().filter_map(|errno| errno.name().zip(errno.description())).collect())
}

/// Whether go test printed this line about a test: it says that something failed, not why.
fn is_go_tests_own(line: &str) -> bool {
    let line = line.trim().trim_start_matches('\u{16}');
    ["=== ", "--- FAIL: ", "--- PASS: ", "--- SKIP: ", "FAIL", "ok  \t", "exit status "]
        .iter()
        .any(|lead| line.starts_with(lead))
}

/// As much of a line as is shown.
pub(crate) fn clipped(line: &str) -> String {
    let line = line.trim();
    match line.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(clue: &Clue, output: &str, expect: Option<&str>) {
        let cause = Cause { clues: vec![clue.clone()], is_known: true };
        let lines: Vec<String> = output.lines().map(str::to_owned).collect();
        let found = named(&cause, &lines, |_| false);
        assert_eq!(found.first().map(|one| one.line.as_str()), expect, "{clue:?} in {output:?}");
    }

    #[test]
    fn an_error_is_named_by_its_name_or_its_words() {
        let reset = Clue::Error { name: "ECONNRESET".into(), words: "connection reset by peer".into() };
        let line = "2026/11/25 http2: read tcp 127.0.0.1:1->127.0.0.1:2: read: Connection reset by peer";
        check(&reset, &format!("starting\n{line}\n"), Some(line));
        check(&reset, "got ECONNRESET.", Some("got ECONNRESET."));
        check(&reset, "MYECONNRESET", None);
        check(&reset, "--- FAIL: TestX/ECONNRESET (0.00s)", None);
        check(&reset, "the service is unavailable", None);
    }

    #[test]
    fn a_call_with_an_everyday_name_has_to_stand_as_an_operation() {
        let call = |name: &str| Clue::Call(name.into());
        check(&call("futex"), "futex returned 11", Some("futex returned 11"));
        check(&call("futex"), "futexwakeup addr=0x1", None);
        check(&call("read"), "cannot read the file", None);
        check(
            &call("read"),
            "read tcp 127.0.0.1:80: i/o timeout",
            Some("read tcp 127.0.0.1:80: i/o timeout"),
        );
        check(&call("connect"), "dial: connect: refused", Some("dial: connect: refused"));
        check(&call("connect"), "cannot connect", None);
        check(&call("execve"), "fork/exec /bin/true: no", Some("fork/exec /bin/true: no"));
    }

    #[test]
    fn a_function_and_a_line_count_on_a_stack_only() {
        let save = Clue::Function("example.com/x.(*Store).Save".into());
        let line = Clue::Line("store.go:31".into());
        let stack = "goroutine 7 [IO wait]:\nexample.com/x.(*Store).Save(0xc000012, {0x1, 0x2})\n\t/src/x/store.go:31 +0x1d\n";
        check(&save, stack, Some("example.com/x.(*Store).Save(0xc000012, {0x1, 0x2})"));
        check(&line, stack, Some("/src/x/store.go:31 +0x1d"));
        check(&save, "example.com/x.(*Store).Save(1)\nno place\n", None);
        check(&save, "example.com/x.(*Store).SaveAll(0x1)\n\t/src/x/store.go:31 +0x1d\n", None);
        check(&line, "    store.go:31: what a test logs", None);
        check(&line, "\t/src/x/store.go:312 +0x1d", None);
        check(&Clue::AnyStack, stack, Some("goroutine 7 [IO wait]:"));
    }

    #[test]
    fn what_the_library_says_of_itself_counts() {
        let order = "go package net: hostLookupOrder(db.test) = files,dns";
        check(
            &Clue::Resolver,
            &format!("go package net: GODEBUG setting forcing use of Go's resolver\n{order}\n"),
            Some(order),
        );
        check(&Clue::Resolver, "go package net: GODEBUG setting forcing use of Go's resolver", None);
        let frame = "http2: Framer 0xc1: wrote SETTINGS len=12";
        check(&Clue::Http2, frame, None);
        let goaway = "http2: Framer 0xc1: read GOAWAY len=8 LastStreamID=1 ErrCode=NO_ERROR";
        check(&Clue::Http2, &format!("{frame}\n{goaway}\n"), Some(goaway));
        check(&Clue::AnyError, "open /x: permission denied", Some("open /x: permission denied"));
    }

    #[test]
    fn the_most_telling_clue_comes_first_and_lines_can_be_left_out() {
        let cause = Cause {
            clues: vec![
                Clue::Error { name: "EIO".into(), words: "input/output error".into() },
                Clue::Call("futex".into()),
            ],
            is_known: true,
        };
        let lines: Vec<String> = ["futex here", "EIO there"].map(str::to_owned).into();
        let all = |is_out: fn(&str) -> bool| {
            named(&cause, &lines, is_out).into_iter().map(|one| one.at).collect::<Vec<_>>()
        };
        assert_eq!(all(|_| false), [1, 0]);
        assert_eq!(all(|line| line.starts_with("EIO")), [0]);
    }
}
