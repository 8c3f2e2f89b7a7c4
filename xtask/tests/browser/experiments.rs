//! The page of experiments: runs, by pointer and by keyboard, with the numbers of the command line.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::prelude::Key;

use crate::support::{Page, Result, SiteServer, chordscope, eventually};

/// A plan that takes a moment.
const SHORT: &str = "e=latency&seed=3&nodes=64";
/// A plan that takes minutes.
const LONG: &str = "e=failures&seed=1&nodes=100000";

/// A script: whether the plots are as wide as their frame, and no wider.
const FILLED: &str = "
    const right = element => element.getBoundingClientRect().right;
    const plots = [...document.querySelectorAll('#experiments .plot')].map(plot => plot.querySelector(':scope > svg') ?? plot);
    const frame = document.querySelector('#experiments .plots');
    return plots.length > 0 && plots.every(plot => right(plot) <= right(frame) + 1)
        && (plots.at(-1).tagName === 'FIGURE' || Math.abs(right(plots.at(-1)) - right(frame)) <= 1)";

async fn open(site: &SiteServer, query: &str) -> Result<Page> {
    let page = Page::open(&format!("{}#/experiments?{query}", site.url())).await?;
    page.by_name("button", "Run").await?;
    Ok(page)
}

/// Waits until the run that goes on is done.
async fn done(page: &Page) -> Result<()> {
    let done = "return !!document.querySelector('#experiments .caption--done')";
    eventually("the end of the run", async || {
        Ok((page.run(done).await? == true).then_some(()))
    })
    .await
}

/// The file that a button saves.
async fn saved(page: &Page, button: &str, kind: &str) -> Result<String> {
    let folder = TempDir::new()?;
    page.save_to(folder.path()).await?;
    page.click("button", button).await?;
    // It has its name before it has its content, and another file lies beside it until all is written.
    eventually("a saved file", async || {
        let found: Vec<_> = fs::read_dir(folder.path())?.flatten().collect();
        let [only] = found.as_slice() else {
            return Ok(None);
        };
        let path = only.path();
        if path.extension().is_none_or(|end| end != kind) {
            return Ok(None);
        }
        Ok(Some(fs::read_to_string(path)?).filter(|text| !text.is_empty()))
    })
    .await
}

/// The output of the command that the page names.
async fn native(page: &Page) -> Result<Value> {
    let command = page
        .run("return document.querySelector('#experiments .same code').textContent")
        .await?;
    let command = command.as_str().ok_or("no command")?.to_owned();
    let arguments: Vec<&str> = command.split(' ').skip(1).collect();
    Ok(serde_json::from_str(
        &chordscope(&arguments, &["--json"]).await?,
    )?)
}

#[tokio::test]
async fn every_experiment_has_the_numbers_of_the_command_line() -> Result<()> {
    let site = SiteServer::start("/a/").await?;
    let page = open(&site, SHORT).await?;
    for query in [
        "e=path-length&seed=7&nodes=100",
        "e=virtual-nodes&seed=7&nodes=50",
        "e=load&seed=7&nodes=20",
        "e=failures&seed=7&nodes=60",
        "e=churn&seed=7&nodes=12",
        "e=churn&seed=7&nodes=12&crash",
        "e=latency&seed=18446744073709551615&nodes=100",
        "e=swarm&seed=7&nodes=3",
    ] {
        page.run(&format!("location.hash = '#/experiments?{query}'"))
            .await?;
        let seed = query.split('&').nth(1).unwrap_or_default();
        let filled = "return document.getElementById('experiment-seed').value";
        eventually("the address in the controls", async || {
            let value = page.run(filled).await?;
            let value = format!("seed={}", value.as_str().unwrap_or_default());
            Ok((value == seed).then_some(()))
        })
        .await?;
        page.click("button", "Run").await?;
        done(&page).await?;
        let here: Value = serde_json::from_str(&saved(&page, "Download JSON", "json").await?)?;
        let there = native(&page).await?;
        assert_eq!(here, there, "{query}");
        let rows = here["rows"].as_array().ok_or("no rows")?;
        assert!(!rows.is_empty(), "{query}");
        // The table has them too, the paper's below ours.
        let table = page.table("Figures").await?;
        let ours = table.iter().filter(|row| row[1] == "here").count();
        assert_eq!(ours, rows.len(), "{query}");
    }
    page.assert_no_errors().await?;
    site.assert_no_failures();
    Ok(())
}

#[tokio::test]
async fn a_run_by_click_fills_table_plot_and_caption_in_and_its_address_measures_it_again()
-> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&format!("{}#/ring", site.url())).await?;
    page.click("link", "Experiments").await?;
    page.choose("Experiment", "Latency").await?;
    page.fill("spinbutton", "Seed", "5").await?;
    page.wait_for_text("status", "Result", "Press Run").await?;
    page.choose("Size", "another number of nodes").await?;
    page.fill("spinbutton", "Nodes", "128").await?;
    page.click("button", "Run").await?;
    done(&page).await?;
    let first = page.table("Figures").await?;
    assert_eq!(first.len(), 6, "a head and five rows: {first:?}");
    let marks = "return document.querySelectorAll('#experiments .plot > svg .ours .mark').length";
    assert_eq!(page.run(marks).await?, 10, "five rows, two plots");
    let said = page.text("status", "Result").await?;
    assert!(said.contains("65,536 nodes"), "{said}");
    let address = page.run("return location.hash").await?;
    assert_eq!(address, "#/experiments?e=latency&seed=5&nodes=128&run");
    page.reload().await?;
    done(&page).await?;
    assert_eq!(page.table("Figures").await?, first);
    assert_eq!(page.text("status", "Result").await?, said);
    let csv = saved(&page, "Download CSV", "csv").await?;
    assert_eq!(csv.lines().count(), 6, "{csv}");
    page.assert_no_errors().await
}

#[tokio::test]
async fn help_is_behind_a_button_and_a_key_and_single_keys_run_and_change_colours() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = open(&site, SHORT).await?;
    page.click("button", "Help").await?;
    page.by_name("dialog", "How to use this page").await?;
    page.screenshot("experiments-help").await?;
    let found = page.violations().await?;
    assert!(found.is_empty(), "{found:#?}");
    page.click("button", "Close").await?;
    let open = "return document.querySelectorAll('dialog[open]').length";
    eventually("no sheet", async || {
        Ok((page.run(open).await? == 0).then_some(()))
    })
    .await?;
    let press = async |keys: thirtyfour::TypingData| -> Result<()> {
        let body = page.driver().active_element().await?;
        Ok(body.send_keys(keys).await?)
    };
    press("?".into()).await?;
    page.by_name("dialog", "How to use this page").await?;
    press(Key::Escape + "").await?;
    eventually("no sheet", async || {
        Ok((page.run(open).await? == 0).then_some(()))
    })
    .await?;
    let theme = "return document.documentElement.dataset.theme ?? ''";
    let before = page.run(theme).await?;
    press("t".into()).await?;
    assert_ne!(page.run(theme).await?, before);
    // In a field the keys are the field's own.
    page.run("document.getElementById('experiment-seed').focus()")
        .await?;
    press("r".into()).await?;
    let running = "return location.hash.endsWith('run') || !!document.querySelector('#experiments .caption--done')";
    assert_eq!(page.run(running).await?, false);
    page.run("document.activeElement.blur()").await?;
    page.fill("spinbutton", "Seed", "4").await?;
    page.run("document.activeElement.blur()").await?;
    press("r".into()).await?;
    done(&page).await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn the_papers_figures_stand_there_before_a_run_and_the_comparison_after_it() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = open(&site, "").await?;
    let before = page.table("Figures").await?;
    assert_eq!(before.len(), 13, "a head and the paper's sizes: {before:?}");
    page.wait_for_text("status", "Result", "Press Run").await?;
    eventually("plots as wide as their frame", async || {
        Ok((page.run(FILLED).await? == true).then_some(()))
    })
    .await?;
    page.screenshot("experiments-before").await?;
    page.click("button", "Run").await?;
    done(&page).await?;
    let after = page.table("Figures").await?;
    assert_eq!(after.len(), 25, "each of ours above the paper's: {after:?}");
    let said = page.text("status", "Result").await?;
    assert!(
        said.contains("Mean hops: ") && said.contains("the paper’s"),
        "{said}"
    );
    page.screenshot("experiments-path-length").await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_run_is_cancelled_by_keyboard_and_another_one_follows() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = open(&site, LONG).await?;
    // The button is reached from the seed, and pressed by Enter.
    let seed = page.by_name("spinbutton", "Seed").await?;
    seed.click().await?;
    seed.send_keys(Key::Tab + "").await?;
    let focused = "return document.activeElement.textContent";
    assert_eq!(page.run(focused).await?, "Run");
    page.driver()
        .active_element()
        .await?
        .send_keys(Key::Enter + "")
        .await?;
    let bar = page.by_name("progressbar", "Progress").await?;
    eventually("real progress", async || {
        let value = bar.prop("value").await?.unwrap_or_default();
        Ok((value.parse::<f64>()? > 0.0).then_some(()))
    })
    .await?;
    assert_eq!(bar.prop("max").await?.as_deref(), Some("1000"));
    let told = "return document.querySelector('#experiments .run__told').textContent";
    let told = page.run(told).await?;
    assert!(
        told.as_str().is_some_and(|told| told.contains("of 6 rows")),
        "{told}"
    );
    page.screenshot("experiments-running").await?;
    // After the fields and Run, the next stop is Cancel.
    page.driver()
        .active_element()
        .await?
        .send_keys(Key::Tab + "")
        .await?;
    assert_eq!(page.run(focused).await?, "Cancel");
    page.driver()
        .active_element()
        .await?
        .send_keys(Key::Enter + "")
        .await?;
    page.wait_for_text("status", "Result", "Cancelled at")
        .await?;
    assert!(!page.has("progressbar", "Progress").await?);
    assert_eq!(page.run(focused).await?, "Run", "the focus is not lost");
    page.fill("spinbutton", "Nodes", "50").await?;
    let nodes = page.by_name("spinbutton", "Nodes").await?;
    nodes.send_keys(Key::Enter + "").await?;
    done(&page).await?;
    let ours = page.table("Figures").await?;
    assert_eq!(ours.len(), 7, "{ours:?}");
    page.assert_no_errors().await
}

#[tokio::test]
async fn wrong_input_is_said_beside_its_field_in_one_sentence() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = open(&site, "e=swarm&seed=1&nodes=257").await?;
    let alert = "return document.querySelector('#experiments [role=alert]')?.textContent ?? ''";
    let says = async |part: &str| {
        eventually(&format!("\"{part}\""), async || {
            let said = page.run(alert).await?;
            Ok(said
                .as_str()
                .is_some_and(|said| said.contains(part))
                .then_some(()))
        })
        .await
    };
    says("“257” is no number of nodes here: type a whole number from 1 to 256.").await?;
    for (field, text, part) in [
        ("Nodes", "many", "“many” is no number of nodes"),
        ("Seed", "-1", "“-1” is no seed"),
    ] {
        page.fill("spinbutton", field, text).await?;
        page.click("button", "Run").await?;
        says(part).await?;
        let invalid = "return document.activeElement.getAttribute('aria-invalid')";
        assert_eq!(page.run(invalid).await?, "true", "{field} has the focus");
        page.fill("spinbutton", field, "4").await?;
        eventually("no error", async || {
            Ok((page.run(alert).await? == "").then_some(()))
        })
        .await?;
    }
    assert!(!page.has("progressbar", "Progress").await?);
    page.run("location.hash = '#/experiments?e=lord'").await?;
    says("There is no experiment “lord”").await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn nothing_overflows_on_a_phone_and_axe_finds_nothing() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = open(&site, SHORT).await?;
    for experiment in [
        "Path length",
        "Load",
        "Virtual nodes",
        "Failures",
        "Churn",
        "Swarm",
        "Latency",
        "Directories",
        "Freshness",
        "Fallacies",
        "Chord and Kademlia",
    ] {
        page.choose("Experiment", experiment).await?;
        fits_and_is_accessible(&page, experiment).await?;
    }
    page.choose("Size", "another number of nodes").await?;
    page.fill("spinbutton", "Nodes", "64").await?;
    page.click("button", "Run").await?;
    done(&page).await?;
    fits_and_is_accessible(&page, "done").await?;
    page.fill("spinbutton", "Seed", "x").await?;
    page.click("button", "Run").await?;
    fits_and_is_accessible(&page, "wrong").await?;
    let features = json!({ "features": [{ "name": "forced-colors", "value": "active" }] });
    page.devtools("Emulation.setEmulatedMedia", features)
        .await?;
    page.screenshot("experiments-forced").await?;
    let stroke = "const shape = document.querySelector('#experiments .plot > svg .ours .shape');
        return getComputedStyle(shape).fill !== getComputedStyle(document.body).backgroundColor";
    assert_eq!(
        page.run(stroke).await?,
        true,
        "marks are seen in forced colours"
    );
    page.assert_no_errors().await
}

/// In light and dark, wide and narrow.
async fn fits_and_is_accessible(page: &Page, what: &str) -> Result<()> {
    for (width, height) in [(390, 844), (768, 900), (1280, 800)] {
        page.resize(width, height).await?;
        let over =
            "const root = document.documentElement; return root.scrollWidth - root.clientWidth";
        eventually(&format!("{what} that fits {width}"), async || {
            let fits = page.run(over).await? == 0 && page.run(FILLED).await? == true;
            Ok(fits.then_some(()))
        })
        .await?;
        for scheme in ["light", "dark"] {
            let features =
                json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
            page.devtools("Emulation.setEmulatedMedia", features)
                .await?;
            let found = page.violations().await?;
            assert!(found.is_empty(), "{what}, {scheme}, {width}: {found:#?}");
            let name = what.to_lowercase().replace(' ', "-");
            page.screenshot(&format!("experiments-{name}-{width}-{scheme}"))
                .await?;
        }
    }
    Ok(())
}
