//! One peer shares a file, and another one that knows only its content id fetches and checks it.
//!
//! Run it with `cargo run -p chordscope-core --example one_file`. The loop beneath it is in `program/mod.rs`.

mod program;

use std::error::Error;

use chordscope_core::{
    Bitfield, Event, Layout, Manifest, NodeEvent, Order, SwarmEvent, segment_digest,
};

use program::{Program, address};

fn main() -> Result<(), Box<dyn Error>> {
    let mut program = Program::new()?;
    program.peers[0].create(program.clock.0);
    program.peers[1].join(program.clock.0, address(0)?)?;
    while program.next_event() != (1, Event::Node(NodeEvent::Joined)) {}

    // The length decides how a file is cut; the digests of its segments come to its content id, which is its BLAKE3 digest.
    let file: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let layout = Layout::of(u64::try_from(file.len())?).ok_or("the file is too long")?;
    let segments = || (0..).zip(file.chunks(layout.len(0)));
    let digests = segments().map(|(index, bytes)| segment_digest(layout, index, bytes));
    let manifest = Manifest::of(layout, digests.collect()).ok_or("a digest is missing")?;
    let content = manifest.content();
    for (index, bytes) in segments() {
        program.segments[0].insert((content, index), bytes.to_vec());
    }
    let all = Bitfield::all(layout.count());
    program.peers[0].share(program.clock.0, manifest, all)?;
    println!(
        "shared: {content}, {} bytes in {} segments",
        file.len(),
        layout.count()
    );

    // The ring names who has it; each segment is checked before it is written.
    program.peers[1].fetch(program.clock.0, content, Order::RarestFirst)?;
    loop {
        match program.next_event() {
            (1, Event::Swarm(SwarmEvent::Complete(id))) if id == content => break,
            (1, Event::Swarm(SwarmEvent::Failed(_, failure))) => {
                return Err(failure.to_string().into());
            }
            _ => {}
        }
    }
    let fetched: Vec<u8> = program.segments[1].values().flatten().copied().collect();
    if fetched != file {
        return Err("it is another file".into());
    }
    println!("fetched: {} bytes, the same", fetched.len());
    Ok(())
}

#[test]
fn a_file_that_is_shared_is_fetched_and_is_the_same() {
    main().unwrap();
}
