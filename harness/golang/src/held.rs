//! Text that waits to be printed, in bounded memory.

use std::collections::VecDeque;

/// The most bytes of one package's text that wait: half for its beginning, half for its end.
pub(crate) const LIMIT: usize = 4 << 20;

/// Text of which, if there is too much, the middle is left out.
#[derive(Debug, Default)]
pub(crate) struct Held {
    head: String,
    tail: VecDeque<String>,
    tail_bytes: usize,
    left_out: usize,
}

impl Held {
    pub(crate) fn push(&mut self, text: &str) {
        if self.tail.is_empty() && self.left_out == 0 && self.head.len() + text.len() <= LIMIT / 2 {
            self.head.push_str(text);
            return;
        }
        self.tail_bytes += text.len();
        self.tail.push_back(text.to_owned());
        while self.tail_bytes > LIMIT / 2 {
            let Some(oldest) = self.tail.pop_front() else { break };
            self.tail_bytes -= oldest.len();
            self.left_out += oldest.len();
        }
    }

    /// Everything held, with a line in place of what was left out; nothing is held afterwards.
    pub(crate) fn take(&mut self) -> String {
        let Held { mut head, tail, left_out, .. } = std::mem::take(self);
        if left_out > 0 {
            if !head.ends_with('\n') {
                head.push('\n');
            }
            head.push_str(&format!("… {left_out} bytes of output left out …\n"));
        }
        head.extend(tail);
        head
    }
}

#[cfg(test)]
mod tests {
    use super::{Held, LIMIT};

    #[test]
    fn little_text_comes_back_whole() {
        let mut held = Held::default();
        held.push("a\n");
        held.push("b");
        assert_eq!(held.take(), "a\nb");
        assert_eq!(held.take(), "");
    }

    #[test]
    fn of_too_much_text_the_beginning_and_the_end_stay() {
        let mut held = Held::default();
        let lines = LIMIT / 8;
        for number in 0..lines {
            held.push(&format!("{number:015}\n"));
        }
        let text = held.take();
        assert!(text.len() < LIMIT + 100, "{} bytes", text.len());
        assert!(text.starts_with("000000000000000\n000000000000001\n"));
        assert!(text.ends_with(&format!("{:015}\n", lines - 1)));
        let left_out = lines * 16
            - (text.len() - text.lines().find(|line| line.starts_with('…')).map_or(0, |line| line.len() + 1));
        assert!(text.contains(&format!("… {left_out} bytes of output left out …\n")));
    }
}
