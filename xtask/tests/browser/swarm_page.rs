//! The swarm page: played, pointed at and changed, by mouse, finger and keyboard.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use thirtyfour::prelude::Key;

use crate::support::{Page, Result, SiteServer, chordscope, eventually};

/// A small screen, a tablet, a phone.
const SIZES: [(u32, u32); 3] = [(1280, 800), (768, 900), (390, 844)];

async fn open(site: &SiteServer, width: u32, height: u32) -> Result<Page> {
    let page = Page::open_sized(&format!("{}#/swarm", site.url()), width, height).await?;
    page.by_name("table", "Segments").await?;
    Ok(page)
}

/// Stops time at this moment, in seconds.
async fn stop_at(page: &Page, seconds: f64) -> Result<()> {
    if page.has("button", "Pause").await? {
        page.click("button", "Pause").await?;
    }
    // The slider ends where the run has come to: it is taken there first.
    let set = format!(
        "const slider = document.querySelector('#swarm input[type=range]');
         slider.max = Math.max(slider.max, {micros}); slider.value = {micros};
         slider.dispatchEvent(new Event('input', {{ bubbles: true }}))",
        micros = seconds * 1e6
    );
    page.run(&set).await?;
    eventually("the moment", async || {
        let now = page
            .run("return document.querySelector('#swarm input[type=range]').valueAsNumber")
            .await?;
        Ok(now
            .as_f64()
            .filter(|now| (now / 1e6 - seconds).abs() < 0.001)
            .map(|_| ()))
    })
    .await
}

async fn hint(page: &Page) -> Result<String> {
    let hint = page
        .run("return document.querySelector('#swarm .view__hint').textContent")
        .await?;
    Ok(hint.as_str().unwrap_or_default().to_owned())
}

/// Left, top, width and height of the stage in the window, once it is in view.
async fn area(page: &Page) -> Result<[f64; 4]> {
    let script = "const view = document.querySelector('#swarm .view'); view.scrollIntoView({ block: 'center' });
        const area = view.getBoundingClientRect(); return [area.left, area.top, area.width, area.height]";
    Ok(serde_json::from_value(page.run(script).await?)?)
}

/// Points at a place, and returns what is said of it: after the next frames.
async fn said_at(page: &Page, x: f64, y: f64) -> Result<String> {
    page.point_at(x, y).await?;
    let wait = "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0))))";
    page.run(wait).await?;
    hint(page).await
}

/// The number after a word.
fn number_after(text: &str, word: &str) -> Option<u32> {
    let (_, rest) = text.split_once(word)?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[tokio::test]
async fn the_page_opens_from_the_menu_plays_and_comes_to_its_end() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&site.url()).await?;
    page.click("link", "Swarm").await?;
    let first = page.table("Segments").await?;
    assert_eq!(first.len(), 10, "a head, the seed and eight clients");
    assert_eq!(first[0].len(), 21, "twenty segments");
    page.by_name("button", "Pause").await?;
    page.wait_for_text("log", "Events", "asks").await?;
    page.choose("Speed", "4 ×").await?;
    let told = page
        .wait_for_text(
            "status",
            "Result",
            "All 8 clients have the whole file after",
        )
        .await?;
    assert!(
        told.contains("No swarm over these links takes less than"),
        "{told}"
    );
    page.by_name("button", "Play").await?;
    let last = page.table("Segments").await?;
    assert!(
        last[1..]
            .iter()
            .all(|row| row[1..].iter().all(|cell| cell == "has")),
        "{last:?}"
    );
    let sent: f64 = page
        .text("status", "Copies the seed sent")
        .await?
        .trim()
        .parse()?;
    assert!((1.0..8.0).contains(&sent), "{sent}");
    page.screenshot("swarm-done").await?;
    page.click("button", "Step back").await?;
    page.wait_for_text("status", "Result", "").await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn what_is_drawn_is_named_under_the_pointer_and_a_click_selects_its_client() -> Result<()> {
    let site = SiteServer::start("/").await?;
    for (width, height) in SIZES {
        let page = open(&site, width, height).await?;
        stop_at(&page, 2.5).await?;
        let table = page.table("Segments").await?;
        let [left, top, wide, high] = area(&page).await?;
        let mut columns = BTreeSet::new();
        let mut rows = BTreeSet::new();
        let mut target = None;
        // Across the grid, a little below its middle: every column; then down one column: every row.
        let steps = 60;
        for step in 0..steps {
            let x = left + wide * (f64::from(step) + 0.5) / f64::from(steps);
            let said = said_at(&page, x, top + high * 0.7).await?;
            if let Some(client) = number_after(&said.to_lowercase(), "client ") {
                columns.insert(client);
                if client == 5 {
                    target = Some(x);
                }
            }
        }
        assert_eq!(columns, (1..=8).collect(), "{width}");
        let x = target.ok_or("client 5 was not found")?;
        for step in 0..110 {
            let y = top + high * (f64::from(step) + 0.5) / 110.0;
            let said = said_at(&page, x, y).await?;
            let Some(segment) =
                number_after(&said, "segment ").or_else(|| number_after(&said, "Segment "))
            else {
                continue;
            };
            if !said.to_lowercase().contains("client 5") || said.contains("on its way") {
                continue;
            }
            rows.insert(segment);
            let cell = &table[6][segment as usize + 1];
            let is = match cell.as_str() {
                "has" => said.contains(" has segment "),
                "–" => said.contains(" lacks segment "),
                _ => said.contains(" is arriving at "),
            };
            assert!(is, "“{said}” where the table has {cell}, at {width}");
        }
        assert_eq!(rows, (0..20).collect(), "{width}");
        page.click_at(x, top + high * 0.7).await?;
        eventually("the card of client 5", async || {
            let title = page
                .run("return document.querySelector('#swarm .side .card h2').textContent")
                .await?;
            Ok((title == "Client 5").then_some(()))
        })
        .await?;
        page.by_name("table", "What client 5 lacks, rarest first")
            .await?;
        page.screenshot(&format!("swarm-selected-{width}")).await?;
        page.assert_no_errors().await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_arc_says_what_is_on_its_way() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = open(&site, 1280, 800).await?;
    stop_at(&page, 2.5).await?;
    let transfers = page.table("Transfers").await?;
    assert!(transfers.len() > 2, "{transfers:?}");
    let [left, top, wide, high] = area(&page).await?;
    let mut named = BTreeSet::new();
    for line in 0..12 {
        for step in 0..40 {
            let (x, y) = (
                left + wide * (f64::from(step) + 0.5) / 40.0,
                top + high * (0.02 + 0.025 * f64::from(line)),
            );
            let said = said_at(&page, x, y).await?;
            if let (true, Some(segment)) =
                (said.contains("on its way"), number_after(&said, "Segment "))
            {
                let (_, way) = said.split_once(" from ").ok_or("no sender")?;
                let (from, rest) = way.split_once(" to ").ok_or("no receiver")?;
                let to = rest.split(':').next().unwrap_or_default();
                named.insert([from.to_owned(), to.to_owned(), segment.to_string()]);
            }
        }
    }
    let listed: BTreeSet<[String; 3]> = transfers[1..]
        .iter()
        .map(|row| [row[0].clone(), row[1].clone(), row[2].clone()])
        .collect();
    assert!(named.is_subset(&listed), "{named:?} of {listed:?}");
    assert!(2 * named.len() >= listed.len(), "{named:?} of {listed:?}");
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_finger_selects_a_client_and_the_keyboard_goes_from_one_to_the_next() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = open(&site, 390, 844).await?;
    page.touch(true).await?;
    stop_at(&page, 2.0).await?;
    let [left, top, wide, high] = area(&page).await?;
    page.tap_at(left + wide / 2.0, top + high * 0.7).await?;
    let title = async || {
        let title = page
            .run("return document.querySelector('#swarm .side .card h2')?.textContent ?? ''")
            .await?;
        Ok::<String, Box<dyn std::error::Error + Send + Sync>>(
            title.as_str().unwrap_or_default().to_owned(),
        )
    };
    let first = eventually("a client", async || {
        Ok(Some(title().await?).filter(|title| title.starts_with("Client ")))
    })
    .await?;
    let number = number_after(&first, "Client ").ok_or("no number")?;
    let list = page.by_name("listbox", "Clients").await?;
    list.send_keys(Key::Right + "").await?;
    let next = format!("Client {}", number + 1);
    eventually(&next, async || Ok((title().await? == next).then_some(()))).await?;
    page.run("document.activeElement.blur()").await?;
    page.driver()
        .action_chain()
        .send_keys("[")
        .perform()
        .await?;
    eventually(&first, async || Ok((title().await? == first).then_some(()))).await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn other_settings_start_the_swarm_again_and_wrong_ones_are_said() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = open(&site, 1280, 800).await?;
    for (field, text, rows, columns) in [("Clients", "3", 5, 21), ("Segments", "12", 5, 13)] {
        page.fill("spinbutton", field, text).await?;
        page.by_name("spinbutton", field)
            .await?
            .send_keys(Key::Enter + "")
            .await?;
        page.table_with("Segments", |table| {
            table.len() == rows && table[0].len() == columns
        })
        .await?;
    }
    page.choose("Picker", "In order").await?;
    page.wait_for_text("status", "Result", "asks").await?;
    page.fill("spinbutton", "Clients", "65").await?;
    page.by_name("spinbutton", "Seed upload")
        .await?
        .click()
        .await?;
    let alert = "return document.querySelector('#swarm [role=alert]')?.textContent ?? ''";
    eventually("what is wrong", async || {
        let said = page.run(alert).await?.to_string();
        Ok(said
            .contains("type a whole number from 1 to 64")
            .then_some(()))
    })
    .await?;
    page.choose("The last client", "Takes, never gives").await?;
    page.choose("Scenario", "A liar is caught and banned")
        .await?;
    page.choose("Speed", "4 ×").await?;
    page.wait_for_text("log", "Events", "with a wrong digest")
        .await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn who_leaves_is_gone_and_undo_brings_it_back() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = open(&site, 1280, 800).await?;
    stop_at(&page, 2.5).await?;
    page.click("option", "seed").await?;
    stop_at(&page, 1.5).await?;
    page.click("button", "Let it leave").await?;
    page.by_name("combobox", "Branch").await?;
    page.wait_for_text("log", "Events", "The seed has left")
        .await?;
    page.screenshot("swarm-seed-left").await?;
    page.click("button", "Undo").await?;
    eventually("no departure", async || {
        let log = page.text("log", "Events").await?;
        Ok((!log.contains("has left")).then_some(()))
    })
    .await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn nothing_overflows_in_any_width_and_colour_scheme() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = open(&site, 1280, 800).await?;
    stop_at(&page, 2.5).await?;
    page.click("option", "5").await?;
    for (width, height) in SIZES {
        page.resize(width, height).await?;
        let over =
            "const root = document.documentElement; return root.scrollWidth - root.clientWidth";
        eventually(&format!("a page that fits {width}"), async || {
            Ok((page.run(over).await? == 0).then_some(()))
        })
        .await?;
        for scheme in ["light", "dark"] {
            emulate(&page, "prefers-color-scheme", scheme).await?;
            page.screenshot(&format!("swarm-{width}-{scheme}")).await?;
        }
    }
    emulate(&page, "forced-colors", "active").await?;
    page.resize(1280, 800).await?;
    page.screenshot("swarm-forced").await?;
    page.assert_no_errors().await
}

async fn emulate(page: &Page, feature: &str, value: &str) -> Result<()> {
    let params: Value = json!({ "features": [{ "name": feature, "value": value }] });
    page.devtools("Emulation.setEmulatedMedia", params).await
}

#[tokio::test]
async fn on_a_phone_stage_caption_and_play_are_on_one_screen() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = open(&site, 390, 844).await?;
    stop_at(&page, 2.5).await?;
    let outside = "
        const parts = ['.view', '.caption', '.bar [aria-label=Play]'].map(part => document.querySelector('#swarm ' + part));
        return parts.map(part => part.getBoundingClientRect())
            .filter(area => area.height < 20 || area.top < 0 || area.bottom > innerHeight || area.right > innerWidth)
            .map(area => [area.top, area.bottom, innerHeight])";
    assert_eq!(page.run(outside).await?, json!([]));
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
        page.choose("Scenario", "A liar is caught and banned")
            .await?;
        eventually("the scenario in the address", async || {
            Ok(address(&page).await?.contains("s=liar").then_some(()))
        })
        .await?;
        stop_at(&page, 2.25).await?;
        page.click("option", "5").await?;
        let shown = digest(&page).await?;
        if width <= 1100 {
            page.click("button", "More").await?;
        }
        page.click("button", "Share link").await?;
        eventually("the moment in the address", async || {
            Ok(address(&page).await?.contains("sel=5").then_some(()))
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
        let title = "return document.querySelector('#swarm .side .card h2').textContent";
        assert_eq!(other.run(title).await?, "Client 5");
        other.by_name("button", "Play").await?;
        other.assert_no_errors().await?;
        other.run("location.hash = '#/swarm?s=nothing'").await?;
        let alert = "return document.querySelector('#swarm .ask [role=alert]')?.textContent ?? ''";
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
    stop_at(&page, 2.5).await?;
    page.click("option", "seed").await?;
    stop_at(&page, 1.5).await?;
    page.click("button", "Let it leave").await?;
    page.by_name("combobox", "Branch").await?;
    stop_at(&page, 2.0).await?;
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
    other.assert_no_errors().await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn goals_are_ticked_and_the_three_ways_have_their_times() -> Result<()> {
    let site = SiteServer::start("/").await?;
    for (width, height) in SIZES {
        let page = open(&site, width, height).await?;
        let goals = page.table("Goals").await?;
        assert_eq!(goals[0], ["Goal", "Met"]);
        assert!(
            goals[1..].iter().all(|row| row[1] == "not yet"),
            "{goals:?}"
        );
        let times = page
            .table_with("Time to serve everyone", |table| {
                // Those of many clients take a while.
                let few = table.iter().skip(1).take(4);
                few.flatten().all(|cell| cell != "…")
            })
            .await?;
        assert_eq!(times[0], ["Clients", "One server", "CDN", "Swarm", "Bound"]);
        assert_eq!(times.len(), 8, "{times:?}");
        page.choose("Speed", "4 ×").await?;
        page.wait_for_text(
            "status",
            "Result",
            "All 8 clients have the whole file after",
        )
        .await?;
        page.table_with("Goals", |table| {
            table[1..].iter().all(|row| row[1].starts_with('✓'))
        })
        .await?;
        page.screenshot(&format!("swarm-ways-{width}")).await?;
        page.assert_no_errors().await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_stage_keeps_its_place_whatever_the_caption_says() -> Result<()> {
    let site = SiteServer::start("/").await?;
    for (width, height) in SIZES {
        let page = open(&site, width, height).await?;
        let mut places = BTreeSet::new();
        for tenths in [0, 4, 9, 15, 22, 30] {
            stop_at(&page, f64::from(tenths) / 10.0).await?;
            let script =
                "const area = document.querySelector('#swarm .view').getBoundingClientRect();
                return [Math.round(area.top + scrollY), Math.round(area.height)]";
            places.insert(page.run(script).await?.to_string());
        }
        assert_eq!(places.len(), 1, "{places:?} at {width}");
    }
    Ok(())
}
