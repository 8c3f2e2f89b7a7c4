//! The binary `chordscope`; everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    chordscope::cli::main()
}
