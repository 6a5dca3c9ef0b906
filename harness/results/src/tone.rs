//! How a verdict is to be taken, for its colour; the word always stands beside it.

use anstyle::{AnsiColor, Style};

/// How a verdict is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// What was documented happens: a crash, a switch that brings out a failure.
    Bad,
    /// Something cannot go on at all.
    Fatal,
    /// It deserves a second look.
    Doubt,
    /// It does not happen.
    Good,
    /// It says nothing.
    Quiet,
}

impl Tone {
    /// How this verdict is to be taken; a word that we do not know says nothing to us.
    pub(crate) fn of(verdict: &str) -> Tone {
        match verdict {
            "reproduced" | "exposes" => Tone::Bad,
            "fatal" => Tone::Fatal,
            "partly" | "changes" => Tone::Doubt,
            "refuted" => Tone::Good,
            _ => Tone::Quiet,
        }
    }

    /// The name of its class in a page.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Tone::Bad => "bad",
            Tone::Fatal => "fatal",
            Tone::Doubt => "doubt",
            Tone::Good => "good",
            Tone::Quiet => "quiet",
        }
    }

    /// Its style on a terminal.
    pub(crate) fn style(self) -> Style {
        match self {
            Tone::Bad => AnsiColor::Red.on_default().bold(),
            Tone::Fatal => AnsiColor::Magenta.on_default().bold(),
            Tone::Doubt => AnsiColor::Yellow.on_default().bold(),
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Quiet => Style::new().dimmed(),
        }
    }
}

/// What each verdict that we know means, for the legend.
pub(crate) fn meaning(verdict: &str) -> &'static str {
    match verdict {
        "reproduced" => "what is documented happens",
        "refuted" => "it does not happen",
        "partly" => "some of it happens",
        "skipped" => "not tried here",
        "exposes" => "with the switch on, something fails",
        "changes" => "with it, the result is another one",
        "inert" => "it makes no difference",
        "unknown" => "the program does not know the switch",
        "fatal" => "with it, nothing starts",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VERDICTS;

    #[test]
    fn every_verdict_has_a_meaning_and_a_tone() {
        use Tone::{Bad, Doubt, Fatal, Good, Quiet};
        let tones = [Bad, Good, Doubt, Quiet, Bad, Doubt, Quiet, Quiet, Fatal];
        for (verdict, tone) in VERDICTS.into_iter().zip(tones) {
            assert_ne!(meaning(verdict), "", "{verdict}");
            assert_eq!(Tone::of(verdict), tone, "{verdict}");
        }
        assert_eq!((meaning("x"), Tone::of("x")), ("", Tone::Quiet));
    }
}
