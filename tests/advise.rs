//! What a recorded run says about runtime switches, on real Go.

use e2e::{Duress, Module, Need, has};
use serde_json::Value;

const NEEDS: &[Need] = &[Need::Go, Need::Notify];

const TESTS: &str = "\
package x

import (
	\"net\"
	\"os\"
	\"testing\"
)

func TestLookup(t *testing.T) {
	if _, err := net.LookupHost(\"db.duress.test\"); err != nil {
		t.Fatal(\"the service is unavailable\")
	}
}

func TestStat(t *testing.T) {
	if _, err := os.Stat(\"/etc/passwd\"); err != nil {
		t.Fatal(\"no luck\")
	}
}
";

/// The proposal of a switch.
fn of<'j>(json: &'j Value, switch: &str) -> Option<&'j Value> {
    json["proposals"].as_array().expect("a list").iter().find(|one| one["switch"] == switch)
}

#[test]
fn a_lookup_that_failed_speaks_for_netdns_which_is_tried() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[("x_test.go", TESTS)]);
    let rule = "connect:error=ENETUNREACH:where=port(53)";
    let run = ["run", "-e", rule, "--format", "json", "--", "go", "test", "-run", "TestLookup", "."];
    let first = Duress::new(module.path(), run).run();
    let fired = first.expect_code(1).json()["faults"]["fired"].as_u64().expect("a number");
    let advise = |words: &[&str]| {
        let all = [&["advise", "last", "--format", "json"], words].concat();
        Duress::new(module.path(), all).home_of(&first).env_remove("GODEBUG").run()
    };
    let outcome = advise(&[]);
    let json = outcome.expect_code(0).json();
    let netdns = of(&json, "GODEBUG=netdns=go+2").unwrap_or_else(|| panic!("{outcome:?}"));
    assert_eq!(netdns["evidence"]["count"].as_u64(), Some(fired), "{outcome:?}");
    assert_eq!(netdns["evidence"]["what"], "calls from net's resolver", "{outcome:?}");
    assert!(netdns["place"].as_str().is_some_and(|place| place.contains(".go:")), "{outcome:?}");
    assert_eq!((&json["verified"], &netdns["effect"]), (&true.into(), &Value::Null), "{outcome:?}");
    assert!(outcome.stdout.contains("`duress run --watch all` has them all"), "few calls: {outcome:?}");

    let tried = advise(&["--try"]);
    let json = tried.expect_code(0).json();
    let netdns = of(&json, "GODEBUG=netdns=go+2").unwrap_or_else(|| panic!("{tried:?}"));
    assert_eq!(netdns["effect"], "exposes", "{tried:?}");
    assert!(
        netdns["said"].as_str().is_some_and(|said| said.contains("hostLookupOrder(db.duress.test)")),
        "{tried:?}"
    );
    assert_eq!(json["smallest"], serde_json::json!(["GODEBUG=netdns=go+2"]), "{tried:?}");
    let people = Duress::new(module.path(), ["advise", "last"]).home_of(&first).run();
    people.expect_code(0).expect_stdout(&[
        "GODEBUG=netdns=go+2",
        "calls from net's resolver",
        "try them: duress advise ",
    ]);
}

#[test]
fn a_run_that_recorded_nothing_is_told_how_to_record_more() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[("x_test.go", TESTS)]);
    let run = ["run", "--", "go", "test", "-run", "TestStat", "."];
    let first = Duress::new(module.path(), run).run();
    first.expect_code(0);
    Duress::new(module.path(), ["advise", "last"]).home_of(&first).run().expect_code(0).expect_stdout(&[
        "0 calls recorded",
        "record it with `duress run --watch all`",
        "nothing that was recorded speaks for a switch",
    ]);
    Duress::new(module.path(), ["advise", "nowhere"]).home_of(&first).run().expect_code(2);
}
