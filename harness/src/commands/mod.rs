//! One recipe a command.

mod advise;
mod doctor;
mod expose;
mod fuzz;
mod persona;
mod plan;
mod replay;
mod results;
mod run;
mod scenario;
mod show;

pub(crate) use run::{open, summary};

use crate::cli::{Cli, ColorChoice, Command};
use crate::exit::{Code, Failure};
use clap::Parser;
use report::Color;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

/// Where and how results are printed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    /// For standard output.
    pub(crate) out: Color,
    /// For standard error.
    pub(crate) err: Color,
}

/// Reads the command line and carries it out.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap prints help on standard output and mistakes on standard error; a closed one is not a failure.
            let _ = error.print();
            return if error.use_stderr() { Code::Yours.into() } else { ExitCode::SUCCESS };
        }
    };
    let screen = Screen::choose(cli.color);
    let result = match cli.command {
        Command::Run(args) => run::run(&args, screen),
        Command::Scenario(command) => scenario::run(&command, screen),
        Command::Expose(args) => expose::run(&args, screen),
        Command::Advise(args) => advise::run(&args, screen),
        Command::Results(args) => results::run(&args, screen),
        Command::Replay(args) => replay::run(&args, screen),
        Command::Show(args) => show::run(&args, screen),
        Command::Fuzz(command) => fuzz::run(&command, screen),
        Command::Persona(command) => persona::run(&command),
        Command::Plan(command) => plan::run(&command, screen),
        Command::Doctor(args) => doctor::run(&args, screen),
    };
    match result {
        Ok(code) => code.into(),
        Err(failure) => {
            say(&failure.draw(screen.err));
            failure.code().into()
        }
    }
}

impl Screen {
    fn choose(choice: ColorChoice) -> Screen {
        // no-color.org: any non-empty value counts.
        let is_unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let choose = |is_terminal: bool| match choice {
            ColorChoice::Always => Color::Always,
            ColorChoice::Never => Color::Never,
            ColorChoice::Auto if is_terminal && !is_unwanted => Color::Always,
            ColorChoice::Auto => Color::Never,
        };
        Screen { out: choose(io::stdout().is_terminal()), err: choose(io::stderr().is_terminal()) }
    }
}

/// Prints a result on standard output. A reader that went away (`| head`) is success.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    print_bytes(text.as_bytes())
}

/// The same for a result that is no text.
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::theirs(format!("cannot write the result: {error}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Says something on standard error; nobody listening is no failure.
pub(crate) fn say(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
