//! Helpers of the ring page's tests: its first scenario, the lesson's lookup of 26 from node 1.

use crate::support::{Page, Result, SiteServer, eventually};

/// The path of the lookup.
pub(crate) const LESSON: &str = "1 → 18 → 20 → 21 → 28";

/// Opens the ring page on a window of this size.
pub(crate) async fn open_sized(width: u32, height: u32) -> Result<(SiteServer, Page)> {
    let site = SiteServer::start("/").await?;
    let page = Page::open_sized(&format!("{}#/ring", site.url()), width, height).await?;
    Ok((site, page))
}

/// Waits until the lesson's lookup has ended, as fast as the page plays it; then the speed is the page's own choice again, as it was.
pub(crate) async fn lesson_ended(page: &Page) -> Result<()> {
    set_speed(page, "16 ×").await?;
    page.wait_for_text("status", "Result", LESSON).await?;
    set_speed(page, "Auto").await
}

/// Sets the speed, on a phone too, where its box is behind a menu.
pub(crate) async fn set_speed(page: &Page, speed: &str) -> Result<()> {
    let set = format!(
        "const box = document.querySelector('#ring select[aria-label=\"Speed\"]');
         box.selectedIndex = [...box.options].findIndex(option => option.text.trim() === '{speed}');
         box.dispatchEvent(new Event('change', {{ bubbles: true }})); return box.selectedIndex >= 0"
    );
    eventually("the box of speeds", async || {
        Ok((page.run(&set).await? == true).then_some(()))
    })
    .await
}

/// Opens the ring page on a window of this size, and waits until the scenario has ended.
pub(crate) async fn open_ended(width: u32, height: u32) -> Result<(SiteServer, Page)> {
    let (site, page) = open_sized(width, height).await?;
    lesson_ended(&page).await?;
    page.by_name("button", "Play").await?;
    Ok((site, page))
}
