//! Whose fault it is, and the exit code that says so.

use model::Diagnostic;
use std::error::Error;
use std::fmt::Write as _;
use std::process::ExitCode;

/// Why a command came to nothing. The family alone picks the exit code.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The user's mistake: a flag, a plan, a command that does not exist.
    Yours(Complaint),
    /// The host's: the kernel refuses, Go is missing, the disk is full.
    Theirs(Complaint),
    /// A bug of ours.
    Ours(Complaint),
}

/// What is wrong and what to do about it.
#[derive(Debug, Default)]
pub(crate) struct Complaint {
    /// One line.
    pub(crate) message: String,
    /// Advice.
    pub(crate) help: Option<String>,
    /// Mistakes with their places, drawn before the message; the message may be empty then.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Failure {
    /// The user's mistake.
    pub(crate) fn yours(message: impl Into<String>) -> Failure {
        Failure::Yours(Complaint { message: message.into(), ..Complaint::default() })
    }

    /// The host's doing.
    pub(crate) fn theirs(message: impl Into<String>) -> Failure {
        Failure::Theirs(Complaint { message: message.into(), ..Complaint::default() })
    }

    /// A bug of ours.
    pub(crate) fn ours(message: impl Into<String>) -> Failure {
        Failure::Ours(Complaint { message: message.into(), ..Complaint::default() })
    }

    /// Mistakes in what the user wrote.
    pub(crate) fn mistakes(diagnostics: Vec<Diagnostic>) -> Failure {
        Failure::Yours(Complaint { diagnostics, ..Complaint::default() })
    }

    /// Things that this host cannot give, each with its reason.
    pub(crate) fn refusals(diagnostics: Vec<Diagnostic>) -> Failure {
        Failure::Theirs(Complaint { diagnostics, ..Complaint::default() })
    }

    /// The same with advice.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Failure {
        self.complaint_mut().help = Some(help.into());
        self
    }

    /// What is wrong, in one line.
    pub(crate) fn message(&self) -> &str {
        match self {
            Failure::Yours(complaint) | Failure::Theirs(complaint) | Failure::Ours(complaint) => {
                &complaint.message
            }
        }
    }

    fn complaint_mut(&mut self) -> &mut Complaint {
        match self {
            Failure::Yours(complaint) | Failure::Theirs(complaint) | Failure::Ours(complaint) => complaint,
        }
    }

    /// What to print on standard error.
    pub(crate) fn draw(&self, color: report::Color) -> String {
        let (complaint, bug) = match self {
            Failure::Yours(complaint) | Failure::Theirs(complaint) => (complaint, false),
            Failure::Ours(complaint) => (complaint, true),
        };
        let mut text = report::diagnostics::draw(&complaint.diagnostics, color);
        if !complaint.message.is_empty() {
            let _ = writeln!(text, "error: {}", complaint.message);
        }
        if let Some(help) = &complaint.help {
            let _ = writeln!(text, "help: {help}");
        }
        if bug {
            let version = env!("CARGO_PKG_VERSION");
            let _ = writeln!(
                text,
                "This is a bug in duress {version}. Please report it with the command line, `duress doctor --format json`\n\
                 and, if there is one, the run's journal."
            );
        }
        text
    }

    /// The exit code of its family.
    pub(crate) fn code(&self) -> Code {
        match self {
            Failure::Yours(_) => Code::Yours,
            Failure::Theirs(_) => Code::Theirs,
            Failure::Ours(_) => Code::Ours,
        }
    }
}

/// An error and all its causes, in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

/// The exit codes, as `duress --help` and the README promise them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// Faults fired and nothing was found.
    Clean,
    /// Findings.
    Findings,
    /// The user's mistake.
    Yours,
    /// The host's doing.
    Theirs,
    /// Rules were given and none fired.
    Vacuous,
    /// A bug of ours.
    Ours,
    /// A signal of this number told us to stop; the code is the shell's, 128 and the number.
    Interrupted(u8),
}

impl Code {
    /// The number.
    pub(crate) fn number(self) -> u8 {
        match self {
            Code::Clean => 0,
            Code::Findings => 1,
            Code::Yours => 2,
            Code::Theirs => 3,
            Code::Vacuous => 4,
            Code::Ours => 70,
            Code::Interrupted(signal) => 128_u8.saturating_add(signal),
        }
    }
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> ExitCode {
        ExitCode::from(code.number())
    }
}
