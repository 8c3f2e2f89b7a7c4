//! Going back and forth in a ring, and between its branches.

use std::sync::Arc;

use chordscope_core::base::id::Id;
use chordscope_core::base::time::Instant;
use chordscope_core::chord::route::{Mode, Routing};
use chordscope_sim::engine::history::{BranchId, MAX_ACTIONS, MAX_BRANCHES, Refused};
use chordscope_sim::engine::{Timed, World};
use chordscope_sim::worlds::ring::action::Action;
use chordscope_sim::worlds::ring::builtin::named;
use chordscope_sim::worlds::ring::{History, RingWorld, Run};

use crate::millis;

fn history(name: &str) -> History {
    History::new(named(name).unwrap(), 1).unwrap()
}

fn insert(id: u64) -> Action {
    Action::Insert(Id::from_u64(id))
}

fn is_up(history: &History, id: u64) -> bool {
    history.world().node(Id::from_u64(id)).is_some()
}

/// The same moment, come to from the beginning with the same actions.
fn replayed(history: &History) -> RingWorld {
    let world = RingWorld::begin(&Arc::new(history.setup().clone()), history.seed()).unwrap();
    let mut run = Run::of(world, history.actions().to_vec());
    run.run_until(history.now());
    run.into_world()
}

#[test]
fn any_moment_can_be_made_again() {
    let mut history = history("insert-7");
    let mut digests = Vec::new();
    for at in (0..30).map(|second| millis(second * 997)) {
        history.seek(at);
        digests.push((at, history.world().digest(), history.entries().len()));
    }
    for (at, digest, entries) in digests.into_iter().rev() {
        history.seek(at);
        assert_eq!(history.world().digest(), digest, "at {at:?}");
        assert_eq!(history.entries().len(), entries);
    }
}

#[test]
fn an_action_in_the_past_begins_a_branch_and_the_former_future_stays() {
    let mut history = history("lesson-26");
    history.advance_to(millis(3_000));
    history.act(insert(7)).unwrap();
    history.advance_to(millis(9_000));
    let former = history.world().digest();
    history.seek(millis(2_000));
    let moved = history.act(Action::Crash(Id::from_u64(9))).unwrap();
    assert_eq!((moved.to, moved.dropped), (BranchId(1), None));
    assert_eq!(history.actions().len(), 2, "the scenario's and the crash");
    assert_eq!(history.end(), millis(2_000));
    assert!(!is_up(&history, 9));
    history.advance_to(millis(4_000));
    assert!(!is_up(&history, 7));
    let views = history.branches();
    assert_eq!(views.len(), 2);
    assert_eq!(views[0].end, millis(9_000));
    assert_eq!(views[0].label.as_deref(), Some("node 7 joins"));
    assert_eq!(views[1].parent, Some(BranchId(0)));
    assert_eq!(
        (views[1].from, views[1].end),
        (millis(2_000), millis(4_000))
    );
    assert_eq!(views[1].label.as_deref(), Some("node 9 crashes"));
    assert!(views[1].is_current && !views[0].is_current);
    assert!(history.switch_to(BranchId(0)));
    assert_eq!(history.now(), millis(4_000));
    assert!(is_up(&history, 7) && is_up(&history, 9));
    history.seek(millis(9_000));
    assert_eq!(history.world().digest(), former);
    assert!(!history.switch_to(BranchId(2)), "there is none");
}

#[test]
fn actions_at_the_end_of_a_branch_continue_it() {
    let mut history = history("lesson-26");
    for id in [2, 6, 7] {
        history.advance_to(millis(id * 1_000));
        assert_eq!(history.act(insert(id)).unwrap().to, BranchId(0));
    }
    assert_eq!(history.branches().len(), 1);
}

#[test]
fn undo_goes_to_the_branch_without_the_action_and_redo_back() {
    let mut history = history("lesson-26");
    assert!(!history.can_undo() && history.undo().is_none());
    history.advance_to(millis(3_000));
    history.act(insert(7)).unwrap();
    history.advance_to(millis(6_000));
    history.act(insert(12)).unwrap();
    history.advance_to(millis(8_000));
    let twelve = history.undo().unwrap();
    assert_eq!(history.now(), millis(6_000));
    assert!(is_up(&history, 7) && !is_up(&history, 12));
    let seven = history.undo().unwrap();
    assert_eq!(history.now(), millis(3_000));
    assert!(!is_up(&history, 7) && !history.can_undo());
    assert!(history.redo() && is_up(&history, 7));
    assert_eq!(history.current(), twelve.to);
    assert!(history.redo() && is_up(&history, 12));
    assert_eq!(history.current(), BranchId(0));
    assert!(!history.can_redo() && !history.redo());
    assert_eq!(history.end(), millis(8_000));
    assert_eq!(
        history.undo().unwrap().to,
        twelve.to,
        "the same branch again"
    );
    assert_eq!(history.undo().unwrap().to, seven.to);
    assert_eq!(history.branches().len(), 3);
}

#[test]
fn undo_of_an_action_in_the_past_goes_back_to_the_former_future() {
    let mut history = history("lesson-26");
    history.advance_to(millis(9_000));
    history.seek(millis(4_000));
    history.act(insert(7)).unwrap();
    history.advance_to(millis(5_000));
    assert_eq!(history.undo().unwrap().to, BranchId(0));
    assert_eq!(
        (history.now(), history.end()),
        (millis(4_000), millis(9_000))
    );
    assert!(!is_up(&history, 7));
    assert!(history.redo() && is_up(&history, 7));
    // Another action ends what can be redone.
    history.undo();
    history.act(insert(12)).unwrap();
    assert!(!history.can_redo());
}

#[test]
fn the_branch_visited_longest_ago_makes_room_and_its_children_stay() {
    let mut history = history("lesson-26");
    history.advance_to(millis(200_000));
    let mut dropped = Vec::new();
    for step in 0..MAX_BRANCHES as u64 + 5 {
        // Each branch leaves the one before it.
        history.seek(millis(199_000 - step * 1_000));
        let lookup = Action::Lookup {
            from: Id::from_u64(1),
            key: Id::from_u64(26),
            routing: Routing::Finger,
            mode: Mode::Recursive,
        };
        dropped.extend(history.act(lookup).unwrap().dropped);
        history.advance_to(millis(199_500 - step * 1_000));
    }
    let first = (1..=6).map(BranchId).collect::<Vec<_>>();
    assert_eq!(dropped, first);
    let views = history.branches();
    assert_eq!(views.len(), MAX_BRANCHES);
    assert_eq!(views[1].parent, Some(BranchId(0)), "{:?}", views[1]);
    for view in views {
        assert!(history.switch_to(view.id));
        assert_eq!(history.world().digest(), replayed(&history).digest());
    }
}

/// Checkpoints lie some 400 entries apart: of so many moments in a row one lies just before a checkpoint.
#[test]
fn an_action_just_before_a_checkpoint_leaves_nothing_of_the_former_future() {
    let mut history = history("sixteen");
    history.advance_to(millis(20_000));
    let entries = history.entries().iter().skip(300).take(500);
    let mut moments: Vec<Instant> = entries.map(|entry| entry.at).collect();
    moments.dedup();
    assert!(moments.len() > 100);
    for at in moments {
        let mut history = history.clone();
        history.seek(at);
        let put = Action::Put {
            from: Id::from_u64(1_873),
            name: "name".into(),
            value: "value".into(),
        };
        history.act(put).unwrap();
        history.advance_to(millis(20_000));
        history.seek(millis(at.as_millis() + 1_500));
        assert_eq!(history.world().digest(), replayed(&history).digest());
    }
}

#[test]
fn having_acted_equals_having_planned() {
    let mut acted = history("lesson-26");
    acted.advance_to(millis(1_000));
    let deed = Action::Lookup {
        from: Id::from_u64(28),
        key: Id::from_u64(12),
        routing: Routing::Finger,
        mode: Mode::Iterative,
    };
    acted.act(deed).unwrap();
    acted.advance_to(millis(5_000));
    let mut scenario = acted.setup().clone();
    scenario.actions = acted.actions().to_vec();
    let mut planned = History::new(scenario, 1).unwrap();
    planned.advance_to(millis(5_000));
    assert_eq!(acted.world().digest(), planned.world().digest());
}

#[test]
fn stepping_forward_and_back_comes_to_the_same_place() {
    let mut history = history("lesson-26");
    let mut places = Vec::new();
    for _ in 0..12 {
        history.step_forward();
        places.push(history.now());
    }
    assert!(
        places.windows(2).all(|pair| pair[0] < pair[1]),
        "{places:?}"
    );
    for place in places.iter().rev().skip(1) {
        history.step_back();
        assert_eq!(history.now(), *place);
    }
}

#[test]
fn a_run_takes_only_so_many_actions() {
    let mut scenario = named("lesson-26").unwrap();
    let heal = Timed {
        at: millis(1_000_000),
        action: Action::Heal,
    };
    scenario.actions = vec![heal; MAX_ACTIONS];
    let mut history = History::new(scenario, 1).unwrap();
    let refused = history.act(Action::Heal).unwrap_err();
    assert_eq!(refused, Refused::TooManyActions);
    assert!(refused.to_string().contains("as many actions"));
}
