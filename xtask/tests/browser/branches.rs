//! Branches of a run on the ring page, undo and redo: by mouse, finger and keyboard, wide and narrow.

use thirtyfour::prelude::Key;

use crate::lesson::{lesson_ended, open_ended};
use crate::support::{Page, Result, eventually};

/// Waits until a script returns true.
async fn holds(page: &Page, what: &str, script: &str) -> Result<()> {
    eventually(what, async || {
        Ok((page.run(script).await? == true).then_some(()))
    })
    .await
}

/// Inserts or crashes a node at the moment one step back.
async fn branch_off(page: &Page, node: &str, button: &str) -> Result<()> {
    page.click("button", "Step back").await?;
    page.fill("spinbutton", "Node id", node).await?;
    page.click("button", button).await?;
    Ok(())
}

/// Makes so many branches.
async fn grow(page: &Page, branches: usize) -> Result<()> {
    for (made, node) in (2..=branches).zip(["7", "3", "24", "30", "16", "6"]) {
        branch_off(page, node, "Insert node").await?;
        let there = format!("return document.querySelectorAll('.branches li').length === {made}");
        holds(page, &format!("{made} branches"), &there).await?;
    }
    page.click("button", "Step back").await
}

/// The number of the row that is the current one, and of the one that the list shows.
const CURRENT: &str = "
    const row = document.querySelector('.branches [aria-current=true] b').textContent;
    const list = document.querySelector('.branches select');
    return [row, list.options[list.selectedIndex].text.split(' ')[1]]";

async fn is_current(page: &Page, number: &str) -> Result<()> {
    eventually(&format!("branch {number}"), async || {
        let seen = page.run(CURRENT).await?;
        Ok((seen == serde_json::json!([number, number])).then_some(()))
    })
    .await
}

async fn focus(page: &Page, selector: &str) -> Result<()> {
    page.run(&format!("document.querySelector({selector:?}).focus()"))
        .await?;
    Ok(())
}

async fn press(page: &Page, keys: impl Into<thirtyfour::TypingData>) -> Result<()> {
    Ok(page
        .driver()
        .active_element()
        .await?
        .send_keys(keys)
        .await?)
}

#[tokio::test]
async fn a_deed_in_the_past_begins_a_branch_and_rows_list_and_keys_lead_back() -> Result<()> {
    let (site, page) = open_ended(1280, 800).await?;
    let digest = page.text("status", "Digest").await?;
    assert!(!page.has("combobox", "Branch").await?, "one branch is none");
    branch_off(&page, "7", "Insert node").await?;
    page.wait_for_text("status", "", "Branch 2 begins here.")
        .await?;
    is_current(&page, "2").await?;
    page.click("button", "Branch 1: as it began").await?;
    is_current(&page, "1").await?;
    page.by_name("button", "Play").await?;
    let end = "const time = document.querySelector('input[type=range]'); return time.valueAsNumber < time.max";
    holds(&page, "an earlier moment", end).await?;
    focus(&page, ".track input").await?;
    press(&page, Key::End + "").await?;
    page.wait_for_text("status", "Digest", &digest).await?;
    page.choose("Branch", "Branch 2 · node 7 joins").await?;
    is_current(&page, "2").await?;
    // The list follows the rows after it was used, too.
    focus(&page, ".branches li:first-child button").await?;
    press(&page, Key::Enter + "").await?;
    is_current(&page, "1").await?;
    page.assert_no_errors().await?;
    site.assert_no_failures();
    Ok(())
}

#[tokio::test]
async fn undo_and_redo_have_buttons_and_keys_and_say_when_there_is_nothing() -> Result<()> {
    const CAN: &str = "return ['Undo', 'Redo'].map(name =>
        document.querySelector(`[aria-label=${name}]`).getAttribute('aria-disabled') !== 'true')";
    let (_site, page) = open_ended(1280, 800).await?;
    let can = async |undo: bool, redo: bool| {
        eventually(&format!("undo {undo}, redo {redo}"), async || {
            let seen = page.run(CAN).await?;
            Ok((seen == serde_json::json!([undo, redo])).then_some(()))
        })
        .await
    };
    can(false, false).await?;
    let digest = page.text("status", "Digest").await?;
    page.fill("spinbutton", "Node id", "9").await?;
    page.click("button", "Crash node").await?;
    can(true, false).await?;
    page.click("button", "Undo").await?;
    can(false, true).await?;
    page.wait_for_text("status", "Digest", &digest).await?;
    page.by_name("option", "9").await?;
    page.click("button", "Redo").await?;
    can(true, false).await?;
    page.by_name("option", "9, does not answer").await?;
    // In a field the keys are the field's own.
    focus(&page, "#node").await?;
    press(&page, Key::Control + "z").await?;
    can(true, false).await?;
    focus(&page, ".bar [aria-label='Step back']").await?;
    press(&page, Key::Control + "z").await?;
    can(false, true).await?;
    focus(&page, ".branches select").await?;
    press(&page, Key::Control + "y").await?;
    can(true, false).await?;
    focus(&page, ".bar [aria-label='Step back']").await?;
    press(&page, Key::Control + "z").await?;
    can(false, true).await?;
    press(&page, Key::Control + (Key::Shift + "z")).await?;
    can(true, false).await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn on_a_phone_branches_are_below_the_bar_and_a_finger_chooses_one() -> Result<()> {
    const ROW: &str = "
        const row = document.querySelector('.branches li:first-child button');
        row.scrollIntoView({ block: 'center' });
        const area = row.getBoundingClientRect();
        return [area.left + area.width / 2, area.top + area.height / 2, area.height]";
    const FITS: &str = "
        const play = document.querySelector('.bar [aria-label=Play], .bar [aria-label=Pause]').getBoundingClientRect();
        const rows = document.querySelector('.branches')?.getBoundingClientRect();
        return scrollY === 0 && play.bottom <= innerHeight && document.documentElement.scrollWidth <= innerWidth
            && (!rows || rows.top >= play.bottom)";
    let (_site, page) = open_ended(390, 844).await?;
    holds(&page, "Play on the first screen", FITS).await?;
    grow(&page, 3).await?;
    page.run("scrollTo(0, 0)").await?;
    holds(&page, "Play on the first screen, with branches", FITS).await?;
    page.touch(true).await?;
    let (x, y, height): (f64, f64, f64) = serde_json::from_value(page.run(ROW).await?)?;
    assert!(height >= 44.0, "{height}");
    page.tap_at(x, y).await?;
    is_current(&page, "1").await?;
    page.touch(false).await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn the_tree_scrolls_to_the_current_branch_and_the_page_stays() -> Result<()> {
    const SEEN: &str = "
        const tree = document.querySelector('.branches__tree').getBoundingClientRect();
        const row = document.querySelector('.branches [aria-current]').getBoundingClientRect();
        return row.top >= tree.top - 1 && row.bottom <= tree.bottom + 1";
    const SCROLLS: &str = "
        const tree = document.querySelector('.branches__tree');
        return tree.scrollHeight > tree.clientHeight + 20";
    let (_site, page) = open_ended(1280, 800).await?;
    grow(&page, 7).await?;
    is_current(&page, "7").await?;
    for (width, height) in [(1280, 800), (390, 844)] {
        page.resize(width, height).await?;
        page.run("scrollTo(0, 0)").await?;
        holds(&page, "more rows than the tree shows", SCROLLS).await?;
        for number in ["1", "7", "2", "6"] {
            let row = format!(
                "const list = document.querySelector('.branches select');
                 list.selectedIndex = [...list.options].findIndex(option => option.text.startsWith('Branch {number} '));
                 list.dispatchEvent(new Event('change', {{ bubbles: true }}))"
            );
            page.run(&row).await?;
            is_current(&page, number).await?;
            holds(&page, &format!("row {number} at {width}"), SEEN).await?;
            assert_eq!(page.run("return scrollY").await?, 0, "{number}");
        }
    }
    page.assert_no_errors().await
}

/// The places of the stage and of its bar.
const PLACES: &str = "
    const place = part => { const area = document.querySelector(part).getBoundingClientRect();
        return [area.left, area.top, area.width, area.height].map(Math.round).join() };
    return [place('.app .view'), place('.track')]";
/// The number of pixels of the still layer below the branches, and whether these lie on the legend or beyond the stage.
const COVERED: &str = "
    const canvas = document.querySelector('.app .view canvas'), pen = canvas.getContext('2d');
    const stage = canvas.getBoundingClientRect(), ratio = canvas.width / stage.width;
    const tree = document.querySelector('.branches'), area = tree.getBoundingClientRect();
    const legend = document.querySelector('.app .legend').getBoundingClientRect();
    const image = pen.getImageData(
        (area.left - stage.left) * ratio, (area.top - stage.top) * ratio, area.width * ratio, area.height * ratio);
    let covered = 0;
    for (let at = 3; at < image.data.length; at += 4) covered += image.data[at] > 0;
    return [covered, area.right > legend.left && area.top < legend.bottom, area.top < stage.top, area.bottom > stage.bottom]";
/// A script: whether each dot of the tree is at the height of its row.
const ALIGNED: &str = "
    const middle = part => { const area = part.getBoundingClientRect(); return area.top + area.height / 2 };
    const dots = [...document.querySelectorAll('.branches circle')], rows = [...document.querySelectorAll('.branches li')];
    return dots.length === rows.length && dots.every((dot, at) => Math.abs(middle(dot) - middle(rows[at])) < 2)";

#[tokio::test]
async fn branches_lie_beside_the_ring_and_move_nothing() -> Result<()> {
    let (_site, page) = open_ended(1280, 800).await?;
    let mut before = Vec::new();
    let sizes = [
        (1280, 800),
        (1280, 720),
        (1440, 900),
        (1024, 768),
        (1180, 900),
        (1920, 1080),
    ];
    for (width, height) in sizes {
        page.resize(width, height).await?;
        before.push(page.run(PLACES).await?);
    }
    for branches in [2, 6] {
        grow(&page, branches).await?;
        is_current(&page, &branches.to_string()).await?;
        holds(&page, "each dot is beside its row", ALIGNED).await?;
        for ((width, height), before) in sizes.iter().zip(&before) {
            page.resize(*width, *height).await?;
            let what = format!("{width}x{height} with {branches} branches");
            // One painted frame of this size.
            holds(
                &page,
                "a frame",
                "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))",
            )
            .await?;
            page.screenshot(&format!("branches-{branches}-{width}x{height}"))
                .await?;
            assert_eq!(&page.run(PLACES).await?, before, "{what}");
            let expected = serde_json::json!([0, false, false, false]);
            assert_eq!(page.run(COVERED).await?, expected, "{what}");
        }
        page.resize(1280, 800).await?;
        page.click("button", "Light or dark").await?;
        page.screenshot(&format!("branches-{branches}-dark"))
            .await?;
        page.resize(390, 844).await?;
        page.run("scrollTo(0, 0)").await?;
        page.screenshot(&format!("branches-{branches}-phone-dark"))
            .await?;
        page.click("button", "More").await?;
        page.click("button", "Light or dark").await?;
        page.run("document.querySelector('.branches').scrollIntoView({ block: 'end' })")
            .await?;
        page.screenshot(&format!("branches-{branches}-phone"))
            .await?;
        // The next ones begin another run.
        page.reload().await?;
        page.resize(1280, 800).await?;
        lesson_ended(&page).await?;
        page.by_name("button", "Play").await?;
    }
    page.assert_no_errors().await
}
