//! The address of the page: route and query.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestCache, RequestInit, Response, window};

/// A page. They share a document and never show at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// The way in: a ring to touch, and doors to the other pages.
    Home,
    /// The article that ties the pages together.
    Lesson,
    /// The simulated ring.
    Ring,
    /// A simulated swarm.
    Swarm,
    /// Simulated directories.
    Directory,
    /// The simulated store at both levels of consistency.
    Cap,
    /// The measurements of Chord and of swarms.
    Experiments,
    /// The tab as a member of a real one.
    Live,
    /// None: the start script says that there is no such page.
    Unknown,
}

/// The pages that have an address of their own, in the order of the links between them: the word in the address, and the name. The start
/// script has the same list.
pub const PAGES: [(Route, &str, &str); 7] = [
    (Route::Lesson, "lesson", "Lesson"),
    (Route::Ring, "ring", "Ring"),
    (Route::Swarm, "swarm", "Swarm"),
    (Route::Directory, "directory", "Directory"),
    (Route::Cap, "cap", "Consistency"),
    (Route::Experiments, "experiments", "Experiments"),
    (Route::Live, "live", "Live"),
];

impl Route {
    /// The page in the address, which is also the word for what it shows; empty where it has none.
    pub fn word(self) -> &'static str {
        let mut own = PAGES.iter().filter(|(route, ..)| *route == self);
        own.next().map_or("", |(_, word, _)| word)
    }

    /// The page that a hash asks for. What does not begin as a route is a place on a page. Links of the time when the ring page had the
    /// root show it still: those that name a run, and stages alone, where the address may ask for that `before` its hash, too.
    fn of(hash: &str, before: &str) -> Self {
        let (path, query) = hash.split_once('?').unwrap_or((hash, ""));
        let path = path.strip_suffix('/').unwrap_or(path);
        let asked = path.strip_prefix("#/");
        match PAGES.iter().find(|(_, word, _)| asked == Some(word)) {
            Some((route, ..)) => *route,
            None if asked.is_some() => Self::Unknown,
            None if !query.is_empty() || asks_for_stage(before) => Self::Ring,
            None => Self::Home,
        }
    }
}

/// Whether there is a page at an address that begins with `#/`.
pub fn is_page(address: &str) -> bool {
    Route::of(address, "") != Route::Unknown
}

/// The page that the address asks for.
pub fn route() -> Route {
    Route::of(&hash(), &search())
}

fn search() -> String {
    let search = window().and_then(|window| window.location().search().ok());
    search.unwrap_or_default()
}

/// Whether a query asks for the stage alone.
fn asks_for_stage(query: &str) -> bool {
    let words = query.trim_start_matches('?').split('&');
    words
        .into_iter()
        .any(|word| word == "embed" || word == "embed=1")
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
    let search = search();
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
    [search(), query()].iter().any(|part| asks_for_stage(part))
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
    use super::{PAGES, Route};

    #[test]
    fn every_hash_asks_for_one_page_or_says_that_there_is_none() {
        for hash in ["", "#", "#/", "#/?", "#key"] {
            assert_eq!(Route::of(hash, ""), Route::Home, "{hash}");
            assert_eq!(Route::of(hash, "?peer=x"), Route::Home, "{hash}");
        }
        for hash in ["#/ring", "#/ring/", "#/ring?s=insert-7"] {
            assert_eq!(Route::of(hash, ""), Route::Ring, "{hash}");
        }
        for hash in ["#/live", "#/live/", "#/live?peer=x"] {
            assert_eq!(Route::of(hash, ""), Route::Live, "{hash}");
        }
        for hash in ["#/swarm", "#/swarm/", "#/swarm?n=8"] {
            assert_eq!(Route::of(hash, ""), Route::Swarm, "{hash}");
        }
        for hash in ["#/lesson", "#/lesson/"] {
            assert_eq!(Route::of(hash, ""), Route::Lesson, "{hash}");
        }
        for hash in ["#/cap", "#/cap?s=bank"] {
            assert_eq!(Route::of(hash, ""), Route::Cap, "{hash}");
        }
        for hash in ["#/experiments", "#/experiments?e=load"] {
            assert_eq!(Route::of(hash, ""), Route::Experiments, "{hash}");
        }
        for hash in ["#/swarms", "#/livery", "#/ring/of", "#/LIVE", "#//"] {
            assert_eq!(Route::of(hash, ""), Route::Unknown, "{hash}");
        }
    }

    #[test]
    fn links_to_the_ring_page_at_the_root_lead_to_it_still() {
        for hash in ["#/?embed", "#/?s=insert-7", "#?v=3"] {
            assert_eq!(Route::of(hash, ""), Route::Ring, "{hash}");
        }
        assert_eq!(Route::of("", "?embed"), Route::Ring);
        assert_eq!(Route::of("#/", "?peer=x&embed=1"), Route::Ring);
        assert_eq!(Route::of("#/live", "?embed"), Route::Live);
    }

    #[test]
    fn the_start_script_knows_every_page() {
        let script = include_str!("../../static/boot.js");
        for (_, word, _) in PAGES {
            let address = format!("#/{word}");
            let named = format!("[\"{}\", ", &address[1..]);
            assert!(script.contains(&named), "{address}");
        }
    }
}
