//! `/healthz`: whether the peer does its work, for what watches and restarts programs; `/readyz`: whether it is a member of a ring, for
//! scripts and load balancers that wait for that.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chordscope_core::node::view::Stage;

use crate::http::App;

/// 200 while the peer runs and its disk takes records; else 503 and why.
pub(super) async fn health(State(app): State<Arc<App>>) -> (StatusCode, String) {
    match app.refusing() {
        None => (StatusCode::OK, "ok\n".to_string()),
        Some(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
    }
}

/// 200 while each position of the peer is a member of a ring; else 503 and why.
pub(super) async fn ready(State(app): State<Arc<App>>) -> (StatusCode, &'static str) {
    for position in &app.positions {
        let text = match position.look(|peer| peer.node().stage()).await {
            Ok(Stage::Forming | Stage::Safe) => continue,
            Ok(Stage::Joining) => "not ready: the peer is joining a ring\n",
            Ok(Stage::Outside) => "not ready: the peer is in no ring\n",
            Err(_) => "not ready: the peer is stopping, or too busy to answer\n",
        };
        return (StatusCode::SERVICE_UNAVAILABLE, text);
    }
    (StatusCode::OK, "ready: the peer is a member of a ring\n")
}
