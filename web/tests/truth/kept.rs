//! Runs at which something false was said once, or a falsehood was missed.

use chordscope_core::base::id::Id;
use chordscope_web::engine::Engine;
use chordscope_web::engine::command::Command;
use chordscope_web::engine::snapshot::Snapshot;
use chordscope_web::engine::statement::Statement;

use crate::lies::carries;
use crate::{Seen, look};

/// Goes through a run from one event to the next, with the tables of a node shown, and holds all that the page says against the facts.
fn watch(run: &str, node: u64) -> Vec<Snapshot> {
    let behaviour = chordscope_sim::engine::behaviour::BEHAVIOUR;
    let mut engine = Engine::open(&format!("v={behaviour}&{run}&t=0"), true);
    let until = engine.history().setup().until;
    engine.apply(Command::Choose(Id::from_u64(node)));
    let mut seen = Seen::default();
    let mut shots = Vec::new();
    while engine.history().now() < until {
        engine.apply(Command::StepForward);
        look(&engine, run, &[], &mut seen);
        shots.push(engine.snapshot());
    }
    seen.assert_all_is_so();
    shots
}

#[test]
fn a_lookup_and_a_departure_at_one_moment_have_an_order() {
    let ring = "bits=5&nodes=2,21,29&until=9000&upkeep=1884,2307,8000&seed=999";
    let shots = watch(&format!("{ring}&do=0:lookup,21,31;0:remove,21"), 2);
    assert!(
        shots
            .iter()
            .all(|shot| !shot.lookup_shown || !shot.lookup.as_ref().unwrap().finished)
    );
    // The other way round the ring has not changed since the lookup began, but its nodes have.
    let shots = watch(&format!("{ring}&do=0:remove,21;0:lookup,2,31"), 2);
    let end = shots.last().unwrap();
    assert!(end.lookup_shown && end.lookup.as_ref().unwrap().ring.is_empty());
}

#[test]
fn a_decision_without_the_origin_is_none_of_the_lookup_on_the_page() {
    let ring =
        "bits=4&nodes=4,5,6,8,9,12,13&until=9000&successors=4&upkeep=2305,4203,8000&seed=130";
    let plan = "1888358:remove,4;1930934:pause,9;2672358:lookup,5,9;3280358:remove,5";
    let shots = watch(&format!("{ring}&do={plan}"), 8);
    let since = Statement::SuccessorSince {
        node: Id::from_u64(8),
        took: Id::from_u64(9),
    };
    let mut seen = shots.iter().filter_map(|shot| shot.inspected.as_ref());
    assert!(seen.any(|node| node.since == Some(since.clone())));
}

#[test]
fn numbers_in_other_places_are_other_statements() {
    let id = Id::from_u64;
    let found = |hops, owner, key| Statement::Found {
        hops,
        owner: id(owner),
        key: id(key),
    };
    let claims = |after, node| Statement::Claims {
        after: id(after),
        node: id(node),
        right: false,
    };
    let misplaced = |owner| Statement::Misplaced {
        hops: 0,
        owner: id(owner),
        key: id(7),
        right: id(1),
    };
    let space = chordscope_core::base::id::Space::new(3).unwrap();
    for (one, other) in [
        (found(0, 1, 0), found(1, 1, 0)),
        (claims(7, 0), claims(0, 0)),
        (misplaced(7), misplaced(0)),
    ] {
        let text = one.text(space);
        assert!(carries(&one, &text) && !carries(&other, &text), "{text}");
    }
}
