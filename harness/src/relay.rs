//! Carries the target's output: to the user at once, and to the loop for the record.
//!
//! Two threads read, one a stream. Writing to the user may block (a pager, a full pipe); it must not block the loop, in
//! which tracees wait. So the threads write, and hand the lines to the loop through a bounded channel: a user who does
//! not read slows the target's output down, as without us, and never its system calls.

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};
use golang::{Console, Event, Print, TestText};
use journal::Stream;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// A line longer than this is handed on in pieces, in bytes.
const LONGEST_LINE: usize = 256 << 10;

/// How many lines may wait for the loop.
const QUEUE: usize = 1024;

/// Where the user sees the target's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Each stream where the target sent it.
    Direct,
    /// Both on standard error: standard output is for our result.
    Aside,
    /// Nobody looks.
    Nobody,
}

/// What standard output is written in.
#[derive(Debug)]
pub(crate) enum Language {
    /// `go test -json`, shown through this.
    Events(Console),
    /// A test binary's own words, shown as they are.
    Tests(TestText),
    /// Anything else.
    Text,
}

/// Where in a line our standard output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    /// At its beginning.
    Margin,
    /// Behind text without a line end.
    Within,
}

/// One piece of output.
#[derive(Debug)]
pub(crate) enum Spoken {
    /// A line of `go test -json` that says something.
    Event(Event),
    /// Any other line, with its line end.
    Text(Stream, String),
}

/// The two threads and what they hand over.
#[derive(Debug)]
pub(crate) struct Relay {
    lines: Receiver<Spoken>,
    wake: Arc<EventFd>,
    threads: Vec<JoinHandle<()>>,
    is_over: bool,
}

impl Relay {
    /// Begins to carry.
    pub(crate) fn start(
        stdout: impl Read + Send + 'static,
        stderr: impl Read + Send + 'static,
        language: Language,
        audience: Audience,
    ) -> io::Result<Relay> {
        let (sender, lines) = bounded(QUEUE);
        let wake = Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?);
        let carrier = |stream, language| Carrier {
            stream,
            language,
            audience,
            column: Column::Margin,
            sender: sender.clone(),
            wake: Wake(Arc::clone(&wake)),
        };
        let (out, err) = (carrier(Stream::Stdout, language), carrier(Stream::Stderr, Language::Text));
        let threads = vec![
            thread::Builder::new().name("relay-stdout".into()).spawn(move || out.carry(stdout))?,
            thread::Builder::new().name("relay-stderr".into()).spawn(move || err.carry(stderr))?,
        ];
        Ok(Relay { lines, wake, threads, is_over: false })
    }

    /// Readable while lines wait, or both streams have ended.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Takes note of having been woken; lines that come from now on wake again.
    pub(crate) fn acknowledge(&self) {
        // It is non-blocking; that there was nothing to take is no news.
        let _ = self.wake.read();
    }

    /// The next line, if one waits.
    pub(crate) fn next(&mut self) -> Option<Spoken> {
        match self.lines.try_recv() {
            Ok(line) => Some(line),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                self.is_over = true;
                None
            }
        }
    }

    /// Wakes the loop again, for lines that it left waiting.
    pub(crate) fn remind(&self) {
        let _ = self.wake.write(1);
    }

    /// Waits until [`Relay::next`] has something to say.
    pub(crate) fn wait(&self) {
        // An error of poll(2) here can only be EINTR, and then the caller asks again.
        let _ = poll(&mut [PollFd::new(self.wake.as_fd(), PollFlags::POLLIN)], PollTimeout::NONE);
        self.acknowledge();
    }

    /// Whether both streams have ended and every line was taken.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Waits for the threads, so that nothing is shown after our own report begins.
    pub(crate) fn finish(self) {
        // Lines that nobody wants any more must not keep the threads waiting for room.
        drop(self.lines);
        for thread in self.threads {
            // A relay that panicked has said so on standard error already.
            let _ = thread.join();
        }
    }
}

/// Wakes the loop when dropped, too: then the channel is closed, and the loop learns that a stream has ended.
#[derive(Debug)]
struct Wake(Arc<EventFd>);

impl Wake {
    fn up(&self) {
        // It fails only when the counter is full, and then the loop is awake.
        let _ = self.0.write(1);
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        self.up();
    }
}

/// One thread's work. Fields are dropped in order: the sender before the wake that announces it.
struct Carrier {
    stream: Stream,
    language: Language,
    audience: Audience,
    column: Column,
    sender: Sender<Spoken>,
    wake: Wake,
}

impl Carrier {
    fn carry(mut self, input: impl Read) {
        let mut input = BufReader::with_capacity(64 << 10, input);
        let mut line = Vec::new();
        loop {
            line.clear();
            let limit = u64::try_from(LONGEST_LINE).unwrap_or(u64::MAX);
            // A stream that cannot be read any more has ended, for our purpose.
            match input.by_ref().take(limit).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => break,
                Ok(_) => self.hand_over(&line),
            }
        }
        if let Language::Events(console) = &mut self.language {
            let rest = console.finish();
            self.show(self.stream, rest.as_bytes());
        }
        if self.column == Column::Within {
            // Our report follows, and begins a line of its own.
            self.show(Stream::Stdout, b"\n");
        }
    }

    fn hand_over(&mut self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let spoken = match &mut self.language {
            Language::Events(console) => {
                let event = Event::parse(&text);
                let print = console.feed(text.trim_end_matches('\n'), event.as_ref());
                match print {
                    Some(Print::Stdout(text)) => self.show(Stream::Stdout, text.as_bytes()),
                    Some(Print::Stderr(text)) => self.show(Stream::Stderr, text.as_bytes()),
                    None => {}
                }
                vec![event.map_or_else(|| Spoken::Text(self.stream, text.into_owned()), Spoken::Event)]
            }
            Language::Tests(tests) => {
                let events = tests.line(&text);
                self.show(self.stream, bytes);
                events.into_iter().map(Spoken::Event).collect()
            }
            Language::Text => {
                self.show(self.stream, bytes);
                vec![Spoken::Text(self.stream, text.into_owned())]
            }
        };
        for spoken in spoken {
            // After the end of the run nobody takes lines any more; they are still shown.
            if self.sender.send(spoken).is_ok() {
                self.wake.up();
            }
        }
    }

    /// Shows bytes as they are. A user who stopped reading is not an error.
    fn show(&mut self, stream: Stream, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        let is_stdout = match (self.audience, stream) {
            (Audience::Nobody, _) => return,
            (Audience::Direct, Stream::Stdout) => true,
            (Audience::Direct, Stream::Stderr) | (Audience::Aside, _) => false,
        };
        let _ = if is_stdout {
            self.column = if *last == b'\n' { Column::Margin } else { Column::Within };
            let mut out = io::stdout().lock();
            out.write_all(bytes).and_then(|()| out.flush())
        } else {
            io::stderr().write_all(bytes)
        };
    }
}
