//! Which application the address asks for.

use yew::{Callback, hook, use_state};

use crate::hooks::use_listener::use_listener;
use crate::page::{self, Route};

/// The application that shows; the component is drawn again when that changes.
#[hook]
pub fn use_route() -> Route {
    let route = use_state(page::route);
    let set = route.setter();
    let changed = Callback::from(move |_| set.set(page::route()));
    use_listener(|window| Some(window.clone().into()), "hashchange", changed);
    *route
}
