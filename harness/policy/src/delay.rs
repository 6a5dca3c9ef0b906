//! How long a caller is held: a fixed time, or one drawn from a distribution.

use crate::piece::Piece;
use crate::seed::Stream;
use crate::{fields, render};
use model::{Diagnostic, nearest};
use std::fmt;
use std::time::Duration;

/// The longest delay: longer ones are taken for a slip of the unit when written, and cut off when drawn.
pub(crate) const LONGEST: Duration = Duration::from_secs(3600);

/// A length of time, drawn anew for every call that is hit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Delay {
    /// Always the same.
    Fixed(Duration),
    /// Anything between two lengths, equally likely.
    Uniform(Duration, Duration),
    /// Memoryless, with this mean: how long one waits for an event that comes at random.
    Exponential(Duration),
    /// Most near the median, some much longer: its logarithm is normal, with this deviation. What queues and disks do.
    LogNormal(Duration, f64),
    /// At least so long, with a heavy tail: the smaller the shape, the heavier. What garbage collection and retries do.
    Pareto(Duration, f64),
}

/// What can be written, for messages.
const FORMS: &str = "write a time such as `5ms`, or `uniform(1ms,9ms)`, `exponential(MEAN)`, `lognormal(MEDIAN,SIGMA)` or `pareto(MIN,SHAPE)`";

impl Delay {
    /// Reads `5ms` or `pareto(1ms,1.5)`.
    pub(crate) fn read(piece: &Piece<'_>) -> Result<Delay, Diagnostic> {
        let Some((word, rest)) = piece.split_once("(") else {
            return fields::duration(piece).map(Delay::Fixed);
        };
        let word = word.trim();
        let names = ["uniform", "exponential", "lognormal", "pareto"];
        if !names.contains(&word.text()) {
            let mistake = word.error(format!("`{}` is not a distribution", word.shown()));
            return Err(match nearest(word.text(), names) {
                Some(name) => mistake.help(format!("did you mean `{name}`? {FORMS}")),
                None => mistake.help(FORMS),
            });
        }
        let Some(inner) = rest.strip_suffix(")") else {
            return Err(piece.error("the parenthesis is not closed").help(FORMS));
        };
        let parts: Vec<Piece<'_>> = inner.split(',').iter().map(Piece::trim).collect();
        let count =
            || Err(piece.error(format!("`{}` takes another number of values", word.text())).help(FORMS));
        match (word.text(), &parts[..]) {
            ("uniform", [from, to]) => {
                let (low, high) = (fields::duration(from)?, fields::duration(to)?);
                if high < low {
                    return Err(to
                        .error("the range ends before it begins")
                        .help("write the shorter time first"));
                }
                Ok(Delay::Uniform(low, high))
            }
            ("exponential", [mean]) => fields::duration(mean).map(Delay::Exponential),
            ("lognormal", [median, sigma]) => Ok(Delay::LogNormal(fields::duration(median)?, shape(sigma)?)),
            ("pareto", [least, alpha]) => Ok(Delay::Pareto(fields::duration(least)?, shape(alpha)?)),
            _ => count(),
        }
    }

    /// The length for the stream's `n`-th call.
    pub(crate) fn draw(self, stream: Stream, n: u64) -> Duration {
        // Two numbers of one stream for each call; the normal distribution needs both.
        let [a, b] = [stream.unit(2 * n), stream.unit(2 * n + 1)];
        let seconds = |duration: Duration| duration.as_secs_f64();
        let drawn = match self {
            Delay::Fixed(length) => return length,
            Delay::Uniform(low, high) => seconds(low) + (seconds(high) - seconds(low)) * a,
            Delay::Exponential(mean) => -seconds(mean) * (1.0 - a).ln(),
            // Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958.
            Delay::LogNormal(median, sigma) => {
                let normal = (-2.0 * (1.0 - a).ln()).sqrt() * (std::f64::consts::TAU * b).cos();
                seconds(median) * (sigma * normal).exp()
            }
            Delay::Pareto(least, alpha) => seconds(least) / (1.0 - a).powf(1.0 / alpha),
        };
        Duration::try_from_secs_f64(drawn).unwrap_or(LONGEST).min(LONGEST)
    }
}

/// A positive number without a unit.
fn shape(piece: &Piece<'_>) -> Result<f64, Diagnostic> {
    let plain = piece.text().bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    piece.text().parse().ok().filter(|number: &f64| plain && *number > 0.0 && *number <= 100.0).ok_or_else(
        || {
            piece
                .error(format!("`{}` is not a shape", piece.shown()))
                .help("write a number above 0, such as `1.5`")
        },
    )
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = render::duration;
        match self {
            Delay::Fixed(length) => f.write_str(&time(*length)),
            Delay::Uniform(low, high) => write!(f, "uniform({},{})", time(*low), time(*high)),
            Delay::Exponential(mean) => write!(f, "exponential({})", time(*mean)),
            Delay::LogNormal(median, sigma) => write!(f, "lognormal({},{sigma})", time(*median)),
            Delay::Pareto(least, alpha) => write!(f, "pareto({},{alpha})", time(*least)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Source;
    use std::sync::Arc;

    fn read(text: &str) -> Result<Delay, String> {
        let source = Arc::new(Source { name: "-e".into(), text: text.into() });
        Delay::read(&Piece::of(&source, 0..text.len())).map_err(|mistake| {
            assert!(mistake.help.is_some());
            mistake.message
        })
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in ["5ms", "uniform(1ms,9ms)", "exponential(250us)", "lognormal(2ms,0.5)", "pareto(1ms,1.5)"]
        {
            assert_eq!(read(text).map(|delay| delay.to_string()), Ok(text.to_owned()));
        }
        for (text, message) in [
            ("normal(1ms,2)", "`normal` is not a distribution"),
            ("uniform(9ms,1ms)", "the range ends before it begins"),
            ("uniform(9ms)", "`uniform` takes another number of values"),
            ("pareto(1ms,0)", "`0` is not a shape"),
            ("pareto(1ms,inf)", "`inf` is not a shape"),
            ("pareto(1ms,1.5", "the parenthesis is not closed"),
            ("exponential(x)", "`x` is not a delay"),
        ] {
            assert_eq!(read(text), Err(message.to_owned()));
        }
    }

    #[test]
    fn draws_have_the_median_of_their_distribution() {
        let stream = Stream::new(3, "s", "r");
        for (text, median_us) in [
            ("uniform(2ms,8ms)", 5000.0),
            // ln 2 of the mean.
            ("exponential(10ms)", 6931.0),
            ("lognormal(4ms,0.7)", 4000.0),
            // 2^(1/shape) of the least.
            ("pareto(1ms,2)", 1414.0),
        ] {
            let delay = read(text).unwrap();
            let mut draws: Vec<f64> = (1..=4001).map(|n| delay.draw(stream, n).as_secs_f64() * 1e6).collect();
            draws.sort_by(f64::total_cmp);
            assert!((draws[2000] / median_us - 1.0).abs() < 0.06, "{text}: {}", draws[2000]);
            assert!(draws[4000] > draws[2000] * 1.5, "{text}: {}", draws[4000]);
            assert_eq!(delay.draw(stream, 7), delay.draw(stream, 7));
        }
        assert_eq!(Delay::Pareto(Duration::from_secs(3000), 0.01).draw(stream, 1).max(LONGEST), LONGEST);
    }
}
