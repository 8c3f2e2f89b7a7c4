//! The harness: a page in a real Chromium, a static file server, a ring of real peers.
//!
//! ```ignore
//! let site = SiteServer::start("/").await?;
//! let page = Page::open(&site.url()).await?;
//! page.fill("spinbutton", "Key", "26").await?;
//! page.choose("From node", "1").await?;
//! page.click("button", "Look up").await?;
//! page.wait_for_text("status", "Result", "1 → 18 → 20 → 21 → 28").await?;
//! page.assert_no_errors().await?;
//! ```
//!
//! Elements are found as people with a screen reader find them: by role and accessible name, as Chromium computes
//! both. Everything that looks for something waits until it is there; nothing sleeps for a fixed time.

// A harness may offer more than today's tests use.
#![allow(dead_code, reason = "shared by tests that come and go")]

mod chromium;
mod memory;
mod page;
mod ring;
mod roles;
mod site_server;
mod wait;

use std::env;
use std::path::{Path, PathBuf};

#[allow(unused_imports, reason = "offered to every test")]
pub(crate) use self::{
    memory::MemoryWatch,
    page::Page,
    ring::{Ring, chordscope, free_ports},
    site_server::SiteServer,
    wait::{DEADLINE, eventually, within},
};

/// Any error ends a test.
pub(crate) type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// A path that `cargo xtask browser` hands over, or where it would be by default.
fn path_from(variable: &str, default: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or_else(|| Path::new("."));
    env::var_os(variable).map_or_else(|| root.join(default), PathBuf::from)
}

/// The built page.
pub(crate) fn dist() -> Result<PathBuf> {
    let dist = path_from("CHORDSCOPE_DIST", "dist");
    if dist.join("index.html").is_file() {
        Ok(dist)
    } else {
        Err("there is no built page: run `cargo xtask site` first".into())
    }
}
