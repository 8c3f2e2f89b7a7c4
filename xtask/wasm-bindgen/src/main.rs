//! The `wasm-bindgen` command as Trunk calls it, around the library that does the work.
//!
//! The published command carries an HTTP client, a server and a test runner, and takes as long to build as the page. This one is built
//! in the workspace, so Cargo.lock gives it and the page one version.

use std::path::PathBuf;
use std::sync::LazyLock;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use wasm_bindgen_cli_support::Bindgen;

/// The version of the library, which is the one that the page links.
static VERSION: LazyLock<String> = LazyLock::new(wasm_bindgen_shared::version);

/// Makes JavaScript and WebAssembly that a browser loads of a compiled module
#[derive(Debug, Parser)]
#[command(name = "wasm-bindgen", version = &**VERSION)]
struct Options {
    /// The module as the compiler wrote it
    input: PathBuf,
    /// The way in which JavaScript loads it
    #[arg(long, value_enum)]
    target: Target,
    /// The folder to write to
    #[arg(long)]
    out_dir: PathBuf,
    /// The name of the files, without an extension
    #[arg(long)]
    out_name: String,
    /// Keep debugging sections
    #[arg(long)]
    keep_debug: bool,
    /// Leave the names of functions mangled
    #[arg(long)]
    no_demangle: bool,
    /// Write no TypeScript declarations
    #[arg(long)]
    no_typescript: bool,
}

/// The one way in which the page's modules are loaded.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Target {
    /// As an ES module
    Web,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let mut bindgen = Bindgen::new();
    match options.target {
        Target::Web => bindgen.web(true)?,
    };
    bindgen
        .input_path(options.input)
        .out_name(&options.out_name)
        .keep_debug(options.keep_debug)
        .demangle(!options.no_demangle)
        .typescript(!options.no_typescript)
        .generate(options.out_dir)
}
