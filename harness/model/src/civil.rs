//! Moments as dates.

use std::fmt;

/// A moment as date and time of day, UTC. Displayed as `2026-11-20 20:02`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// From 1970 on.
    pub year: u64,
    /// 1 to 12.
    pub month: u64,
    /// 1 to 31.
    pub day: u64,
    /// 0 to 23.
    pub hour: u64,
    /// 0 to 59.
    pub minute: u64,
    /// 0 to 59: POSIX time has no leap seconds.
    pub second: u64,
}

impl Civil {
    /// The date of this many milliseconds since 1970 UTC.
    pub fn from_unix_ms(unix_ms: u64) -> Civil {
        let (days, seconds) = (unix_ms / 86_400_000, unix_ms / 1000 % 86_400);
        // Days to civil date: H. Hinnant, "chrono-compatible low-level date algorithms", civil_from_days, for dates
        // from 1970 on.
        let shifted = days + 719_468;
        let era = shifted / 146_097;
        let day_of_era = shifted % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        Civil {
            year: year_of_era + era * 400 + u64::from(month <= 2),
            month,
            day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
            hour: seconds / 3600,
            minute: seconds / 60 % 60,
            second: seconds % 60,
        }
    }
}

impl fmt::Display for Civil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, minute, .. } = self;
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::Civil;

    #[test]
    fn moments_are_civil_dates() {
        // `date -u -d @N '+%Y-%m-%d %H:%M'`
        let check = |unix_ms, expect: &str| assert_eq!(Civil::from_unix_ms(unix_ms).to_string(), expect);
        check(0, "1970-01-01 00:00");
        check(951_782_400_000, "2000-02-29 00:00");
        check(1_795_204_923_000, "2026-11-20 20:02");
        assert_eq!(Civil::from_unix_ms(1_795_204_923_000).second, 3);
    }
}
