//! Simulated worlds in a browser: the module is laid into a page of its own, which writes what it measured.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{process, tools};

/// Measures in the page's own thread. `MODULE` stands for the module in hexadecimal digits.
const SCRIPT: &str = include_str!("wasm.js");

/// Builds the module and lets a headless Chromium run it.
pub(super) fn run(workspace: &Workspace, json: bool) -> Result<()> {
    let chromium = tools::for_browser()?.chromium;
    let mut build = workspace.cargo();
    build.args(["build", "--quiet", "--release", "--package"]);
    build.args(["chordscope-core", "--features", "sim", "--example", "world"]);
    process::run(build.args(["--target", tools::WASM_TARGET]))?;
    let folder = workspace.target.join(tools::WASM_TARGET);
    let folder = folder.join("release/examples");
    let module = fs::read(folder.join("world.wasm")).context("the module that was built")?;
    let mut digits = String::with_capacity(2 * module.len());
    for byte in module {
        write!(digits, "{byte:02x}")?;
    }
    let script = SCRIPT.replace("MODULE", &digits);
    let page = folder.join("world.html");
    fs::write(&page, format!("<body><script>{script}</script></body>"))?;
    let mut browser = Command::new(chromium);
    browser.args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]);
    let shown = process::output(browser.arg(page))?;
    let figures = shown
        .split_once("<pre>")
        .and_then(|(_, rest)| rest.split_once("</pre>"))
        .with_context(|| format!("the browser measured nothing: {}", tail(&shown)))?
        .0;
    if json {
        println!("{figures}");
        return Ok(());
    }
    let figures: serde_json::Map<String, serde_json::Value> = serde_json::from_str(figures)?;
    for (name, value) in figures {
        let value = value.as_f64().context("a figure that is a number")?;
        println!("{:<48} {value:>14.2}", name.replace('_', " "));
    }
    Ok(())
}

/// The end of a page, without the module in it.
fn tail(page: &str) -> String {
    let from = page.chars().count().saturating_sub(200);
    page.chars().skip(from).collect()
}
