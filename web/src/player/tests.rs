//! The player plays another world than the ring: a swarm, whose steps are the clients that have the whole file.

use std::rc::Rc;

use chordscope_core::base::time::Instant;
use chordscope_sim::engine::history::History;
use chordscope_sim::worlds::swarm::acting::Action;
use chordscope_sim::worlds::swarm::{Setup, SwarmWorld, member};

use super::{Control, Played, Player, Turn};

/// The number of clients of the swarm.
const CLIENTS: u64 = 4;
/// How long a caption is read, in milliseconds.
const READING: f64 = 500.0;

/// A page about a swarm, in short.
struct Swarm {
    history: History<SwarmWorld>,
    /// How many clients had the file at the last step.
    shown: usize,
    steps: u32,
    turns: Vec<Turn>,
}

impl Swarm {
    fn new() -> Self {
        let setup = Setup::new(CLIENTS as usize, 16).unwrap();
        Self {
            history: History::new(setup, 1).unwrap(),
            shown: 0,
            steps: 0,
            turns: Vec::new(),
        }
    }

    fn complete(&self) -> usize {
        let world = self.history.world();
        let clients = 1..=CLIENTS;
        let complete = clients.filter(|client| world.completed(member(*client)).is_some());
        complete.count()
    }
}

impl Played for Swarm {
    type World = SwarmWorld;
    type Moment = bool;

    fn history(&self) -> &History<SwarmWorld> {
        &self.history
    }

    fn history_mut(&mut self) -> &mut History<SwarmWorld> {
        &mut self.history
    }

    fn moment(&self) -> bool {
        self.has_ended()
    }

    fn pace(&self, _: &bool) -> f64 {
        1.0
    }

    fn has_come_since(&self, had_ended: &bool) -> bool {
        !had_ended && self.has_ended()
    }

    fn take_up(&mut self) -> bool {
        false
    }

    fn step(&mut self) -> Option<f64> {
        let complete = self.complete();
        let before = std::mem::replace(&mut self.shown, complete);
        let stepped = before != self.shown;
        self.steps += u32::from(stepped);
        stepped.then_some(READING)
    }

    fn turn(&mut self, turn: Turn) {
        self.turns.push(turn);
    }

    fn has_ended(&self) -> bool {
        self.complete() == CLIENTS as usize
    }
}

/// Lets frames pass until time stops; gives the number of them.
fn until_it_stops(player: &mut Player<Swarm>) -> usize {
    for frames in 0..20_000 {
        if !player.is_playing() {
            return frames;
        }
        player.advance(16.0, 7.0, || 0.0);
    }
    panic!("it never stops");
}

fn view(player: &Player<Swarm>) -> super::TimeView {
    player.view(Rc::default(), None)
}

#[test]
fn a_swarm_is_played_to_its_end_and_waits_for_its_reader_at_each_step() {
    let mut player = Player::new(Swarm::new(), true);
    let frames = until_it_stops(&mut player);
    assert_eq!(player.run().complete(), CLIENTS as usize);
    assert!(!view(&player).can_continue);
    // At the last step it stops.
    let read = f64::from(player.run().steps - 1) * READING;
    let time = frames as f64 * 16.0;
    assert!(time >= read, "{time} ms for {} steps", player.run().steps);
    assert!(player.run().steps > 1);
}

#[test]
fn continue_stops_a_swarm_at_each_of_its_steps() {
    let mut player = Player::new(Swarm::new(), false);
    let mut stops = Vec::new();
    while view(&player).can_continue {
        player.obey(Control::Continue);
        until_it_stops(&mut player);
        stops.push(player.run().complete());
    }
    assert!(stops.is_sorted_by(|one, next| one < next), "{stops:?}");
    assert_eq!(stops.last(), Some(&(CLIENTS as usize)));
}

#[test]
fn a_swarm_is_stepped_through_and_sought_in() {
    let mut player = Player::new(Swarm::new(), true);
    assert!(player.obey(Control::StepForward));
    assert!(!player.is_playing());
    let first = player.run().history.now();
    player.obey(Control::StepForward);
    player.obey(Control::StepBack);
    assert_eq!(player.run().history.now(), first);
    assert_eq!(player.run().turns.last(), Some(&Turn::Stepped));
    player.obey(Control::Seek(900_000));
    player.obey(Control::Seek(100_000));
    let time = view(&player);
    assert_eq!((time.now, time.reached), (100_000, 900_000));
    player.obey(Control::End);
    assert_eq!(view(&player).now, 900_000);
}

#[test]
fn a_deed_in_the_past_of_a_swarm_begins_a_branch_and_is_undone_and_done_again() {
    let mut player = Player::new(Swarm::new(), false);
    player.obey(Control::Seek(900_000));
    player.obey(Control::Seek(300_000));
    player.act(Action::Leave(2)).unwrap();
    assert_eq!(
        player.run().turns.last(),
        Some(&Turn::Acted(Instant::from_micros(300_000)))
    );
    let time = view(&player);
    assert!(time.playing && time.can_undo && !time.can_redo);
    let labels: Vec<&str> = time.branches.iter().map(|row| row.label.as_str()).collect();
    assert_eq!(labels, ["as it began", "client 2 leaves"]);
    let told = time.notice.map(|notice| notice.text);
    assert!(told.is_some_and(|told| told.starts_with("Branch 2 begins here.")));
    player.obey(Control::Undo);
    let time = view(&player);
    assert!(!time.playing && time.can_redo);
    assert_eq!((time.now, time.reached), (300_000, 900_000));
    player.obey(Control::Redo);
    assert!(view(&player).branches[1].is_current);
    player.obey(Control::Branch(1));
    assert!(view(&player).branches[0].is_current);
    assert_eq!(player.run().turns.last(), Some(&Turn::Entered));
    assert!(player.act(Action::Leave(99)).is_err());
}

#[test]
fn a_run_that_is_opened_rests_at_its_moment_and_is_read_as_far_as_it_was_played() {
    let mut swarm = Swarm::new();
    swarm.history.seek(Instant::from_micros(900_000));
    swarm.history.seek(Instant::from_micros(100_000));
    let mut player = Player::new(Swarm::new(), true);
    player.open(swarm);
    let time = view(&player);
    assert_eq!((time.now, time.reached), (100_000, 900_000));
    assert!(!time.playing && time.can_continue);
    assert_eq!(player.run().turns, [Turn::Entered]);
}
