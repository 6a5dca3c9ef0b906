//! Which switches are tried, and which are not, and why.

use super::sources::Linked;
use golang::{Catalogue, Reader, Setting, Standing};

/// A switch that is to be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) setting: Setting,
    /// Where the toolchain's sources name it; nothing for a variable that is not Go's.
    pub(crate) place: Option<String>,
    /// Why the toolchain has none.
    pub(crate) unknown: Option<String>,
    pub(crate) is_perturbation: bool,
}

/// What was left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LeftOut {
    /// No package of the program reads them.
    pub(crate) unlinked: usize,
    /// They cost too much: each with the reason.
    pub(crate) costly: Vec<(String, &'static str)>,
    /// They are the go command's, or another system's.
    pub(crate) others: usize,
}

/// All that are worth trying; with `is_all` also those that no package of the program reads, and those that cost much.
pub(crate) fn all(catalogue: &Catalogue, linked: &Linked, is_all: bool) -> (Vec<Candidate>, LeftOut) {
    let (mut chosen, mut left) = (Vec::new(), LeftOut::default());
    for switch in &catalogue.switches {
        match &switch.reader {
            Reader::Command | Reader::OtherSystem => {
                left.others += switch.trials.len();
                continue;
            }
            Reader::Package(_) if !is_all && !linked.may_read(&switch.reader) => {
                left.unlinked += switch.trials.len();
                continue;
            }
            // A build of its own: only where it is asked for by name.
            Reader::Build => {
                left.costly.extend(
                    switch.trials.iter().filter_map(|trial| Some((trial.setting.to_string(), trial.cost?))),
                );
                continue;
            }
            Reader::Package(_) | Reader::Runtime => {}
        }
        for trial in &switch.trials {
            match trial.cost {
                Some(cost) if !is_all => left.costly.push((trial.setting.to_string(), cost)),
                _ => chosen.push(Candidate {
                    setting: trial.setting.clone(),
                    place: Some(switch.place.to_string()),
                    unknown: None,
                    is_perturbation: trial.is_perturbation,
                }),
            }
        }
    }
    (chosen, left)
}

/// These, whether the toolchain has them or not.
pub(crate) fn named(catalogue: &Catalogue, settings: &[Setting]) -> Vec<Candidate> {
    settings
        .iter()
        .map(|setting| {
            let (place, unknown) = match catalogue.standing(setting) {
                Standing::Known(switch) => (Some(switch.place.to_string()), None),
                Standing::Unknown(why) => (None, Some(why)),
                Standing::Foreign => (None, None),
            };
            Candidate { setting: setting.clone(), place, unknown, is_perturbation: false }
        })
        .collect()
}
