//! A lookup once more, slowly: the questions and answers between the tab and each hop, in proportion to the round trips
//! that were measured.

use chordscope_core::base::id::Space;

use crate::live::talk::{Hop, Path};
use crate::scene::{Carries, Dot, Motion};

/// The milliseconds that the whole replay takes, about.
const WHOLE: f64 = 2_400.0;
/// However quick or slow a hop was, it must be seen, and must not bore.
const SHORTEST: f64 = 350.0;
const LONGEST: f64 = 1_600.0;

/// The moving layer so many milliseconds after the answer came. Where motion is unwelcome: the path alone.
pub fn motion(path: &Path, since: f64, calm: bool) -> Motion {
    let turns: Vec<f64> = path
        .hops
        .iter()
        .map(|hop| Space::FULL.turn(hop.id))
        .collect();
    let mut motion = Motion::default();
    let mut left = since.max(0.0);
    for (pair, length) in turns.windows(2).zip(lengths(&path.hops)) {
        let (from, to) = (pair[0], pair[1]);
        if left >= length || calm {
            motion.hops.push((from, to));
            left -= length;
            continue;
        }
        let share = left / length;
        motion.dots.push(dot(turns[0], to, share));
        break;
    }
    motion
}

/// The number of nodes of the path that the replay has reached, the origin among them.
pub fn reached(path: &Path, since: f64, calm: bool) -> usize {
    1 + motion(path, since, calm).hops.len()
}

/// The first half of a round trip is the question, the second the answer.
fn dot(origin: f64, hop: f64, share: f64) -> Dot {
    let answer = share >= 0.5;
    let (from, to) = if answer { (hop, origin) } else { (origin, hop) };
    Dot {
        from,
        to,
        share: (share * 2.0) % 1.0,
        carries: Carries::Lookup,
        answer,
    }
}

/// The milliseconds for which each hop is shown, the origin left out.
fn lengths(hops: &[Hop]) -> Vec<f64> {
    let hops = hops.get(1..).unwrap_or_default();
    let measured = hops.iter().filter_map(|hop| hop.rtt).map(f64::from);
    let whole = measured.sum::<f64>().max(1.0);
    let length = |hop: &Hop| {
        // A hop without a question: the one before it named the owner.
        let rtt = hop.rtt.map_or(0.0, f64::from);
        (rtt / whole * WHOLE).clamp(SHORTEST, LONGEST)
    };
    hops.iter().map(length).collect()
}

#[cfg(test)]
mod tests {
    use chordscope_core::base::id::Id;

    use super::*;

    fn path() -> Path {
        let hop = |id, rtt| Hop {
            id: Id::from_u64(id),
            address: None,
            rtt,
        };
        Path {
            key: Id::from_u64(9),
            hops: vec![
                hop(1, None),
                hop(5, Some(300)),
                hop(8, Some(100)),
                hop(9, None),
            ],
            took: 400,
        }
    }

    #[test]
    fn a_replay_asks_hop_by_hop_and_ends_with_the_whole_path() {
        let path = path();
        let first = motion(&path, 0.0, false);
        assert_eq!((first.hops.len(), first.dots.len()), (0, 1));
        assert!(!first.dots[0].answer);
        let ends = motion(&path, 60_000.0, false);
        assert_eq!((ends.hops.len(), ends.dots.len()), (3, 0));
        let answers = (0..600).map(|step| motion(&path, f64::from(step) * 10.0, false));
        let returns = answers.filter(|motion| motion.dots.iter().any(|dot| dot.answer));
        assert!(returns.count() > 10);
    }

    #[test]
    fn slower_hops_take_longer_within_bounds() {
        let lengths = lengths(&path().hops);
        assert!(lengths[0] > lengths[1] && lengths[1] > lengths[2]);
        assert!(
            lengths
                .iter()
                .all(|length| (SHORTEST..=LONGEST).contains(length))
        );
    }

    #[test]
    fn a_node_is_reached_when_its_answer_is_back() {
        let path = path();
        let at = |since| reached(&path, since, false);
        let first = lengths(&path.hops)[0];
        assert_eq!(
            (at(0.0), at(first - 1.0), at(first + 1.0), at(60_000.0)),
            (1, 1, 2, 4)
        );
        assert_eq!(reached(&path, 0.0, true), 4);
    }

    #[test]
    fn where_motion_is_unwelcome_the_path_is_there_at_once() {
        let still = motion(&path(), 0.0, true);
        assert_eq!((still.hops.len(), still.dots.len()), (3, 0));
    }
}
