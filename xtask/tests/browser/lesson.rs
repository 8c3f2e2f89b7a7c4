//! Helpers of the ring page's tests: its first scenario, the lesson's lookup of 26 from node 1.

use crate::support::{Page, Result, SiteServer};

/// The path of the lookup.
pub(crate) const LESSON: &str = "1 → 18 → 20 → 21 → 28";

/// Opens the ring page on a window of this size.
pub(crate) async fn open_sized(width: u32, height: u32) -> Result<(SiteServer, Page)> {
    let site = SiteServer::start("/").await?;
    let page = Page::open_sized(&format!("{}#/ring", site.url()), width, height).await?;
    Ok((site, page))
}

/// Opens the ring page on a window of this size, and waits until the scenario has ended.
pub(crate) async fn open_ended(width: u32, height: u32) -> Result<(SiteServer, Page)> {
    let (site, page) = open_sized(width, height).await?;
    page.wait_for_text("status", "Result", LESSON).await?;
    page.by_name("button", "Play").await?;
    Ok((site, page))
}
