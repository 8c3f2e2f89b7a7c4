//! The textbook bound on the time in which any way of sharing serves everybody (Kurose and Ross, Computer Networking, §2.5).

use chordscope_sim::worlds::swarm::Conduct;
use chordscope_sim::worlds::swarm::setup::SEGMENT;
use chordscope_sim::worlds::swarm::view::{MemberView, Moment};

use crate::swarm::engine::moment;
use crate::swarm::engine::statement::Statement;

/// The bound on a run that served everybody at a time, in microseconds: the seed's uplink sends the file once, and all uplinks together send
/// it once to each client. None where somebody left, came late or free rides: then other uplinks count at other times.
pub(super) fn of(moment: &Moment, at: u64) -> Option<Statement> {
    let all = moment.members.iter();
    let is_plain = |member: &MemberView| {
        let came = moment::came(member).map(|at| at.as_micros());
        came == Some(0) && member.conduct == Conduct::Honest && member.rates.down.is_none()
    };
    if !all.clone().all(is_plain) {
        return None;
    }
    let seed = moment::find(moment, 0)?.rates.up;
    let together: u64 = all.map(|member| member.rates.up).sum();
    let clients = moment::clients(moment).count() as u64;
    let length = u64::from(moment::segments(moment)) * SEGMENT;
    let time =
        |bytes: u64, rate: u64| (u128::from(bytes) * 1_000_000 / u128::from(rate.max(1))) as u64;
    let least = time(length, seed).max(time(clients * length, together));
    Some(Statement::Bound {
        least,
        percent: (at * 100 + least / 2) / least.max(1),
    })
}
