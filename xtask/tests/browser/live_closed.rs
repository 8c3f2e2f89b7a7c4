//! Tabs that go away while a native peer fetches from them.

use serde_json::Value;
use tempfile::TempDir;

use crate::live::{join, open};
use crate::live_files::{NAME, digest, file_of, share};
use crate::support::{Page, Result, Ring, eventually};

const MIB: u64 = 1 << 20;
/// Long enough to be interrupted by somebody who fetches [`SLOWLY`]: after a quarter, twelve seconds are left.
const LENGTH: u64 = 64 * MIB;
const SLOWLY: &str = "4M";
/// The number of segments of so long a file.
const SEGMENTS: u64 = LENGTH / (64 << 10);
/// Returns the state of the one file that a peer fetches.
async fn fetched(peer: &Ring) -> Result<Value> {
    let shares = peer.json(&["shares"]).await?;
    Ok(shares["transfers"][0].clone())
}

fn number(transfer: &Value, field: &str) -> u64 {
    transfer[field].as_u64().unwrap_or(0)
}

/// Waits until a quarter is here and something of it has come from each of these tabs. Says how many segments are here.
async fn midway(peer: &Ring, tabs: &[&str]) -> Result<u64> {
    eventually("a quarter of the file", async || {
        let transfer = fetched(peer).await?;
        let sources = transfer["peers"].as_array();
        let comes_from = |tab: &&str| {
            let source = sources?.iter().find(|source| source["id"] == **tab)?;
            source["down"].as_u64().filter(|rate| *rate > 0)
        };
        let here = number(&transfer, "segments_here");
        let all = tabs.iter().all(|tab| comes_from(tab).is_some());
        Ok((all && here >= SEGMENTS / 4).then_some(here))
    })
    .await
}

/// Waits for the end of a fetch, and checks that what came is right and hardly anything came twice.
async fn ended(peer: &Ring, wanted: &str, into: &TempDir) -> Result<()> {
    let whole = async || {
        let transfer = fetched(peer).await?;
        Ok((transfer["state"] == "sharing").then_some(transfer))
    };
    let transfer = eventually("the end of the fetch", whole).await?;
    assert_eq!(digest(&into.path().join(NAME))?, wanted);
    // What was on its way from the tab that went may come once more.
    let received = number(&transfer, "received_bytes");
    assert!(received < LENGTH + LENGTH / 16, "{received} bytes received");
    Ok(())
}

/// A file, and two peers: one that tabs join, and one that fetches through it.
struct Scene {
    folder: TempDir,
    into: TempDir,
    relay: Ring,
    fetcher: Ring,
}

impl Scene {
    async fn new() -> Result<Self> {
        let relay = Ring::peer(None).await?;
        let fetcher = Ring::slow(&relay.url(), SLOWLY).await?;
        Ok(Self {
            folder: TempDir::new()?,
            into: TempDir::new()?,
            relay,
            fetcher,
        })
    }

    /// Leaves a fetch to the peer that fetches.
    async fn begin(&self, link: &str) -> Result<()> {
        let into = self.into.path().to_string_lossy();
        let fetch = ["fetch", link, "--detach", "--output", &into];
        self.fetcher.command(&fetch).await?;
        Ok(())
    }
}

/// Two tabs share the same file, and one of them goes while both send it.
async fn one_of_two_goes(seed: u8, go: impl AsyncFn(&Page) -> Result<()>) -> Result<()> {
    let scene = Scene::new().await?;
    let path = file_of(&scene.folder, seed, LENGTH as usize)?;
    let (one, other) = (open(&scene.relay).await?, open(&scene.relay).await?);
    let ids = [join(&one).await?, join(&other).await?];
    let link = share(&one, &path).await?;
    assert_eq!(share(&other, &path).await?, link);
    scene.begin(&link).await?;
    let before = midway(&scene.fetcher, &[&ids[0], &ids[1]]).await?;
    go(&one).await?;
    let after = number(&fetched(&scene.fetcher).await?, "segments_here");
    assert!(
        before <= after && after < SEGMENTS,
        "{after} segments are no middle"
    );
    ended(&scene.fetcher, &digest(&path)?, &scene.into).await?;
    other.assert_no_errors().await
}

#[tokio::test]
async fn a_fetch_from_two_tabs_ends_when_one_of_them_is_closed_midway() -> Result<()> {
    one_of_two_goes(21, Page::close).await
}

#[tokio::test]
async fn a_fetch_from_two_tabs_ends_when_one_of_them_crashes_midway() -> Result<()> {
    one_of_two_goes(22, Page::crash).await
}

#[tokio::test]
async fn a_fetch_whose_only_tab_is_closed_waits_and_goes_on_when_it_is_opened_again() -> Result<()>
{
    let scene = Scene::new().await?;
    let path = file_of(&scene.folder, 23, LENGTH as usize)?;
    let page = open(&scene.relay).await?;
    let first = join(&page).await?;
    let link = share(&page, &path).await?;
    scene.begin(&link).await?;
    midway(&scene.fetcher, &[&first]).await?;
    page.close().await?;
    let waits = async || {
        let transfer = fetched(&scene.fetcher).await?;
        Ok((transfer["limit"] == "nobody found who has it").then_some(transfer))
    };
    let before = eventually("a fetch that waits", waits).await?;
    assert_eq!(before["state"], "fetching");
    let here = number(&before, "segments_here");
    assert!(here < SEGMENTS, "{here} segments are no middle");
    page.goto(&format!("{}#/live", scene.relay.url())).await?;
    join(&page).await?;
    assert_eq!(share(&page, &path).await?, link);
    ended(&scene.fetcher, &digest(&path)?, &scene.into).await?;
    page.assert_no_errors().await
}
