//! Campaigns: what one invocation found, in a line.

use crate::{Record, version};
use serde::Serialize;
use std::collections::BTreeMap;

/// One campaign; its keys are stable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Campaign {
    /// Its name.
    pub campaign: String,
    /// The moment of its first verdict, in milliseconds since 1970 UTC.
    pub at_unix_ms: u64,
    /// The host.
    pub host: String,
    /// The kernel's release.
    pub kernel: String,
    /// The toolchains, oldest version first.
    pub go: Vec<String>,
    /// How many verdicts it has.
    pub records: usize,
    /// How many of each.
    pub verdicts: BTreeMap<String, usize>,
}

/// The campaigns that these records are of, oldest first.
pub fn campaigns(records: &[Record]) -> Vec<Campaign> {
    let mut by_name: BTreeMap<&str, Campaign> = BTreeMap::new();
    for record in records {
        let campaign = by_name.entry(&record.campaign).or_insert_with(|| Campaign {
            campaign: record.campaign.clone(),
            at_unix_ms: record.at_unix_ms,
            host: record.host.clone(),
            kernel: record.kernel.clone(),
            go: Vec::new(),
            records: 0,
            verdicts: BTreeMap::new(),
        });
        campaign.at_unix_ms = campaign.at_unix_ms.min(record.at_unix_ms);
        campaign.records += 1;
        *campaign.verdicts.entry(record.verdict.clone()).or_default() += 1;
        campaign.go.extend(record.go.clone().filter(|go| !campaign.go.contains(go)));
    }
    let mut campaigns: Vec<Campaign> = by_name.into_values().collect();
    for campaign in &mut campaigns {
        campaign.go.sort_by_key(|go| version::order(go));
    }
    // Names have a date in front, but nobody has to keep to that.
    campaigns.sort_by(|a, b| (a.at_unix_ms, &a.campaign).cmp(&(b.at_unix_ms, &b.campaign)));
    campaigns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sample;

    #[test]
    fn campaigns_are_told_oldest_first() {
        let mut old = sample("z", "one", "go1.26.8", "refuted");
        old.at_unix_ms -= 1;
        let new = [("one", "go1.26.8"), ("one", "go1.9"), ("two", "go1.9")];
        let mut records: Vec<Record> =
            new.iter().map(|(scenario, go)| sample("a", scenario, go, "reproduced")).collect();
        records.push(old);
        let found = campaigns(&records);
        let names: Vec<&str> = found.iter().map(|campaign| campaign.campaign.as_str()).collect();
        assert_eq!(names, ["z", "a"]);
        assert_eq!(found[1].go, ["go1.9", "go1.26.8"]);
        assert_eq!((found[1].records, found[1].verdicts["reproduced"]), (3, 3));
    }
}
