//! The only place that reads clocks.

use model::Nanos;
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
    let (days, seconds) = (unix_ms / 86_400_000, unix_ms / 1000 % 86_400);
    // Days to civil date: H. Hinnant, "chrono-compatible low-level date algorithms", civil_from_days, for dates from
    // 1970 on.
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}{month:02}{day:02}-{hour:02}{minute:02}{second:02}")
}

#[cfg(test)]
mod tests {
    use super::stamp;

    #[test]
    fn stamps_are_civil_dates() {
        // `date -u -d @N +%Y%m%d-%H%M%S`
        assert_eq!(stamp(0), "19700101-000000");
        assert_eq!(stamp(951_782_400_000), "20000229-000000");
        assert_eq!(stamp(1_795_204_923_000), "20261120-200203");
    }
}
