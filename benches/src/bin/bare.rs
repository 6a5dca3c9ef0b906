//! The bare notification loop as a program: `bare SLEEP REPLY SHIM PROGRAM [ARG …]`.

use benches::bare::{Manner, supervise};
use std::process::ExitCode;

#[expect(clippy::print_stderr, reason = "it tells whoever measures why it failed")]
fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let manner = Manner::parse(words.by_ref());
    let (Some(manner), Some(shim), command) = (manner, words.next(), words.collect::<Vec<_>>()) else {
        return ExitCode::from(2);
    };
    match supervise(manner, &shim, &command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
