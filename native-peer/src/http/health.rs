//! `/healthz`: whether the peer does its work, for what watches and restarts programs.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::http::App;

/// 200 while the peer runs and its disk takes records; else 503 and why.
pub(super) async fn health(State(app): State<Arc<App>>) -> (StatusCode, String) {
    match app.refusing() {
        None => (StatusCode::OK, "ok\n".to_string()),
        Some(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
    }
}
