//! The only place that reads clocks.

use model::{Civil, Nanos};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Time since the run began; one zero for everything that is written down.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    zero: Instant,
}

impl Clock {
    /// A clock that starts now.
    #[expect(clippy::disallowed_methods, reason = "this is the place for it")]
    pub(crate) fn start() -> Clock {
        Clock { zero: Instant::now() }
    }

    /// Nanoseconds since it started. Fits for 584 years.
    pub(crate) fn now(&self) -> Nanos {
        Nanos(u64::try_from(self.zero.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }
}

/// Milliseconds since 1970 UTC, for the journal's header and the run's name.
#[expect(clippy::disallowed_methods, reason = "this is the place for it")]
pub(crate) fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A moment as `20261120-200512` (UTC), for names that sort by time.
pub(crate) fn stamp(unix_ms: u64) -> String {
    let Civil { year, month, day, hour, minute, second } = Civil::from_unix_ms(unix_ms);
    format!("{year:04}{month:02}{day:02}-{hour:02}{minute:02}{second:02}")
}

#[cfg(test)]
mod tests {
    use super::stamp;

    #[test]
    fn stamps_sort_by_time() {
        assert_eq!(stamp(0), "19700101-000000");
        assert_eq!(stamp(1_795_204_923_000), "20261120-200203");
    }
}
