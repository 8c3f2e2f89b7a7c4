//! `/files/<content id>`, and `/files/<folder's content id>/<path>`: what is shared or being fetched, as any program can read it: a web seed (BEP 19), too.
//!
//! An answer starts before the whole file is there: each segment goes out as soon as it was checked, and those that are read next
//! are fetched next. What is shared is checked as well when it is read: another program may have changed it.

use std::io;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chordscope_core::base::content::ContentId;
use chordscope_core::peer::Peer;
use chordscope_core::swarm::layout::BLOCK;
use chordscope_core::swarm::manifest::Manifest;
use chordscope_core::swarm::picker::Order;
use futures_util::stream;
use http_range_header::{EndPosition, RangeUnsatisfiableError, StartPosition, parse_range_header};
use mime_guess::{Mime, mime};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use super::App;
use super::api::refuse;
use crate::driver::Ended;
use crate::files::Place;

/// The longest time for a segment to come before the connection ends.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The longest padding file: a piece of a metainfo file, but for a byte.
const MAX_PADDING: u64 = 16 << 20;
/// The bytes that padding files are made of.
const ZEROS: [u8; 16 * 1024] = [0; 16 * 1024];
/// The characters that are escaped in a file's name: more than need be (RFC 8187 §3.2.1).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');
/// The period in which a segment is looked for that is still to come.
const LOOK: Duration = Duration::from_millis(50);

/// A file, or one range of it.
pub(super) async fn file(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    match path
        .ok()
        .and_then(|Path(content)| ContentId::parse(&content))
    {
        Some(content) => serve(app, content, method, headers).await,
        None => no_content_id(),
    }
}

/// A file of a folder by its path; the folder's own name may stand before it, as BitTorrent clients put it there (BEP 19). A
/// file that is shared by itself goes by its name as well.
pub(super) async fn file_below(
    State(app): State<Arc<App>>,
    path: Result<Path<(String, String)>, PathRejection>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let Ok(Path((content, path))) = path else {
        return refuse(StatusCode::BAD_REQUEST, "the path is not UTF-8");
    };
    let Some(content) = ContentId::parse(&content) else {
        return no_content_id();
    };
    let is_file = app
        .files
        .item(content)
        .is_some_and(|item| !item.entry.is_collection && item.entry.name == path);
    let found = match is_file {
        true => Some(content),
        false => app.files.below(content, &path).await,
    };
    if let Some(content) = found {
        return serve(app, content, method, headers).await;
    }
    let item = app.files.item(content);
    let folder = item.filter(|item| item.entry.is_collection && item.entry.complete);
    match folder.and_then(|item| padding(&item.entry.name, &path)) {
        Some(length) => {
            let asked = Asked {
                etag: format!("\"padding-{length}\""),
                length,
                name: "padding",
            };
            asked.answer(&method, &headers, |range| zeros(app, range))
        }
        None => refuse(StatusCode::NOT_FOUND, "there is no such file in it"),
    }
}

/// The length of a padding file (BEP 47), which is in no folder but in its metainfo file: some clients ask for it as for any other.
fn padding(folder: &str, path: &str) -> Option<u64> {
    let inner = path.strip_prefix(folder);
    let inner = inner.and_then(|inner| inner.strip_prefix('/'));
    let digits = inner.unwrap_or(path).strip_prefix(".pad/")?;
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let length: u64 = digits.parse().ok().filter(|_| is_plain)?;
    (1..=MAX_PADDING).contains(&length).then_some(length)
}

fn zeros(app: Arc<App>, range: RangeInclusive<u64>) -> Body {
    let length = range.end() - range.start() + 1;
    let blocks = stream::try_unfold(length, move |left| {
        let app = Arc::clone(&app);
        async move {
            let now = left.min(ZEROS.len() as u64);
            if now == 0 {
                return Ok::<_, io::Error>(None);
            }
            pass_out(&app, now as usize).await?;
            let block = Bytes::from_static(&ZEROS[..now as usize]);
            Ok(Some((block, left - now)))
        }
    });
    Body::from_stream(blocks)
}

/// Answers a preflight: what a page of another origin may ask before it reads.
pub(super) async fn preflight() -> Response {
    let fields = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "range, if-range"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ];
    (StatusCode::NO_CONTENT, fields).into_response()
}

fn no_content_id() -> Response {
    let reason = "a content id is 64 hexadecimal digits";
    refuse(StatusCode::NOT_FOUND, reason)
}

async fn serve(app: Arc<App>, content: ContentId, method: Method, headers: HeaderMap) -> Response {
    let found = app
        .files
        .item(content)
        .filter(|item| item.problem.is_none());
    let Some((item, place)) = found.and_then(|item| Some((item.clone(), item.place?))) else {
        let reason =
            "this is neither shared nor being fetched here, or its length is not known yet";
        return refuse(StatusCode::NOT_FOUND, reason);
    };
    let manifest = app
        .driver
        .look(move |peer: &Peer| peer.swarm().manifest(content).cloned());
    let Ok(Some(manifest)) = manifest.await else {
        let reason = "this cannot be read at the moment";
        return refuse(StatusCode::NOT_FOUND, reason);
    };
    let asked = Asked {
        etag: format!("\"{content}\""),
        length: place.layout().length(),
        name: &item.entry.name,
    };
    let complete = item.entry.complete;
    let source = (place, Arc::new(manifest));
    asked.answer(&method, &headers, |range| {
        body(app, complete, source, range)
    })
}

/// The file that is asked for.
struct Asked<'a> {
    etag: String,
    length: u64,
    name: &'a str,
}

impl Asked<'_> {
    /// The answer to a request for all of it or for a range.
    fn answer(
        self,
        method: &Method,
        headers: &HeaderMap,
        body: impl FnOnce(RangeInclusive<u64>) -> Body,
    ) -> Response {
        let Self { etag, length, name } = self;
        let asked = headers
            .get(header::RANGE)
            .and_then(|value| value.to_str().ok());
        // A range of another version of the file means nothing; a content id has one version.
        let stale = headers
            .get(header::IF_RANGE)
            .is_some_and(|value| value != etag.as_str());
        let range = asked
            .filter(|_| !stale)
            .and_then(|text| parse_range(text, length));
        let (status, range) = match range {
            None => (StatusCode::OK, whole(length)),
            Some(Some(range)) => (StatusCode::PARTIAL_CONTENT, Some(range)),
            Some(None) => {
                let all = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
                return (StatusCode::RANGE_NOT_SATISFIABLE, all).into_response();
            }
        };
        let bytes = range
            .as_ref()
            .map_or(0, |range| range.end() - range.start() + 1);
        let body = match (&range, method) {
            (Some(range), &Method::GET) => body(range.clone()),
            _ => Body::empty(),
        };
        let mut response = (status, body).into_response();
        let fields = response.headers_mut();
        describe(fields, name);
        let range = range.filter(|_| status == StatusCode::PARTIAL_CONTENT);
        let range = range.map(|range| format!("bytes {}-{}/{length}", range.start(), range.end()));
        for (name, value) in [
            (header::ETAG, Some(etag)),
            (header::CONTENT_LENGTH, Some(bytes.to_string())),
            (header::CONTENT_RANGE, range),
        ] {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                fields.insert(name, value);
            }
        }
        response
    }
}

/// Sets the headers that tell a browser what to do with it: show what cannot run, keep everything else as a file.
fn describe(fields: &mut HeaderMap, name: &str) {
    let media = media_type(name);
    let how = if media.is_some() {
        "inline"
    } else {
        "attachment"
    };
    let kind = media.unwrap_or(mime::APPLICATION_OCTET_STREAM);
    let name = utf8_percent_encode(name, ESCAPED);
    let disposition = format!("{how}; filename*=UTF-8''{name}");
    for (field, value) in [
        (header::CONTENT_TYPE, kind.to_string()),
        (header::CONTENT_DISPOSITION, disposition),
        (header::ACCEPT_RANGES, "bytes".to_string()),
        (
            header::CONTENT_SECURITY_POLICY,
            "sandbox; default-src 'none'".to_string(),
        ),
        (
            header::CACHE_CONTROL,
            "public, max-age=31536000, immutable".to_string(),
        ),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            fields.insert(field, value);
        }
    }
}

/// The type of what a browser can show and cannot run; `None` for everything else. SVG images hold scripts.
fn media_type(name: &str) -> Option<Mime> {
    let kind = match mime_guess::from_path(name).first_raw()? {
        // Browsers know it by its registered name alone.
        "audio/m4a" => "audio/mp4",
        kind => kind,
    };
    let kind: Mime = kind.parse().ok()?;
    let is_media = [mime::AUDIO, mime::VIDEO, mime::IMAGE].contains(&kind.type_());
    (is_media && kind.suffix() != Some(mime::XML)).then_some(kind)
}

fn whole(length: u64) -> Option<RangeInclusive<u64>> {
    length.checked_sub(1).map(|last| 0..=last)
}

/// RFC 9110 §14.1.2. `None` for what is no single range of bytes, which is answered by the whole; `Some(None)` for a range that
/// the file does not have.
fn parse_range(text: &str, length: u64) -> Option<Option<RangeInclusive<u64>>> {
    let parsed = match parse_range_header(text) {
        Ok(parsed) => parsed,
        Err(RangeUnsatisfiableError::ZeroSuffix) => return Some(None),
        Err(_) => return None,
    };
    let [range] = parsed.ranges.as_slice() else {
        return None;
    };
    let (first, last) = match (range.start, range.end) {
        // More than all is all. The library's own check refuses that, and finds a range in an empty file.
        (StartPosition::FromLast(count), _) => (length.saturating_sub(count), u64::MAX),
        (StartPosition::Index(first), EndPosition::LastByte) => (first, u64::MAX),
        (StartPosition::Index(first), EndPosition::Index(last)) => (first, last),
    };
    if last < first {
        return None;
    }
    let end = length.checked_sub(1).filter(|end| first <= *end);
    Some(end.map(|end| first..=last.min(end)))
}

fn body(
    app: Arc<App>,
    complete: bool,
    (place, manifest): (Arc<Place>, Arc<Manifest>),
    range: RangeInclusive<u64>,
) -> Body {
    let content = manifest.content();
    let layout = place.layout();
    let (first, last) = (
        layout.segment_at(*range.start()),
        layout.segment_at(*range.end()),
    );
    let blocks = stream::try_unfold((first, Bytes::new()), move |(index, mut rest)| {
        let (app, range) = (Arc::clone(&app), range.clone());
        let (place, manifest) = (Arc::clone(&place), Arc::clone(&manifest));
        async move {
            let mut next = index;
            if rest.is_empty() {
                if index > last {
                    return Ok(None);
                }
                if !complete {
                    wait_for(&app, content, index).await?;
                }
                let reading = spawn_blocking(move || read(&place, &manifest, index));
                let read = reading
                    .await
                    .unwrap_or_else(|_| Err(io::Error::other("reading stopped")));
                if read.is_err() && complete {
                    // A copy may be as it ought to be.
                    app.files.look_again(content);
                }
                rest = part_of(read?, layout.range(index).start, &range);
                next += 1;
            }
            let block = match app.limits_up {
                true => rest.split_to(rest.len().min(BLOCK as usize)),
                false => std::mem::take(&mut rest),
            };
            pass_out(&app, block.len()).await?;
            Ok::<_, io::Error>(Some((block, (next, rest))))
        }
    });
    Body::from_stream(blocks)
}

/// Waits until so many bytes may leave by the limit for files.
async fn pass_out(app: &App, bytes: usize) -> io::Result<()> {
    if !app.limits_up {
        return Ok(());
    }
    loop {
        match app.driver.pass_out(bytes).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(at)) => tokio::time::sleep_until(app.clock.deadline(at)).await,
            Err(Ended) => return Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

fn read(place: &Place, manifest: &Manifest, index: u32) -> io::Result<Vec<u8>> {
    let bytes = place.read(index)?;
    match manifest.holds(index, &bytes) {
        true => Ok(bytes),
        false => Err(io::Error::other("the file has changed since it was shared")),
    }
}

/// Returns the part that lies in the range of a segment that begins there.
fn part_of(bytes: Vec<u8>, start: u64, range: &RangeInclusive<u64>) -> Bytes {
    let from = range.start().saturating_sub(start).min(bytes.len() as u64);
    let to = (range.end() + 1)
        .saturating_sub(start)
        .min(bytes.len() as u64);
    // Both are at most the length of what is in memory.
    Bytes::from(bytes).slice(from as usize..to as usize)
}

async fn wait_for(app: &App, content: ContentId, index: u32) -> io::Result<()> {
    let end = Instant::now() + TIMEOUT;
    let mut asked = false;
    loop {
        let look = move |peer: &Peer| peer.swarm().have(content).map(|have| have.contains(index));
        match app.driver.look(look).await {
            Ok(Some(true)) => return Ok(()),
            Ok(Some(false)) if Instant::now() < end => {}
            _ => return Err(io::ErrorKind::TimedOut.into()),
        }
        if !asked {
            asked = true;
            let _ = app.driver.reorder(content, Order::From(index)).await;
        }
        sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        assert_eq!(parse_range("bytes=0-0", 10), Some(Some(0..=0)));
        assert_eq!(parse_range("bytes=3-", 10), Some(Some(3..=9)));
        assert_eq!(parse_range("bytes=3-99", 10), Some(Some(3..=9)));
        assert_eq!(parse_range("bytes=-4", 10), Some(Some(6..=9)));
        assert_eq!(parse_range("bytes=-40", 10), Some(Some(0..=9)));
        assert_eq!(parse_range("bytes=10-", 10), Some(None));
        assert_eq!(parse_range("bytes=-0", 10), Some(None));
        assert_eq!(parse_range("bytes=0-", 0), Some(None));
        for odd in [
            "bytes=5-4",
            "bytes=0-1,3-4",
            "lines=0-1",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=-",
        ] {
            assert_eq!(parse_range(odd, 10), None, "{odd}");
        }
    }

    #[test]
    fn only_what_cannot_run_has_a_type() {
        for (name, kind) in [
            ("film.mp4", "video/mp4"),
            ("film.m4v", "video/x-m4v"),
            ("a.webm", "video/webm"),
            ("a.mp3", "audio/mpeg"),
            ("a.ogg", "audio/ogg"),
            ("a.flac", "audio/flac"),
            ("a.m4a", "audio/mp4"),
            ("a b.PNG", "image/png"),
            ("a.tar.jpeg", "image/jpeg"),
            ("a.avif", "image/avif"),
        ] {
            let found = media_type(name).map(|kind| kind.to_string());
            assert_eq!(found.as_deref(), Some(kind), "{name}");
        }
        for name in [
            "a.html", "a.js", "a.svg", "a.svgz", "a.pdf", "a.xml", "a", "mp4", "",
        ] {
            assert_eq!(media_type(name), None, "{name}");
        }
    }

    #[test]
    fn padding_files_are_known_by_their_names() {
        assert_eq!(padding("album", "album/.pad/16381"), Some(16_381));
        assert_eq!(padding("album", ".pad/1"), Some(1));
        for other in [
            ".pad/0",
            ".pad/+1",
            ".pad/",
            ".pad/16777217",
            "x/.pad/1",
            "pad/1",
            ".pad/1/1",
        ] {
            assert_eq!(padding("album", other), None, "{other}");
        }
    }

    #[test]
    fn only_what_lies_in_the_range_goes_out() {
        let part = |start, range| part_of(vec![0, 1, 2, 3], start, &range).to_vec();
        assert_eq!(part(100, 0..=1_000), [0, 1, 2, 3]);
        assert_eq!(part(100, 102..=102), [2]);
        assert_eq!(part(100, 0..=100), [0]);
    }
}
