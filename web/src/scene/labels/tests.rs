use super::*;

fn word(turn: f64, text: &str) -> Wanted {
    Wanted {
        turn,
        gap: 26.0,
        text: text.to_owned(),
        inside: false,
    }
}

#[test]
fn two_words_at_one_place_do_not_cover_one_another() {
    let layout = Layout::new(600.0, 600.0, &[0.3], true);
    let wanted = [word(0.3, "hop 1"), word(0.3, "key 9")];
    let placed = place(&layout, 600.0, 600.0, &[0.3], &wanted);
    assert_eq!(placed.len(), 2);
    assert!(placed[0].point.distance(placed[1].point) > 12.0);
}

#[test]
fn a_shortened_id_is_given_its_whole_width() {
    let end = Point { x: 60.0, y: 0.0 };
    // 56 pixels in DejaVu Sans, the widest of the fonts that systems without others have.
    let area = word_area(end, Anchor::End, "aa7c70…");
    assert!(area.right - area.left >= 56.0);
}

#[test]
fn on_a_phone_the_key_of_the_lesson_is_named() {
    let turn = 26.0 / 32.0;
    let layout = Layout::new(366.0, 395.0, &[28.0 / 32.0], true);
    let key = Wanted {
        gap: 24.0,
        ..word(turn, "key 26")
    };
    let placed = place(&layout, 366.0, 395.0, &[28.0 / 32.0], &[key]);
    let on_band = layout.node_at(turn);
    assert_eq!(placed.len(), 1);
    assert!(placed[0].point.x < on_band.x - 8.0, "{placed:?}");
}

#[test]
fn on_a_phone_every_key_of_the_lesson_is_named() {
    let keys = [0.0, 1.0, 3.0, 8.0, 10.0, 12.0, 24.0, 26.0].map(|key: f64| key / 32.0);
    let names = [
        "dora", "anna", "gita", "cleo", "emil", "ben", "fritz", "key 26",
    ];
    let nodes = [1.0, 4.0, 9.0, 11.0, 14.0, 18.0, 20.0, 21.0, 28.0].map(|id: f64| id / 32.0);
    for height in [334.0, 390.0] {
        let layout = Layout::new(364.0, height, &nodes, true);
        let wanted: Vec<Wanted> = keys
            .iter()
            .zip(names)
            .map(|(turn, name)| Wanted {
                gap: layout.node + 9.0,
                inside: true,
                ..word(*turn, name)
            })
            .collect();
        let placed = place(&layout, 364.0, height, &nodes, &wanted);
        assert_eq!(placed.len(), names.len(), "{height}: {placed:?}");
    }
}

#[test]
fn on_a_low_stage_every_key_of_the_lesson_is_named_beside_the_ids_and_hops() {
    let at = |id: u32| f64::from(id) / 32.0;
    let nodes = [1, 4, 9, 11, 14, 18, 20, 21, 28];
    let turns = nodes.map(at);
    let hops = [(18, "hop 1"), (20, "hop 2"), (21, "hop 3"), (28, "hop 4")];
    let keys = [
        (26, "key 26"),
        (0, "dora"),
        (1, "anna"),
        (3, "gita"),
        (8, "cleo"),
        (10, "emil"),
        (12, "ben"),
        (24, "fritz"),
    ];
    for (width, height) in [(612.0, 220.0), (560.0, 240.0), (900.0, 220.0)] {
        let layout = Layout::new(width, height, &turns, true);
        let wanted = |gap: f64, id: u32, text: &str| Wanted {
            gap,
            inside: true,
            ..word(at(id), text)
        };
        // Nodes of this size have their ids beside them.
        let beside = layout.node + 10.0;
        let ids = nodes.iter().map(|id| wanted(beside, *id, &id.to_string()));
        let hops = hops.iter().map(|(id, text)| wanted(beside, *id, text));
        let named = keys.iter().map(|(id, text)| wanted(24.0, *id, text));
        let all: Vec<Wanted> = ids.chain(hops).chain(named).collect();
        let placed = place(&layout, width, height, &turns, &all);
        let left_out: Vec<&str> = (0..all.len())
            .filter(|index| placed.iter().all(|word| word.index != *index))
            .map(|index| all[index].text.as_str())
            .collect();
        assert_eq!(left_out, [""; 0], "{width}x{height}");
    }
}

#[test]
fn a_word_without_room_is_left_out() {
    let layout = Layout::new(200.0, 200.0, &[0.25], true);
    let wanted = [word(0.25, "a very long word that leaves the stage")];
    assert!(place(&layout, 200.0, 200.0, &[0.25], &wanted).is_empty());
}

#[test]
fn on_a_phone_the_tab_and_the_nodes_of_a_path_are_named_wherever_they_are() {
    for step in 0..64 {
        let turn = f64::from(step) / 64.0;
        let turns = [turn];
        let layout = Layout::new(364.0, 330.0, &turns, false);
        for text in [
            "this tab",
            "aa7c70…",
            "aa7c70… · hop 2",
            "aa7c70… · both neighbours",
        ] {
            let wanted = Wanted {
                gap: layout.node + 10.0,
                inside: true,
                ..word(turn, text)
            };
            let placed = place(&layout, 364.0, 330.0, &turns, &[wanted]);
            assert_eq!(placed.len(), 1, "{text} at {turn}");
        }
    }
}

#[test]
fn a_word_that_only_others_are_in_the_way_of_stays_outside() {
    let layout = Layout::new(600.0, 600.0, &[0.3], true);
    let crowd = vec![
        Wanted {
            inside: true,
            ..word(0.3, "hop 1")
        };
        12
    ];
    for placed in place(&layout, 600.0, 600.0, &[0.3], &crowd) {
        assert!(
            placed.point.distance(layout.centre) > layout.radius,
            "{placed:?}"
        );
    }
}
