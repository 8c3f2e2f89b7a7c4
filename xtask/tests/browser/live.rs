//! Helpers of the live page's tests: a user's actions, and the ring of peers and tabs seen from outside.

use std::time::Duration;

use crate::support::{Page, Result, Ring, eventually, within};

/// The number of successors that a peer knows.
const SUCCESSORS: usize = 4;

/// Opens the live page that a peer serves.
pub(crate) async fn open(ring: &Ring) -> Result<Page> {
    Page::open(&format!("{}#/live", ring.url())).await
}

/// The address in the field, once there is one: where it comes from a peer the page suggests that.
pub(crate) async fn suggested(page: &Page) -> Result<String> {
    let address = "return document.getElementById('live-address').value";
    eventually("an address to join", async || {
        let address = page.run(address).await?;
        let address = address.as_str().filter(|address| !address.is_empty());
        Ok(address.map(str::to_owned))
    })
    .await
}

/// Joins the ring that the page suggests, and gives the tab's id.
pub(crate) async fn join(page: &Page) -> Result<String> {
    suggested(page).await?;
    page.click("button", "Join ring").await?;
    rejoined(page).await
}

/// Waits until a tab that was reloaded is a member again, by itself, and gives its id.
pub(crate) async fn rejoined(page: &Page) -> Result<String> {
    let said = page
        .wait_for_text("status", "Connection", "joined as ")
        .await?;
    let id = said.split_whitespace().nth(2).ok_or("no id")?;
    Ok(id.to_owned())
}

/// Leaves the ring.
pub(crate) async fn leave(page: &Page) -> Result<()> {
    page.click("button", "Leave ring").await?;
    page.wait_for_text("status", "Connection", "not joined")
        .await?;
    Ok(())
}

/// Puts a value in the page.
pub(crate) async fn put(page: &Page, name: &str, value: &str) -> Result<()> {
    page.fill("textbox", "Name", name).await?;
    page.fill("textbox", "Value", value).await?;
    page.click("button", "Put").await?;
    answered(page, name, "stored: ").await
}

/// Gets a value in the page.
pub(crate) async fn get(page: &Page, name: &str, value: &str) -> Result<()> {
    page.fill("textbox", "Name", name).await?;
    page.click("button", "Get").await?;
    answered(page, name, value).await
}

/// Waits for this in the answer to a question about this name: the one before it may still show.
async fn answered(page: &Page, name: &str, part: &str) -> Result<()> {
    let name = format!("“{name}”");
    let answer = async || {
        let said = page.wait_for_text("status", "Answer", part).await?;
        Ok(said.contains(&name).then_some(()))
    };
    eventually(&format!("the answer about {name}"), answer).await
}

/// An id as the page shows it.
pub(crate) fn short(id: &str) -> &str {
    &id[..6]
}

/// A name that the node of this id is responsible for, as the rest of the ring sees it.
pub(crate) async fn name_of(ring: &Ring, id: &str) -> Result<String> {
    let names = names_of(ring, id, 1).await?;
    Ok(names[0].clone())
}

/// Returns so many of the names that a node owns.
pub(crate) async fn names_of(ring: &Ring, id: &str, count: usize) -> Result<Vec<String>> {
    let look = async || {
        let known = ring.json(&["peers"]).await?;
        let known = known["peers"].as_array().ok_or("no peers")?;
        let others = known.iter().filter_map(|peer| peer["id"].as_str());
        let Some(before) = around(id, others.chain([ring.id()])).pop() else {
            return Ok(None);
        };
        let keys = (0..).map(|number| format!("name-{number}"));
        let names = keys.filter(|name| lies_within(name, &before, id));
        let names: Vec<String> = names.take(count).collect();
        for name in &names {
            if ring.json(&["lookup", name]).await?["owner"] != id {
                return Ok(None);
            }
        }
        Ok(Some(names))
    };
    eventually("names that the tab is responsible for", look).await
}

/// Returns whether a name's key comes after one id and not after the other.
fn lies_within(name: &str, before: &str, id: &str) -> bool {
    let key = blake3::hash(name.as_bytes()).to_hex();
    around(&key[..40], [before, id].into_iter())
        .first()
        .map(String::as_str)
        == Some(id)
}

/// The other nodes of a ring in their order, from the one behind this id to the one before it.
pub(crate) fn around<'a>(id: &str, all: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut others: Vec<&str> = all.filter(|other| *other != id).collect();
    others.sort_unstable();
    others.dedup();
    let ahead = others.partition_point(|other| *other < id);
    others.rotate_left(ahead);
    others.into_iter().map(str::to_owned).collect()
}

/// Waits until these peers and tabs are a ring, and each of the peers knows its neighbours.
pub(crate) async fn settled(peers: &[Ring], tabs: &[&str], patience: Duration) -> Result<()> {
    let ids = peers.iter().map(Ring::id).chain(tabs.iter().copied());
    for peer in peers {
        let mut others = around(peer.id(), ids.clone());
        let before = others.last().cloned();
        others.truncate(SUCCESSORS);
        let knows = async || {
            let status = peer.json(&["status"]).await?;
            let (successors, predecessor) = (&status["successors"], &status["predecessor"]);
            let as_expected = *successors == serde_json::json!(others)
                && *predecessor == serde_json::json!(before);
            Ok(as_expected.then_some(()))
        };
        within(patience, "a peer that knows its place", knows).await?;
    }
    Ok(())
}

/// Checks that every one of these peers gives, at once, the values of these names: the names themselves.
pub(crate) async fn all_there(peers: &[Ring], names: &[String]) -> Result<()> {
    for peer in peers {
        for name in names {
            let got = peer.command(&["get", name]).await?;
            assert_eq!(got.trim_end(), name, "asked at {}", peer.id());
        }
    }
    Ok(())
}
