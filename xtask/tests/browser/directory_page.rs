//! The directory page: played, pointed at, taken apart and put together again, by mouse, finger and keyboard.

use serde_json::{Value, json};
use thirtyfour::prelude::Key;

use crate::support::{Page, Result, SiteServer, chordscope, eventually};

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
async fn on_a_phone_a_picture_the_caption_and_play_are_on_one_screen() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = open(&site, 390, 844).await?;
    stop_at(&page, 42.0).await?;
    let outside = "
        scrollTo(0, 0);
        const parts = ['.dir > svg', '.caption', '.bar [aria-label=Play]'].map(part => document.querySelector('#directory ' + part));
        return parts.map(part => part.getBoundingClientRect())
            .filter(area => area.height < 20 || area.top < 0 || area.bottom > innerHeight || area.right > innerWidth)
            .map(area => [area.top, area.bottom, innerHeight])";
    for view in ["Chord beside Kademlia", "One, four, everybody"] {
        page.click("button", view).await?;
        assert_eq!(page.run(outside).await?, json!([]), "{view}");
    }
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
    // Slowly, so that what is predicted is not measured at once.
    page.choose("Speed", "1 ×").await?;
    page.click("button", "Predict").await?;
    page.wait_for_text("status", "Prediction", "you predict 0 of 50")
        .await?;
    // The run goes on by itself until so many have ended.
    page.choose("Speed", "16 ×").await?;
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

async fn digest(page: &Page) -> Result<String> {
    Ok(page.text("status", "Digest").await?.trim().to_owned())
}

async fn address(page: &Page) -> Result<String> {
    let address = page.run("return location.href").await?;
    Ok(address.as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_shared_link_and_a_reload_show_the_same_moment_and_the_program_has_its_digest()
-> Result<()> {
    let site = SiteServer::start("/").await?;
    for (width, height) in SIZES {
        let page = open(&site, width, height).await?;
        page.choose("Scenario", "One tracker of four goes").await?;
        eventually("the scenario in the address", async || {
            let address = address(&page).await?;
            Ok(address.ends_with("s=tracker-goes&seed=714").then_some(()))
        })
        .await?;
        stop_at(&page, 12.25).await?;
        page.choose("What", "The central directory").await?;
        page.click("button", "Take out").await?;
        stop_at(&page, 14.5).await?;
        page.click("option", "5").await?;
        let shown = digest(&page).await?;
        if width <= 1100 {
            page.click("button", "More").await?;
        }
        page.click("button", "Share link").await?;
        eventually("the moment in the address", async || {
            Ok(address(&page)
                .await?
                .contains("t=14500000&sel=")
                .then_some(()))
        })
        .await?;
        let link = address(&page).await?;
        let said = chordscope(&["sim", "run"], &[&link, "--json"]).await?;
        let answer: Value = serde_json::from_str(&said)?;
        assert_eq!(answer["digest"], json!(shown), "{link}");
        page.reload().await?;
        page.wait_for_text("status", "Digest", &shown).await?;
        let other = Page::open_sized(&link, width, height).await?;
        other.wait_for_text("status", "Digest", &shown).await?;
        other.by_name("heading", "Peer 5").await?;
        other.by_name("button", "Play").await?;
        other
            .wait_for_text("log", "Events", "The central directory was taken out")
            .await?;
        other.assert_no_errors().await?;
        other.run("location.hash = '#/directory?s=nothing'").await?;
        let alert =
            "return document.querySelector('#directory .ask [role=alert]')?.textContent ?? ''";
        eventually("what is wrong with the link", async || {
            let said = other.run(alert).await?.to_string();
            Ok(said.contains("there is no such scenario").then_some(()))
        })
        .await?;
        assert_eq!(digest(&other).await?, shown, "nothing else changes");
        page.assert_no_errors().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_run_is_exported_and_imported_with_its_branches() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = open(&site, 1280, 800).await?;
    let folder = tempfile::TempDir::new()?;
    page.save_to(folder.path()).await?;
    stop_at(&page, 12.0).await?;
    page.choose("What", "The central directory").await?;
    page.click("button", "Take out").await?;
    stop_at(&page, 14.0).await?;
    stop_at(&page, 11.0).await?;
    page.click("button", "Take out").await?;
    page.by_name("combobox", "Branch").await?;
    stop_at(&page, 13.0).await?;
    let shown = digest(&page).await?;
    page.click("button", "Export").await?;
    page.by_name("button", "Save Chrome trace").await?;
    let path = eventually("the file", async || {
        let files = std::fs::read_dir(folder.path())?.flatten();
        let mut files = files.map(|file| file.path());
        Ok(files.find(|path| path.extension().is_some_and(|kind| kind == "json")))
    })
    .await?;
    let other = open(&site, 1280, 800).await?;
    let input = other.by_name("button", "Import").await?;
    input.send_keys(path.to_string_lossy()).await?;
    other.wait_for_text("status", "Digest", &shown).await?;
    other.by_name("combobox", "Branch").await?;
    other.click("button", "Undo").await?;
    // A file of another world changes nothing.
    let before = digest(&other).await?;
    let foreign = folder.path().join("foreign.txt");
    std::fs::write(
        &foreign,
        std::fs::read_to_string(&path)?.replace("\"directory\"", "\"swarm\""),
    )?;
    let input = other.by_name("button", "Import").await?;
    input.send_keys(foreign.to_string_lossy()).await?;
    let alert = "return document.querySelector('#directory .top [role=alert]')?.textContent ?? ''";
    eventually("why it cannot be opened", async || {
        let said = other.run(alert).await?.to_string();
        Ok(said.contains("This file cannot be opened").then_some(()))
    })
    .await?;
    assert_eq!(digest(&other).await?, before, "nothing else changes");
    other.assert_no_errors().await?;
    page.assert_no_errors().await
}
