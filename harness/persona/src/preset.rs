//! Presets: personas made of personas. Data files, no code.

/// The files, each by the name of its preset.
const FILES: [(&str, &str); 5] = [
    ("hardened", include_str!("../presets/hardened.toml")),
    ("old-enterprise", include_str!("../presets/old-enterprise.toml")),
    ("ci-container", include_str!("../presets/ci-container.toml")),
    ("rootless", include_str!("../presets/rootless.toml")),
    ("systemd-service", include_str!("../presets/systemd-service.toml")),
];

/// A host by a name of its own.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// What host it is, in a few words.
    pub title: String,
    /// What it is made of, each as `--persona` takes it.
    pub personas: Vec<String>,
    /// What it stands for.
    pub about: String,
}

impl Preset {
    /// The preset of this name.
    pub fn named(name: &str) -> Option<Preset> {
        let (_, text) = FILES.iter().find(|(known, _)| *known == name)?;
        Some(toml::from_str(text).expect("a test reads every file"))
    }

    /// The names of all.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FILES.iter().map(|(name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_can_be_read_and_names_personas_that_exist() {
        for name in Preset::names() {
            let preset = Preset::named(name).expect("it is there");
            assert!(!preset.personas.is_empty() && !preset.about.is_empty());
            for word in &preset.personas {
                let kind = word.split('=').next().expect("a word has a first part");
                assert!(crate::Kind::named(kind).is_some(), "{name}: {word}");
            }
        }
    }
}
