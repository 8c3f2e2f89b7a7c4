//! The reasons why a content is not shared or fetched, each a sentence for its user.

use std::io;
use std::path::PathBuf;

use chordscope_core::swarm::api::StartError;
use chordscope_core::swarm::collection::CollectionError;
use thiserror::Error;
use tokio::task::JoinError;

use super::MAX_LIST;

/// The reason why a content is not shared or fetched.
#[derive(Debug, Error)]
pub(crate) enum Refused {
    /// The path of a file to share is not absolute.
    #[error("the path must be absolute")]
    RelativePath,
    /// The path of the folder to fetch to is not absolute.
    #[error("the folder must be absolute")]
    RelativeFolder,
    /// The folder to fetch to, or one above it, is a file.
    #[error("{} is a file: give a folder with --output", .0.display())]
    NotAFolder(PathBuf),
    /// A name that some system takes for something else.
    #[error("{0:?} is no name for a {1} on every system")]
    Name(String, &'static str),
    /// Such a name in a link.
    #[error("{0:?} in the link is no name for a file on every system")]
    LinkName(String),
    /// A link of a folder tells of a longer list than there may be.
    #[error(
        "the link's length, len={0}, is more than the {MAX_LIST} bytes that a folder's list of files may have: leave it out if it is wrong"
    )]
    LongList(u64),
    /// The content is being fetched to another place.
    #[error(
        "it is being fetched already, to {}: wait for that, or cancel it with `chordscope unshare`",
        .0.display()
    )]
    BeingFetched(PathBuf),
    /// Another content is being fetched to the same place.
    #[error("something else is being fetched to {}: choose another folder", .0.display())]
    Taken(PathBuf),
    /// Another file lies at the place.
    #[error(
        "{} is there already, and is something else: move it away, or choose another folder",
        .0.display()
    )]
    SomethingElse(PathBuf),
    /// A file is not what was hashed.
    #[error("the digests are not of this file: it has changed meanwhile")]
    Changed,
    /// The check of what the last run left does not end.
    #[error("checking what is there took too long")]
    SlowCheck,
    /// The driver has ended, or does not answer.
    #[error("the peer is stopping, or too busy to answer")]
    Stopping,
    /// The disk refuses a file.
    #[error("{}: {error}", path.display())]
    At { path: PathBuf, error: io::Error },
    /// A file of a folder cannot be fetched.
    #[error("{}: {problem}", path.display())]
    Part { path: PathBuf, problem: String },
    /// The disk has no room for a file.
    #[error(transparent)]
    Full(io::Error),
    /// A file cannot be made where it is to be.
    #[error("{0}: choose another folder with --output")]
    Unwritable(io::Error),
    /// The disk refuses what the peer keeps for itself.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A list of files is none.
    #[error(transparent)]
    Collection(#[from] CollectionError),
    /// The core does not begin the transfer.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A task on the disk was ended.
    #[error(transparent)]
    Task(#[from] JoinError),
}
