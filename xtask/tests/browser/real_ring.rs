//! The page beside the other shell: served by real peers, and telling the same story as the command line.

use crate::support::{Page, Result, Ring, SiteServer, chordscope, eventually};

#[tokio::test]
async fn real_peers_serve_the_page_and_keep_values() -> Result<()> {
    let ring = Ring::start(8).await?;
    let page = Page::open(&format!("{}#/ring", ring.url())).await?;
    page.wait_for_text("status", "Result", "1 → 18 → 20 → 21 → 28")
        .await?;
    page.assert_no_errors().await?;
    page.screenshot("served-by-a-peer").await?;
    ring.command(&["put", "greeting", "hello"]).await?;
    let got = ring.command(&["get", "greeting"]).await?;
    assert_eq!(got.trim_end(), "hello");
    let traced = ring
        .command(&["lookup", "greeting", "--trace", "--json"])
        .await?;
    let traced: serde_json::Value = serde_json::from_str(&traced)?;
    let path = traced["path"].as_array().ok_or("no path")?;
    assert_eq!(
        path.last().map(|hop| &hop["id"]),
        Some(&traced["owner"]),
        "{traced}"
    );
    Ok(())
}

#[tokio::test]
async fn a_run_has_the_same_digest_in_the_browser_and_natively() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&format!("{}#/ring", site.url())).await?;
    page.wait_for_text("status", "Result", "1 → 18 → 20 → 21 → 28")
        .await?;
    // Something of one's own, so that the run is not only the scenario's.
    page.fill("spinbutton", "Node id", "7").await?;
    page.click("button", "Insert node").await?;
    page.wait_for_text("log", "Events", "node 7 joins").await?;
    // That stops time, too.
    page.click("button", "Step forward").await?;
    page.by_name("button", "Play").await?;
    page.click("button", "Share link").await?;
    let link = eventually("a link", async || {
        let link = page.run("return location.href").await?;
        let shared = |link: &&str| link.contains("insert,7") && link.contains("t=");
        Ok(link.as_str().filter(shared).map(str::to_owned))
    })
    .await?;
    let run = chordscope(&["sim", "run", &link, "--json"], &[]).await?;
    let run: serde_json::Value = serde_json::from_str(&run)?;
    let native = run["digest"].as_str().ok_or("no digest")?;
    assert_eq!(native.len(), 64);
    page.wait_for_text("status", "Digest", native).await?;
    Ok(())
}
