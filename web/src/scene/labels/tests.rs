use super::*;

fn word(turn: f64, text: &str) -> Wanted {
    Wanted {
        turn,
        gap: 26.0,
        text: text.to_owned(),
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
fn a_word_without_room_is_left_out() {
    let layout = Layout::new(200.0, 200.0, &[0.25], true);
    let wanted = [word(0.25, "a very long word that leaves the stage")];
    assert!(place(&layout, 200.0, 200.0, &[0.25], &wanted).is_empty());
}
