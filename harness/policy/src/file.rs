//! The plan file: TOML, walked by hand so that every mistake has its place.

use crate::draft::{Draft, Written};
use crate::key::{self, Key, Kind, Level};
use crate::piece::Piece;
use crate::set;
use model::{Diagnostic, Source};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and where it stands.
type Value<'a> = Spanned<DeValue<'a>>;

const EXAMPLE: &str = "a rule is: [[rule]] calls = [\"write\"] fault = \"ENOSPC\", each on a line of its own";

/// The rules in this file, with everything that could be understood.
pub(crate) fn drafts(source: &Arc<Source>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Draft> {
    let table = match DeTable::parse(&source.text) {
        Ok(table) => table,
        Err(mistake) => {
            // Only the first: what a parser makes of the rest of a broken text is a guess.
            let end = source.text.len();
            let span = mistake.span().filter(|span| source.text.get(span.clone()).is_some());
            diagnostics.push(
                Diagnostic::error(
                    source,
                    span.unwrap_or(end..end),
                    format!("this is not TOML: {}", mistake.message()),
                )
                .help("strings need quotes, lists brackets, and every value stands behind `key = `"),
            );
            return Vec::new();
        }
    };
    let reader = Reader { source };
    let mut drafts = Vec::new();
    let mut has_rules = false;
    for (key, value) in table.get_ref() {
        let key_piece = reader.key(key);
        if key.get_ref() != "rule" {
            diagnostics.push(key::unknown(&key_piece, &["rule"]));
            continue;
        }
        has_rules = true;
        match value.get_ref() {
            DeValue::Array(rules) => {
                drafts.extend(rules.iter().filter_map(|rule| reader.rule(rule, diagnostics)));
            }
            DeValue::Table(_) => diagnostics.push(
                key_piece
                    .error("`rule` is a list of rules")
                    .help("write `[[rule]]`, with two brackets, before each"),
            ),
            _ => diagnostics.push(reader.wrong_type(value, "`rule`", "a list of tables", EXAMPLE)),
        }
    }
    // `rule = []` says that no rules are meant; a plan that was recorded with none is written so.
    if !has_rules {
        diagnostics.push(Diagnostic::error(source, 0..0, "the plan has no rules").help(EXAMPLE));
    }
    drafts
}

/// Reads values of one source.
struct Reader<'s> {
    source: &'s Arc<Source>,
}

impl<'s> Reader<'s> {
    /// A key as it stands.
    fn key<'a>(&self, key: &'a Spanned<Cow<'_, str>>) -> Piece<'a>
    where
        's: 'a,
    {
        Piece::meaning(self.source, key.span(), key.get_ref())
    }

    fn place<T>(&self, value: &Spanned<T>) -> Piece<'s> {
        Piece::of(self.source, value.span())
    }

    fn wrong_type(&self, value: &Value<'_>, what: &str, expected: &str, help: &str) -> Diagnostic {
        let found = value.get_ref().type_str();
        let article = if found.starts_with(['a', 'i']) { "an" } else { "a" };
        self.place(value)
            .error(format!("{what} must be {expected}"))
            .label(format!("this is {article} {found}"))
            .help(help)
    }

    /// One `[[rule]]`.
    fn rule(&self, rule: &Value<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Draft> {
        let DeValue::Table(table) = rule.get_ref() else {
            diagnostics.push(self.wrong_type(rule, "a rule", "a table", EXAMPLE));
            return None;
        };
        let place = self.place(rule);
        let mut draft = Draft::new(&place);
        let mut missing = vec![("calls", "calls = [\"write\", \"fsync\"]"), ("fault", "fault = \"ENOSPC\"")];
        for (key, value) in table {
            let piece = self.key(key);
            missing.retain(|(needed, _)| *needed != piece.text());
            match (piece.text(), Key::named(piece.text())) {
                ("calls", _) => self.calls(&mut draft, value, diagnostics),
                ("fault", _) => self.fault(&mut draft, value, diagnostics),
                (_, Some(known)) if known.level() == Level::Rule => {
                    self.field(&mut draft, known, key, value, diagnostics);
                }
                (_, Some(known)) => {
                    diagnostics.push(
                        piece
                            .error(format!("`{}` belongs into `fault`", piece.text()))
                            .help(format!("write `fault = {{ {} }}`", known.example())),
                    );
                    missing.retain(|(needed, _)| *needed != "fault");
                    draft.is_broken = true;
                }
                (_, None) => {
                    let mut known = vec!["calls", "fault"];
                    known.extend(Key::names_at(Level::Rule));
                    diagnostics.push(key::unknown(&piece, &known));
                    draft.is_broken = true;
                }
            }
        }
        for (key, example) in missing {
            diagnostics
                .push(place.error(format!("the rule has no `{key}`")).help(format!("add `{example}`")));
            draft.is_broken = true;
        }
        Some(draft)
    }

    /// `calls`: a set in one string, or a list of its members.
    fn calls(&self, draft: &mut Draft, value: &Value<'_>, diagnostics: &mut Vec<Diagnostic>) {
        const EXAMPLE: &str = "write `calls = [\"write\", \"fsync\"]` or `calls = \"%file\"`";
        let whole = self.place(value);
        let (calls, words) = match value.get_ref() {
            DeValue::String(text) => {
                let piece = Piece::meaning(self.source, value.span(), text);
                (set::written(&piece, diagnostics), piece.text().to_owned())
            }
            DeValue::Array(members) => {
                let scalars: Vec<Option<(Range<usize>, Cow<'_, str>)>> = members
                    .iter()
                    .map(|member| match scalar(member, &["string", "integer"]) {
                        Some(text) => Some((member.span(), text)),
                        None => {
                            let what = "a system call";
                            diagnostics.push(self.wrong_type(member, what, "a name or a number", EXAMPLE));
                            None
                        }
                    })
                    .collect();
                let pieces: Vec<Piece<'_>> = scalars
                    .iter()
                    .flatten()
                    .map(|(span, text)| Piece::meaning(self.source, span.clone(), text))
                    .collect();
                let complete = pieces.len() == members.len();
                // An empty list is reported; one that lost all its members has been.
                let calls = if pieces.is_empty() && !complete {
                    None
                } else {
                    set::listed(&pieces, &whole, diagnostics).filter(|_| complete)
                };
                (calls, pieces.iter().map(Piece::text).collect::<Vec<_>>().join(","))
            }
            _ => {
                diagnostics.push(self.wrong_type(value, "`calls`", "a list or a string", EXAMPLE));
                (None, String::new())
            }
        };
        draft.calls = Some((Written { value: calls, span: value.span() }, words));
    }

    /// `fault`: an error by its name, or a table of what happens.
    fn fault(&self, draft: &mut Draft, value: &Value<'_>, diagnostics: &mut Vec<Diagnostic>) {
        const EXAMPLE: &str =
            "write `fault = \"ENOSPC\"`, or a table such as `fault = { delay_enter = \"5ms\" }`";
        match value.get_ref() {
            DeValue::String(text) => {
                let piece = Piece::meaning(self.source, value.span(), text);
                draft.take(Key::Error, value.span(), &piece, diagnostics);
            }
            DeValue::Table(table) => {
                for (key, value) in table {
                    let piece = self.key(key);
                    let name = if piece.text() == "delay" { "delay_enter" } else { piece.text() };
                    match Key::named(name).filter(|known| known.level() == Level::Fault) {
                        Some(known) => self.field(draft, known, key, value, diagnostics),
                        None => {
                            let mut known = Key::names_at(Level::Fault);
                            known.push("delay");
                            diagnostics.push(key::unknown(&piece, &known));
                            draft.is_broken = true;
                        }
                    }
                }
                if table.is_empty() {
                    diagnostics.push(self.place(value).error("the fault does nothing").help(EXAMPLE));
                    draft.is_broken = true;
                }
            }
            _ => {
                diagnostics.push(self.wrong_type(
                    value,
                    "`fault`",
                    "the name of an error or a table",
                    EXAMPLE,
                ));
                draft.is_broken = true;
            }
        }
    }

    /// A key that `-e` has too.
    fn field(
        &self,
        draft: &mut Draft,
        key: Key,
        name: &Spanned<Cow<'_, str>>,
        value: &Value<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let (types, expected): (&[&str], _) = match key.kind() {
            Kind::Text => (&["string"], "a string"),
            Kind::Number => (&["string", "integer"], "a string or a whole number"),
            Kind::Share => (&["float", "integer", "string"], "a number or a string"),
            Kind::Flag => match value.get_ref() {
                DeValue::Boolean(true) => return draft.take(key, value.span(), &self.key(name), diagnostics),
                DeValue::Boolean(false) => return,
                _ => (&[], "`true`"),
            },
        };
        match scalar(value, types) {
            Some(text) => {
                let piece = Piece::meaning(self.source, value.span(), &text);
                draft.take(key, value.span(), &piece, diagnostics);
            }
            None => {
                let help = format!("write `{}`", key.example());
                diagnostics.push(self.wrong_type(value, &format!("`{}`", name.get_ref()), expected, &help));
                draft.is_broken = true;
            }
        }
    }
}

/// A string's content, or a number in the form in which `-e` takes it; nothing for other types.
fn scalar<'a>(value: &'a Value<'_>, types: &[&str]) -> Option<Cow<'a, str>> {
    if !types.contains(&value.get_ref().type_str()) {
        return None;
    }
    match value.get_ref() {
        DeValue::String(text) => Some(Cow::Borrowed(text)),
        DeValue::Integer(number) if number.radix() == 10 => Some(Cow::Borrowed(number.as_str())),
        DeValue::Integer(number) => {
            Some(i128::from_str_radix(number.as_str(), number.radix()).ok()?.to_string().into())
        }
        DeValue::Float(number) => Some(Cow::Borrowed(number.as_str())),
        DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Deed, Delay, Effect, Failure, Plan};
    use model::{Diagnostic, Errno, Source};
    use std::sync::Arc;
    use std::time::Duration;

    fn read(text: &str) -> (Plan, Vec<Diagnostic>) {
        Plan::read(Some(&Arc::new(Source { name: "plan.toml".into(), text: text.into() })), &[])
    }

    /// The mistakes of one rule: the words that each is about, and what is said about them.
    fn check(rule: &str, expect: &[(&str, &str)]) {
        let (_, diagnostics) = read(&format!("[[rule]]\n{rule}\n"));
        let found: Vec<(String, &str)> = diagnostics
            .iter()
            .map(|diagnostic| {
                let (source, span) = diagnostic.place.clone().expect("a place");
                assert!(diagnostic.is_error() && diagnostic.help.is_some(), "{diagnostic:?}");
                (source.text[span].to_owned(), diagnostic.message.as_str())
            })
            .collect();
        let expect: Vec<(String, &str)> =
            expect.iter().map(|(at, message)| ((*at).to_owned(), *message)).collect();
        assert_eq!(found, expect, "{rule}");
    }

    #[test]
    fn every_way_to_write_a_rule_is_understood() {
        let (plan, diagnostics) = read(
            r#"
            [[rule]]
            calls = "write, fsync"
            when = "7"
            fault = "ENOSPC"
            [[rule]]
            name = "slow"
            calls = ["write", 74]
            when = 0x3
            rate = 1
            [rule.fault]
            error = 28
            delay = 1_500
            delay_exit = "1.5ms"
            "#,
        );
        assert_eq!(diagnostics, []);
        let [short, long] = &plan.rules[..] else { panic!("{plan:?}") };
        let full = Deed::Fail(Failure::With(Errno::ENOSPC));
        assert_eq!((short.name.as_str(), Some(short.when)), ("rule-1", crate::When::new(7, Some(7), 1)));
        assert_eq!(short.effect, Effect { deed: full.clone(), ..Effect::default() });
        assert_eq!((long.name.as_str(), &long.calls), ("slow", &short.calls));
        assert_eq!((Some(long.when), long.rate), (crate::When::new(3, Some(3), 1), crate::Rate::new(1.0)));
        let delay = Some(Delay::Fixed(Duration::from_micros(1500)));
        assert_eq!(
            long.effect,
            Effect { delay_enter: delay, deed: full, delay_exit: delay, ..Effect::default() }
        );
    }

    #[test]
    fn every_mistake_is_found_at_once_and_shown_at_its_word() {
        check(
            r#"name = "disk full"
            calls = ["write", "fsnyc", 3.5]
            wen = "3"
            when = "3..x"
            rate = 2
            fault = { error = "ENOSPACE", dely = "5ms", delay = "5min", delay_enter = "1s", signal = "9x" }"#,
            &[
                ("disk full", "a name cannot contain ` `"),
                ("fsnyc", "there is no system call `fsnyc`"),
                ("3.5", "a system call must be a name or a number"),
                ("wen", "`wen` is not a key that is known here"),
                ("x", "`3..x` does not say when"),
                ("2", "`2` is not a rate"),
                ("ENOSPACE", "there is no error `ENOSPACE`"),
                ("dely", "`dely` is not a key that is known here"),
                ("5min", "`5min` is not a delay"),
                ("\"1s\"", "`delay_enter` is given twice"),
                ("9x", "there is no signal `9x`"),
            ],
        );
    }

    #[test]
    fn what_is_missing_or_of_a_wrong_kind_is_said() {
        check("", &[("[[rule]]", "the rule has no `calls`"), ("[[rule]]", "the rule has no `fault`")]);
        check(
            "calls = []\nfault = {}",
            &[("[]", "no system call is meant"), ("{}", "the fault does nothing")],
        );
        check(
            "calls = 1\nfault = true",
            &[
                ("1", "`calls` must be a list or a string"),
                ("true", "`fault` must be the name of an error or a table"),
            ],
        );
        check(
            "calls = 'read'\nfault = 'EIO'\nwhen = 3.0\nname = 3\nrate = []",
            &[
                ("3.0", "`when` must be a string or a whole number"),
                ("3", "`name` must be a string"),
                ("[]", "`rate` must be a number or a string"),
            ],
        );
        check("calls = 'read'\nerror = 'EIO'", &[("error", "`error` belongs into `fault`")]);
        check(
            "calls = 'read'\nquiet = 1\nfault.error = 'EIO'\nfault.retval = 0\nfault.not_ready = false",
            &[("1", "`quiet` must be `true`"), ("0", "`error` and `retval` exclude each other")],
        );
        check(
            "calls = 'read'\nfault = { retval = '-5x', delay_exit = 0 }",
            &[("-5x", "`-5x` cannot be a return value"), ("0", "`0` is not a delay")],
        );
    }

    #[test]
    fn a_file_that_is_no_plan_is_refused() {
        for (text, at, message) in [
            ("", 0..0, "the plan has no rules"),
            ("# nothing\n", 0..0, "the plan has no rules"),
            ("rule = 5", 7..8, "`rule` must be a list of tables"),
            ("rule = [5]", 8..9, "a rule must be a table"),
            ("[rule]\n", 1..5, "`rule` is a list of rules"),
            ("rule = []\nrules = []", 10..15, "`rules` is not a key that is known here"),
            ("rule = [}", 8..8, "this is not TOML: missing inline table opening, expected `{`"),
            ("a = b", 4..5, "this is not TOML: string values must be quoted, expected literal string"),
        ] {
            let (plan, diagnostics) = read(text);
            let [mistake] = &diagnostics[..] else { panic!("{text}: {diagnostics:?}") };
            assert_eq!(plan, Plan::default());
            assert!(mistake.is_error() && mistake.help.is_some());
            assert_eq!(
                (mistake.message.as_str(), mistake.place.as_ref().map(|(_, span)| span.clone())),
                (message, Some(at))
            );
        }
        assert_eq!(read("rule = []"), (Plan::default(), Vec::new()));
    }
}
