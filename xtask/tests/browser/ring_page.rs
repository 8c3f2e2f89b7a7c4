//! The ring page as a learner uses it: by role and name, mouse and keyboard, wide and narrow.

use thirtyfour::TypingData;
use thirtyfour::prelude::Key;

use crate::lesson::{LESSON, lesson_ended, open_sized};
use crate::support::{Page, Result, SiteServer, eventually};

async fn caption_says(page: &Page, part: &str) -> Result<()> {
    let caption = "return document.querySelector('.caption').innerText";
    let seen = async || {
        let text = page.run(caption).await?.to_string();
        Ok(text.contains(part).then_some(()))
    };
    eventually(&format!("\"{part}\" in the caption"), seen).await
}

/// Looks a key up and waits for the path.
async fn look_up(page: &Page, key: &str, from: &str, path: &str) -> Result<()> {
    page.fill("spinbutton", "Key", key).await?;
    page.choose("From node", from).await?;
    page.click("button", "Look up").await?;
    page.wait_for_text("status", "Result", path).await?;
    Ok(())
}

async fn press(page: &Page, keys: impl Into<TypingData>) -> Result<()> {
    let keys: TypingData = keys.into();
    let keys: String = keys.as_vec().into_iter().collect();
    eventually("an element that takes keys", async || {
        let focused = page.driver().active_element().await?;
        match focused.send_keys(keys.clone()).await {
            Ok(()) => Ok(Some(())),
            // The focus is on its way: nothing was typed.
            Err(error) if format!("{error:?}").contains("ElementNotInteractable") => Ok(None),
            Err(error) => Err(error.into()),
        }
    })
    .await
}

async fn now(page: &Page) -> Result<f64> {
    let value = page
        .run("return document.querySelector('input[type=range]').valueAsNumber")
        .await?;
    value.as_f64().ok_or_else(|| "no time".into())
}

async fn overflow(page: &Page) -> Result<i64> {
    let script = "return document.documentElement.scrollWidth - innerWidth";
    page.run(script)
        .await?
        .as_i64()
        .ok_or_else(|| "no width".into())
}

#[tokio::test]
async fn a_lookup_shows_its_path_in_every_mode_and_routing() -> Result<()> {
    let (site, page) = open_sized(1280, 800).await?;
    // The scenario asks it by itself.
    lesson_ended(&page).await?;
    look_up(&page, "12", "28", "28 → 4 → 9 → 11 → 14").await?;
    page.choose("Mode", "Iterative").await?;
    look_up(&page, "26", "1", LESSON).await?;
    page.choose("Routing", "Linear").await?;
    // Eight hops, each shown for as long as it takes to read: here nobody reads.
    page.choose("Speed", "1/2 ×").await?;
    let linear = "1 → 4 → 9 → 11 → 14 → 18 → 20 → 21 → 28";
    look_up(&page, "26", "1", linear).await?;
    page.wait_for_text("log", "Events", "node 1 looks up 26")
        .await?;
    page.assert_no_errors().await?;
    site.assert_no_failures();
    Ok(())
}

#[tokio::test]
async fn a_chosen_scenario_stops_at_each_step_until_continue_is_pressed_or_its_key() -> Result<()> {
    let (site, page) = open_sized(1280, 800).await?;
    page.choose("Scenario", "The exercise: lookup(12) from 28")
        .await?;
    caption_says(&page, "Node 28 forwards the lookup to 4.").await?;
    page.by_name("button", "Play").await?;
    let stopped = now(&page).await?;
    page.click("button", "Continue").await?;
    caption_says(&page, "Node 4 forwards the lookup to 9.").await?;
    page.by_name("button", "Play").await?;
    assert!(now(&page).await? > stopped);
    for part in [
        "Node 9 forwards the lookup to 11.",
        "Node 11 forwards the lookup to 14.",
        "Node 14 answers node 28.",
        "The scenario has ended.",
    ] {
        page.by_name("button", "Play").await?;
        press(&page, "c").await?;
        caption_says(&page, part).await?;
    }
    page.wait_for_text("status", "Result", "28 → 4 → 9 → 11 → 14")
        .await?;
    let ended = page.by_name("button", "Continue").await?;
    assert_eq!(
        ended.attr("aria-disabled").await?.as_deref(),
        Some("true"),
        "there is no step after the end"
    );
    page.assert_no_errors().await?;
    site.assert_no_failures();
    Ok(())
}

#[tokio::test]
async fn an_insertion_shows_the_four_changed_fingers_old_beside_new() -> Result<()> {
    let (_site, page) = open_sized(1280, 800).await?;
    page.fill("spinbutton", "Node id", "7").await?;
    page.click("button", "Insert node").await?;
    let rows = page.table("Changed fingers").await?;
    let rows: Vec<String> = rows.iter().map(|row| row.join(" ")).collect();
    let expected = [
        "Node Row Start Old New",
        "1 3 5 9 7",
        "4 1 5 9 7",
        "4 2 6 9 7",
        "21 5 5 9 7",
    ];
    assert_eq!(rows, expected);
    page.screenshot("ring-insert").await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_lookup_is_not_compared_with_a_ring_that_has_changed_since() -> Result<()> {
    let (_site, page) = open_sized(1280, 800).await?;
    let card = "return document.querySelector('[aria-labelledby=lookup-title]').innerText";
    let says = async |part: &str| {
        let seen = async || {
            let text = page.run(card).await?.to_string();
            Ok(text.contains(part).then_some(text))
        };
        eventually(&format!("\"{part}\" in the card"), seen).await
    };
    lesson_ended(&page).await?;
    assert!(says("key 26: answered").await?.contains("8 hops"));
    page.click("button", "Insert node").await?;
    let later = says("answered earlier").await?;
    assert!(!later.contains("linear would take"), "{later}");
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_scenario_that_asks_nothing_leaves_no_key_of_another_ring() -> Result<()> {
    let (_site, page) = open_sized(1280, 800).await?;
    let sparse = "A sparser ring: 16 nodes on 65,536 positions";
    page.choose("Scenario", sparse).await?;
    // It stops at its first step: without stops it is played.
    caption_says(&page, "Node 1873 forwards the lookup").await?;
    page.click("button", "Play").await?;
    page.wait_for_text("status", "Result", "59812").await?;
    page.choose("Scenario", "The network falls in two and heals")
        .await?;
    let key = "return document.getElementById('key').value";
    let seen = async || Ok((page.run(key).await? == "26").then_some(()));
    eventually("a key of this ring", seen).await?;
    page.click("button", "Look up").await?;
    page.wait_for_text("status", "Result", "1 → ").await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn wrong_input_is_explained_in_its_place() -> Result<()> {
    let (_site, page) = open_sized(1280, 800).await?;
    let said = async |id: &str, part: &str| {
        let script = format!("return document.getElementById('{id}-error')?.innerText");
        let seen = async || {
            Ok(page
                .run(&script)
                .await?
                .to_string()
                .contains(part)
                .then_some(()))
        };
        eventually(&format!("\"{part}\" beside the field"), seen).await
    };
    for (node, button, part) in [
        ("99", "Insert node", "0 to 31"),
        ("9", "Insert node", "already"),
        ("8", "Crash node", "not on the ring"),
    ] {
        page.fill("spinbutton", "Node id", node).await?;
        page.click("button", button).await?;
        said("node", part).await?;
    }
    page.fill("spinbutton", "Key", "32").await?;
    page.click("button", "Look up").await?;
    said("key", "0 to 31").await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn everything_works_by_keyboard_alone() -> Result<()> {
    let (_site, page) = open_sized(1280, 800).await?;
    lesson_ended(&page).await?;
    press(&page, "/").await?;
    press(&page, "12").await?;
    press(&page, Key::Enter + "").await?;
    page.wait_for_text("status", "Result", "1 → 9 → 11 → 14")
        .await?;
    press(&page, Key::Escape + "").await?;
    press(&page, "?").await?;
    page.by_name("dialog", "How to use this page").await?;
    press(&page, Key::Escape + "").await?;
    // The browser closes it in its own time, and gives the focus back then.
    let is_in_it = "const sheet = document.querySelector('dialog'); return sheet.open || sheet.contains(document.activeElement)";
    eventually(
        "that the sheet is closed and has not the focus",
        async || Ok((page.run(is_in_it).await? == false).then_some(())),
    )
    .await?;
    // Shortcuts are silent while a field has the focus.
    press(&page, "n").await?;
    press(&page, "3").await?;
    press(&page, Key::Escape + "").await?;
    press(&page, "i").await?;
    page.wait_for_text("log", "Events", "node 3 joins").await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn time_steps_forward_and_back() -> Result<()> {
    let (_site, page) = open_sized(1280, 800).await?;
    lesson_ended(&page).await?;
    page.by_name("button", "Play").await?;
    let end = now(&page).await?;
    page.click("button", "Step back").await?;
    let what = "an earlier moment";
    let back = eventually(what, async || {
        Ok(Some(now(&page).await?).filter(|at| *at < end))
    })
    .await?;
    page.click("button", "Step back").await?;
    eventually(what, async || Ok((now(&page).await? < back).then_some(()))).await?;
    page.click("button", "Step forward").await?;
    let same = async || Ok(((now(&page).await? - back).abs() < 1.0).then_some(()));
    eventually("the same moment again", same).await?;
    press(&page, Key::Home + "").await?;
    eventually("the beginning", async || {
        Ok((now(&page).await? < 1.0).then_some(()))
    })
    .await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_prediction_is_told_right_or_wrong_with_the_rule() -> Result<()> {
    let (_site, page) = open_sized(1280, 800).await?;
    lesson_ended(&page).await?;
    page.click("button", "Predict").await?;
    caption_says(&page, "Who is next?").await?;
    page.click("option", "18").await?;
    caption_says(&page, "Right, 18.").await?;
    caption_says(&page, "Node 18 has the lookup of 26.").await?;
    page.click("option", "4").await?;
    caption_says(&page, "Not 4: it is 20.").await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_link_opens_the_same_moment() -> Result<()> {
    let (site, page) = open_sized(1280, 800).await?;
    lesson_ended(&page).await?;
    look_up(&page, "12", "28", "28 → 4 → 9 → 11 → 14").await?;
    page.click("button", "Share link").await?;
    let link = "return location.href";
    let link = eventually("a link", async || {
        let link = page.run(link).await?;
        Ok(link
            .as_str()
            .filter(|link| link.contains("do="))
            .map(str::to_owned))
    });
    let link = link.await?;
    let other = Page::open(&link).await?;
    other
        .wait_for_text("status", "Result", "28 → 4 → 9 → 11 → 14")
        .await?;
    other.assert_no_errors().await?;
    site.assert_no_failures();
    Ok(())
}

#[tokio::test]
async fn a_link_that_cannot_be_read_is_said_to_be_one() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&format!("{}#/ring?%ff", site.url())).await?;
    lesson_ended(&page).await?;
    let alert = "return document.querySelector('[role=alert]').innerText";
    let said = page.run(alert).await?.to_string();
    assert!(said.contains("This link cannot be read"), "{said}");
    assert!(said.contains("The lesson: lookup(26)"), "{said}");
    page.assert_no_errors().await
}

#[tokio::test]
async fn the_legend_explains_every_dot_of_the_stage() -> Result<()> {
    let (_site, page) = open_sized(1280, 800).await?;
    lesson_ended(&page).await?;
    let legend = "return document.querySelector('.app .legend').innerText";
    let legend = page.run(legend).await?.to_string();
    for dot in [
        "lookup, reply",
        "other lookup, reply",
        "stabilization, reply",
        "records, reply",
    ] {
        assert!(legend.contains(dot), "{dot} is missing in {legend}");
    }
    page.assert_no_errors().await
}

#[tokio::test]
async fn the_legend_lies_on_neither_the_ring_nor_the_caption() -> Result<()> {
    // The pixels of the still layer that the legend's lines lie on and that something is painted on, and the lines that the caption hides.
    const COVERED: &str = "
        const canvas = document.querySelector('.app .view canvas'), pen = canvas.getContext('2d');
        const stage = canvas.getBoundingClientRect(), ratio = canvas.width / stage.width;
        const caption = document.querySelector('.app .caption').getBoundingClientRect();
        let covered = 0;
        for (const line of document.querySelectorAll('.app .legend li')) {
            const area = line.getBoundingClientRect();
            covered += area.bottom > caption.top;
            const image = pen.getImageData(
                (area.left - stage.left) * ratio, (area.top - stage.top) * ratio, area.width * ratio, area.height * ratio);
            for (let at = 3; at < image.data.length; at += 4) covered += image.data[at] > 0;
        }
        return covered";
    let site = SiteServer::start("/").await?;
    for (width, height) in [
        (1280, 800),
        (1280, 720),
        (1440, 900),
        (1024, 768),
        (1180, 820),
    ] {
        let page = Page::open_sized(&format!("{}#/ring", site.url()), width, height).await?;
        lesson_ended(&page).await?;
        page.screenshot(&format!("legend-{width}-{height}")).await?;
        assert_eq!(page.run(COVERED).await?, 0, "{width} x {height}");
        page.assert_no_errors().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_word_of_confirmation_lies_on_no_control_at_any_width() -> Result<()> {
    // The controls that the word lies on; and whether all of it is seen, on the screen and in its own frame.
    const COVERED: &str = "
        const toast = document.querySelector('.toast');
        if (!toast) return null;
        const { left, top, right, bottom } = toast.getBoundingClientRect();
        const controls = [...document.querySelectorAll('#ring :is(button, a, select, input, .caption, .ask__watch)')];
        const below = controls.filter(part => part.checkVisibility()).filter(part => {
            const area = part.getBoundingClientRect();
            return area.left < right && area.right > left && area.top < bottom && area.bottom > top;
        }).map(part => part.getAttribute('aria-label') ?? part.textContent);
        const cut = left < 0 || top < 0 || right > innerWidth || bottom > innerHeight
            || toast.scrollWidth > toast.clientWidth + 1 || toast.scrollHeight > toast.clientHeight + 1;
        return cut ? [...below, 'the edge'] : below";
    // What moves when the word comes, to the eighth pixel.
    const PLACE: &str = "
        const place = part => { const { left, top } = document.querySelector(part).getBoundingClientRect(); return [left, top].map(at => Math.round(at / 8)) };
        return [place('#ring .view'), place('#ring [aria-label=Undo]'), place('#ring [aria-label=Help]')]";
    let site = SiteServer::start("/").await?;
    for (width, height) in [
        (320, 568),
        (390, 844),
        (610, 900),
        (768, 1024),
        (910, 700),
        (1024, 768),
        (1180, 820),
        (1280, 800),
        (1920, 1080),
    ] {
        let page = Page::open_sized(&format!("{}#/ring", site.url()), width, height).await?;
        lesson_ended(&page).await?;
        let covered = async |what: &str| {
            let covered = eventually(&format!("a word of {what}"), async || {
                let covered = page.run(COVERED).await?;
                Ok(covered.is_array().then_some(covered))
            })
            .await?;
            assert_eq!(covered, serde_json::json!([]), "{what}, {width} wide");
            page.screenshot(&format!("toast-{what}-{width}")).await?;
            Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
        };
        page.fill("spinbutton", "Node id", "9").await?;
        page.click("button", "Crash node").await?;
        page.run("scrollTo(0, 0)").await?;
        let place = page.run(PLACE).await?;
        page.click("button", "Undo").await?;
        covered("undo").await?;
        assert_eq!(page.run(PLACE).await?, place, "{width} wide");
        if width <= 1220 {
            page.click("button", "More").await?;
        }
        let forced =
            serde_json::json!({ "features": [{ "name": "forced-colors", "value": "active" }] });
        page.devtools("Emulation.setEmulatedMedia", forced).await?;
        page.click("button", "Share link").await?;
        eventually("the word about the link", async || {
            // In a user's own few colours it is readable: the browser lays the ground of the page below each text.
            let said = "
                const toast = document.querySelector('.toast'), ground = part => getComputedStyle(part).backgroundColor;
                return toast?.textContent.includes('ink') && ground(toast) === ground(document.body)";
            Ok((page.run(said).await? == true).then_some(()))
        })
        .await?;
        covered("link").await?;
        assert_eq!(page.run(PLACE).await?, place, "{width} wide");
        page.assert_no_errors().await?;
    }
    Ok(())
}

#[tokio::test]
async fn on_a_phone_menus_lead_to_the_pages_and_to_what_the_bar_has_no_room_for() -> Result<()> {
    const MENU: &str = "
        const button = document.querySelector('.app:not([hidden] *) .menu:not(.menu--more)').getBoundingClientRect();
        return [button.left + button.width / 2, button.top + button.height / 2]";
    const LINK: &str = "
        const link = [...document.querySelectorAll('.app:not([hidden] *) nav:popover-open a')].find(link => link.textContent === 'PAGE');
        if (!link) return null;
        const area = link.getBoundingClientRect();
        return [area.left + 30, area.top + area.height / 2, area.height]";
    let site = SiteServer::start("/").await?;
    let page = Page::open_sized(&format!("{}#/ring", site.url()), 390, 844).await?;
    lesson_ended(&page).await?;
    page.touch(true).await?;
    for name in ["Experiments", "Live", "Ring"] {
        let (x, y): (f64, f64) = eventually("the button of the pages", async || {
            Ok(serde_json::from_value(page.run(MENU).await?)?)
        })
        .await?;
        page.tap_at(x, y).await?;
        let (x, y, height): (f64, f64, f64) = eventually("the menu of the pages", async || {
            let place = page.run(&LINK.replace("PAGE", name)).await?;
            Ok(serde_json::from_value(place)?)
        })
        .await?;
        assert!(height >= 44.0, "{name}: {height}");
        page.screenshot(&format!("menu-{}", name.to_lowercase()))
            .await?;
        page.tap_at(x, y).await?;
        page.by_name("button", &format!("Pages: {name}")).await?;
        let open = "return document.querySelectorAll(':popover-open').length";
        eventually("a menu that is closed", async || {
            Ok((page.run(open).await? == 0).then_some(()))
        })
        .await?;
    }
    page.touch(false).await?;
    // By keyboard, too.
    let focus = "document.querySelector('#ring .menu--more').focus()";
    page.run(focus).await?;
    let active = async || page.driver().active_element().await;
    active().await?.send_keys(Key::Enter + "").await?;
    page.by_name("button", "Share link").await?;
    // Behind "Export" and "Import".
    for _ in 0..3 {
        let keys = page.driver().action_chain();
        keys.send_keys(Key::Tab + "").perform().await?;
    }
    assert_eq!(active().await?.text().await?, "Share link");
    active().await?.send_keys(Key::Enter + "").await?;
    page.by_name("status", "").await?;
    assert!(!page.has("button", "Share link").await?, "the menu stays");
    page.assert_no_errors().await
}

#[tokio::test]
async fn the_last_node_cannot_go_and_that_is_said_in_the_card_that_was_used() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let card =
        "return document.querySelector('[aria-labelledby=change-title] [role=alert]')?.innerText";
    for (width, height) in [(1280, 800), (390, 844)] {
        let url = format!("{}#/ring?v=3&bits=5&nodes=4", site.url());
        let page = Page::open_sized(&url, width, height).await?;
        for button in ["Remove node", "Crash node"] {
            page.fill("spinbutton", "Node id", "4").await?;
            page.click("button", button).await?;
            eventually(&format!("what {button} cannot do"), async || {
                let said = page.run(card).await?.to_string();
                Ok(said.contains("at least one node").then_some(()))
            })
            .await?;
            let seen = "const said = document.querySelector('[aria-labelledby=change-title] [role=alert]');
                const area = said.getBoundingClientRect();
                return area.top >= 0 && area.bottom <= innerHeight";
            assert_eq!(page.run(seen).await?, true, "{button} at {width} px");
            let elsewhere = "return document.querySelectorAll('.ask [role=alert], .stage > [role=alert]').length";
            assert_eq!(page.run(elsewhere).await?, 0);
            page.screenshot(&format!("last-node-{width}")).await?;
            // What is done next takes the words away.
            page.click("button", "Step back").await?;
        }
        page.assert_no_errors().await?;
    }
    Ok(())
}

#[tokio::test]
async fn where_the_stage_is_alone_a_broken_link_is_said_to_be_one_too() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&format!("{}#/ring?embed&%ff", site.url())).await?;
    page.wait_for_text("alert", "", "This link cannot be read")
        .await?;
    let seen = "const said = document.querySelector('.bar__error').getBoundingClientRect();
        return said.height > 10 && said.bottom <= innerHeight";
    assert_eq!(page.run(seen).await?, true);
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_node_that_leaves_is_marked_and_what_named_it_then_leads_to_its_place() -> Result<()> {
    let (site, page) = open_sized(1280, 800).await?;
    lesson_ended(&page).await?;
    for (width, height) in [(1280, 800), (390, 844)] {
        page.goto("about:blank").await?;
        page.resize(width, height).await?;
        // A moment of a departure: its keys are being handed over.
        let link = "#/ring?v=3&s=lesson-26&seed=1&do=2000000:remove,28&t=2010000&sel=28";
        page.goto(&format!("{}{link}", site.url())).await?;
        page.by_name("option", "28, leaving").await?;
        let legend = "return document.querySelector('.app .legend').innerText";
        assert!(page.run(legend).await?.to_string().contains("leaving"));
        page.screenshot(&format!("leaving-{width}")).await?;
        page.goto("about:blank").await?;
        let link = "#/ring?v=3&s=lesson-26&seed=1&do=2000000:remove,18&t=2600000&sel=1";
        page.goto(&format!("{}{link}", site.url())).await?;
        page.by_name("table", "Finger table of node 1").await?;
        page.screenshot(&format!("stale-finger-{width}")).await?;
    }
    page.assert_no_errors().await
}

#[tokio::test]
async fn the_time_says_how_far_the_run_has_come_only_where_an_earlier_moment_is_shown() -> Result<()>
{
    let (_site, page) = open_sized(1280, 800).await?;
    page.wait_for_text("status", "Result", LESSON).await?;
    let time = async |is: &str, right: fn(&str) -> bool| {
        eventually(is, async || {
            let text = page
                .run("return document.querySelector('.bar__time').innerText")
                .await?;
            Ok(text.as_str().is_some_and(right).then_some(()))
        })
        .await
    };
    time("one moment", |text| text.matches("ms").count() == 1).await?;
    page.click("button", "Step back").await?;
    time("how far it has come", |text| text.contains("reached ")).await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn it_fits_a_phone_and_a_dark_room() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open_sized(&format!("{}#/ring", site.url()), 390, 844).await?;
    lesson_ended(&page).await?;
    assert!(overflow(&page).await? <= 0, "the page scrolls sideways");
    page.screenshot("ring-phone").await?;
    page.click("button", "More").await?;
    page.click("button", "Light or dark").await?;
    page.screenshot("ring-phone-dark").await?;
    page.resize(1280, 800).await?;
    assert!(overflow(&page).await? <= 0, "the page scrolls sideways");
    page.screenshot("ring-dark").await?;
    page.click("button", "Light or dark").await?;
    page.screenshot("ring-light").await?;
    page.resize(1000, 560).await?;
    let fits = "return document.querySelector('.view').clientHeight <= innerHeight";
    let fits = async || Ok(page.run(fits).await?.as_bool().filter(|fits| *fits));
    eventually("the ring is no higher than the screen", fits).await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_split_network_and_a_torn_ring_look_it() -> Result<()> {
    // How much of the stage is of the colour of what is broken.
    const RED: &str = "
        const canvas = document.querySelector('.app .view canvas');
        const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        let red = 0;
        for (let at = 0; at < data.length; at += 4)
            red += data[at + 3] > 150 && data[at] > 140 && data[at + 1] < 80 && data[at + 2] < 80;
        return red";
    let (site, page) = open_sized(1280, 800).await?;
    lesson_ended(&page).await?;
    assert_eq!(page.run(RED).await?, 0, "nothing is broken in the lesson");
    for (scenario, at, least) in [
        ("partition", 25_000_000, 500),
        ("classic-crash", 20_000_000, 250),
    ] {
        page.goto("about:blank").await?;
        page.goto(&format!("{}#/ring?s={scenario}&t={at}", site.url()))
            .await?;
        eventually(&format!("red pointers in {scenario}"), async || {
            Ok(page.run(RED).await?.as_u64().filter(|red| *red > least))
        })
        .await?;
        page.screenshot(&format!("ring-{scenario}")).await?;
    }
    page.assert_no_errors().await
}
