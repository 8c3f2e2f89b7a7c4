//! Waiting for something to become true.

use std::time::Duration;

use thirtyfour::error::{WebDriverError, WebDriverErrorInner};
use tokio::time::{sleep, timeout};

use super::Result;

/// The time after which a test fails. Generous: machines that run tests are often busy, and on a page whose frames are slow
/// time runs slower.
pub(crate) const DEADLINE: Duration = Duration::from_secs(180);
/// The interval of looks.
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
    let mut trouble = String::new();
    let search = async {
        loop {
            match look().await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => trouble.clear(),
                Err(error) if is_of_a_moment(&*error) => trouble = format!(": {error}"),
                Err(error) => return Err(error),
            }
            sleep(INTERVAL).await;
        }
    };
    match timeout(deadline, search).await {
        Ok(result) => result,
        Err(_) => {
            let seconds = deadline.as_secs();
            Err(format!("waited {seconds} s in vain for {what}{trouble}").into())
        }
    }
}

/// Returns whether a script or a command met a page that was being built: what it reads may be there a moment later.
fn is_of_a_moment(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    let error = error.downcast_ref::<WebDriverError>();
    error.is_some_and(|error| {
        matches!(
            error.as_inner(),
            WebDriverErrorInner::JavascriptError(_) | WebDriverErrorInner::StaleElementReference(_)
        )
    })
}
