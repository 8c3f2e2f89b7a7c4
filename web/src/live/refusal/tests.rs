use super::*;

fn explained(origin: &str, address: &str, cause: Cause) -> String {
    let refusal = Refusal {
        address: address.to_owned(),
        cause,
    };
    let origin = Origin {
        text: origin.to_owned(),
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
