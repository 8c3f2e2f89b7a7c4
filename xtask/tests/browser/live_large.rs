//! A file that no tab could hold in memory passes through one, from a native peer and back to one.
//!
//! `CHORDSCOPE_LARGE` says how many MiB: 128 where it says nothing, 1024 for `cargo xtask bench tab`. `CHORDSCOPE_FIGURES` says where the
//! figures go as JSON, if anywhere.

use std::env;
use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::live::{join, open};
use crate::support::{Page, Result, Ring, within};

const MIB: u64 = 1 << 20;
/// The most that a renderer's process may take, in bytes.
const MAX_RESIDENT: u64 = 300 * MIB;
/// The most that the module of the tab's peer may take, in MiB.
const MAX_MODULE: f64 = 64.0;
/// The least that must come through on a machine that is busy with other things, in MiB a second.
const SLOWEST: f64 = 1.0;

fn mebibytes() -> u64 {
    let asked = env::var("CHORDSCOPE_LARGE").ok();
    asked.and_then(|asked| asked.parse().ok()).unwrap_or(128)
}

/// Returns the time within which so much must have come.
fn patience() -> Duration {
    Duration::from_secs_f64(30.0 + mebibytes() as f64 / SLOWEST)
}

/// A file of bytes that look random.
fn file(folder: &TempDir) -> Result<PathBuf> {
    let path = folder.path().join("large.bin");
    let mut output = BufWriter::new(File::create(&path)?);
    let mut bytes = blake3::Hasher::new().update(b"large").finalize_xof();
    let mut piece = vec![0; MIB as usize];
    for _ in 0..mebibytes() {
        bytes.fill(&mut piece);
        output.write_all(&piece)?;
    }
    output.flush()?;
    Ok(path)
}

fn digest(path: &Path) -> Result<String> {
    let (mut input, mut hasher) = (File::open(path)?, blake3::Hasher::new());
    let mut piece = vec![0; MIB as usize];
    loop {
        match input.read(&mut piece)? {
            0 => return Ok(hasher.finalize().to_hex().to_string()),
            count => hasher.update(&piece[..count]),
        };
    }
}

/// Returns the text of the card of files once it has this part, or after some seconds. A script in the page waits: asking it many times a second would
/// cost what is measured.
async fn said(page: &Page, part: &str) -> Result<String> {
    const WAIT: &str = "const list = document.querySelector('[aria-labelledby=files-title] ul');
        return new Promise(done => {
            const end = () => { observer.disconnect(); done(list.innerText); };
            const look = () => { if (list.innerText.includes(PART)) end(); };
            const observer = new MutationObserver(look);
            observer.observe(list, { subtree: true, childList: true, characterData: true });
            setTimeout(end, 5_000);
            look();
        })";
    let script = WAIT.replace("PART", &json!(part).to_string());
    Ok(page.run(&script).await?.as_str().unwrap_or("").to_owned())
}

async fn wait_for(page: &Page, part: &str) -> Result<String> {
    let mut last = String::new();
    let what = format!("\"{part}\"");
    let found = within(patience(), &what, async || {
        last = said(page, part).await?;
        Ok(last.contains(part).then(|| last.clone()))
    });
    let found = found.await;
    found.map_err(|error| format!("{error}; it says \"{last}\"").into())
}

/// Returns the speed that the page tells, in MiB a second, from the question to the last segment; none if that took no second.
fn told(text: &str) -> Option<f64> {
    let (_, rest) = text.split_once(", at ")?;
    let (number, rest) = rest.split_once(' ')?;
    let bytes = match rest.get(..2)? {
        "kB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * bytes / MIB as f64)
}

/// Returns the memory of the peer's module by the worker's own report, in MiB.
async fn module(page: &Page) -> Result<f64> {
    let read = "return document.querySelector('[data-memory]').dataset.memory";
    let bytes: f64 = page.run(read).await?.as_str().unwrap_or("").parse()?;
    Ok(bytes / MIB as f64)
}

/// Saves what was fetched and waits until the browser has put all of it on disk.
async fn save(page: &Page, length: u64) -> Result<(TempDir, PathBuf)> {
    let folder = TempDir::new()?;
    page.save_to(folder.path()).await?;
    page.click("link", "Save file").await?;
    let path = folder.path().join("large.bin");
    let is_saved = async || {
        let meta = path.metadata().ok();
        Ok(meta.filter(|meta| meta.len() == length).map(|_| ()))
    };
    within(patience(), "a saved file", is_saved).await?;
    Ok((folder, path))
}

#[tokio::test]
async fn a_file_larger_than_memory_allows_passes_through_a_tab_in_little_of_it() -> Result<()> {
    let (folder, into) = (TempDir::new()?, TempDir::new()?);
    let path = file(&folder)?;
    let wanted = digest(&path)?;
    let ring = Ring::start(2).await?;
    let link = ring.command(&["share", &path.to_string_lossy()]).await?;
    let page = open(&ring).await?;
    let memory = page.watch_memory()?;
    join(&page).await?;
    page.fill("textbox", "Link", link.trim()).await?;
    page.click("button", "Fetch").await?;
    let fetched = wait_for(&page, "every segment checked").await?;
    let (_folder, saved) = save(&page, mebibytes() * MIB).await?;
    assert_eq!(digest(&saved)?, wanted);
    // Now the tab is the only one that has it.
    ring.command(&["unshare", link.trim()]).await?;
    let output = into.path().to_string_lossy();
    let begun = Instant::now();
    ring.command(&["fetch", link.trim(), "--output", &output])
        .await?;
    let back = mebibytes() as f64 / begun.elapsed().as_secs_f64();
    assert_eq!(digest(&into.path().join("large.bin"))?, wanted);
    let (peak, samples) = memory.peak();
    let module = module(&page).await?;
    let figures = json!({
        "mebibytes": mebibytes(),
        "to_tab_mib": told(&fetched),
        "from_tab_mib": back,
        "renderer_mib": peak / MIB,
        "module_mib": module,
    });
    if let Some(path) = env::var_os("CHORDSCOPE_FIGURES") {
        fs::write(path, figures.to_string())?;
    }
    println!(
        "{} MiB to the tab: {}; back {back:.0} MiB/s; renderer {} MiB at most in {samples} samples, module {module:.1} MiB",
        mebibytes(),
        fetched.replace('\n', " "),
        peak / MIB,
    );
    assert!(samples > 10, "{samples} samples say little");
    assert!(peak <= MAX_RESIDENT, "{} MiB in memory", peak / MIB);
    assert!(module <= MAX_MODULE, "{module} MiB in the module");
    page.assert_no_errors().await
}
