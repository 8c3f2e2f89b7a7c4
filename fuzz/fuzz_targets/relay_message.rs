//! Fuzz target: messages between a peer and its relay.

#![no_main]

use chordscope_sim::fuzz_targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_targets::relay_message(data));
