//! Tells who made calls and says how much memory that keeps: `keeper PROGRAM DIFFERENT COUNT`; see `benches::keeping`.

use benches::keeping;
use std::process::ExitCode;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "it tells whoever measures what it found")]
fn main() -> ExitCode {
    let Some((program, different, count)) = keeping::parse(std::env::args_os().skip(1)) else {
        return ExitCode::from(2);
    };
    match keeping::measure(&program, different, count) {
        Ok(kept) => {
            print!("{}", kept.render());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
