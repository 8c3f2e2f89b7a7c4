//! `/metrics`: the state of the peer in Prometheus' text format.

use std::fmt::{Display, Write as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use chordscope_core::link::reason::CloseReason;
use chordscope_core::node::view::Stage;
use chordscope_core::peer::Peer;

use crate::driver::Ended;
use crate::http::App;
use crate::http::api::refuse;
use crate::storage::{Began, Health};
use crate::views::VirtualNode;

/// The numbers of this moment.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let Ok(mut text) = app.driver.look(of_peer).await else {
        let Ended = Ended;
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "the peer is stopping");
    };
    let mut positions = Vec::new();
    for position in &app.positions {
        positions.extend(position.look(VirtualNode::of).await.ok());
    }
    of_positions(&positions, &mut text);
    of_stores(&app.stores, &mut text);
    of_server(&app, &mut text);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

fn of_peer(peer: &Peer) -> String {
    let mut text = String::new();
    let node = peer.node();
    let stage = node.stage();
    let stages = [Stage::Outside, Stage::Joining, Stage::Forming, Stage::Safe];
    let stages = stages.map(|one| (one.name(), u8::from(one == stage)));
    family(
        &mut text,
        "ring_stage",
        "gauge",
        "The stage of the peer in its ring.",
        "stage",
        &stages,
    );
    let links = peer.links().filter(|link| link.contact.is_some()).count();
    one(&mut text, "links", "gauge", "Links to proved peers.", links);
    let pending = peer.links().count() - links;
    one(
        &mut text,
        "links_pending",
        "gauge",
        "Links in their handshake.",
        pending,
    );
    let closed = CloseReason::ALL.map(|reason| {
        let count = peer.drops().get(&reason).copied().unwrap_or_default();
        (reason.as_str(), count)
    });
    let help = "Links and circuits that this peer closed or refused, or that were lost, by reason or broken rule.";
    family(
        &mut text,
        "links_closed_total",
        "counter",
        help,
        "reason",
        &closed,
    );
    one(
        &mut text,
        "messages_lost_total",
        "counter",
        "Messages lost because too much waited for their link.",
        peer.lost_messages(),
    );
    of_goodbyes(&mut text, peer);
    of_relay(&mut text, peer);
    of_records(&mut text, peer);
    let outstanding = node.outstanding();
    one(
        &mut text,
        "requests_outstanding",
        "gauge",
        "Requests without an answer yet.",
        outstanding,
    );
    text
}

/// The records of both levels, each of which has its own.
fn of_records(text: &mut String, peer: &Peer) {
    let one = peer.node().records();
    let one_bytes: usize = one.iter().map(|(_, held)| held.record.size()).sum();
    let groups = peer.node().groups();
    let quorum = groups.map_or(0, |groups| groups.keys().count());
    let quorum_bytes = groups.map_or(0, |groups| groups.record_bytes());
    let counts = [("one", one.len()), ("quorum", quorum)];
    let bytes = [("one", one_bytes), ("quorum", quorum_bytes)];
    let help = "Records held, by level.";
    family(text, "records", "gauge", help, "level", &counts);
    let help = "Memory that records take, by level.";
    family(text, "record_bytes", "gauge", help, "level", &bytes);
}

/// Writes the counts of the reasons that other peers gave when they closed a link. A rule that this peer broke is told by the
/// number of what it comes to.
fn of_goodbyes(text: &mut String, peer: &Peer) {
    let numbered = CloseReason::ALL.iter().filter(|reason| {
        let told = CloseReason::from_byte(reason.byte());
        told == **reason
    });
    let count = |reason| peer.goodbyes().get(&reason).copied().unwrap_or_default();
    let known = numbered.map(|reason| (reason.as_str(), count(Some(*reason))));
    let values: Vec<_> = known.chain([("other", count(None))]).collect();
    family(
        text,
        "links_closed_by_others_total",
        "counter",
        "Links and circuits that the other side closed, by the reason that it gave.",
        "reason",
        &values,
    );
}

/// Every position has its own; what stands above is of the first.
fn of_positions(positions: &[VirtualNode], text: &mut String) {
    let mut each = |name, help, count: fn(&VirtualNode) -> usize| {
        let values = positions.iter().map(|one| (one.id.as_str(), count(one)));
        let values: Vec<_> = values.collect();
        family(text, name, "gauge", help, "id", &values);
    };
    let help = "Records that each position keeps.";
    each("virtual_node_records", help, |one| one.records);
    each("virtual_node_links", "Links of each position.", |one| {
        one.links
    });
}

/// The stores of all positions together.
fn of_stores(stores: &[Arc<Health>], text: &mut String) {
    let sum = |count: fn(&Health) -> u64| stores.iter().map(|store| count(store)).sum::<u64>();
    let anew = |store: &Health| u64::from(matches!(store.began, Began::Anew(_)));
    let gauges = [
        (
            "stores_refusing",
            "Stores that the disk takes nothing for now; 0 while all is well.",
            sum(|store| u64::from(store.refusing().is_some())),
        ),
        (
            "stores_begun_anew",
            "Stores that were lost or damaged when the peer started, and begun anew.",
            sum(anew),
        ),
        (
            "stores_set_aside",
            "Damaged stores that lie in the data folder.",
            sum(|store| store.set_aside as u64),
        ),
        (
            "damaged_records",
            "Records that were damaged when the peer started, and left out.",
            sum(|store| store.damaged_records as u64),
        ),
    ];
    for (name, help, value) in gauges {
        one(text, name, "gauge", help, value);
    }
    let counters = [
        (
            "store_failures_total",
            "Times that the disk began to refuse writes.",
            sum(Health::failures),
        ),
        (
            "store_writes_refused_total",
            "Writes refused because of the disk.",
            sum(Health::refused),
        ),
    ];
    for (name, help, value) in counters {
        one(text, name, "counter", help, value);
    }
}

fn of_relay(text: &mut String, peer: &Peer) {
    let (circuits, leases) = peer.relayed();
    let gauges = [
        ("circuits", "Circuits relayed for others.", circuits),
        (
            "leases",
            "Leases: nodes that others reach through this peer as their relay.",
            leases,
        ),
    ];
    for (name, help, value) in gauges {
        one(text, name, "gauge", help, value);
    }
    let counters = [
        (
            "relayed_bytes_total",
            "Bytes passed on for others.",
            peer.relayed_bytes(),
        ),
        (
            "late_frames_total",
            "Frames thrown away because their circuit had just been closed.",
            peer.late_frames(),
        ),
    ];
    for (name, help, value) in counters {
        one(text, name, "counter", help, value);
    }
}

fn of_server(app: &App, text: &mut String) {
    one(
        text,
        "connections",
        "gauge",
        "Open connections.",
        app.caps.open(),
    );
    let help = "Connections refused because there were too many.";
    one(
        text,
        "connections_refused_total",
        "counter",
        help,
        app.caps.refused(),
    );
    one(
        text,
        "link_waits_total",
        "counter",
        "Times that a link had to wait because it brought too many small frames.",
        app.driver.link_waits(),
    );
    let refused = [
        ("host", &app.refused.host),
        ("origin", &app.refused.origin),
        ("token", &app.refused.token),
    ];
    let refused = refused.map(|(reason, count)| (reason, count.load(Ordering::Relaxed)));
    let help = "Requests refused, by what was wrong.";
    family(
        text,
        "requests_refused_total",
        "counter",
        help,
        "reason",
        &refused,
    );
    let uptime = app.clock.now().as_millis() / 1_000;
    one(
        text,
        "uptime_seconds",
        "gauge",
        "Seconds since the start.",
        uptime,
    );
}

fn one(text: &mut String, name: &str, kind: &str, help: &str, value: impl Display) {
    head(text, name, kind, help);
    let _ = writeln!(text, "chordscope_{name} {value}");
}

fn family<V: Display>(
    text: &mut String,
    name: &str,
    kind: &str,
    help: &str,
    label: &str,
    values: &[(&str, V)],
) {
    head(text, name, kind, help);
    for (of, value) in values {
        let _ = writeln!(text, "chordscope_{name}{{{label}=\"{of}\"}} {value}");
    }
}

/// Writing to a string cannot fail.
fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP chordscope_{name} {help}");
    let _ = writeln!(text, "# TYPE chordscope_{name} {kind}");
}
