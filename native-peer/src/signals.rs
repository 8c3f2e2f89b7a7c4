//! Signals to stop: Ctrl-C, and the signal by which a system ends its services. And a hangup, which stops a peer only when it says
//! that the peer's terminal is gone: else it asks for its settings to be read again.

use std::io::IsTerminal as _;

use tokio::sync::watch;

use crate::failure::Failure;

/// The exit code after a second Ctrl-C: 128 and the signal's number, as shells have it.
const INTERRUPTED: i32 = 130;

/// Counts how often the program was told to stop.
#[derive(Clone)]
pub(crate) struct Stop(watch::Receiver<u32>);

fn cannot(error: std::io::Error) -> Failure {
    Failure::failed(format!("cannot watch for signals: {error}"))
}

/// Watches from now on.
pub(crate) fn stop() -> Result<Stop, Failure> {
    let (count, receiver) = watch::channel(0);
    count_stops(count)?;
    Ok(Stop(receiver))
}

/// Watches from now on, for a program that serves: a hangup ends it in order if its terminal is gone, and is else answered by `reload`.
pub(crate) fn stop_of_service(reload: impl Fn() + Send + 'static) -> Result<Stop, Failure> {
    let (count, receiver) = watch::channel(0);
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut hangup = signal(SignalKind::hangup()).map_err(cannot)?;
        let had_terminal = std::io::stdin().is_terminal();
        let count = count.clone();
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                // A terminal that is gone is none any more.
                match had_terminal && !std::io::stdin().is_terminal() {
                    true => count.send_modify(|count| *count += 1),
                    false => reload(),
                }
            }
        });
    }
    #[cfg(not(unix))]
    let _ = reload;
    count_stops(count)?;
    Ok(Stop(receiver))
}

fn count_stops(count: watch::Sender<u32>) -> Result<(), Failure> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                count.send_modify(|count| *count += 1);
            }
        });
    }
    #[cfg(not(unix))]
    {
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                count.send_modify(|count| *count += 1);
            }
        });
    }
    Ok(())
}

impl Stop {
    /// Waits until the program is told to stop.
    pub(crate) async fn asked(&mut self) {
        // The other end lives as long as the runtime.
        let _ = self.0.wait_for(|count| *count > 0).await;
    }

    /// From now on, being told again ends the program without further ado.
    pub(crate) fn exit_at_once_when_asked_again(mut self) {
        tokio::spawn(async move {
            if self.0.wait_for(|count| *count > 1).await.is_ok() {
                std::process::exit(INTERRUPTED);
            }
        });
    }
}
