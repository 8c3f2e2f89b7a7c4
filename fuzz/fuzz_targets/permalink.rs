//! Fuzz target: links to a moment of a run.

#![no_main]

use chordscope_sim::fuzz_targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_targets::permalink(data));
