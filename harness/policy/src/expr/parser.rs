//! The grammar of conditions: `!` binds tightest, then `&`, then `|`.
//!
//! ```text
//! any  = all { ("|" | "||" | "or") all }
//! all  = not { ("&" | "&&" | "and") not }
//! not  = ("!" | "not") not | "(" any ")" | name "(" argument ")" | structure "." field claim
//! ```

use super::claim::Claim;
use super::cursor::Cursor;
use super::predicate::{self, Atom};
use super::syntax::{Expr, Leaf, OncePer, Predicate, Where};
use crate::piece::Piece;
use model::{Diagnostic, Source};
use std::sync::Arc;

/// How deep parentheses and negations may lie within each other.
const DEEPEST: usize = 64;

/// How long a condition may be, in bytes: what is longer was not written by a person, and not by a sane program.
const LONGEST: usize = 16 * 1024;

/// How many mistakes are told of one condition.
const MISTAKES: usize = 16;

impl Where {
    /// Reads a condition; says everything that is wrong with it.
    pub(crate) fn read(piece: &Piece<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Where> {
        let piece = piece.trim();
        if piece.text().is_empty() {
            let mistake = piece.error("the condition is empty");
            diagnostics
                .push(mistake.help("write a predicate, such as `path(/var/**)`, or leave `where` out"));
            return None;
        }
        let too_long = || {
            let mistake = piece.error(format!("the condition is longer than {LONGEST} bytes"));
            mistake.help("write several rules with shorter conditions")
        };
        if piece.text().len() > LONGEST {
            diagnostics.push(too_long());
            return None;
        }
        let mut parser = Parser {
            cursor: Cursor::new(&piece),
            mistakes: Vec::new(),
            once_per: Vec::new(),
            has_alternatives: false,
        };
        let condition = parser.whole();
        let once_per = parser.once_per(piece.source());
        let is_sound = parser.errors() == 0;
        // What is only dubious can wait until the rest is right.
        let told = parser.mistakes.into_iter().filter(|mistake| is_sound || mistake.is_error());
        diagnostics.extend(told.take(MISTAKES));
        let condition = condition.filter(|_| is_sound)?;
        let read = Where { source: Arc::clone(piece.source()), condition, once_per };
        // Its own form has more blanks than some people write, and must be read again.
        if read.to_string().len() > LONGEST {
            diagnostics.push(too_long());
            return None;
        }
        Some(read)
    }
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    mistakes: Vec<Diagnostic>,
    /// Every `once-per(…)`, and how deep it lies.
    once_per: Vec<(OncePer, usize)>,
    /// Whether there is a `|` outside of all parentheses.
    has_alternatives: bool,
}

/// An operator between two conditions.
#[derive(PartialEq, Eq)]
enum Operator {
    And,
    Or,
}

impl<'a> Parser<'a> {
    fn mistake(&mut self, mistake: Diagnostic) {
        self.mistakes.push(mistake);
        if self.has_given_up() {
            self.cursor.finish();
        }
    }

    fn errors(&self) -> usize {
        self.mistakes.iter().filter(|mistake| mistake.is_error()).count()
    }

    /// Whether so much is wrong that the rest is not looked at.
    fn has_given_up(&self) -> bool {
        self.errors() >= MISTAKES
    }

    /// All of the text.
    fn whole(&mut self) -> Option<Expr> {
        let mut condition = self.any(0);
        while self.cursor.peek() == Some(')') {
            let mistake = self.cursor.here().error("this `)` closes nothing");
            self.mistake(mistake.help("leave it out, or write the `(` that it belongs to"));
            self.cursor.eat(")");
            condition = None;
            self.cursor.skip_blanks();
            if self.cursor.peek().is_some_and(|c| c != ')') {
                self.operator();
                self.any(0);
            }
        }
        condition
    }

    fn any(&mut self, depth: usize) -> Option<Expr> {
        let mut parts = Vec::new();
        loop {
            parts.push(self.all(depth));
            if self.next_operator() != Some(Operator::Or) {
                break;
            }
            self.operator();
            self.has_alternatives |= depth == 0;
        }
        parts.into_iter().collect::<Option<Vec<_>>>().map(Expr::any)
    }

    fn all(&mut self, depth: usize) -> Option<Expr> {
        let mut parts = Vec::new();
        loop {
            parts.push(self.not(depth));
            match self.next_operator() {
                Some(Operator::And) => {
                    self.operator();
                }
                Some(Operator::Or) => break,
                None if matches!(self.cursor.peek(), None | Some(')')) => break,
                None => {
                    let here = self.cursor.here();
                    let comma = self.cursor.eat(",");
                    let message = if comma { "`,` joins no conditions" } else { "an operator is missing" };
                    self.mistake(here.error(message).help("join conditions with `&` (both) or `|` (either)"));
                }
            }
        }
        parts.into_iter().collect::<Option<Vec<_>>>().map(Expr::all)
    }

    fn not(&mut self, depth: usize) -> Option<Expr> {
        self.cursor.skip_blanks();
        let start = self.cursor.at();
        if depth > DEEPEST {
            let mistake =
                self.cursor.here().error(format!("the condition is nested deeper than {DEEPEST} levels"));
            // Every level above would miss its end now, which is no mistake of its own.
            self.mistakes.push(mistake.help("write several rules with simpler conditions"));
            self.cursor.finish();
            return None;
        }
        if self.cursor.eat("!") || self.eat_word("not") {
            return self.not(depth + 1).map(Expr::not);
        }
        if self.cursor.eat("(") {
            let before = self.errors();
            let inner = self.any(depth + 1);
            self.cursor.skip_blanks();
            if !self.cursor.eat(")") && self.errors() == before && !self.has_given_up() {
                let open = self.cursor.cut(start..start + 1);
                self.mistake(open.error("this `(` is not closed").help("write the `)` that it belongs to"));
                return None;
            }
            return inner;
        }
        self.atom(start, depth)
    }

    fn atom(&mut self, start: usize, depth: usize) -> Option<Expr> {
        let name = self.cursor.take(is_part_of_name);
        if name.text().is_empty() {
            self.missing();
            return None;
        }
        self.cursor.skip_blanks();
        if self.cursor.eat("(") {
            let Some(length) = self.cursor.up_to_closing() else {
                let head = self.cursor.cut(start..self.cursor.at());
                self.mistake(
                    head.error(format!("the argument of `{}` has no end", name.shown())).help(
                        "write the `)` that closes it; one that belongs to the argument is written `\\)`",
                    ),
                );
                self.cursor.finish();
                return None;
            };
            let at = self.cursor.at();
            self.cursor.skip(length + 1);
            let argument = self.cursor.cut(at..at + length);
            let atom = predicate::read(&name, &argument, &mut self.mistakes);
            if self.has_given_up() {
                self.cursor.finish();
                return None;
            }
            let whole = self.cursor.cut(start..at + length + 1);
            return match atom? {
                Atom::Predicate(predicate) => Some(Expr::Leaf(Leaf { predicate, span: whole.span() })),
                Atom::OncePer(keys) => {
                    self.once_per.push((OncePer { keys, span: whole.span() }, depth));
                    Some(Expr::All(Vec::new()))
                }
            };
        }
        if self.cursor.eat(".") {
            let field = self.cursor.take(is_part_of_name);
            let field = predicate::field(&name, &field).map_err(|mistake| self.mistake(mistake)).ok();
            if self.has_given_up() {
                return None;
            }
            let claim = Claim::read(&mut self.cursor);
            let span = self.cursor.cut(start..self.cursor.at()).span();
            let claim = claim.map_err(|mistake| {
                self.cursor.take(|c| !"&|()".contains(c));
                self.mistake(mistake);
            });
            return Some(Expr::Leaf(Leaf { predicate: Predicate::Field(field?, claim.ok()?), span }));
        }
        let mistake = match predicate::example(name.text()) {
            Some(example) => name
                .error(format!("`{}` needs an argument in parentheses", name.shown()))
                .help(format!("write it like `{example}`")),
            None => predicate::unknown(&name),
        };
        self.mistake(mistake);
        None
    }

    /// Says that something else stands where a predicate should, and moves past it.
    fn missing(&mut self) {
        if self.has_given_up() {
            return;
        }
        let start = self.cursor.at();
        self.skip_junk();
        let junk = self.cursor.cut(start..self.cursor.at());
        let mistake = match junk.text() {
            "" => self.cursor.here().error("a condition is missing"),
            _ => junk.error(format!("`{}` is not a predicate", junk.shown())),
        };
        self.mistake(mistake.help("write a predicate, such as `path(/var/**)`; join them with `&` or `|`"));
    }

    /// Moves to what may begin or end a condition.
    fn skip_junk(&mut self) {
        self.cursor.take(|c| !c.is_whitespace() && !"&|()!".contains(c));
    }

    /// What comes next, if it is an operator.
    fn next_operator(&mut self) -> Option<Operator> {
        self.cursor.skip_blanks();
        let rest = self.cursor.rest();
        if rest.starts_with('&') || is_word(rest, "and") {
            Some(Operator::And)
        } else if rest.starts_with('|') || is_word(rest, "or") {
            Some(Operator::Or)
        } else {
            None
        }
    }

    /// Moves past an operator, if one comes next.
    fn operator(&mut self) -> bool {
        self.cursor.skip_blanks();
        ["&&", "&", "||", "|"].iter().any(|sign| self.cursor.eat(sign))
            || self.eat_word("and")
            || self.eat_word("or")
    }

    fn eat_word(&mut self, word: &str) -> bool {
        is_word(self.cursor.rest(), word) && self.cursor.eat(word)
    }

    /// The one `once-per(…)`; says where there is another, or one that is where it cannot be.
    fn once_per(&mut self, source: &Arc<Source>) -> Option<OncePer> {
        let found = std::mem::take(&mut self.once_per);
        for (index, (once, depth)) in found.iter().enumerate() {
            let error = |message: &str| Diagnostic::error(source, once.span.clone(), message);
            if *depth > 0 || self.has_alternatives {
                self.mistakes.push(
                    error("`once-per` is asked last, when all the rest holds")
                        .label("it cannot stand within `|`, `!` or parentheses")
                        .help("join it to the whole: `(…) & once-per(path)`, or write several rules"),
                );
            } else if index > 0 {
                self.mistakes.push(
                    error("`once-per` is given twice")
                        .label("the second time")
                        .help("for every combination of values, write `once-per(path,pid)`"),
                );
            }
        }
        found.into_iter().next().map(|(once, _)| once)
    }
}

fn is_part_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// Whether a text begins with this word, as a whole.
fn is_word(text: &str, word: &str) -> bool {
    text.strip_prefix(word).is_some_and(|rest| !rest.starts_with(is_part_of_name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ops::Range;

    /// The condition in its own form, or every mistake: its place and its message.
    fn read(text: &str) -> Result<String, Vec<(Range<usize>, String)>> {
        let source = Arc::new(Source { name: "-e".into(), text: format!("where={text}") });
        let mut diagnostics = Vec::new();
        let condition = Where::read(&Piece::of(&source, 6..6 + text.len()), &mut diagnostics);
        assert_eq!(
            condition.is_none(),
            diagnostics.iter().any(Diagnostic::is_error),
            "{text}: {diagnostics:?}"
        );
        let mistakes = diagnostics.into_iter().map(|mistake| {
            assert!(mistake.help.is_some(), "{mistake:?}");
            let (_, span) = mistake.place.expect("a place");
            (span.start - 6..span.end - 6, mistake.message)
        });
        let mistakes: Vec<_> = mistakes.collect();
        condition.map(|condition| condition.to_string()).ok_or(mistakes)
    }

    #[test]
    fn operators_bind_as_documented_and_have_one_form() {
        for (text, form) in [
            ("fd(1)|fd(2)&!fd(3)", "fd(1) | fd(2) & !fd(3)"),
            ("fd(1) or fd(2) and not fd(3)", "fd(1) | fd(2) & !fd(3)"),
            ("fd(1)||fd(2)&&fd(3)", "fd(1) | fd(2) & fd(3)"),
            ("(fd(1)|fd(2))&fd(3)", "(fd(1) | fd(2)) & fd(3)"),
            ("((fd(1)))", "fd(1)"),
            ("fd(1)&(fd(2)&fd(3))", "fd(1) & fd(2) & fd(3)"),
            ("!!fd(1)", "fd(1)"),
            ("!(fd(1)&fd(2))", "!(fd(1) & fd(2))"),
            ("not(fd(1)) and(fd(2))", "!fd(1) & fd(2)"),
            // What is asked first comes first.
            ("path(/a) & fd(1)", "fd(1) & path(/a)"),
            (" fd ( 1 ) ", "fd(1)"),
            ("path(/a(b)c)", "path(/a(b)c)"),
            (r"path(/a\)b)", r"path(/a\)b)"),
            ("path(/a & b)", "path(/a & b)"),
            ("arg(3&O_CREAT|O_EXCL==64)", "arg(3 & O_CREAT|O_EXCL == 64)"),
            ("arg( 1 != -1 )", "arg(1 != -1)"),
            ("clone.flags & CLONE_VM|CLONE_VFORK | fd(1)", "fd(1) | clone.flags & CLONE_VM|CLONE_VFORK"),
            ("clone.flags & 1 & clone.flags & 6 == 2", "clone.flags & 1 & clone.flags & 6 == 2"),
            ("!perf.exclude_kernel==0", "!perf.exclude_kernel == 0"),
            ("once-per(pid,path)", "once-per(path,pid)"),
            ("(fd(1)|fd(2)) & once-per(arg3)", "(fd(1) | fd(2)) & once-per(arg3)"),
            ("once-per(tid) & fd(1) & uid(0)", "fd(1) & uid(0) & once-per(tid)"),
            (
                "string(2 ~a) & data(2 /b/) & argv(--c) & exe(/d)",
                "string(2 ~a) & data(2 /b/) & argv(--c) & exe(/d)",
            ),
            ("fdkind(socket,pipe) & family(inet6,unix)", "fdkind(pipe,socket) & family(unix,inet6)"),
            ("child(1..) & exec(2) & after(a/b)", "exec(2) & after(a/b) & child(1..)"),
            ("addr(::1,10.0.0.0/8) | port(80)", "addr(10.0.0.0/8,::1) | port(80)"),
            (
                "site(bufio.(*Writer).Flush)&test(TestReport*)",
                "site(bufio.(*Writer).Flush) & test(TestReport*)",
            ),
            ("caller( x.Map[...] )&fd(1)&uid(0)", "fd(1) & uid(0) & caller(x.Map[...])"),
            ("goroutine(7..9,1,8)|goroutine( none )", "goroutine(1,7..9) | goroutine(none)"),
            ("goroutine(x.(*Pool).work) & !pkg(net/**)", "goroutine(x.(*Pool).work) & !pkg(net/**)"),
            ("once-per(goroutine,site,fd,test)", "once-per(fd,site,test,goroutine)"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(form), "{text}");
            assert_eq!(read(form).as_deref(), Ok(form), "{text}");
        }
    }

    #[test]
    fn mistakes_have_a_place() {
        for (text, at, message) in [
            ("", 0..0, "the condition is empty"),
            ("fd(1) &", 7..7, "a condition is missing"),
            ("| fd(1)", 0..1, "a condition is missing"),
            ("fd(1) fd(2)", 6..7, "an operator is missing"),
            ("fd(1), fd(2)", 5..6, "`,` joins no conditions"),
            ("(fd(1)", 0..1, "this `(` is not closed"),
            ("fd(1))", 5..6, "this `)` closes nothing"),
            ("()", 1..2, "a condition is missing"),
            ("fd(1", 0..3, "the argument of `fd` has no end"),
            ("fd", 0..2, "`fd` needs an argument in parentheses"),
            ("O_CREAT", 0..7, "`O_CREAT` is a number, and a predicate is expected"),
            ("paht(/a)", 0..4, "there is no predicate `paht`"),
            ("siet(x.F)", 0..4, "there is no predicate `siet`"),
            ("site()", 5..5, "the text to match is missing"),
            ("site(x.[F)", 5..9, "`x.[F` is not a glob"),
            ("goroutine(0)", 10..11, "`0` is not a number that is possible here"),
            ("goroutine(1,none)", 12..16, "`none` is not a number that is possible here"),
            ("perf.exclude_kernal == 0", 5..19, "`perf` has no field `exclude_kernal`"),
            ("pref.exclude_kernel == 0", 0..4, "there is no structure `pref`"),
            ("perf. == 0", 5..5, "a field of `perf` is missing"),
            ("perf.type = 0 & fd(1)", 10..11, "a comparison is missing"),
            ("clone.flags & CLONE_VMM", 14..23, "there is no constant `CLONE_VMM`"),
            (
                "clone.flags & CLONE_VM & CLONE_FS",
                25..33,
                "`CLONE_FS` is a number, and a predicate is expected",
            ),
            ("arg(7 == 1)", 4..5, "`7` is not the number of an argument"),
            ("arg(== 1)", 4..4, "the number of an argument is missing"),
            ("arg(1 < 0)", 6..9, "nothing is less than 0"),
            ("arg(1 == 3 & 4)", 11..14, "an argument is compared once"),
            ("fdkind(sokcet)", 7..13, "`sokcet` is not a kind of descriptor"),
            ("family()", 7..7, "a family of addresses is missing"),
            ("port(65536)", 5..10, "`65536` is not a number that is possible here"),
            ("exec(0)", 5..6, "`0` is not a number that is possible here"),
            ("after( )", 7..7, "the name of a rule is missing"),
            ("string(2)", 8..8, "the text to match is missing"),
            ("fd(1) | once-per(fd)", 8..20, "`once-per` is asked last, when all the rest holds"),
            ("!once-per(fd)", 1..13, "`once-per` is asked last, when all the rest holds"),
            ("once-per(fd) & once-per(pid)", 15..28, "`once-per` is given twice"),
            ("fd(1) & µ", 8..10, "there is no predicate `µ`"),
            ("fd(1) & %%", 8..10, "`%%` is not a predicate"),
        ] {
            let mistakes = read(text).expect_err(text);
            assert_eq!(mistakes, [(at, message.to_owned())], "{text}");
        }
    }

    #[test]
    fn several_mistakes_are_told_at_once() {
        let mistakes = read("paht(/a) & (fd(x,2,y) | ) & perf.tpye == O_CRAET").expect_err("mistakes");
        let places: Vec<_> = mistakes.into_iter().map(|(at, _)| at).collect();
        assert_eq!(places, [0..4, 15..16, 19..20, 24..25, 33..37, 41..48]);
        assert_eq!(read(&"% ".repeat(100)).expect_err("mistakes").len(), MISTAKES);
        assert_eq!(read(&format!("fd({})", "x,".repeat(100))).expect_err("mistakes").len(), MISTAKES);
        // What is only dubious does not keep a condition from being read, however often it is said.
        assert!(read("exe(git) | ".repeat(100).trim_end_matches([' ', '|'])).is_ok());
    }

    #[test]
    fn a_path_that_no_call_can_have_is_warned_about() {
        for (text, label) in [
            ("path(/a/b)", None),
            ("exe(git)", Some("paths are compared as a whole, from the root")),
            ("path(/tmp/)", Some("it is like every path with `tmp` in it")),
            ("path(=/a/../b)", Some("paths are compared without `.`, `..`, `//` and a `/` at the end")),
            ("path(=/a/)", Some("paths are compared without `.`, `..`, `//` and a `/` at the end")),
            ("path(anon_inode:=)", None),
            ("path(**/git)", None),
            ("path(~git)", None),
            ("path(/)", None),
        ] {
            let source = Arc::new(Source { name: "-e".into(), text: text.into() });
            let mut warnings = Vec::new();
            assert!(Where::read(&Piece::of(&source, 0..text.len()), &mut warnings).is_some(), "{text}");
            let labels: Vec<&str> = warnings.iter().map(|warning| warning.label.as_str()).collect();
            assert_eq!(labels, label.into_iter().collect::<Vec<_>>(), "{text}");
        }
    }

    #[test]
    fn depth_and_length_have_limits() {
        for deep in ["(".repeat(5000), "!".repeat(5000), "!(".repeat(3000), "not ".repeat(3000)] {
            let mistakes = read(&format!("{deep}fd(1)")).expect_err("too deep");
            assert_eq!(mistakes.len(), 1, "{mistakes:?}");
            assert!(mistakes[0].1.starts_with("the condition is nested deeper"), "{mistakes:?}");
        }
        assert!(read(&format!("{}fd(1){}", "(".repeat(DEEPEST), ")".repeat(DEEPEST))).is_ok());
        assert!(read(&"fd(1)|".repeat(3000)).expect_err("too long")[0].1.contains("longer"));
        assert!(
            read(&format!("{}fd(1)", "fd(1)|".repeat(2700))).expect_err("too long")[0].1.contains("longer")
        );
    }
}
