//! The gateway's files, as a browser's own player reads them.

use std::fs;

use tempfile::TempDir;

use crate::support::{Page, Result, Ring, eventually};

/// Samples a second, a byte each.
const RATE: u32 = 8_000;
/// Seconds: several segments.
const LENGTH: u32 = 60;

/// A tone in a WAV file.
fn tone() -> Vec<u8> {
    let samples = RATE * LENGTH;
    let mut wave = Vec::new();
    wave.extend(b"RIFF");
    wave.extend((36 + samples).to_le_bytes());
    wave.extend(b"WAVEfmt ");
    wave.extend(16_u32.to_le_bytes());
    // Plain samples, one channel.
    wave.extend([1_u16, 1].map(u16::to_le_bytes).as_flattened());
    wave.extend([RATE, RATE].map(u32::to_le_bytes).as_flattened());
    // A byte for all channels, eight bits a sample.
    wave.extend([1_u16, 8].map(u16::to_le_bytes).as_flattened());
    wave.extend(b"data");
    wave.extend(samples.to_le_bytes());
    wave.extend((0..samples).map(|at| if at / 10 % 2 == 0 { 96 } else { 160 }));
    wave
}

#[tokio::test]
async fn a_video_element_reads_what_is_shared_from_the_start_and_from_the_middle() -> Result<()> {
    let folder = TempDir::new()?;
    let path = folder.path().join("tone.wav");
    fs::write(&path, tone())?;
    let ring = Ring::start(1).await?;
    let path = path.to_string_lossy();
    let shared = ring.json(&["share", &path]).await?;
    let content = shared["content"].as_str().ok_or("no content id")?;
    // A browser lets no page from nowhere read from loopback: this one is from the peer.
    let page = Page::open(&format!("http://127.0.0.1:{}/healthz", ring.port())).await?;
    page.run(&format!(
        "document.body.innerHTML = '<video muted autoplay src=\"/files/{content}\"></video>'"
    ))
    .await?;
    let video = async |what: &str| {
        let script = format!("const video = document.querySelector('video'); return {what}");
        page.run(&script).await
    };
    // A browser without a sound device may let a tone stand still; that it has what it would play is what counts.
    eventually("something to play", async || {
        Ok((video("video.readyState >= 3").await? == true).then_some(()))
    })
    .await?;
    assert_eq!(video("Math.round(video.duration)").await?, LENGTH);
    video("video.currentTime = 45").await?;
    eventually("something to play from there", async || {
        let is_there = "!video.seeking && video.readyState >= 3 && video.currentTime >= 45";
        Ok((video(is_there).await? == true).then_some(()))
    })
    .await?;
    assert_eq!(video("video.error").await?, serde_json::Value::Null);
    Ok(())
}
