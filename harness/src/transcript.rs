//! The target's output, written down: tests, lines, and the lines that name a cause.

use crate::record::Record;
use crate::relay::Spoken;
use golang::{Action, Event, Finding, Recogniser};
use journal::{Entry, Error, Stream};
use model::TestResult;
use std::borrow::Cow;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// How much output a journal keeps, in bytes. A target that floods its output is not to fill the disk through us.
const KEPT: usize = 64 << 20;

/// Turns output into entries.
#[derive(Debug)]
pub(crate) struct Transcript {
    /// For go test's events, and for standard output of everything else.
    stdout: Recogniser,
    stderr: Recogniser,
    kept: usize,
    /// Where output goes beside the journal once the run has timed out: it is the goroutine dump.
    dump: Option<File>,
    dump_path: PathBuf,
}

impl Transcript {
    pub(crate) fn new(run_dir: &Path) -> Transcript {
        let dump_path = run_dir.join("goroutines.txt");
        Transcript { stdout: Recogniser::new(), stderr: Recogniser::new(), kept: 0, dump: None, dump_path }
    }

    /// From now on, output is also kept in a file of its own.
    pub(crate) fn keep_dump(&mut self) {
        // The journal has it all the same.
        self.dump = File::create(&self.dump_path).ok();
    }

    /// Writes down one piece of output.
    pub(crate) fn hear(&mut self, spoken: &Spoken, record: &mut Record) -> Result<(), Error> {
        match spoken {
            Spoken::Text(stream, text) => {
                self.output(*stream, None, None, text, record)?;
                let recogniser = match stream {
                    Stream::Stdout => &mut self.stdout,
                    Stream::Stderr => &mut self.stderr,
                };
                symptoms(recogniser.line(text.trim_end_matches(['\n', '\r'])), record)
            }
            Spoken::Event(event) => self.event(event, record),
        }
    }

    /// Writes down what was only decided by the end of the output.
    pub(crate) fn finish(&mut self, record: &mut Record) -> Result<(), Error> {
        symptoms(self.stdout.finish(), record)?;
        symptoms(self.stderr.finish(), record)
    }

    fn event(&mut self, event: &Event, record: &mut Record) -> Result<(), Error> {
        let package = event.package.as_deref();
        let test = event.test.as_deref();
        if let Some(text) = &event.output {
            self.output(Stream::Stdout, package, test, text, record)?;
        }
        symptoms(self.stdout.event(event), record)?;
        let result = match event.action {
            Action::Pass => TestResult::Pass,
            Action::Fail => TestResult::Fail,
            Action::Skip => TestResult::Skip,
            Action::Run => {
                return match (package, test) {
                    (Some(package), Some(test)) => {
                        let (package, test) = (Cow::Borrowed(package), Cow::Borrowed(test));
                        record.put(&Entry::TestStarted { package, test, at: record.now() })
                    }
                    _ => Ok(()),
                };
            }
            Action::Start
            | Action::Pause
            | Action::Cont
            | Action::Bench
            | Action::Output
            | Action::BuildOutput
            | Action::BuildFail
            | Action::Other(_) => return Ok(()),
        };
        let Some(package) = package else { return Ok(()) };
        record.put(&Entry::Test {
            package: Cow::Borrowed(package),
            test: test.map(Cow::Borrowed),
            result,
            elapsed_s: event.elapsed_s.unwrap_or(0.0),
            at: record.now(),
        })
    }

    fn output(
        &mut self,
        stream: Stream,
        package: Option<&str>,
        test: Option<&str>,
        text: &str,
        record: &mut Record,
    ) -> Result<(), Error> {
        if let Some(dump) = &mut self.dump {
            let _ = dump.write_all(text.as_bytes());
        }
        let before = self.kept;
        self.kept = self.kept.saturating_add(text.len());
        if self.kept <= KEPT {
            record.put(&Entry::Output {
                stream,
                package: package.map(Cow::Borrowed),
                test: test.map(Cow::Borrowed),
                text: Cow::Borrowed(text),
                at: record.now(),
            })?;
        } else if before <= KEPT {
            let text = Cow::Borrowed("[duress: output beyond 64 MiB is not recorded]\n");
            record.put(&Entry::Output { stream, package: None, test: None, text, at: record.now() })?;
        }
        Ok(())
    }
}

fn symptoms(found: Vec<Finding>, record: &mut Record) -> Result<(), Error> {
    for found in found {
        record.put(&Entry::Symptom {
            symptom: found.symptom,
            package: found.package.map(Cow::Owned),
            test: found.test.map(Cow::Owned),
            line: Cow::Owned(found.line),
            at: record.now(),
        })?;
    }
    Ok(())
}
