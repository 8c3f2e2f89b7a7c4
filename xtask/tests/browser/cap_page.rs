//! The consistency page: called, cut, healed, judged and predicted, by mouse, finger and keyboard.

use serde_json::{Value, json};
use thirtyfour::prelude::Key;

use crate::support::{Page, Result, SiteServer, chordscope, eventually};

/// A screen, and a phone.
const SIZES: [(u32, u32); 2] = [(1280, 800), (390, 844)];
/// The last copy of a book, when both orders have been confirmed and the cut has healed.
const SOLD_TWICE: &str = "s=last-copy&t=13500000";

/// A script: the text of the card "Call".
const CALL: &str = "return document.querySelector('[aria-labelledby=cap-call-title]').textContent";

async fn open(site: &SiteServer, query: &str, (width, height): (u32, u32)) -> Result<Page> {
    let address = format!("{}#/cap?{query}", site.url());
    let page = Page::open_sized(&address, width, height).await?;
    page.by_name("status", "Judgement").await?;
    Ok(page)
}

/// The middle of a mark that is shown, once it is in view.
async fn place_of(page: &Page, mark: &str) -> Result<(f64, f64)> {
    let script = format!(
        "const mark = [...document.querySelectorAll('[data-over=\"{mark}\"]')].find(one => one.checkVisibility());
         mark.scrollIntoView({{ block: 'center', inline: 'center' }});
         const area = mark.getBoundingClientRect(); return [area.left + area.width / 2, area.top + area.height / 2]"
    );
    let [x, y]: [f64; 2] = serde_json::from_value(page.run(&script).await?)?;
    Ok((x, y))
}

async fn hint(page: &Page) -> Result<String> {
    let hint = page
        .run("return document.querySelector('.cap-hint').textContent")
        .await?;
    Ok(hint.as_str().unwrap_or_default().to_owned())
}

/// Draws a line with the mouse.
async fn drag(page: &Page, from: (f64, f64), to: (f64, f64)) -> Result<()> {
    let steps = [
        ("mousePressed", 0.0),
        ("mouseMoved", 0.3),
        ("mouseMoved", 1.0),
        ("mouseReleased", 1.0),
    ];
    page.point_at(from.0, from.1).await?;
    for (kind, share) in steps {
        let (x, y) = (
            from.0 + (to.0 - from.0) * share,
            from.1 + (to.1 - from.1) * share,
        );
        let buttons = u8::from(kind != "mouseReleased");
        let params = json!({ "type": kind, "x": x, "y": y, "button": "left", "buttons": buttons, "clickCount": 1 });
        page.devtools("Input.dispatchMouseEvent", params).await?;
    }
    Ok(())
}

async fn digest(page: &Page) -> Result<String> {
    Ok(page.text("status", "Digest").await?.trim().to_owned())
}

#[tokio::test]
async fn the_page_opens_from_the_menu_and_each_step_of_the_build_up_ticks_its_goals() -> Result<()>
{
    let site = SiteServer::start("/").await?;
    let page = Page::open(&site.url()).await?;
    page.click("link", "Consistency").await?;
    page.by_name("table", "Goals").await?;
    page.choose("Speed", "16 ×").await?;
    for (step, judged) in [
        ("1 One store", "The store is linearizable"),
        ("2 A copy each", "A copy each is not linearizable"),
        (
            "4 A lost message",
            "A message for each write is not linearizable",
        ),
    ] {
        page.click("button", step).await?;
        page.wait_for_text("status", "Judgement", judged).await?;
        eventually("all goals", async || {
            let goals = page.table("Goals").await?;
            Ok(goals[1..].iter().all(|row| row[1] == "✓ yes").then_some(()))
        })
        .await?;
    }
    let history = page.table("History").await?;
    assert_eq!(
        history[0],
        [
            "Client",
            "Operation",
            "Value",
            "Called",
            "Returned",
            "Verdict"
        ]
    );
    assert!(
        history[1..].iter().any(|row| row[5] == "stale"),
        "{history:?}"
    );
    page.screenshot("cap-lost-message").await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn bars_say_what_they_are_and_are_selected_and_the_judge_names_the_fewest() -> Result<()> {
    let site = SiteServer::start("/").await?;
    for size in SIZES {
        let page = open(&site, SOLD_TWICE, size).await?;
        page.wait_for_text(
            "status",
            "Judgement",
            "Level one is not linearizable: 3 operations contradict one another, and no fewer do.",
        )
        .await?;
        page.wait_for_text("status", "Judgement", "Level quorum is linearizable")
            .await?;
        for (mark, said) in [
            ("one.b4", "Level one: Ben got “1 left”"),
            ("quorum.b4", "Level quorum: Ben was refused"),
            ("one.n1", "Node 4 keeps version 2"),
        ] {
            let (x, y) = place_of(&page, mark).await?;
            page.point_at(x, y).await?;
            eventually(said, async || {
                Ok(hint(&page).await?.contains(said).then_some(()))
            })
            .await?;
        }
        let (x, y) = place_of(&page, "one.b6").await?;
        page.click_at(x, y).await?;
        eventually("what came of the call", async || {
            let said = page.run(CALL).await?;
            Ok(said
                .as_str()
                .filter(|said| said.contains("Ben puts “Ben” under “book 19” at 6.3 s."))
                .map(|_| ()))
        })
        .await?;
        let list = page.by_name("listbox", "Calls").await?;
        list.send_keys(Key::Left + "").await?;
        page.by_name("option", "Anna get").await?;
        // Nothing is wider than the screen.
        let over =
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(page.run(over).await?, 0, "{size:?}");
        page.screenshot(&format!("cap-sold-{}", size.0)).await?;
        page.assert_no_errors().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_line_through_the_ring_cuts_it_and_so_does_the_list() -> Result<()> {
    let site = SiteServer::start("/").await?;
    for size in SIZES {
        let page = open(&site, "s=minority&do=200000:1,0,put,kept&t=1500000", size).await?;
        // Between 1 and 4, and between 14 and 18.
        let (one, four) = (
            place_of(&page, "one.n0").await?,
            place_of(&page, "one.n1").await?,
        );
        let low = (
            place_of(&page, "one.n4").await?,
            place_of(&page, "one.n5").await?,
        );
        let (one, four) = match page.run("return innerWidth > 600").await? == true {
            true => (one, four),
            // The ring has been scrolled to its middle since.
            false => (
                place_of(&page, "one.n0").await?,
                place_of(&page, "one.n1").await?,
            ),
        };
        let middle =
            |a: (f64, f64), b: (f64, f64)| (f64::midpoint(a.0, b.0), f64::midpoint(a.1, b.1));
        let (from, to) = (middle(one, four), middle(low.0, low.1));
        drag(&page, from, to).await?;
        page.wait_for_text(
            "status",
            "Result",
            "nodes 4, 9, 11 and 14 and the 5 others cannot reach one another",
        )
        .await?;
        page.wait_for_text(
            "status",
            "Result",
            "Anna 2, Ben 1, Cleo 1; 2 are a majority",
        )
        .await?;
        page.click("button", "Heal").await?;
        page.wait_for_text("status", "Result", "The cut healed at")
            .await?;
        for node in ["1", "4"] {
            let button = page.by_name("button", node).await?;
            button.send_keys(Key::Space + "").await?;
        }
        page.click("button", "Cut off").await?;
        page.wait_for_text("status", "Result", "nodes 1 and 4 and the 7 others")
            .await?;
        page.choose("Client", "Ben, at 9").await?;
        // The page proposes a value to each client: one that comes while the test types is typed over.
        eventually("what is to be put", async || {
            page.fill("textbox", "Value", "new").await?;
            let value = page.by_name("textbox", "Value").await?.value().await?;
            Ok(value.filter(|value| value == "new"))
        })
        .await?;
        page.click("button", "Put").await?;
        page.wait_for_text("status", "Result", "Ben puts “new” under “book 19”")
            .await?;
        page.wait_for_text("log", "Events", "Level quorum: Ben was refused")
            .await?;
        page.screenshot(&format!("cap-cut-{}", size.0)).await?;
        page.assert_no_errors().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_prediction_stops_at_the_call_and_stands_beside_what_came() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = open(&site, "s=last-copy&t=4400000", SIZES[0]).await?;
    page.choose("Speed", "4 ×").await?;
    page.click("button", "Predict").await?;
    page.choose("Guess for level one", "“1 left”").await?;
    page.choose("Guess for level quorum", "“Anna”").await?;
    page.screenshot("cap-question").await?;
    page.click("button", "Answer").await?;
    page.wait_for_text("status", "Prediction", "Level one: “1 left”, as you said.")
        .await?;
    page.wait_for_text(
        "status",
        "Prediction",
        "Level quorum: it is refused. You said: “Anna”.",
    )
    .await?;
    page.choose("Consistency", "quorum").await?;
    eventually("one ring", async || {
        Ok((page
            .run("return document.querySelectorAll('.cap-ring').length")
            .await?
            == 1)
            .then_some(()))
    })
    .await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_shared_link_shows_the_same_moment_and_the_program_has_its_digest() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = open(&site, "s=bank&t=4500000", SIZES[0]).await?;
    page.click("button", "Heal").await?;
    page.wait_for_text("status", "Result", "The cut healed at 4.5 s")
        .await?;
    page.click("button", "Pause").await?;
    page.click("option", "Ben put if unchanged").await?;
    let shown = digest(&page).await?;
    page.click("button", "Share link").await?;
    let link = eventually("the moment in the address", async || {
        let address = page.run("return location.href").await?;
        Ok(address
            .as_str()
            .filter(|address| address.contains("sel=4"))
            .map(str::to_owned))
    })
    .await?;
    let said = chordscope(&["sim", "run"], &[&link, "--json"]).await?;
    let answer: Value = serde_json::from_str(&said)?;
    assert_eq!(answer["digest"], json!(shown), "{link}");
    let other = Page::open_sized(&link, 390, 844).await?;
    other.wait_for_text("status", "Digest", &shown).await?;
    other
        .wait_for_text("log", "Events", "The cut healed at 4.5 s")
        .await?;
    eventually("the selected call", async || {
        let said = other.run(CALL).await?;
        let said = said.as_str().unwrap_or_default();
        Ok(said
            .contains("Ben puts “40” under “book 19” if nothing has changed at 4.2 s.")
            .then_some(()))
    })
    .await?;
    other.assert_no_errors().await?;
    page.assert_no_errors().await
}
