//! sendme (iroh), where it is installed.

use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::swarm::child::Child;
use crate::swarm::contest::{Score, Turn, one_to_one};

pub(crate) fn play(program: &Path, turn: &Turn<'_>) -> Outcome<Score> {
    let mut seed = Command::new(program);
    seed.current_dir(turn.folder)
        .args(["send", "--relay", "disabled", "--no-progress"])
        .args(["--magic-ipv4-addr", "127.0.0.1:0"])
        .arg(turn.file);
    let mut seed = Child::start(&mut seed)?;
    let ticket = loop {
        let line = seed.line()?;
        if let Some((_, ticket)) = line.split_once("sendme receive ") {
            break ticket.trim().to_string();
        }
    };
    let mut leecher = Command::new(program);
    leecher.current_dir(turn.target(0)?).args([
        "receive",
        "--relay",
        "disabled",
        "--no-progress",
        &ticket,
    ]);
    one_to_one(turn, &mut seed, &mut leecher)
}
