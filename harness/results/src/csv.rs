//! Drawings for spreadsheets: RFC 4180 with a line of names; several lines of evidence are one field with line ends in it.

use crate::{Campaign, Comparison, Record};
use model::plain;

/// One line for each record, with its fields as columns.
pub fn records(records: &[Record]) -> String {
    let names = [
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
    let rows = records.iter().map(|record| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            record.campaign.clone(),
            record.at_unix_ms.to_string(),
            record.host.clone(),
            record.kernel.clone(),
            text(&record.go),
            record.scenario.clone(),
            text(&record.switch),
            text(&record.persona),
            record.verdict.clone(),
            text(&record.reason),
            record.evidence.join("\n"),
            record.fired.to_string(),
            record.wall_s.to_string(),
            record.duress.clone(),
            record.repro.clone(),
        ]
    });
    table(&names, rows)
}

/// One line for each change.
pub fn changed(comparison: Option<&Comparison<'_>>) -> String {
    let names = [
        "scenario",
        "switch",
        "persona",
        "old_campaign",
        "old_host",
        "old_go",
        "old_verdict",
        "old_evidence",
        "new_campaign",
        "new_host",
        "new_go",
        "new_verdict",
        "new_evidence",
    ];
    let changes = comparison.map(|comparison| comparison.changed.changes.clone()).unwrap_or_default();
    let rows = changes.iter().map(|change| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let side = |record: &Record| {
            [
                record.campaign.clone(),
                record.host.clone(),
                text(&record.go),
                record.verdict.clone(),
                record.told().collect::<Vec<_>>().join("\n"),
            ]
        };
        let about = [change.new.scenario.clone(), text(&change.new.switch), text(&change.new.persona)];
        about.into_iter().chain(side(change.old)).chain(side(change.new)).collect()
    });
    table(&names, rows)
}

/// One line for each campaign.
pub fn campaigns(campaigns: &[Campaign]) -> String {
    let rows = campaigns.iter().map(|campaign| {
        let verdicts: Vec<String> =
            campaign.verdicts.iter().map(|(word, count)| format!("{count} {word}")).collect();
        vec![
            campaign.campaign.clone(),
            campaign.at_unix_ms.to_string(),
            campaign.host.clone(),
            campaign.kernel.clone(),
            campaign.go.join(" "),
            campaign.records.to_string(),
            verdicts.join(", "),
        ]
    });
    table(&["campaign", "at_unix_ms", "host", "kernel", "go", "records", "verdicts"], rows)
}

fn table(names: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    for row in std::iter::once(names).chain(rows) {
        // Line by line: a line end within a field is meant, everything else that a terminal obeys is not.
        let safe = row.iter().map(|field| field.split('\n').map(plain).collect::<Vec<_>>().join("\n"));
        writer.write_record(safe).expect("rows are as long as the names, and memory can be written to");
    }
    let bytes = writer.into_inner().expect("memory can be written to");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sample;

    fn read(text: &str) -> Vec<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let rows = reader.records().map(|row| row.expect("it is CSV"));
        rows.map(|row| row.iter().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn fields_keep_their_commas_quotes_and_lines() {
        let mut record = sample("a", "go test -run 'A,B' \"x\"", "go1.26.8", "partly");
        record.evidence = vec!["one, two".to_owned(), "\u{1b}[31mthree".to_owned()];
        let rows = read(&records(&[record.clone()]));
        let column = |name: &str| {
            let place = rows[0].iter().position(|column| column == name).expect(name);
            rows[1][place].as_str()
        };
        assert_eq!(rows.len(), 2);
        assert_eq!(column("scenario"), record.scenario);
        assert_eq!(column("evidence"), "one, two\n\\u{1b}[31mthree");
        assert_eq!((column("switch"), column("at_unix_ms"), column("wall_s")), ("", "1795204923000", "0.5"));
        // The columns are the keys of JSON.
        let value: serde_json::Value =
            serde_json::from_str(&crate::json::records(&[record])).expect("it is JSON");
        for key in value[0].as_object().expect("an object").keys() {
            column(key);
        }
    }

    #[test]
    fn a_change_is_one_line_with_both_sides() {
        let all = [sample("a", "s", "go1.26.7", "partly"), sample("b", "s", "go1.26.8", "refuted")];
        let rows = read(&changed(Comparison::newest(&all).as_ref()));
        assert_eq!(rows.len(), 2);
        for field in ["a", "b", "go1.26.7", "go1.26.8", "partly", "refuted", "s on go1.26.7 is partly"] {
            assert!(rows[1].iter().any(|one| one == field), "{field}: {rows:?}");
        }
        assert_eq!(read(&changed(None)).len(), 1);
    }

    #[test]
    fn a_campaign_is_one_line() {
        let rows = read(&campaigns(&crate::campaigns(&[sample("a", "s", "go1.26.7", "partly")])));
        assert_eq!(rows[1], ["a", "1795204923000", "alpha", "6.18.44", "go1.26.7", "1", "1 partly"]);
    }
}
