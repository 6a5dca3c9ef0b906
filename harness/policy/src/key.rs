//! The keys of a rule, which `-e` and the plan file share.

use crate::Resource;
use crate::piece::Piece;
use model::{Diagnostic, nearest};

/// A key of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Name,
    Persona,
    Where,
    When,
    Rate,
    Burst,
    Limit,
    Each,
    Quiet,
    Error,
    Retval,
    Syscall,
    Lie,
    Short,
    Kill,
    Content,
    Text,
    Interrupt,
    NotReady,
    Max(Resource),
    Signal,
    PokeEnter,
    PokeExit,
    /// An argument, from 0.
    Arg(u8),
    DelayEnter,
    DelayExit,
}

/// What kind of value a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Words.
    Text,
    /// Words or a whole number.
    Number,
    /// Words or any number.
    Share,
    /// Nothing: the key says it all.
    Flag,
}

/// Where in a plan file a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// In the rule.
    Rule,
    /// In its `fault`.
    Fault,
}

/// Every key: its name, itself, where it stands, what it takes, and an example of that in a plan file.
#[rustfmt::skip]
const KEYS: &[(&str, Key, Level, Kind, &str)] = &[
    ("error", Key::Error, Level::Fault, Kind::Number, "\"ENOSPC\""),
    ("retval", Key::Retval, Level::Fault, Kind::Number, "0"),
    ("delay_enter", Key::DelayEnter, Level::Fault, Kind::Number, "\"5ms\""),
    ("delay_exit", Key::DelayExit, Level::Fault, Kind::Number, "\"5ms\""),
    ("signal", Key::Signal, Level::Fault, Kind::Number, "\"SIGUSR1\""),
    ("syscall", Key::Syscall, Level::Fault, Kind::Number, "\"getpid\""),
    ("poke_enter", Key::PokeEnter, Level::Fault, Kind::Text, "\"@arg2=68656c6c6f\""),
    ("poke_exit", Key::PokeExit, Level::Fault, Kind::Text, "\"@arg2=68656c6c6f\""),
    ("short", Key::Short, Level::Fault, Kind::Number, "512"),
    ("lie", Key::Lie, Level::Fault, Kind::Number, "\"EIO\""),
    ("interrupt", Key::Interrupt, Level::Fault, Kind::Number, "\"SIGURG\""),
    ("not_ready", Key::NotReady, Level::Fault, Kind::Flag, "true"),
    ("kill", Key::Kill, Level::Fault, Kind::Text, "\"thread\""),
    ("content", Key::Content, Level::Fault, Kind::Text, "\"testdata/other.json\""),
    ("text", Key::Text, Level::Fault, Kind::Text, "\"not what you expected\""),
    ("max_descriptors", Key::Max(Resource::Descriptors), Level::Fault, Kind::Number, "64"),
    ("max_disk", Key::Max(Resource::Disk), Level::Fault, Kind::Number, "\"1MiB\""),
    ("max_memory", Key::Max(Resource::Memory), Level::Fault, Kind::Number, "\"512MiB\""),
    ("max_threads", Key::Max(Resource::Threads), Level::Fault, Kind::Number, "20"),
    ("arg1", Key::Arg(0), Level::Fault, Kind::Number, "0"),
    ("arg2", Key::Arg(1), Level::Fault, Kind::Number, "0"),
    ("arg3", Key::Arg(2), Level::Fault, Kind::Number, "0"),
    ("arg4", Key::Arg(3), Level::Fault, Kind::Number, "0"),
    ("arg5", Key::Arg(4), Level::Fault, Kind::Number, "0"),
    ("arg6", Key::Arg(5), Level::Fault, Kind::Number, "0"),
    ("when", Key::When, Level::Rule, Kind::Number, "\"3..9+2\""),
    ("rate", Key::Rate, Level::Rule, Kind::Share, "0.05"),
    ("burst", Key::Burst, Level::Rule, Kind::Text, "\"3/20\""),
    ("limit", Key::Limit, Level::Rule, Kind::Number, "\"5/1s\""),
    ("each", Key::Each, Level::Rule, Kind::Flag, "true"),
    ("quiet", Key::Quiet, Level::Rule, Kind::Flag, "true"),
    ("where", Key::Where, Level::Rule, Kind::Text, "'path(/var/**)'"),
    ("name", Key::Name, Level::Rule, Kind::Text, "\"disk-full\""),
    ("persona", Key::Persona, Level::Rule, Kind::Text, "\"kernel=4.19\""),
];

impl Key {
    /// The key by its name.
    pub(crate) fn named(name: &str) -> Option<Key> {
        KEYS.iter().find(|(known, ..)| *known == name).map(|(_, key, ..)| *key)
    }

    fn row(self) -> &'static (&'static str, Key, Level, Kind, &'static str) {
        KEYS.iter().find(|(_, key, ..)| *key == self).expect("every key is in the table")
    }

    pub(crate) fn name(self) -> &'static str {
        self.row().0
    }

    pub(crate) fn level(self) -> Level {
        self.row().2
    }

    pub(crate) fn kind(self) -> Kind {
        self.row().3
    }

    /// The key with a value, as a plan file has it.
    pub(crate) fn example(self) -> String {
        format!("{} = {}", self.name(), self.row().4)
    }

    /// The names of all keys.
    pub(crate) fn names() -> Vec<&'static str> {
        KEYS.iter().map(|(name, ..)| *name).collect()
    }

    /// The names of the keys that stand there.
    pub(crate) fn names_at(wanted: Level) -> Vec<&'static str> {
        KEYS.iter().filter(|(_, _, level, ..)| *level == wanted).map(|(name, ..)| *name).collect()
    }
}

/// What to say about a key that is none of these.
pub(crate) fn unknown(key: &Piece<'_>, known: &[&str]) -> Diagnostic {
    let those = || match known {
        [only] => format!("the only key here is {only}"),
        known => format!("the keys here are {}", known.join(", ")),
    };
    let mistake = key.error(format!("`{}` is not a key that is known here", key.shown()));
    match nearest(key.text(), known.iter().copied()) {
        Some(near) => mistake.help(format!("did you mean `{near}`? {}", those())),
        None => mistake.help(those()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_and_argument_has_its_key() {
        for (name, resource) in Resource::ALL {
            assert_eq!(Key::named(name), Some(Key::Max(resource)));
        }
        for arg in 0..6 {
            assert_eq!(Key::Arg(arg).name(), format!("arg{}", arg + 1));
        }
        let mut names = Key::names();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), KEYS.len());
    }
}
