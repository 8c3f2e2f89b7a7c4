//! Pointing at what is drawn: with the mouse, with a finger and with the keyboard.

use thirtyfour::prelude::Key;

use crate::lesson::{open_ended, set_speed};
use crate::live;
use crate::stage::Stage;
use crate::support::{Page, Result, Ring, eventually};

/// The lesson's nodes.
const NODES: [u32; 9] = [1, 4, 9, 11, 14, 18, 20, 21, 28];
/// The names of the lesson's records.
const NAMES: [&str; 7] = ["anna", "ben", "cleo", "dora", "emil", "fritz", "gita"];
/// A small screen, a large one, a phone.
const SIZES: [(u32, u32); 3] = [(1280, 800), (1920, 1080), (390, 844)];
/// Nearer to a node or key than this a point of the band is theirs.
const CLEAR: f64 = 17.0;
/// The distance, in pixels, within which a pointer finds a node where nothing else is nearer.
const REACH: f64 = 24.0;

fn turn(position: u32) -> f64 {
    f64::from(position) / 32.0
}

/// A name's key on the lesson's ring: the last five bits of the first 20 bytes of its digest.
fn key_of(name: &str) -> u32 {
    u32::from(blake3::hash(name.as_bytes()).as_bytes()[19] & 31)
}

/// The lesson's keys that lie on no node, ascending: those of its records, and the one sought.
fn keys() -> Vec<u32> {
    let mut keys: Vec<u32> = NAMES.into_iter().map(key_of).chain([26]).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.retain(|key| !NODES.contains(key));
    keys
}

/// The node responsible for a turn, and the one before it.
fn responsible(at: f64) -> (u32, u32) {
    let owner = NODES.iter().position(|node| turn(*node) >= at).unwrap_or(0);
    (NODES[(owner + NODES.len() - 1) % NODES.len()], NODES[owner])
}

async fn hint(page: &Page) -> Result<String> {
    let hint = "return document.querySelector('.app .view__hint, .app .stage__hint').textContent";
    let hint = page.run(hint).await?;
    Ok(hint.as_str().unwrap_or_default().to_owned())
}

/// Waits until the hint begins so.
async fn says(page: &Page, part: &str) -> Result<()> {
    let mut last = String::new();
    let what = format!("\"{part}\" beside the stage");
    let waited = eventually(&what, async || {
        last = hint(page).await?;
        Ok(last.starts_with(part).then_some(()))
    });
    let waited = waited.await;
    let size = page.run("return `${innerWidth}x${innerHeight}`").await?;
    waited.map_err(|error| format!("{error} at {size}; it says \"{last}\"").into())
}

/// Returns the distance from a point of the band to the nearest node or key.
fn room(stage: &Stage, at: f64) -> f64 {
    let drawn = NODES.into_iter().chain(keys());
    let away = drawn.map(|place| stage.between(turn(place), at));
    away.fold(f64::INFINITY, f64::min)
}

fn is_clear(stage: &Stage, at: f64) -> bool {
    room(stage, at) > CLEAR
}

/// The point of the band farthest from nodes and keys, of those for which one of these nodes is responsible.
fn clearest(stage: &Stage, nodes: &[u32]) -> f64 {
    let points = (0..640).map(|step| f64::from(step) / 640.0);
    let own = points.filter(|at| nodes.contains(&responsible(*at).1));
    own.max_by(|one, other| room(stage, *one).total_cmp(&room(stage, *other)))
        .unwrap_or_default()
}

#[tokio::test]
async fn the_mouse_finds_every_node_key_and_arc_at_every_size() -> Result<()> {
    let (_site, page) = open_ended(1280, 800).await?;
    for (width, height) in SIZES {
        for zoom in [1, 2] {
            page.resize_enlarged(width, height, zoom).await?;
            let stage = Stage::find(&page).await?;
            for node in NODES {
                let (x, y) = stage.at(turn(node));
                page.point_at(x, y).await?;
                says(&page, &format!("Node {node} is responsible for")).await?;
            }
            for key in keys() {
                let (x, y) = stage.at(turn(key));
                page.point_at(x, y).await?;
                says(&page, &format!("Key {key}")).await?;
            }
            let mut arcs = 0;
            for node in NODES {
                let at = clearest(&stage, &[node]);
                if !is_clear(&stage, at) {
                    continue;
                }
                let (x, y) = stage.at(at);
                let (before, _) = responsible(at);
                page.point_at(x, y).await?;
                says(
                    &page,
                    &format!("Node {node} is responsible for ({before}, {node}]"),
                )
                .await?;
                arcs += 1;
            }
            // On an enlarged phone nodes and keys leave no more of the band clear.
            let enough = if width / zoom < 390 { 1 } else { 3 };
            assert!(
                arcs >= enough,
                "{arcs} arcs at {width}x{height}, zoom {zoom}"
            );
            let (x, y) = stage.centre();
            page.point_at(x, y).await?;
            eventually("nothing in the middle", async || {
                Ok(hint(&page).await?.is_empty().then_some(()))
            })
            .await?;
        }
    }
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_pointer_that_is_back_before_the_next_frame_is_where_it_was() -> Result<()> {
    let (_site, page) = open_ended(1280, 800).await?;
    let stage = Stage::find(&page).await?;
    let (x, y) = stage.at(turn(1));
    page.point_at(x, y).await?;
    says(&page, "Node 1 is responsible for").await?;
    let (away_x, away_y) = stage.at(turn(14));
    // To another node and back, faster than anything is painted.
    let said = page
        .run(&format!(
            "const view = document.querySelector('.app .view');
             const move = (clientX, clientY) => view.dispatchEvent(
                 new PointerEvent('pointermove', {{ clientX, clientY, pointerType: 'mouse', bubbles: true }}));
             move({away_x}, {away_y});
             move({x}, {y});
             const after = (frames, done) =>
                 frames ? requestAnimationFrame(() => after(frames - 1, done)) : done(view.querySelector('.view__hint').textContent);
             return new Promise(done => after(4, done))"
        ))
        .await?;
    let said = said.as_str().unwrap_or_default();
    assert!(said.starts_with("Node 1 is responsible for"), "{said}");
    page.assert_no_errors().await
}

#[tokio::test]
async fn points_all_around_the_band_are_hit() -> Result<()> {
    let (_site, page) = open_ended(1280, 800).await?;
    for (width, height) in SIZES {
        for zoom in [1, 2] {
            page.resize_enlarged(width, height, zoom).await?;
            let stage = Stage::find(&page).await?;
            let mut hits = 0;
            for step in 0..64 {
                // Off the band first, so that what is said afterwards is of this point.
                let (x, y) = stage.centre();
                page.point_at(x, y).await?;
                let quiet = async || Ok(hint(&page).await?.is_empty().then_some(()));
                eventually("nothing in the middle", quiet).await?;
                let at = f64::from(step) / 64.0;
                let (x, y) = stage.at(at);
                page.point_at(x, y).await?;
                let said = eventually("a hint", async || {
                    Ok(Some(hint(&page).await?).filter(|hint| !hint.is_empty()))
                });
                let said = said.await?;
                let is_right = if is_clear(&stage, at) {
                    said.starts_with(&format!("Node {} is", responsible(at).1))
                } else {
                    !said.is_empty()
                };
                hits += u32::from(is_right);
            }
            assert!(hits >= 60, "{hits} of 64 at {width}x{height}, zoom {zoom}");
        }
    }
    page.assert_no_errors().await
}

/// Waits until this node is the one chosen in the list.
async fn is_chosen(page: &Page, node: u32) -> Result<()> {
    let chosen = "return document.querySelector('[role=option][aria-selected=true]')?.title ?? ''";
    eventually(&format!("node {node} chosen"), async || {
        let found = page.run(chosen).await?;
        Ok((found.as_str() == Some(&node.to_string())).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_finger_and_the_mouse_choose_every_node_and_key() -> Result<()> {
    let (_site, page) = open_ended(1280, 800).await?;
    let key_field = "return document.getElementById('key').value";
    for (width, height) in SIZES {
        page.resize(width, height).await?;
        for touch in [false, true] {
            page.touch(touch).await?;
            let stage = Stage::find(&page).await?;
            let press = async |at: f64| {
                let (x, y) = stage.at(at);
                match touch {
                    true => page.tap_at(x, y).await,
                    false => page.click_at(x, y).await,
                }
            };
            for node in NODES {
                press(turn(node)).await?;
                is_chosen(&page, node).await?;
            }
            for key in keys() {
                press(turn(key)).await?;
                eventually(&format!("key {key} in its field"), async || {
                    let found = page.run(key_field).await?;
                    Ok((found.as_str() == Some(&key.to_string())).then_some(()))
                })
                .await?;
            }
            // Whatever was chosen last is not chosen any more.
            press(turn(28)).await?;
            press(turn(28)).await?;
        }
        page.touch(false).await?;
    }
    page.assert_no_errors().await
}

async fn caption(page: &Page) -> Result<String> {
    let caption = page
        .run("return document.querySelector('.caption').innerText")
        .await?;
    Ok(caption.as_str().unwrap_or_default().to_owned())
}

async fn caption_says(page: &Page, part: &str) -> Result<()> {
    let said = async || Ok(caption(page).await?.contains(part).then_some(()));
    eventually(&format!("\"{part}\" in the caption"), said).await
}

#[tokio::test]
async fn only_a_node_answers_a_prediction() -> Result<()> {
    let (_site, page) = open_ended(1280, 800).await?;
    // A hop takes about a second.
    set_speed(&page, "1/8 ×").await?;
    for (width, height) in SIZES {
        page.resize(width, height).await?;
        for touch in [false, true] {
            page.touch(touch).await?;
            page.click("button", "Predict").await?;
            caption_says(&page, "Who is next?").await?;
            let asked = caption(&page).await?;
            let stage = Stage::find(&page).await?;
            let press = async |(x, y): (f64, f64)| match touch {
                true => page.tap_at(x, y).await,
                false => page.click_at(x, y).await,
            };
            let empty = [stage.centre(), stage.at(clearest(&stage, &NODES))];
            for point in empty {
                press(point).await?;
            }
            // What is asked after these is asked of a page that has seen them.
            page.point_at(1.0, 1.0).await?;
            eventually("two painted frames", async || {
                let frames = "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))";
                Ok(page.run(frames).await?.as_bool().filter(|done| *done))
            })
            .await?;
            assert_eq!(caption(&page).await?, asked);
            for (node, says) in [(18, "Right, 18."), (4, "Not 4: it is 20.")] {
                caption_says(&page, "Who is next?").await?;
                press(Stage::find(&page).await?.at(turn(node))).await?;
                caption_says(&page, says).await?;
            }
            page.click("button", "Predict").await?;
            page.by_name("button", "Play").await?;
        }
        page.touch(false).await?;
    }
    page.assert_no_errors().await
}

#[tokio::test]
async fn arrows_move_the_choice_and_enter_answers() -> Result<()> {
    let (_site, page) = open_ended(1280, 800).await?;
    let press = async |key: Key| -> Result<()> {
        Ok(page
            .driver()
            .active_element()
            .await?
            .send_keys(key + "")
            .await?)
    };
    page.click("button", "Predict").await?;
    caption_says(&page, "Who is next?").await?;
    let asked = caption(&page).await?;
    for node in [4, 9, 11, 14, 18, 20] {
        press(Key::Right).await?;
        is_chosen(&page, node).await?;
        assert_eq!(caption(&page).await?, asked);
    }
    press(Key::Left).await?;
    is_chosen(&page, 18).await?;
    press(Key::Enter).await?;
    caption_says(&page, "Right, 18.").await?;
    // The next question begins with no choice made.
    caption_says(&page, "Who is next?").await?;
    let none = "return document.querySelector('[role=option][aria-selected=true]') === null";
    eventually("no choice", async || {
        Ok(page.run(none).await?.as_bool().filter(|none| *none))
    })
    .await?;
    press(Key::Down).await?;
    is_chosen(&page, 20).await?;
    press(Key::Enter).await?;
    caption_says(&page, "Right, 20.").await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn the_mouse_names_every_tick_of_the_timeline() -> Result<()> {
    const TICKS: &str = "
        document.querySelector('.track').scrollIntoView({ block: 'center' });
        return [...document.querySelectorAll('.track line')].map(line => {
            const area = line.getBoundingClientRect();
            return [area.left + area.width / 2, area.top + area.height / 2];
        })";
    const NAMED: &str = "
        const text = document.querySelector('.track text');
        return text && [text.getAttribute('x'), text.textContent]";
    const DRAWN: &str =
        "return [...document.querySelectorAll('.track line')].map(line => line.getAttribute('x1'))";
    let (_site, page) = open_ended(1280, 800).await?;
    for (width, height) in SIZES {
        for zoom in [1, 2] {
            page.resize_enlarged(width, height, zoom).await?;
            let drawn: Vec<String> = serde_json::from_value(page.run(DRAWN).await?)?;
            let ticks: Vec<(f64, f64)> = serde_json::from_value(page.run(TICKS).await?)?;
            assert!(ticks.len() >= 5, "{ticks:?}");
            for ((x, y), share) in ticks.iter().zip(&drawn) {
                let percent = |share: &str| share.trim_end_matches('%').parse::<f64>();
                let share = percent(share)?;
                page.point_at(*x, *y).await?;
                eventually(&format!("the name of the tick at {share} %"), async || {
                    let named: Option<(String, String)> =
                        serde_json::from_value(page.run(NAMED).await?)?;
                    let Some((at, text)) = named else {
                        return Ok(None);
                    };
                    // Ticks that look like one may be named for the weightier.
                    let is_right = (percent(&at)? - share).abs() < 0.8 && text.contains(" · ");
                    Ok(is_right.then_some(()))
                })
                .await?;
            }
        }
    }
    page.assert_no_errors().await
}

#[tokio::test]
async fn the_mouse_and_a_finger_find_every_peer_on_the_live_stage() -> Result<()> {
    /// A script that returns the top of the stage: the hint above it, however long, does not move it.
    const TOP: &str = "return document.querySelector('.app .view').getBoundingClientRect().top";
    let ring = Ring::start(3).await?;
    let page = live::open(&ring).await?;
    let own = live::join(&page).await?;
    let rows =
        "return [...document.querySelectorAll('.peers td:first-child b')].map(name => name.title)";
    let ids = eventually("three peers", async || {
        let ids: Vec<String> = serde_json::from_value(page.run(rows).await?)?;
        Ok(Some(ids).filter(|ids| ids.len() == 3))
    })
    .await?;
    let mut around: Vec<String> = ids.iter().chain([&own]).cloned().collect();
    around.sort();
    let turn =
        |id: &str| u32::from_str_radix(&id[..8], 16).map(|top| f64::from(top) / 4_294_967_296.0);
    for (width, height) in SIZES {
        for zoom in [1, 2] {
            page.resize_enlarged(width, height, zoom).await?;
            for touch in [false, true] {
                page.touch(touch).await?;
                let stage = Stage::find(&page).await?;
                let lies = page.run(TOP).await?;
                for id in ids.iter().chain([&own]) {
                    let at = turn(id)?;
                    let others = ids.iter().chain([&own]).filter(|other| *other != id);
                    let mut apart = true;
                    for other in others {
                        apart &= stage.between(turn(other)?, at) > CLEAR;
                    }
                    let (x, y) = stage.at(at);
                    match touch {
                        true => page.tap_at(x, y).await?,
                        false => page.point_at(x, y).await?,
                    }
                    if *id == own && apart {
                        says(&page, "This tab is responsible for").await?;
                    } else if apart {
                        says(&page, &format!("Node {}…", live::short(id))).await?;
                    }
                    assert_eq!(page.run(TOP).await?, lies, "{width}x{height}, zoom {zoom}");
                }
                page.touch(false).await?;
                // What is laid out for fingers lies elsewhere.
                let stage = Stage::find(&page).await?;
                for (before, id) in around.iter().zip(around.iter().cycle().skip(1)) {
                    let (from, upto) = (turn(before)?, turn(id)?);
                    let middle = (from + (upto - from).rem_euclid(1.0) / 2.0).rem_euclid(1.0);
                    let is_near = |at: f64| stage.between(at, middle) <= REACH;
                    if is_near(from) || is_near(upto) {
                        continue;
                    }
                    let (x, y) = stage.at(middle);
                    page.point_at(x, y).await?;
                    let owner = match *id == own {
                        true => "This tab".to_owned(),
                        false => format!("Node {}…", live::short(id)),
                    };
                    let (before, id) = (live::short(before), live::short(id));
                    says(
                        &page,
                        &format!("{owner} is responsible for ({before}…, {id}…]"),
                    )
                    .await?;
                }
            }
        }
    }
    page.assert_no_errors().await
}
