//! The page: a folder of static files, or a few words on where to get it.

use std::path::Path;

use axum::Router;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Html;
use axum::routing::get;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

const WITHOUT: &str = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Chordscope peer</title>\n\
    <h1>A Chordscope peer</h1>\n\
    <p>This peer runs, but was started without the page. Build the page with <code>cargo xtask site</code> and start \
    the peer with <code>--web dist</code>, or do both with <code>cargo xtask up</code>.</p>\n\
    <p>Its state: <a href=\"api/v1/status\">status</a>, <a href=\"metrics\">metrics</a>.</p>\n</html>\n";

/// Serves the files of a folder, or the few words.
pub(super) fn service(web: Option<&Path>) -> Router {
    // Names of built files change with their content, but the page itself must always be asked for anew.
    let fresh =
        SetResponseHeaderLayer::if_not_present(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    let router = match web {
        // The build leaves a gzipped copy beside each file that gets smaller by it.
        Some(folder) => Router::new().fallback_service(ServeDir::new(folder).precompressed_gzip()),
        None => Router::new()
            .route("/", get(Html(WITHOUT)))
            .fallback((StatusCode::NOT_FOUND, "there is nothing here\n")),
    };
    router.layer(fresh)
}
