//! The core measured in a browser: modules are laid into a page of their own, which writes what it measured.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use data_encoding::HEXLOWER;
use serde_json::{Map, Value};

use crate::workspace::Workspace;
use crate::{process, tools};

/// A module and what is measured with it.
struct Bench {
    package: &'static str,
    example: &'static str,
    features: &'static str,
    profile: &'static str,
    /// Leaves `figures`. `MODULE` stands for the module in hexadecimal digits.
    script: &'static str,
}

/// Each is built as what it stands for is built; the worlds as fast as they can be.
const BENCHES: [Bench; 2] = [
    Bench {
        package: "chordscope-sim",
        example: "world",
        features: "",
        profile: "release",
        script: include_str!("world.js"),
    },
    Bench {
        package: "chordscope-core",
        example: "hash",
        features: "simd",
        profile: "page",
        script: include_str!("hash.js"),
    },
];

/// The end of a script: shows its figures in the document.
const SHOW: &str = "const shown = document.createElement(\"pre\");
shown.textContent = JSON.stringify(figures);
document.body.append(shown);";

/// Builds the modules and lets a headless Chromium run each.
pub(super) fn run(workspace: &Workspace, json: bool) -> Result<()> {
    let chromium = tools::for_browser()?.chromium;
    let mut figures = Map::new();
    for bench in &BENCHES {
        let module = bench.build(workspace)?;
        figures.extend(bench.measure(&chromium, &module)?);
    }
    if json {
        println!("{}", serde_json::to_string(&figures)?);
        return Ok(());
    }
    for (name, value) in figures {
        let value = value.as_f64().context("a figure that is a number")?;
        println!("{:<48} {value:>14.2}", name.replace('_', " "));
    }
    Ok(())
}

impl Bench {
    fn build(&self, workspace: &Workspace) -> Result<PathBuf> {
        let mut build = workspace.cargo();
        build.args(["build", "--quiet", "--package", self.package]);
        build.args(["--features", self.features, "--example", self.example]);
        build.args(["--profile", self.profile]);
        process::run(build.args(["--target", tools::WASM_TARGET]))?;
        let folder = workspace.target.join(tools::WASM_TARGET);
        let folder = folder.join(self.profile).join("examples");
        Ok(folder.join(self.example).with_extension("wasm"))
    }

    fn measure(&self, chromium: &Path, module: &Path) -> Result<Map<String, Value>> {
        let bytes = fs::read(module).context("the module that was built")?;
        let script = self.script.replace("MODULE", &HEXLOWER.encode(&bytes));
        let page = module.with_extension("html");
        let text = format!("<body><script>{{{script}{SHOW}}}</script></body>");
        fs::write(&page, text)?;
        let mut browser = Command::new(chromium);
        browser.args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]);
        let shown = process::output(browser.arg(page))?;
        let figures = shown
            .split_once("<pre>")
            .and_then(|(_, rest)| rest.split_once("</pre>"))
            .with_context(|| format!("the browser measured nothing: {}", tail(&shown)))?
            .0;
        Ok(serde_json::from_str(figures)?)
    }
}

/// The end of a page, without the module in it.
fn tail(page: &str) -> String {
    let from = page.chars().count().saturating_sub(200);
    page.chars().skip(from).collect()
}
