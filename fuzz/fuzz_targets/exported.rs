#![no_main]

use chordscope_sim::fuzz_targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_targets::exported(data));
