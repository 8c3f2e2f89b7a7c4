//! The simulated worlds of `cargo xtask bench core` for a browser: `cargo xtask bench core --wasm` calls what is exported here.
//! No page has it.

#![expect(unsafe_code, reason = "an exported name might be taken; these are not")]

mod ring;

use std::cell::RefCell;

use chordscope_core::base::time::Instant;
use chordscope_sim::worlds::ring::{RingWorld, Watch};

thread_local! {
    static WORLD: RefCell<Option<RingWorld>> = const { RefCell::new(None) };
}

/// Makes a world and lets it settle; says how many nodes it has.
#[unsafe(no_mangle)]
pub extern "C" fn settle(few: bool, watched: bool) -> usize {
    let watch = match watched {
        true => Watch::Everything,
        false => Watch::Nothing,
    };
    let nodes = if few { ring::FEW } else { ring::NODES };
    let mut world = ring::world(nodes, watch);
    if let Some(world) = &mut world {
        world.run_until(Instant::from_millis(ring::SETTLED));
    }
    WORLD.replace(world);
    nodes
}

/// Lets so many things happen.
#[unsafe(no_mangle)]
pub extern "C" fn step(events: u32) {
    WORLD.with_borrow_mut(|world| {
        for _ in 0..events {
            world.as_mut().map(RingWorld::step);
        }
    });
}
