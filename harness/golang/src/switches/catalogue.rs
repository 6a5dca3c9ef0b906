//! All switches of one toolchain, from the text of its sources.

use super::godebugs::{self, Removed};
use super::{Place, Reader, Setting, Switch, Trial, docs, runtime, values};
use model::nearest;
use std::collections::BTreeMap;

/// The switches of a toolchain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalogue {
    /// By variable and name; of GODEBUG the runtime's first.
    pub switches: Vec<Switch>,
    removed: Vec<Removed>,
}

/// How a setting stands with a toolchain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing<'c> {
    /// It has this switch.
    Known(&'c Switch),
    /// It has none, and ignores it: why, in words.
    Unknown(String),
    /// It is no variable of Go's own: any program may read it.
    Foreign,
}

/// Names of systems, as they end file names.
const OTHER_SYSTEMS: &[&str] = &[
    "windows",
    "darwin",
    "ios",
    "freebsd",
    "netbsd",
    "openbsd",
    "dragonfly",
    "solaris",
    "illumos",
    "aix",
    "plan9",
    "js",
    "wasip1",
];

impl Catalogue {
    /// Whether a file below GOROOT/src can tell something; most of them only do if they hold `godebug` or `GODEBUG`.
    pub fn wants(file: &str) -> bool {
        let is_source = file.ends_with(".go") && !file.ends_with("_test.go");
        is_source && !file.starts_with("cmd/") && !file.starts_with("vendor/") && !file.contains("testdata/")
    }

    /// Whether a wanted file says anything, by its text.
    pub fn is_telling(file: &str, text: &str) -> bool {
        text.contains("godebug.")
            || text.contains("\"GODEBUG\"")
            || text.contains("gogetenv(\"")
            || [
                "internal/godebugs/table.go",
                "runtime/extern.go",
                "internal/cpu/cpu_x86.go",
                "internal/goexperiment/flags.go",
            ]
            .contains(&file)
    }

    /// What these files say, each with its path below GOROOT/src. Files that are missing only make it shorter.
    pub fn read(files: &BTreeMap<String, String>) -> Catalogue {
        let text = |file: &str| files.get(file).map_or("", String::as_str);
        let said = docs::read(text("runtime/extern.go"));
        let mut switches = runtimes(text("runtime/runtime1.go"), &said);
        let (table, removed) = godebugs::table(text("internal/godebugs/table.go"));
        let asked = asked(files);
        let mut packages: BTreeMap<String, Switch> = BTreeMap::new();
        for row in table {
            if let Some(known) = switches.iter_mut().find(|known| known.name == row.name) {
                known.changed = row.changed;
                continue;
            }
            let reader = match (row.package.as_str(), asked.get(&row.name)) {
                (package, _) if package.starts_with("cmd/") => Reader::Command,
                (_, Some(asked)) => asked.reader(),
                (package, None) => Reader::Package(package.to_owned()),
            };
            let place = Place { file: "internal/godebugs/table.go".to_owned(), line: row.line };
            let values = asked.get(&row.name).map(|asked| asked.values.clone()).unwrap_or_default();
            packages.insert(row.name.clone(), package(&row.name, place, reader, row.changed, &values));
        }
        for (name, asked) in &asked {
            if !packages.contains_key(name) && !switches.iter().any(|known| known.name == *name) {
                let place = asked.places[0].clone();
                packages.insert(name.clone(), package(name, place, asked.reader(), None, &asked.values));
            }
        }
        switches.extend(packages.into_values());
        switches.extend(features(text("internal/cpu/cpu_x86.go"), &said));
        switches.extend(variables(files));
        if let Some(line) = runtime::experiment(text("internal/goexperiment/flags.go"), "CgoCheck2") {
            switches.push(Switch {
                variable: "GOEXPERIMENT",
                name: String::new(),
                place: Place { file: "internal/goexperiment/flags.go".to_owned(), line },
                reader: Reader::Build,
                default: None,
                changed: None,
                about: "checks every pointer that Go gives to C".to_owned(),
                trials: vec![Trial {
                    setting: Setting::new("GOEXPERIMENT", "cgocheck2"),
                    cost: Some("it builds the standard library anew"),
                    is_perturbation: false,
                }],
            });
        }
        Catalogue { switches, removed }
    }

    /// How this setting stands with the toolchain.
    pub fn standing(&self, setting: &Setting) -> Standing<'_> {
        let of =
            |variable: &str| self.switches.iter().filter(|one| one.variable == variable).collect::<Vec<_>>();
        match setting.variable.as_str() {
            "GODEBUG" => {
                let mut first = None;
                for (name, _) in setting.parts() {
                    match self.switches.iter().find(|one| one.variable == "GODEBUG" && one.name == name) {
                        Some(known) => first = first.or(Some(known)),
                        None => return Standing::Unknown(self.why_unknown(name)),
                    }
                }
                first.map_or_else(|| Standing::Unknown("it sets nothing".to_owned()), Standing::Known)
            }
            // Numbers are levels, too.
            "GOTRACEBACK" => {
                let is_level = |known: &&Switch| {
                    known.trials.iter().any(|trial| trial.setting == *setting)
                        || setting.value == "single"
                        || setting.value.parse::<u32>().is_ok()
                };
                let none = || Standing::Unknown(format!("it has no level `{}`", setting.value));
                of("GOTRACEBACK").into_iter().find(is_level).map_or_else(none, Standing::Known)
            }
            "GOEXPERIMENT" => {
                let found = of("GOEXPERIMENT")
                    .into_iter()
                    .find(|one| one.trials.iter().any(|trial| trial.setting == *setting));
                found.map_or_else(
                    || {
                        Standing::Unknown(format!(
                            "the experiment `{}` is not among those that are read",
                            setting.value
                        ))
                    },
                    Standing::Known,
                )
            }
            other => match of(other).first() {
                Some(known) => Standing::Known(known),
                None => Standing::Foreign,
            },
        }
    }

    fn why_unknown(&self, name: &str) -> String {
        if let Some((_, release)) = self.removed.iter().find(|(removed, _)| removed == name) {
            return format!("go1.{release} took `{name}` away");
        }
        let names = self.switches.iter().filter(|one| one.variable == "GODEBUG").map(|one| one.name.as_str());
        match nearest(name, names) {
            Some(near) => format!("it has no `{name}`; did you mean `{near}`?"),
            None => format!("it has no `{name}`"),
        }
    }
}

/// The runtime's own of GODEBUG, and GOTRACEBACK.
fn runtimes(text: &str, said: &BTreeMap<String, String>) -> Vec<Switch> {
    let file = || "runtime/runtime1.go".to_owned();
    let table = runtime::table(text);
    let of_table = table.into_iter().map(|row| {
        let about = said.get(&row.name).map_or("", String::as_str);
        let default = row.default.to_string();
        let (trials, cost) = values::known(&row.name).unwrap_or_default();
        let mut settings: Vec<Setting> =
            trials.iter().map(|(value, beside)| setting(&row.name, value, *beside)).collect();
        if settings.is_empty() {
            let named = docs::values(&row.name, about).into_iter().filter(|value| *value != default);
            settings = named.map(|value| Setting::godebug(&row.name, &value)).collect();
        }
        if settings.is_empty() {
            // All of them are numbers, and most are off or on.
            settings.push(Setting::godebug(&row.name, if row.default == 0 { "1" } else { "0" }));
        }
        Switch {
            variable: "GODEBUG",
            name: row.name,
            place: Place { file: file(), line: row.line },
            reader: Reader::Runtime,
            default: Some(default),
            changed: None,
            about: docs::first_sentence(about),
            trials: settings
                .into_iter()
                .map(|setting| Trial { setting, cost, is_perturbation: false })
                .collect(),
        }
    });
    let mut switches: Vec<Switch> = of_table.collect();
    let levels = runtime::levels(text);
    if let Some((_, line)) = levels.first() {
        let tried =
            levels.iter().map(|(level, _)| level.as_str()).filter(|level| !["single", "wer"].contains(level));
        let trial =
            |level| Trial { setting: Setting::new("GOTRACEBACK", level), cost: None, is_perturbation: false };
        switches.push(Switch {
            variable: "GOTRACEBACK",
            name: String::new(),
            place: Place { file: file(), line: *line },
            reader: Reader::Runtime,
            default: Some("single".to_owned()),
            changed: None,
            about: "which goroutines and frames a crash prints".to_owned(),
            trials: tried.map(trial).collect(),
        });
    }
    switches
}

fn setting(name: &str, value: &str, beside: Option<&str>) -> Setting {
    match beside {
        Some(beside) => Setting::new("GODEBUG", format!("{beside},{name}={value}")),
        None => Setting::godebug(name, value),
    }
}

/// Who asks for a setting.
#[derive(Debug, Default)]
struct Askers {
    places: Vec<Place>,
    values: Vec<String>,
}

impl Askers {
    fn reader(&self) -> Reader {
        let system = |place: &&Place| {
            let stem = place.file.trim_end_matches(".go");
            !OTHER_SYSTEMS.iter().any(|system| stem.ends_with(&format!("_{system}")))
        };
        match self.places.iter().find(system) {
            Some(place) => Reader::Package(folder(&place.file).to_owned()),
            None => Reader::OtherSystem,
        }
    }
}

fn folder(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn asked(files: &BTreeMap<String, String>) -> BTreeMap<String, Askers> {
    let mut all: BTreeMap<String, Askers> = BTreeMap::new();
    for (file, text) in files {
        for asked in godebugs::asked(text) {
            let askers = all.entry(asked.name).or_default();
            askers.places.push(Place { file: file.clone(), line: asked.line });
            askers.values.extend(asked.value);
        }
    }
    all
}

/// A switch that a package reads.
fn package(
    name: &str,
    place: Place,
    reader: Reader,
    changed: Option<(u32, String)>,
    compared: &[String],
) -> Switch {
    let plain =
        |value: &str| Trial { setting: Setting::godebug(name, value), cost: None, is_perturbation: false };
    let trials = match (values::known(name), &changed) {
        (Some((values, cost)), _) => {
            let trial = |(value, beside): &values::Value| Trial {
                setting: setting(name, value, *beside),
                cost,
                is_perturbation: false,
            };
            values.iter().map(trial).collect()
        }
        (None, Some((_, old))) => vec![plain(old)],
        (None, None) if !compared.is_empty() => compared.iter().map(|value| plain(value)).collect(),
        // Most are off or on, and which of them is the default only the code knows.
        (None, None) => vec![plain("0"), plain("1")],
    };
    Switch {
        variable: "GODEBUG",
        name: name.to_owned(),
        place,
        reader,
        default: None,
        changed,
        about: String::new(),
        trials,
    }
}

/// What may be taken away of the processor: all at once, or one by one.
fn features(text: &str, said: &BTreeMap<String, String>) -> Vec<Switch> {
    let names = runtime::features(text);
    let Some((_, first)) = names.first().cloned() else { return Vec::new() };
    let about = said.get("cpu.*").map_or_else(String::new, |said| docs::first_sentence(said));
    let one = |name: &str, line, cost| Switch {
        variable: "GODEBUG",
        name: format!("cpu.{name}"),
        place: Place { file: "internal/cpu/cpu_x86.go".to_owned(), line },
        reader: Reader::Runtime,
        default: Some("on".to_owned()),
        changed: None,
        about: about.clone(),
        trials: vec![Trial {
            setting: Setting::godebug(&format!("cpu.{name}"), "off"),
            cost,
            is_perturbation: false,
        }],
    };
    let all = one("all", first, None);
    let each = names
        .iter()
        .map(|(name, line)| one(name, *line, Some("`cpu.all=off` takes all of them away at once")));
    std::iter::once(all).chain(each).collect()
}

/// The runtime's other variables that are worth setting.
fn variables(files: &BTreeMap<String, String>) -> Vec<Switch> {
    let of_runtime = files.iter().filter(|(file, _)| folder(file) == "runtime");
    let found: Vec<(String, Place)> =
        of_runtime.flat_map(|(file, text)| runtime::variables(file, text)).collect();
    let mut switches: Vec<Switch> = Vec::new();
    for (variable, value, cost) in values::VARIABLES {
        let Some((_, place)) = found.iter().find(|(name, _)| name == variable) else { continue };
        let trial = Trial { setting: Setting::new(variable, *value), cost: *cost, is_perturbation: true };
        match switches.iter_mut().find(|known| known.variable == *variable) {
            Some(known) => known.trials.push(trial),
            None => switches.push(Switch {
                variable,
                name: String::new(),
                place: place.clone(),
                reader: Reader::Runtime,
                default: None,
                changed: None,
                about: String::new(),
                trials: vec![trial],
            }),
        }
    }
    switches
}
