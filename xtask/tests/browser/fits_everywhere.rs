//! Every page at every usual size: nothing lies on something else, nothing is cut off, nothing scrolls sideways.

use thirtyfour::prelude::Key;

use crate::lesson::lesson_ended;
use crate::live::join;
use crate::support::{Page, Result, Ring, SiteServer, eventually};

/// Phones, tablets, low and high screens.
const SIZES: [(u32, u32); 17] = [
    (320, 568),
    (360, 640),
    (390, 844),
    (768, 1024),
    (820, 1180),
    (910, 600),
    (960, 700),
    (1024, 768),
    (1100, 800),
    (1180, 820),
    (1280, 650),
    (1280, 720),
    (1280, 800),
    (1366, 768),
    (1440, 900),
    (1920, 1080),
    (2560, 1440),
];

/// A script: the faults of the layout. Texts and controls are examined as far as the frames around them show them: what a scroll bar
/// leads to is not cut off.
const WRONG: &str = r"
    const root = document.querySelector('#home:not([hidden]), #lesson:not([hidden]), #ring:not([hidden]), #swarm:not([hidden]), #directory:not([hidden]), #cap:not([hidden]), #experiments:not([hidden]), #live:not([hidden])');
    const wrong = [];
    const over = document.documentElement.scrollWidth - innerWidth;
    if (over > 0) wrong.push(`the page is ${over} wider than the screen`);
    const told = element => `${element.tagName.toLowerCase()}.${element.className.baseVal ?? element.className}`;
    const hides = element => element.matches('.visually-hidden, option, dialog *, .view__hint *, .view__hint, .track text, .toast');
    const clipped = element => element.closest('h1') && getComputedStyle(element.closest('h1')).clipPath !== 'none';
    const clips = (style, axis) => style[`overflow${axis}`] !== 'visible';
    // What of an area is shown; notes what is cut off for good.
    const shown = (area, element, what) => {
        let { left, top, right, bottom } = area, ellipsis = false;
        for (let around = element; around && around !== document.body; around = around.parentElement) {
            const style = getComputedStyle(around);
            if (style.position === 'fixed') break;
            ellipsis ||= style.textOverflow === 'ellipsis' || around.matches('.view, .digest output, .branches button');
            const frame = around.getBoundingClientRect();
            for (const [axis, from, to] of [['X', 'left', 'right'], ['Y', 'top', 'bottom']]) {
                if (!clips(style, axis) || around === element && around.matches('input, select, textarea')) continue;
                const cut = Math.max(frame[from] - { left, top }[from], { right, bottom }[to] - frame[to]);
                if (style[`overflow${axis}`] === 'hidden' && cut > 1.5 && !ellipsis) {
                    wrong.push(`${what} is cut off by ${Math.round(cut)} in ${told(around)}`);
                }
                if (axis === 'Y' && style.overflowY !== 'hidden' && around.scrollTop === 0 && frame.top - top > 1.5) {
                    wrong.push(`${what} begins above ${told(around)}, which does not scroll there`);
                }
                if (axis === 'X') { left = Math.max(left, frame.left); right = Math.min(right, frame.right); }
                else { top = Math.max(top, frame.top); bottom = Math.min(bottom, frame.bottom); }
            }
        }
        if (getComputedStyle(document.body).overflowY === 'hidden' && bottom > innerHeight + 1) {
            wrong.push(`${what} ends below the screen, which does not scroll`);
        }
        return right - left > 2 && bottom - top > 2 ? { left, top, right, bottom } : null;
    };
    const parts = [];
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const element = node.parentElement;
        if (!node.data.trim() || !element.checkVisibility({ visibilityProperty: true }) || hides(element) || clipped(element)) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        for (const line of range.getClientRects()) {
            const area = shown(line, element, `“${node.data.trim().slice(0, 30)}”`);
            const button = element.closest('button:not(.branches *), .pick, .caption, .card, [role=option]')?.getBoundingClientRect();
            if (area && button && (area.left < button.left + 1 || area.right > button.right - 1)) {
                wrong.push(`“${node.data.trim()}” is wider than its frame`);
            }
            if (area) parts.push([element, area, `“${node.data.trim().slice(0, 30)}”`]);
        }
    }
    const controls = 'button, select, input, textarea, a, .legend svg, .caption, .bar, .ask, .legend';
    for (const element of root.querySelectorAll(controls)) {
        if (!element.checkVisibility({ visibilityProperty: true }) || hides(element) || element.matches('.pick input')) continue;
        if (getComputedStyle(element).display === 'inline') continue;
        const name = element.getAttribute('aria-label') ?? told(element);
        const area = shown(element.getBoundingClientRect(), element, name);
        if (area) parts.push([element, area, name]);
    }
    const deep = (one, other) => {
        const x = Math.min(one.right, other.right) - Math.max(one.left, other.left);
        const y = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
        return Math.min(x, y);
    };
    for (const [at, [one, area, name]] of parts.entries()) {
        for (const [other, its, called] of parts.slice(at + 1)) {
            // The inside of a part lies on it, and so do the lines of one text.
            if (one.contains(other) || other.contains(one)) continue;
            if (deep(area, its) > 3) wrong.push(`${name} lies on ${called}`);
        }
    }
    // What is painted below the legend and below the branches. The live page's members lie elsewhere in each run, and their names with them.
    const canvas = root.querySelector('.view canvas');
    if (root.id === 'ring' && canvas.checkVisibility()) {
        const ratio = canvas.width / canvas.clientWidth, stage = canvas.getBoundingClientRect();
        if (canvas.width !== Math.round(canvas.clientWidth * devicePixelRatio)) return ['not painted yet'];
        const pen = canvas.getContext('2d');
        for (const part of root.querySelectorAll('.legend li, .branches')) {
            const content = document.createRange();
            content.selectNodeContents(part);
            const area = content.getBoundingClientRect();
            const left = Math.max(area.left, stage.left), top = Math.max(area.top, stage.top);
            const width = Math.min(area.right, stage.right) - left, height = Math.min(area.bottom, stage.bottom) - top;
            if (width < 1 || height < 1) continue;
            const image = pen.getImageData((left - stage.left) * ratio, (top - stage.top) * ratio, width * ratio, height * ratio);
            const painted = image.data.some((value, at) => at % 4 === 3 && value > 0);
            if (painted) wrong.push(`the ring is painted below “${part.textContent.slice(0, 30)}”`);
        }
    }
    const bar = root.querySelector('header.top');
    const rows = new Set([...bar.children].filter(part => part.checkVisibility() && !part.matches('.toast'))
        .map(part => part.getBoundingClientRect()).map(area => Math.round((area.top + area.bottom) / 2)));
    if (Math.max(...rows) - Math.min(...rows) > 4) wrong.push(`the bar at the top has rows at ${[...rows]}`);
    return [...new Set(wrong)].slice(0, 12);";

/// Checks a page at all sizes.
async fn fits(page: &Page, what: &str) -> Result<()> {
    fits_at(page, what, &SIZES).await?;
    page.assert_no_errors().await
}

async fn fits_at(page: &Page, what: &str, sizes: &[(u32, u32)]) -> Result<()> {
    let mut faults = Vec::new();
    for &(width, height) in sizes {
        page.resize(width, height).await?;
        page.run("scrollTo(0, 0); return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
            .await?;
        let wrong = eventually("a painted page", async || {
            let wrong: Vec<String> = serde_json::from_value(page.run(WRONG).await?)?;
            Ok((wrong != ["not painted yet"]).then_some(wrong))
        })
        .await?;
        page.screenshot(&format!("fits-{what}-{width}x{height}"))
            .await?;
        faults.extend(
            wrong
                .into_iter()
                .map(|wrong| format!("{width}x{height}: {wrong}")),
        );
    }
    assert!(faults.is_empty(), "{what}: {faults:#?}");
    Ok(())
}

#[tokio::test]
async fn the_home_page_at_its_beginning_and_with_its_longest_texts() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&site.url()).await?;
    page.wait_for_text("status", "Goals", "0 of 3").await?;
    eventually("four figures", async || {
        let figures = "return document.querySelectorAll('.door__figure b').length";
        Ok((page.run(figures).await? == 4).then_some(()))
    })
    .await?;
    fits(&page, "home").await?;
    page.resize(1280, 800).await?;
    page.choose("Node", "28").await?;
    page.click("button", "Look up 26 from 1").await?;
    page.wait_for_text("status", "Goals", "2 of 3").await?;
    fits(&page, "home-found").await?;
    page.resize(1280, 800).await?;
    page.click("button", "Insert node 27").await?;
    page.wait_for_text("status", "Goals", "3 of 3").await?;
    fits(&page, "home-done").await
}

#[tokio::test]
async fn the_ring_page_with_a_lookup_and_with_branches() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&format!("{}#/ring", site.url())).await?;
    lesson_ended(&page).await?;
    page.by_name("button", "Play").await?;
    fits(&page, "ring").await?;
    page.resize(1280, 800).await?;
    for node in ["9", "14"] {
        page.click("button", "Step back").await?;
        page.fill("spinbutton", "Node id", node).await?;
        page.click("button", "Crash node").await?;
    }
    page.by_name("combobox", "Branch").await?;
    fits(&page, "ring-branches").await
}

#[tokio::test]
async fn the_ring_page_with_every_scenario_at_its_end() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&format!("{}#/ring", site.url())).await?;
    page.by_name("button", "Play").await?;
    let names = "return [...document.querySelector('.ask__scenario select').options].map(option => option.text)";
    let names: Vec<String> = serde_json::from_value(page.run(names).await?)?;
    for (at, name) in names.iter().enumerate().skip(1) {
        page.choose("Scenario", name).await?;
        // The longest captions come at the end.
        page.run("document.querySelector('.track input').focus()")
            .await?;
        page.driver()
            .active_element()
            .await?
            .send_keys(Key::End + "")
            .await?;
        let sizes = [(320, 568), (768, 1024), (1024, 768), (1280, 800)];
        fits_at(&page, &format!("scenario-{at}"), &sizes).await?;
        page.resize(1280, 800).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_lesson_at_its_beginning_and_beside_a_figure() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&format!("{}#/lesson", site.url())).await?;
    page.by_name("navigation", "Parts of the lesson").await?;
    fits(&page, "lesson").await?;
    page.run("document.querySelectorAll('#lesson .beside')[3].scrollIntoView()")
        .await?;
    fits(&page, "lesson-figure").await
}

#[tokio::test]
async fn the_directory_page_in_each_of_its_views() -> Result<()> {
    let site = SiteServer::start("/").await?;
    // A moment after a deed.
    let moment = "s=tracker-goes&do=10000000:out,directory&t=14500000";
    let page = Page::open(&format!("{}#/directory?{moment}", site.url())).await?;
    page.wait_for_text("status", "Result", "The central directory was taken out")
        .await?;
    fits(&page, "directory").await?;
    page.resize(1280, 800).await?;
    page.click("button", "Chord beside Kademlia").await?;
    fits(&page, "directory-beside").await?;
    page.resize(1280, 800).await?;
    page.click("button", "Exercise").await?;
    page.click("button", "DNS, distributed: yes").await?;
    page.click("button", "Compare with ours").await?;
    fits(&page, "directory-exercise").await
}

#[tokio::test]
async fn the_consistency_page_with_both_levels_and_with_a_step_of_the_build_up() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let address = format!("{}#/cap?s=last-copy&t=13500000&sel=4", site.url());
    let page = Page::open(&address).await?;
    page.wait_for_text("status", "Judgement", "not linearizable")
        .await?;
    fits(&page, "cap").await?;
    page.resize(1280, 800).await?;
    page.run("location.hash = '#/cap?s=lost-message&t=5000000'")
        .await?;
    page.wait_for_text("status", "Judgement", "A message for each write")
        .await?;
    fits(&page, "cap-step").await
}

#[tokio::test]
async fn the_page_of_experiments_before_and_after_a_run() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&format!("{}#/experiments", site.url())).await?;
    page.by_name("button", "Run").await?;
    fits(&page, "experiments").await?;
    for query in [
        "e=latency&seed=3&nodes=64&run",
        "e=churn&seed=3&nodes=12&run",
    ] {
        page.run(&format!("location.hash = '#/experiments?{query}'"))
            .await?;
        let done = "return !!document.querySelector('#experiments .caption--done') && location.hash.endsWith('run')";
        eventually("the end of the run", async || {
            Ok((page.run(done).await? == true).then_some(()))
        })
        .await?;
        fits(&page, &format!("experiments-{}", &query[2..7])).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_live_page_outside_and_inside_a_ring() -> Result<()> {
    let site = SiteServer::start("/").await?;
    let page = Page::open(&format!("{}#/live", site.url())).await?;
    page.wait_for_text("status", "Connection", "not joined")
        .await?;
    let sizes = [
        (320, 568),
        (390, 844),
        (768, 1024),
        (1024, 768),
        (1280, 650),
    ];
    page.fill("textbox", "Peer address", &site.url()).await?;
    page.click("button", "Join ring").await?;
    page.wait_for_text("status", "Connection", "no peer at")
        .await?;
    fits_at(&page, "live-refused", &sizes).await?;
    let ring = Ring::start(3).await?;
    let page = Page::open(&format!("{}#/live", ring.url())).await?;
    page.wait_for_text("status", "Connection", "not joined")
        .await?;
    fits(&page, "live").await?;
    page.resize(1280, 800).await?;
    join(&page).await?;
    page.wait_for_text("status", "Connection", "its relays")
        .await?;
    fits(&page, "live-joined").await
}
