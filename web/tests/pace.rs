//! How time goes: steps that wait for the reader, waits that can be skipped, ends.

use chordscope_core::base::id::Id;
use chordscope_sim::worlds::ring::action::Action;
use chordscope_sim::worlds::ring::builtin;
use chordscope_web::player::{Control, Driven};
use chordscope_web::ring::engine::Engine;
use chordscope_web::ring::engine::command::{Command, Way};
use chordscope_web::ring::engine::snapshot::{Caption, Snapshot};
use chordscope_web::ring::engine::statement::Statement;

/// A frame, in milliseconds.
const FRAME: f64 = 16.0;

fn loaded(name: &str) -> Engine {
    let mut engine = Engine::open("", true);
    engine.apply(Command::Load(name.to_owned()));
    engine
}

fn frame(engine: &mut Engine) -> Snapshot {
    engine.advance(FRAME, 7.0, || 0.0);
    engine.snapshot()
}

/// Lets frames pass until time stops; gives the frames that took.
fn until_it_stops(engine: &mut Engine) -> (Snapshot, usize) {
    for frames in 0..20_000 {
        let shot = frame(engine);
        if !shot.time.playing {
            return (shot, frames);
        }
    }
    panic!("it never stops: {:?}", engine.snapshot().caption);
}

fn text(shot: &Snapshot) -> String {
    shot.caption.text(shot.space)
}

/// The captions at which a guided scenario stops, to its end.
fn steps(engine: &mut Engine) -> Vec<Caption> {
    let mut steps = Vec::new();
    for _ in 0..400 {
        let (shot, _) = until_it_stops(engine);
        steps.push(shot.caption.clone());
        if !shot.time.can_continue {
            return steps;
        }
        engine.apply(Control::Continue);
    }
    panic!("it never ends: {:?}", steps.last());
}

#[test]
fn every_scenario_stops_at_each_step_and_ends() {
    for scenario in builtin::all() {
        let mut engine = loaded(&scenario.name);
        let steps = steps(&mut engine);
        for pair in steps.windows(2) {
            assert!(
                !pair[0].is_same_step(&pair[1]),
                "{}: {pair:?}",
                scenario.name
            );
        }
        let last = steps.last().unwrap();
        assert!(
            last.rest.contains(&Statement::Ended),
            "{}: {last:?}",
            scenario.name
        );
        assert!(engine.history().now() <= scenario.until);
        // Who presses Continue at the end stays there.
        let end = engine.history().now();
        engine.apply(Control::Continue);
        for _ in 0..100 {
            frame(&mut engine);
        }
        assert_eq!(engine.history().now(), end, "{}", scenario.name);
    }
}

#[test]
fn no_step_is_passed_over_by_pressing_continue_while_time_runs() {
    for scenario in builtin::all() {
        let calm = steps(&mut loaded(&scenario.name));
        let mut engine = loaded(&scenario.name);
        for step in &calm {
            // The first press starts time, the next one goes to the next step at once.
            let mut presses = 0;
            while !step.is_same_step(&engine.snapshot().caption) {
                assert!(presses < 6, "{}: never {step:?}", scenario.name);
                engine.apply(Control::Continue);
                presses += 1;
            }
        }
    }
}

#[test]
fn every_scenario_ends_by_itself_once_it_is_played() {
    for scenario in builtin::all() {
        let mut engine = loaded(&scenario.name);
        engine.apply(Control::Speed(9));
        engine.apply(Control::Play(true));
        let (shot, _) = until_it_stops(&mut engine);
        assert!(
            shot.caption.rest.contains(&Statement::Ended),
            "{}: {}",
            scenario.name,
            text(&shot)
        );
    }
}

#[test]
fn the_lessons_lookup_stops_at_each_node_and_at_the_answer() {
    let steps = steps(&mut loaded("lesson-26"));
    let space = loaded("lesson-26").snapshot().space;
    let leads: Vec<String> = steps.iter().map(|step| step.lead.text(space)).collect();
    let expected = [
        "Node 1 forwards the lookup to 18.",
        "Node 18 forwards the lookup to 20.",
        "Node 20 forwards the lookup to 21.",
        "Node 21 forwards the lookup to 28.",
        "Node 28 answers node 1.",
        "Found in 4 hops: node 28 is responsible for 26.",
    ];
    assert_eq!(leads, expected);
}

#[test]
fn a_wait_is_announced_with_its_length_and_skipped_at_once() {
    let mut engine = loaded("crash-18");
    let wait = |shot: &Snapshot| match shot.caption.lead {
        Statement::Waits { micros, .. } => Some(micros),
        _ => None,
    };
    let micros = loop {
        let (shot, _) = until_it_stops(&mut engine);
        if let Some(micros) = wait(&shot) {
            break micros;
        }
        engine.apply(Control::Continue);
    };
    let from = engine.history().now().as_micros();
    engine.apply(Control::Continue);
    let shot = frame(&mut engine);
    assert!(shot.time.playing && shot.caption.lead == engine.snapshot().caption.lead);
    // Once more, and the wait is over.
    engine.apply(Control::Continue);
    let shot = engine.snapshot();
    assert!(!shot.time.playing);
    assert_eq!(wait(&shot), None, "{}", text(&shot));
    let passed = shot.time.now - from;
    assert!(passed > 0 && passed <= micros, "{passed} of {micros}");
}

#[test]
fn a_wait_takes_no_longer_to_watch_than_a_few_seconds() {
    let mut engine = loaded("crash-18");
    let mut longest = 0;
    loop {
        let (shot, frames) = until_it_stops(&mut engine);
        longest = longest.max(frames);
        if shot.lookup.is_some_and(|lookup| lookup.finished) {
            break;
        }
        engine.apply(Control::Continue);
    }
    assert!((longest as f64) * FRAME < 6_000.0, "{longest} frames");
}

#[test]
fn a_caption_stays_until_it_could_be_read() {
    let mut engine = loaded("lesson-26");
    engine.apply(Command::Look {
        from: Id::from_u64(1),
        key: Id::from_u64(26),
        way: Way::default(),
    });
    let mut shown: Vec<(Caption, usize)> = Vec::new();
    for _ in 0..20_000 {
        let shot = frame(&mut engine);
        match shown.last_mut() {
            Some((caption, frames)) if *caption == shot.caption => *frames += 1,
            _ => shown.push((shot.caption.clone(), 1)),
        }
        if !shot.time.playing {
            break;
        }
    }
    let space = engine.history().world().space();
    let (last, _) = shown.pop().unwrap();
    assert!(
        matches!(last.lead, Statement::Found { hops: 4, .. }),
        "{last:?}"
    );
    assert_eq!(shown.len(), 5);
    for (at, (caption, frames)) in shown.iter().enumerate() {
        let words = caption.text(space).split_whitespace().count();
        let word = if at == 0 { 180.0 } else { 80.0 };
        let time = *frames as f64 * FRAME;
        assert!(
            time >= words as f64 * word,
            "{words} words in {time} ms: {caption:?}"
        );
    }
    let all: usize = shown.iter().map(|(_, frames)| frames).sum();
    assert!((all as f64) * FRAME < 15_000.0, "{all} frames");
}

/// Every caption that was shown while time ran, with the one before it and how many milliseconds it stood.
fn captions(engine: &mut Engine, guided: bool) -> Vec<(Option<Caption>, Caption, f64)> {
    let mut passed = Vec::new();
    let mut before = None;
    // Who presses Play has read the first.
    let mut shown = (
        engine.snapshot().caption,
        if guided { 0.0 } else { f64::INFINITY },
    );
    for _ in 0..40_000 {
        let shot = frame(engine);
        let space = shot.space;
        if shot.caption.text(space) == shown.0.text(space) {
            shown.1 += FRAME;
        } else {
            let (last, time) = std::mem::replace(&mut shown, (shot.caption.clone(), FRAME));
            passed.push((before, last.clone(), time));
            before = Some(last);
        }
        if shot.time.playing {
            continue;
        }
        if !shot.time.can_continue || !guided {
            return passed;
        }
        // Who goes on has read it.
        shown.1 = f64::INFINITY;
        engine.apply(Control::Continue);
    }
    panic!("it never ends: {shown:?}");
}

/// Returns how many milliseconds a reader takes for a caption: a glance, where only numbers are new.
fn reading_time(engine: &Engine, before: Option<&Caption>, caption: &Caption) -> f64 {
    let space = engine.history().world().space();
    let bare = |caption: &Caption| caption.text(space).replace(|c: char| c.is_numeric(), "");
    let alike = before.is_some_and(|before| bare(caption) == bare(before));
    let time = |one: &Statement| {
        let known = before.is_some_and(|before| before.statements().any(|other| other == one));
        let word = if alike || known { 125.0 } else { 180.0 };
        one.text(space).split_whitespace().count() as f64 * word
    };
    caption.statements().map(time).sum::<f64>().min(5_500.0)
}

/// What was said, how many milliseconds it stood while time ran, and whether time stopped at it.
struct Stand {
    words: String,
    millis: f64,
    stopped: bool,
}

/// Every caption of a scenario to its end, by its words.
fn stands(engine: &mut Engine, guided: bool) -> Vec<Stand> {
    let mut stands: Vec<Stand> = Vec::new();
    for _ in 0..40_000 {
        let shot = frame(engine);
        let words = text(&shot);
        match stands.last_mut().filter(|last| last.words == words) {
            Some(last) => last.millis += FRAME,
            None => stands.push(Stand {
                words,
                millis: FRAME,
                stopped: false,
            }),
        }
        if shot.time.playing {
            continue;
        }
        if !guided || !shot.time.can_continue {
            return stands;
        }
        let Some(last) = stands.last_mut() else {
            continue;
        };
        assert!(!last.stopped, "it stops twice at: {}", last.words);
        last.stopped = true;
        last.millis = 0.0;
        engine.apply(Control::Continue);
    }
    panic!("it never ends");
}

#[test]
fn no_caption_of_a_scenario_freezes_or_races_and_each_scenario_says_its_end() {
    for scenario in builtin::all() {
        for guided in [true, false] {
            let mut engine = loaded(&scenario.name);
            if !guided {
                engine.apply(Control::Play(true));
            }
            let stands = stands(&mut engine, guided);
            let (last, passed) = stands.split_last().unwrap();
            for (at, stand) in passed.iter().enumerate() {
                let (words, millis) = (&stand.words, stand.millis);
                let place = format!("{}, guided: {guided}, {millis} ms: {words}", scenario.name);
                assert!(millis <= 8_000.0, "it freezes: {place}");
                // Who presses Play or Continue has read what stands there.
                let read = stand.stopped || at == 0 && !guided;
                let needed = words.split_whitespace().count() as f64 * 125.0;
                assert!(read || millis >= needed.min(5_500.0), "it races: {place}");
            }
            assert!(
                last.words.ends_with("The scenario has ended."),
                "{}: {}",
                scenario.name,
                last.words
            );
        }
    }
}

#[test]
fn the_captions_of_a_scenario_name_every_node_that_comes_or_goes() {
    for scenario in builtin::all() {
        let space = scenario.space;
        let mut engine = loaded(&scenario.name);
        let said: Vec<String> = stands(&mut engine, true)
            .into_iter()
            .map(|stand| stand.words)
            .collect();
        for timed in &scenario.actions {
            let (node, word) = match &timed.action {
                Action::Insert(node) => (node, "join"),
                Action::Crash(node) => (node, "crashed"),
                _ => continue,
            };
            let names = |words: &&str| {
                let mut numbers = words.split(|letter: char| !letter.is_alphanumeric());
                words.contains(word) && numbers.any(|number| number == space.show(*node))
            };
            let mut sentences = said.iter().flat_map(|words| words.split(". "));
            assert!(
                sentences.any(|sentence| names(&sentence)),
                "{}: nothing says that {} {word}",
                scenario.name,
                space.show(*node)
            );
        }
    }
}

#[test]
fn a_wait_for_what_is_planned_is_announced_with_its_moment() {
    let steps = steps(&mut loaded("classic-come-and-go"));
    let space = loaded("classic-come-and-go").snapshot().space;
    let announced = |step: &&Caption| step.text(space).contains("goes on at 20 s.");
    let joined = |step: &&Caption| {
        step.text(space)
            .starts_with("Nodes 5, 21 and 49 have joined.")
    };
    assert!(steps.iter().filter(joined).count() > 0);
    assert!(steps.iter().filter(joined).all(|step| announced(&step)));
    // And what tears the ring is named, to the end.
    let end = steps.last().unwrap().text(space);
    assert!(
        end.contains("Node 0 takes 5 for its successor, which is gone."),
        "{end}"
    );
    assert!(end.contains("Nothing has changed for 30 s."), "{end}");
}

#[test]
fn every_caption_of_every_scenario_stays_until_it_could_be_read() {
    for scenario in builtin::all() {
        for guided in [true, false] {
            let mut engine = loaded(&scenario.name);
            if !guided {
                engine.apply(Control::Play(true));
            }
            let passed = captions(&mut engine, guided);
            for (before, caption, time) in &passed {
                let needed = reading_time(&engine, before.as_ref(), caption);
                assert!(
                    *time >= needed,
                    "{}, guided: {guided}: {time} of {needed} ms: {}",
                    scenario.name,
                    caption.text(engine.history().world().space())
                );
            }
            let last = engine.snapshot().caption;
            assert!(last.rest.contains(&Statement::Ended), "{last:?}");
        }
    }
}

#[test]
fn a_step_never_leaves_the_same_words() {
    for scenario in builtin::all() {
        let mut engine = Engine::open(&format!("s={}", scenario.name), true);
        let mut before = (engine.snapshot().time.now, text(&engine.snapshot()));
        for _ in 0..60 {
            engine.apply(Control::StepForward);
            let shot = engine.snapshot();
            let now = (shot.time.now, text(&shot));
            if now.0 == before.0 {
                assert!(shot.refused.is_some());
                break;
            }
            let long = now.0 - before.0 > 1_000_000;
            assert!(
                !long || now.1 != before.1,
                "{}: {before:?}, {now:?}",
                scenario.name
            );
            before = now;
        }
    }
}

#[test]
fn of_two_branches_of_a_lookup_one_is_told() {
    // Messages are lost, so that nodes forward a lookup twice; each path that is shown grows from the last one, or begins anew after a wait.
    let ring = "bits=6&nodes=1,9,17,25,33,41,49,57&loss=150&latency=20,80&until=20000";
    for seed in 1..60 {
        let mut engine = Engine::open(&format!("{ring}&seed={seed}&t=0"), true);
        engine.apply(Command::Look {
            from: Id::from_u64(1),
            key: Id::from_u64(56),
            way: Way {
                linear: true,
                iterative: false,
            },
        });
        let mut before = engine.snapshot();
        loop {
            engine.apply(Control::StepForward);
            let shot = engine.snapshot();
            let (Some(last), Some(lookup)) = (&before.lookup, &shot.lookup) else {
                panic!("no lookup");
            };
            if lookup.finished || shot.time.now == before.time.now {
                break;
            }
            let begins_anew = |one: &Statement| {
                matches!(one, Statement::Waits { .. } | Statement::AsksItself { .. })
            };
            let said = before.caption.statements().chain(shot.caption.statements());
            let waited = said.into_iter().any(begins_anew);
            let grows = lookup.path.starts_with(&last.path);
            assert!(
                waited || grows,
                "seed {seed}: {:?}, {:?}",
                last.path,
                lookup.path
            );
            before = shot;
        }
    }
}

#[test]
fn a_scenario_that_has_ended_stays_so_however_long_one_goes_on() {
    for scenario in builtin::all() {
        let mut engine = loaded(&scenario.name);
        engine.apply(Control::Speed(10));
        engine.apply(Control::Play(true));
        until_it_stops(&mut engine);
        let end = engine.history().now();
        for _ in 0..2_000 {
            let shot = frame(&mut engine);
            let place = format!("{}, {} µs: {}", scenario.name, shot.time.now, text(&shot));
            assert!(!shot.time.can_continue, "{place}");
            assert!(shot.caption.rest.contains(&Statement::Ended), "{place}");
            engine.apply(Control::Play(true));
        }
        assert!(engine.history().now() > end);
        let later = engine.history().now();
        engine.apply(Control::Continue);
        frame(&mut engine);
        assert!(engine.history().now() >= later);
    }
}

#[test]
fn what_stabilization_breaks_after_the_end_begins_no_next_step() {
    let link = "v=3&bits=5&nodes=1,4,9,11,14,18,20,21,28&loss=200&upkeep=500,500,4000&until=600000&do=500000:insert,7&seed=1";
    let mut engine = Engine::open(link, false);
    engine.apply(Control::Speed(8));
    let mut ended = false;
    for _ in 0..3_000 {
        engine.apply(Control::Play(true));
        let shot = frame(&mut engine);
        assert!(!ended || !shot.time.can_continue, "{}", text(&shot));
        let holds = matches!(shot.violations, Statement::Violations { broken: 0, .. });
        if ended && !holds {
            return;
        }
        ended |= !shot.time.can_continue;
    }
    panic!("it ended: {ended}, and nothing broke after that");
}

#[test]
fn the_end_is_not_told_before_it_and_not_after_something_else_was_done() {
    let says_end = |shot: &Snapshot| shot.caption.rest.contains(&Statement::Ended);
    for (name, deed) in [
        ("lesson-26", Command::Insert(Id::from_u64(7))),
        ("insert-7", Command::Crash(Id::from_u64(7))),
    ] {
        let mut engine = loaded(name);
        steps(&mut engine);
        assert!(says_end(&engine.snapshot()));
        engine.apply(Control::StepBack);
        let back = engine.snapshot();
        assert!(
            !says_end(&back) && back.time.can_continue,
            "{name}: {}",
            text(&back)
        );
        engine.apply(Control::Seek(engine.history().end().as_micros()));
        assert!(says_end(&engine.snapshot()));
        engine.apply(deed);
        let (shot, _) = until_it_stops(&mut engine);
        assert!(!says_end(&shot), "{name}: {}", text(&shot));
        engine.apply(Command::Load(name.to_owned()));
        assert!(!says_end(&engine.snapshot()));
    }
}

#[test]
fn once_what_the_user_did_has_come_to_its_end_there_is_no_next_step() {
    let mut engine = Engine::open("", true);
    engine.apply(Command::Insert(Id::from_u64(7)));
    for _ in 0..200 {
        let (shot, _) = until_it_stops(&mut engine);
        if !shot.time.can_continue {
            let change = shot.change.unwrap();
            assert_eq!(change.right, change.rows.len());
            return;
        }
        engine.apply(Control::Continue);
    }
    panic!("there is always a next step: {}", text(&engine.snapshot()));
}

/// The number of invariants that the caption names as violated.
fn named_in(caption: &Caption) -> Option<usize> {
    caption.statements().find_map(|one| match one {
        Statement::Violated { broken, .. } => Some(broken.len()),
        _ => None,
    })
}

#[test]
fn the_caption_names_as_many_violated_invariants_as_the_panel_counts() {
    let mut compared = 0;
    for scenario in builtin::all() {
        let mut engine = loaded(&scenario.name);
        for _ in 0..4_000 {
            let shot = frame(&mut engine);
            if !shot.time.playing {
                engine.apply(Control::Continue);
            }
            let Statement::Violations { broken, .. } = shot.violations else {
                unreachable!()
            };
            if let Some(named) = named_in(&shot.caption) {
                assert_eq!(named, broken, "{}: {}", scenario.name, text(&shot));
                compared += 1;
            }
            if !shot.time.can_continue {
                break;
            }
        }
    }
    assert!(compared > 100, "{compared}");
}

/// How many affected fingers the caption or the card says to be updated, of how many, while nothing else is done.
fn updated(shot: &Snapshot) -> Option<(usize, usize)> {
    match shot.change.as_ref()?.affected {
        Some(Statement::Affected { done, of, .. }) => Some((done, of)),
        _ => None,
    }
}

#[test]
fn how_many_fingers_are_updated_never_goes_back_while_nothing_else_is_done() {
    let mut engine = Engine::open(
        "bits=5&nodes=1,4,9,11,14,18,20,21,28&loss=200&upkeep=500,500,8000",
        true,
    );
    for deed in [
        Command::Insert(Id::from_u64(7)),
        Command::Crash(Id::from_u64(18)),
        Command::Remove(Id::from_u64(4)),
        Command::Insert(Id::from_u64(30)),
    ] {
        engine.apply(Control::Speed(9));
        engine.apply(deed);
        let mut last = updated(&engine.snapshot()).unwrap();
        for _ in 0..500 {
            engine.apply(Control::Play(true));
            let shot = frame(&mut engine);
            let now = updated(&shot).unwrap();
            assert_eq!(now.1, last.1, "{}", text(&shot));
            assert!(now.0 >= last.0, "{last:?} → {now:?}: {}", text(&shot));
            last = now;
        }
        assert_eq!(last.0, last.1);
    }
}
