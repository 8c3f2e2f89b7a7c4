//! Where a peer is, as users say it.

use chordscope_core::base::contact::Address;

use crate::failure::Failure;

/// The address of a peer that is to be dialed, from what was given for this argument.
pub(crate) fn dialed(argument: &str, text: &str) -> Result<Address, Failure> {
    let address = told(argument, text)?;
    match address.url().starts_with("ws://") {
        true => Ok(address),
        false => Err(Failure::usage(
            argument,
            "encrypted connections (https, wss) are not possible yet",
        )),
    }
}

/// The address of a peer that others dial.
pub(crate) fn told(argument: &str, text: &str) -> Result<Address, Failure> {
    let wrong = || {
        let reason = format!("\"{text}\" is no URL of a peer, such as http://127.0.0.1:7340");
        Failure::usage(argument, reason)
    };
    let address = Address::parse_url(text).map_err(|_| wrong())?;
    let authority = address.authority();
    let name_end = authority.rfind(']').unwrap_or(0);
    match authority[name_end..].split_once(':') {
        Some((_, port)) if port.parse::<u16>().is_err() => Err(wrong()),
        _ => Ok(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_named_by_its_url() {
        for url in [
            "http://127.0.0.1:7340",
            "ws://[::1]:7340/ws",
            "http://ring.example",
        ] {
            assert!(dialed("--peer", url).is_ok(), "{url}");
        }
        for wrong in [
            "foo",
            "127.0.0.1:7340",
            "ftp://a:1",
            "http://a:99999",
            "http://a:b",
        ] {
            let said = told("--peer", wrong).unwrap_err().to_string();
            assert!(
                said.contains(wrong) && said.contains("http://127"),
                "{said}"
            );
        }
    }

    #[test]
    fn an_encrypted_address_is_told_but_not_dialed() {
        assert!(told("--advertise", "wss://ring.example").is_ok());
        let said = dialed("--join", "https://ring.example").unwrap_err();
        assert!(said.to_string().contains("not possible yet"), "{said}");
    }
}
