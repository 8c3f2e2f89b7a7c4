//! The lesson: its figures run while they are in view, its parts are reached, and it reads complete without scripts.

use crate::support::{Page, Result, SiteServer, eventually};

/// The runs that the frames of the figures show, each with what its caption says; empty before that.
const FRAMES: &str = "return [...document.querySelectorAll('#lesson iframe')].map(frame =>
    [frame.src.split('#')[1], frame.contentDocument.querySelector('.caption')?.innerText ?? ''])";

/// The figures' runs, in their order.
const RUNS: [(&str, &str); 7] = [
    ("/ring?s=linear-26", "Node 1"),
    ("/ring?s=lesson-26", "Node 1"),
    ("/ring?s=insert-7", ""),
    ("/ring?s=crash-18", ""),
    ("/directory?s=directory-goes", ""),
    ("/swarm?s=eight-clients", ""),
    ("/cap?s=last-copy", ""),
];

async fn frames(page: &Page) -> Result<Vec<(String, String)>> {
    Ok(serde_json::from_value(page.run(FRAMES).await?)?)
}

async fn open(site: &SiteServer, width: u32, height: u32) -> Result<Page> {
    let page = Page::open_sized(&format!("{}#/lesson", site.url()), width, height).await?;
    page.by_name(
        "heading",
        "How peers find, share and agree without a server",
    )
    .await?;
    Ok(page)
}

async fn scroll_to(page: &Page, figure: usize) -> Result<()> {
    let scroll = format!(
        "document.querySelectorAll('#lesson figure')[{figure}].scrollIntoView({{ block: 'center' }})"
    );
    page.run(&scroll).await.map(drop)
}

#[tokio::test]
async fn a_figure_runs_while_it_is_in_view() -> Result<()> {
    let site = SiteServer::start("/").await?;
    for (width, height) in [(1280, 800), (390, 844)] {
        let page = open(&site, width, height).await?;
        assert!(frames(&page).await?.is_empty(), "the text begins");
        for (figure, (run, says)) in RUNS.into_iter().enumerate() {
            scroll_to(&page, figure).await?;
            eventually(&format!("{run} in its frame"), async || {
                let all = frames(&page).await?;
                // Of the neighbours in view, no more than there is room for.
                assert!(all.len() <= 3, "{all:?}");
                let own = all.iter().find(|(shown, _)| shown == run);
                let said = own.filter(|(_, said)| !said.is_empty() && said.contains(says));
                Ok(said.map(|_| ()))
            })
            .await?;
        }
        page.run("document.querySelector('#lesson h2').scrollIntoView()")
            .await?;
        eventually("no frame beside the beginning", async || {
            Ok(frames(&page).await?.is_empty().then_some(()))
        })
        .await?;
        page.assert_no_errors().await?;
    }
    site.assert_no_failures();
    Ok(())
}

#[tokio::test]
async fn a_part_is_reached_and_a_figure_opens_on_its_page() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = open(&site, 1280, 800).await?;
    page.click("link", "Agree: right, or there?").await?;
    let reached = "const part = document.activeElement; return part.id + ' ' + Math.round(part.getBoundingClientRect().top) + ' ' + location.hash";
    eventually("the part on the screen", async || {
        let told = page.run(reached).await?;
        let told = told.as_str().unwrap_or_default().to_owned();
        let parts: Vec<&str> = told.split(' ').collect();
        let near = parts[1].parse::<i32>().is_ok_and(|top| top < 100);
        Ok((parts[0] == "lesson-agree" && near && parts[2] == "#/lesson").then_some(()))
    })
    .await?;
    page.click("link", "Open on the consistency page").await?;
    eventually("the consistency page", async || {
        let hash = page.run("return location.hash").await?;
        Ok((hash == "#/cap?s=last-copy").then_some(()))
    })
    .await?;
    page.by_name("status", "Judgement").await?;
    assert!(
        frames(&page).await?.is_empty(),
        "what nobody sees does not run"
    );
    page.assert_no_errors().await
}

#[tokio::test]
async fn the_lesson_reads_complete_without_scripts() -> Result<()> {
    let site = SiteServer::start("/a/").await?;
    let page = Page::open(&format!("{}lesson.html", site.url())).await?;
    let scripts = page.run("return document.scripts.length").await?;
    assert_eq!(scripts, 0);
    for name in [
        "How peers find, share and agree without a server",
        "4 Agree: right, or there?",
    ] {
        page.by_name("heading", name).await?;
    }
    let rows = page.table("The rows that change when node 7 joins").await?;
    assert_eq!(rows.len(), 5, "{rows:?}");
    let found = page.violations().await?;
    assert!(found.is_empty(), "{found:#?}");
    page.click("link", "Open on the swarm page").await?;
    page.by_name("option", "seed").await?;
    site.assert_no_failures();
    page.assert_no_errors().await
}
