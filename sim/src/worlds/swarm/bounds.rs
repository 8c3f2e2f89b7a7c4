//! The least time in which a file can come to all clients, by theory: no run is faster.
//!
//! With N clients, a file of F bytes, the first seed's uplink u_s, the clients' uplinks u_i and the slowest downlink d_min:
//!
//! - one server: max(N·F/u_s, F/d_min); peers: max(F/u_s, F/d_min, N·F/(u_s + Σu_i)). Kurose and Ross, *Computer Networking*, section 2.5.
//!   Both treat the file as a fluid: a peer passes on what has just arrived.
//! - with the same uplink for all and downlinks that limit nothing: S + ⌊log₂ N⌋ rounds for S segments, a round being the time in which an
//!   uplink sends one. Mundinger, Weber and Weiss, *Optimal scheduling of peer-to-peer file dissemination*, Journal of Scheduling 2008,
//!   Theorem 1. It counts whole segments, and so is greater than the fluid one.
//!
//! They hold for clients that come at once, have nothing, and stay, and whose seed stays; [`Bounds::of`] says where a set-up is not like
//! that. Free riders and liars that send nothing right count with no uplink, liars not as clients that want the file. All numbers are
//! whole microseconds, rounded down, so that they stay bounds.

use crate::worlds::swarm::conduct::Conduct;
use crate::worlds::swarm::setup::{Begins, Client, SEGMENT, Setup, Stay, Way};
use chordscope_core::base::time::Instant;

/// The least times of the three ways for one file and its clients, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// One server, whose uplink is the first seed's.
    pub server: u64,
    /// A swarm, as a fluid.
    pub swarm: u64,
    /// A swarm that passes on whole segments; `None` where uplinks differ, or a downlink is slower than they are.
    pub segments: Option<u64>,
}

impl Bounds {
    /// The bounds of a set-up, whatever its way; `None` where nobody wants the file, or where they do not hold: clients that come later,
    /// bring segments or may leave, or a seed that may leave. A client that leaves no earlier than it has everything is like one that stays.
    pub fn of(setup: &Setup) -> Option<Self> {
        let stays = |stay| matches!(stay, Stay::Always);
        let is_plain = |client: &Client| {
            client.arrives == Instant::ZERO
                && client.begins == Begins::Empty
                && (stays(client.stay) || matches!(client.stay, Stay::UntilGave(_)))
        };
        if !stays(setup.seed_stay) || !setup.clients.iter().all(is_plain) {
            return None;
        }
        let wants = |client: &&Client| client.conduct.wants_the_file();
        let clients = setup.clients.iter().filter(wants).count() as u64;
        if clients == 0 {
            return None;
        }
        let file = setup.length;
        let downlinks = setup.clients.iter().filter(wants);
        let slowest = downlinks.filter_map(|client| client.rates.down).min();
        let down = slowest.map_or(0, |down| time(file, down));
        let first = setup.seed_rates.up;
        let uplinks = || setup.clients.iter().map(|client| client.uplink());
        let all = uplinks().fold(first, u64::saturating_add);
        let is_equal = uplinks().all(|up| up == first) && slowest.is_none_or(|down| down >= first);
        // The last segment may be shorter: it counts as nothing, to be a bound.
        let whole =
            u64::from(setup.segments()).saturating_sub(u64::from(!file.is_multiple_of(SEGMENT)));
        let rounds = whole + u64::from(clients.ilog2());
        Some(Self {
            server: time(clients.saturating_mul(file), first).max(down),
            swarm: time(file, first)
                .max(down)
                .max(time(clients.saturating_mul(file), all)),
            segments: is_equal.then(|| time(rounds * SEGMENT, first)),
        })
    }

    /// The bound of a content delivery network: as of one server with the uplinks of all of them together, which is less than any choice of
    /// servers for clients attains. Kurose and Ross's bound for a server, by the same argument: all bytes leave one of these uplinks.
    ///
    /// `None` as for [`Bounds::of`], or where the set-up has another way.
    pub fn of_cdn(setup: &Setup) -> Option<u64> {
        let Way::Cdn { proxies, rates } = setup.way else {
            return None;
        };
        let further = u64::from(proxies).saturating_mul(rates.up);
        let mut one = setup.clone();
        one.seed_rates.up = one.seed_rates.up.saturating_add(further);
        Some(Self::of(&one)?.server)
    }

    /// The greatest bound of a swarm.
    pub fn swarm_at_best(&self) -> u64 {
        self.segments.unwrap_or(0).max(self.swarm)
    }
}

impl Client {
    /// The uplink that it gives to others, in bytes a second.
    const fn uplink(&self) -> u64 {
        match self.conduct {
            Conduct::Honest => self.rates.up,
            Conduct::FreeRides
            | Conduct::Corrupts
            | Conduct::Stalls
            | Conduct::Boasts
            | Conduct::Stretches => 0,
        }
    }
}

/// The microseconds that bytes take at a rate, rounded down.
fn time(bytes: u64, rate: u64) -> u64 {
    let micros = u128::from(bytes) * 1_000_000 / u128::from(rate.max(1));
    u64::try_from(micros).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worlds::swarm::setup::Rates;

    /// The textbook's own figure: with F/u = 1 hour and u_s = 10 u, 30 clients take 3 hours from a server, and less than one in a swarm.
    /// Kurose and Ross, Figure 2.23 (client-server against P2P).
    #[test]
    fn the_textbooks_example_comes_out() {
        const UP: u64 = 16 << 10;
        let segments = 225;
        let mut setup = Setup::new(30, segments).unwrap().with_rates(Rates::up(UP));
        setup.seed_rates.up = 10 * UP;
        let bounds = Bounds::of(&setup).unwrap();
        let hour = u64::from(segments) * SEGMENT / UP * 1_000_000;
        assert_eq!(bounds.server, 3 * hour);
        assert_eq!(bounds.swarm, 30 * hour / 40);
        assert_eq!(bounds.segments, None);
        assert_eq!(bounds.swarm_at_best(), bounds.swarm);
    }

    #[test]
    fn with_equal_uplinks_each_doubling_of_the_clients_costs_a_round() {
        let rounds = |clients| {
            let setup = Setup::new(clients, 20).unwrap();
            let bound = Bounds::of(&setup).unwrap().segments.unwrap();
            bound * setup.seed_rates.up / SEGMENT / 1_000_000
        };
        let counted = [1, 2, 3, 4, 7, 8, 63, 64].map(rounds);
        assert_eq!(counted, [20, 21, 21, 22, 22, 23, 25, 26]);
    }

    #[test]
    fn a_slow_downlink_and_proxies_move_the_bounds() {
        let mut setup = Setup::new(4, 16).unwrap();
        setup.clients[2].rates.down = Some(32 << 10);
        let bounds = Bounds::of(&setup).unwrap();
        assert_eq!(bounds.swarm, 32_000_000);
        assert_eq!(bounds.server, 32_000_000);
        assert_eq!(bounds.segments, None);
        setup.clients[2].rates.down = None;
        setup.way = Way::Cdn {
            proxies: 3,
            rates: setup.seed_rates,
        };
        assert_eq!(Bounds::of(&setup).unwrap().server, 16_000_000);
        assert_eq!(Bounds::of_cdn(&setup), Some(4_000_000));
    }

    #[test]
    fn free_riders_give_no_uplink_and_liars_want_nothing() {
        let mut setup = Setup::new(4, 16).unwrap();
        let swarm = |setup: &Setup| Bounds::of(setup).unwrap().swarm;
        assert_eq!(swarm(&setup), 4_000_000);
        for client in &mut setup.clients[1..] {
            client.conduct = Conduct::FreeRides;
        }
        assert_eq!(swarm(&setup), 8_000_000);
        setup.clients[3].conduct = Conduct::Corrupts;
        assert_eq!(swarm(&setup), 6_000_000);
        for client in &mut setup.clients {
            client.conduct = Conduct::Stalls;
        }
        assert_eq!(Bounds::of(&setup), None);
    }

    #[test]
    fn no_bound_is_told_where_none_holds() {
        let plain = Setup::new(4, 16).unwrap();
        assert!(Bounds::of(&plain).is_some());
        let spoil: [fn(&mut Setup); 4] = [
            |setup| setup.seed_stay = Stay::UntilSent(1_000),
            |setup| setup.clients[1].arrives = Instant::from_millis(1),
            |setup| setup.clients[1].begins = Begins::AllBut(3),
            |setup| setup.clients[1].stay = Stay::UntilHas(500),
        ];
        for spoil in spoil {
            let mut setup = plain.clone();
            spoil(&mut setup);
            assert_eq!(Bounds::of(&setup), None);
        }
        assert_eq!(Bounds::of_cdn(&plain), None);
    }
}
