//! Benchmark of the return of a peer that was away: `cargo xtask bench repair`.
//!
//! Real peers, each a process. One is killed, values are put, it comes back; measured are the bytes of values that it takes in until it
//! holds all that it should, how long lookups take meanwhile, and which links ended. Then it is killed and started once more
//! without the others: what it has then was on its disk.

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
mod http;
mod ring;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Outcome;
use crate::repair::http::Client;
use crate::repair::ring::Ring;

/// The time for which lookups are measured while nothing else happens.
const QUIET: Duration = Duration::from_secs(5);
/// The number of puts under way at a time.
const WRITERS: usize = 4;
/// The period in which the returned peer is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// The options of the measurement.
struct Options {
    json: bool,
    peers: usize,
    values: usize,
    bytes: usize,
    /// Another program than the one just built, to compare with.
    program: PathBuf,
    /// The longest time for the return.
    patience: Duration,
}

impl Options {
    fn read() -> Outcome<Self> {
        let mut options = Self {
            json: false,
            peers: 4,
            values: 2_000,
            bytes: 60_000,
            program: env!("CARGO_BIN_EXE_chordscope").into(),
            patience: Duration::from_secs(300),
        };
        let mut arguments = std::env::args().skip(2);
        while let Some(argument) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .ok_or_else(|| format!("{argument} needs a value"))
            };
            match argument.as_str() {
                "--json" => options.json = true,
                "--peers" => options.peers = value()?.parse()?,
                "--values" => options.values = value()?.parse()?,
                "--bytes" => options.bytes = value()?.parse()?,
                "--program" => options.program = value()?.into(),
                "--patience" => options.patience = Duration::from_secs(value()?.parse()?),
                // What cargo adds.
                "--bench" => {}
                other => return Err(format!("what is {other}?").into()),
            }
        }
        Ok(options)
    }
}

pub(crate) fn run() -> Outcome<()> {
    let options = Options::read()?;
    let results = measure(&options)?;
    if options.json {
        println!("{results}");
    }
    Ok(())
}

fn measure(options: &Options) -> Outcome<Value> {
    let say = |text: &str| {
        if !options.json {
            println!("{text}");
        }
    };
    let mut ring = Ring::start(&options.program, options.peers)?;
    let returner = options.peers - 1;
    ring.kill(returner)?;
    ring.settle()?;
    say(&format!(
        "{} peers, one of them away: {} values of {} bytes are put",
        options.peers, options.values, options.bytes
    ));
    let began = now();
    put_all(&ring, options)?;
    let took = began.elapsed().as_secs_f64();
    say(&format!(
        "puts: {:.0} a second",
        options.values as f64 / took
    ));

    let quiet = lookups(&ring, &AtomicBool::new(false), Some(QUIET))?;
    let wanted = ring.kept_by(returner, options.values);
    ring.start_again(returner)?;
    let done = AtomicBool::new(false);
    let (returned, busy) = std::thread::scope(|scope| {
        let busy = scope.spawn(|| lookups(&ring, &done, None));
        let returned = watch(&ring, returner, wanted, options.patience);
        done.store(true, Ordering::Relaxed);
        (
            returned,
            busy.join()
                .unwrap_or_else(|_| Err("a thread has failed".into())),
        )
    });
    let measured = Measured {
        wanted,
        returned: returned?,
        quiet,
        busy: busy?,
        closed: ring.closed()?,
        on_disk: ring.on_disk(returner)?,
    };
    if !options.json {
        measured.print(options);
    }
    Ok(measured.json(options))
}

/// The outcome of a measurement.
struct Measured {
    wanted: usize,
    returned: Returned,
    /// The durations of lookups before the return, and beside it, in milliseconds, in order of size.
    quiet: Vec<f64>,
    busy: Vec<f64>,
    closed: Value,
    on_disk: usize,
}

impl Measured {
    /// In MB/s of values.
    fn rate(&self, options: &Options) -> f64 {
        let megabytes = (self.returned.records * options.bytes) as f64 / 1e6;
        megabytes / self.returned.filling.as_secs_f64()
    }

    fn print(&self, options: &Options) {
        let Returned {
            records,
            whole,
            filling,
        } = &self.returned;
        println!(
            "back: {records} of {} values within {:.1} s of the first: {:.1} MB/s; all {:.1} s after its start; {} on its disk",
            self.wanted,
            filling.as_secs_f64(),
            self.rate(options),
            whole.as_secs_f64(),
            self.on_disk,
        );
        for (name, times) in [("before", &self.quiet), ("beside", &self.busy)] {
            println!(
                "lookups {name}: {} of them, p50 {:.2} ms, p99 {:.2} ms",
                times.len(),
                percentile(times, 50),
                percentile(times, 99)
            );
        }
        println!("links that ended: {}", self.closed);
    }

    fn json(&self, options: &Options) -> Value {
        json!({
            "peers": options.peers,
            "values": options.values,
            "bytes": options.bytes,
            "wanted": self.wanted,
            "returned": self.returned.records,
            "on_disk": self.on_disk,
            "seconds": self.returned.filling.as_secs_f64(),
            "megabytes_per_second": self.rate(options),
            "lookup_before_p50_ms": percentile(&self.quiet, 50),
            "lookup_before_p99_ms": percentile(&self.quiet, 99),
            "lookup_beside_p50_ms": percentile(&self.busy, 50),
            "lookup_beside_p99_ms": percentile(&self.busy, 99),
            "links_closed": self.closed,
        })
    }
}

/// The one place that reads the clock.
#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark measures time, and has no clock of a peer"
)]
fn now() -> Instant {
    Instant::now()
}

fn put_all(ring: &Ring, options: &Options) -> Outcome<()> {
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                scope.spawn(move || -> Outcome<()> {
                    let mut client = ring.client(0)?;
                    for number in (writer..options.values).step_by(WRITERS) {
                        let value = vec![number as u8; options.bytes];
                        client.put(&ring::name(number), &value)?;
                    }
                    Ok(())
                })
            })
            .collect();
        for writer in writers {
            writer.join().map_err(|_| "a thread has failed")??;
        }
        Ok(())
    })
}

/// The state of the peer that came back.
struct Returned {
    records: usize,
    /// From its start to the last value.
    whole: Duration,
    /// From its first value to the last.
    filling: Duration,
}

fn watch(ring: &Ring, returner: usize, wanted: usize, patience: Duration) -> Outcome<Returned> {
    let began = now();
    let mut client = ring.client(returner)?;
    let mut first = None;
    loop {
        let records = client.records()?;
        if records > 0 && first.is_none() {
            first = Some(now());
        }
        let is_over = began.elapsed() > patience;
        if records >= wanted || is_over {
            return Ok(Returned {
                records,
                whole: began.elapsed(),
                filling: first.unwrap_or(began).elapsed(),
            });
        }
        std::thread::sleep(LOOK);
    }
}

/// Measures how long lookups take through the interface of the first peer, in milliseconds, in order of size.
fn lookups(ring: &Ring, done: &AtomicBool, for_how_long: Option<Duration>) -> Outcome<Vec<f64>> {
    let mut client: Client = ring.client(0)?;
    let (began, mut times) = (now(), Vec::new());
    while !done.load(Ordering::Relaxed) && for_how_long.is_none_or(|long| began.elapsed() < long) {
        let sent = now();
        client.lookup(&format!("key {}", times.len()))?;
        times.push(sent.elapsed().as_secs_f64() * 1_000.0);
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

fn percentile(times: &[f64], percent: usize) -> f64 {
    let at = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(at).copied().unwrap_or(f64::NAN)
}
