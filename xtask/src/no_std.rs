//! `cargo xtask no-std`: the proof that the core pulls in no standard library.

use anyhow::{Context, Result};

use crate::process;
use crate::tools::{self, WASM_TARGET};
use crate::workspace::Workspace;

/// Links the core into a program that has a panic handler of its own: a second one, std's, would not link.
pub(crate) fn prove(workspace: &Workspace) -> Result<()> {
    tools::wasm_target()?;
    for features in [None, Some("sim")] {
        let mut build = workspace.cargo();
        build.args([
            "build",
            "--manifest-path",
            "no-std-check/Cargo.toml",
            "--target",
            WASM_TARGET,
        ]);
        build
            .arg("--target-dir")
            .arg(workspace.target.join("no-std"));
        build.args(features.map(|name| format!("--features={name}")));
        process::run(&mut build).with_context(|| match features {
            None => "the core is not free of the standard library".to_owned(),
            Some(name) => {
                format!("chordscope-{name} is not free of the standard library")
            }
        })?;
    }
    Ok(())
}
