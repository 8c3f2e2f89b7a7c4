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
        let content = match self.path.is_dir() {
            true => folder_id(&self.path, json)?,
            false => {
                let bar = bar(bytes(&self.path), "hashed", json);
                let content = hash(&self.path, &bar)?.0.manifest.content();
                bar.finish_and_clear();
                content
            }
        };
        if content != link.content {
            let path = self.path.display();
            return Err(Failure::failed(format!(
                "{path} is not what the link means: it is {content}"
            )));
        }
        match json {
            true => output::json(&serde_json::json!({ "content": content.to_string() })),
            false => output::line(&format!("{} is what the link means", self.path.display())),
        }
    }
}

/// The id that a folder would have if it were shared.
fn folder_id(folder: &Path, json: bool) -> Result<ContentId, Failure> {
    let below = Below::of(folder)?;
    let bar = bar(below.bytes(), "hashed", json);
    let find = |path: &Path| {
        let manifest = hash(path, &bar)?.0.manifest;
        Ok((manifest.content(), manifest.layout().length()))
    };
    let list = below.list(find, folder)?;
    bar.finish_and_clear();
    Ok(ContentId::of(&list.encode()))
}
