//! The reasons why a tab did not get into a ring, and what helps: the browser tells a page almost nothing, so that the page has to
//! conclude it from where it comes from and where it wanted to go.

use chordscope_core::link::reason::CloseReason;

use crate::live::closeness::{Closeness, host};
use crate::live::talk::{Cause, Refusal};

/// The origin of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Scheme, host and port, such as `https://ring.example`.
    pub text: String,
    /// Whether a peer has served the page, once that is known.
    pub is_peer: Option<bool>,
}

/// The explanation of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The fact, in one sentence.
    pub what: String,
    /// The remedy.
    pub help: String,
}

/// Explains a refusal to the user who has this page open.
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
        true if origin.is_peer == Some(false) => {
            let what = format!(
                "There is no peer at {own}: the server there has the files of this page, and no more."
            );
            return (
                what,
                format!(
                    "{start}, and open the page that it serves; or type the address of a peer that runs."
                ),
            );
        }
        true => format!(
            "The peer that served this page is gone, or does not answer. {start}, and open the page that it serves."
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
mod tests {
    use super::*;

    fn explained(origin: &str, address: &str, cause: Cause) -> String {
        let refusal = Refusal {
            address: address.to_owned(),
            cause,
        };
        let origin = Origin {
            text: origin.to_owned(),
            is_peer: Some(origin == PEER),
        };
        let Explanation { what, help } = explain(&refusal, &origin);
        format!("{what} {help}")
    }

    const SITE: &str = "https://lesson.example";
    const PEER: &str = "http://127.0.0.1:7340";

    #[test]
    fn a_secure_page_and_a_plain_address_elsewhere_is_mixed_content() {
        let said = explained(SITE, "ws://192.168.0.9:7340/ws", Cause::Unreachable);
        assert!(said.contains("http://192.168.0.9:7340/#/live"), "{said}");
        let said = explained(SITE, "ws://ring.example/ws", Cause::Silent);
        assert!(said.contains("wss://"), "{said}");
    }

    #[test]
    fn a_page_from_elsewhere_needs_its_users_permission() {
        for address in [
            "ws://127.0.0.1:7340/ws",
            "ws://[::1]:7340/ws",
            "ws://localhost:1/ws",
        ] {
            let said = explained(SITE, address, Cause::Unreachable);
            assert!(
                said.contains("--allow-origin https://lesson.example"),
                "{said}"
            );
            assert!(said.contains("Allow this page"), "{said}");
        }
        let said = explained(
            "http://192.168.0.2:8000",
            "ws://127.0.0.1:7340/ws",
            Cause::Silent,
        );
        assert!(said.contains("Allow this page"), "{said}");
    }

    #[test]
    fn where_nobody_listens_the_command_is_named() {
        let said = explained(PEER, "ws://127.0.0.1:7340/ws", Cause::Unreachable);
        assert!(said.contains("chordscope ring --web dist"), "{said}");
        assert!(!said.contains("--allow-origin"), "{said}");
        let said = explained(PEER, "ws://127.0.0.1:7341/ws", Cause::Unreachable);
        assert!(
            said.contains("--allow-origin http://127.0.0.1:7340"),
            "{said}"
        );
    }

    #[test]
    fn a_server_of_files_is_told_from_a_peer_that_is_gone() {
        let host = "http://127.0.0.1:8000";
        let said = explained(host, "ws://127.0.0.1:8000/ws", Cause::Unreachable);
        assert!(said.contains("no peer at http://127.0.0.1:8000:"), "{said}");
        assert!(!said.contains("--allow-origin"), "{said}");
        let said = explained(PEER, "ws://127.0.0.1:7340/ws", Cause::Unreachable);
        assert!(said.contains("is gone"), "{said}");
    }

    #[test]
    fn where_the_page_came_from_the_pages_own_scheme_works() {
        let said = explained(PEER, "wss://127.0.0.1:7340/ws", Cause::Unreachable);
        let help = "This page came from there over http: join through http://127.0.0.1:7340.";
        assert!(said.ends_with(help), "{said}");
        let secure = "https://127.0.0.1:7340";
        let said = explained(secure, "ws://127.0.0.1:7340/ws", Cause::Unreachable);
        let help = "over https: join through https://127.0.0.1:7340.";
        assert!(said.ends_with(help), "{said}");
    }

    #[test]
    fn what_a_peer_says_is_passed_on() {
        let code = CloseReason::OriginRefused.code();
        let said = explained(SITE, "wss://a/ws", Cause::Closed(code, "no".to_owned()));
        assert!(
            said.contains("--allow-origin https://lesson.example"),
            "{said}"
        );
        let words = "there are too many connections".to_owned();
        let said = explained(
            PEER,
            "ws://127.0.0.1:7341/ws",
            Cause::Closed(4_008, words.clone()),
        );
        assert!(said.contains(&words), "{said}");
    }
}
