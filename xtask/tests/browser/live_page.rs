//! A tab as a member of a real ring: joined by clicking, spoken to by the page and by the command line.

use thirtyfour::TypingData;
use thirtyfour::prelude::Key;

use crate::live::{get, join, leave, name_of, open, put, rejoined, suggested};
use crate::support::{Page, Result, Ring, SiteServer, eventually, free_ports};

#[tokio::test]
async fn a_tab_joins_a_real_ring_and_shares_values_with_it() -> Result<()> {
    let ring = Ring::start(1).await?;
    let page = open(&ring).await?;
    let id = join(&page).await?;
    assert_eq!(id.len(), 40, "{id}");
    put(&page, "from-the-tab", "hello ring").await?;
    let got = ring.command(&["get", "from-the-tab"]).await?;
    assert_eq!(got.trim_end(), "hello ring");
    ring.command(&["put", "from-outside", "hello tab"]).await?;
    get(&page, "from-outside", "hello tab").await?;
    page.click("button", "Delete").await?;
    page.wait_for_text("status", "Answer", "deleted").await?;
    get(&page, "from-outside", "no such name").await?;
    page.click("button", "Look up").await?;
    page.wait_for_text("status", "Answer", "is responsible")
        .await?;
    let hops = page.table("Hops").await?;
    assert_eq!(hops[1][2], "this tab", "{hops:?}");
    page.table_with("Peers", |peers| {
        peers.len() == 2 && peers[1][0].contains("relay, predecessor, successor 1")
    })
    .await?;
    page.wait_for_text("log", "Events", "member of the ring")
        .await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_tab_answers_for_its_keys_through_its_relays() -> Result<()> {
    let ring = Ring::start(3).await?;
    let page = open(&ring).await?;
    let id = join(&page).await?;
    page.wait_for_text("status", "Connection", "its relays")
        .await?;
    let name = name_of(&ring, &id).await?;
    ring.command(&["put", &name, "kept by a tab"]).await?;
    page.wait_for_text("list", "Records", &name).await?;
    page.wait_for_text("list", "Records", "answers for it")
        .await?;
    let got = ring.command(&["get", &name]).await?;
    assert_eq!(got.trim_end(), "kept by a tab");
    get(&page, &name, "kept by a tab").await?;
    // Two relays, one peer behind them.
    page.table_with("Peers", |peers| {
        let through = peers.iter().filter(|row| row[0].contains("through"));
        through.count() == 1
    })
    .await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn two_tabs_reach_one_another() -> Result<()> {
    let ring = Ring::start(2).await?;
    let (one, other) = (open(&ring).await?, open(&ring).await?);
    let id = join(&one).await?;
    join(&other).await?;
    let name = name_of(&ring, &id).await?;
    put(&other, &name, "from tab to tab").await?;
    one.wait_for_text("list", "Records", &name).await?;
    get(&one, &name, "from tab to tab").await?;
    one.assert_no_errors().await?;
    other.assert_no_errors().await
}

#[tokio::test]
async fn a_reloaded_tab_is_the_same_peer_and_a_duplicate_is_another() -> Result<()> {
    let ring = Ring::start(1).await?;
    let page = open(&ring).await?;
    let id = join(&page).await?;
    put(&page, "kept", "over a reload").await?;
    page.reload().await?;
    assert_eq!(rejoined(&page).await?, id);
    get(&page, "kept", "over a reload").await?;
    // A window that a page opens starts with a copy of its session storage, as a duplicated tab does.
    page.run("open(location.href)").await?;
    page.switch_to_other_window().await?;
    // The duplicate has joined nothing.
    assert_ne!(join(&page).await?, id);
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_reloaded_tab_waits_until_the_page_before_has_let_go_of_its_secret() -> Result<()> {
    let ring = Ring::start(1).await?;
    let page = open(&ring).await?;
    let id = join(&page).await?;
    let held = "return navigator.locks.query().then(locks => locks.held.map(lock => lock.name))";
    let held: Vec<String> = serde_json::from_value(page.run(held).await?)?;
    // Another window is next in the queue for the lock, and keeps the page waiting for it a while: as the page before does, where the
    // browser is busy.
    let name = held.first().ok_or("no lock")?;
    let window = page.hide().await?;
    page.run(&format!(
        "const after = time => new Promise(done => setTimeout(done, time));
         const awaited = async () => (await navigator.locks.query()).pending.length > 0;
         navigator.locks.request('{name}', async () => {{
             while (!await awaited()) await after(20);
             await after(2_000);
         }})"
    ))
    .await?;
    page.driver().switch_to_window(window).await?;
    page.reload().await?;
    assert_eq!(rejoined(&page).await?, id);
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_tab_that_has_left_its_ring_stays_outside_over_a_reload() -> Result<()> {
    let ring = Ring::start(1).await?;
    let page = open(&ring).await?;
    join(&page).await?;
    leave(&page).await?;
    page.reload().await?;
    page.wait_for_text("status", "Connection", "not joined")
        .await?;
    page.by_name("button", "Join ring").await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_tab_finds_its_records_again_without_any_ring() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let ring = Ring::allowing(site.url().trim_end_matches('/')).await?;
    let port = ring.port();
    let url = format!("{}?peer=http://127.0.0.1:{port}#/live", site.url());
    let page = Page::open(&url).await?;
    join(&page).await?;
    put(&page, "in-a-file", "of the browser").await?;
    page.wait_for_text("list", "Records", "in-a-file").await?;
    drop(ring);
    page.wait_for_text("status", "Connection", "Trying again")
        .await?;
    page.driver().refresh().await?;
    page.wait_for_text("status", "Connection", "not joined")
        .await?;
    page.wait_for_text("list", "Records", "in-a-file").await?;
    Ok(())
}

#[tokio::test]
async fn a_tab_leaves_and_joins_again() -> Result<()> {
    let ring = Ring::start(1).await?;
    let page = open(&ring).await?;
    let id = join(&page).await?;
    put(&page, "left-behind", "still here").await?;
    page.click("button", "Leave ring").await?;
    page.wait_for_text("status", "Connection", "not joined")
        .await?;
    let alone = async || {
        let status = ring.command(&["status", "--json"]).await?;
        Ok((!status.contains(&id)).then_some(()))
    };
    eventually("the ring without the tab", alone).await?;
    let got = ring.command(&["get", "left-behind"]).await?;
    assert_eq!(got.trim_end(), "still here");
    assert_eq!(join(&page).await?, id);
    page.assert_no_errors().await
}

#[tokio::test]
async fn what_goes_wrong_is_explained_in_its_place() -> Result<()> {
    let site = SiteServer::start("/a/b/").await?;
    let page = Page::open(&format!("{}#/live", site.url())).await?;
    page.click("button", "Join ring").await?;
    let error = "return document.getElementById('live-address-error')?.innerText";
    let shown = async || {
        let said = page.run(error).await?;
        Ok(said.to_string().contains("such as http://").then_some(()))
    };
    eventually("what an address looks like", shown).await?;
    page.click("button", "Get").await?;
    let error = "return document.getElementById('live-name-error')?.innerText";
    let shown = async || Ok(page.run(error).await?.is_string().then_some(()));
    eventually("that a name is missing", shown).await?;
    site.assert_no_failures();
    // Nobody listens there: a browser notes that in its console, too.
    page.fill("textbox", "Peer address", "ws://127.0.0.1:9")
        .await?;
    page.click("button", "Join ring").await?;
    page.wait_for_text("status", "Connection", "chordscope ring --web dist")
        .await?;
    page.by_name("button", "Join ring").await?;
    Ok(())
}

#[tokio::test]
async fn a_tab_waits_for_a_ring_that_its_peer_looks_for() -> Result<()> {
    let port = free_ports(1)?;
    let peer = Ring::peer(Some(&format!("http://127.0.0.1:{port}/"))).await?;
    let page = open(&peer).await?;
    page.click("button", "Join ring").await?;
    page.wait_for_text("status", "Connection", "joining…")
        .await?;
    let _ring = Ring::peer_at(port).await?;
    page.wait_for_text("status", "Connection", "joined as ")
        .await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_page_from_elsewhere_is_told_how_to_be_let_in() -> Result<()> {
    let ring = Ring::start(1).await?;
    let site = SiteServer::start("/").await?;
    let port = ring.port();
    let url = format!("{}#/live?peer=ws%3A%2F%2F127.0.0.1%3A{port}", site.url());
    let page = Page::open(&url).await?;
    page.click("button", "Join ring").await?;
    let origin = site.url();
    let option = format!("--allow-origin {}", origin.trim_end_matches('/'));
    page.wait_for_text("status", "Connection", &option).await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_tab_stays_a_member_while_the_ring_page_shows() -> Result<()> {
    let ring = Ring::start(1).await?;
    let page = Page::open(&format!("{}#/ring", ring.url())).await?;
    page.wait_for_text("status", "Result", "1 → 18 → 20 → 21 → 28")
        .await?;
    page.click("link", "Live").await?;
    let id = join(&page).await?;
    page.click("link", "Ring").await?;
    page.by_name("status", "Result").await?;
    ring.command(&["put", "meanwhile", "it works"]).await?;
    page.click("link", "Live").await?;
    page.wait_for_text("status", "Connection", &id).await?;
    get(&page, "meanwhile", "it works").await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_page_proposes_the_peer_that_serves_it_and_no_other_host() -> Result<()> {
    const FIELD: &str = "
        const field = document.getElementById('live-address');
        return document.querySelector('.welcome code')?.textContent.includes('--allow-origin') && [field.value, field.placeholder]";
    let ring = Ring::start(1).await?;
    let own = ring.url();
    let page = Page::open(&format!("{own}#/live")).await?;
    assert_eq!(suggested(&page).await?, own.trim_end_matches('/'));
    page.assert_no_errors().await?;
    for folder in ["/", "/a/"] {
        let site = SiteServer::start(folder).await?;
        page.goto(&format!("{}#/live", site.url())).await?;
        // Only once the page knows that no peer serves it, it says how to let it in.
        let field = eventually("a page that knows where it comes from", async || {
            let seen = page.run(FIELD).await?;
            Ok(seen.is_array().then_some(seen))
        })
        .await?;
        let expected = serde_json::json!(["", "e.g. http://127.0.0.1:7340"]);
        assert_eq!(field, expected, "{folder}");
        page.assert_no_errors().await?;
        site.assert_no_failures();
    }
    let site = SiteServer::start("/").await?;
    let origin = site.url().trim_end_matches('/').to_owned();
    page.goto(&format!("{origin}/#/live")).await?;
    page.fill("textbox", "Peer address", &origin).await?;
    page.click("button", "Join ring").await?;
    let there =
        format!("There is no peer at {origin}: the server there has the files of this page");
    page.wait_for_text("status", "Connection", &there).await?;
    page.goto(&format!("{origin}/?peer={own}#/live")).await?;
    assert_eq!(suggested(&page).await?, own);
    Ok(())
}

#[tokio::test]
async fn the_live_page_fits_a_phone_and_a_dark_room() -> Result<()> {
    let ring = Ring::start(1).await?;
    let page = Page::open_sized(&format!("{}#/live", ring.url()), 390, 844).await?;
    page.by_name("status", "Connection").await?;
    page.wait_for_text("status", "Connection", "not joined")
        .await?;
    page.screenshot("live-phone-empty").await?;
    join(&page).await?;
    put(&page, "greeting", "hello").await?;
    page.click("button", "Look up").await?;
    page.wait_for_text("status", "Answer", "is responsible")
        .await?;
    let overflow = "return document.documentElement.scrollWidth - innerWidth";
    for (name, width, height) in [("live-phone", 390, 844), ("live-light", 1280, 800)] {
        page.resize(width, height).await?;
        let wide = page.run(overflow).await?.as_i64();
        assert!(wide.is_some_and(|wide| wide <= 0), "it scrolls sideways");
        let below = "scrollTo(0, 0);
            return document.querySelector('.app .connection').getBoundingClientRect().bottom - innerHeight";
        let below = page.run(below).await?.as_f64();
        assert!(below.is_some_and(|below| below <= 0.0), "{name}: {below:?}");
        page.screenshot(name).await?;
        page.click("button", "Light or dark").await?;
        page.screenshot(&format!("{name}-dark")).await?;
        page.click("button", "Light or dark").await?;
    }
    page.assert_no_errors().await
}

/// Counts the frames that the page asks for from now on, and notes for each frame that the browser paints when that was and how many
/// had been asked for.
async fn count_frames(page: &Page) -> Result<()> {
    const COUNT: &str = "window.frames_asked = 0;
        window.painted = [];
        window.frame = requestAnimationFrame.bind(window);
        window.requestAnimationFrame = call => { frames_asked += 1; return frame(call); };
        const note = time => { painted.push([time, frames_asked]); frame(note); };
        frame(note)";
    page.run(COUNT).await?;
    Ok(())
}

/// Waits until the page asks for few frames while the browser paints sixty: few for the time that takes, as what the page knows
/// changes some times a second, and by no means all of them.
async fn rests(page: &Page) -> Result<()> {
    const MEANWHILE: &str = "return new Promise(done => {
            const before = frames_asked, since = performance.now();
            const wait = left => left
                ? frame(() => wait(left - 1))
                : done([frames_asked - before, (performance.now() - since) / 1000]);
            wait(60);
        })";
    eventually("a page that rests", async || {
        let (asked, seconds): (f64, f64) = serde_json::from_value(page.run(MEANWHILE).await?)?;
        let is_quiet = asked < 15.0 || asked < 4.0 * seconds && asked < 45.0;
        Ok(is_quiet.then_some(()))
    })
    .await
}

/// A script that returns the longest time, in milliseconds, for which the page has asked in each frame for the next one.
const MOVED: &str = "let longest = 0, since = null;
    painted.forEach(([time, asked], index) => {
        if (!index || asked === painted[index - 1][1]) since = null;
        else longest = Math.max(longest, time - (since ??= painted[index - 1][0]));
    });
    return longest";

#[tokio::test]
async fn the_page_paints_while_a_lookup_is_shown_and_rests_otherwise() -> Result<()> {
    let ring = Ring::start(3).await?;
    let page = open(&ring).await?;
    join(&page).await?;
    count_frames(&page).await?;
    rests(&page).await?;
    let name = name_of(&ring, ring.id()).await?;
    page.fill("textbox", "Name", &name).await?;
    page.run("painted = []").await?;
    page.click("button", "Look up").await?;
    // However many frames that is on this machine.
    eventually("a lookup that moves", async || {
        let moved = page.run(MOVED).await?.as_f64();
        Ok(moved.filter(|moved| *moved >= 500.0))
    })
    .await?;
    rests(&page).await?;
    page.assert_no_errors().await
}

#[tokio::test]
async fn a_key_opens_the_help_of_the_live_page_and_another_closes_it() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&format!("{}#/live", site.url())).await?;
    page.by_name("button", "Join ring").await?;
    let press = async |keys: TypingData| -> Result<()> {
        Ok(page
            .driver()
            .active_element()
            .await?
            .send_keys(keys)
            .await?)
    };
    press("?".into()).await?;
    page.by_name("dialog", "How to use this page").await?;
    let found = page.violations().await?;
    assert!(found.is_empty(), "{found:#?}");
    press(Key::Escape + "").await?;
    // The browser closes it in its own time, and gives the focus back then.
    let is_open = "return document.querySelector('.app dialog').open";
    eventually("that the sheet is closed", async || {
        Ok((page.run(is_open).await? == false).then_some(()))
    })
    .await?;
    press("/".into()).await?;
    // In a field keys are letters.
    press("what?".into()).await?;
    let name = "return document.getElementById('live-name').value";
    eventually("what was typed", async || {
        Ok((page.run(name).await? == "what?").then_some(()))
    })
    .await?;
    assert_eq!(page.run(is_open).await?, false);
    page.assert_no_errors().await
}
