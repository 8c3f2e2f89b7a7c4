//! What is shared, as a browser plays it.

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
async fn a_video_element_plays_what_is_shared_from_the_start_and_from_the_middle() -> Result<()> {
    let folder = TempDir::new()?;
    let path = folder.path().join("tone.wav");
    fs::write(&path, tone())?;
    let ring = Ring::start(1).await?;
    let path = path.to_string_lossy();
    let shared = ring.json(&["share", &path]).await?;
    let content = shared["content"].as_str().ok_or("no content id")?;
    let page = Page::open("about:blank").await?;
    let url = format!("http://127.0.0.1:{}/files/{content}", ring.port());
    page.run(&format!(
        "document.body.innerHTML = '<video muted autoplay src=\"{url}\"></video>'"
    ))
    .await?;
    let video = async |what: &str| {
        let script = format!("const video = document.querySelector('video'); return {what}");
        page.run(&script).await
    };
    eventually("a video that plays", async || {
        Ok((video("video.currentTime > 0.2").await? == true).then_some(()))
    })
    .await?;
    assert_eq!(video("Math.round(video.duration)").await?, LENGTH);
    video("video.currentTime = 45").await?;
    eventually("a video that plays on from there", async || {
        Ok((video("video.currentTime > 45.2 && !video.error").await? == true).then_some(()))
    })
    .await
}
