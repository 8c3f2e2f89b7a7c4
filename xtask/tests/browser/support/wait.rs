//! Waiting for something to become true.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::Result;

/// How long anything may take before a test fails. Generous: machines that run tests are often busy, and on a page whose frames are slow
/// time runs slower.
pub(crate) const DEADLINE: Duration = Duration::from_secs(180);
/// How often to look.
const INTERVAL: Duration = Duration::from_millis(40);

/// Looks again and again until there is something, and returns it. `what` says in the failure what never came.
pub(crate) async fn eventually<T>(
    what: &str,
    look: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    within(DEADLINE, what, look).await
}

/// The same, with a deadline of one's own.
pub(crate) async fn within<T>(
    deadline: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let search = async {
        loop {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            sleep(INTERVAL).await;
        }
    };
    match timeout(deadline, search).await {
        Ok(result) => result,
        Err(_) => Err(format!("waited {} s in vain for {what}", deadline.as_secs()).into()),
    }
}
