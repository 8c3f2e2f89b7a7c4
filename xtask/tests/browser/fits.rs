//! Layout tests: phones, frames, the names of scenarios, addresses.

use crate::lesson::lesson_ended;
use crate::support::{Page, Result, SiteServer, eventually};

/// A script that returns which of stage, caption and play are not wholly on the screen.
const OUTSIDE: &str = "
    const parts = {
        stage: document.querySelector('.app .view'),
        caption: document.querySelector('.app .caption'),
        play: document.querySelector('.bar [aria-label=Play], .bar [aria-label=Pause]'),
    };
    return Object.entries(parts).filter(([, part]) => {
        const area = part.getBoundingClientRect();
        return area.height < 20 || area.top < 0 || area.left < 0
            || area.bottom > innerHeight || area.right > innerWidth;
    }).map(([name, part]) => `${name} ends at ${part.getBoundingClientRect().bottom} of ${innerHeight}`);";

async fn outside(page: &Page) -> Result<Vec<String>> {
    Ok(serde_json::from_value(page.run(OUTSIDE).await?)?)
}

#[tokio::test]
async fn on_a_phone_stage_caption_and_play_are_on_one_screen_at_every_step() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open_sized(&format!("{}#/ring", site.url()), 390, 844).await?;
    lesson_ended(&page).await?;
    page.by_name("button", "Play").await?;
    assert_eq!(outside(&page).await?, [""; 0]);
    let now = "return document.querySelector('input[type=range]').valueAsNumber";
    let mut at = page.run(now).await?.as_f64().ok_or("no time")?;
    while at > 0.0 {
        page.click("button", "Step back").await?;
        at = eventually("an earlier moment", async || {
            let then = page.run(now).await?.as_f64();
            Ok(then.filter(|then| *then < at))
        })
        .await?;
        assert_eq!(outside(&page).await?, [""; 0], "at {at}");
        page.run("scrollTo(0, 0)").await?;
    }
    page.assert_no_errors().await
}

#[tokio::test]
async fn on_a_phone_a_change_of_the_ring_is_seen_where_it_happens() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open_sized(&format!("{}#/ring", site.url()), 390, 844).await?;
    lesson_ended(&page).await?;
    for (node, button) in [("7", "Insert node"), ("9", "Crash node")] {
        page.fill("spinbutton", "Node id", node).await?;
        let away = "return document.querySelector('.app .view').getBoundingClientRect().top < 0";
        assert_eq!(page.run(away).await?, true, "the field is far below");
        page.click("button", button).await?;
        eventually(&format!("the stage after {button}"), async || {
            Ok(outside(&page).await?.is_empty().then_some(()))
        })
        .await?;
    }
    page.assert_no_errors().await
}

#[tokio::test]
async fn on_a_phone_what_a_node_is_said_to_own_takes_one_line_above_the_ring() -> Result<()> {
    let site = SiteServer::start("/").await?;
    for height in [664, 844] {
        let page = Page::open_sized(&format!("{}#/ring", site.url()), 390, height).await?;
        lesson_ended(&page).await?;
        page.click("option", "21").await?;
        let hint = "
            const hint = document.querySelector('.app .view__hint'), line = parseFloat(getComputedStyle(hint).lineHeight) || 20;
            const opaque = getComputedStyle(hint).backgroundColor !== 'rgba(0, 0, 0, 0)';
            return hint.innerText !== '' && opaque && hint.clientHeight <= line + 2";
        eventually("a hint of one line", async || {
            Ok((page.run(hint).await? == true).then_some(()))
        })
        .await?;
        page.screenshot(&format!("phone-hint-{height}")).await?;
        page.assert_no_errors().await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_embedded_stage_fits_the_frame_that_it_is_given() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&format!("{}?embed", site.url())).await?;
    page.by_name("slider", "Time").await?;
    for (width, height) in [
        (320, 300),
        (390, 500),
        (560, 315),
        (640, 480),
        (800, 500),
        (950, 700),
        (1000, 590),
        (1280, 800),
    ] {
        page.resize(width, height).await?;
        let over = "const root = document.documentElement;
            return [root.scrollWidth - innerWidth, root.scrollHeight - innerHeight]";
        assert_eq!(
            page.run(over).await?,
            serde_json::json!([0, 0]),
            "{width}x{height}"
        );
        assert_eq!(outside(&page).await?, [""; 0], "{width}x{height}");
        page.screenshot(&format!("embed-{width}")).await?;
    }
    page.assert_no_errors().await
}

#[tokio::test]
async fn the_names_of_scenarios_are_shown_whole() -> Result<()> {
    const CUT: &str = "
        const select = document.querySelector('.ask__scenario select');
        const style = getComputedStyle(select), pen = document.createElement('canvas').getContext('2d');
        pen.font = style.font;
        const arrow = 20, sides = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
        return [...select.options].filter(option => pen.measureText(option.text).width + arrow + sides > select.clientWidth + 2)
            .map(option => option.text)";
    let site = SiteServer::start("/").await?;
    let page = Page::open(&format!("{}#/ring", site.url())).await?;
    page.by_name("combobox", "Scenario").await?;
    for width in [1024, 1280, 1366, 1920] {
        page.resize(width, 800).await?;
        assert_eq!(page.run(CUT).await?, serde_json::json!([]), "{width} wide");
    }
    page.assert_no_errors().await
}

#[tokio::test]
async fn the_chosen_scenario_is_in_the_address_at_once_and_kept_on_reload() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&format!("{}#/ring", site.url())).await?;
    page.choose("Scenario", "Node 7 joins").await?;
    let address = "return location.hash";
    eventually("the scenario in the address", async || {
        Ok((page.run(address).await? == "#/ring?s=insert-7").then_some(()))
    })
    .await?;
    page.reload().await?;
    page.wait_for_text("log", "Events", "node 7 joins").await?;
    let chosen = "return document.querySelector('.ask__scenario select').value";
    assert_eq!(page.run(chosen).await?, "insert-7");
    page.assert_no_errors().await
}

#[tokio::test]
async fn an_address_that_is_no_page_says_so_and_leads_to_those_there_are() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&format!("{}#/nothing", site.url())).await?;
    let said = "return document.getElementById('boot-status').innerText";
    eventually("that there is no such page", async || {
        Ok(page
            .run(said)
            .await?
            .as_str()
            .filter(|said| said.contains("no page #/nothing"))
            .map(|_| ()))
    })
    .await?;
    page.screenshot("unknown-page").await?;
    page.click("link", "Ring").await?;
    lesson_ended(&page).await?;
    page.run("location.hash = '#/nowhere'").await?;
    eventually("that there is no such page", async || {
        Ok(page
            .run(said)
            .await?
            .as_str()
            .filter(|said| said.contains("#/nowhere"))
            .map(|_| ()))
    })
    .await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn watch_is_silent_while_one_predicts_and_when_something_else_is_asked() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&format!("{}#/ring", site.url())).await?;
    lesson_ended(&page).await?;
    let watches = async |expected: bool| {
        let watch = "return document.querySelector('.ask__watch').innerText.startsWith('Watch')";
        eventually("Watch as it should be", async || {
            Ok((page.run(watch).await? == expected).then_some(()))
        })
        .await
    };
    watches(true).await?;
    page.choose("Routing", "Linear").await?;
    watches(false).await?;
    page.choose("Routing", "Finger table").await?;
    watches(true).await?;
    // A lookup that one predicts is one's own, as any other: the scenario's text is back once that is undone.
    page.click("button", "Predict").await?;
    watches(false).await?;
    page.click("button", "Predict").await?;
    watches(false).await?;
    page.click("button", "Undo").await?;
    watches(true).await?;
    page.fill("spinbutton", "Key", "12").await?;
    watches(false).await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_typed_word_says_where_it_lies_and_a_number_that_is_none_is_refused() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&format!("{}#/ring", site.url())).await?;
    lesson_ended(&page).await?;
    let key = blake3::hash(b"hello").as_bytes()[19] & 31;
    page.fill("spinbutton", "Key", "hello").await?;
    let said = "return document.querySelector('.ask__watch').innerText";
    eventually("where the word lies", async || {
        let said = page.run(said).await?.to_string();
        Ok(said
            .contains(&format!("“hello” lies at {key}:"))
            .then_some(()))
    })
    .await?;
    page.screenshot("ring-typed").await?;
    for text in ["-1", "3.5"] {
        page.fill("spinbutton", "Key", text).await?;
        page.click("button", "Look up").await?;
        let error = "return document.getElementById('key-error')?.innerText ?? ''";
        eventually("what is wrong", async || {
            let error = page.run(error).await?.to_string();
            Ok((error.contains(text) && error.contains("0 to 31")).then_some(()))
        })
        .await?;
    }
    page.assert_no_errors().await
}
