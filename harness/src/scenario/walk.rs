//! TOML, walked by hand so that every mistake is found, each at its place.

use model::{Diagnostic, Source, nearest};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and where it stands.
pub(super) type Value<'a> = Spanned<DeValue<'a>>;

/// The mistakes that were found in one file.
#[derive(Debug)]
pub(super) struct Mistakes {
    pub(super) source: Arc<Source>,
    pub(super) found: Vec<Diagnostic>,
}

impl Mistakes {
    pub(super) fn at(&mut self, span: Range<usize>, message: impl Into<String>) -> &mut Diagnostic {
        self.found.push(Diagnostic::error(&self.source, span, message));
        self.found.last_mut().expect("one was pushed")
    }
}

/// A text and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) span: Range<usize>,
}

/// One table, whose keys are taken one after the other; what nobody took is a mistake.
#[derive(Debug)]
pub(super) struct Table<'t, 'a> {
    table: &'t DeTable<'a>,
    span: Range<usize>,
    /// What the table is called in messages.
    what: &'static str,
    asked: Vec<&'static str>,
}

impl<'t, 'a> Table<'t, 'a> {
    pub(super) fn new(table: &'t DeTable<'a>, span: Range<usize>, what: &'static str) -> Table<'t, 'a> {
        Table { table, span, what, asked: Vec::new() }
    }

    /// A table within another's value; anything else is a mistake.
    pub(super) fn of(
        value: &'t Value<'a>,
        what: &'static str,
        mistakes: &mut Mistakes,
    ) -> Option<Table<'t, 'a>> {
        match value.get_ref() {
            DeValue::Table(table) => Some(Table::new(table, value.span(), what)),
            _ => {
                wrong_type(value, what, "a table", mistakes);
                None
            }
        }
    }

    pub(super) fn span(&self) -> Range<usize> {
        // A table's own span is all of it; its head is enough to point at.
        self.span.start..self.span.start + (self.span.len()).min(1)
    }

    /// The value of a key, if it is there.
    pub(super) fn value(&mut self, key: &'static str) -> Option<&'t Value<'a>> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.iter().any(|(name, _)| name.get_ref() == key)
    }

    pub(super) fn string(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<Text> {
        let value = self.value(key)?;
        string(value, key, mistakes)
    }

    /// A text that must be there.
    pub(super) fn needed(&mut self, key: &'static str, example: &str, mistakes: &mut Mistakes) -> String {
        match self.has(key) {
            true => self.string(key, mistakes).map(|text| text.text).unwrap_or_default(),
            false => {
                self.asked.push(key);
                let message = format!("{} has no `{key}`", self.what);
                mistakes.at(self.span(), message).help = Some(format!("write `{key} = {example}`"));
                String::new()
            }
        }
    }

    /// A list of texts; one text is a list of one.
    pub(super) fn strings(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Vec<Text> {
        let Some(value) = self.value(key) else { return Vec::new() };
        match value.get_ref() {
            DeValue::Array(members) => {
                members.iter().filter_map(|member| string(member, key, mistakes)).collect()
            }
            _ => string(value, key, mistakes).into_iter().collect(),
        }
    }

    pub(super) fn boolean(&mut self, key: &'static str, mistakes: &mut Mistakes) -> bool {
        match self.value(key).map(|value| (value, value.get_ref())) {
            None => false,
            Some((_, DeValue::Boolean(is_so))) => *is_so,
            Some((value, _)) => {
                wrong_type(value, key, "true or false", mistakes);
                false
            }
        }
    }

    pub(super) fn number(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<u64> {
        let value = self.value(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        if number.is_none() {
            wrong_type(value, key, "a whole number", mistakes);
        }
        number
    }

    /// A table of texts by free names.
    pub(super) fn map(&mut self, key: &'static str, mistakes: &mut Mistakes) -> BTreeMap<String, Text> {
        let Some(value) = self.value(key) else { return BTreeMap::new() };
        let DeValue::Table(table) = value.get_ref() else {
            wrong_type(value, key, "a table", mistakes);
            return BTreeMap::new();
        };
        let entries = table.iter().filter_map(|(name, value)| {
            Some((name.get_ref().clone().into_owned(), string(value, key, mistakes)?))
        });
        entries.collect()
    }

    /// What nobody asked for is a mistake.
    pub(super) fn finish(self, mistakes: &mut Mistakes) {
        for (key, _) in self.table {
            let name = key.get_ref();
            if self.asked.iter().any(|asked| asked == name) {
                continue;
            }
            let help = match nearest(name, self.asked.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("{} has: {}", self.what, self.asked.join(", ")),
            };
            let message = format!("{} has no key `{name}`", self.what);
            mistakes.at(key.span(), message).help = Some(help);
        }
    }
}

/// A text, or a whole number as it is written.
fn string(value: &Value<'_>, what: &str, mistakes: &mut Mistakes) -> Option<Text> {
    match value.get_ref() {
        DeValue::String(text) => Some(Text { text: text.clone().into_owned(), span: value.span() }),
        DeValue::Integer(number) if number.radix() == 10 => {
            Some(Text { text: number.as_str().to_owned(), span: value.span() })
        }
        _ => {
            wrong_type(value, what, "a text in quotes", mistakes);
            None
        }
    }
}

pub(super) fn wrong_type(value: &Value<'_>, what: &str, expected: &str, mistakes: &mut Mistakes) {
    let found = value.get_ref().type_str();
    let article = if found.starts_with(['a', 'i']) { "an" } else { "a" };
    mistakes.at(value.span(), format!("`{what}` must be {expected}")).label =
        format!("this is {article} {found}");
}
