//! One server, a content delivery network and a swarm in lockstep with the run that is shown: the same file, clients and links. And the time
//! that each of the three takes to serve everyone, by the number of clients.

use std::time::Duration;

use chordscope_core::base::time::Instant;
use chordscope_sim::worlds::swarm::Part;
use chordscope_sim::worlds::swarm::bounds::Bounds;
use chordscope_sim::worlds::swarm::comparison::{Comparison, Contender};
use chordscope_sim::worlds::swarm::setup::Setup;

use crate::swarm::engine::levers::{Dial, Levers};
use crate::swarm::engine::snapshot::{RunRow, WayView, WaysView};

/// The proxies of the content delivery network.
const PROXIES: u8 = 3;
/// The numbers of clients that are measured beside that of the run.
const COUNTS: [u64; 7] = [1, 2, 4, 8, 16, 32, 64];
/// The longest that a run may take, in virtual time: some never serve everyone.
const LONGEST: Instant = Instant::from_millis(10_000_000);
/// The virtual time between two looks at whether everyone is served.
const STEP: Duration = Duration::from_secs(2);
/// The events between two looks at the clock.
const SLICE: usize = 64;

/// The three ways of a set-up.
#[derive(Clone, Debug)]
pub(super) struct Ways {
    setup: Setup,
    seed: u64,
    /// In lockstep with the run.
    beside: Option<Comparison>,
    /// The runs that have ended, and those that are still to be made.
    rows: Vec<RunRow>,
    /// The run that is being made: of the first row that is not over.
    under_way: Option<(Comparison, Instant)>,
}

impl Ways {
    /// Those of a set-up that is run with this seed.
    pub(super) fn of(setup: &Setup, seed: u64) -> Self {
        let own = setup.clients.len() as u64;
        let mut counts = COUNTS.to_vec();
        counts.push(own);
        counts.sort_unstable();
        counts.dedup();
        let row = |clients: u64| {
            let bounds = Bounds::of(&with_clients(setup, seed, clients));
            RunRow {
                clients,
                is_this: clients == own,
                took: [None; 3],
                is_over: false,
                server: bounds.map(|bounds| bounds.server),
                swarm: bounds.map(|bounds| bounds.swarm_at_best()),
            }
        };
        Self {
            setup: setup.clone(),
            seed,
            beside: Comparison::new(setup, seed, PROXIES).ok(),
            rows: counts.into_iter().map(row).collect(),
            under_way: None,
        }
    }

    /// Goes on to the moment of the run, and then with the runs of other numbers of clients, until a time by `clock`; whether anything is new.
    pub(super) fn work(&mut self, now: Instant, until: f64, clock: fn() -> f64) -> bool {
        let is_behind = self.catch_up(now, until, clock);
        let mut is_new = is_behind;
        while clock() < until && self.measure() {
            is_new |= self.under_way.is_none();
        }
        is_new
    }

    fn catch_up(&mut self, now: Instant, until: f64, clock: fn() -> f64) -> bool {
        if self.beside.as_ref().is_none_or(|beside| beside.now() > now) {
            self.beside = Comparison::new(&self.setup, self.seed, PROXIES).ok();
        }
        let Some(beside) = self.beside.as_mut().filter(|beside| beside.now() < now) else {
            return false;
        };
        while !beside.advance_within(now, SLICE) && clock() < until {}
        true
    }

    /// Goes on with the first run that is not over; `false` once all are.
    fn measure(&mut self) -> bool {
        let Some(row) = self.rows.iter_mut().find(|row| !row.is_over) else {
            return false;
        };
        let begin = || {
            let setup = with_clients(&self.setup, self.seed, row.clients);
            let run = Comparison::new(&setup, self.seed, PROXIES).ok()?;
            Some((run, Instant::ZERO))
        };
        let Some((mut run, mut to)) = self.under_way.take().or_else(begin) else {
            row.is_over = true;
            return true;
        };
        // Upkeep goes on after the end: not all the way to the latest one at once.
        if run.advance_within(to, SLICE) {
            row.is_over = run.is_complete() || to >= LONGEST;
            to += STEP;
        }
        if row.is_over {
            let standings = run.standings();
            row.took = standings.map(|one| one.finished.map(Instant::as_micros));
        } else {
            self.under_way = Some((run, to));
        }
        true
    }

    /// The three as they stand.
    pub(super) fn view(&self) -> Option<WaysView> {
        let beside = self.beside.as_ref()?;
        let way = |way: Contender| {
            let standing = beside.standing(way);
            let moment = beside.world(way).moment();
            let clients = moment.members.iter();
            let clients = clients.filter(|member| member.part == Part::Client);
            let share = |has: u32, of: usize| u64::from(has) * 1_000 / of.max(1) as u64;
            WayView {
                way,
                served: standing.served,
                hundredths: u64::from(standing.seed_copies) / 10,
                ahead: standing.copies_ahead,
                finished: standing.finished.map(Instant::as_micros),
                clients: clients
                    .map(|client| share(client.has, client.cells.len()))
                    .collect(),
            }
        };
        Some(WaysView {
            at: beside.now().as_micros(),
            ways: Contender::ALL.map(way),
            rows: self.rows.clone(),
        })
    }
}

/// A set-up with so many clients.
fn with_clients(setup: &Setup, seed: u64, clients: u64) -> Setup {
    let levers = Levers::of(setup, seed);
    let mut setup = setup.clone();
    levers
        .with(Dial::Clients, clients)
        .change(&mut setup, Some(&levers));
    setup
}
