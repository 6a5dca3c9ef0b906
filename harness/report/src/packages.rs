//! What became of packages and their tests, and what they printed that could matter.

use crate::cause::{Cause, ErrorNames, Line, is_go_tests_own};
use crate::text::clip;
use model::TestResult;
use std::collections::BTreeMap;

/// One test or subtest, as go test reported it.
#[derive(Debug, Default)]
pub(crate) struct Test {
    /// None while it runs, and for good if it never came to a result.
    pub(crate) result: Option<TestResult>,
    /// What go test says it took, in seconds.
    pub(crate) elapsed_s: Option<f64>,
    /// The first line in which it said why it failed.
    pub(crate) message: Option<String>,
    /// The last line it printed at all.
    pub(crate) last_line: Option<String>,
}

/// One package under test; also the command itself, for what belongs to no package.
#[derive(Debug, Default)]
pub(crate) struct Package {
    /// The package's own result.
    pub(crate) result: Option<TestResult>,
    /// The result came after duress had ended the run, so it says nothing about the target.
    pub(crate) is_result_ours: bool,
    /// Its tests, by name; subtests follow their parents.
    pub(crate) tests: BTreeMap<String, Test>,
    /// The best reason among its lines.
    pub(crate) cause: Cause,
    /// go test's line about its exit status.
    pub(crate) exit: Option<String>,
}

impl Package {
    /// Whether a test has subtests.
    pub(crate) fn is_parent(&self, test: &str) -> bool {
        self.subtests(test).next().is_some()
    }

    /// Whether a subtest failed or got lost, which explains that its parent did.
    pub(crate) fn is_explained_by_subtest(&self, test: &str) -> bool {
        self.subtests(test).any(|subtest| match subtest.result {
            Some(TestResult::Pass | TestResult::Skip) => false,
            Some(TestResult::Fail) | None => true,
        })
    }

    /// Tests without a result that no lost subtest explains. Benchmarks are left out: go test announces them and never
    /// reports their end unless they fail (Go 1.26, `cmd/internal/test2json`).
    pub(crate) fn lost(&self) -> impl Iterator<Item = &str> {
        let is_lost = |(name, test): &(&String, &Test)| {
            test.result.is_none() && !name.starts_with("Benchmark") && !self.is_explained_by_subtest(name)
        };
        self.tests.iter().filter(is_lost).map(|(name, _)| name.as_str())
    }

    fn subtests(&self, test: &str) -> impl Iterator<Item = &Test> {
        let prefix = format!("{test}/");
        self.tests
            .range(prefix.clone()..)
            .take_while(move |(name, _)| name.starts_with(&prefix))
            .map(|(_, test)| test)
    }
}

/// All packages, folded.
#[derive(Debug, Default)]
pub(crate) struct Packages {
    /// By import path.
    pub(crate) named: BTreeMap<String, Package>,
    /// Everything that belongs to no package.
    pub(crate) command: Package,
}

impl Packages {
    fn of(&mut self, package: &str) -> &mut Package {
        if !self.named.contains_key(package) {
            self.named.insert(package.to_owned(), Package::default());
        }
        self.named.get_mut(package).expect("it is there or was just inserted")
    }

    /// A test began. With `-count` it may have a result already: one that was good gives way to the new try.
    pub(crate) fn started(&mut self, package: &str, test: &str) {
        let test = self.of(package).tests.entry(test.to_owned()).or_default();
        if test.result != Some(TestResult::Fail) {
            test.result = None;
        }
    }

    /// A test, or a whole package, came to a result.
    pub(crate) fn ended(&mut self, package: &str, test: Option<&str>, result: TestResult, elapsed_s: f64) {
        let Some(test) = test else {
            self.of(package).result = Some(result);
            return;
        };
        let test = self.of(package).tests.entry(test.to_owned()).or_default();
        if test.result != Some(TestResult::Fail) {
            test.result = Some(result);
            test.elapsed_s = Some(elapsed_s);
        }
        if test.result != Some(TestResult::Fail) {
            // Its words are evidence of nothing, and there may be very many tests.
            test.message = None;
            test.last_line = None;
        }
    }

    /// The package's result is a consequence of what duress did.
    pub(crate) fn result_is_ours(&mut self, package: &str) {
        self.of(package).is_result_ours = true;
    }

    /// A failed test said why.
    pub(crate) fn message(&mut self, package: Option<&str>, test: Option<&str>, line: &str) {
        if let Some(test) =
            package.zip(test).and_then(|(package, test)| self.named.get_mut(package)?.tests.get_mut(test))
        {
            test.message.get_or_insert_with(|| clip(line));
        }
    }

    /// Looks at a line of output; says nothing about lines of go test itself.
    pub(crate) fn look(
        &mut self,
        package: Option<&str>,
        test: Option<&str>,
        line: &str,
        searched: &Line,
        errors: &[ErrorNames],
    ) {
        let package = match package {
            Some(package) => self.of(package),
            None => &mut self.command,
        };
        if is_go_tests_own(line) {
            if line.trim_start().starts_with("exit status") {
                package.exit = Some(clip(line));
            }
            return;
        }
        package.cause.look(line, searched, errors);
        if let Some(test) = test.and_then(|test| package.tests.get_mut(test)) {
            test.last_line = Some(clip(line.trim()));
        }
    }
}
