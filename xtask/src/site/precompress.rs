//! A gzipped copy beside each file of the built page that gets smaller by it: a peer sends it as it is.

use std::fs;
use std::io::Write;
use std::path::Path;

use std::num::NonZeroU64;

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use zopfli::{Format, Options};

use super::files_below;

/// The effort of the compressor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    /// As far as zlib goes: in no time.
    Quick,
    /// As far as the format goes, with Zopfli: some seconds for a megabyte, and a twenty-fifth less. Every browser unpacks it.
    Best,
}

/// The ending of a copy's name.
pub(super) const END: &str = ".gz";
/// Files that hold this little fit in the same packet with or without.
const SMALL: usize = 1_000;

/// Compresses every file in dist/, and removes copies of what is not there any more.
pub(super) fn all(dist: &Path, effort: Effort) -> Result<()> {
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
        let smaller = gzipped(&content, effort)?;
        if smaller.len() < content.len() {
            let mut copy = path.into_os_string();
            copy.push(END);
            fs::write(&copy, smaller)
                .with_context(|| format!("cannot write {}", Path::new(&copy).display()))?;
        }
    }
    Ok(())
}

/// The content, compressed.
fn gzipped(content: &[u8], effort: Effort) -> Result<Vec<u8>> {
    if effort == Effort::Quick {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content)?;
        return Ok(encoder.finish()?);
    }
    // Of what 15 iterations gain, the first brings 19 parts of 20.
    let options = Options {
        iteration_count: NonZeroU64::MIN,
        ..Options::default()
    };
    let mut compressed = Vec::new();
    zopfli::compress(options, Format::Gzip, content, &mut compressed)?;
    Ok(compressed)
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
        let noise = gzipped(&noise, Effort::Quick).unwrap();
        fs::write(at("page.js"), "text".repeat(1_000)).unwrap();
        fs::write(at("small.js"), "text").unwrap();
        fs::write(at("picture.png"), &noise).unwrap();
        fs::write(at("gone.js.gz"), "of an earlier build").unwrap();
        for effort in [Effort::Quick, Effort::Best] {
            all(dist.path(), effort).unwrap();
            let mut text = String::new();
            let copy = fs::File::open(at("page.js.gz")).unwrap();
            GzDecoder::new(copy).read_to_string(&mut text).unwrap();
            assert_eq!(text, "text".repeat(1_000));
        }
        let names: Vec<_> = files_below(dist.path())
            .unwrap()
            .into_iter()
            .map(|path| path.file_name().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["page.js", "page.js.gz", "picture.png", "small.js"]);
    }
    #[test]
    fn the_best_takes_less_than_the_quick() {
        let text: String = (0..4_000_u32)
            .map(|line| format!("{} {}\n", line % 97, line * line % 1_009))
            .collect();
        let lengths = [Effort::Best, Effort::Quick]
            .map(|effort| gzipped(text.as_bytes(), effort).unwrap().len());
        assert!(lengths[0] < lengths[1], "{lengths:?}");
    }
}
