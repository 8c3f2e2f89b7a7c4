//! Two peers become one ring; a value is put at one and read at the other.
//!
//! Run it with `cargo run -p chordscope-core --example two_nodes`. The loop beneath it is in `program/mod.rs`.

mod program;

use std::error::Error;

use chordscope_core::{Event, Level, Name, NodeEvent};

use program::{Program, address};

fn main() -> Result<(), Box<dyn Error>> {
    let mut program = Program::new()?;

    // Commands return at once; what comes of them is an event.
    program.peers[0].create(program.clock.0);
    program.peers[1].join(program.clock.0, address(0)?)?;
    while program.next_event() != (1, Event::Node(NodeEvent::Joined)) {}
    // The first one learns of its companion a moment later; from then on records have two copies.
    while !matches!(
        program.next_event(),
        (0, Event::Node(NodeEvent::Successors(_)))
    ) {}
    println!("two peers are one ring");

    let name = Name::new("greeting")?;
    program.peers[0].put(program.clock.0, name.clone(), b"hello".to_vec(), Level::One)?;
    let written = loop {
        if let (_, Event::Node(NodeEvent::PutEnded(_, outcome))) = program.next_event() {
            break outcome?;
        }
    };
    println!(
        "put: sequence {}, {} copies",
        written.sequence, written.copies
    );

    program.peers[1].get(program.clock.0, name, Level::One)?;
    let record = loop {
        if let (_, Event::Node(NodeEvent::GetEnded(_, outcome))) = program.next_event() {
            break outcome?.ok_or("the name is gone")?;
        }
    };
    let value = record.into_value().unwrap_or_default();
    if value != b"hello" {
        return Err("it is another value".into());
    }
    println!("get: {}", String::from_utf8_lossy(&value));
    Ok(())
}

#[test]
fn a_value_that_is_put_at_one_is_read_at_the_other() {
    main().unwrap();
}
