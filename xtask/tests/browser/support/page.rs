//! A page open in a Chromium of its own.

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use thirtyfour::common::command::{Command, ExtensionCommand};
use thirtyfour::error::WebDriverErrorInner;
use thirtyfour::prelude::{By, WebDriver, WebDriverError, WebElement};
use thirtyfour::{BrowserLogEntry, WindowHandle};

use super::chromium::Chromium;
use super::{MemoryWatch, Result, eventually, path_from, roles};

/// A page in a browser that nothing else uses.
pub(crate) struct Page {
    chromium: Chromium,
    /// The browser hands each entry out once; here they stay.
    log: Mutex<Vec<BrowserLogEntry>>,
}

impl Page {
    /// Opens an address in a fresh browser, 1280 x 800.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        Self::open_sized(url, 1280, 800).await
    }

    /// Opens an address in a fresh browser of this size, such as 390 x 844 for a phone.
    pub(crate) async fn open_sized(url: &str, width: u32, height: u32) -> Result<Self> {
        let page = Self {
            chromium: Chromium::start(width, height).await?,
            log: Mutex::default(),
        };
        page.resize(width, height).await?;
        page.goto(url).await?;
        Ok(page)
    }

    /// Gives the page this much room. A window would not do: its frame counts, and it is never narrower than 500.
    pub(crate) async fn resize(&self, width: u32, height: u32) -> Result<()> {
        self.resize_enlarged(width, height, 1).await
    }

    /// The same, with so many real pixels to each of the page's: as a browser enlarges a page.
    pub(crate) async fn resize_enlarged(&self, width: u32, height: u32, zoom: u32) -> Result<()> {
        let (width, height) = (width / zoom, height / zoom);
        let params = json!({
            "width": width, "height": height, "deviceScaleFactor": zoom, "mobile": false,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", params)
            .await?;
        eventually(&format!("a page of {width}x{height}"), async || {
            let now = self
                .run("return [innerWidth, innerHeight, devicePixelRatio]")
                .await?;
            Ok((now == json!([width, height, zoom])).then_some(()))
        })
        .await
    }

    /// Moves the mouse to a point of the window.
    pub(crate) async fn point_at(&self, x: f64, y: f64) -> Result<()> {
        self.mouse("mouseMoved", x, y).await
    }

    /// Moves the mouse to a point of the window, and clicks.
    pub(crate) async fn click_at(&self, x: f64, y: f64) -> Result<()> {
        self.mouse("mouseMoved", x, y).await?;
        self.mouse("mousePressed", x, y).await?;
        self.mouse("mouseReleased", x, y).await
    }

    async fn mouse(&self, kind: &str, x: f64, y: f64) -> Result<()> {
        let button = if kind == "mouseMoved" { "none" } else { "left" };
        let params = json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": 1 });
        self.devtools("Input.dispatchMouseEvent", params).await
    }

    /// Taps a point of the window with a finger.
    pub(crate) async fn tap_at(&self, x: f64, y: f64) -> Result<()> {
        let params = json!({ "type": "touchStart", "touchPoints": [{ "x": x, "y": y }] });
        self.devtools("Input.dispatchTouchEvent", params).await?;
        let params = json!({ "type": "touchEnd", "touchPoints": [] });
        self.devtools("Input.dispatchTouchEvent", params).await
    }

    /// Gives the screen a touch panel, or takes it away.
    pub(crate) async fn touch(&self, enabled: bool) -> Result<()> {
        let params = json!({ "enabled": enabled, "maxTouchPoints": if enabled { 5 } else { 1 } });
        self.devtools("Emulation.setTouchEmulationEnabled", params)
            .await
    }

    /// The WebDriver session, for what this harness does not offer.
    pub(crate) fn driver(&self) -> &WebDriver {
        &self.chromium.session
    }

    /// Goes to another address.
    pub(crate) async fn goto(&self, url: &str) -> Result<()> {
        Ok(self.driver().goto(url).await?)
    }

    /// Lets the browser save what is downloaded into this folder.
    pub(crate) async fn save_to(&self, folder: &Path) -> Result<()> {
        let params = json!({ "behavior": "allow", "downloadPath": folder });
        self.devtools("Browser.setDownloadBehavior", params).await
    }

    /// Asks the browser for something that WebDriver does not offer, by the name that its DevTools protocol gives it.
    pub(crate) async fn devtools(
        &self,
        method: &'static str,
        params: serde_json::Value,
    ) -> Result<()> {
        let command = Command::ExtensionCommand(Box::new(DevTools { method, params }));
        self.driver().cmd(command).await?;
        Ok(())
    }

    /// Loads the page once more.
    pub(crate) async fn reload(&self) -> Result<()> {
        Ok(self.driver().refresh().await?)
    }

    /// Watches how much memory the browser's renderers take.
    pub(crate) fn watch_memory(&self) -> Result<MemoryWatch> {
        let root = self.chromium.process().ok_or("the driver has ended")?;
        Ok(MemoryWatch::of(root))
    }

    /// Closes the page's window. The browser stays, with an empty one.
    pub(crate) async fn close(&self) -> Result<()> {
        let page = self.driver().window().await?;
        let empty = self.driver().new_tab().await?;
        self.driver().switch_to_window(page).await?;
        self.driver().close_window().await?;
        Ok(self.driver().switch_to_window(empty).await?)
    }

    /// Kills the process that runs the page: no handler of the page runs any more.
    pub(crate) async fn crash(&self) -> Result<()> {
        match self.goto("chrome://crash").await {
            Err(error) if error.to_string().contains("crashed") => Ok(()),
            other => Err(format!("the page did not crash: {other:?}").into()),
        }
    }

    /// Opens an empty window in front of the page, and goes on there: `opener` is the page.
    pub(crate) async fn hide(&self) -> Result<WindowHandle> {
        self.run("open('about:blank')").await?;
        self.switch_to_other_window().await
    }

    /// Goes on in the window that the page has opened, once that is there. Returns the page's.
    pub(crate) async fn switch_to_other_window(&self) -> Result<WindowHandle> {
        let page = self.driver().window().await?;
        let other = eventually("another window", async || {
            let windows = self.driver().windows().await?;
            Ok(windows.into_iter().find(|window| *window != page))
        });
        self.driver().switch_to_window(other.await?).await?;
        Ok(page)
    }

    /// The element with this role and accessible name, once it is there.
    pub(crate) async fn by_name(&self, role: &str, name: &str) -> Result<WebElement> {
        let what = format!("a {role} named \"{name}\"");
        eventually(&what, async || self.find(role, Some(name)).await).await
    }

    /// Returns an element with this role, whatever its name, once one is there.
    pub(crate) async fn any(&self, role: &str) -> Result<WebElement> {
        eventually(&format!("any {role}"), async || self.find(role, None).await).await
    }

    /// Returns whether there is such an element now.
    pub(crate) async fn has(&self, role: &str, name: &str) -> Result<bool> {
        Ok(self.find(role, Some(name)).await?.is_some())
    }

    /// Clicks the element with this role and name.
    pub(crate) async fn click(&self, role: &str, name: &str) -> Result<()> {
        let what = format!("a click on the {role} \"{name}\"");
        eventually(&what, async || {
            missed_is_none(self.by_name(role, name).await?.click().await)
        })
        .await
    }

    /// Replaces what is in a field by what one types.
    pub(crate) async fn fill(&self, role: &str, name: &str, text: &str) -> Result<()> {
        let what = format!("\"{text}\" in the {role} \"{name}\"");
        eventually(&what, async || {
            let field = self.by_name(role, name).await?;
            Ok(match gone_is_none(field.clear().await)? {
                Some(()) => gone_is_none(field.send_keys(text).await)?,
                None => None,
            })
        })
        .await
    }

    /// Chooses the option with this text from the combobox (a select) with this name.
    pub(crate) async fn choose(&self, name: &str, option: &str) -> Result<()> {
        let what = format!("an option \"{option}\" in the combobox \"{name}\"");
        eventually(&what, async || {
            let select = self.by_name("combobox", name).await?;
            let options = gone_is_none(select.find_all(By::Tag("option")).await)?;
            for candidate in options.unwrap_or_default() {
                if gone_is_none(candidate.text().await)?.is_some_and(|text| text.trim() == option) {
                    return missed_is_none(candidate.click().await);
                }
            }
            Ok(None)
        })
        .await
    }

    /// Returns the text of the element with this role and name. An empty status is found too.
    pub(crate) async fn text(&self, role: &str, name: &str) -> Result<String> {
        let read = async || Ok(gone_is_none(self.by_name(role, name).await?.text().await)?);
        eventually(&format!("the text of the {role} \"{name}\""), read).await
    }

    /// Waits until the element with this role and name says this, among other things.
    pub(crate) async fn wait_for_text(&self, role: &str, name: &str, part: &str) -> Result<String> {
        let mut last = String::new();
        let what = format!("\"{part}\" in the {role} \"{name}\"");
        let waited = eventually(&what, async || {
            last = self.text(role, name).await?;
            Ok(last.contains(part).then(|| last.clone()))
        });
        let waited = waited.await;
        waited.map_err(|error| format!("{error}; it says \"{last}\"").into())
    }

    /// The cells of the table with this name, row by row, its head included.
    pub(crate) async fn table(&self, name: &str) -> Result<Vec<Vec<String>>> {
        const READ: &str = "return [...arguments[0].rows].map(row => [...row.cells].map(cell => cell.textContent.trim()))";
        eventually(&format!("the table \"{name}\""), async || {
            let table = self.by_name("table", name).await?.to_json()?;
            let read = gone_is_none(self.driver().execute(READ, vec![table]).await)?;
            Ok(read.map(|read| read.convert()).transpose()?)
        })
        .await
    }

    /// The same, once this is so.
    pub(crate) async fn table_with(
        &self,
        name: &str,
        is_so: impl Fn(&[Vec<String>]) -> bool,
    ) -> Result<Vec<Vec<String>>> {
        let mut last = Vec::new();
        let what = format!("what is expected of the table \"{name}\"");
        let waited = eventually(&what, async || {
            last = self.table(name).await?;
            Ok(is_so(&last).then(|| last.clone()))
        });
        let waited = waited.await;
        waited.map_err(|error| format!("{error}; it has {last:?}").into())
    }

    /// Runs a script in the page: the body of a function that returns something.
    pub(crate) async fn run(&self, script: &str) -> Result<serde_json::Value> {
        Ok(self
            .driver()
            .execute(script, Vec::new())
            .await?
            .json()
            .clone())
    }

    /// Returns axe-core's findings on the page as it is: each with the elements that it is about.
    pub(crate) async fn violations(&self) -> Result<Vec<String>> {
        const FIND: &str = "return axe.run(document, { resultTypes: ['violations'] }).then(found =>
            found.violations.map(one => `${one.id}: ${one.nodes.map(node => node.target.join(' ')).join(', ')}`))";
        let axe = fs::read_to_string(path_from("CHORDSCOPE_AXE", "target/axe.min.js"))?;
        self.run(&format!("{axe}; window.axe = axe;")).await?;
        Ok(serde_json::from_value(self.run(FIND).await?)?)
    }

    /// Returns the lines of the console that no page should have: errors, failed requests, violations of the policy.
    pub(crate) async fn errors(&self) -> Result<Vec<String>> {
        let new = self.driver().browser_log().await?;
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend(new);
        Ok(log
            .iter()
            .filter(|entry| entry.level == "SEVERE")
            .map(|entry| entry.message.clone())
            .collect())
    }

    /// Fails with the errors in the console, if there are any.
    pub(crate) async fn assert_no_errors(&self) -> Result<()> {
        let errors = self.errors().await?;
        assert!(
            errors.is_empty(),
            "errors in the console:\n{}",
            errors.join("\n")
        );
        Ok(())
    }

    /// Writes what the page looks like to target/screenshots/<name>.png.
    pub(crate) async fn screenshot(&self, name: &str) -> Result<PathBuf> {
        let folder = path_from("CHORDSCOPE_SCREENSHOTS", "target/screenshots");
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{name}.png"));
        self.driver().screenshot(&path).await?;
        Ok(path)
    }

    async fn find(&self, role: &str, name: Option<&str>) -> Result<Option<WebElement>> {
        let candidates = roles::candidates(role);
        for element in self.driver().find_all(By::Css(candidates)).await? {
            let label = self.computed(&element, "computedlabel").await?;
            if name.is_some() && label.as_deref().map(str::trim) != name {
                continue;
            }
            if self.computed(&element, "computedrole").await?.as_deref() == Some(role) {
                return Ok(Some(element));
            }
        }
        Ok(None)
    }

    async fn computed(
        &self,
        element: &WebElement,
        property: &'static str,
    ) -> Result<Option<String>> {
        let command = Computed {
            element: element.element_id().to_string(),
            property,
        };
        let answer = self
            .driver()
            .cmd(Command::ExtensionCommand(Box::new(command)));
        Ok(match gone_is_none(answer.await)? {
            Some(answer) => Some(answer.value()?),
            None => None,
        })
    }
}

/// The commands of Chromium's own that WebDriver does not offer.
#[derive(Debug)]
struct DevTools {
    method: &'static str,
    params: serde_json::Value,
}

impl ExtensionCommand for DevTools {
    fn parameters_json(&self) -> Option<serde_json::Value> {
        Some(json!({ "cmd": self.method, "params": self.params }))
    }

    fn method(&self) -> http::Method {
        http::Method::POST
    }

    fn endpoint(&self) -> Arc<str> {
        "/goog/cdp/execute".into()
    }
}

/// `GET /session/{id}/element/{id}/computedrole`, or `…/computedlabel`.
#[derive(Debug)]
struct Computed {
    element: String,
    property: &'static str,
}

impl ExtensionCommand for Computed {
    fn parameters_json(&self) -> Option<serde_json::Value> {
        None
    }

    fn method(&self) -> http::Method {
        http::Method::GET
    }

    fn endpoint(&self) -> Arc<str> {
        format!("/element/{}/{}", self.element, self.property).into()
    }
}

/// Clicks miss what a page that redraws has taken away, moved or covered meanwhile: nothing was clicked then.
fn missed_is_none(result: Result<(), WebDriverError>) -> Result<Option<()>> {
    match result {
        Err(error) if matches!(*error, WebDriverErrorInner::ElementClickIntercepted(_)) => Ok(None),
        other => Ok(gone_is_none(other)?),
    }
}

/// A page that redraws takes elements away while they are looked at: then one looks again.
fn gone_is_none<T>(result: Result<T, WebDriverError>) -> Result<Option<T>, WebDriverError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(*error, WebDriverErrorInner::StaleElementReference(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
