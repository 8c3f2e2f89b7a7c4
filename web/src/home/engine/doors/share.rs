//! The figure of the door *Share*: a swarm of four clients and one seed.

use chordscope_core::base::time::Instant;
use chordscope_sim::worlds::swarm::view::{MemberView, Moment};
use chordscope_sim::worlds::swarm::{Part, Setup, SwarmWorld};

use crate::home::engine::doors::{DoorView, Drawn};
use crate::home::engine::statement::Statement;

/// The clients.
const CLIENTS: usize = 4;
/// The segments of the file.
const SEGMENTS: u32 = 12;
/// Virtual seconds in a second.
const PACE: f64 = 0.5;
/// For how many milliseconds the swarm stays once everybody is done.
const STAYS: f64 = 2_500.0;
/// The virtual time at which a swarm is given up.
const END: Instant = Instant::from_millis(600_000);

/// The figure.
#[derive(Debug)]
pub(super) struct Share {
    first: SwarmWorld,
    now: SwarmWorld,
    /// The time up to which it ran: a world stands at its last event.
    at: Instant,
    /// Copies of the file that the seed sent, in hundredths of one.
    hundredths: u64,
    rests: f64,
}

impl Share {
    /// The swarm at its beginning. It runs to its end once, to measure it.
    pub(super) fn begin() -> Self {
        let setup = Setup::new(CLIENTS, SEGMENTS).ok();
        let Some(first) = setup.and_then(SwarmWorld::new) else {
            unreachable!("four clients and twelve segments are a swarm, which is tested");
        };
        let mut all = first.clone();
        all.run_until(END);
        Self {
            now: first.clone(),
            at: Instant::ZERO,
            first,
            hundredths: u64::from(all.moment().seed_copies) / 10,
            rests: STAYS,
        }
    }

    /// Lets real time pass, in milliseconds.
    pub(super) fn advance(&mut self, real: f64) {
        if self.now.is_complete() {
            self.rests -= real;
            if self.rests <= 0.0 {
                self.now = self.first.clone();
                self.at = Instant::ZERO;
                self.rests = STAYS;
            }
            return;
        }
        let micros = (real * 1_000.0 * PACE) as u64;
        self.at = Instant::from_micros(self.at.as_micros() + micros);
        self.now.run_until(self.at);
    }

    /// The figure as the page shows it.
    pub(super) fn view(&self) -> DoorView {
        let moment = self.now.moment();
        DoorView {
            measured: Statement::Copies {
                hundredths: self.hundredths,
                clients: CLIENTS as u64,
            },
            picture: Statement::Shares {
                has: clients(&moment).map(|client| client.has).collect(),
                of: SEGMENTS,
            },
            drawn: Drawn::Swarm(
                clients(&moment)
                    .chain(
                        moment
                            .members
                            .iter()
                            .filter(|member| member.part != Part::Client),
                    )
                    .map(|member| member.cells.clone())
                    .collect(),
            ),
        }
    }
}

fn clients(moment: &Moment) -> impl Iterator<Item = &MemberView> {
    let all = moment.members.iter();
    all.filter(|member| member.part == Part::Client)
}
