//! A scenario's arm as a target for runtime switches.

use super::Builds;
use super::attempt::{Bench, Prepared, faults, others};
use super::file::Scenario;
use super::outcome::Exposed;
use crate::expose::{self, Target, Wish};
use crate::trial::{Broken, Running};
use golang::{Setting, Toolchain};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// How often an arm is run without a switch, and with each.
const RUNS: (usize, usize) = (3, 2);

/// A run of a scenario without arms would be ended after this.
const LIMIT: Duration = Duration::from_secs(60);

/// An arm, ready for switches.
#[derive(Debug)]
pub(crate) struct Exposure {
    pub(crate) target: Target,
    /// The arm's name.
    pub(crate) arm: String,
    /// What its runs need.
    pub(crate) scratch: TempDir,
}

/// The arm of a scenario on which switches are tried, with what it needs built.
pub(crate) fn exposure(
    folder: &Path,
    scenario: &Scenario,
    toolchain: &Toolchain,
    running: &Running,
    home: &Path,
) -> Result<Exposure, Broken> {
    let builds = Builds::new(home.join("built"));
    Bench { builds: &builds, running, out: None, personas: &[], tries_switches: true }
        .exposure(folder, scenario, toolchain)
}

impl Bench<'_> {
    /// What the switches that a scenario names do on its arm for that.
    pub(super) fn exposed_by(
        &self,
        folder: &Path,
        scenario: &Scenario,
        toolchain: &Toolchain,
    ) -> Result<Vec<Exposed>, Broken> {
        if !self.tries_switches || scenario.switches.is_empty() {
            return Ok(Vec::new());
        }
        let settings: Result<Vec<Setting>, String> =
            scenario.switches.iter().map(|switch| switch.parse()).collect();
        let settings = settings.map_err(Broken::Yours)?;
        let exposure = self.exposure(folder, scenario, toolchain)?;
        let catalogue =
            expose::catalogue(toolchain).map_err(|failure| Broken::Theirs(failure.message().to_owned()))?;
        let wish = Wish {
            base_runs: RUNS.0,
            runs: RUNS.1,
            jobs: 1,
            limit: scenario.exposed_arm().map_or(LIMIT, |arm| arm.timeout),
            candidates: expose::named(&catalogue, &settings),
            tries_sets: false,
        };
        let found = expose::hunt(self.running, &exposure.target, &wish, &|_| ())?;
        let exposed = found.tried.into_iter().map(|tried| Exposed {
            switch: tried.switch,
            effect: tried.effect.to_string(),
            evidence: tried.evidence,
        });
        Ok(exposed.collect())
    }

    fn exposure(
        &self,
        folder: &Path,
        scenario: &Scenario,
        toolchain: &Toolchain,
    ) -> Result<Exposure, Broken> {
        let Some(arm) = scenario.exposed_arm() else {
            return Err(Broken::Yours(format!("the scenario `{}` has no run", scenario.id)));
        };
        let Prepared { scratch, command, env } = self.prepared(scenario, arm, toolchain)?;
        let mut options: Vec<String> =
            self.personas.iter().flat_map(|one| ["--persona".to_owned(), one.clone()]).collect();
        options.extend(others(arm));
        let target = Target {
            faults: faults(arm, folder),
            options,
            command,
            cwd: scenario.module.clone(),
            env,
            experiments: Vec::new(),
        };
        Ok(Exposure { target, arm: arm.name.clone(), scratch })
    }
}
