//! The binary `chordscope`; everything it does is in the library.

use std::process::ExitCode;

/// What is allocated for a block in one thread is freed in another after milliseconds: this allocator takes it back without giving
/// its pages to the system and faulting them in again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    chordscope::cli::main()
}
