//! `share`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::collection::{Collection, File};
use chordscope_core::swarm::layout::MAX_SEGMENTS;
use clap::Args;
use hyper::Method;

use super::bar;
use super::local::{hash, no_text, parts, walk};
use super::torrent::{Source, Subject, metainfo, web_seed};
use crate::client::connection::{Connection, escape};
use crate::client::{Target, read_status};
use crate::failure::Failure;
use crate::files::Hashed;
use crate::output;
use crate::views::Shared;

#[derive(Debug, Args)]
pub(crate) struct ShareOptions {
    /// Files and folders; they stay where they are
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Also write a BitTorrent metainfo file of one PATH, with the peer as web seed
    #[arg(long, value_name = "FILE")]
    torrent: Option<PathBuf>,
    #[command(flatten)]
    target: Target,
}

impl ShareOptions {
    pub(in crate::client) async fn run(&self, json: bool) -> Result<(), Failure> {
        if self.torrent.is_some() && self.paths.len() != 1 {
            let reason = "a metainfo file is about one PATH: share the others by themselves";
            return Err(Failure::usage("--torrent", reason));
        }
        let connection = Connection::open(&self.target).await?;
        for path in &self.paths {
            let wrong = |error: &dyn std::fmt::Display| {
                Failure::usage("PATH", format!("{}: {error}", path.display()))
            };
            let whole = fs::canonicalize(path).map_err(|error| wrong(&error))?;
            let name = whole.file_name().and_then(|name| name.to_str());
            let name = name.ok_or_else(|| wrong(&"this has no name that is text"))?;
            let shared = match whole.is_dir() {
                true => share_folder(&connection, &whole, name, json).await?,
                false => share_file(&connection, &whole, name, false, json).await?,
            };
            if let Some(torrent) = &self.torrent {
                let base = gateway(&connection).await?;
                let seed = web_seed(&base, &shared.content, whole.is_dir());
                write_torrent(torrent, subject(&whole, name, seed)?, json)?;
            }
            match json {
                true => output::json(&shared)?,
                false => output::line(&shared.link)?,
            }
        }
        Ok(())
    }
}

async fn share_file(
    connection: &Connection,
    path: &Path,
    name: &str,
    is_part: bool,
    json: bool,
) -> Result<Shared, Failure> {
    let (Hashed { manifest, values }, stamp) = hash(path, json)?;
    let text = path.to_str();
    let text = text.ok_or_else(|| no_text(path))?;
    // What blocks come to saves the peer from hashing them again; of a large file it is too much.
    let digests = match values.len() <= MAX_SEGMENTS as usize {
        true => values.into_flattened(),
        false => manifest.encode().to_vec(),
    };
    let mut query = format!("/api/v1/shares?name={}&path={}", escape(name), escape(text));
    if let Some(stamp) = stamp {
        query += &format!("&stamp={stamp}");
    }
    if is_part {
        query += "&part=true";
    }
    connection.ask(Method::POST, &query, digests).await?.json()
}

async fn share_folder(
    connection: &Connection,
    folder: &Path,
    name: &str,
    json: bool,
) -> Result<Shared, Failure> {
    let mut files = Vec::new();
    for path in walk(folder)? {
        let parts = parts(folder, &path)?;
        let last = parts.last().map_or(name, String::as_str);
        let shared = share_file(connection, &path, last, true, json).await?;
        let content = ContentId::parse(&shared.content);
        files.push(File {
            path: parts.join("/"),
            content: content.ok_or_else(|| connection.nonsense())?,
            length: shared.bytes,
        });
    }
    let list = Collection::new(files).map_err(Failure::failed)?;
    let query = format!("/api/v1/shares?name={}", escape(name));
    connection
        .ask(Method::POST, &query, list.encode())
        .await?
        .json()
}

/// Where others reach the peer's gateway: under the address that it tells them.
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

fn subject(path: &Path, name: &str, web_seed: String) -> Result<Subject, Failure> {
    let is_folder = path.is_dir();
    let paths = match is_folder {
        true => walk(path)?,
        false => vec![path.to_path_buf()],
    };
    let mut files = Vec::new();
    for file in paths {
        let fail = |error: std::io::Error| Failure::failed(format!("{}: {error}", file.display()));
        files.push(Source {
            parts: match is_folder {
                true => parts(path, &file)?,
                false => vec![name.to_string()],
            },
            length: fs::metadata(&file).map_err(fail)?.len(),
            path: file,
        });
    }
    Ok(Subject {
        name: name.to_string(),
        files,
        is_folder,
        web_seed,
    })
}

fn write_torrent(to: &Path, subject: Subject, json: bool) -> Result<(), Failure> {
    let total: u64 = subject.files.iter().map(|file| file.length).sum();
    if total == 0 {
        return Err(Failure::usage(
            "--torrent",
            "a metainfo file of nothing is of no use",
        ));
    }
    let bar = bar(total, "hashed for BitTorrent", json);
    let made = metainfo(subject, |bytes| bar.inc(bytes)).map_err(|error| {
        Failure::failed(format!(
            "cannot hash what is shared for BitTorrent: {error}"
        ))
    })?;
    bar.finish_and_clear();
    let written = fs::File::create_new(to).and_then(|mut file| file.write_all(&made));
    written.map_err(|error| Failure::usage("--torrent", format!("{}: {error}", to.display())))
}
