//! The memory of a browser's processes that run pages.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// The interval of measurements.
const INTERVAL: Duration = Duration::from_millis(100);
/// The number of measurements after which the list of processes is read anew: that takes longer than a measurement can spare.
const ANEW: u64 = 20;

/// Looks at the resident memory of each renderer below a process, ten times a second, until it is dropped. Linux only: it
/// reads /proc.
#[derive(Debug)]
pub(crate) struct MemoryWatch {
    peak: Arc<AtomicU64>,
    samples: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl MemoryWatch {
    /// Watches what the process with this id has started.
    pub(super) fn of(root: u32) -> Self {
        let (peak, samples) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let seen = (Arc::clone(&peak), Arc::clone(&samples));
        let task = tokio::spawn(async move {
            let mut tick = interval(INTERVAL);
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut known = Vec::new();
            for look in 0.. {
                tick.tick().await;
                if look % ANEW == 0 {
                    known = renderers(root);
                }
                if let Some(largest) = known.iter().filter_map(|pid| resident(*pid)).max() {
                    seen.0.fetch_max(largest, Ordering::Relaxed);
                    seen.1.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        Self {
            peak,
            samples,
            task,
        }
    }

    /// The most that one renderer has had so far, in bytes, and how often somebody looked.
    pub(crate) fn peak(&self) -> (u64, u64) {
        let read = |value: &AtomicU64| value.load(Ordering::Relaxed);
        (read(&self.peak), read(&self.samples))
    }
}

impl Drop for MemoryWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The renderers below a process.
fn renderers(root: u32) -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = entry.file_name().to_string_lossy().parse::<u32>();
        if let Ok(pid) = pid
            && let Some(parent) = status(pid, "PPid:")
        {
            children.entry(parent as u32).or_default().push(pid);
        }
    }
    let (mut open, mut found) = (vec![root], BTreeSet::new());
    while let Some(pid) = open.pop() {
        open.extend(children.get(&pid).into_iter().flatten());
        found.insert(pid);
    }
    let is_renderer = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains("--type=renderer")
    };
    found.into_iter().filter(is_renderer).collect()
}

/// The resident bytes of a process; none once that is gone.
fn resident(pid: u32) -> Option<u64> {
    Some(status(pid, "VmRSS:")? * 1024)
}

/// A number in what the kernel says of a process; none once that is gone.
fn status(pid: u32, field: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    line.split_whitespace().next()?.parse().ok()
}
