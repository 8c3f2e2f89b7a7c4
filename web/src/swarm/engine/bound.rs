//! The textbook bound on the time in which any way of sharing serves everybody (Kurose and Ross, Computer Networking, §2.5).

use crate::swarm::engine::moment::{Member, Moment};
use crate::swarm::engine::statement::Statement;

/// The bound on a run that served everybody at a time, in microseconds: the seed's uplink sends the file once, and all uplinks together send
/// it once to each client. None where somebody left, came late or free rides: then other uplinks count at other times.
pub fn of(moment: &Moment, at: u64) -> Option<Statement> {
    let all = moment.members.iter();
    let is_plain = |member: &Member| member.here && member.arrived == Some(0) && !member.free_rides && !member.banned;
    if !all.clone().all(is_plain) {
        return None;
    }
    let seed = moment.seed()?.up;
    let together: u64 = all.map(|member| member.up).sum();
    let clients = moment.clients().count() as u64;
    let time = |bytes: u64, rate: u64| (u128::from(bytes) * 1_000_000 / u128::from(rate.max(1))) as u64;
    let least = time(moment.length, seed).max(time(clients * moment.length, together));
    Some(Statement::Bound {
        least,
        percent: (at * 100 + least / 2) / least.max(1),
    })
}
