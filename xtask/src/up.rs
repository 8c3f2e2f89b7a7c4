//! `cargo xtask up`: from a clone to a running ring, in one command.

use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::progress::{self, Plan};
use crate::workspace::Workspace;
use crate::{process, site, tools};

/// The lane of what is installed, and then of the page.
const PAGE: usize = 0;
/// The lane of what this workspace compiles, beside the other one.
const COMPILER: usize = 1;
const BUILD_PEER: &str = "building the peer";
/// The period in which it is said how far everything is.
const TELL_EVERY: Duration = Duration::from_secs(20);

/// The options of `up`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The first peer's port, which also serves the page; the other peers take the ports after it
    #[arg(long, default_value_t = 7340, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// The number of peers in the ring
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    peers: u16,
}

/// Builds what is not built yet and runs the ring until Ctrl-C.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let started = process::now();
    check_ports(options.port, options.peers)?;
    progress::announce(plan(workspace)?);
    build(workspace)?;
    progress::keep();
    eprintln!(
        "==> starting the ring (everything took {})",
        process::seconds(started.elapsed())
    );
    let mut ring = Command::new(workspace.first_binary());
    ring.arg("ring")
        .args(["--peers", &options.peers.to_string()]);
    ring.arg("--listen")
        .arg(format!("127.0.0.1:{}", options.port));
    ring.arg("--web").arg(workspace.dist());
    become_process(&mut ring)
}

/// Plans the steps that are to be done, in two lanes.
fn plan(workspace: &Workspace) -> Result<Plan> {
    let mut plan = Plan::default();
    for tool in tools::missing()? {
        plan.add(PAGE, &tool, false);
    }
    // Where wasm-opt is missing, npm installs it.
    let page = site::steps(workspace, true)?;
    for step in &page {
        plan.add(PAGE, step, false);
    }
    if tools::lacks_wasm_bindgen(workspace)? {
        plan.add(COMPILER, tools::BUILD_WASM_BINDGEN, false);
    }
    if !page.is_empty() {
        let built = workspace.target.join(tools::WASM_TARGET);
        plan.add(COMPILER, site::COMPILE, built.join(site::PROFILE).is_dir());
    }
    plan.add(COMPILER, BUILD_PEER, workspace.first_binary().is_file());
    Ok(plan)
}

/// Builds the page and the peer in two lanes. One alone leaves a processor idle for minutes. The programs of the page come before the
/// peer, so that the page is put together, on one processor, while the peer is compiled.
fn build(workspace: &Workspace) -> Result<()> {
    tools::wasm_target()?;
    let (done, is_done) = mpsc::channel::<()>();
    let (compiled, is_compiled) = mpsc::channel::<()>();
    let is_wanted = AtomicBool::new(true);
    thread::scope(|scope| {
        scope.spawn(move || {
            while is_done.recv_timeout(TELL_EVERY) == Err(RecvTimeoutError::Timeout) {
                if let Some(line) = progress::line() {
                    eprintln!("==> {line}");
                }
            }
        });
        let wanted = &is_wanted;
        let compiler = scope.spawn(move || compile(workspace, wanted, compiled));
        let page = install_and_build_page(workspace, &is_compiled);
        is_wanted.store(page.is_ok(), Ordering::Relaxed);
        let compiler = compiler
            .join()
            .unwrap_or_else(|_| bail!("compiling stopped"));
        drop(done);
        page.and(compiler)
    })
}

/// The lane of what is installed, and of the page once its programs are compiled. Where they cannot be, the other lane says why.
fn install_and_build_page(workspace: &Workspace, is_compiled: &Receiver<()>) -> Result<()> {
    tools::install_for_page()?;
    if is_compiled.recv().is_ok() {
        site::build(workspace, &site::Options::default())?;
    }
    Ok(())
}

/// The lane of what this workspace compiles; it says when the page's programs are there.
fn compile(workspace: &Workspace, is_wanted: &AtomicBool, compiled: Sender<()>) -> Result<()> {
    let beside = workspace.beside(is_wanted)?;
    let run = |command: &mut Command| beside.run(command);
    if tools::lacks_wasm_bindgen(workspace)? {
        process::step(tools::BUILD_WASM_BINDGEN, || {
            workspace.build_wasm_bindgen(run)
        })?;
    }
    if !site::steps(workspace, true)?.is_empty() {
        process::step(site::COMPILE, || site::compile(workspace, run))?;
    }
    // Nobody waits for it where the other lane has failed.
    let _ = compiled.send(());
    drop(compiled);
    process::step(BUILD_PEER, || run(&mut workspace.first_build()))
}

/// The ring takes this process over, so that signals and its exit code pass through unchanged.
#[cfg(unix)]
fn become_process(command: &mut Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(command.exec()).with_context(|| format!("cannot start `{}`", process::shown(command)))
}

/// Ctrl-C reaches every process on the console, the ring too.
#[cfg(not(unix))]
fn become_process(command: &mut Command) -> Result<ExitCode> {
    let status = command
        .status()
        .with_context(|| format!("cannot start `{}`", process::shown(command)))?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}

/// A taken port is known before anything is built.
fn check_ports(first: u16, peers: u16) -> Result<()> {
    for offset in 0..peers {
        let Some(port) = first.checked_add(offset) else {
            bail!("{peers} peers do not fit above port {first}: choose a lower one with --port");
        };
        if let Err(error) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            bail!(
                "port {port} cannot be used ({error}): stop what listens there, or choose others with --port \
                 (the ring takes {peers} ports in a row)"
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named_with_the_option_that_helps() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = check_ports(port, 1).unwrap_err().to_string();
        assert!(
            error.contains(&format!("port {port} ")) && error.contains("--port"),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1);
    }

    #[test]
    fn a_ring_that_runs_out_of_ports_is_refused() {
        let error = check_ports(u16::MAX, 2).unwrap_err().to_string();
        assert!(error.contains("--port"), "{error}");
    }
}
