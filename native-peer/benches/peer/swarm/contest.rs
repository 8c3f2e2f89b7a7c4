//! Turns of all programs over one file.

use std::fmt;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Outcome;
use crate::swarm::child::Child;
use crate::swarm::options::Options;
use crate::swarm::{aria2, chordscope, libtorrent, rqbit, sendme};

/// The task that every program has in a race.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Race {
    pub(crate) leechers: u16,
    pub(crate) mib: u32,
}

impl fmt::Display for Race {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1 seed, {} × {} MiB", self.leechers, self.mib)
    }
}

/// One turn: the file, and a folder for everything else.
pub(crate) struct Turn<'a> {
    pub(crate) file: &'a Path,
    pub(crate) folder: &'a Path,
    pub(crate) leechers: u16,
}

impl Turn<'_> {
    /// A fresh folder for a peer.
    pub(crate) fn place(&self, name: &str) -> Outcome<PathBuf> {
        let place = self.folder.join(name);
        fs::create_dir_all(&place)?;
        Ok(place)
    }

    pub(crate) fn seed_folder(&self) -> &Path {
        self.file.parent().unwrap_or(self.folder)
    }

    /// The moment to measure from. A virtual machine may have to get memory from its host, page by page, when it is used first; so as much
    /// as all leechers will write was used just before, whoever's turn it is.
    pub(crate) fn start(&self) -> Outcome<Instant> {
        let warm = self.folder.join("warm");
        let length = fs::metadata(self.file)?.len() * u64::from(self.leechers);
        let bytes = vec![7; 1 << 20];
        let mut file = File::create(&warm)?;
        for _ in 0..length.div_ceil(1 << 20) {
            file.write_all(&bytes)?;
        }
        drop(file);
        fs::remove_file(warm)?;
        Ok(now())
    }

    /// Returns the path at which a leecher puts the file.
    pub(crate) fn target(&self, leecher: u16) -> Outcome<PathBuf> {
        self.place(&format!("leecher-{leecher}"))
    }
}

/// The outcome of a turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Score {
    pub(crate) time: Duration,
    /// Of the process that had most.
    pub(crate) peak_mib: u64,
    /// The number of copies that the seed sent, where it tells.
    pub(crate) copies: Option<f64>,
}

/// The turn of a program that ends by itself once it has the file.
pub(crate) fn one_to_one(
    turn: &Turn<'_>,
    seed: &mut Child,
    leecher: &mut Command,
) -> Outcome<Score> {
    let start = turn.start()?;
    let mut leecher = Child::start(leecher)?;
    leecher.wait()?;
    Ok(Score {
        time: start.elapsed(),
        peak_mib: leecher.peak_mib().max(seed.peak_mib()),
        copies: None,
    })
}

/// All turns of a program.
pub(crate) struct Scores {
    pub(crate) name: &'static str,
    /// MiB/s that arrive at all leechers together; the median.
    pub(crate) rate: f64,
    pub(crate) peak_mib: u64,
    pub(crate) copies: Option<f64>,
}

impl Scores {
    fn of(name: &'static str, race: Race, turns: &[Score]) -> Self {
        let total = f64::from(race.mib) * f64::from(race.leechers);
        let median = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied()
        };
        let rates = turns.iter().map(|turn| total / turn.time.as_secs_f64());
        Self {
            name,
            rate: median(rates.collect()).unwrap_or(0.0),
            peak_mib: turns.iter().map(|turn| turn.peak_mib).max().unwrap_or(0),
            copies: median(turns.iter().filter_map(|turn| turn.copies).collect()),
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "mib_s": self.rate,
            "peak_mib": self.peak_mib,
            "seed_copies": self.copies,
        })
    }
}

type Play = Box<dyn Fn(&Turn<'_>) -> Outcome<Score>>;

pub(crate) struct Contest {
    race: Race,
    rounds: u32,
    folder: tempfile::TempDir,
    programs: Vec<(&'static str, Play)>,
}

impl Contest {
    pub(crate) fn new(options: &Options, race: Race) -> Outcome<Self> {
        let folder = match &options.folder {
            Some(folder) => tempfile::tempdir_in(folder)?,
            None => tempfile::tempdir()?,
        };
        let mut programs: Vec<(&'static str, Play)> =
            vec![("chordscope", Box::new(chordscope::play))];
        let is_alone = race.leechers == 1;
        if let Some(python) = options.libtorrent.clone() {
            let play = libtorrent::play;
            programs.push(("libtorrent", Box::new(move |turn| play(&python, turn))));
            if let Some(program) = options.aria2.clone().filter(|_| is_alone) {
                let python = options.libtorrent.clone().unwrap_or_default();
                let play = aria2::play;
                programs.push(("aria2", Box::new(move |turn| play(&program, &python, turn))));
            }
        }
        if let Some(program) = options.rqbit.clone().filter(|_| is_alone) {
            programs.push(("rqbit", Box::new(move |turn| rqbit::play(&program, turn))));
        }
        if let Some(program) = options.sendme.clone().filter(|_| is_alone) {
            programs.push(("sendme", Box::new(move |turn| sendme::play(&program, turn))));
        }
        Ok(Self {
            race,
            rounds: options.rounds(),
            folder,
            programs,
        })
    }

    /// Runs the turns of all programs, one after the other, so that a busy machine is as busy for all.
    pub(crate) fn run(&self, say: &impl Fn(String)) -> Outcome<Vec<Scores>> {
        let seed = self.folder.path().join("seed");
        fs::create_dir(&seed)?;
        let file = seed.join("file.bin");
        fill(&file, self.race.mib)?;
        let mut turns = vec![Vec::new(); self.programs.len()];
        for round in 0..self.rounds {
            for ((name, play), turns) in self.programs.iter().zip(&mut turns) {
                let folder = self.folder.path().join(format!("{name}-{round}"));
                fs::create_dir(&folder)?;
                let turn = Turn {
                    file: &file,
                    folder: &folder,
                    leechers: self.race.leechers,
                };
                let score = play(&turn).map_err(|error| format!("{name}: {error}"))?;
                check(&turn).map_err(|error| format!("{name}: {error}"))?;
                fs::remove_dir_all(&folder)?;
                say(format!("  {name}: {:.2} s", score.time.as_secs_f64()));
                turns.push(score);
            }
        }
        let names = self.programs.iter().map(|(name, _)| *name);
        let scores = names.zip(&turns);
        Ok(scores
            .map(|(name, turns)| Scores::of(name, self.race, turns))
            .collect())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where this benchmark reads the clock"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Bytes that nothing can compress or guess.
fn fill(path: &Path, mib: u32) -> Outcome<()> {
    let mut file = File::create(path)?;
    let mut stream = blake3::Hasher::new().finalize_xof();
    let mut bytes = vec![0; 1 << 20];
    for _ in 0..mib {
        stream.fill(&mut bytes);
        file.write_all(&bytes)?;
    }
    // Nobody is to wait for it later.
    Ok(file.sync_all()?)
}

fn check(turn: &Turn<'_>) -> Outcome<()> {
    let wanted = digest(turn.file)?;
    let name = turn.file.file_name().ok_or("the file has no name")?;
    for leecher in 0..turn.leechers {
        let target = turn.target(leecher)?.join(name);
        let found = digest(&target).map_err(|error| format!("{}: {error}", target.display()))?;
        if found != wanted {
            return Err(format!("{} is another file", target.display()).into());
        }
    }
    Ok(())
}

fn digest(path: &Path) -> Outcome<blake3::Hash> {
    let (mut file, mut hasher) = (File::open(path)?, blake3::Hasher::new());
    let mut bytes = vec![0; 1 << 20];
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok(hasher.finalize()),
            read => hasher.update(&bytes[..read]),
        };
    }
}
