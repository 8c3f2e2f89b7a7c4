//! The style sheets of all pages as one file: apart they take a kilobyte and a half more, and four requests.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::names::{mention, with_digest};

/// The beginning of a link to a style sheet, and its end, as Trunk writes them.
const LINK: [&str; 2] = ["<link rel=\"stylesheet\" href=\"./", "/>"];

/// The name of all sheets together, before it has a digest in it.
const JOINED: &str = "style.css";

/// Joins the style sheets that index.html names, in its order, and names the one that they become.
pub(super) fn join(dist: &Path) -> Result<()> {
    let page = dist.join("index.html");
    let text = fs::read_to_string(&page).context("cannot read index.html")?;
    let (mut rest, mut style) = (String::new(), String::new());
    let mut parts = text.split(LINK[0]);
    rest.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (link, after) = part
            .split_once(LINK[1])
            .context("a link in index.html has no end")?;
        let name = link.split('"').next().unwrap_or_default();
        let path = dist.join(name);
        let sheet = fs::read_to_string(&path).with_context(|| format!("Trunk left no {name}"))?;
        fs::remove_file(&path).with_context(|| format!("cannot remove {name}"))?;
        style.push_str(&sheet);
        rest.push_str(after.trim_start());
    }
    let name = with_digest(JOINED, style.as_bytes());
    fs::write(dist.join(&name), style).with_context(|| format!("cannot write {name}"))?;
    // The page that needs no script has the name that all sheets have together.
    mention(dist, JOINED, &name)?;
    let link = format!("{}{name}\"{}\n</head>", LINK[0], LINK[1]);
    fs::write(&page, rest.replacen("</head>", &link, 1)).context("cannot write index.html")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheets_become_one_in_their_order() {
        let dist = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(dist.path().join(name), text).unwrap();
        write("b-1.css", "b {}\n");
        write("a-2.css", "a {}\n");
        write(
            "index.html",
            "<head>\n<link rel=\"stylesheet\" href=\"./b-1.css\" data-x/>\n<link rel=\"stylesheet\" href=\"./a-2.css\"/>\n<title>T</title></head><body>",
        );
        join(dist.path()).unwrap();
        let page = fs::read_to_string(dist.path().join("index.html")).unwrap();
        let name = page.split("href=\"./").nth(1).unwrap().split('"').next();
        let style = fs::read_to_string(dist.path().join(name.unwrap())).unwrap();
        assert_eq!(style, "b {}\na {}\n");
        assert_eq!(page.matches("<link").count(), 1, "{page}");
        assert!(page.contains("<title>T</title>") && page.ends_with("</head><body>"));
        assert!(!dist.path().join("a-2.css").exists());
    }
}
