//! `verify`.

use std::path::{Path, PathBuf};

use chordscope_core::base::content::ContentId;
use chordscope_core::swarm::collection::{Collection, File};
use clap::Args;

use super::local::{hash, parts, walk};
use super::parse;
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct VerifyOptions {
    /// A file or a folder
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// A link, or a content id
    #[arg(value_name = "LINK")]
    link: String,
}

impl VerifyOptions {
    pub(in crate::client) fn run(&self, json: bool) -> Result<(), Failure> {
        let link = parse(&self.link)?;
        let content = match self.path.is_dir() {
            true => folder_id(&self.path, json)?,
            false => hash(&self.path, json)?.0.manifest.content(),
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
    let mut files = Vec::new();
    for path in walk(folder)? {
        let manifest = hash(&path, json)?.0.manifest;
        files.push(File {
            path: parts(folder, &path)?.join("/"),
            content: manifest.content(),
            length: manifest.layout().length(),
        });
    }
    let list = Collection::new(files).map_err(Failure::failed)?;
    Ok(ContentId::of(&list.encode()))
}
