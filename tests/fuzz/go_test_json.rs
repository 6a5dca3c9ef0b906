//! Any lines as the output of `go test -json`, and of a program.
//!
//! `cargo +nightly fuzz run --fuzz-dir tests/fuzz go_test_json`

#![no_main]

use golang::{Console, Event, Recogniser, Style, Version};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let (styles, text) = input.split_first().unwrap_or((&0, &[]));
    let text = String::from_utf8_lossy(text);
    let wants = |bit: u8| styles & 1 << bit != 0;
    let style =
        Style { verbose: wants(0), raw_json: wants(1), passing_output: wants(2), final_fail: wants(3) };
    let (mut console, mut events, mut lines) = (Console::new(style), Recogniser::new(), Recogniser::new());
    for line in text.lines() {
        let event = Event::parse(line);
        console.feed(line, event.as_ref());
        if let Some(event) = &event {
            events.event(event);
        }
        lines.line(line);
        let _ = Version::parse(line).is_known();
    }
    console.finish();
    events.finish();
    lines.finish();
});
