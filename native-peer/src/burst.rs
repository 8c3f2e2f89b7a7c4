//! Warnings of one kind that come by the hundred, each burst told in one line.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;

/// The time for which warnings are gathered before they are told.
const WINDOW: Duration = Duration::from_secs(1);

/// Warnings of one kind, of all peers of this process together.
#[derive(Debug)]
pub(crate) struct Burst {
    tell: fn(&str),
    gathered: Mutex<Gathered>,
}

/// The first warning of a burst, and how many followed.
type Gathered = Option<(String, usize)>;

impl Burst {
    /// Makes a burst of warnings that go to the log.
    pub(crate) const fn new() -> Self {
        Self::told_by(|line| tracing::warn!("{line}"))
    }

    const fn told_by(tell: fn(&str)) -> Self {
        let gathered = Mutex::new(None);
        Self { tell, gathered }
    }

    /// Warns within a second: once of all that comes until then.
    pub(crate) fn warn(&'static self, text: String) {
        match &mut *self.lock() {
            Some((_, more)) => {
                *more += 1;
                return;
            }
            none => *none = Some((text, 0)),
        }
        let Ok(runtime) = Handle::try_current() else {
            return self.flush();
        };
        runtime.spawn(async {
            sleep(WINDOW).await;
            self.flush();
        });
    }

    /// Tells now what was gathered.
    pub(crate) fn flush(&self) {
        let gathered = self.lock().take();
        match gathered {
            Some((text, 0)) => (self.tell)(&text),
            Some((text, more)) => (self.tell)(&format!("{text} (and {more} more of the kind)")),
            None => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, Gathered> {
        // Every change of it is one step.
        let gathered = self.gathered.lock();
        gathered.unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    static BURST: Burst = Burst::told_by(|line| TOLD.lock().unwrap().push(line.to_string()));

    fn told() -> Vec<String> {
        std::mem::take(&mut TOLD.lock().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_of_warnings_is_one_line_with_their_number() {
        for number in 0..291 {
            BURST.warn(format!("record {number} stays"));
        }
        assert_eq!(told(), Vec::<String>::new());
        sleep(WINDOW * 2).await;
        assert_eq!(told(), ["record 0 stays (and 290 more of the kind)"]);
        BURST.warn("another".to_string());
        sleep(WINDOW * 2).await;
        assert_eq!(told(), ["another"]);
        BURST.warn("the last".to_string());
        BURST.flush();
        assert_eq!(told(), ["the last"]);
        sleep(WINDOW * 2).await;
        assert_eq!(told(), Vec::<String>::new());
    }
}
