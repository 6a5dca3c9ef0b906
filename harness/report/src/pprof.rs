//! Calls, faults and their latency as a profile that `go tool pprof` reads.
//!
//! Each sample is a call path (the frames that people are shown) with three values, and labels to filter by:
//! `-tagfocus=test=TestSave`, `-tagleaf=syscall`.

mod messages;

use crate::text::plain;
use crate::{Summary, profile};
use flate2::Compression;
use flate2::write::GzEncoder;
use messages::{Function, Label, Line, Location, Profile, Sample, ValueType};
use model::{Frame, SiteNumber};
use prost::Message;
use std::collections::BTreeMap;
use std::io::Write;

/// Draws the profile: a protobuf message, gzipped, as pprof's files are.
pub fn draw(summary: &Summary) -> Vec<u8> {
    let message = Drawing::of(summary).encode_to_vec();
    let mut zipped = GzEncoder::new(Vec::new(), Compression::default());
    let written = zipped.write_all(&message).and_then(|()| zipped.finish());
    written.expect("writing into memory does not fail")
}

/// A profile in the making: what is named once and meant by its number from then on.
#[derive(Debug, Default)]
struct Drawing {
    profile: Profile,
    texts: BTreeMap<String, i64>,
    functions: BTreeMap<(i64, i64), u64>,
    locations: BTreeMap<(u64, u32), u64>,
    /// The locations of a site, the same in all of its samples.
    stacks: BTreeMap<Option<SiteNumber>, Vec<u64>>,
}

impl Drawing {
    fn of(summary: &Summary) -> Profile {
        let mut drawing = Drawing::default();
        // The format wants the empty text first.
        drawing.text("");
        for (kind, unit) in [("calls", "count"), ("faults", "count"), ("delay", "nanoseconds")] {
            let value = ValueType { kind: drawing.text(kind), unit: drawing.text(unit) };
            drawing.profile.sample_type.push(value);
        }
        let has_faults = summary.profile.total().faults > 0;
        drawing.profile.default_sample_type = drawing.text(if has_faults { "faults" } else { "calls" });
        let started = i128::from(summary.header.started_unix_ms) * 1_000_000;
        drawing.profile.time_nanos = i64::try_from(started).unwrap_or_default();
        drawing.profile.duration_nanos = clamp(summary.wall.as_nanos());
        let run = drawing.text(&plain(&format!("duress run {}", summary.header.run)));
        drawing.profile.comment.push(run);
        let subjects: BTreeMap<_, _> =
            summary.subjects.iter().map(|subject| (subject.subject, subject.key.as_str())).collect();
        for sample in summary.profile.samples() {
            let rule = sample.rule.and_then(|rule| summary.rules.get(usize::try_from(rule.0).ok()?));
            let rule = rule.map(|rule| rule.name.as_str());
            drawing.sample(&sample, rule, subjects.get(&sample.subject).copied());
        }
        drawing.profile
    }

    fn sample(&mut self, sample: &profile::Sample<'_>, rule: Option<&str>, subject: Option<&str>) {
        let tally = &sample.tally;
        let value = [u128::from(tally.calls), u128::from(tally.faults), tally.latency.as_nanos()];
        let syscall = sample.sysno.to_string();
        let mut label = Vec::new();
        for (key, text) in
            [("test", sample.test), ("syscall", Some(&*syscall)), ("rule", rule), ("subject", subject)]
        {
            // A label without a text is taken for a number.
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                label.push(Label { key: self.text(key), text: self.text(&plain(text)), number: 0 });
            }
        }
        if let Some(goroutine) = sample.caller.goroutine() {
            let number = clamp(goroutine.id.into());
            label.push(Label { key: self.text("goroutine"), text: 0, number });
        }
        let location_id = self.stack(sample);
        self.profile.sample.push(Sample { location_id, value: value.map(clamp).to_vec(), label });
    }

    /// The locations of a call path, innermost first.
    fn stack(&mut self, sample: &profile::Sample<'_>) -> Vec<u64> {
        if let Some(known) = self.stacks.get(&sample.site) {
            return known.clone();
        }
        let path = sample.caller.path();
        let mut stack: Vec<u64> = path.into_iter().map(|frame| self.location(frame)).collect();
        if stack.is_empty() {
            stack.push(self.line("unknown", "", 0));
        }
        self.stacks.insert(sample.site, stack.clone());
        stack
    }

    fn location(&mut self, frame: &Frame) -> u64 {
        self.line(&plain(&frame.name()), &plain(&frame.file), frame.line)
    }

    fn line(&mut self, name: &str, file: &str, line: u32) -> u64 {
        let (name, filename) = (self.text(name), self.text(file));
        let next = self.profile.function.len() as u64 + 1;
        let function_id = *self.functions.entry((name, filename)).or_insert_with(|| {
            self.profile.function.push(Function { id: next, name, system_name: name, filename });
            next
        });
        let next = self.profile.location.len() as u64 + 1;
        *self.locations.entry((function_id, line)).or_insert_with(|| {
            let line = vec![Line { function_id, line: line.into() }];
            self.profile.location.push(Location { id: next, line });
            next
        })
    }

    fn text(&mut self, text: &str) -> i64 {
        if let Some(known) = self.texts.get(text) {
            return *known;
        }
        let number = clamp(self.profile.string_table.len() as u128);
        self.profile.string_table.push(text.to_owned());
        self.texts.insert(text.to_owned(), number);
        number
    }
}

/// The number, or the greatest that the format has.
fn clamp(number: u128) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
