//! A tab is a member like any other: it keeps what it answers for, whoever else dies, and nothing goes with it.

use std::time::Duration;

use tokio::time::{Instant, interval};

use crate::live::{
    all_there, around, get, join, leave, name_of, names_of, open, put, settled, short,
};
use crate::support::{DEADLINE, Page, Result, Ring, SiteServer, eventually};

/// The time within which a ring becomes what it should be.
const TIMEOUT: Duration = DEADLINE;
/// The time within which a closed tab is known to be gone, on a machine that is busy with other things too: less than its lease lasts once
/// nothing is heard of it.
const FEW_SECONDS: Duration = Duration::from_secs(20);
/// The time for which a tab stays hidden.
const HIDDEN: Duration = Duration::from_secs(90);
/// The most times that a tab may dial two dead peers, at once.
const MAX_DIALS_OF_DEAD: u64 = 6;
/// After so many seconds it may dial each of them once more.
const DIALS_AGAIN: u64 = 20;

/// The peer of this id, taken out of these.
fn take(peers: &mut Vec<Ring>, id: &str) -> Result<Ring> {
    let at = peers.iter().position(|peer| peer.id() == id);
    Ok(peers.remove(at.ok_or("no such peer")?))
}

#[tokio::test]
async fn a_value_outlives_every_native_peer_that_keeps_it() -> Result<()> {
    let mut peers = Ring::peers(6).await?;
    let page = open(&peers[0]).await?;
    let tab = join(&page).await?;
    // Again by the peer before it: that one keeps no copy of what the tab answers for.
    let others = around(&tab, peers.iter().map(Ring::id));
    leave(&page).await?;
    let entry = peers
        .iter()
        .find(|peer| others.last().is_some_and(|id| id == peer.id()));
    let entry = entry.ok_or("no peer before the tab")?.url();
    page.fill("textbox", "Peer address", &entry).await?;
    assert_eq!(join(&page).await?, tab);
    settled(&peers, &[&tab], TIMEOUT).await?;
    page.wait_for_text("status", "Connection", "its relays")
        .await?;
    // Where the tab will keep the copies.
    page.table_with("Peers", |known| {
        (1..).zip(&others[..2]).all(|(place, id)| {
            let role = format!("successor {place}");
            let mut rows = known.iter().map(|row| &row[0]);
            rows.any(|row| row.starts_with(short(id)) && row.contains(&role))
        })
    })
    .await?;

    let name = name_of(&peers[0], &tab).await?;
    let written = peers[0].json(&["put", &name, "outlives them"]).await?;
    assert_eq!(written["copies"], 3, "{written}");
    for peer in &peers {
        let found = peer.json(&["lookup", &name, "--trace"]).await?;
        let last = found["path"].as_array().and_then(|path| path.last());
        let last = last.ok_or("no path")?;
        assert_eq!(found["owner"], tab, "{found}");
        assert_eq!(last["id"], tab, "{found}");
        assert!(
            last["address"].is_null() && last["via"].is_string(),
            "{found}"
        );
    }
    page.assert_no_errors().await?;

    let mut keepers = vec![take(&mut peers, &others[0])?, take(&mut peers, &others[1])?];
    for (some, records) in [(&keepers, 1), (&peers, 0)] {
        for peer in some {
            assert_eq!(peer.json(&["status"]).await?["records"], records);
        }
    }
    let died = Instant::now();
    for keeper in &mut keepers {
        keeper.kill()?;
    }
    for peer in &peers {
        let got = peer.command(&["get", &name]).await?;
        assert_eq!(got.trim_end(), "outlives them");
    }
    settled(&peers, &[&tab], TIMEOUT).await?;
    get(&page, &name, "outlives them").await?;
    // A browser notes each dial of a dead peer in its console, whatever the page does: no more than a few of those.
    let errors = page.errors().await?;
    let dead: Vec<String> = keepers.iter().map(Ring::socket).collect();
    let all_known = errors
        .iter()
        .all(|error| dead.iter().any(|dead| error.contains(dead)));
    let most = MAX_DIALS_OF_DEAD + 2 * died.elapsed().as_secs() / DIALS_AGAIN;
    assert!(all_known && errors.len() as u64 <= most, "{errors:?}");
    Ok(())
}

/// The first of the two relays that a page names.
async fn first_relay(page: &Page) -> Result<String> {
    let said = page
        .wait_for_text("status", "Connection", "its relays ")
        .await?;
    let relay = said.split("its relays ").nth(1);
    Ok(relay.ok_or("no relay")?.chars().take(6).collect())
}

#[tokio::test]
async fn tabs_that_came_by_different_peers_exchange_values() -> Result<()> {
    let ring = Ring::start(4).await?;
    let next = format!("http://127.0.0.1:{}/#/live", ring.port() + 1);
    let (one, other) = (open(&ring).await?, Page::open(&next).await?);
    let ids = (join(&one).await?, join(&other).await?);
    let relays = (first_relay(&one).await?, first_relay(&other).await?);
    assert_eq!(relays.0, short(ring.id()));
    assert_ne!(relays.0, relays.1);
    let names = (name_of(&ring, &ids.0).await?, name_of(&ring, &ids.1).await?);
    put(&other, &names.0, "to the first").await?;
    put(&one, &names.1, "to the second").await?;
    for (page, name, value) in [
        (&one, &names.0, "to the first"),
        (&other, &names.1, "to the second"),
    ] {
        page.wait_for_text("list", "Records", name).await?;
        get(page, name, value).await?;
    }
    get(&other, &names.0, "to the first").await?;
    get(&one, &names.1, "to the second").await?;
    one.assert_no_errors().await?;
    other.assert_no_errors().await
}

/// Peers and a tab, and names: some that the tab answers for, some that it has put.
async fn with_names() -> Result<(Vec<Ring>, Page, Vec<String>)> {
    let peers = Ring::peers(4).await?;
    let page = open(&peers[0]).await?;
    let tab = join(&page).await?;
    settled(&peers, &[&tab], TIMEOUT).await?;
    let mut names = names_of(&peers[1], &tab, 4).await?;
    names.extend((0..4).map(|number| format!("other-{number}")));
    for name in &names {
        peers[1].command(&["put", name, name]).await?;
    }
    names.push("by-the-tab".to_owned());
    put(&page, "by-the-tab", "by-the-tab").await?;
    Ok((peers, page, names))
}

#[tokio::test]
async fn a_tab_that_is_closed_is_gone_in_seconds_and_nothing_with_it() -> Result<()> {
    let (peers, page, names) = with_names().await?;
    page.close().await?;
    all_there(&peers, &names).await?;
    settled(&peers, &[], FEW_SECONDS).await?;
    all_there(&peers, &names).await
}

#[tokio::test]
async fn a_tab_that_crashes_takes_nothing_with_it() -> Result<()> {
    let (peers, page, names) = with_names().await?;
    page.crash().await?;
    all_there(&peers, &names).await?;
    settled(&peers, &[], TIMEOUT).await?;
    all_there(&peers, &names).await
}

#[tokio::test]
async fn a_tab_outlives_the_relay_that_it_came_by_and_the_next() -> Result<()> {
    let mut peers = Ring::peers(3).await?;
    let page = open(&peers[0]).await?;
    let tab = join(&page).await?;
    settled(&peers, &[&tab], TIMEOUT).await?;
    let relays = format!("its relays {}", short(peers[0].id()));
    page.wait_for_text("status", "Connection", &relays).await?;
    let mut names = names_of(&peers[1], &tab, 2).await?;
    names.push("before".to_owned());
    for name in &names {
        put(&page, name, name).await?;
    }

    let mut gone = peers.remove(0);
    gone.kill()?;
    all_there(&peers, &names).await?;
    let ended = format!("the link with {}… ended", short(gone.id()));
    page.wait_for_text("log", "Events", &ended).await?;
    let others: Vec<&str> = peers.iter().map(|peer| short(peer.id())).collect();
    eventually("two other relays", async || {
        let said = page.text("status", "Connection").await?;
        assert!(said.contains(&format!("joined as {tab}")), "{said}");
        let relays = said.split("its relays").nth(1);
        Ok(relays
            .is_some_and(|relays| others.iter().all(|id| relays.contains(id)))
            .then_some(()))
    })
    .await?;
    settled(&peers, &[&tab], TIMEOUT).await?;
    all_there(&peers, &names).await?;

    peers.remove(0).kill()?;
    let said = page
        .wait_for_text("status", "Connection", "a second one is looked for")
        .await?;
    assert!(said.contains(&format!("joined as {tab}")), "{said}");
    all_there(&peers, &names).await?;
    put(&page, "after", "still a member").await?;
    let got = peers[0].command(&["get", "after"]).await?;
    assert_eq!(got.trim_end(), "still a member");
    Ok(())
}

#[tokio::test]
async fn a_hidden_tab_stays_a_member() -> Result<()> {
    let ring = Ring::start(3).await?;
    let page = open(&ring).await?;
    let tab = join(&page).await?;
    let name = name_of(&ring, &tab).await?;
    // Whatever the page is meanwhile, it notes.
    page.run("seen = []; document.onvisibilitychange = () => seen.push(document.visibilityState)")
        .await?;
    let window = page.hide().await?;
    let hidden = async || {
        Ok((page.run("return opener.document.visibilityState").await? == "hidden").then_some(()))
    };
    eventually("a hidden page", hidden).await?;
    let (began, mut rounds) = (Instant::now(), interval(Duration::from_secs(3)));
    let mut round = 0;
    while began.elapsed() < HIDDEN {
        rounds.tick().await;
        round += 1;
        let value = format!("round {round}");
        ring.command(&["put", &name, &value]).await?;
        let found = ring.json(&["lookup", &name]).await?;
        assert_eq!(found["owner"], tab, "{value}");
        assert_eq!(ring.command(&["get", &name]).await?.trim_end(), value);
    }
    assert_eq!(
        page.run("return opener.seen").await?,
        serde_json::json!(["hidden"])
    );
    page.driver().switch_to_window(window).await?;
    page.wait_for_text("status", "Connection", &format!("joined as {tab}"))
        .await?;
    get(&page, &name, &format!("round {round}")).await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_page_from_elsewhere_joins_a_peer_that_allows_it() -> Result<()> {
    let site = SiteServer::start("/elsewhere/").await?;
    let origin = site.url().replace("/elsewhere/", "");
    let ring = Ring::allowing(&origin).await?;
    let page = Page::open(&format!("{}#/live", site.url())).await?;
    page.fill("textbox", "Peer address", &ring.url()).await?;
    join(&page).await?;
    put(&page, "from-elsewhere", "let in").await?;
    let got = ring.command(&["get", "from-elsewhere"]).await?;
    assert_eq!(got.trim_end(), "let in");
    site.assert_no_failures();
    page.assert_no_errors().await
}
