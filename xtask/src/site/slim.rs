//! Scripts and styles of the built page without indentation and comments: a kilobyte or two of the download.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::files_below;

/// Slims every script and style in dist/.
pub(super) fn all(dist: &Path) -> Result<()> {
    for path in files_below(dist)? {
        if path
            .extension()
            .is_some_and(|name| name == "js" || name == "css")
        {
            let text = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            fs::write(&path, slim(&text))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(())
}

/// Lines stay lines, as a script's statements may end with them; neither our files nor wasm-bindgen's have texts of
/// several lines.
fn slim(text: &str) -> String {
    let mut slimmed = String::with_capacity(text.len());
    let mut in_comment = false;
    for line in text.lines().map(str::trim) {
        let begins = line.starts_with("/*") && (line.ends_with("*/") || !line.contains("*/"));
        let comment = in_comment || begins || line.starts_with("//") || line.is_empty();
        if in_comment || begins {
            in_comment = !line.ends_with("*/");
        }
        if !comment {
            slimmed.push_str(line);
            slimmed.push('\n');
        }
    }
    slimmed
}

#[cfg(test)]
mod tests {
    use super::slim;

    #[test]
    fn what_nobody_runs_is_left_out() {
        let text = "/**\n * A word.\n */\nfunction a() {\n    // why\n    return `//${b}`;\n}\n\n/* x */\n/* pure */ c()\n";
        assert_eq!(
            slim(text),
            "function a() {\nreturn `//${b}`;\n}\n/* pure */ c()\n"
        );
    }
}
