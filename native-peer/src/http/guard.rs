//! The guard of requests: the host a request is for, the page it comes from, the token it carries.
//!
//! Listening on loopback alone protects no peer: any page in the user's browser can send requests there.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use crate::http::App;
use crate::http::api::refuse;

/// The names under which the peer is spoken to, and the pages that may speak to it.
#[derive(Debug)]
pub(crate) struct Allowed {
    listen: SocketAddr,
    /// Host and port of `--advertise`.
    advertised: Option<String>,
    /// Names of `--allow-host`, with a port or for any.
    hosts: Vec<String>,
    /// Origins of pages served elsewhere.
    origins: Vec<String>,
    /// Hosts and ports of the peers that this one belongs with: their pages may open sockets here.
    friends: Vec<String>,
}

impl Allowed {
    pub(crate) fn new(
        listen: SocketAddr,
        advertised: Option<String>,
        hosts: &[String],
        origins: &[String],
        friends: &[String],
    ) -> Self {
        let normal = |text: &String| text.trim_end_matches('/').to_ascii_lowercase();
        Self {
            listen,
            advertised: advertised.as_ref().map(normal),
            hosts: hosts.iter().map(normal).collect(),
            origins: origins.iter().map(normal).collect(),
            friends: friends.iter().map(normal).collect(),
        }
    }

    /// Returns whether a request for this `Host` may be answered. Any name can be made to point here by its owner (DNS rebinding), so it must be
    /// known; an address cannot.
    fn host(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let (name, port) = split(&host);
        self.is_own(&host) || port.is_some() && literal(name).is_some()
    }

    /// Returns whether this host, in lower case, is known to be this peer.
    fn is_own(&self, host: &str) -> bool {
        let (name, port) = split(host);
        let is_here = is_loopback(name) || literal(name) == Some(self.listen.ip());
        port == Some(self.listen.port()) && is_here || self.is_named(host)
    }

    /// Returns whether the user has given this host, in lower case, as one of the peer's.
    fn is_named(&self, host: &str) -> bool {
        let (name, port) = split(host);
        let allowed = |given: &String| given == host || port.is_some() && given == name;
        self.advertised.as_deref() == Some(host) || self.hosts.iter().any(allowed)
    }

    /// Returns whether a page of this origin may ask, in a request for this `Host`: a page that the peer serves is of that same host.
    fn origin(&self, origin: &str, host: Option<&str>) -> bool {
        let origin = origin.to_ascii_lowercase();
        let is_asked = |own: &str| host.is_some_and(|host| host.eq_ignore_ascii_case(own));
        let plain = origin.strip_prefix("http://");
        let encrypted = origin.strip_prefix("https://");
        self.origins.contains(&origin)
            || plain.is_some_and(|own| self.is_own(own) || self.host(own) && is_asked(own))
            || encrypted.is_some_and(|own| self.is_named(own))
    }

    /// Returns whether a page of this origin may open a socket: also one that a peer serves which this one was told to join, or
    /// was started with. A tab needs a second relay beside the peer that it came from.
    pub(crate) fn socket_origin(&self, origin: &str, asked: Option<&str>) -> bool {
        let origin = origin.to_ascii_lowercase();
        let host = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        let is_friend = |friend: &String| {
            let (theirs, port) = split(friend);
            host.is_some_and(|host| {
                let (name, its_port) = split(host);
                let same_machine = is_loopback(name) && is_loopback(theirs);
                port == its_port && (same_machine || name == theirs)
            })
        };
        self.origin(&origin, asked) || self.friends.iter().any(is_friend)
    }
}

/// Name and port of a host; without a port it is that of plain HTTP, `None` when it is none. HTTP's `Authority` is no guard: it
/// takes `a@[::1]a:80` for a loopback address and a port.
fn split(host: &str) -> (&str, Option<u16>) {
    let name_end = host.rfind(']').map_or(0, |at| at + 1);
    match host[name_end..].rfind(':') {
        Some(at) => {
            let (name, port) = host.split_at(name_end + at);
            (name, port[1..].parse().ok())
        }
        None => (host, Some(80)),
    }
}

fn literal(name: &str) -> Option<IpAddr> {
    name.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

fn is_loopback(name: &str) -> bool {
    name == "localhost" || literal(name).is_some_and(|address| address.is_loopback())
}

/// Refuses requests for a host that is not this peer.
pub(super) async fn host(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match only(request.headers(), &HOST) {
        Some(Some(host)) if app.allowed.host(host) => next.run(request).await,
        _ => forbid(
            &app.refused.host,
            "this peer is not known by the name asked for: ask for it by an address, or start it with --allow-host NAME",
        ),
    }
}

/// Refuses requests from other people's pages. Programs that are no browser name no origin.
pub(super) async fn origin(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let asked = only(request.headers(), &HOST).flatten();
    match only(request.headers(), &ORIGIN) {
        None => next.run(request).await,
        Some(Some(origin)) if app.allowed.origin(origin, asked) => next.run(request).await,
        Some(_) => forbid(
            &app.refused.origin,
            "pages of this origin may not use the peer; --allow-origin lets them",
        ),
    }
}

/// Returns whether a page, if it is one, may not open a socket; counted.
pub(super) fn refuses_socket(app: &App, headers: &HeaderMap) -> bool {
    let asked = only(headers, &HOST).flatten();
    let refused = match only(headers, &ORIGIN) {
        None => false,
        Some(Some(origin)) => !app.allowed.socket_origin(origin, asked),
        Some(None) => true,
    };
    if refused {
        app.refused.origin.fetch_add(1, Ordering::Relaxed);
    }
    refused
}

/// Refuses requests without the peer's token.
pub(super) async fn token(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let given = only(request.headers(), &AUTHORIZATION).flatten();
    let given = given.and_then(bearer);
    match given {
        // In a time that does not tell where the difference is.
        Some(given) if given.trim().as_bytes().ct_eq(app.token.as_bytes()).into() => {
            next.run(request).await
        }
        Some(_) => forbid(&app.refused.token, "the token is not this peer's"),
        None => {
            app.refused.token.fetch_add(1, Ordering::Relaxed);
            let reason = "control needs the token from the peer's data folder";
            let refusal = refuse(StatusCode::UNAUTHORIZED, reason);
            ([(WWW_AUTHENTICATE, "Bearer")], refusal).into_response()
        }
    }
}

/// The token of a header's text. The scheme before it may be in any letters (RFC 9110 §11.1).
fn bearer(text: &str) -> Option<&str> {
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then_some(token)
}

/// Refuses requests whose address has an escape that is none: taken as it stands, two addresses would be one.
pub(super) async fn escapes(request: Request, next: Next) -> Response {
    let uri = request.uri();
    let is_well = is_well_escaped(uri.path()) && uri.query().is_none_or(is_well_escaped);
    match is_well {
        true => next.run(request).await,
        false => refuse(
            StatusCode::BAD_REQUEST,
            "after each % in the address there must be two hexadecimal digits; %25 stands for % itself",
        ),
    }
}

/// Returns whether each percent sign begins an escape (RFC 3986 §2.1).
fn is_well_escaped(text: &str) -> bool {
    let is_escape = |rest: &str| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    text.split('%').skip(1).all(is_escape)
}

fn forbid(counter: &AtomicU64, reason: &str) -> Response {
    counter.fetch_add(1, Ordering::Relaxed);
    refuse(StatusCode::FORBIDDEN, reason)
}

/// The one value of a header; `Some(None)` when there are several, or it is no text.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    Some(first.to_str().ok().filter(|_| values.next().is_none()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(listen: &str, advertised: Option<&str>) -> Allowed {
        let listen = listen.parse().unwrap();
        let origins = ["https://Lesson.example/".to_string()];
        let friends = ["127.0.0.1:7341".to_string(), "ring.example".to_string()];
        let hosts = ["Nas.local".to_string(), "proxy.example:8443".to_string()];
        let advertised = advertised.map(str::to_string);
        Allowed::new(listen, advertised, &hosts, &origins, &friends)
    }

    #[test]
    fn the_scheme_of_a_token_may_be_in_any_letters() {
        for text in ["Bearer abc", "bearer abc", "BEARER abc"] {
            assert_eq!(bearer(text), Some("abc"), "{text}");
        }
        for text in ["", "abc", "Bearerabc", "Basic abc"] {
            assert_eq!(bearer(text), None, "{text}");
        }
    }

    #[test]
    fn an_escape_is_a_percent_sign_and_two_digits() {
        for good in ["", "a=b", "%41%ff", "100%25", "%C3%A4"] {
            assert!(is_well_escaped(good), "{good}");
        }
        for bad in ["%", "%4", "a%zz", "%%41", "%4g", "%41%", "%é1"] {
            assert!(!is_well_escaped(bad), "{bad}");
        }
    }

    #[test]
    fn addresses_and_its_own_names_are_hosts() {
        for listen in ["127.0.0.1:7340", "0.0.0.0:7340", "[::]:7340"] {
            let allowed = allowed(listen, Some("ring.example"));
            for host in [
                "127.0.0.1:7340",
                "localhost:7340",
                "LOCALHOST:7340",
                "[::1]:7340",
                "127.9.9.9:7340",
                "192.168.0.1:7340",
                // Another port may lead here.
                "192.168.0.1",
                "[2001:db8::1]:8080",
                "ring.example",
                "nas.local",
                "NAS.local:7340",
                "proxy.example:8443",
            ] {
                assert!(allowed.host(host), "{host}");
            }
            for host in [
                "",
                "localhost",
                "localhost:7341",
                "evil.example:7340",
                "localhost.evil.example:7340",
                "192.168.0.1.evil.example:7340",
                "192.168.0.1:port",
                "ring.example:7340",
                "proxy.example:7340",
                "nas.local:",
                "[::1",
                "[::1]a:7340",
                "a@127.0.0.1:7340",
                ":7340",
            ] {
                assert!(!allowed.host(host), "{host}");
            }
        }
    }

    #[test]
    fn only_its_own_pages_and_those_allowed_are_origins() {
        let allowed = allowed("127.0.0.1:7340", None);
        let origin = |origin: &str| allowed.origin(origin, Some("127.0.0.1:7340"));
        for own in [
            "http://127.0.0.1:7340",
            "http://localhost:7340",
            "https://lesson.example",
            "http://nas.local:7340",
            "https://nas.local",
        ] {
            assert!(origin(own), "{own}");
        }
        for foreign in [
            "null",
            "",
            "http://evil.example:7340",
            "https://127.0.0.1:7340",
            "http://127.0.0.1:7341",
            "http://lesson.example",
            "https://lesson.example.evil.example",
            "file://",
        ] {
            assert!(!origin(foreign), "{foreign}");
        }
        for (origin, may) in [
            ("http://localhost:7341", true),
            ("http://127.0.0.1:7340", true),
            ("https://lesson.example", true),
            ("http://ring.example", true),
            ("http://127.0.0.1:7342", false),
            ("http://evil.example:7341", false),
            ("null", false),
        ] {
            let asked = Some("127.0.0.1:7340");
            assert_eq!(allowed.socket_origin(origin, asked), may, "{origin}");
        }
    }

    #[test]
    fn a_page_served_under_an_address_may_ask_under_that_address_alone() {
        let allowed = allowed("0.0.0.0:7340", None);
        for (origin, asked, may) in [
            ("http://192.168.0.1:7340", "192.168.0.1:7340", true),
            ("http://[2001:db8::1]:7340", "[2001:DB8::1]:7340", true),
            // Somebody's web server is at an address, too.
            ("http://203.0.113.7:7340", "192.168.0.1:7340", false),
            ("http://203.0.113.7:7340", "127.0.0.1:7340", false),
            ("http://192.168.0.1", "192.168.0.1:7340", false),
            ("http://evil.example:7340", "evil.example:7340", false),
        ] {
            assert_eq!(allowed.origin(origin, Some(asked)), may, "{origin}");
            assert_eq!(allowed.socket_origin(origin, Some(asked)), may, "{origin}");
        }
        assert!(!allowed.origin("http://192.168.0.1:7340", None));
    }
}
