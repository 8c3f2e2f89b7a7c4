//! The engine of the home page: routes commands to the player with its ring, to the goals and to the doors; gives snapshots. Knows no Yew.

pub mod caption;
pub mod command;
mod compose;
pub mod doors;
pub mod goals;
pub mod lesson;
mod reading;
mod run;
pub mod snapshot;
pub mod statement;

use chordscope_core::base::id::Id;
use chordscope_core::chord::route::{Mode, Routing};
use chordscope_sim::engine::history::Refused;
use chordscope_sim::worlds::ring::action::Action;

use crate::home::engine::command::Command;
use crate::home::engine::compose::Looks;
use crate::home::engine::doors::Doors;
use crate::home::engine::goals::Goals;
use crate::home::engine::lesson::KEY;
use crate::home::engine::run::{About, Deed, Run};
use crate::home::engine::snapshot::{NodeView, Snapshot};
use crate::player::{Control, Driven, Player};
use crate::scene::{Motion, Scene, traffic};

/// The lesson's ring, which is played, what the visitor does with it, and the doors.
#[derive(Debug)]
pub struct Engine {
    player: Player<Run>,
    goals: Goals,
    doors: Doors,
    hovered: Option<Id>,
    /// Why the last command was refused.
    refused: Option<String>,
    /// Whether a door's figure has moved since the last snapshot.
    stirred: bool,
}

impl Engine {
    /// The lesson's ring at its beginning, which plays unless it is to be `still`.
    pub fn open(still: bool) -> Self {
        Self {
            player: Player::new(Run::new(lesson::begin()), !still),
            goals: Goals::default(),
            doors: Doors::default(),
            hovered: None,
            refused: None,
            stirred: false,
        }
    }

    fn choose(&mut self, node: Id) {
        self.player.follow(|run| run.turn_to(About::Node(node)));
        let run = self.player.run();
        if reading::keeps(run.world(), node, KEY) {
            self.goals.chose(node);
        }
    }

    fn look_up(&mut self) {
        let Some(from) = reading::asker(self.player.run().world(), self.chosen()) else {
            return;
        };
        let lookup = Action::Lookup {
            from,
            key: KEY,
            routing: Routing::Finger,
            mode: Mode::Recursive,
        };
        self.player.run_mut().turn_to(About::Lookup);
        self.act(lookup);
    }

    fn change(&mut self, deed: Deed) {
        let keeper = reading::keeper(self.player.run().world(), KEY);
        let action = match deed {
            Deed::Insert(node) => Action::Insert(node),
            Deed::Crash(node) => Action::Crash(node),
        };
        if self.act(action) {
            self.player
                .follow(|run| run.turn_to(About::Change(deed, keeper)));
        }
    }

    /// Acts on the ring; whether that could be done.
    fn act(&mut self, action: Action) -> bool {
        let done = self.player.act(action);
        if let Err(Refused::World(error)) = &done {
            self.refused = Some(error.to_string());
        }
        done.is_ok()
    }

    /// Looks whether the simulation has reached a goal.
    fn tick(&mut self) {
        let run = self.player.run();
        if self.goals.look(run.world(), run.began_with()) {
            self.player.touch();
        }
    }

    /// The node that the visitor looks at.
    pub fn chosen(&self) -> Option<Id> {
        match self.player.run().about() {
            About::Node(node) => Some(node),
            _ => None,
        }
    }

    /// The node that "Crash" is about: the one that is chosen, otherwise the keeper of the key.
    fn victim(&self) -> Option<Id> {
        let world = self.player.run().world();
        let chosen = self.chosen().filter(|node| world.node(*node).is_some());
        let victim = chosen.or_else(|| reading::keeper(world, KEY));
        victim.filter(|_| world.nodes().count() > 1)
    }

    /// The small figures of the doors.
    pub const fn doors(&self) -> &Doors {
        &self.doors
    }

    /// The still layer of the stage at this moment.
    pub fn scene(&self) -> Scene {
        let run = self.player.run();
        let looks = Looks {
            key: Some(KEY),
            lookup: run.lookup(),
            owners: &[],
            chosen: self.chosen(),
            hovered: self.hovered,
            crashed: run.crashed(),
            labelled: true,
        };
        compose::scene(run.world(), &looks)
    }

    /// The moving layer of the stage at this moment.
    pub fn motion(&self) -> Motion {
        let run = self.player.run();
        traffic::motion(run.world(), run.lookup(), false)
    }
}

impl Driven for Engine {
    type Run = Run;
    type Command = Command;
    type Snapshot = Snapshot;

    fn player(&self) -> &Player<Run> {
        &self.player
    }

    fn player_mut(&mut self) -> &mut Player<Run> {
        &mut self.player
    }

    fn apply(&mut self, command: impl Into<Command>) {
        let command = command.into();
        if command == Command::Hover(self.hovered) {
            return;
        }
        self.player.touch();
        if !matches!(command, Command::Hover(_) | Command::Wake(..)) {
            self.refused = None;
        }
        match command {
            Command::Play(on) => {
                self.player.obey(Control::Play(on));
            }
            Command::Toggle => {
                self.player.obey(Control::Toggle);
            }
            Command::Hover(node) => self.hovered = node,
            Command::Choose(node) => self.choose(node),
            Command::LookUp => self.look_up(),
            Command::Insert => {
                if let Some(node) = reading::newcomer(self.player.run().world()) {
                    self.change(Deed::Insert(node));
                }
            }
            Command::Crash => {
                if let Some(node) = self.victim() {
                    self.change(Deed::Crash(node));
                }
            }
            Command::Again => {
                self.hovered = None;
                self.player.show(Run::new(lesson::begin()));
                self.player.run_on(true);
            }
            Command::Wake(door, awake) => self.doors.wake(door, awake),
        }
        self.tick();
    }

    fn advance(&mut self, real: f64, work: f64, clock: fn() -> f64) {
        self.player.advance(real, work, clock);
        self.stirred |= self.doors.advance(real, self.player.is_playing());
        self.tick();
    }

    fn is_due(&self, waited: bool) -> bool {
        (self.player.has_news() || self.stirred) && (waited || self.player.is_urgent())
    }

    fn snapshot(&self) -> Snapshot {
        let run = self.player.run();
        let world = run.world();
        Snapshot {
            space: world.space(),
            playing: self.player.is_playing(),
            nodes: NodeView::all(world, run.crashed()),
            chosen: self.chosen(),
            hovered: self.hovered,
            caption: caption::of(run, Some(&self.goals)),
            picture: reading::picture(world, run.lookup()),
            goals: self.goals.view(world, run.lookup()),
            asker: reading::asker(world, self.chosen()),
            newcomer: reading::newcomer(world),
            victim: self.victim(),
            doors: self.doors.view(),
            refused: self.refused.clone(),
        }
    }

    fn publish(&mut self) -> Snapshot {
        self.player.published();
        self.stirred = false;
        self.snapshot()
    }
}
