//! Waiting for what another process does.

use std::thread;
use std::time::Duration;

/// Waits at most half a minute until this holds.
///
/// # Panics
/// Where it waited in vain.
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("waited in vain until {what}");
}
