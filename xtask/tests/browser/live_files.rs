//! Files between native peers and tabs: what arrives is what was shared, whichever of them sends and receives.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::live::{join, open};
use crate::support::{Page, Result, Ring, eventually};

/// The length of the file in bytes: some segments, the last of them short.
const LENGTH: usize = 3_000_001;
/// A name that needs care in links, and none on disk.
pub(crate) const NAME: &str = "données & more.bin";

/// A file of bytes that look random, and are others for each seed.
pub(crate) fn file(folder: &TempDir, seed: u8) -> Result<PathBuf> {
    file_of(folder, seed, LENGTH)
}

/// The same, of this length.
pub(crate) fn file_of(folder: &TempDir, seed: u8, length: usize) -> Result<PathBuf> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new_keyed(&[seed; 32])
        .finalize_xof()
        .fill(&mut bytes);
    let path = folder.path().join(NAME);
    fs::write(&path, bytes)?;
    Ok(path)
}

pub(crate) fn digest(path: &Path) -> Result<String> {
    Ok(blake3::hash(&fs::read(path)?).to_hex().to_string())
}

/// Gives a file to the page, and gets the link.
pub(crate) async fn share(page: &Page, path: &Path) -> Result<String> {
    let length = fs::metadata(path)?.len();
    let input = page.by_name("button", "Share a file").await?;
    input.send_keys(path.to_string_lossy()).await?;
    let field = page.by_name("textbox", &format!("Link to {NAME}")).await?;
    let link = field.prop("value").await?.ok_or("no link")?;
    assert_eq!(
        link,
        format!(
            "chordscope:{}?n=donn%C3%A9es%20%26%20more.bin&len={length}",
            digest(path)?
        )
    );
    Ok(link)
}

/// Fetches what a link means in the page, saves it, and gives the digest of what was saved.
pub(crate) async fn fetch(page: &Page, link: &str) -> Result<String> {
    page.fill("textbox", "Link", link).await?;
    page.click("button", "Fetch").await?;
    save(page).await
}

/// Saves what is being fetched, once all of it is here, and gives the digest of what was saved.
pub(crate) async fn save(page: &Page) -> Result<String> {
    let folder = TempDir::new()?;
    page.save_to(folder.path()).await?;
    page.wait_for_text("list", "Files", "fetched, and every segment checked")
        .await?;
    page.click("link", "Save file").await?;
    let path = folder.path().join(NAME);
    let is_saved = async || Ok(path.is_file().then_some(()));
    eventually("a saved file", is_saved).await?;
    digest(&path)
}

#[tokio::test]
async fn a_tab_fetches_what_a_native_peer_shares() -> Result<()> {
    let folder = TempDir::new()?;
    let path = file(&folder, 1)?;
    let ring = Ring::start(3).await?;
    let link = ring.command(&["share", &path.to_string_lossy()]).await?;
    let page = open(&ring).await?;
    join(&page).await?;
    assert_eq!(fetch(&page, link.trim()).await?, digest(&path)?);
    page.screenshot("files-fetched").await?;
    page.click("button", "Remove").await?;
    eventually("an empty card", async || {
        Ok((!page.has("link", "Save file").await?).then_some(()))
    })
    .await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_native_peer_fetches_what_a_tab_shares() -> Result<()> {
    let (folder, into) = (TempDir::new()?, TempDir::new()?);
    let path = file(&folder, 2)?;
    let ring = Ring::start(3).await?;
    let page = open(&ring).await?;
    join(&page).await?;
    let link = share(&page, &path).await?;
    let output = into.path().to_string_lossy();
    ring.command(&["fetch", &link, "--output", &output]).await?;
    assert_eq!(digest(&into.path().join(NAME))?, digest(&path)?);
    page.wait_for_text("list", "Files", "sent to others")
        .await?;
    // Once nothing goes out any more, no rate is told.
    page.wait_for_text("list", "Files", "sent to others.")
        .await?;
    let files = "return document.querySelector('[aria-label=Files]').innerText.includes('/s now')";
    assert_eq!(page.run(files).await?, false);
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_tab_fetches_what_another_tab_shares_and_passes_it_on() -> Result<()> {
    let folder = TempDir::new()?;
    let path = file(&folder, 3)?;
    let ring = Ring::start(2).await?;
    let (one, other) = (open(&ring).await?, open(&ring).await?);
    join(&one).await?;
    join(&other).await?;
    let link = share(&one, &path).await?;
    assert_eq!(fetch(&other, &link).await?, digest(&path)?);
    // The first tab goes: what the other has fetched is there.
    one.click("button", "Stop sharing").await?;
    one.close().await?;
    let third = open(&ring).await?;
    join(&third).await?;
    assert_eq!(fetch(&third, &link).await?, digest(&path)?);
    other.assert_no_errors().await?;
    third.assert_no_errors().await
}

#[tokio::test]
async fn a_fetch_that_finds_nobody_can_be_cancelled_and_a_bad_link_is_refused() -> Result<()> {
    let ring = Ring::start(2).await?;
    let page = open(&ring).await?;
    join(&page).await?;
    page.fill("textbox", "Link", "chordscope:12").await?;
    page.click("button", "Fetch").await?;
    page.wait_for_text("alert", "", "64 hexadecimal digits")
        .await?;
    let nobodys = blake3::hash(b"nobody has this").to_hex();
    page.fill("textbox", "Link", &nobodys).await?;
    page.click("button", "Fetch").await?;
    page.by_name("progressbar", "Transfer").await?;
    page.wait_for_text("list", "Files", "Nobody found who has it")
        .await?;
    // Once more it is the same fetch.
    page.click("button", "Fetch").await?;
    page.wait_for_text("alert", "", "is on its way already")
        .await?;
    let rows = "return document.querySelectorAll('[aria-label=Files] > .file').length";
    assert_eq!(page.run(rows).await?, 1);
    page.click("button", "Cancel").await?;
    eventually("no transfer", async || {
        Ok((!page.has("progressbar", "Transfer").await?).then_some(()))
    })
    .await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn the_card_fits_a_phone_in_light_and_dark() -> Result<()> {
    let folder = TempDir::new()?;
    let path = file(&folder, 4)?;
    let ring = Ring::start(2).await?;
    let page = Page::open_sized(&format!("{}#/live", ring.url()), 390, 844).await?;
    join(&page).await?;
    share(&page, &path).await?;
    let nobodys = blake3::hash(b"nobody has this").to_hex();
    page.fill("textbox", "Link", &nobodys).await?;
    page.click("button", "Fetch").await?;
    page.by_name("progressbar", "Transfer").await?;
    for theme in ["light", "dark"] {
        let wear = format!("document.documentElement.dataset.theme = '{theme}'");
        page.run(&wear).await?;
        page.run("document.querySelector('#files-title').scrollIntoView()")
            .await?;
        page.screenshot(&format!("files-phone-{theme}")).await?;
        let beyond =
            "const page = document.documentElement; return page.scrollWidth - page.clientWidth";
        assert_eq!(page.run(beyond).await?, 0, "{theme}");
    }
    page.assert_no_errors().await
}
