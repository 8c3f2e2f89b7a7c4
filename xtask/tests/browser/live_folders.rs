//! Folders that a tab shares: chosen or dropped, read with progress, fetched by a native peer.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use crate::live::{join, open};
use crate::support::{Page, Result, Ring, eventually};

/// The files of the folder: below others, alike, and empty.
const FILES: [(&str, &str); 5] = [
    ("one.txt", "one"),
    ("live/two.txt", "two"),
    ("live/données & more.txt", "three"),
    ("live/again/one.txt", "one"),
    ("nothing", ""),
];

fn songs(folder: &TempDir) -> Result<PathBuf> {
    let songs = folder.path().join("songs");
    write(&songs, &FILES)?;
    Ok(songs)
}

fn write(folder: &Path, files: &[(&str, &str)]) -> Result<()> {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().ok_or("no folder")?)?;
        fs::write(path, text)?;
    }
    Ok(())
}

/// Chooses a folder in the page.
async fn choose(page: &Page, folder: &Path) -> Result<()> {
    let input = page.by_name("button", "Share a folder").await?;
    Ok(input.send_keys(folder.to_string_lossy()).await?)
}

/// The link to a folder that the page shares.
async fn link(page: &Page, name: &str) -> Result<String> {
    let field = page.by_name("textbox", &format!("Link to {name}")).await?;
    Ok(field.prop("value").await?.ok_or("no link")?)
}

/// Fetches a folder by its link and checks that all of it is there.
async fn fetched(ring: &Ring, link: &str) -> Result<()> {
    let into = TempDir::new()?;
    let output = into.path().to_string_lossy();
    ring.command(&["fetch", link, "--output", &output]).await?;
    for (path, text) in FILES {
        let at = into.path().join("songs").join(path);
        assert_eq!(fs::read_to_string(at)?, text, "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn a_native_peer_fetches_a_folder_that_was_chosen_in_a_tab() -> Result<()> {
    let folder = TempDir::new()?;
    let songs = songs(&folder)?;
    let ring = Ring::start(2).await?;
    let page = open(&ring).await?;
    join(&page).await?;
    choose(&page, &songs).await?;
    page.wait_for_text("list", "Files", "a folder of 5 files, shared")
        .await?;
    let shared = link(&page, "songs").await?;
    // What a native peer says of the same folder.
    let native = ring.command(&["share", &songs.to_string_lossy()]).await?;
    assert_eq!(shared, native.trim());
    ring.command(&["unshare", &shared]).await?;
    fetched(&ring, &shared).await?;
    page.wait_for_text("list", "Files", "sent to others")
        .await?;
    page.screenshot("files-folder-shared").await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_folder_dropped_on_the_page_is_shared_beside_one_with_the_same_files() -> Result<()> {
    let folder = TempDir::new()?;
    let songs = songs(&folder)?;
    let other = folder.path().join("other");
    write(&other, &FILES[..2])?;
    let ring = Ring::start(2).await?;
    let page = open(&ring).await?;
    join(&page).await?;
    choose(&page, &other).await?;
    link(&page, "other").await?;
    for what in ["dragEnter", "dragOver", "drop"] {
        let data = json!({ "items": [], "files": [songs], "dragOperationsMask": 1 });
        let drag = json!({ "type": what, "x": 400, "y": 400, "data": data });
        page.devtools("Input.dispatchDragEvent", drag).await?;
    }
    let shared = link(&page, "songs").await?;
    // The files that both have stay when one of the folders goes.
    page.run("document.querySelector('[aria-label=\"Link to other\"] ~ .file__buttons button:last-of-type').click()")
        .await?;
    eventually("one folder", async || {
        Ok((!page.has("textbox", "Link to other").await?).then_some(()))
    })
    .await?;
    fetched(&ring, &shared).await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_name_that_no_system_takes_is_told_and_reading_can_be_cancelled() -> Result<()> {
    let folder = TempDir::new()?;
    let devices = folder.path().join("devices");
    write(&devices, &[("fine.txt", "fine"), ("nul.txt", "no file")])?;
    let long = folder.path().join("long");
    write(&long, &[("short", "short")])?;
    // A hole: nothing is written, and all of it is read.
    fs::File::create(long.join("hole"))?.set_len(64 << 30)?;
    let ring = Ring::start(2).await?;
    let page = Page::open_sized(&format!("{}#/live", ring.url()), 390, 844).await?;
    choose(&page, &devices).await?;
    page.wait_for_text("list", "Files", "\"nul.txt\" is no path")
        .await?;
    page.click("button", "Remove").await?;
    choose(&page, &long).await?;
    let bar = "const bar = document.querySelector('progress[aria-label=Reading]'); return bar && bar.value";
    eventually("progress", async || {
        let read = page.run(bar).await?.as_f64();
        Ok(read.filter(|read| *read > 0.0))
    })
    .await?;
    for theme in ["light", "dark"] {
        page.run(&format!("document.documentElement.dataset.theme = '{theme}'; document.querySelector('#files-title').scrollIntoView()"))
            .await?;
        page.screenshot(&format!("files-folder-read-phone-{theme}"))
            .await?;
        let beyond =
            "const page = document.documentElement; return page.scrollWidth - page.clientWidth";
        assert_eq!(page.run(beyond).await?, 0, "{theme}");
    }
    page.click("button", "Cancel").await?;
    eventually("no file", async || {
        Ok((!page.has("progressbar", "Reading").await?).then_some(()))
    })
    .await?;
    page.assert_no_errors().await
}
