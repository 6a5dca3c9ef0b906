//! Places in a program, in words: the line that a person would look at first.

use crate::{Caller, Runner};
use model::{Code, Frame, Site};

/// The name with the last element of the import path only, as one writes it in Go: `store.(*Log).Append`.
pub(crate) fn short(frame: &Frame) -> String {
    let name = frame.name();
    // What stands in brackets are type arguments, whose slashes are their own.
    let plain = name.find('[').unwrap_or(name.len());
    let start = name[..plain].rfind('/').map_or(0, |slash| slash + 1);
    name[start..].to_owned()
}

/// The file and the line, if they are known: from the run's folder on where the file lies below it, else without folders.
pub(crate) fn line(frame: &Frame, cwd: &str) -> Option<String> {
    if frame.file.is_empty() {
        return None;
    }
    let below = frame.file.strip_prefix(cwd.trim_end_matches('/')).and_then(|rest| rest.strip_prefix('/'));
    let file = below.unwrap_or_else(|| frame.file.rsplit('/').next().unwrap_or_default());
    Some(format!("{file}:{}", frame.line))
}

/// A function and its line: `store.Save (store.go:31)`.
pub(crate) fn located(frame: &Frame, cwd: &str) -> String {
    match line(frame, cwd) {
        Some(line) => format!("{} ({line})", short(frame)),
        None => short(frame),
    }
}

/// The frame that stands for a site, by its place among the frames: the innermost of user code, else of a dependency, else
/// the outermost that is shown.
fn lead_at(site: &Site) -> Option<usize> {
    let frames = &site.frames;
    let innermost = |code: Code| frames.iter().position(|frame| frame.code == code);
    innermost(Code::User)
        .or_else(|| innermost(Code::Dependency))
        .or_else(|| frames.iter().rposition(|frame| frame.is_shown))
        .or_else(|| (!frames.is_empty()).then_some(0))
}

/// The frame that stands for a site.
pub(crate) fn lead(site: &Site) -> Option<&Frame> {
    lead_at(site).and_then(|at| site.frames.get(at))
}

/// A site in one line: what stands for it, what that called, and where that ended:
/// `store.Save (store.go:31) → bufio.(*Writer).Flush → os.(*File).Write`.
pub(crate) fn trail(site: &Site, cwd: &str) -> String {
    let Some(at) = lead_at(site) else {
        return "an unknown place".to_owned();
    };
    let mut steps = vec![located(&site.frames[at], cwd)];
    let mut below = site.frames[..at].iter().filter(|frame| frame.is_shown);
    let innermost = below.next();
    steps.extend(below.next_back().or(innermost).map(short));
    if let Some(innermost) = innermost.map(short).filter(|name| steps.last() != Some(name)) {
        steps.push(innermost);
    }
    steps.join(" → ")
}

/// A caller in one line: the test, the site, the goroutine.
pub fn caller(caller: &Caller, cwd: &str) -> String {
    // Who started it says something only where that is not the test runner or the runtime.
    let creator = caller.goroutine().and_then(|goroutine| goroutine.creator.as_ref());
    let creator = creator.filter(|creator| matches!(creator.code, Code::User | Code::Dependency));
    let started = creator.map_or(String::new(), |creator| format!(", started by {}", located(creator, cwd)));
    let runner = match &caller.runner {
        Runner::Goroutine(goroutine) => format!("goroutine {}{started}", goroutine.id),
        Runner::Thread => "no goroutine".to_owned(),
        Runner::Unknown => "an unknown goroutine".to_owned(),
    };
    let place = caller.site.as_deref().map_or("an unknown place".to_owned(), |site| trail(site, cwd));
    let parts = [caller.test(), Some(&*place), Some(&*runner)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(function: &str, file: &str, code: Code) -> Frame {
        Frame { function: function.into(), file: file.into(), line: 31, code, is_shown: true }
    }

    #[test]
    fn a_file_is_named_from_the_runs_folder_on_or_without_folders() {
        let check = |file: &str, cwd: &str, expect: Option<&str>| {
            assert_eq!(line(&frame("x.F", file, Code::User), cwd).as_deref(), expect, "{file} {cwd}");
        };
        check("/src/x/store/store.go", "/src/x", Some("store/store.go:31"));
        check("/src/x/store/store.go", "/src/x/", Some("store/store.go:31"));
        check("/src/xy/store.go", "/src/x", Some("store.go:31"));
        check("/usr/local/go/src/os/file.go", "/src/x", Some("file.go:31"));
        check("/src/x.go", "/", Some("src/x.go:31"));
        check("", "/src/x", None);
    }

    #[test]
    fn a_trail_begins_where_the_user_looks() {
        let user = || frame("example.com/x/store%2ev3.Save", "/x/s.go", Code::User);
        let standard = |name: &str| frame(name, "/go/f.go", Code::Standard);
        let hidden = || Frame { is_shown: false, ..standard("syscall.write") };
        let check = |frames: Vec<Frame>, expect: &str| {
            assert_eq!(trail(&Site { frames, is_whole: true }, "/x"), expect);
        };
        let save = "store.v3.Save (s.go:31)";
        check(vec![user()], save);
        check(vec![hidden(), standard("os.Rename"), user()], &format!("{save} → os.Rename"));
        let (flush, write) = (standard("bufio.(*Writer).Flush"), standard("os.(*File).Write"));
        check(
            vec![hidden(), write, standard("io.Copy"), flush, user(), standard("testing.tRunner")],
            &format!("{save} → bufio.(*Writer).Flush → os.(*File).Write"),
        );
        check(vec![standard("a.A"), frame("dep.F", "", Code::Dependency), standard("z.Z")], "dep.F → a.A");
        check(vec![standard("a.A"), standard("z.Z"), hidden()], "z.Z (f.go:31) → a.A");
        check(vec![hidden()], "syscall.write (f.go:31)");
        check(vec![], "an unknown place");
    }
}
