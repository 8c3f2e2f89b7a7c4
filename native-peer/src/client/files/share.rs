//! `share`: has the peer share files and folders.

use std::cell::{Cell, RefCell};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::api::Limits;
use chordscope_core::swarm::collection::is_safe_part;
use chordscope_core::swarm::layout::MAX_SEGMENTS;
use clap::Args;
use futures_util::{StreamExt, stream};
use hyper::Method;
use indicatif::ProgressBar;
use tempfile::NamedTempFile;
use tokio::task::spawn_blocking;

use super::bar;
use super::local::{Below, bytes, hash, wrong};
use super::torrent::{Source, Subject, metainfo, web_seed};
use crate::client::connection::{Connection, escape};
use crate::client::{Target, read_status};
use crate::data;
use crate::failure::{Failure, is_full, unwritten};
use crate::files::Hashed;
use crate::output;
use crate::regular_file;
use crate::signals::{self, Stop};
use crate::views::Shared;

/// The path that means standard input.
const STANDARD_INPUT: &str = "-";

#[derive(Debug, Args)]
pub(crate) struct ShareOptions {
    /// Files and folders, which stay where they are; - for standard input, of which the peer keeps a copy
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Share it under this name [default: its own; of standard input, a part of its content id]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Also write a BitTorrent metainfo file of one PATH, with the peer as web seed
    #[arg(long, value_name = "FILE")]
    torrent: Option<PathBuf>,
    #[command(flatten)]
    target: Target,
}

/// The input of a share, once its names were checked.
enum What {
    Input,
    File(PathBuf),
    Folder(PathBuf, Below),
}

impl What {
    /// Returns whether it is known to have no bytes.
    fn is_nothing(&self) -> bool {
        match self {
            Self::Input => false,
            Self::File(path) => bytes(path) == 0,
            Self::Folder(_, below) => below.bytes() == 0,
        }
    }
}

/// The number of files of a folder that are hashed and shared at a time, each over a connection of its own.
const AT_A_TIME: usize = 8;

/// One PATH, and what of it this command has begun to share.
struct Sharing<'a> {
    connection: &'a Connection,
    target: &'a Target,
    stop: Stop,
    json: bool,
    begun: RefCell<Vec<String>>,
}

impl ShareOptions {
    pub(in crate::client) async fn run(&self, json: bool) -> Result<(), Failure> {
        self.check()?;
        let subjects = self.paths.iter().map(|path| self.look_at(path));
        let subjects = subjects.collect::<Result<Vec<_>, _>>()?;
        if self.torrent.is_some() && subjects.iter().all(|(what, _)| what.is_nothing()) {
            let reason = "a metainfo file of nothing is of no use";
            return Err(Failure::usage("--torrent", reason));
        }
        let connection = Connection::open(&self.target).await?;
        let stop = signals::stop()?;
        stop.clone().exit_at_once_when_asked_again();
        for (what, name) in subjects {
            let sharing = Sharing {
                connection: &connection,
                target: &self.target,
                stop: stop.clone(),
                json,
                begun: RefCell::default(),
            };
            let shared = match &what {
                What::Input => sharing.input(name.as_deref()).await,
                What::File(path) => sharing.whole(path, name.as_deref(), Role::Itself).await,
                What::Folder(path, below) => sharing.folder(path, below, name.as_deref()).await,
            };
            let shared = match shared {
                Ok(shared) => shared,
                Err(failure) => {
                    sharing.take_back().await;
                    return Err(failure);
                }
            };
            if let Some(torrent) = &self.torrent {
                let base = gateway(&connection).await?;
                let is_folder = matches!(what, What::Folder(..));
                let seed = web_seed(&base, &shared.content, is_folder);
                let name = name.unwrap_or_default();
                write_torrent(torrent, subject(what, name, seed)?, json)?;
            }
            match json {
                true => output::json(&serde_json::json!({
                    "link": shared.link,
                    "content": shared.content,
                    "bytes": shared.bytes,
                }))?,
                false => output::line(&shared.link)?,
            }
        }
        Ok(())
    }

    /// Checks what can be seen of the flags alone.
    fn check(&self) -> Result<(), Failure> {
        let (is_one, count) = (self.paths.len() == 1, self.paths.len());
        let most = Limits::default().transfers;
        if count > most {
            let reason = format!(
                "a peer shares {most} files and folders by themselves at most, and these are {count}: share a folder that they are in"
            );
            return Err(Failure::usage("PATH", reason));
        }
        if self.torrent.is_some() && !is_one {
            let reason = "a metainfo file is about one PATH: share the others by themselves";
            return Err(Failure::usage("--torrent", reason));
        }
        if self.name.is_some() && !is_one {
            let reason = "a name is that of one PATH: share the others by themselves";
            return Err(Failure::usage("--name", reason));
        }
        let inputs = self.paths.iter();
        let inputs = inputs.filter(|path| *path == Path::new(STANDARD_INPUT));
        let inputs = inputs.count();
        if inputs > 1 {
            let reason = "- is standard input, which can be read once: give it once, ./- for a file of this name";
            return Err(Failure::usage("PATH", reason));
        }
        if self.torrent.is_some() && inputs > 0 {
            let reason = "a metainfo file is about a file or a folder, not standard input";
            return Err(Failure::usage("--torrent", reason));
        }
        if let Some(torrent) = &self.torrent {
            if regular_file::is_standard_output(torrent) {
                let reason = "- is standard output, where the link goes: give a file, ./- for one of this name";
                return Err(Failure::usage("--torrent", reason));
            }
            is_new(torrent).map_err(|error| no_torrent(torrent, &error))?;
        }
        Ok(())
    }

    /// Finds out what a path means, and under which name it goes; standard input may have none.
    fn look_at(&self, path: &Path) -> Result<(What, Option<String>), Failure> {
        if path == Path::new(STANDARD_INPUT) {
            let name = self.name.clone();
            return Ok((What::Input, name.map(checked).transpose()?));
        }
        let whole = fs::canonicalize(path).map_err(|error| wrong(path, &error))?;
        let own = whole.file_name().and_then(|name| name.to_str());
        let name = match (&self.name, own) {
            (Some(name), _) => checked(name.clone())?,
            (None, Some(name)) if is_safe_part(name) => name.to_string(),
            (None, Some(_)) => {
                let reason = "this is no name for a file on every system: --name gives it another";
                return Err(wrong(path, &reason));
            }
            (None, None) => {
                let reason = "this has no name in UTF-8: --name gives it one";
                return Err(wrong(path, &reason));
            }
        };
        if !whole.is_dir() {
            return Ok((What::File(whole), Some(name)));
        }
        let below = Below::of(&whole)?;
        let shown = path.display();
        match (below.files.len(), below.links) {
            (0, 0) => output::note(format_args!("chordscope: {shown} is an empty folder")),
            (0, _) => {
                let reason =
                    "there are only links in it, which are not followed: share what they lead to";
                return Err(wrong(path, &reason));
            }
            (_, 0) => {}
            (_, 1) => output::note(format_args!(
                "chordscope: one link in {shown} is not followed"
            )),
            (_, links) => output::note(format_args!(
                "chordscope: {links} links in {shown} are not followed"
            )),
        }
        Ok((What::Folder(whole, below), Some(name)))
    }
}

/// A name that was given.
fn checked(name: String) -> Result<String, Failure> {
    match is_safe_part(&name) {
        true => Ok(name),
        false => Err(Failure::usage(
            "--name",
            format!("{name:?} is no name for a file on every system: give another"),
        )),
    }
}

/// The role in which a file is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// A file by itself.
    Itself,
    /// A file of a folder.
    Part,
    /// A file that the peer takes over.
    Given,
}

impl Sharing<'_> {
    /// Shares one file.
    async fn whole(&self, path: &Path, name: Option<&str>, role: Role) -> Result<Shared, Failure> {
        let bar = bar(bytes(path), "hashed", self.json);
        let shared = self.file(self.connection, path, name, role, &bar).await;
        bar.finish_and_clear();
        shared
    }

    async fn file(
        &self,
        connection: &Connection,
        path: &Path,
        name: Option<&str>,
        role: Role,
        bar: &ProgressBar,
    ) -> Result<Shared, Failure> {
        let text = path.to_str();
        let text = text.ok_or_else(|| wrong(path, &"the path is not UTF-8"))?;
        let (at, bar) = (path.to_path_buf(), bar.clone());
        let hashing = spawn_blocking(move || hash(&at, &bar));
        let (Hashed { manifest, values }, stamp) = self.unless_stopped(hashing).await??;
        let content = manifest.content().to_string();
        let name = name.unwrap_or(&content[..16]);
        // What blocks come to saves the peer from hashing them again; of a large file it is too much.
        let digests = match values.len() <= MAX_SEGMENTS as usize {
            true => values.into_flattened(),
            false => manifest.encode().to_vec(),
        };
        let mut query = format!("/api/v1/shares?name={}&path={}", escape(name), escape(text));
        if let Some(stamp) = stamp {
            query += &format!("&stamp={stamp}");
        }
        match role {
            Role::Itself => {}
            Role::Part => query += "&part=true",
            Role::Given => query += "&keep=true",
        }
        self.ask(connection, &query, digests).await
    }

    async fn folder(
        &self,
        folder: &Path,
        below: &Below,
        name: Option<&str>,
    ) -> Result<Shared, Failure> {
        let bar = bar(below.bytes(), "hashed", self.json);
        let found = self.parts(below, &bar).await;
        bar.finish_and_clear();
        let mut found = found?.into_iter();
        let nonsense = || self.connection.nonsense();
        let list = below.list(|_| found.next().ok_or_else(nonsense), folder)?;
        let name = escape(name.unwrap_or_default());
        let query = format!("/api/v1/shares?name={name}");
        self.ask(self.connection, &query, list.encode()).await
    }

    /// Shares the files of a folder; gives what each is, and its length. After a failure no further one is begun, and those under way
    /// are waited for.
    async fn parts(
        &self,
        below: &Below,
        bar: &ProgressBar,
    ) -> Result<Vec<(ContentId, u64)>, Failure> {
        let mut connections = Vec::new();
        for _ in 0..AT_A_TIME.min(below.files.len()) {
            connections.push(Connection::open(self.target).await?);
        }
        let has_failed = Cell::new(false);
        let share = async |(path, below): &(PathBuf, String), connection: &Connection| {
            if has_failed.get() {
                return Ok(None);
            }
            let name = below.rsplit('/').next();
            let shared = self.file(connection, path, name, Role::Part, bar).await;
            let found = shared.and_then(|shared| {
                let content = ContentId::parse(&shared.content);
                let content = content.ok_or_else(|| self.connection.nonsense())?;
                Ok(Some((content, shared.bytes)))
            });
            has_failed.set(has_failed.get() || found.is_err());
            found
        };
        // They end in the order in which they begin, so that the next one's connection is free.
        let files = below.files.iter().zip(connections.iter().cycle());
        let each = stream::iter(files).map(|(file, connection)| share(file, connection));
        let outcomes: Vec<_> = each.buffered(AT_A_TIME).collect().await;
        let found = outcomes.into_iter().filter_map(Result::transpose);
        found.collect()
    }

    /// Shares what comes in, of which the peer keeps a copy.
    async fn input(&self, name: Option<&str>) -> Result<Shared, Failure> {
        let fail = |error: io::Error| Failure::failed(format!("standard input: {error}"));
        let folder = data::home()?;
        data::make_private_folder(&folder)?;
        let full = |error: io::Error, folder: &Path| match is_full(&error) {
            true => unwritten(folder, &error),
            false => error,
        };
        let mut draft =
            NamedTempFile::new_in(&folder).map_err(|error| fail(full(error, &folder)))?;
        let reading = spawn_blocking(move || {
            io::copy(&mut io::stdin().lock(), draft.as_file_mut())
                .and_then(|_| draft.as_file().sync_all())
                .map_err(|error| full(error, &folder))?;
            Ok(draft)
        });
        let draft = self.unless_stopped(reading).await?.map_err(fail)?;
        self.whole(draft.path(), name, Role::Given).await
    }

    async fn unless_stopped<T>(&self, work: tokio::task::JoinHandle<T>) -> Result<T, Failure> {
        let mut stop = self.stop.clone();
        tokio::select! {
            done = work => done.map_err(Failure::failed),
            () = stop.asked() => Err(Failure::failed("cancelled; nothing of it is shared")),
        }
    }

    async fn ask(
        &self,
        connection: &Connection,
        query: &str,
        body: Vec<u8>,
    ) -> Result<Shared, Failure> {
        // The peer may have to read a copy that it knows.
        let answer = connection.ask_at_leisure(Method::POST, query, body);
        let shared: Shared = answer.await?.json()?;
        if shared.begun {
            self.begun.borrow_mut().push(shared.content.clone());
        }
        Ok(shared)
    }

    /// All or nothing: what was shared before something went wrong is shared no more.
    async fn take_back(self) {
        for content in self.begun.take() {
            let query = format!("/api/v1/transfers?link={content}");
            // What went wrong is said already.
            let _ = self
                .connection
                .ask(Method::DELETE, &query, Vec::new())
                .await;
        }
    }
}

/// Returns the URL at which others reach the peer's gateway: under the address that it tells them.
async fn gateway(connection: &Connection) -> Result<String, Failure> {
    let status = read_status(connection).await?;
    let address = status.address.unwrap_or_default();
    let base = address.strip_suffix("/ws").unwrap_or(&address);
    // What is ws over HTTP is wss over HTTPS.
    match base.strip_prefix("ws") {
        Some(rest) => Ok(format!("http{rest}")),
        None => Err(connection.nonsense()),
    }
}

fn subject(what: What, name: String, web_seed: String) -> Result<Subject, Failure> {
    let is_folder = matches!(what, What::Folder(..));
    let paths = match what {
        What::Folder(_, below) => below.files,
        What::File(path) => vec![(path, name.clone())],
        What::Input => Vec::new(),
    };
    let mut files = Vec::new();
    for (path, below) in paths {
        let meta = fs::metadata(&path).map_err(|error| wrong(&path, &error))?;
        files.push(Source {
            parts: below.split('/').map(String::from).collect(),
            length: meta.len(),
            path,
        });
    }
    Ok(Subject {
        name,
        files,
        is_folder,
        web_seed,
    })
}

fn write_torrent(to: &Path, subject: Subject, json: bool) -> Result<(), Failure> {
    let total: u64 = subject.files.iter().map(|file| file.length).sum();
    let bar = bar(total, "hashed for BitTorrent", json);
    let made = metainfo(subject, |bytes| bar.inc(bytes)).map_err(|error| {
        Failure::failed(format!(
            "cannot hash what is shared for BitTorrent: {error}"
        ))
    })?;
    bar.finish_and_clear();
    let written = fs::File::create_new(to).and_then(|mut file| file.write_all(&made));
    written.map_err(|error| no_torrent(to, &error))
}

/// Checks that a new file can be made there; what is there stays.
fn is_new(path: &Path) -> io::Result<()> {
    regular_file::check_output(path)?;
    match path.symlink_metadata() {
        Ok(_) => Err(io::Error::other("this exists already: choose another name")),
        Err(_) => Ok(()),
    }
}

fn no_torrent(path: &Path, error: &io::Error) -> Failure {
    Failure::usage("--torrent", format!("{}: {error}", path.display()))
}
