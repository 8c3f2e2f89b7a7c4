//! Being told to stop: Ctrl-C, or the signal by which a system ends its services.

use tokio::sync::watch;

use crate::failure::Failure;

/// The exit code after a second Ctrl-C: 128 and the signal's number, as shells have it.
const INTERRUPTED: i32 = 130;

/// Counts how often the program was told to stop.
pub(crate) struct Stop(watch::Receiver<u32>);

/// Watches from now on.
pub(crate) fn stop() -> Result<Stop, Failure> {
    let fail = |error| Failure::failed(format!("cannot watch for signals: {error}"));
    let (count, receiver) = watch::channel(0);
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt()).map_err(fail)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(fail)?;
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
        let _ = fail;
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                count.send_modify(|count| *count += 1);
            }
        });
    }
    Ok(Stop(receiver))
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
