//! A trace in the format of Chrome's tracing, which Perfetto opens.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde_json::Value;

use crate::engine::World;
use crate::engine::json::{self, object};
use crate::engine::trace::Entry;
use chordscope_core::base::time::Instant;

/// A trace entry as a chart of time shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The row that it stands in: a node, or what else acts.
    pub row: String,
    /// The name.
    pub name: String,
    /// The category by which it can be filtered.
    pub category: &'static str,
    /// The time since which it lasted up to the entry's time, where it lasted; and a number that tells it from others of its time.
    pub since: Option<(Instant, u64)>,
}

/// A world whose trace can be shown as a chart of time.
pub trait Charted: World {
    /// Returns what a chart shows of an entry, if anything.
    fn chart(&self, entry: &Entry<Self::What>) -> Option<Mark>;
}

/// Writes trace entries in Chrome's trace event format.
pub fn write<W: Charted>(world: &W, entries: &[Entry<W::What>]) -> String {
    let mut rows: Vec<String> = Vec::new();
    let mut events = Vec::new();
    for entry in entries {
        let Some(mark) = world.chart(entry) else {
            continue;
        };
        let row = rows.iter().position(|row| *row == mark.row);
        let row = row.unwrap_or_else(|| {
            rows.push(mark.row.clone());
            rows.len() - 1
        });
        let event = |phase: &str, at: Instant, more: (&'static str, Value)| {
            object(vec![
                ("ph", phase.into()),
                ("name", mark.name.as_str().into()),
                ("cat", mark.category.into()),
                ("pid", 1.into()),
                ("tid", row.into()),
                ("ts", at.as_micros().into()),
                more,
            ])
        };
        match mark.since {
            // Messages in flight overlap, so that they are asynchronous events.
            Some((since, number)) => {
                events.push(event("b", since, ("id", number.into())));
                events.push(event("e", entry.at, ("id", number.into())));
            }
            None => events.push(event("i", entry.at, ("s", "t".into()))),
        }
    }
    let names = rows.iter().enumerate().map(|(row, name)| {
        object(vec![
            ("ph", "M".into()),
            ("name", "thread_name".into()),
            ("pid", 1.into()),
            ("tid", row.into()),
            ("args", object(vec![("name", name.as_str().into())])),
        ])
    });
    let all: Value = names.chain(events).collect();
    json::line(&object(vec![
        ("displayTimeUnit", "ms".into()),
        ("traceEvents", all),
    ]))
}
