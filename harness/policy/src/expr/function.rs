//! What a Go function must be called: `bufio.(*Writer).Flush`, `**/store.(*Log).*`.

use super::text::Text;
use crate::piece::Piece;
use model::{Diagnostic, Frame};
use std::fmt;

/// A matcher of function names, as Go writes them.
///
/// It is a [`Text`] that takes Go's own notation at its word: `(*` before a letter is a pointer receiver, and `[...]` are
/// type arguments. Any other `*` is a wildcard, so that `os.(*).Close` means that method of every pointer type, and
/// `os.(*File).*` every method of this one, with the functions inside of them. The whole name is compared
/// (`example.com/store.(*Log).Append`), and, with what has no `/` itself, also the name that begins with the last element
/// of the import path, as one writes it in Go (`store.(*Log).Append`).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Function {
    text: Text,
    /// Whether it has no `/`.
    is_short: bool,
}

impl Function {
    /// Reads a matcher; warns about one that no function is like.
    pub(super) fn read(argument: &Piece<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Function> {
        let text = Text::read_go(argument).map_err(|mistake| diagnostics.push(mistake)).ok()?;
        if let Some(exact) = text.as_exact().filter(|exact| !exact.contains('.') && exact != FOREIGN) {
            let written = argument.trim();
            diagnostics.push(
                written
                    .warning(format!("no function is written `{}`", written.shown()))
                    .label("functions are compared with their package")
                    .help(format!("write `pkg.{exact}`, or `~{exact}` for a name with this in it")),
            );
        }
        let words = text.to_string();
        let is_short = !text.as_regex().unwrap_or(&words).contains('/');
        Some(Function { text, is_short })
    }

    /// Whether the frame's function is called so.
    pub(super) fn is(&self, frame: &Frame) -> bool {
        let name = frame.name();
        self.text.matches(name.as_bytes()) || self.is_short && self.text.matches(short(&name).as_bytes())
    }
}

/// What stands for all that is not Go's.
const FOREIGN: &str = "<C>";

/// The name from the last element of the import path on. Type arguments may have paths of their own.
fn short(name: &str) -> &str {
    let path = name.find('[').unwrap_or(name.len());
    name[..path].rfind('/').map_or(name, |slash| &name[slash + 1..])
}

/// The same as a glob in which Go's own notation has no other meaning.
pub(super) fn escaped(glob: &str) -> String {
    let mut escaped = String::new();
    let mut rest = glob;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        let is_receiver = || {
            let name = after.strip_prefix('*').and_then(|name| name.chars().next());
            name.is_some_and(|first| first.is_alphabetic() || first == '_')
        };
        rest = match c {
            '(' if is_receiver() => {
                escaped.push_str(r"(\*");
                &after[1..]
            }
            '[' if after.starts_with("...]") => {
                escaped.push_str(r"\[");
                after
            }
            '\\' => {
                let next = after.chars().next().map_or(0, char::len_utf8);
                escaped.push('\\');
                escaped.push_str(&after[..next]);
                &after[next..]
            }
            c => {
                escaped.push(c);
                after
            }
        };
    }
    escaped
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Code, Source};
    use std::sync::Arc;

    fn read(text: &str) -> (Option<Function>, Vec<Diagnostic>) {
        let source = Arc::new(Source { name: "-e".into(), text: text.into() });
        let mut diagnostics = Vec::new();
        let function = Function::read(&Piece::of(&source, 0..text.len()), &mut diagnostics);
        (function, diagnostics)
    }

    fn frame(function: &str) -> Frame {
        Frame { function: function.into(), file: "".into(), line: 0, code: Code::User, is_shown: true }
    }

    #[test]
    fn names_are_written_as_in_go() {
        for (pattern, yes, no) in [
            (
                "bufio.(*Writer).Flush",
                &["bufio.(*Writer).Flush", "example.com/bufio.(*Writer).Flush"][..],
                &["bufio.(*xWriter).Flush", "bufio.(*Writer).Flush.func1", "bufio.Writer.Flush"][..],
            ),
            (
                "store.(*Log).*",
                &["example.com/store.(*Log).Append", "store.(*Log).Append.func1"],
                &["example.com/store.(*Logger).Append", "store.Log.Append", "mystore.(*Log).Append"],
            ),
            (
                "example.com/x.Map[...]",
                &["example.com/x.Map[...]"],
                &["example.com/x.Map.", "example.com/x.Map", "x.Map[...]"],
            ),
            ("x.Map[...].func*", &["example.com/x.Map[...].func1"], &["x.Map[...].gunc1"]),
            ("x.(*List[...]).Add", &["a/x.(*List[...]).Add"], &["a/x.(*List).Add"]),
            ("main.main.func1", &["main.main.func1"], &["main.main.func11"]),
            (
                "**/store.(*Log).Append",
                &["a.b/c/store.(*Log).Append", "store.(*Log).Append"],
                &["mystore.(*Log).Append", "a/mystore.(*Log).Append"],
            ),
            (
                "x.(*).Close",
                &["x.(*File).Close", "a/x.(*T[...]).Close"],
                &["x.File.Close", "x.(*File).Close.func1"],
            ),
            ("x.(**).Close", &["x.(*File).Close"], &["x.File.Close"]),
            ("x.(*File*).Close", &["x.(*FileX).Close", "x.(*File).Close"], &["x.(*XFile).Close"]),
            ("http.(*Client).Do", &["net/http.(*Client).Do"], &["net/httpx.(*Client).Do"]),
            ("net/http.(*Client).do*", &["net/http.(*Client).doer"], &["a/net/http.(*Client).do"]),
            ("*.Close", &["os.Close", "a.b/c/os.(*File).Close"], &["os.Closer"]),
            ("example.com/*.F", &["example.com/x.F"], &["example.com/x/y.F"]),
            ("example.com/**.F", &["example.com/x.F", "example.com/x/y.F"], &["example.org/x.F"]),
            ("x.[A-F]*", &["x.Do"], &["x.Go"]),
            ("yaml.v3.Marshal", &["gopkg.in/yaml%2ev3.Marshal"], &["yaml.v2.Marshal"]),
            (r"x.(\*T).F", &["x.(*T).F"], &["x.(T).F"]),
            ("=x.(*T).F", &["x.(*T).F", "a/x.(*T).F"], &["x.(*TT).F"]),
            ("#x.(*T).F", &["x.(*T).F"], &["x.(*TT).F"]),
            ("~(*T)", &["x.(*T).F"], &["x.T.F"]),
            (r"/^x\.F$/", &["x.F", "a/x.F"], &["x.FF"]),
            (r"/^a\/x\.F$/", &["a/x.F"], &["x.F"]),
            ("<C>", &["<C>"], &["C"]),
        ] {
            let (function, diagnostics) = read(pattern);
            let function = function.expect(pattern);
            assert_eq!(diagnostics, [], "{pattern}");
            yes.iter().for_each(|name| assert!(function.is(&frame(name)), "{pattern} {name}"));
            no.iter().for_each(|name| assert!(!function.is(&frame(name)), "{pattern} {name}"));
            assert_eq!(read(&function.to_string()).0, Some(function));
        }
    }

    #[test]
    fn a_name_without_a_package_is_warned_about() {
        for (pattern, is_warned) in [
            ("Append", true),
            ("=Append", true),
            ("~Append", false),
            ("Append*", false),
            ("x.Append", false),
            ("<C>", false),
        ] {
            let (function, diagnostics) = read(pattern);
            assert!(function.is_some() && diagnostics.iter().all(|found| !found.is_error()), "{pattern}");
            assert_eq!(diagnostics.len(), usize::from(is_warned), "{pattern} {diagnostics:?}");
        }
        assert_eq!(
            read(" Append ").1[0].help.as_deref(),
            Some("write `pkg.Append`, or `~Append` for a name with this in it")
        );
    }
}
