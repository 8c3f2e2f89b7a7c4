//! Benchmark of a relay.
//!
//! A real `chordscope peer` relays. Its users are tabs in all but name: core peers that cannot be dialed, here behind
//! native sockets, so that the relay is what is measured and not a browser.

mod member;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chordscope_core::base::contact::Address;
use chordscope_core::peer::Reach;
use serde_json::{Value, json};

use crate::{Outcome, limit};
use member::{Manner, Member};

/// The time for which each rate is measured.
const MEASURE: Duration = Duration::from_secs(4);
/// The time for which each rate is measured that is compared with another.
const TURN: Duration = Duration::from_millis(1_500);
/// The number of such turns with and without a tab that misbehaves.
const TURNS: usize = 9;
/// Round trips for each percentile.
const PINGS: usize = 2_000;

pub(crate) fn run() -> Outcome<()> {
    let json = std::env::args().any(|argument| argument == "--json");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let results = runtime.block_on(measure(json))?;
    if json {
        println!("{results}");
    }
    Ok(())
}

/// A `chordscope peer` with a folder of its own; both go with it.
struct RelayProcess {
    child: Child,
    address: Address,
    _folder: tempfile::TempDir,
}

impl RelayProcess {
    fn start() -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let mut child = Command::new(env!("CARGO_BIN_EXE_chordscope"))
            .args(["peer", "--listen", "127.0.0.1:0", "--json", "--data"])
            .arg(folder.path().join("peer"))
            .env("XDG_DATA_HOME", folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("the peer has no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line)?;
        let url = ready["address"].as_str().ok_or("the peer has no address")?;
        Ok(Self {
            child,
            address: Address::parse_url(url)?,
            _folder: folder,
        })
    }
}

impl Drop for RelayProcess {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn measure(quiet: bool) -> Outcome<Value> {
    let say = |text: String| {
        if !quiet {
            println!("{text}");
        }
    };
    let limit = limit::socket_rate(MEASURE).await?;
    say(format!(
        "one WebSocket on loopback, 64 KiB messages, no protocol: {limit:.0} MiB/s\n"
    ));
    say("tabs  native → relay → tab  tab → relay → tab   round trip p50      p99".into());
    let mut rows = Vec::new();
    for tabs in [1, 4, 16] {
        let row = at_once(tabs).await?;
        say(format!(
            "{tabs:>4}  {:>14.0} MiB/s  {:>11.0} MiB/s  {:>11.2} ms  {:>6.2} ms",
            row.from_native, row.from_tab, row.p50, row.p99
        ));
        rows.push(json!({
            "tabs": tabs,
            "native_to_tab_mib_s": row.from_native,
            "tab_to_tab_mib_s": row.from_tab,
            "round_trip_p50_ms": row.p50,
            "round_trip_p99_ms": row.p99,
        }));
    }
    say("\n16 honest tabs beside one that misbehaves, of their rate without it".into());
    let mut shares = Vec::new();
    for manner in [Manner::Slow, Manner::Deaf, Manner::Flooding] {
        let share = beside(manner).await?;
        say(format!("{:<10} {:>4.0} %", manner.name(), share * 100.0));
        shares.push(json!({ "beside": manner.name(), "share": share }));
    }
    Ok(json!({ "websocket_mib_s": limit, "rows": rows, "fairness": shares }))
}

struct Row {
    from_native: f64,
    from_tab: f64,
    p50: f64,
    p99: f64,
}

async fn tabs(relay: &RelayProcess, count: usize, manner: Manner) -> Outcome<Vec<Member>> {
    let mut members = Vec::new();
    for _ in 0..count {
        members.push(Member::join(Reach::Relayed, &relay.address, manner).await?);
    }
    Ok(members)
}

/// Rates in MiB/s over all tabs together, and round trips while nothing else happens.
async fn at_once(count: usize) -> Outcome<Row> {
    let relay = RelayProcess::start()?;
    let receivers = tabs(&relay, count, Manner::Honest).await?;
    let senders = tabs(&relay, count, Manner::Honest).await?;
    let native = Member::join(Reach::Direct, &relay.address, Manner::Honest).await?;
    for (sender, receiver) in senders.iter().zip(&receivers) {
        sender.reach(receiver).await?;
        native.reach(receiver).await?;
    }
    let mut trips = native.round_trips(&receivers[0], PINGS).await?;
    trips.sort_by(f64::total_cmp);
    let pairs: Vec<_> = receivers
        .iter()
        .map(|receiver| (&native, receiver))
        .collect();
    let from_native = rate(&pairs, MEASURE).await;
    let pairs: Vec<_> = senders.iter().zip(&receivers).collect();
    let from_tab = rate(&pairs, MEASURE).await;
    Ok(Row {
        from_native,
        from_tab,
        p50: trips[trips.len() / 2],
        p99: trips[trips.len() * 99 / 100],
    })
}

/// MiB/s that arrive at all receivers together, once all senders are at full speed.
async fn rate(pairs: &[(&Member, &Member)], measure: Duration) -> f64 {
    for (sender, receiver) in pairs {
        sender.stream_to(receiver);
    }
    // Windows open and sockets fill before it counts.
    tokio::time::sleep(measure / 4).await;
    let total = || {
        pairs
            .iter()
            .map(|(_, receiver)| receiver.received())
            .sum::<u64>()
    };
    let (before, start) = (total(), tokio::time::Instant::now());
    tokio::time::sleep(measure).await;
    let bytes = total() - before;
    let rate = bytes as f64 / start.elapsed().as_secs_f64() / f64::from(1 << 20);
    for (sender, _) in pairs {
        sender.stop();
    }
    tokio::time::sleep(measure / 4).await;
    rate
}

/// Measures the share of their rate that 16 honest tabs keep beside one that misbehaves.
async fn beside(manner: Manner) -> Outcome<f64> {
    let relay = RelayProcess::start()?;
    let receivers = tabs(&relay, 8, Manner::Honest).await?;
    let senders = tabs(&relay, 8, Manner::Honest).await?;
    let victim = Member::join(Reach::Relayed, &relay.address, Manner::Honest).await?;
    let culprit = Member::join(Reach::Relayed, &relay.address, manner).await?;
    for (sender, receiver) in senders.iter().zip(&receivers) {
        sender.reach(receiver).await?;
    }
    victim.reach(&culprit).await?;
    let pairs: Vec<_> = senders.iter().zip(&receivers).collect();
    let mut shares = Vec::new();
    // By short turns, as the machine may be busy with other things.
    for _ in 0..TURNS {
        let without = rate(&pairs, TURN).await;
        culprit.misbehave(true);
        // One that floods would take its fair share of a stream besides, and that is no harm to the others.
        if manner != Manner::Flooding {
            victim.stream_to(&culprit);
        }
        let with = rate(&pairs, TURN).await;
        culprit.misbehave(false);
        victim.stop();
        shares.push(with / without);
    }
    shares.sort_by(f64::total_cmp);
    Ok(shares[shares.len() / 2])
}
