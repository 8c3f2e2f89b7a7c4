//! Whole runs in the browser: each must come to the digest that is pinned for it, as it does natively.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use data_encoding::HEXLOWER;

use crate::support::{Page, Result};

/// The digests that the simulator's test pins.
const PINS: &str = include_str!("../../../sim/tests/digests/pins.txt");

/// Leaves the module's runs where the next script finds them.
const START: &str = r#"
const bytes = Uint8Array.from("MODULE".match(/../g), (digits) => parseInt(digits, 16));
window.runs = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
"#;

/// Makes one run.
const NEXT: &str = "
const length = runs.next();
return new TextDecoder().decode(new Uint8Array(runs.memory.buffer, runs.text(), length));
";

#[tokio::test]
async fn pinned_runs_have_their_digests_in_the_browser_too() -> Result<()> {
    let module = HEXLOWER.encode(&build()?);
    let page = Page::open("about:blank").await?;
    page.run(&START.replace("MODULE", &module)).await?;
    for pin in PINS.lines().chain([""]) {
        assert_eq!(page.run(NEXT).await?.as_str(), Some(pin));
    }
    Ok(())
}

/// The runs as a module.
fn build() -> Result<Vec<u8>> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(&root);
    cargo.args(["build", "--quiet", "--package", "chordscope-sim"]);
    cargo.args(["--features", "bandwidth", "--example", "digests"]);
    cargo.args(["--release", "--target", TARGET]);
    if !cargo.status()?.success() {
        return Err("the runs do not build for the browser".into());
    }
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    let module = target.join(TARGET).join("release/examples/digests.wasm");
    Ok(fs::read(module)?)
}
