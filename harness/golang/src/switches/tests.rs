//! Catalogues, from excerpts of real sources and from the Go that is here.

use super::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// runtime/runtime1.go, go1.20.14, cut.
const RUNTIME_20: &str = "\
var dbgvars = []dbgVar{
	{\"allocfreetrace\", &debug.allocfreetrace},
	{\"cgocheck\", &debug.cgocheck},
	{\"asyncpreemptoff\", &debug.asyncpreemptoff},
}

func parsedebugvars() {
	// defaults
	debug.cgocheck = 1
	debug.invalidptr = 1
}
";

/// … go1.27.3, cut.
const RUNTIME_27: &str = "\
var dbgvars = []*dbgVar{
	{name: \"asyncpreemptoff\", value: &debug.asyncpreemptoff},
	{name: \"cgocheck\", value: &debug.cgocheck},
	{name: \"containermaxprocs\", value: &debug.containermaxprocs, def: 1},
	{name: \"gccheckmark\", value: &debug.gccheckmark},
	{name: \"madvdontneed\", value: &debug.madvdontneed},
	{name: \"scheddetail\", value: &debug.scheddetail},
	{name: \"tracebacklabels\", atomic: &debug.tracebacklabels, def: 1},
}

func parseRuntimeDebugVars(godebug string) {
	// defaults
	debug.cgocheck = 1
	if GOOS == \"linux\" {
		debug.madvdontneed = 1
	}
	if debug.gccheckmark > 0 {
		debug.asyncpreemptoff = 1
	}
}

		if seen == nil && key == \"memprofilerate\" {

func setTraceback(level string) {
	var t uint32
	switch level {
	case \"none\":
		t = 0
	case \"single\", \"\":
		t = 1 << tracebackShift
	case \"all\":
	case \"system\":
	case \"crash\":
	case \"wer\":
		if GOOS == \"windows\" {
	default:
	}
}
";

/// runtime/extern.go, go1.20.14, cut.
const EXTERN_20: &str = "\
/*
The GODEBUG variable controls debugging variables within the runtime.

	cgocheck: setting cgocheck=0 disables all checks for packages
	using cgo to incorrectly pass Go pointers to non-Go code.
	Setting cgocheck=1 (the default) enables relatively cheap
	checks that may miss some errors.  Setting cgocheck=2 enables
	expensive checks that should not miss any errors, but will
	cause your program to run slower.

The net package also refers to debugging variables.
*/
package runtime
";

/// internal/godebugs/table.go, go1.26.8, cut.
const TABLE: &str = "\
var All = []Info{
	{Name: \"asynctimerchan\", Package: \"time\", Changed: 23, Old: \"1\"},
	{Name: \"containermaxprocs\", Package: \"runtime\", Changed: 25, Old: \"0\"},
	{Name: \"gocachehash\", Package: \"cmd/go\"},
	{Name: \"http2debug\", Package: \"net/http\", Opaque: true},
	//{Name: \"multipartfiles\", Package: \"mime/multipart\"},
	{Name: \"winsymlink\", Package: \"os\", Changed: 23, Old: \"0\"},
}

var Removed = []RemovedInfo{
	{Name: \"x509sha1\", Removed: 24},
}
";

fn catalogue(files: &[(&str, &str)]) -> Catalogue {
    let files = files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned()));
    Catalogue::read(&files.collect::<BTreeMap<_, _>>())
}

fn tried(catalogue: &Catalogue, name: &str) -> Vec<String> {
    let found = catalogue.switches.iter().find(|one| one.name == name || one.variable == name);
    let found = found.unwrap_or_else(|| panic!("{name} is not in {catalogue:?}"));
    found.trials.iter().map(|trial| trial.setting.to_string()).collect()
}

fn setting(text: &str) -> Setting {
    text.parse().expect("it is a setting")
}

#[test]
fn the_runtimes_table_is_read_in_its_old_and_in_its_new_form() {
    let old = catalogue(&[("runtime/runtime1.go", RUNTIME_20), ("runtime/extern.go", EXTERN_20)]);
    let names: Vec<&str> = old.switches.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["allocfreetrace", "cgocheck", "asyncpreemptoff"]);
    assert_eq!(old.switches[1].place.to_string(), "runtime/runtime1.go:3");
    // Its comment still names 2, and 1 is the default.
    assert_eq!(tried(&old, "cgocheck"), ["GODEBUG=cgocheck=0", "GODEBUG=cgocheck=2"]);
    assert_eq!(
        old.switches[1].about,
        "setting cgocheck=0 disables all checks for packages using cgo to incorrectly pass Go pointers to non-Go code"
    );

    let new = catalogue(&[("runtime/runtime1.go", RUNTIME_27)]);
    let default = |name: &str| {
        let found = new.switches.iter().find(|one| one.name == name).expect("it is there");
        found.default.clone().expect("the runtime's have one")
    };
    assert_eq!(default("containermaxprocs"), "1");
    assert_eq!(default("madvdontneed"), "1");
    assert_eq!(default("asyncpreemptoff"), "0", "what another switch sets is no default");
    assert_eq!(tried(&new, "containermaxprocs"), ["GODEBUG=containermaxprocs=0"]);
    assert_eq!(tried(&new, "scheddetail"), ["GODEBUG=schedtrace=100,scheddetail=1"]);
    assert_eq!(tried(&new, "memprofilerate"), ["GODEBUG=memprofilerate=1"]);
    assert_eq!(
        tried(&new, "GOTRACEBACK"),
        ["GOTRACEBACK=none", "GOTRACEBACK=all", "GOTRACEBACK=system", "GOTRACEBACK=crash"]
    );
}

#[test]
fn what_packages_read_is_in_the_table_or_where_it_is_asked_for() {
    let found = catalogue(&[
        ("runtime/runtime1.go", RUNTIME_27),
        ("internal/godebugs/table.go", TABLE),
        ("net/conf.go", "// x := godebug.New(\"no\")\nvar netdns = godebug.New(\"netdns\")\n"),
        ("os/types_windows.go", "var winsymlink = godebug.New(\"winsymlink\")\n"),
        ("os/exec/exec.go", "\nvar execwait = godebug.New(\"#execwait\")\n"),
        (
            "net/http/h2_bundle.go",
            "\te := os.Getenv(\"GODEBUG\")\n\tif strings.Contains(e, \"http2debug=1\") {\n",
        ),
    ]);
    let of =
        |name: &str| found.switches.iter().find(|one| one.name == name).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(of("asynctimerchan").changed, Some((23, "1".to_owned())));
    assert_eq!(of("containermaxprocs").reader, Reader::Runtime, "the runtime's table comes first");
    assert_eq!(of("containermaxprocs").changed, Some((25, "0".to_owned())));
    assert_eq!(of("gocachehash").reader, Reader::Command);
    assert_eq!(of("winsymlink").reader, Reader::OtherSystem);
    assert_eq!(of("http2debug").reader, Reader::Package("net/http".to_owned()));
    assert_eq!(of("execwait").place.to_string(), "os/exec/exec.go:2");
    assert_eq!(of("netdns").reader, Reader::Package("net".to_owned()));
    assert_eq!(tried(&found, "netdns"), ["GODEBUG=netdns=go+2", "GODEBUG=netdns=cgo+2"]);
    assert!(!found.switches.iter().any(|one| one.name == "no" || one.name == "multipartfiles"));

    let standing = |text: &str| found.standing(&setting(text));
    assert!(matches!(standing("GODEBUG=schedtrace=100"), Standing::Unknown(_)), "it was cut out");
    assert!(matches!(standing("netdns=go"), Standing::Known(one) if one.name == "netdns"));
    assert_eq!(standing("GODEBUG=x509sha1=1"), Standing::Unknown("go1.24 took `x509sha1` away".to_owned()));
    assert_eq!(
        standing("GODEBUG=netdns=go,netdn=1"),
        Standing::Unknown("it has no `netdn`; did you mean `netdns`?".to_owned())
    );
    assert_eq!(standing("GOTRACEBACK=wer"), Standing::Unknown("it has no level `wer`".to_owned()));
    assert!(matches!(standing("GOTRACEBACK=2"), Standing::Known(_)));
    assert_eq!(standing("HTTP_PROXY=x"), Standing::Foreign);
}

#[test]
fn settings_are_read_as_they_are_typed_and_add_up_on_the_users_own() {
    assert_eq!(setting("GODEBUG=netdns=go+2").to_string(), "GODEBUG=netdns=go+2");
    assert_eq!(setting("netdns=go+2").to_string(), "GODEBUG=netdns=go+2");
    for bad in ["", "GODEBUG", "GODEBUG=gctrace", "=1", "GODEBUG=a=1,,b=2"] {
        assert!(bad.parse::<Setting>().is_err(), "{bad}");
    }
    let own = |name: &str| (name == "GODEBUG").then(|| "gctrace=1".to_owned());
    let all = merged(own, &[setting("GOTRACEBACK=all"), setting("netdns=go+2"), setting("inittrace=1")]);
    assert_eq!(all["GODEBUG"], "gctrace=1,netdns=go+2,inittrace=1");
    assert_eq!(all["GOTRACEBACK"], "all");
    assert_eq!(merged(|_| None, &[setting("netdns=go")])["GODEBUG"], "netdns=go");
}

/// All files of a GOROOT that say something.
fn read(folder: &Path, below: &Path, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = path.strip_prefix(below).unwrap_or(&path).to_string_lossy().into_owned();
        if path.is_dir() && name != "cmd" {
            read(&path, below, files);
        } else if Catalogue::wants(&name) {
            let text = fs::read_to_string(&path).unwrap_or_default();
            if Catalogue::is_telling(&name, &text) {
                files.insert(name, text);
            }
        }
    }
}

/// The sources of every Go that is here: the local one, and those that go has fetched.
fn here() -> Vec<(crate::Version, BTreeMap<String, String>)> {
    let Ok(go) = crate::Toolchain::find("go", Path::new("/"), &[]) else { return Vec::new() };
    let mut found = vec![(go.version, go.goroot)];
    let cache = std::env::var_os("HOME").map(|home| Path::new(&home).join("go/pkg/mod/golang.org"));
    for entry in cache.iter().flat_map(fs::read_dir).flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(rest) = name.strip_prefix("toolchain@v0.0.1-") {
            let version = crate::Version::parse(rest.split(".linux").next().unwrap_or_default());
            found.push((version, entry.path()));
        }
    }
    // One of each line; older ones are not supported.
    found.retain(|(version, _)| version.line().is_some_and(|line| line >= crate::MINIMUM));
    found.sort_by_key(|(version, _)| version.line());
    found.dedup_by_key(|(version, _)| version.line());
    let sources = found.into_iter().map(|(version, goroot)| {
        let source = goroot.join("src");
        let mut files = BTreeMap::new();
        read(&source, &source, &mut files);
        (version, files)
    });
    sources.filter(|(version, files)| version.is_known() && !files.is_empty()).collect()
}

#[test]
fn every_go_that_is_here_has_the_switches_of_its_release() {
    for (version, files) in here() {
        let found = Catalogue::read(&files);
        let has = |text: &str| matches!(found.standing(&setting(text)), Standing::Known(_));
        for text in [
            "gctrace=1",
            "schedtrace=100,scheddetail=1",
            "asyncpreemptoff=1",
            "netdns=go+2",
            "http2debug=2",
            "execerrdot=0",
            "cpu.all=off",
            "GOTRACEBACK=system",
            "GOMAXPROCS=1",
            "GOGC=off",
        ] {
            let Standing::Known(switch) = found.standing(&setting(text)) else {
                panic!("{version} has no {text}")
            };
            let line = files[&switch.place.file].lines().nth(switch.place.line - 1);
            let line = line.expect("the line is there");
            let name = switch.name.trim_start_matches("cpu.").replace("all", "");
            assert!(
                line.contains(&name) && !line.is_empty(),
                "{version}: {text} at {}: {line}",
                switch.place
            );
        }
        // When they came and went, as runtime1.go and table.go of the releases have it.
        let minor = version.minor().expect("a release of Go 1");
        for (name, from, to) in [
            ("allocfreetrace", 0, 22),
            ("asynctimerchan", 23, 26),
            ("checkfinalizers", 25, 99),
            ("decoratemappings", 25, 99),
            ("panicnil", 21, 99),
            ("traceallocfree", 23, 99),
            ("updatemaxprocs", 25, 99),
        ] {
            let is_here = has(&format!("GODEBUG={name}=1"));
            assert_eq!(is_here, (from..=to).contains(&minor), "{version}: {name}");
        }
        assert_eq!(has("GOEXPERIMENT=cgocheck2"), minor >= 21, "{version}");
        assert!(!has("GODEBUG=httpproxy=1") && !has("GOTRACEBACK=wer"), "{version}");
        // cgocheck=2 kills since 1.21, and is not worth trying then.
        let cgocheck = tried(&found, "cgocheck");
        assert_eq!(
            cgocheck.contains(&"GODEBUG=cgocheck=2".to_owned()),
            minor < 21,
            "{version}: {cgocheck:?}"
        );
        // Nothing is there twice.
        let mut names: Vec<(&str, &str)> =
            found.switches.iter().map(|one| (one.variable, one.name.as_str())).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "{version}: {names:?}");
        assert!(all > 50, "{version}: {names:?}");
    }
}
