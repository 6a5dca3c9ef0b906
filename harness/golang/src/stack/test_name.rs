//! Which test a goroutine belongs to.
//!
//! # Go
//! testing/testing.go: a test's goroutine runs `tRunner(t, f)` (a fuzz test's `fRunner`), started by a function of package
//! testing; `t` begins with a `common`, which has the name.

use super::goroutine::G;
use super::memory::{Memory, Words, word_at};
use super::program::View;
use model::Site;

/// How much of the upper end of a stack is looked at: the frames of the function that was started and of `tRunner`.
const TOP: usize = 256;

/// The longest name of a test, in bytes.
const LONGEST: u64 = 4096;

/// What names of tests begin with.
const KINDS: [&str; 4] = ["Test", "Benchmark", "Fuzz", "Example"];

/// The name that the test runner gave the test whose goroutine this is.
///
/// The function that was started calls `tRunner`; above the return address is the place where `tRunner` may keep its first
/// argument, and does. Other goroutines' stacks may still hold what a test's goroutine left there before them.
pub(crate) fn of_runner(view: &View<'_>, g: &G, memory: &mut dyn Memory) -> Option<String> {
    let runner = view.function_name(g.startpc).filter(|name| name.starts_with(b"testing."))?;
    // `(*B).RunParallel` starts goroutines that run the benchmark's function, and nothing of the runner's.
    if runner.starts_with(b"testing.(*B).RunParallel.") {
        return None;
    }
    let stack = &g.stack;
    let start = stack.high.checked_sub(TOP as u64)?.max(stack.low);
    let mut bytes = [0; TOP];
    let size = usize::try_from(stack.high.checked_sub(start)?).ok()?.min(bytes.len());
    let got = memory.read(start, &mut bytes[..size]);
    (0..got / 8).rev().find_map(|index| {
        let back = word_at(&bytes[..got], index * 8)?;
        let argument = word_at(&bytes[..got], index * 8 + 8)?;
        if view.function_name(back)? != runner {
            return None;
        }
        name(argument, view.image.layout.test_name, memory)
    })
}

/// The name in a test's `common`, if it is one.
fn name(test: u64, offset: u64, memory: &mut dyn Memory) -> Option<String> {
    let [text, length] = memory.words(test.checked_add(offset)?)?;
    if !(4..=LONGEST).contains(&length) {
        return None;
    }
    let mut bytes = vec![0; usize::try_from(length).ok()?];
    if memory.read(text, &mut bytes) < bytes.len() {
        return None;
    }
    let name = String::from_utf8(bytes).ok()?;
    KINDS.iter().any(|kind| name.starts_with(kind)).then_some(name)
}

/// The test that a function is, or is within: `TestServer` for `example.com/x.TestServer.func1` in a file of tests.
pub(crate) fn in_function<'a>(function: &'a str, file: &str) -> Option<&'a str> {
    let name = function.rsplit('/').next().filter(|_| file.ends_with("_test.go"))?;
    let test = name.split('.').nth(1)?;
    let rest = KINDS.iter().find_map(|kind| test.strip_prefix(kind))?;
    // Go takes `Testify` for no test (testing(1), "TestXxx where Xxx does not start with a lowercase letter").
    (!rest.starts_with(char::is_lowercase) && test != "TestMain").then_some(test)
}

/// The test among the functions of a call path, the outermost first.
pub(crate) fn in_site(site: &Site) -> Option<&str> {
    site.frames.iter().rev().find_map(|frame| in_function(&frame.function, &frame.file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_known_by_its_function() {
        let in_function = |function| in_function(function, "/src/x_test.go");
        assert_eq!(in_function("example.com/x.TestServer.func1.2"), Some("TestServer"));
        assert_eq!(in_function("example.com/x_test.FuzzParse"), Some("FuzzParse"));
        assert_eq!(in_function("x.Test"), Some("Test"));
        assert_eq!(super::in_function("x.TestHelper", "/src/x.go"), None);
        for other in
            ["x.TestMain", "x.Testify", "x.(*T).TestX", "testing.tRunner", "example.com/TestX.run", "<C>", ""]
        {
            assert_eq!(in_function(other), None, "{other}");
        }
    }
}
