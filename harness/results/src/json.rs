//! Drawings with stable keys.

use crate::{Campaign, Comparison, Record, Side};
use serde::Serialize;
use serde_json::json;

/// An array of records; [`crate::Store::import`] takes it in again.
pub fn records(records: &[Record]) -> String {
    pretty(&records)
}

/// An array of campaigns.
pub fn campaigns(campaigns: &[Campaign]) -> String {
    pretty(&campaigns)
}

/// What was compared, and each change as the old record and the new one; without a comparison, null for the sides.
pub fn changed(comparison: Option<&Comparison<'_>>) -> String {
    let side = |side: &Side| match side {
        Side::Campaign(name) => json!({"campaign": name}),
        Side::Host(name) => json!({"host": name}),
    };
    let changed = comparison.map(|comparison| comparison.changed.clone()).unwrap_or_default();
    let changes = changed.changes.iter().map(|change| json!({"old": change.old, "new": change.new}));
    pretty(&json!({
        "old": comparison.map(|comparison| side(&comparison.old)),
        "new": comparison.map(|comparison| side(&comparison.new)),
        "compared": changed.compared,
        "only_old": changed.only_old,
        "only_new": changed.only_new,
        "changed": changes.collect::<Vec<_>>(),
    }))
}

fn pretty(value: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(value).expect("what is drawn here has texts for keys");
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sample;
    use serde_json::Value;

    #[test]
    fn records_come_back_as_they_were() {
        let mut record = sample("a", "s \"quoted\"\n", "go1.26.8", "partly");
        record.persona = Some("nofile=64".to_owned());
        let text = records(&[record.clone()]);
        let back: Vec<Record> = serde_json::from_str(&text).expect("it is JSON");
        assert_eq!(back, [record]);
    }

    #[test]
    fn every_key_is_there_even_without_a_value() {
        let record = Record { go: None, ..sample("a", "s", "", "partly") };
        let value: Value = serde_json::from_str(&records(&[record])).expect("it is JSON");
        let keys: Vec<&String> = value[0].as_object().expect("an object").keys().collect();
        let mut expect = [
            "campaign",
            "at_unix_ms",
            "host",
            "kernel",
            "go",
            "scenario",
            "switch",
            "persona",
            "verdict",
            "reason",
            "evidence",
            "fired",
            "wall_s",
            "duress",
            "repro",
        ];
        expect.sort_unstable();
        assert_eq!(keys, expect);
        assert_eq!(value[0]["go"], Value::Null);
    }

    #[test]
    fn a_comparison_names_its_sides_and_has_both_records_of_a_change() {
        let records = [sample("a", "s", "go1", "partly"), sample("b", "s", "go1", "refuted")];
        let parse = |text: &str| serde_json::from_str::<Value>(text).expect("it is JSON");
        let value = parse(&changed(Comparison::newest(&records).as_ref()));
        assert_eq!((&value["old"]["campaign"], &value["new"]["campaign"]), (&json!("a"), &json!("b")));
        assert_eq!(value["changed"][0]["old"]["verdict"], "partly");
        assert_eq!(value["changed"][0]["new"]["verdict"], "refuted");
        let nothing = parse(&changed(None));
        assert_eq!((&nothing["old"], &nothing["changed"]), (&Value::Null, &json!([])));
    }
}
