//! What the words of a command line come down to, together.

use crate::{Host, Kind, Part, Preset, Refusal, Shown, Surroundings, Word};
use model::nearest;
use std::io;

/// Reads a file that a persona names, as text.
pub type Open<'a> = &'a dyn Fn(&str) -> io::Result<String>;

/// What a filter's denials answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Denials {
    /// What the profile says.
    #[default]
    AsWritten,
    /// This error, each of them.
    As(&'static str),
}

/// One persona, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persona {
    /// As it was written: `kernel=4.19`.
    pub word: String,
    /// The preset that it came with.
    pub preset: Option<String>,
    /// What it is.
    pub kind: Kind,
    /// What it comes down to.
    pub part: Part,
}

/// Understands words, in the order in which the kernel would ask what they stand for; or says all that is wrong.
///
/// # Errors
/// Every word that is not known, contradicts another, or that this host cannot give.
pub fn read(
    texts: &[String],
    host: &Host,
    open: Open<'_>,
    denials: Denials,
) -> Result<Vec<Persona>, Vec<Refusal>> {
    let mut refusals = Vec::new();
    let mut words: Vec<(Word, Option<String>, Kind)> = Vec::new();
    for text in texts {
        let word = Word::new(text);
        let preset = Preset::named(word.name());
        if let (Some(_), Some(_)) = (&preset, word.value()) {
            let mistake = word.error(format!("the preset `{}` takes no value", word.name()));
            refusals
                .push(Refusal::Mistakes(vec![mistake.help("leave it out, and add personas of your own")]));
        } else if let Some(preset) = preset {
            let parts = preset.personas.iter().map(|part| Word::new(part));
            words.extend(parts.filter_map(|part| {
                let kind = Kind::named(part.name())?;
                Some((part, Some(word.name().to_owned()), kind))
            }));
        } else if let Some(kind) = Kind::named(word.name()) {
            words.push((word, None, kind));
        } else {
            refusals.push(Refusal::Mistakes(vec![unknown(&word)]));
        }
    }
    for (place, (word, preset, kind)) in words.iter().enumerate() {
        let other = words[..place].iter().find(|(_, _, other)| other == kind && !kind.is_repeatable());
        if let Some((other, from, _)) = other {
            let said = |word: &Word, preset: &Option<String>| match preset {
                Some(preset) => format!("`{}` of `{preset}`", word.text()),
                None => format!("`{}`", word.text()),
            };
            let mistake = word.error(format!("{} contradicts {}", said(word, preset), said(other, from)));
            refusals.push(Refusal::Mistakes(vec![
                mistake.help(
                    "a host has only one of these; `duress persona show` says what a preset is made of",
                ),
            ]));
        }
    }
    let mut personas = Vec::new();
    for (word, preset, kind) in words {
        match kind.read(&word, host, open, denials) {
            Ok(part) => personas.push(Persona { word: word.text().to_owned(), preset, kind, part }),
            Err(refusal) => refusals.push(refusal),
        }
    }
    personas.sort_by_key(|persona| persona.kind.rank());
    if refusals.is_empty() { Ok(personas) } else { Err(refusals) }
}

/// Their rules as the text of a plan file; empty where they have none.
pub fn plan(personas: &[Persona]) -> String {
    let mut rules = Vec::new();
    for (place, persona) in personas.iter().enumerate() {
        let name = persona.word.split('=').next().unwrap_or_default();
        let earlier = personas[..place].iter().filter(|one| one.kind == persona.kind).count();
        let group = if earlier == 0 { name.to_owned() } else { format!("{name}-{}", earlier + 1) };
        rules.extend(
            persona
                .part
                .rules
                .iter()
                .map(|rule| rule.to_toml(&persona.word, &format!("{group}/{}", rule.name))),
        );
    }
    rules.join("\n")
}

/// Takes out the rules that show a file, where this says yes; what they show.
pub fn take_shown(personas: &mut [Persona], wanted: &dyn Fn(&Shown) -> bool) -> Vec<Shown> {
    let mut taken = Vec::new();
    for persona in personas {
        persona.part.rules.retain(|rule| match &rule.shown {
            Some(shown) if wanted(shown) => {
                taken.push(shown.clone());
                false
            }
            Some(_) | None => true,
        });
    }
    taken
}

/// What a target is started with on a host that is all of them.
pub fn surroundings(personas: &[Persona]) -> Surroundings {
    let mut all = Surroundings::default();
    for persona in personas {
        let Surroundings { keep, variables, bloat, limits, cpus } = persona.part.surroundings.clone();
        all.keep = all.keep.or(keep);
        // What one persona says of a single variable counts more than an environment, which says it of all.
        let is_environment = persona.kind == Kind::Env;
        for (name, value) in variables {
            if is_environment {
                all.variables.entry(name).or_insert(value);
            } else {
                all.variables.insert(name, value);
            }
        }
        all.bloat = all.bloat.or(bloat);
        all.limits.extend(limits);
        all.cpus = all.cpus.or(cpus);
    }
    all
}

fn unknown(word: &Word) -> model::Diagnostic {
    let names = || Kind::all().map(|(name, ..)| name).chain(Preset::names());
    let mistake = word.error_in_name(format!("there is no persona `{}`", word.name()));
    mistake.help(match nearest(word.name(), names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`duress persona list` has them all".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Capabilities, Capability, Diagnostic, Source};
    use std::sync::Arc;

    fn host() -> Host {
        Host { paranoid: Some(-1), release: "6.18.0".into(), cpus: 2, may_raise: true, ..Host::default() }
    }

    fn words(words: &[&str]) -> Result<Vec<Persona>, Vec<Refusal>> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        read(&words, &host(), &|_| Err(io::ErrorKind::NotFound.into()), Denials::AsWritten)
    }

    fn refused(given: &[&str]) -> Vec<String> {
        words(given).expect_err("it is refused").iter().map(Refusal::to_string).collect()
    }

    /// Every example of the list, and every preset.
    fn examples() -> impl Iterator<Item = &'static str> {
        Kind::all().map(|(_, example, _)| example).chain(Preset::names())
    }

    #[test]
    fn every_example_is_a_plan_that_can_be_carried_out() {
        for example in examples() {
            let personas = words(&[example]).unwrap_or_else(|refusals| panic!("{example}: {refusals:?}"));
            let text = plan(&personas);
            if text.is_empty() {
                assert_ne!(surroundings(&personas), Surroundings::default(), "{example} does nothing");
                continue;
            }
            let source = Arc::new(Source { name: example.into(), text: text.clone() });
            let (plan, found) = policy::Plan::read(Some(&source), &[]);
            assert!(!found.iter().any(Diagnostic::is_error), "{example}: {found:?}\n{text}");
            assert!(plan.rules.iter().all(|rule| rule.persona.is_some()), "{example}");
            let (_, unable) = plan.assign(&|_| Some(Capabilities::of(&Capability::ALL)));
            assert_eq!(unable, [], "{example}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_all_at_once() {
        assert_eq!(
            refused(&["kernl=4", "cpus=9", "nofile=x", "nofile=5", "hardened=3"]),
            [
                "there is no persona `kernl`",
                "the preset `hardened` takes no value",
                "`nofile=5` contradicts `nofile=x`",
                "there are only 2 CPUs that the target may run on, not 9",
                "`x` is no limit",
            ]
        );
        assert_eq!(
            refused(&["hardened", "path=/bin"]),
            ["`path=/bin` contradicts `path=minimal` of `hardened`"]
        );
        assert_eq!(refused(&["nofile=9:5"]), ["the soft limit is above the hard one"]);
        for empty in Kind::all().map(|(name, ..)| name).filter(|name| *name != "tmpfs-full") {
            assert_eq!(refused(&[empty]).len(), 1, "{empty} needs a value");
        }
    }

    #[test]
    fn environments_give_way_to_single_variables_and_folders_add_up() {
        let personas = words(&["path=/x", "env=cron", "gomaxprocs=3"]).expect("they go together");
        let all = surroundings(&personas);
        assert_eq!(all.variables["PATH"], "/x");
        assert_eq!(all.variables["GOMAXPROCS"], "3");
        assert_eq!(all.keep, Some(vec!["HOME".to_owned(), "LOGNAME".to_owned()]));
        let several = words(&["variable=A=1=2", "env=clean", "variable=B="]).expect("they go together");
        assert_eq!(
            surroundings(&several).variables,
            [("A", "1=2"), ("B", "")].map(|(name, value)| (name.to_owned(), value.to_owned())).into()
        );
        let text = plan(&words(&["readonly=/a", "readonly=/b"]).expect("folders add up"));
        assert!(text.contains("\"readonly/opened\"") && text.contains("\"readonly-2/opened\""), "{text}");
    }

    proptest::proptest! {
        #[test]
        fn no_words_make_reading_panic(text: String, value: String, which in 0..20_usize) {
            let _ = words(&[&text]);
            let name = Kind::all().nth(which).expect("there are so many").0;
            let _ = words(&[&format!("{name}={value}")]);
        }
    }
}
