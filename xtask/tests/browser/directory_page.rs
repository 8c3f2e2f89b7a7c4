//! The directory page: played, pointed at, taken apart and put together again, by mouse, finger and keyboard.

use serde_json::json;
use thirtyfour::prelude::Key;

use crate::support::{Page, Result, SiteServer, eventually};

/// A small screen, a tablet, a phone.
const SIZES: [(u32, u32); 3] = [(1280, 800), (768, 900), (390, 844)];

async fn open(site: &SiteServer, width: u32, height: u32) -> Result<Page> {
    let page = Page::open_sized(&format!("{}#/directory", site.url()), width, height).await?;
    page.by_name("table", "Directories").await?;
    Ok(page)
}

/// Stops time at this moment, in seconds.
async fn stop_at(page: &Page, seconds: f64) -> Result<()> {
    if page.has("button", "Pause").await? {
        page.click("button", "Pause").await?;
    }
    // The slider ends where the run has come to: it is taken there first.
    let set = format!(
        "const slider = document.querySelector('#directory > .app .track input');
         slider.max = Math.max(slider.max, {micros}); slider.value = {micros};
         slider.dispatchEvent(new Event('input', {{ bubbles: true }}))",
        micros = seconds * 1e6
    );
    page.run(&set).await?;
    eventually("the moment", async || {
        let now = page
            .run("return document.querySelector('#directory > .app .track input').valueAsNumber")
            .await?;
        let now = now.as_f64();
        Ok(now
            .filter(|now| (now / 1e6 - seconds).abs() < 0.001)
            .map(|_| ()))
    })
    .await
}

/// The cell "Found" of a kind.
async fn found(page: &Page, kind: &str) -> Result<String> {
    let table = page.table("Directories").await?;
    let row = table.into_iter().find(|row| row[0] == kind);
    Ok(row.ok_or("no such row")?[1].clone())
}

/// The middle of a mark in the first picture that has it, once it is in view.
async fn place_of(page: &Page, mark: &str) -> Result<(f64, f64)> {
    let script = format!(
        "const mark = document.querySelector('.dir [data-over=\"{mark}\"]'); mark.scrollIntoView({{ block: 'center', inline: 'center' }});
         const area = mark.getBoundingClientRect(); return [area.left + area.width / 2, area.top + area.height / 2]"
    );
    let [x, y]: [f64; 2] = serde_json::from_value(page.run(&script).await?)?;
    Ok((x, y))
}

async fn hint(page: &Page) -> Result<String> {
    let hint = page
        .run("return document.querySelector('.dirs__hint p').textContent")
        .await?;
    Ok(hint.as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn the_page_opens_from_the_menu_and_the_scenario_ticks_its_goals() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&site.url()).await?;
    page.click("link", "Directory").await?;
    let table = page.table("Directories").await?;
    assert_eq!(
        table[0],
        ["Directory", "Found", "Messages", "State", "Upkeep"]
    );
    assert_eq!(table.len(), 5, "a head and four kinds");
    page.choose("Speed", "16 ×").await?;
    page.wait_for_text("status", "Result", "The central directory was taken out at")
        .await?;
    page.wait_for_text("status", "Result", "one directory 0 of")
        .await?;
    page.wait_for_text("log", "Events", "The central directory was taken out")
        .await?;
    eventually("all goals", async || {
        let goals = page.table("Goals").await?;
        Ok(goals[1..].iter().all(|row| row[1] == "✓ yes").then_some(()))
    })
    .await?;
    page.screenshot("directory-goals").await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn what_is_taken_out_is_missed_and_what_is_put_back_is_found_again() -> Result<()> {
    let site = SiteServer::start("/").await?;
    for (width, height) in SIZES {
        let page = open(&site, width, height).await?;
        page.choose("Scenario", "One tracker of four goes").await?;
        stop_at(&page, 30.0).await?;
        assert_eq!(found(&page, "One directory").await?, "100 of 100");
        page.choose("What", "The central directory").await?;
        page.click("button", "Take out").await?;
        page.wait_for_text("status", "Result", "The central directory was taken out")
            .await?;
        stop_at(&page, 58.0).await?;
        assert_eq!(found(&page, "One directory").await?, "0 of 100", "{width}");
        assert_eq!(found(&page, "Chord").await?, "100 of 100", "{width}");
        page.screenshot(&format!("directory-out-{width}")).await?;
        page.click("button", "Put back").await?;
        page.wait_for_text("status", "Result", "The central directory is back")
            .await?;
        stop_at(&page, 140.0).await?;
        assert_eq!(
            found(&page, "One directory").await?,
            "100 of 100",
            "{width}"
        );
        // Nothing is wider than the screen.
        let over =
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(page.run(over).await?, 0, "{width}");
        page.assert_no_errors().await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_is_drawn_says_what_it_is_and_a_click_selects_a_peer() -> Result<()> {
    let site = SiteServer::start("/").await?;
    for (width, height) in SIZES {
        let page = open(&site, width, height).await?;
        stop_at(&page, 30.0).await?;
        for (mark, said) in [
            ("d", "The central directory lists 60 titles."),
            ("d.7", "The central directory says who has title 7."),
            ("t1", "Tracker B lists "),
            ("p5", "Peer 5, of region 1, has "),
        ] {
            let (x, y) = place_of(&page, mark).await?;
            // A box is covered by its cards but for its edge.
            let (x, y) = match mark {
                "d" => (x, y - 1.0 + box_half(&page, mark).await?),
                "t1" => (x, y - 1.0 + box_half(&page, mark).await?),
                _ => (x, y),
            };
            page.point_at(x, y).await?;
            eventually(said, async || {
                Ok(hint(&page).await?.contains(said).then_some(()))
            })
            .await?;
        }
        let (x, y) = place_of(&page, "p5").await?;
        page.click_at(x, y).await?;
        page.by_name("heading", "Peer 5").await?;
        page.screenshot(&format!("directory-selected-{width}"))
            .await?;
        // It can be taken out at once, and is drawn as gone.
        page.click("button", "Take out").await?;
        page.wait_for_text("status", "Result", "Peer 5 was taken out")
            .await?;
        page.wait_for_text("log", "Events", "Peer 5 is gone.")
            .await?;
        page.assert_no_errors().await?;
    }
    Ok(())
}

async fn box_half(page: &Page, mark: &str) -> Result<f64> {
    let script = format!(
        "return document.querySelector('.dir [data-over=\"{mark}\"]').getBoundingClientRect().height / 2"
    );
    Ok(page.run(&script).await?.as_f64().ok_or("no height")?)
}

#[tokio::test]
async fn a_finger_selects_a_peer_and_the_keyboard_goes_from_one_to_the_next() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = open(&site, 390, 844).await?;
    page.touch(true).await?;
    stop_at(&page, 20.0).await?;
    let (x, y) = place_of(&page, "p5").await?;
    page.tap_at(x, y).await?;
    page.by_name("heading", "Peer 5").await?;
    let list = page.by_name("listbox", "Peers").await?;
    list.send_keys(Key::Right + "").await?;
    page.by_name("heading", "Peer 6").await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn one_asks_and_each_kind_answers_in_words_and_as_a_way() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = open(&site, 1280, 800).await?;
    stop_at(&page, 30.0).await?;
    page.choose("From peer", "7").await?;
    page.choose("Who has", "title 12").await?;
    page.click("button", "Ask all").await?;
    page.wait_for_text("status", "Result", "Peer 7 asks who has title 12.")
        .await?;
    stop_at(&page, 33.0).await?;
    for kind in [
        "One directory: found at",
        "Trackers: found at",
        "Chord: found at",
        "Kademlia: found at",
    ] {
        page.wait_for_text("status", "Result", kind).await?;
    }
    let routes = page.table("Routes").await?;
    assert_eq!(routes.len(), 5, "{routes:?}");
    assert_eq!(routes[1][1], "7 → the directory");
    assert!(routes[3][1].starts_with("7 → "), "{routes:?}");
    page.screenshot("directory-asked").await?;
    page.click("button", "Chord beside Kademlia").await?;
    let table = page.table("Chord and Kademlia").await?;
    assert_eq!(table[0], ["Measure", "Chord", "Kademlia"]);
    page.screenshot("directory-beside").await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_prediction_stands_beside_what_came() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = open(&site, 1280, 800).await?;
    page.choose("Scenario", "One tracker of four goes").await?;
    stop_at(&page, 30.0).await?;
    page.choose("What", "The central directory").await?;
    page.click("button", "Take out").await?;
    page.choose("At", "One directory").await?;
    let guess = page.by_name("slider", "Your guess").await?;
    guess.send_keys(Key::Home + "").await?;
    page.click("button", "Predict").await?;
    page.wait_for_text("status", "Prediction", "you predict 0 of 50")
        .await?;
    stop_at(&page, 50.0).await?;
    page.wait_for_text("status", "Prediction", "0 of 50 found, as you predicted.")
        .await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn at_equal_upkeep_the_table_says_so() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = open(&site, 1280, 800).await?;
    page.choose("Scenario", "Chord beside Kademlia").await?;
    page.click("button", "Chord beside Kademlia").await?;
    stop_at(&page, 230.0).await?;
    let said = "return document.querySelector('.dirs__table .card__note').textContent";
    let said = page.run(said).await?.to_string();
    assert!(
        said.contains("Both have spent the same bytes on upkeep, within"),
        "{said}"
    );
    page.assert_no_errors().await
}

#[tokio::test]
async fn answers_to_the_exercise_stay_and_stand_beside_ours() -> Result<()> {
    let site = SiteServer::start("/").await?;
    for (width, height) in SIZES {
        let page = open(&site, width, height).await?;
        page.click("button", "Exercise").await?;
        page.by_name("table", "Kinds of directory").await?;
        page.wait_for_text("status", "Answers", "0 of 12 answered.")
            .await?;
        page.click("button", "Phone book, distributed: no").await?;
        page.click("button", "DNS, heterarchical: yes").await?;
        page.fill("textbox", "DNS: because", "many roots").await?;
        page.wait_for_text("status", "Answers", "2 of 12 answered.")
            .await?;
        page.goto(&format!("{}#/swarm", site.url())).await?;
        page.goto(&format!("{}#/directory", site.url())).await?;
        page.reload().await?;
        page.click("button", "Exercise").await?;
        page.wait_for_text("status", "Answers", "2 of 12 answered.")
            .await?;
        page.click("button", "Compare with ours").await?;
        page.wait_for_text(
            "status",
            "Answers",
            "1 of your 2 answers are ours, too; 10 are open.",
        )
        .await?;
        let table = page.table("Kinds of directory").await?;
        assert!(table[1][1].contains("✓ ours too"), "{table:?}");
        assert!(table[3][3].contains("≠ ours: no"), "{table:?}");
        page.screenshot(&format!("directory-exercise-{width}"))
            .await?;
        let over =
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(page.run(over).await?, 0, "{width}");
        page.assert_no_errors().await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_page_in_dark_and_with_the_users_own_colours() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = open(&site, 1280, 800).await?;
    stop_at(&page, 50.0).await?;
    page.screenshot("directory-light").await?;
    page.click("button", "Light or dark").await?;
    page.screenshot("directory-dark").await?;
    let features = json!({ "features": [{ "name": "forced-colors", "value": "active" }] });
    page.devtools("Emulation.setEmulatedMedia", features)
        .await?;
    page.screenshot("directory-forced").await?;
    page.assert_no_errors().await
}
