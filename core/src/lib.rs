//! Chordscope's core: Chord as pure state machines.
#![no_std]
#![forbid(unsafe_code)]
extern crate alloc;
