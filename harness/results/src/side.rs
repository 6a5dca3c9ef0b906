//! The two sides of a comparison, and how users name them.

use crate::{Campaign, Changed, Record, campaigns};
use model::nearest;
use std::collections::BTreeSet;
use std::fmt;

/// What is compared: all verdicts of a campaign, or the newest ones of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// A campaign, by its whole name.
    Campaign(String),
    /// A host.
    Host(String),
}

/// A name that means nothing, or more than one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong, in one line.
    pub message: String,
    /// Advice.
    pub help: String,
}

/// Two sides and what differs between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison<'a> {
    /// The older one, or the one that was named first.
    pub old: Side,
    /// The other.
    pub new: Side,
    /// What differs.
    pub changed: Changed<'a>,
}

impl<'a> Comparison<'a> {
    /// Compares what `A..B` names: campaigns by name, by the beginning of it, as `last`, `last~1` …; or hosts.
    ///
    /// # Errors
    /// Where a name means nothing or several things, or the sides have nothing in common.
    pub fn named(text: &str, records: &'a [Record]) -> Result<Comparison<'a>, Mistake> {
        let Some((old, new)) = text.split_once("..").filter(|(old, new)| !old.is_empty() && !new.is_empty())
        else {
            return Err(Mistake {
                message: format!("`{text}` does not name two sides"),
                help: "write A..B: two campaigns (last~1..last) or two hosts".to_owned(),
            });
        };
        let known = campaigns(records);
        let comparison = Comparison::of(Side::find(old, &known)?, Side::find(new, &known)?, records);
        if comparison.changed.compared == 0 {
            return Err(Mistake {
                message: format!("{} and {} have nothing in common", comparison.old, comparison.new),
                help:
                    "compare sides that tried the same scenarios; `duress results --list` says what there is"
                        .to_owned(),
            });
        }
        Ok(comparison)
    }

    /// Compares the newest campaign with the last one before it that it has something in common with; none where there
    /// is no such.
    pub fn newest(records: &'a [Record]) -> Option<Comparison<'a>> {
        let known = campaigns(records);
        let (newest, earlier) = known.split_last()?;
        let side = |campaign: &Campaign| Side::Campaign(campaign.campaign.clone());
        let compared = earlier.iter().rev().map(|old| Comparison::of(side(old), side(newest), records));
        compared.into_iter().find(|comparison| comparison.changed.compared > 0)
    }

    fn of(old: Side, new: Side, records: &'a [Record]) -> Comparison<'a> {
        let changed = Changed::between(&old.records(records), &new.records(records));
        Comparison { old, new, changed }
    }
}

impl Side {
    /// What the user calls so.
    ///
    /// # Errors
    /// Where nothing is called so, or more than one thing.
    pub fn find(name: &str, known: &[Campaign]) -> Result<Side, Mistake> {
        let mistake = |message: String, help: String| Err(Mistake { message, help });
        if let Some(name) = name.strip_prefix("host:") {
            return Side::host(name, known);
        }
        if let Some(name) = name.strip_prefix("campaign:") {
            return Side::campaign(name, known);
        }
        let is_host = known.iter().any(|campaign| campaign.host == name);
        let campaign = Side::campaign(name, known);
        match (campaign, is_host) {
            (Ok(Side::Campaign(campaign)), true) => mistake(
                format!("`{name}` is a host, and may be the campaign `{campaign}`"),
                format!("write host:{name} or campaign:{name}"),
            ),
            (Err(_), true) => Ok(Side::Host(name.to_owned())),
            (found, _) => found,
        }
    }

    /// The campaign that the user calls so: a name, the beginning of one, `last`, `last~1` …
    ///
    /// # Errors
    /// Where none is called so, or several.
    pub fn campaign(name: &str, known: &[Campaign]) -> Result<Side, Mistake> {
        let side = |campaign: &Campaign| Ok(Side::Campaign(campaign.campaign.clone()));
        if let Some(back) = back(name) {
            let place = back.and_then(|back| known.len().checked_sub(back)?.checked_sub(1));
            return place.and_then(|place| known.get(place)).map_or_else(
                || {
                    Err(Mistake {
                        message: format!("there is no campaign `{name}`: there are {}", known.len()),
                        help: "`duress results --list` has them all; `last` is the newest".to_owned(),
                    })
                },
                side,
            );
        }
        if let Some(exact) = known.iter().find(|campaign| campaign.campaign == name) {
            return side(exact);
        }
        let beginning: Vec<&Campaign> =
            known.iter().filter(|campaign| campaign.campaign.starts_with(name)).collect();
        match beginning[..] {
            [only] => side(only),
            [first, second, ..] => {
                let others = if beginning.len() > 2 { ", or others" } else { "" };
                Err(Mistake {
                    message: format!("`{name}` may be `{}` or `{}`{others}", first.campaign, second.campaign),
                    help: "give more of the name".to_owned(),
                })
            }
            [] => Err(unknown("campaign or host", name, known, |campaign| {
                vec![&campaign.campaign, &campaign.host]
            })),
        }
    }

    fn host(name: &str, known: &[Campaign]) -> Result<Side, Mistake> {
        if known.iter().any(|campaign| campaign.host == name) {
            return Ok(Side::Host(name.to_owned()));
        }
        Err(unknown("host", name, known, |campaign| vec![&campaign.host]))
    }

    /// Its records among all.
    pub fn records<'a>(&self, records: &'a [Record]) -> Vec<&'a Record> {
        let is_meant = |record: &&Record| match self {
            Side::Campaign(name) => record.campaign == *name,
            Side::Host(name) => record.host == *name,
        };
        records.iter().filter(is_meant).collect()
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Side::Campaign(name) => write!(f, "campaign {name}"),
            Side::Host(name) => write!(f, "host {name}"),
        }
    }
}

/// How many before the newest `last` and `last~N` mean; none if it is neither, and none inside where N is no number.
fn back(name: &str) -> Option<Option<usize>> {
    let rest = name.strip_prefix("last")?;
    if rest.is_empty() {
        return Some(Some(0));
    }
    rest.strip_prefix('~').map(|number| number.parse().ok())
}

fn unknown(what: &str, name: &str, known: &[Campaign], names: impl Fn(&Campaign) -> Vec<&str>) -> Mistake {
    let names: BTreeSet<&str> = known.iter().flat_map(names).collect();
    let help = match nearest(name, names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`duress results --list` has them all".to_owned(),
    };
    Mistake { message: format!("no {what} is called `{name}`"), help }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sample;

    fn records() -> Vec<Record> {
        let one = |campaign: &str, host: &str, at: u64, verdict: &str| Record {
            host: host.to_owned(),
            at_unix_ms: at,
            ..sample(campaign, "s", "go1.26.8", verdict)
        };
        vec![
            one("20261101-aa", "alpha", 1, "refuted"),
            one("20261102-bb", "beta", 2, "partly"),
            one("20261102-cc", "alpha", 3, "reproduced"),
            one("alpha-nightly", "gamma", 4, "refuted"),
        ]
    }

    fn find(name: &str) -> Result<Side, Mistake> {
        Side::find(name, &campaigns(&records()))
    }

    #[test]
    fn campaigns_and_hosts_are_found_by_what_they_are_called() {
        let check = |name: &str, expect: Side| assert_eq!(find(name), Ok(expect), "{name}");
        let campaign = |name: &str| Side::Campaign(name.to_owned());
        check("last", campaign("alpha-nightly"));
        check("last~1", campaign("20261102-cc"));
        check("last~3", campaign("20261101-aa"));
        check("20261101", campaign("20261101-aa"));
        check("20261102-bb", campaign("20261102-bb"));
        check("beta", Side::Host("beta".to_owned()));
        check("host:alpha", Side::Host("alpha".to_owned()));
        check("campaign:alpha", campaign("alpha-nightly"));
    }

    #[test]
    fn what_means_nothing_or_too_much_is_a_mistake_with_advice() {
        let check = |name: &str, message: &str, help: &str| {
            let mistake = find(name).expect_err(name);
            assert!(mistake.message.contains(message) && mistake.help.contains(help), "{mistake:?}");
        };
        check("20261102", "`20261102-bb` or `20261102-cc`", "more of the name");
        check("2026", "or others", "more of the name");
        check("alpha", "is a host, and may be the campaign `alpha-nightly`", "host:alpha");
        check("bata", "no campaign or host is called", "did you mean `beta`?");
        check("20261102-dd", "no campaign or host", "did you mean `20261102-bb`?");
        check("host:gama", "no host is called", "did you mean `gamma`?");
        check("nowhere-near-it", "no campaign or host", "--list");
        check("last~4", "there are 4", "--list");
        check("last~x", "no campaign `last~x`", "--list");
    }

    #[test]
    fn sides_are_compared_as_they_were_named() {
        let records = records();
        let named = |text: &str| Comparison::named(text, &records);
        let told = |comparison: &Comparison<'_>| {
            let changes = comparison.changed.changes.iter();
            changes
                .map(|change| format!("{} > {}", change.old.verdict, change.new.verdict))
                .collect::<Vec<_>>()
        };
        // The newest of alpha is of 20261102-cc.
        assert_eq!(told(&named("host:alpha..beta").expect("both are hosts")), ["reproduced > partly"]);
        assert_eq!(told(&named("last~3..last~2").expect("there are four")), ["refuted > partly"]);
        assert_eq!(told(&named("last~3..last").expect("there are four")), Vec::<String>::new());
        for bad in ["last", "last..", "..last", ""] {
            assert!(named(bad).expect_err(bad).help.contains("A..B"), "{bad}");
        }
    }

    #[test]
    fn sides_without_anything_in_common_are_a_mistake_not_a_clean_result() {
        let records = [sample("a", "one", "go1", "refuted"), sample("b", "two", "go1", "refuted")];
        let mistake = Comparison::named("a..b", &records).expect_err("nothing is compared");
        assert!(mistake.message.contains("nothing in common"), "{mistake:?}");
    }

    #[test]
    fn without_names_the_last_two_that_can_be_compared_are() {
        let mut records = records();
        records.push(Record { at_unix_ms: 5, ..sample("other", "t", "go1.26.8", "refuted") });
        assert_eq!(Comparison::newest(&records), None, "nobody else tried t");
        records.push(Record { at_unix_ms: 6, ..sample("newest", "s", "go1.26.8", "partly") });
        let found = Comparison::newest(&records).expect("others tried s");
        assert_eq!(found.old, Side::Campaign("alpha-nightly".to_owned()));
        assert_eq!(found.changed.changes.len(), 1);
        assert_eq!(Comparison::newest(&records[..1]), None, "one campaign");
        assert_eq!(Comparison::newest(&[]), None);
    }
}
