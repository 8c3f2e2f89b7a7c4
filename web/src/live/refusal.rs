//! Why a tab did not get into a ring, and what helps: the browser tells a page almost nothing, so that the page has to
//! conclude it from where it comes from and where it wanted to go.

use chordscope_core::link::reason::CloseReason;

use crate::live::closeness::{Closeness, host};
use crate::live::talk::{Cause, Refusal};

/// Where the page comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Scheme, host and port, such as `https://ring.example`.
    pub text: String,
}

/// What happened, and what helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What happened, in one sentence.
    pub what: String,
    /// What helps.
    pub help: String,
}

/// Explains a refusal to somebody who has this page open.
pub fn explain(refusal: &Refusal, origin: &Origin) -> Explanation {
    let address = refusal.address.as_str();
    let (what, help) = match &refusal.cause {
        Cause::Unreachable | Cause::Silent if is_mixed(origin, address) => mixed(address),
        Cause::Unreachable | Cause::Silent if asks_permission(origin, address) => {
            permission(origin, address)
        }
        Cause::Unreachable => nobody(origin, address),
        Cause::Silent => (
            format!("{address} does not answer."),
            "Check the address, and that no firewall lies between.".to_owned(),
        ),
        Cause::Closed(code, _) if *code == CloseReason::OriginRefused.code() => (
            format!(
                "The peer at {address} does not let pages of {} in.",
                origin.text
            ),
            format!(
                "Open the page that the peer itself serves, or start it with --allow-origin {}.",
                origin.text
            ),
        ),
        Cause::Closed(_, words) if words.is_empty() => (
            format!("{address} answered and closed the connection without a word."),
            "Is that a Chordscope peer? Try again, or try another one.".to_owned(),
        ),
        Cause::Closed(_, words) => (
            format!("{address} closed the connection: {words}."),
            "Try again, or try another peer.".to_owned(),
        ),
        Cause::Broken(words) => (
            format!("The connection to {address} was closed by this tab: {words}."),
            "Check that the peer there belongs to the ring you want.".to_owned(),
        ),
        Cause::NoPlace => (
            format!("{address} answered, but its ring found no place for this tab."),
            "It was asked for half a minute. The ring may be repairing itself: try again, or try another peer.".to_owned(),
        ),
    };
    Explanation { what, help }
}

type Words = (String, String);

fn mixed(address: &str) -> Words {
    let host = host(address);
    (
        "This page came over https, and the browser lets such a page connect to wss:// addresses only.".to_owned(),
        format!("Open the page that the peer itself serves, http://{host}/#/live, or join through a wss:// address."),
    )
}

fn permission(origin: &Origin, address: &str) -> Words {
    (
        format!(
            "There was no connection to {address}. This page comes from elsewhere, so the browser asks you before it lets it into your own network."
        ),
        format!(
            "Allow this page to reach your network (beside the address bar), start the peer with --allow-origin {}, and join again.",
            origin.text
        ),
    )
}

fn nobody(origin: &Origin, address: &str) -> Words {
    let start = "Start one with “chordscope ring --web dist”";
    let own = &origin.text;
    let scheme = own.split("://").next().unwrap_or_default();
    let is_other = address.starts_with("wss://") != (scheme == "https");
    let help = match is_same(origin, address) {
        true if is_other => {
            format!("This page came from there over {scheme}: join through {own}.")
        }
        true => format!(
            "This page was not served by a peer, or the peer is gone. {start}, and open the page that it serves."
        ),
        false => format!(
            "{start}, or, if one runs there, start it with --allow-origin {own} so that this page may use it."
        ),
    };
    (format!("No peer answers at {address}."), help)
}

/// Whether the page came by TLS and the peer's address is without, on another machine.
fn is_mixed(origin: &Origin, address: &str) -> bool {
    let elsewhere = Closeness::of(address) < Closeness::Machine;
    origin.text.starts_with("https://") && address.starts_with("ws://") && elsewhere
}

/// Whether the address lies in a more private network than the page: then browsers ask their users.
fn asks_permission(origin: &Origin, address: &str) -> bool {
    Closeness::of(address) > Closeness::of(&origin.text)
}

fn is_same(origin: &Origin, address: &str) -> bool {
    host(&origin.text) == host(address)
}

#[cfg(test)]
mod tests;
