//! Runs as files: the page exports them with their branches and imports them, and so does `chordscope sim run`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::lesson::{lesson_ended, open_ended};
use crate::support::{Page, Result, chordscope, eventually};

/// The saved file whose name begins so, once the browser has written all of it.
async fn saved(folder: &Path, kind: &str) -> Result<(PathBuf, Value)> {
    eventually(&format!("{kind} in the folder"), async || {
        let files = fs::read_dir(folder)?.flatten();
        let mut files = files.filter(|file| {
            let name = file.file_name();
            let name = name.to_string_lossy();
            name.starts_with(kind) && name.ends_with(".json")
        });
        let Some(path) = files.next().map(|file| file.path()) else {
            return Ok(None);
        };
        let read = serde_json::from_str(&fs::read_to_string(&path)?);
        Ok(read.ok().map(|value| (path, value)))
    })
    .await
}

async fn import(page: &Page, path: &Path) -> Result<()> {
    let input = page.by_name("button", "Import").await?;
    Ok(input.send_keys(path.to_string_lossy()).await?)
}

/// The line beside the buttons that says why a file is not opened.
async fn refused(page: &Page, part: &str) -> Result<()> {
    let said = "return document.querySelector('.top [role=alert]')?.innerText ?? ''";
    let mut last = String::new();
    let what = format!("\"{part}\" beside the buttons");
    let waited = eventually(&what, async || {
        page.run(said)
            .await?
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut last);
        Ok(last.contains(part).then_some(()))
    });
    waited
        .await
        .map_err(|error| format!("{error}; it says \"{last}\"").into())
}

async fn digest(page: &Page) -> Result<String> {
    Ok(page.text("status", "Digest").await?.trim().to_owned())
}

/// Runs `chordscope sim run` and returns its digest.
async fn run(arguments: &[&str]) -> Result<String> {
    let said = chordscope(&["sim", "run"], &[arguments, &["--json"]].concat()).await?;
    let answer: Value = serde_json::from_str(&said)?;
    Ok(answer["digest"].as_str().ok_or("no digest")?.to_owned())
}

#[tokio::test]
async fn an_exported_run_has_its_branches_and_digest_here_and_in_the_program() -> Result<()> {
    let (site, page) = open_ended(1280, 800).await?;
    let folder = TempDir::new()?;
    page.save_to(folder.path()).await?;
    page.click("button", "Step back").await?;
    page.fill("spinbutton", "Node id", "7").await?;
    page.click("button", "Insert node").await?;
    page.wait_for_text("log", "Events", "node 7 joins").await?;
    page.click("button", "Step back").await?;
    page.by_name("button", "Play").await?;
    let shown = digest(&page).await?;
    page.click("button", "Export").await?;
    let (path, run_file) = saved(folder.path(), "chordscope-run-lesson-26-").await?;
    assert_eq!(run_file["branches"].as_array().map(Vec::len), Some(2));
    assert_eq!(run(&[&path.to_string_lossy()]).await?, shown);
    page.screenshot("run-exported").await?;
    page.click("button", "Save Chrome trace").await?;
    let (_, trace) = saved(folder.path(), "chordscope-trace-lesson-26-").await?;
    let events = trace["traceEvents"].as_array().ok_or("no events")?;
    assert!(events.len() >= 20, "{} events", events.len());
    // Another page knows nothing of the run before it opens the file.
    let other = Page::open(&format!("{}#/ring", site.url())).await?;
    lesson_ended(&other).await?;
    import(&other, &path).await?;
    other.by_name("combobox", "Branch").await?;
    other.wait_for_text("status", "Digest", &shown).await?;
    other.click("button", "Branch 1: as it began").await?;
    other.by_name("button", "Undo").await?;
    other.assert_no_errors().await?;
    page.assert_no_errors().await?;
    site.assert_no_failures();
    Ok(())
}

#[tokio::test]
async fn what_the_program_exports_opens_on_the_page_and_is_traced_there_too() -> Result<()> {
    let (_site, page) = open_ended(390, 844).await?;
    let folder = TempDir::new()?;
    let (path, trace) = (
        folder.path().join("run.json"),
        folder.path().join("trace.json"),
    );
    let expected = run(&[
        "crash-18",
        "--export",
        &path.to_string_lossy(),
        "--trace",
        &trace.to_string_lossy(),
    ])
    .await?;
    page.click("button", "More").await?;
    import(&page, &path).await?;
    page.wait_for_text("status", "Digest", &expected).await?;
    let overflow =
        "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
    assert_eq!(page.run(overflow).await?, 0);
    let trace: Value = serde_json::from_str(&fs::read_to_string(trace)?)?;
    assert!(
        trace["traceEvents"]
            .as_array()
            .is_some_and(|all| all.len() > 50)
    );
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_file_that_is_no_run_is_refused_beside_the_buttons_and_changes_nothing() -> Result<()> {
    let (_site, page) = open_ended(1280, 800).await?;
    let folder = TempDir::new()?;
    let path = folder.path().join("file.json");
    let good = folder.path().join("good.json");
    run(&["lesson-26", "--export", &good.to_string_lossy()]).await?;
    let good = fs::read_to_string(good)?;
    let before = digest(&page).await?;
    let deep = format!("{}{}", "[".repeat(7_000_000), "]".repeat(7_000_000));
    let long = format!("[0{}]", ",0".repeat(8_000_000));
    let large = " ".repeat((16 << 20) + 1);
    for (text, part) in [
        (
            "",
            "This file cannot be opened: it is no JSON, as it is empty.",
        ),
        ("{\"bits\": 5}", "format: is missing, as in a scenario"),
        (
            &good[..good.len() / 2],
            "This file cannot be opened: it is no JSON, as it ends too early, at line ",
        ),
        (
            &good.replace("\"ring\"", "\"swarm\""),
            "world: must be \"ring\"",
        ),
        (&good.replace("bits=5", "bits=500"), "bits: "),
        (
            &good.replace("\"seed\"", "\"colour\": 1, \"seed\""),
            "unknown field `colour`",
        ),
        (
            &good.replace("\"seed\": 1", "\"seed\": 1.5"),
            "seed: must be a whole number",
        ),
        (&deep, "it is nested too deeply"),
        (&long, "it holds too many values"),
        (&large, "larger than the 16 MiB"),
    ] {
        fs::write(&path, text)?;
        import(&page, &path).await?;
        refused(&page, part).await?;
        assert_eq!(digest(&page).await?, before, "{part}");
        assert!(!page.has("combobox", "Branch").await?, "{part}");
    }
    page.screenshot("run-refused").await?;
    let found = page.violations().await?;
    assert!(found.is_empty(), "{found:#?}");
    // What is done next takes the words away.
    page.click("button", "Step back").await?;
    eventually("no words", async || {
        let none = "return document.querySelector('.top [role=alert]') === null";
        Ok((page.run(none).await? == true).then_some(()))
    })
    .await?;
    page.assert_no_errors().await
}

/// Files by their bytes, made of an exported run, with a part of the reason for which they are refused.
fn variants(good: &str) -> Vec<(Vec<u8>, Option<&'static str>)> {
    let replaced = |old: &str, new: &str| {
        assert!(good.contains(old), "{old}");
        good.replace(old, new).into_bytes()
    };
    let marked = format!("\u{feff}{good}");
    let wide = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let no_text = Some("it is no JSON, as it is not text in UTF-8");
    vec![
        (marked.into_bytes(), None),
        (replaced("\"seed\": 1", "\"seed\": 9007199254740993"), None),
        (
            replaced("\"seed\": 1", "\"seed\": \"9007199254740993\""),
            None,
        ),
        (wide, no_text),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), no_text),
        (
            replaced("\"seed\": 1", "\"seed\": 1, \"seed\": 2"),
            Some("field `seed` is there twice at line "),
        ),
        (
            replaced("\"seed\": 1", "\"seed\": 1e0"),
            Some("seed: must be a whole number"),
        ),
        (
            replaced("\"world\"", "\"\\ud800\": 1, \"world\""),
            Some("it is no JSON at line "),
        ),
        (
            replaced("\"seed\": 1", "\"seed\": nul"),
            Some("it is no JSON at line "),
        ),
        (
            replaced("\"version\": 2", "\"version\": 1"),
            Some("version: is 1, and only 2 is known"),
        ),
    ]
}

#[tokio::test]
async fn the_page_and_the_program_open_and_refuse_the_same_bytes_for_the_same_reason() -> Result<()>
{
    let (_site, page) = open_ended(1280, 800).await?;
    let folder = TempDir::new()?;
    let path = folder.path().join("file.json");
    run(&["crash-18", "--export", &path.to_string_lossy()]).await?;
    let good = fs::read_to_string(&path)?;
    for (bytes, reason) in variants(&good) {
        fs::write(&path, &bytes)?;
        let program = run(&[&path.to_string_lossy()]).await;
        // The next file says something else, or shows another run.
        page.choose("Scenario", "The lesson: lookup(26)").await?;
        import(&page, &path).await?;
        match (program, reason) {
            (Ok(digest), None) => drop(page.wait_for_text("status", "Digest", &digest).await?),
            (Err(said), Some(reason)) => {
                assert!(said.to_string().contains(reason), "{said}");
                refused(&page, reason).await?;
            }
            (program, reason) => panic!("{reason:?}, but the program: {program:?}"),
        }
    }
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_file_that_is_dropped_on_the_page_is_opened() -> Result<()> {
    let (_site, page) = open_ended(1280, 800).await?;
    let folder = TempDir::new()?;
    let path = folder.path().join("run.json");
    let expected = run(&["insert-7", "--export", &path.to_string_lossy()]).await?;
    let text = serde_json::to_string(&fs::read_to_string(path)?)?;
    page.run(&format!(
        "const data = new DataTransfer();
         data.items.add(new File([{text}], 'run.json', {{ type: 'application/json' }}));
         const over = new DragEvent('dragover', {{ dataTransfer: data, bubbles: true, cancelable: true }});
         if (document.body.dispatchEvent(over)) throw new Error('the browser would go to the file');
         window.dropped = new DragEvent('drop', {{ dataTransfer: data, bubbles: true, cancelable: true }});"
    ))
    .await?;
    // Meanwhile the page says what it would do with the file.
    let says = async |words: &str| {
        let seen = "const words = document.querySelector('.app > .drop');
            return getComputedStyle(words).display === 'none' ? '' : words.innerText";
        eventually(&format!("\"{words}\" over the page"), async || {
            Ok((page.run(seen).await? == words).then_some(()))
        })
        .await
    };
    says("Drop the file to open its run.").await?;
    page.screenshot("run-dragged").await?;
    page.click("button", "Light or dark").await?;
    page.screenshot("run-dragged-dark").await?;
    page.run("document.body.dispatchEvent(window.dropped)")
        .await?;
    page.wait_for_text("status", "Digest", &expected).await?;
    says("").await?;
    page.assert_no_errors().await
}
