//! Which records are meant.

use crate::{Record, glob, version};
use model::nearest;

/// What is asked of records; all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The scenario's id or command line is as this pattern says: `*` is any text, `?` any character.
    pub scenario: Option<String>,
    /// The toolchain is this, or within it: `1.26` lets `go1.26.8` through.
    pub go: Option<String>,
    /// The switch holds this text.
    pub switch: Option<String>,
    /// The personas hold this text.
    pub persona: Option<String>,
    /// The verdict is this word.
    pub verdict: Option<String>,
    /// The host has this name.
    pub host: Option<String>,
    /// The kernel's release begins with this.
    pub kernel: Option<String>,
    /// The campaign's name begins with this.
    pub campaign: Option<String>,
    /// The verdict was come to at this moment or later, in milliseconds since 1970 UTC.
    pub since_unix_ms: Option<u64>,
}

impl Filter {
    /// Whether the record is meant.
    pub fn lets_through(&self, record: &Record) -> bool {
        fn holds(asked: Option<&String>, test: impl Fn(&str) -> bool) -> bool {
            asked.is_none_or(|asked| test(asked))
        }
        let within = |text: Option<&String>, asked: &str| text.is_some_and(|text| text.contains(asked));
        holds(self.scenario.as_ref(), |asked| glob::matches(asked, &record.scenario))
            && holds(self.go.as_ref(), |asked| {
                record.go.as_ref().is_some_and(|go| version::is_meant(asked, go))
            })
            && holds(self.switch.as_ref(), |asked| within(record.switch.as_ref(), asked))
            && holds(self.persona.as_ref(), |asked| within(record.persona.as_ref(), asked))
            && holds(self.verdict.as_ref(), |asked| record.verdict == asked)
            && holds(self.host.as_ref(), |asked| record.host == asked)
            && holds(self.kernel.as_ref(), |asked| record.kernel.starts_with(asked))
            && holds(self.campaign.as_ref(), |asked| record.campaign.starts_with(asked))
            && self.since_unix_ms.is_none_or(|since| record.at_unix_ms >= since)
    }

    /// The same without asking for a verdict: which record of a cell is the newest is decided before its verdict is looked at.
    #[must_use]
    pub fn of_any_verdict(&self) -> Filter {
        Filter { verdict: None, ..self.clone() }
    }

    /// Where nothing was let through: what was probably meant by a name that no record has.
    pub fn suggestion(&self, records: &[Record]) -> Option<String> {
        let near = |flag: &str, asked: &Option<String>, of: &dyn Fn(&Record) -> Option<&str>| {
            let asked = asked.as_deref()?;
            let names = || records.iter().filter_map(of);
            let is_known = names().any(|name| name == asked);
            let near = if is_known { None } else { nearest(asked, names()) };
            near.map(|near| format!("did you mean --{flag} {near}?"))
        };
        near("scenario", &self.scenario, &|record| Some(&record.scenario))
            .or_else(|| near("go", &self.go, &|record| record.go.as_deref()))
            .or_else(|| near("host", &self.host, &|record| Some(&record.host)))
            .or_else(|| near("kernel", &self.kernel, &|record| Some(&record.kernel)))
            .or_else(|| near("verdict", &self.verdict, &|record| Some(&record.verdict)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sample;

    #[test]
    fn all_that_is_asked_must_hold() {
        let mut record = sample("20261125-180000-123abcd", "e2big-blocks", "go1.26.8", "refuted");
        record.switch = Some("GODEBUG=netdns=go+2".to_owned());
        record.persona = Some("seccomp=docker, nofile=64".to_owned());
        let check = |set: &dyn Fn(&mut Filter, String), fits: &str, fails: &str| {
            for (text, expect) in [(fits, true), (fails, false)] {
                let mut filter = Filter::default();
                set(&mut filter, text.to_owned());
                assert_eq!(filter.lets_through(&record), expect, "{filter:?}");
                // One that does not hold is enough.
                filter.host = Some("beta".to_owned());
                assert!(!filter.lets_through(&record), "{filter:?}");
            }
        };
        check(&|filter, text| filter.scenario = Some(text), "e2*", "e2");
        check(&|filter, text| filter.go = Some(text), "1.26", "1.2");
        check(&|filter, text| filter.switch = Some(text), "netdns", "gctrace");
        check(&|filter, text| filter.persona = Some(text), "nofile", "kernel");
        check(&|filter, text| filter.verdict = Some(text), "refuted", "refute");
        check(&|filter, text| filter.kernel = Some(text), "6.18", "6.1.");
        check(&|filter, text| filter.campaign = Some(text), "20261125", "20261126");
        check(&|filter, text| filter.since_unix_ms = text.parse().ok(), "1795204923000", "1795204923001");
        let host = |host: &str| Filter { host: Some(host.to_owned()), ..Filter::default() };
        assert!(host("alpha").lets_through(&record) && !host("alph").lets_through(&record));
        assert!(Filter::default().lets_through(&record));
    }

    #[test]
    fn a_slip_in_a_name_is_told() {
        let records = [sample("a", "e2big-blocks", "go1.26.8", "refuted")];
        let check = |filter: Filter, expect: Option<&str>| {
            assert_eq!(filter.suggestion(&records).as_deref(), expect, "{filter:?}");
        };
        let scenario = |text: &str| Filter { scenario: Some(text.to_owned()), ..Filter::default() };
        check(scenario("e2big-block"), Some("did you mean --scenario e2big-blocks?"));
        check(scenario("something-else"), None);
        check(scenario("e2big-blocks"), None);
        check(
            Filter { host: Some("alhpa".to_owned()), ..Filter::default() },
            Some("did you mean --host alpha?"),
        );
    }
}
