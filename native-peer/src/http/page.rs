//! The page: a folder of static files, or a few words on where to get it.

use std::path::Path;

use axum::Router;
use axum::extract::Request;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use percent_encoding::percent_decode_str;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

const WITHOUT: &str = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Chordscope peer</title>\n\
    <h1>A Chordscope peer</h1>\n\
    <p>This peer runs, but was started without the page. Build the page with <code>cargo xtask site</code> and start \
    the peer with <code>--web dist</code>, or do both with <code>cargo xtask up</code>.</p>\n\
    <p>Its state: <a href=\"api/v1/status\">status</a>, <a href=\"metrics\">metrics</a>.</p>\n</html>\n";

/// The answer to a path that leads nowhere.
const NOTHING: (StatusCode, &str) = (StatusCode::NOT_FOUND, "there is nothing here\n");

/// Serves the files of a folder but for hidden ones, or the few words.
pub(super) fn service(web: Option<&Path>) -> Router {
    // Names of built files change with their content, but the page itself must always be asked for anew.
    let fresh =
        SetResponseHeaderLayer::if_not_present(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // The page proposes to join the peer that it comes from: by this it tells a peer from any other host of its files.
    let from_peer = SetResponseHeaderLayer::overriding(
        HeaderName::from_static("chordscope-peer"),
        HeaderValue::from_static(env!("CARGO_PKG_VERSION")),
    );
    let router = match web {
        // The build leaves a gzipped copy beside each file that gets smaller by it.
        Some(folder) => Router::new()
            .fallback_service(ServeDir::new(folder).precompressed_gzip())
            .layer(from_fn(but_hidden)),
        None => Router::new()
            .route("/", get(Html(WITHOUT)))
            .fallback(NOTHING),
    };
    router.layer(fresh).layer(from_peer)
}

/// Passes on requests but for files, and files in folders, whose names begin with a dot: they are private to the folder's owner.
async fn but_hidden(request: Request, next: Next) -> Response {
    let path = percent_decode_str(request.uri().path()).decode_utf8_lossy();
    match path.split(['/', '\\']).any(|part| part.starts_with('.')) {
        true => NOTHING.into_response(),
        false => next.run(request).await,
    }
}
