//! Tests that drive a real Chromium against the built page and real peers.
//!
//! `cargo xtask browser [FILTER]` builds what they need and runs them. `support` is the harness.

mod accessibility;
mod branches;
mod cap_page;
mod digests;
mod directory_page;
mod experiments;
mod fits;
mod fits_everywhere;
mod gateway;
mod home_page;
mod lesson;
mod lesson_page;
mod live;
mod live_closed;
mod live_files;
mod live_folders;
mod live_kept;
mod live_large;
mod live_page;
mod live_tab;
mod pointing;
mod real_ring;
mod ring_page;
mod run_files;
mod stage;
mod support;
mod swarm_page;

use support::{Page, Result, SiteServer};

#[tokio::test]
async fn the_site_works_from_a_sub_folder() -> Result<()> {
    let site = SiteServer::start("/a/b/c/").await?;
    let page = Page::open(&site.url()).await?;
    page.any("heading").await?;
    page.assert_no_errors().await?;
    site.assert_no_failures();
    Ok(())
}
