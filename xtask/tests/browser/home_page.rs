//! The home page: its goals by mouse, finger and keyboard, its doors, and what shows before it.

use serde_json::json;
use thirtyfour::prelude::Key;

use crate::stage::Stage;
use crate::support::{Page, Result, SiteServer, eventually};

/// A small screen, a tablet, a phone.
const SIZES: [(u32, u32); 3] = [(1280, 800), (768, 900), (390, 844)];

async fn open(width: u32, height: u32) -> Result<(SiteServer, Page)> {
    let site = SiteServer::start("/").await?;
    let page = Page::open_sized(&site.url(), width, height).await?;
    page.wait_for_text("status", "Goals", "0 of 3").await?;
    Ok((site, page))
}

/// Chooses a node where it is drawn.
async fn choose(page: &Page, node: u32, by_finger: bool) -> Result<()> {
    let (x, y) = Stage::find(page).await?.at(f64::from(node) / 32.0);
    match by_finger {
        true => page.tap_at(x, y).await,
        false => page.click_at(x, y).await,
    }
}

#[tokio::test]
async fn a_visitor_reaches_all_goals_by_mouse_and_by_finger_at_every_width() -> Result<()> {
    for (width, height) in SIZES {
        let (_site, page) = open(width, height).await?;
        let by_finger = width == 390;
        page.touch(by_finger).await?;
        page.wait_for_text("status", "Result", "Which node keeps key 26?")
            .await?;
        page.screenshot(&format!("home-{width}")).await?;
        choose(&page, 9, by_finger).await?;
        page.wait_for_text("status", "Result", "Node 9 keeps keys 5 to 9.")
            .await?;
        page.wait_for_text("status", "Goals", "0 of 3").await?;
        choose(&page, 28, by_finger).await?;
        page.wait_for_text("status", "Result", "Node 28 keeps key 26.")
            .await?;
        page.wait_for_text("status", "Goals", "1 of 3").await?;
        page.click("button", "Look up 26 from 1").await?;
        page.wait_for_text("status", "Result", "1 → 18 → 20 → 21 → 28")
            .await?;
        page.wait_for_text("status", "Goals", "2 of 3").await?;
        page.screenshot(&format!("home-found-{width}")).await?;
        page.click("button", "Crash node 28").await?;
        page.wait_for_text("status", "Result", "Now node 1 keeps key 26.")
            .await?;
        page.wait_for_text("status", "Goals", "3 of 3").await?;
        page.screenshot(&format!("home-done-{width}")).await?;
        page.click("button", "Start again").await?;
        page.wait_for_text("status", "Goals", "3 of 3").await?;
        page.assert_no_errors().await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_goals_are_reached_by_keyboard_alone() -> Result<()> {
    let (_site, page) = open(1280, 800).await?;
    let list = page.by_name("combobox", "Node").await?;
    // The list does not begin with the answer.
    let first = "return document.getElementById('home-node').selectedIndex";
    assert_eq!(page.run(first).await?, json!(0));
    list.send_keys("28").await?;
    list.send_keys(Key::Enter + "").await?;
    page.wait_for_text("status", "Goals", "1 of 3").await?;
    page.run("document.activeElement.blur()").await?;
    page.driver()
        .action_chain()
        .send_keys("l")
        .perform()
        .await?;
    page.wait_for_text("status", "Goals", "2 of 3").await?;
    let insert = page.by_name("button", "Insert node 27").await?;
    insert.send_keys(Key::Enter + "").await?;
    page.wait_for_text("status", "Result", "Now node 27 keeps key 26.")
        .await?;
    page.wait_for_text("status", "Goals", "3 of 3").await?;
    page.assert_no_errors().await
}

/// All that moves on the page, as it is now.
const MOVING: &str = "
    const canvases = [...document.querySelectorAll('#home canvas')].map(canvas => canvas.toDataURL());
    const drawings = [...document.querySelectorAll('#home .door svg')].map(drawing => drawing.innerHTML);
    return JSON.stringify([canvases, drawings])";
/// Some frames later.
const FRAMES: &str = "return new Promise(done => {
    let left = 30;
    const next = () => left-- ? requestAnimationFrame(next) : done();
    next();
})";

/// Waits until every door has its figure.
async fn figures(page: &Page) -> Result<()> {
    eventually("four figures", async || {
        let figures = page
            .run("return document.querySelectorAll('.door__figure b').length")
            .await?;
        Ok((figures == 4).then_some(()))
    })
    .await
}

#[tokio::test]
async fn all_that_moves_stops_at_pause_and_goes_on_at_play() -> Result<()> {
    let (_site, page) = open(1280, 800).await?;
    figures(&page).await?;
    page.click("button", "Pause").await?;
    page.by_name("button", "Play").await?;
    page.run(FRAMES).await?;
    let before = page.run(MOVING).await?;
    page.run(FRAMES).await?;
    assert!(before == page.run(MOVING).await?, "something moves");
    page.click("button", "Play").await?;
    eventually("something that moves", async || {
        Ok((page.run(MOVING).await? != before).then_some(()))
    })
    .await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn who_wants_no_motion_finds_the_page_paused() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open("about:blank").await?;
    let less = json!({ "features": [{ "name": "prefers-reduced-motion", "value": "reduce" }] });
    page.devtools("Emulation.setEmulatedMedia", less).await?;
    page.goto(&site.url()).await?;
    page.by_name("button", "Play").await?;
    figures(&page).await?;
    page.run(FRAMES).await?;
    let before = page.run(MOVING).await?;
    page.run(FRAMES).await?;
    assert!(before == page.run(MOVING).await?, "something moves");
    page.assert_no_errors().await
}

#[tokio::test]
async fn doors_lead_to_pages_that_there_are_and_to_no_others() -> Result<()> {
    let (site, page) = open(1280, 800).await?;
    figures(&page).await?;
    const LINKS: &str =
        "return [...document.querySelectorAll('.door a')].map(link => link.getAttribute('href'))";
    let links: Vec<String> = serde_json::from_value(page.run(LINKS).await?)?;
    assert!(links.contains(&"#/ring".to_owned()) && links.contains(&"#/swarm".to_owned()));
    for link in links {
        page.goto(&format!("{}{link}", site.url())).await?;
        let shown = "return document.getElementById('boot').hidden";
        eventually(&format!("the page {link}"), async || {
            Ok((page.run(shown).await? == true).then_some(()))
        })
        .await?;
    }
    page.goto(&format!("{}#/", site.url())).await?;
    page.wait_for_text("status", "Goals", "of 3").await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn links_to_runs_and_stages_at_the_root_show_the_ring_page_still() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&format!("{}#/?s=insert-7", site.url())).await?;
    page.wait_for_text("log", "Events", "node 7 joins").await?;
    page.goto("about:blank").await?;
    page.goto(&format!("{}?embed", site.url())).await?;
    page.by_name("button", "Pause").await?;
    let embedded = "return !!document.querySelector('#ring .app--embed')";
    assert_eq!(page.run(embedded).await?, json!(true));
    page.assert_no_errors().await
}

#[tokio::test]
async fn the_page_fits_every_width_and_a_small_screen_whole() -> Result<()> {
    let (_site, page) = open(1280, 800).await?;
    figures(&page).await?;
    let over = "const root = document.documentElement, main = document.querySelector('.home');
        return [root.scrollWidth - root.clientWidth, main.scrollHeight - main.clientHeight]";
    assert_eq!(page.run(over).await?, json!([0, 0]), "1280x800");
    let apart = "const area = name => document.querySelector(name).getBoundingClientRect();
        return area('.doors').top - area('.acts').bottom >= 0 && area('.view').height >= 240";
    assert_eq!(page.run(apart).await?, json!(true), "the ring has no room");
    for (width, height) in [
        (1920, 1080),
        (1024, 768),
        (768, 900),
        (390, 844),
        (320, 568),
    ] {
        page.resize(width, height).await?;
        let over =
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        eventually(&format!("a page that fits {width}"), async || {
            Ok((page.run(over).await? == 0).then_some(()))
        })
        .await?;
        for scheme in ["light", "dark"] {
            let params =
                json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
            page.devtools("Emulation.setEmulatedMedia", params).await?;
            page.run(FRAMES).await?;
            page.screenshot(&format!("home-{width}-{scheme}")).await?;
        }
    }
    page.assert_no_errors().await
}

#[tokio::test]
async fn on_a_phone_ring_caption_and_pause_are_on_one_screen() -> Result<()> {
    let (_site, page) = open(390, 844).await?;
    let outside = "
        const parts = ['.view', '.caption', '.acts [aria-label=Pause]'].map(part => document.querySelector('#home ' + part));
        return parts.map(part => part.getBoundingClientRect())
            .filter(area => area.height < 20 || area.top < 0 || area.bottom > innerHeight || area.right > innerWidth)
            .map(area => [area.top, area.bottom, innerHeight])";
    assert_eq!(page.run(outside).await?, json!([]));
    page.assert_no_errors().await
}

#[tokio::test]
async fn the_ring_and_a_sentence_show_before_any_module_has_come() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open("about:blank").await?;
    page.devtools("Network.enable", json!({})).await?;
    page.devtools("Network.setBlockedURLs", json!({ "urls": ["*.wasm"] }))
        .await?;
    page.goto(&site.url()).await?;
    eventually("that nothing more comes", async || {
        let said = page.run("return document.getElementById('boot-status').innerText");
        Ok(said
            .await?
            .as_str()
            .filter(|said| said.contains("did not start"))
            .map(|_| ()))
    })
    .await?;
    page.by_name(
        "image",
        "A ring of nine nodes: 1, 4, 9, 11, 14, 18, 20, 21, 28. Key 26 lies between 21 and 28.",
    )
    .await?;
    let text = "return document.getElementById('boot').innerText";
    let text = page.run(text).await?.to_string();
    assert!(
        text.contains("Choose the node that keeps key 26."),
        "{text}"
    );
    page.screenshot("home-shell").await?;
    assert_eq!(page.violations().await?, Vec::<String>::new());
    Ok(())
}
