//! Accessibility tests: axe-core's findings, and contrast with a user's own few colours.

use serde_json::json;

use crate::lesson::lesson_ended;
use crate::live::{self, join, put};
use crate::stage::Stage;
use crate::support::{Page, Result, Ring, SiteServer, eventually};

/// Checks a page in light and in dark, wide and narrow.
async fn check(page: &Page, what: &str) -> Result<()> {
    for (width, height) in [(1280, 800), (390, 844)] {
        page.resize(width, height).await?;
        for scheme in ["light", "dark"] {
            emulate(page, "prefers-color-scheme", scheme).await?;
            let found = page.violations().await?;
            assert!(
                found.is_empty(),
                "{what}, {scheme}, {width} wide: {found:#?}"
            );
        }
    }
    Ok(())
}

/// Sets what the user prefers.
async fn emulate(page: &Page, feature: &str, value: &str) -> Result<()> {
    let params = json!({ "features": [{ "name": feature, "value": value }] });
    page.devtools("Emulation.setEmulatedMedia", params).await
}

#[tokio::test]
async fn the_home_page_has_no_findings_before_any_goal_and_after_all() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&site.url()).await?;
    page.wait_for_text("status", "Goals", "0 of 3").await?;
    check(&page, "a ring that runs").await?;
    page.resize(1280, 800).await?;
    page.choose("Node", "9").await?;
    page.wait_for_text("status", "Result", "Node 9 keeps keys")
        .await?;
    check(&page, "a wrong node").await?;
    page.resize(1280, 800).await?;
    page.choose("Node", "28").await?;
    page.click("button", "Look up 26 from 1").await?;
    page.wait_for_text("status", "Goals", "2 of 3").await?;
    page.click("button", "Crash node 28").await?;
    page.wait_for_text("status", "Goals", "3 of 3").await?;
    check(&page, "all goals").await?;
    emulate(&page, "forced-colors", "active").await?;
    let found = page.violations().await?;
    assert!(found.is_empty(), "forced colours: {found:#?}");
    page.resize(1280, 800).await?;
    page.screenshot("home-forced").await?;
    page.click("button", "Help").await?;
    check(&page, "the help sheet").await
}

#[tokio::test]
async fn the_ring_page_has_no_findings_in_any_of_its_states() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&format!("{}#/ring", site.url())).await?;
    lesson_ended(&page).await?;
    page.by_name("button", "Play").await?;
    check(&page, "a lookup that is done").await?;
    page.click("button", "Predict").await?;
    eventually("a question", async || {
        let asks = "return !!document.querySelector('.caption--ask')";
        Ok(page.run(asks).await?.as_bool().filter(|asks| *asks))
    })
    .await?;
    check(&page, "a prediction").await?;
    // What flashes stays as it is at first.
    page.run("document.styleSheets[0].insertRule('* { animation-play-state: paused !important }')")
        .await?;
    page.click("button", "Insert node").await?;
    eventually("a finger that has just changed", async || {
        let flashes = "return document.getAnimations().length > 0";
        Ok(page
            .run(flashes)
            .await?
            .as_bool()
            .filter(|flashes| *flashes))
    })
    .await?;
    page.click("checkbox", "show stabilization").await?;
    check(&page, "a change, with stabilization in the log").await?;
    page.click("button", "Undo").await?;
    page.by_name("combobox", "Branch").await?;
    check(&page, "two branches").await?;
    page.fill("spinbutton", "Key", "-1").await?;
    page.click("button", "Look up").await?;
    check(&page, "a key that is none").await?;
    page.click("button", "Help").await?;
    check(&page, "the help sheet").await?;
    page.goto(&format!("{}#/nowhere", site.url())).await?;
    check(&page, "a page that is not there").await
}

#[tokio::test]
async fn the_swarm_page_has_no_findings_while_it_plays_selected_and_with_wrong_settings()
-> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&format!("{}#/swarm", site.url())).await?;
    page.wait_for_text("log", "Events", "asks").await?;
    check(&page, "a swarm that plays").await?;
    page.resize(1280, 800).await?;
    page.click("option", "5").await?;
    page.fill("spinbutton", "Clients", "65").await?;
    page.by_name("spinbutton", "Seed upload")
        .await?
        .click()
        .await?;
    check(&page, "a selected client, and a wrong number").await?;
    page.resize(1280, 800).await?;
    page.click("option", "seed").await?;
    page.click("button", "Let it leave").await?;
    page.wait_for_text("log", "Events", "The seed has left")
        .await?;
    check(&page, "without the seed").await?;
    page.click("button", "Help").await?;
    check(&page, "its help sheet").await
}

#[tokio::test]
async fn the_lesson_has_no_findings_beside_a_figure_and_with_an_answer() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&format!("{}#/lesson", site.url())).await?;
    page.by_name("navigation", "Parts of the lesson").await?;
    page.run(
        "document.querySelectorAll('#lesson details').forEach(details => { details.open = true; })",
    )
    .await?;
    page.run("document.querySelectorAll('#lesson figure')[1].scrollIntoView()")
        .await?;
    eventually("a figure that runs", async || {
        let frame = "return document.querySelector('#lesson iframe')?.contentDocument.querySelector('.caption') != null";
        Ok(page.run(frame).await?.as_bool().filter(|shows| *shows))
    })
    .await?;
    check(&page, "the lesson").await?;
    emulate(&page, "forced-colors", "active").await?;
    let found = page.violations().await?;
    assert!(found.is_empty(), "forced colours: {found:#?}");
    Ok(())
}

#[tokio::test]
async fn the_directory_page_has_no_findings_in_any_view() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&format!("{}#/directory", site.url())).await?;
    page.wait_for_text("log", "Events", "asks").await?;
    check(&page, "directories while they play").await?;
    page.resize(1280, 800).await?;
    page.click("option", "5").await?;
    page.click("button", "Take out").await?;
    page.wait_for_text("log", "Events", "Peer 5 is gone")
        .await?;
    check(&page, "without a peer").await?;
    page.resize(1280, 800).await?;
    page.click("button", "Chord beside Kademlia").await?;
    page.by_name("table", "Chord and Kademlia").await?;
    check(&page, "Chord beside Kademlia").await?;
    page.resize(1280, 800).await?;
    page.click("button", "Exercise").await?;
    page.click("button", "DNS, distributed: yes").await?;
    page.click("button", "Compare with ours").await?;
    check(&page, "the exercise").await
}

#[tokio::test]
async fn the_consistency_page_has_no_findings_with_a_contradiction_and_with_a_question()
-> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&format!("{}#/cap?s=last-copy&t=8000000&sel=4", site.url())).await?;
    page.wait_for_text("status", "Judgement", "not linearizable")
        .await?;
    check(&page, "a contradiction, during the cut").await?;
    page.resize(1280, 800).await?;
    page.run("location.hash = '#/cap?s=last-copy&t=4400000'")
        .await?;
    page.choose("Speed", "4 ×").await?;
    page.click("button", "Predict").await?;
    page.by_name("button", "Answer").await?;
    check(&page, "a question").await?;
    page.resize(1280, 800).await?;
    page.click("button", "1 One store").await?;
    page.click("button", "Cut").await?;
    check(&page, "a step, and nothing to cut").await
}

#[tokio::test]
async fn the_live_page_has_no_findings_outside_and_inside_a_ring() -> Result<()> {
    let ring = Ring::start(3).await?;
    let page = live::open(&ring).await?;
    page.wait_for_text("status", "Connection", "not joined")
        .await?;
    check(&page, "outside").await?;
    page.resize(1280, 800).await?;
    join(&page).await?;
    put(&page, "greeting", "hello").await?;
    page.click("button", "Look up").await?;
    page.wait_for_text("status", "Answer", "is responsible")
        .await?;
    check(&page, "a member").await
}

#[tokio::test]
async fn forced_colours_leave_node_ids_the_slider_and_the_current_page() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&format!("{}#/ring", site.url())).await?;
    lesson_ended(&page).await?;
    page.by_name("button", "Play").await?;
    emulate(&page, "forced-colors", "active").await?;
    let stage = Stage::find(&page).await?;
    let (x, y) = stage.at(14.0 / 32.0);
    // An id is where both its own colour and the one behind it are, inside the node.
    let inside = format!(
        "const canvas = document.querySelector('.app .view canvas');
         const area = canvas.getBoundingClientRect(), ratio = canvas.width / area.width;
         const x = ({x} - area.left) * ratio, y = ({y} - area.top) * ratio;
         const data = canvas.getContext('2d').getImageData(x - 7, y - 5, 14, 10).data;
         const seen = new Set();
         for (let at = 0; at < data.length; at += 4) seen.add(data.slice(at, at + 3).join());
         return seen.size"
    );
    eventually("an id inside node 14", async || {
        Ok(page.run(&inside).await?.as_u64().filter(|seen| *seen > 1))
    })
    .await?;
    let shown = "const style = element => getComputedStyle(document.querySelector(element));
        return [style('.track').forcedColorAdjust, style('.top nav a[aria-current]').outlineStyle]";
    assert_eq!(page.run(shown).await?, json!(["none", "solid"]));
    page.screenshot("ring-forced").await?;
    page.assert_no_errors().await
}
