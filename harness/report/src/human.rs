//! The summary as a person reads it, below the target's own output.

use crate::paint::{BAD, BOLD, DIM, DOUBT, GOOD, style_of};
use crate::place;
use crate::text::{clip, command_line, count, plain};
use crate::{CaseResult, Color, Faults, Finding, RuleCount, Summary, Verdict};

/// How wide the head line is, in columns.
const WIDTH: usize = 78;
/// How many faults are shown one by one.
const FIRED: usize = 10;
/// How many findings are told.
const FINDINGS: usize = 20;

/// Draws a summary: what was run, what fired, what was found, how to see it again.
pub fn draw(summary: &Summary, color: Color) -> String {
    let mut drawing = Drawing { summary, color, text: String::new() };
    drawing.head();
    drawing.rules();
    drawing.calls();
    drawing.fired();
    drawing.findings();
    drawing.tests();
    drawing.foot();
    drawing.text
}

struct Drawing<'a> {
    summary: &'a Summary,
    color: Color,
    text: String,
}

impl Drawing<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// A line that says what to make of the run, in the column of the head.
    fn remark(&mut self, line: &str) {
        self.line(&format!("            {line}"));
    }

    fn help(&mut self, line: &str) {
        let help = self.color.paint(BOLD, "help:");
        self.remark(&format!("{help} {line}"));
    }

    fn head(&mut self) {
        let (summary, header) = (self.summary, &self.summary.header);
        let title = "── duress ";
        let rule = format!("{title}{}", "─".repeat(WIDTH - title.chars().count()));
        self.line(&self.color.paint(DIM, &rule));

        let verdict = self.color.paint(style_of(summary.verdict), &format!("{:<10}", summary.verdict));
        let command = command_line(&header.command);
        let run = format!("run {}", plain(&header.run.0));
        // The verdict takes a margin, ten columns and a space.
        let gap = WIDTH.saturating_sub(12 + command.chars().count() + run.chars().count()).max(2);
        let run = self.color.paint(DIM, &run);
        self.line(&format!(" {verdict} {command}{}{run}", " ".repeat(gap)));

        let faults = &summary.faults;
        let mut about = vec![format!(
            "{} fired in {}",
            count(faults.fired, "fault"),
            count(faults.matched, "matched call")
        )];
        about.push(format!("seed {}", header.seed));
        about.extend(header.go.as_deref().map(plain));
        about.push(format!("kernel {}", plain(&header.kernel)));
        about.push(format!("{:.2} s", summary.wall.as_secs_f64()));
        self.remark(&about.join(", "));
        if let Some(origin) = &header.replay_of {
            self.remark(&format!("a replay of {}", plain(&origin.0)));
        }
        if !header.personas.is_empty() {
            self.remark(&format!("on a host that is {}", plain(&header.personas.join(", "))));
        }
        self.how_it_ended();
        self.what_it_is_worth();
    }

    fn how_it_ended(&mut self) {
        let summary = self.summary;
        if let Some(signal) = summary.interrupted {
            self.remark(&format!("interrupted by signal {signal}: this is what was known by then"));
        }
        if let Some(reason) = &summary.aborted {
            let aborted = self.color.paint(BAD, "aborted:");
            self.remark(&format!("{aborted} {}", plain(reason)));
        }
        if !summary.is_complete {
            self.remark(&format!("cut short: the record ends at {:.3} s", summary.wall.as_secs_f64()));
        }
        for damage in summary.damage.iter().take(3) {
            self.remark(&format!("the journal is damaged {}", plain(&damage.to_string())));
        }
        if summary.damage.len() > 3 {
            self.remark(&format!("… and in {}", count(summary.damage.len() as u64 - 3, "more place")));
        }
        if summary.stragglers > 0 {
            let left = if summary.stragglers == 1 {
                "1 process"
            } else {
                &format!("{} processes", summary.stragglers)
            };
            self.remark(&format!("{left} left behind by the command, and ended"));
        }
    }

    fn what_it_is_worth(&mut self) {
        let summary = self.summary;
        let is_quiet = summary.rules.iter().any(|rule| rule.is_quiet);
        if is_quiet {
            self.remark("what quiet rules did is not counted: the kernel answers alone");
        }
        if summary.rules.iter().any(|rule| rule.is_quiet && rule.persona.is_some()) {
            self.help("--count-denials has them counted, and told with their call paths");
        }
        if summary.verdict.is_finding()
            && summary.faults.fired == 0
            && !is_quiet
            && summary.header.personas.is_empty()
        {
            self.remark("no fault had fired: these findings are the target's own");
        }
        if summary.verdict == Verdict::Vacuous {
            self.remark("no fault fired: this run says nothing about the target under faults");
            for rule in summary.rules.iter().filter(|rule| rule.persona.is_none()) {
                self.help(&format!("{}: {}", plain(&rule.name), why_it_did_not_fire(rule)));
            }
        }
    }

    /// What became of the calls that an emulated host answers: a line for each persona, for some have very many rules.
    fn personas(&mut self) {
        let mut personas: Vec<(&str, usize, usize, Faults)> = Vec::new();
        for rule in &self.summary.rules {
            let Some(persona) = &rule.persona else { continue };
            let place = personas.iter().position(|(known, ..)| known == persona).unwrap_or(personas.len());
            if place == personas.len() {
                personas.push((persona, 0, 0, Faults::default()));
            }
            let (_, rules, quiet, faults) = &mut personas[place];
            *rules += 1;
            *quiet += usize::from(rule.is_quiet);
            faults.matched += rule.faults.matched;
            faults.fired += rule.faults.fired;
        }
        if personas.is_empty() {
            return;
        }
        self.line("");
        for (persona, rules, quiet, faults) in personas {
            let counted = if quiet == rules {
                String::new()
            } else {
                format!(", matched {} fired {}", faults.matched, faults.fired)
            };
            let alone = if quiet == 0 {
                String::new()
            } else {
                format!(", {quiet} in the kernel's filter and not counted")
            };
            let rules = count(rules as u64, "rule");
            self.line(&format!(" persona {}: {rules}{alone}{counted}", plain(persona)));
        }
    }

    fn rules(&mut self) {
        let rules: Vec<&RuleCount> =
            self.summary.rules.iter().filter(|rule| rule.persona.is_none()).collect();
        self.personas();
        if rules.is_empty() {
            return;
        }
        self.line("");
        let names: Vec<String> = rules.iter().map(|rule| plain(&rule.name)).collect();
        let specs: Vec<String> = rules.iter().map(|rule| plain(&rule.spec)).collect();
        let widest =
            |texts: &[String]| texts.iter().map(|text| text.chars().count()).max().unwrap_or(0).min(60);
        let (name_width, spec_width) = (widest(&names), widest(&specs));
        let digits = |of: fn(&RuleCount) -> u64| {
            rules.iter().map(|rule| of(rule).to_string().len()).max().unwrap_or(0)
        };
        let matched_width = digits(|rule| rule.faults.matched);
        let fired_width = digits(|rule| rule.faults.fired);
        for ((rule, name), spec) in rules.iter().copied().zip(names).zip(specs) {
            let faults = &rule.faults;
            if rule.is_quiet {
                self.line(&format!(" {name:<name_width$}  {spec:<spec_width$}  quiet: not counted"));
                continue;
            }
            let mut missed = Vec::new();
            if faults.vanished > 0 {
                missed.push(format!("vanished {}", faults.vanished));
            }
            if faults.undelivered > 0 {
                missed.push(format!("undelivered {}", faults.undelivered));
            }
            let missed = if missed.is_empty() { String::new() } else { format!("  ({})", missed.join(", ")) };
            self.line(&format!(
                " {name:<name_width$}  {spec:<spec_width$}  matched {:>matched_width$}  fired {:>fired_width$}{missed}",
                faults.matched, faults.fired,
            ));
        }
    }

    fn calls(&mut self) {
        if self.summary.header.watch.is_empty() {
            return;
        }
        self.line("");
        let mut calls: Vec<(&String, &u64)> = self.summary.calls.iter().collect();
        calls.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let never = self.summary.header.watch.iter().filter(|name| !self.summary.calls.contains_key(*name));
        let never: Vec<String> = never.map(|name| plain(name)).collect();
        let seen: Vec<String> =
            calls.iter().map(|(name, count)| format!("{} {count}", plain(name))).collect();
        let seen = if seen.is_empty() { "none".to_owned() } else { seen.join(", ") };
        self.line(&format!(" calls: {seen}"));
        if !never.is_empty() {
            self.line(&format!(" never called: {}", never.join(", ")));
        }
    }

    fn fired(&mut self) {
        let summary = self.summary;
        if summary.fired.is_empty() {
            return;
        }
        self.line("");
        let widest = |of: &dyn Fn(&crate::Fired) -> String| {
            summary.fired.iter().take(FIRED).map(|fired| of(fired).chars().count()).max().unwrap_or(0)
        };
        let call_width = widest(&|fired| fired.sysno.to_string());
        let outcome_width = widest(&|fired| fired.outcome.clone());
        let seq_width = widest(&|fired| fired.seq.to_string());
        // With several packages, a number of a call means nothing without saying whose.
        let of = |fired: &crate::Fired| {
            let of = summary.subjects.iter().find(|subject| subject.subject == fired.subject);
            let of = of.filter(|_| summary.subjects.len() > 1);
            of.map_or(String::new(), |subject| format!("  {}", plain(&subject.key)))
        };
        for fired in summary.fired.iter().take(FIRED) {
            let pid = fired.pid.map_or(String::new(), |pid| format!("pid {pid} "));
            self.line(&format!(
                " {:>9.3} s  call {:<seq_width$}  {:<call_width$}  {:<outcome_width$}  {pid}tid {}  {}{}",
                fired.at.as_duration().as_secs_f64(),
                fired.seq.to_string(),
                fired.sysno.to_string(),
                fired.outcome,
                fired.tid,
                plain(&fired.rule),
                of(fired),
            ));
            if let Some(caller) = &fired.caller {
                let caller = plain(&clip(&place::caller(caller, &summary.header.cwd)));
                self.line(&format!("              {}", self.color.paint(BOLD, &caller)));
            }
        }
        let more = summary.fired.len().saturating_sub(FIRED) as u64 + summary.fired_omitted;
        self.more(more);
    }

    fn more(&mut self, more: u64) {
        if more > 0 {
            let run = plain(&self.summary.header.run.0);
            self.line(&format!(" … and {more} more: duress show {run} --format json"));
        }
    }

    fn findings(&mut self) {
        for (at, finding) in self.summary.findings.iter().take(FINDINGS).enumerate() {
            self.line("");
            self.finding(at + 1, finding);
        }
        let more =
            self.summary.findings.len().saturating_sub(FINDINGS) as u64 + self.summary.findings_omitted;
        self.more(more);
    }

    fn finding(&mut self, number: usize, finding: &Finding) {
        let kind = self.color.paint(BAD, &finding.kind.to_string());
        let place: Vec<String> =
            [&finding.package, &finding.test].into_iter().flatten().map(|p| plain(p)).collect();
        let place = if place.is_empty() { String::new() } else { format!(" in {}", place.join(" ")) };
        self.line(&format!(" finding {number}: {kind}{place}"));
        self.line(&format!("   {}", plain(&finding.message)));
        for line in finding.evidence.lines() {
            let line = self.color.paint(BOLD, &plain(line));
            self.line(&format!("   | {line}"));
        }
        if !finding.met_by.is_empty() {
            self.line(&format!("   met by {}", plain(&clip(&finding.met_by.join(", ")))));
        }
        self.line(&format!("   reproduce: {}", plain(&finding.repro)));
    }

    fn tests(&mut self) {
        let summary = self.summary;
        let total = |result| summary.tests.iter().filter(|test| test.result == result).count() as u64;
        let mut counts = Vec::new();
        for (result, word, style) in [
            (CaseResult::Pass, "passed", GOOD),
            (CaseResult::Fail, "failed", BAD),
            (CaseResult::Skip, "skipped", DOUBT),
            (CaseResult::Crash, "crashed", BAD),
            (CaseResult::Hang, "hung", BAD),
        ] {
            if total(result) > 0 {
                counts.push(self.color.paint(style, &format!("{} {word}", total(result))));
            }
        }
        if summary.tests_unfinished > 0 {
            counts.push(format!("{} unfinished", summary.tests_unfinished));
        }
        self.line("");
        if !counts.is_empty() {
            self.line(&format!(" tests: {}", counts.join(", ")));
        }
        let skipped = total(CaseResult::Skip);
        if skipped > 0 && summary.faults.fired > 0 {
            self.skips(skipped);
        }
    }

    fn skips(&mut self, skipped: u64) {
        let were = if skipped == 1 { "1 test was" } else { &format!("{skipped} tests were") };
        // Go 1.26, internal/testenv/testenv_unix.go, syscallIsNotSupported; ENOSYS by way of errors.ErrUnsupported.
        const SKIPPING: [&str; 4] = ["EPERM", "EROFS", "EINVAL", "ENOSYS"];
        let fired = self
            .summary
            .header
            .rules
            .iter()
            .zip(&self.summary.rules)
            .filter(|(_, rule)| rule.faults.fired > 0);
        let is_suspect =
            fired.flat_map(|(head, _)| &head.errors).any(|(name, _)| SKIPPING.contains(&name.as_str()));
        self.line(&format!(" {were} skipped while faults fired: check that they skip without faults too"));
        if is_suspect {
            self.line("   (an injected EPERM, EROFS, EINVAL or ENOSYS makes Go's internal/testenv skip)");
        }
    }

    fn foot(&mut self) {
        let has_dump =
            self.summary.is_timed_out && self.summary.subjects.iter().any(|subject| subject.go.is_some());
        if has_dump {
            let dump = plain(&self.summary.dir.join("goroutines.txt").display().to_string());
            self.line(&format!(" goroutines: {dump}"));
        }
        let journal = plain(&self.summary.journal().display().to_string());
        self.line(&self.color.paint(DIM, &format!(" journal: {journal}")));
    }
}

/// Why a rule that never fired did not, as far as its counts and its one-line form tell.
fn why_it_did_not_fire(rule: &RuleCount) -> String {
    let faults = &rule.faults;
    let key = |key: &str| rule.spec.split(':').find_map(|part| part.strip_prefix(key));
    let first = key("when=").map(|when| when.split(|c: char| !c.is_ascii_digit()).next().unwrap_or(""));
    let first = first.and_then(|number| number.parse::<u64>().ok());
    let missed = faults.vanished + faults.undelivered;
    let matched = count(faults.matched, "call");
    match first {
        _ if faults.matched == 0 => "its calls never happened (matched 0)".to_owned(),
        _ if missed > 0 => {
            format!("matched {matched}, and none of the {} reached its caller", count(missed, "fault"))
        }
        Some(first) if first > 1 && rule.counts_by_site => {
            format!(
                "`when` counts by test and place, and no place was reached {first} times: matched {matched} in all"
            )
        }
        Some(first) if first > faults.matched => {
            format!("`when` was never reached: matched {} < {first}", faults.matched)
        }
        Some(_) | None if key("rate=").is_some() => {
            format!("matched {matched}, and its rate picked none of them: raise it, or try another seed")
        }
        Some(_) | None => format!("matched {matched}, and none was to be hit"),
    }
}
