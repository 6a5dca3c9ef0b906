//! Predicates as they are written: `name(argument)`.

use super::address::{FAMILIES, Hosts};
use super::claim::Claim;
use super::cursor::Cursor;
use super::field::{Field, Structure};
use super::function::Function;
use super::goroutine::Goroutines;
use super::numbers::Numbers;
use super::syntax::{Key, Predicate};
use super::test_name::TestName;
use super::text::Text;
use crate::piece::Piece;
use model::{Diagnostic, FdKind, nearest};

/// What a name with an argument stands for.
pub(super) enum Atom {
    Predicate(Predicate),
    OncePer(Vec<Key>),
}

/// Every predicate, and how it is written.
pub(super) const PREDICATES: [(&str, &str); 21] = [
    ("path", "path(/var/**)"),
    ("fd", "fd(0,1,2)"),
    ("fdkind", "fdkind(pipe,socket)"),
    ("port", "port(80,8000..8010)"),
    ("addr", "addr(127.0.0.0/8)"),
    ("family", "family(inet,inet6)"),
    ("arg", "arg(3 & O_CREAT)"),
    ("string", "string(2 ~secret)"),
    ("data", "data(2 ~HTTP/1.1)"),
    ("exe", "exe(**/git)"),
    ("argv", "argv(--verbose)"),
    ("child", "child(1..)"),
    ("exec", "exec(1)"),
    ("uid", "uid(0)"),
    ("after", "after(other-rule)"),
    ("site", "site(store.(*Log).Append)"),
    ("caller", "caller(example.com/**)"),
    ("pkg", "pkg(net/http)"),
    ("test", "test(TestServer)"),
    ("goroutine", "goroutine(1)"),
    ("once-per", "once-per(path)"),
];

/// How a predicate is written.
pub(super) fn example(name: &str) -> Option<&'static str> {
    PREDICATES.iter().find(|(known, _)| *known == name).map(|(_, example)| *example)
}

/// What to say about a name that is none of these.
pub(super) fn unknown(name: &Piece<'_>) -> Diagnostic {
    let text = name.text();
    let names = || PREDICATES.iter().map(|(name, _)| *name);
    if crate::tables::constant(text).is_some() {
        return name
            .error(format!("`{text}` is a number, and a predicate is expected"))
            .help(format!("say what it is compared with, such as `arg(3 & {text})`"));
    }
    let structures = Structure::ALL.iter().map(|(name, _)| *name);
    let mistake = name.error(format!("there is no predicate `{}`", name.shown()));
    match nearest(text, names().chain(structures)) {
        Some(near) => mistake.help(format!("did you mean `{near}`?")),
        None => mistake.help(format!("the predicates are {}", names().collect::<Vec<_>>().join(", "))),
    }
}

/// Reads `name(argument)`; says what is wrong with it.
pub(super) fn read(
    name: &Piece<'_>,
    argument: &Piece<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Atom> {
    let mut numbers = |least, most| Numbers::read(argument, least, most, diagnostics);
    let predicate = match name.text() {
        "fd" => Predicate::Fd(numbers(0, u64::from(i32::MAX.cast_unsigned()))?),
        "port" => Predicate::Port(numbers(0, u64::from(u16::MAX))?),
        "child" => Predicate::Child(numbers(0, u64::from(u32::MAX))?),
        "exec" => Predicate::Exec(numbers(1, u64::MAX)?),
        "uid" => Predicate::Uid(numbers(0, u64::from(u32::MAX))?),
        "path" => Predicate::Path(path(argument, diagnostics)?),
        "exe" => Predicate::Exe(path(argument, diagnostics)?),
        "argv" => Predicate::Argv(kept(Text::read(argument), diagnostics)?),
        "fdkind" => Predicate::FdKind(members(argument, &FdKind::ALL, "kind of descriptor", diagnostics)?),
        "family" => Predicate::Family(members(argument, &FAMILIES, "family of addresses", diagnostics)?),
        "addr" => Predicate::Addr(Hosts::read(argument, diagnostics)?),
        "arg" => {
            let (arg, mut rest) = kept(argument_number(argument, "arg"), diagnostics)?;
            let claim = kept(Claim::read(&mut rest), diagnostics)?;
            kept(ended(rest), diagnostics)?;
            Predicate::Arg(arg, claim)
        }
        "string" => {
            let (arg, text) = kept(argument_text(argument, "string"), diagnostics)?;
            Predicate::String(arg, text)
        }
        "data" => {
            let (arg, text) = kept(argument_text(argument, "data"), diagnostics)?;
            Predicate::Data(arg, text)
        }
        "after" => {
            let rule = argument.trim();
            if rule.text().is_empty() {
                let mistake = rule.error("the name of a rule is missing");
                diagnostics
                    .push(mistake.help("name the rule that must have fired before: `after(other-rule)`"));
                return None;
            }
            Predicate::After(rule.text().to_owned())
        }
        "site" => Predicate::Site(Function::read(argument, diagnostics)?),
        "caller" => Predicate::Caller(Function::read(argument, diagnostics)?),
        "pkg" => Predicate::Package(kept(Text::read(argument), diagnostics)?),
        "test" => Predicate::Test(TestName::read(argument, diagnostics)?),
        "goroutine" => Predicate::Goroutine(Goroutines::read(argument, diagnostics)?),
        "once-per" => {
            return members(argument, &Key::ALL, "thing to tell calls apart by", diagnostics)
                .map(Atom::OncePer);
        }
        _ => {
            diagnostics.push(unknown(name));
            return None;
        }
    };
    Some(Atom::Predicate(predicate))
}

/// What `structure.field` stands for.
pub(super) fn field(structure: &Piece<'_>, field: &Piece<'_>) -> Result<Field, Diagnostic> {
    let advise = |mistake: Diagnostic, word: &str, known: Vec<&str>, those: &str| {
        mistake.help(match nearest(word, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("{those} are {}", known.join(", ")),
        })
    };
    let Some(known) = Structure::named(structure.text()) else {
        let mistake = structure.error(format!("there is no structure `{}`", structure.shown()));
        let names = Structure::ALL.iter().map(|(name, _)| *name).collect();
        return Err(advise(mistake, structure.text(), names, "the structures"));
    };
    Field::named(known, field.text()).ok_or_else(|| {
        let mistake = match field.text() {
            "" => field.error(format!("a field of `{}` is missing", known.name())),
            _ => field.error(format!("`{}` has no field `{}`", known.name(), field.shown())),
        };
        advise(mistake, field.text(), known.fields().map(|field| field.name).collect(), "its fields")
    })
}

fn kept<T>(result: Result<T, Diagnostic>, diagnostics: &mut Vec<Diagnostic>) -> Option<T> {
    result.map_err(|mistake| diagnostics.push(mistake)).ok()
}

/// The number of an argument, from 0, and what follows it.
fn argument_number<'a>(argument: &Piece<'a>, predicate: &str) -> Result<(u8, Cursor<'a>), Diagnostic> {
    let mut cursor = Cursor::new(argument);
    cursor.skip_blanks();
    let number = cursor.take(|c| c.is_alphanumeric() || c == '-');
    let arg = number.text().parse::<u8>().ok().filter(|number| (1..=6).contains(number));
    let arg = arg.ok_or_else(|| {
        let example = example(predicate).unwrap_or_default();
        let mistake = if number.text().is_empty() {
            number.error("the number of an argument is missing")
        } else {
            number.error(format!("`{}` is not the number of an argument", number.shown()))
        };
        mistake.label("a call has arguments 1 to 6").help(format!("say which argument is meant: `{example}`"))
    })?;
    Ok((arg - 1, cursor))
}

/// The number of an argument, from 0, and a matcher.
fn argument_text(argument: &Piece<'_>, predicate: &str) -> Result<(u8, Text), Diagnostic> {
    let (arg, rest) = argument_number(argument, predicate)?;
    let text = rest.rest();
    Ok((arg, Text::read(&rest.cut(rest.at()..rest.at() + text.len()))?))
}

/// Nothing may follow.
fn ended(mut rest: Cursor<'_>) -> Result<(), Diagnostic> {
    rest.skip_blanks();
    let start = rest.at();
    let text = rest.rest();
    if text.is_empty() {
        return Ok(());
    }
    let more = rest.cut(start..start + text.trim_end().len());
    Err(more
        .error("an argument is compared once")
        .label("this is too much")
        .help("join several comparisons outside: `arg(1 == 3) & arg(3 & O_CREAT)`"))
}

/// Some members of a table, in its order.
fn members<T: Copy + Ord>(
    argument: &Piece<'_>,
    table: &[(&'static str, T)],
    noun: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Vec<T>> {
    let parts = argument.split(',');
    let expected = parts.len();
    let mut found = Vec::new();
    for part in parts.iter().map(Piece::trim) {
        if let Some((_, member)) = table.iter().find(|(name, _)| *name == part.text()) {
            found.push(*member);
            continue;
        }
        let names = || table.iter().map(|(name, _)| *name);
        let mistake = part.error(match part.text() {
            "" => format!("a {noun} is missing"),
            _ => format!("`{}` is not a {noun}", part.shown()),
        });
        diagnostics.push(match nearest(part.text(), names()) {
            Some(near) => mistake.help(format!("did you mean `{near}`?")),
            None => {
                mistake.help(format!("write one or several of {}", names().collect::<Vec<_>>().join(", ")))
            }
        });
    }
    let is_sound = found.len() == expected;
    found.sort_unstable();
    found.dedup();
    is_sound.then_some(found)
}

/// A matcher of paths; warns about one that no path is like.
fn path(argument: &Piece<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Text> {
    let text = kept(Text::read(argument), diagnostics)?;
    let written = argument.trim();
    if let Some(exact) = text.as_exact() {
        let form = super::path::cleaned(exact.as_bytes());
        if exact.starts_with('/') && form != exact.as_bytes() {
            let form = String::from_utf8_lossy(&form).into_owned();
            let mistake = written.warning(format!("no path is written `{}`", written.shown()));
            diagnostics.push(
                mistake.label("paths are compared without `.`, `..`, `//` and a `/` at the end").help(
                    format!("write `{form}`, or `{}/**` for what is in it", form.trim_end_matches('/')),
                ),
            );
        } else if !exact.starts_with('/') && !exact.contains(':') {
            diagnostics.push(
                written
                    .warning(format!("no path is written `{}`", written.shown()))
                    .label("paths are compared as a whole, from the root")
                    .help(format!(
                        "write `**/{exact}` for one that ends like this, `~{exact}` for one with this in it"
                    )),
            );
        }
    }
    let is_plain =
        |regex: &str| regex.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if let Some(regex) = text.as_regex().filter(|regex| is_plain(regex)) {
        diagnostics.push(
            written
                .warning(format!("`/{regex}/` is a regular expression"))
                .label(format!("it is like every path with `{regex}` in it"))
                .help(format!(
                    "write `/{regex}` for the folder, `/{regex}/**` for what is in it, else `~{regex}`"
                )),
        );
    }
    Some(text)
}
