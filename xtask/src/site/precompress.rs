//! A gzipped copy beside each file of the built page that gets smaller by it: a peer sends it as it is.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::files_below;

/// How the name of a copy ends.
pub(super) const END: &str = ".gz";
/// Files that hold this little fit in the same packet with or without.
const SMALL: usize = 1_000;

/// Compresses every file in dist/, and removes copies of what is not there any more.
pub(super) fn all(dist: &Path) -> Result<()> {
    for path in files_below(dist)? {
        if path.to_string_lossy().ends_with(END) {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    for path in files_below(dist)? {
        let content = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if content.len() < SMALL {
            continue;
        }
        let smaller = gzipped(&content)?;
        if smaller.len() < content.len() {
            let mut copy = path.into_os_string();
            copy.push(END);
            fs::write(&copy, smaller)
                .with_context(|| format!("cannot write {}", Path::new(&copy).display()))?;
        }
    }
    Ok(())
}

/// The content, compressed as far as gzip goes.
pub(super) fn gzipped(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn what_gets_smaller_has_a_copy_beside_it() {
        let dist = tempfile::tempdir().unwrap();
        let at = |name: &str| dist.path().join(name);
        // What has been compressed already gets larger.
        let noise: Vec<u8> = (0..5_000_u32)
            .map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        let noise = gzipped(&noise).unwrap();
        fs::write(at("page.js"), "text".repeat(1_000)).unwrap();
        fs::write(at("small.js"), "text").unwrap();
        fs::write(at("picture.png"), &noise).unwrap();
        fs::write(at("gone.js.gz"), "of an earlier build").unwrap();
        all(dist.path()).unwrap();
        let mut text = String::new();
        let copy = fs::File::open(at("page.js.gz")).unwrap();
        GzDecoder::new(copy).read_to_string(&mut text).unwrap();
        assert_eq!(text, "text".repeat(1_000));
        let names: Vec<_> = files_below(dist.path())
            .unwrap()
            .into_iter()
            .map(|path| path.file_name().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["page.js", "page.js.gz", "picture.png", "small.js"]);
    }
}
