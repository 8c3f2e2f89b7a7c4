//! A BitTorrent metainfo file of what is shared, with the peer's gateway as web seed: any BitTorrent client can fetch it.
//!
//! The file is a hybrid: version 1 (BEP 3, with the padding files of BEP 47) and version 2 (BEP 52) in one, web seed as in BEP 19.

mod bencode;
mod merkle;

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use sha1::{Digest, Sha1};

use bencode::Value;
use merkle::{BLOCK, Tree};

/// About how many pieces there are.
const WANTED: u64 = 1024;
/// The largest piece; clients do not like larger ones.
const MAX_PIECE: u64 = 16 << 20;

/// The content of the metainfo file.
#[derive(Debug)]
pub(super) struct Subject {
    /// The name of the file, or of the folder.
    pub(super) name: String,
    pub(super) files: Vec<Source>,
    /// True if the files are a folder's.
    pub(super) is_folder: bool,
    /// The URL at which their bytes can be had over HTTP.
    pub(super) web_seed: String,
}

/// A file.
#[derive(Debug)]
pub(super) struct Source {
    /// The parts of its path below the folder; of a single file, its name.
    pub(super) parts: Vec<String>,
    pub(super) path: PathBuf,
    pub(super) length: u64,
}

/// The metainfo file; `hashed` hears of bytes that are done.
pub(super) fn metainfo(mut subject: Subject, hashed: impl Fn(u64)) -> io::Result<Vec<u8>> {
    // BEP 52: version 1 lists the files in the order in which version 2 has them in its tree.
    subject.files.sort_by(|a, b| a.parts.cmp(&b.parts));
    let total: u64 = subject.files.iter().map(|file| file.length).sum();
    let piece = (total / WANTED).next_power_of_two();
    let piece = piece.clamp(BLOCK as u64, MAX_PIECE) as usize;
    let (mut pieces, mut layers, mut tree, mut list) =
        (Vec::new(), Vec::new(), Value::dict(), Vec::new());
    let last = subject.files.len().saturating_sub(1);
    for (number, file) in subject.files.iter().enumerate() {
        let has_next = number < last;
        let hashes = hash(file, piece, has_next, &mut pieces, &hashed)?;
        let mut leaf = Value::dict();
        leaf.set("length", Value::from(file.length));
        if let Some(root) = hashes.root() {
            leaf.set("pieces root", Value::bytes(root));
            if let [_, _, ..] = hashes.layer() {
                layers.push((root, hashes.layer().as_flattened().to_vec()));
            }
        }
        let mut at = &mut tree;
        for part in &file.parts {
            at = at.entry(part);
        }
        at.set("", leaf);
        list.push(listed(file.length, &file.parts, None));
        let padding = file.length.next_multiple_of(piece as u64) - file.length;
        if has_next && padding > 0 {
            let parts = [".pad".to_string(), padding.to_string()];
            list.push(listed(padding, &parts, Some("p")));
        }
    }
    let mut info = Value::dict();
    match subject.is_folder {
        true => info.set("files", Value::List(list)),
        false => info.set("length", Value::from(total)),
    }
    info.set("file tree", tree);
    info.set("meta version", Value::from(2));
    info.set("name", Value::bytes(&subject.name));
    info.set("piece length", Value::from(piece as u64));
    info.set("pieces", Value::bytes(pieces));
    let mut all = Value::dict();
    all.set("created by", Value::bytes("chordscope"));
    all.set("info", info);
    let layers = layers.into_iter();
    let layers = layers.map(|(root, layer)| (root.to_vec(), Value::bytes(layer)));
    all.set("piece layers", Value::Dict(layers.collect()));
    let seeds = vec![Value::bytes(&subject.web_seed)];
    all.set("url-list", Value::List(seeds));
    Ok(all.encode())
}

/// A file, or padding, in version 1's list.
fn listed(length: u64, parts: &[String], attributes: Option<&str>) -> Value {
    let mut file = Value::dict();
    if let Some(attributes) = attributes {
        file.set("attr", Value::bytes(attributes));
    }
    file.set("length", Value::from(length));
    let parts = parts.iter().map(Value::bytes);
    file.set("path", Value::List(parts.collect()));
    file
}

/// Reads a file piece by piece: adds version 1's hashes to a list, and gives version 2's. Version 1 hashes the padding up to
/// the next file, too.
fn hash(
    file: &Source,
    piece: usize,
    has_next: bool,
    pieces: &mut Vec<u8>,
    hashed: &impl Fn(u64),
) -> io::Result<Tree> {
    let mut source = File::open(&file.path)?.take(file.length);
    let mut tree = Tree::new(file.length, piece);
    let mut left = file.length;
    let mut bytes = vec![0; piece];
    while left > 0 {
        let length = usize::try_from(left).map_or(piece, |left| left.min(piece));
        let (now, padding) = bytes.split_at_mut(length);
        source.read_exact(now)?;
        padding.fill(0);
        tree.add(now);
        let whole = if has_next {
            bytes.as_slice()
        } else {
            &bytes[..length]
        };
        pieces.extend_from_slice(&Sha1::digest(whole));
        left -= length as u64;
        hashed(length as u64);
    }
    Ok(tree)
}

/// Returns the URL of the web seed, as it stands in a URL's path.
pub(super) fn web_seed(base: &str, content: &str, is_folder: bool) -> String {
    let end = if is_folder { "/" } else { "" };
    format!("{}/files/{content}{end}", base.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(folder: &tempfile::TempDir, files: &[(&str, usize)]) -> Subject {
        let source = |(name, length): &(&str, usize)| {
            let path = folder.path().join(name.replace('/', "-"));
            std::fs::write(&path, vec![7; *length]).unwrap();
            Source {
                parts: name.split('/').map(String::from).collect(),
                path,
                length: *length as u64,
            }
        };
        Subject {
            name: "things".into(),
            files: files.iter().map(source).collect(),
            is_folder: files.len() > 1,
            web_seed: "http://127.0.0.1:1/files/x/".into(),
        }
    }

    #[test]
    fn a_small_file_has_one_hash_of_each_kind_and_no_layer() {
        let folder = tempfile::tempdir().unwrap();
        let made = metainfo(subject(&folder, &[("one", 5)]), |_| {}).unwrap();
        let text = String::from_utf8_lossy(&made);
        assert!(
            text.starts_with("d10:created by10:chordscope4:infod9:file treed3:oned0:d6:lengthi5e")
        );
        assert!(
            text.contains("12:piece layersde8:url-listl27:http"),
            "{text}"
        );
        assert!(text.contains(
            "6:lengthi5e12:meta versioni2e4:name6:things12:piece lengthi16384e6:pieces20:"
        ));
    }

    #[test]
    fn files_are_in_the_order_of_the_tree_with_padding_between() {
        let folder = tempfile::tempdir().unwrap();
        let files = [("a.txt", 20_000), ("a/b", 3), ("empty", 0)];
        let made = metainfo(subject(&folder, &files), |_| {}).unwrap();
        let text = String::from_utf8_lossy(&made);
        let at = |part: &str| {
            text.find(part)
                .unwrap_or_else(|| panic!("no {part} in {text}"))
        };
        let order = [
            at("d6:lengthi3e4:pathl1:a1:bee"),
            at("d4:attr1:p6:lengthi16381e4:pathl4:.pad5:16381ee"),
            at("d6:lengthi20000e4:pathl5:a.txtee"),
            at("d4:attr1:p6:lengthi12768e"),
            at("d6:lengthi0e4:pathl5:emptyee"),
        ];
        assert!(order.is_sorted(), "{order:?}");
        // One piece of 16 KiB for the first file, two for the second.
        assert!(text.contains("6:pieces60:"));
    }
}
