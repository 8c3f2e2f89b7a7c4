//! Folders and small files of a user's peers: where data lies, the token of each, and which peer has which port.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use etcetera::base_strategy::{BaseStrategy, choose_base_strategy};
use serde::{Deserialize, Serialize};
use tempfile::TempPath;

use crate::failure::{Failure, refused};

/// The folder of peers' data: one below it for each port.
pub(crate) fn home() -> Result<PathBuf, Failure> {
    let folders = folders()?;
    // On Windows the one that stays on the machine: no two peers may have the same key.
    let base = match cfg!(windows) {
        true => folders.cache_dir(),
        false => folders.data_dir(),
    };
    Ok(base.join("chordscope"))
}

/// The user's folders: those of the XDG base directory specification, but on Windows.
fn folders() -> Result<impl BaseStrategy, Failure> {
    choose_base_strategy()
        .map_err(|_| Failure::failed("no home folder is known: choose a folder with --data"))
}

/// Returns the folder in which a peer on this port keeps its data unless told otherwise.
pub(crate) fn default_folder(port: u16) -> Result<PathBuf, Failure> {
    Ok(home()?.join(port.to_string()))
}

/// Returns the path that is no folder although this folder, or one below it, is to be there.
pub(crate) fn not_a_folder(path: &Path) -> Option<&Path> {
    let there = path.ancestors().find(|above| above.exists())?;
    (!there.is_dir()).then_some(there)
}

/// Makes a folder that only its owner can look into; one that is there already stays as it is.
pub(crate) fn make_private_folder(path: &Path) -> Result<(), Failure> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| {
        let path = path.display();
        Failure::failed(format!("cannot make the folder {path}: {error}"))
    })
}

/// The token that control of the peer needs; made at the first start.
pub(crate) fn token(folder: &Path) -> Result<String, Failure> {
    let path = folder.join("token");
    if let Ok(token) = read_token(folder) {
        return Ok(token);
    }
    let mut secret = [0_u8; 32];
    getrandom::fill(&mut secret).map_err(Failure::failed)?;
    let token = HEXLOWER.encode(&secret);
    write_private(&path, &token).map_err(|error| Failure::failed(refused(&path, &error)))?;
    Ok(token)
}

fn read_token(folder: &Path) -> io::Result<String> {
    let text = fs::read_to_string(folder.join("token"))?;
    let token = text.trim();
    match token.len() >= 32 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        true => Ok(token.to_string()),
        false => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Replaces a file by one that only its owner can read, in one step.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let (_, draft) = draft_private(path, text)?;
    Ok(draft.persist(path)?)
}

/// As [`write_private`]; the file outlives a failure of the machine.
pub(crate) fn write_private_durably(path: &Path, text: &str) -> io::Result<()> {
    let (file, draft) = draft_private(path, text)?;
    file.sync_all()?;
    draft.persist(path)?;
    // A name is on the disk once its folder is. Other systems open no folders as files.
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// A file beside this one, which goes unless it is given its name.
fn draft_private(path: &Path, text: &str) -> io::Result<(fs::File, TempPath)> {
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let draft = TempPath::try_from_path(draft)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    writeln!(file, "{text}")?;
    Ok((file, draft))
}

/// The data folder of the peer on a port. It lets commands find the token of a peer that was given a folder.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    data: PathBuf,
}

/// Tells commands on this machine about a running peer, as long as it is alive.
#[derive(Debug)]
pub(crate) struct Registered(PathBuf);

impl Drop for Registered {
    fn drop(&mut self) {
        // A file that stays behind does no harm: nothing answers at its port.
        let _ = fs::remove_file(&self.0);
    }
}

/// Registers the peer on a port.
pub(crate) fn register(port: u16, data: &Path) -> Result<Registered, Failure> {
    let folder = registry()?;
    make_private_folder(&folder)?;
    let path = folder.join(format!("{port}.json"));
    let data = data.to_path_buf();
    let text = serde_json::to_string(&Entry { data }).unwrap_or_default();
    write_private(&path, &text)
        .map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
    Ok(Registered(path))
}

/// The ports of registered peers, ascending.
pub(crate) fn registered_ports() -> Vec<u16> {
    let Ok(Ok(entries)) = registry().map(fs::read_dir) else {
        return Vec::new();
    };
    let port = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        name.strip_suffix(".json")?.parse().ok()
    };
    let mut ports: Vec<u16> = entries.flatten().filter_map(port).collect();
    ports.sort_unstable();
    ports
}

/// The token of the peer on a port of this machine.
pub(crate) fn find_token(port: u16) -> Option<String> {
    let registered = || {
        let path = registry().ok()?.join(format!("{port}.json"));
        let entry: Entry = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
        read_token(&entry.data).ok()
    };
    registered().or_else(|| read_token(&default_folder(port).ok()?).ok())
}

fn registry() -> Result<PathBuf, Failure> {
    let runtime = folders().ok().and_then(|folders| folders.runtime_dir());
    match runtime.filter(|folder| folder.is_dir()) {
        Some(folder) => Ok(folder.join("chordscope")),
        None => Ok(home()?.join("running")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_replaced_leaves_no_draft() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::create_dir(&path).unwrap();
        assert!(write_private(&path, "text").is_err());
        assert!(write_private_durably(&path, "text").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_token_is_made_once_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let first = token(folder.path()).unwrap();
        assert_eq!(first.len(), 64);
        assert_eq!(token(folder.path()).unwrap(), first);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let meta = fs::metadata(folder.path().join("token")).unwrap();
            assert_eq!(meta.permissions().mode() & 0o777, 0o600);
        }
        fs::write(folder.path().join("token"), "").unwrap();
        assert_ne!(
            token(folder.path()).unwrap(),
            first,
            "a broken one is replaced"
        );
    }
}
