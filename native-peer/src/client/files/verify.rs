//! `verify`: checks a file or folder against a link.

use std::path::{Path, PathBuf};

use chordscope_core::base::content::ContentId;
use clap::Args;

use super::local::{Below, bytes, hash};
use super::{bar, parse};
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct VerifyOptions {
    /// A file or a folder
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// A link, or a content id
    #[arg(value_name = "LINK", allow_negative_numbers = true)]
    link: String,
}

impl VerifyOptions {
    pub(in crate::client) fn run(&self, json: bool) -> Result<(), Failure> {
        let link = parse(&self.link)?;
        let (content, length) = match self.path.is_dir() {
            true => folder_list(&self.path, json)?,
            false => {
                let bar = bar(bytes(&self.path), "hashed", json);
                let manifest = hash(&self.path, &bar)?.0.manifest;
                bar.finish_and_clear();
                (manifest.content(), manifest.layout().length())
            }
        };
        let path = self.path.display();
        if content != link.content {
            return Err(Failure::failed(format!(
                "{path} is not what the link means: it is {content}"
            )));
        }
        // Only the content id is proof. A length that is another one was not written by `share`.
        if let Some(said) = link.length.filter(|said| *said != length) {
            let what = match self.path.is_dir() {
                true => "the list of its files",
                false => "it",
            };
            return Err(Failure::failed(format!(
                "{path} has the link's content id, but the link says len={said}, and {what} has {length} bytes: the link is wrong"
            )));
        }
        match json {
            true => output::json(&serde_json::json!({ "content": content.to_string() })),
            false => output::line(&format!("{path} is what the link means")),
        }
    }
}

/// The id that a folder would have if it were shared, and the length of the list of its files, which it is that of.
fn folder_list(folder: &Path, json: bool) -> Result<(ContentId, u64), Failure> {
    let below = Below::of(folder)?;
    let bar = bar(below.bytes(), "hashed", json);
    let find = |path: &Path| {
        let manifest = hash(path, &bar)?.0.manifest;
        Ok((manifest.content(), manifest.layout().length()))
    };
    let list = below.list(find, folder)?;
    bar.finish_and_clear();
    let list = list.encode();
    Ok((ContentId::of(&list), list.len() as u64))
}
