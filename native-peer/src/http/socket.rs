//! `/ws`: where peers connect. hyper does the upgrade, so that one version of tungstenite serves both directions.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use chordscope_core::link::reason::CloseReason;
use chordscope_core::wire::frame::SUB_PROTOCOL;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::http::App;
use crate::http::api::refuse;
use crate::http::caps::Permit;
use crate::http::guard;
use crate::links::{self, Carrier};

/// Turns a request into a peer's link.
pub(super) async fn upgrade(State(app): State<Arc<App>>, request: Request) -> Response {
    link(app, 0, request)
}

/// The same, at another position of the peer than the first.
pub(super) async fn upgrade_at(
    State(app): State<Arc<App>>,
    position: Result<Path<usize>, PathRejection>,
    request: Request,
) -> Response {
    match position {
        Ok(Path(position)) => link(app, position, request),
        Err(_) => no_position(),
    }
}

fn no_position() -> Response {
    refuse(StatusCode::NOT_FOUND, "the peer has no such position")
}

fn link(app: Arc<App>, position: usize, mut request: Request) -> Response {
    let Some(driver) = app.positions.get(position).cloned() else {
        return no_position();
    };
    let headers = request.headers();
    let wanted = lists(headers, &CONNECTION, "upgrade")
        && lists(headers, &UPGRADE, "websocket")
        && lists(headers, &SEC_WEBSOCKET_VERSION, "13");
    let key = headers.get(SEC_WEBSOCKET_KEY).filter(|_| wanted);
    let Some(accept) = key.map(|key| derive_accept_key(key.as_bytes())) else {
        return refuse(StatusCode::UPGRADE_REQUIRED, "this is for WebSockets only");
    };
    if !lists(headers, &SEC_WEBSOCKET_PROTOCOL, SUB_PROTOCOL) {
        let reason = format!("the WebSocket must ask for the sub-protocol {SUB_PROTOCOL}");
        return refuse(StatusCode::BAD_REQUEST, &reason);
    }
    let refused = guard::refuses_socket(&app, headers);
    let permit = request.extensions().get::<Permit>().cloned();
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else {
            // The client went away in between.
            return;
        };
        let carrier = match permit {
            Some(_) => Carrier::Socket,
            None => Carrier::Inside,
        };
        let config = Some(carrier.config());
        let stream = TokioIo::new(upgraded);
        let socket = WebSocketStream::from_raw_socket(stream, Role::Server, config).await;
        if refused {
            links::turn_away(socket, CloseReason::OriginRefused).await;
            return;
        }
        let open = move |inbox| links::spawn(socket, inbox, permit);
        driver.accept(Box::new(open)).await;
    });
    let headers = [
        (CONNECTION, "upgrade"),
        (UPGRADE, "websocket"),
        (SEC_WEBSOCKET_ACCEPT, accept.as_str()),
        (SEC_WEBSOCKET_PROTOCOL, SUB_PROTOCOL),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response()
}

/// Returns whether one of a header's comma-separated values is `wanted`.
fn lists(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|value| value.trim().eq_ignore_ascii_case(wanted))
}
