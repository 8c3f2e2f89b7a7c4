//! A static file server, such as anybody might host the page on.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower_http::services::ServeDir;

use super::{Result, dist};

/// One request and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Served {
    pub(crate) path: String,
    pub(crate) status: u16,
}

type Requests = Arc<Mutex<Vec<Served>>>;

/// Serves dist/ under a folder, and notes every request. It ends when dropped.
pub(crate) struct SiteServer {
    address: SocketAddr,
    folder: String,
    requests: Requests,
    task: JoinHandle<()>,
}

impl SiteServer {
    /// Serves under this folder, such as `/` or `/a/b/c/`.
    pub(crate) async fn start(folder: &str) -> Result<Self> {
        let files = ServeDir::new(dist()?);
        let requests = Requests::default();
        let router = match folder.trim_end_matches('/') {
            "" => Router::new().fallback_service(files),
            folder => Router::new().nest_service(folder, files),
        };
        let router = router.layer(middleware::from_fn_with_state(Arc::clone(&requests), note));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self {
            address,
            folder: folder.to_owned(),
            requests,
            task,
        })
    }

    /// The address of the page.
    pub(crate) fn url(&self) -> String {
        format!("http://{}{}", self.address, self.folder)
    }

    /// Every request so far.
    pub(crate) fn requests(&self) -> Vec<Served> {
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Fails with the requests that failed, if any did, and when there was none at all.
    pub(crate) fn assert_no_failures(&self) {
        let requests = self.requests();
        assert!(!requests.is_empty(), "nothing was requested");
        let failed: Vec<_> = requests
            .iter()
            .filter(|request| request.status >= 400)
            .collect();
        assert!(failed.is_empty(), "failed requests: {failed:?}");
    }
}

impl Drop for SiteServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn note(State(requests): State<Requests>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let served = Served {
        path,
        status: response.status().as_u16(),
    };
    requests
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(served);
    response
}
