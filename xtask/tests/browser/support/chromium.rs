//! A Chromium of one's own, and the driver that steers it. Both end when the value is dropped.

use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use thirtyfour::{CapabilitiesHelper, ChromeCapabilities, ChromiumLikeCapabilities, WebDriver};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::{Result, path_from};

/// With the pipe, the browser ends when its driver does, however that ends.
const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
    "--force-color-profile=srgb",
];

/// The time that a script may take: some wait for frames, or look at a whole page. The client waits two minutes for any answer.
const SCRIPT_TIMEOUT: Duration = Duration::from_secs(110);

/// The number of times that the driver is started before its failure is told.
const STARTS: usize = 4;

/// The flags that the driver adds of its own accord and that are taken out: they would spare hidden pages what users' browsers do to them.
const NOT_FLAGS: [&str; 2] = [
    "disable-background-timer-throttling",
    "disable-backgrounding-occluded-windows",
];

/// A browser with a fresh profile. Fields end in this order: driver process, session, profile.
pub(super) struct Chromium {
    process: Child,
    pub(super) session: WebDriver,
    profile: TempDir,
}

impl Chromium {
    pub(super) async fn start(width: u32, height: u32) -> Result<Self> {
        let (process, port) = start_driver().await?;
        let profile = TempDir::new()?;
        let mut capabilities = ChromeCapabilities::new();
        for flag in FLAGS {
            capabilities.add_arg(flag)?;
        }
        for flag in NOT_FLAGS {
            capabilities.add_exclude_switch(flag)?;
        }
        capabilities.add_arg(&format!("--window-size={width},{height}"))?;
        capabilities.add_arg(&format!("--user-data-dir={}", profile.path().display()))?;
        capabilities
            .set_binary(&path_from("CHORDSCOPE_CHROMIUM", "/usr/bin/chromium").to_string_lossy())?;
        capabilities.set("goog:loggingPrefs", serde_json::json!({ "browser": "ALL" }))?;
        let session = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities).await?;
        session.set_script_timeout(SCRIPT_TIMEOUT).await?;
        Ok(Self {
            process,
            session,
            profile,
        })
    }

    /// The driver's process, from which all others of the browser descend.
    pub(super) fn process(&self) -> Option<u32> {
        self.process.id()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Ending the session politely would wait for a connection that this very thread has to serve.
        drop(self.session.clone().leak());
    }
}

/// Starts the driver. It chooses a port for both versions of IP by one of them, and ends where another program has that port of the other
/// version: then it is started again.
async fn start_driver() -> Result<(Child, u16)> {
    for _ in 1..STARTS {
        if let Ok(started) = try_to_start_driver().await {
            return Ok(started);
        }
    }
    try_to_start_driver().await
}

/// Starts the driver on a port of its own choice, and reads which.
async fn try_to_start_driver() -> Result<(Child, u16)> {
    let program = path_from("CHORDSCOPE_CHROMEDRIVER", "/usr/bin/chromedriver");
    let mut process = Command::new(&program)
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
    let output = process.stdout.take().ok_or("chromedriver has no output")?;
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some((_, port)) = line.rsplit_once("started successfully on port ") {
            let port = port.trim_end_matches('.').parse()?;
            // A driver that nobody listens to would stop at a full pipe.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok((process, port));
        }
    }
    Err(format!("{} ended before it was ready", program.display()).into())
}
