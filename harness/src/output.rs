//! What a target printed, without what differs between equal runs.

/// A line with its numbers taken out: addresses, times, process and goroutine numbers, lengths.
///
/// What is left is what a reader would call the same line.
pub(crate) fn shape(line: &str) -> String {
    let mut shape = String::with_capacity(line.len());
    let mut rest = line.trim_end();
    while let Some(first) = rest.chars().next() {
        let hex = rest
            .strip_prefix("0x")
            .map(|digits| 2 + digits.bytes().take_while(u8::is_ascii_hexdigit).count());
        let digits = || rest.bytes().take_while(u8::is_ascii_digit).count();
        let taken = match hex {
            Some(taken) if taken > 2 => taken,
            _ => digits(),
        };
        if taken > 0 {
            shape.push('#');
            rest = &rest[taken..];
        } else {
            shape.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    // How long it took is said in whatever unit suits.
    for unit in ["#.#ms", "#.#µs", "#.#s", "#ms", "#µs", "#ns", "#s"] {
        if shape.contains(unit) {
            shape = shape.replace(unit, "#t");
        }
    }
    shape
}

/// The shapes of all lines, sorted: goroutines print in any order.
pub(crate) fn shapes(output: &str) -> Vec<String> {
    let mut shapes: Vec<String> = output.lines().map(shape).filter(|line| !line.is_empty()).collect();
    shapes.sort_unstable();
    shapes.dedup();
    shapes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_runs_look_equal() {
        let one =
            "--- PASS: TestX (0.01s)\ngoroutine 7 [running]:\nat 0xc000012 in /tmp/x123/a\ntook 1.5ms\n";
        let two =
            "goroutine 18 [running]:\n--- PASS: TestX (1.20s)\nat 0xdeadbeef in /tmp/x9/a\ntook 900µs\n";
        assert_eq!(shapes(one), shapes(two));
        assert_ne!(shapes(one), shapes("goroutine 7 [syscall]:\n"));
    }

    #[test]
    fn words_stay() {
        assert_eq!(shape("SIGSEGV: é addr=0x10 pc 12"), "SIGSEGV: é addr=# pc #");
        assert_eq!(shape("0xyz"), "#xyz");
    }
}
