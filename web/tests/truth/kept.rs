//! Runs at which something false was said once, or a falsehood was missed.

use chordscope_core::base::id::Id;
use chordscope_sim::engine::behaviour::BEHAVIOUR;
use chordscope_web::player::{Control, Driven};
use chordscope_web::ring::engine::Engine;
use chordscope_web::ring::engine::command::Command;
use chordscope_web::ring::engine::snapshot::Snapshot;
use chordscope_web::ring::engine::statement::Statement;

use crate::lies::carries;
use crate::{Seen, frames, look};

/// Goes through a run from one event to the next, with the tables of a node shown, and holds all that the page says against the facts.
fn watch(run: &str, node: u64) -> Vec<Snapshot> {
    let mut engine = Engine::open(&format!("v={BEHAVIOUR}&{run}&t=0"), true);
    let until = engine.history().setup().until;
    engine.apply(Command::Choose(Id::from_u64(node)));
    let mut seen = Seen::default();
    let mut shots = Vec::new();
    while engine.history().now() < until {
        engine.apply(Control::StepForward);
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
    // Where a node joins that was inserted before, the ring has not changed since the lookup began, but its nodes have.
    let shots = watch(&format!("{ring}&do=0:insert,8;0:lookup,2,31"), 2);
    let end = shots.last().unwrap();
    let lookup = end.lookup.as_ref().unwrap();
    assert!(end.lookup_shown && lookup.finished && lookup.ring.is_empty());
    assert!(end.nodes.iter().all(|node| node.is_member()));
}

#[test]
fn an_answer_that_follows_from_a_timeout_is_told_as_one() {
    let ring = "bits=5&nodes=3,6,8,9,10,17,19,22,26,29&until=9000&upkeep=1421,3433,8000&seed=454";
    let plan = "0:lookup,3,29,iterative;1014628:lookup,8,29;3858486:lookup,29,7;3858486:crash,8";
    let run = format!("{ring}&do={plan};4457555:crash,19");
    watch(&run, 9);
    let engine = Engine::open(&format!("v={BEHAVIOUR}&{run}&t=5230488"), true);
    let mut seen = Seen::default();
    look(&engine, &run, &[], &mut seen);
    seen.assert_all_is_so();
    let answers = Statement::Answers {
        owner: Id::from_u64(9),
        origin: Id::from_u64(29),
    };
    assert_eq!(engine.snapshot().caption.lead, answers);
}

#[test]
fn who_misroutes_is_said_to() {
    let ring = "bits=3&nodes=1,2,3,4,6&until=9000&upkeep=1814,3433,8000";
    let mut seen = 0;
    for seed in 0..8 {
        for mode in ["", ",iterative"] {
            let plan = format!("0:misroute,3;0:misroute,6;20000:lookup,6,3{mode}");
            let shots = watch(&format!("{ring}&seed={seed}&do={plan}"), 6);
            let misroutes =
                |shot: &&Snapshot| matches!(shot.caption.lead, Statement::Misroutes { .. });
            seen += shots.iter().filter(misroutes).count();
        }
    }
    assert!(seen > 0);
}

#[test]
fn what_is_left_of_a_recursive_lookup_is_not_what_its_origin_asks() {
    let ring =
        "bits=8&nodes=124,236,246&until=9000&rules=classic&loss=236&upkeep=2955,1085,8000&seed=452";
    let plan = "39279:pause,124;1266008:misroute,236;1266008:insert,27;1266008:lookup,236,103";
    watch(&format!("{ring}&do={plan};2266008:insert,250"), 236);
}

#[test]
fn a_node_that_is_asked_again_is_said_to_be() {
    let mut engine = Engine::open("", true);
    engine.apply(Command::Load("crash-18".to_owned()));
    let [origin, to] = [1, 14].map(Id::from_u64);
    let again = Statement::AsksAgain { origin, to };
    let mut leads = Vec::new();
    while engine.snapshot().time.can_continue {
        engine.apply(Control::Continue);
        while engine.snapshot().time.playing {
            frames(&mut engine, 1);
        }
        let lead = engine.snapshot().caption.lead;
        let refers = matches!(lead, Statement::Refers { .. });
        assert!(!refers || !leads.contains(&lead), "{lead:?}");
        leads.push(lead);
    }
    assert!(leads.contains(&again), "{leads:?}");
}

#[test]
fn a_lookup_that_misroutes_in_circles_is_told_as_it_goes() {
    let ring = "bits=7&nodes=8,99,101,104&until=9000&quorum=1&upkeep=2735,1056,8000&seed=932";
    let plan = "0:slow,104,388;3142735:misroute,8;3142735:lookup,104,25;3597487:lookup,104,18,linear;4085779:crash,99";
    watch(&format!("{ring}&do={plan}"), 8);
}

#[test]
fn a_node_is_asked_again_too_where_its_own_answer_is_lost() {
    let ring =
        "bits=3&nodes=0,1,2,3,6&until=9000&loss=100&latency=36,249&upkeep=1605,4112,8000&seed=183";
    let plan = "0:lookup,1,6;34666:lookup,0,4,iterative;157479:lookup,6,2,iterative;220145:lookup,6,4,linear";
    let more = "1184542:lookup,0,0,iterative;3101370:lookup,6,6,iterative;3527768:lookup,2,0;3527768:lookup,0,3,iterative";
    watch(&format!("{ring}&do={plan};{more}"), 2);
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
