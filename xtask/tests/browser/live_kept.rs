//! Tests of what a tab keeps over a reload, of a lack of room, and of the ways in and out of its card of files.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::live::{join, leave, open, rejoined};
use crate::live_files::{NAME, digest, fetch, file, file_of, save};
use crate::support::{Page, Result, Ring, eventually};

/// Long enough to be interrupted while it comes [`SLOWLY`].
const LONG: usize = 96 << 20;
const SLOWLY: &str = "10M";

/// Returns the number of segments that are here, by the progress bar; none where there is no bar.
async fn have(page: &Page) -> Result<Option<u64>> {
    let read = "const bar = document.querySelector('progress[aria-label=Transfer]'); return bar && bar.value";
    Ok(page.run(read).await?.as_u64())
}

/// Returns the number of private files with something fetched.
async fn kept(page: &Page) -> Result<u64> {
    const COUNT: &str = "return navigator.storage.getDirectory()
        .then(root => root.getDirectoryHandle('chordscope-tabs'))
        .then(async folder => {
            let count = 0;
            for await (const name of folder.keys()) count += name.endsWith('.fetched');
            return count;
        })";
    page.run(COUNT)
        .await?
        .as_u64()
        .ok_or_else(|| "no number".into())
}

/// Starts to fetch, and takes the only source away when some of it is here. Says how many segments are.
async fn interrupted(page: &Page, ring: &Ring, link: &str) -> Result<u64> {
    page.fill("textbox", "Link", link).await?;
    page.click("button", "Fetch").await?;
    let some = async || Ok(have(page).await?.filter(|count| *count > 20));
    eventually("some segments", some).await?;
    ring.command(&["unshare", link]).await?;
    page.wait_for_text("list", "Files", "nobody found who has it")
        .await?;
    have(page).await?.ok_or_else(|| "no progress bar".into())
}

#[tokio::test]
async fn a_fetch_goes_on_after_a_reload_with_what_was_here() -> Result<()> {
    let folder = TempDir::new()?;
    let path = file_of(&folder, 11, LONG)?;
    let ring = Ring::limited(2, SLOWLY).await?;
    let link = ring.command(&["share", &path.to_string_lossy()]).await?;
    let link = link.trim();
    let page = open(&ring).await?;
    join(&page).await?;
    let before = interrupted(&page, &ring, link).await?;
    leave(&page).await?;
    page.reload().await?;
    // Nobody has been asked for anything yet.
    page.wait_for_text("list", "Files", "It waits for a ring")
        .await?;
    assert_eq!(have(&page).await?, Some(before));
    ring.command(&["share", &path.to_string_lossy()]).await?;
    join(&page).await?;
    assert_eq!(save(&page).await?, digest(&path)?);
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_tab_that_is_opened_later_goes_on_with_what_a_closed_one_has_left() -> Result<()> {
    let folder = TempDir::new()?;
    let path = file_of(&folder, 12, LONG)?;
    let ring = Ring::limited(2, SLOWLY).await?;
    let link = ring.command(&["share", &path.to_string_lossy()]).await?;
    let link = link.trim();
    let page = open(&ring).await?;
    let first = join(&page).await?;
    let before = interrupted(&page, &ring, link).await?;
    page.close().await?;
    page.goto(&format!("{}#/live", ring.url())).await?;
    let progress = async || Ok(have(&page).await?.filter(|count| *count == before));
    eventually("the segments of before", progress).await?;
    assert_ne!(join(&page).await?, first, "another peer");
    ring.command(&["share", &path.to_string_lossy()]).await?;
    assert_eq!(save(&page).await?, digest(&path)?);
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_tab_goes_on_with_what_one_that_is_closing_held_when_it_was_opened() -> Result<()> {
    let folder = TempDir::new()?;
    let path = file_of(&folder, 15, LONG)?;
    let ring = Ring::limited(2, SLOWLY).await?;
    let link = ring.command(&["share", &path.to_string_lossy()]).await?;
    let page = open(&ring).await?;
    join(&page).await?;
    let before = interrupted(&page, &ring, link.trim()).await?;
    page.run("open(location.href)").await?;
    let first = page.switch_to_other_window().await?;
    let second = page.driver().window().await?;
    page.wait_for_text("status", "Connection", "not joined")
        .await?;
    assert_eq!(have(&page).await?, None, "the first tab has it");
    page.driver().switch_to_window(first).await?;
    page.driver().close_window().await?;
    page.driver().switch_to_window(second).await?;
    let progress = async || Ok(have(&page).await?.filter(|count| *count == before));
    eventually("the segments of before", progress).await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn what_was_fetched_is_shared_again_after_a_reload_until_it_is_removed() -> Result<()> {
    let (folder, into) = (TempDir::new()?, TempDir::new()?);
    let path = file(&folder, 13)?;
    let ring = Ring::start(2).await?;
    let link = ring.command(&["share", &path.to_string_lossy()]).await?;
    let page = open(&ring).await?;
    join(&page).await?;
    assert_eq!(fetch(&page, link.trim()).await?, digest(&path)?);
    ring.command(&["unshare", link.trim()]).await?;
    page.reload().await?;
    assert_eq!(save(&page).await?, digest(&path)?);
    rejoined(&page).await?;
    let output = into.path().to_string_lossy();
    ring.command(&["fetch", link.trim(), "--output", &output])
        .await?;
    assert_eq!(digest(&into.path().join(NAME))?, digest(&path)?);
    assert_eq!(kept(&page).await?, 1);
    page.click("button", "Remove").await?;
    let gone = async || Ok((kept(&page).await? == 0).then_some(()));
    eventually("an empty folder", gone).await?;
    page.reload().await?;
    rejoined(&page).await?;
    assert!(!page.has("link", "Save file").await?);
    page.assert_no_errors().await
}

#[tokio::test]
async fn without_room_a_fetch_ends_with_a_sentence_and_leaves_nothing_behind() -> Result<()> {
    let folder = TempDir::new()?;
    let path = file(&folder, 14)?;
    let ring = Ring::start(2).await?;
    let link = ring.command(&["share", &path.to_string_lossy()]).await?;
    let page = open(&ring).await?;
    join(&page).await?;
    let origin = ring.url();
    let origin = origin.trim_end_matches('/');
    let grant = async |params: Value| {
        page.devtools("Storage.overrideQuotaForOrigin", params)
            .await
    };
    grant(json!({ "origin": origin, "quotaSize": 1_000_000 })).await?;
    page.fill("textbox", "Link", link.trim()).await?;
    page.click("button", "Fetch").await?;
    page.wait_for_text("list", "Files", "The browser has no room for it")
        .await?;
    assert!(!page.has("link", "Save file").await?);
    let gone = async || Ok((kept(&page).await? == 0).then_some(()));
    eventually("no draft", gone).await?;
    grant(json!({ "origin": origin })).await?;
    page.click("button", "Remove").await?;
    assert_eq!(fetch(&page, link.trim()).await?, digest(&path)?);
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_file_dropped_anywhere_on_the_page_is_shared_and_its_link_copied() -> Result<()> {
    const DROP: &str = "const data = new DataTransfer();
        data.items.add(new File(['dropped on the page'], 'dropped.txt'));
        const drop = name => document.querySelector('.stage').dispatchEvent(
            new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true }));
        // Whoever takes a file says so by cancelling what the browser would do.
        return [drop('dragover'), drop('drop')]";
    let into = TempDir::new()?;
    let ring = Ring::start(2).await?;
    let page = open(&ring).await?;
    page.devtools(
        "Browser.grantPermissions",
        json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] }),
    )
    .await?;
    join(&page).await?;
    assert_eq!(page.run(DROP).await?, json!([false, false]));
    page.click("button", "Copy link").await?;
    page.by_name("button", "Link copied").await?;
    let copied = page.run("return navigator.clipboard.readText()").await?;
    let wanted = blake3::hash(b"dropped on the page");
    let link = format!("chordscope:{}?n=dropped.txt&len=19", wanted.to_hex());
    assert_eq!(copied, link.as_str());
    let output = into.path().to_string_lossy();
    ring.command(&["fetch", &link, "--output", &output]).await?;
    let fetched = fs::read(into.path().join("dropped.txt"))?;
    assert_eq!(fetched, b"dropped on the page");
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_folder_shows_its_files_and_each_is_fetched_by_itself() -> Result<()> {
    let folder = TempDir::new()?;
    let songs = folder.path().join("songs");
    fs::create_dir_all(songs.join("live"))?;
    fs::write(songs.join("one.txt"), "one")?;
    fs::write(songs.join("live").join("two.txt"), "two")?;
    let ring = Ring::start(2).await?;
    let link = ring.command(&["share", &songs.to_string_lossy()]).await?;
    let page = open(&ring).await?;
    join(&page).await?;
    page.fill("textbox", "Link", link.trim()).await?;
    page.click("button", "Fetch").await?;
    page.wait_for_text("list", "Files", "a folder of 2 files")
        .await?;
    page.screenshot("files-folder").await?;
    page.resize(390, 844).await?;
    page.run("document.documentElement.dataset.theme = 'dark'; document.querySelector('#files-title').scrollIntoView()")
        .await?;
    page.screenshot("files-folder-phone-dark").await?;
    let beyond =
        "const page = document.documentElement; return page.scrollWidth - page.clientWidth";
    assert_eq!(page.run(beyond).await?, 0);
    page.click("button", "Fetch live/two.txt").await?;
    let saved = TempDir::new()?;
    page.save_to(saved.path()).await?;
    page.click("link", "Save file").await?;
    let at = saved.path().join("two.txt");
    let is_saved = async || Ok(fs::read(&at).ok().filter(|bytes| bytes == b"two"));
    eventually("the file of the folder", is_saved).await?;
    page.assert_no_errors().await
}
