//! The secret of this tab's peer: it outlives a reload, and no other tab uses it at the same time.
//!
//! The browser copies a tab's session storage when the tab is duplicated. A Web Lock tells the two apart: whoever
//! holds the one named after the secret is its owner; the other tab becomes a peer of its own.

use chordscope_core::base::digest::Digest;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AbortSignal, window};

use crate::page;

/// The item of session storage with the secret.
const ITEM: &str = "chordscope-tab";
/// The milliseconds to wait for the page before this one to let go of the lock: most likely it has the tab's duplicate.
const TIMEOUT: u32 = 1_000;
/// The same after a reload, where most likely it is gone, and the browser busy.
const RELOAD_TIMEOUT: u32 = 10_000;
/// The item with the address by which the tab has joined a ring, until it leaves that.
const RING: &str = "chordscope-ring";

/// A peer's secret key.
pub type Secret = [u8; 32];

/// The secret of this tab, and whether it is the one from before a reload; none where the browser has no randomness to give.
pub async fn secret() -> Option<(Secret, bool)> {
    let kept = kept();
    if let Some(secret) = kept {
        let patience = match page::is_reloaded() {
            true => RELOAD_TIMEOUT,
            false => TIMEOUT,
        };
        let claim = claim(&lock_name(&secret), patience).await;
        if keeps(claim) {
            return Some((secret, true));
        }
    }
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).ok()?;
    keep(&secret);
    // No other tab knows the name of this lock.
    let _ = claim(&lock_name(&secret), TIMEOUT).await;
    Some((secret, false))
}

/// Whether a tab with a secret goes on with it. Where there are no locks, a duplicate could not be told from a reload,
/// and two peers with one key would spoil the ring: then every start makes a new peer.
const fn keeps(claim: Claim) -> bool {
    matches!(claim, Claim::Granted)
}

/// The name of the lock says nothing about the secret.
fn lock_name(secret: &Secret) -> String {
    let digest = Digest::new("chordscope tab lock").part(secret).finish();
    format!("chordscope-tab-{}", hex(&digest[..10]))
}

fn kept() -> Option<Secret> {
    read(&storage()?.get_item(ITEM).ok()??)
}

/// The address by which this tab joined the ring that it was a member of before a reload.
pub fn ring() -> Option<String> {
    storage()?.get_item(RING).ok()?
}

/// Keeps the address by which this tab has joined a ring; none once it leaves that.
pub fn keep_ring(address: Option<&str>) {
    // Without session storage a reload forgets it, no more.
    if let Some(storage) = storage() {
        let _ = match address {
            Some(address) => storage.set_item(RING, address),
            None => storage.remove_item(RING),
        };
    }
}

fn storage() -> Option<web_sys::Storage> {
    window()?.session_storage().ok()?
}

fn keep(secret: &Secret) {
    // Without session storage a reload makes a new peer, no more.
    if let Some(storage) = storage() {
        let _ = storage.set_item(ITEM, &hex(secret));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(text: &str) -> Option<Secret> {
    let mut secret = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in secret.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(secret)
}

/// The outcome of asking for a Web Lock, which is held for as long as the page lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    /// This page holds it from now on.
    Granted,
    /// Another page holds it.
    Taken,
    /// The browser has no locks to give: it is old, or the page was not served securely.
    Unsupported,
}

/// Asks for a lock and waits at most this many milliseconds for another page to let go of it.
async fn claim(name: &str, patience: u32) -> Claim {
    let Some((locks, request)) = requester() else {
        return Claim::Unsupported;
    };
    let options = Object::new();
    let signal = AbortSignal::timeout_with_u32(patience);
    let _ = Reflect::set(&options, &"signal".into(), &signal);
    let settled = Promise::new(&mut |resolve, _| {
        let refuse = resolve.clone();
        let hold = Closure::once_into_js(move |_lock: JsValue| -> Promise {
            let _ = resolve.call1(&JsValue::NULL, &JsValue::TRUE);
            // The lock is held until this promise is kept: until the page is gone.
            Promise::new(&mut |_, _| {})
        });
        let asked = request.call3(&locks, &name.into(), &options, &hold);
        spawn_local(async move {
            let refused = match asked.map(JsCast::dyn_into::<Promise>) {
                Ok(Ok(promise)) => JsFuture::from(promise).await.is_err(),
                _ => true,
            };
            if refused {
                let _ = refuse.call1(&JsValue::NULL, &JsValue::FALSE);
            }
        });
    });
    match JsFuture::from(settled).await {
        Ok(granted) if granted.is_truthy() => Claim::Granted,
        _ => Claim::Taken,
    }
}

/// The lock manager and its method.
fn requester() -> Option<(JsValue, Function)> {
    let navigator = window()?.navigator();
    let locks = Reflect::get(&navigator, &"locks".into()).ok()?;
    let request = Reflect::get(&locks, &"request".into()).ok()?;
    Some((locks, request.dyn_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_secret_is_read_back_and_nothing_else_is() {
        let secret = std::array::from_fn(|index| (index * 7) as u8);
        assert_eq!(read(&hex(&secret)), Some(secret));
        for text in ["", "00", &"g".repeat(64), &"ä".repeat(32), &"0".repeat(66)] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_lock_is_named_after_the_secret_without_telling_it() {
        let (one, other) = (lock_name(&[1; 32]), lock_name(&[2; 32]));
        assert_ne!(one, other);
        assert!(!one.contains(&hex(&[1; 4])));
    }

    #[test]
    fn only_the_holder_of_the_lock_keeps_its_id() {
        assert!(keeps(Claim::Granted));
        assert!(!keeps(Claim::Taken));
        assert!(!keeps(Claim::Unsupported));
    }
}
