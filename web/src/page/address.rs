//! The address of the page: route and query.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestCache, RequestInit, Response, window};

/// A page. They share a document and never show at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// The simulated ring.
    Ring,
    /// A simulated swarm.
    Swarm,
    /// Simulated directories.
    Directory,
    /// The measurements of Chord and of swarms.
    Experiments,
    /// The tab as a member of a real one.
    Live,
    /// None: the start script says that there is no such page.
    Unknown,
}

impl Route {
    /// The page in the address, which is also the word for what it shows.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ring => "ring",
            Self::Swarm => "swarm",
            Self::Experiments => "experiments",
            Self::Live => "live",
            Self::Unknown => "",
        }
    }

    /// The page that a hash asks for. What does not begin as a route is a place on a page.
    fn of(hash: &str) -> Self {
        let path = hash.split('?').next().unwrap_or_default();
        match path.strip_suffix('/').unwrap_or(path) {
            "#/swarm" => Self::Swarm,
            "#/directory" => Self::Directory,
            "#/experiments" => Self::Experiments,
            "#/live" => Self::Live,
            "#" | "#/ring" => Self::Ring,
            other if other.starts_with("#/") => Self::Unknown,
            _ => Self::Ring,
        }
    }
}

/// The page that the address asks for.
pub fn route() -> Route {
    Route::of(&hash())
}

fn hash() -> String {
    window()
        .and_then(|window| window.location().hash().ok())
        .unwrap_or_default()
}

/// Scheme, host and port of the page.
pub fn origin() -> String {
    window()
        .and_then(|window| window.location().origin().ok())
        .unwrap_or_default()
}

/// The address of a peer that the page's address names: `?peer=URL`, before or after the hash.
pub fn peer() -> Option<String> {
    let search = window()?.location().search().unwrap_or_default();
    [query().as_str(), search.trim_start_matches('?')]
        .iter()
        .flat_map(|part| part.split('&'))
        .find_map(|word| word.strip_prefix("peer="))
        .map(decoded)
}

/// Whether a peer serves this page: the peer sends a header with it that no other server has. The browser has both in its cache.
pub async fn is_served_by_peer() -> bool {
    const HEADER: &str = "chordscope-peer";
    let Some(window) = window() else {
        return false;
    };
    // Peers have their page at the root of their host.
    let path = window.location().pathname().unwrap_or_default();
    if path != "/" && path != "/index.html" {
        return false;
    }
    let how = RequestInit::new();
    how.set_cache(RequestCache::ForceCache);
    let page = JsFuture::from(window.fetch_with_str_and_init(&path, &how)).await;
    let page = page.ok().and_then(|page| page.dyn_into::<Response>().ok());
    page.is_some_and(|page| page.headers().has(HEADER).unwrap_or(false))
}

fn decoded(text: &str) -> String {
    let decoded = js_sys::decode_uri_component(text).map(String::from);
    decoded.unwrap_or_else(|_| text.to_owned())
}

/// The query of the address, after `#/ring?`, `#/swarm?`, `#/directory?`, `#/experiments?` or `#/live?`.
pub fn query() -> String {
    hash()
        .split_once('?')
        .map(|(_, query)| query.to_owned())
        .unwrap_or_default()
}

/// Whether the address asks for the stage alone: `?embed`, before or after the hash.
pub fn embedded() -> bool {
    let search = window()
        .and_then(|window| window.location().search().ok())
        .unwrap_or_default();
    [search.trim_start_matches('?'), &query()]
        .iter()
        .flat_map(|part| part.split('&'))
        .any(|word| word == "embed" || word == "embed=1")
}

/// Puts what a page shows into the address and gives the whole link.
pub fn replace_query(page: Route, query: &str) -> Option<String> {
    let window = window()?;
    let hash = format!("#/{}?{query}", page.word());
    let history = window.history().ok()?;
    history
        .replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&hash))
        .ok()?;
    window.location().href().ok()
}

#[cfg(test)]
mod tests {
    use super::Route;

    #[test]
    fn every_hash_asks_for_one_page_or_says_that_there_is_none() {
        for hash in [
            "",
            "#",
            "#/",
            "#/ring",
            "#/ring/",
            "#/ring?s=insert-7",
            "#/?embed",
            "#key",
        ] {
            assert_eq!(Route::of(hash), Route::Ring, "{hash}");
        }
        for hash in ["#/live", "#/live/", "#/live?peer=x"] {
            assert_eq!(Route::of(hash), Route::Live, "{hash}");
        }
        for hash in ["#/swarm", "#/swarm/", "#/swarm?n=8"] {
            assert_eq!(Route::of(hash), Route::Swarm, "{hash}");
        }
        for hash in ["#/experiments", "#/experiments?e=load"] {
            assert_eq!(Route::of(hash), Route::Experiments, "{hash}");
        }
        for hash in ["#/swarms", "#/livery", "#/ring/of", "#/LIVE", "#//"] {
            assert_eq!(Route::of(hash), Route::Unknown, "{hash}");
        }
    }
}
