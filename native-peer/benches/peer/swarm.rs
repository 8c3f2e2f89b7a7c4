//! Benchmark of files from peer to peer, beside programs that do the same: `cargo xtask bench swarm`.
//!
//! Every program runs as real processes on loopback, one for each peer, takes turns with the others, and has to deliver the
//! file byte for byte. A time is from telling the first peer to fetch until the last one says that it has the file.

mod aria2;
mod child;
mod chordscope;
mod contest;
mod hashing;
mod libtorrent;
mod options;
mod rqbit;
mod sendme;
mod tracker;
mod verdict;

use std::time::Duration;

use serde_json::json;

use crate::{Outcome, limit};
use contest::{Contest, Race};
use options::Options;

/// The time for which the WebSocket library and hashing are measured.
const MEASURE: Duration = Duration::from_secs(3);

pub(crate) fn run() -> Outcome<()> {
    let options = Options::parse();
    let say = |text: String| {
        if !options.json {
            println!("{text}");
        }
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let socket = runtime.block_on(limit::socket_rate(MEASURE))?;
    say(format!(
        "one WebSocket on loopback, 64 KiB messages, no protocol: {socket:.0} MiB/s"
    ));
    let hashing = hashing::measure(MEASURE);
    say(format!(
        "hashing segments: {:.0} MiB/s, {:.0} % of what blake3 does alone\n",
        hashing.segments,
        hashing.share() * 100.0
    ));
    let mut races = Vec::new();
    for (leechers, mib) in options.races() {
        let race = Race { leechers, mib };
        say(format!("{race}"));
        let scores = Contest::new(&options, race)?.run(&say)?;
        say(verdict::table(&scores));
        races.push(json!({
            "leechers": leechers,
            "mib_each": mib,
            "scores": scores.iter().map(contest::Scores::to_json).collect::<Vec<_>>(),
            "asked": verdict::asked(race, &scores).iter().map(verdict::Asked::to_json).collect::<Vec<_>>(),
        }));
        for asked in verdict::asked(race, &scores) {
            say(asked.to_string());
        }
        say(String::new());
    }
    if options.json {
        let result = json!({
            "websocket_mib_s": socket,
            "hashing_mib_s": hashing.segments,
            "hashing_share_of_blake3": hashing.share(),
            "races": races,
        });
        println!("{result}");
    }
    Ok(())
}
