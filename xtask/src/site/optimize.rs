//! Running wasm-opt over the built page.
//!
//! Trunk could run it, but would then fetch it from the network where it is missing; here a missing one only
//! makes the page larger.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::files_below;
use crate::process;

/// Level 1: higher ones gain little over what the compiler has done, and what they inline makes the download larger.
/// Around it, what makes code alike, for that packs well: loads and stores say nothing about alignment, which engines do not use;
/// arguments that are always the same go, and once more after what that has made alike; so do assignments of what a local holds already.
/// Functions of like names are alike: side by side they are packed into 5 KB less. Then the features that this compiler emits.
pub(super) const FLAGS: [&str; 17] = [
    "--dealign",
    "--dae-optimizing",
    "-O1",
    "--dae-optimizing",
    "-O1",
    "--rse",
    "--vacuum",
    "--strip-producers",
    "--strip-target-features",
    "--reorder-functions-by-name",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
    "--enable-simd",
];

/// Optimizes every module in dist/.
pub(super) fn all(wasm_opt: &Path, dist: &Path) -> Result<()> {
    let modules = files_below(dist)?;
    let modules: Vec<_> = modules
        .iter()
        .filter(|path| path.extension().is_some_and(|name| name == "wasm"))
        .collect();
    if modules.is_empty() {
        bail!("Trunk left no .wasm file in {}", dist.display());
    }
    for module in modules {
        one(wasm_opt, module)?;
    }
    Ok(())
}

fn one(wasm_opt: &Path, module: &Path) -> Result<()> {
    let before = bytes(module)?;
    let smaller = module.with_extension("wasm.new");
    process::run(
        Command::new(wasm_opt)
            .args(FLAGS)
            .arg(module)
            .arg("-o")
            .arg(&smaller),
    )?;
    fs::rename(&smaller, module).with_context(|| format!("cannot replace {}", module.display()))?;
    eprintln!(
        "    {} KB before, {} KB after",
        before / 1000,
        bytes(module)? / 1000
    );
    Ok(())
}

fn bytes(path: &Path) -> Result<u64> {
    Ok(fs::metadata(path)
        .with_context(|| format!("cannot read {}", path.display()))?
        .len())
}
