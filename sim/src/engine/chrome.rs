//! A trace in the format of Chrome's tracing, which Perfetto opens.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use crate::engine::World;
use crate::engine::json::{Json, object};
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
    let mut text = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[".to_string();
    // Each event is text before the next one is made, since there may be a million.
    let mut push = |event: Json| {
        text.push_str(&event.line());
        text.push(',');
    };
    for entry in entries {
        let Some(mark) = world.chart(entry) else {
            continue;
        };
        let row = rows.iter().position(|row| *row == mark.row);
        let row = row.unwrap_or_else(|| {
            rows.push(mark.row.clone());
            rows.len() - 1
        });
        let event = |phase: &str, at: Instant, more: (&'static str, Json)| {
            object(vec![
                ("ph", phase.into()),
                ("name", mark.name.as_str().into()),
                ("cat", mark.category.into()),
                ("pid", 1_u32.into()),
                ("tid", row.into()),
                ("ts", at.as_micros().into()),
                more,
            ])
        };
        match mark.since {
            // Messages in flight overlap, so that they are asynchronous events.
            Some((since, number)) => {
                push(event("b", since, ("id", number.into())));
                push(event("e", entry.at, ("id", number.into())));
            }
            None => push(event("i", entry.at, ("s", "t".into()))),
        }
    }
    for (row, name) in rows.iter().enumerate() {
        push(object(vec![
            ("ph", "M".into()),
            ("name", "thread_name".into()),
            ("pid", 1_u32.into()),
            ("tid", row.into()),
            ("args", object(vec![("name", name.as_str().into())])),
        ]));
    }
    if text.ends_with(',') {
        text.pop();
    }
    text.push_str("]}");
    text
}
