//! Which runtime switch tells the cause, tried on real Go.

use e2e::{Duress, Module, Need, Outcome, has, root};
use serde_json::Value;
use std::fs;

const NEEDS: &[Need] = &[Need::Go, Need::Notify];

/// A client that hides what happened to its HTTP/2 connection.
const FETCH: &str = "\
package x

import (
	\"io\"
	\"net/http\"
	\"net/http/httptest\"
	\"testing\"
)

func TestFetch(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, \"hello\") }))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	answer, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(\"the service is unavailable\")
	}
	answer.Body.Close()
}
";

/// One that hides what happened to a lookup, one that says it, and one that waits without a call.
const OTHERS: &str = "\
package x

import (
	\"net\"
	\"os\"
	\"sync/atomic\"
	\"testing\"
)

func TestLookup(t *testing.T) {
	if _, err := net.LookupHost(\"db.duress.test\"); err != nil {
		t.Fatal(\"the service is unavailable\")
	}
}

func TestStat(t *testing.T) {
	if _, err := os.Stat(\"/etc/passwd\"); err != nil {
		t.Fatal(err)
	}
}

func TestQuietStat(t *testing.T) {
	if _, err := os.Stat(\"/etc/passwd\"); err != nil {
		t.Fatal(\"no luck\")
	}
}

func TestSpin(t *testing.T) {
	var done atomic.Bool
	go func() { done.Store(true) }()
	for !done.Load() {
	}
}
";

const RESET: &str = "read:error=ECONNRESET:where=site(/[cC]lientConnReadLoop/)";

fn expose(module: &Module, words: &[&str]) -> Outcome {
    Duress::new(module.path(), [&["expose", "--format", "json"], words].concat()).env_remove("GODEBUG").run()
}

/// The effect of a switch, and the evidence.
fn of(json: &Value, switch: &str) -> (String, String) {
    let switches = json["switches"].as_array().expect("a list");
    let one = switches
        .iter()
        .find(|one| one["switch"] == switch)
        .unwrap_or_else(|| panic!("{switch} is missing: {json:#}"));
    let text = |key: &str| one[key].as_str().expect("a text").to_owned();
    (text("effect"), text("evidence"))
}

#[test]
fn an_error_that_the_target_hides_is_exposed_by_http2_and_no_other() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[("x_test.go", FETCH)]);
    let switches = ["GODEBUG=gctrace=1", "GODEBUG=http2debug=1", "GODEBUG=http2client=0", "GOTRACEBACK=all"];
    let mut words = vec!["-e", RESET, "--runs", "2"];
    switches.iter().for_each(|switch| words.extend(["--switch", switch]));
    words.extend(["--", "go", "test", "."]);
    let outcome = expose(&module, &words);
    let json = outcome.expect_code(0).json();
    assert_eq!(json["base"]["verdict"], "failed", "{outcome:?}");
    assert_eq!(json["base"]["without_faults"], "passed", "{outcome:?}");
    assert_eq!((&json["base"]["names_cause"], &json["base"]["cause_is_known"]), (&Value::Null, &true.into()));
    let (effect, evidence) = of(&json, "GODEBUG=http2debug=1");
    assert_eq!(effect, "exposes", "{outcome:?}");
    assert!(evidence.contains("connection reset by peer"), "{evidence}");
    assert_eq!(of(&json, "GODEBUG=gctrace=1").0, "inert", "{outcome:?}");
    assert_eq!(of(&json, "GOTRACEBACK=all").0, "inert", "{outcome:?}");
    // Another way to the server, which no fault meets.
    assert_eq!(of(&json, "GODEBUG=http2client=0").0, "changes", "{outcome:?}");
    assert_eq!(json["smallest"], serde_json::json!(["GODEBUG=http2debug=1"]), "{outcome:?}");
    // What is said to be enough is enough.
    let repro = json["repro"].as_str().expect("a command");
    assert_eq!(
        repro,
        format!("duress run -e '{RESET}' --persona variable=GODEBUG=http2debug=1 -- go test .")
    );
    let run = ["run", "-e", RESET, "--persona", "variable=GODEBUG=http2debug=1", "--", "go", "test", "."];
    Duress::new(module.path(), run).run().expect_code(1).expect_stdout(&["read: connection reset by peer"]);
}

#[test]
fn a_lookup_is_exposed_by_what_the_resolver_says_of_it() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[("x_test.go", OTHERS)]);
    let rule = "connect:error=ENETUNREACH:where=port(53)";
    let words =
        ["-e", rule, "--runs", "1", "--switch", "netdns=go+2", "--", "go", "test", "-run", "TestLookup", "."];
    let outcome = expose(&module, &words);
    let json = outcome.expect_code(0).json();
    let (effect, evidence) = of(&json, "GODEBUG=netdns=go+2");
    assert_eq!(effect, "exposes", "{outcome:?}");
    assert!(evidence.starts_with("go package net: hostLookupOrder(db.duress.test) = "), "{outcome:?}");
}

#[test]
fn what_the_output_names_already_needs_no_switch() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[("x_test.go", OTHERS)]);
    let rule = "newfstatat:error=EIO:where=path(/etc/passwd)";
    let test = |name: &'static str| {
        ["-e", rule, "--runs", "1", "--switch", "gctrace=1", "--", "go", "test", "-run", name, "."]
    };
    let outcome = expose(&module, &test("TestStat"));
    let json = outcome.expect_code(0).json();
    let named = json["base"]["names_cause"].as_str().expect("it is named");
    assert!(named.contains("stat /etc/passwd: input/output error"), "{outcome:?}");
    assert_eq!(json["smallest"], serde_json::json!([]), "{outcome:?}");
    assert_eq!(of(&json, "GODEBUG=gctrace=1").0, "inert");
    // The same fault, which the test hides, and no switch brings out.
    let quiet = expose(&module, &test("TestQuietStat"));
    assert_eq!(quiet.expect_code(0).json()["base"]["names_cause"], Value::Null, "{quiet:?}");
}

#[test]
fn a_switch_can_change_the_ending_kill_or_be_unknown() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[("x_test.go", OTHERS)]);
    let mut words = vec!["--runs", "1", "--timeout", "5s", "--persona", "gomaxprocs=1"];
    let switches = ["asyncpreemptoff=1", "cgocheck=2", "GODEBUG=httpproxy=1", "GOTRACEBACK=wer"];
    switches.iter().for_each(|switch| words.extend(["--switch", switch]));
    words.extend(["--", "go", "test", "-run", "TestSpin", "."]);
    let outcome = expose(&module, &words);
    let json = outcome.expect_code(0).json();
    assert_eq!(json["base"]["verdict"], "passed", "{outcome:?}");
    let (effect, evidence) = of(&json, "GODEBUG=asyncpreemptoff=1");
    assert_eq!(effect, "changes", "{outcome:?}");
    assert!(evidence.starts_with("passed → hung: no end within 5 s"), "{outcome:?}");
    let (effect, evidence) = of(&json, "GODEBUG=cgocheck=2");
    assert_eq!(effect, "fatal", "{outcome:?}");
    assert!(evidence.contains("cgocheck > 1 mode is no longer supported at runtime"), "{outcome:?}");
    let (effect, evidence) = of(&json, "GODEBUG=httpproxy=1");
    assert_eq!(
        (effect.as_str(), evidence.as_str()),
        ("unknown", "it has no `httpproxy`; Go ignores it silently")
    );
    assert_eq!(of(&json, "GOTRACEBACK=wer").0, "unknown", "{outcome:?}");
}

/// What it prints is for people: the classes, the evidence, what is left out.
#[test]
fn all_that_a_program_can_read_are_tried_and_told_to_people() {
    if !has(NEEDS) {
        return;
    }
    let text = "package x\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) {}\n";
    let module = Module::new(&[("x_test.go", text)]);
    let words = ["expose", "--runs", "1", "--timeout", "20s", "--", "go", "test", "."];
    let outcome = Duress::new(module.path(), words).run();
    outcome.expect_code(0).expect_stdout(&[
        "nothing goes wrong, so there is nothing to expose",
        "asyncpreemptoff=1",
        "GOTRACEBACK=system",
        "were left out, for no package of the program reads them",
        "left out for what they cost: ",
        "GODEBUG=sbrk=1 (it never frees memory)",
    ]);
    assert!(!outcome.stdout.contains("http2debug"), "nothing in it speaks HTTP: {outcome:?}");
}

#[test]
fn mistakes_are_told_before_anything_is_run() {
    let module = Module::new(&[("x_test.go", "package x\n\nvar x int = \"\"\n")]);
    let refused = |words: &[&str], said: &str| {
        let outcome = expose(&module, words);
        outcome.expect_code(2).expect_stderr(&[said]);
    };
    refused(&["--switch", "gctrace", "--", "true"], "`gctrace` has no value");
    refused(&["--switch", "GODEBUG=gctrace", "--", "true"], "is no name=value of GODEBUG");
    refused(&[], "required arguments were not provided");
    refused(&["no-such-scenario"], "there is no folder `scenarios` here or above");
    if has(NEEDS) {
        refused(&["-e", "openat:error=ENOSUCH", "--switch", "gctrace=1", "--", "true"], "ENOSUCH");
        refused(&["--switch", "gctrace=1", "--", "go", "test", "."], "it does not compile");
    }
}

/// A scenario on whose arm a switch exposes.
fn scenario() -> Module {
    let file = format!(
        "id = \"fetch\"\ntitle = \"Is the cause told?\"\nclaim = \"the client tells why\"\nexpected = \"refuted\"\n\
         switches = [\"GODEBUG=http2debug=1\", \"GODEBUG=httpproxy=1\"]\n\n\
         [[arm]]\nname = \"a connection is reset\"\ntest = \"TestFetch\"\ninject = ['{RESET}']\n\
         [arm.reproduced]\noutput = \"connection reset\"\n[arm.refuted]\nfired = \">=1\"\noutput = \"unavailable\"\n"
    );
    let module = Module::new(&[("fetch/scenario.toml", &file), ("fetch/x_test.go", FETCH)]);
    module.write("fetch/go.mod", "module example.com/x\n\ngo 1.19\n");
    module
}

#[test]
fn a_scenario_tries_the_switches_that_it_names() {
    if !has(NEEDS) {
        return;
    }
    let module = scenario();
    let run = ["scenario", "run", "fetch", "--dir", ".", "--switches", "--format", "json"];
    let outcome = Duress::new(module.path(), run).run();
    let json = outcome.expect_code(0).json();
    let exposed = json[0]["exposed_by"].as_array().expect("a list");
    let effects: Vec<_> = exposed.iter().map(|one| (one["switch"].clone(), one["effect"].clone())).collect();
    let expect = [("GODEBUG=http2debug=1", "exposes"), ("GODEBUG=httpproxy=1", "unknown")];
    assert_eq!(
        effects,
        expect.map(|(switch, effect)| (Value::from(switch), Value::from(effect))),
        "{outcome:?}"
    );
    assert!(
        exposed[0]["evidence"].as_str().expect("a text").contains("connection reset by peer"),
        "{outcome:?}"
    );
    // Without the flag nothing is tried.
    let plain =
        Duress::new(module.path(), ["scenario", "run", "fetch", "--dir", ".", "--format", "json"]).run();
    assert_eq!(plain.expect_code(0).json()[0]["exposed_by"], serde_json::json!([]));
    // And by expose itself.
    let words =
        ["expose", "fetch", "--dir", ".", "--runs", "1", "--switch", "http2debug=1", "--format", "json"];
    let json = Duress::new(module.path(), words).run().expect_code(0).json();
    assert_eq!(json["smallest"], serde_json::json!(["GODEBUG=http2debug=1"]));
    assert_eq!(json["repro"], "duress expose fetch --switch GODEBUG=http2debug=1");
    // Each verdict on a switch is kept, and found again.
    let run = ["scenario", "run", "fetch", "--dir", ".", "--switches"];
    let first = Duress::new(module.path(), run).run();
    let words = ["expose", "fetch", "--dir", ".", "--runs", "1", "--switch", "GOTRACEBACK=all"];
    Duress::new(module.path(), words).home_of(&first).run().expect_code(0);
    let kept = Duress::new(module.path(), ["results", "--switches"]).home_of(&first).run();
    kept.expect_code(0).expect_stdout(&[
        "GODEBUG=http2debug=1",
        "exposes",
        "unknown",
        "GOTRACEBACK=all",
        "inert",
    ]);
}

#[test]
fn no_scenario_names_a_switch_that_cannot_be_read() {
    for entry in fs::read_dir(root().join("scenarios")).expect("a checkout has scenarios").flatten() {
        let Ok(text) = fs::read_to_string(entry.path().join("scenario.toml")) else { continue };
        let table: toml::Table = text.parse().expect("it is TOML");
        for switch in table.get("switches").and_then(toml::Value::as_array).into_iter().flatten() {
            let switch = switch.as_str().expect("a text");
            assert!(switch.split_once('=').is_some_and(|(_, value)| !value.is_empty()), "{switch}");
        }
    }
}
