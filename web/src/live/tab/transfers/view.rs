//! The rows of the table, as the page shows them.

use chordscope_core::base::time::Instant;
use chordscope_core::peer::Peer;
use chordscope_core::swarm::api::{SourceView, TransferView};
use chordscope_core::swarm::bitfield::Bitfield;
use chordscope_core::swarm::collection::{Collection, is_safe_part};
use chordscope_core::swarm::link::Link;

use super::table::{Active, Phase, Row, Table};
use crate::live::talk::{Cell, FileRow, Here, MAX_CELLS, MAX_PARTS, Progress, SourceRow, Transfer};

/// The most sources of a file that the page lists.
const MAX_SOURCES: usize = 8;

/// The rows of a table.
pub(super) fn rows(table: &Table, peer: &Peer, now: Instant) -> Vec<FileRow> {
    let row = |(number, row): (u32, &Row)| {
        let (length, progress) = progress(row, peer, now);
        FileRow {
            number,
            name: row.name.clone(),
            content: row.content(),
            length,
            progress,
        }
    };
    table.rows().map(row).collect()
}

/// The length of a row's file, and how far it is.
fn progress(row: &Row, peer: &Peer, now: Instant) -> (Option<u64>, Progress) {
    let unknown = || Progress::Fetching(Box::default());
    match &row.phase {
        Phase::Reading { length, tally } => {
            let done = tally.amount();
            (Some(*length), Progress::Reading { done })
        }
        Phase::Checking { layout, tally } => {
            let segments = tally.amount() as u32;
            let done = layout.map_or(0, |layout| match segments < layout.count() {
                true => layout.range(segments).start,
                false => layout.length(),
            });
            (
                layout.map(|layout| layout.length()),
                Progress::Checking { done },
            )
        }
        Phase::Opening => (None, unknown()),
        Phase::Active(active) => {
            let view = peer.swarm().view(now, active.content);
            let progress = view.map(|view| {
                let parts = active.parts.iter();
                let parts = parts.filter_map(|part| peer.swarm().view(now, part.content));
                of_active(active, &row.name, view, parts)
            });
            (active.length(), progress.unwrap_or_else(unknown))
        }
        Phase::Failed(reason) => (None, Progress::Failed(reason.to_string())),
    }
}

fn of_active(
    active: &Active,
    name: &str,
    view: TransferView,
    of_parts: impl Iterator<Item = TransferView>,
) -> Progress {
    if !active.is_whole() {
        return Progress::Fetching(Box::new(transfer(view)));
    }
    // A name that is none on other systems would only keep others from fetching.
    let name = is_safe_part(name).then(|| name.to_owned());
    let link = Link {
        content: view.content,
        name,
        length: view.length,
        is_collection: active.is_folder,
    };
    let took = active.took.map(|took| took.as_millis() as u64);
    let rates = of_parts.map(|part| (part.sent, up(&part)));
    let (sent, up) = rates.fold((view.sent, up(&view)), |sum, one| {
        (sum.0 + one.0, sum.1 + one.1)
    });
    let parts = |folder: &Collection| {
        let files = folder.files();
        let shown = files.iter().take(MAX_PARTS);
        (files.len() as u32, shown.cloned().collect())
    };
    Progress::Here(Box::new(Here {
        link: link.to_string(),
        saved: active.saved.as_ref().map(|url| url.as_str().to_owned()),
        took,
        sent,
        up,
        folder: active.folder.as_ref().map(parts),
    }))
}

/// The bytes a second that go out. A rate is smoothed and outlasts what it measures: once no other member of the swarm lacks
/// anything, none go out.
fn up(view: &TransferView) -> u64 {
    let count = view.have.count();
    let lacks = view.sources.iter().any(|source| source.has < count);
    if lacks { view.up } else { 0 }
}

fn transfer(view: TransferView) -> Transfer {
    let mut sources = view.sources;
    sources.retain(|source| source.has > 0);
    sources.sort_by_key(|source| (core::cmp::Reverse(source.down), source.id));
    let row = |source: &SourceView| SourceRow {
        id: source.id,
        has: source.has,
        down: source.down,
    };
    Transfer {
        have: view.have.len(),
        segments: view.length.map(|_| view.have.count()),
        down: if sources.is_empty() { 0 } else { view.down },
        limit: view.limit.to_string(),
        map: map(&view.have, &view.asked),
        sources: sources.iter().take(MAX_SOURCES).map(row).collect(),
    }
}

/// The map of the segments that are here, in at most [`MAX_CELLS`] cells of about as many segments each.
fn map(have: &Bitfield, asked: &[u32]) -> Vec<Cell> {
    let count = u64::from(have.count());
    let cells = count.min(u64::from(MAX_CELLS));
    let start = |cell: u64| (cell * count).div_ceil(cells.max(1)) as u32;
    let cell = |cell| {
        let segments = start(cell)..start(cell + 1);
        let here = segments
            .clone()
            .filter(|index| have.contains(*index))
            .count();
        if here == segments.len() {
            Cell::Here
        } else if here > 0 || asked.iter().any(|index| segments.contains(index)) {
            Cell::Part
        } else {
            Cell::Missing
        }
    };
    (0..cells).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use chordscope_core::base::content::ContentId;
    use chordscope_core::base::id::Id;
    use chordscope_core::swarm::api::Limit;

    use super::*;

    /// A file of two segments with one other peer, which has so many of them.
    fn view(has: Option<u32>) -> TransferView {
        let source = |has| SourceView {
            id: Id::from_u64(1),
            has,
            down: 5,
            up: 5,
            chokes: false,
            is_choked: false,
            asked: 0,
        };
        TransferView {
            content: ContentId::of(b"a"),
            length: Some(2),
            have: Bitfield::all(2),
            asked: Vec::new(),
            down: 7,
            up: 7,
            received: 0,
            sent: 9,
            wasted: 0,
            sources: has.map(source).into_iter().collect(),
            limit: Limit::Network,
        }
    }

    #[test]
    fn no_rate_outlasts_the_last_peer_that_it_goes_to_or_comes_from() {
        assert_eq!(
            [Some(1), Some(2), None].map(|has| up(&view(has))),
            [7, 0, 0]
        );
        let down = |has| transfer(view(has)).down;
        assert_eq!([down(Some(1)), down(None)], [7, 0]);
    }

    #[test]
    fn a_map_has_a_cell_for_each_segment_of_a_short_file() {
        let mut have = Bitfield::none(3);
        have.insert(2);
        let cells = map(&have, &[0]);
        assert_eq!(cells, [Cell::Part, Cell::Missing, Cell::Here]);
        assert!(map(&Bitfield::default(), &[]).is_empty());
    }

    #[test]
    fn the_cells_of_a_long_file_cover_every_segment_once() {
        for count in [128, 129, 300, 1_024, 262_144] {
            assert_eq!(map(&Bitfield::all(count), &[]), vec![Cell::Here; 128]);
            for index in [0, 1, count / 2, count - 1] {
                let mut have = Bitfield::none(count);
                have.insert(index);
                let cells = map(&have, &[]);
                let others = cells.iter().filter(|cell| **cell == Cell::Missing);
                assert_eq!(others.count(), 127, "segment {index} of {count}");
            }
        }
    }
}
